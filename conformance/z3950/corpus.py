"""The records of a database, read from the server itself or from a file, and what must be found in them, by brute force.

No two servers index alike, so what is known is two bounds: a word of the title proper must be found by a title search, a word that is
nowhere in a record must not. Where both bounds are the same there is one right count, whoever made the index.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Final

from conformance.results import NotApplicable
from conformance.z3950 import client, marc
from conformance.z3950.client import Association
from conformance.z3950.marc import MARC21, UNIMARC, Marc
from conformance.z3950.queries import quoted

TITLE, AUTHOR, SUBJECT, ISBN, DATE, NUMBER, ANY = 4, 1003, 21, 7, 31, 12, 1016
_EVERYTHING: Final = (
    '@attr 1=1016 @attr 2=103 ""',
    '@attr 2=103 ""',
    '@attr 1=_ALLRECORDS @attr 2=103 ""',
    "@attr 1=1016 @attr 2=103 qqqzzzxxkit",  # who passes over the relation finds nothing
)
"""Queries by which targets in use give every record."""
_SAFE_PAIR: Final = re.compile(r"(?<!\S)(?=([A-Za-z]{4,}) ([A-Za-z]{4,})(?:[\s,.;:/]|$))")
_PIECE: Final = 50
_HEADINGS: Final = {
    UNIMARC: {TITLE: ("200", "a"), AUTHOR: ("700", "a"), SUBJECT: ("606", "a")},
    MARC21: {TITLE: ("245", "a"), AUTHOR: ("100", "a"), SUBJECT: ("650", "a")},
}
_SYNTAXES: Final = {UNIMARC: client.UNIMARC, MARC21: client.USMARC}


@dataclass(slots=True)
class Source:
    """Where records come from: a file, or a query on the server, and how many are taken."""

    file: Path | None = None
    everything: str = ""
    term: str = ""
    form: str = ""
    most: int = 10_000


@dataclass
class Corpus:
    """Records of the database; whether they are all of it, or why not."""

    records: list[Marc]
    whole: bool
    why: str = ""
    query: str = ""
    """What finds them on the server; nothing for a file."""
    form: str = UNIMARC
    _sets: dict[int, dict[str, set[int]]] = field(default_factory=dict)

    @property
    def syntax(self) -> str:
        """The record syntax that the records were had in."""
        return _SYNTAXES[self.form]

    def heading(self, record: Marc, use: int) -> str:
        """Return the first heading of a record that a Use attribute is of, "" without one."""
        return record.value(*_HEADINGS[record.form][use])

    def certain(self, use: int) -> dict[str, set[int]]:
        """Return word -> the records that have it where a search by *use* must find it."""
        if use not in self._sets:
            made: dict[str, set[int]] = defaultdict(set)
            for at, record in enumerate(self.records):
                for each in (TITLE, AUTHOR, SUBJECT) if use == ANY else (use,):
                    for text in record.values(*_HEADINGS[record.form][each]):
                        for word in marc.safe_words(text):
                            made[word].add(at)
            self._sets[use] = dict(made)
        return self._sets[use]

    @cached_property
    def anywhere(self) -> dict[str, set[int]]:
        """Word -> the records that have it anywhere."""
        made: dict[str, set[int]] = defaultdict(set)
        for at, record in enumerate(self.records):
            for _, _, parts in record.fields:
                for _, text in parts:
                    for word in [*marc.words(text), *marc.words(re.sub(r"[^\w\s]", "", text))]:
                        made[word].add(at)
        return dict(made)

    def exact(self, use: int, most: int = 12) -> list[tuple[str, set[int]]]:
        """Return words with the records that a search by *use* must find, no more and no fewer; few and many alike.

        Raises NotApplicable when there is none.
        """
        found = [(word, at) for word, at in self.certain(use).items() if at == self.anywhere.get(word)]
        found.sort(key=lambda each: (-len(each[1]), each[0]))
        if not found:
            raise NotApplicable("no word of the records can be found in one way only")
        step = max(1, len(found) // most)
        return found[::step][:most]

    def pairs(self) -> list[tuple[str, str, set[int]]]:
        """Return two words that stand beside one another, and the records in which they do, in the title and nowhere else.

        Raises NotApplicable when there are none.
        """
        due: dict[tuple[str, str], set[int]] = defaultdict(set)
        everywhere: dict[tuple[str, str], set[int]] = defaultdict(set)
        for at, record in enumerate(self.records):
            for text in record.values(*_HEADINGS[record.form][TITLE]):
                for pair in _SAFE_PAIR.findall(text):
                    due[pair[0].lower(), pair[1].lower()].add(at)
            for _, _, parts in record.fields:
                for beside in pairwise(marc.words(" ".join(text for _, text in parts))):
                    everywhere[beside].add(at)
        found = [(*pair, places) for pair, places in due.items() if places == everywhere[pair]]
        if not found:
            raise NotApplicable("no two words stand beside one another in titles only")
        return sorted(found, key=lambda each: (-len(each[2]), each[:2]))

    def bounds(self, use: int, pattern: str) -> tuple[int, int]:
        """Return how many records a search by *use* for words like *pattern* must find at least, and may find at most."""
        found = (
            {at for word, places in words.items() if re.fullmatch(pattern, word) for at in places}
            for words in (self.certain(use), self.anywhere)
        )
        least, most = map(len, found)
        return least, most

    @cached_property
    def dates(self) -> dict[str, set[int]]:
        """Return year -> the records whose coded and printed years of publication are both it."""
        made: dict[str, set[int]] = defaultdict(set)
        for at, record in enumerate(self.records):
            coded = record.value("100", "a")[9:13] if record.form == UNIMARC else record.value("008")[7:11]
            tags = ("210", "214") if record.form == UNIMARC else ("260", "264")
            printed = [
                text.strip(" .,[]c©")
                for tag in tags
                for text in record.values(tag, "d" if record.form == UNIMARC else "c")
            ]
            if re.fullmatch("[0-9]{4}", coded) and set(printed) == {coded}:
                made[coded].add(at)
        return dict(made)

    @cached_property
    def isbns(self) -> list[tuple[str, str, Marc]]:
        """Return the ISBNs of records: as they stand there, without hyphens, and the record."""
        tag = "010" if self.form == UNIMARC else "020"
        found = [(text, marc.isbn(text), each) for each in self.records for text in each.values(tag, "a")]
        return [each for each in found if each[1]]


def from_file(source: Source) -> Corpus:
    """Return the records of a file. Raises Failed."""
    assert source.file is not None
    raw = marc.split(source.file.read_bytes())
    records = [marc.read(each, source.form or marc.form_of(each)) for each in raw]
    return Corpus(records, whole=True, form=records[0].form if records else UNIMARC)


def gathered(association: Association, source: Source) -> Corpus:
    """Return the records that there are to be held against: those of a file, or of the server. Raises Failed."""
    if source.file is not None:
        return from_file(source)
    queries = [source.everything] if source.everything else [*_EVERYTHING, *_by_term(source.term)]
    for query in queries:
        answer = association.search(query)
        if answer["searchStatus"] and answer["resultCount"]:
            return _read(association, query, answer["resultCount"], source)
    return Corpus([], whole=False, why="no query gives records; give one by --everything, or a word by --term")


def _by_term(term: str) -> Iterable[str]:
    return [f"@attr 1=1016 {quoted(each)}" for each in ([term] if term else ["le", "de", "the", "computer"])]


def _read(association: Association, query: str, count: int, source: Source) -> Corpus:
    form = _form(association, source)
    if not form:
        return Corpus([], whole=False, why="no record comes in UNIMARC or MARC21")
    number = min(count, source.most)
    records: list[Marc] = []
    for at in range(1, number + 1, _PIECE):
        got = association.records(at, min(_PIECE, number + 1 - at), _SYNTAXES[form])
        records += [marc.read(each.octets, form) for each in got if each.octets]
    everything = "103" in query or bool(source.everything)
    why = "" if everything else "no query gives every record; give one by --everything"
    if count > source.most:
        why = f"{count} records are more than the {source.most} that are read (--most, or a file by --records)"
    elif len(records) < number:
        why = f"{number - len(records)} records could not be read"
    return Corpus(records, whole=not why, why=why, query=query, form=form)


def _form(association: Association, source: Source) -> str:
    """Return the format in which records come; nothing where they come in none. Raises Failed when they cannot be read."""
    for form in [source.form] if source.form else _SYNTAXES:
        for found in client.records(association.present(1, 1, _SYNTAXES[form])):
            # Some send one format under the name of the other.
            if found.octets and marc.read(found.octets, form).value(_HEADINGS[form][TITLE][0]):
                return form
    return ""


def spread(found: Sequence[Marc], number: int) -> list[Marc]:
    """Return *number* of the records, from the first to the last."""
    return [*found[:: max(1, len(found) // number)]][:number]
