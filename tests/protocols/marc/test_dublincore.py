"""Dublin Core and MODS of a record: golden elements, the same from either format, well-formed whatever is in it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from protocols.marc.charsets import NSB, NSE
from protocols.marc.crosswalk import convert
from protocols.marc.dublincore import ELEMENTS, elements, oai_dc, srw_dc
from protocols.marc.format import Format
from protocols.marc.holdings import Holding
from protocols.marc.mods import NAMESPACE, mods
from protocols.marc.record import Record
from tests.protocols.marc.strategies import RECORDS
from tests.protocols.marc.test_crosswalk import UNIMARC_LEADER, field

M = f"{{{NAMESPACE}}}"
RECORD = Record(
    UNIMARC_LEADER[:6] + "am" + UNIMARC_LEADER[8:],
    [
        field("001 n1"),
        field("003 http://catalogue.bnf.fr/ark:/12148/cb1"),
        field("010    $a978-2-253-00422-6$bbr.$z2-253-00422-0"),
        field("100    $a20010206d1998    k  y0frey50      ba"),
        field("101 1  $afre$ceng"),
        field(f"200 1  $a{NSB}Les {NSE}mines$eroman$hII$iLe puits$fÉmile Zola"),
        field("205    $a2e éd."),
        field("210    $aParis$cFasquelle$d1998"),
        field("215    $a320 p.$cill.$d18 cm"),
        field("225 2  $aFolio$v12"),
        field("300    $aNote"),
        field("330    $aUn résumé."),
        field("517 1  $aLa fosse"),
        field("606    $aMineurs$xConditions sociales$yFrance$z19e siècle$2rameau"),
        field("607    $aLens (Pas-de-Calais)"),
        field("676    $a843.8$v23"),
        field("700  1 $aZola$bÉmile$f1840-1902$4070"),
        field("702  1 $aDoré$bGustave$4440"),
        field("712 02 $aInsee$bDirection$4650"),
        field("461  1 $tLa série$v3$x0035-2969"),
        field("856 4  $uhttps://example.org/?a=1&b=2"),
    ],
)


def test_every_element_is_found_in_its_place() -> None:
    assert list(elements(RECORD, Format.UNIMARC)) == [
        ("title", "Les mines : roman. II, Le puits"),
        ("title", "La fosse"),
        ("creator", "Zola, Émile (1840-1902)"),
        ("subject", "Mineurs -- Conditions sociales -- France -- 19e siècle"),
        ("subject", "843.8"),
        ("description", "Note"),
        ("description", "Un résumé."),
        ("publisher", "Fasquelle"),
        ("contributor", "Doré, Gustave"),
        ("contributor", "Insee, Direction"),
        ("date", "1998"),
        ("format", "320 p. ; ill. ; 18 cm"),
        ("identifier", "urn:isbn:978-2-253-00422-6"),
        ("identifier", "https://example.org/?a=1&b=2"),
        ("language", "fre"),
        ("relation", "Folio ; 12"),
        ("relation", "La série"),
        ("coverage", "Lens (Pas-de-Calais)"),
        ("type", "Text"),
        ("identifier", "http://catalogue.bnf.fr/ark:/12148/cb1"),
    ]


def test_marc21_gives_the_same_but_for_the_order() -> None:
    marc21 = convert(RECORD, Format.UNIMARC, Format.MARC21).record
    found = set(elements(marc21, Format.MARC21))
    # 003 is not the same there, and 245 has the number and part before the rest of the title.
    other = {("identifier", "http://catalogue.bnf.fr/ark:/12148/cb1"), ("title", "Les mines : roman. II, Le puits")}
    assert found >= set(elements(RECORD, Format.UNIMARC)) - other
    assert ("title", "Les mines. II, Le puits : roman") in found


def test_the_names_are_those_of_the_fifteen() -> None:
    named = {name for name, _, _ in ELEMENTS} | {"type"}
    assert named == {
        "title", "creator", "subject", "description", "publisher", "contributor", "date", "type", "format", "identifier",
        "source", "language", "relation", "coverage", "rights",
    }  # fmt: skip


def test_a_date_is_taken_of_the_coded_data_where_nothing_else_says_it() -> None:
    record = Record(UNIMARC_LEADER, [field("100    $a20010206d1998    k  y0frey50      ba")])
    assert ("date", "1998") in list(elements(record, Format.UNIMARC))


def test_mods_says_what_unimarc_says() -> None:
    items = [Holding("LENS", "LENS", "Adultes", "R ZOL", "I1", "", "En rayon"), Holding("AVION", "AVION")]
    root: Any = etree.fromstring(mods(RECORD, Format.UNIMARC, items))
    assert root.get("version") == "3.7"
    title = root.find(f"{M}titleInfo")
    assert [(etree.QName(each).localname, each.text) for each in title] == [
        ("nonSort", "Les"), ("title", "mines"), ("subTitle", "roman"), ("partNumber", "II"), ("partName", "Le puits"),
    ]  # fmt: skip
    name = root.find(f"{M}name")
    assert (name.get("type"), name.get("usage")) == ("personal", "primary")
    assert [(part.get("type"), part.text) for part in name.findall(f"{M}namePart")] == [
        ("family", "Zola"), ("given", "Émile"), ("date", "1840-1902"),
    ]  # fmt: skip
    assert [each.text for each in root.iter(f"{M}roleTerm")] == ["aut", "ill", "pbl"]
    assert root.findtext(f"{M}typeOfResource") == "text"
    assert root.findtext(f"{M}originInfo/{M}publisher") == "Fasquelle"
    assert root.findtext(f"{M}originInfo/{M}issuance") == "monographic"
    assert root.find(f"{M}subject").get("authority") == "rameau"
    assert [each.text for each in root.find(f"{M}subject")] == [
        "Mineurs",
        "Conditions sociales",
        "France",
        "19e siècle",
    ]
    assert {(each.get("type"), each.get("invalid"), each.text) for each in root.findall(f"{M}identifier")} >= {
        ("isbn", None, "978-2-253-00422-6"),
        ("isbn", "yes", "2-253-00422-0"),
    }
    assert root.find(f"{M}relatedItem[@type='host']/{M}titleInfo/{M}partNumber").text == "3"
    assert [each.text for each in root.iter(f"{M}physicalLocation")] == ["LENS", "AVION"]
    assert root.findtext(f".//{M}shelfLocator") == "R ZOL"
    assert root.findtext(f"{M}recordInfo/{M}recordIdentifier") == "n1"


@settings(derandomize=True, deadline=None, max_examples=60)
@given(RECORDS, st.sampled_from(list(Format)))
def test_every_record_is_well_formed_in_every_schema(record: Record, form: Format) -> None:
    for text in (srw_dc(record, form), oai_dc(record, form), mods(record, form)):
        etree.fromstring(text)
