"""Fixtures that several rooms share: a small network on a real database."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from storage.database import Location, upgrade
from tests.network import declare_small_network


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
