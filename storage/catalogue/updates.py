"""Records changed one by one by cataloguers: each in its own commune's name, and none over what another has changed meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Connection, and_, insert, select

from protocols.marc.format import Format
from protocols.marc.iso2709 import fields as fields_of
from storage.catalogue.records import NewRecord, delete_records, lock_catalogue, save_records
from storage.schema import journal, record, supersession
from storage.usecase import Origin


class Action(Enum):
    """What is done with a record."""

    INSERT = "insert"
    REPLACE = "replace"
    SAVE = "insert or replace"
    DELETE = "delete"


class UpdateReason(Enum):
    """Why a record is not changed."""

    EXISTS = "there is a record of this number already"
    UNKNOWN = "there is no such record"
    NOT_YOURS = "the record is another commune's"
    CHANGED = "the record has been changed meanwhile"
    NO_NUMBER = "the record has no number"
    SUPERSEDED = "the record was merged into another, which is to be changed instead"
    MERGED = "others were merged into the record, and are to be taken apart first"


class UpdateRefused(Exception):
    """A record that is not changed; `detail` is its number or version."""

    def __init__(self, reason: UpdateReason, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)


@dataclass(frozen=True, slots=True)
class Content:
    """A record as it is to be: canonical octets, and how it is shown for short."""

    control: str
    form: Format
    iso2709: bytes
    title: str
    author: str


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done: the record's number here, or that of its source (else the content's); the version that was seen.

    A version is the record's own count of changes, or what its field 005 says.
    """

    action: Action
    number: int | None = None
    control: str = ""
    version: str | None = None
    content: Content | None = None


def change_record(
    connection: Connection, origin: Origin, sources: Sequence[str], change: Change, databases: Sequence[int], now: int
) -> int:
    """Change a record in the name of `sources`, the first of which new ones belong to; return its number.

    In the transaction of `connection`, with its row of the journal; a new or replaced record is in `databases` (ids).
    Raises UpdateRefused.
    """
    lock_catalogue(connection)
    act, number = _changed(connection, sources, change, databases, now)
    connection.execute(
        insert(journal).values(
            at=now,
            act=f"record-{act.value}",
            channel=origin.channel,
            actor=origin.actor,
            library_id=origin.library_id,
            detail=f"record={number} databases={','.join(map(str, databases))}",
        )
    )
    return number


def _changed(
    connection: Connection, sources: Sequence[str], change: Change, databases: Sequence[int], now: int
) -> tuple[Action, int]:
    """Return what was done, and to which record."""
    control = change.control or (change.content.control if change.content is not None else "")
    found = _found(connection, sources, change.number, control)
    if found is None or found.source not in sources:
        _refuse_superseded(connection, sources, change.number, control)
    if found is None:
        if change.action in {Action.REPLACE, Action.DELETE} or change.number is not None:
            raise UpdateRefused(UpdateReason.UNKNOWN, control or str(change.number))
        return Action.INSERT, _save(connection, change.content, sources[0], control, databases, now)
    if found.source not in sources:
        raise UpdateRefused(UpdateReason.NOT_YOURS, found.source)
    if change.action is Action.INSERT:
        raise UpdateRefused(UpdateReason.EXISTS, control)
    if change.version is not None and change.version not in _versions(found):
        raise UpdateRefused(UpdateReason.CHANGED, str(found.version))
    if change.action is Action.DELETE:
        others = (
            connection.execute(select(supersession.c.record_id).where(supersession.c.by_id == found.id)).scalars().all()
        )
        if others:
            raise UpdateRefused(UpdateReason.MERGED, " ".join(map(str, others)))
        delete_records(connection, [found.id], now)
        return Action.DELETE, int(found.id)
    return Action.REPLACE, _save(connection, change.content, found.source, found.control, databases, now)


def _found(connection: Connection, sources: Sequence[str], number: int | None, control: str) -> Any:
    """Return the record that is meant, first among those of `sources`; None where there is none."""
    columns = (record.c.id, record.c.source, record.c.control, record.c.version, record.c.iso2709)
    wanted = record.c.id == number if number is not None else record.c.control == control
    rows = connection.execute(select(*columns).where(wanted, record.c.deleted == 0).order_by(record.c.id)).all()
    own = [row for row in rows if row.source in sources]
    return next(iter(own or rows), None)


def _refuse_superseded(connection: Connection, sources: Sequence[str], number: int | None, control: str) -> None:
    """Raise when the record that is meant stands for another by now: what is sent would be lost, or change what was not seen."""
    wanted = (
        record.c.id == number if number is not None else and_(record.c.control == control, record.c.source.in_(sources))
    )
    merged = select(supersession.c.by_id).join(record, record.c.id == supersession.c.record_id).where(wanted)
    by = connection.execute(merged).scalar()
    if by is not None:
        raise UpdateRefused(UpdateReason.SUPERSEDED, str(by))


def _versions(found: Any) -> set[str]:
    stamps = {data.decode("utf-8", "replace").strip() for tag, data in fields_of(found.iso2709) if tag == b"005"}
    return {str(found.version), *stamps}


def _save(
    connection: Connection, content: Content | None, source: str, control: str, databases: Sequence[int], now: int
) -> int:
    if content is None or not control:
        raise UpdateRefused(UpdateReason.NO_NUMBER)
    new = NewRecord(source, control, content.form, content.iso2709, content.title, content.author)
    return save_records(connection, [new], databases, now).ids[0]
