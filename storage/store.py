"""The store: one seam between wires and database. Code that uses it cannot tell which database is behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from storage import database
from storage.circulation.pins import Pins
from storage.database import Location
from storage.drivers.base import IDriver, StoreUnavailable
from storage.drivers.sqlite import SQLiteDriver
from storage.drivers.sqlite_reader import SQLiteReader
from storage.network.network import Network, load_network
from storage.statements import Steps
from storage.usecase import Act, Ledger, Outcome, Request, UseCase

__all__ = ["Store", "StoreUnavailable", "open_store"]

T = TypeVar("T")
Q = TypeVar("Q", bound=Request)
F = TypeVar("F")
A = TypeVar("A")


class Store:
    """What a daemon asks and tells: reads, acts, long work. `network` is replaced whole when it changes.

    One that *reads_only* refuses acts and work that writes.
    """

    log = Logger()

    def __init__(self, driver: IDriver, network: Network, pins: Pins, *, reads_only: bool = False) -> None:
        self.network = network
        self.reads_only = reads_only
        self._driver = driver
        self._pins = pins
        self._revision = network.revision
        driver.watch(self._hear)

    @property
    def healthy(self) -> bool:
        """Whether the database took what it was last given."""
        healthy: bool = self._driver.healthy
        return healthy

    @property
    def commits(self) -> int | None:
        """How many times something was committed; None while it may be at any moment, or by other processes."""
        commits: int | None = self._driver.commits
        return commits

    def read(self, steps: Steps[T]) -> Deferred[T]:
        """Run a read; fire with its result, or fail with `StoreUnavailable`. On SQLite it has fired already."""
        return self._driver.read(steps)

    def transact(
        self, usecase: UseCase[Q, F, A], request: Q, now: int, ledger: Ledger[A] | None = None
    ) -> Deferred[Outcome[A]]:
        """Have *usecase* decided and applied; fire once it is on disk.

        *now* is in seconds since 1970 UTC. Fails with `StoreUnavailable` when nothing of it was kept.
        """
        return self._driver.transact(Act(usecase, request, now, ledger), self.network)

    def work(self, function: Callable[..., T], *args: Any) -> Deferred[T]:
        """Run ``function(connection, *args)`` on an SQLAlchemy connection, in a thread, in one transaction.

        For what is not on the way of a message. On SQLite acts wait meanwhile: keep one piece of work short.
        """
        return self._driver.work(function, *args)

    def reload_network(self) -> Deferred[None]:
        """Read the network again, after something declared has changed; other daemons on the database do the same."""
        return self._read_network(announces=True)

    def _hear(self) -> None:
        """Another daemon has declared something. In an outage nothing is lost: this is called again after it."""
        reading = self._read_network(announces=False)
        reading.addErrback(lambda failure: failure.check(StoreUnavailable) or failure)
        reading.addErrback(lambda failure: self.log.failure("could not read the network", failure))

    def _read_network(self, *, announces: bool) -> Deferred[None]:
        self._revision += 1

        def replaced(network: Network) -> None:
            # Of two that were read at once, the one begun later knows more.
            if network.revision > self.network.revision:
                self.network = network

        return self.work(_load, self._pins, self._revision, announces).addCallback(replaced)

    def close(self) -> Deferred[None]:
        """Finish what is under way, then let the database go."""
        return self._driver.close()


def _load(connection: Connection, pins: Pins, revision: int, announces: bool) -> Network:
    if announces:
        database.announce(connection)
    return load_network(connection, pins, revision)


def open_store(location: Location, reactor: Any, *, pregrow: bool = False, read_only: bool = False) -> Store:
    """Open the store at *location*; with *read_only*, beside the SQLite file's one writing daemon.

    *pregrow* gives SQLite's write-ahead log its full size at once, which a daemon wants and a test does not. The caller
    holds `Location.write_lock`. Raises `storage.database.MigrationNeeded` when the schema is not this release's.
    """
    engine = location.engine(reads=read_only)
    database.check(engine)
    pins = location.pins()
    with engine.connect() as connection:
        network = load_network(connection, pins)
    path = location.sqlite_path
    if path is not None and read_only:
        return Store(SQLiteReader(path, engine, reactor), network, pins, reads_only=True)
    if path is not None:
        return Store(SQLiteDriver(path, engine, reactor, pregrow=pregrow), network, pins)
    from storage.drivers.postgresql import PostgreSQLDriver  # noqa: PLC0415 (psycopg is an extra)

    return Store(PostgreSQLDriver(location.url, engine, reactor), network, pins)
