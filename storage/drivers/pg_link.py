"""One PostgreSQL connection as a descriptor of the reactor: libpq in pipeline mode, prepared statements, no thread.

What is sent at once is a *segment*: bound calls and one Sync. Its answer comes to one callback: the rows of each call,
up to the first error. The server skips the calls after an error and carries on at the Sync, so segments do not harm
each other. Only connecting uses a thread: resolving, TLS and authentication may block.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from threading import Thread
from typing import Any, Final, TypeAlias

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from twisted.internet.interfaces import IReadWriteDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from storage.drivers.pg_statements import Bound, Prepared, StatementFailed, failed
from storage.statements import Row, Statement

ANSWER_SECONDS: Final = 30.0
"""How long a server that says nothing is waited for; its own time-outs come much earlier."""
_BACKOFF: Final = (0.05, 5.0)
_CONNECTION: Final = {
    "application_name": "bibliobus",
    "client_encoding": "UTF8",
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}

_ROWS: Final = int(pq.ExecStatus.TUPLES_OK)
_DONE: Final = int(pq.ExecStatus.COMMAND_OK)
_SYNC: Final = int(pq.ExecStatus.PIPELINE_SYNC)
_SKIPPED: Final = int(pq.ExecStatus.PIPELINE_ABORTED)
_BAD: Final = int(pq.ConnStatus.BAD)


Answered: TypeAlias = Callable[[list[Sequence[Row]], StatementFailed | None], None]
"""Is given the rows of the calls before the first error, and that error."""


class _Segment:
    __slots__ = ("answered", "calls", "error", "rows")

    def __init__(self, calls: Sequence[Bound], answered: Answered) -> None:
        self.calls = calls
        self.answered = answered
        self.rows: list[Sequence[Row]] = []
        self.error: StatementFailed | None = None


def connect(url: str, setup: Sequence[str]) -> psycopg.Connection[Any]:
    """Connect, run *setup*, enter pipeline mode. Blocks; raises psycopg.Error."""
    connection = psycopg.Connection.connect(make_conninfo("", **_CONNECTION | conninfo_to_dict(url)), autocommit=True)
    try:
        for statement in setup:
            connection.execute(statement.encode())
        connection.pgconn.nonblocking = 1
        connection.pgconn.enter_pipeline_mode()
    except psycopg.Error:
        connection.close()
        raise
    return connection


@implementer(IReadWriteDescriptor)
class Link:
    """A connection that comes back by itself.

    *setup* is run after each connect. *changed* is called when the link went down and when it is up again, *notified*
    when a NOTIFY has come.
    """

    log = Logger()

    def __init__(
        self,
        url: str,
        setup: Sequence[str],
        reactor: Any,
        changed: Callable[[Link], None],
        notified: Callable[[], None] | None = None,
    ) -> None:
        self._url = url
        self._setup = setup
        self._reactor = reactor
        self._changed = changed
        self._notified = notified
        self._connection: psycopg.Connection[Any] | None = None
        self._descriptor = -1
        self._segments: deque[_Segment] = deque()
        self._prepared: dict[Statement, Prepared] = {}
        self._names = count()
        self._alarm: Any = None
        self._delay = _BACKOFF[0]
        self._retry: Any = None
        self._closed = False

    # --- up and down ---------------------------------------------------------------------------------------------------

    @property
    def up(self) -> bool:
        """Whether there is a connection."""
        return self._connection is not None

    @property
    def idle(self) -> bool:
        """Whether it waits for something to do."""
        return self._connection is not None and not self._segments

    def open(self) -> None:
        """Connect at once, blocking. Raises psycopg.Error."""
        self._adopt(connect(self._url, self._setup))

    def _adopt(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._delay = _BACKOFF[0]
        # libpq closes its descriptor when it notices a loss, before the reactor has let go of it: give it a copy.
        self._descriptor = os.dup(connection.pgconn.socket)
        self._reactor.addReader(self)

    def _reconnect(self) -> None:
        self._retry = None
        Thread(target=self._connect_in_thread, name="postgresql", daemon=True).start()

    def _connect_in_thread(self) -> None:
        try:
            connection = connect(self._url, self._setup)
        except psycopg.Error as error:
            self._reactor.callFromThread(self._wait, error)
        else:
            self._reactor.callFromThread(self._connected, connection)

    def _connected(self, connection: psycopg.Connection[Any]) -> None:
        if self._closed:
            connection.close()
            return
        self.log.info("PostgreSQL is back")
        self._adopt(connection)
        self._changed(self)

    def _wait(self, error: psycopg.Error) -> None:
        if self._closed:
            return
        message = "no connection to PostgreSQL, next try in {delay} s: {error}"
        self.log.warn(message, delay=self._delay, error=error)  # noqa: G010 (Twisted's name)
        self._retry = self._reactor.callLater(self._delay, self._reconnect)
        self._delay = min(self._delay * 2, _BACKOFF[1])

    def _drop(self) -> None:
        """Let the connection go; whatever waits for it is told."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        self._reactor.removeReader(self)
        self._reactor.removeWriter(self)
        os.close(self._descriptor)
        connection.close()
        self._prepared.clear()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        segments, self._segments = self._segments, deque()
        for segment in segments:
            segment.answered(segment.rows, StatementFailed("08006", said="the connection was lost"))

    def lose(self, error: Exception) -> None:
        """Give the connection up for *error*, and look for a new one."""
        if self._connection is None:
            return
        self.log.error("the connection to PostgreSQL was lost: {error}", error=error)
        self._drop()
        self._changed(self)
        if not self._closed:
            self._reconnect()

    def close(self) -> None:
        """Let go, for good."""
        self._closed = True
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._drop()

    # --- segments ------------------------------------------------------------------------------------------------------

    def send(self, calls: Sequence[Bound], answered: Answered) -> None:
        """Send a segment; *answered* is called once. The link must be up."""
        assert self._connection is not None
        conn = self._connection.pgconn
        segment = _Segment(calls, answered)
        try:
            for call in calls:
                if call.statement not in self._prepared:
                    self._prepare(conn, call.statement)
            self._segments.append(segment)
            for statement, values, formats in calls:
                conn.send_query_prepared(self._prepared[statement].name, values, formats, 1)
            conn.pipeline_sync()
            if conn.flush():
                self._reactor.addWriter(self)
        except psycopg.OperationalError as error:
            if segment not in self._segments:
                self._segments.append(segment)
            self._reactor.callLater(0, self.lose, error)
            return
        if self._alarm is None:
            self._alarm = self._reactor.callLater(ANSWER_SECONDS, self._silent)

    def _prepare(self, conn: pq.abc.PGconn, statement: Statement) -> None:
        """Make *statement* known to the server, in a segment of its own."""

        def answered(_rows: list[Sequence[Row]], error: StatementFailed | None) -> None:
            if error is not None:
                self.log.error("{error}", error=error)
                self._prepared.pop(statement, None)

        prepared = self._prepared[statement] = Prepared(b"s%d" % next(self._names), statement)
        self._segments.append(_Segment([Bound(statement, [], None)], answered))
        conn.send_prepare(prepared.name, prepared.text)
        conn.pipeline_sync()

    def _silent(self) -> None:
        self._alarm = None
        self.lose(TimeoutError(f"no answer for {ANSWER_SECONDS:.0f} s"))

    def _take(self) -> None:
        """Hand out what has arrived whole."""
        assert self._connection is not None
        conn, segments = self._connection.pgconn, self._segments
        while segments and not conn.is_busy():
            result = conn.get_result()
            if result is None:  # between two statements
                if conn.status == _BAD:
                    return
                continue
            segment, status = segments[0], result.status
            if status in {_ROWS, _DONE}:
                prepared = self._prepared[segment.calls[len(segment.rows)].statement]
                segment.rows.append(prepared.rows(result))
            elif status == _SYNC:
                segments.popleft()
                segment.answered(segment.rows, segment.error)
                segments = self._segments  # the callback may have lost or closed the link
            elif status != _SKIPPED and segment.error is None:
                at = len(segment.rows)
                segment.error = failed(result, segment.calls[at].statement if at < len(segment.calls) else None)

    # --- the reactor's side --------------------------------------------------------------------------------------------

    def fileno(self) -> int:
        """See `IReadWriteDescriptor`."""
        return self._descriptor

    def logPrefix(self) -> str:  # noqa: N802 (Twisted's name)
        """See `IReadWriteDescriptor`."""
        return "postgresql"

    def doRead(self) -> None:  # noqa: N802 (Twisted's name)
        """See `IReadWriteDescriptor`: what came before a loss is still heard, a commit's answer above all."""
        assert self._connection is not None
        conn, lost = self._connection.pgconn, None
        try:
            conn.consume_input()
        except psycopg.OperationalError as error:
            lost = error
        self._take()
        if lost is not None:
            self.lose(lost)
        if not self.up:
            return
        if self._notified is not None and conn.notifies() is not None:
            while conn.notifies() is not None:
                pass  # Many tell no more than one.
            self._notified()
        if self._alarm is not None:
            if self._segments:
                self._alarm.reset(ANSWER_SECONDS)
            else:
                self._alarm.cancel()
                self._alarm = None

    def doWrite(self) -> None:  # noqa: N802 (Twisted's name)
        """See `IReadWriteDescriptor`."""
        assert self._connection is not None
        try:
            if not self._connection.pgconn.flush():
                self._reactor.removeWriter(self)
        except psycopg.OperationalError as error:
            self.lose(error)

    def connectionLost(self, reason: Failure) -> None:  # noqa: N802 (Twisted's name)
        """See `IReadWriteDescriptor`."""
        self.lose(psycopg.OperationalError(reason.getErrorMessage()))
