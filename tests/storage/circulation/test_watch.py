"""What time does to open loans: reminders, presumed losses, and closures that come later (domain.md 2.4 step 6, 2.12)."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pytest

from storage.circulation.due import Due
from storage.circulation.status import Status
from storage.circulation.watch import WATCH_LOANS
from storage.jobs.job import RunRequest, usecase_of
from storage.refusals import Reason
from storage.usecase import Origin
from tests.network import LENS, LIEVIN
from tests.storage.circulation.desk import Desk

DAY = 86400
_JOB = usecase_of(WATCH_LOANS)


def watch(desk: Desk) -> int:
    """Do a whole round."""
    done: int = 0
    begins = True
    while True:
        slice_ = desk.run(_JOB, RunRequest(Origin("job", "test", 0), desk.now, begins))
        done, begins = done + slice_.done, False
        if not slice_.cursor:
            return done


def close(desk: Desk, library: int, *days: str) -> None:
    for day in days:
        desk.sql("INSERT INTO calendar_exception(library_id, day) VALUES (?, ?)", library, day)
    desk.reload()


def test_reminders_come_at_their_days_and_once(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    told = []
    for _ in range(28 + 40):
        desk.now += DAY
        told.append(watch(desk))
    assert [day - 28 for day, number in enumerate(told, 1) if number] == [7, 21, 35]
    assert desk.sql("SELECT kind, patron_id, detail FROM notice ORDER BY id") == [
        ("overdue", 1, "7"),
        ("overdue", 1, "21"),
        ("overdue", 1, "35"),
    ]


def test_a_missed_day_is_made_up_for_and_a_renewal_begins_anew(desk: Desk) -> None:
    desk.vote(**{"renewal.late-days": "90", "overdue.notices": "3"})
    desk.checkout("R1", "I1")
    desk.now += (28 + 9) * DAY
    assert [watch(desk), watch(desk)] == [1, 0]
    assert desk.renew("R1", "I1").ok
    desk.now += (28 + 4) * DAY
    assert [watch(desk), watch(desk)] == [1, 0]


def test_a_loan_too_late_is_presumed_lost_and_found_anywhere(desk: Desk) -> None:
    desk.vote(**{"overdue.notices": "none"})
    desk.checkout("R1", "I1")
    desk.now += (28 + 90) * DAY
    assert watch(desk) == 0
    desk.now += DAY
    assert [watch(desk), watch(desk)] == [1, 0]
    assert desk.status("I1") is Status.LOST
    assert desk.notices() == [("loan-lost", 1)]
    assert desk.anomalies() == ["presumed-lost"]
    assert desk.sql("SELECT act, because, detail FROM journal WHERE act='loan-lost'") == [
        ("loan-lost", "default:loan.lost-days", "presumed late=91")
    ]
    assert desk.checkout("R1", "I2").reasons == (Reason.PATRON_BLOCKED,)
    desk.checkin("I1", LIEVIN)
    assert desk.checkout("R1", "I2").ok


def test_an_emergency_closure_moves_due_dates_forward_with_one_notice(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    desk.checkout("R2", "I10", LIEVIN)
    close(desk, LENS, "2026-12-20", "2026-12-21")
    assert [watch(desk), watch(desk)] == [1, 0]
    assert desk.sql("SELECT item_id, due_on FROM loan ORDER BY item_id") == [(1, "2026-12-22"), (10, "2026-12-20")]
    assert desk.sql("SELECT kind, patron_id, detail FROM notice") == [("due-changed", 1, "2026-12-22")]
    assert desk.sql("SELECT detail FROM journal WHERE act='due-moved'") == [("was=2026-12-20 due=2026-12-22",)]


@pytest.mark.parametrize(
    ("rules", "change"),
    [
        ({"loan.closed-days": "keep"}, ""),
        ({"loan.all-back-by": "2026-12-20"}, ""),
        ({}, "UPDATE item SET due_back_on='2026-12-20' WHERE id=1"),
        ({"loan.max-push": "1"}, ""),
        ({"loan.calendar": "home"}, ""),
    ],
)
def test_what_keeps_a_due_date_where_it_is(desk: Desk, rules: dict[str, str], change: str) -> None:
    desk.vote(**rules)
    desk.checkout("R1", "I1")
    if change:
        desk.sql(change)
    close(desk, LENS, "2026-12-20", "2026-12-21")
    assert watch(desk) == 0
    assert desk.sql("SELECT due_on FROM loan") == [("2026-12-20",)]


def test_an_hourly_loan_moves_by_whole_days(desk: Desk) -> None:
    desk.vote(**{"loan.period": "24 hours"})
    due = desk.checkout("R1", "I1").due
    assert due == Due(None, desk.now + DAY)
    close(desk, LENS, "2026-11-23")
    watch(desk)
    assert desk.sql("SELECT due_at FROM loan") == [(desk.now + 2 * DAY,)]


def test_a_round_goes_slice_by_slice_over_all_loans(desk: Desk) -> None:
    for n in range(1, 10):
        desk.checkout(f"R{n}", f"I{n}")
    close(desk, LENS, "2026-12-20")
    job = usecase_of(dataclasses.replace(WATCH_LOANS, size=4))
    slices = [desk.run(job, RunRequest(Origin("job", "t", 0), desk.now, begins)) for begins in (True, False, False)]
    assert [slice_.done for slice_ in slices] == [4, 4, 1]
    assert [bool(slice_.cursor) for slice_ in slices] == [True, True, False]
    assert desk.sql("SELECT DISTINCT due_on FROM loan") == [("2026-12-21",)]


# --- due dates through the desk ------------------------------------------------------------------------------------------


def test_nothing_passes_the_day_by_which_all_is_back_and_the_next_such_day_follows(desk: Desk) -> None:
    desk.vote(**{"loan.all-back-by": "2026-12-18 2027-06-30"})
    assert desk.checkout("R1", "I1").due == Due("2026-12-18")
    desk.now += 27 * DAY
    assert desk.checkout("R1", "I2").due == Due("2027-01-16")
    ((because, context),) = desk.sql("SELECT because, context FROM journal WHERE item_id=1")
    assert because.split() == ["default:loan.allowed", "default:loan.period", "rule:1"]
    assert "cap=2026-12-18" in context


def test_a_loan_may_end_with_the_registration(desk: Desk) -> None:
    desk.sql("UPDATE patron SET valid_until='2026-12-01' WHERE id=1")
    assert desk.checkout("R1", "I1").due == Due("2026-12-20")
    desk.vote(**{"loan.until-expiry": "yes"})
    assert desk.checkout("R1", "I2").due == Due("2026-12-01")


def test_the_readers_own_library_may_say_which_days_are_closed(desk: Desk) -> None:
    close(desk, LIEVIN, "2026-12-20")  # R1's home
    assert desk.checkout("R1", "I1").due == Due("2026-12-20")
    desk.vote(**{"loan.calendar": "home"})
    assert desk.checkout("R1", "I2").due == Due("2026-12-21")


def test_no_open_day_near_leaves_the_date_and_tells_staff(desk: Desk) -> None:
    desk.vote(**{"loan.max-push": "2"})
    start = date(2026, 12, 20)
    close(desk, LENS, *((start + timedelta(days=n)).isoformat() for n in range(3)))
    assert desk.checkout("R1", "I1").due == Due("2026-12-20")
    assert desk.anomalies() == ["no-open-day"]


def title(desk: Desk, *items: int) -> None:
    desk.sql(
        "INSERT INTO record(id, format, iso2709, source, control, title, created_at, modified_at)"
        " VALUES (1, 'unimarc', x'00', 'LENS', '1', 'Germinal', 1, 1)"
    )
    for number in items:
        desk.sql("UPDATE item SET record_id=1 WHERE id=?", number)


def test_loans_are_shorter_while_many_wait_for_few_copies(desk: Desk) -> None:
    desk.vote(**{"loan.demand-threshold": "2", "loan.demand-period": "7 days"})
    title(desk, 1, 2)
    for number in range(3, 7):
        desk.sql(
            "INSERT INTO hold(id, patron_id, record_id, pickup_id, requested_at, suspended_until) VALUES (?,?,1,1,1,NULL)",
            number, number,
        )  # fmt: skip
    assert desk.checkout("R3", "I1").due == Due("2026-12-20")  # Three others wait for two copies.
    desk.sql("INSERT INTO hold(id, patron_id, record_id, pickup_id, requested_at) VALUES (9, 9, 1, 1, 9)")
    desk.sql("INSERT INTO hold(id, patron_id, record_id, pickup_id, requested_at) VALUES (8, 8, 1, 1, 9)")
    lent = desk.checkout("R4", "I2")
    assert lent.due == Due("2026-11-29")
    ((because, context),) = desk.sql("SELECT because, context FROM journal WHERE item_id=2")
    assert "rule:1" in because.split()
    assert "rule:2" in because.split()
    assert "demand=200" in context


def test_a_renewal_waits_for_no_hold_that_another_copy_can_serve(desk: Desk) -> None:
    title(desk, 1, 2)
    desk.checkout("R1", "I1")
    desk.sql("INSERT INTO hold(id, patron_id, record_id, pickup_id, requested_at) VALUES (1, 2, 1, 1, 1)")
    desk.now += DAY
    assert desk.renew("R1", "I1").reasons == (Reason.WAITED_FOR,)
    desk.vote(**{"renewal.when-held": "free-copy"})
    assert desk.renew("R1", "I1").ok
    desk.sql("UPDATE loan SET renewals=0")
    desk.now += DAY
    desk.checkout("R3", "I2", force=True)
    assert desk.renew("R1", "I1").reasons == (Reason.WAITED_FOR,)


def test_a_cap_set_since_shortens_a_renewal_and_the_reader_is_told(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    desk.vote(**{"loan.all-back-by": "2026-12-10"})
    desk.now += DAY
    assert desk.renew("R1", "I1").due == Due("2026-12-10")
    assert desk.sql("SELECT kind, detail FROM notice") == [("due-changed", "2026-12-10")]


# --- all at once ---------------------------------------------------------------------------------------------------------


def test_all_loans_are_renewed_each_by_its_own_rules(desk: Desk) -> None:
    for number in (1, 2, 3, 4):
        desk.checkout("R1", f"I{number}")
    desk.hold(1, 2, item=2, pickup=LENS)
    desk.sql("UPDATE loan SET state='claimed' WHERE item_id=3")
    desk.now += DAY
    answer = desk.renew_all("R1")
    assert answer.ok
    assert [(loan.barcode, loan.reasons) for loan in answer.loans] == [
        ("I1", ()), ("I2", (Reason.WAITED_FOR,)), ("I4", ())
    ]  # fmt: skip
    assert [loan.barcode for loan in answer.renewed] == ["I1", "I4"]
    assert desk.sql("SELECT item_id, renewals FROM loan ORDER BY item_id") == [(1, 1), (2, 0), (3, 0), (4, 1)]
    assert desk.sql("SELECT act FROM journal WHERE act='renew'") == [("renew",)] * 2


def test_a_wrong_pin_renews_nothing_and_nobody_renews_for_nobody(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    assert desk.renew_all("R1", pin="0").reasons == (Reason.WRONG_PIN,)
    assert desk.sql("SELECT pin_failures FROM patron WHERE id=1") == [(1,)]
    assert desk.renew_all("R99").reasons == (Reason.UNKNOWN_PATRON,)
    assert desk.renew_all("R2").loans == ()
