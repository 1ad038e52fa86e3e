"""Whatever waits and wherever items stand, after a round nobody could have been served who asks for nothing (I-17, I-19)."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.network import AVION, LENS, LIEVIN, NOW
from tests.storage.circulation.holds.holders import Holders

LIBRARIES = (LENS, LIEVIN, AVION)
HERE = {**dict.fromkeys(range(1, 10), LENS), **{number: (LIEVIN, AVION)[number % 2] for number in range(10, 15)}}


class Wait(NamedTuple):
    """A hold in the making: on title 100 or 101, or on an item by its number."""

    patron: int
    target: int
    pickup: int
    hour: int
    suspended: bool
    over: bool


class World(NamedTuple):
    """Which title each item is a copy of (0: none), its state, who waits, and what the libraries do not do."""

    titles: dict[int, int]
    states: dict[int, str]
    waits: list[Wait]
    no_supply: frozenset[int]
    no_pickup: frozenset[int]
    closed: frozenset[int]
    blocked: frozenset[int]


some = st.frozensets(st.sampled_from(LIBRARIES), max_size=1)
worlds = st.builds(
    World,
    st.fixed_dictionaries({number: st.sampled_from([100, 100, 101, 0]) for number in HERE}),
    st.fixed_dictionaries(
        {number: st.sampled_from(["here", "here", "here", "lent", "damaged", "new"]) for number in HERE}
    ),
    st.lists(
        st.builds(
            Wait,
            st.integers(1, 6),
            st.one_of(st.sampled_from([100, 100, 101]), st.sampled_from(sorted(HERE))),
            st.sampled_from(LIBRARIES),
            st.integers(0, 5),
            st.sampled_from([False, False, True]),
            st.sampled_from([False, False, False, True]),
        ),
        max_size=14,
        unique_by=lambda wait: (wait.patron, wait.target),
    ),
    some,
    some,
    some,
    st.frozensets(st.integers(1, 6), max_size=1),
)


def build(desk: Holders, world: World) -> dict[int, Wait]:
    if not desk.sql("SELECT * FROM rule"):
        desk.rule("hold.age-protection-days", "90")
    desk.sql("UPDATE item SET record_id=NULL")
    for table in ("pull", "hold", "loan", "service_activation", "calendar_exception", "block", "job", "record"):
        desk.sql(f"DELETE FROM {table}")
    desk.title(record=100)
    desk.title(record=101)
    for item, title in world.titles.items():
        state = world.states[item]
        condition, added = "damaged" if state == "damaged" else "good", "2026-11-20" if state == "new" else None
        desk.sql(
            "UPDATE item SET record_id=?, condition=?, added_on=? WHERE id=?", title or None, condition, added, item
        )
        if state == "lent":
            desk.sql(
                "INSERT INTO loan (id, item_id, patron_id, library_id, item_type_id, channel, out_at, due_on)"
                " VALUES (?, ?, 9, 1, 2, 'x', 0, '2030-01-01')",
                item,
                item,
            )
    for library in LIBRARIES:
        services = {"circulation", "holds-supply", "holds-pickup"}
        services -= {"holds-supply"} if library in world.no_supply else set()
        services -= {"holds-pickup"} if library in world.no_pickup else set()
        for service in services:
            desk.sql("INSERT INTO service_activation VALUES (?, ?, '2020-01-01', NULL)", library, service)
    for library in world.closed:
        desk.sql("INSERT INTO calendar_exception (library_id, day) VALUES (?, '2026-11-22')", library)
    for patron in world.blocked:
        desk.sql("INSERT INTO block (patron_id, kind, acts) VALUES (?, 'x', '*')", patron)
    desk.reload()
    for number, wait in enumerate(world.waits, start=1):
        values: dict[str, Any] = {
            "id": number,
            "patron_id": wait.patron,
            "record_id" if wait.target >= 100 else "target_item_id": wait.target,
            "pickup_id": wait.pickup,
            "requested_at": NOW - wait.hour,
            "suspended_until": "2027-01-01" if wait.suspended else None,
            "expires_on": "2026-01-01" if wait.over else None,
        }
        desk.sql(f"INSERT INTO hold ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", *values.values())
    return dict(enumerate(world.waits, start=1))


def could_serve(world: World, item: int, wait: Wait) -> bool:
    """Tell, as a librarian would, whether an item on its shelf could be sent for a hold today."""
    library = HERE[item]
    return (
        world.states[item] in {"here", "new"}
        and wait.target in {item, world.titles[item]}
        and not (wait.suspended or wait.over or wait.patron in world.blocked)
        and library not in world.no_supply
        and wait.pickup not in world.no_pickup
        and (world.states[item] != "new" or wait.pickup == library)
        and (library not in world.closed or wait.pickup == library)
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worlds)
def test_after_a_round_no_item_that_is_there_could_serve_who_asks_for_nothing(desk: Holders, world: World) -> None:
    waits = build(desk, world)
    desk.target()
    asked = desk.pulls()
    for hold, item in asked.items():
        assert could_serve(world, item, waits[hold])
    for item in set(HERE) - set(asked.values()):
        assert not [hold for hold, wait in waits.items() if hold not in asked and could_serve(world, item, wait)]
    assert desk.target() == 0


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worlds)
def test_of_two_who_want_the_same_the_one_who_asked_first_is_served_first(desk: Holders, world: World) -> None:
    waits = build(desk, world)
    desk.target()
    asked = desk.pulls()
    for early, one in waits.items():
        for late, other in waits.items():
            before = (NOW - one.hour, early) < (NOW - other.hour, late)
            if before and late in asked and early not in asked:
                assert not could_serve(world, asked[late], one)
