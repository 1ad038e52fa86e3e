"""Two records of one document made one, in one transaction: nothing is lost, and the journal tells what was moved.

The record of the higher source, else the fuller one, is the base and keeps its number. Items, open holds and open requests of the
other move to it, each noted (`merge_move`); the other keeps its row and content, deleted, with a pointer (`supersession`): its old
number leads to the base.
`storage.catalogue.unmerging` undoes it.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, insert, select, true, update

from protocols.marc.format import Format
from protocols.marc.merge import fullness, is_national
from protocols.marc.record import Record
from storage.bulk import insert_rows
from storage.catalogue.joined import Loser, own_content, with_losers
from storage.catalogue.ranks import PLACES, Ranks, SourceRank
from storage.catalogue.records import NewRecord, databases_of, delete_records, lock_catalogue, save_records
from storage.schema import hold, ill_request, item, journal, merge_move, record, supersession
from storage.usecase import Origin


class MergeReason(Enum):
    """Why two records are not merged, or not taken apart; the value is a code for programs."""

    UNKNOWN = "unknown-record"
    SAME = "same-record"
    HELD_TWICE = "held-twice"
    TOO_LONG = "too-long"
    NOT_MERGED = "not-merged"
    MERGED_FURTHER = "merged-further"


class MergeRefused(Exception):
    """Two records that stay as they are; `detail` names the record or the holds."""

    def __init__(self, reason: MergeReason, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)


class Merged(NamedTuple):
    """Which record is left, which is superseded, and what moved."""

    base: int
    superseded: int
    items: int
    holds: int


_COLUMNS: Final = (
    record.c.id, record.c.format, record.c.iso2709, record.c.source, record.c.control, record.c.title, record.c.author,
    record.c.deleted,
)  # fmt: skip


_ALL_ALIKE: Final[Ranks] = MappingProxyType({})


def survivor(connection: Connection, number: int) -> int:
    """Return the number under which a record is found: its own, or that of the one which superseded it."""
    found = connection.execute(select(supersession.c.by_id).where(supersession.c.record_id == number)).scalar()
    return number if found is None else int(found)


def merge_records(
    connection: Connection,
    first: int,
    second: int,
    origin: Origin,
    now: int,
    keep: int | None = None,
    ranks: Ranks = _ALL_ALIKE,
) -> Merged:
    """Merge two records in the transaction of `connection`. Raises MergeRefused; then nothing was written.

    *keep* is the base, else that of the higher source by *ranks*, else the fuller, else the older; the national library's own
    record is of its rank, whoever gave it. Old numbers of merged records stand for those that superseded them.
    """
    lock_catalogue(connection)
    first, second = survivor(connection, first), survivor(connection, second)
    if first == second:
        raise MergeRefused(MergeReason.SAME, str(first))
    rows = {number: row for number, row in lock_records(connection, first, second).items() if not row.deleted}
    for number in (first, second):
        if number not in rows:
            raise MergeRefused(MergeReason.UNKNOWN, str(number))
    base, other = _ranked(rows, survivor(connection, keep) if keep is not None else None, ranks)
    _refuse_held_twice(connection, base.id, other.id)
    _supersede(connection, base, other, now)
    moved = {move: _move(connection, move, base.id, other.id) for move in MOVES}
    for move, numbers in moved.items():
        for number in numbers:
            note(connection, "record-merge", origin, now, f"{other.id}>{base.id}", move, number)
    note(connection, "record-merge", origin, now, f"{other.id}>{base.id}")
    items, holds, _requests = moved.values()
    return Merged(base.id, other.id, len(items), len(holds))


def lock_records(connection: Connection, first: int, second: int) -> dict[int, Any]:
    """Lock two records and what is on them; return the rows of those that there are, by number.

    In the order of circulation's own locks. Who places a hold locks its title last: it waits until the pointer is there, or
    the hold is there to be moved.
    """
    for table in (item, hold):
        locked = select(table.c.id).where(table.c.record_id.in_([first, second])).order_by(table.c.id)
        connection.execute(locked.with_for_update(key_share=True))
    wanted = select(*_COLUMNS).where(record.c.id.in_([first, second])).order_by(record.c.id).with_for_update()
    return {row.id: row for row in connection.execute(wanted)}


def _ranked(rows: dict[int, Any], keep: int | None, ranks: Ranks) -> tuple[Any, Any]:
    """Return the base and the other."""

    def rank(row: Any) -> tuple[bool, int, int, int]:
        read, form = Record.from_iso2709(row.iso2709), Format(row.format)
        given = ranks.get(row.source.casefold(), SourceRank.OTHER)
        source = SourceRank.NATIONAL if is_national(read, form) else given
        return row.id == keep, -PLACES[source], fullness(read, form), -row.id

    base, other = sorted(rows.values(), key=rank, reverse=True)
    return base, other


def _refuse_held_twice(connection: Connection, base: int, other: int) -> None:
    """Raise when a reader waits for both, and so would wait twice for one title: which hold ends is not ours to say."""
    twin = hold.alias()
    both = select(hold.c.id, twin.c.id).join(
        twin, and_(twin.c.patron_id == hold.c.patron_id, twin.c.volume == hold.c.volume, twin.c.record_id == other)
    )
    pairs = connection.execute(both.where(hold.c.record_id == base)).all()
    if pairs:
        raise MergeRefused(MergeReason.HELD_TWICE, " ".join(str(number) for pair in pairs for number in pair))


def _supersede(connection: Connection, base: Any, other: Any, now: int) -> None:
    form = Format(base.format)
    lost = Loser(Format(other.format), other.iso2709, other.source, other.control)
    if with_losers(form, base.iso2709, [lost]) == base.iso2709:  # the loser's number alone would make a difference
        raise MergeRefused(MergeReason.TOO_LONG, str(base.id))
    own = own_content(connection, base.id, base.iso2709)
    databases, had = databases_of(connection, other.id), databases_of(connection, base.id)
    delete_records(connection, [other.id], now)
    pointers = update(supersession).where(supersession.c.by_id == other.id)
    connection.execute(pointers.values(by_id=base.id))
    pointer = {
        "record_id": other.id, "by_id": base.id, "into_id": base.id, "before": base.iso2709, "at": now,
        "databases": " ".join(map(str, databases)),
        "gained": " ".join(str(each) for each in databases if each not in had),
    }  # fmt: skip
    connection.execute(insert(supersession).values(pointer))
    saved = NewRecord(base.source, base.control, form, own, base.title, base.author)
    save_records(connection, [saved], databases, now)


class Move(NamedTuple):
    """Rows that go where their record goes: what they are called, which, and the journal's column for their ids."""

    kind: str
    table: Table
    wanted: ColumnElement[bool]
    noted: str = ""


MOVES: Final = (
    Move("item", item, true(), "item_id"),
    Move("hold", hold, true(), "hold_id"),
    Move("ill-request", ill_request, ill_request.c.closed_at.is_(None)),
)


def _move(connection: Connection, move: Move, base: int, other: int) -> list[int]:
    """Move rows from one record to the other, and remember which."""
    rows = and_(move.table.c.record_id == other, move.wanted)
    moved = list(connection.execute(select(move.table.c.id).where(rows).order_by(move.table.c.id)).scalars())
    connection.execute(update(move.table).where(rows).values(record_id=base))
    insert_rows(connection, merge_move, ("record_id", "kind", "number"), [(other, move.kind, each) for each in moved])
    return moved


def note(
    connection: Connection, act: str, origin: Origin, now: int, detail: str, move: Move | None = None, number: int = 0
) -> None:
    """Write the journal's row of a merge or its undoing, or of one thing that moved with it."""
    said = {"at": now, "act": act, "channel": origin.channel, "actor": origin.actor, "detail": detail}
    about = {move.noted: number} if move is not None and move.noted else {}
    if move is None or about:
        connection.execute(insert(journal).values(**said, library_id=origin.library_id or None, **about))
