"""Records in the order in which they were changed: what a harvester asks for, deleted ones among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from pyroaring import BitMap
from sqlalchemy import and_, bindparam, func, or_, select

from storage.catalogue import postings
from storage.catalogue.access_points import DATABASES
from storage.schema import record
from storage.statements import Statement, Steps

ROWS: Final = 1_000
"""Records that are looked at at once: a database may have few of them."""

_CHANGES: Final = Statement(
    "changed records",
    select(record.c.id, record.c.modified_at, record.c.deleted)
    .where(
        record.c.modified_at >= bindparam("since"),
        record.c.modified_at <= bindparam("until"),
        or_(
            record.c.modified_at > bindparam("at"),
            and_(record.c.modified_at == bindparam("at"), record.c.id > bindparam("number")),
        ),
    )
    .order_by(record.c.modified_at, record.c.id)
    .limit(bindparam("rows")),
    "since", "until", "at", "number", "rows",
)  # fmt: skip
_EARLIEST: Final = Statement("earliest change", select(func.min(record.c.modified_at)))
_CHANGE: Final = Statement(
    "change of record", select(record.c.modified_at, record.c.deleted).where(record.c.id == bindparam("id")), "id"
)


class Change(NamedTuple):
    """A record's number, when it was last changed (seconds since 1970 UTC), and whether that was its deletion."""

    number: int
    at: int
    deleted: bool


class Part(NamedTuple):
    """A part of a list, whether more may come, and how far was looked: at this time, to this number."""

    found: list[Change]
    more: bool
    at: int
    number: int


def changes(since: int, until: int, at: int, number: int, wanted: int, members: BitMap | None) -> Steps[Part]:
    """Return the next records changed from *since* to *until*, later than *at* or at it and above *number*.

    At most *wanted*, of `ROWS` that are looked at: where *members* (None: all) are few, nobody waits for the whole walk. A deleted
    record is in no database any more, and so in every list.
    """
    found: list[Change] = []
    (rows,) = yield [_CHANGES(max(since, at), until, at, number, ROWS)]
    for row_number, row_at, deleted in rows:
        if deleted or members is None or row_number in members:
            if len(found) == wanted:
                return Part(found, more=True, at=at, number=number)
            found.append(Change(row_number, row_at, bool(deleted)))
        at, number = row_at, row_number
    return Part(found, len(rows) == ROWS, at, number)


def change(number: int) -> Steps[Change | None]:
    """Return the last change of one record, None when there never was one of this number."""
    (rows,) = yield [_CHANGE(number)]
    return Change(number, rows[0][0], bool(rows[0][1])) if rows else None


def earliest() -> Steps[int]:
    """Return when the first change was made that a list can hold; 0 when there is no record."""
    (((at,),),) = yield [_EARLIEST()]
    return at or 0


def memberships(databases: Sequence[int]) -> Steps[dict[int, BitMap]]:
    """Return the records of each of these databases."""
    answers = yield [postings.TERM(DATABASES, str(database)) for database in databases]
    return {database: postings.union(rows) for database, rows in zip(databases, answers, strict=True)}
