"""Nothing is ever in two places, or nowhere, whatever is scanned in whatever order (I-02, I-05, I-08, I-28, I-29, I-30)."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.shuttle import carriage
from storage.circulation.shuttle.lost import COMPLETE_MANIFESTS, LOSE_IN_TRANSIT
from tests.network import AVION, LENS, LIEVIN
from tests.storage.circulation.shuttle.test_lost import round_of
from tests.storage.circulation.shuttle.yard import Yard

ITEMS = {"I1": 1, "I10": 10, "I11": 11, "I12": 12}
PLACES = (LENS, LIEVIN, AVION)
BOXES = ("C1", "C2", "C3")


class Scan(NamedTuple):
    """Something done. *place* None: where the container is, or else the item."""

    act: str
    item: str
    box: str
    route: str
    place: int | None
    flag: bool


ACTS = (
    *["checkin"] * 3, *["bring"] * 6, *["send"] * 4, *["unload"] * 4, *["pack"] * 2,
    "open", "seal", "load", "unpack", "leave", "end", "checkout", "hold", "wait",
)  # fmt: skip
"""What may be done; *bring* and *send* are several scans, as staff do them."""
SCANS = st.lists(
    st.builds(
        Scan,
        st.sampled_from(ACTS),
        st.sampled_from(sorted(ITEMS)),
        st.sampled_from(BOXES),
        st.sampled_from(["NORTH", "SOUTH"]),
        st.sampled_from([None, None, None, *PLACES]),
        st.booleans(),
    ),
    min_size=15,
    max_size=60,
)


class Walk:
    """A sequence of scans, with what they say of where each item was last seen."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.seen: dict[int, int] = dict(yard.sql("SELECT id, current_id FROM item"))
        for box, place in zip(BOXES, PLACES, strict=True):
            yard.add(box, place, capacity=3)

    def place_of(self, scan: Scan) -> int:
        if scan.place is not None:
            return scan.place
        if scan.act in {"checkin", "checkout"}:
            return self.seen[ITEMS[scan.item]]
        ((place,),) = self.yard.sql("SELECT place_id FROM container WHERE code = :c", c=scan.box)
        return int(place)

    def do(self, scan: Scan) -> None:
        yard, place, item = self.yard, self.place_of(scan), ITEMS[scan.item]
        match scan.act:
            case "checkin":
                if yard.checkin(scan.item, place).ok:
                    self.seen[item] = place
            case "checkout":
                if yard.do(CHECKOUT, CheckoutRequest("R1", scan.item, yard.origin(place))).ok:
                    self.seen[item] = place
                round_of(yard, COMPLETE_MANIFESTS)
            case "pack":
                before = yard.lines(scan.item)
                if yard.pack(scan.item, scan.box, place).ok and yard.lines(scan.item) != before:
                    self.seen[item] = place
            case "bring":
                for act in ("open", "checkin", "pack"):
                    self.do(scan._replace(act=act, place=place, flag=False))
            case "send":
                for act in ("seal", "load"):
                    self.do(scan._replace(act=act, place=place))
            case "unpack":
                if yard.unpack(scan.item, scan.box, place).ok:
                    self.seen[item] = place
            case "open":
                yard.open(scan.box, place, missing=scan.flag)
            case "seal":
                yard.seal(scan.box, place)
            case "load":
                yard.load(scan.box, scan.route, place)
            case "unload":
                yard.unload(scan.box, place)
            case "leave" | "end":
                yard.run(carriage.LEAVE if scan.act == "leave" else carriage.END, scan.route)
            case "hold":
                self.hold(item, place)
            case "wait":
                yard.now += 20 * 86400 if scan.flag else 3600
                round_of(yard, LOSE_IN_TRANSIT)

    def hold(self, item: int, pickup: int) -> None:
        """A reader asks for the item, unless somebody has already."""
        self.yard.sql(
            "INSERT INTO hold (id, patron_id, target_item_id, pickup_id, requested_at)"
            " SELECT :i, 2, :i, :p, 0 WHERE NOT EXISTS (SELECT 1 FROM hold WHERE target_item_id = :i)",
            i=item, p=pickup,
        )  # fmt: skip

    # --- what must be so -----------------------------------------------------------------------------------------------

    def check(self) -> None:
        self.check_places()
        self.check_holds()
        self.check_containers()
        self.check_manifests()

    def check_places(self) -> None:
        """I-02, I-28, I-08 and with it I-30: one place each, and it is that of the last scan."""
        rows = self.yard.sql(
            "SELECT i.id, i.current_id,"
            " (SELECT count(*) FROM loan l WHERE l.item_id = i.id),"
            " (SELECT count(*) FROM transit t WHERE t.item_id = i.id AND t.received_at IS NULL),"
            " (SELECT count(*) FROM manifest_line m WHERE m.item_id = i.id AND m.outcome IS NULL),"
            " (SELECT count(*) FROM hold h WHERE h.item_id = i.id AND h.state = 'shelf'), i.condition FROM item i"
        )
        assert len(rows) == len(self.seen)
        for item, current, loans, transits, lines, shelves, condition in rows:
            assert current == self.seen[item]
            assert loans + transits + shelves + (condition == "missing") <= 1, item
            assert lines <= transits, item

    def check_holds(self) -> None:
        """I-05: what is captured is on its way to its reader, or on the shelf there."""
        for item, state, pickup, current, to, served in self.yard.sql(
            "SELECT h.item_id, h.state, h.pickup_id, i.current_id, t.to_id, t.hold_id FROM hold h"
            " JOIN item i ON i.id = h.item_id LEFT JOIN transit t ON t.item_id = i.id AND t.received_at IS NULL"
        ):
            expected: Any = (pickup, item) if state == "transit" else (None, None)
            assert (to, served) == expected
            assert state == "transit" or current == pickup
        assert not self.yard.sql(
            "SELECT 1 FROM transit t LEFT JOIN hold h ON h.id = t.hold_id AND h.item_id = t.item_id"
            " WHERE t.received_at IS NULL AND t.reason = 'hold' AND h.id IS NULL"
        )

    def check_containers(self) -> None:
        """A container is aboard a run or at a place; an empty one holds nothing, a full one not more than it can."""
        for code, state, run, items in self.yard.sql(
            "SELECT c.code, c.state, c.run_id,"
            " (SELECT count(*) FROM manifest_line m WHERE m.container_id = c.id AND m.outcome IS NULL) FROM container c"
        ):
            assert (state == "aboard") == (run is not None), code
            assert state != "empty" or items == 0, code
            assert items <= 3, code

    def check_manifests(self) -> None:
        """I-29: what went aboard came off, is aboard, or is a discrepancy; what was received came off, or is inferred."""
        for outcome, inferred, run, loaded, unloaded, aboard in self.yard.sql(
            "SELECT m.outcome, m.inferred, m.run_id, m.loaded_at, m.unloaded_at, c.run_id FROM manifest_line m"
            " LEFT JOIN container c ON c.id = m.container_id"
        ):
            assert (run is None) == (loaded is None)
            if outcome is None and loaded is not None and unloaded is None:
                assert aboard == run
            if outcome == "received":
                assert unloaded is not None
                assert loaded is not None or inferred
            if loaded is not None and unloaded is None:
                assert outcome in {None, "wrong-stop", "missing", "unpacked"}


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SCANS)
def test_whatever_is_scanned_every_item_is_in_one_place(yard: Yard, scans: list[Scan]) -> None:
    with yard.rolled_back():
        walk = Walk(yard)
        for scan in scans:
            walk.do(scan)
            walk.check()


