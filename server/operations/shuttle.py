"""What commands ask of the shuttle: containers, runs, and what is found wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from server.operations.patrons import at
from storage.circulation.due import local_day
from storage.circulation.shuttle import carriage, packing
from storage.circulation.shuttle.carriage import LoadRequest, RunAnswer, RunRequest
from storage.circulation.shuttle.discrepancies import DAMAGED, DamagedRequest
from storage.circulation.shuttle.packing import AddRequest, ContainerAnswer, ContainerRequest, PackAnswer, PackRequest
from storage.jobs.job import ZONE
from storage.usecase import Origin

if TYPE_CHECKING:
    from server.writing import Access
    from storage.network.network import Library
    from storage.usecase import UseCase


def run_named(text: str, now: int) -> tuple[str, str]:
    """Return the route and the day of a run called ``ROUTE/YYYY-MM-DD``, or ``ROUTE`` for today's. Raises ValueError."""
    route, _, day = text.partition("/")
    return route, (date.fromisoformat(day) if day else local_day(now, ZONE)).isoformat()


def _code(library: Library | None) -> str | None:
    return library.code if library is not None else None


def _refused(answer: PackAnswer | ContainerAnswer | RunAnswer) -> dict[str, Any]:
    return {"refused": [reason.value for reason in answer.reasons]}


def _container(answer: ContainerAnswer) -> dict[str, Any]:
    told = {"container": answer.code, "state": answer.state, "items": answer.items, "missing": answer.missing}
    return {**_refused(answer), **told, "to": _code(answer.to)}


def add(access: Access, *, library: str, code: str, kind: str, capacity: int | None) -> dict[str, Any]:
    """Have a new container."""
    return _container(access.act(packing.ADD, AddRequest(code, at(access, library), kind, capacity)))


def open_(access: Access, *, library: str, code: str, to: str | None, missing: bool) -> dict[str, Any]:
    """Open a container."""
    return _container(access.act(packing.OPEN, ContainerRequest(code, at(access, library), to, missing)))


def _simple(usecase: UseCase[ContainerRequest, Any, ContainerAnswer]) -> Callable[..., dict[str, Any]]:
    def operation(access: Access, *, library: str, code: str) -> dict[str, Any]:
        return _container(access.act(usecase, ContainerRequest(code, at(access, library))))

    return operation


def _packed(usecase: UseCase[PackRequest, Any, PackAnswer]) -> Callable[..., dict[str, Any]]:
    def operation(access: Access, *, library: str, code: str, barcode: str) -> dict[str, Any]:
        answer = access.act(usecase, PackRequest(barcode, code, at(access, library)))
        told = {"barcode": barcode, "destination": _code(answer.destination), "stop": _code(answer.stop)}
        return {**_refused(answer), **told, "containers": list(answer.containers)}

    return operation


def damaged(access: Access, *, library: str, barcode: str, note: str) -> dict[str, Any]:
    """Note that an item came damaged."""
    answer = access.act(DAMAGED, DamagedRequest(barcode, at(access, library), note))
    return {"refused": [reason.value for reason in answer.reasons], "barcode": barcode, "ride": answer.ride}


def load(access: Access, *, library: str, code: str, run: str) -> dict[str, Any]:
    """Put a container aboard a run."""
    route, day = run_named(run, access.now())
    return _container(access.act(carriage.LOAD, LoadRequest(code, route, day, at(access, library))))


def _run(usecase: UseCase[RunRequest, Any, RunAnswer], *, changes: bool = False) -> Callable[..., dict[str, Any]]:
    """Return the operation of *usecase*; one that *changes* the timetable has every daemon read the network again."""

    def operation(access: Access, *, run: str, driver: str = "") -> dict[str, Any]:
        route, day = run_named(run, access.now())
        answer = access.act(usecase, RunRequest(route, day, Origin("cli", "staff", _place(access, route)), driver))
        if changes and answer.ok:
            access.write(_nothing)
        told = {"route": answer.route, "day": answer.day, "state": answer.state, "aboard": list(answer.aboard)}
        return {**_refused(answer), **told}

    return operation


def _place(access: Access, route: str) -> int:
    """Return the first stop of a route: what is done to a run is done there."""
    found = carriage.route_of(access.network, route)
    if found is not None and found.stops:
        return found.stops[0].library_id
    return next(iter(access.network.libraries))


def _nothing(_connection: object) -> None:
    """Write nothing: a write is announced to other daemons."""


OPERATIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "container.add": add,
    "container.open": open_,
    "container.seal": _simple(packing.SEAL),
    "container.unload": _simple(carriage.UNLOAD),
    "container.load": load,
    "container.pack": _packed(packing.PACK),
    "container.unpack": _packed(packing.UNPACK),
    "transit.damaged": damaged,
    "run.plan": _run(carriage.PLAN, changes=True),
    "run.leave": _run(carriage.LEAVE),
    "run.end": _run(carriage.END),
    "run.cancel": _run(carriage.CANCEL, changes=True),
}
DECLARE: Final = frozenset({"run.plan", "run.cancel"})
"""Operations that change the timetable, which is of the network."""
