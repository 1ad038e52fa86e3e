"""What happens at the same moment (domain.md 2.13), in threads of their own, each with its connection, on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from server.writing import Direct
from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.holds.answers import HoldRequest
from storage.circulation.holds.change import CANCEL_HOLD, CHANGE_PICKUP, PickupRequest
from storage.circulation.holds.expiry import EXPIRE_HOLDS
from storage.circulation.holds.place import PLACE_HOLD, PlaceHoldRequest
from storage.circulation.holds.targeting import TARGET_HOLDS
from storage.circulation.renew import RENEW, RenewRequest
from storage.database import Location
from storage.jobs.job import Job, RunRequest, usecase_of
from storage.network.network import Network
from storage.refusals import Reason
from storage.usecase import Origin
from tests.network import AVION, LENS, LIEVIN, NOW

Act = tuple[Any, Any]
ROUNDS = 4
TITLE = 100


CHECKS = (
    "SELECT item_id FROM loan GROUP BY item_id HAVING count(*) > 1",
    "SELECT item_id FROM transit WHERE received_at IS NULL GROUP BY item_id HAVING count(*) > 1",
    "SELECT item_id FROM hold WHERE item_id IS NOT NULL GROUP BY item_id HAVING count(*) > 1",
    "SELECT l.id FROM loan l JOIN hold h ON h.item_id = l.item_id",
    "SELECT l.id FROM loan l JOIN transit t ON t.item_id = l.item_id AND t.received_at IS NULL",
    (
        "SELECT h.id FROM hold h LEFT JOIN transit t ON t.item_id = h.item_id AND t.received_at IS NULL"
        " WHERE h.state = 'transit' AND (t.id IS NULL OR t.hold_id <> h.id OR t.to_id <> h.pickup_id)"
    ),
    (
        "SELECT h.id FROM hold h JOIN item i ON i.id = h.item_id LEFT JOIN transit t"
        " ON t.item_id = h.item_id AND t.received_at IS NULL"
        " WHERE h.state = 'shelf' AND (t.id IS NOT NULL OR i.current_id <> h.pickup_id)"
    ),
    (
        "SELECT t.id FROM transit t LEFT JOIN hold h ON h.id = t.hold_id AND h.item_id = t.item_id"
        " WHERE t.received_at IS NULL AND t.reason = 'hold' AND h.id IS NULL"
    ),
    "SELECT id FROM hold JOIN past_hold USING (id)",
    "SELECT patron_id FROM hold GROUP BY patron_id, record_id, target_item_id, volume HAVING count(*) > 1",
    "SELECT hold_id FROM pull WHERE outcome IS NULL GROUP BY hold_id HAVING count(*) > 1",
    "SELECT p.id FROM pull p JOIN hold h ON h.id = p.hold_id WHERE p.outcome IS NULL AND h.state <> 'waiting'",
)
"""I-01 to I-05, I-13 and I-20, in the database's own words: what each finds is wrong."""


def at(library: int = LENS) -> Origin:
    return Origin("sip2", "desk", library)


class Clerk(Direct):
    """Somebody at a desk, at a fixed time, who has read the network once."""

    moment = NOW

    def now(self) -> int:
        return self.moment

    @cached_property
    def network(self) -> Network:
        return super().network

    def insist(self, act: Act, now: int) -> Any:
        """Do an act, again when others were in its way, as a daemon does."""
        self.moment = now
        while True:
            try:
                return self.act(*act)
            except OperationalError as error:
                if "deadlock" not in str(error):
                    raise


