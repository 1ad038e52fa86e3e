"""MARC in XML: the dialects, the stream, and hostile documents."""

from __future__ import annotations

import io

import pymarc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from protocols.marc import iso2709, marcxml
from protocols.marc.errors import BadRecord, BrokenStream, Reason
from protocols.marc.marcxml import Reader, XmlRecord
from protocols.marc.record import Record
from tests.protocols.marc.strategies import RECORDS

LEADER = "00000nam  2200000   450 "
RECORD = (
    '<record xmlns="http://www.loc.gov/MARC21/slim"><leader>00000nam  2200000   450 </leader>'
    '<controlfield tag="001">42</controlfield>'
    '<datafield tag="200" ind1="1" ind2=" "><subfield code="a">Vie &amp; destin &lt;1&gt;</subfield>'
    '<subfield code="f">V. &quot;G&quot;</subfield></datafield></record>'
)
FIELDS = [(b"001", b"42"), (b"200", b'1 \x1faVie & destin <1>\x1ffV. "G"')]


def read(document: str | bytes, size: int = 50) -> list[XmlRecord | BadRecord]:
    data = document.encode() if isinstance(document, str) else document
    reader = Reader()
    out = []
    for at in range(0, len(data), size):
        out += reader.receive(data[at : at + size])
    return out + reader.close()


def one(document: str) -> XmlRecord:
    (record,) = read(document)
    assert isinstance(record, XmlRecord)
    return record


def test_golden_record_is_written_and_read() -> None:
    assert marcxml.record_xml(LEADER.encode(), FIELDS) == RECORD
    record = one(f'<?xml version="1.0"?>\n<collection>\n  {RECORD}\n</collection>')
    assert record.leader == LEADER.encode()
    assert record.fields == FIELDS


@given(st.lists(RECORDS, max_size=4))
def test_what_is_written_is_read_again_and_by_pymarc_too(records: list[Record]) -> None:
    parts = [marcxml.record_xml(record.leader.encode(), record.raw_fields()) for record in records]
    document = f'<collection xmlns="{marcxml.SLIM}">{"".join(parts)}</collection>'
    again = read(document, 200)
    # XML knows one line end: a carriage return or a line separator inside a value is the source's own fault.
    assert [Record.parse(each.leader, each.fields) for each in again if isinstance(each, XmlRecord)] == records
    theirs = pymarc.parse_xml_to_array(io.BytesIO(document.encode()))
    assert [[f.tag for f in each.fields] for each in theirs if each] == [[f.tag for f in r.fields] for r in records]


TITLE = (
    '<record format="Unimarc" type="Bibliographic"><leader>00000nam  2200000   450 </leader><controlfield tag="001">42'
    '</controlfield><datafield tag="200" ind1="1" ind2=""><subfield code="a">Titre</subfield></datafield></record>'
)


@pytest.mark.parametrize(
    "document",
    [
        # MarcXchange (ISO 25577), a prefix, other attributes
        f'<mx:c xmlns:mx="info:lc/xmlns/marcxchange-v2">{TITLE.replace("<", "<mx:").replace("<mx:/", "</mx:")}</mx:c>',
        # no namespace at all
        f'<?xml version="1.0" encoding="ISO-8859-1"?><collection>{TITLE}</collection>',
        # PMB
        "<unimarc><notice><rs>n</rs><dt>a</dt><bl>m</bl><hl> </hl><el> </el><ru> </ru>"  # noqa: ISC004 (one document)
        '<f c="001">42</f><f c="200" ind="1 "><s c="a">Titre</s></f></notice></unimarc>',
        # inside SRU and OAI-PMH, whose own elements are called record too
        f'<s:r xmlns:s="http://www.loc.gov/zing/srw/"><s:record><s:recordData>{TITLE}</s:recordData></s:record></s:r>',
    ],
)
def test_every_dialect_is_read(document: str) -> None:
    record = one(document)
    assert record.leader == LEADER.encode()
    assert record.fields == [(b"001", b"42"), (b"200", b"1 \x1faTitre")]


def test_what_xml_cannot_hold_and_non_sorting_characters_are_left_out() -> None:
    text = marcxml.record_xml(LEADER.encode(), [(b"200", "\x00&\x1fa\x98Le \x9clivre\x07\uffff".encode())])
    tree = etree.fromstring(text)
    assert tree.xpath("string(//*[@code='a'])") == "Le livre"
    assert tree.xpath("string(//@ind1)") == " "


