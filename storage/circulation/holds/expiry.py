"""The end of what is waited for too long: items that nobody fetches, holds that are needed no longer. A daily job.

The same round lengthens the time of items whose pick-up library has closed meanwhile: it is reckoned anew from the day on
which they came, only ever forward, and their readers are told (domain.md 2.4 step 6, 2.8).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import bindparam, literal_column

from storage.circulation import facts
from storage.circulation.due import local_day
from storage.circulation.holds import rows
from storage.circulation.holds.answers import HoldFacts, Known, captured_item
from storage.circulation.holds.change import ends
from storage.circulation.holds.rows import OpenHold, holds_where
from storage.circulation.holds.shelf import shelf_until
from storage.circulation.pins import PinState
from storage.circulation.tellings import tell_reader
from storage.jobs.job import ZONE, Job, Slice, SliceRequest
from storage.schema import hold
from storage.statements import Statement
from storage.usecase import Decision, Entry

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Call, Row, Steps

ON_SHELVES: Final = Statement(
    "holds on shelves",
    holds_where(hold.c.state == literal_column("'shelf'"), hold.c.id > bindparam("after"))
    .order_by(None)
    .order_by(hold.c.id)
    .limit(bindparam("size")),
    "after", "size",
)  # fmt: skip
_NEEDED: Final = (
    hold.c.state == literal_column("'waiting'"),
    hold.c.expires_on < bindparam("today"),
    hold.c.id > bindparam("after"),
)
NEEDED_NO_LONGER: Final = Statement(
    "holds needed no longer",
    holds_where(*_NEEDED).order_by(None).order_by(hold.c.id).limit(bindparam("size")),
    "today", "after", "size",
)  # fmt: skip


class Shelved(NamedTuple):
    """A hold with rows of its item and of those that wait for it."""

    hold: list[Row]
    item: list[Row]
    waiting: list[Row]


class ExpiryFacts(NamedTuple):
    """What a slice is about: holds on shelves, holds to be needed no longer, and where the next slice begins."""

    shelved: list[Shelved]
    needless: list[OpenHold]
    cursor: str


def gather(request: SliceRequest, _network: Network) -> Steps[ExpiryFacts]:
    """Read the next holds; with those on shelves, under lock, their items and who waits for them."""
    phase, _, last = (request.cursor or "shelf:0").partition(":")
    if phase == "need":
        today = local_day(request.now, ZONE).isoformat()
        (found,) = yield [NEEDED_NO_LONGER(today, int(last), request.size)]
        more = f"need:{found[-1][0]}" if len(found) == request.size else ""
        again = yield [call for row in found for call in (rows.LOCK_HOLD(row[0]), rows.HOLD(row[0]))]
        return ExpiryFacts([], [OpenHold._make(row) for one in again[1::2] for row in one], more)
    (found,) = yield [ON_SHELVES(int(last), request.size)]
    more = f"shelf:{found[-1][0]}" if len(found) == request.size else "need:0"
    seen = [OpenHold._make(row) for row in found]
    locks = [lock(one.barcode) for lock in (facts.LOCK_ITEM, facts.LOCK_HOLDS) for one in seen]
    reads = [call for one in seen for call in (rows.HOLD(one.id), facts.ITEM(one.barcode), facts.WAITING(one.barcode))]
    read = (yield [*locks, *reads])[len(locks) :]
    shelved = [Shelved(*(list(part) for part in read[at : at + 3])) for at in range(0, len(read), 3)]
    return ExpiryFacts(shelved, [], more)


class _Round:
    """A slice under way."""

    def __init__(self, network: Network, now: int) -> None:
        self.network = network
        self.now = now
        self.given: set[int] = set()
        self.calls: list[Call] = []
        self.entries: list[Entry] = []

    def look_at(self, found: Shelved) -> None:
        """End the time of an item on a shelf, or lengthen it by the days on which its library was closed."""
        if not found.hold:
            return
        one = OpenHold._make(found.hold[0])
        item = captured_item(self.network, one, found.item)
        if item is None or one.state != "shelf" or one.shelf_until is None:
            return
        here = self.network.libraries[one.pickup_id]
        owed = one.shelf_until
        if one.shelved_at is not None:
            owed = shelf_until(self.network, item, here, local_day(one.shelved_at, here.zone))
            if one.extended:
                owed = shelf_until(self.network, item, here, date.fromisoformat(owed))
        if owed > one.shelf_until:
            self.calls.append(rows.SHIFT(one.id, owed))
            self._tell("hold-shelf-longer", one, item.row.id, owed)
        elif one.shelf_until < local_day(self.now, here.zone).isoformat():
            # One heir for each item: a hold that was given one in this slice waits no more.
            waiting = [row for row in found.waiting if row[1] not in self.given]
            known = Known(one, None, item, PinState.NOT_GIVEN)
            move, calls = ends(known, "not-collected", HoldFacts(waiting=waiting), self.network, self.now)
            if move.hold_id is not None:
                self.given.add(move.hold_id)
            self.calls += calls
            self._tell("hold-not-collected", one, item.row.id)
            self.entries.append(Entry("hold-not-collected", one.pickup_id, item.row.id, hold_id=one.id))

    def needless(self, one: OpenHold) -> None:
        """End a hold that its reader needs no longer."""
        today = local_day(self.now, self.network.libraries[one.pickup_id].zone).isoformat()
        if one.state != "waiting" or one.expires_on is None or one.expires_on >= today:
            return
        known = Known(one, None, None, PinState.NOT_GIVEN)
        self.calls += ends(known, "expired", HoldFacts(), self.network, self.now)[1]
        self._tell("hold-expired", one, one.target_item_id)
        self.entries.append(Entry("hold-expired", one.pickup_id, one.target_item_id, hold_id=one.id))

    def _tell(self, kind: str, one: OpenHold, item_id: int | None, detail: str = "") -> None:
        self.calls.append(
            tell_reader(
                kind, one.patron_id, self.now, library_id=one.pickup_id, item_id=item_id, hold_id=one.id, detail=detail
            )
        )


def decide(request: SliceRequest, found: ExpiryFacts, network: Network, now: int) -> Decision[Slice]:
    """End what has run out."""
    work = _Round(network, now)
    for shelved in found.shelved:
        work.look_at(shelved)
    for one in found.needless:
        work.needless(one)
    return Decision(Slice(len(work.entries), found.cursor), tuple(work.calls), tuple(work.entries))


EXPIRE_HOLDS: Final = Job(
    "expire-holds",
    "End holds that nobody fetches or needs any longer",
    gather,
    decide,
    hour=2,
    size=50,
)
