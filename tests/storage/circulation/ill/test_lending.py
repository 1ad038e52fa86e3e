"""We lend to the partner: its request is a hold of its account, and the item comes back to its shelf."""

from __future__ import annotations

import pytest

from storage.circulation.ill import rows
from storage.circulation.ill.machine import Event, No, State
from storage.circulation.ill.rows import IllRow
from storage.circulation.status import Status
from tests.network import AVION, DEPARTMENT, LENS
from tests.reactor import await_
from tests.storage.circulation.ill.lender import DAY, PARTNER, Lender


def test_the_whole_way_of_our_item_and_back(lender: Lender) -> None:
    counter = lender.counter
    answer = lender.asked(barcode="I1")
    assert answer.ok
    assert answer.row is not None
    assert answer.row.state is State.ACCEPTED
    assert lender.asked(barcode="I1").changed is False
    found = counter.checkin("I1", LENS)
    assert found.destination.id == DEPARTMENT
    lender.watch()
    assert lender.row("d1", PARTNER).state is State.ACCEPTED  # it stands in a crate yet
    lender.load()
    lender.watch()
    row = lender.row("d1", PARTNER)
    assert (row.state, row.item_id, row.barcode, row.due_back_on) == (State.SHIPPED, 1, "I1", "2027-01-03")
    assert lender.told() == ["ItemShipped"]
    assert lender.says(Event.RECEIVED, "d1", PARTNER).changed
    assert counter.item("I1").status is Status.ON_LOAN
    assert counter.sql("SELECT patron_id, library_id, due_on FROM loan") == [(9, DEPARTMENT, "2027-01-03")]
    assert lender.says(Event.RENEWED, "d1", PARTNER, barcode="I1").due_on == "2027-02-14"
    assert lender.does(Event.RECALLED, "d1", PARTNER, due_on="2026-12-15").due_on == "2026-12-15"
    assert counter.sql("SELECT due_on FROM loan") == [("2026-12-15",)]
    assert lender.says(Event.RENEWED, "d1", PARTNER, barcode="I1").no is No.WAITED_FOR
    assert lender.says(Event.SENT_BACK, "d1", PARTNER).changed
    counter.checkin("I1", LENS)
    lender.watch()
    assert lender.row("d1", PARTNER).state is State.CLOSED
    assert counter.item("I1").status is Status.AVAILABLE
    assert lender.told() == ["ItemShipped", "RecallItem", "ItemReceived"]
    assert counter.sql("SELECT count(*) FROM barcode WHERE number = 'I1'") == [(1,)]


@pytest.mark.parametrize(
    ("wish", "until"),
    [(None, "2027-02-14"), ("2027-01-20", "2027-01-20"), ("2027-01-01", "2027-02-14"), ("2099-01-01", "2027-02-14")],
)
def test_a_wish_is_met_as_far_as_we_lend(lender: Lender, wish: str | None, until: str) -> None:
    lender.asked(barcode="I1")
    lender.counter.checkin("I1", LENS)
    lender.says(Event.RECEIVED, "d1", PARTNER)
    assert lender.says(Event.RENEWED, "d1", PARTNER, due_on=wish).due_on == until
    assert lender.counter.sql("SELECT due_on, renewals FROM loan") == [(until, 1)]


def test_a_recall_that_ends_leaves_the_loan_as_it_was(lender: Lender) -> None:
    lender.asked(barcode="I1")
    lender.counter.checkin("I1", LENS)
    lender.says(Event.RECEIVED, "d1", PARTNER)
    lender.does(Event.RECALLED, "d1", PARTNER, due_on="2026-12-15")
    assert lender.does(Event.RECALL_ENDED, "d1", PARTNER).due_on == "2027-01-03"
    assert lender.counter.sql("SELECT due_on FROM loan") == [("2027-01-03",)]


