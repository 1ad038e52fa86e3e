"""Packing: an item and a container are scanned, and staff are told whether the one goes where the other does.

An item goes into a container for its destination, or for a place on its way where it is sorted. What is scanned is true:
an item that was noted in another container has left it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.circulation import facts as items
from storage.circulation import writes as circulation
from storage.circulation.accounts import Item, find_item
from storage.circulation.due import local_day
from storage.circulation.shuttle import facts, writes
from storage.circulation.shuttle.capacity import allot, of_next_run
from storage.circulation.shuttle.eta import Arrival, eta
from storage.circulation.shuttle.facts import Container, Line, Parcel, Waiting
from storage.circulation.tellings import note_anomaly
from storage.ids import new_id
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from storage.network.network import Library, Network
    from storage.statements import Call, Row, Steps


@dataclass(frozen=True, slots=True)
class ContainerRequest:
    """Do something with the container *code*, at *origin*'s library.

    To open it: *to* is the code of the library that it is for, None to let the first item say; *missing* declares that what
    is still noted in it is not there.
    """

    code: str
    origin: Origin
    to: str | None = None
    missing: bool = False


@dataclass(frozen=True, slots=True)
class PackRequest:
    """Put *barcode* into the container *code* (or take it out), at *origin*'s library."""

    barcode: str
    code: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class AddRequest:
    """Have a new container: *kind* is ``crate``, ``bag`` or ``trolley``, *capacity* in items (None without limit)."""

    code: str
    origin: Origin
    kind: str = "crate"
    capacity: int | None = None


class PackAnswer(NamedTuple):
    """What staff are told: where the item goes, by which stop, and which open containers here are right for it.

    *stop* is the place where it leaves the next run; *containers* are codes.
    """

    reasons: tuple[Reason, ...]
    barcode: str
    item: Item | None = None
    destination: Library | None = None
    stop: Library | None = None
    containers: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return not self.reasons


class ContainerAnswer(NamedTuple):
    """What became of a container: its state and how many items are in it. *missing* counts those declared missing."""

    reasons: tuple[Reason, ...]
    code: str
    state: str = ""
    items: int = 0
    to: Library | None = None
    missing: int = 0

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return not self.reasons


def container_of(rows: list[Row]) -> Container | None:
    """Return what `facts.CONTAINER` found."""
    return Container._make(rows[0]) if rows else None


def at_hand(container: Container | None, here: Library) -> tuple[Reason, ...]:
    """Return why *container* cannot be worked on at *here*."""
    if container is None:
        return (Reason.UNKNOWN_CONTAINER,)
    if container.run_id is not None:
        return (Reason.CONTAINER_ABOARD,)
    return () if container.place_id == here.id else (Reason.CONTAINER_ELSEWHERE,)


def has_shuttle(here: Library, now: int) -> bool:
    """Tell whether the shuttle serves *here* today."""
    return here.kind == "external" or here.offers("shuttle", local_day(now, here.zone).isoformat())


# --- pack and unpack -----------------------------------------------------------------------------------------------------


class PackFacts(NamedTuple):
    """Rows of `facts`: the item, its transit, the container, those open here, what waits here, what runs carry."""

    item: list[Row]
    parcel: list[Row]
    container: list[Row]
    open_here: list[Row]
    waiting: list[Row]
    carried: list[Row]


def _gather(request: PackRequest, _network: Network) -> Steps[PackFacts]:
    here = request.origin.library_id
    _, _, *found = yield [
        items.LOCK_ITEM(request.barcode),
        facts.LOCK_CONTAINER(request.code),
        items.ITEM(request.barcode),
        facts.PARCEL(request.barcode),
        facts.CONTAINER(request.code),
        facts.OPEN_HERE(here),
        facts.WAITING_AT(here),
        facts.CARRIED(),
    ]
    return PackFacts(*map(list, found))


def _parcel_of(rows: list[Row], item: Item) -> Parcel | None:
    return next((parcel for parcel in map(Parcel._make, rows) if parcel.item_id == item.row.id), None)


class _Way(NamedTuple):
    """Where a parcel goes from here: the stops at which it may leave a container, the next one first."""

    destination: Library
    stops: tuple[int, ...]
    arrival: Arrival | None


def _way(network: Network, here: Library, parcel: Parcel, now: int) -> _Way:
    arrival = eta(network, here.id, parcel.to_id, now)
    stops = tuple(leg.to_id for leg in arrival.runs) if arrival is not None else ()
    return _Way(network.libraries[parcel.to_id], stops or (parcel.to_id,), arrival)


def _is_full(network: Network, here: Library, parcel: Parcel, way: _Way, found: PackFacts, now: int) -> bool:
    """Tell whether the next run has no room for *parcel*, because of what comes before it."""
    if way.arrival is None:
        return False
    leg = way.arrival.runs[0]
    route = next(route for route in network.routes if route.code == leg.route)
    if route.capacity is None:
        return False
    aboard = sum(count for route_id, day, count in found.carried if (route_id, day) == (route.id, leg.day))
    waiting = tuple(map(Waiting._make, found.waiting))
    turns = allot(of_next_run(network, here.id, leg, waiting, now), route.capacity - aboard)
    return parcel.transit_id in turns.stay


