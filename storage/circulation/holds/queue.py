"""Who may get this item: the eligibility of waiting holds, and the order in which they are served (domain.md 2.8).

First come, first served: `place_in_line` sorts by what staff put first, then by age. Nearness decides at most between
holds that are all younger than ``hold.proximity-hours``; by default that is none, because where a reader lives or fetches
must not decide when they are served (S-02). Everything here is pure: what is read is `facts.WAITING`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.circulation.due import local_day
from storage.circulation.facts import WaitingRow
from storage.network.policies import Context

if TYPE_CHECKING:
    from storage.circulation.accounts import Item
    from storage.network.network import Library, Network
    from storage.statements import Row

_STAFF_HAS_IT: Final = frozenset({"damaged", "repair", "in-process"})


class Claim(NamedTuple):
    """What the queue means to a reader who wants to take an item.

    *honours* is their own hold that the loan satisfies; *taken*, that the item is another's; *waited_for*, that holds wait
    for it, so that a pull of it may be open.
    """

    honours: int | None = None
    taken: bool = False
    waited_for: bool = False


_FREE: Final = Claim()


def place_in_line(hold: WaitingRow, here: int, young_since: int | None) -> tuple[int, bool, bool, int, int]:
    """Return what holds are served in the order of. *young_since*: the instant from which nearness counts, None never."""
    young = young_since is not None and hold.requested_at > young_since
    return -hold.priority, young, young and hold.pickup_id != here, hold.requested_at, hold.id


def waiting_for(rows: Sequence[Row], item: Item, day: str) -> list[WaitingRow]:
    """Return the holds that wait for *item* on *day*, in order, each once. Those suspended, or needed no longer, do not."""
    if not rows:
        return []
    found = {
        hold.id: hold
        for hold in (WaitingRow._make(row) for row in rows if row[0] == item.row.id)
        if (hold.suspended_until or "") <= day <= (hold.expires_on or day)
    }
    return sorted(found.values(), key=lambda hold: place_in_line(hold, 0, None))


def supplies(network: Network, item: Item, day: str) -> bool:
    """Tell whether *item* may ever be given to holds, as things stand on *day*: it is for loan, and its libraries supply.

    One whose lender wants it back soon may not (``hold.deposit-days``).
    """
    row = item.row
    if row.condition == "withdrawn" or not row.for_loan or not item.home.offers("holds-supply", day):
        return False
    if item.owner.kind != "external" and not item.owner.offers("holds-supply", day):
        return False
    if row.due_back_on is None:
        return True
    margin = network.policy(day).find("hold.deposit-days", item_context(item, item.home.id)).number
    return day < (date.fromisoformat(row.due_back_on) - timedelta(days=margin)).isoformat()


def item_context(item: Item, library_id: int) -> Context:
    """Return where policies on an item at a library are looked for, whoever waits for it."""
    return Context(item.row.owner_id, item.type.path, (), library_id, item.row.location, "")


def hold_context(network: Network, item: Item, category_id: int, pickup_id: int, channel: str) -> Context:
    """Return where policies on a hold are looked for: the library is the one where it is to be fetched."""
    path = network.categories[category_id].path
    return Context(item.row.owner_id, item.type.path, path, pickup_id, item.row.location, channel)


def is_new(network: Network, item: Item, added_on: str | None, context: Context, day: str) -> bool:
    """Tell whether *item* came so lately that it is only for those who fetch it at its home (age protection)."""
    if added_on is None:
        return False
    days = network.policy(day).find("hold.age-protection-days", context).number
    return days > 0 and day < (date.fromisoformat(added_on) + timedelta(days=days)).isoformat()


def fits(network: Network, item: Item, hold: WaitingRow, day: str) -> bool:
    """Tell whether *hold* may get *item*, which `supplies`, on *day*."""
    pickup = network.libraries[hold.pickup_id]
    if pickup.kind != "external" and not pickup.offers("holds-pickup", day):
        return False
    if item.row.temporary and hold.target_item_id != item.row.id:
        return False
    context = hold_context(network, item, hold.category_id, hold.pickup_id, hold.channel)
    if network.policy(day).find("hold.allowed", context).value != "yes":
        return False
    return pickup.id == item.home.id or not is_new(network, item, hold.added_on, context, day)


def blocked(rows: Sequence[Row], day: str) -> set[int]:
    """Return the holds whose reader may get nothing put aside on *day*."""
    return {
        hold.id
        for hold in map(WaitingRow._make, rows)
        if hold.block_acts is not None
        and (hold.block_acts == "*" or "capture" in hold.block_acts.split())
        and (hold.block_from or day) <= day <= (hold.block_to or day)
    }


def permitted(network: Network, item: Item, rows: Sequence[Row], here: Library, now: int) -> list[WaitingRow]:
    """Return every hold that may get *item* at *here* when staff have no work with it, in the order of service."""
    if not rows:
        return []
    day = local_day(now, here.zone).isoformat()
    if not supplies(network, item, day):
        return []
    hours = network.policy(day).find("hold.proximity-hours", item_context(item, here.id)).number
    young_since = now - hours * 3600 if hours else None
    none_for = blocked(rows, day)
    found = [
        hold for hold in waiting_for(rows, item, day) if hold.id not in none_for and fits(network, item, hold, day)
    ]
    return sorted(found, key=lambda hold: place_in_line(hold, here.id, young_since))


def eligible(network: Network, item: Item, rows: Sequence[Row], here: Library, now: int) -> list[WaitingRow]:
    """Return every hold that may get *item* when it is at *here* now, in the order in which they are served.

    *rows* is what `facts.WAITING` found.
    """
    return [] if item.row.condition in _STAFF_HAS_IT else permitted(network, item, rows, here, now)


def first_eligible(network: Network, item: Item, rows: Sequence[Row], here: Library, now: int) -> WaitingRow | None:
    """Return the hold that gets *item* when it is at *here* now, None when none may. *rows*: see `eligible`."""
    found = eligible(network, item, rows, here, now)
    return found[0] if found else None


def claim(
    network: Network, item: Item, rows: Sequence[Row], patron_id: int, here: Library, now: int, held: str
) -> Claim:
    """Tell what stands between a reader at *here* and *item*, which no hold has captured (domain.md 2.3, "on shelf").

    *held* is the policy ``loan.held``: ``first`` gives the item to who is first in line, ``any-waiter`` to whoever waits,
    ``present`` to whoever has it in hand.
    """
    if not rows:
        return _FREE
    mine = [hold for hold in map(WaitingRow._make, rows) if hold.patron_id == patron_id and hold.item_id == item.row.id]
    own = min(mine, key=lambda hold: place_in_line(hold, 0, None)).id if mine else None
    first = first_eligible(network, item, rows, here, now)
    if first is None or first.patron_id == patron_id:
        return Claim(own if first is None else first.id, waited_for=True)
    if held == "present" or (held == "any-waiter" and own is not None):
        return Claim(own, waited_for=True)
    return Claim(taken=True, waited_for=True)