def test_who_decided_on_what_is_no_longer_held_keeps_nothing(lender: Lender) -> None:
    lender.asked(barcode="I1")
    lender.counter.checkin("I1", LENS)
    lender.says(Event.RECEIVED, "d1", PARTNER)
    seen = lender.row("d1", PARTNER)
    lender.does(Event.RECALLED, "d1", PARTNER, due_on="2026-12-15")

    def keep(row: IllRow, seen: IllRow) -> int:
        call = rows.know(row, seen)
        clause, values = call.statement.clause, dict(zip(call.statement.binds, call.values, strict=True))
        return int(await_(lender.counter.store.work(lambda connection: connection.execute(clause, values).rowcount)))

    assert keep(seen._replace(due_back_on="2027-02-14"), seen) == 0
    now = lender.row("d1", PARTNER)
    assert now.due_back_on == "2026-12-15"
    assert keep(now._replace(recalled_on=None), now) == 1


def test_what_we_do_not_lend_is_refused(lender: Lender) -> None:
    counter = lender.counter
    assert lender.asked("a", barcode="NONE").no is No.UNKNOWN_ITEM
    assert lender.asked("b").no is No.UNKNOWN_ITEM
    assert lender.asked("c", record_id=99).no is No.NOT_FOR_LOAN
    counter.sql("UPDATE item SET for_loan = 0 WHERE id = 2")
    assert lender.asked("d", barcode="I2").no is No.NOT_FOR_LOAN
    assert counter.sql("SELECT count(*) FROM ill_request") == [(0,)]


def test_the_partner_cancels_before_the_item_leaves(lender: Lender) -> None:
    counter = lender.counter
    lender.asked(barcode="I1")
    assert lender.says(Event.CANCELLED, "d1", PARTNER).changed
    assert counter.sql("SELECT count(*) FROM hold") == [(0,)]
    assert counter.sql("SELECT outcome FROM past_hold") == [("cancelled",)]
    assert counter.checkin("I1", LENS).destination is None
    assert lender.told() == []


def test_an_item_put_aside_for_a_partner_that_cancels_goes_nowhere(lender: Lender) -> None:
    counter = lender.counter
    lender.asked(barcode="I1")
    assert counter.checkin("I1", LENS).destination.id == DEPARTMENT
    assert lender.says(Event.CANCELLED, "d1", PARTNER).changed
    assert counter.sql("SELECT state FROM transit") == [("cancelled",)]
    assert counter.item("I1").status is Status.AVAILABLE
    assert counter.checkin("I1", LENS).destination is None


def test_an_item_that_comes_home_and_goes_to_the_same_partner_again_ends_its_first_request(lender: Lender) -> None:
    counter = lender.counter
    lender.asked("d1", barcode="I1")
    counter.checkin("I1", LENS)
    lender.load()
    lender.watch()
    lender.says(Event.RECEIVED, "d1", PARTNER)
    lender.asked("d2", barcode="I1")
    lender.says(Event.SENT_BACK, "d1", PARTNER)
    assert counter.checkin("I1", LENS).destination.id == DEPARTMENT
    lender.watch()
    assert lender.row("d1", PARTNER).state is State.CLOSED
    assert lender.row("d2", PARTNER).state is State.ACCEPTED
    assert counter.sql("SELECT state FROM hold") == [("transit",)]


def test_we_cannot_fill_and_say_so(lender: Lender) -> None:
    lender.asked(barcode="I1")
    assert lender.does(Event.REFUSED, "d1", PARTNER).changed
    assert lender.told() == ["ItemRequestCancelled"]
    assert lender.row("d1", PARTNER).state is State.UNFILLED


def test_received_before_shipped_implies_shipped(lender: Lender) -> None:
    counter = lender.counter
    lender.asked(barcode="I1")
    counter.checkin("I1", LENS)
    assert lender.says(Event.RECEIVED, "d1", PARTNER).changed
    assert counter.item("I1").status is Status.ON_LOAN
    assert lender.row("d1", PARTNER).state is State.RECEIVED


def test_a_request_that_nobody_fetches_from_the_shelf_is_told_to_the_referent(lender: Lender) -> None:
    lender.asked(barcode="I1")
    lender.now += 5 * DAY
    lender.watch()
    assert lender.alerts() == ["ill-lending-accepted"]
    assert lender.counter.sql("SELECT library_id FROM anomaly") == [(AVION,)]


def test_a_partner_without_an_account_of_ours_borrows_nothing(lender: Lender) -> None:
    from tests.storage.circulation.ill.conftest import await_reload

    lender.counter.sql("UPDATE partner SET profile = '{}'")
    await_reload(lender.counter)
    assert lender.asked(barcode="I1").no is No.NO_ACCOUNT
