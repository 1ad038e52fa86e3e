"""What a stored record is made into: every shape, with items as they are."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from protocols.marc import iso2709
from protocols.marc.format import Format
from protocols.marc.holdings import Holding
from protocols.marc.record import Record
from protocols.z3950 import oids
from protocols.z3950.asn1 import sequence_of
from protocols.z3950.opac import OpacRecord, TaggedElement
from protocols.z3950.schema import codec_of
from server.catalogue import records
from server.catalogue.records import SCHEMAS, Shape, contents, schema_named
from server.z3950.records import SYNTAXES
from tests.server.z3950.origin import _field, marc21, unimarc

GERMINAL = unimarc("z1", "Germinal", "Émile", "Zola", "9782253004226", "1885", _field("606", "aMines", "xGrèves"))
HUGO = marc21("h1", "Les Misérables", "Hugo, Victor")
ITEMS = [
    Holding(
        "LENS", "LENS", "Adultes", "R ZOL", "I1", "", "En rayon", "", "FR-620000001", "Médiathèque de Lens", True, False
    ),
    Holding(
        "LENS", "LENS", "Adultes", "R ZOL", "I2", "", "En prêt", "2026-12-01", "FR-620000001", "Médiathèque de Lens"
    ),
    Holding("AVION", "AVION", "", "ZOL", "I3", "T. 2", "Mis de côté", "", "", "", False, True),
]


def made(shape: Shape, saved: Any = GERMINAL, element_set: str = "F", items: list[Holding] = ITEMS) -> bytes:
    return contents(saved.iso2709, saved.form, items, shape, element_set)


def test_every_shape_of_every_wire_can_be_made_of_both_formats() -> None:
    for shape in (*SYNTAXES.values(), *(schema.shape for schema in SCHEMAS), records.OAI_DC):
        for saved in (GERMINAL, HUGO):
            for element_set in records.ELEMENT_SETS:
                assert made(shape, saved, element_set)


def test_b_is_less_than_f() -> None:
    for shape in (records.UNIMARC, records.USMARC, records.MARCXML, records.MODS, records.OPAC, records.GRS_1):
        assert len(made(shape, element_set="B")) < len(made(shape))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_schema_is_well_formed_and_known_by_its_names(schema: records.Schema) -> None:
    root = etree.fromstring(made(schema.shape))
    assert b"Germinal" in etree.tostring(root, method="text", encoding="utf-8")
    for name in (schema.identifier, *schema.names, schema.names[0].upper()):
        assert schema_named(name) is schema
    assert schema_named("nosuch") is None


def test_the_opac_record_has_a_holding_for_each_place_and_a_circulation_for_each_item() -> None:
    record = codec_of(OpacRecord).decode(made(records.OPAC))
    assert record.bibliographic_record.direct_reference == oids.UNIMARC
    bibliographic = Record.from_iso2709(record.bibliographic_record.octet_aligned)
    assert bibliographic.value("200", "a") == "Germinal"
    assert bibliographic.get("995") is None
    lens, avion = [each.holdings_and_circ for each in record.holdings_data]
    assert (lens.nuc_code, lens.local_location, lens.shelving_location, lens.call_number) == (
        "FR-620000001",
        "Médiathèque de Lens",
        "Adultes",
        "R ZOL",
    )
    told = [(c.item_id, c.available_now, c.availability_date, c.restrictions, c.on_hold) for c in lens.circulation_data]
    assert told == [("I1", True, None, None, False), ("I2", False, "2026-12-01", "En prêt", False)]
    assert (avion.nuc_code, avion.circulation_data[0].on_hold, avion.circulation_data[0].enum_and_chron) == (
        "AVION",
        True,
        "T. 2",
    )


def test_the_opac_record_of_marc21_is_unimarc_and_says_so() -> None:
    record = codec_of(OpacRecord).decode(made(records.OPAC, HUGO, items=[]))
    assert record.holdings_data is None
    assert record.bibliographic_record.direct_reference == oids.UNIMARC
    assert Record.from_iso2709(record.bibliographic_record.octet_aligned).value("200", "a") == "Les Misérables"


def test_the_opac_record_in_xml_says_the_same() -> None:
    root = etree.fromstring(made(records.OPAC_XML))
    holdings = root.findall("holdings/holding")
    assert [each.findtext("nucCode") for each in holdings] == ["FR-620000001", "AVION"]
    circulations = holdings[0].findall("circulations/circulation")
    available: list[Any] = [each.find("availableNow") for each in circulations]
    assert [each.get("value") for each in available] == ["1", "0"]
    assert circulations[1].findtext("availabilityDate") == "2026-12-01"


def test_the_opac_record_in_xml_of_marc21_is_marcxml_and_its_holdings_are_the_same() -> None:
    roots: list[Any] = [etree.fromstring(made(shape)) for shape in (records.OPAC_XML, records.OPAC_MARC21_XML)]
    assert roots[1].find("bibliographicRecord")[0].tag == "{http://www.loc.gov/MARC21/slim}record"
    told = [[etree.tostring(each) for each in root.iter("nucCode", "callNumber", "circulations")] for root in roots]
    assert told[0] == told[1] != []


def test_the_opac_record_in_xml_has_its_holdings_where_there_are_none() -> None:
    for shape in (records.OPAC_XML, records.OPAC_MARC21_XML):
        root = etree.fromstring(contents(GERMINAL.iso2709, Format.UNIMARC, (), shape, "F"))
        assert [each.tag for each in root] == ["bibliographicRecord", "holdings"]
        assert len(root[1]) == 0


def test_a_generic_record_has_the_tags_of_tag_set_g() -> None:
    found = sequence_of(codec_of(TaggedElement)).readers[0x30]
    octets = made(records.GRS_1)
    start = len(octets) - iso2709_length(octets)
    elements = found(octets, start, len(octets))
    values = {(each.tag_type, each.tag_value.numeric): each.content.string for each in reversed(elements)}
    assert values[2, 1] == "Germinal"
    assert values[2, 2] == "Zola, Émile"
    assert values[2, 4] == "1885"


def iso2709_length(octets: bytes) -> int:
    """Return the length of the contents of an element of BER."""
    first = octets[1]
    return first if first < 128 else int.from_bytes(octets[2 : 2 + first - 128], "big")


def test_records_are_of_the_format_that_their_name_says() -> None:
    for shape, form in [(records.UNIMARC, Format.UNIMARC), (records.USMARC, Format.MARC21)]:
        for saved in (GERMINAL, HUGO):
            title = b"200" if form is Format.UNIMARC else b"245"
            assert title in [tag for tag, _ in iso2709.fields(made(shape, saved))]
