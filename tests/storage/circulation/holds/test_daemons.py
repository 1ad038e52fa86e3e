"""Two daemons on one database, each with its batches, its retries and its jobs: whatever they do to holds, the rows agree."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.holds.answers import HoldAnswer, HoldRequest
from storage.circulation.holds.change import CANCEL_HOLD, CHANGE_PICKUP, SUSPEND_HOLD, PickupRequest, SuspendRequest
from storage.circulation.holds.expiry import EXPIRE_HOLDS
from storage.circulation.holds.place import PLACE_HOLD, PlaceHoldRequest
from storage.circulation.holds.targeting import TARGET_HOLDS
from storage.database import Location
from storage.jobs.job import RunRequest, usecase_of
from storage.usecase import Origin
from tests.counter import Counter, at, settle
from tests.network import AVION, LENS, LIEVIN, NOW
from tests.storage.circulation.holds.test_races import CHECKS, TITLE

DAY = 86400


def make_title(counter: Counter) -> None:
    empty = "x''" if counter.location.sqlite_path is not None else "''"
    counter.sql(
        "INSERT INTO record (id, format, iso2709, source, control, title, created_at, modified_at)"
        f" VALUES (100, 'unimarc', {empty}, 'LENS', '100', 'Germinal', 0, 0)"
    )
    counter.sql("UPDATE item SET record_id = 100 WHERE id IN (1, 2, 10)")


@pytest.fixture
def daemons(postgresql_location: Location) -> Iterator[tuple[Counter, Counter]]:
    pair = Counter(postgresql_location), Counter(postgresql_location)
    make_title(pair[0])
    yield pair
    for counter in pair:
        counter.close()


def some_act(chance: random.Random, now: int) -> tuple[Any, Any]:
    library = chance.choice([LENS, LIEVIN, AVION])
    card, barcode = f"R{chance.randint(1, 6)}", f"I{chance.choice([1, 2, 3, 10])}"
    mine: dict[str, Any] = {"card": card, "record_id": TITLE, "barcode": barcode}
    acts: list[tuple[int, tuple[Any, Any]]] = [
        (6, (PLACE_HOLD, PlaceHoldRequest(card, at(library), TITLE, pickup_id=library))),
        (3, (PLACE_HOLD, PlaceHoldRequest(card, at(library), barcode=barcode, this_item=True, pickup_id=library))),
        (8, (CHECKIN, CheckinRequest(barcode, at(library)))),
        (5, (CHECKOUT, CheckoutRequest(card, barcode, at(library)))),
        (3, (CANCEL_HOLD, HoldRequest(at(library), **mine))),
        (2, (CHANGE_PICKUP, PickupRequest(at(library), pickup_id=library, **mine))),
        (1, (SUSPEND_HOLD, SuspendRequest(at(library), until=chance.choice([None, "2027-01-01"]), **mine))),
        (3, (usecase_of(TARGET_HOLDS), RunRequest(Origin("job", "test", LENS), now))),
        (2, (usecase_of(EXPIRE_HOLDS), RunRequest(Origin("job", "test", LENS), now))),
    ]
    return chance.choices([act for _, act in acts], [weight for weight, _ in acts])[0]


def test_whatever_both_do_at_once_the_rows_agree(daemons: tuple[Counter, Counter]) -> None:
    chance = random.Random(11)
    one = daemons[0]
    placed = 0
    for now in range(NOW, NOW + 24 * DAY, 4 * DAY):
        asked = [
            chance.choice(daemons).store.transact(usecase, request, now)
            for usecase, request in (some_act(chance, now) for _ in range(60))
        ]
        answers = settle(asked)
        assert not [answer for answer in answers if isinstance(answer, Exception)]
        placed += sum(answer.ok and answer.rank > 0 for answer in answers if isinstance(answer, HoldAnswer))
        for query in CHECKS:
            assert one.sql(query) == [], query
    ended, still = one.sql("SELECT count(*) FROM past_hold")[0][0], one.sql("SELECT count(*) FROM hold")[0][0]
    assert (ended + still, placed > 20, ended > 10) == (placed, True, True)
    assert one.sql("SELECT count(*) FROM past_hold_reader") == [(ended,)]
    assert all(daemon.store.healthy for daemon in daemons)


def cancels(number: int) -> tuple[Any, Any]:
    return CANCEL_HOLD, HoldRequest(at(), number)


def takes_in(barcode: str, library: int) -> tuple[Any, Any]:
    return CHECKIN, CheckinRequest(barcode, at(library))


@pytest.mark.parametrize(
    ("before", "together"),
    [
        ([], [takes_in("I1", LIEVIN), cancels(1)]),
        ([takes_in("I1", LENS)], [takes_in("I1", AVION), cancels(1)]),
        ([takes_in("I1", LIEVIN)], [takes_in("I1", LENS), cancels(1)]),
        ([], [takes_in("I2", LIEVIN), (CHECKOUT, CheckoutRequest("R2", "I1", at()))]),
        ([takes_in("I1", LIEVIN)], [cancels(1), (CHECKOUT, CheckoutRequest("R2", "I1", at()))]),
        ([], [(CHANGE_PICKUP, PickupRequest(at(), 1, pickup_id=AVION)), takes_in("I1", LIEVIN)]),
        ([], [(CHANGE_PICKUP, PickupRequest(at(), 1, pickup_id=AVION)), takes_in("I1", LENS)]),
        ([takes_in("I1", LIEVIN)], [(CHANGE_PICKUP, PickupRequest(at(), 1, pickup_id=AVION)), takes_in("I1", LENS)]),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_what_comes_in_one_batch_sees_each_other(
    counter: Counter, before: list[tuple[Any, Any]], together: list[tuple[Any, Any]], turned: bool
) -> None:
    """Acts that share no item are decided in one transaction, on what was before: what one changes, the other's guards see."""
    make_title(counter)
    for number, patron in ((1, 2), (2, 3)):
        counter.hold(number, patron, item=number, pickup=LENS)
    counter.sql("UPDATE hold SET target_item_id = NULL, record_id = 100")
    for act in before:
        counter.do(*act)
    answers = counter.do_all(together[::-1] if turned else together)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    for query in CHECKS:
        assert counter.sql(query) == [], query
