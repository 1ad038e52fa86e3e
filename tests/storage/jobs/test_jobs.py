"""Jobs: rounds in slices that are kept with what they did, one daemon at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from server.jobs import Jobs, states
from storage import schema
from storage.jobs.forget import (
    FORGET_LOANS,
    FORGET_NOTICES,
    FORGET_OLD_REPLIES,
    FORGET_PULLS,
    FORGET_SIGHTINGS,
    REPLIES_KEPT,
    TRACES_KEPT,
)
from storage.jobs.job import Job, RunRequest, Slice, State, usecase_of
from storage.jobs.lease import LEASE, SECONDS, LeaseRequest
from storage.jobs.table import JOBS
from storage.store import Store
from storage.usecase import Origin
from tests.counter import Counter
from tests.network import LENS, NOW
from tests.reactor import await_, until

FORGET = usecase_of(FORGET_LOANS)


def origin(holder: str = "d1") -> Origin:
    return Origin("job", holder, 0)


def lease(counter: Counter, holder: str, now: int, **more: Any) -> bool:
    answer = counter.answer(LEASE, LeaseRequest("jobs", holder, origin(), **more), now=now)
    return bool(answer)


def past_loans(counter: Counter, *days: str) -> None:
    for number, day in enumerate(days):
        counter.sql(f"INSERT INTO past_loan_reader VALUES ('{day}', {number}, 1)")


def run(counter: Counter, usecase: Any = FORGET, now: int = NOW) -> Slice | None:
    answer: Slice | None = counter.answer(usecase, RunRequest(origin(), now), now=now)
    return answer


def state(counter: Counter, name: str) -> State:
    return await_(counter.store.read(states()))[name]


def test_the_link_to_a_reader_is_cut_after_its_day_and_not_before(counter: Counter) -> None:
    today = datetime.fromtimestamp(NOW, tz=UTC).date().isoformat()
    past_loans(counter, "2026-01-31", today, "2027-01-31")
    assert run(counter) == Slice(1)
    assert counter.sql("SELECT expires_on FROM past_loan_reader ORDER BY 1") == [(today,), ("2027-01-31",)]
    assert counter.sql("SELECT act, detail, channel FROM journal") == [("forget-loans", "1", "job")]
    assert run(counter) == Slice(0)


def test_a_round_goes_on_where_a_killed_daemon_left_it(counter: Counter) -> None:
    past_loans(counter, *["2026-01-31"] * (FORGET_LOANS.size + 5))
    assert run(counter) == Slice(FORGET_LOANS.size, "more")
    assert state(counter, "forget-loans") == State("more", NOW, None, FORGET_LOANS.size)
    assert run(counter, now=NOW + 9) == Slice(5)
    assert state(counter, "forget-loans") == State("", NOW, NOW + 9, FORGET_LOANS.size + 5)
    assert run(counter, now=NOW + 99) == Slice(0)
    assert state(counter, "forget-loans") == State("", NOW + 99, NOW + 99, 0)


def test_two_who_do_the_same_slice_do_it_once(counter: Counter) -> None:
    past_loans(counter, *["2026-01-31"] * 3)
    answers = counter.do_all([(FORGET, RunRequest(origin(name), NOW)) for name in ("d1", "d2")])
    assert sorted(slice_.done for slice_ in answers) == [0, 3]
    assert counter.sql("SELECT count(*) FROM journal") == [(1,)]


def test_only_a_round_that_has_begun_is_gone_on_with_when_asked_so(counter: Counter) -> None:
    assert counter.answer(FORGET, RunRequest(origin(), NOW, begins=False)) is None
    assert await_(counter.store.read(states())) == {}


def test_old_replies_are_forgotten_and_young_ones_kept(counter: Counter) -> None:
    for name, at in (("old", NOW - REPLIES_KEPT - 9), ("new", NOW)):
        row = {"account": name, "digest": b"1", "at": at, "connection": 1, "effect": "x", "reply": b""}
        await_(
            counter.store.work(
                lambda connection, row=row: connection.execute(insert(schema.reply).values(row)) and None
            )
        )
    run(counter, usecase_of(FORGET_OLD_REPLIES))
    assert counter.sql("SELECT account FROM reply") == [("new",)]


def test_no_notice_ties_a_reader_to_a_loan_for_longer_than_the_link_itself(counter: Counter) -> None:
    """I-37: also what was told while the loan was open."""
    assert counter.checkout("R1", "I1").ok
    ((loan,),) = counter.sql("SELECT id FROM loan")
    for number, about in ((1, loan), (2, 999), (3, 998)):
        counter.sql(
            f"INSERT INTO notice (id, kind, patron_id, at, loan_id) VALUES ({number}, 'overdue', 1, {NOW + number}, {about})"
        )
    forget = usecase_of(FORGET_NOTICES)
    assert run(counter, forget, NOW + 3 + TRACES_KEPT) == Slice(1)
    assert counter.sql("SELECT id FROM notice ORDER BY id") == [(1,), (3,)]
    counter.checkin("I1")
    assert run(counter, forget, NOW + 4 + TRACES_KEPT) == Slice(2)
    assert run(counter, forget, NOW + 5 + TRACES_KEPT) == Slice(0)


def test_lines_of_pull_lists_and_sightings_are_kept_as_long_as_they_count(counter: Counter) -> None:
    counter.hold(70, patron=2, item=1, pickup=LENS)
    for number, hold, ended in ((1, 70, NOW), (2, 71, NOW), (3, 72, None)):
        outcome = "NULL, NULL" if ended is None else f"'missed', {ended}"
        counter.sql(f"INSERT INTO pull VALUES ({number}, {hold}, {number}, 1, {NOW}, {NOW}, {outcome})")
    for number, received in ((80, "NULL"), (81, NOW)):
        counter.sql(
            "INSERT INTO transit (id, item_id, from_id, to_id, reason, sent_at, received_at)"
            f" VALUES ({number}, {number - 79}, 1, 2, 'return', {NOW}, {received})"
        )
        counter.sql(f"INSERT INTO sighting (item_id, library_id, transit_id, at) VALUES (1, 1, {number}, {NOW})")
    later = NOW + TRACES_KEPT + 1
    assert run(counter, usecase_of(FORGET_PULLS), later) == Slice(1)
    assert counter.sql("SELECT id FROM pull ORDER BY id") == [(1,), (3,)]
    assert run(counter, usecase_of(FORGET_SIGHTINGS), later) == Slice(1)
    assert counter.sql("SELECT transit_id FROM sighting") == [(80,)]


def test_traces_are_deleted_slice_by_slice_and_kept_ones_are_passed(counter: Counter) -> None:
    size = FORGET_PULLS.size
    counter.hold(70, patron=2, item=1, pickup=LENS)
    for number in range(1, 2 * size + 6):
        hold = 70 if number <= size else 71
        counter.sql(f"INSERT INTO pull VALUES ({number}, {hold}, 1, 1, {NOW}, {NOW}, 'missed', {NOW})")
    forget = usecase_of(FORGET_PULLS)
    later = NOW + TRACES_KEPT + 1
    assert [run(counter, forget, later) for _ in range(3)] == [Slice(0, "100"), Slice(size, "200"), Slice(5)]
    assert counter.sql("SELECT count(*) FROM pull") == [(size,)]


def test_one_daemon_has_the_lease_until_it_lets_go_or_time_runs_out(counter: Counter) -> None:
    assert lease(counter, "d1", NOW)
    assert not lease(counter, "d2", NOW + SECONDS)
    assert lease(counter, "d1", NOW + SECONDS)
    assert not lease(counter, "d2", NOW + 2 * SECONDS)
    assert lease(counter, "d2", NOW + 2 * SECONDS + 1)
    assert lease(counter, "d2", NOW + 2 * SECONDS + 1, release=True)
    assert lease(counter, "d1", NOW + 2 * SECONDS + 1)


def test_two_daemons_that_want_the_lease_at_once(counter: Counter) -> None:
    asked = [(LEASE, LeaseRequest("jobs", name, origin(name))) for name in ("d1", "d2")]
    assert sorted(counter.do_all(asked)) == [False, True]
    assert sorted(counter.do_all(asked)) == [False, True]


@pytest.mark.parametrize(
    ("hour", "began", "now", "due"),
    [
        (None, "2026-11-22T10:00", "2026-11-22T10:59", False),
        (None, "2026-11-22T10:00", "2026-11-22T11:00", True),
        (3, "2026-11-22T01:30", "2026-11-22T02:10", True),
        (3, "2026-11-22T03:10", "2026-11-23T01:59", False),
        (3, "2026-11-22T03:10", "2026-11-23T02:00", True),
        (3, "2026-10-24T01:00", "2026-10-25T01:59", False),  # The night that is an hour longer.
        (3, "2026-10-24T01:00", "2026-10-25T02:00", True),
    ],
)
def test_when_a_job_is_due(hour: int | None, began: str, now: str, due: bool) -> None:
    # Instants are UTC, the hour is local: one hour ahead, two in summer.
    def seconds(text: str) -> int:
        return int(datetime.fromisoformat(f"{text}:00+00:00").timestamp())

    job = Job("x", "", FORGET_LOANS.gather, FORGET_LOANS.decide, every=3600, hour=hour)
    assert job.is_due(seconds(began), seconds(now)) is due
    assert job.is_due(None, 0)


def test_what_is_due_is_done_to_its_end_and_then_left_alone(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.jobs.PAUSE", 0)
    past_loans(counter, *["2026-01-31"] * (2 * FORGET_LOANS.size + 1))
    jobs = Jobs(counter.store, reactor, JOBS, alone=False)
    await_(Deferred.fromCoroutine(jobs.look()))
    assert counter.sql("SELECT count(*) FROM past_loan_reader") == [(0,)]
    before = await_(counter.store.read(states()))
    assert set(before) == set(JOBS)
    await_(Deferred.fromCoroutine(jobs.look()))
    assert await_(counter.store.read(states())) == before
    await_(jobs.stop())
    assert counter.answer(LEASE, LeaseRequest("jobs", "other", origin()), now=int(reactor.seconds())) is True


def test_a_job_rests_nine_times_as_long_as_its_slice_took(counter: Counter) -> None:
    past_loans(counter, *["2026-01-31"] * (FORGET_LOANS.size + 1))
    clock = Clock()
    clock.advance(NOW)
    jobs = Jobs(_Slow(counter.store, clock), clock, {"forget-loans": FORGET_LOANS}, alone=True)  # type: ignore[arg-type]
    looking = Deferred.fromCoroutine(jobs.look())
    until(lambda: bool(clock.getDelayedCalls()))
    (rest,) = clock.getDelayedCalls()
    assert rest.getTime() - clock.seconds() == pytest.approx(9 * _Slow.SECONDS)
    clock.advance(9 * _Slow.SECONDS)
    await_(looking)
    assert counter.sql("SELECT count(*) FROM past_loan_reader") == [(0,)]


class _Slow:
    """A store whose acts take their time by *clock*."""

    SECONDS = 0.1

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self.read = store.read

    def transact(self, *asked: Any) -> Deferred[Any]:
        self._clock.advance(self.SECONDS)
        return self._store.transact(*asked)


def test_who_has_no_lease_does_nothing(counter: Counter) -> None:
    assert lease(counter, "other", int(reactor.seconds()))
    jobs = Jobs(counter.store, reactor, JOBS, alone=False)
    await_(Deferred.fromCoroutine(jobs.look()))
    assert await_(counter.store.read(states())) == {}
    assert counter.sql("SELECT holder FROM lease") == [("other",)]
