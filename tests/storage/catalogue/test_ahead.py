"""Import with the terms found in a second process: the same database, and nothing left behind."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from protocols.marc.errors import BadRecord
from storage.catalogue import ahead
from storage.catalogue.postings import BLOCK_BITS
from storage.database import Location, upgrade
from storage.intake.holdings import PROFILES
from storage.intake.marc_import import Report, Task, import_batch, new_records
from storage.intake.marc_read import MarcFile, SourceRecord, batches
from storage.schema import record
from tests.network import NOW, declare_small_network
from tests.storage.intake.importing import content, marc

TASK = Task("LENS", (), PROFILES["995"], NOW)
OTHERS = [
    marc(
        f"{at}",
        f"200 1  $aMine {at % 7} et galibots$fAuteur {at}",
        f"606    $aSujet {at % 3}$2rameau",
        f"995    $f{at:014}",
    )
    for at in range(1, 60)
]
CHANGED = [marc("7", "200 1  $aTout autre chose"), *OTHERS[10:20], marc("99", "200 1  $aMine neuve")]


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1})


def read(data: Sequence[bytes]) -> list[SourceRecord]:
    return [each for each in MarcFile().records(data) if not isinstance(each, BadRecord)]


def imported(path: Path, worth: int, *, before: Callable[[Connection], None] | None = None) -> list[Report]:
    """Import twice, then changes, in batches of 8; return the reports."""
    path.mkdir()
    location = Location(path)
    engine = location.engine()
    upgrade(engine)
    with engine.begin() as connection:
        declare_small_network(connection, location.pins())
        if before is not None:
            before(connection)
    reports = []
    for data in (OTHERS, OTHERS, CHANGED):
        total = Report()
        for batch, index in ahead.indexed(batches(read(data), 8), SourceRecord.raw, worth):
            assert (index is None) == (worth > 8)
            with engine.begin() as connection:
                total.add(import_batch(connection, TASK, batch, new_records("LENS", batch), index))
        reports.append(total)
    return reports


def near_a_block(connection: Connection) -> None:
    """Have a last record such that the next ones lie in two blocks of the postings."""
    last = {
        "id": (1 << BLOCK_BITS) - 5,
        "source": "X",
        "control": "X",
        "format": "unimarc",
        "iso2709": b"",
        "deleted": 1,
    }
    connection.execute(insert(record).values(**last, title="", author="", created_at=NOW, modified_at=NOW))


@pytest.mark.parametrize("before", [None, near_a_block])
@pytest.mark.usefixtures("two_cores")
def test_both_ways_leave_the_same_database(tmp_path: Path, before: Callable[[Connection], None] | None) -> None:
    here, there = (imported(tmp_path / name, worth, before=before) for name, worth in (("here", 9), ("there", 8)))
    assert here == there
    assert [(each.added, each.replaced, each.unchanged) for each in here] == [(59, 0, 0), (0, 0, 59), (1, 1, 10)]
    assert content(Location(tmp_path / "here").engine()) == content(Location(tmp_path / "there").engine())


def test_one_core_and_short_files_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0})
    for worth in (1, 1_000):
        assert all(index is None for _, index in ahead.indexed(batches(read(OTHERS), 8), SourceRecord.raw, worth))
        monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1})
    assert list(ahead.indexed([], SourceRecord.raw)) == []


@pytest.mark.usefixtures("two_cores")
def test_the_process_ends_when_the_import_is_broken_off() -> None:
    known, collected = set(multiprocessing.active_children()), gc.get_threshold()
    ready = ahead.indexed(batches(read(OTHERS), 8), SourceRecord.raw, 1)
    next(ready)
    assert set(multiprocessing.active_children()) > known
    ready.close()
    assert set(multiprocessing.active_children()) == known
    assert gc.get_threshold() == collected


@pytest.mark.usefixtures("two_cores")
def test_a_process_that_dies_costs_its_help_alone() -> None:
    known = set(multiprocessing.active_children())
    ready = ahead.indexed(batches(read(OTHERS), 8), SourceRecord.raw, 1)
    whole = [next(ready)]
    (process,) = set(multiprocessing.active_children()) - known
    process.kill()
    process.join()
    whole += islice(ready, 100)
    assert [each for batch, _ in whole for each in batch] == read(OTHERS)
    assert whole[0][1] is not None
    assert whole[-1][1] is None
