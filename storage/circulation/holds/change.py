"""What becomes of an open hold: cancelled, suspended, fetched elsewhere, kept longer, put first, given a slot.

Every act here may be asked by the reader whose hold it is (with a card) or by staff (with the hold's id alone).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeVar

from storage.circulation import writes
from storage.circulation.due import local_day
from storage.circulation.holds import rows
from storage.circulation.holds.answers import HoldAnswer, HoldFacts, HoldRequest, Known, failed, gather, know
from storage.circulation.holds.queue import eligible
from storage.circulation.holds.shelf import Move, let_go, promised, shelf_until
from storage.refusals import Reason
from storage.usecase import Decision, Entry, UseCase

if TYPE_CHECKING:
    from storage.network.network import Library, Network
    from storage.statements import Call

Q = TypeVar("Q", bound=HoldRequest)


@dataclass(frozen=True, slots=True)
class SuspendRequest(HoldRequest):
    """Serve the hold not before the day *until* (ISO); None serves it again from now on."""

    until: str | None = None


@dataclass(frozen=True, slots=True)
class PickupRequest(HoldRequest):
    """Fetch the item at library *pickup_id*."""

    pickup_id: int = 0


@dataclass(frozen=True, slots=True)
class PutFirstRequest(HoldRequest):
    """Serve the hold before all others on its target. Staff's act alone: the journal says whose."""


@dataclass(frozen=True, slots=True)
class SlotRequest(HoldRequest):
    """Note where on the hold shelf the item stands."""

    slot: str = ""


def _answer(known: Known, network: Network, **changed: Any) -> HoldAnswer:
    hold = known.hold
    now_is: dict[str, Any] = {
        "state": hold.state,
        "pickup": network.libraries[hold.pickup_id],
        "expires_on": hold.shelf_until or hold.expires_on,
        "promised_on": hold.promised_on,
    }
    return HoldAnswer(hold=hold, patron=known.patron, pin=known.pin, **now_is | changed)


def _refuse(known: Known, network: Network, *reasons: Reason) -> Decision[HoldAnswer]:
    return Decision(_answer(known, network, reasons=reasons))


def _entry(request: HoldRequest, known: Known, act: str, detail: str = "") -> tuple[Entry, ...]:
    return (Entry(act, request.origin.library_id, known.hold.item_id, hold_id=known.hold.id, detail=detail),)


def ends(known: Known, outcome: str, found: HoldFacts, network: Network, now: int) -> tuple[Move, tuple[Call, ...]]:
    """Return where the item of a hold that ends goes, and all that is written for it."""
    hold, item = known.hold, known.item
    today = local_day(now, network.libraries[hold.pickup_id].zone)
    move = Move() if item is None else let_go(network, item, hold, found.waiting, now)
    # It ends before its item is given on: one captured hold per item.
    ended = writes.end_hold(hold.id, outcome, hold.item_id, today, now)
    return move, (
        rows.STANDS(hold.id, hold.state),
        *ended,
        writes.NOT_PULLED(hold.id, "released", now),
        *move.calls,
    )


def _cancel(request: HoldRequest, known: Known, found: HoldFacts, network: Network, now: int) -> Decision[HoldAnswer]:
    move, calls = ends(known, "cancelled", found, network, now)
    answer = _answer(known, network, state="cancelled", destination=move.destination, heir=move.hold_id)
    return Decision(answer, calls, _entry(request, known, "hold-cancelled"), effect=request.ended)


def _suspend(
    request: SuspendRequest, known: Known, _found: HoldFacts, network: Network, now: int
) -> Decision[HoldAnswer]:
    hold = known.hold
    if hold.state != "waiting":
        return _refuse(known, network, Reason.HOLD_CAPTURED)
    today = local_day(now, network.libraries[hold.pickup_id].zone).isoformat()
    if request.until is not None and request.until <= today:
        return _refuse(known, network, Reason.BAD_DATE)
    act = "hold-suspended" if request.until is not None else "hold-resumed"
    calls = (rows.SUSPEND(hold.id, request.until), writes.NOT_PULLED(hold.id, "released", now))
    return Decision(_answer(known, network), calls, _entry(request, known, act, request.until or ""))


