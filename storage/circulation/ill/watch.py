"""The job that follows what is lent between partners: what scans have shown, and who has been silent for too long.

Desks, kiosks and vans know nothing of partners: what they did to an item is read off the item. So nothing is missed by a daemon that was
away, and nothing told twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from storage.circulation.due import local_day
from storage.circulation.ill import rows
from storage.circulation.ill.events import Found, IllAnswer, IllEvent, arrived
from storage.circulation.ill.machine import RANKS, TIMERS, Event, Role, State
from storage.circulation.ill.rows import IllRow, row_of
from storage.jobs.job import Job, Slice, SliceRequest
from storage.usecase import Decision, Entry, Origin

if TYPE_CHECKING:
    from storage.network.network import Network, Partner
    from storage.statements import Call, Row, Steps

_GIVEN_UP: Final = 4
"""Looks after which an item sent back is taken to have arrived."""


def implied(row: IllRow, partner: Partner) -> Event | None:
    """Tell what the item of *row* shows to have happened, that the request does not know yet; one thing at a time."""
    away = row.transit_id is not None and row.transit_to_id == partner.library_id
    leaving = away and row.loaded_at is not None
    there = row.current_id == partner.library_id
    if row.role is Role.LENDING:
        if RANKS.get(row.state, 99) < RANKS[State.SHIPPED]:
            return Event.SHIPPED if leaving else None
        back = row.loan_id is None and not there and not away and row.item_id is not None
        return Event.HOME if back and row.state in {State.RECEIVED, State.SENT_BACK} else None
    if row.item_id is None:
        return None
    if row.state is State.SHIPPED and (row.loan_id is not None or row.hold_state == "shelf" or not there):
        return Event.RECEIVED
    if row.state is State.RECEIVED and row.loan_id is not None:
        return Event.LENT
    if row.state in {State.RECEIVED, State.LENT} and row.loan_id is None and away and row.hold_state is None:
        return Event.RETURNED
    return Event.SENT_BACK if row.state is State.RETURNED and leaving else None


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
    event = implied(row, partner)
    if event is None and row.check_at is not None and row.check_at <= now:
        if row.state is not State.SENT_BACK or row.role is not Role.BORROWING or row.checks < _GIVEN_UP:
            return _remind(row, network, now)
        event = Event.HOME
    if event is None:
        return None
    happened = IllEvent(event, partner.agency, Origin("job", "ill", row.pickup_id), row.agency, row.number)
    return arrived(happened, row, Found([], [], [], []), network, now)


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
