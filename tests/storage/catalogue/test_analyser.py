"""Text to terms: one form for what is written in many ways."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.catalogue import analyser
from storage.catalogue.analyser import heading, isbns, issns, number, words, years


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("L'Œuvre au noir", "oeuvre au noir"),
        ("l’œuvre", "oeuvre"),
        ("Les Misérables : d'après l'original qu'on lit", "les miserables apres original on lit"),
        ("jusqu’à l'été", "a ete"),
        ("aujourd'hui", "aujourd hui"),
        ("rock 'n' roll", "rock n roll"),
        ("O'Brien", "o brien"),
        ("Straße, Łódź, Ærø, Þór, smørrebrød", "strasse lodz aero thor smorrebrod"),
        ("ÉLÉMENTS", "elements"),
        ("e\u0301le\u0300ve", "eleve"),
        ("\x98L'\x9cÉtranger", "etranger"),
        ("soft\u00adhyphen \u200edroite", "softhyphen droite"),
        ("ﬁn x² n°12 8°007", "fin x2 n 12 8 007"),
        ("人民文学", "人 民 文 学"),
        ("Война и мир", "воина и мир"),
        ("ἀγάπη", "αγαπη"),
        ("C++, .NET & R&D", "c net r d"),
        ("  -- ... !", ""),
        ("a\x00b\ud800c", "a b c"),
    ],
)
def test_words(text: str, terms: str) -> None:
    assert words(text) == tuple(terms.split())


@given(st.text(max_size=60))
def test_words_are_folded_once_and_for_all(text: str) -> None:
    found = words(text)
    assert all(word and not word.isspace() and len(word) <= analyser.MAX_TERM for word in found)
    # Elision depends on the apostrophe, which is gone: the words of the words are the words.
    assert words(" ".join(found)) == found


@given(st.text(st.sampled_from("abcéèêçœŒÆæ ñüß'’-"), max_size=40))
def test_case_form_and_apostrophe_do_not_matter(text: str) -> None:
    assert words(text.upper().replace("ß", "SS")) == words(text) == words(unicodedata.normalize("NFD", text))
    assert words(text.replace("’", "'")) == words(text)


def test_headings_lose_leading_articles_of_titles_only() -> None:
    assert heading(words("Les Misérables"), title=True) == "miserables"
    assert heading(words("The A team"), title=True) == "team"
    assert heading(words("The The"), title=True) == "the"
    assert heading(words("La Fontaine, Jean de")) == "la fontaine jean de"
    assert heading(words("mot " * 200)) == ("mot " * 200)[: analyser.MAX_TERM].rstrip()
    assert heading(()) == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2-253-00422-7", ["9782253004226"]),
        ("2253004227 (br.)", ["9782253004226"]),
        ("978-2-253-00422-6 : 6,90 EUR", ["9782253004226"]),
        ("9782253004226", ["9782253004226"]),
        ("080442957x", ["9780804429573"]),
        ("2253004228", ["2253004228"]),  # wrong check digit: found as it is written
        ("97822530042269", []),
        ("2253004227 9782253004226", ["9782253004226", "9782253004226"]),
        ("no number", []),
    ],
)
def test_isbns(text: str, found: list[str]) -> None:
    assert isbns(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0035-2969", ["00352969"]),
        ("0035 2969", ["00352969"]),
        ("1144-875x", ["1144875X"]),
        ("9770035296006", ["00352969"]),
        ("0035-2968", ["00352968"]),
        ("12345678901", []),
    ],
)
def test_issns(text: str, found: list[str]) -> None:
    assert issns(text) == found


def test_other_numbers() -> None:
    assert years("impr. 1998, cop. 1985-, 98, 19981") == ["1998", "1985"]
    assert number("ark:/12148/cb34381800j") == number("ARK 12148 CB34381800J") == ["ark12148cb34381800j"]
    assert number("  ") == []


@given(st.text(max_size=60))
def test_no_text_breaks_a_number(text: str) -> None:
    for function in (isbns, issns, years, number):
        assert all(term and term == term.strip() for term in function(text))


def test_an_elided_article_that_was_split_off_asks_for_nothing() -> None:
    assert analyser.asked("musiques d ici") == ("musiques", "ici")
    assert analyser.asked("l ete qu il fit") == ("ete", "il", "fit")
    assert analyser.asked("vitamine d") == ("vitamine", "d")
    assert analyser.asked("plan b") == ("plan", "b")
    assert analyser.asked("") == ()


@given(st.text(st.sampled_from("aÀéŒœßİǅﬁ字'’ld q.-\u0301\u0098X") | st.characters(), max_size=40))
def test_words_as_they_are_written_have_a_character_for_each_of_theirs(text: str) -> None:
    assert [len(word) for word in analyser.spelt(text)] == [len(word) for word in analyser.words(text)]
