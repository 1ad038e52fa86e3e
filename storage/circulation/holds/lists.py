"""Lists of open holds: a reader's with their ranks, the line for a title or an item, what stands on a library's shelf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import bindparam, literal_column, select

from storage.catalogue.records import living
from storage.circulation import facts
from storage.circulation.accounts import Item, Patron, find_patron, make_item
from storage.circulation.due import local_day
from storage.circulation.facts import ITEM_COLUMNS, ITEM_STATE, ItemRow
from storage.circulation.holds import rows
from storage.circulation.holds.rows import OpenHold, holds_where
from storage.refusals import Reason
from storage.schema import barcode, hold, item, past_hold
from storage.statements import Statement

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Call, Steps

SHELF: Final = Statement(
    "hold shelf",
    holds_where(hold.c.state == literal_column("'shelf'"), hold.c.pickup_id == bindparam("library"))
    .order_by(None)
    .order_by(hold.c.shelf_slot, hold.c.shelf_until, hold.c.id),
    "library",
)


CLEARED: Final = Statement(
    "cleared from hold shelf",
    select(*ITEM_COLUMNS, past_hold.c.shelf_slot, past_hold.c.outcome, past_hold.c.closed_at)
    .select_from(ITEM_STATE.join(past_hold, past_hold.c.item_id == item.c.id))
    .where(
        past_hold.c.pickup_id == bindparam("library"),
        past_hold.c.shelved_at.is_not(None),
        past_hold.c.closed_at > bindparam("since"),
        past_hold.c.outcome != literal_column("'honoured'"),
        barcode.c.is_primary == literal_column("1"),
    )
    .order_by(past_hold.c.closed_at, past_hold.c.id),
    "library", "since",
)  # fmt: skip


class Listed(NamedTuple):
    """An open hold and its *rank*: 1 is served next, 0 stands in no line, being captured."""

    hold: OpenHold
    rank: int


class ReaderHolds(NamedTuple):
    """A reader's open holds, the oldest first. *reason* says why there is no reader."""

    reason: Reason | None
    patron: Patron | None
    holds: tuple[Listed, ...]


def _before(one: OpenHold) -> Call:
    if one.target_item_id is not None:
        return rows.BEFORE_ON_ITEM(one.target_item_id, one.priority, one.requested_at, one.id)
    return rows.BEFORE_ON_TITLE(one.record_id, one.volume, one.priority, one.requested_at, one.id)


def holds_of_reader(network: Network, card: str, library_id: int, now: int) -> Steps[ReaderHolds]:
    """Read the open holds of the reader of *card*, as it is scanned at *library_id*."""
    library = network.libraries[library_id]
    found, patrons = yield [rows.HOLDS_OF_CARD(card), facts.PATRON(card)]
    patron = find_patron(network, patrons, library.namespace, local_day(now, library.zone).isoformat())
    if isinstance(patron, Reason):
        return ReaderHolds(patron, None, ())
    mine = [one for one in map(OpenHold._make, found) if one.patron_id == patron.row.id]
    mine.sort(key=lambda one: (one.requested_at, one.id))
    waiting = [one for one in mine if one.state == "waiting"]
    counts = yield [_before(one) for one in waiting]
    ranks = {one.id: count[0][0] + 1 for one, count in zip(waiting, counts, strict=True)}
    return ReaderHolds(None, patron, tuple(Listed(one, ranks.get(one.id, 0)) for one in mine))


def queue_of(record_id: int | None, item_id: int | None = None) -> Steps[tuple[Listed, ...]]:
    """Read the open holds on a title, or on one item: those captured, then those that wait, in their order."""
    if item_id is not None:
        (found,) = yield [rows.QUEUE_OF_ITEM(item_id)]
    else:
        title = yield from living(record_id or 0)
        (found,) = yield [rows.QUEUE_OF_TITLE(title)]
    holds = [OpenHold._make(row) for row in found]
    captured = [Listed(one, 0) for one in holds if one.state != "waiting"]
    lines: dict[str, int] = {}
    for one in holds:
        if one.state == "waiting":
            lines[one.volume] = lines.get(one.volume, 0) + 1
            captured.append(Listed(one, lines[one.volume]))
    return tuple(captured)


def shelf_of(library_id: int) -> Steps[tuple[OpenHold, ...]]:
    """Read what waits on the hold shelf of *library_id*, by slot."""
    (found,) = yield [SHELF(library_id)]
    return tuple(OpenHold._make(row) for row in found)


class Cleared(NamedTuple):
    """An item whose hold ended on the shelf, as it is now; with the slot where it stands, and how and when the hold ended."""

    item: Item
    slot: str
    outcome: str
    closed_at: int


def to_clear(network: Network, library_id: int, since: int) -> Steps[tuple[Cleared, ...]]:
    """Read which items are to be taken from the hold shelf of *library_id*: their holds ended there after *since*.

    What the item does now says where to put it: in a crate, aside for the next reader, on its shelf. Lent, or seen
    elsewhere since, it is not on the list any more.
    """
    (found,) = yield [CLEARED(library_id, since)]
    cleared = (Cleared(make_item(network, ItemRow._make(row[:-3])), *row[-3:]) for row in found)
    return tuple(one for one in cleared if one.item.row.loan_id is None and one.item.current.id == library_id)