def _fetch_at(
    request: PickupRequest, known: Known, _found: HoldFacts, network: Network, now: int
) -> Decision[HoldAnswer]:
    hold, item = known.hold, known.item
    pickup = network.libraries.get(request.pickup_id)
    if hold.state == "shelf":
        return _refuse(known, network, Reason.HOLD_CAPTURED)
    if pickup is None or not _may_fetch(pickup, now):
        return _refuse(known, network, Reason.NO_PICKUP_HERE)
    if pickup.id == hold.pickup_id:
        return Decision(_answer(known, network))
    promise = promised(network, item.row.current_id, pickup.id, now) if item is not None else None
    calls = [
        rows.STANDS(hold.id, hold.state),
        rows.FETCH_AT(hold.id, pickup.id, promise),
        writes.NOT_PULLED(hold.id, "released", now),
    ]
    if item is not None and item.row.transit_id is not None:
        calls.append(rows.REDIRECT(item.row.transit_id, pickup.id, "hold", hold.id))
    answer = _answer(known, network, pickup=pickup, promised_on=promise)
    return Decision(answer, tuple(calls), _entry(request, known, "hold-moved", pickup.code))


def _may_fetch(pickup: Library, now: int) -> bool:
    return pickup.kind == "external" or pickup.offers("holds-pickup", local_day(now, pickup.zone).isoformat())


def _extend(request: HoldRequest, known: Known, found: HoldFacts, network: Network, now: int) -> Decision[HoldAnswer]:
    hold, item = known.hold, known.item
    if item is None or hold.state != "shelf" or hold.shelf_until is None:
        return _refuse(known, network, Reason.NOT_ON_SHELF)
    here = network.libraries[hold.pickup_id]
    reasons = []
    if hold.extended:
        reasons.append(Reason.ALREADY_EXTENDED)
    if eligible(network, item, found.waiting, here, now):
        reasons.append(Reason.WAITED_FOR)
    if reasons:
        return _refuse(known, network, *reasons)
    start = max(date.fromisoformat(hold.shelf_until), local_day(now, here.zone))
    until = shelf_until(network, item, here, start)
    entry = _entry(request, known, "hold-extended", until)
    return Decision(_answer(known, network, expires_on=until), (rows.EXTEND(hold.id, until),), entry)


def _put_first(
    request: PutFirstRequest, known: Known, found: HoldFacts, network: Network, _now: int
) -> Decision[HoldAnswer]:
    hold = known.hold
    if request.card:
        return _refuse(known, network, Reason.NOT_SUPPORTED)
    if hold.state != "waiting":
        return _refuse(known, network, Reason.HOLD_CAPTURED)
    ((priority, first),) = found.first
    if first == hold.id:
        return Decision(_answer(known, network, rank=1))
    calls = (rows.PUT_FIRST(hold.id, priority + 1),)
    return Decision(_answer(known, network, rank=1), calls, _entry(request, known, "hold-put-first"))


def _slot(request: SlotRequest, known: Known, _found: HoldFacts, network: Network, _now: int) -> Decision[HoldAnswer]:
    if known.hold.state != "shelf":
        return _refuse(known, network, Reason.NOT_ON_SHELF)
    calls = (rows.SLOT(known.hold.id, request.slot),)
    return Decision(_answer(known, network), calls, _entry(request, known, "hold-slot"))


def _usecase(
    name: str, decide: Callable[[Q, Known, HoldFacts, Network, int], Decision[HoldAnswer]]
) -> UseCase[Q, HoldFacts, HoldAnswer]:
    def decided(request: Q, found: HoldFacts, network: Network, now: int) -> Decision[HoldAnswer]:
        known = know(request, found, network, now)
        return known if isinstance(known, Decision) else decide(request, known, found, network, now)

    return UseCase(name, gather, decided, keys=lambda request: request.keys, failed=failed)


CANCEL_HOLD: Final = _usecase("cancel hold", _cancel)
"""Its item goes to the next who waits: stays on the shelf, travels on, or goes home when nobody does."""
SUSPEND_HOLD: Final = _usecase("suspend hold", _suspend)
"""It keeps its place in line; before its item is captured only."""
CHANGE_PICKUP: Final = _usecase("change pick-up", _fetch_at)
"""Until the item stands on the shelf; one on its way is redirected, and sent on at its next scan."""
EXTEND_HOLD: Final = _usecase("extend hold", _extend)
"""Keep the item on the shelf once more as long, if nobody waits for it."""
PUT_FIRST: Final = _usecase("put hold first", _put_first)
SET_SLOT: Final = _usecase("slot of hold", _slot)
