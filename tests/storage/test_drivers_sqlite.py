"""The SQLite driver: what a full disk, a failed checkpoint and steady load do to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater

from storage import schema
from storage.circulation.acts import LoanAnswer
from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.database import Location
from storage.drivers import sqlite as driver
from storage.drivers.snapshot import connect
from storage.statements import STAMP, Statement, Steps
from storage.store import StoreUnavailable
from storage.usecase import Outcome
from tests.counter import Counter, at, settle
from tests.network import LENS, NOW
from tests.reactor import await_

TITLES = Statement("titles", select(schema.item.c.title).order_by(schema.item.c.id))


@pytest.fixture
def counter(location: Location) -> Iterator[Counter]:
    counter = Counter(location)
    yield counter
    counter.close()


def driver_of(counter: Counter) -> driver.SQLiteDriver:
    found = counter.store._driver
    assert isinstance(found, driver.SQLiteDriver)
    return found


def wal_of(counter: Counter) -> Path:
    path = counter.location.sqlite_path
    assert path is not None
    return Path(f"{path}-wal")


def first_title() -> Steps[str]:
    (rows,) = yield [TITLES()]
    return str(rows[0][0])


def test_the_reads_of_one_turn_see_one_state_and_the_next_turn_the_new_one(counter: Counter) -> None:
    def title() -> str:
        return await_(counter.store.read(first_title()))  # It has fired: the reactor does not run.

    assert title() == "Titre 1"
    counter.sql("UPDATE item SET title = 'changed'")
    assert title() == "Titre 1"
    await_(deferLater(reactor, 0))
    assert title() == "changed"


def test_a_long_read_lets_others_in_between(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.drivers.snapshot.SLICE_SECONDS", 0.0)

    def long(name: str) -> Steps[int]:
        for _ in range(5):
            yield [STAMP()]
            seen.append(name)
        return 5

    seen: list[str] = []
    first, second = counter.store.read(long("first")), counter.store.read(long("second"))
    assert not first.called
    assert await_(gatherResults([first, second])) == [5, 5]
    assert seen == ["first", "second"] * 5


def test_commits_are_counted_and_their_number_is_not_told_while_one_may_come(counter: Counter) -> None:
    store = counter.store
    seen = [store.commits]
    counter.checkout("R1", "I1")
    seen.append(store.commits)
    await_(store.read(first_title()))
    assert store.commits == seen[-1]
    working = store.work(lambda _connection: None)
    assert store.commits is None
    await_(working)
    seen.append(store.commits)
    assert None not in seen
    assert len(set(seen)) == 3


@pytest.mark.parametrize(("seconds", "commits"), [(60.0, 1), (0.0, 2)])
def test_acts_of_turns_that_follow_each_other_are_committed_together_for_a_while(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, seconds: float, commits: int
) -> None:
    monkeypatch.setattr(driver, "GATHER_SECONDS", seconds)
    store = counter.store

    def lend(number: int) -> Deferred[Outcome[LoanAnswer]]:
        return store.transact(CHECKOUT, CheckoutRequest("R1", f"I{number}", at(LENS)), NOW)

    before = store.commits
    assert before is not None

    def second() -> Deferred[Outcome[LoanAnswer]]:
        acts.append(deferLater(reactor, 0, lend, 3))
        return lend(2)

    acts: list[Deferred[Any]] = [
        deferLater(reactor, 0, second)
    ]  # before the end of the first turn, when a batch would begin
    acts.append(lend(1))
    await_(gatherResults(acts[:]))
    assert [answer.ok for answer in settle(acts)] == [True] * 3
    await_(deferLater(reactor, 0))
    assert store.commits == before + commits


def limit_pages(counter: Counter, room: int) -> None:
    """Let the database grow by *room* pages, as a disk that fills up does."""
    writer = driver_of(counter)._writer
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages + room}")


def test_when_the_disk_is_full_what_is_told_is_what_is_kept(counter: Counter) -> None:
    limit_pages(counter, 3)
    answers: list[Any] = []
    for _ in range(30):  # Each batch meets the end of the disk somewhere else.
        answers += counter.do_all([(CHECKOUT, CheckoutRequest("R1", f"I{n}", at())) for n in range(1, 20)])
        answers += counter.do_all([(CHECKIN, CheckinRequest(f"I{n}", at())) for n in range(1, 20)])
    told = [answer for answer in answers if not isinstance(answer, StoreUnavailable)]
    assert 0 < len(told) < len(answers)
    lent = [answer for answer in told if isinstance(answer, LoanAnswer) and answer.ok]
    assert counter.journal().count("checkout") == len(lent)
    limit_pages(counter, 10_000)
    counter.checkin("I1")
    assert counter.checkout("R1", "I1").ok
    assert counter.store.healthy


def test_it_finds_out_by_itself_that_the_trouble_is_over(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kiosks that were told of an outage send no more acts: nothing else would ever show that it ended."""

    def healthy() -> bool:
        return counter.store.healthy

    monkeypatch.setattr(driver, "PROBE_SECONDS", 0.01)
    limit_pages(counter, 0)
    while healthy():
        counter.do_all([(CHECKOUT, CheckoutRequest("R1", f"I{n}", at())) for n in range(1, 20)])
        counter.do_all([(CHECKIN, CheckinRequest(f"I{n}", at())) for n in range(1, 20)])
    limit_pages(counter, 10_000)
    assert any(await_(deferLater(reactor, 0.01, healthy)) for _ in range(200))


