"""Character sets: golden octets after the published tables, and round trips."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymarc.marc8 import marc8_to_unicode

from protocols.marc.charsets import NSB, NSE, Charset, decode, encode, without_article, without_marks
from protocols.marc.errors import Unencodable

FRENCH = "Éléments d'épistémologie : l'œuvre à naître, où ça ? Noël, Saint-Loup-d'Ærø «Straße» Łódź"


@pytest.mark.parametrize(
    ("octets", "charset", "text"),
    [
        # ISO 5426:1983: marks in columns 12 and 13 precede the letter.
        (b"\xc2El\xc1eve", Charset.ISO5426, "Élève"),
        (b"\xfauvre, \xea\x2euvre", Charset.ISO5426, "œuvre, Œ.uvre"),
        (b"gar\xd0con, No\xc8el, \xc3ile", Charset.ISO5426, "garçon, Noël, île"),
        (b"\xe9re \xf9l \xfb \xe1\xf1 \xe8\xf8", Charset.ISO5426, "Øre øl ß Ææ Łł"),
        (b"\xabmot\xbb \xad \xb9", Charset.ISO5426, "«mot» © ’"),
        (b"\x88Le \x89livre", Charset.ISO5426, f"{NSB}Le {NSE}livre"),
        # MARC-8 (MARC 21 Specifications, ANSEL): marks at E0-FE precede the letter.
        (b"F\xe2elice, exp\xe1eses, gar\xf0con", Charset.MARC8, "Félice, expèses, garçon"),
        (b"\xb6uvre \xa1\xe2od\xe2z \xb5", Charset.MARC8, "œuvre Łódź æ"),
        (b"\x1b(NlEW\x1b(B fin", Charset.MARC8, "Лев fin"),
        (b"\x1bb2\x1bs H", Charset.MARC8, "₂ H"),
        (b"\x1b$1!0!\x1b(B ok", Charset.MARC8, "一 ok"),
        (b"&#x4EBA; &#xD800;", Charset.MARC8, "人 \ufffd"),
        (b"\x82l\x8ave \x87a \x85", Charset.CP850, "élève ça à"),
        (b"\xe9l\xe8ve \x9cuvre \x92", Charset.CP1252, "élève œuvre ’"),
        (b"\x88Le \x89livre", Charset.CP1252, f"{NSB}Le {NSE}livre"),
        (b"\x98Le \x9clivre \x9cuvre", Charset.CP1252, f"{NSB}Le {NSE}livre œuvre"),
        (b"\x88tre", Charset.CP850, "être"),
        (b"e\xcc\x81", Charset.UTF8, "é"),
        (b"\xe9", Charset.UTF8, "\ufffd"),
        (b"\xe9", Charset.LATIN1, "é"),
    ],
)
def test_golden_octets(octets: bytes, charset: Charset, text: str) -> None:
    assert decode(octets, charset) == text


@pytest.mark.parametrize("charset", list(Charset))
def test_french_goes_through_every_set_and_back(charset: Charset) -> None:
    text = "Élèves d'été : à naître, ça, Noël, où, ïle «ß»"
    assert decode(encode(text, charset), charset) == text


@given(st.text(st.sampled_from(FRENCH + "ñãõüÿäöÅåĀșțđ"), max_size=30))
def test_iso_5426_round_trip(text: str) -> None:
    assert decode(encode(text, Charset.ISO5426), Charset.ISO5426) == text


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc", "Co", "Cn")), max_size=30))
def test_marc_8_holds_every_text_by_numeric_references(text: str) -> None:
    again = decode(encode(text, Charset.MARC8), Charset.MARC8)
    # A mark alone, or one that MARC-8 lacks on a letter, changes place with its neighbour: compare without order.
    assert sorted(unicodedata.normalize("NFD", again)) == sorted(unicodedata.normalize("NFD", text))


@given(st.text(st.sampled_from("Éléments d'épistémologie œuvre naître, où ça ? Noël Ærø Łódź £©ß"), max_size=30))
def test_pymarc_reads_the_marc_8_that_we_write(text: str) -> None:
    assert marc8_to_unicode(encode(text, Charset.MARC8), True) == text


@given(st.binary(max_size=60))
def test_no_octets_break_a_decoder_and_text_is_nfc(data: bytes) -> None:
    for charset in Charset:
        text = decode(data, charset)
        assert unicodedata.is_normalized("NFC", text)


@given(st.binary(max_size=60))
def test_separators_survive_in_every_set(data: bytes) -> None:
    for charset in (Charset.ISO5426, Charset.CP1252, Charset.CP850, Charset.LATIN1):
        text = decode(data, charset)
        assert [text.count(c) for c in "\x1d\x1e\x1f"] == [data.count(c) for c in (b"\x1d", b"\x1e", b"\x1f")]


def test_what_a_set_lacks_is_written_as_typists_did() -> None:
    assert encode("n° 3 – l’art… 5 €", Charset.ISO5426) == b"no 3 - l\xb9art... 5 EUR"
    assert encode("l’œil “A”", Charset.CP850) == b'l\'oeil "A"'


def test_what_cannot_be_written_is_named() -> None:
    with pytest.raises(Unencodable) as caught:
        encode("été 人", Charset.ISO5426)
    assert caught.value.character == "人"


def test_non_sorting_characters() -> None:
    title = f"{NSB}Les {NSE}misérables"
    assert without_marks(title) == "Les misérables"
    assert without_article(title) == "misérables"
    assert without_article(f"La {NSE}Recherche") == "La " + NSE + "Recherche"
    assert without_marks(f"La {NSE}Recherche") == "La Recherche"
