"""Who goes when the van cannot take all (domain.md 2.9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.circulation.shuttle.eta import eta

if TYPE_CHECKING:
    from storage.circulation.shuttle.eta import Leg
    from storage.circulation.shuttle.facts import Waiting
    from storage.network.network import Network

PRIORITIES: Final = {
    "hold": 0,
    "ill": 1,
    "deposit": 1,
    "kit": 1,
    "exit": 2,
    "return": 2,
    "repair": 3,
    "balance": 3,
}
"""Reason of a transit -> its turn: readers who wait, what is due back to the department or booked, returns, the rest."""


class Allotment(NamedTuple):
    """Transits that a run takes along, and those that stay because it is full; both in the order of their turns."""

    go: tuple[int, ...]
    stay: tuple[int, ...]


def allot(waiting: Iterable[Waiting], room: int | None) -> Allotment:
    """Share *room* (items, None without limit). What is packed keeps its place; then by priority, then by age."""
    turns = sorted(waiting, key=lambda each: (-each.packed, PRIORITIES[each.reason], each.sent_at, each.transit_id))
    ids = tuple(each.transit_id for each in turns)
    room = len(ids) if room is None else max(0, room)
    return Allotment(ids[:room], ids[room:])


def of_next_run(network: Network, from_id: int, leg: Leg, waiting: Sequence[Waiting], now: int) -> tuple[Waiting, ...]:
    """Return those of *waiting* at *from_id* that would go by the run of *leg*."""
    goes = {}
    for to_id in {each.to_id for each in waiting}:
        way = eta(network, from_id, to_id, now)
        goes[to_id] = way is not None and (way.runs[0].route, way.runs[0].day) == (leg.route, leg.day)
    return tuple(each for each in waiting if goes[each.to_id])
