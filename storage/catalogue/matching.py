"""Which records of the catalogue describe the same document as a new one, and how sure that is (domain.md 5.3).

Candidates share an identifier, found in the index; one without any, a title. An identifier of the record itself (an ARK, a number of
another catalogue) settles it; an ISBN or EAN does not, because sets, volumes and reprints share them: there points are given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from enum import Enum
from typing import Final, NamedTuple

from pyroaring import BitMap
from sqlalchemy import Connection, select

from protocols.marc.crosswalk import convert
from protocols.marc.format import Format
from protocols.marc.record import Record
from storage.catalogue import analyser, postings
from storage.catalogue.access_points import EAN, HEADINGS, ISBN, ISSN, OTHER_NUMBER, TITLE, AccessPoint
from storage.catalogue.records import NewRecord
from storage.schema import posting, record


class Verdict(Enum):
    """What is done with a likeness."""

    SAME = "same"
    DOUBTFUL = "doubtful"


class Match(NamedTuple):
    """A record of the catalogue that is like the new one: its number, points, and what they mean."""

    id: int
    points: int
    verdict: Verdict


MERGED_FROM: Final = 90
LOOKED_AT_FROM: Final = 60
IDENTIFIER: Final = 60
POINTS: Final = {
    "title": (25, -40),
    "volume": (15, -100),
    "year": (10, -20),
    "publisher": (5, 0),
    "type": (0, -100),
}
"""What is compared -> points when it agrees, and when it does not; what one of both does not say gives none.

