"""PostgreSQL, driven from the reactor: pipelines of prepared statements, acts in batches, no thread on their way.

Reads go to connections of their own, where what is sent at once is one transaction and so sees one state of the
database. Acts wait in a queue; an idle write connection takes those of them that share nothing into one transaction
(`pg_batch`). When that fails, its members are tried again one by one, so that each gets what it deserves. Any number of
daemons may work on one database: what two of them must not do at once, row locks order and guards forbid.
"""

from __future__ import annotations

import random
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from threading import Thread
from typing import Any, Final, TypeVar

import psycopg
from psycopg import pq
from sqlalchemy import Engine
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from storage.database import NETWORK_CHANNEL
from storage.drivers.base import IDriver, StoreUnavailable, lost_race, run_work
from storage.drivers.pg_batch import Batch, Member
from storage.drivers.pg_link import Link
from storage.drivers.pg_statements import Bound, StatementFailed, bind
from storage.network.network import Network
from storage.schema import GUARDS
from storage.statements import Row, Steps
from storage.usecase import Act, Outcome

T = TypeVar("T")

READERS: Final = 2
WRITERS: Final = 2
MAX_CALLS: Final = 200
"""Calls after which no more reads join a transaction: they are answered together."""
MAX_BATCH: Final = 64
GIVE_UP_SECONDS: Final = 5.0
"""How long an act that others disturb is tried again."""

# Every statement of the store finds its rows by key, whatever the value and however full the tables are: it is planned
# once, and never to scan a table that was empty when it was planned.
_SETUP: Final = (
    "SET plan_cache_mode = force_generic_plan",
    "SET enable_seqscan = off",
    "SET enable_hashjoin = off",
    "SET enable_mergejoin = off",
    "SET jit = off",
)
_READ: Final = (
    *_SETUP,
    "SET default_transaction_isolation = 'repeatable read'",
    "SET default_transaction_read_only = on",
    "SET statement_timeout = '10s'",
)
_WRITE: Final = (
    *_SETUP,
    "SET default_transaction_isolation = 'read committed'",
    "SET synchronous_commit = on",
    "SET lock_timeout = '2s'",
    "SET statement_timeout = '5s'",
    "SET idle_in_transaction_session_timeout = '10s'",
)

_NO_CONNECTION: Final = StatementFailed("08006", said="no connection to PostgreSQL")


def check_libpq() -> None:
    """Raise RuntimeError when psycopg runs on its slow pure-Python wrapper though a compiled one is installed."""
    if pq.__impl__ != "python":
        return
    if find_spec("psycopg_binary") or find_spec("psycopg_c"):
        raise RuntimeError("psycopg uses its pure-Python libpq wrapper: unset PSYCOPG_IMPL")
    warnings.warn("psycopg uses its slow pure-Python libpq wrapper: install psycopg[binary]", stacklevel=2)


def _any_up(links: Sequence[Link]) -> bool:
    return any(link.up for link in links)


class _Reading:
    """A read on its way, and what it asks next."""

    __slots__ = ("asks", "done", "steps")

    def __init__(self, steps: Steps[Any], done: Deferred[Any]) -> None:
        self.steps = steps
        self.done = done
        self.asks: list[Bound] = []


