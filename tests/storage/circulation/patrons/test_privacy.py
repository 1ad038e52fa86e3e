"""The end of readers' data: links cut on their day, erasure, the inactive, and what is left for statistics."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.due import link_expiry
from storage.circulation.patrons.erasure import ERASE, ERASE_INACTIVE, NOTE_SEEN, NOTICE_DAYS, PLANNED, EraseRequest
from storage.circulation.patrons.export import export
from storage.jobs.forget import FORGET_HOLDS, FORGET_LOANS
from storage.jobs.job import Job, RunRequest, usecase_of
from storage.refusals import Reason
from storage.usecase import Origin
from tests.counter import Counter, at
from tests.network import LENS, NOW
from tests.reactor import await_

DAY = 86400


def run(counter: Counter, job: Job, now: int) -> int:
    """Do a whole round; return how much it did."""
    done: int = 0
    usecase = usecase_of(job)
    while True:
        slice_ = counter.answer(usecase, RunRequest(Origin("job", "d1", 0), now), now=now)
        done += slice_.done
        if not slice_.cursor:
            return done


def lend_and_return(counter: Counter, card: str, item: str, lent: int, returned: int) -> None:
    assert counter.answer(CHECKOUT, CheckoutRequest(card, item, at()), now=lent).ok
    assert counter.answer(CHECKIN, CheckinRequest(item, at()), now=returned).ok


def told(counter: Counter, card: str, now: int = NOW) -> Any:
    return await_(counter.store.read(export(counter.store.network, card, LENS, now)))


@pytest.mark.parametrize(
    ("returned", "cut"),
    [
        ("2025-01-31", "2025-05-31"),
        ("2025-03-15", "2025-07-31"),
        ("2025-10-31", "2026-02-28"),
        ("2025-11-01", "2026-03-31"),
    ],
)
def test_the_link_is_cut_at_the_end_of_the_fourth_month_after_the_return(returned: str, cut: str) -> None:
    assert link_expiry(date.fromisoformat(returned)) == cut


def test_after_its_day_nothing_ties_a_reader_to_a_loan_and_statistics_stay(counter: Counter) -> None:
    lend_and_return(counter, "R1", "I1", NOW, NOW + DAY)
    statistics = "SELECT library_id, item_type_id, patron_category_id, channel, out_at, in_at, renewals FROM past_loan"
    before = counter.sql(statistics)
    last = datetime(2027, 3, 31, 12, tzinfo=UTC)
    assert run(counter, FORGET_LOANS, int(last.timestamp())) == 0
    assert [loan["forgotten_after"] for loan in told(counter, "R1")["past_loans"]] == ["2027-03-31"]
    assert run(counter, FORGET_LOANS, int((last + timedelta(days=1)).timestamp())) == 1
    assert counter.sql(statistics) == before
    assert told(counter, "R1")["past_loans"] == []
    assert counter.sql("SELECT last_seen_on FROM patron WHERE code = 'R1'") == [("2026-11-23",)]


def test_the_link_to_a_closed_hold_is_cut_too(counter: Counter) -> None:
    counter.hold(71, patron=2, item=1, pickup=LENS)
    assert counter.checkout("R2", "I1").ok
    assert len(told(counter, "R2")["past_holds"]) == 1
    assert run(counter, FORGET_HOLDS, NOW + 200 * DAY) == 1
    assert told(counter, "R2")["past_holds"] == []
    assert counter.sql("SELECT outcome FROM past_hold") == [("honoured",)]


def test_a_loss_that_is_not_settled_keeps_its_link(counter: Counter) -> None:
    assert counter.checkout("R1", "I1").ok
    counter.sql("UPDATE loan SET state = 'lost'")
    run(counter, FORGET_LOANS, NOW + 900 * DAY)
    assert [loan["state"] for loan in told(counter, "R1")["loans"]] == ["lost"]


def test_an_erased_reader_is_nobody_and_their_loans_still_count(counter: Counter) -> None:
    lend_and_return(counter, "R1", "I1", NOW, NOW + DAY)
    counter.sql("UPDATE patron SET born_on = '1987-06-05', residence = '62498' WHERE code = 'R1'")
    before = counter.sql("SELECT * FROM past_loan")
    assert counter.answer(ERASE, EraseRequest("R1", at())).ok
    assert counter.checkout("R1", "I1").reasons == (Reason.UNKNOWN_PATRON,)
    kept = counter.sql(
        "SELECT code, surname, forename, address, email, phone, pin_hash, born_on, residence, category_id, home_id, erased_on"
        " FROM patron WHERE id = 1"
    )
    assert kept == [("erased-1", "", "", None, None, None, None, "1980-01-01", "62498", 2, 2, "2026-11-22")]
    for table in ("card", "block", "notice", "past_loan_reader", "past_hold_reader"):
        assert counter.sql(f"SELECT count(*) FROM {table} WHERE patron_id = 1") == [(0,)]
    assert counter.sql("SELECT * FROM past_loan") == before
    assert "R1" not in str(counter.sql("SELECT * FROM journal"))


def test_nobody_is_erased_who_has_something_open(counter: Counter) -> None:
    assert counter.checkout("R1", "I1").ok
    counter.hold(71, patron=2, item=2, pickup=LENS)
    assert counter.answer(ERASE, EraseRequest("R1", at())).reasons == (Reason.HAS_LOANS,)
    assert counter.answer(ERASE, EraseRequest("R2", at())).reasons == (Reason.HAS_HOLDS,)
    assert counter.answer(ERASE, EraseRequest("R99", at())).reasons == (Reason.UNKNOWN_PATRON,)
    assert counter.sql("SELECT count(*) FROM patron WHERE erased_on IS NOT NULL") == [(0,)]


def test_a_request_to_another_library_is_the_readers_while_open_and_nobodys_once_erased(counter: Counter) -> None:
    counter.sql(
        "INSERT INTO ill_request (id, role, partner_id, agency, number, state, patron_id, pickup_id, title, made_at, since_at)"
        f" VALUES (71, 'borrowing', 1, 'FR-620000001', 'N1', 'asked', 1, {LENS}, 'Germinal', {NOW}, {NOW})"
    )
    assert counter.answer(ERASE, EraseRequest("R1", at())).reasons == (Reason.HAS_HOLDS,)
    (asked,) = told(counter, "R1")["asked_elsewhere"]
    assert (asked["title"], asked["pickup"], asked["state"], asked["closed_at"]) == ("Germinal", "LENS", "asked", None)
    counter.sql("UPDATE patron SET valid_until = '2020-01-01', last_seen_on = '2020-01-01' WHERE id = 1")
    run(counter, ERASE_INACTIVE, NOW)
    assert counter.sql("SELECT count(*) FROM notice WHERE patron_id = 1") == [(0,)]
    counter.sql(f"UPDATE ill_request SET state = 'closed', closed_at = {NOW}")
    assert counter.answer(ERASE, EraseRequest("R1", at())).ok
    assert counter.sql("SELECT patron_id, title FROM ill_request") == [(None, "Germinal")]


def test_a_loan_and_an_erasure_at_once_leave_no_loan_of_nobody(counter: Counter) -> None:
    acts = [(CHECKOUT, CheckoutRequest("R1", "I1", at())), (ERASE, EraseRequest("R1", at()))]
    lent, erased = counter.do_all(acts)
    assert lent.ok is not erased.ok
    assert (lent.reasons, erased.reasons) in {((), (Reason.HAS_LOANS,)), ((Reason.UNKNOWN_PATRON,), ())}
    orphans = "SELECT count(*) FROM loan JOIN patron ON patron.id = patron_id WHERE erased_on IS NOT NULL"
    assert counter.sql(orphans) == [(0,)]


def test_the_inactive_are_told_and_a_month_later_erased(counter: Counter) -> None:
    lend_and_return(counter, "R1", "I1", NOW, NOW + DAY)
    run(counter, NOTE_SEEN, NOW + 2 * DAY)
    counter.sql("UPDATE patron SET valid_until = '2026-12-31'")
    counter.sql("UPDATE patron SET valid_until = NULL WHERE code = 'R3'")
    assert counter.checkout("R2", "I2").ok
    year = NOW + 365 * DAY
    assert run(counter, ERASE_INACTIVE, year) == 0
    assert counter.sql("SELECT count(*) FROM notice") == [(0,)]
    # R1 was seen a year and a day ago; the others, who never were, count from the end of their registration.
    assert run(counter, ERASE_INACTIVE, year + 3 * DAY) == 0
    assert counter.sql("SELECT kind, patron_id FROM notice") == [(PLANNED, 1)]
    assert run(counter, ERASE_INACTIVE, year + (NOTICE_DAYS + 2) * DAY) == 0
    assert run(counter, ERASE_INACTIVE, year + (NOTICE_DAYS + 3) * DAY) == 1
    assert counter.sql("SELECT id FROM patron WHERE erased_on IS NOT NULL") == [(1,)]
    later = year + 100 * DAY
    run(counter, ERASE_INACTIVE, later)
    run(counter, ERASE_INACTIVE, later + NOTICE_DAYS * DAY)
    kept = {code for (code,) in counter.sql("SELECT code FROM patron WHERE erased_on IS NULL")}
    assert kept == {"R2", "R3"}  # One has a loan, the other's registration has no end and nobody saw them.


def test_who_comes_back_after_the_notice_is_kept(counter: Counter) -> None:
    lend_and_return(counter, "R1", "I1", NOW, NOW + DAY)
    run(counter, NOTE_SEEN, NOW + 2 * DAY)
    counter.sql("UPDATE patron SET valid_until = '2026-12-31' WHERE code = 'R1'")
    told_at = NOW + 370 * DAY
    run(counter, ERASE_INACTIVE, told_at)
    counter.sql("UPDATE patron SET valid_until = '2029-12-31' WHERE code = 'R1'")
    lend_and_return(counter, "R1", "I1", told_at + DAY, told_at + 2 * DAY)
    run(counter, NOTE_SEEN, told_at + 3 * DAY)
    run(counter, ERASE_INACTIVE, told_at + 60 * DAY)
    assert counter.sql("SELECT erased_on FROM patron WHERE code = 'R1'") == [(None,)]


def test_a_reader_is_given_all_that_is_known_of_them(counter: Counter) -> None:
    counter.sql("UPDATE patron SET email = 'r1@example.org' WHERE code = 'R1'")
    lend_and_return(counter, "R1", "I1", NOW, NOW + DAY)
    assert counter.checkout("R1", "I2").ok
    counter.hold(71, patron=1, item=3, pickup=LENS)
    found = told(counter, "R1")
    assert found["email"] == "r1@example.org"
    assert [card["number"] for card in found["cards"]] == ["R1"]
    assert [loan["barcode"] for loan in found["loans"]] == ["I2"]
    assert len(found["holds"]) == len(found["past_loans"]) == 1
    assert told(counter, "R99") is Reason.UNKNOWN_PATRON
