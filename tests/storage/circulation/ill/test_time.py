"""Every wait has its clock, on both sides; what is of use no longer ends; what is left behind is cleared away."""

from __future__ import annotations

from itertools import product

import pytest

from storage.circulation.ill import outbox
from storage.circulation.ill.machine import TIMERS, Event, Role, State, Timer
from storage.circulation.ill.outbox import TRIED, Fate, Tried
from storage.circulation.ill.sweep import SWEEP_TEMPORARY
from storage.circulation.patrons.erasure import ERASE, EraseRequest
from storage.jobs.job import RunRequest, usecase_of
from storage.network.conventions import Exit
from storage.refusals import Reason
from storage.usecase import Origin
from tests.network import AVION, DEPARTMENT, LENS
from tests.reactor import await_
from tests.storage.circulation.ill.lender import DAY, PARTNER, Lender
from tests.storage.circulation.ill.test_crossing import asked, lenders

FAR = "2030-01-01"


def put(lender: Lender, role: Role, state: State) -> tuple[str, str]:
    """Have a request in *state* whose item shows nothing more; return its number."""
    key = ("q1", "FR-RESEAU") if role is Role.BORROWING else ("d1", PARTNER)
    lender.ask() if role is Role.BORROWING else lender.asked(barcode="I1")
    lender.counter.sql(
        "UPDATE ill_request SET state = :state, since_at = :now, check_at = :at, checks = 0, due_back_on = '2026-11-01'",
        state=state.value,
        now=lender.now,
        at=lender.now + TIMERS[role, state].days * DAY,
    )
    lender.counter.sql("UPDATE outbox SET state = 'sent', ended_at = 1")
    return key


@pytest.mark.parametrize(("role", "state"), sorted(TIMERS, key=str))
def test_every_wait_is_looked_after_in_its_time_and_not_before(lender: Lender, role: Role, state: State) -> None:
    put(lender, role, state)
    timer: Timer = TIMERS[role, state]
    kind = f"ill-{role.value}-{state.value}"
    lender.now += timer.days * DAY - 120
    lender.watch()
    assert (lender.told(), lender.alerts()) == ([], [])
    lender.now += 180
    lender.watch()
    if timer.probes:  # the partner is asked first
        assert (lender.told(), lender.alerts()) == (["LookupRequest"], [])
        lender.now += timer.again * DAY
        lender.watch()
        assert lender.told() == ["LookupRequest"] * 2
    else:
        assert lender.told() == []
    assert lender.alerts() == [kind]
    lender.now += timer.again * DAY
    lender.watch()
    assert lender.alerts() == [kind] * 2  # until somebody does something


def test_no_timer_is_missing() -> None:
    assert {role for role, _ in product(Role, State)} == {role for role, _ in TIMERS}


def test_a_loan_on_time_is_nobodys_business(lender: Lender) -> None:
    key = put(lender, Role.LENDING, State.RECEIVED)
    lender.counter.sql("UPDATE ill_request SET due_back_on = :far", far=FAR)
    lender.now += 60 * DAY
    lender.watch()
    assert lender.alerts() == []
    assert lender.row(*key).checks == 1


# --- days that come --------------------------------------------------------------------------------------------------------


def test_what_is_of_use_no_longer_is_given_up_and_the_reader_told(lender: Lender) -> None:
    lender.ask(needed_by="2026-11-25")
    lender.now += 3 * DAY
    lender.watch()
    assert lender.row().state is State.ASKED  # it is the last day
    lender.now += DAY
    lender.watch()
    assert (lender.row().state, lender.row().reason) == (State.CANCELLED, "needed-by")
    assert lender.told()[-1] == "CancelRequestItem"
    assert lender.notices() == ["ill-unfilled"]


def exits(lender: Lender, library: int, *, freeze: str, recall: str, gather: str) -> None:
    lender.counter.store.network.__dict__["exits"] = {library: Exit("2027-01-01", freeze, recall, gather)}


def test_a_town_that_leaves_asks_for_nothing_more_and_recalls_what_it_lent(lender: Lender) -> None:
    counter = lender.counter
    lender.ask()
    lender.ask("q2")
    lender.says(Event.SHIPPED, "q2", barcode="D-1", due_on=FAR)
    lender.asked(barcode="I1")
    lender.asked("d2", barcode="I2")
    counter.checkin("I2", LENS)
    lender.says(Event.RECEIVED, "d2", PARTNER)
    exits(lender, AVION, freeze="2026-11-01", recall="2026-11-10", gather="2026-12-01")
    lender.watch()
    assert lender.row().state is State.ASKED
    assert lender.row("q2").due_back_on == "2026-12-01"
    exits(lender, AVION, freeze="2026-11-01", recall="2026-11-10", gather="2026-11-20")
    lender.watch()
    assert lender.row().state is State.CANCELLED
    exits(lender, LENS, freeze="2026-11-01", recall="2026-11-10", gather="2026-12-01")
    lender.watch()
    assert lender.row("d1", PARTNER).state is State.CANCELLED
    assert lender.row("d2", PARTNER).due_back_on == "2026-12-01"
    assert counter.sql("SELECT due_on FROM loan") == [("2026-12-01",)]
    assert {"ItemRequestCancelled", "RecallItem"} <= set(lender.told())


# --- what is cleaned up ----------------------------------------------------------------------------------------------------


def sweep(lender: Lender) -> None:
    lender.counter.do(usecase_of(SWEEP_TEMPORARY), RunRequest(Origin("job", "t", 0), lender.now), now=lender.now)


def barcodes(lender: Lender) -> list[str]:
    return [row[0] for row in lender.counter.sql("SELECT number FROM barcode WHERE number LIKE 'D-%' ORDER BY number")]


