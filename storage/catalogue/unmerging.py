"""A merge undone, in one transaction: the superseded record lives again, and what moved with it follows back.

Items that came with it and are still on the base go back, and with them their loans, which know items alone. A hold goes with
the item that is captured for it; one that has none goes back where it was placed. The base says again what it says by itself
and what is still merged into it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, delete, exists, or_, select, update

from protocols.marc.format import Format
from protocols.marc.record import Record
from storage.catalogue.joined import own_content
from storage.catalogue.merging import MOVES, MergeReason, MergeRefused, Move, lock_records, note
from storage.catalogue.records import NewRecord, leave_databases, lock_catalogue, save_records
from storage.schema import hold, item, merge_move, pull, record, supersession
from storage.usecase import Origin


class Unmerged(NamedTuple):
    """Which record lives again, apart from which, and what went back to it."""

    record: int
    base: int
    items: int
    holds: int


def unmerge_record(connection: Connection, number: int, origin: Origin, now: int) -> Unmerged:
    """Undo the merge of a superseded record, in the transaction of `connection`. Raises MergeRefused; then nothing was written.

    A record that was merged into one which was merged further is taken apart after that one.
    """
    lock_catalogue(connection)
    found = connection.execute(select(supersession).where(supersession.c.record_id == number)).first()
    if found is None:
        there = connection.execute(select(record.c.id).where(record.c.id == number)).first()
        raise MergeRefused(MergeReason.UNKNOWN if there is None else MergeReason.NOT_MERGED, str(number))
    if found.into_id != found.by_id:
        raise MergeRefused(MergeReason.MERGED_FURTHER, str(found.into_id))
    base = found.by_id
    rows = lock_records(connection, base, number)
    _part(connection, rows[number], rows[base], found, now)
    moved = {move: _back(connection, move, number, base) for move in MOVES}
    _release_pulls(connection, number, base, now)
    connection.execute(delete(merge_move).where(merge_move.c.record_id == number))
    for move, numbers in moved.items():
        for each in numbers:
            note(connection, "record-unmerge", origin, now, f"{base}>{number}", move, each)
    note(connection, "record-unmerge", origin, now, f"{base}>{number}")
    items, holds, _requests = moved.values()
    return Unmerged(number, base, len(items), len(holds))


def _part(connection: Connection, loser: Any, base: Any, found: Any, now: int) -> None:
    """Have both say what each says without the other, and be in the databases that each was in."""
    own = _without_number(own_content(connection, base.id, base.iso2709), f"({loser.source}){loser.control}")
    connection.execute(delete(supersession).where(supersession.c.record_id == loser.id))
    _point_to(connection, loser.id, loser.id)
    if not base.deleted:
        _save(connection, base, own, [], now)
        leave_databases(connection, base.id, _still_gained(connection, base.id, found), now)
    _save(connection, loser, own_content(connection, loser.id, loser.iso2709), _ids(found.databases), now)


def _point_to(connection: Connection, number: int, by: int) -> None:
    """Have all that were merged into a record, and into those, point to *by*."""
    merged = (
        connection.execute(select(supersession.c.record_id).where(supersession.c.into_id == number)).scalars().all()
    )
    for each in merged:
        connection.execute(update(supersession).where(supersession.c.record_id == each).values(by_id=by))
        _point_to(connection, each, by)


def _save(connection: Connection, row: Any, own: bytes, databases: Iterable[int], now: int) -> None:
    saved = NewRecord(row.source, row.control, Format(row.format), own, row.title, row.author)
    save_records(connection, [saved], databases, now)


def _without_number(raw: bytes, number: str) -> bytes:
    """Return a record without the number of another one, which whoever saved the whole has made its own."""
    read = Record.from_iso2709(raw)
    left = [field for field in read.fields if (field.tag, field.get("a")) != ("035", number)]
    return raw if len(left) == len(read.fields) else Record(read.leader, left).to_iso2709()


def _still_gained(connection: Connection, base: int, found: Any) -> set[int]:
    """Return the databases that the base joined for the sake of this record alone."""
    others = connection.execute(select(supersession.c.databases).where(supersession.c.by_id == base)).scalars()
    return set(_ids(found.gained)).difference(*map(_ids, others))


def _ids(text: str) -> list[int]:
    return [int(each) for each in text.split()]


# --- what follows back ---------------------------------------------------------------------------------------------------


def _back(connection: Connection, move: Move, number: int, base: int) -> list[int]:
    """Move rows back to a record; items come before holds, which may go with them."""
    rows = move.table.c
    noted = exists().where(
        merge_move.c.record_id == number, merge_move.c.kind == move.kind, merge_move.c.number == rows.id
    )
    wanted = and_(
        rows.record_id == base, move.wanted, _GOES.get(move.kind, lambda noted, _number: noted)(noted, number)
    )
    moved = list(connection.execute(select(rows.id).where(wanted).order_by(rows.id)).scalars())
    for each in moved:
        connection.execute(update(move.table).where(rows.id == each).values(record_id=number))
    return moved


def _hold_goes(noted: Any, number: int) -> Any:
    captured = exists().where(item.c.id == hold.c.item_id, item.c.record_id == number)
    return or_(and_(hold.c.item_id.is_(None), noted), captured)


_GOES: Final = {"hold": _hold_goes}
"""Kinds of which more counts than whether a row came from the record."""


def _release_pulls(connection: Connection, number: int, base: int, now: int) -> None:
    """Ask no library any more for an item that is of the other record than its hold: the next round asks for another."""
    apart = exists().where(
        hold.c.id == pull.c.hold_id,
        item.c.id == pull.c.item_id,
        hold.c.record_id.in_([number, base]),
        item.c.record_id != hold.c.record_id,
    )
    released = update(pull).where(pull.c.outcome.is_(None), apart)
    connection.execute(released.values(outcome="released", ended_at=now))
