"""Scan: a walk along the key of the postings, both ways from a term, with the number of records that each term finds.

The key is in the order of the terms, so a list costs its own length and not that of the index. The sizes in the rows are the
counts, unless a term stands in several of the access points that are walked together, or not all records are asked about: then
its bitmaps tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from pyroaring import BitMap

from protocols.marc.charsets import without_marks
from storage.catalogue import analyser, extraction, postings
from storage.catalogue.access_points import DATABASES, HEADINGS, AccessPoint, PointKind
from storage.catalogue.hits import Hits, Part, Range
from storage.catalogue.query import QueryError, QueryReason
from storage.catalogue.records import fetch
from storage.catalogue.search import gather
from storage.statements import Row, Steps

MAX_TERMS: Final = 5_000
"""Terms that are looked at in each direction: a database of few records has few of the index's terms."""
MAX_SHOWN: Final = 100
"""Whole fields that are shown as records have them: each costs the reading of one."""
SLICE: Final = 100
"""Terms that are looked at in one step, once the first were not enough."""


class Entry(NamedTuple):
    """A term as it is indexed, and how many records of the databases have it."""

    term: str
    records: int


class Scanned(NamedTuple):
    """The terms around a start term, all in ascending order; `after` begins with the start term where that is indexed.

    Fewer entries than asked mean that the list begins or ends, unless `cut` tells that the walk was given up.
    """

    start: str
    before: list[Entry]
    after: list[Entry]
    cut: bool


def scan(
    hits: Hits,
    points: Sequence[AccessPoint],
    text: str,
    databases: tuple[int, ...],
    before: int,
    after: int,
    *,
    headings: bool = False,
) -> Steps[Scanned]:
    """Walk the words, or the whole `headings`, of access points: `before` terms less than `text`, `after` that are not less.

    Numbers and years are walked in their normal form. An empty text stands before all terms. `databases` are ids; none means
    all. Raises QueryError (NO_HEADINGS).
    """
    codes, start = _codes(points, headings=headings), _start(points, text, headings=headings)
    members = yield from _members(hits, databases)
    less, cut_before = yield from _walk(codes, start, before, members, forward=False)
    more, cut_after = yield from _walk(codes, start, after, members, forward=True)
    return Scanned(start, less[::-1], more, cut_before or cut_after)


def shown(points: Sequence[AccessPoint], terms: Sequence[str]) -> Steps[list[str]]:
    """Return whole headings as the first record of each has them written, with accents and capitals."""
    codes = _codes(points, headings=True)
    answers = iter((yield [postings.TERM(code, term) for term in terms for code in codes]))
    firsts = [next((min(postings.union(rows)) for rows in [next(answers) for _ in codes] if rows), 0) for _ in terms]
    records = yield from fetch(firsts)
    out = []
    for term, record in zip(terms, records, strict=True):
        found = () if record is None else extraction.headings(record.fields(), record.form, codes)
        out.append(next((without_marks(text) for key, text in found if key == term), term))
    return out


def _codes(points: Sequence[AccessPoint], *, headings: bool) -> list[int]:
    if not headings:
        return [point.code for point in points]
    codes = [HEADINGS + point.code if point.has_headings else point.code for point in points if _has_list(point)]
    if not codes:
        raise QueryError(QueryReason.NO_HEADINGS, points[0].name)
    return codes


def _has_list(point: AccessPoint) -> bool:
    """Tell whether there is a list of whole fields; that of numbers is one."""
    return point.has_headings or point.kind is not PointKind.WORDS


def _start(points: Sequence[AccessPoint], text: str, *, headings: bool) -> str:
    if all(point.kind is not PointKind.WORDS for point in points):
        normal = points[0].normal or analyser.years
        return next(iter(normal(text) or analyser.number(text)), "")
    words = analyser.words(text)
    if headings:
        return analyser.heading(words, title=all(point.titles for point in points))
    return words[0] if words else ""


def _members(hits: Hits, databases: tuple[int, ...]) -> Steps[BitMap | None]:
    """Return the records of the databases, None when these are all that any database has."""
    if not databases:
        return None
    wanted: list[Part] = [(DATABASES, str(number)) for number in databases]
    every = Range.of(DATABASES, "")
    _, found = yield from gather(hits, [*wanted, every])
    members = BitMap.union(*(found[key] for key in wanted))
    return None if len(members) == len(found[every]) else members


def _walk(
    codes: Sequence[int], start: str, wanted: int, members: BitMap | None, *, forward: bool
) -> Steps[tuple[list[Entry], bool]]:
    """Return the next `wanted` entries in one direction, and whether the walk was given up before it had them."""
    statement = postings.TERMS if forward else postings.TERMS_BEFORE
    out: list[Entry] = []
    seen, size = 0, wanted
    while len(out) < wanted:
        if seen >= MAX_TERMS:
            return out, True
        answers = yield [statement(code, start, size) for code in codes]
        # What lies beyond the last term of a full answer may be in that index and was not read.
        ends = [rows[-1][0] for rows in answers if len(rows) == size]
        last = (min(ends) if forward else max(ends)) if ends else None
        out += yield from _counted(codes, answers, last, members, forward=forward)
        if last is None:
            break
        seen += size
        start = last + postings.AFTER if forward else last
        size = max(SLICE, wanted - len(out))
    return out[:wanted], False


def _counted(
    codes: Sequence[int], answers: Sequence[Sequence[Row]], last: str | None, members: BitMap | None, *, forward: bool
) -> Steps[list[Entry]]:
    """Return the terms of several lists up to `last` with their counts, in the order of the walk."""
    counts: Counter[str] = Counter()
    places: dict[str, list[int]] = {}
    for code, rows in zip(codes, answers, strict=True):
        for term, records in rows:
            if last is None or (term <= last if forward else term >= last):
                counts[term] += records
                places.setdefault(term, []).append(code)
    unsure = [term for term, found in places.items() if members is not None or len(found) > 1]
    if unsure:
        read = iter((yield [postings.TERM(code, term) for term in unsure for code in places[term]]))
        for term in unsure:
            found = postings.union(row for _ in places[term] for row in next(read))
            counts[term] = len(found) if members is None else found.intersection_cardinality(members)
    return [Entry(term, counts[term]) for term in sorted(counts, reverse=not forward) if counts[term]]
