"""Placing a hold: every reason why not, in the order of domain.md 2.8, and what the reader is promised."""

from __future__ import annotations

from typing import Any

import pytest

from storage.circulation.pins import PinState
from storage.refusals import Reason
from tests.network import AVION, DEPARTMENT, LENS, LIEVIN, NOW
from tests.storage.circulation.holds.holders import TITLE, Holders


def test_a_title_is_reserved_and_the_line_is_told(desk: Holders) -> None:
    desk.title(1, 2)
    first = desk.place("R1", pickup_id=AVION, expires_on="2027-01-31")
    second = desk.place("R2", pickup_id=LENS)
    assert (first.ok, first.rank, second.rank) == (True, 1, 2)
    assert first.hold is not None
    assert (first.hold.title, first.hold.barcode, first.state, first.expires_on) == (
        "Germinal", None, "waiting", "2027-01-31",
    )  # fmt: skip
    assert desk.sql("SELECT patron_id, record_id, pickup_id, channel, requested_at, expires_on, state FROM hold") == [
        (1, TITLE, AVION, "sip2", NOW, "2027-01-31", "waiting"),
        (2, TITLE, LENS, "sip2", NOW, None, "waiting"),
    ]
    assert desk.sql("SELECT act, hold_id, context FROM journal") == [
        ("hold", first.hold.id, "owner=1 type=2 category=2 library=3 channel=sip2"),
        ("hold", second.hold.id if second.hold else 0, "owner=1 type=2 category=2 library=1 channel=sip2"),
    ]


def test_without_a_pick_up_library_it_is_the_readers_own(desk: Holders) -> None:
    desk.title(1)
    answer = desk.place("R2")
    assert answer.pickup == desk.network.libraries[AVION]


def test_what_is_scanned_means_its_title_unless_this_very_item_is_wanted(desk: Holders) -> None:
    desk.title(1, 2)
    desk.place("R1", barcode="I1")
    desk.place("R2", barcode="I1", this_item=True)
    desk.place("R3", barcode="I3")
    assert desk.sql("SELECT record_id, target_item_id FROM hold ORDER BY patron_id") == [
        (TITLE, None),
        (None, 1),
        (None, 3),
    ]


def test_a_volume_is_reserved_by_itself(desk: Holders) -> None:
    desk.title(1, 2)
    desk.sql("UPDATE item SET volume='2' WHERE id=2")
    desk.place("R1", volume="2")
    assert desk.place("R1", volume="3").reasons == (Reason.NOT_HOLDABLE,)
    assert desk.place("R2", barcode="I2").hold is not None
    assert desk.sql("SELECT DISTINCT volume FROM hold") == [("2",)]
    assert desk.checkin("I1").hold_id is None
    assert desk.checkin("I2").hold_id is not None


@pytest.mark.parametrize(
    ("change", "more", "expected"),
    [
        ("UPDATE card SET status='lost' WHERE number='R1'", {}, Reason.CARD_LOST),
        ("UPDATE patron SET valid_until='2026-01-01'", {}, Reason.PATRON_EXPIRED),
        ("INSERT INTO block (patron_id, kind, acts) VALUES (1, 'manual', 'hold')", {}, Reason.PATRON_BLOCKED),
        ("UPDATE record SET deleted=1", {}, Reason.UNKNOWN_TITLE),
        ("UPDATE item SET condition='withdrawn'", {}, Reason.NOT_HOLDABLE),
        ("UPDATE item SET condition='lost'", {}, Reason.NOT_HOLDABLE),
        ("UPDATE item SET for_loan=0", {}, Reason.NOT_HOLDABLE),
        ("UPDATE item SET temporary=1", {}, Reason.NOT_HOLDABLE),
        ("UPDATE item SET due_back_on='2026-12-01'", {}, Reason.NOT_HOLDABLE),
        ("UPDATE item SET added_on='2026-11-01'", {"pickup_id": LIEVIN}, Reason.TOO_NEW_TO_TRAVEL),
        (
            "INSERT INTO service_activation VALUES (1, 'circulation', '2020-01-01', NULL)",
            {"pickup_id": LIEVIN},
            Reason.NOT_HOLDABLE,
        ),
        (
            "INSERT INTO service_activation VALUES (2, 'circulation', '2020-01-01', NULL)",
            {"pickup_id": LIEVIN},
            Reason.NO_PICKUP_HERE,
        ),
        ("SELECT 1", {"pickup_id": 99}, Reason.NO_PICKUP_HERE),
        ("SELECT 1", {"record_id": 99}, Reason.UNKNOWN_TITLE),
        ("SELECT 1", {"barcode": "nothing"}, Reason.UNKNOWN_ITEM),
        ("SELECT 1", {"expires_on": "2026-11-21"}, Reason.BAD_DATE),
        ("SELECT 1", {"suspended_until": "2026-11-21"}, Reason.BAD_DATE),
    ],
)
def test_one_reason_refuses_and_nothing_is_written(
    desk: Holders, change: str, more: dict[str, Any], expected: Reason
) -> None:
    desk.title(1)
    desk.rule("hold.age-protection-days", "90")
    desk.sql(change)
    desk.reload()
    assert desk.place("R1", **more).reasons == (expected,)
    assert desk.sql("SELECT * FROM hold") == []
    assert desk.sql("SELECT * FROM journal") == []


