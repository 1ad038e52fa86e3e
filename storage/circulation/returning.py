"""The work of a check-in, in the order of domain.md 2.3: each step looks at one thing that may hold the item.

Close the loan; mend, receive or sight a transit; look at the shelf; heed the item's condition; then find a hold to
capture; else send the item home. What is found out and to be written gathers in `Returning`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Final

from storage.circulation import writes
from storage.circulation.due import local_day
from storage.circulation.holds import queue, rows, shelf
from storage.circulation.losses import unblocked
from storage.circulation.shuttle.receive import carried, found_again
from storage.circulation.tellings import note_anomaly, tell_reader
from storage.ids import new_id
from storage.network.policies import Context
from storage.refusals import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.circulation.accounts import Item
    from storage.circulation.facts import WaitingRow
    from storage.circulation.holds.shelf import Move
    from storage.network.network import Library, Network
    from storage.statements import Call, Row


class Alert(Enum):
    """Why staff or the sorter must treat a returned item specially. Values are SIP2's alert types (CV)."""

    HOLD_HERE = "01"
    HOLD_ELSEWHERE = "02"
    HOLD_ILL = "03"
    SEND = "04"
    OTHER = "99"


class Mode(Enum):
    """What else than a plain return a scan may be."""

    RETURN = "return"
    INVENTORY = "inventory"
    """Nothing is captured."""
    IN_HOUSE = "in-house"
    """An item that was not on loan was used here: it is counted."""
    LOCAL = "local"
    """Nothing is sent anywhere: only holds that are fetched here are served."""
    PRIVATE = "private"
    """A hold that is fetched here is captured into a room behind: a second scan puts it on the shelf."""


class TooSoon(Exception):
    """The item was sent here so short a time ago that it cannot have come: the scan is a mistake."""


_FOUND: Final = ("missing", "lost")


