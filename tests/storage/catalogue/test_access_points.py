"""The table of access points, and what it takes from records."""

from __future__ import annotations

import pytest

from protocols.marc.format import Format
from protocols.marc.record import Record
from storage.catalogue import access_points as points
from storage.catalogue.access_points import HEADINGS, PAIRS, places
from storage.catalogue.extraction import extract, holds_phrase
from tests.storage.catalogue.running import LEADERS, field

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
        return holds_phrase(raw, Format.UNIMARC, points.TITLE, phrase)

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
        assert (point.normal is None) == (point.kind is not points.PointKind.IDENTIFIER)


def test_places_are_tags_and_codes() -> None:
    assert list(places("200$ab 701-702$c 99-$x")) == [
        ("200", "ab"), ("701", "c"), ("702", "c"), *((f"99{i}", "x") for i in range(10)),
    ]  # fmt: skip