def load(counter: Counter, kiosks: int, times: int) -> None:
    """Have *kiosks* lend and take back an item each, *times* over, side by side."""

    async def kiosk(barcode: str) -> None:
        for _ in range(times):
            await counter.store.transact(CHECKOUT, CheckoutRequest("R1", barcode, at()), NOW)
            await counter.store.transact(CHECKIN, CheckinRequest(barcode, at()), NOW)

    running = [Deferred.fromCoroutine(kiosk(f"I{n}")) for n in range(1, kiosks + 1)]
    await_(gatherResults(running))


def test_checkpoints_under_load_keep_the_log_short(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "CHECKPOINT_ACTS", 100)
    load(counter, kiosks=16, times=40)
    first = wal_of(counter).stat().st_size
    for _ in range(3):
        load(counter, kiosks=16, times=40)
    assert wal_of(counter).stat().st_size < 2 * first
    assert len(counter.journal()) == 4 * 40 * 2 * 16


def test_a_failed_checkpoint_stops_nothing(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "CHECKPOINT_ACTS", 1)
    monkeypatch.setattr(driver, "_CHECKPOINT", "SELECT * FROM nothing")
    for n in range(1, 10):
        assert counter.checkout("R1", f"I{n}").ok
    monkeypatch.undo()


def test_another_writer_delays_acts_and_no_reads(counter: Counter) -> None:
    path = counter.location.sqlite_path
    assert path is not None
    other = connect(path)
    other.execute("BEGIN IMMEDIATE")
    lending = counter.store.transact(CHECKOUT, CheckoutRequest("R1", "I1", at()), NOW)
    await_(deferLater(reactor, 2 * driver._TRY_SECONDS))
    assert await_(counter.store.read(first_title())) == "Titre 1"
    assert not lending.called
    other.execute("ROLLBACK")
    other.close()
    assert [answer.ok for answer in settle([lending])] == [True]


def test_another_writer_that_does_not_end_has_acts_refused_and_none_is_lost(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "LOCKED_SECONDS", 0.05)
    path = counter.location.sqlite_path
    assert path is not None
    other = connect(path)
    other.execute("BEGIN IMMEDIATE")
    acts = [(CHECKOUT, CheckoutRequest("R1", f"I{n}", at())) for n in range(1, 4)]
    assert all(isinstance(answer, StoreUnavailable) for answer in counter.do_all(acts))
    other.execute("ROLLBACK")
    other.close()
    assert all(answer.ok for answer in counter.do_all(acts))


def test_a_read_that_the_file_cannot_answer_is_unavailable(counter: Counter) -> None:
    missing = Statement("missing", text("SELECT nothing FROM nowhere"))

    def steps() -> Steps[None]:
        yield [missing()]

    with pytest.raises(StoreUnavailable):
        await_(counter.store.read(steps()))
    assert not counter.store.healthy
    assert counter.item("I1").row.id == 1
    assert counter.store.healthy
