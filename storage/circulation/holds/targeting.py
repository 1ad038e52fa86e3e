"""Targeting: which library is asked for which item on behalf of which hold; a job, in bounded slices (domain.md 2.8).

A round ends lines that stand no more or have run out, then goes through the titles that are waited for, one after the
other: their holds, first in line first, each ask for the item that costs least. So when a round is over, no available
item that nobody asks for could serve a hold that asks for nothing (I-17), but where a policy says not yet, or no more.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    null,
    select,
    union_all,
)

from storage.circulation import writes
from storage.circulation.due import local_day
from storage.circulation.facts import NO_CAPTURE, WaitingRow
from storage.circulation.holds import pulls, rows
from storage.circulation.holds.place import Candidate, candidates_of
from storage.circulation.holds.pulls import Line, deadline, line_of, missed, stands
from storage.circulation.holds.queue import blocked, hold_context, item_context, permitted, place_in_line
from storage.circulation.shuttle.eta import eta
from storage.circulation.status import Status
from storage.circulation.tellings import note_anomaly
from storage.ids import new_id
from storage.jobs.job import Job, Slice, SliceRequest
from storage.schema import block, hold, item, patron, pull
from storage.statements import Statement
from storage.usecase import Decision, Entry

if TYPE_CHECKING:
    from storage.circulation.accounts import Item
    from storage.network.network import Network
    from storage.network.policies import Context
    from storage.statements import Call, Row, Steps

NO_RUN: Final = 30 * 86400
"""What it costs, in seconds, when no run of the shuttle brings an item where it is fetched."""
PULL_LOAD: Final = 3600
"""What each line that a library has already costs, in seconds, when its weight is 100."""
_SHARE: Final = 10
"""A title costs as much as so many lines of a pull list."""

_WAITS: Final = hold.c.state == literal_column("'waiting'")
TITLES: Final = Statement(
    "titles waited for",
    select(hold.c.record_id, null())
    .distinct()
    .where(_WAITS, hold.c.record_id > bindparam("after"))
    .order_by(hold.c.record_id)
    .limit(bindparam("size")),
    "after", "size",
)  # fmt: skip
ITEMS: Final = Statement(
    "items waited for",
    select(hold.c.target_item_id, item.c.record_id)
    .distinct()
    .join_from(hold, item, hold.c.target_item_id == item.c.id)
    .where(_WAITS, hold.c.target_item_id > bindparam("after"))
    .order_by(hold.c.target_item_id)
    .limit(bindparam("size")),
    "after", "size",
)  # fmt: skip

_ANY: Final = hold.alias("any_hold")
_OF_TITLE: Final = hold.c.id.in_(
    union_all(
        select(_ANY.c.id).where(_ANY.c.record_id == bindparam("title")),
        select(_ANY.c.id)
        .join_from(item, _ANY, _ANY.c.target_item_id == item.c.id)
        .where(item.c.record_id == bindparam("title")),
    )
)
_OF_ITEM: Final = hold.c.target_item_id == bindparam("item")
_HELD: Final = (
    hold.c.id, hold.c.patron_id, hold.c.pickup_id, hold.c.requested_at, hold.c.priority, hold.c.suspended_until,
    hold.c.expires_on, hold.c.target_item_id, hold.c.channel, patron.c.category_id, null().label("added_on"),
    block.c.acts, block.c.from_on, block.c.to_on, hold.c.volume, hold.c.hopeless_on, hold.c.promised_on,
)  # fmt: skip
_EXTRA: Final = 3


def _holds(condition: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    """Select the waiting holds of a title, as `WaitingRow` without the item, and what targeting knows besides."""
    return (
        select(literal_column("0").label("item_id"), *_HELD)
        .select_from(
            hold.join(patron, patron.c.id == hold.c.patron_id).outerjoin(
                block, and_(block.c.patron_id == hold.c.patron_id, NO_CAPTURE)
            )
        )
        .where(_WAITS, condition)
    )


def _misses(condition: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    return (
        select(pull.c.hold_id, pull.c.library_id, func.count())
        .join_from(pull, hold, pull.c.hold_id == hold.c.id)
        .where(_WAITS, condition, pull.c.outcome == literal_column("'missed'"))
        .group_by(pull.c.hold_id, pull.c.library_id)
    )


def _locks(condition: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    return select(hold.c.id).where(condition).order_by(hold.c.id).with_for_update(key_share=True, of=hold)


class _Reads(NamedTuple):
    lock: Statement
    holds: Statement
    candidates: Statement
    misses: Statement


_READS: Final = {
    "title": _Reads(
        Statement("lock holds of title", _locks(_OF_TITLE), "title", rank=3),
        Statement("holds of title", _holds(_OF_TITLE), "title"),
        rows.CANDIDATES_OF_TITLE,
        Statement("misses of title", _misses(_OF_TITLE), "title"),
    ),
    "item": _Reads(
        Statement("lock holds of item", _locks(_OF_ITEM), "item", rank=3),
        Statement("holds of item", _holds(_OF_ITEM), "item"),
        rows.CANDIDATE,
        Statement("misses of item", _misses(_OF_ITEM), "item"),
    ),
}


def _group_of(phase: str, key: int, record_id: int | None) -> tuple[str, int]:
    if phase == "item" and record_id is not None:
        return "title", record_id
    return phase, key


class Group(NamedTuple):
    """Rows of a title (or of an item without one): the holds that wait, the items, and who missed what for whom."""

    holds: list[Row]
    candidates: list[Row]
    misses: list[Row]


class TargetFacts(NamedTuple):
    """What a slice is about: lines of pull lists, or groups; how many lines each library has; where the next begins."""

    lines: list[Row]
    groups: list[Group]
    loads: list[Row]
    cursor: str


def gather(request: SliceRequest, _network: Network) -> Steps[TargetFacts]:
    """Read the next lines, or the next titles with all that is to be known of them."""
    phase, _, last = (request.cursor or "pull:0").partition(":")
    if phase == "pull":
        (lines,) = yield [pulls.OPEN_PULLS(int(last), request.size)]
        more = f"pull:{lines[-1][0]}" if len(lines) == request.size else "title:0"
        return TargetFacts(list(lines), [], [], more)
    size = max(request.size // _SHARE, 1)
    keys, loads = yield [(TITLES if phase == "title" else ITEMS)(int(last), size), pulls.LOADS()]
    more = f"{phase}:{keys[-1][0]}" if len(keys) == size else "item:0" if phase == "title" else ""
    # An item stands in one line with its title; each title once, for a second look would not see what the first asks for.
    wanted = dict.fromkeys([_group_of(phase, *row) for row in keys])
    found = yield [read(key) for kind, key in wanted for read in _READS[kind]]
    groups = [Group(*(list(part) for part in found[at + 1 : at + 4])) for at in range(0, len(found), 4)]
    return TargetFacts([], groups, list(loads), more)


class _Waiting(NamedTuple):
    """A hold that waits, and what targeting knows of it."""

    hold: WaitingRow
    volume: str
    hopeless_on: str | None
    promised_on: str | None


class _Round:
    """A slice under way: what is written, and how many lines each library has by now."""

    def __init__(self, network: Network, now: int, loads: list[Row]) -> None:
        self.network = network
        self.now = now
        self.loads: Counter[int] = Counter(dict(loads))
        self.calls: list[Call] = []
        self.entries: list[Entry] = []

    # --- lines that are there ------------------------------------------------------------------------------------------

    def look_at(self, line: Line) -> None:
        """End a line that stands no more, or whose time has run out."""
        asked = line.pull
        library = self.network.libraries[asked.library_id]
        if not stands(line, local_day(self.now, library.zone).isoformat()):
            self.calls.append(writes.NOT_PULLED(asked.hold_id, "released", self.now))
        elif self.now >= max(asked.until_at, deadline(self.network, line.item, library, asked.asked_at)):
            self.calls += missed(line, self.now)
            self.entries.append(Entry("pull-missed", asked.library_id, asked.item_id, hold_id=asked.hold_id))

    # --- new lines -----------------------------------------------------------------------------------------------------

    def target(self, group: Group) -> None:
        """Ask for items on behalf of the holds of one title."""
        candidates = candidates_of(self.network, group.candidates)
        asked = {candidate.asked_for for candidate in candidates}
        misses = {(hold_id, library): count for hold_id, library, count in group.misses}
        free = [candidate for candidate in candidates if self._is_free(candidate)]
        lines = {candidate.item.row.id: self._line_for(candidate, group) for candidate in candidates}
        for waiting in self._in_order(group):
            if waiting.hold.id in asked:
                continue
            able = [one for one in candidates if waiting.hold.id in lines[one.item.row.id]]
            choice = self._choose([one for one in able if one in free], waiting, misses)
            if choice is not None:
                free.remove(choice)
                self._ask(choice, waiting)
            self._heed_hope(waiting, choice, able, misses)

    def _is_free(self, candidate: Candidate) -> bool:
        available = candidate.item.status is Status.AVAILABLE
        return available and candidate.asked_for is None and candidate.item.row.misses < pulls.MISSES

    def _in_order(self, group: Group) -> list[_Waiting]:
        """Return the holds that may be served today, first in line first."""
        found = {row[1]: _Waiting(WaitingRow._make(row[:-_EXTRA]), *row[-_EXTRA:]) for row in group.holds}
        served = [waiting for waiting in found.values() if self._is_served(waiting.hold, group)]
        return sorted(served, key=lambda waiting: place_in_line(waiting.hold, 0, None))

    def _is_served(self, hold: WaitingRow, group: Group) -> bool:
        day = local_day(self.now, self.network.libraries[hold.pickup_id].zone).isoformat()
        wanted = (hold.suspended_until or "") <= day <= (hold.expires_on or day)
        return wanted and hold.id not in blocked([row[:-_EXTRA] for row in group.holds if row[1] == hold.id], day)

    def _line_for(self, candidate: Candidate, group: Group) -> set[int]:
        """Return the holds that may get this item, as a check-in where it is now would see them."""
        row = candidate.item.row
        fitting = [
            (row.id, *held[1:11], candidate.added_on, *held[12:-_EXTRA])
            for held in group.holds
            if held[8] == row.id or (held[8] is None and held[-_EXTRA] in {"", row.volume})
        ]
        return {hold.id for hold in permitted(self.network, candidate.item, fitting, candidate.item.current, self.now)}

    def _choose(self, free: list[Candidate], waiting: _Waiting, misses: dict[tuple[int, int], int]) -> Candidate | None:
        may = [one for one in free if self._may_ask(one.item, waiting, misses)]
        return min(may, key=lambda one: (self._cost(one.item, waiting.hold), one.item.row.id), default=None)

    def _may_ask(self, item: Item, waiting: _Waiting, misses: dict[tuple[int, int], int]) -> bool:
        """Tell whether the item's library may be asked now: open today, not in vain too often, its turn has come."""
        hold, supplier = waiting.hold, item.current
        day = local_day(self.now, supplier.zone)
        if supplier.id == hold.pickup_id:
            return not self._given_up(item, waiting, misses)
        if not supplier.calendar.is_open(day) or self._given_up(item, waiting, misses):
            return False
        policy = self.network.policy(day.isoformat())
        hours = policy.find("hold.local-hours", self._context(item, hold)).number
        return self.now - hold.requested_at >= hours * 3600

    def _context(self, item: Item, hold: WaitingRow) -> Context:
        return hold_context(self.network, item, hold.category_id, hold.pickup_id, hold.channel)

    def _given_up(self, item: Item, waiting: _Waiting, misses: dict[tuple[int, int], int]) -> bool:
        day = local_day(self.now, item.current.zone).isoformat()
        most = self.network.policy(day).find("hold.max-misses", self._context(item, waiting.hold)).number
        return misses.get((waiting.hold.id, item.current.id), 0) >= most

    def _cost(self, item: Item, hold: WaitingRow) -> float:
        """Return what it costs to have *item* sent, in seconds: until it is there, and the load of who sends it."""
        supplier = item.current
        arrival = eta(self.network, supplier.id, hold.pickup_id, self.now)
        day = local_day(self.now, supplier.zone).isoformat()
        weight = self.network.policy(day).find("hold.supplier-weight", item_context(item, supplier.id)).number
        load = PULL_LOAD * (self.loads[supplier.id] + 1) * 100 / weight if weight else 100 * NO_RUN
        return (arrival.at - self.now if arrival is not None else NO_RUN) + load

    def _ask(self, choice: Candidate, waiting: _Waiting) -> None:
        item, hold = choice.item, waiting.hold
        supplier = item.current
        self.loads[supplier.id] += 1
        until = deadline(self.network, item, supplier, self.now)
        self.calls.append(rows.ASK(new_id(), hold.id, item.row.id, supplier.id, self.now, until))
        self.entries.append(Entry("pull", supplier.id, item.row.id, hold_id=hold.id))
        arrival = eta(self.network, supplier.id, hold.pickup_id, self.now)
        if arrival is not None and arrival.day != waiting.promised_on:
            self.calls.append(rows.PROMISE(hold.id, arrival.day))

    def _heed_hope(
        self,
        waiting: _Waiting,
        choice: Candidate | None,
        able: list[Candidate],
        misses: dict[tuple[int, int], int],
    ) -> None:
        """Tell staff, once, of a hold that no item can serve any more; it may have hope again."""
        hopeful = choice is not None or any(
            one.item.status not in _NOWHERE and not self._given_up(one.item, waiting, misses) for one in able
        )
        hold = waiting.hold
        today = local_day(self.now, self.network.libraries[hold.pickup_id].zone)
        if hopeful == (waiting.hopeless_on is None):
            return
        self.calls.append(rows.HOPELESS(hold.id, None if hopeful else today.isoformat()))
        if not hopeful:
            self.calls.append(note_anomaly("hold-hopeless", self.now, library_id=hold.pickup_id, hold_id=hold.id))


_NOWHERE: Final = frozenset({Status.MISSING, Status.LOST, Status.CLAIMED_RETURNED, Status.WITHDRAWN})


def decide(request: SliceRequest, found: TargetFacts, network: Network, now: int) -> Decision[Slice]:
    """End lines, or make new ones."""
    work = _Round(network, now, found.loads)
    for row in found.lines:
        work.look_at(line_of(network, row))
    for group in found.groups:
        work.target(group)
    return Decision(Slice(len(work.entries), found.cursor), tuple(work.calls), tuple(work.entries))


TARGET_HOLDS: Final = Job(
    "target-holds",
    "Ask libraries for the items that holds wait for",
    gather,
    decide,
    every=600,
    size=50,
)