Titles agree when they are alike to nine tenths, years when they are one apart at most, and disagree when more than three.
"""
_NAMED: Final = re.compile(r"[^\W\d_].*.")
"""A number of another catalogue tells which one it is of: bare digits are the number of something else elsewhere."""
_CANDIDATES: Final = 50
"""Records looked at; a number or a title that more share tells nothing."""


def matches(connection: Connection, new: NewRecord) -> list[Match]:
    """Return the records like *new*, the surest first, without those that are certainly others."""
    read = Record.from_iso2709(new.iso2709)
    mine = about(read, new.form)
    named = {term for term in new.terms()[OTHER_NUMBER.code] if _NAMED.search(term)}.union(_numbers_of_agencies(read))
    itself = select(record.c.id).where(record.c.source == new.source, record.c.control == new.control)
    own = BitMap(connection.execute(itself).scalars())
    sure = _having(connection, [OTHER_NUMBER], named) - own
    some = (sure | _having(connection, [ISBN, EAN, ISSN], mine.numbers)) - own
    if not some:
        title = analyser.heading(mine.title, title=True)
        some = _having(connection, [TITLE], [title] if title else [], HEADINGS) - own
    found = []
    wanted = [*sure, *(some - sure)][:_CANDIDATES]
    for row in connection.execute(
        select(record.c.id, record.c.format, record.c.iso2709).where(record.c.id.in_(wanted))
    ):
        form = Format(row.format)
        points = 100 if row.id in sure else likeness(mine, about(Record.from_iso2709(row.iso2709), form))
        if points >= LOOKED_AT_FROM:
            found.append(Match(row.id, points, Verdict.SAME if points >= MERGED_FROM else Verdict.DOUBTFUL))
    return sorted(found, key=lambda match: (-match.points, match.id))


def _numbers_of_agencies(read: Record) -> list[str]:
    """Return the numbers that a UNIMARC record had at other agencies (801), as others write them in 035."""
    given = [f"({field.get('b')}){field.get('h')}" for field in read.all("801") if field.get("b") and field.get("h")]
    return [term for number in given for term in analyser.number(number)]


def _having(connection: Connection, points: Iterable[AccessPoint], terms: Iterable[str], of: int = 0) -> BitMap:
    """Return the records that share one of *terms* in an access point, *of* its words or headings."""
    rows = (posting.c.access_point.in_([of + point.code for point in points]), posting.c.term.in_(sorted(terms)))
    parts: dict[str, list[tuple[int, bytes]]] = {}
    for term, *part in connection.execute(select(posting.c.term, posting.c.size, posting.c.bitmap).where(*rows)):
        parts.setdefault(term, []).append((part[0], part[1]))
    return BitMap().union(*(found for each in parts.values() if len(found := postings.union(each)) <= _CANDIDATES))


class About(NamedTuple):
    """What is compared of a record; blank where it says nothing. `numbers` are its own ISBNs, EANs and, of a serial, ISSNs."""

    title: tuple[str, ...]
    complement: tuple[str, ...]
    volume: str
    author: str
    year: str
    publisher: str
    type: str
    numbers: frozenset[str]

    @property
    def key(self) -> tuple[str, ...] | None:
        """By which records are compared that have no number in common; None for one that says too little."""
        title = " ".join(_without_articles(self.title))[:25]
        if not (title and self.author and self.publisher and self.year):
            return None
        return title, self.volume, self.author[:10], self.publisher[:8], self.year, self.type


def about(read: Record, form: Format) -> About:
    """Return what is compared of a record."""
    read = convert(read, form, Format.UNIMARC).record
    title, published = read.get("200"), read.get("214") or read.get("210")
    years = analyser.years((published.get("d") if published else "") or read.value("100", "a")[9:13])
    volume = (title.get("h") if title is not None else "") or read.value("461", "v") or read.value("463", "v")
    digits = re.findall(r"\d+", volume)
    author = next((field.get("a") for tag in ("700", "710", "720") for field in read.all(tag)), "")
    return About(
        analyser.words(" ".join(title.all("a")) if title is not None else ""),
        analyser.words(" ".join(title.all("e")) if title is not None else ""),
        digits[0].lstrip("0") if digits else " ".join(analyser.words(volume)),
        " ".join(analyser.words(author)),
        years[0] if years else "",
        " ".join(analyser.words(published.get("c") if published else "")),
        read.leader[6:7],
        _own_numbers(read),
    )


def _own_numbers(read: Record) -> frozenset[str]:
    """Return the numbers of the document itself, not of the series, sets and other editions that a record names."""
    found = {number for tag in ("010", "073") for field in read.all(tag) for number in analyser.isbns(field.get("a"))}
    found.update(number for field in read.all("073") for number in analyser.number(field.get("a")))
    if read.leader[7:8] == "s":
        found.update(number for field in read.all("011") for number in analyser.issns(field.get("a")))
    return frozenset(found)


def _without_articles(words: tuple[str, ...]) -> list[str]:
    return analyser.heading(words, title=True).split()


def likeness(one: About, other: About) -> int:
    """Return the points of two records: those of an identifier that they share, or of all that a title key holds.

    The latter are never enough to merge without a look: editions of one year are told apart by their identifiers alone.
    """
    if one.numbers & other.numbers:
        return score(one, other)
    if one.numbers and other.numbers:
        return 0
    return LOOKED_AT_FROM if one.key is not None and one.key == other.key else 0


def score(one: About, other: About) -> int:
    """Return the points of two records that share an identifier."""
    return IDENTIFIER + sum(
        POINTS[name][0 if agree else 1] for name in POINTS if (agree := _agree(name, one, other)) is not None
    )


def _agree(name: str, one: About, other: About) -> bool | None:
    """Tell whether two records agree in a thing; None where that cannot be said."""
    mine, theirs = getattr(one, name), getattr(other, name)
    if name == "title":
        mine, theirs = (" ".join((*each.title, *each.complement)) for each in (one, other))
    if name == "volume":
        return bool(mine == theirs)
    if not (mine and theirs):
        return None
    if name == "title":
        return mine == theirs or _begins(mine, theirs) or SequenceMatcher(None, mine, theirs).ratio() >= 0.9
    if name == "year":
        apart = abs(int(mine) - int(theirs))
        return True if apart <= 1 else None if apart <= 3 else False
    return bool(mine == theirs)


def _begins(mine: str, theirs: str) -> bool:
    """Tell whether one title is the other without its complement: catalogues differ in giving "novel" or "a saga"."""
    short, long = sorted((mine, theirs), key=len)
    return len(short) >= 4 and long.startswith(f"{short} ") and not re.search(r"\d", long[len(short) :])
