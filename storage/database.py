"""Where a store lives, and how its schema is made and checked. No reactor: the command line uses this too.

A store has a directory. It holds the SQLite file (unless a PostgreSQL URL is given), the pepper of readers' PINs, and
the lock that only one writing process has at a time.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event

from storage.catalogue.reindex import is_current, reindex
from storage.circulation.pins import Pins

_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=0",
)
NETWORK_CHANNEL: Final = "bibliobus_network"
PAGE_SIZE: Final = 2048
"""Small pages: a check-out dirties a handful of leaves, and each is written whole to the WAL (performance.md 4.3)."""


class StoreBusy(Exception):
    """Another process has the store's write lock."""


class MigrationNeeded(Exception):
    """The database's schema is not this release's."""


_NUMBERS: Final = count()


def prepare(connection: sqlite3.Connection, *, cache_kib: int = 65536, mapped: int = 1 << 30) -> None:
    """Set what every SQLite connection to the store must have; of the file *mapped* octets are read in place."""
    for pragma in (*_PRAGMAS, f"PRAGMA mmap_size={mapped}"):
        connection.execute(pragma)
    connection.execute(f"PRAGMA cache_size=-{cache_kib}")
    number = next(_NUMBERS)
    connection.create_function("connection_number", 0, lambda: number)


def _sqlite_engine(path: Path, *, reads: bool) -> Engine:
    """Make transactions take the write lock when they begin, unless the engine only *reads*.

    A deferred transaction that read before it writes fails at once when another wrote between (SQLITE_BUSY_SNAPSHOT).
    """
    engine = sqlalchemy.create_engine(f"sqlite:///{path}", poolclass=sqlalchemy.pool.NullPool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA page_size={PAGE_SIZE}")
        # What is mapped counts as memory, and a large import goes through the whole file; reading it costs no more time.
        prepare(connection, cache_kib=16384, mapped=1 << 26)
        if reads:
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


@dataclass(frozen=True, slots=True)
class Location:
    """A store: its *directory*, and the *url* of its PostgreSQL database (empty: SQLite in the directory)."""

    directory: Path
    url: str = ""

    @property
    def sqlite_path(self) -> Path | None:
        """The SQLite file, None for PostgreSQL."""
        return None if self.url else self.directory / "bibliobus.sqlite"

    def create_directory(self) -> None:
        """Make the directory, for its owner alone."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def engine(self, *, reads: bool = False) -> Engine:
        """Return an SQLAlchemy engine, for everything that is not on the way of a message.

        One that only *reads* keeps nobody from writing, a daemon least of all.
        """
        path = self.sqlite_path
        if path is not None:
            return _sqlite_engine(path, reads=reads)
        scheme, _, rest = self.url.partition("://")
        if scheme.split("+")[0] not in {"postgresql", "postgres"}:
            raise ValueError(f"not a PostgreSQL URL (write postgresql://user@host/name): {scheme}://...")
        url = f"postgresql+psycopg://{rest}"
        return sqlalchemy.create_engine(
            url,
            poolclass=sqlalchemy.pool.NullPool,
            hide_parameters=True,
            execution_options={"postgresql_readonly": True} if reads else {},
        )

    def pins(self) -> Pins:
        """Return the PIN hasher with this store's pepper, made at first use and readable by its owner alone."""
        path = self.directory / "pepper"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return Pins(path.read_bytes())
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        return Pins(path.read_bytes())

    @contextmanager
    def write_lock(self) -> Iterator[None]:
        """Hold the store's write lock. Raises `StoreBusy` at once when another process has it.

        PostgreSQL needs none: there, any number of daemons write.
        """
        if self.url:
            yield
            return
        with (self.directory / "writer.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreBusy(f"another process writes to {self.directory}") from None
            yield


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine, shown: Callable[[int, int], object] = lambda _done, _total: None) -> int:
    """Bring the schema and the index to this release, from nothing or from any earlier one.

    Where the index is made anew, return how many records it has; *shown* is told, as it goes on, how many of how many.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            # Two daemons that start together must not migrate together.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7223341)")
        command.upgrade(_config(connection), "head")
        return reindex(connection, shown)


def revisions(engine: Engine) -> tuple[str | None, str | None]:
    """Return the schema's revision in the database (None: empty) and the one that this release needs."""
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
        wanted = ScriptDirectory.from_config(_config(connection)).get_current_head()
    return present, wanted


def announce(connection: Connection) -> None:
    """Have every daemon on this database read the network again once *connection*'s transaction is kept.

    On SQLite, processes that only read look at a revision every few seconds.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"NOTIFY {NETWORK_CHANNEL}")
    else:
        connection.exec_driver_sql(
            "INSERT INTO setting VALUES ('network.revision', '1')"
            " ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
        )


def check(engine: Engine) -> None:
    """Raise `MigrationNeeded` unless the schema and the index are this release's."""
    present, wanted = revisions(engine)
    if present != wanted:
        raise MigrationNeeded(
            f"the database is at {present or 'no schema'}, this release needs {wanted}: run 'bibliobus db upgrade'"
        )
    with engine.connect() as connection:
        if not is_current(connection):
            raise MigrationNeeded("another release made the index: run 'bibliobus db upgrade'")


def faults(engine: Engine) -> list[str]:
    """Return what is damaged in the database's file, or points nowhere. PostgreSQL watches over its own files."""
    if engine.dialect.name != "sqlite":
        return []
    with engine.connect() as connection:
        damage = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check")]
        strays = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    found = [] if damage == ["ok"] else damage
    return found + [f"{table}, row {row}: points to no row of {target}" for table, row, target, _ in strays]
