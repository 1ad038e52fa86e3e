"""The migrations lead, from nothing, to exactly the schema that the code declares."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command
from sqlalchemy import Engine

from storage import database
from storage.database import Location, MigrationNeeded, StoreBusy
from storage.schema import METADATA


def shape(engine: Engine) -> dict[str, str]:
    """Every table's and index's own SQL, white space aside."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
    parts = {}
    for name, sql in rows:
        if name != "alembic_version":
            # The order in which constraints stand says nothing.
            parts[name] = " ".join(sorted(re.sub(r"\s+", " ", line).strip(" ,") for line in sql.splitlines()))
    return parts


def test_upgrading_from_nothing_makes_what_the_code_declares(tmp_path: Path) -> None:
    migrated = Location(tmp_path)
    database.upgrade(migrated.engine())
    declared = sqlalchemy.create_engine("sqlite://")
    METADATA.create_all(declared)
    assert shape(migrated.engine()) == shape(declared)


def test_upgrading_twice_changes_nothing_and_down_leaves_nothing(tmp_path: Path) -> None:
    engine = Location(tmp_path).engine()
    database.upgrade(engine)
    database.upgrade(engine)
    database.check(engine)
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT * FROM catalogue_version").all() == [(1, 0)]
        command.downgrade(database._config(connection), "base")
    assert shape(engine) == {}


def test_an_old_schema_is_refused_with_the_command_to_run(tmp_path: Path) -> None:
    with pytest.raises(MigrationNeeded, match="bibliobus db upgrade"):
        database.check(Location(tmp_path).engine())


def test_only_one_process_has_the_write_lock(tmp_path: Path) -> None:
    location = Location(tmp_path)
    with location.write_lock(), pytest.raises(StoreBusy), location.write_lock():
        pass
    with location.write_lock():
        pass


def test_the_pepper_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    location = Location(tmp_path)
    first = location.pins()
    assert location.pins() == first
    assert (tmp_path / "pepper").stat().st_mode & 0o777 == 0o600
    assert repr(first.pepper) not in repr(first)


def test_a_url_that_is_not_postgresql_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"mysql://\.\.\.") as error:
        Location(tmp_path, "mysql://user:secret@host/name").engine()
    assert "secret" not in str(error.value)
