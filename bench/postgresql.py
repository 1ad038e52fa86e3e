"""A PostgreSQL server for the benchmark: the tests' own, but one that waits for the disk as a real one must."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.postgresql import Server

SETTINGS: Final = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
}


@dataclass(frozen=True)
class Database:
    """A server, and the process whose tree does its work."""

    server: Server
    pid: int

    def empty(self) -> str:
        """Make an empty database, and return its URL."""
        return self.server.url(self.server.create())


@contextmanager
def database() -> Iterator[Database]:
    """Run a server, and remove it."""
    server = Server(SETTINGS)
    server.start()
    try:
        pid = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
        yield Database(server, pid)
    finally:
        server.remove()
