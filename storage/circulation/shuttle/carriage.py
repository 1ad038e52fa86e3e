"""Runs and what they carry: planned, left, done or cancelled; containers are loaded and unloaded by one scan.

A container is for one place. A run takes it there, or to the hub of its route when it does not come there after this stop.
What is scanned is true: a container that turns up where it is not expected is taken in, and staff are told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.circulation.shuttle import facts, writes
from storage.circulation.shuttle.eta import served
from storage.circulation.shuttle.facts import Container, Line, Run
from storage.circulation.shuttle.packing import (
    ContainerAnswer,
    ContainerFacts,
    ContainerRequest,
    at_hand,
    container_failed,
    container_keys,
    container_of,
    gather_container,
    has_shuttle,
)
from storage.circulation.tellings import note_anomaly
from storage.ids import new_id
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from storage.circulation.shuttle.routes import Route
    from storage.network.network import Library, Network
    from storage.statements import Call, Steps


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Do something with the run of *route* (its code) on *day* (ISO); *driver* is a label, kept when empty."""

    route: str
    day: str
    origin: Origin
    driver: str = ""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """Put the container *code* aboard the run of *route* on *day*, at *origin*'s library."""

    code: str
    route: str
    day: str
    origin: Origin


class RunAnswer(NamedTuple):
    """What became of a run. *aboard* are the codes of containers that it carries."""

    reasons: tuple[Reason, ...]
    route: str
    day: str
    state: str = ""
    aboard: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return not self.reasons


class RunFacts(NamedTuple):
    """A run (None: nothing was done about it yet) and the containers aboard."""

    run: Run | None
    aboard: tuple[Container, ...]


def route_of(network: Network, code: str) -> Route | None:
    """Return the route called *code*."""
    return next((route for route in network.routes if route.code.casefold() == code.casefold()), None)


def _state(network: Network, request: RunRequest | LoadRequest, run: Run | None) -> str | Reason:
    """Return the state of the run; the reason when there is none on that day."""
    route = route_of(network, request.route)
    if route is None:
        return Reason.UNKNOWN_ROUTE
    if run is not None:
        return run.state
    return "planned" if route.runs_on(date.fromisoformat(request.day)) else Reason.UNKNOWN_RUN


def _exact(network: Network, code: str) -> str:
    route = route_of(network, code)
    return code if route is None else route.code


# --- runs ----------------------------------------------------------------------------------------------------------------


def _gather_run(request: RunRequest, network: Network) -> Steps[RunFacts]:
    code = _exact(network, request.route)
    _, run, aboard = yield [facts.LOCK_RUN(code), facts.RUN(code, request.day), facts.ABOARD(code, request.day)]
    return RunFacts(Run._make(run[0]) if run else None, tuple(map(Container._make, aboard)))


def _refuse(request: RunRequest, reason: Reason, found: RunFacts) -> Decision[RunAnswer]:
    return Decision(RunAnswer((reason,), request.route, request.day, aboard=tuple(each.code for each in found.aboard)))


def _enter(
    request: RunRequest, found: RunFacts, network: Network, state: str, left: int | None, ended: int | None
) -> Decision[RunAnswer]:
    """Bring the run into *state*; a run without a row gets one."""
    route = route_of(network, request.route)
    assert route is not None
    run, calls = found.run, []
    if run is None:
        run = Run(new_id(), route.id, request.day, request.driver, "planned", None, None)
        calls.append(writes.ADD_RUN(run.id, run.route_id, run.day, run.driver, run.state))
    if run.state != state:
        calls.append(writes.RUN_STATE(run.id, run.state, state, request.driver or run.driver, left, ended))
    entry = Entry(f"run.{state}", request.origin.library_id, detail=f"{route.code}/{run.day}")
    answer = RunAnswer((), route.code, run.day, state, tuple(each.code for each in found.aboard))
    return Decision(answer, tuple(calls), (entry,))


def _plan(request: RunRequest, found: RunFacts, network: Network, _now: int) -> Decision[RunAnswer]:
    state = _state(network, request, found.run)
    if state is Reason.UNKNOWN_ROUTE:
        return _refuse(request, state, found)
    if found.run is not None and found.run.state != "cancelled":
        return _refuse(request, Reason.RUN_EXISTS, found)
    return _enter(request, found, network, "planned", None, None)


