"""The simple types: every legal spelling in, the shortest out, and a typed error for the rest."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.z3950 import asn1
from protocols.z3950.asn1 import MAX_ITEMS, sequence_of
from protocols.z3950.errors import LocalProtocolError, MalformedPdu
from protocols.z3950.schema import resolve

BOOLEAN = resolve(asn1.Boolean)[0]
INTEGER = resolve(asn1.Integer)[0]
BIT_STRING = resolve(asn1.BitString)[0]
OCTET_STRING = resolve(asn1.OctetString)[0]
NULL = resolve(asn1.Null)[0]
OID = resolve(asn1.ObjectIdentifier)[0]
STRING = resolve(asn1.InternationalString)[0]
VISIBLE = resolve(asn1.VisibleString)[0]
ANY = resolve(asn1.AnyType)[0].tagged(0)


@pytest.mark.parametrize(
    ("codec", "octets", "value"),
    [
        (BOOLEAN, "010100", False),
        (BOOLEAN, "010101", True),
        (INTEGER, "020100", 0),
        (INTEGER, "02017F", 127),
        (INTEGER, "02020080", 128),
        (INTEGER, "0201FF", -1),
        (INTEGER, "020180", -128),
        (INTEGER, "0202FF7F", -129),
        (INTEGER, "02087FFFFFFFFFFFFFFF", 2**63 - 1),
        (BIT_STRING, "030100", 0),
        (BIT_STRING, "030205E0", 0b111),
        (BIT_STRING, "03030100 02", 1 << 14),
        (OCTET_STRING, "0400", b""),
        (OCTET_STRING, "04020001", b"\0\1"),
        (NULL, "0500", True),
        (OID, "06072A8648CE130301", "1.2.840.10003.3.1"),
        (OID, "060628D316010008", "1.0.10646.1.0.8"),
        (OID, "0603883703", "2.999.3"),
        (OID, "060127", "0.39"),
        (STRING, "1B02C3A9", "é"),
        (VISIBLE, "1A026162", "ab"),
        (ANY, "A0021B00", b"\x1b\0"),
    ],
)
def test_a_value_is_read_and_written_in_its_shortest_form(codec: asn1.Codec, octets: str, value: Any) -> None:
    assert codec.decode(bytes.fromhex(octets)) == value
    assert codec.encode(value) == bytes.fromhex(octets)


@pytest.mark.parametrize(
    ("codec", "octets", "value"),
    [
        (BOOLEAN, "010101", True),
        (INTEGER, "02040000000A", 10),
        (INTEGER, "0202FFFF", -1),
        (INTEGER, "0282000105", 5),
        (INTEGER, "02FE" + "00" * 125 + "01" + "05", 5),
        (BIT_STRING, "030200E0", 0b111),
        (BIT_STRING, "030205FF", 0b111),
        (BIT_STRING, "2308 030200E0 03020780", 0b1_0000_0111),
        (BIT_STRING, "2380 0302 00E0 0000", 0b111),
        (OCTET_STRING, "2408 040161 2403 040162", b"ab"),
        (OCTET_STRING, "2480 040161 2480 040162 0000 0000", b"ab"),
        (OCTET_STRING, "2400", b""),
        (STRING, "3B06 040161 040162", "ab"),
        (STRING, "3B06 1B0161 040162", "ab"),
        (STRING, "1B01E9", "é"),
        (ANY, "A080 1B8161 0000".replace("8161", "810161"), b"\x1b\x01a"),
    ],
)
def test_another_legal_spelling_is_read(codec: asn1.Codec, octets: str, value: Any) -> None:
    assert codec.decode(bytes.fromhex(octets)) == value


@pytest.mark.parametrize(
    ("codec", "octets"),
    [
        (BOOLEAN, "0100"),
        (BOOLEAN, "01020000"),
        (INTEGER, "0200"),
        (INTEGER, "0209" + "00" * 9),
        (INTEGER, "0280 0000"),
        (INTEGER, "2203020101"),
        (BIT_STRING, "0300"),
        (BIT_STRING, "030208FF"),
        (BIT_STRING, "030101"),
        (BIT_STRING, "2300"),
        (BIT_STRING, "2308 030201E0 030200E0"),
        (BIT_STRING, "0322" + "00" * 34),
        (OCTET_STRING, "2403020161"),
        (OCTET_STRING, "2402 0402"),
        (OCTET_STRING, "240404036162"),
        (NULL, "050100"),
        (OID, "0600"),
        (OID, "06012A86"),
        (OID, "060186"),
        (OID, "0641" + "01" * 65),
        (ANY, "A000"),
        (ANY, "A0041B001B00"),
        (STRING, "1B"),
        (STRING, "1B05616263"),
        (STRING, "1BFF61"),
        (STRING, "1B0161FF"),
        (STRING, "040161"),
        (STRING, ""),
        (OCTET_STRING, "9F81818100"),
    ],
)
def test_what_is_not_legal_is_a_malformed_pdu(codec: asn1.Codec, octets: str) -> None:
    with pytest.raises(MalformedPdu):
        codec.decode(bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (INTEGER, 2**63),
        (INTEGER, -(2**63) - 1),
        (BIT_STRING, -1),
        (BIT_STRING, 1 << 257),
        (OID, "1"),
        (OID, "1.40"),
        (OID, "3.1"),
        (OID, "1.2.-3"),
        (OID, "1." + ".".join(["39"] * 70)),
        (VISIBLE, "é"),
        (STRING, "\udcff"),
    ],
)
def test_what_a_type_cannot_hold_is_not_written(codec: asn1.Codec, value: Any) -> None:
    with pytest.raises(LocalProtocolError):
        codec.encode(value)


def test_strings_in_segments_nest_only_so_deep() -> None:
    octets = b"\x04\x01a"
    for _ in range(40):
        octets = b"\x24" + bytes([len(octets)]) + octets
    with pytest.raises(MalformedPdu, match="deeply"):
        OCTET_STRING.decode(octets)


def test_a_sequence_of_has_a_limit() -> None:
    codec = sequence_of(NULL)
    contents = b"\x05\0" * (MAX_ITEMS + 1)
    with pytest.raises(MalformedPdu, match="more than"):
        codec.decode(b"\x30\x83" + len(contents).to_bytes(3) + contents)


def test_a_tag_replaces_a_tag_and_an_explicit_one_goes_around_it() -> None:
    assert INTEGER.tagged(5).encode(3) == bytes.fromhex("850103")
    assert INTEGER.tagged(5).tagged(6).encode(3) == bytes.fromhex("860103")
    assert INTEGER.explicit(45).encode(3) == bytes.fromhex("BF2D03020103")
    assert INTEGER.explicit(45).tagged(2).encode(3) == bytes.fromhex("A203020103")
    assert INTEGER.explicit(45).label == "[45] EXPLICIT INTEGER"
    with pytest.raises(MalformedPdu):
        INTEGER.explicit(45).decode(bytes.fromhex("BF2D0302010302"))
    with pytest.raises(MalformedPdu):
        INTEGER.explicit(45).decode(bytes.fromhex("BF2D06020103020103"))
