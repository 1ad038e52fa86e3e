"""Import of records with their items into the shared catalogue, a batch at a time, each in one transaction.

Idempotent: a record is known by its library and control number (or its content), an item by its barcode (or its place in its
record), and what is the same is left alone; so a second run changes nothing, and a run that was broken off is simply run again.
What the file does not say (where an item stands now, who has it) is never touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, insert, select, update

from protocols.marc.format import Format
from storage.bulk import insert_rows, new_ids
from storage.catalogue.joined import merges_of
from storage.catalogue.postings import Index
from storage.catalogue.records import NewRecord, Saved, lock_catalogue, save_records
from storage.catalogue.reindex import LAYOUT
from storage.intake.holdings import DEFAULT_PROFILES, PROFILES, Profile, SourceItem, is_isbn
from storage.intake.marc_read import SourceRecord
from storage.schema import barcode, database, item, item_type, library, merge_move

PREPARED: Final = 500
"""Records of a batch whose terms are found, and kept in memory, before its transaction begins; of a larger one nobody waits."""
KEYS: Final = 500
"""Keys that are looked up at once."""


class ItemProblem(Enum):
    """Why an item was not imported; the value is the sentence for a report."""

    ISBN = "its barcode is an ISBN, which every copy shares"
    TWICE = "an earlier item of the file has the same barcode"
    TAKEN = "its barcode is on an item of another record"
    NO_TYPE = "the network has no item type"


_COUNTS: Final = (
    "added", "replaced", "unchanged", "items_added", "items_changed", "items_unchanged", "items_without_barcode",
)  # fmt: skip


@dataclass(slots=True)
class Report:
    """What an import did; counts of batches add up.

    `refused` are items: control number of the record, barcode, and why. `unknown` counts the source's codes that the network
    does not know, by their role ("owner", "place", "kind").
    """

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    items_added: int = 0
    items_changed: int = 0
    items_unchanged: int = 0
    items_without_barcode: int = 0
    refused: list[tuple[str, str, ItemProblem]] = field(default_factory=list)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, other: Report) -> None:
        """Add what another batch did."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.refused += other.refused
        self.unknown.update(other.unknown)

    @property
    def wrote(self) -> bool:
        """Whether anything changed."""
        return bool(self.added or self.replaced or self.items_added or self.items_changed)

    def to_json(self) -> dict[str, Any]:
        """Return the report in values that JSON can hold."""
        counts: dict[str, Any] = {name: getattr(self, name) for name in _COUNTS}
        refused = [(control, number, problem.name) for control, number, problem in self.refused]
        return counts | {"refused": refused, "unknown": [(*code, count) for code, count in self.unknown.items()]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Report:
        """Return the report that `to_json` gave."""
        refused = [(control, number, ItemProblem[problem]) for control, number, problem in value["refused"]]
        unknown = Counter({(role, code): count for role, code, count in value["unknown"]})
        return cls(**{name: value[name] for name in _COUNTS}, refused=refused, unknown=unknown)


class UnknownLibrary(Exception):
    """The network has no library of this code."""


def databases_named(connection: Connection, names: Sequence[str]) -> list[int]:
    """Return the ids of databases, made when they are new; without names that of the default database, "network" if none is.

    Names are compared without case.
    """
    rows = connection.execute(select(database.c.id, database.c.name, database.c.is_default)).all()
    known = {row.name.casefold(): row.id for row in rows}
    if not names:
        default = next((row.id for row in rows if row.is_default), None)
        if default is not None:
            return [default]
        names = ["network"]
    out = []
    for name in names:
        if name.casefold() not in known:
            is_default = int(not rows and not known)
            made = insert(database).values(name=name, is_default=is_default).returning(database.c.id)
            known[name.casefold()] = connection.execute(made).scalar_one()
        out.append(known[name.casefold()])
    return list(dict.fromkeys(out))


def new_records(library_code: str, batch: Iterable[SourceRecord]) -> list[NewRecord]:
    """Return a batch as the catalogue saves it."""
    return [
        NewRecord(library_code, each.control, Format(each.form), each.text.encode(), each.title, each.author)
        for each in batch
    ]


class Task(NamedTuple):
    """What does not change from batch to batch: the library that gives, the databases joined, and how items are read.

    `now` is in seconds since 1970 UTC. With `dry_run` everything is done and undone again: the report is what it would be.
    """

    library: str
    databases: Sequence[str]
    profile: Profile
    now: int
    dry_run: bool = False


def import_batch(
    connection: Connection,
    task: Task,
    batch: Sequence[SourceRecord],
    records: Sequence[NewRecord],
    index: Index | None = None,
) -> Report:
    """Save a batch and its items in the transaction of `connection`; `records` are `new_records` of the batch.

    `index` is theirs, if it was made already. Raises UnknownLibrary.
    """
    if not task.dry_run:
        return _import(connection, task, batch, records, index)
    undone = connection.begin_nested()
    try:
        return _import(connection, task, batch, records, index)
    finally:
        undone.rollback()


def _import(
    connection: Connection,
    task: Task,
    batch: Sequence[SourceRecord],
    records: Sequence[NewRecord],
    index: Index | None,
) -> Report:
    lock_catalogue(connection)
    places = _Places(connection, task)
    saved = save_records(connection, records, databases_named(connection, task.databases), task.now, index)
    report = Report(saved.added, saved.replaced, saved.unchanged)
    wanted = list(_wanted(batch, saved, places, report))
    _save_items(connection, task, wanted, report)
    return report


def import_json(
    write: Callable[..., Report],
    *,
    library: str,
    databases: Sequence[str],
    records: Sequence[Sequence[Any]],
    now: int,
    profile: str | None = None,
    dry_run: bool = False,
    index: Mapping[Any, dict[str, int | list[int]]] | None = None,
    layout: int = LAYOUT,
) -> dict[str, Any]:
    """Import a batch that came as JSON, with ``write(function, *args)`` which runs the function in one transaction.

    `records` are SourceRecords, `profile` is a name of `PROFILES` (None: as the first record's format has it), `index` that of
    the records (`storage.catalogue.records.index_of`) of whoever sends them, whose `layout` must be ours for it to count. Of at
    most `PREPARED` records all that can be is done before the transaction begins. Raises UnknownLibrary.
    """
    batch = [SourceRecord._make((*values[:-1], [SourceItem(*each) for each in values[-1]])) for values in records]
    if not batch:
        return Report().to_json()
    chosen = PROFILES[profile or DEFAULT_PROFILES[Format(batch[0].form)]]
    prepared = new_records(library, batch)
    known = None if index is None or layout != LAYOUT else {int(code): terms for code, terms in index.items()}
    if known is None and len(batch) <= PREPARED:
        for each in prepared:
            each.prepare()
    return write(import_batch, Task(library, databases, chosen, now, dry_run), batch, prepared, known).to_json()


# --- what the codes of a source stand for -------------------------------------------------------------------------------------


class _Place(NamedTuple):
    id: int
    namespace: str


class _Places:
    """The libraries and item types of the network, found by the codes that sources use."""

    def __init__(self, connection: Connection, task: Task) -> None:
        self._profile = task.profile
        self._libraries: dict[str, _Place] = {}
        for row in connection.execute(select(library.c.id, library.c.code, library.c.isil, library.c.namespace)):
            place = _Place(row.id, row.namespace)
            isil = (row.isil or "").upper()
            for code in filter(None, (row.code.upper(), isil, isil.removeprefix("FR-"))):
                self._libraries.setdefault(code, place)
        own = self._libraries.get(task.library.upper())
        if own is None:
            raise UnknownLibrary(task.library)
        self.own = own
        types = connection.execute(
            select(item_type.c.id, item_type.c.code, item_type.c.media_type).order_by(item_type.c.id)
        ).all()
        self._types = {row.code.upper(): row.id for row in types}
        # Of the types of one medium the latest is the most special one: trees are declared from their root.
        self._by_media: dict[str, int] = {row.media_type: row.id for row in types}
        self._any_type: int | None = types[0].id if types else None

    def library(self, code: str, default: _Place, role: str, unknown: Counter[tuple[str, str]]) -> _Place:
        """Return the library that a code stands for; an unknown one is counted, and `default` is returned."""
        if not code:
            return default
        found = self._libraries.get(self._profile.libraries.get(code, code).upper())
        if found is None:
            unknown[role, code] += 1
        return found or default

    def item_type(self, kind: str, media: str, unknown: Counter[tuple[str, str]]) -> int | None:
        """Return the item type of a source's code, else that of the record's medium; None in a network that has none."""
        found: int | None = self._types.get(self._profile.kinds.get(kind, kind).upper()) if kind else None
        if found is not None:
            return found
        if kind:
            unknown["kind", kind] += 1
        return self._by_media.get(_MEDIA.get(media) or _MEDIA.get(media[:1], "000"), self._any_type)


# Leader/6-7, else leader/6, to the media type of SIP2 (CK).
_MEDIA: Final[Mapping[str, str]] = {"as": "002", "a": "001", "i": "006", "j": "006", "l": "006", "g": "006"}


# --- items --------------------------------------------------------------------------------------------------------------------

# What a file says of an item; a change of these is a change of the item.
_SAID: Final = (
    "record_id", "owner_id", "home_id", "item_type_id", "location", "call_number", "volume", "title", "author", "due_back_on",
)  # fmt: skip
_NEW: Final = ("id", "source", "current_id", "added_on", *_SAID)


class _Item(NamedTuple):
    """An item to save: its key (namespace and barcode, or "" and its place in its record), and what the file says of it.

    `superseded` is the number of the record that the file has it under, where that was merged into another.
    """

    namespace: str
    number: str
    source: str
    control: str
    said: tuple[Any, ...]
    superseded: int | None


def _wanted(batch: Sequence[SourceRecord], saved: Saved, places: _Places, report: Report) -> Iterator[_Item]:
    seen = set()
    for at, (record, record_id) in enumerate(zip(batch, saved.ids, strict=True)):
        superseded = saved.superseded.get(at)
        for place, found in enumerate(record.items):
            owner = places.library(found.owner, places.own, "owner", report.unknown)
            kind = places.item_type(found.kind, record.media, report.unknown)
            key = (owner.namespace, found.barcode)
            problem = (
                ItemProblem.ISBN if is_isbn(found.barcode)
                else ItemProblem.TWICE if found.barcode and key in seen
                else ItemProblem.NO_TYPE if kind is None
                else None
            )  # fmt: skip
            if problem is not None:
                report.refused.append((record.control, found.barcode, problem))
                continue
            seen.add(key)
            home = places.library(found.place, owner, "place", report.unknown)
            texts = (found.section, found.call_number, found.volume, record.title, record.author)
            said = (record_id, owner.id, home.id, kind, *texts, found.due_back or None)
            source = "" if found.barcode else f"{record.control}#{place}"
            yield _Item(*key, source, record.control, said, superseded)


class _Old(NamedTuple):
    """An item that is there."""

    id: int
    source: str | None
    said: tuple[Any, ...]


_OLD: Final = (item.c.id, item.c.source, *(item.c[name] for name in _SAID))


def _save_items(connection: Connection, task: Task, wanted: Sequence[_Item], report: Report) -> None:
    """Add the items that are new, change those of which the file says something else now."""
    by_barcode = _by_barcode(connection, [each.number for each in wanted if each.number])
    by_place = _by_place(connection, sorted({each.said[0] for each in wanted if not each.number}))
    new: list[tuple[_Item, str]] = []
    for each in wanted:
        source = f"{task.library}:{each.source}" if each.source else task.library
        report.items_without_barcode += not each.number
        old = by_barcode.get((each.namespace, each.number)) if each.number else by_place.get((each.said[0], source))
        if old is None:
            new.append((each, source))
        elif old.said[0] != each.said[0]:
            # An item never moves to another record by itself: two records with one barcode would draw it to and fro.
            report.refused.append((each.control, each.number, ItemProblem.TAKEN))
        elif old.source != source or old.said == each.said:
            # An item of the same record that was declared otherwise stays as it was declared.
            report.items_unchanged += 1
        else:
            report.items_changed += 1
            connection.execute(update(item).where(item.c.id == old.id).values(dict(zip(_SAID, each.said, strict=True))))
    report.items_added += len(new)
    today = datetime.fromtimestamp(task.now, UTC).date().isoformat()
    numbered = list(zip(new_ids(connection, item, len(new)), new, strict=True))
    insert_rows(
        connection, item, _NEW, ((i, source, each.said[2], today, *each.said) for i, (each, source) in numbered)
    )
    barcodes = ((each.number, each.namespace, i) for i, (each, _) in numbered if each.number)
    insert_rows(connection, barcode, ("number", "namespace", "item_id"), barcodes)
    merged = [(each.superseded, i) for i, (each, _) in numbered if each.superseded is not None]
    if merged:
        _note_merged(connection, merged)


def _note_merged(connection: Connection, added: Sequence[tuple[int, int]]) -> None:
    """Note new items of superseded records (number, item's id) as if they had moved at the merge: its undoing takes them back."""
    ways = {number: merges_of(connection, number) for number, _ in added}
    moves = [(merged, "item", item_id) for number, item_id in added for merged in ways[number]]
    insert_rows(connection, merge_move, ("record_id", "kind", "number"), moves)


def _by_barcode(connection: Connection, numbers: Sequence[str]) -> dict[tuple[str, str], _Old]:
    """Return the items that bear these barcodes, by namespace and barcode."""
    out = {}
    query = select(barcode.c.namespace, barcode.c.number, *_OLD).join(item, item.c.id == barcode.c.item_id)
    for at in range(0, len(numbers), KEYS):
        for namespace, number, id_, source, *said in connection.execute(
            query.where(barcode.c.number.in_(numbers[at : at + KEYS]))
        ):
            out[namespace, number] = _Old(id_, source, tuple(said))
    return out


def _by_place(connection: Connection, ids: Sequence[int]) -> dict[tuple[int, str], _Old]:
    """Return the items of these records, by record and source."""
    out = {}
    for at in range(0, len(ids), KEYS):
        for id_, source, *said in connection.execute(select(*_OLD).where(item.c.record_id.in_(ids[at : at + KEYS]))):
            out[said[0], source] = _Old(id_, source, tuple(said))
    return out
