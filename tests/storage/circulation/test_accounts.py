"""A reader's account, as much of it as each wire wants."""

from __future__ import annotations

import pytest

from storage.circulation.accounts import PatronAccount, View, patron_information
from storage.circulation.pins import PinState
from storage.drivers.snapshot import run_steps
from storage.refusals import Reason
from tests.network import LENS
from tests.storage.circulation.desk import Desk

DAY = 86400


def seen(desk: Desk, card: str = "R1", pin: str | None = None) -> dict[View, PatronAccount]:
    return {
        view: run_steps(desk.database, patron_information(desk.network, card, LENS, "sip2", pin, desk.now, view))
        for view in View
    }


@pytest.mark.parametrize("days", [0, 400])
@pytest.mark.parametrize(
    "trouble",
    [
        "SELECT 1",
        "INSERT INTO block(patron_id, kind) VALUES (1, 'manual')",
        "UPDATE card SET status = 'lost' WHERE number = 'R1'",
        "UPDATE loan SET state = 'claimed'",
        "UPDATE loan SET due_at = 1800000000, due_on = NULL WHERE item_id = 1",
        "UPDATE patron SET valid_until = '2020-01-01'",
    ],
)
def test_every_view_tells_the_same_of_what_a_reader_is_refused(desk: Desk, trouble: str, days: int) -> None:
    assert desk.checkout("R1", "I1").ok
    assert desk.checkout("R1", "I2").ok
    desk.sql(trouble)
    desk.now += days * DAY
    views = seen(desk, pin="1234")
    full = views[View.DETAILS]
    assert full.patron is not None
    for account in views.values():
        assert account.patron is not None
        assert (account.denials, account.limit, account.pin) == (full.denials, full.limit, full.pin)
        assert account.patron.blocks == full.patron.blocks
        assert account.patron.name == full.patron.name


def test_overdue_loans_are_counted_without_lists(desk: Desk) -> None:
    assert desk.checkout("R1", "I1").ok
    desk.now += 100 * DAY
    standing = seen(desk)[View.STANDING]
    assert Reason.OVERDUES in standing.denials["checkout"]
    assert (standing.loans, standing.overdue, standing.holds) == ((), (), ())


def test_lists_have_what_is_lent_and_details_what_it_is_called(desk: Desk) -> None:
    assert desk.checkout("R1", "I1").ok
    desk.now += 100 * DAY
    views = seen(desk)
    lists, details = views[View.LISTS], views[View.DETAILS]
    assert [loan.barcode for loan in lists.loans] == [loan.barcode for loan in details.loans] == ["I1"]
    assert [loan.barcode for loan in lists.overdue] == [loan.barcode for loan in details.overdue] == ["I1"]
    assert (lists.loans[0].title, details.loans[0].title) == ("", "Titre 1")
    assert details.loans[0].id > 0


def test_what_a_reader_has_claimed_to_have_returned_is_listed_but_counts_for_nothing(desk: Desk) -> None:
    assert desk.checkout("R1", "I1").ok
    desk.sql("UPDATE loan SET state = 'claimed'")
    desk.now += 100 * DAY
    for view, account in seen(desk).items():
        assert (account.denials["checkout"], account.overdue) == ((), ())
        assert len(account.loans) == (view is not View.STANDING)


def test_an_account_shows_nothing_of_its_reader(desk: Desk) -> None:
    account = seen(desk, pin="1234")[View.DETAILS]
    assert account.pin is PinState.RIGHT
    assert account.patron is not None
    for data in (account.patron.name, account.patron.row.surname, account.card):
        assert data not in repr(account)


def test_an_unknown_card_is_unknown_in_every_view(desk: Desk) -> None:
    assert {account.reason for account in seen(desk, "NOBODY").values()} == {Reason.UNKNOWN_PATRON}
