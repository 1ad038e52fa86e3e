"""The job that follows what is lent between partners: what scans have shown, and who has been silent for too long.

Desks, kiosks and vans know nothing of partners: what they did to an item is read off the item. So nothing is missed by a daemon that was
away, and nothing told twice.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from storage.circulation.due import local_day
from storage.circulation.ill import rows
from storage.circulation.ill.events import Found, IllAnswer, IllEvent, arrived, leaving
from storage.circulation.ill.machine import ON_LOAN, RANKS, TIMERS, Event, Role, State
from storage.circulation.ill.rows import IllRow, row_of
from storage.jobs.job import Job, Slice, SliceRequest
from storage.usecase import Decision, Entry, Origin

if TYPE_CHECKING:
    from storage.network.network import Network, Partner
    from storage.statements import Call, Row, Steps

_OUT: Final = frozenset({State.RECEIVED, State.LENT, State.RETURNED, State.SENT_BACK})
_GAINED: Final = 7
"""Days by which a loan could still be longer, for the lender to be asked: less is no renewal worth having."""
_GIVEN_UP: Final = 4
"""Looks after which an item sent back is taken to have arrived."""


def implied(row: IllRow, partner: Partner, now: int) -> Event | None:
    """Tell what the item of *row* shows to have happened, that the request does not know yet; one thing at a time."""
    away = row.transit_id is not None and row.transit_to_id == partner.library_id
    there = row.current_id == partner.library_id
    left = leaving(row, partner, now)
    since = (row.sent_at or 0) >= row.since_at  # it set out after the request had come to its state
    if row.role is Role.LENDING:
        lent = row.hold_outcome == "honoured"  # by a partner that checks out what it is sent
        if RANKS.get(row.state, 99) < RANKS[State.SHIPPED]:
            return Event.SHIPPED if left or there or lent else None
        if row.state is State.SHIPPED:
            return Event.RECEIVED if lent else None
        # Taken in here, it may be on its way to the same partner again, for another request.
        again = row.state is State.SENT_BACK and since
        back = row.loan_id is None and not there and (not away or again) and row.item_id is not None
        found = row.state is State.LOST and lent
        return Event.HOME if back and (found or row.state in {State.RECEIVED, State.SENT_BACK}) else None
    if row.item_id is None:
        return None
    if there and row.transit_id is None and row.loan_id is None:  # taken in where it belongs
        return Event.HOME if row.state in _OUT else None
    if row.state is State.LOST and row.loan_id is None and away and since:  # found after all
        return Event.RETURNED
    if row.state is State.SHIPPED and (row.loan_id is not None or row.hold_state == "shelf" or not there):
        return Event.RECEIVED
    if row.state is State.RECEIVED and row.loan_id is not None:
        return Event.LENT
    if row.state in {State.RECEIVED, State.LENT} and row.loan_id is None and away and row.hold_state is None:
        return Event.RETURNED
    if row.state is State.RETURNED and left:
        return Event.SENT_BACK
    return Event.RENEW_ASKED if row.state is State.LENT and _wants_longer(row) else None


def _wants_longer(row: IllRow) -> bool:
    """Tell whether the reader has prolonged the loan and gained nothing, for it ends when the lender wants the item."""
    if row.renewal in {"asked", "pending"} or not row.renewable or row.recalled_on is not None:
        return False
    if row.last_on is None or row.due_on is None or (row.renewals or 0) <= row.prolonged:
        return False
    return (date.fromisoformat(row.last_on) - date.fromisoformat(row.due_on)).days < _GAINED


def gather(request: SliceRequest, _network: Network) -> Steps[list[Row]]:
    """Read the next open requests."""
    (found,) = yield [rows.OPEN_AFTER(int(request.cursor or 0), request.size)]
    return list(found)


def decide(request: SliceRequest, found: list[Row], network: Network, now: int) -> Decision[Slice]:
    """Decide what is to be noted and told of each."""
    written: list[Call] = []
    entries: list[Entry] = []
    partners = {partner.id: partner for partner in network.partners.values()}
    done = 0
    for row in map(row_of, found):
        partner = partners.get(row.partner_id)
        decision = _look(row, partner, network, now) if partner is not None else None
        if decision is not None:
            done += 1
            written += decision.writes
            entries += decision.entries
    last = str(found[-1][0]) if len(found) == request.size else ""
    return Decision(Slice(done, last), tuple(written), tuple(entries))


def _look(row: IllRow, partner: Partner, network: Network, now: int) -> Decision[IllAnswer] | None:
    event = implied(row, partner, now)
    over = _over(row, network, now) if event is None else None
    if over is not None:
        return arrived(_happened(row, partner, **over), row, Found([], [], [], []), network, now)
    if event is None and row.check_at is not None and row.check_at <= now:
        if row.state is not State.SENT_BACK or row.role is not Role.BORROWING or row.checks < _GIVEN_UP:
            return _remind(row, network, now)
        event = Event.HOME
    if event is None:
        return None
    return arrived(_happened(row, partner, event=event), row, Found([], [], [], []), network, now)


def _happened(row: IllRow, partner: Partner, *, event: Event, **more: Any) -> IllEvent:
    origin = Origin("job", "ill", row.pickup_id)
    return IllEvent(event, partner.agency, origin, row.agency, row.number, **more)


def _over(row: IllRow, network: Network, now: int) -> dict[str, Any] | None:
    """Tell what a day that has come does to a request: it is of use no longer, or a town leaves the network with its items."""
    today = local_day(now, network.libraries[row.pickup_id].zone).isoformat()
    borrows = row.role is Role.BORROWING
    leaves = network.exits.get(row.pickup_id if borrows else row.owner_id or 0)
    if RANKS.get(row.state, 99) < RANKS[State.SHIPPED]:
        if borrows and row.needed_by is not None and row.needed_by < today:
            return {"event": Event.CANCELLED, "reason": "needed-by"}
        if leaves is not None and (leaves.gather if borrows else leaves.freeze) <= today:
            return {"event": Event.CANCELLED, "reason": "exit"}
        return None
    if leaves is None or leaves.recall > today or row.state not in ON_LOAN or row.recalled_on is not None:
        return None
    return {"event": Event.RECALLED, "due_on": leaves.gather}


def _remind(row: IllRow, network: Network, now: int) -> Decision[IllAnswer]:
    """Ask the partner how things stand, or have the referent ask."""
    timer = TIMERS[row.role, row.state]
    today = local_day(now, network.libraries[row.pickup_id].zone).isoformat()
    again = rows.LOOKED(row.id, now + timer.again * 86_400, row.checks + 1)
    written = [again]
    entries: tuple[Entry, ...] = ()
    if timer.probes:
        written.append(rows.tell(row, "LookupRequest", now))
    on_time = row.state in {State.LENT, State.RECEIVED} and (row.due_back_on or today) >= today
    if (row.checks or not timer.probes) and not on_time:
        written.append(rows.alert(row, f"ill-{row.role.value}-{row.state.value}", now))
        entries = (Entry("ill-overdue", row.pickup_id, row.item_id, None, row.hold_id, row.state.value),)
    return Decision(IllAnswer(None, row), tuple(written), entries)


WATCH_ILL: Final = Job(
    "watch-ill",
    "Follow inter-library loans",
    gather,
    decide,
    every=60,
    size=50,
)
