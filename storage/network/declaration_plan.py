"""What a declaration changes: rows compared with the store, gathered and checked before anything is written.

A `Row` is one thing as it is declared, in columns. What it names by code is resolved against the store and against what
is declared before it: to an id, or, for what is yet to be written, to a `New` that stands in for the id until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, RowMapping, Table, and_, bindparam, delete, insert, select, update

from storage import schema
from storage.bulk import insert_rows, new_ids
from storage.network.declaration import Problem, did_you_mean
from storage.network.declaration_keys import REQUIRED

CHUNK: Final = 1000
"""How many rows one statement reads or writes: under every database's limit of parameters."""


@dataclass(frozen=True)
class Kind:
    """A kind of thing: its *name* in reports, its *table*, and the columns that identify it (*key*).

    *named*: others refer to it by its first key column, and it has an id. *fixed* columns never change: what they are
    about is another's, as *taken* says. *along* gives what else is set when a column changes.
    """

    name: str
    table: Table
    key: tuple[str, ...]
    named: bool = False
    fixed: str = ""
    taken: str = ""
    unique: tuple[str, ...] = ()
    along: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class New(NamedTuple):
    """A thing that the store will have once the declaration is written."""

    kind: str
    name: Any


@dataclass(slots=True)
class Row:
    """A thing as declared: *values* are the columns given, *fill* those that a new one has besides.

    *path* is where it stands in the file, *keys* gives the key of the file for a column that is called otherwise; *name* is
    what others call it.
    """

    path: str
    values: dict[str, Any]
    fill: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    name: Any = None

    def at(self, column: str) -> str:
        """Return where *column* stands in the file."""
        return f"{self.path}.{self.keys.get(column, column)}"


class Change(NamedTuple):
    """What is written of one kind, in this order."""

    kind: Kind
    deletes: list[RowMapping]
    updates: list[tuple[Mapping[str, Any], dict[str, Any]]]
    inserts: list[tuple[Any, dict[str, Any]]]


class Count(NamedTuple):
    """How many things of a kind were added, changed, and found as they are declared."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What a declaration comes to, for each kind of thing that it names."""

    counts: Mapping[str, Count]

    @property
    def wrote(self) -> bool:
        """Whether there is anything to write."""
        return any(count.added or count.changed for count in self.counts.values())

    def __str__(self) -> str:
        """Give what is written, on one line."""
        changes = ((name, count) for name, count in self.counts.items() if count.added or count.changed)
        return ", ".join(f"{name} +{count.added} ~{count.changed}" for name, count in changes)


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield the distinct *values* in lists that one statement can take."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), CHUNK):
        yield distinct[start : start + CHUNK]