def test_a_special_subfield_code_is_written_and_read() -> None:
    fields = [(b"900", b"  \x1f&DBC\x1f<x\x1faA&B")]
    assert one(f"<c>{marcxml.record_xml(LEADER.encode(), fields)}</c>").fields == fields


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        ("<leader>x</leader>", Reason.NO_FIELDS),
        ('<datafield ind1=" "/>', Reason.XML),
        ('<controlfield tag="1"/>', Reason.XML),
        ('<datafield tag="200"><subfield>x</subfield></datafield>', Reason.XML),
        ('<datafield tag="200"><subfield code="a">x<b/>y</subfield></datafield>', Reason.XML),
        ('<controlfield tag="éé1">x</controlfield>', Reason.XML),
    ],
)
def test_a_bad_record_is_told_with_its_xml_and_the_next_is_read(inner: str, reason: Reason) -> None:
    bad, good = read(f"<collection><record>{inner}</record>{RECORD}</collection>")
    assert isinstance(bad, BadRecord)
    assert bad.reason is reason
    assert bad.raw.startswith(b"<record>") or inner == ""
    assert isinstance(good, XmlRecord)


# --- hostile documents ----------------------------------------------------------------------------------------------------------

LAUGHS = (
    '<!DOCTYPE c [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    '<c><record><controlfield tag="001">&c;</controlfield></record></c>'
)
OUTSIDE = (
    '<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    '<c><record><controlfield tag="001">&x;</controlfield></record></c>'
)


@pytest.mark.parametrize(
    "document",
    [
        LAUGHS,
        OUTSIDE,
        '<!DOCTYPE c SYSTEM "http://127.0.0.1:9/x.dtd"><c><record/></c>',
        "<c><record>",
        "<c>" + RECORD + "<oops></c>",
        "not xml",
        "",
        "<a>" * 300 + "</a>" * 300,
    ],
)
def test_hostile_or_broken_documents_end_the_stream_with_one_error(document: str) -> None:
    with pytest.raises(BrokenStream):
        read(document)


def test_records_before_the_break_are_kept() -> None:
    reader = Reader()
    assert len(reader.receive(f"<c>{RECORD}{RECORD}".encode())) == 2
    with pytest.raises(BrokenStream):
        reader.receive(b"<a></b>")


def test_a_record_without_end_is_stopped_in_bounded_memory() -> None:
    reader = Reader()
    field = b'<datafield tag="300" ind1=" " ind2=" "><subfield code="a">' + b"x" * 1000 + b"</subfield></datafield>"
    reader.receive(b"<c><record>")
    with pytest.raises(BrokenStream):
        list(map(reader.receive, [field] * 10_000))
    with pytest.raises(BrokenStream):
        Reader().receive(b"<c><record>" + field * 10_000)


def test_memory_does_not_grow_with_the_number_of_records() -> None:
    reader = Reader()
    reader.receive(b"<collection>")
    count = 0
    for _ in range(3000):
        count += len(reader.receive(RECORD.encode() * 2 + b"\n"))
    assert count == 6000
    reader.receive(b"</collection>")
    root = reader._parser.close()
    assert len(root) <= 1


@given(st.binary(max_size=200))
def test_no_octets_raise_anything_but_a_declared_error(data: bytes) -> None:
    reader = Reader()
    try:
        reader.receive(data)
        reader.close()
    except BrokenStream:
        pass


@given(st.text(st.sampled_from("<>&\"'/= abrecodfilt?!-[]\x00é"), max_size=80))
def test_no_text_in_a_record_raises_anything_but_a_declared_error(text: str) -> None:
    reader = Reader()
    try:
        for each in reader.receive(f"<c><record>{text}</record></c>".encode()) + reader.close():
            assert isinstance(each, (BadRecord, XmlRecord))
    except BrokenStream:
        pass


def test_iso_2709_and_xml_hold_the_same() -> None:
    raw = iso2709.join(LEADER.encode(), FIELDS)
    record = one(f"<c>{marcxml.record_xml(raw[:24], iso2709.fields(raw))}</c>")
    assert iso2709.join(record.leader, record.fields) == raw
