"""SQLite for a process that only reads: Z39.50 and SRU beside the writing daemon, when one core is not enough."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any, Final, TypeVar

from sqlalchemy import Engine
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from storage.drivers.base import IDriver, StoreUnavailable, run_work
from storage.drivers.snapshot import TurnSnapshot
from storage.network.network import REVISION, Network
from storage.statements import Steps
from storage.usecase import Act, Outcome

T = TypeVar("T")

POLL_SECONDS: Final = 2.0
"""How soon a reading process takes up what was declared through the writing one."""


@implementer(IDriver)
class SQLiteReader:
    """The SQLite file at *path*, read and never written. *engine* must be read-only too."""

    def __init__(self, path: Path, engine: Engine, reactor: Any) -> None:
        self._engine = engine
        self._reactor = reactor
        self._snapshot = TurnSnapshot(path, reactor)
        self._revision: Any = None
        self._poll: Any = None

    commits = None

    @property
    def healthy(self) -> bool:
        """See `IDriver.healthy`."""
        return self._snapshot.healthy

    def watch(self, changed: Callable[[], object]) -> None:
        """See `IDriver.watch`: the writing daemon counts a revision up with each change."""
        self._look(changed)

    def _look(self, changed: Callable[[], object]) -> None:
        def compare(revision: Any) -> None:
            if self._revision is not None and revision != self._revision:
                changed()
            self._revision = revision

        self.read(_revision()).addCallbacks(compare, lambda _failure: None)
        self._poll = self._reactor.callLater(POLL_SECONDS, self._look, changed)

    def read(self, steps: Steps[T]) -> Deferred[T]:
        """See `IDriver.read`. The Deferred has fired when it is returned."""
        return self._snapshot.read(steps)

    def transact(self, act: Act[Any, Any, Any], network: Network) -> Deferred[Outcome[Any]]:
        """Refuse: see `IDriver.transact`."""
        return fail(StoreUnavailable("this process only reads"))

    def work(self, function: Callable[..., T], *args: Any) -> Deferred[T]:
        """See `IDriver.work`. A *function* that writes fails."""
        done: Deferred[T] = Deferred()

        def run() -> None:
            result = run_work(self._engine, function, args)
            self._reactor.callFromThread(done.callback, result)

        Thread(target=run, name="work", daemon=True).start()
        return done

    def close(self) -> Deferred[None]:
        """See `IDriver.close`."""
        if self._poll is not None and self._poll.active():
            self._poll.cancel()
        self._snapshot.close()
        self._engine.dispose()
        return succeed(None)


def _revision() -> Steps[tuple[Any, ...]]:
    (rows,) = yield [REVISION()]
    return tuple(rows)
