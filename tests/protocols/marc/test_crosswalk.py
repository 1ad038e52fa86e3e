"""UNIMARC to MARC21 and back: golden fields, honesty about what is lost, round trips."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.marc import crosswalk_coded
from protocols.marc import crosswalk_table as table
from protocols.marc.crosswalk import convert
from protocols.marc.format import Format
from protocols.marc.record import Field, Record
from tests.protocols.marc.strategies import RECORDS

UNIMARC_LEADER = "00000nam0 2200000   450 "
MARC21_LEADER = "00000nam a2200000 i 4500"
A100 = "100    $a20010206d1892    k  y0frey50      ba"


def field(text: str) -> Field:
    """Make a field of "200 1  $aTitre" (tag, blank, two indicators, blank, subfields)."""
    tag, rest = text[:3], text[4:]
    if tag < "010":
        return Field(tag, rest)
    return Field.parse(tag, rest[:2] + rest[3:].replace("$", "\x1f"))


def show(each: Field) -> str:
    return (
        f"{each.tag} {each.data}"
        if each.is_control
        else f"{each.tag} {each.text().replace(chr(0x1F), '$')[:2]} {each.text()[2:].replace(chr(0x1F), '$')}"
    )


def to_marc21(*fields: str) -> list[str]:
    record = Record(UNIMARC_LEADER, [field(each) for each in fields])
    return [show(each) for each in convert(record, Format.UNIMARC, Format.MARC21).record.fields]


def to_unimarc(*fields: str) -> list[str]:
    record = Record(MARC21_LEADER, [field(each) for each in fields])
    return [show(each) for each in convert(record, Format.MARC21, Format.UNIMARC).record.fields]


# UNIMARC, MARC21: both directions give exactly the other.
PAIRS = [
    ("010    $a978-2-253-00422-6$bbr.$d6,90 EUR", "020    $a978-2-253-00422-6$qbr.$c6,90 EUR"),
    ("011    $a0035-2969$z1111-1111", "022    $a0035-2969$y1111-1111"),
    ("073    $a9782253004226", "024 3  $a9782253004226"),
    ("200 1  $aGerminal$eroman$fÉmile Zola$gpréface de X", "245 00 $aGerminal :$broman /$cÉmile Zola ; préface de X"),
    ("200 1  $a\x98Les \x9cmisérables$hII$iCosette$fVictor Hugo", "245 04 $aLes misérables.$nII,$pCosette /$cVictor Hugo"),
    ("200 1  $aCandide$aZadig$fVoltaire", "245 00 $aCandide ;$bZadig /$cVoltaire"),
    ("200 1  $aOthello$dOthello, the Moor", "245 00 $aOthello =$bOthello, the Moor"),
    ("205    $a2e éd.$frevue par X", "250    $a2e éd. /$brevue par X"),
    ("210    $aParis$cGallimard$d1998", "260    $aParis :$bGallimard,$c1998"),
    ("214  0 $aParis$cGallimard$d1998", "264  1 $aParis :$bGallimard,$c1998"),
    ("214  4 $dC 1998", "264  4 $cC 1998"),
    ("215    $a320 p.$cill.$d18 cm$e1 CD", "300    $a320 p. :$bill. ;$c18 cm +$e1 CD"),
    ("225 2  $aFolio$v12", "490 0  $aFolio ;$v12"),
    ("330    $aUn résumé.", "520    $aUn résumé."),
    ("606    $aMineurs$xConditions sociales$yFrance$z19e siècle$2rameau", "650  7 $aMineurs$xConditions sociales$zFrance$y19e siècle$2ram"),
    ("607    $aLens (Pas-de-Calais)", "651  4 $aLens (Pas-de-Calais)"),
    ("600  1 $aZola$bÉmile$f1840-1902$2lc", "600 10 $aZola, Émile,$d1840-1902"),
    ("676    $a843.8$v23", "082 04 $a843.8$223"),
    ("700  1 $aZola$bÉmile$f1840-1902$4070", "100 1  $aZola, Émile,$d1840-1902$4aut"),
    ("702  1 $aDoré$bGustave$4440", "700 1  $aDoré, Gustave$4ill"),
    ("701  1 $aAutre$bAuteur$4070", "700 1  $aAutre, Auteur$4aut"),
    ("710 02 $aInsee$bDirection régionale$4650", "110 2  $aInsee$bDirection régionale$4pbl"),
    ("856 4  $uhttps://example.org/$zTexte", "856 4  $uhttps://example.org/$zTexte"),
    ("801  0 $aFR$bBnF", "040    $aFR-BnF"),
    ("995    $bLENS$cANNEXE$fI000001$kR ZOL", "852    $aLENS$bANNEXE$pI000001$hR ZOL"),
    ("995    $bLENS$fI000001$jINV7$lT. 2$oL4$rCN$uNote", "852    $aLENS$pI000001$jINV7$3T. 2$x995.o L4$x995.r CN$zNote"),
    ("020    $aUS$b88028613", "010    $a88028613"),
    ("071 0  $aCDS 7 47352 2$bEMI", "028 0  $aCDS 7 47352 2$bEMI"),
    ("123    $aa$b25000$dE0023000", "034    $aa$b25000$dE0023000"),
    ("206    $aÉchelle 1:25 000", "255    $aÉchelle 1:25 000"),
    ("317    $aDon de la famille", "561    $aDon de la famille"),
    ("345    $aLa Librairie$b123$d10 EUR", "037    $bLa Librairie$a123$c10 EUR"),
    ("660    $ae-fr---", "043    $ae-fr---"),
    ("040    $aJSOGEX", "030    $aJSOGEX"),
    ("200 1  $aGerminal$b[Texte imprimé]", "245 00 $aGerminal$h[Texte imprimé]"),
]  # fmt: skip


@pytest.mark.parametrize(("unimarc", "marc21"), PAIRS)
def test_golden_pairs_in_both_directions(unimarc: str, marc21: str) -> None:
    there = to_marc21(unimarc)
    assert marc21 in there
    assert unimarc in to_unimarc(marc21)


def test_coded_data() -> None:
    assert to_marc21(A100, "101 0  $afre", "102    $aFR") == ["008 010206s1892    fr ||||f||||| ||||||fre u"]
    back = to_unimarc("008 010206s1892    fr ||||f||||||||||||fre u")
    assert back == ["100    $a20010206d1892    k   0   y50      ba", "101 0  $afre", "102    $aFR"]
    assert "102    $aUS" in to_unimarc("008 680206s1892    nyu||||f||||||||||||eng u")
    assert to_unimarc("008 680206s1892    nyu||||f||||||||||||eng u")[0].startswith("100    $a19680206d1892")


SERIAL_LEADER = UNIMARC_LEADER[:7] + "s" + UNIMARC_LEADER[8:]


@pytest.mark.parametrize(
    ("leader", "unimarc", "marc21"),
    [
        (
            UNIMARC_LEADER,
            "105    $aac  a   101ya",
            {18: "ac  ", 24: "b   ", 29: "1", 30: "0", 31: "1", 33: "0", 34: "a"},
        ),
        (UNIMARC_LEADER, "105    $ay   m   000by", {18: "    ", 24: "m   ", 33: "d", 34: " "}),
        (UNIMARC_LEADER, "106    $ar", {23: " "}),
        (UNIMARC_LEADER, "106    $ad", {23: "d"}),
        (SERIAL_LEADER, "110    $aafa    0", {21: "p", 18: "m", 19: "r", 29: "0"}),
    ],
)
def test_coded_data_of_books_and_of_serials_have_places_in_008(
    leader: str, unimarc: str, marc21: dict[int, str]
) -> None:
    made = convert(Record(leader, [field(A100), field(unimarc)]), Format.UNIMARC, Format.MARC21)
    assert made.lost == ()
    data = made.record.value("008")
    assert len(data) == 40
    for at, expected in marc21.items():
        assert data[at : at + len(expected)] == expected, at
    back = convert(made.record, Format.MARC21, Format.UNIMARC).record
    assert back.value(unimarc[:3], "a").rstrip() == unimarc[9:].rstrip()


def test_every_coded_character_comes_back_by_its_table() -> None:
    for name in ("GENERAL", "TEXTUAL", "FORM", "SERIAL"):
        for position in getattr(crosswalk_coded, name):
            known = [marc21 for marc21 in position.codes.values() if marc21 != "|"]
            assert len(set(known)) >= len(known) - 1, (name, position)


def test_links_say_the_relation_and_whether_a_note_is_made() -> None:
    for unimarc, marc21 in [
        ("430  1 $tAncien", "780 00 $tAncien"),
        ("434  0 $tAncien", "780 15 $tAncien"),
        ("436  1 $tAncien", "780 04 $tAncien"),
        ("444  1 $tNouveau", "785 04 $tNouveau"),
        ("447  1 $tNouveau", "785 07 $tNouveau"),
        ("517 1  $aAutre", "246 13 $aAutre"),
        ("011 0  $a0035-2969", "022 0  $a0035-2969"),
        ("606 1  $aMines$2lc", "650 10 $aMines"),
        ("710 01 $aFrance$bSénat", "110 1  $aFrance$bSénat"),
        ("710 02 $aInsee$c(France)", "110 2  $aInsee (France)"),
        ("230    $aDonnées textuelles", "256    $aDonnées textuelles"),
    ]:
        assert marc21 in to_marc21(unimarc), unimarc
        assert unimarc in to_unimarc(marc21), marc21


def test_a_secondary_responsibility_stays_one() -> None:
    made = to_marc21("712 02 $aUnesco")
    assert "710 2  $aUnesco$4ctb" in made
    assert "712 02 $aUnesco$4205" in to_unimarc("710 2  $aUnesco$4ctb")


def test_translations_keep_their_original_language() -> None:
    assert "041 1  $afre$heng" in to_marc21("101 1  $afre$ceng")
    assert "101 1  $afre$ceng" in to_unimarc("041 1  $afre$heng")
    assert "041 1  $afre$kger$heng$bfre" in to_marc21("101 2  $afre$bger$ceng$dfre")
    assert "101 0  $aeng" in to_unimarc("041 0  $deng")
    assert "101 0  $afre$aeng" in to_unimarc("041    $afre$aeng")


def test_the_title_knows_whether_there_is_a_main_entry() -> None:
    assert "245 10 $aGerminal" in to_marc21("200 1  $aGerminal", "700  1 $aZola$bÉmile")
    assert "245 00 $aGerminal" in to_marc21("200 1  $aGerminal", "702  1 $aZola$bÉmile")


def test_a_second_main_entry_becomes_an_added_one() -> None:
    made = to_marc21("700  1 $aA$bB", "700  1 $aC$bD")
    assert "100 1  $aA, B" in made
    assert "700 1  $aC, D" in made


def test_a_meeting_is_a_meeting() -> None:
    assert "110 2  $aInsee (France)" in to_marc21("710 02 $aInsee$c(France)")
    assert "111 2  $aCongrès des maires$n80$d1997$cParis" in to_marc21("710 12 $aCongrès des maires$d80$f1997$eParis")


def test_embedded_links_are_understood() -> None:
    made = to_marc21("461  1 $1001FRBNF3$12001 $aLa comédie humaine$v3$1700 1$aBalzac$bHonoré de$1011  $a0035-2969")
    assert "773 0  $wFRBNF3$tLa comédie humaine$g3$aBalzac, Honoré de$x0035-2969" in made


def test_abbreviations_keep_their_full_stop() -> None:
    assert "700  1 $aKing$bJ. R." in to_unimarc("100 1  $aKing, J. R.")
    assert "710 02 $aAcme Inc." in to_unimarc("110 2  $aAcme Inc.")
    assert "606    $aJazz" in to_unimarc("650  4 $aJazz.")
    assert "205    $a2nd ed." in to_unimarc("250    $a2nd ed.")


def test_what_is_lost_is_named() -> None:
    record = Record(UNIMARC_LEADER, [field("200 1  $aTitre$zfre"), field("135    $ar"), field("995    $fX$oL4")])
    assert convert(record, Format.UNIMARC, Format.MARC21).lost == ("135", "200$z")


def test_the_same_format_is_the_record_itself() -> None:
    record = Record(UNIMARC_LEADER, [field(A100)])
    assert convert(record, Format.UNIMARC, Format.UNIMARC).record is record


@given(RECORDS, st.sampled_from(list(Format)))
def test_every_record_converts_to_a_writable_one(record: Record, source: Format) -> None:
    target = Format.MARC21 if source is Format.UNIMARC else Format.UNIMARC
    made = convert(record, source, target)
    again = Record.from_iso2709(made.record.to_iso2709())
    assert [f.tag for f in again.fields] == sorted(f.tag for f in again.fields)
    assert again.leader[20:] == ("4500" if target is Format.MARC21 else "450 ")
    if target is Format.MARC21:
        assert len(again.value("008").encode()) >= 40 or not again.value("008").isascii()


WORDS = st.lists(
    st.sampled_from(["roman", "mine", "Zola", "été", "œuvre", "l'art", "1885"]), min_size=1, max_size=3
).map(" ".join)


@given(WORDS, st.lists(st.tuples(st.sampled_from("deafghi"), WORDS), max_size=5))
def test_titles_come_back_with_all_their_words(proper: str, others: list[tuple[str, str]]) -> None:
    text = "".join(f"${code}{value}" for code, value in [("a", proper), *others])
    (made,) = (each for each in to_marc21("200 1  " + text) if each.startswith("245"))
    (back,) = (each for each in to_unimarc(made) if each.startswith("200"))
    words = [word for _, value in [("a", proper), *others] for word in value.split()]
    assert sorted(re.findall(r"[\w']+", re.sub(r"\$.", " ", back[7:]))) == sorted(words)


def test_every_row_is_well_formed() -> None:
    for row in table.ROWS:
        assert all(re.fullmatch(r"[a-z0-9]:[a-z0-9]", pair) for pair in row.codes.split()), row
        assert len(row.unimarc_indicators) == len(row.marc21_indicators) == 2
    codes = list(table.RELATORS.values())
    assert len(codes) == len(set(codes))
    assert len(set(table.COUNTRIES.values())) == len(table.COUNTRIES)
