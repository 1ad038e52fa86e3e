"""Reads on SQLite, inline in the reactor: those of one reactor turn share one snapshot of the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from storage.database import prepare
from storage.drivers.base import StoreUnavailable
from storage.statements import Call, Row, Steps

T = TypeVar("T")

SLICE_SECONDS: Final = 0.003
"""How long a read may hold the reactor before others get their turn."""


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a connection that any thread may use, one at a time, and that begins no transaction by itself."""
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=256)
    prepare(connection)
    return connection


def _fetch(connection: sqlite3.Connection, calls: Sequence[Call]) -> list[list[Row]]:
    found: list[list[Row]] = []
    execute = connection.cursor().execute  # One cursor for all: each is read to its end before the next.
    before: Call | None = None
    rows: list[Row] = []
    for call in calls:
        statement, values = call
        if statement.rank:  # One writer: nothing to lock.
            found.append([])
            continue
        hint = statement.hint
        if hint is not None and before is not None and before[0] in hint.after and before[1] == values:
            column = hint.column
            if not any(row[column] for row in rows):
                found.append([])
                continue
        text, order = statement.sqlite
        rows = execute(text, values if order is None else order(values)).fetchall()
        found.append(rows)
        before = call
    return found


def run_steps(connection: sqlite3.Connection, steps: Steps[T]) -> T:
    """Run *steps* to their result on *connection*."""
    try:
        calls = next(steps)
        while True:
            calls = steps.send(_fetch(connection, calls))
    except StopIteration as stop:
        result: T = stop.value
        return result


class TurnSnapshot:
    """A reading connection whose snapshot lasts from a reactor turn's first read to its end.

    One snapshot saves each read the lock calls of its own, and makes a reply consistent. It is never kept longer: an
    open snapshot stops the write-ahead log from starting again.

    *lent* is the writing connection while it is between two batches: every commit of another connection makes one forget
    all pages that it has in memory, so that reads cost half as much again on a connection of their own.
    """

    def __init__(self, path: Path, reactor: Any) -> None:
        self.healthy = True
        self.lent: sqlite3.Connection | None = None
        self._own = connect(path, read_only=True)
        self._reactor = reactor
        self._open: sqlite3.Connection | None = None

    def read(self, steps: Steps[T]) -> Deferred[T]:
        """Run *steps*; the Deferred has fired when it is returned, unless there is more to read when a turn's time is over.

        Then the rest of them follows in later turns, on later snapshots, and others are served between.
        """
        done: Deferred[T] = Deferred()
        self._run(steps, None, done)
        return done

    def _run(self, steps: Steps[T], calls: Sequence[Call] | None, done: Deferred[T]) -> None:
        began = perf_counter()
        result: Any
        try:
            connection = self.lent or self._own
            if self._open is not connection:
                self.end()
                connection.execute("BEGIN")
                self._open = connection
                self._reactor.callLater(0, self.end)
            if calls is None:
                calls = next(steps)
            while True:
                calls = steps.send(_fetch(connection, calls))
                if perf_counter() - began > SLICE_SECONDS:
                    self._reactor.callLater(0, self._run, steps, calls, done)
                    return
        except StopIteration as stop:
            self.healthy = True
            result = stop.value
        except sqlite3.OperationalError as error:
            self.healthy = False
            result = Failure(StoreUnavailable(str(error)))
        except Exception:  # noqa: BLE001 (the failure goes to the caller, as on a database that answers later)
            result = Failure()
        done.callback(result)  # A Failure makes it an errback.

    def end(self) -> None:
        """Let the snapshot go: what is read next is what is committed now."""
        connection, self._open = self._open, None
        if connection is not None and connection.in_transaction:  # Trouble with the disk ends it early.
            connection.execute("COMMIT")

    def give_back(self) -> None:
        """Have no more to do with the connection that was lent."""
        self.lent = None
        self.end()

    def close(self) -> None:
        """Close the connection."""
        self.give_back()
        self._own.close()
