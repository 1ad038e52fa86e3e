"""The table of access points, and what it takes from records."""

from __future__ import annotations

import pytest

from protocols.marc.format import Format
from protocols.marc.record import Record
from storage.catalogue import access_points as points
from storage.catalogue.access_points import HEADINGS, PAIRS, Condition, Place, places
from storage.catalogue.extraction import extract, sequences
from storage.catalogue.hits import Phrase
from storage.catalogue.records import terms_of
from tests.storage.catalogue.running import LEADERS, field, new_record

# The Use attributes that the first cut of the Z39.50 server must serve (issue 2).
USES = {1, 4, 5, 7, 8, 12, 21, 31, 59, 1003, 1004, 1016, 1018, 1032}

UNIMARC = [
    "001 FRBNF42",
    "010    $a2-253-00422-7$z9782070360246",
    "011    $a0035-2969",
    "035    $a(Sudoc)012345678",
    "100    $a20010206d1983    k  y0frey50      ba",
    "200 1  $a\x98Le \x9cGerminal$eroman$fÉmile Zola$gpréface de X",
    "205    $a2e éd.",
    "210    $aParis$cLibrairie générale$dimpr. 1984",
    "225 2  $aLe livre de poche$v145",
    "330    $aMontsou et la mine",
    "606    $aMineurs$yFrance$z19e siècle",
    "700  1 $aZola$bÉmile$f1840-1902$4070",
    "710 02 $aSociété des amis",
    "999    $aignored",
]
MARC21 = [
    "001 FRBNF42",
    "008 840206s1983    fr ||||f||||||||||||fre u",
    "020    $a2253004227",
    "022    $a0035-2969",
    "035    $a(Sudoc)012345678",
    "100 1  $aZola, Émile,$d1840-1902.",
    "245 13 $aLe Germinal :$broman /$cÉmile Zola.",
    "260    $aParis :$bLibrairie générale,$c1984.",
    "490 0  $aLe livre de poche ;$v145",
    "520    $aMontsou et la mine",
    "650  7 $aMineurs$zFrance$y19e siècle",
    "710 2  $aSociété des amis",
]


def terms(fields: list[str], form: Format) -> dict[int, set[str]]:
    return dict(extract(Record(LEADERS[form], [field(each) for each in fields]).raw_fields(), form))


@pytest.mark.parametrize(("fields", "form"), [(UNIMARC, Format.UNIMARC), (MARC21, Format.MARC21)])
def test_both_formats_give_the_same_terms(fields: list[str], form: Format) -> None:
    found = terms(fields, form)
    assert found[points.TITLE.code] == {"le", "germinal", "roman"}
    assert found[PAIRS + points.TITLE.code] == {"le germinal", "germinal roman"}
    assert found[HEADINGS + points.TITLE.code] == {"germinal", "germinal roman"}
    assert found[points.PERSON.code] == {"zola", "emile"}
    assert found[PAIRS + points.PERSON.code] == {"zola emile", "emile zola"}
    assert found[HEADINGS + points.PERSON.code] == {"zola emile", "zola emile 1840 1902"}
    assert found[points.BODY.code] == {"societe", "des", "amis"}
    assert found[points.RESPONSIBILITY.code] >= {"emile", "zola"}
    assert found[points.SUBJECT.code] == {"mineurs", "france", "19e", "siecle"}
    assert found[HEADINGS + points.SUBJECT.code] == {"mineurs", "mineurs france 19e siecle"}
    assert found[points.SERIES.code] == {"le", "livre", "de", "poche"}
    assert found[points.PUBLISHER.code] == {"librairie", "generale"}
    assert found[points.PLACE.code] == {"paris"}
    assert found[points.YEAR.code] == {"1983", "1984"}
    assert "9782253004226" in found[points.ISBN.code]
    assert found[points.ISSN.code] == {"00352969"}
    assert found[points.LOCAL_NUMBER.code] == {"frbnf42"}
    assert "sudoc012345678" in found[points.OTHER_NUMBER.code]
    anywhere = found[points.ANY.code]
    assert anywhere >= {"germinal", "zola", "mineurs", "montsou", "paris", "1984", "9782253004226", "00352969"}
    assert "frbnf42" not in anywhere
    assert "ignored" not in anywhere


def test_wrong_isbns_are_found_as_well() -> None:
    assert "9782070360246" in terms(UNIMARC, Format.UNIMARC)[points.ISBN.code]


