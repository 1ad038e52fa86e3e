"""Races of loans (domain.md 2.13), each from threads of its own: on SQLite at one daemon, on PostgreSQL at two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import text
from twisted.internet import reactor as installed_reactor
from twisted.internet.threads import blockingCallFromThread

from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.marking import MARK, MarkRequest
from storage.circulation.patrons.erasure import ERASE, EraseRequest
from storage.circulation.renew import RENEW, RenewRequest
from storage.circulation.renew_all import RENEW_ALL, RenewAllRequest
from storage.circulation.standing import STANDING, Finding, StandingRequest
from storage.circulation.undo import UNDO, UndoRequest
from storage.circulation.watch import WATCH_LOANS
from storage.database import Location
from storage.jobs.job import RunRequest, usecase_of
from storage.network.convention_acts import denounce, leave, notify
from storage.refusals import Reason
from storage.usecase import Origin
from tests.counter import Counter, at
from tests.network import AVION, LENS, LIEVIN, NOW
from tests.reactor import await_, until

Act = tuple[Any, Any]
reactor: Any = installed_reactor
ROUNDS = range(1, 10)
MIDNIGHT = int(datetime(2026, 11, 22, 23, tzinfo=UTC).timestamp())
"""In Paris, where 23 November begins."""


@pytest.fixture
def daemons(any_location: Location) -> Iterator[list[Counter]]:
    made = [Counter(any_location)]
    if any_location.sqlite_path is None:
        made.append(Counter(any_location))
    yield made
    for counter in made:
        counter.close()


def race(daemons: list[Counter], *acts: Act, now: int | list[int] = NOW) -> list[Any]:
    """Have each act asked for by a thread of its own, all at once, of one daemon after the other; return the answers."""
    answers: dict[int, Any] = {}
    start = Barrier(len(acts))
    moments = now if isinstance(now, list) else [now] * len(acts)

    def ask(number: int, act: Act) -> None:
        start.wait()
        transact: Callable[..., Any] = daemons[number % len(daemons)].store.transact
        try:
            usecase, request = act
            answers[number] = blockingCallFromThread(reactor, transact, usecase, request, moments[number]).answer
        except Exception as error:  # noqa: BLE001 (the test looks at it)
            answers[number] = error

    threads = [Thread(target=ask, args=(number, act)) for number, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    until(lambda: len(answers) == len(acts))
    for thread in threads:
        thread.join()
    return [answers[number] for number in range(len(acts))]


def lend(card: str, barcode: str, library: int = LENS, **more: Any) -> Act:
    return CHECKOUT, CheckoutRequest(card, barcode, at(library), **more)


def take(barcode: str, library: int = LENS, **more: Any) -> Act:
    return CHECKIN, CheckinRequest(barcode, at(library), **more)


def test_two_kiosks_same_item(daemons: list[Counter]) -> None:
    for n in ROUNDS:
        answers = race(daemons, lend("R1", f"I{n}"), lend("R2", f"I{n}", LIEVIN))
        assert sorted(answer.reasons for answer in answers) == [(), (Reason.ON_LOAN_TO_OTHER,)]
    assert daemons[0].sql("SELECT count(*) FROM loan") == [(9,)]


def test_same_reader_at_two_kiosks_at_limit_minus_one(daemons: list[Counter]) -> None:
    one = daemons[0]
    one.sql("INSERT INTO policy_set(id, code, effective_from) VALUES (1, 'vote', '2026-01-01')")
    one.sql("INSERT INTO rule(policy_set_id, attribute, value) VALUES (1, 'loan.limit', '2')")
    for counter in daemons:
        await_(counter.store.reload_network())
    for n in ROUNDS:
        assert one.checkout(f"R{n}", f"I{n}").ok
        answers = race(daemons, lend(f"R{n}", f"I{n + 9}"), lend(f"R{n}", f"I{n + 10}", LIEVIN))
        assert sorted(answer.reasons for answer in answers) == [(), (Reason.TOO_MANY_LOANS,)]
        for barcode in (f"I{n + 9}", f"I{n + 10}"):
            one.checkin(barcode)
        assert one.sql("SELECT count(*) FROM loan WHERE patron_id = :n", n=n) == [(1,)]


def test_checkin_at_two_libraries(daemons: list[Counter]) -> None:
    one = daemons[0]
    for n in ROUNDS:
        one.checkout("R1", f"I{n}")
        answers = race(daemons, take(f"I{n}", LIEVIN), take(f"I{n}", AVION), take(f"I{n}", LIEVIN))
        assert sorted(answer.was_on_loan for answer in answers) == [False, False, True]
        assert {answer.destination.id for answer in answers} == {LENS}
    assert one.sql("SELECT count(*), count(DISTINCT item_id) FROM past_loan") == [(9, 9)]
    assert one.sql("SELECT count(*), count(DISTINCT item_id) FROM transit WHERE received_at IS NULL") == [(9, 9)]


def test_off_line_replay_against_a_live_act(daemons: list[Counter]) -> None:
    one = daemons[0]
    for n in ROUNDS:
        barcode = f"I{n}"
        told, live = race(daemons, lend("R1", barcode, offline=True, done_at=NOW - 3600), lend("R2", barcode, LIEVIN))
        assert told.ok
        loans = one.sql("SELECT patron_id, out_at FROM loan WHERE item_id = :n", n=n)
        past = one.sql("SELECT out_at, in_at, state FROM past_loan WHERE item_id = :n", n=n)
        if live.ok:  # It came first: what was told is past.
            assert (loans, past) == ([(2, NOW)], [(NOW - 3600, NOW, "deduced")])
        else:
            assert live.reasons == (Reason.ON_LOAN_TO_OTHER,)
            assert (loans, past) == ([(1, NOW - 3600)], [])


def test_one_batch_told_by_two_lines_at_once_is_one(daemons: list[Counter]) -> None:
    for n in ROUNDS:
        answers = race(daemons, *[lend("R1", f"I{n}", offline=True, done_at=NOW - 3600)] * 4)
        assert len({answer.loan_id for answer in answers}) == 1
        assert all(answer.ok for answer in answers)
    assert daemons[0].sql("SELECT count(*) FROM loan WHERE renewals = 0") == [(9,)]


def test_undo_against_checkin(daemons: list[Counter]) -> None:
    one = daemons[0]
    for n in ROUNDS:
        one.checkout("R1", f"I{n}")
        undone, taken = race(daemons, (UNDO, UndoRequest(f"I{n}", "checkout", at())), take(f"I{n}"))
        assert undone.ok != taken.was_on_loan
        assert one.sql("SELECT 1 FROM loan WHERE item_id = :n", n=n) == []
        assert len(one.sql("SELECT 1 FROM past_loan WHERE item_id = :n", n=n)) == taken.was_on_loan


def test_withdrawal_against_checkout(daemons: list[Counter]) -> None:
    """I-12."""
    for n in ROUNDS:
        withdrawn, lent = race(daemons, (MARK, MarkRequest(f"I{n}", "withdrawn", at())), lend("R1", f"I{n}"))
        assert withdrawn.ok != lent.ok
    query = "SELECT item.id FROM item JOIN loan ON loan.item_id = item.id WHERE condition = 'withdrawn'"
    assert daemons[0].sql(query) == []


def test_claim_and_loss_against_checkin(daemons: list[Counter]) -> None:
    one = daemons[0]
    for n in ROUNDS:
        one.checkout("R1", f"I{n}")
        _, _, taken = race(
            daemons,
            (STANDING, StandingRequest(f"I{n}", Finding.CLAIMED, at())),
            (STANDING, StandingRequest(f"I{n}", Finding.LOST, at())),
            take(f"I{n}"),
        )
        assert taken.was_on_loan
    assert one.sql("SELECT 1 FROM loan") == []
    assert one.sql("SELECT 1 FROM block") == []
    assert len(one.sql("SELECT 1 FROM past_loan")) == len(ROUNDS)


def test_the_watch_against_checkin_and_renewal(daemons: list[Counter]) -> None:
    one = daemons[0]
    job = usecase_of(WATCH_LOANS)
    for n in ROUNDS:
        one.checkout("R1", f"I{n}")
    later = NOW + (28 + 91) * 86400
    returns = [take(f"I{n}") for n in ROUNDS]
    race(daemons, (job, RunRequest(Origin("job", "a", 0), later)), *returns, now=later)
    assert one.sql("SELECT 1 FROM loan") == []
    assert one.sql("SELECT 1 FROM block") == []
    states = {state for (state,) in one.sql("SELECT state FROM past_loan")}
    assert states <= {"returned", "found-lost"}


def test_renewals_at_once_are_one(daemons: list[Counter]) -> None:
    one = daemons[0]
    for n in ROUNDS:
        one.checkout("R1", f"I{n}")
    everything: Act = (RENEW_ALL, RenewAllRequest("R1", at()))
    single: list[Act] = [(RENEW, RenewRequest("R1", f"I{n}", at(LIEVIN))) for n in ROUNDS]
    answers = race(daemons, everything, *single, everything)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert one.sql("SELECT DISTINCT renewals, due_on FROM loan") == [(1, "2026-12-20")]
    assert one.journal().count("renew") == len(ROUNDS)


def test_capture_against_checkout(daemons: list[Counter]) -> None:
    one = daemons[0]
    for n in ROUNDS:
        one.hold(100 + n, 2, item=n, pickup=LENS)
        captured, lent = race(daemons, take(f"I{n}"), lend("R1", f"I{n}", force=True))
        assert captured.ok
        assert lent.ok
        ((state,),) = one.sql("SELECT state FROM hold WHERE id = :id", id=100 + n)
        on_loan = bool(one.sql("SELECT 1 FROM loan WHERE item_id = :n", n=n))
        assert state == ("waiting" if on_loan else "shelf")


def test_an_erasure_against_a_loan(daemons: list[Counter]) -> None:
    for n in ROUNDS:
        erased, lent = race(daemons, (ERASE, EraseRequest(f"R{n}", at())), lend(f"R{n}", f"I{n}"))
        assert (erased.reasons, lent.reasons) in {((), (Reason.UNKNOWN_PATRON,)), ((Reason.HAS_LOANS,), ())}
    query = "SELECT patron.id FROM patron JOIN loan ON loan.patron_id = patron.id WHERE erased_on IS NOT NULL"
    assert daemons[0].sql(query) == []


def changing(daemons: list[Counter], change: Callable[[Any], Any], *acts: Act) -> list[Any]:
    """Have *change* made to the network through the first daemon while *acts* are under way; all have read it at the end."""
    start = Barrier(2)

    def work() -> None:
        start.wait()
        working: Callable[..., Any] = daemons[0].store.work
        reloading: Callable[..., Any] = daemons[0].store.reload_network
        blockingCallFromThread(reactor, working, change)
        blockingCallFromThread(reactor, reloading)

    thread = Thread(target=work)
    thread.start()
    start.wait()
    answers = race(daemons, *acts)
    until(lambda: not thread.is_alive())
    thread.join()
    for counter in daemons:
        await_(counter.store.reload_network())
    return answers


def test_a_vote_while_loans_are_made(daemons: list[Counter]) -> None:
    """I-27: each loan is wholly of the set before or of the set after, and the journal says of which."""

    def vote(connection: Any) -> None:
        connection.execute(text("INSERT INTO policy_set (id, code, effective_from) VALUES (1, 'vote', '2026-01-01')"))
        connection.execute(
            text("INSERT INTO rule (id, policy_set_id, attribute, value) VALUES (77, 1, 'loan.period', '7 days')")
        )

    acts = [lend(f"R{n}", f"I{n}", place) for n, place in zip(ROUNDS, [LENS, LIEVIN, AVION] * 3, strict=True)]
    answers = changing(daemons, vote, *acts)
    assert all(answer.ok for answer in answers)
    one = daemons[0]
    assert {answer.due.on for answer in answers} <= {"2026-12-20", "2026-11-29"}
    assert one.checkout("R1", "I10").due.on == "2026-11-29"
    by_vote = one.sql("SELECT loan_id FROM journal WHERE act = 'checkout' AND because LIKE '%77%' ORDER BY loan_id")
    assert one.sql("SELECT id FROM loan WHERE due_on = '2026-11-29' ORDER BY id") == by_vote


@pytest.fixture
def leaving(daemons: list[Counter]) -> list[Counter]:
    """The commune of LENS leaves on 23 November 2026."""

    def noted(connection: Any) -> None:
        notify(connection, NOW, "LENS", "2025-11-23", "2025")
        denounce(connection, NOW, "LENS", "2026-08-01", "commune", "article 3")
        leave(connection, NOW, "LENS", "2026-11-23")

    await_(daemons[0].store.work(noted))
    for counter in daemons:
        await_(counter.store.reload_network())
    return daemons


def test_an_exit_at_midnight_against_acts_on_both_sides_of_it(leaving: list[Counter]) -> None:
    """I-47: what is asked before is done, what is asked after is refused there, and everything still comes back elsewhere."""
    one = leaving[0]
    closed = (Reason.SERVICE_INACTIVE,)
    for n in ROUNDS:
        assert one.answer(*lend("R1", f"I{n}"), now=MIDNIGHT - 60).ok
        here, there, late = race(
            leaving, take(f"I{n}"), take(f"I{n}", LIEVIN), lend("R2", f"I{n}"), now=[MIDNIGHT - 1, MIDNIGHT, MIDNIGHT]
        )
        assert here.was_on_loan != there.was_on_loan
        assert (here.reasons, there.reasons) == ((), ())
        assert closed[0] in late.reasons
        assert race(leaving, take(f"I{n}"), now=MIDNIGHT)[0].reasons == closed
    assert one.sql("SELECT 1 FROM loan") == []
    assert one.sql("SELECT count(*), count(DISTINCT item_id) FROM past_loan") == [(9, 9)]
    assert one.sql("SELECT item_id FROM transit WHERE received_at IS NULL GROUP BY item_id HAVING count(*) > 1") == []
