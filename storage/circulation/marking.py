"""What staff say of an item in hand, or not at hand: damaged, in repair, in process, missing, lost, withdrawn, good again.

An item that is withdrawn has no loan, no transit and no hold (I-12); only its owner's commune withdraws it (S-12).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from storage.circulation import facts, writes
from storage.circulation.accounts import Item, find_item
from storage.circulation.due import local_day
from storage.circulation.facts import WaitingRow
from storage.circulation.tellings import tell_reader
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from storage.network.network import Library, Network
    from storage.statements import Call, Row, Steps

Condition = Literal["good", "missing", "lost", "damaged", "repair", "in-process", "withdrawn"]


@dataclass(frozen=True, slots=True)
class MarkRequest:
    """Say that *barcode* is in *condition*. *note* is of the condition.

    *force* puts the hold that keeps the item back in line, and ends those that wait for what is withdrawn and nothing else.
    """

    barcode: str
    condition: Condition
    origin: Origin
    note: str | None = None
    force: bool = False


class MarkAnswer(NamedTuple):
    """What came of it. *reasons* is empty when the item is marked."""

    reasons: tuple[Reason, ...]
    barcode: str
    item: Item | None = None

    @property
    def ok(self) -> bool:
        """Whether the item is marked."""
        return not self.reasons


class MarkFacts(NamedTuple):
    """Rows of `facts`, in one step."""

    item: list[Row]
    waiting: list[Row]


def gather(request: MarkRequest, _network: Network) -> Steps[MarkFacts]:
    """Lock the item and the holds for it, and read both."""
    _, _, item, waiting = yield [
        facts.LOCK_ITEM(request.barcode),
        facts.LOCK_HOLDS(request.barcode),
        facts.ITEM(request.barcode),
        facts.WAITING(request.barcode),
    ]
    return MarkFacts(list(item), list(waiting))


def owns(library: Library, item: Item) -> bool:
    """Tell whether *library* speaks for the owner of *item*: it is of the same commune, or stands for the network."""
    owner = item.owner
    return library.kind == "network" or library.id == owner.id or ("" != library.commune == owner.commune)


def decide(request: MarkRequest, found: MarkFacts, network: Network, now: int) -> Decision[MarkAnswer]:
    """Decide what an item's condition is to be."""
    here = network.libraries[request.origin.library_id]
    item = find_item(network, found.item, here.namespace)
    if isinstance(item, Reason):
        return Decision(MarkAnswer((item,), request.barcode))
    row = item.row
    own = {
        hold.id: hold
        for hold in map(WaitingRow._make, found.waiting)
        if hold.item_id == row.id and hold.target_item_id == row.id
    }
    reasons = _reasons(request, here, item, kept=bool(own))
    if reasons:
        return Decision(MarkAnswer(reasons, request.barcode, item))
    made: list[Call] = [writes.MARK(row.id, request.condition, request.note)]
    if request.condition != "good":
        made += _freed(request, item, list(own.values()), here, now)
    detail, effect = f"{row.condition}->{request.condition}", f"mark:{row.id}:{request.condition}"
    return Decision(
        MarkAnswer((), request.barcode, item),
        tuple(made),
        (Entry("mark", here.id, row.id, detail=detail),),
        effect=effect,
        repeats=effect if row.condition == request.condition else "",
    )


def _reasons(request: MarkRequest, here: Library, item: Item, *, kept: bool) -> tuple[Reason, ...]:
    row = item.row
    reasons = []
    withdraws = request.condition == "withdrawn"
    if (withdraws or row.condition == "withdrawn") and not owns(here, item):
        reasons.append(Reason.NOT_OWNER)
    held = row.transit_id is not None or row.hold_id is not None
    if withdraws:
        free = not held and (request.force or not kept)
    else:
        free = request.condition == "good" or request.force or not held
    if not free or (row.loan_id is not None and request.condition != "good"):
        reasons.append(Reason.IN_CIRCULATION)
    return tuple(reasons)


def _freed(request: MarkRequest, item: Item, own: list[WaitingRow], here: Library, now: int) -> list[Call]:
    """Return the writes that free the item of transit, holds and pulls."""
    row = item.row
    made: list[Call] = [writes.PULLED(row.id, "released", now)]
    if row.transit_id is not None:
        made.append(writes.RECEIVE(row.transit_id, now, "cancelled"))
    if row.hold_id is not None and row.hold_patron_id is not None:
        made.append(writes.PUT_BACK(row.hold_id))
        if row.hold_state == "shelf":
            made.append(tell_reader("hold-delayed", row.hold_patron_id, now, here.id, hold_id=row.hold_id))
    if request.condition == "withdrawn":
        today = local_day(now, here.zone)
        for hold in own:
            made += writes.end_hold(hold.id, "cancelled", None, today, now)
            made.append(tell_reader("hold-cancelled", hold.patron_id, now, here.id, row.id, hold_id=hold.id))
    return made


MARK: Final = UseCase(
    name="mark",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"item:{request.barcode}",),
    failed=lambda request, code: MarkAnswer((Reason(code),), request.barcode),
)
