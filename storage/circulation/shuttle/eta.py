"""When an item arrives that leaves one library for another: the earliest arrival over the runs to come (domain.md 2.9).

An item boards a run at a stop for which it was ready before the cut-off, and leaves it at a later stop of the same run.
Where runs meet (a route's hub, or a library that is one) it is sorted, and boards another run when it has been handled.
A run passes by a stop whose library is closed that day, or has no shuttle. All this only ever takes stops away, so that
closing a library, or cancelling a run, makes nothing arrive earlier.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.circulation.due import local_day

if TYPE_CHECKING:
    from storage.circulation.shuttle.routes import Route
    from storage.network.network import Library, Network

HORIZON: Final = 60
"""How many days ahead runs are looked at: what cannot arrive within them is not promised."""
_MEMO: Final = 2000
"""Departures whose arrivals are kept, in one network."""


class Leg(NamedTuple):
    """A part of a way: aboard the run of *route* on *day*, from one library to another."""

    route: str
    day: str
    from_id: int
    to_id: int


class Arrival(NamedTuple):
    """When an item can be had: at the instant *at*, for readers from *day* on (ISO), by these *runs* (none: it is there)."""

    at: int
    day: str
    runs: tuple[Leg, ...] = ()


class _Call(NamedTuple):
    """A run at a stop: what is ready at *limit* goes with it when it leaves *at*; what it brings is ready at *ready*."""

    library_id: int
    at: int
    limit: int
    ready: int


class _Run(NamedTuple):
    route: str
    day: str
    calls: tuple[_Call, ...]


class _Found(NamedTuple):
    """The earliest way to a place so far: when it is ready there, and the legs to it."""

    ready: int
    legs: tuple[Leg, ...]


def served(library: Library, day: date) -> bool:
    """Tell whether the van stops at *library* on *day*: it is open, and has the shuttle (an external one always has)."""
    has = library.kind == "external" or library.offers("shuttle", day.isoformat())
    return has and library.calendar.is_open(day)


def available_on(library: Library, at: int) -> str:
    """Return the first day on which readers can have what is ready at *library* from the instant *at* on."""
    local = datetime.fromtimestamp(at, tz=UTC).astimezone(library.zone)
    day = local.date()
    closes = max((hours[1] for hours in library.calendar.hours(day)), default="24:00")
    if not library.calendar.is_open(day) or closes <= f"{local:%H:%M}":
        day += timedelta(days=1)
    return (library.calendar.next_open(day) or day).isoformat()


class Timetable:
    """The runs to come of one network, as they are asked for; a new network has a new one."""

    def __init__(self, routes: tuple[Route, ...], libraries: Mapping[int, Library]) -> None:
        self._routes = [route for route in routes if len(route.stops) > 1]
        self._libraries = libraries
        self._places = {stop.library_id for route in self._routes for stop in route.stops}
        self._hubs = {route.hub_id for route in self._routes} | {
            library.id for library in libraries.values() if library.kind == "hub"
        }
        self._runs: dict[date, tuple[_Run, ...]] = {}
        self._limits: dict[tuple[int, date], list[int]] = {}
        self._found: dict[tuple[int, int], dict[int, Arrival]] = {}

    def arrival(self, from_id: int, to_id: int, now: int) -> Arrival | None:
        """See `eta`."""
        if from_id == to_id:
            return Arrival(now, available_on(self._libraries[to_id], now))
        if from_id not in self._places or to_id not in self._places:
            return None
        limit = self._next_limit(from_id, now)
        if limit is None:
            return None
        found = self._found.get((from_id, limit))
        if found is None:
            if len(self._found) >= _MEMO:
                for memo in (self._found, self._runs, self._limits):
                    memo.clear()
            found = self._found[from_id, limit] = self._search(from_id, limit)
        return found.get(to_id)

    def _day(self, library_id: int, now: int) -> date:
        return local_day(now, self._libraries[library_id].zone)

    def _runs_of(self, day: date) -> tuple[_Run, ...]:
        found = self._runs.get(day)
        if found is None:
            found = tuple(_Run(route.code, day.isoformat(), self._calls(route, day)) for route in self._going(day))
            self._runs[day] = found
        return found

    def _going(self, day: date) -> Iterator[Route]:
        return (route for route in self._routes if route.runs_on(day))

    def _calls(self, route: Route, day: date) -> tuple[_Call, ...]:
        calls = []
        for stop in route.stops:
            library = self._libraries[stop.library_id]
            if served(library, day):
                at = stop.instant(day, library.zone)
                calls.append(_Call(stop.library_id, at, at - route.cut_off * 60, at + stop.handling * 60))
        return tuple(calls)

    def _next_limit(self, from_id: int, now: int) -> int | None:
        """Return the first instant from *now* on until which an item must be ready to board some run.

        All instants between two limits catch the same runs: what arrives when is worked out once for them.
        """
        first = self._day(from_id, now)
        for distance in range(HORIZON):
            # A cut-off is less than a day before its run: the day after may have one that is earlier still.
            days = [first + timedelta(days=distance + more) for more in (0, 1)]
            after = [limit for day in days for limit in self._next_of(from_id, day, now)]
            if after:
                return min(after)
        return None

    def _next_of(self, from_id: int, day: date, now: int) -> list[int]:
        limits = self._limits.get((from_id, day))
        if limits is None:
            calls = (call for run in self._runs_of(day) for call in run.calls[:-1])
            limits = sorted(call.limit for call in calls if call.library_id == from_id)
            self._limits[from_id, day] = limits
        place = bisect_left(limits, now)
        return limits[place : place + 1]

    def _search(self, from_id: int, start: int) -> dict[int, Arrival]:
        """Return the earliest arrivals everywhere of what is ready at *start*: every stop of every run, in time's order."""
        best = {from_id: _Found(start, ())}
        first = self._day(from_id, start)
        for distance in range(HORIZON):
            runs = self._runs_of(first + timedelta(days=distance))
            events = sorted(
                (call.at, position, number)
                for number, run in enumerate(runs)
                for position, call in enumerate(run.calls)
            )
            if len(best) == len(self._places) and events and max(best.values()).ready < events[0][0]:
                break  # Nothing from this day on can be earlier.
            aboard: dict[int, tuple[int, tuple[Leg, ...]]] = {}
            for _, position, number in events:
                self._call_at(runs[number], position, best, aboard, number, from_id)
        return {
            place: Arrival(found.ready, available_on(self._libraries[place], found.ready), found.legs)
            for place, found in best.items()
            if place != from_id
        }

    def _call_at(
        self,
        run: _Run,
        position: int,
        best: dict[int, _Found],
        aboard: dict[int, tuple[int, tuple[Leg, ...]]],
        number: int,
        from_id: int,
    ) -> None:
        call = run.calls[position]
        if number in aboard:
            boarded_at, before = aboard[number]
            known = best.get(call.library_id)
            if known is None or call.ready < known.ready:
                leg = Leg(run.route, run.day, boarded_at, call.library_id)
                best[call.library_id] = _Found(call.ready, (*before, leg))
            return
        here = best.get(call.library_id)
        sorts = call.library_id == from_id or call.library_id in self._hubs
        if here is not None and sorts and here.ready <= call.limit:
            aboard[number] = (call.library_id, here.legs)


def eta(network: Network, from_id: int, to_id: int, now: int) -> Arrival | None:
    """Return when an item that is at library *from_id* at *now* can be had at *to_id*; None when no run brings it there.

    Cheap enough for every hold and every candidate of a pull list: what was worked out is kept as long as *network* is.
    """
    return network.timetable.arrival(from_id, to_id, now)
