"""Copy-cataloguing: records from elsewhere into the catalogue, each matched with what is there and merged with it, in one transaction.

Of records that describe one document the first is taken; the caller brings them in the order of its preference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, insert, select

from protocols.marc.format import Format
from protocols.marc.record import Record
from storage.catalogue.access_points import OTHER_NUMBER
from storage.catalogue.matching import MERGED_FROM, About, Verdict, about, likeness, matches, score
from storage.catalogue.merging import MergeRefused, merge_records, survivor
from storage.catalogue.ranks import Ranks
from storage.catalogue.records import NewRecord, lock_catalogue, save_records
from storage.ids import new_id
from storage.intake.marc_import import databases_named
from storage.intake.marc_read import SourceRecord
from storage.schema import anomaly, record
from storage.usecase import Origin

SOURCE: Final = "fetch:"
"""Before a target's name, in the source of records that came from it: no library is called so."""
LIKENESS: Final = "record-likeness"
"""Kind of the anomaly that asks people to look at two records."""


class Fate(Enum):
    """What became of a record."""

    ADDED = "added"
    MERGED = "merged"
    DOUBTFUL = "doubtful"
    APART = "kept-apart"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"


class Copied(NamedTuple):
    """What became of a record: its number in the catalogue (of the one that is left, where it was merged), and the other's.

    `other` is the superseded record's number (merged), that of a record like it (doubtful, kept apart), else None.
    """

    target: str
    control: str
    title: str
    fate: Fate
    record: int | None
    other: int | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Names of the databases that records join (none: the default), who asks, when; whether all is undone; sources' ranks."""

    databases: Sequence[str]
    origin: Origin
    now: int
    dry_run: bool = False
    ranks: Ranks = field(default_factory=dict)


class Copier:
    """Copies what was found for one question, in one transaction or several."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._taken: list[tuple[_Known, int]] = []

    def copy(self, connection: Connection, batch: Sequence[tuple[str, SourceRecord]]) -> list[Copied]:
        """Save records, each with the name of its target, in the transaction of `connection`."""
        if not self._task.dry_run:
            return self._copied(connection, batch)
        undone = connection.begin_nested()
        try:
            return self._copied(connection, batch)
        finally:
            undone.rollback()

    def _copied(self, connection: Connection, batch: Sequence[tuple[str, SourceRecord]]) -> list[Copied]:
        lock_catalogue(connection)
        databases = databases_named(connection, self._task.databases)
        out: list[Copied] = []
        for target, source in batch:
            new = NewRecord(
                SOURCE + target, source.control, Format(source.form), source.text.encode(), source.title, source.author
            )
            new.prepare()
            known = _known(new)
            first = next((number for earlier, number in self._taken if _alike(earlier, known)), None)
            if first is not None:
                out.append(Copied(target, source.control, source.title, Fate.DUPLICATE, survivor(connection, first)))
                continue
            fate, number, other = _save(connection, self._task, new, databases)
            self._taken.append((known, number))
            out.append(Copied(target, source.control, source.title, fate, number, other))
        return out


class _Known(NamedTuple):
    """By what a new record is compared with the others that came."""

    numbers: set[str]
    about: About


def _known(new: NewRecord) -> _Known:
    numbers = set(new.terms()[OTHER_NUMBER.code])
    return _Known(numbers, about(Record.from_iso2709(new.iso2709), new.form))


def _alike(one: _Known, other: _Known) -> bool:
    """Tell whether two new records surely describe one document, as `storage.catalogue.matching` would."""
    points = score(one.about, other.about) if one.numbers & other.numbers else likeness(one.about, other.about)
    return points >= MERGED_FROM


def _save(connection: Connection, task: Task, new: NewRecord, databases: Sequence[int]) -> tuple[Fate, int, int | None]:
    there = select(record.c.id).where(record.c.source == new.source, record.c.control == new.control)
    known = connection.execute(there).scalar()
    saved = save_records(connection, [new], databases, task.now)
    number = saved.ids[0]
    if known is not None:
        return (Fate.REPLACED if saved.replaced else Fate.UNCHANGED), number, None
    best = next(iter(matches(connection, new)), None)
    if best is None:
        return Fate.ADDED, number, None
    if best.verdict is Verdict.DOUBTFUL:
        _ask_people(connection, task.now, f"{number} ~ {best.id}")
        return Fate.DOUBTFUL, number, best.id
    try:
        merged = merge_records(connection, best.id, number, task.origin, task.now, ranks=task.ranks)
    except MergeRefused as refused:
        _ask_people(connection, task.now, f"{number} ~ {best.id} ({refused})")
        return Fate.APART, number, best.id
    return Fate.MERGED, merged.base, merged.superseded


def _ask_people(connection: Connection, now: int, detail: str) -> None:
    connection.execute(insert(anomaly).values(id=new_id(), kind=LIKENESS, at=now, detail=detail))


def to_json(copied: Sequence[Copied]) -> list[dict[str, Any]]:
    """Return what became of records in values that JSON can hold."""
    return [each._asdict() | {"fate": each.fate.value} for each in copied]
