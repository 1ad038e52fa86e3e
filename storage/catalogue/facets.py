"""Facets: of the records of a search, those that have each term of an access point: all of them, so that they can be counted.

The postings tell: their bitmaps are held against that of the search, one walk for all terms. Few records are read instead, where
there are many terms. What libraries possess is told by the items, as they are at the moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import nlargest, nsmallest
from itertools import islice
from typing import Final, TypeAlias

from pyroaring import BitMap
from sqlalchemy import bindparam, literal_column, select

from storage.catalogue import extraction, postings
from storage.catalogue.access_points import HEADINGS, AccessPoint
from storage.catalogue.records import fetch
from storage.catalogue.search import VERSION
from storage.catalogue.sorting import ROWS, WALK
from storage.schema import item
from storage.statements import Call, Statement, Steps

MAX_RECORDS: Final = 100_000
"""Records whose headings or items are looked at: each is held in memory for every term that it has."""
FEW: Final = 2_000
"""Records that are read for their headings: that many cost less than a walk."""
MAX_TERMS: Final = 1_000
"""Terms that are put in order."""
SLICE: Final = 50
"""Records that are read in one step."""
_TERMS: Final = 2_000
"""Terms that are looked at in one step."""
_SPANS: Final = 8
_GAP: Final = 8
_WIDTH: Final = 200

_POSSESSED: Final = Statement(
    "owners of records",
    select(item.c.owner_id, item.c.record_id).where(
        item.c.record_id >= bindparam("first"),
        item.c.record_id <= bindparam("last"),
        item.c.condition != literal_column("'withdrawn'"),
    ),
    "first", "last",
)  # fmt: skip

_PAUSE: Final[Sequence[Call]] = [VERSION()]
Found: TypeAlias = dict[str, BitMap]
"""The records that have a term."""


def terms(records: BitMap, points: Sequence[AccessPoint]) -> Steps[Found]:
    """Return which of *records* have each word, number or year of access points."""
    found: Found = {}
    for point in points:
        yield from _walk(records, point.code, found)
    return found


def headings(records: BitMap, points: Sequence[AccessPoint]) -> Steps[Found]:
    """Return which of *records* have each whole heading of access points, of those that have headings.

    A name that all who have it have at more length (with the dates of a life) is there at that length only.
    """
    found: Found = {}
    codes = [HEADINGS + point.code for point in points if point.has_headings]
    if len(records) <= FEW:
        yield from _read(records, codes, found)
    else:
        for code in codes:
            yield from _walk(records, code, found)
    if any(point.names for point in points):
        yield from _at_length(found)
    return found


def owners(records: BitMap) -> Steps[dict[int, BitMap]]:
    """Return which of *records* each library (id) possesses an item of."""
    found: dict[int, BitMap] = {}
    spans = _spans(records)
    while calls := [_POSSESSED(*span) for span in islice(spans, _SPANS)]:
        for rows in (yield calls):
            for owner, number in rows:
                found.setdefault(owner, BitMap()).add(number)
    return {owner: had for owner, members in found.items() if (had := members & records)}


def first(found: Mapping[str, BitMap], number: int, *, by_count: bool, descending: bool) -> Steps[list[str]]:
    """Return the first *number* terms (at most `MAX_TERMS`) by their counts, of equals the lowest, or by themselves."""
    sign = -1 if descending else 1
    choose = nlargest if descending and not by_count else nsmallest
    kept: list[tuple[int, str]] = []
    left = iter(found.items())
    while piece := [(sign * len(hits) if by_count else 0, term) for term, hits in islice(left, _TERMS)]:
        kept = choose(min(number, MAX_TERMS), kept + piece)
        yield _PAUSE
    return [term for _, term in kept]


def _walk(records: BitMap, code: int, found: Found) -> Steps[None]:
    """Note who of *records* is in the postings of each term."""
    start = ""
    while True:
        (rows,) = yield [WALK(code, start, ROWS)]
        for term, size, data in rows:
            if size == 1 and int.from_bytes(data, "little") not in records:
                continue  # as it is with most
            hits = postings.decode(size, data) & records
            if hits:
                found[term] = found[term] | hits if term in found else hits
        if len(rows) < ROWS:
            return
        start = rows[-1][0]  # the rows of this term are read again: a union does not mind


def _read(records: BitMap, codes: Sequence[int], found: Found) -> Steps[None]:
    """Note the headings of *records*, by reading them."""
    for at in range(0, len(records), SLICE):
        for each in (yield from fetch(list(records[at : at + SLICE]))):
            if each is not None and not each.deleted:
                for key, _ in extraction.headings(each.fields(), each.form, codes):
                    if key:
                        found.setdefault(key, BitMap()).add(each.id)


def _at_length(found: Found) -> Steps[None]:
    """Take out the names that are but the beginnings of longer ones, for everyone who has them."""
    alone: Found = {}
    for place, (name, hits) in enumerate(found.items(), 1):
        end = name.rfind(" ")
        while end > 0:
            beginning = name[:end]
            if beginning in found:
                # In place: thousands may begin with the name of one that has very many records.
                if beginning not in alone:
                    alone[beginning] = found[beginning].copy()
                alone[beginning] -= hits
            end = name.rfind(" ", 0, end)
        if place % _TERMS == 0:
            yield _PAUSE
    for name, others in alone.items():
        if not others:
            del found[name]


def _spans(records: BitMap) -> Iterator[tuple[int, int]]:
    """Yield ranges that hold all of *records* and little else."""
    first = last = -1
    for number in records:
        if first < 0:
            first = number
        elif number - last > _GAP or number - first >= _WIDTH:
            yield first, last
            first = number
        last = number
    if first >= 0:
        yield first, last
