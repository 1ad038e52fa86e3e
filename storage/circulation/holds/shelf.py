"""Where a captured item goes: on the shelf of its pick-up library, on its way to it, or, when nobody waits any more, home.

`give` captures, `arrive` and `send_again` go on with what was captured, `let_go` gives the item of an ended hold to the
next. Each returns the writes and where the item goes, for a check-in as for a job.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from storage.circulation import writes
from storage.circulation.due import local_day
from storage.circulation.holds import rows
from storage.circulation.holds.queue import first_eligible, item_context
from storage.circulation.shuttle.eta import eta
from storage.circulation.tellings import tell_reader
from storage.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.circulation.accounts import Item
    from storage.circulation.facts import WaitingRow
    from storage.circulation.holds.rows import OpenHold
    from storage.network.network import Library, Network
    from storage.statements import Call, Row


class Move(NamedTuple):
    """Where an item goes: *hold_id* is whom it serves; *destination* None when it stays; *until* the last day on the shelf."""

    calls: tuple[Call, ...] = ()
    hold_id: int | None = None
    destination: Library | None = None
    until: str | None = None


def shelf_until(network: Network, item: Item, library: Library, day: date) -> str:
    """Return the last day on the hold shelf of *library* for an item put there on *day*: always an open day after it.

    Counted in open days (``hold.shelf-days``), and at least ``hold.shelf-calendar-days``; a closed day is moved on.
    """
    policy, context = network.policy(day.isoformat()), item_context(item, library.id)
    found = day
    for _ in range(max(policy.find("hold.shelf-days", context).number, 1)):
        found = next_open_after(library, found)
    least = day + timedelta(days=policy.find("hold.shelf-calendar-days", context).number)
    if found < least:
        found = library.calendar.next_open(least) or least
    return found.isoformat()


def next_open_after(library: Library, day: date) -> date:
    """Return the first open day after *day*; the very next when none is near."""
    return library.calendar.next_open(day + timedelta(days=1)) or day + timedelta(days=1)


def promised(network: Network, from_id: int, to_id: int, now: int) -> str | None:
    """Return from which day a reader can have at *to_id* what is at *from_id* now; None when no run brings it."""
    found = eta(network, from_id, to_id, now)
    return found.day if found is not None else None


def _tell(patron_id: int, here: Library, item: Item, hold_id: int, until: str, now: int) -> Call:
    return tell_reader(
        "hold-ready", patron_id, now, library_id=here.id, item_id=item.row.id, hold_id=hold_id, detail=until
    )


def _on_way(network: Network, item: Item, hold_id: int, here: Library, to: Library, now: int) -> Call:
    return writes.SEND(new_id(), item.row.id, here.id, to.id, "hold", hold_id, now)


def give(network: Network, item: Item, hold: WaitingRow, here: Library, now: int) -> Move:
    """Capture *item*, which is at *here* and in no transit, for *hold*. What asked for either elsewhere is released."""
    pickup = network.libraries[hold.pickup_id]
    done = rows.CAPTURED(hold.id, item.row.id, now)
    if pickup.id == here.id:
        until = shelf_until(network, item, here, local_day(now, here.zone))
        told = _tell(hold.patron_id, here, item, hold.id, until, now)
        return Move((rows.CAPTURE_HERE(hold.id, item.row.id, until, now, here.id), done, told), hold.id, None, until)
    capture = rows.CAPTURE_ELSEWHERE(hold.id, item.row.id, promised(network, here.id, pickup.id, now), pickup.id)
    return Move((capture, done, _on_way(network, item, hold.id, here, pickup, now)), hold.id, pickup)


def arrive(network: Network, item: Item, here: Library, now: int) -> Move:
    """Put the captured *item*, which has come to its pick-up library *here*, on the shelf. There already: nothing changes."""
    row = item.row
    assert row.hold_id is not None
    assert row.hold_patron_id is not None
    if row.hold_state == "shelf":
        return Move((), row.hold_id, None, row.shelf_until)
    until = shelf_until(network, item, here, local_day(now, here.zone))
    told = _tell(row.hold_patron_id, here, item, row.hold_id, until, now)
    return Move((rows.ARRIVE(row.hold_id, until, now, here.id), told), row.hold_id, None, until)


def send_again(network: Network, item: Item, here: Library, now: int) -> Move:
    """Send the captured *item*, which was on the shelf of its pick-up library and is seen *here*, back to it."""
    row = item.row
    assert row.hold_id is not None
    assert row.hold_pickup_id is not None
    pickup = network.libraries[row.hold_pickup_id]
    again = rows.SEND_AGAIN(row.hold_id, promised(network, here.id, pickup.id, now))
    return Move((again, _on_way(network, item, row.hold_id, here, pickup, now)), row.hold_id, pickup)


def let_go(network: Network, item: Item, hold: OpenHold, waiting: Sequence[Row], now: int) -> Move:
    """Give the *item* of a captured *hold* that ends to the next who waits for it, else send it home (domain.md 2.3).

    *waiting* is what `facts.WAITING` found. An item on its way goes on to the new place: the transit is changed, not the van.
    """
    here = network.libraries[hold.pickup_id]
    heir = first_eligible(network, item, waiting, here, now)
    if hold.state == "shelf":
        if heir is not None:
            return give(network, item, heir, here, now)
        if item.home.id == here.id:
            return Move()
        return Move((writes.SEND(new_id(), item.row.id, here.id, item.home.id, "return", None, now),), None, item.home)
    return _divert(network, item, heir, now)


def _divert(network: Network, item: Item, heir: WaitingRow | None, now: int) -> Move:
    row = item.row
    if row.transit_id is None:
        return Move()
    if heir is None:
        return Move((rows.REDIRECT(row.transit_id, item.home.id, "return", None),), None, item.home)
    pickup = network.libraries[heir.pickup_id]
    capture = rows.CAPTURE_ELSEWHERE(heir.id, row.id, promised(network, row.current_id, pickup.id, now), pickup.id)
    redirect = rows.REDIRECT(row.transit_id, pickup.id, "hold", heir.id)
    return Move((capture, rows.CAPTURED(heir.id, row.id, now), redirect), heir.id, pickup)
