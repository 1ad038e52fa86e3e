"""What time does to open loans: reminders, presumed losses, and due dates on which a library has closed. A daily job.

Every open loan is looked at once a round, a slice of them at a time, in the order of their ids: what a slice costs does
not depend on how many loans there are, nor on how many of them are late.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import bindparam, func, literal_column, select, update

from storage.circulation.acts import caps_of
from storage.circulation.due import Due, local_day, open_near
from storage.circulation.standing import lose
from storage.circulation.tellings import note_anomaly, tell_reader
from storage.jobs.job import Job, Slice, SliceRequest
from storage.network.policies import Context
from storage.schema import item, loan, notice, patron
from storage.statements import Statement
from storage.usecase import Decision, Entry

if TYPE_CHECKING:
    from storage.network.calendars import Calendar
    from storage.network.network import Library, Network
    from storage.network.policies import PolicySet
    from storage.statements import Call, Steps


class OpenLoan(NamedTuple):
    """An open loan with what policies on it are looked for with."""

    id: int
    item_id: int
    patron_id: int
    library_id: int
    item_type_id: int
    channel: str
    due_on: str | None
    due_at: int | None
    state: str
    owner_id: int
    location: str
    due_back_on: str | None
    temporary: int
    category_id: int
    home_id: int
    valid_until: str | None


_LOANS: Final = select(
    loan.c.id, loan.c.item_id, loan.c.patron_id, loan.c.library_id, loan.c.item_type_id, loan.c.channel,
    loan.c.due_on, loan.c.due_at, loan.c.state, item.c.owner_id, item.c.location, item.c.due_back_on,
    item.c.temporary, patron.c.category_id, patron.c.home_id, patron.c.valid_until,
).select_from(loan.join(item, item.c.id == loan.c.item_id).join(patron, patron.c.id == loan.c.patron_id))  # fmt: skip
NEXT: Final = Statement(
    "open loans after",
    _LOANS.where(loan.c.id > bindparam("after")).order_by(loan.c.id).limit(bindparam("size")),
    "after", "size",
)  # fmt: skip
ONE: Final = Statement("open loan", _LOANS.where(loan.c.id == bindparam("loan")), "loan")
LOCK_ITEM: Final = Statement(
    "lock item of loan",
    select(item.c.id).where(item.c.id == bindparam("item")).with_for_update(key_share=True),
    "item",
    rank=1,
)
REMINDED: Final = Statement(
    "reminders of loan",
    select(func.count()).where(
        notice.c.patron_id == bindparam("patron"),
        notice.c.loan_id == bindparam("loan"),
        notice.c.kind == literal_column("'overdue'"),
        notice.c.at > bindparam("since"),
    ),
    "patron", "loan", "since",
)  # fmt: skip
MOVE_DUE: Final = Statement(
    "move due date",
    update(loan)
    .where(loan.c.id == bindparam("loan"), loan.c.due_on == bindparam("was"))
    .values(due_on=bindparam("on")),
    "loan", "was", "on",
    guarded=True,
)  # fmt: skip
MOVE_DUE_INSTANT: Final = Statement(
    "move due instant",
    update(loan)
    .where(loan.c.id == bindparam("loan"), loan.c.due_at == bindparam("was"))
    .values(due_at=bindparam("at")),
    "loan", "was", "at",
    guarded=True,
)  # fmt: skip


@dataclass(slots=True)
class Late:
    """A loan that is *days* late, *reminded* so many times since, of *reminders* that are due by now."""

    loan: OpenLoan
    days: int
    reminders: int
    reminded: int = 0


@dataclass(slots=True)
class WatchFacts:
    """The loans of a slice, and those of them that are late enough to be told so."""

    loans: list[OpenLoan]
    cursor: str
    late: dict[int, Late] = field(default_factory=dict)


def _due_day(one: OpenLoan, here: Library) -> date:
    if one.due_on is not None:
        return date.fromisoformat(one.due_on)
    return datetime.fromtimestamp(one.due_at or 0, tz=UTC).astimezone(here.zone).date()


def _context(network: Network, one: OpenLoan) -> Context:
    return Context(
        one.owner_id,
        network.item_types[one.item_type_id].path,
        network.categories[one.category_id].path,
        one.library_id,
        one.location,
        one.channel,
    )


def _late(network: Network, one: OpenLoan, now: int) -> Late | None:
    """Return how late a loan is, None when nobody is to be told."""
    here = network.libraries[one.library_id]
    today = local_day(now, here.zone)
    days = (today - _due_day(one, here)).days
    if one.state != "open" or days <= 0:
        return None
    steps = network.policy(today.isoformat()).find("overdue.notices", _context(network, one)).value
    reached = 0 if steps == "none" else sum(int(step) <= days for step in steps.split())
    return Late(one, days, reached)


def gather(request: SliceRequest, network: Network) -> Steps[WatchFacts]:
    """Read the next open loans; lock and read again those that may change, and ask how often late readers were reminded."""
    (rows,) = yield [NEXT(int(request.cursor or 0), request.size)]
    read = [OpenLoan._make(row) for row in rows]
    found = WatchFacts([], str(read[-1].id) if len(read) == request.size else "")
    changing = [one for one in read if _may_change(network, one, request.now)]
    again: dict[int, OpenLoan] = {}
    if changing:
        locks = [LOCK_ITEM(one.item_id) for one in changing]
        known = (yield [*locks, *(ONE(one.id) for one in changing)])[len(locks) :]
        again = {row[0]: OpenLoan._make(row) for one in known for row in one}
    gone = {one.id for one in changing} - again.keys()
    found.loans = [again.get(one.id, one) for one in read if one.id not in gone]
    found.late = {one.id: late for one in found.loans if (late := _late(network, one, request.now)) is not None}
    told = [late for late in found.late.values() if late.reminders]
    if told:
        since = [request.now - (late.days + 1) * 86400 for late in told]
        counts = yield [REMINDED(late.loan.patron_id, late.loan.id, at) for late, at in zip(told, since, strict=True)]
        for late, count in zip(told, counts, strict=True):
            late.reminded = count[0][0]
    return found


def _may_change(network: Network, one: OpenLoan, now: int) -> bool:
    """Tell whether a loan is late enough to be lost, or due on a day that is closed."""
    if one.state != "open":
        return False
    here = network.libraries[one.library_id]
    today, day = local_day(now, here.zone), _due_day(one, here)
    if day < today:
        limit = network.policy(today.isoformat()).find("loan.lost-days", _context(network, one)).number
        return 0 < limit < (today - day).days
    return not _calendar(network, one, today).is_open(day)


def _calendar(network: Network, one: OpenLoan, today: date) -> Calendar:
    """Return whose closed days count for a loan."""
    home = network.policy(today.isoformat()).find("loan.calendar", _context(network, one)).value == "home"
    return network.libraries[one.home_id if home else one.library_id].calendar


def decide(_request: SliceRequest, found: WatchFacts, network: Network, now: int) -> Decision[Slice]:
    """Decide what is to be told, lost or moved."""
    calls: list[Call] = []
    entries: list[Entry] = []
    because: dict[str, None] = {}
    done = 0
    for one in found.loans:
        late = found.late.get(one.id)
        made = _tell(network, late, now, entries, because) if late is not None else _move(network, one, now, entries)
        calls += made
        done += bool(made)
    return Decision(Slice(done, found.cursor), tuple(calls), tuple(entries), tuple(because))


def _tell(network: Network, late: Late, now: int, entries: list[Entry], because: dict[str, None]) -> list[Call]:
    """Remind the reader of a late loan, or presume its item lost."""
    one, here = late.loan, network.libraries[late.loan.library_id]
    today = local_day(now, here.zone).isoformat()
    limit = network.policy(today).find("loan.lost-days", _context(network, one))
    if 0 < limit.number < late.days:
        because[limit.rule] = None
        entries.append(Entry("loan-lost", here.id, one.item_id, one.id, detail=f"presumed late={late.days}"))
        return [
            *lose(one.id, one.patron_id, one.item_id, here.id, today, now),
            note_anomaly("presumed-lost", now, here.id, one.item_id, one.id),
        ]
    if late.reminded < late.reminders:
        return [tell_reader("overdue", one.patron_id, now, here.id, one.item_id, one.id, detail=str(late.days))]
    return []


def _move(network: Network, one: OpenLoan, now: int, entries: list[Entry]) -> list[Call]:
    """Move a due date that falls on a day closed since: forward alone, never past a cap; the reader is told."""
    here = network.libraries[one.library_id]
    today = local_day(now, here.zone)
    policy, context = network.policy(today.isoformat()), _context(network, one)
    opens = _calendar(network, one, today)
    day = _due_day(one, here)
    if one.state != "open" or opens.is_open(day) or policy.find("loan.closed-days", context).value == "keep":
        return []
    moved = open_near(opens, day, 1, policy.find("loan.max-push", context).number)
    if moved is None or not _within(network, one, policy, context, today, day, moved):
        return []
    due = Due(moved.isoformat()) if one.due_at is None else Due(None, one.due_at + (moved - day).days * 86400)
    entries.append(Entry("due-moved", here.id, one.item_id, one.id, detail=f"was={day} due={moved}"))
    write = MOVE_DUE(one.id, one.due_on, due.on) if one.due_at is None else MOVE_DUE_INSTANT(one.id, one.due_at, due.at)
    told = tell_reader("due-changed", one.patron_id, now, here.id, one.item_id, one.id, detail=moved.isoformat())
    return [write, told]


def _within(
    network: Network, one: OpenLoan, policy: PolicySet, context: Context, today: date, day: date, moved: date
) -> bool:
    caps, _rules = caps_of(
        network, policy, context, today, day,
        due_back_on=one.due_back_on, temporary=bool(one.temporary), valid_until=one.valid_until, renewal=True,
    )  # fmt: skip
    return all(moved <= date.fromisoformat(cap) for cap in caps)


WATCH_LOANS: Final = Job(
    "watch-loans",
    "Remind of late loans, presume losses, and move due dates off days closed since",
    gather,
    decide,
    hour=4,
    size=200,
)
