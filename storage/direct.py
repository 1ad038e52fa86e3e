"""Reads and acts on a plain SQLAlchemy connection, for commands that have the store to themselves and for long work.

The same use cases as in the daemon, slower and simpler: the caller's transaction is the act's. Off the reactor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import Connection, Executable
from sqlalchemy.exc import IntegrityError

from storage.journal import conclude, gather
from storage.schema import GUARDS
from storage.usecase import Act, Request, UseCase

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Call, Row, Steps

T = TypeVar("T")
Q = TypeVar("Q", bound=Request)
F = TypeVar("F")
A = TypeVar("A")


class Overtaken(Exception):
    """Another writer changed what the decision had seen: begin the transaction again."""


def read(connection: Connection, steps: Steps[T]) -> T:
    """Run *steps* to their result."""
    try:
        calls = next(steps)
        while True:
            calls = steps.send([_fetch(connection, call) for call in calls])
    except StopIteration as stop:
        return cast("T", stop.value)


def transact(connection: Connection, network: Network, usecase: UseCase[Q, F, A], request: Q, now: int) -> A:
    """Gather, decide, apply; return the answer. What was written is kept when the caller commits.

    Raises `Overtaken` when it must be decided anew, on PostgreSQL alone.
    """
    act = Act(usecase, request, now)
    facts, _stored = read(connection, gather(act, network))
    calls, outcome = conclude(act, usecase.decide(request, facts, network, now), None)
    try:
        with connection.begin_nested():
            for call in calls:
                _write(connection, call)
    except IntegrityError as error:
        code = GUARDS.get(_constraint(error.orig))
        if code is None:
            raise
        return usecase.failed(request, code)
    return cast("A", outcome.answer)


def _constraint(error: Any) -> str:
    """Name what was violated, as `GUARDS` does: PostgreSQL tells the constraint, SQLite the column."""
    diagnostics = getattr(error, "diag", None)
    return str(error).rpartition(": ")[2] if diagnostics is None else diagnostics.constraint_name or ""


def _execute(connection: Connection, call: Call) -> Any:
    statement, values = call
    clause = cast("Executable", statement.clause_for(connection.dialect.name))
    return connection.execute(clause, dict(zip(statement.binds, values, strict=True)))


def _fetch(connection: Connection, call: Call) -> list[Row]:
    if call.statement.rank and connection.dialect.name == "sqlite":  # One writer: nothing to lock.
        return []
    return [tuple(row) for row in _execute(connection, call)]


def _write(connection: Connection, call: Call) -> None:
    result = _execute(connection, call)
    if call.statement.guarded and not result.rowcount:
        raise Overtaken(call.statement.name)
