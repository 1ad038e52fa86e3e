"""Harvest on both databases: changes in their order, each once, whatever the parts; deletions in every list."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap
from sqlalchemy import Connection, insert

from storage.catalogue import harvest
from storage.catalogue.harvest import Change, change, changes, earliest, memberships
from storage.catalogue.records import save_records
from storage.database import Location
from storage.schema import record

from .running import new_record, run


def add(connection: Connection, number: int, at: int, deleted: int = 0) -> None:
    row = {
        "id": number, "format": "unimarc", "iso2709": b"", "source": "X", "control": str(number), "title": "", "deleted": deleted,
        "created_at": at, "modified_at": at,
    }  # fmt: skip
    connection.execute(insert(record).values(row))


def walk(connection: Connection, since: int, until: int, wanted: int, members: BitMap | None = None) -> list[Change]:
    """Return a whole list, given in parts."""
    out: list[Change] = []
    at, number, more = -1, 0, True
    while more:
        found, more, at, number = run(connection, changes(since, until, at, number, wanted, members))
        assert len(found) <= wanted
        out += found
    return out


def test_changes_come_in_their_order_on_both_databases(any_location: Location) -> None:
    with any_location.engine().begin() as connection:
        assert run(connection, earliest()) == 0
        for number, at, deleted in [(1, 30, 0), (2, 10, 0), (3, 30, 1), (4, 20, 0), (5, 30, 0)]:
            add(connection, number, at, deleted)
        assert walk(connection, 0, 100, 2) == [(2, 10, 0), (4, 20, 0), (1, 30, 0), (3, 30, 1), (5, 30, 0)]
        assert walk(connection, 20, 20, 2) == [(4, 20, False)]
        assert walk(connection, 31, 100, 2) == []
        assert walk(connection, 0, 100, 1, BitMap([2, 5])) == [(2, 10, 0), (3, 30, 1), (5, 30, 0)]
        assert run(connection, earliest()) == 10
        assert run(connection, change(3)) == (3, 30, True)
        assert run(connection, change(9)) is None


def test_members_of_databases_are_known(any_location: Location) -> None:
    with any_location.engine().begin() as connection:
        ids = save_records(connection, [new_record("a", "200 1  $aA"), new_record("b", "200 1  $aB")], [1], 5).ids
        assert run(connection, memberships([1, 2])) == {1: BitMap(ids), 2: BitMap()}


def test_a_record_that_joins_a_database_has_changed(any_location: Location) -> None:
    with any_location.engine().begin() as connection:
        title = new_record("a", "200 1  $aA")
        (number,) = save_records(connection, [title], [1], 5).ids
        assert save_records(connection, [title], [1], 6).unchanged == 1
        assert run(connection, change(number)) == (number, 5, False)
        assert save_records(connection, [title], [1, 2], 7).unchanged == 1
        assert run(connection, change(number)) == (number, 7, False)


@settings(derandomize=True, deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1)), max_size=12),
    st.integers(0, 6), st.integers(0, 6), st.integers(1, 4), st.none() | st.frozensets(st.integers(1, 12)),
)  # fmt: skip
def test_a_list_in_parts_is_the_list_whole(
    oracle_location: Location,
    monkeypatch: pytest.MonkeyPatch,
    rows: list[tuple[int, int]],
    since: int,
    until: int,
    wanted: int,
    members: frozenset[int] | None,
) -> None:
    monkeypatch.setattr(harvest, "ROWS", 3)
    with oracle_location.engine().connect() as connection:
        for number, (at, deleted) in enumerate(rows, 1):
            add(connection, number, at, deleted)
        expected = sorted(
            (at, number, bool(deleted))
            for number, (at, deleted) in enumerate(rows, 1)
            if since <= at <= until and (deleted or members is None or number in members)
        )
        found = walk(connection, since, until, wanted, None if members is None else BitMap(members))
        assert [(at, number, deleted) for number, at, deleted in found] == expected
        connection.rollback()