def _refusals(container: Container | None, here: Library, now: int) -> tuple[Reason, ...]:
    if not has_shuttle(here, now):
        return (Reason.SERVICE_INACTIVE,)
    away = at_hand(container, here)
    if away or container is None:
        return away
    if container.state != "open":
        return (Reason.CONTAINER_NOT_OPEN,)
    full = container.capacity is not None and container.items >= container.capacity
    return (Reason.CONTAINER_FULL,) if full else ()


def _pack(request: PackRequest, found: PackFacts, network: Network, now: int) -> Decision[PackAnswer]:
    here = network.libraries[request.origin.library_id]
    item = find_item(network, found.item, here.namespace)
    if isinstance(item, Reason):
        return Decision(PackAnswer((item,), request.barcode))
    parcel = _parcel_of(found.parcel, item)
    container = container_of(found.container)
    if parcel is None or parcel.to_id == here.id:
        return Decision(PackAnswer((Reason.NOT_TRAVELLING,), request.barcode, item))
    way = _way(network, here, parcel, now)
    right = tuple(each.code for each in map(Container._make, found.open_here) if each.to_id in {None, *way.stops})
    answer = PackAnswer((), request.barcode, item, way.destination, network.libraries[way.stops[0]], right)
    if container is not None and parcel.container_id == container.id and not at_hand(container, here):
        return Decision(answer)  # A second scan of what is in it already.
    reasons = _refusals(container, here, now)
    if container is not None and container.to_id is not None and container.to_id not in way.stops:
        reasons += (Reason.WRONG_CONTAINER,)
    if _is_full(network, here, parcel, way, found, now):
        reasons += (Reason.RUN_FULL,)
    if reasons or container is None:
        return Decision(answer._replace(reasons=reasons))
    calls = [*_leave_other(parcel, here, now)]
    line = (new_id(), container.id, parcel.transit_id, item.row.id, here.id, parcel.to_id, parcel.reason)
    calls.append(writes.PACK(*line, request.origin.actor, now, None, None, None))
    if container.to_id is None:
        calls.append(_place(container, "open", here.id, way.stops[0]))
    if item.row.current_id != here.id:
        calls.append(circulation.MOVE(item.row.id, here.id))
    entry = Entry("pack", here.id, item.row.id, hold_id=parcel.hold_id, detail=container.code)
    return Decision(answer, tuple(calls), (entry,))


def _leave_other(parcel: Parcel, here: Library, now: int) -> tuple[Call, ...]:
    """End the line of the container in which the item was noted until now; elsewhere, staff are told."""
    if parcel.line_id is None:
        return ()
    if parcel.run_id is None and parcel.place_id == here.id:
        return (writes.END_LINE(parcel.line_id, "repacked", now, here.id),)
    told = note_anomaly("extra", now, here.id, parcel.item_id, hold_id=parcel.hold_id, detail=parcel.container or "")
    return writes.END_LINE(parcel.line_id, "wrong-stop", now, here.id), told


def _place(container: Container, state: str, place: int, to: int | None, run: int | None = None) -> Call:
    return writes.PLACE_CONTAINER(container.id, container.state, state, place, to, run)


def _unpack(request: PackRequest, found: PackFacts, network: Network, now: int) -> Decision[PackAnswer]:
    here = network.libraries[request.origin.library_id]
    item = find_item(network, found.item, here.namespace)
    if isinstance(item, Reason):
        return Decision(PackAnswer((item,), request.barcode))
    container = container_of(found.container)
    away = at_hand(container, here)
    if away or container is None:
        return Decision(PackAnswer(away, request.barcode, item))
    parcel = _parcel_of(found.parcel, item)
    if parcel is None or parcel.line_id is None or parcel.container_id != container.id:
        return Decision(PackAnswer((Reason.NOT_PACKED,), request.barcode, item))
    calls = [writes.END_LINE(parcel.line_id, "unpacked", now, here.id)]
    if item.row.current_id != here.id:
        calls.append(circulation.MOVE(item.row.id, here.id))
    entry = Entry("unpack", here.id, item.row.id, hold_id=parcel.hold_id, detail=container.code)
    answer = PackAnswer((), request.barcode, item, network.libraries[parcel.to_id])
    return Decision(answer, tuple(calls), (entry,))


def _keys(request: PackRequest) -> tuple[str, ...]:
    return f"item:{request.barcode}", f"container:{request.code}"


def _failed(request: PackRequest, code: str) -> PackAnswer:
    return PackAnswer((Reason(code),), request.barcode)


PACK: Final = UseCase("pack", _gather, _pack, _keys, _failed)
UNPACK: Final = UseCase("unpack", _gather, _unpack, _keys, _failed)


# --- add, open, seal -----------------------------------------------------------------------------------------------------