@dataclass(slots=True)
class Returning:
    """A check-in under way. *at* is when the item was handed in, *now* when that is told; *waiting* is of `facts.WAITING`."""

    network: Network
    item: Item
    here: Library
    at: int
    now: int
    actor: str
    mode: Mode
    waiting: Sequence[Row]
    writes: list[Call] = field(default_factory=list)
    alert: Alert | None = None
    destination: Library | None = None
    hold_id: int | None = None
    until: str | None = None
    remarks: list[Reason] = field(default_factory=list)
    detail: list[str] = field(default_factory=list)
    because: list[str] = field(default_factory=list)
    under_way: bool = False
    used: bool = False
    captured: bool = False
    trace: list[Call] = field(default_factory=list)

    @property
    def today(self) -> date:
        """The local day of the check-in."""
        return local_day(self.now, self.here.zone)

    @property
    def context(self) -> Context:
        """Where policies on the item alone are looked for."""
        row = self.item.row
        return Context(row.owner_id, self.item.type.path, (), self.here.id, row.location, "")

    def work(self) -> None:
        """Do all steps. Raises `TooSoon`."""
        self.under_way = self.item.row.transit_id is not None
        self.close_loan()
        if not (self.travels() or self.is_put_aside() or self.is_in_trouble() or self.is_captured()):
            self.go_home()
        self.is_seen()

    # --- what held the item --------------------------------------------------------------------------------------------

    def close_loan(self) -> None:
        """Move the open loan to the past; one that was claimed or lost is solved, and staff are told."""
        row = self.item.row
        if row.loan_id is None:
            self.remarks.append(Reason.NOT_ON_LOAN)
            # A kiosk that was off-line may tell later that it had been lent before.
            self.trace.append(writes.SIGHT(row.id, self.here.id, None, self.at, self.actor))
            return
        in_at = max(row.out_at or 0, self.at)
        self.writes += writes.end_loan(row, self.here.id, in_at, local_day(in_at, self.here.zone), "returned")
        if in_at != self.now:
            self.detail.append(f"in={in_at}")
        if row.loan_state != "open":
            claimed = row.loan_state == "claimed"
            self.alert = Alert.OTHER
            self.detail.append(f"stood={row.loan_state}")
            self.remarks.append(Reason.CLAIMED_RETURNED if claimed else Reason.DECLARED_LOST)
            self.note("claim-found" if claimed else "lost-found", row.loan_id)
            assert row.loan_patron_id is not None
            self.writes += unblocked(row.loan_patron_id)

    def travels(self) -> bool:
        """Deal with an open transit; True when the item goes on with it."""
        row = self.item.row
        if row.transit_id is None:
            return False
        if row.loan_id is not None:  # A loan outlives no transit: what the scan shows is true.
            self.end_transit("cancelled")
            return False
        if row.transit_to_id == self.here.id:
            self._heed_guard()
            self.end_transit("received")
            return False
        if row.transit_hold_id is not None and row.transit_hold_id != row.hold_id:  # Whom it was for waits no more.
            self.end_transit("cancelled")
            return False
        if row.hold_id is None or row.hold_pickup_id is None:
            return False
        if row.hold_pickup_id == self.here.id:
            self.end_transit("misrouted")
            return False
        if row.hold_pickup_id != row.transit_to_id:
            self.writes.append(rows.REDIRECT(row.transit_id, row.hold_pickup_id, "hold", row.hold_id))
        self.sight()
        self.head(row.hold_id, self.network.libraries[row.hold_pickup_id])
        return True

    def _heed_guard(self) -> None:
        row = self.item.row
        guard = self.network.policy(self.today.isoformat()).find("transit.guard", self.context)
        if row.current_id != self.here.id and self.now - (row.sent_at or 0) < guard.number:
            self.because.append(guard.rule)
            raise TooSoon

    def end_transit(self, how: str) -> None:
        """Close the open transit."""
        row = self.item.row
        assert row.transit_id is not None
        self.writes.append(writes.RECEIVE(row.transit_id, self.now, how))
        self.writes += carried(row.transit_id, self.here.id, self.now, arrived=how == "received")
        self.detail.append(f"transit={row.transit_id}")
        self.under_way = False

    def sight(self) -> None:
        """Note that an item under way was seen where it was not to be; twice at one place is once."""
        row = self.item.row
        if row.transit_id is None:
            return
        self.writes += carried(row.transit_id, self.here.id, self.now, arrived=False)
        if row.current_id != self.here.id:
            self.writes.append(writes.SIGHT(row.id, self.here.id, row.transit_id, self.now, self.actor))
            self.trace.clear()

    def is_put_aside(self) -> bool:
        """Deal with a captured hold; True when the item stays with it."""
        row, here = self.item.row, self.here
        if row.hold_id is None or row.hold_pickup_id is None or row.hold_patron_id is None:
            return False
        if row.loan_id is not None:  # It was lent all the same: the hold begins to wait again.
            self.writes.append(writes.PUT_BACK(row.hold_id))
            self.note("transit-mended")
            return False
        on_shelf = row.hold_state == "shelf"
        if row.hold_pickup_id == here.id:
            if on_shelf and row.shelf_until is not None and row.shelf_until < self.today.isoformat():
                self._expire(row.hold_id, row.hold_patron_id)
                return False
            if not on_shelf:
                self.detail.append("hold=transit:")
            self.follow(shelf.arrive(self.network, self.item, here, self.now))
        elif on_shelf:
            self.detail.append(f"hold=shelf:{row.shelf_until or ''}")
            self.follow(shelf.send_again(self.network, self.item, here, self.now))
        else:  # On its way, with nothing that carries it.
            pickup = self.network.libraries[row.hold_pickup_id]
            self.note("transit-mended")
            self.send(pickup, "hold", row.hold_id)
        return True

    def _expire(self, hold_id: int, patron_id: int) -> None:
        self.writes += writes.end_hold(hold_id, "not-collected", self.item.row.id, self.today, self.now)
        self.writes.append(
            tell_reader("hold-expired", patron_id, self.now, self.here.id, self.item.row.id, hold_id=hold_id)
        )

    def is_in_trouble(self) -> bool:
        """Heed the item's condition; True when staff must deal with it and nothing more may be captured."""
        row = self.item.row
        if row.condition in _FOUND or (row.condition == "good" and row.misses):
            self.writes.append(writes.FOUND(row.id))
        if row.condition in _FOUND:
            self.writes.append(found_again(row.id, self.actor, self.now))
            self.detail.append(f"found={row.condition}")
            return False
        if row.condition == "good":
            return False
        self.alert = Alert.OTHER
        if row.condition == "withdrawn":
            self.note("withdrawn-seen")
        self.remarks.append(Reason.WITHDRAWN if row.condition == "withdrawn" else Reason.IN_PROCESS)
        return True

    # --- where it goes -------------------------------------------------------------------------------------------------

    def is_captured(self) -> bool:
        """Give the item to the first hold that may have it; True when there is one."""
        hold = self._first()
        if hold is None:
            return False
        row = self.item.row
        if self.under_way:
            self.end_transit("misrouted")
        self.captured = True
        self.detail.append("hold=waiting:")
        if self.mode is Mode.PRIVATE and hold.pickup_id == self.here.id:
            self.writes += [
                rows.CAPTURE_ELSEWHERE(hold.id, row.id, None, self.here.id),
                rows.CAPTURED(hold.id, row.id, self.now),
            ]
            self.send(self.here, "hold", hold.id)
            self.alert, self.destination = Alert.HOLD_HERE, None
        else:
            self.follow(shelf.give(self.network, self.item, hold, self.here, self.now))
        return True

    def _first(self) -> WaitingRow | None:
        if not self.waiting or self.mode is Mode.INVENTORY:
            return None
        found = queue.eligible(self.network, self.item, self.waiting, self.here, self.now)
        if self.mode is Mode.LOCAL:
            found = [hold for hold in found if hold.pickup_id == self.here.id]
        return found[0] if found else None

    def go_home(self) -> None:
        """Send the item to its shelf, unless it stands there, is on its way already, or floats."""
        row, item = self.item.row, self.item
        if self.under_way:
            self.sight()
            self.head(None, self.network.libraries[row.transit_to_id or item.home.id])
            return
        overdue = row.due_back_on is not None and row.due_back_on <= self.today.isoformat()
        home = item.owner if overdue and item.owner.kind == "external" else item.home
        if home.id == self.here.id:
            if self.mode is Mode.IN_HOUSE and row.loan_id is None and row.current_id == self.here.id:
                self.used = True
            return
        if self.mode is Mode.LOCAL or self._floats():
            return
        self.send(home, "deposit" if home is not item.home else "return", None)

    def _floats(self) -> bool:
        if self.here.kind != "library" or self.item.row.temporary:
            return False
        found = self.network.policy(self.today.isoformat()).find("return.float", self.context)
        self.because.append(found.rule)
        return found.value == "yes"

    def is_seen(self) -> None:
        """Record that the item is here."""
        row = self.item.row
        if row.current_id != self.here.id:
            self.writes.append(writes.MOVE(row.id, self.here.id))
            self.detail.append(f"from={row.current_id}")

    # --- outcomes ------------------------------------------------------------------------------------------------------

    def note(self, kind: str, loan_id: int | None = None) -> None:
        """Have staff look at the item."""
        row = self.item.row
        self.writes.append(note_anomaly(kind, self.now, self.here.id, row.id, loan_id, row.hold_id))

    def follow(self, move: Move) -> None:
        """Do as holds say."""
        self.writes += move.calls
        self.until = move.until
        if move.destination is not None:
            self.head(move.hold_id, move.destination)
        else:
            self.hold_id, self.alert = move.hold_id, Alert.HOLD_HERE

    def send(self, to: Library, reason: str, hold_id: int | None) -> None:
        """Put the item on its way."""
        self.writes.append(writes.SEND(new_id(), self.item.row.id, self.here.id, to.id, reason, hold_id, self.now))
        self.head(hold_id, to)

    def head(self, hold_id: int | None, to: Library) -> None:
        """Say where the item is to go."""
        self.hold_id, self.destination = hold_id, to
        if hold_id is None:
            self.alert = self.alert or Alert.SEND
        else:
            self.alert = Alert.HOLD_ILL if to.kind == "external" else Alert.HOLD_ELSEWHERE