class Plan:
    """The changes that a declaration makes to the store behind *connection*, and everything that forbids them."""

    def __init__(self, connection: Connection, problems: Iterable[Problem] = ()) -> None:
        self.connection = connection
        self.problems = list(problems)
        self._counts: dict[str, Count] = {}
        self._faulty = {problem.path for problem in self.problems}
        self._ids: dict[str, dict[Any, Any]] = {}
        self._changes: list[Change] = []
        self._notes: list[tuple[str, str]] = []

    @property
    def report(self) -> Report:
        """How many things of each kind are added, changed, and as they are declared."""
        return Report({name: count for name, count in self._counts.items() if any(count)})

    # --- problems --------------------------------------------------------------------------------------------------------

    def problem(self, path: str, text: str) -> None:
        """Note that *path* is wrong, unless it or what it stands in is known to be so already."""
        part = path
        while part:
            if part in self._faulty:
                return
            part = part[: max(part.rfind("."), part.rfind("["), 0)]
        self.problems.append(Problem(path, text))

    def note(self, act: str, detail: str) -> None:
        """Have the journal tell *detail* besides what was loaded."""
        self._notes.append((act, detail))

    # --- names -----------------------------------------------------------------------------------------------------------

    def know(self, kind: Kind, codes: Iterable[Any] | None = None) -> None:
        """Read the ids of the things of *kind* with these *codes* (None: all), so that they can be referred to."""
        code = kind.table.c[kind.key[0]]
        query = select(code, kind.table.c.id)
        known = self._ids.setdefault(kind.name, {})
        if codes is None:
            known.update((name, number) for name, number in self.connection.execute(query))
            return
        for chunk in chunks(codes):
            known.update((name, number) for name, number in self.connection.execute(query.where(code.in_(chunk))))

    def expect(self, kind: Kind, name: Any) -> Any:
        """Return the id of the declared thing called *name*, or what stands in for it. None is known by no one."""
        new = New(kind.name, name)
        return new if name is None else self._ids.setdefault(kind.name, {}).setdefault(name, new)

    def refer(self, kind: str, code: str, path: str) -> Any:
        """Return the id of the thing that is called *code* at *path*, or what stands in for it."""
        known = self._ids[kind]
        if code not in known:
            self.problem(path, f"{code} is not among the {kind.replace('_', ' ')}{did_you_mean(code, known)}")
        return known.get(code, New(kind, code))

    def names(self, kind: str) -> Mapping[Any, Any]:
        """Return the ids of what is known of *kind*, by name."""
        return self._ids[kind]

    # --- rows ------------------------------------------------------------------------------------------------------------

    def stored(self, kind: Kind, column: str, values: Iterable[Any]) -> Iterator[RowMapping]:
        """Yield the rows of *kind* whose *column* is one of *values*; what stands in for ids is passed over."""
        wanted = (value for value in values if value is not None and not isinstance(value, New))
        for chunk in chunks(wanted):
            found = self.connection.execute(select(kind.table).where(kind.table.c[column].in_(chunk)))
            yield from found.mappings()

    def put(self, kind: Kind, rows: Sequence[Row], deletes: Sequence[RowMapping] = ()) -> None:
        """Compare *rows* with the store and plan what they change.

        *deletes* are the columns of rows that have to go first; they are counted as changed.
        """
        rows = [row for row in rows if not self._nameless(kind, row)]
        keys = [tuple(row.values.get(column, row.fill.get(column)) for column in kind.key) for row in rows]
        old = {
            tuple(found[column] for column in kind.key): found
            for found in self.stored(kind, kind.key[0], (key[0] for key in keys))
        }
        change = Change(kind, list(deletes), [], [])
        first: dict[Any, str] = {}
        unchanged = 0
        for key, row in zip(keys, rows, strict=True):
            if first.setdefault(key, row.path) != row.path:
                self.problem(row.path, f"declared already, at {first[key]}")
            elif key in old:
                unchanged += not self._alter(change, old[key], row)
            else:
                self._add(change, row)
        self._check_unique(kind, keys, rows)
        self._changes.append(change)
        before = self._counts.get(kind.name, Count())
        after = Count(len(change.inserts), len(change.updates) + len(change.deletes), unchanged)
        self._counts[kind.name] = Count(*map(sum, zip(before, after, strict=True)))

    def _nameless(self, kind: Kind, row: Row) -> bool:
        """Tell whether *row* lacks a part of what identifies it."""
        missing = [column for column in kind.key if row.values.get(column, row.fill.get(column)) is REQUIRED]
        for column in missing:
            self.problem(row.at(column), "missing")
        return bool(missing)

    def _alter(self, change: Change, old: RowMapping, row: Row) -> bool:
        """Plan what *row* changes of *old*; tell whether it does."""
        kind = change.kind
        if kind.fixed and old[kind.fixed] != row.values[kind.fixed]:
            self.problem(row.path, kind.taken)
            return False
        changed = {column: value for column, value in row.values.items() if old[column] != value}
        if not changed:
            return False
        for column in kind.along.keys() & changed.keys():
            changed.update(kind.along[column])
        change.updates.append(({column.name: old[column.name] for column in kind.table.primary_key}, changed))
        return True

    def _add(self, change: Change, row: Row) -> None:
        values = {**row.fill, **row.values}
        values.pop("id", None)
        for column, value in values.items():
            if value is REQUIRED:
                self.problem(row.at(column), "missing")
        change.inserts.append((row.name, values))

    def _check_unique(self, kind: Kind, keys: Sequence[Any], rows: Sequence[Row]) -> None:
        """Find two things that share what only one may have."""
        if not kind.unique:
            return
        first = kind.unique[0]
        owners = {
            tuple(found[column] for column in kind.unique): tuple(found[column] for column in kind.key)
            for found in self.stored(kind, first, (row.values.get(first) for row in rows))
        }
        for key, row in zip(keys, rows, strict=True):
            value = tuple(row.values.get(column) for column in kind.unique)
            if None not in value and owners.setdefault(value, key) != key:
                self.problem(row.at(kind.unique[-1]), "another has the same")

    # --- trees -----------------------------------------------------------------------------------------------------------

    def check_tree(self, kind: Kind, rows: Sequence[Row]) -> None:
        """Find things that are under themselves."""
        query = select(kind.table.c.id, kind.table.c.parent_id)
        parents: dict[Any, Any] = dict(self.connection.execute(query).all())
        ours = {self.expect(kind, row.name): row for row in rows}
        parents |= {own: row.values["parent_id"] for own, row in ours.items() if "parent_id" in row.values}
        for own, row in ours.items():
            seen: list[Any] = []
            node = own
            while node is not None and node not in seen:
                seen.append(node)
                node = parents.get(node)
            if node == own:
                self.problem(f"{row.path}.parent", "is under itself")

    # --- writing ---------------------------------------------------------------------------------------------------------

    def write(self, now: int) -> None:
        """Write what was planned, with the journal row. The caller has seen that there are no problems."""
        for change in self._changes:
            for where in change.deletes:
                columns = [change.kind.table.c[column] == value for column, value in where.items()]
                self.connection.execute(delete(change.kind.table).where(and_(*columns)))
            self._update(change.kind, change.updates)
            self._insert(change.kind, change.inserts)
        told = [*self._notes, ("network.declared", str(self.report))]
        entries = [{"at": now, "act": act, "channel": "cli", "actor": "load", "detail": text} for act, text in told]
        self.connection.execute(insert(schema.journal), entries)

    def _real(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            column: self._ids[value.kind][value.name] if isinstance(value, New) else value
            for column, value in values.items()
        }

    def _update(self, kind: Kind, updates: Iterable[tuple[Mapping[str, Any], dict[str, Any]]]) -> None:
        table = kind.table
        for columns, group in groupby(updates, key=lambda each: tuple(each[1])):
            where = [column == bindparam(f"old_{column.name}") for column in table.primary_key]
            statement = update(table).where(*where).values({column: bindparam(f"new_{column}") for column in columns})
            self.connection.execute(
                statement,
                [
                    {f"old_{column}": value for column, value in own.items()}
                    | {f"new_{column}": value for column, value in self._real(changed).items()}
                    for own, changed in group
                ],
            )

    def _insert(self, kind: Kind, inserts: Sequence[tuple[Any, dict[str, Any]]]) -> None:
        if not inserts:
            return
        # A tree is written without its branches first: a parent may come later in the file than what is under it.
        parents = [(name, values.pop("parent_id", None)) for name, values in inserts]
        if kind.named:
            ids = new_ids(self.connection, kind.table, len(inserts))
            for number, (name, values) in zip(ids, inserts, strict=True):
                self._ids[kind.name][name] = values["id"] = number
        columns = tuple(inserts[0][1])
        rows = (tuple(map(self._real(values).__getitem__, columns)) for _, values in inserts)
        insert_rows(self.connection, kind.table, columns, rows)
        branches = [({"id": self._ids[kind.name][name]}, {"parent_id": up}) for name, up in parents if up is not None]
        self._update(kind, branches)
