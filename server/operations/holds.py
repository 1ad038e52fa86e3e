"""What commands ask of holds and pull lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from server.operations.patrons import at, library_of
from storage.circulation.holds.answers import HoldAnswer, HoldRequest
from storage.circulation.holds.change import (
    CANCEL_HOLD,
    CHANGE_PICKUP,
    EXTEND_HOLD,
    PUT_FIRST,
    SET_SLOT,
    SUSPEND_HOLD,
    PickupRequest,
    PutFirstRequest,
    SlotRequest,
    SuspendRequest,
)
from storage.circulation.holds.place import PLACE_HOLD, PlaceHoldRequest
from storage.circulation.holds.pulls import MISS_PULL, MissRequest

if TYPE_CHECKING:
    from server.writing import Access
    from storage.network.network import Library


def _code(library: Library | None) -> str | None:
    return library.code if library is not None else None


def told(answer: HoldAnswer) -> dict[str, Any]:
    """Say what came of an act on a hold, as JSON has it; library by code, days as ISO text."""
    return {
        "refused": [reason.value for reason in answer.reasons],
        "remarks": [reason.value for reason in answer.remarks],
        "hold": answer.hold.id if answer.hold is not None else None,
        "title": answer.hold.title if answer.hold is not None else None,
        "state": answer.state,
        "pickup": _code(answer.pickup),
        "rank": answer.rank,
        "expires_on": answer.expires_on,
        "promised_on": answer.promised_on,
        "destination": _code(answer.destination),
        "heir": answer.heir,
    }


def place(access: Access, *, library: str, pickup: str | None, **wanted: Any) -> dict[str, Any]:
    """Place a hold; *wanted* are fields of `PlaceHoldRequest`. Raises `Refused` for a library that is none."""
    pickup_id = library_of(access.network, pickup).id if pickup else None
    return told(access.act(PLACE_HOLD, PlaceHoldRequest(origin=at(access, library), pickup_id=pickup_id, **wanted)))


def cancel(access: Access, *, library: str, hold: int) -> dict[str, Any]:
    """End a hold."""
    return told(access.act(CANCEL_HOLD, HoldRequest(at(access, library), hold)))


def suspend(access: Access, *, library: str, hold: int, until: str | None) -> dict[str, Any]:
    """Suspend a hold *until* a day; None resumes it."""
    return told(access.act(SUSPEND_HOLD, SuspendRequest(at(access, library), hold, until=until)))


def move(access: Access, *, library: str, hold: int, pickup: str) -> dict[str, Any]:
    """Change where a hold is fetched."""
    to = library_of(access.network, pickup).id
    return told(access.act(CHANGE_PICKUP, PickupRequest(at(access, library), hold, pickup_id=to)))


def extend(access: Access, *, library: str, hold: int) -> dict[str, Any]:
    """Keep an item on the shelf for longer."""
    return told(access.act(EXTEND_HOLD, HoldRequest(at(access, library), hold)))


def first(access: Access, *, library: str, hold: int) -> dict[str, Any]:
    """Put a hold first in its line."""
    return told(access.act(PUT_FIRST, PutFirstRequest(at(access, library), hold)))


def slot(access: Access, *, library: str, hold: int, slot: str) -> dict[str, Any]:
    """Note where on the shelf the item of a hold stands."""
    return told(access.act(SET_SLOT, SlotRequest(at(access, library), hold, slot=slot)))


def miss(access: Access, *, library: str, barcode: str) -> dict[str, Any]:
    """Note that what a pull list asks for was not found."""
    answer = access.act(MISS_PULL, MissRequest(at(access, library), barcode=barcode))
    return {"refused": [reason.value for reason in answer.reasons], "to_search": answer.to_search}


OPERATIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "hold.place": place,
    "hold.cancel": cancel,
    "hold.suspend": suspend,
    "hold.move": move,
    "hold.extend": extend,
    "hold.first": first,
    "hold.slot": slot,
    "pull-list.miss": miss,
}
