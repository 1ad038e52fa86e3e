"""What a record says with those that were merged into it: found again whenever it is saved, so that no import undoes a merge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy import Connection, Select, select, update

from protocols.marc.crosswalk import convert
from protocols.marc.errors import Unwritable
from protocols.marc.format import Format
from protocols.marc.merge import combine
from protocols.marc.record import Field, Record, Subfield
from storage.schema import record, supersession

_KEYS: Final = 500


class Loser(NamedTuple):
    """A record that was merged into another, as it was."""

    form: Format
    iso2709: bytes
    source: str
    control: str


@dataclass(slots=True)
class Supersessions:
    """Of some records: by whom they are superseded, and whom they supersede, in the order of the merges."""

    by: dict[int, int] = field(default_factory=dict)
    losers: dict[int, list[Loser]] = field(default_factory=dict)


def supersessions(connection: Connection, ids: Sequence[int]) -> Supersessions:
    """Return what was merged, of the records *ids*."""
    found = Supersessions()
    columns = (supersession.c.by_id, record.c.format, record.c.iso2709, record.c.source, record.c.control)
    losers = select(*columns).join(record, record.c.id == supersession.c.record_id)
    for at in range(0, len(ids), _KEYS):
        some = ids[at : at + _KEYS]
        pairs = select(supersession.c.record_id, supersession.c.by_id)
        found.by.update(
            (row.record_id, row.by_id) for row in connection.execute(pairs.where(supersession.c.record_id.in_(some)))
        )
        ordered = losers.where(supersession.c.by_id.in_(some)).order_by(supersession.c.at, supersession.c.record_id)
        for by_id, form, *rest in connection.execute(ordered):
            found.losers.setdefault(by_id, []).append(Loser(Format(form), *rest))
    return found


def merges_of(connection: Connection, number: int) -> list[int]:
    """Return a superseded record, and those that it was merged into, up to the living one, which is left out."""
    out = []
    into: int | None = number
    while into is not None:
        out.append(into)
        into = connection.execute(select(supersession.c.into_id).where(supersession.c.record_id == into)).scalar()
    return out[:-1]


def own_content(connection: Connection, number: int, whole: bytes) -> bytes:
    """Return what a record says by itself, where others may have been merged into it; *whole* is what it holds."""
    first = connection.execute(_first(number)).first()
    return whole if first is None else bytes(first.before)


def keep_own_content(connection: Connection, number: int, own: bytes) -> None:
    """Note what a record that others were merged into says by itself from now on."""
    first = connection.execute(_first(number)).first()
    if first is not None:
        wanted = supersession.c.record_id == first.record_id
        connection.execute(update(supersession).where(wanted).values(before=own))


def _first(number: int) -> Select[tuple[int, bytes]]:
    """Select the first record that was merged into one, and what that one held before."""
    columns = select(supersession.c.record_id, supersession.c.before)
    return (
        columns.where(supersession.c.into_id == number).order_by(supersession.c.at, supersession.c.record_id).limit(1)
    )


def with_losers(form: Format, iso2709: bytes, losers: Iterable[Loser]) -> bytes:
    """Return a record (canonical, in *form*) with what only its *losers* say; as it is where the whole would be too long."""
    others = [convert(_numbered(loser), loser.form, form).record for loser in losers]
    try:
        return combine(Record.from_iso2709(iso2709), others, form).to_iso2709()
    except Unwritable:
        return iso2709


def _numbered(loser: Loser) -> Record:
    """Return a loser with its number as another system's number, by which it is found from now on."""
    read = Record.from_iso2709(loser.iso2709)
    number = Field("035", subfields=[Subfield("a", f"({loser.source}){loser.control}")])
    return Record(read.leader, [*read.fields, number])