def _leave(request: RunRequest, found: RunFacts, network: Network, now: int) -> Decision[RunAnswer]:
    state = _state(network, request, found.run)
    if isinstance(state, Reason):
        return _refuse(request, state, found)
    if state == "left":
        return Decision(RunAnswer((), request.route, request.day, state, tuple(each.code for each in found.aboard)))
    if state != "planned":
        return _refuse(request, Reason.RUN_CLOSED, found)
    return _enter(request, found, network, "left", now, None)


def _end(request: RunRequest, found: RunFacts, network: Network, now: int) -> Decision[RunAnswer]:
    state = _state(network, request, found.run)
    if isinstance(state, Reason):
        return _refuse(request, state, found)
    if state != "left" or found.run is None:
        return _refuse(request, Reason.RUN_NOT_LEFT if state == "planned" else Reason.RUN_CLOSED, found)
    decision = _enter(request, found, network, "done", found.run.left_at, now)
    label = f"{decision.answer.route}/{request.day}"
    told = tuple(note_anomaly("not-unloaded", now, each.to_id, detail=f"{each.code} {label}") for each in found.aboard)
    return Decision(decision.answer, (*decision.writes, *told), decision.entries)


def _cancel(request: RunRequest, found: RunFacts, network: Network, now: int) -> Decision[RunAnswer]:
    state = _state(network, request, found.run)
    if isinstance(state, Reason):
        return _refuse(request, state, found)
    if state in {"done", "cancelled"}:
        return _refuse(request, Reason.RUN_CLOSED, found)
    if found.aboard:
        return _refuse(request, Reason.RUN_LOADED, found)
    left = found.run.left_at if found.run is not None else None
    return _enter(request, found, network, "cancelled", left, now)


def _run_keys(request: RunRequest) -> tuple[str, ...]:
    return (f"run:{request.route.casefold()}/{request.day}",)


def _run_failed(request: RunRequest, code: str) -> RunAnswer:
    return RunAnswer((Reason(code),), request.route, request.day)


PLAN: Final = UseCase("run.plan", _gather_run, _plan, _run_keys, _run_failed)
LEAVE: Final = UseCase("run.leave", _gather_run, _leave, _run_keys, _run_failed)
END: Final = UseCase("run.end", _gather_run, _end, _run_keys, _run_failed)
CANCEL: Final = UseCase("run.cancel", _gather_run, _cancel, _run_keys, _run_failed)
"""Planning and cancelling change the timetable: whoever asks for them has the network read again."""


# --- load ----------------------------------------------------------------------------------------------------------------


class LoadFacts(NamedTuple):
    """A container with its open lines, the run, and what is aboard."""

    container: Container | None
    lines: tuple[Line, ...]
    run: Run | None
    aboard: tuple[Container, ...]


def _gather_load(request: LoadRequest, network: Network) -> Steps[LoadFacts]:
    route = _exact(network, request.route)
    _, _, container, lines, run, aboard = yield [
        facts.LOCK_CONTAINER(request.code),
        facts.LOCK_RUN(route),
        facts.CONTAINER(request.code),
        facts.LINES(request.code),
        facts.RUN(route, request.day),
        facts.ABOARD(route, request.day),
    ]
    return LoadFacts(
        container_of(list(container)),
        tuple(map(Line._make, lines)),
        Run._make(run[0]) if run else None,
        tuple(map(Container._make, aboard)),
    )


def drop_stop(network: Network, route: Route, day: str, from_id: int, to_id: int) -> int | None:
    """Return where the run of *route* on *day* leaves what goes from *from_id* to *to_id*: there, or at a hub; else None."""
    when = date.fromisoformat(day)
    stops = [stop.library_id for stop in route.stops if served(network.libraries[stop.library_id], when)]
    if from_id not in stops:
        return None
    after = stops[stops.index(from_id) + 1 :]
    if to_id in after:
        return to_id
    hubs = (stop for stop in after if stop != from_id)
    return next((stop for stop in hubs if stop == route.hub_id or network.libraries[stop].kind == "hub"), None)


