"""Records: kept whole as UTF-8 ISO 2709, fetched by number, saved and deleted with their postings in one transaction.

Numbers are dense and never used again: a number is the record's bit in every posting, so a deleted record keeps its row and loses
its postings. The databases of a record are postings as well (`access_points.DATABASES`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pyroaring import BitMap
from sqlalchemy import Connection, bindparam, select, update

from protocols.marc.format import Format
from protocols.marc.iso2709 import LEADER, RawField
from protocols.marc.iso2709 import fields as fields_of
from storage.bulk import insert_rows, new_ids
from storage.catalogue import postings
from storage.catalogue.access_points import DATABASES
from storage.catalogue.extraction import Terms, extract
from storage.catalogue.joined import keep_own_content, own_content, supersessions, with_losers
from storage.catalogue.postings import Index, Inverter
from storage.schema import catalogue_version, database, posting, record, supersession
from storage.statements import Row, Statement, Steps


class StoredRecord(NamedTuple):
    """A record as it is kept; `version` counts its changes from 1."""

    id: int
    form: Format
    iso2709: bytes
    version: int
    title: str
    author: str
    deleted: bool

    def fields(self) -> list[RawField]:
        """Return its fields in UTF-8 octets."""
        return fields_of(self.iso2709)


_COLUMNS: Final = (
    record.c.id, record.c.format, record.c.iso2709, record.c.version, record.c.title, record.c.author, record.c.deleted,
)  # fmt: skip
_FORMS: Final = {form.value: form for form in Format}
_SEVERAL: Final = 10
FETCH: Final = Statement("record", select(*_COLUMNS).where(record.c.id == bindparam("id")), "id")
# One statement for ten numbers costs as much as two for one each; fewer are filled up with the last.
FETCH_SEVERAL: Final = Statement(
    "records",
    select(*_COLUMNS).where(record.c.id.in_([bindparam(f"id{i}") for i in range(_SEVERAL)])),
    *(f"id{i}" for i in range(_SEVERAL)),
)
_KEYS: Final = 500
"""Keys that are looked up at once."""


SUPERSEDED: Final = Statement(
    "record by which superseded",
    select(supersession.c.by_id).where(supersession.c.record_id == bindparam("record")),
    "record",
)


def living(number: int) -> Steps[int]:
    """Return the number under which a record is found: its own, or that of the one it was merged into."""
    (found,) = yield [SUPERSEDED(number)]
    return int(found[0][0]) if found else number


def fetch(ids: Sequence[int]) -> Steps[list[StoredRecord | None]]:
    """Return the records of these numbers, in their order; None where there never was one."""
    if len(ids) == 1:
        answers = yield [FETCH(ids[0])]
    else:
        groups = [[*ids[at : at + _SEVERAL]] for at in range(0, len(ids), _SEVERAL)]
        answers = yield [FETCH_SEVERAL(*group, *group[-1:] * (_SEVERAL - len(group))) for group in groups]
    found = {row[0]: _stored(row) for rows in answers for row in rows}
    return [found.get(number) for number in ids]


def _stored(row: Row) -> StoredRecord:
    number, form, data, version, title, author, deleted = row
    return StoredRecord(number, _FORMS[form], data, version, title, author, bool(deleted))


# --- saving -------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class NewRecord:
    """A record to save, known by its number in its source. `iso2709` is canonical (`protocols.marc.canonical`)."""

    source: str
    control: str
    form: Format
    iso2709: bytes
    title: str
    author: str
    _terms: Terms | None = None

    def terms(self) -> Terms:
        """Return its terms, found anew unless `prepare` was called."""
        return self._terms or terms_of(self.form, self.iso2709)

    def prepare(self) -> None:
        """Find and keep the terms: what saves beside the traffic of kiosks does it before it takes the write turn."""
        self._terms = terms_of(self.form, self.iso2709)


@dataclass(slots=True)
class Saved:
    """What became of the records that were saved: their numbers, in order, and how many were new or changed.

    `superseded` are, by place, the own numbers of those that were merged into another, whose number is among `ids`.
    """

    ids: list[int] = field(default_factory=list)
    superseded: dict[int, int] = field(default_factory=dict)
    added: int = 0
    replaced: int = 0
    unchanged: int = 0


_KEPT: Final = ("format", "iso2709", "title", "author")
_NEW: Final = ("id", "source", "control", *_KEPT, "created_at", "modified_at")


def lock_catalogue(connection: Connection) -> None:
    """Make those who change the catalogue come one after the other (on SQLite every transaction that writes does)."""
    connection.execute(select(catalogue_version.c.version).with_for_update())


def save_records(
    connection: Connection,
    records: Sequence[NewRecord],
    databases: Iterable[int],
    now: int,
    index: Index | None = None,
) -> Saved:
    """Save records with their postings, in the transaction of `connection`; a record saved again unchanged costs a look.

    A record joins `databases` (ids) and leaves none. Its key is (source, control), once in `records`. `now` is in seconds
    since 1970 UTC. A record that was merged into another stands for that one, which says what only this one says now; one that
    others were merged into keeps what only they say. `index` is `index_of` the records, if that was made already.
    """
    lock_catalogue(connection)
    saved = Saved()
    added, removed = Inverter(), Inverter()
    old = _existing(connection, records)
    merged = supersessions(connection, [before.id for before in old.values()])
    numbers = new_ids(connection, record, len(records) - len(old))
    rows = []
    wholes: set[int] = set()
    fresh = [0] * len(records)
    for place, each in enumerate(records):
        before = old.get((each.source, each.control))
        if before is not None and before.id in merged.by:
            saved.ids.append(merged.by[before.id])
            saved.superseded[place] = before.id
            if _says_else(connection, before, each):
                saved.replaced += 1
                wholes.add(merged.by[before.id])
            else:
                saved.unchanged += 1
            continue
        if before is not None and before.id in merged.losers:
            keep_own_content(connection, before.id, each.iso2709)
            whole = with_losers(each.form, each.iso2709, merged.losers[before.id])
            each = NewRecord(each.source, each.control, each.form, whole, each.title, each.author)  # noqa: PLW2901
        values = (each.form.value, each.iso2709, each.title, each.author)
        if before is None:
            number = next(numbers)
            saved.added += 1
            saved.ids.append(number)
            rows.append((number, each.source, each.control, *values, now, now))
            if index is None:
                added.add(number, each.terms())
            fresh[place] = number
            continue
        saved.ids.append(before.id)
        if (before.format, before.iso2709, before.deleted) == (*values[:2], 0):
            saved.unchanged += 1
            continue
        saved.replaced += 1
        changed = dict(zip(_KEPT, values, strict=True), version=record.c.version + 1, deleted=0, modified_at=now)
        connection.execute(update(record).where(record.c.id == before.id).values(changed))
        _change(before, each.terms(), added, removed)
    insert_rows(connection, record, _NEW, rows)
    if index is not None:
        added.take(index, fresh)
    joined: set[int] = set()
    for database_id in databases:
        term = str(database_id)
        members = _members(connection, term)
        for found in saved.ids:
            if found not in members:
                added.add(found, {DATABASES: [term]})
                joined.add(found)
    # A record that joins a database has changed for who harvests that.
    dates = [{"number": number} for number in sorted(joined & {before.id for before in old.values()})]
    if dates:
        connection.execute(update(record).where(record.c.id == bindparam("number")).values(modified_at=now), dates)
    _write(connection, added, removed)
    for number in sorted(wholes):
        _save_whole(connection, number, now)
    return saved


def _says_else(connection: Connection, before: Any, new: NewRecord) -> bool:
    """Keep what a superseded record says from now on; tell whether it said something else."""
    if own_content(connection, before.id, before.iso2709) == new.iso2709:
        return False
    keep_own_content(connection, before.id, new.iso2709)
    said = dict(zip(_KEPT, (new.form.value, new.iso2709, new.title, new.author), strict=True))
    connection.execute(update(record).where(record.c.id == before.id).values(said | {"version": record.c.version + 1}))
    return True


def _save_whole(connection: Connection, number: int, now: int) -> None:
    """Save a record anew with what those say that were merged into it."""
    row = connection.execute(select(*_COLUMNS, record.c.source, record.c.control).where(record.c.id == number)).one()
    own = own_content(connection, number, row.iso2709)
    save_records(
        connection, [NewRecord(row.source, row.control, _FORMS[row.format], own, row.title, row.author)], [], now
    )


def delete_records(connection: Connection, ids: Iterable[int], now: int) -> int:
    """Delete records in the transaction of `connection`: nothing finds them any more; return how many there were."""
    lock_catalogue(connection)
    removed = Inverter()
    count = 0
    terms = [str(number) for number in connection.execute(select(database.c.id)).scalars()]
    members = {term: _members(connection, term) for term in terms}
    for number in ids:
        before = connection.execute(select(*_COLUMNS).where(record.c.id == number, record.c.deleted == 0)).first()
        if before is None:
            continue
        count += 1
        changed = {"deleted": 1, "version": record.c.version + 1, "modified_at": now}
        connection.execute(update(record).where(record.c.id == number).values(changed))
        removed.add(number, terms_of(_FORMS[before.format], before.iso2709))
        removed.add(number, {DATABASES: [term for term in terms if number in members[term]]})
    _write(connection, Inverter(), removed)
    return count


def leave_databases(connection: Connection, number: int, databases: Iterable[int], now: int) -> None:
    """Take a record out of databases (ids), in the transaction of `connection`."""
    terms = [str(each) for each in databases if number in _members(connection, str(each))]
    if terms:
        removed = Inverter()
        removed.add(number, {DATABASES: terms})
        connection.execute(update(record).where(record.c.id == number).values(modified_at=now))
        _write(connection, Inverter(), removed)


def terms_of(form: Format, raw: bytes) -> Terms:
    """Return the terms of a stored record."""
    return extract([(b"000", raw[:LEADER]), *fields_of(raw)], form)


def index_of(records: Iterable[tuple[Format, bytes]]) -> Index:
    """Return the terms of up to 65,536 new records (format, ISO 2709), each by its place among them."""
    found = Inverter()
    for place, (form, raw) in enumerate(records):
        found.add(place, terms_of(form, raw))
    return found.index()


def _existing(connection: Connection, records: Sequence[NewRecord]) -> dict[tuple[str, str], Any]:
    """Return the rows that records of these keys have already."""
    by_source: dict[str, list[str]] = {}
    for each in records:
        by_source.setdefault(each.source, []).append(each.control)
    columns = (*_COLUMNS, record.c.source, record.c.control)
    out = {}
    for source, controls in by_source.items():
        for at in range(0, len(controls), _KEYS):
            wanted = record.c.control.in_(controls[at : at + _KEYS])
            for row in connection.execute(select(*columns).where(record.c.source == source, wanted)):
                out[row.source, row.control] = row
    return out


def databases_of(connection: Connection, number: int) -> list[int]:
    """Return the databases (ids) that a record is in."""
    ids = connection.execute(select(database.c.id).order_by(database.c.id)).scalars().all()
    return [each for each in ids if number in _members(connection, str(each))]


def _members(connection: Connection, term: str) -> BitMap:
    """Return the records of a database."""
    rows = connection.execute(
        select(posting.c.size, posting.c.bitmap).where(posting.c.access_point == DATABASES, posting.c.term == term)
    )
    return postings.union(tuple(row) for row in rows)


def _change(before: Any, new: Terms, added: Inverter, removed: Inverter) -> None:
    """Note what a changed record's postings gain and lose."""
    old = Terms(set) if before.deleted else terms_of(_FORMS[before.format], before.iso2709)
    for code in old.keys() | new.keys():
        added.add(before.id, {code: new[code] - old[code]})
        removed.add(before.id, {code: old[code] - new[code]})


def _write(connection: Connection, added: Inverter, removed: Inverter) -> None:
    """Write the postings, and count the catalogue's version up when there were any."""
    if removed:
        postings.remove(connection, removed.rows())
    if added:
        postings.add(connection, added.rows())
    if added or removed:
        connection.execute(update(catalogue_version).values(version=catalogue_version.c.version + 1))
