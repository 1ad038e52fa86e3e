"""Who gets an item: order, eligibility, and who may take it from the shelf (domain.md 2.3, 2.8; I-14, I-15, I-19)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.circulation.accounts import Item
from storage.circulation.facts import WaitingRow
from storage.circulation.holds.queue import Claim, claim, eligible, first_eligible, waiting_for
from storage.network.network import Network
from storage.network.policies import PolicySet, Rule, Scope
from tests.network import AVION, DEPARTMENT, LENS, LIEVIN, NOW, TODAY
from tests.storage.circulation.holds.holders import Holders

HOUR = 3600


@pytest.fixture
def item(desk: Holders) -> Item:
    found = desk.item("I1").item
    assert found is not None
    return found


SEEN: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def _seen(desk: Holders, item: Item) -> None:
    """Give Hypothesis the network and the item, which one function's examples share."""
    SEEN.update(network=desk.network, item=item)


def waits(number: int, **more: Any) -> WaitingRow:
    """Return a hold that waits for I1 at LENS; the greater its number, the younger it is."""
    row = WaitingRow(
        item_id=1, id=number, patron_id=number, pickup_id=LENS, requested_at=NOW - 1000 + number, priority=0,
        suspended_until=None, expires_on=None, target_item_id=None, channel="sip2", category_id=2, added_on=None,
        block_acts=None, block_from=None, block_to=None,
    )  # fmt: skip
    return row._replace(**more)


def voting(network: Network, **rules: str) -> Network:
    """Return *network* with rules for all, ``hold__allowed="no"`` meaning ``hold.allowed``."""
    voted = tuple(Rule(name, name.replace("__", "."), value, Scope()) for name, value in rules.items())
    named = tuple(replace(rule, attribute=rule.attribute.replace("_", "-")) for rule in voted)
    return replace(network, policy_sets=(PolicySet("vote", "2026-01-01", (*network.policy_sets[0].rules, *named)),))


def offering(network: Network, library: int, *services: str) -> Network:
    offered = dict.fromkeys(services, (("2020-01-01", None),))
    changed = replace(network.libraries[library], services=offered)
    return replace(network, libraries={**network.libraries, library: changed})


holds = st.builds(
    waits,
    st.integers(1, 50),
    pickup_id=st.sampled_from([LENS, LIEVIN, AVION, DEPARTMENT]),
    requested_at=st.integers(NOW - 40, NOW),
    priority=st.sampled_from([0, 0, 0, 1, 2]),
    suspended_until=st.sampled_from([None, None, TODAY, "2026-12-31"]),
    expires_on=st.sampled_from([None, None, TODAY, "2026-11-01"]),
)
lines = st.lists(holds, max_size=8, unique_by=lambda hold: hold.id)


@given(lines, st.randoms())
@settings(max_examples=60)
def test_the_first_of_all_who_may_gets_it_in_whatever_order_they_are_read(line: list[WaitingRow], chance: Any) -> None:
    network, item = SEEN["network"], SEEN["item"]
    found = eligible(network, item, line, network.libraries[LENS], NOW)
    shuffled = [*line]
    chance.shuffle(shuffled)
    assert eligible(network, item, shuffled, network.libraries[LENS], NOW) == found
    may = [hold for hold in line if (hold.suspended_until or "") <= TODAY <= (hold.expires_on or TODAY)]
    first = min(may, key=lambda hold: (-hold.priority, hold.requested_at, hold.id), default=None)
    assert first_eligible(network, item, line, network.libraries[AVION], NOW) == first
    assert sorted(hold.id for hold in found) == sorted(hold.id for hold in may)


@given(lines, holds)
@settings(max_examples=60)
def test_a_new_request_never_worsens_a_rank(line: list[WaitingRow], late: WaitingRow) -> None:
    network, item = SEEN["network"], SEEN["item"]
    late = late._replace(id=99, priority=0, requested_at=NOW + 1)
    before = eligible(network, item, line, network.libraries[LENS], NOW + 1)
    after = eligible(network, item, [*line, late], network.libraries[LENS], NOW + 1)
    # Those whom staff put first stand before; the new one stands behind all of its own kind.
    assert [hold for hold in after if hold.id != 99] == before
    assert 99 not in [hold.id for hold in after[:-1]]


def test_nearness_decides_among_the_young_alone_and_only_where_it_is_voted(desk: Holders, item: Item) -> None:
    here = desk.network.libraries[LENS]
    line = [
        waits(1, pickup_id=AVION, requested_at=NOW - 50 * HOUR),
        waits(2, pickup_id=AVION, requested_at=NOW - 20 * HOUR),
        waits(3, pickup_id=LENS, requested_at=NOW - 10 * HOUR),
    ]
    ranked = [hold.id for hold in eligible(desk.network, item, line, here, NOW)]
    assert ranked == [1, 2, 3]
    near = voting(desk.network, hold__proximity_hours="24")
    assert [hold.id for hold in eligible(near, item, line, here, NOW)] == [1, 3, 2]
    assert [hold.id for hold in eligible(near, item, [*line, waits(4, priority=1)], here, NOW)] == [4, 1, 3, 2]


