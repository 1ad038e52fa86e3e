"""SQLite, driven from the reactor: statements inline, COMMIT in a thread, one commit for many acts.

The order of things (performance.md 4.4, measured): every act runs in the reactor inside the one open write transaction.
When one fails midway, which no decision foresaw, the transaction is begun anew with the writes of those before it: a
SAVEPOINT for each would cost as much as its writes. Acts are run at the end of the first reactor turn that brings no more of
them; then the transaction goes to the committer thread, which does nothing but COMMIT (synchronous=FULL: on disk); meanwhile
the reactor reads on a connection of its own and queues new acts. When the commit is done, the replies leave. Batches grow by
themselves, with the disk's fsync time and with the load. Between two batches reads have the writing connection.

Exactly one process writes. Long work (`work`) takes the write turn in a thread of its own.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from storage.drivers.base import IDriver, StoreUnavailable, lost_race, run_work
from storage.drivers.snapshot import TurnSnapshot, connect, run_steps
from storage.journal import conclude, recall
from storage.network.network import Network
from storage.schema import GUARDS
from storage.statements import Call, Steps
from storage.usecase import Act, Outcome

T = TypeVar("T")

MAX_BATCH: Final = 256
GATHER_SECONDS: Final = 0.004
"""How long acts wait for more at most: at 64 clients a message costs a twentieth less in the larger batches."""
LOCKED_SECONDS: Final = 5.0
"""How long acts wait for another process that writes: none of ours does, but somebody's shell may."""
_TRY_SECONDS: Final = 0.02
CHECKPOINT_ACTS: Final = 5_000
"""Acts after which a checkpoint runs: about 64 MB of WAL."""
CHECKPOINT_SECONDS: Final = 30.0
PROBE_SECONDS: Final = 5.0
PREGROWN_WAL: Final = 40 * 1024 * 1024
_CHECKPOINT: Final = "PRAGMA wal_checkpoint(PASSIVE)"


class _State(Enum):
    IDLE = "no transaction is open"
    GATHERING = "acts wait for a turn that brings no more"
    COMMITTING = "a batch is run, or the committer has the connection"
    LENT = "long work has the write turn"
    CLOSED = "the connections are gone"


class _Checkpoint(Enum):
    NONE = "none is under way"
    RUNNING = "a thread copies pages"
    BACKFILLED = "what is left must be copied between two batches"


class _Member(NamedTuple):
    act: Act[Any, Any, Any]
    network: Network
    done: Deferred[Outcome[Any]]


def _write(connection: sqlite3.Connection, calls: Sequence[Call]) -> None:
    cursor = connection.cursor()
    for statement, values in calls:
        text, order = statement.sqlite
        cursor.execute(text, values if order is None else order(values))
        if statement.guarded and cursor.rowcount == 0:
            raise AssertionError(f"{statement.name} touched no row, though nobody else writes")


def _guard(error: sqlite3.IntegrityError) -> str | None:
    """Return the refusal that a violated guard stands for; None when the violation is a bug of ours."""
    return GUARDS.get(str(error).rpartition(": ")[2])


def _touch(connection: Connection) -> None:
    """Write something, to see whether it is kept."""
    connection.exec_driver_sql("UPDATE catalogue_version SET version = version")