class Rivals:
    """Clerks who act at the same moment."""

    def __init__(self, location: Location) -> None:
        self.now = NOW
        self.engine = location.engine()
        self._clerks = [Clerk(location), Clerk(location)]

    @property
    def network(self) -> Network:
        return self._clerks[0].network

    def sql(self, statement: str, **values: Any) -> list[Any]:
        with self.engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    def do(self, act: Act) -> Any:
        return self._clerks[0].insist(act, self.now)

    def race(self, *acts: Act) -> list[Any]:
        """Have both acts done, each in a thread; return the answers in the order of *acts*."""
        answers: list[Any] = [None] * len(acts)
        start = Barrier(len(acts))

        def run(number: int) -> None:
            start.wait()
            try:
                answers[number] = self._clerks[number].insist(acts[number], self.now)
            except BaseException as error:  # noqa: BLE001 (told to the test)
                answers[number] = error

        threads = [Thread(target=run, args=(number,)) for number in range(len(acts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not [answer for answer in answers if isinstance(answer, BaseException)], answers
        self.check()
        return answers

    def clear(self) -> None:
        """Begin a round with everything on its shelf."""
        for table in ("pull", "transit", "notice", "anomaly", "past_hold_reader", "past_hold", "hold", "loan", "job"):
            self.sql(f"DELETE FROM {table}")
        self.sql("UPDATE item SET current_id = home_id, condition = 'good', misses = 0")

    def hold(self, number: int, patron: int, pickup: int = LENS, **more: Any) -> None:
        values = {"id": number, "patron_id": patron, "record_id": TITLE, "pickup_id": pickup, "requested_at": number}
        values |= more
        marks = ", ".join(f":{name}" for name in values)
        self.sql(f"INSERT INTO hold ({', '.join(values)}) VALUES ({marks})", **values)

    def check(self) -> None:
        """See `CHECKS`."""
        for query in CHECKS:
            assert self.sql(query) == [], query

    def state(self, number: int) -> str:
        found = self.sql(
            "SELECT state FROM hold WHERE id = :id UNION ALL SELECT outcome FROM past_hold WHERE id = :id", id=number
        )
        assert len(found) == 1
        return str(found[0][0])


@pytest.fixture
def rivals(any_location: Location) -> Rivals:
    made = Rivals(any_location)
    made.sql(
        "INSERT INTO record (id, format, iso2709, source, control, title, created_at, modified_at)"
        " VALUES (100, 'unimarc', '', 'LENS', '100', 'Germinal', 0, 0)"
        if any_location.sqlite_path is None
        else "INSERT INTO record (id, format, iso2709, source, control, title, created_at, modified_at)"
        " VALUES (100, 'unimarc', x'', 'LENS', '100', 'Germinal', 0, 0)"
    )
    made.sql("UPDATE item SET record_id = 100 WHERE id IN (1, 2)")
    return made


def checkin(barcode: str, library: int = LENS) -> Act:
    return CHECKIN, CheckinRequest(barcode, at(library))


def checkout(card: str, barcode: str, library: int = LENS) -> Act:
    return CHECKOUT, CheckoutRequest(card, barcode, at(library))


def cancel(number: int) -> Act:
    return CANCEL_HOLD, HoldRequest(at(), number)


def slice_of(job: Job, now: int) -> Act:
    return usecase_of(job), RunRequest(Origin("job", "test", LENS), now)


def turns(acts: Sequence[Act]) -> Iterator[list[Act]]:
    """Give the acts in every other order: who starts first matters."""
    for number in range(ROUNDS):
        yield list(acts if number % 2 else reversed(acts))


def test_capture_and_checkout_of_one_item(rivals: Rivals) -> None:
    for acts in turns([checkin("I1"), checkout("R5", "I1")]):
        rivals.clear()
        rivals.hold(1, 2)
        rivals.race(*acts)
        # The reader who waits has it put aside whichever came first: the check-out by another is refused.
        assert (rivals.state(1), rivals.sql("SELECT count(*) FROM loan")) == ("shelf", [(0,)])


def test_capture_and_checkout_by_the_reader_who_waits(rivals: Rivals) -> None:
    for acts in turns([checkin("I1", LIEVIN), checkout("R2", "I1")]):
        rivals.clear()
        rivals.hold(1, 2, AVION)
        rivals.race(*acts)
        assert rivals.state(1) == "honoured"


def test_two_copies_come_back_and_one_reader_waits(rivals: Rivals) -> None:
    for acts in turns([checkin("I1"), checkin("I2", LIEVIN)]):
        rivals.clear()
        rivals.hold(1, 2)
        answers = rivals.race(*acts)
        assert sorted(answer.hold_id is not None for answer in answers) == [False, True]


def test_cancel_and_receive(rivals: Rivals) -> None:
    for acts in turns([cancel(1), checkin("I1", AVION)]):
        rivals.clear()
        rivals.hold(1, 2, AVION)
        rivals.hold(2, 3, LIEVIN)
        rivals.do(checkin("I1"))
        assert rivals.state(1) == "transit"
        rivals.race(*acts)
        assert (rivals.state(1), rivals.state(2)) == ("cancelled", "transit")


def test_cancel_and_capture(rivals: Rivals) -> None:
    for acts in turns([cancel(1), checkin("I1")]):
        rivals.clear()
        rivals.hold(1, 2)
        rivals.race(*acts)
        assert rivals.state(1) == "cancelled"


def test_two_cancel_one_hold_and_its_item_has_one_heir(rivals: Rivals) -> None:
    for acts in turns([cancel(1), cancel(1)]):
        rivals.clear()
        rivals.hold(1, 2)
        rivals.hold(2, 3, AVION)
        rivals.do(checkin("I1"))
        answers = rivals.race(*acts)
        assert sorted(answer.reasons for answer in answers) == [(), (Reason.UNKNOWN_HOLD,)]
        assert rivals.state(2) == "transit"


def test_change_of_pick_up_and_receive(rivals: Rivals) -> None:
    for acts in turns([(CHANGE_PICKUP, PickupRequest(at(), 1, pickup_id=LIEVIN)), checkin("I1", AVION)]):
        rivals.clear()
        rivals.hold(1, 2, AVION)
        rivals.do(checkin("I1"))
        moved, received = rivals.race(*acts) if acts[0][0] is CHANGE_PICKUP else reversed(rivals.race(*acts))
        if moved.ok:
            assert received.destination is not None
            assert rivals.state(1) == "transit"
        else:
            assert (moved.reasons, rivals.state(1)) == ((Reason.HOLD_CAPTURED,), "shelf")


def test_expiry_and_checkout_of_the_shelved_item(rivals: Rivals) -> None:
    try:
        for number in range(ROUNDS):
            rivals.now = NOW
            rivals.clear()
            rivals.hold(1, 2)
            rivals.do(checkin("I1"))
            rivals.now = NOW + 9 * 86400
            acts = [slice_of(EXPIRE_HOLDS, rivals.now), checkout("R2", "I1")]
            rivals.race(*(acts if number % 2 else reversed(acts)))
            assert rivals.state(1) in {"honoured", "not-collected"}
            assert rivals.sql("SELECT count(*) FROM loan") == [(1,)]
    finally:
        rivals.now = NOW


def test_placement_and_checkout_of_the_last_copy(rivals: Rivals) -> None:
    rivals.sql("UPDATE item SET condition = 'withdrawn' WHERE id = 2")
    for acts in turns([(PLACE_HOLD, PlaceHoldRequest("R2", at(), TITLE, pickup_id=LENS)), checkout("R5", "I1")]):
        rivals.clear()
        answers = rivals.race(*acts)
        placed = answers[0] if acts[0][0] is PLACE_HOLD else answers[1]
        lent = answers[1] if acts[0][0] is PLACE_HOLD else answers[0]
        assert placed.ok
        assert lent.reasons in {(), (Reason.HELD_FOR_OTHER,)}
        rivals.do(checkin("I1"))
        assert rivals.state(placed.hold.id) == "shelf"


def test_placement_and_renewal(rivals: Rivals) -> None:
    for acts in turns([
        (PLACE_HOLD, PlaceHoldRequest("R2", at(), TITLE, pickup_id=LENS)),
        (RENEW, RenewRequest("R5", "I1", at())),
    ]):  # fmt: skip
        rivals.clear()
        rivals.do(checkout("R5", "I1"))
        answers = rivals.race(*acts)
        placed = answers[0] if acts[0][0] is PLACE_HOLD else answers[1]
        renewed = answers[1] if acts[0][0] is PLACE_HOLD else answers[0]
        assert placed.ok
        assert renewed.reasons in {(), (Reason.WAITED_FOR,)}


def test_one_reader_places_the_same_hold_at_two_kiosks(rivals: Rivals) -> None:
    place = (PLACE_HOLD, PlaceHoldRequest("R2", at(), TITLE, pickup_id=LENS))
    for _ in range(ROUNDS):
        rivals.clear()
        answers = rivals.race(place, place)
        assert sorted(answer.reasons for answer in answers) == [(), (Reason.ALREADY_HELD,)]


def test_one_reader_at_the_limit_places_two_holds_at_two_kiosks(rivals: Rivals) -> None:
    rivals.sql("INSERT INTO policy_set (id, code, effective_from) VALUES (1, 'vote', '2026-01-01')")
    rivals.sql("INSERT INTO rule (policy_set_id, attribute, value) VALUES (1, 'hold.limit', '1')")
    for _ in range(ROUNDS):
        rivals.clear()
        answers = rivals.race(
            (PLACE_HOLD, PlaceHoldRequest("R2", at(), barcode="I3", pickup_id=LENS)),
            (PLACE_HOLD, PlaceHoldRequest("R2", at(), barcode="I4", pickup_id=LENS)),
        )
        assert sorted(answer.reasons for answer in answers) == [(), (Reason.TOO_MANY_HOLDS,)]


def test_targeting_and_capture(rivals: Rivals) -> None:
    for acts in turns([slice_of(TARGET_HOLDS, NOW), checkin("I1")]):
        rivals.clear()
        rivals.hold(1, 2, AVION)
        rivals.do(slice_of(TARGET_HOLDS, NOW))  # The round's first slice looks at lines; the next at titles.
        rivals.race(*acts)
        rivals.do(slice_of(TARGET_HOLDS, NOW))
        assert rivals.state(1) == "transit"
        assert rivals.sql("SELECT count(*) FROM pull WHERE outcome IS NULL") == [(0,)]