def test_an_ean_is_an_isbn_or_an_issn_by_its_prefix() -> None:
    found = terms(["073    $a9782253004226", "073    $a9770035296006"], Format.UNIMARC)
    assert "9782253004226" in found[points.ISBN.code]
    assert "00352969" in found[points.ISSN.code]


def test_phrases_do_not_cross_fields_but_cross_subfields() -> None:
    record = [field("200 1  $aGerminal$eroman"), field("517    $aZola")]
    raw = Record(LEADERS[Format.UNIMARC], record).raw_fields()

    def holds(*phrase: str) -> bool:
        wanted = Phrase(points.TITLE.code, phrase)
        return any(map(wanted.holds, sequences(raw, Format.UNIMARC, points.TITLE)))

    assert holds("germinal", "roman")
    assert not holds("roman", "zola")
    assert not holds("germ")


def test_the_table_is_sound() -> None:
    codes = [point.code for point in points.ALL]
    assert len(set(codes)) == len(codes)
    assert max(codes) < HEADINGS
    assert min(codes) > points.DATABASES
    assert set(points.by_use) >= USES
    for point in points.ALL:
        assert bool(point.unimarc.headings) == bool(point.marc21.headings)
        assert (point.normal is None) == (point.kind in {points.PointKind.WORDS, points.PointKind.ITEM})


def test_places_are_tags_and_codes_and_what_a_field_must_have() -> None:
    assert list(places("200$ab 701-702$c 99-$x")) == [
        Place("200", "ab"), Place("701", "c"), Place("702", "c"), *(Place(f"99{i}", "x") for i in range(10)),
    ]  # fmt: skip
    assert list(places("100$a/9-12 710?i1!=1$a 606?2=rameau,ram$a")) == [
        Place("100", "a", slice(9, 13)),
        Place("710", "a", None, Condition("i1", frozenset("1"), wanted=False)),
        Place("606", "a", None, Condition("2", frozenset({"rameau", "ram"}), wanted=True)),
    ]


def test_fields_are_told_apart_by_their_indicators_and_subfields() -> None:
    found = terms(
        ["710 12 $aCongrès", "711 02 $aSociété", "606    $aMines$2rameau", "606    $aCoal$2lc"], Format.UNIMARC
    )
    assert found[points.MEETING.code] == {"congres"}
    assert found[points.BODY.code] == {"societe"}
    assert found[points.RAMEAU.code] == {"mines"}
    assert found[points.LCSH.code] == {"coal"}
    assert found[points.SUBJECT.code] == {"mines", "coal"}
    marc = terms(
        ["111 2  $aCongrès", "650  0 $aCoal", "024 2  $aM-2306-7118-7", "024 7  $a10.1000/182$2doi"], Format.MARC21
    )
    assert (found[points.MEETING.code], marc[points.LCSH.code]) == (marc[points.MEETING.code], {"coal"})
    assert (marc[points.ISMN.code], marc[points.DOI.code]) == ({"m230671187"}, {"101000182"})


def test_coded_data_are_cut_out_of_their_field() -> None:
    unimarc = terms(
        ["100    $a20260115d1983    k  y0frey50      ba", "101    $afre$ceng", "102    $aFR"], Format.UNIMARC
    )
    marc = terms(["008 260115s1983    fr ||||f||||||||||||fre u"], Format.MARC21)
    for found in (unimarc, marc):
        assert found[points.ADDED.code] == {"20260115"}
        assert found[points.YEAR.code] == {"1983"}
        assert (found[points.LANGUAGE.code], found[points.COUNTRY.code]) == ({"fre"}, {"fr"})
    assert unimarc[points.ORIGINAL_LANGUAGE.code] == {"eng"}


def test_a_record_tells_what_it_has_and_what_it_is() -> None:
    found = terms_of(Format.UNIMARC, new_record("1", "200 1  $aGerminal", "010    $a9782253004226").iso2709)
    present = {point for point in points.ALL if str(point.code) in found[points.PRESENT]}
    assert present == {points.ANY, points.TITLE, points.ISBN, points.LOCAL_NUMBER}
    assert all(point.code in found for point in points.ALL if point.always)
    assert (found[points.LEVEL.code], found[points.MATERIAL.code]) == ({"m"}, {"a", "am"})
