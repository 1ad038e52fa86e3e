"""What acts on holds are asked with and answer, and how the hold that is meant is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from storage.catalogue.records import living
from storage.circulation import facts
from storage.circulation.accounts import Item, Patron, find_item, find_patron, make_item
from storage.circulation.acts import check_pin, failure
from storage.circulation.due import local_day
from storage.circulation.facts import ItemRow
from storage.circulation.holds import rows
from storage.circulation.holds.rows import OpenHold
from storage.circulation.pins import PinState
from storage.refusals import Reason
from storage.usecase import Decision, Origin

if TYPE_CHECKING:
    from storage.network.network import Library, Network
    from storage.statements import Row, Steps


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """Name an open hold: by *hold_id*, or by the reader's *card* and what they wait for (*barcode* or *record_id*).

    With *card* it must be that reader's own; without, staff ask. *barcode* finds the hold on that item, else the one on its
    title; it may also be the item put aside.
    """

    origin: Origin
    hold_id: int = 0
    card: str = field(default="", repr=False)
    pin: str | None = field(default=None, repr=False)
    barcode: str = ""
    record_id: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """What two acts of one batch must not share."""
        return (f"hold:{self.hold_id or self.card}",)

    @property
    def ended(self) -> str:
        """What a repeat may rely on when the hold has been ended: there is none any more by what it was named by."""
        return f"hold:{self.hold_id or self.barcode or self.record_id}:ended"


@dataclass(frozen=True, slots=True)
class HoldAnswer:
    """The answer to an act on a hold. *reasons* is empty when it was done; *remarks* are what to tell though it was.

    *hold* is the hold as it was before the act, or as it was placed. *state*, *expires_on* (the last day on the shelf, or
    the day it is needed by), *pickup* and *promised_on* are as they are now. *rank* counts from 1, 0 when it stands in no
    line. *destination* is where the item of a hold that ended must go, *heir* the hold that gets it.
    """

    reasons: tuple[Reason, ...] = ()
    hold: OpenHold | None = None
    patron: Patron | None = None
    pin: PinState = PinState.NOT_GIVEN
    state: str = ""
    pickup: Library | None = None
    rank: int = 0
    expires_on: str | None = None
    promised_on: str | None = None
    destination: Library | None = None
    heir: int | None = None
    remarks: tuple[Reason, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return not self.reasons

    @property
    def available(self) -> bool:
        """Whether the item stands ready for the reader."""
        return self.state == "shelf"


class HoldFacts(NamedTuple):
    """Rows of the hold, its reader's card (with one), the item captured for it and the holds that wait for that item.

    *first* are priority and id of the first in its line.
    """

    hold: Sequence[Row] = ()
    patron: Sequence[Row] = ()
    item: Sequence[Row] = ()
    waiting: Sequence[Row] = ()
    first: Sequence[Row] = ()


def _meant(title: int, open_holds: list[OpenHold], items: list[ItemRow]) -> int:
    """Return the id of the reader's hold that a request means by its item or *title* (0: none); 0 when there is none."""
    ids = {item.id for item in items}
    records = {item.record_id for item in items} - {None} | ({title} if title else set())
    for fits in (
        lambda hold: hold.item_id in ids,
        lambda hold: hold.target_item_id in ids,
        lambda hold: hold.record_id in records,
    ):
        found = [hold.id for hold in open_holds if fits(hold)]
        if found:
            return found[0]
    return 0


def gather(request: HoldRequest, network: Network) -> Steps[HoldFacts]:
    """Find the hold, lock the item captured for it and those that wait for it, and read them all."""
    library = network.libraries[request.origin.library_id]
    hold_id = request.hold_id
    if hold_id:
        (found,) = yield [rows.HOLD(hold_id)]
        open_holds = [OpenHold._make(row) for row in found]
    else:
        title = (yield from living(request.record_id)) if request.record_id else 0
        found, patrons, items = yield [
            rows.HOLDS_OF_CARD(request.card),
            facts.PATRON(request.card),
            facts.ITEM(request.barcode),
        ]
        patron = find_patron(network, patrons, library.namespace, "")
        item = find_item(network, items, library.namespace)
        patron_id = 0 if isinstance(patron, Reason) else patron.row.id
        mine = [hold for hold in map(OpenHold._make, found) if hold.patron_id == patron_id]
        hold_id = _meant(title, mine, [] if isinstance(item, Reason) else [item.row])
        open_holds = [hold for hold in mine if hold.id == hold_id]
    barcode = (open_holds[0].barcode if open_holds else None) or ""
    _, _, _, found, patrons, items, waiting, first = yield [
        facts.LOCK_ITEM(barcode),
        facts.LOCK_HOLDS(barcode),
        rows.LOCK_HOLD(hold_id),
        rows.HOLD(hold_id),
        facts.PATRON(request.card),
        facts.ITEM(barcode),
        facts.WAITING(barcode),
        rows.FIRST(hold_id),
    ]
    captured = (OpenHold._make(found[0]).barcode if found else None) or ""
    if captured != barcode:  # An item was captured for it while this act waited for its turn.
        _, _, items, waiting = yield [
            facts.LOCK_ITEM(captured),
            facts.LOCK_HOLDS(captured),
            facts.ITEM(captured),
            facts.WAITING(captured),
        ]
    return HoldFacts(found, patrons, items, waiting, first)


class Known(NamedTuple):
    """The hold that an act is about, whose it is (with a card), and the item captured for it."""

    hold: OpenHold
    patron: Patron | None
    item: Item | None
    pin: PinState


def know(request: HoldRequest, found: HoldFacts, network: Network, now: int) -> Known | Decision[HoldAnswer]:
    """Tell what an act is about, or refuse it: no such hold, not this reader's, a wrong PIN."""
    library = network.libraries[request.origin.library_id]
    patron: Patron | None = None
    pin = PinState.NOT_GIVEN
    if request.card:
        known = find_patron(network, found.patron, library.namespace, local_day(now, library.zone).isoformat())
        if isinstance(known, Reason):
            return Decision(HoldAnswer((known,)))
        patron, pin = known, check_pin(network, known, request.pin, now)
        refused = refuse_pin(request.origin, patron, pin, now)
        if refused is not None:
            return refused
    holds = [OpenHold._make(row) for row in found.hold]
    if not holds or (patron is not None and holds[0].patron_id != patron.row.id):
        return Decision(HoldAnswer((Reason.UNKNOWN_HOLD,), patron=patron, pin=pin), repeats=request.ended)
    return Known(holds[0], patron, captured_item(network, holds[0], found.item), pin)


def captured_item(network: Network, hold: OpenHold, items: Sequence[Row]) -> Item | None:
    """Return the item captured for *hold* among what `facts.ITEM` found."""
    found = [row for row in map(ItemRow._make, items) if row.id == hold.item_id]
    return make_item(network, found[0]) if found else None


def refuse_pin(origin: Origin, patron: Patron, pin: PinState, now: int) -> Decision[HoldAnswer] | None:
    """Refuse an act for its PIN, note the failure, and tell nothing of the account; None when the PIN does not forbid it."""
    if pin is PinState.LOCKED:
        return Decision(HoldAnswer((Reason.PIN_LOCKED,), pin=pin))
    if pin is not PinState.WRONG:
        return None
    noted, entries = failure(origin, patron, now)
    return Decision(HoldAnswer((Reason.WRONG_PIN,), pin=pin), (noted,), entries)


def failed(_request: object, code: str) -> HoldAnswer:
    """Answer for an act that lost a race."""
    return HoldAnswer((Reason(code),))
