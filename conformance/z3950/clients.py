"""Checks with what clients in use really send, and with the characters that their users type."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from conformance.checks import Checks, want
from conformance.results import NotApplicable
from conformance.z3950 import marc
from conformance.z3950.bench import MUST, SHOULD, Bench
from conformance.z3950.ber import OID, Node, Style, context, oid_octets, sequence, universal
from conformance.z3950.client import Association, diagnostic, records
from conformance.z3950.corpus import AUTHOR, TITLE, Corpus, spread
from conformance.z3950.marc import UNIMARC, Marc
from conformance.z3950.queries import BIB_1, operand, quoted
from protocols.marc.charsets import Charset, encode

check = Checks[Bench]()

_CHARACTERS: Final = "what users type"
_SAMPLES: Final = 5


class Habit(NamedTuple):
    """A query as a client sends it, with names of what a record puts into it."""

    client: str
    query: str


HABITS: Final = (
    Habit("Koha title", '@attr 1=4 "{title}"'),
    Habit("Koha author", '@attr 1=1003 "{author}"'),
    Habit("Koha ISBN", '@attr 1=7 @attr 5=1 "{isbn}"'),
    Habit("Koha any", '@attr 1=1016 "{title}"'),
    Habit("Koha identifier", '@attr 1=1007 "{isbn}"'),
    Habit("Koha several fields", '@and @attr 1=4 "{title}" @attr 1=1003 "{author}"'),
    Habit("Evergreen title", '@attr 1=4 @attr 4=6 "{title}"'),
    Habit("Evergreen ISBN", '@attr 1=7 @attr 4=6 "{isbn}"'),
    Habit("Evergreen author", '@attr 1=1003 @attr 4=6 "{author}"'),
    Habit("Evergreen year", '@attr 1=31 @attr 4=1 "{year}"'),
    Habit("PMB title", '@attr 1=4 "{title}"'),
    Habit("PMB author as a person", '@attr 1=1004 "{author}"'),
    Habit("PMB number", '@attr 1=12 @attr 2=3 "{number}"'),
    Habit("EndNote title", '@attr 1=4 @attr 2=3 @attr 3=3 @attr 4=2 @attr 5=100 @attr 6=1 "{word}"'),
    Habit("EndNote author", '@attr 1=1003 @attr 2=3 @attr 3=3 @attr 4=2 @attr 5=100 @attr 6=1 "{author}"'),
    Habit("EndNote ISBN", '@attr 1=7 @attr 2=3 @attr 3=3 @attr 4=2 @attr 5=100 @attr 6=1 "{isbn}"'),
    Habit("EndNote established name", '@attr 1=1003 @attr 2=3 @attr 3=3 @attr 4=101 @attr 5=100 @attr 6=1 "{heading}"'),
    Habit("III title", '@attr 1=4 @attr 3=1 @attr 4=1 @attr 5=1 "{title}"'),
    Habit("III author", '@attr 1=1003 @attr 2=3 @attr 3=1 @attr 4=1 @attr 5=1 @attr 6=1 "{author}"'),
    Habit("Symphony title", '@attr 1=4 @attr 2=3 @attr 3=3 @attr 4=6 @attr 5=100 @attr 6=1 "{title}"'),
    Habit("MarcEdit title", '@attr 1=4 "{title}"'),
    Habit("portal title", '@attr 1=4 @attr 2=3 @attr 3=3 @attr 4=2 @attr 5=100 @attr 6=1 "{word}"'),
    Habit("one word alone", "{word}"),
)


def _filled(corpus: Corpus, record: Marc) -> dict[str, str]:
    """Return what a record puts into queries."""
    title = corpus.heading(record, TITLE).strip(" /:;.,")
    surname = corpus.heading(record, AUTHOR)
    forename = record.value("700", "b") if record.form == UNIMARC else ""
    at = corpus.records.index(record)
    return {
        "title": title,
        "word": max(marc.safe_words(title), key=len, default=""),
        "author": marc.words(surname)[0] if marc.words(surname) else "",
        "heading": f"{surname}, {forename}" if forename else surname.strip(" ,."),
        "isbn": next((number for _, number, found in corpus.isbns if found is record), ""),
        "number": record.number,
        "year": next((year for year, places in corpus.dates.items() if at in places), ""),
    }


def _want_found(association: Association, corpus: Corpus, query: str | Node, record: Marc, what: str) -> None:
    """Want a record among the first hundred of a search."""
    answer = association.search(query)
    want(answer["searchStatus"], f"{what} is refused with {diagnostic(answer)}")
    want(answer["resultCount"], f"{what} finds nothing")
    number = min(answer["resultCount"], 100)
    found = [
        marc.read(each.octets, corpus.form).number
        for each in association.records(1, number, corpus.syntax)
        if each.octets
    ]
    want(
        record.number in found or answer["resultCount"] > number,
        f"{what} finds {answer['resultCount']}, not {record.number}",
    )


def _declare(habit: Habit) -> None:
    @check(habit.client, SHOULD, f"{habit.query} finds the record", "what clients in use send")
    def _look(bench: Bench) -> None:
        corpus, association = bench.corpus(), bench.association()
        names = re.findall(r"{(\w+)}", habit.query)
        filled = ((record, _filled(corpus, record)) for record in spread(corpus.records, 40))
        tried = [(record, values) for record, values in filled if all(values[name] for name in names)][:_SAMPLES]
        if not tried:
            raise NotApplicable(f"no record has {' and '.join(names)}")
        for record, values in tried:
            query = habit.query.format(**{name: value.replace('"', "") for name, value in values.items()})
            _want_found(association, corpus, query, record, query)


for _habit in HABITS:
    _declare(_habit)


@check(
    "words in another order",
    SHOULD,
    "words of a title are found in any order, without Structure",
    "what users of Koha and PMB type",
)
def _turned(bench: Bench) -> None:
    corpus, association = bench.corpus(), bench.association()
    for record in spread(
        [each for each in corpus.records if len(marc.safe_words(corpus.heading(each, TITLE))) > 1], _SAMPLES
    ):
        words = marc.safe_words(corpus.heading(record, TITLE))
        query = f"@attr 1=4 {quoted(' '.join(reversed(words)))}"
        _want_found(association, corpus, query, record, query)


# --- whole sessions -----------------------------------------------------------------------------------------------------

_SESSIONS: Final[dict[str, tuple[dict[str, Any], Style, tuple[int, int, int]]]] = {
    "yaz-client": ({"options": tuple({*range(20)} - {5, 6, 9}), "preferredMessageSize": 1 << 26, "exceptionalRecordSize": 1 << 26}, Style(indefinite=True, true=1), (0, 1, 0)),
    "ZOOM-C": ({"options": (0, 1, 7, 8, 10, 14), "preferredMessageSize": 1 << 26, "exceptionalRecordSize": 1 << 26}, Style(indefinite=True, true=1), (1, 2_000_000_000, 3)),
    "PMB": ({"preferredMessageSize": 10_240, "exceptionalRecordSize": 10_240, "options": (0, 1, 14)}, Style(indefinite=True), (0, 1, 0)),
    "EndNote": ({"preferredMessageSize": 32_768, "exceptionalRecordSize": 65_536, "options": (0, 1)}, Style(), (0, 1, 0)),
    "PyZ3950": ({"preferredMessageSize": 1 << 20, "exceptionalRecordSize": 1 << 20, "options": (0, 1, 2, 7, 8, 10, 14)}, Style(), (0, 1, 0)),
    "a client of 1995": ({"protocolVersion": (0, 1), "options": (0, 1), "preferredMessageSize": 32_768, "exceptionalRecordSize": 32_768, "implementationName": None}, Style(padding=2), (0, 1, 0)),
}  # fmt: skip
"""Client -> what its Init says, how it writes BER, and its bounds for records in the response."""


def _session(name: str, changes: dict[str, Any], style: Style, bounds: tuple[int, int, int]) -> None:
    @check(
        f"session of {name}", MUST, f"Init, Search and Present as {name} sends them work", "what clients in use send"
    )
    def _look(bench: Bench) -> None:
        corpus, association = bench.corpus(), bench.connection()
        answer = association.init(bench.account, style, **changes)
        want(answer["result"], "the Init is refused")
        names: dict[str, Any] = dict(
            zip(("smallSetUpperBound", "largeSetLowerBound", "mediumSetPresentNumber"), bounds, strict=True)
        )
        record = corpus.records[0]
        word = max(marc.safe_words(corpus.heading(record, TITLE)), key=len, default="a")
        answer = association.search(f"@attr 1=4 {word}", style=style, preferredRecordSyntax=corpus.syntax, **names)
        want(answer["searchStatus"], f"the search is refused: {diagnostic(answer)}")
        count, seen = answer["resultCount"], records(answer)
        while len(seen) < min(count, 12):
            request = association.present_request(len(seen) + 1, min(count, 12) - len(seen), corpus.syntax)
            found = records(association.ask(request, "presentResponse", style))
            want(found, f"record {len(seen) + 1} does not come")
            seen += found
        want(seen, "nothing is found")


for _name, _said in _SESSIONS.items():
    _session(_name, *_said)


# --- characters ---------------------------------------------------------------------------------------------------------


def _accented(bench: Bench) -> Iterator[tuple[Marc, str]]:
    """Yield records with a word of their title that has accents. Raises NotApplicable when there is none."""
    corpus, some = bench.corpus(), False
    for record in corpus.records:
        words = re.findall(r"(?<!\S)[^\W\d_]{4,}(?=[\s,.;:/]|$)", corpus.heading(record, TITLE))
        word = next((each for each in words if not each.isascii() and marc.folded(each).isascii()), None)
        if word is not None:
            some = True
            yield record, unicodedata.normalize("NFC", word)
    if not some:
        raise NotApplicable("no title has accents")


def _iso_5426(word: str) -> bytes:
    """Return a word in ISO 5426. Raises UnicodeError where nothing in it tells that from ISO 8859-1: marks before letters do."""
    if unicodedata.normalize("NFD", word) == word:
        raise UnicodeError
    return encode(word, Charset.ISO5426)


_FORMS: Final[dict[str, tuple[str, Callable[[str], bytes]]]] = {
    "accents": ("in UTF-8", lambda word: word.encode()),
    "accents left out": ("without accents and ligatures", lambda word: marc.folded(word).encode()),
    "accents in capitals": ("in capitals", lambda word: word.upper().encode()),
    "accents decomposed": ("decomposed (NFD)", lambda word: unicodedata.normalize("NFD", word).encode()),
    "accents in Latin-1": ("in ISO 8859-1", lambda word: word.encode("latin-1")),
    "accents in windows-1252": ("in windows-1252", lambda word: word.encode("cp1252")),
    "accents in ISO 5426": ("in ISO 5426", _iso_5426),
}


def _characters(name: str, how: str, form: Callable[[str], bytes]) -> None:
    @check(name, SHOULD, f"a word with accents is found {how}", _CHARACTERS)
    def _look(bench: Bench) -> None:
        corpus, association, tried = bench.corpus(), bench.association(), 0
        for record, word in _accented(bench):
            try:
                octets = form(word)
            except UnicodeError:
                continue  # a letter that this character set has not
            attributes = operand([_use(TITLE)], octets)
            query = context(1, [universal(OID, oid_octets(BIB_1)), context(0, attributes)])
            _want_found(association, corpus, query, record, f"{word} {how}")
            tried += 1
            if tried == _SAMPLES:
                return
        if not tried:
            raise NotApplicable("no title has such letters")


def _use(number: int) -> Node:
    return sequence(context(120, 1), context(121, number))


for _name, (_how, _form) in _FORMS.items():
    _characters(_name, _how, _form)


def _titles_with(bench: Bench, pattern: str) -> list[tuple[Marc, str]]:
    corpus = bench.corpus()
    found = ((record, re.search(pattern, corpus.heading(record, TITLE), re.IGNORECASE)) for record in corpus.records)
    kept = [(record, match.group()) for record, match in found if match is not None]
    if not kept:
        raise NotApplicable("no title has such a word")
    return kept[:_SAMPLES]


@check("ligatures", SHOULD, "œ and æ are found as two letters and as one", _CHARACTERS)
def _ligatures(bench: Bench) -> None:
    corpus, association = bench.corpus(), bench.association()
    for record, word in _titles_with(bench, r"(?<![\w'’])\w*[œæ]\w*"):
        for text in (word, marc.folded(word), word.lower(), word.upper()):
            query = f"@attr 1=4 {quoted(text)}"
            _want_found(association, corpus, query, record, query)


@check("elisions", SHOULD, "l', d' and qu' may stand before a word or not, with either apostrophe", _CHARACTERS)
def _elisions(bench: Bench) -> None:
    corpus, association = bench.corpus(), bench.association()
    for record, text in _titles_with(bench, r"(?<!\w)[ld]['’]\w{3,}"):
        word = re.split("['’]", text)[1]
        for each in (word, text.replace("’", "'"), text.replace("'", "’"), text.replace("'", " ").replace("’", " ")):
            query = f"@attr 1=4 {quoted(each)}"
            _want_found(association, corpus, query, record, query)


def _isbn_form(name: str, text: str, form: Callable[[str, str], str]) -> None:
    @check(name, SHOULD, f"an ISBN is found {text}", _CHARACTERS)
    def _look(bench: Bench) -> None:
        corpus, association, tried = bench.corpus(), bench.association(), 0
        for said, number, record in corpus.isbns:
            if (sent := form(said, number)) and tried < _SAMPLES:
                query = f"@attr 1=7 {quoted(sent)}"
                _want_found(association, corpus, query, record, query)
                tried += 1
        if not tried:
            raise NotApplicable("no record has such an ISBN")


def _hyphens(_said: str, number: str) -> str:
    return "-".join(filter(None, (number[:-10], number[-10:-9], number[-9:-5], number[-5:-1], number[-1])))


_isbn_form("ISBN as it stands", "as it stands in the record", lambda said, _: said)
_isbn_form("ISBN without hyphens", "without hyphens", lambda _, number: number)
_isbn_form("ISBN with hyphens", "with hyphens", _hyphens)
_isbn_form("ISBN with blanks", "with blanks", lambda said, number: _hyphens(said, number).replace("-", " "))
_isbn_form("ISBN of the other length", "as ISBN-10 for 13 and 13 for 10", lambda _, number: marc.other_isbn(number))
_isbn_form("ISBN with a small x", "with a small x", lambda _, number: number.lower() if number.endswith("X") else "")


@check("names both ways", SHOULD, "an author is found as Surname, Forename and as Forename Surname", _CHARACTERS)
def _names(bench: Bench) -> None:
    corpus, association, tried = bench.corpus(), bench.association(), 0
    for record in spread(corpus.records, 40):
        surname, forename = _name_of(record)
        if surname and forename and tried < _SAMPLES:
            for text in (f"{surname}, {forename}", f"{forename} {surname}"):
                query = f"@attr 1=1003 {quoted(text)}"
                _want_found(association, corpus, query, record, query)
            tried += 1
    if not tried:
        raise NotApplicable("no record has an author with a forename")


def _name_of(record: Marc) -> tuple[str, str]:
    if record.form == UNIMARC:
        return record.value("700", "a"), record.value("700", "b")
    surname, _, forename = record.value("100", "a").partition(", ")
    return surname, forename.strip(" .,")


@check("punctuation at the end", SHOULD, "ISBD punctuation behind a title is no part of it", _CHARACTERS)
def _punctuation(bench: Bench) -> None:
    corpus, association = bench.corpus(), bench.association()
    for record in spread(corpus.records, _SAMPLES):
        query = f"@attr 1=4 {quoted(corpus.heading(record, TITLE).strip(' /:;.,') + ' /')}"
        _want_found(association, corpus, query, record, query)