JOURNEY = [
    Scan("hold", "I1", "C1", "NORTH", AVION, False),
    Scan("checkin", "I1", "C2", "NORTH", LIEVIN, False),
    Scan("open", "I1", "C2", "NORTH", LIEVIN, False),
    Scan("pack", "I1", "C2", "NORTH", LIEVIN, False),
    Scan("seal", "I1", "C2", "NORTH", LIEVIN, False),
    Scan("load", "I1", "C2", "NORTH", LIEVIN, False),
    Scan("leave", "I1", "C2", "NORTH", LIEVIN, False),
    Scan("unload", "I1", "C2", "NORTH", LENS, False),
    Scan("open", "I1", "C1", "NORTH", LENS, False),
    Scan("pack", "I1", "C1", "NORTH", LENS, False),
    Scan("seal", "I1", "C1", "NORTH", LENS, False),
    Scan("load", "I1", "C1", "SOUTH", LENS, False),
    Scan("unload", "I1", "C1", "SOUTH", AVION, False),
    Scan("checkin", "I1", "C1", "SOUTH", AVION, False),
]


@pytest.mark.parametrize("left_out", range(-1, len(JOURNEY)))
def test_a_journey_with_any_scan_left_out_is_sound_and_ends_on_the_shelf(yard: Yard, left_out: int) -> None:
    with yard.rolled_back():
        walk = Walk(yard)
        for number, scan in enumerate(JOURNEY):
            if number != left_out:
                walk.do(scan)
                walk.check()
        if left_out not in {0, 1, len(JOURNEY) - 1}:
            assert yard.sql("SELECT state FROM hold") == [("shelf",)]
