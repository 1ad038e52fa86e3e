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


# --- from release to release ---------------------------------------------------------------------------------------------

_BEFORE = (
    "INSERT INTO library (id, code, name) VALUES (1, 'LENS', 'Lens'), (2, 'AVION', 'Avion')",
    "INSERT INTO patron_category (id, code, name) VALUES (1, 'ALL', 'Tous')",
    "INSERT INTO item_type (id, code, name) VALUES (1, 'DOC', 'Document')",
    "INSERT INTO patron (id, code, category_id, home_id, surname) VALUES (1, 'R1', 1, 1, 'Durand')",
    "INSERT INTO item (id, owner_id, home_id, current_id, item_type_id) VALUES (1, 1, 1, 1, 1), (2, 1, 1, 1, 1)",
    (
        "INSERT INTO loan (id, item_id, patron_id, library_id, item_type_id, channel, out_at, due_on)"
        " VALUES (5, 2, 1, 1, 1, 'sip2', 1795345200, '2026-12-20')"
    ),
    (
        "INSERT INTO hold (id, patron_id, target_item_id, pickup_id, requested_at, state, item_id, closed_at) VALUES"
        " (10, 1, 1, 2, 7, 'transit', 1, NULL), (11, 1, 2, 1, 8, 'targeted', NULL, NULL),"
        " (12, 1, 1, 1, 6, 'honoured', 1, 1769866200)"
    ),
    "INSERT INTO transit (id, item_id, from_id, to_id, reason, hold_id, sent_at) VALUES (20, 1, 1, 2, 'hold', 10, 9)",
    "INSERT INTO journal (at, act, channel, actor, loan_id) VALUES (9, 'checkout', 'sip2', 'kiosk', 5)",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_of_first_release(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """A store as the first release made it, with a little of everything that has changed since."""
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else ""
    engine = Location(tmp_path, url).engine()
    with engine.begin() as connection:
        command.upgrade(database._config(connection), "0001")
        for statement in _BEFORE:
            connection.exec_driver_sql(statement)
    return engine


def test_what_the_first_release_kept_is_kept(engine_of_first_release: Engine) -> None:
    engine = engine_of_first_release
    with pytest.raises(MigrationNeeded):
        database.check(engine)
    database.upgrade(engine)
    database.check(engine)

    def rows(statement: str) -> list[tuple[object, ...]]:
        with engine.begin() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

    assert rows("SELECT id, state, item_id, pickup_id FROM hold ORDER BY id") == [
        (10, "transit", 1, 2),
        (11, "waiting", None, 1),
    ]
    assert rows("SELECT id, outcome, patron_category_id, closed_at FROM past_hold") == [(12, "honoured", 1, 1769866200)]
    # Closed on 31 January 2026: the link to its reader is cut at the end of May.
    assert rows("SELECT expires_on, hold_id, patron_id FROM past_hold_reader") == [("2026-05-31", 12, 1)]
    assert rows("SELECT id, to_id, hold_id, received_at FROM transit") == [(20, 2, 10, None)]
    assert rows("SELECT id, due_on, state, renewed_on FROM loan") == [(5, "2026-12-20", "open", None)]
    assert rows("SELECT act, context FROM journal") == [("checkout", "")]
    assert rows("SELECT id, misses FROM item ORDER BY id") == [(1, 0), (2, 0)]
    assert database.faults(engine) == []