def _load(request: LoadRequest, found: LoadFacts, network: Network, now: int) -> Decision[ContainerAnswer]:
    here = network.libraries[request.origin.library_id]
    state = _state(network, request, found.run)
    route, container = route_of(network, request.route), found.container
    if route is None or isinstance(state, Reason):
        return Decision(ContainerAnswer((state,) if isinstance(state, Reason) else (), request.code))
    stop = None
    if container is not None and container.to_id is not None:
        stop = drop_stop(network, route, request.day, here.id, container.to_id)
    reasons = _load_refusals(found, route, state, here, now)
    if not reasons and stop is None:
        reasons = (Reason.NOT_ON_ROUTE,)
    if reasons or container is None:
        return Decision(ContainerAnswer(reasons, request.code))
    calls = []
    run = found.run
    if run is None:
        run = Run(new_id(), route.id, request.day, "", "planned", None, None)
        calls.append(writes.ADD_RUN(run.id, route.id, run.day, "", "planned"))
    calls.append(writes.PLACE_CONTAINER(container.id, "sealed", "aboard", here.id, container.to_id, run.id))
    calls += [
        call for line in found.lines if line.run_id is not None for call in _ride_on(line, run.id, stop, here, now)
    ]
    calls.append(writes.LOAD_LINES(container.id, run.id, now, stop))
    entry = Entry("container.load", here.id, detail=f"{container.code} {route.code}/{request.day}")
    drop = network.libraries[stop] if stop is not None else None
    return Decision(ContainerAnswer((), container.code, "aboard", len(found.lines), drop), tuple(calls), (entry,))


def _load_refusals(found: LoadFacts, route: Route, state: str, here: Library, now: int) -> tuple[Reason, ...]:
    if not has_shuttle(here, now):
        return (Reason.SERVICE_INACTIVE,)
    container = found.container
    reasons = at_hand(container, here)
    if container is not None and not reasons and container.state != "sealed":
        reasons = (Reason.CONTAINER_NOT_SEALED,)
    if state not in {"planned", "left"}:
        reasons += (Reason.RUN_CLOSED,)
    items = len(found.lines) + sum(each.items for each in found.aboard)
    if route.capacity is not None and items > route.capacity:
        reasons += (Reason.RUN_FULL,)
    return reasons


def _ride_on(line: Line, run_id: int, stop: int | None, here: Library, now: int) -> tuple[Call, ...]:
    """Give an item in a sealed container that changes runs a line on the manifest of each."""
    return (
        writes.END_LINE(line.id, "transferred", now, here.id),
        writes.PACK(
            new_id(), line.container_id, line.transit_id, line.item_id, here.id, line.to_id, line.reason,
            line.packed_by, line.packed_at, run_id, now, stop,
        ),
    )  # fmt: skip


LOAD: Final = UseCase(
    name="container.load",
    gather=_gather_load,
    decide=_load,
    keys=lambda request: (f"container:{request.code}", f"run:{request.route.casefold()}/{request.day}"),
    failed=lambda request, code: ContainerAnswer((Reason(code),), request.code),
)


# --- unload --------------------------------------------------------------------------------------------------------------


def _expected(network: Network, container: Container, here: Library) -> bool:
    """Tell whether *container* may come off at *here*: it is for this place, was put aboard here, or is sorted here."""
    sorts = here.kind == "hub" or any(route.hub_id == here.id for route in network.routes)
    return here.id in {container.to_id, container.place_id} or sorts


def _unload(request: ContainerRequest, found: ContainerFacts, network: Network, now: int) -> Decision[ContainerAnswer]:
    here = network.libraries[request.origin.library_id]
    container, lines = found
    if container is None:
        return Decision(ContainerAnswer((Reason.UNKNOWN_CONTAINER,), request.code))
    state = "empty" if not lines else "delivered" if container.to_id == here.id else "sealed"
    stop = network.libraries[container.to_id] if container.to_id is not None and lines else None
    answer = ContainerAnswer((), container.code, state, len(lines), stop)
    if container.run_id is None and container.place_id == here.id:
        return Decision(answer._replace(state=container.state))  # It is here already.
    to = container.to_id if lines else None
    calls: list[Call] = [writes.PLACE_CONTAINER(container.id, container.state, state, here.id, to, None)]
    if lines:
        calls.append(writes.UNLOAD_LINES(container.id, now))
        if not _expected(network, container, here):
            calls.append(note_anomaly("wrong-stop", now, here.id, detail=container.code))
    entry = Entry("container.unload", here.id, detail=container.code)
    return Decision(answer, tuple(calls), (entry,))


UNLOAD: Final = UseCase("container.unload", gather_container, _unload, container_keys, container_failed)
