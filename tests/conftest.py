"""Fixtures that several rooms share: a small network on a real database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

from storage.database import Location, upgrade
from tests.counter import Counter
from tests.network import declare_small_network
from tests.postgresql import Server

# Every run tries the same examples, however loaded the machine is.
settings.register_profile("bibliobus", derandomize=True, deadline=None, database=None)
settings.load_profile("bibliobus")


@pytest.fixture(scope="session")
def small_network_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store directory with the small network in SQLite, made once a session."""
    location = Location(tmp_path_factory.mktemp("template"))
    engine = location.engine()
    upgrade(engine)
    with engine.begin() as connection:
        declare_small_network(connection, location.pins())
    return location.directory


@pytest.fixture
def location(small_network_template: Path, tmp_path: Path) -> Location:
    """A store with the small network, this test's own."""
    directory = tmp_path / "store"
    shutil.copytree(small_network_template, directory)
    return Location(directory)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server, this session's (this worker's) own."""
    server = Server()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def postgresql_url(postgresql: Server) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, this test's own."""
    name = postgresql.create()
    yield postgresql.url(name)
    postgresql.drop(name)


@pytest.fixture(scope="session")
def postgresql_template(postgresql: Server, small_network_template: Path) -> str:
    """The name of a PostgreSQL database with the small network, whose PINs have the SQLite template's pepper."""
    name = postgresql.create()
    location = Location(small_network_template, postgresql.url(name))
    engine = location.engine()
    upgrade(engine)
    with engine.begin() as connection:
        declare_small_network(connection, location.pins())
    return name


@pytest.fixture
def postgresql_location(location: Location, postgresql: Server, postgresql_template: str) -> Iterator[Location]:
    """A store with the small network on PostgreSQL, this test's own."""
    name = postgresql.create(postgresql_template)
    yield Location(location.directory, postgresql.url(name))
    postgresql.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_location(request: pytest.FixtureRequest, location: Location) -> Location:
    """A store with the small network; the test runs on each database."""
    if request.param == "sqlite":
        return location
    found: Location = request.getfixturevalue("postgresql_location")
    return found


@pytest.fixture
def counter(any_location: Location) -> Iterator[Counter]:
    """A counter on the small network; the test runs on each database."""
    counter = Counter(any_location)
    yield counter
    counter.close()


SLOW: Final = (
    "bench",
    "conformance/ncip/test_kit.py",
    "docs/test_pages.py",
    "integration",
    "server/ncip/test_peers.py",
    "server/test_demo.py",
    "server/test_department.py",
    "storage/circulation/holds/test_daemons.py",
    "storage/circulation/holds/test_races.py",
    "storage/circulation/machine",
    "storage/circulation/shuttle/test_conservation.py",
    "storage/circulation/shuttle/test_races.py",
    "system",
)
"""What `make test-fast` leaves out: real daemons and processes, races, long walks."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow by where it stands."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).as_posix().startswith(SLOW):
            item.add_marker(pytest.mark.slow)


def pytest_sessionfinish() -> None:
    """Let the reactor's threads go: they are no daemons, and an interpreter would wait for them for ever."""
    from twisted.internet import reactor

    pool = getattr(reactor, "threadpool", None)
    if pool is not None and pool.started and not pool.joined:
        pool.stop()