class ContainerFacts(NamedTuple):
    """A container and the open lines of what is in it."""

    container: Container | None
    lines: tuple[Line, ...]


def gather_container(request: ContainerRequest, _network: Network) -> Steps[ContainerFacts]:
    """Lock a container and read it."""
    _, container, lines = yield [
        facts.LOCK_CONTAINER(request.code),
        facts.CONTAINER(request.code),
        facts.LINES(request.code),
    ]
    return ContainerFacts(container_of(list(container)), tuple(map(Line._make, lines)))


def _open(request: ContainerRequest, found: ContainerFacts, network: Network, now: int) -> Decision[ContainerAnswer]:
    here = network.libraries[request.origin.library_id]
    container, lines = found
    reasons: tuple[Reason, ...] = () if has_shuttle(here, now) else (Reason.SERVICE_INACTIVE,)
    reasons += at_hand(container, here)
    to = network.by_code.get(request.to.upper()) if request.to is not None else None
    if request.to is not None and to is None:
        reasons += (Reason.NOT_ON_ROUTE,)
    if container is not None and lines and not request.missing and (container.state == "delivered" or to is not None):
        reasons += (Reason.CONTAINER_NOT_EMPTY,)
    if reasons or container is None:
        return Decision(ContainerAnswer(reasons, request.code))
    if request.missing:
        calls = [call for line in lines for call in _missing(line, container, here, now)]
        gone, lines = len(lines), ()
    else:
        calls, gone = [], 0
    goes = to.id if to is not None else container.to_id if lines else None
    calls.append(_place(container, "open", here.id, goes))
    stop = network.libraries[goes] if goes is not None else None
    answer = ContainerAnswer((), container.code, "open", len(lines), stop, gone)
    return Decision(answer, tuple(calls), (Entry("container.open", here.id, detail=container.code),))


def _gather_open(request: ContainerRequest, _network: Network) -> Steps[ContainerFacts]:
    """Lock the items too: some may be declared missing."""
    _, _, container, lines = yield [
        facts.LOCK_ITEMS(request.code),
        facts.LOCK_CONTAINER(request.code),
        facts.CONTAINER(request.code),
        facts.LINES(request.code),
    ]
    return ContainerFacts(container_of(list(container)), tuple(map(Line._make, lines)))


def _missing(line: Line, container: Container, here: Library, now: int) -> tuple[Call, ...]:
    return (
        *writes.lose(line.item_id, line.transit_id, now),
        writes.END_LINE(line.id, "missing", now, here.id),
        note_anomaly("missing", now, here.id, line.item_id, detail=container.code),
    )


def _seal(request: ContainerRequest, found: ContainerFacts, network: Network, _now: int) -> Decision[ContainerAnswer]:
    here = network.libraries[request.origin.library_id]
    container, lines = found
    reasons = at_hand(container, here)
    if container is not None and not reasons:
        if container.state not in {"open", "sealed"}:
            reasons += (Reason.CONTAINER_NOT_OPEN,)
        elif not lines or container.to_id is None:
            reasons += (Reason.CONTAINER_EMPTY,)
    if reasons or container is None:
        return Decision(ContainerAnswer(reasons, request.code))
    stop = network.libraries[container.to_id] if container.to_id is not None else None
    answer = ContainerAnswer((), container.code, "sealed", len(lines), stop)
    if container.state == "sealed":
        return Decision(answer)
    entry = Entry("container.seal", here.id, detail=container.code)
    return Decision(answer, (_place(container, "sealed", here.id, container.to_id),), (entry,))


def container_keys(request: ContainerRequest) -> tuple[str, ...]:
    """Return what two requests of one batch must not share."""
    return (f"container:{request.code}",)


def container_failed(request: ContainerRequest, code: str) -> ContainerAnswer:
    """Return the answer of a loser."""
    return ContainerAnswer((Reason(code),), request.code)


OPEN: Final = UseCase("container.open", _gather_open, _open, container_keys, container_failed)
SEAL: Final = UseCase("container.seal", gather_container, _seal, container_keys, container_failed)


def _gather_add(request: AddRequest, _network: Network) -> Steps[list[Row]]:
    (rows,) = yield [facts.CONTAINER(request.code)]
    return list(rows)


def _add(request: AddRequest, rows: list[Row], _network: Network, _now: int) -> Decision[ContainerAnswer]:
    if rows:
        return Decision(ContainerAnswer((Reason.CONTAINER_EXISTS,), request.code))
    place = request.origin.library_id
    call = writes.ADD_CONTAINER(request.code, request.kind, request.capacity, place)
    entry = Entry("container.add", place, detail=request.code)
    return Decision(ContainerAnswer((), request.code, "empty"), (call,), (entry,))


ADD: Final = UseCase(
    name="container.add",
    gather=_gather_add,
    decide=_add,
    keys=lambda request: (f"container:{request.code}",),
    failed=lambda request, code: ContainerAnswer((Reason(code),), request.code),
)
