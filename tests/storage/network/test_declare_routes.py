"""Routes declared: their stops in order, taken over whole, and what is refused."""

from __future__ import annotations

import pytest

from storage import schema
from storage.circulation.shuttle.routes import Stop
from storage.network.network import load_network
from tests.network import AVION, LENS, LIEVIN
from tests.storage.network.declaring import Store

NORTH = """
[[routes]]
code = "NORTH"
name = "Tournée nord"
weekdays = ["thursday", "monday", "monday"]
hub = "LENS"
capacity = 120
cut_off = 30
from_on = 2026-09-01
to_on = 2027-06-30
stops = [
  {library = "LENS", at = "08:00"},
  {library = "AVION", at = "09:00", handling = 20},
  {library = "LENS", at = "11:00", handling = 60},
]
"""


def test_a_route_is_known_with_its_stops_in_order(store: Store) -> None:
    assert store.load(NORTH).counts["stops"].added == 3
    (found,) = load_network(store.connection, store.pins).routes
    assert (found.code, found.weekdays, found.hub_id, found.capacity, found.cut_off) == (
        "NORTH", frozenset({1, 4}), LENS, 120, 30,
    )  # fmt: skip
    assert (found.from_on, found.to_on) == ("2026-09-01", "2027-06-30")
    assert found.stops == (Stop(LENS, "08:00", 0), Stop(AVION, "09:00", 20), Stop(LENS, "11:00", 60))
    assert not store.load(NORTH).wrote


def test_stops_take_the_place_of_those_there_were(store: Store) -> None:
    store.load(NORTH)
    store.load(
        'routes = [{code = "NORTH", stops = [{library = "LENS", at = "08:00"}, {library = "LIEVIN", at = "08:30"}]}]'
    )
    (found,) = load_network(store.connection, store.pins).routes
    assert [(stop.library_id, stop.at) for stop in found.stops] == [(LENS, "08:00"), (LIEVIN, "08:30")]
    assert found.weekdays == frozenset({1, 4})
    store.load('routes = [{code = "NORTH", name = "Nord"}]')
    assert len(store.rows(schema.route_stop)) == 2


WRONG = [
    ('routes = [{code = "A"}]', "routes[0].weekdays: missing"),
    (
        'routes = [{code = "A", weekdays = ["monday"], stops = [{library = "LENS", at = "08:00"}]}]',
        "routes[0].stops: a route has two stops or more",
    ),
    (
        'routes = [{code = "A", weekdays = ["monday"], stops = [{library = "LENS", at = "08:00"}, {library = "AVION", at = "08:00"}]}]',
        "routes[0].stops[1].at: the van comes here no later than at the stop before",
    ),
    (
        'routes = [{code = "A", weekdays = ["monday"], hub = "LENZ"}]',
        "routes[0].hub: LENZ is not among the libraries (did you mean LENS?)",
    ),
    (
        'routes = [{code = "A", weekdays = ["monday"], stops = [{library = "LENS", at = "8h"}, {library = "AVION", at = "09:00"}]}]',
        'routes[0].stops[0].at: write a time of the day, as "08:30"',
    ),
    ('routes = [{code = "A", weekdays = ["monday"], cut_off = 1440}]', "routes[0].cut_off: write whole minutes, less than a day, without quotes"),
    ('routes = [{code = "A", weekdays = ["monday"], capacity = 0}]', "routes[0].capacity: write a whole number from 1 on, without quotes"),
    ('routes = [{code = "A", weekdays = ["monday"], from_on = 2026-02-01, to_on = 2026-01-01}]', "routes[0].to_on: comes before from_on"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), WRONG)
def test_a_route_that_cannot_be_is_refused_with_its_place(store: Store, text: str, problem: str) -> None:
    assert problem in store.refused(text)
