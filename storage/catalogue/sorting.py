"""Sort: the records of a bitmap in the order of their keys, and of those that are alike, if it counts, of how they are written.

Each sort point keeps an array of ranks, one for each record number, made by one walk along its postings and good for one
version of the catalogue. The ranks of a record under all keys of a sort, with its place behind them, are one whole number: so a
sort compares numbers only, is stable, and can be cut into pieces. Everything that is wide is done in slices, others served between.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from operator import itemgetter
from typing import Final

from pyroaring import BitMap
from sqlalchemy import bindparam, func, select

from storage.catalogue import postings
from storage.catalogue.access_points import PointKind, SortPoint
from storage.catalogue.search import VERSION
from storage.catalogue.spelling import SPELT, UNSPELT, Spelling
from storage.schema import item, past_loan, posting
from storage.statements import Call, Statement, Steps

ROWS: Final = 1_000
"""Postings that are read in one step: about a millisecond."""
SLICE: Final = 4_000
"""Records that are put in order in one step."""
MAX_KEYS: Final = 4
MAX_RECORDS: Final = 500_000
LOANS: Final = 200_000
"""The loans that count for use: the last so many that ended."""
_LOANS_SLICE: Final = 5_000
_SAMPLE: Final = 64

WALK: Final = Statement(
    "postings from",
    select(posting.c.term, posting.c.size, posting.c.bitmap)
    .where(posting.c.access_point == bindparam("access_point"), posting.c.term >= bindparam("start"))
    .order_by(posting.c.term, posting.c.block)
    .limit(bindparam("rows")),
    "access_point", "start", "rows",
)  # fmt: skip
_LAST_LOAN: Final = Statement("last loan", select(func.max(past_loan.c.id)))
_LENT: Final = Statement(
    "loans of records",
    select(item.c.record_id, func.count())
    .join_from(past_loan, item, past_loan.c.item_id == item.c.id)
    .where(past_loan.c.id > bindparam("first"), past_loan.c.id <= bindparam("last"), item.c.record_id.is_not(None))
    .group_by(item.c.record_id),
    "first", "last",
)  # fmt: skip
_PAUSE: Final[Sequence[Call]] = [VERSION()]
_NUMBER: Final = (1 << 32) - 1

BY_USE: Final = SortPoint(0, "use", "", "")
"""By how often the items of a record were lent of late; no postings say it."""


class Missing(Enum):
    """What a record without a key means for the sort."""

    FIRST = "it is less than every key"
    LAST = "it is greater than every key"
    ABORT = "nothing is sorted"


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of a sort; a text as `missing` is the key of those that have none. Of numbers and years no spelling counts."""

    by: SortPoint
    descending: bool = False
    missing: Missing | str = Missing.FIRST
    spelling: Spelling = UNSPELT

    @property
    def ranks(self) -> tuple[SortPoint, Spelling]:
        """What the ranks of records under this key are ranks of."""
        return self.by, self.spelling if self.by.kind is PointKind.WORDS and self.by is not BY_USE else UNSPELT


class SortError(Exception):
    """A sort that is not done: some record lacks the key of `by`, or (`by` is None) there are too many records."""

    def __init__(self, by: SortPoint | None) -> None:
        self.by = by
        super().__init__("too many records" if by is None else f"a record has no {by.name}")


@dataclass(slots=True)
class _Ranks:
    """The place of each record's key among all keys, in steps of two so that others fit between; 0 where it has none."""

    state: int
    of: array[int]

    def reach(self, number: int) -> None:
        """Have a rank for all records up to this one."""
        if number >= len(self.of):
            self.of.frombytes(bytes((number + 1 - len(self.of)) * self.of.itemsize))


_Of = tuple[SortPoint, Spelling]
_Numbers = tuple[int, ...] | BitMap


class Orders:
    """The ranks that were worked out, by what they are ranks of, each with the state of what it was made of."""

    def __init__(self) -> None:
        self._ranks: dict[_Of, _Ranks] = {}

    def get(self, of: _Of, state: int) -> _Ranks | None:
        """Return ranks as long as `state` is what they were made of."""
        ranks = self._ranks.get(of)
        return ranks if ranks is not None and ranks.state == state else None

    def put(self, of: _Of, ranks: _Ranks) -> None:
        """Keep ranks in the place of older ones."""
        self._ranks[of] = ranks


