"""What an item's arrival means to the manifests: it was carried, whether or not anyone scanned what carried it.

Items are received by check-in, which calls `carried` for every transit that a scan closes or sees on its way. Libraries
that never pack are right too: what is missing is completed from what is seen, and marked as inferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.circulation.shuttle import writes
from storage.ids import new_id

if TYPE_CHECKING:
    from storage.statements import Call


def carried(transit_id: int, here_id: int, now: int, *, arrived: bool) -> tuple[Call, ...]:
    """Return the writes that end an item's ride at *here_id*: its transit ends there (*arrived*), or it is seen on its way.

    A ride that nobody scanned gets a line when the item arrives. An item seen where its container was not to go is told to
    staff.
    """
    if arrived:
        return writes.BACKFILL(new_id(), transit_id), writes.RECEIVE_LINE(transit_id, now, here_id)
    return writes.STRAY(new_id(), now, here_id, transit_id), writes.RECEIVE_LINE(transit_id, now, here_id)


def found_again(item_id: int, actor: str, now: int) -> Call:
    """Return the write that settles what staff were told of an item that was lost in transit."""
    return writes.FOUND_AGAIN(item_id, now, actor)
