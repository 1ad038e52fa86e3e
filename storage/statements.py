"""SQL declared in SQLAlchemy Core, compiled once per dialect, executed as text on the driver.

A `Statement` costs a driver call of 4-8 microseconds where Core's own execution costs 20-60: this is the whole reason
for the module. Positional parameters follow `binds`, so a call is ``statement(value, ...)`` and no dictionary is made.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import ClauseElement, Text, cast, func, select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg

Row: TypeAlias = tuple[Any, ...]

# The asyncpg dialect is used as a compiler alone: it writes $1::TYPE, which libpq prepares without being told types.
_SQLITE: Final = sqlite.dialect(paramstyle="qmark")
_POSTGRESQL: Final = asyncpg.dialect()


class Compiled(NamedTuple):
    """A statement's text in one dialect and how its parameters are ordered there."""

    text: str
    order: Callable[[Row], Row] | None


class Hint(NamedTuple):
    """What spares SQLite a statement: one *after* which it came, with the same values, that found no row with its *column* set.

    On PostgreSQL, where all of a step is one journey, it is run all the same. Columns count from 0.
    """

    after: tuple[Statement, ...]
    column: int


class Statement:
    """One statement of the store.

    *binds* names the parameters in the order in which callers give them. *rank* orders the locks that a gather takes
    when several run in one batch (items before patrons before holds, and by key inside a rank); 0 takes no lock. A
    statement with a rank only locks: SQLite, which has one writer, does not run it, and its rows are never looked at.

    A *guarded* write must touch a row: when it touches none, what the decision saw has changed since, and the act is
    decided anew. *postgresql* replaces *clause* there, for upserts, which Core has per dialect alone. *hint*: see there.
    """

    def __init__(
        self,
        name: str,
        clause: ClauseElement,
        *binds: str,
        rank: int = 0,
        guarded: bool = False,
        postgresql: ClauseElement | None = None,
        hint: Hint | None = None,
    ) -> None:
        self.name = name
        self.clause = clause
        self.binds = binds
        self.rank = rank
        self.guarded = guarded
        self.hint = hint
        self._postgresql_clause = clause if postgresql is None else postgresql

    def __call__(self, *values: Any) -> Call:
        """Return the call of this statement with *values*, in the order of `binds`."""
        return _new(Call, (self, values))  # what Call(...) does, less a call: every message makes a dozen

    def __repr__(self) -> str:
        return f"<Statement {self.name}>"

    @cached_property
    def sqlite(self) -> Compiled:
        """The statement for SQLite."""
        return self._compile(self.clause, _SQLITE)

    @cached_property
    def postgresql(self) -> Compiled:
        """The statement for PostgreSQL."""
        return self._compile(self._postgresql_clause, _POSTGRESQL)

    def clause_for(self, dialect: str) -> ClauseElement:
        """Return the clause to execute through SQLAlchemy, for *dialect* (``sqlite`` or ``postgresql``)."""
        return self._postgresql_clause if dialect == "postgresql" else self.clause

    def _compile(self, clause: ClauseElement, dialect: Any) -> Compiled:
        compiled: Any = clause.compile(dialect=dialect)
        names = tuple(compiled.positiontup or ())
        constants = {name: value for name, value in compiled.params.items() if name not in self.binds}
        if names == self.binds:
            return Compiled(str(compiled), None)
        if set(names) - set(self.binds) - set(constants):
            raise AssertionError(f"{self.name}: {names} are not all of {self.binds}")
        if not constants and len(names) > 1:
            return Compiled(str(compiled), itemgetter(*(self.binds.index(name) for name in names)))
        places = [(constants.get(name), self.binds.index(name) if name in self.binds else -1) for name in names]
        return Compiled(
            str(compiled), lambda values: tuple(values[at] if at >= 0 else constant for constant, at in places)
        )


class Call(NamedTuple):
    """A statement with its values: what a gather asks for and what an act writes."""

    statement: Statement
    values: Row


_new: Final = tuple.__new__


STAMP: Final = Statement(
    "stamp",
    # What a connection has committed itself does not change its data_version; nor can those of two connections be compared.
    text("SELECT data_version || ' ' || total_changes() || ' ' || connection_number() FROM pragma_data_version"),
    postgresql=select(cast(func.pg_current_snapshot(), Text)),
)
"""What the database itself calls its state: as long as the answer is the same, nothing at all has been committed."""

T = TypeVar("T")
Steps: TypeAlias = Generator[Sequence[Call], Sequence[Sequence[Row]], T]
"""Work that reads: yields batches of calls, is sent their rows in the same order, returns its result.

One step is one round trip on PostgreSQL, so what does not depend on earlier rows belongs into one step."""
