"""The migrations lead, from nothing, to exactly the schema that the code declares."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Engine

from storage import database
from storage.database import Location, MigrationNeeded, StoreBusy
from storage.schema import METADATA


def pieces(sql: str) -> list[str]:
    """Split a statement at the commas of its outer brackets: what stands between says the same in any order."""
    found, depth, piece = [], 0, ""
    for sign in re.sub(r"\s+", " ", sql.replace('"', "")):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 1:
            found.append(piece)
            piece = ""
        else:
            piece += sign
    return [*found, piece]


def shape(engine: Engine) -> dict[str, str]:
    """Every table's and index's own SQL; where an added column stands among the constraints says nothing."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
    parts = {}
    for name, sql in rows:
        if name != "alembic_version":
            whole = re.sub(r"\s*([(),])\s*", r"\1", re.sub(r"\s+", " ", sql.replace('"', "")))
            before, _, rest = whole.partition("(")
            inner, _, after = rest.rpartition(")")
            parts[name] = "|".join([before.strip(), *sorted(pieces(f"({inner}")), after.strip()])
    return parts


def test_upgrading_from_nothing_makes_what_the_code_declares(tmp_path: Path) -> None:
    migrated = Location(tmp_path)
    database.upgrade(migrated.engine())
    declared = sqlalchemy.create_engine("sqlite://")
    METADATA.create_all(declared)
    assert shape(migrated.engine()) == shape(declared)


def test_upgrading_twice_changes_nothing(tmp_path: Path) -> None:
    engine = Location(tmp_path).engine()
    database.upgrade(engine)
    before = shape(engine)
    database.upgrade(engine)
    database.check(engine)
    assert shape(engine) == before
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT id, version FROM catalogue_version").all() == [(1, 0)]


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