def test_all_reasons_are_told_the_readers_first(desk: Holders) -> None:
    desk.title(1)
    desk.rule("hold.limit", "0")
    desk.sql("UPDATE patron SET valid_until='2026-01-01'")
    desk.sql("UPDATE item SET for_loan=0")
    answer = desk.place("R1", pickup_id=LIEVIN, expires_on="2020-01-01")
    assert answer.reasons == (
        Reason.PATRON_EXPIRED,
        Reason.TOO_MANY_HOLDS,
        Reason.NOT_HOLDABLE,
        Reason.BAD_DATE,
    )


def test_the_same_is_not_reserved_twice_nor_what_the_reader_has(desk: Holders) -> None:
    desk.title(1, 2)
    desk.placed("R1")
    assert desk.place("R1").reasons == (Reason.ALREADY_HELD,)
    desk.checkout("R2", "I3")
    assert desk.place("R2", barcode="I3").reasons == (Reason.ALREADY_ON_LOAN,)
    desk.placed("R3", barcode="I3")
    assert desk.place("R3", barcode="I3").reasons == (Reason.ALREADY_HELD,)


def test_a_limit_of_a_category_is_heeded(desk: Holders) -> None:
    desk.rule("hold.limit", "2", patron_category_id=2)
    for item in (1, 2):
        desk.placed("R1", barcode=f"I{item}")
    assert desk.place("R1", barcode="I3").reasons == (Reason.TOO_MANY_HOLDS,)
    desk.sql("UPDATE patron SET category_id=3 WHERE id=2")
    for item in (1, 2, 3):
        desk.placed("R2", barcode=f"I{item}")


@pytest.mark.parametrize(
    ("value", "reasons", "remarks"),
    [("forbid", (Reason.AVAILABLE_HERE,), ()), ("alert", (), (Reason.AVAILABLE_HERE,)), ("allow", (), ())],
)
def test_what_stands_where_it_would_be_fetched_follows_the_policy(
    desk: Holders, value: str, reasons: tuple[Reason, ...], remarks: tuple[Reason, ...]
) -> None:
    desk.title(1)
    desk.rule("hold.available-here", value)
    answer = desk.place("R1", pickup_id=LENS)
    assert (answer.reasons, answer.remarks) == (reasons, remarks)
    elsewhere = desk.place("R2", pickup_id=LIEVIN)
    assert (elsewhere.reasons, elsewhere.remarks) == ((), ())
    desk.checkout("R3", "I1" if reasons else "I2")


def test_a_new_item_may_be_fetched_at_its_home(desk: Holders) -> None:
    desk.title(1)
    desk.rule("hold.age-protection-days", "90")
    desk.sql("UPDATE item SET added_on='2026-11-01'")
    desk.placed("R1", pickup_id=LENS)
    desk.now += 90 * 86400
    desk.placed("R2", pickup_id=LIEVIN)


def test_the_department_waits_in_the_same_line(desk: Holders) -> None:
    desk.title(1)
    desk.placed("R1", pickup_id=DEPARTMENT)


def test_a_wrong_pin_is_counted_and_nothing_else_is_told(desk: Holders) -> None:
    desk.title(1)
    answer = desk.place("R1", pin="9999")
    assert (answer.reasons, answer.pin, answer.patron) == ((Reason.WRONG_PIN,), PinState.WRONG, None)
    assert desk.sql("SELECT pin_failures FROM patron WHERE id=1") == [(1,)]
    assert desk.place("R1", pin="1234").ok


def test_where_a_reader_lives_changes_nothing(desk: Holders) -> None:
    desk.title(1)
    desk.sql("UPDATE patron SET residence='62498' WHERE id=1")
    one = desk.place("R1", pickup_id=LENS)
    desk.sql("DELETE FROM hold")
    desk.sql("UPDATE patron SET residence='75056' WHERE id=1")
    two = desk.place("R1", pickup_id=LENS)
    assert (one.reasons, one.rank, one.remarks) == (two.reasons, two.rank, two.remarks)


def test_what_the_shuttle_brings_is_promised(desk: Holders) -> None:
    desk.sql("INSERT INTO route (code, weekdays) VALUES ('T1', '2 4')")
    for position, (library, at) in enumerate([(LENS, "09:00"), (AVION, "10:00")]):
        desk.sql(
            "INSERT INTO route_stop (route_id, position, library_id, at) VALUES (1, ?, ?, ?)", position, library, at
        )
    desk.reload()
    desk.title(1)
    assert desk.place("R1", pickup_id=AVION).promised_on == "2026-11-24"
    assert desk.place("R2", pickup_id=AVION).promised_on is None
    assert desk.sql("SELECT promised_on FROM hold ORDER BY id") == [("2026-11-24",), (None,)]