def sort(
    orders: Orders, records: BitMap, keys: Sequence[SortKey], order: array[int] | None = None
) -> Steps[array[int]]:
    """Return the numbers of `records` in the order of `keys`, the first of which counts most; equals stay as they are.

    They are in `order`, which holds each of them once, or, if that is None, in the order of their numbers. Raises SortError.
    """
    if len(records) > MAX_RECORDS:
        raise SortError(None)
    columns = []
    for key in keys:
        ranks = yield from _ranked(orders, key.ranks)
        ranks.reach(records.max() if records else 0)
        default = yield from _default(key, ranks)
        columns.append((key, ranks.of, default))
    pieces: list[list[int]] = []
    for at in range(0, len(records), SLICE):
        numbers = records[at : at + SLICE].to_array() if order is None else order[at : at + SLICE]
        places = numbers if order is None else range(at, at + len(numbers))
        values = [0] * len(numbers)
        for key, ranks_of, default in columns:
            found = [ranks_of[number] or default for number in numbers]
            if key.missing is Missing.ABORT and not all(found):
                raise SortError(key.by)
            if key.descending:
                found = [_NUMBER - rank for rank in found]
            values = [value << 32 | rank for value, rank in zip(values, found, strict=True)]
        pieces.append([value << 32 | place for value, place in zip(values, places, strict=True)])
        yield _PAUSE
    out = array("I")
    for piece in (yield from _ordered(pieces)):
        piece.sort()
        found = [value & _NUMBER for value in piece]
        out.extend(found if order is None else [order[place] for place in found])
        yield _PAUSE
    return out


def _ordered(pieces: list[list[int]]) -> Steps[list[list[int]]]:
    """Return the values of the pieces, all different, in pieces of about the same size, each less than the next."""
    if len(pieces) < 2:
        return pieces
    bounds = sorted(value for piece in pieces for value in piece[::_SAMPLE])[:: SLICE // _SAMPLE][1:]
    out: list[list[int]] = [[] for _ in range(len(bounds) + 1)]
    for piece in pieces:
        for value in piece:
            out[bisect_right(bounds, value)].append(value)
        yield _PAUSE
    return out


# --- ranks --------------------------------------------------------------------------------------------------------------------


def _ranked(orders: Orders, of: _Of) -> Steps[_Ranks]:
    by, spelling = of
    ((row,),) = yield [_LAST_LOAN() if by is BY_USE else VERSION()]
    state = (row[0] or 0) // _LOANS_SLICE if by is BY_USE else row[0]
    ranks = orders.get(of, state)
    if ranks is None:
        ranks = _Ranks(state, array("I"))
        yield from (_count(ranks, row[0] or 0) if by is BY_USE else _walk(ranks, by.code, spelling))
        orders.put(of, ranks)
    return ranks


def _walk(ranks: _Ranks, code: int, spelling: Spelling) -> Steps[None]:
    """Rank the records by the terms of their postings: one pass over them, in order."""
    rank, last, start = 0, "", ""
    tells = any(spelling)
    alike: list[tuple[tuple[str, str], _Numbers]] = []
    while True:
        (rows,) = yield [WALK(code, start, ROWS)]
        if len(rows) == ROWS:  # the last term may go on in rows that were not read
            start = rows[-1][0]
            rows = [row for row in rows if row[0] != start]
        else:
            start = ""
        for term, size, data in rows:
            key, _, spelt = term.partition(SPELT)
            if key != last:
                rank = (_tell_apart(ranks, alike, rank) if tells else rank) + 2
                last = key
            if tells:
                alike.append((spelling.of(spelt), postings.numbers(size, data)))
            else:
                _assign(ranks, postings.numbers(size, data), rank)
        if not start:
            _tell_apart(ranks, alike, rank)
            return


def _tell_apart(ranks: _Ranks, alike: list[tuple[tuple[str, str], _Numbers]], rank: int) -> int:
    """Rank records of one key by its spellings, from `rank` on, and return the last rank; `alike` is empty then."""
    before = None
    for spelt, members in sorted(alike, key=itemgetter(0)):
        if before is not None and spelt != before:
            rank += 2
        before = spelt
        _assign(ranks, members, rank)
    alike.clear()
    return rank


def _assign(ranks: _Ranks, members: _Numbers, rank: int) -> None:
    ranks.reach(members[-1])
    of = ranks.of
    for number in members:
        of[number] = rank


def _count(ranks: _Ranks, last: int) -> Steps[None]:
    """Rank the records by the number of their last loans."""
    for first in range(max(0, last - LOANS), last, _LOANS_SLICE):
        (rows,) = yield [_LENT(first, min(last, first + _LOANS_SLICE))]
        for number, loans in rows:
            ranks.reach(number)
            ranks.of[number] += 2 * loans


def _default(key: SortKey, ranks: _Ranks) -> Steps[int]:
    """Return the rank of records that have none."""
    by, spelling = key.ranks
    if isinstance(key.missing, Missing) or by is BY_USE:
        return _NUMBER if key.missing is Missing.LAST else 0
    value = _told(by.key(key.missing), spelling)
    # Spellings of one key do not stand in the order of all that may count: they are read together.
    (rows,) = yield [WALK(by.code, value[0], ROWS if any(spelling) else 1)]
    after = [row for row in rows if _told(row[0], spelling) >= value]
    if not after:
        return _NUMBER
    term, size, data = min(after, key=lambda row: _told(row[0], spelling))
    rank = ranks.of[postings.decode(size, data)[0]]
    return rank if _told(term, spelling) == value else rank - 1


def _told(term: str, spelling: Spelling) -> tuple[str, tuple[str, str]]:
    key, _, spelt = term.partition(SPELT)
    return key, spelling.of(spelt)