def test_what_nothing_holds_is_swept_and_what_something_holds_is_not(lender: Lender) -> None:
    counter = lender.counter
    lender.ask()
    lender.says(Event.SHIPPED, barcode="D-1", due_on=FAR)
    for number, name in ((901, "D-2"), (902, "D-3")):
        counter.sql(
            "INSERT INTO item (id, owner_id, home_id, current_id, item_type_id, title, temporary, added_on)"
            " VALUES (:id, 4, 4, 4, 1, 'x', 1, :on)",
            id=number,
            on="2026-01-01" if name == "D-2" else "2026-11-01",
        )
        counter.sql("INSERT INTO barcode (number, namespace, item_id) VALUES (:n, '', :i)", n=name, i=number)
    counter.sql("UPDATE item SET added_on = '2026-01-01' WHERE id NOT IN (902)")
    sweep(lender)
    assert barcodes(lender) == ["D-1", "D-3"]
    assert "ill-item-swept" in counter.journal()
    assert counter.sql("SELECT count(*) FROM barcode WHERE number = 'I1'") == [(1,)]


def lent(lender: Lender) -> None:
    """Have a reader of ours borrow what the partner sent."""
    lender.ask()
    lender.says(Event.SHIPPED, barcode="D-1", due_on=FAR)
    lender.counter.checkin("D-1", AVION)
    lender.counter.checkout("R1", "D-1", AVION)
    lender.watch()


@pytest.mark.parametrize("end", [Event.HOME, Event.LOST])
def test_a_lost_item_is_cleared_away_once_it_is_settled(lender: Lender, end: Event) -> None:
    counter = lender.counter
    lent(lender)
    assert lender.does(Event.LOST).changed
    assert lender.told()[-1] == "CirculationStatusChangeReported"
    assert lender.alerts() == ["ill-lost"]
    if end is Event.LOST:
        assert lender.does(end).changed is False
    assert lender.does(Event.HOME).changed
    assert barcodes(lender) == []
    assert counter.sql("SELECT count(*) FROM loan") == [(0,)]


def test_a_lost_item_that_is_found_goes_back_and_its_lender_is_told(lender: Lender) -> None:
    counter = lender.counter
    lent(lender)
    lender.does(Event.LOST)
    lender.now += DAY
    lender.watch()
    assert lender.row().state is State.LOST
    assert counter.checkin("D-1", AVION, now=lender.now).destination.id == DEPARTMENT
    lender.load()
    lender.watch()
    assert lender.row().state is State.SENT_BACK
    assert lender.told()[-1] == "ItemShipped"


def test_an_item_lost_on_its_way_back_is_not_found_by_that(lender: Lender) -> None:
    counter = lender.counter
    lent(lender)
    counter.checkin("D-1", AVION, now=lender.now)
    lender.watch()
    lender.now += DAY
    assert lender.does(Event.LOST).changed
    lender.watch()
    assert lender.row().state is State.LOST


@pytest.mark.parametrize("found", [True, False])
def test_our_item_that_was_lost_at_the_borrowers_is_home_once_it_is_taken_in(lender: Lender, *, found: bool) -> None:
    counter = lender.counter
    lender.asked(barcode="I1")
    counter.checkin("I1", LENS)
    lender.says(Event.RECEIVED, "d1", PARTNER)
    lender.says(Event.LOST, "d1", PARTNER)
    if found:
        counter.checkin("I1", LENS)
    lender.watch()
    assert lender.row("d1", PARTNER).state is (State.CLOSED if found else State.LOST)


def test_our_item_that_was_lost_before_it_arrived_is_not_home(lender: Lender) -> None:
    lender.asked(barcode="I1")
    lender.does(Event.SHIPPED, "d1", PARTNER)  # without a scan: it still seems to stand here
    lender.says(Event.LOST, "d1", PARTNER)
    lender.watch()
    assert lender.row("d1", PARTNER).state is State.LOST


def test_a_reader_who_no_longer_wants_it_lets_it_go_back(lender: Lender) -> None:
    counter = lender.counter
    lender.ask()
    lender.says(Event.SHIPPED, barcode="D-1", due_on=FAR)
    counter.checkin("D-1", AVION)
    lender.watch()
    counter.sql("DELETE FROM hold")
    assert counter.checkin("D-1", AVION).destination.id == DEPARTMENT
    lender.load()
    lender.watch()
    assert lender.row().state is State.SENT_BACK
    lender.says(Event.HOME)
    assert barcodes(lender) == []


def test_a_reader_is_erased_after_a_request_and_not_while_it_is_open(lender: Lender) -> None:
    def erase() -> tuple[Reason, ...]:
        answer = lender.counter.do(ERASE, EraseRequest("R1", lender.here), now=lender.now).answer
        assert answer is not None
        reasons: tuple[Reason, ...] = answer.reasons
        return reasons

    lender.ask()
    assert erase() == (Reason.HAS_HOLDS,)
    lender.does(Event.CANCELLED)
    assert lender.row().patron_id is None
    assert erase() == ()


# --- a lender that is never reached ----------------------------------------------------------------------------------------


def test_who_is_never_reached_is_passed_over_for_the_next(lender: Lender) -> None:
    lenders(lender)
    lender.ask(identifier="isbn:9782070360024")
    ((letter,),) = await_(lender.counter.store.read(outbox.due(lender.now, [lender.row().partner_id])))
    lender.now += outbox.PATIENCE + 1
    lender.counter.do(TRIED, Tried(letter, Fate.FAILED, lender.here, "no answer"), now=lender.now)
    assert asked(lender) == [(PARTNER, "unfilled"), ("FR-FIRST", "asked")]
    assert lender.alerts() == ["ill-undelivered"]
    assert sorted(lender.told()) == ["CancelRequestItem", "RequestItem"]  # to the one, to the other