@implementer(IDriver)
class SQLiteDriver:
    """The store in one SQLite file at *path*, which must exist with the present schema."""

    log = Logger()

    def __init__(self, path: Path, engine: Engine, reactor: Any, *, pregrow: bool = False) -> None:
        self._kept = True
        self._path = path
        self._engine = engine
        self._reactor = reactor
        self._writer = connect(path)
        self._snapshot = TurnSnapshot(path, reactor)
        if pregrow:
            self._pregrow()
        self._writer.execute("PRAGMA busy_timeout=10")  # The reactor waits in it.
        self._snapshot.lent = self._writer
        self._state = _State.IDLE
        self._batch: list[tuple[_Member, Outcome[Any] | Failure, Sequence[Call]]] = []
        self._dirty = False
        self._queue: deque[_Member] = deque()
        self._works: deque[tuple[Callable[..., Any], tuple[Any, ...], Deferred[Any]]] = deque()
        self._closing: list[Deferred[None]] | None = None
        self._acts = 0
        self._commits = 0
        self._probe: Any = None
        self._checkpoint = _Checkpoint.NONE
        self._checkpointed = reactor.seconds()
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = Thread(target=self._commit_loop, name="committer", daemon=True)
        self._thread.start()

    @property
    def healthy(self) -> bool:
        """See `IDriver.healthy`."""
        return self._kept and self._snapshot.healthy

    @property
    def commits(self) -> int | None:
        """See `IDriver.commits`: only what has its turn here commits anything."""
        return self._commits if self._state is _State.IDLE else None

    def _pregrow(self) -> None:
        """Give the WAL its size once: overwriting a block costs 100 microseconds to sync, appending 150-400."""
        wal = Path(f"{self._path}-wal")
        if wal.exists() and wal.stat().st_size >= PREGROWN_WAL // 2:
            return
        self._writer.execute("CREATE TABLE pregrown(filler BLOB)")
        self._writer.execute("INSERT INTO pregrown VALUES (zeroblob(?))", (PREGROWN_WAL,))
        self._writer.execute("DROP TABLE pregrown")
        self._writer.execute("PRAGMA wal_checkpoint(RESTART)")

    def watch(self, changed: Callable[[], object]) -> None:
        """See `IDriver.watch`: there is no other daemon."""

    def read(self, steps: Steps[T]) -> Deferred[T]:
        """See `IDriver.read`. The Deferred has fired when it is returned."""
        return self._snapshot.read(steps)

    # --- acts ----------------------------------------------------------------------------------------------------------

    def transact(self, act: Act[Any, Any, Any], network: Network) -> Deferred[Outcome[Any]]:
        """See `IDriver.transact`."""
        member = _Member(act, network, Deferred())
        if self._closing is not None:
            member.done.errback(StoreUnavailable("the store is closing"))
        else:
            self._queue.append(member)
            if self._state is _State.IDLE:
                self._gather()
        return member.done

    def _gather(self) -> None:
        self._state = _State.GATHERING
        self._reactor.callLater(0, self._gathered, len(self._queue), self._reactor.seconds() + GATHER_SECONDS)

    def _gathered(self, before: int, until: float) -> None:
        """Begin a batch, unless this turn has brought more acts and there is time to wait for the next."""
        if before < len(self._queue) < MAX_BATCH and self._reactor.seconds() < until:
            self._reactor.callLater(0, self._gathered, len(self._queue), until)
        else:
            self._begin()

    def _begin(self, until: float | None = None) -> None:
        """Run what waits, and have it committed. Where another process writes, others are served until it is done."""
        self._state = _State.COMMITTING
        self._snapshot.give_back()
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            until = until or self._reactor.seconds() + LOCKED_SECONDS
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY and self._reactor.seconds() < until:
                self._reactor.callLater(_TRY_SECONDS, self._begin, until)
            else:
                self._refuse_all(error)
            return
        members = [self._queue.popleft() for _ in range(min(MAX_BATCH, len(self._queue)))]
        for member in members:
            self._run(member)
        self._commit()

    def _refuse_all(self, error: sqlite3.Error) -> None:
        self._fail()
        members, self._queue = self._queue, deque()
        self._snapshot.lent = self._writer
        self._state = _State.IDLE
        self._next()
        for member in members:
            member.done.errback(StoreUnavailable(str(error)))

    def _run(self, member: _Member) -> None:
        """Run one act in the open transaction; a failure undoes that act alone."""
        act, network, _ = member
        outcome: Outcome[Any] | Failure
        calls: Sequence[Call] = ()
        try:
            facts = run_steps(self._writer, act.usecase.gather(act.request, network))
            decision = act.usecase.decide(act.request, facts, network, act.now)
            stored = run_steps(self._writer, recall(act.ledger)) if decision.repeats and act.ledger else None
            writes, outcome = conclude(act, decision, stored)
            if writes:
                self._apply(writes)
                calls = writes
        except sqlite3.IntegrityError as error:
            code = _guard(error)
            outcome = Failure() if code is None else lost_race(act, code)
        except sqlite3.OperationalError as error:
            outcome = Failure(StoreUnavailable(str(error)))
        except Exception:  # noqa: BLE001 (one act's bug must not take its batch along; the failure goes to its caller)
            outcome = Failure()
        self._batch.append((member, outcome, calls))

    def _apply(self, calls: Sequence[Call]) -> None:
        self._dirty = True
        if not self._writer.in_transaction:  # A full disk made SQLite undo the whole batch; its COMMIT will tell.
            raise sqlite3.OperationalError("the transaction was rolled back")
        try:
            _write(self._writer, calls)
        except BaseException:
            self._undo()
            raise

    def _undo(self) -> None:
        """Keep what the acts before have written, and nothing of one that failed; or nothing at all, as COMMIT will tell."""
        if not self._writer.in_transaction:
            return
        self._writer.execute("ROLLBACK")
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            for _, _, calls in self._batch:
                _write(self._writer, calls)
        except BaseException:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise

    # --- commit --------------------------------------------------------------------------------------------------------

    def _commit(self) -> None:
        if self._dirty:
            self._commits += 1
            self._acts += len(self._batch)
            self._jobs.put(self._commit_in_thread)
        else:
            self._committed(self._execute(self._writer, "COMMIT"))

    def _commit_in_thread(self) -> None:
        error = self._execute(self._writer, "COMMIT")
        if error is None:
            self._snapshot.lent = self._writer  # A turn may last longer than the commit.
        self._reactor.callFromThread(self._committed, error)

    @staticmethod
    def _execute(connection: sqlite3.Connection, statement: str) -> sqlite3.Error | None:
        try:
            connection.execute(statement).fetchall()
        except sqlite3.Error as error:
            return error
        return None

    def _commit_loop(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _committed(self, error: sqlite3.Error | None) -> None:
        """Go on to what waits, and tell the callers of this batch."""
        batch, self._batch, self._dirty = self._batch, [], False
        self._snapshot.end()  # What follows a reply must see what the reply says.
        self._kept = error is None
        if error is not None:
            self._fail()
            self.log.error("A commit failed, nothing of it was kept: {error}", error=error)
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        self._snapshot.lent = self._writer
        self._state = _State.IDLE
        self._next()
        for member, outcome, _ in batch:
            if error is not None:
                member.done.errback(StoreUnavailable(str(error)))
            elif isinstance(outcome, Failure):
                member.done.errback(outcome)
            else:
                member.done.callback(outcome)

    def _fail(self) -> None:
        """Be unhealthy until a write is kept. Kiosks that hear of it stop asking, so the driver tries by itself."""
        self._kept = False
        if self._probe is None and self._closing is None:
            self._probe = self._reactor.callLater(PROBE_SECONDS, self._try_again)

    def _try_again(self) -> None:
        self._probe = None
        self.work(_touch).addErrback(lambda _failure: self._fail())

    def _next(self) -> None:
        """With no transaction open: finish a checkpoint, give long work its turn, run the queue, or close."""
        if self._checkpoint is _Checkpoint.NONE and self._checkpoint_is_due():
            self._checkpoint = _Checkpoint.RUNNING
            Thread(target=self._backfill, name="checkpoint", daemon=True).start()
        if self._checkpoint is _Checkpoint.BACKFILLED:
            self._state = _State.COMMITTING
            self._checkpoint = _Checkpoint.RUNNING
            self._snapshot.give_back()
            self._jobs.put(self._backfill_rest)
        elif self._works:
            self._state = _State.LENT
            self._commits += 1
            Thread(target=self._work_in_thread, args=self._works.popleft(), name="work", daemon=True).start()
        elif self._queue:
            self._gather()
        elif self._closing is not None and self._checkpoint is _Checkpoint.NONE:
            self._finish()

    # --- checkpoints ---------------------------------------------------------------------------------------------------

    def _checkpoint_is_due(self) -> bool:
        if self._acts < CHECKPOINT_ACTS and self._reactor.seconds() - self._checkpointed < CHECKPOINT_SECONDS:
            return False
        return self._acts > 0

    def _backfill(self) -> None:
        """Copy most of the WAL into the database, beside the traffic."""
        connection = connect(self._path)
        error = self._execute(connection, _CHECKPOINT)
        connection.close()
        self._reactor.callFromThread(self._backfilled, error)

    def _backfill_rest(self) -> None:
        """Copy what came meanwhile, between two batches, so that the next commit starts the WAL again from its head."""
        self._reactor.callFromThread(self._rest_backfilled, self._execute(self._writer, _CHECKPOINT))

    def _backfilled(self, error: sqlite3.Error | None) -> None:
        if error is None:
            self._checkpoint = _Checkpoint.BACKFILLED
        else:
            self._checkpoint_ends(error)
        if self._state is _State.IDLE:
            self._next()

    def _rest_backfilled(self, error: sqlite3.Error | None) -> None:
        self._snapshot.lent = self._writer
        self._state = _State.IDLE
        self._checkpoint_ends(error)
        self._next()

    def _checkpoint_ends(self, error: sqlite3.Error | None) -> None:
        """Have the next checkpoint wait its time; after a failed one, too: the WAL keeps what is in it."""
        if error is not None:
            self.log.error("A checkpoint failed: {error}", error=error)
        self._checkpoint = _Checkpoint.NONE
        self._acts, self._checkpointed = 0, self._reactor.seconds()

    # --- long work -----------------------------------------------------------------------------------------------------

    def work(self, function: Callable[..., T], *args: Any) -> Deferred[T]:
        """See `IDriver.work`. Acts wait while it runs; reads do not."""
        done: Deferred[T] = Deferred()
        if self._closing is not None:
            done.errback(StoreUnavailable("the store is closing"))
            return done
        self._works.append((function, args, done))
        if self._state is _State.IDLE:
            self._next()
        return done

    def _work_in_thread(self, function: Callable[..., Any], args: tuple[Any, ...], done: Deferred[Any]) -> None:
        self._reactor.callFromThread(self._worked, done, run_work(self._engine, function, args))

    def _worked(self, done: Deferred[Any], result: Any) -> None:
        self._snapshot.end()
        self._state = _State.IDLE
        if not isinstance(result, Failure):
            self._kept = True
            self._acts += 1
        self._next()
        done.callback(result)  # A Failure makes it an errback.

    # --- the end -------------------------------------------------------------------------------------------------------

    def close(self) -> Deferred[None]:
        """See `IDriver.close`."""
        done: Deferred[None] = Deferred()
        self._closing = [*(self._closing or ()), done]
        if self._probe is not None:
            self._probe.cancel()
            self._probe = None
        if self._state is _State.CLOSED:
            done.callback(None)
        elif self._state is _State.IDLE:
            self._next()
        return done

    def _finish(self) -> None:
        self._jobs.put(None)
        self._thread.join()
        self._snapshot.close()
        self._writer.close()
        self._engine.dispose()
        self._state = _State.CLOSED
        for done in self._closing or ():
            done.callback(None)
