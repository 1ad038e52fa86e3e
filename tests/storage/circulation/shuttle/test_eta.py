"""When an item arrives: a table of cases, and properties against trying every sequence of runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.circulation.shuttle.eta import HORIZON, available_on, eta, served
from storage.circulation.shuttle.routes import Route
from storage.network.calendars import Calendar, Opening
from storage.network.network import Library, Network
from tests.storage.circulation.shuttle.timetables import MONDAY, instant, library, network, route

HUB, A, B, C, ALONE = 1, 2, 3, 4, 5
# North: hub, A, B and back to the hub. South: hub, C and back. A stop's items are on the shelf half an hour later.
NORTH = route("NORTH", [(HUB, "08:00", 0), (A, "09:00", 30), (B, "10:00", 30), (HUB, "11:00", 30)], hub=HUB, cut_off=15)
SOUTH = route("SOUTH", [(HUB, "13:00", 0), (C, "14:00", 30), (HUB, "16:00", 30)], hub=HUB, days="135", cut_off=15)
ALL = [library(HUB, "hub"), *map(library, (A, B, C, ALONE))]


def plain(*changed: Library, routes: tuple[Route, ...] = (NORTH, SOUTH)) -> Network:
    new = {each.id: each for each in changed}
    return network(routes, [new.get(each.id, each) for each in ALL])


@pytest.mark.parametrize(
    ("origin", "to", "now", "arrives", "day", "by"),
    [
        pytest.param(A, B, "2026-11-23 08:00", "2026-11-23 10:30", "2026-11-23", ["NORTH 23"], id="the same run"),
        pytest.param(A, B, "2026-11-23 08:45", "2026-11-23 10:30", "2026-11-23", ["NORTH 23"], id="just before cut-off"),
        pytest.param(A, B, "2026-11-23 08:46", "2026-11-24 10:30", "2026-11-24", ["NORTH 24"], id="just after cut-off"),
        pytest.param(B, A, "2026-11-23 08:00", "2026-11-24 09:30", "2026-11-24", ["NORTH 23", "NORTH 24"], id="back, sorted at the hub"),
        pytest.param(A, C, "2026-11-23 08:00", "2026-11-23 14:30", "2026-11-23", ["NORTH 23", "SOUTH 23"], id="from route to route"),
        pytest.param(A, C, "2026-11-24 08:00", "2026-11-25 14:30", "2026-11-25", ["NORTH 24", "SOUTH 25"], id="no run that day"),
        pytest.param(C, B, "2026-11-27 12:00", "2026-11-30 10:30", "2026-11-30", ["SOUTH 27", "NORTH 30"], id="over the week-end"),
        pytest.param(A, HUB, "2026-11-23 08:00", "2026-11-23 11:30", "2026-11-23", ["NORTH 23"], id="to the hub"),
        pytest.param(A, A, "2026-11-23 08:00", "2026-11-23 08:00", "2026-11-23", [], id="it is there"),
    ],
)  # fmt: skip
def test_an_item_arrives_by_the_next_runs(
    origin: int, to: int, now: str, arrives: str, day: str, by: list[str]
) -> None:
    found = eta(plain(), origin, to, instant(now))
    assert found is not None
    assert (found.at, found.day) == (instant(arrives), day)
    assert [f"{leg.route} {leg.day[-2:]}" for leg in found.runs] == by
    places = [origin, *(leg.to_id for leg in found.runs)]
    assert [leg.from_id for leg in found.runs] == places[:-1]
    assert places[-1] == to


def test_where_no_van_comes_nothing_arrives() -> None:
    assert eta(plain(), A, ALONE, instant("2026-11-23 08:00")) is None
    assert eta(plain(), ALONE, A, instant("2026-11-23 08:00")) is None


def test_without_a_hub_nothing_goes_back_up_the_tour() -> None:
    tour = route("TOUR", [(A, "09:00", 0), (B, "10:00", 0)])
    found = plain(routes=(tour,))
    assert eta(found, A, B, instant("2026-11-23 08:00")) is not None
    assert eta(found, B, A, instant("2026-11-23 08:00")) is None


def test_a_closed_stop_is_passed_by() -> None:
    closed = plain(library(B, closed=["2026-11-23"]))
    found = eta(closed, A, B, instant("2026-11-23 08:00"))
    assert found is not None
    assert found.day == "2026-11-24"


def test_a_closed_hub_sorts_nothing() -> None:
    closed = plain(library(HUB, "hub", closed=["2026-11-23"]))
    found = eta(closed, A, C, instant("2026-11-23 08:00"))
    assert found is not None
    assert found.day == "2026-11-25"


def test_a_cancelled_run_brings_nothing_and_an_extra_one_does() -> None:
    changed = (replace(NORTH, cancelled=frozenset({"2026-11-23"})), replace(SOUTH, extra=frozenset({"2026-11-24"})))
    found = eta(plain(routes=changed), A, C, instant("2026-11-23 08:00"))
    assert found is not None
    assert [f"{leg.route} {leg.day}" for leg in found.runs] == ["NORTH 2026-11-24", "SOUTH 2026-11-24"]


def test_a_route_goes_in_its_season_alone() -> None:
    summer = replace(NORTH, from_on="2026-12-01", to_on="2026-12-31")
    found = eta(plain(routes=(summer,)), A, B, instant("2026-11-23 08:00"))
    assert found is not None
    assert found.day == "2026-12-01"
    past = replace(NORTH, to_on="2026-11-22")
    assert eta(plain(routes=(past,)), A, B, instant("2026-11-23 08:00")) is None


def test_a_library_without_the_shuttle_is_passed_by_until_it_has_it() -> None:
    later = library(B, shuttle=[("2026-11-26", None)])
    found = eta(plain(later), A, B, instant("2026-11-23 08:00"))
    assert found is not None
    assert found.day == "2026-11-26"
    assert served(library(9, "external"), MONDAY)


def test_what_is_shelved_after_closing_is_for_the_next_open_day() -> None:
    weekdays = [Opening(day, "10:00", "12:00") for day in (1, 3)]
    calendar = Calendar(
        (*weekdays, Opening(1, "14:00", "18:00")), {"2026-11-25": None, "2026-11-30": ("10:00", "11:00")}
    )
    place = replace(library(B), calendar=calendar)
    assert available_on(place, instant("2026-11-23 17:59")) == "2026-11-23"
    assert available_on(place, instant("2026-11-23 18:00")) == "2026-11-30"
    assert available_on(place, instant("2026-11-30 11:00")) == "2026-12-02"


def test_a_run_on_the_day_when_clocks_change_comes_at_its_local_hour() -> None:
    sunday = route("SUNDAY", [(A, "01:30", 0), (B, "10:00", 0)], days="7")
    found = eta(plain(routes=(sunday,)), A, B, instant("2027-03-27 12:00"))
    assert found is not None
    assert found.at == instant("2027-03-28 10:00")
    assert found.at - instant("2027-03-28 01:30") == 7.5 * 3600


# --- against trying everything -------------------------------------------------------------------------------------------


def by_trying_everything(made: Network, origin: int, to: int, now: int) -> int | None:
    """The earliest arrival over every sequence of rides, found without any cleverness: until nothing gets better."""
    days = [MONDAY + timedelta(days=number) for number in range(-1, HORIZON)]
    hubs = {each.hub_id for each in made.routes} | {each.id for each in made.libraries.values() if each.kind == "hub"}
    ready = {origin: now}
    rides = []
    for each in made.routes:
        for day in filter(each.runs_on, days):
            stops = [stop for stop in each.stops if served(made.libraries[stop.library_id], day)]
            for first, begin in enumerate(stops):
                for end in stops[first + 1 :]:
                    limit = begin.instant(day, made.libraries[begin.library_id].zone) - each.cut_off * 60
                    arrives = end.instant(day, made.libraries[end.library_id].zone) + end.handling * 60
                    rides.append((begin.library_id, limit, end.library_id, arrives))
    better = True
    while better:
        better = False
        for begin_at, limit, end_at, arrives in rides:
            sorted_there = begin_at == origin or begin_at in hubs
            if sorted_there and ready.get(begin_at, limit + 1) <= limit and arrives < ready.get(end_at, arrives + 1):
                ready[end_at] = arrives
                better = True
    return ready.get(to)


PLACES = (1, 2, 3, 4)
CLOCK = st.integers(6 * 60, 18 * 60)


@st.composite
def routes(draw: st.DrawFn) -> Route:
    places = draw(st.lists(st.sampled_from(PLACES), min_size=2, max_size=5))
    times = sorted(draw(st.lists(CLOCK, min_size=len(places), max_size=len(places), unique=True)))
    stops = [
        (place, f"{minute // 60:02}:{minute % 60:02}", draw(st.sampled_from([0, 30, 900])))
        for place, minute in zip(places, times, strict=True)
    ]
    return route(
        draw(st.sampled_from(["R1", "R2", "R3"])),
        stops,
        hub=draw(st.sampled_from([None, 1])),
        days=draw(st.sampled_from(["1", "135", "24", "1234567"])),
        cut_off=draw(st.sampled_from([0, 30, 600])),
        cancelled=frozenset(draw(st.sets(st.sampled_from(["2026-11-23", "2026-11-25", "2026-11-27"]), max_size=2))),
    )


@st.composite
def networks(draw: st.DrawFn) -> Network:
    closed = [f"2026-11-{number}" for number in range(23, 30)]
    places = [library(number, closed=draw(st.lists(st.sampled_from(closed), max_size=3))) for number in PLACES]
    return network(draw(st.lists(routes(), min_size=1, max_size=3)), places)


INSTANTS = st.integers(instant("2026-11-23 00:00") // 60, instant("2026-11-30 00:00") // 60).map(lambda each: each * 60)


@settings(max_examples=150)
@given(networks(), st.sampled_from(PLACES), st.sampled_from(PLACES), st.lists(INSTANTS, min_size=1, max_size=4))
def test_nothing_arrives_earlier_or_later_than_by_trying_everything(
    made: Network, origin: int, to: int, instants: list[int]
) -> None:
    for now in instants:  # One timetable for all: what it keeps must not be mistaken for another instant's.
        found = eta(made, origin, to, now)
        tried = by_trying_everything(made, origin, to, now)
        assert (None if found is None else found.at) == tried
        if found is None:
            continue
        assert found.at >= now
        for leg, after in zip(found.runs, found.runs[1:], strict=False):
            assert leg.to_id == after.from_id


@settings(max_examples=150)
@given(networks(), st.sampled_from(PLACES), st.integers(0, 6), INSTANTS)
def test_closing_a_library_for_a_day_makes_nothing_arrive_earlier(
    made: Network, closes: int, distance: int, now: int
) -> None:
    place = made.libraries[closes]
    day = (MONDAY + timedelta(days=distance)).isoformat()
    closed = replace(place, calendar=Calendar((), {**place.calendar.exceptions, day: None}))
    fewer = replace(made, libraries={**made.libraries, closes: closed})
    for origin in PLACES:
        for to in PLACES:
            before, after = eta(made, origin, to, now), eta(fewer, origin, to, now)
            if before is None:
                assert after is None
            elif after is not None:
                assert after.at >= before.at
                assert after.day >= before.day


@settings(max_examples=100)
@given(networks(), st.sampled_from(PLACES), st.sampled_from(PLACES), INSTANTS, st.integers(0, 86400))
def test_leaving_later_never_arrives_earlier(made: Network, origin: int, to: int, now: int, more: int) -> None:
    first, second = eta(made, origin, to, now), eta(made, origin, to, now + more)
    if second is not None:
        assert first is not None
        assert first.at <= second.at


def test_the_day_is_that_of_the_library_whatever_the_hour() -> None:
    late = route("LATE", [(A, "22:00", 0), (B, "23:30", 45)])
    found = eta(plain(routes=(late,)), A, B, instant("2026-11-23 12:00"))
    assert found is not None
    assert found.day == date(2026, 11, 24).isoformat()
