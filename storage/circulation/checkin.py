"""Check-in: the row "CHECKIN at L" of domain.md 2.3, in its order of work.

Close the loan; receive, sight or redirect a transit; look at the shelf; heed the item's condition; then find a hold to
capture; else send the item home. The answer names where the item must go and why staff should look up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.circulation import facts, writes
from storage.circulation.accounts import Item, find_item
from storage.circulation.due import link_expiry, local_day
from storage.circulation.facts import WaitingRow
from storage.circulation.holds.queue import waiting_for
from storage.ids import new_id
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from storage.network.network import Library, Network
    from storage.statements import Call, Row, Steps

SHELF_OPEN_DAYS: Final = 8
"""How many open days of the pick-up library a captured item waits for its reader."""


class Alert(Enum):
    """Why staff or the sorter must treat a returned item specially. Values are SIP2's alert types (CV)."""

    HOLD_HERE = "01"
    HOLD_ELSEWHERE = "02"
    HOLD_ILL = "03"
    SEND = "04"
    OTHER = "99"


@dataclass(frozen=True, slots=True)
class CheckinRequest:
    """Take back *barcode*, at *origin*'s library. *returned_at* is when the reader gave it back, if not now."""

    barcode: str
    origin: Origin
    returned_at: int | None = None


@dataclass(frozen=True, slots=True)
class ReturnAnswer:
    """The answer to a check-in.

    *reasons* is empty when the item was taken in; *remarks* are what staff should know though it was (NOT_ON_LOAN, or
    the item's trouble). *destination* is where it must travel, None when it stays; *hold_id* the hold it now serves.
    *patron_id* had it on loan.
    """

    reasons: tuple[Reason, ...]
    barcode: str
    item: Item | None = None
    was_on_loan: bool = False
    patron_id: int | None = None
    alert: Alert | None = None
    destination: Library | None = None
    hold_id: int | None = None
    shelf_until: str | None = None
    remarks: tuple[Reason, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the item was taken in."""
        return not self.reasons


class CheckinFacts(NamedTuple):
    """Rows of `facts`, in one step: the item and the holds that wait for it."""

    item: list[Row]
    waiting: list[Row]


def gather(request: CheckinRequest, network: Network) -> Steps[CheckinFacts]:
    """Lock the item and the holds it could serve, and read both, in one step."""
    _, _, item, waiting = yield [
        facts.LOCK_ITEM(request.barcode),
        facts.LOCK_HOLDS(request.barcode),
        facts.ITEM(request.barcode),
        facts.WAITING(request.barcode),
    ]
    return CheckinFacts(list(item), list(waiting))


def shelf_until(library: Library, day: date) -> str:
    """Return the last day on the hold shelf: `SHELF_OPEN_DAYS` open days after *day*."""
    found = day
    for _ in range(SHELF_OPEN_DAYS):
        found = library.calendar.next_open(found + timedelta(days=1)) or found + timedelta(days=1)
    return found.isoformat()


@dataclass
class _Work:
    """The check-in under way: what is known, and what is found out and to be written, step by step."""

    network: Network
    item: Item
    here: Library
    today: date
    now: int
    writes: list[Call] = field(default_factory=list)
    alert: Alert | None = None
    destination: Library | None = None
    hold_id: int | None = None
    until: str | None = None
    remarks: list[Reason] = field(default_factory=list)
    detail: str = ""

    def close_loan(self, returned_at: int | None) -> None:
        """Move the open loan to the past, its reader apart, with the day on which the link is cut."""
        row = self.item.row
        if row.loan_id is None:
            self.remarks.append(Reason.NOT_ON_LOAN)
            return
        out_at = row.out_at or 0
        in_at = max(out_at, min(self.now, returned_at) if returned_at is not None else self.now)
        day = local_day(in_at, self.here.zone)
        state = "returned" if row.loan_state == "open" else f"found-{row.loan_state}"
        self.writes += [
            writes.CLOSE(row.loan_id),
            writes.KEEP_PAST(
                row.loan_id, row.id, row.loan_library_id, row.item_type_id, row.loan_category_id, row.loan_channel,
                out_at, row.due_on, row.due_at, row.renewals, state, self.here.id, in_at,
            ),
            writes.KEEP_READER(link_expiry(day), row.loan_id, row.loan_patron_id),
        ]  # fmt: skip
        if row.loan_state != "open":
            self.alert = Alert.OTHER
            self.remarks.append(Reason.CLAIMED_RETURNED if row.loan_state == "claimed" else Reason.DECLARED_LOST)

    def travelling(self) -> bool:
        """Deal with an open transit; True when that settles where the item goes."""
        row = self.item.row
        if row.transit_id is None:
            return False
        if row.transit_to_id == self.here.id:
            self.writes.append(writes.RECEIVE(row.transit_id, self.now, "received"))
            return False
        if row.hold_id is None and row.loan_id is None:
            return False
        if row.loan_id is not None:  # A loan outlives no transit: what the scan shows is true.
            self.writes.append(writes.RECEIVE(row.transit_id, self.now, "cancelled"))
            return False
        self._head(row.hold_id, self.network.libraries[row.transit_to_id or self.here.id])
        return True

    def on_shelf(self) -> bool:
        """Deal with a captured hold whose item is here; True when there is one."""
        row = self.item.row
        if row.hold_id is None or row.hold_pickup_id is None:
            return False
        pickup = self.network.libraries[row.hold_pickup_id]
        if pickup.id == self.here.id:
            self._shelve(row.hold_id, write=row.hold_state != "shelf")
        else:
            self.writes.append(writes.REDIRECT(row.hold_id))
            self._send(pickup, "hold", row.hold_id)
        return True

    def in_trouble(self) -> bool:
        """Heed the item's condition; True when staff must deal with it and nothing more may be captured."""
        if self.item.row.condition in {"missing", "lost"}:
            self.writes.append(writes.FOUND(self.item.row.id))
            self.detail = "found"
            return False
        if self.item.row.condition == "good":
            return False
        self.alert = Alert.OTHER
        self.remarks.append(Reason.WITHDRAWN if self.item.row.condition == "withdrawn" else Reason.IN_PROCESS)
        return True

    def capture(self, waiting: list[WaitingRow]) -> bool:
        """Give the item to the first hold that waits for it; True when there is one (domain.md 2.8, FIFO)."""
        day = self.today.isoformat()
        if self.item.row.temporary or not self.item.home.offers("holds-supply", day):
            return False
        for hold in waiting:
            pickup = self.network.libraries[hold.pickup_id]
            if pickup.kind != "external" and not pickup.offers("holds-pickup", day):
                continue
            self._divert()
            if pickup.id == self.here.id:
                self._shelve(hold.id, write=False)
                self.writes.append(writes.CAPTURE(hold.id, "shelf", self.item.row.id, self.until))
            else:
                self.writes.append(writes.CAPTURE(hold.id, "transit", self.item.row.id, None))
                self._send(pickup, "hold", hold.id)
            return True
        return False

    def go_home(self) -> None:
        """Send the item to its shelf, unless it stands there or is on its way already."""
        row, home = self.item.row, self.item.home
        if row.transit_id is not None and row.transit_to_id != self.here.id and row.loan_id is None:
            self._head(None, self.network.libraries[row.transit_to_id or home.id])
        elif home.id != self.here.id:
            self._send(home, "return", None)

    def settle(self) -> None:
        """Record that the item was seen here."""
        if self.item.row.current_id != self.here.id:
            self.writes.append(writes.MOVE(self.item.row.id, self.here.id))

    def _divert(self) -> None:
        row = self.item.row
        if row.transit_id is not None and row.transit_to_id != self.here.id and row.loan_id is None:
            self.writes.append(writes.RECEIVE(row.transit_id, self.now, "misrouted"))

    def _shelve(self, hold_id: int, *, write: bool) -> None:
        row = self.item.row
        already = row.shelf_until if row.hold_state == "shelf" else None
        self.hold_id, self.until, self.alert = hold_id, already or shelf_until(self.here, self.today), Alert.HOLD_HERE
        if write:
            self.writes.append(writes.SHELVE(hold_id, self.until))

    def _send(self, to: Library, reason: str, hold_id: int | None) -> None:
        self.writes.append(writes.SEND(new_id(), self.item.row.id, self.here.id, to.id, reason, hold_id, self.now))
        self._head(hold_id, to)

    def _head(self, hold_id: int | None, to: Library) -> None:
        self.hold_id, self.destination = hold_id, to
        if hold_id is None:
            self.alert = self.alert or Alert.SEND
        else:
            self.alert = Alert.HOLD_ILL if to.kind == "external" else Alert.HOLD_ELSEWHERE


def decide(request: CheckinRequest, found: CheckinFacts, network: Network, now: int) -> Decision[ReturnAnswer]:
    """Decide a check-in; every item that the network knows is taken in, whatever its state."""
    here = network.libraries[request.origin.library_id]
    item = find_item(network, found.item, here.namespace)
    if isinstance(item, Reason):
        return Decision(ReturnAnswer((item,), request.barcode, alert=Alert.OTHER))
    today = local_day(now, here.zone)
    if not here.offers("circulation", today.isoformat()):
        return Decision(ReturnAnswer((Reason.SERVICE_INACTIVE,), request.barcode, item, alert=Alert.OTHER))
    work = _Work(network, item, here, today, now)
    work.close_loan(request.returned_at)
    settled = (
        work.travelling()
        or work.on_shelf()
        or work.in_trouble()
        or work.capture(waiting_for(found.waiting, item, today.isoformat()))
    )
    if not settled:
        work.go_home()
    work.settle()
    row = item.row
    answer = ReturnAnswer(
        reasons=(),
        barcode=request.barcode,
        item=item,
        was_on_loan=row.loan_id is not None,
        patron_id=row.loan_patron_id,
        alert=work.alert,
        destination=work.destination,
        hold_id=work.hold_id,
        shelf_until=work.until,
        remarks=tuple(work.remarks),
    )
    effect = f"in:{row.id}"
    entries = (Entry("checkin", here.id, row.id, row.loan_id, work.hold_id, work.detail),) if work.writes else ()
    return Decision(answer, tuple(work.writes), entries, effect=effect, repeats="" if answer.was_on_loan else effect)


CHECKIN: Final = UseCase(
    name="checkin",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"item:{request.barcode}",),
    failed=lambda request, code: ReturnAnswer((Reason(code),), request.barcode, alert=Alert.OTHER),
)
