"""The store's statements as libpq wants them: values in octets, prepared by name, rows as tuples, errors without values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import NoneType
from typing import Any, Final, NamedTuple

from psycopg import pq
from psycopg.adapt import Transformer

from storage.statements import Call, Row, Statement

_DISTURBED: Final = frozenset({"40001", "40P01", "55P03", "23505", "26000"})
"""Serialisation, deadlock, lock time-out, an id that another daemon drew too, a statement whose preparation failed."""


class StatementFailed(Exception):
    """The server refused *statement*, or the connection went away while it was under way.

    *state* is the SQLSTATE, *constraint* the name of a violated constraint. What the server says of values stays out of
    the text: it may be a reader's.
    """

    def __init__(self, state: str, statement: Statement | None = None, constraint: str = "", said: str = "") -> None:
        super().__init__(f"SQLSTATE {state} in {statement}: {constraint or said}")
        self.state = state
        self.statement = statement
        self.constraint = constraint

    @property
    def outage(self) -> bool:
        """Whether the database, and not the statement, is the trouble: connection, resources, shutdown, read-only."""
        return self.state[:2] in {"08", "53", "57", "58", "XX"} or self.state in {"25006", "25P03"}

    @property
    def disturbed(self) -> bool:
        """Whether others came between, so that it may go better next time."""
        untouched = self.state == "22012" and self.statement is not None and self.statement.guarded
        return untouched or self.state in _DISTURBED


class Bound(NamedTuple):
    """A call whose values are ready for the wire."""

    statement: Statement
    values: list[bytes | None]
    formats: list[int] | None


# PostgreSQL keeps no U+0000, and libpq would cut the text there.
_OCTETS: Final[dict[type, Callable[[Any], bytes | None]]] = {
    NoneType: lambda _none: None,
    int: b"%d".__mod__,
    bool: b"%d".__mod__,
    str: lambda text: text.replace("\0", "\ufffd").encode(),
    bytes: bytes,
}


def bind(call: Call) -> Bound:
    """Make the values of *call* ready.

    Raises UnicodeEncodeError for text that is none (lone surrogates), KeyError for a type that no statement takes.
    """
    statement, values = call
    order = statement.postgresql.order
    if order is not None:
        values = order(values)
    formats = [int(value.__class__ is bytes) for value in values] if bytes in map(type, values) else None
    return Bound(statement, [_OCTETS[value.__class__](value) for value in values], formats)


class Prepared:
    """*statement* as a server knows it: by *name*. Its loader learns the columns' types from the first result."""

    __slots__ = ("_loader", "_silent", "name", "text")

    def __init__(self, name: bytes, statement: Statement) -> None:
        text = statement.postgresql.text
        if statement.guarded:
            # A guarded write that touches no row must stop the COMMIT that follows it in its segment: 1/0 does.
            text = f"WITH touched AS ({text} RETURNING 1) SELECT 1 / count(*) FROM touched"  # noqa: S608 (our own text)
        self.name = name
        self.text = text.encode()
        self._silent = bool(statement.rank) or statement.guarded
        self._loader: Any = None

    def rows(self, result: pq.abc.PGresult) -> Sequence[Row]:
        """Return the rows of a *result*; none for locks and guarded writes, whose rows nobody looks at."""
        if self._silent or not result.ntuples:
            return ()
        if self._loader is None:
            self._loader = Transformer()
            self._loader.set_pgresult(result)
        else:
            self._loader.set_pgresult(result, set_loaders=False)
        rows: Sequence[Row] = self._loader.load_rows(0, result.ntuples, tuple)
        return rows


def failed(result: pq.abc.PGresult, statement: Statement | None) -> StatementFailed:
    """Return the failure that an error *result* tells of, without what class 22 says of the data."""

    def field(code: pq.DiagnosticField) -> str:
        return (result.error_field(code) or b"").decode(errors="replace")

    state = field(pq.DiagnosticField.SQLSTATE) or "08006"
    said = "" if state[:2] == "22" else field(pq.DiagnosticField.MESSAGE_PRIMARY)
    return StatementFailed(state, statement, field(pq.DiagnosticField.CONSTRAINT_NAME), said)
