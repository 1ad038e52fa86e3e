"""Any record in, one form out, and the report of what was wrong."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given

from protocols.marc import iso2709
from protocols.marc.canonical import Finding, canonical, from_iso2709
from protocols.marc.charsets import Charset, encode
from protocols.marc.errors import BadRecord, Reason
from protocols.marc.format import Format
from protocols.marc.record import Record
from tests.protocols.marc.strategies import RECORDS

LEADER = b"00000nam a2200000   4500"
A = "20010206d1892    k  y0frey0103    ba"
TITLE = "\x98L'\x9céducation : œuvres, à naître"


def unimarc(charset: Charset, title: str = TITLE, a: str = A) -> bytes:
    return iso2709.join(
        LEADER, [(b"001", b"1"), (b"100", b"  \x1fa" + a.encode()), (b"200", encode(f"1 \x1fa{title}", charset))]
    )


@pytest.mark.parametrize("charset", [Charset.ISO5426, Charset.CP850, Charset.CP1252, Charset.UTF8])
def test_every_set_becomes_utf_8_that_says_so(charset: Charset) -> None:
    title = TITLE if charset is not Charset.CP850 else TITLE.replace("œ", "oe").replace("\x98", "").replace("\x9c", "")
    made = from_iso2709(unimarc(charset, title))
    assert made.form is Format.UNIMARC
    assert made.charset is charset
    assert made.leader[9:10] == b" "
    assert made.leader[20:] == b"450 "
    assert dict(made.fields)[b"100"] == b"  \x1fa20010206d1892    k  y0frey50      ba"
    assert dict(made.fields)[b"200"].decode() == f"1 \x1fa{title}"
    assert (Finding.CONVERTED in made.found) == (charset is not Charset.UTF8)
    assert (Finding.CLAIM in made.found) == (charset is not Charset.ISO5426)


def test_marc21_in_marc_8_becomes_utf_8_with_leader_9() -> None:
    raw = iso2709.join(b"00000nam  2200000   4500", [(b"008", b"970701"), (b"245", b"00\x1faM\xe2emoires")])
    made = from_iso2709(raw)
    assert (made.form, made.charset) == (Format.MARC21, Charset.MARC8)
    assert made.leader[9:10] == b"a"
    assert made.fields[1] == (b"245", "00\x1faMémoires".encode())
    assert made.found == {Finding.CONVERTED: "marc-8"}


@given(RECORDS)
def test_the_form_is_reached_once_and_for_all(record: Record) -> None:
    first = canonical(record.leader.encode(), record.raw_fields(), Format.MARC21)
    second = from_iso2709(first.to_iso2709(), first.form)
    assert second.fields == first.fields
    assert second.to_iso2709() == first.to_iso2709()
    assert not second.found.keys() - {Finding.CLAIM}
    assert all(unicodedata.is_normalized("NFC", data.decode()) for _, data in second.fields)


def test_decomposed_accents_are_composed() -> None:
    made = from_iso2709(unimarc(Charset.UTF8).replace("é".encode(), "e\u0301".encode()))
    assert "é".encode() in dict(made.fields)[b"200"]


def test_control_characters_go_and_other_non_sorting_marks_are_brought_to_the_usual_ones() -> None:
    made = from_iso2709(unimarc(Charset.UTF8, "\x88Le \x89livre\x00\x07 à\tlire"))
    assert dict(made.fields)[b"200"].decode() == "1 \x1fa\x98Le \x9clivre à lire"


def test_one_field_in_another_set_does_not_spoil_the_record() -> None:
    fields = iso2709.fields(unimarc(Charset.UTF8, "Été à la mer, élèves"))
    made = canonical(LEADER, [*fields, (b"330", b"  \x1far\xe9sum\xe9 fran\xe7ais")])
    assert made.charset is Charset.UTF8
    assert made.fields[-1][1].decode() == "  \x1farésumé français"
    assert made.found[Finding.MIXED] == "windows-1252"


def test_a_broken_character_is_lost_alone_and_told() -> None:
    fields = iso2709.fields(unimarc(Charset.UTF8, "Été à la mer, élèves"))
    made = canonical(LEADER, [*fields, (b"330", "  \x1fadéjà vu, déj".encode() + b"\xc3")])
    assert made.fields[-1][1].decode() == "  \x1fadéjà vu, déj\ufffd"
    assert made.found[Finding.LOST] == "1"


def test_twice_encoded_utf_8_is_repaired_and_told() -> None:
    made = from_iso2709(unimarc(Charset.UTF8, "cote 8Â°007 Ã  lire"))
    assert "cote 8°007" in dict(made.fields)[b"200"].decode()
    assert Finding.TWICE in made.found


def test_a_unimarc_record_without_100_gets_one_and_it_is_told() -> None:
    made = canonical(LEADER, [(b"001", b"1"), (b"200", b"1 \x1faTitre"), (b"801", b" 0\x1faFR")])
    assert [tag for tag, _ in made.fields] == [b"001", b"100", b"200", b"801"]
    coded = dict(made.fields)[b"100"][4:]
    assert len(coded) == 36
    assert coded[26:30] == b"50  "
    assert Finding.NO_PROCESSING_DATA in made.found


@pytest.mark.parametrize("data", [b"", b"  ", b"  \x1fa", b"  \x1fashort\x1fbother", b"\x1fa20010206"])
def test_a_damaged_100_is_made_true(data: bytes) -> None:
    made = canonical(LEADER, [(b"100", data), (b"200", b"1 \x1faTitre")])
    head, _, a = made.fields[0][1].partition(b"\x1fa")
    assert len(head) <= 2
    assert a[26:34] == b"50      "
    assert (b"\x1fbother" in a) == (b"other" in data)


def test_an_unknown_format_is_refused_with_its_octets() -> None:
    raw = iso2709.join(LEADER, [(b"999", b"  \x1fax")])
    with pytest.raises(BadRecord) as caught:
        from_iso2709(raw)
    assert caught.value.reason is Reason.UNKNOWN_FORMAT
    assert caught.value.raw == raw
    assert from_iso2709(raw, Format.MARC21).form is Format.MARC21


def test_the_operator_knows_better() -> None:
    raw = unimarc(Charset.CP1252, "naïf")
    assert dict(from_iso2709(raw, charset=Charset.LATIN1).fields)[b"200"].decode() == "1 \x1fanaïf"


def test_a_wrong_length_is_told_and_put_right() -> None:
    raw = unimarc(Charset.CP1252, "été").decode("latin-1").encode()
    made = from_iso2709(raw)
    assert dict(made.fields)[b"200"].decode() == "1 \x1faété"
    assert Finding.LENGTH in made.found
    assert Finding.LENGTH not in from_iso2709(made.to_iso2709()).found
