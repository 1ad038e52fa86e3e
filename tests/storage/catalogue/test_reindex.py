"""The index made anew: it is what saving the records would have made, and is made only when the layout is another."""

from __future__ import annotations

import os

import pytest
from sqlalchemy import Connection, delete, select, update

from storage.catalogue import ahead, records
from storage.catalogue import reindex as reindexing
from storage.catalogue.reindex import LAYOUT, reindex
from storage.database import Location
from storage.schema import catalogue_version, posting
from tests.storage.catalogue.corpus import NOW, RECORDS
from tests.storage.catalogue.running import NETWORK


def index(connection: Connection) -> list[tuple[object, ...]]:
    columns = posting.c.access_point, posting.c.term, posting.c.block
    return [tuple(row) for row in connection.execute(select(posting).order_by(*columns))]


@pytest.mark.parametrize("cores", [{0}, {0, 1}])
def test_an_index_of_another_layout_is_made_anew(
    any_location: Location, monkeypatch: pytest.MonkeyPatch, cores: set[int]
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: cores)
    monkeypatch.setattr(ahead.indexed, "__defaults__", (1,))  # any number of records is worth a process
    monkeypatch.setattr(reindexing, "BATCH", 2)
    monkeypatch.setattr(reindexing, "CHUNK", 1)
    with any_location.engine().begin() as connection:
        records.save_records(connection, RECORDS, [NETWORK], NOW)
        records.delete_records(connection, [2], NOW)
        before = index(connection)
        assert reindex(connection) == 0
        connection.execute(update(catalogue_version).values(layout=0))
        connection.execute(delete(posting).where(posting.c.access_point == 2))
        connection.execute(update(posting).where(posting.c.access_point == 3).values(term=posting.c.term + "x"))
        told: list[tuple[int, int]] = []
        assert reindex(connection, lambda done, total: told.append((done, total))) == 4
        assert told == [(2, 4), (4, 4)]
        assert index(connection) == before
        assert connection.execute(select(catalogue_version.c.layout)).scalar() == LAYOUT
