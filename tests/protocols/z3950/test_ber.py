"""Identifiers, lengths, and the rewriting of indefinite values."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.z3950 import apdu
from protocols.z3950.apdu import Pdu
from protocols.z3950.ber import MAX_ELEMENTS, constructed, definite, header, identifier, length, tlv
from protocols.z3950.errors import LimitExceeded, MalformedPdu, RemoteProtocolError
from tests.protocols.z3950.tables import for_oracle, pdus
from tests.protocols.z3950.variants import spelled

quick = settings(derandomize=True, deadline=None, max_examples=150)


@pytest.mark.parametrize(
    ("number", "octets"),
    [(2, 0x82), (30, 0x9E), (31, 0x9F1F), (45, 0x9F2D), (110, 0x9F6E), (127, 0x9F7F), (201, 0x9F8149), (300, 0x9F822C)],
)
def test_an_identifier_is_the_number_of_its_octets(number: int, octets: int) -> None:
    assert identifier(number) == octets


@pytest.mark.parametrize(
    ("ident", "with_bit"), [(0x82, 0xA2), (0x9F2D, 0xBF2D), (0x9F8149, 0xBF8149), (0x04, 0x24), (0xA1, 0xA1)]
)
def test_the_form_bit_is_in_the_first_octet(ident: int, with_bit: int) -> None:
    assert constructed(ident) == with_bit


@pytest.mark.parametrize(
    ("size", "octets"),
    [(0, "00"), (127, "7F"), (128, "8180"), (255, "81FF"), (256, "820100"), (65535, "82FFFF"), (65536, "83010000")],
)
def test_a_length_is_written_in_its_shortest_form(size: int, octets: str) -> None:
    assert length(size) == bytes.fromhex(octets)


@given(st.integers(0, 2**40))
@quick
def test_a_length_is_read_as_it_was_written(size: int) -> None:
    assert header(b"\x04" + length(size), 0)[2] == size


@quick
@given(pdus(), st.data())
def test_every_spelling_is_rewritten_to_the_definite_minimal_one(pdu: Pdu, data: st.DataObject) -> None:
    rewritten = definite(spelled(apdu.encode(pdu), data))
    assert for_oracle(apdu.decode(rewritten)) == for_oracle(pdu)
    assert definite(rewritten) == rewritten
    if b"\x24" not in rewritten:  # strings in segments stay in segments
        assert rewritten == apdu.encode(pdu)


@quick
@given(st.binary(max_size=200))
def test_arbitrary_octets_are_rewritten_or_refused(data: bytes) -> None:
    try:
        rewritten = definite(data)
    except RemoteProtocolError:
        return
    assert definite(rewritten) == rewritten


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "30",
        "3080",
        "308004",
        "30800000 00",
        "3080 0000 0000",
        "0480 0000",
        "3003 0480 00",
        "3002 0500 00",
        "3003 30 80 00",
        "3004 3080 0000 00",
        "30 80 30 01 00 00",
        "0000",
        "3002 0000",
        "30FF",
        "9F81818100",
        "3080 0401 61",
    ],
)
def test_values_that_do_not_end_where_they_should_are_refused(octets: str) -> None:
    with pytest.raises(MalformedPdu):
        definite(bytes.fromhex(octets))


def test_deep_nesting_of_indefinite_lengths_costs_no_more_than_its_octets() -> None:
    depth = MAX_ELEMENTS // 2
    started = time.process_time()
    rewritten = definite(b"\x30\x80" * depth + b"\0\0" * depth)
    assert time.process_time() - started < 2
    assert rewritten.endswith(b"\x30\x02\x30\x00")


def test_more_elements_than_the_limit_are_refused() -> None:
    with pytest.raises(LimitExceeded):
        definite(b"\x30\x80" + b"\x05\0" * MAX_ELEMENTS + b"\0\0")


def test_a_primitive_value_has_no_indefinite_length() -> None:
    with pytest.raises(MalformedPdu):
        definite(tlv(0x30, b"\x04\x80a\0\0"))