@implementer(IDriver)
class PostgreSQLDriver:
    """The store in the PostgreSQL database at *url*, which must have the present schema."""

    log = Logger()
    commits = None

    def __init__(self, url: str, engine: Engine, reactor: Any) -> None:
        check_libpq()
        self._engine = engine
        self._reactor = reactor
        self._reads: deque[_Reading] = deque()
        self._acts: deque[Member] = deque()
        self._busy: set[str] = set()
        self._turn_is_due = False
        self._unanswered = 0
        self._well = True
        self._closing: list[Deferred[None]] | None = None
        self._watcher: Callable[[], object] = lambda: None
        url = f"postgresql://{url.partition('://')[2]}"
        # The first reader listens for all; what it misses while it is away is made good when it is back.
        listening = (*_READ, f"LISTEN {NETWORK_CHANNEL}")
        self._readers = [Link(url, listening, reactor, self._link_changed, self._heard)]
        self._readers += [Link(url, _READ, reactor, self._link_changed) for _ in range(1, READERS)]
        self._writers = [Link(url, _WRITE, reactor, self._link_changed) for _ in range(WRITERS)]
        try:
            for link in (*self._readers, *self._writers):
                link.open()
        except psycopg.Error as error:
            self._hang_up()
            raise StoreUnavailable(str(error)) from error

    @property
    def healthy(self) -> bool:
        """See `IDriver`."""
        return self._well and _any_up(self._readers) and _any_up(self._writers)

    def watch(self, changed: Callable[[], object]) -> None:
        """See `IDriver.watch`."""
        self._watcher = changed

    def _heard(self) -> None:
        self._watcher()

    # --- tasks ---------------------------------------------------------------------------------------------------------

    def _accept(self, done: Deferred[Any]) -> bool:
        """Count a new task in; return whether it is to be done."""
        if self._closing is None:
            self._unanswered += 1
        else:
            done.errback(StoreUnavailable("the store is closing"))
        return self._closing is None

    def _answer(self, done: Deferred[Any], result: Any) -> None:
        """Fire *done*; a Failure makes it an errback."""
        self._unanswered -= 1
        if self._closing is not None:
            self._schedule()
        done.callback(result)

    def _refuse(self, done: Deferred[Any], error: StatementFailed) -> None:
        """Fail *done* for what the server said."""
        failure = StoreUnavailable(str(error)) if error.outage or error.disturbed else error
        self._answer(done, Failure(failure))

    def _schedule(self) -> None:
        """Send what waits at the end of this reactor turn."""
        if not self._turn_is_due:
            self._turn_is_due = True
            self._reactor.callLater(0, self._turn)

    def _turn(self) -> None:
        self._turn_is_due = False
        self._send_reads()
        self._send_acts()
        if self._closing is not None and not self._unanswered:
            self._hang_up()
            closing, self._closing = self._closing, []
            for done in closing:
                done.callback(None)

    def _link_changed(self, link: Link) -> None:
        """Go on with what a new connection can do, or give up what none is left for."""
        if link.up:
            self._well = True
            if link is self._readers[0]:
                self._watcher()
        self._schedule()

    # --- reads ---------------------------------------------------------------------------------------------------------

    def read(self, steps: Steps[T]) -> Deferred[T]:
        """See `IDriver.read`."""
        done: Deferred[T] = Deferred()
        if self._accept(done):
            self._advance(_Reading(steps, done), None)
        return done

    def _advance(self, reading: _Reading, rows: Sequence[Sequence[Row]] | None) -> None:
        """Give a read the *rows* that it asked for (None starts it), and queue what it asks next."""
        try:
            calls = reading.steps.send(rows)  # type: ignore[arg-type]  # None starts a generator
            while not calls:
                calls = reading.steps.send(())
            reading.asks = [bind(call) for call in calls]
        except StopIteration as stop:
            self._answer(reading.done, stop.value)
        except Exception:  # noqa: BLE001 (the failure goes to the caller)
            self._answer(reading.done, Failure())
        else:
            self._reads.append(reading)
            self._schedule()

    def _send_reads(self) -> None:
        if not _any_up(self._readers):
            reads, self._reads = self._reads, deque()
            for reading in reads:
                self._refuse(reading.done, _NO_CONNECTION)
        idle = [link for link in self._readers if link.idle]
        while idle and self._reads:
            share = -(-len(self._reads) // len(idle))
            readings: list[_Reading] = []
            asks: list[Bound] = []
            while len(readings) < share and len(asks) < MAX_CALLS:
                readings.append(self._reads.popleft())
                asks += readings[-1].asks
            idle.pop().send(asks, partial(self._found, readings))

    def _found(self, readings: list[_Reading], rows: list[Sequence[Row]], error: StatementFailed | None) -> None:
        self._well = error is None or not error.outage
        at = 0
        for reading in readings:
            start, at = at, at + len(reading.asks)
            if at <= len(rows):
                self._advance(reading, rows[start:at])
            elif error is not None and start <= len(rows):
                self._refuse(reading.done, error)
            else:  # Skipped because of another's error.
                self._reads.append(reading)
        self._schedule()

    # --- acts ----------------------------------------------------------------------------------------------------------

    def transact(self, act: Act[Any, Any, Any], network: Network) -> Deferred[Outcome[Any]]:
        """See `IDriver.transact`."""
        member = Member(act, network, self._reactor.seconds())
        if self._accept(member.done):
            self._acts.append(member)
            self._schedule()
        return member.done

    def _send_acts(self) -> None:
        if not _any_up(self._writers):
            acts, self._acts = self._acts, deque()
            for member in acts:
                self._refuse(member.done, _NO_CONNECTION)
        for link in self._writers:
            if link.idle and (members := self._choose()):
                for member in members:
                    self._busy.update(member.keys)
                Batch(link, members, self._finished).start()

    def _choose(self) -> list[Member]:
        """Take from the queue what may go into one transaction now, keeping the order of what shares a key."""
        chosen: list[Member] = []
        left: deque[Member] = deque()
        taken = set(self._busy)
        while self._acts and len(chosen) < MAX_BATCH:
            member = self._acts.popleft()
            if taken.isdisjoint(member.keys) and not (member.alone and chosen):
                chosen.append(member)
            else:
                left.append(member)
            taken.update(member.keys)
            if member.alone and chosen == [member]:
                break
        self._acts.extendleft(reversed(left))
        return chosen

    def _finished(self, batch: Batch, error: StatementFailed | None) -> None:
        """Tell the members of a batch what became of them, or put them back."""
        self._well = error is None or not error.outage
        for member in batch.members:
            self._busy.difference_update(member.keys)
        again = []
        for member in batch.members:
            if error is None or isinstance(member.outcome, Failure):
                self._answer(member.done, member.outcome)
            elif error.outage:
                self._refuse(member.done, error)
            elif member.alone or len(batch.members) == 1:
                self._judge(member, error)
            else:
                member.alone = True
                again.append(member)
        self._acts.extendleft(reversed(again))
        self._schedule()

    def _judge(self, member: Member, error: StatementFailed) -> None:
        """Deal with the *error* that *member* caused by itself."""
        guard = GUARDS.get(error.constraint)
        if guard is not None:
            self._answer(member.done, lost_race(member.act, guard))
        elif error.disturbed and self._reactor.seconds() - member.since < GIVE_UP_SECONDS:
            member.tries += 1  # Unequal waits part those who met.
            delay = random.uniform(0.5, 1.0) * 0.005 * 2**member.tries  # noqa: S311 (nothing to guess)
            self._reactor.callLater(delay, self._again, member)
        else:
            self._refuse(member.done, error)

    def _again(self, member: Member) -> None:
        self._acts.append(member)
        self._schedule()

    # --- long work, and the end ----------------------------------------------------------------------------------------

    def work(self, function: Callable[..., T], *args: Any) -> Deferred[T]:
        """See `IDriver.work`. Neither reads nor acts wait for it, but for rows that it holds."""
        done: Deferred[T] = Deferred()
        if self._accept(done):
            Thread(target=self._work_in_thread, args=(function, args, done), name="work", daemon=True).start()
        return done

    def _work_in_thread(self, function: Callable[..., Any], args: tuple[Any, ...], done: Deferred[Any]) -> None:
        self._reactor.callFromThread(self._answer, done, run_work(self._engine, function, args))

    def close(self) -> Deferred[None]:
        """See `IDriver`."""
        done: Deferred[None] = Deferred()
        self._closing = [*(self._closing or ()), done]
        self._schedule()
        return done

    def _hang_up(self) -> None:
        for link in (*self._readers, *self._writers):
            link.close()
        self._engine.dispose()