@pytest.mark.parametrize(
    ("change", "served"),
    [
        ({}, True),
        ({"condition": "missing"}, True),
        ({"condition": "lost"}, True),
        ({"condition": "damaged"}, False),
        ({"condition": "repair"}, False),
        ({"condition": "in-process"}, False),
        ({"condition": "withdrawn"}, False),
        ({"for_loan": 0}, False),
        ({"temporary": 1}, False),
        ({"due_back_on": "2026-12-06"}, False),
        ({"due_back_on": "2026-12-07"}, True),
    ],
)
def test_what_state_of_an_item_serves_others(desk: Holders, item: Item, change: dict[str, Any], served: bool) -> None:
    changed = item._replace(row=item.row._replace(**change))
    found = first_eligible(desk.network, changed, [waits(1)], desk.network.libraries[LENS], NOW)
    assert (found is not None) == served


def test_an_item_borrowed_for_one_request_serves_who_asked_for_it(desk: Holders, item: Item) -> None:
    temporary = item._replace(row=item.row._replace(temporary=1))
    line = [waits(1), waits(2, target_item_id=1)]
    found = first_eligible(desk.network, temporary, line, desk.network.libraries[LENS], NOW)
    assert found is not None
    assert found.id == 2


@pytest.mark.parametrize(
    ("added_on", "pickup", "served"),
    [("2026-08-25", LIEVIN, False), ("2026-08-24", LIEVIN, True), ("2026-11-22", LENS, True), (None, LIEVIN, True)],
)
def test_a_new_item_serves_its_home_alone(
    desk: Holders, item: Item, added_on: str | None, pickup: int, served: bool
) -> None:
    line = [waits(1, pickup_id=pickup, added_on=added_on)]
    network = voting(desk.network, hold__age_protection_days="90")
    assert bool(eligible(network, item, line, network.libraries[LENS], NOW)) == served
    assert eligible(desk.network, item, line, desk.network.libraries[LENS], NOW)


@pytest.mark.parametrize(
    ("library", "services", "served"),
    [
        (LENS, ("circulation",), False),
        (LENS, ("circulation", "holds-supply"), False),  # nobody fetches there either
        (LENS, ("holds-supply", "holds-pickup"), True),
        (LIEVIN, ("circulation",), True),
    ],
)
def test_libraries_without_the_services_give_and_get_nothing(
    desk: Holders, library: int, services: tuple[str, ...], served: bool
) -> None:
    network = offering(desk.network, library, *services)
    item = SEEN["item"]
    changed = item._replace(home=network.libraries[LENS], owner=network.libraries[LENS])
    assert bool(eligible(network, changed, [waits(1)], network.libraries[LENS], NOW)) == served


@pytest.mark.parametrize(
    ("acts", "since", "until", "served"),
    [
        ("*", None, None, False),
        ("hold capture", None, None, False),
        ("capture", "2026-11-23", None, True),
        ("capture", None, "2026-11-21", True),
        ("recapture", None, None, True),
    ],
)
def test_a_reader_blocked_for_captures_is_passed_over(
    desk: Holders, item: Item, acts: str, since: str | None, until: str | None, served: bool
) -> None:
    line = [waits(1, block_acts=acts, block_from=since, block_to=until), waits(2)]
    found = first_eligible(desk.network, item, line, desk.network.libraries[LENS], NOW)
    assert found is not None
    assert found.id == (1 if served else 2)


def test_a_reader_with_two_blocks_waits_once(item: Item) -> None:
    line = [
        waits(1, block_acts="capture", block_to="2020-01-01"),
        waits(1, block_acts="capture", block_to="2021-01-01"),
    ]
    assert [hold.id for hold in waiting_for(line, item, TODAY)] == [1]


def test_a_policy_may_keep_a_kind_of_items_from_holds(desk: Holders, item: Item) -> None:
    network = voting(desk.network, hold__allowed="no")
    assert eligible(network, item, [waits(1)], network.libraries[LENS], NOW) == []


@pytest.mark.parametrize(
    ("held", "reader", "expected"),
    [
        ("first", 1, Claim(1, waited_for=True)),
        ("first", 2, Claim(taken=True, waited_for=True)),
        ("first", 9, Claim(taken=True, waited_for=True)),
        ("any-waiter", 2, Claim(2, waited_for=True)),
        ("any-waiter", 9, Claim(taken=True, waited_for=True)),
        ("present", 2, Claim(2, waited_for=True)),
        ("present", 9, Claim(None, waited_for=True)),
    ],
)
def test_who_may_take_it_from_the_shelf(desk: Holders, item: Item, held: str, reader: int, expected: Claim) -> None:
    here = desk.network.libraries[LENS]
    assert claim(desk.network, item, [waits(1), waits(2)], reader, here, NOW, held) == expected
    assert claim(desk.network, item, [], reader, here, NOW, held) == Claim()


def test_a_suspended_readers_own_hold_is_honoured_and_keeps_nobody_off(desk: Holders, item: Item) -> None:
    line = [waits(1, suspended_until="2026-12-31")]
    here = desk.network.libraries[LENS]
    assert claim(desk.network, item, line, 1, here, NOW, "first") == Claim(1, waited_for=True)
    assert claim(desk.network, item, line, 9, here, NOW, "first") == Claim(None, waited_for=True)
