"""Pull lists: which items a library is asked for, and what becomes of a line (domain.md 2.8).

A line ends when the item is captured (any check-in does), when it is missed, by staff or by its time running out, or when
it is released: taken by a reader, or no more needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import bindparam, func, literal_column, select

from storage.circulation.accounts import Item, make_item
from storage.circulation.due import local_day
from storage.circulation.facts import ITEM_COLUMNS, ITEM_STATE, ItemRow
from storage.circulation.holds import rows
from storage.circulation.holds.queue import item_context
from storage.circulation.holds.shelf import next_open_after
from storage.circulation.status import Status
from storage.circulation.tellings import note_anomaly
from storage.refusals import Reason
from storage.schema import barcode, hold, item, pull
from storage.statements import Statement
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from storage.network.network import Library, Network
    from storage.statements import Call, Row, Steps

MISSES: Final = 2
"""Misses after which an item is no longer on its shelf, as far as anyone knows."""


class Pull(NamedTuple):
    """An open line: *state* and *suspended_until* are the hold's, None when it has ended."""

    id: int
    hold_id: int
    item_id: int
    library_id: int
    asked_at: int
    until_at: int
    state: str | None
    suspended_until: str | None
    pickup_id: int | None


_PULL: Final = (
    pull.c.id, pull.c.hold_id, pull.c.item_id, pull.c.library_id, pull.c.asked_at, pull.c.until_at, hold.c.state,
    hold.c.suspended_until, hold.c.pickup_id,
)  # fmt: skip
_WIDTH: Final = len(_PULL)
_STATE: Final = ITEM_STATE.join(pull, pull.c.item_id == item.c.id).outerjoin(hold, hold.c.id == pull.c.hold_id)
_PRIMARY: Final = barcode.c.is_primary == literal_column("1")
_OPEN: Final = pull.c.outcome.is_(None)
_LINES: Final = select(*_PULL, *ITEM_COLUMNS).select_from(_STATE)
OPEN_PULLS: Final = Statement(
    "open pulls",
    _LINES.where(_OPEN, _PRIMARY, pull.c.id > bindparam("after")).order_by(pull.c.id).limit(bindparam("size")),
    "after", "size",
)  # fmt: skip
PULLS_OF_LIBRARY: Final = Statement(
    "pull list",
    _LINES.where(_OPEN, _PRIMARY, pull.c.library_id == bindparam("library")).order_by(
        item.c.location, item.c.call_number, pull.c.id
    ),
    "library",
)
PULL: Final = Statement("pull", _LINES.where(_OPEN, _PRIMARY, pull.c.id == bindparam("pull")), "pull")
PULL_OF_ITEM: Final = Statement(
    "pull of item",
    select(pull.c.id).join_from(barcode, pull, pull.c.item_id == barcode.c.item_id).where(
        _OPEN, barcode.c.number == bindparam("number", type_=barcode.c.number.type), pull.c.library_id == bindparam("library")
    ),
    "number", "library",
)  # fmt: skip
LOADS: Final = Statement(
    "open pulls by library", select(pull.c.library_id, func.count()).where(_OPEN).group_by(pull.c.library_id)
)


class Line(NamedTuple):
    """A line with its item, as it is now."""

    pull: Pull
    item: Item


def line_of(network: Network, row: Row) -> Line:
    """Make a line of a row that one of the statements above found."""
    return Line(Pull._make(row[:_WIDTH]), make_item(network, ItemRow._make(row[_WIDTH:])))


def stands(line: Line, day: str) -> bool:
    """Tell whether the library is still to look for the item: it is there, and the hold waits for it."""
    waits = line.pull.state == "waiting" and (line.pull.suspended_until or "") <= day
    return waits and line.item.status is Status.AVAILABLE and line.item.current.id == line.pull.library_id


def pull_list(network: Network, library_id: int, now: int) -> Steps[list[Line]]:
    """Read what *library_id* is asked for now, in the order of its shelves."""
    (found,) = yield [PULLS_OF_LIBRARY(library_id)]
    day = local_day(now, network.libraries[library_id].zone).isoformat()
    return [line for line in (line_of(network, row) for row in found) if stands(line, day)]


def deadline(network: Network, item: Item, library: Library, asked_at: int) -> int:
    """Return until when *library* has time to find *item*: the end of its *n*-th open day after it was asked.

    Reckoned with the calendar as it is now, so that a closure that comes up gives more time.
    """
    day = local_day(asked_at, library.zone)
    for _ in range(
        max(network.policy(day.isoformat()).find("hold.retarget-days", item_context(item, library.id)).number, 1)
    ):
        day = next_open_after(library, day)
    return int(datetime.combine(day + timedelta(days=1), time(), tzinfo=library.zone).timestamp())


def missed(line: Line, now: int) -> tuple[Call, ...]:
    """Return what is written for a line whose item was not found; at the second miss the item is to be searched."""
    asked, row = line.pull, line.item.row
    calls = (rows.MISS(asked.id, now), rows.MISSED(row.id))
    if row.misses + 1 < MISSES:
        return calls
    told = note_anomaly("item-to-search", now, library_id=asked.library_id, item_id=row.id, detail=row.barcode)
    return (*calls, rows.SEARCHED(row.id), told)


# --- staff's word --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MissRequest:
    """Staff at *origin*'s library did not find what is asked for: line *pull_id*, or the one for *barcode* there."""

    origin: Origin
    pull_id: int = 0
    barcode: str = ""


@dataclass(frozen=True, slots=True)
class MissAnswer:
    """The answer: *reasons* is empty when it was noted; *to_search*, that it was missed before."""

    reasons: tuple[Reason, ...] = ()
    line: Line | None = None
    to_search: bool = False

    @property
    def ok(self) -> bool:
        """Whether it was noted."""
        return not self.reasons


def gather(request: MissRequest, _network: Network) -> Steps[list[Row]]:
    """Find the line."""
    pull_id = request.pull_id
    if not pull_id:
        (found,) = yield [PULL_OF_ITEM(request.barcode, request.origin.library_id)]
        pull_id = found[0][0] if found else 0
    (lines,) = yield [PULL(pull_id)]
    return list(lines)


def decide(request: MissRequest, found: list[Row], network: Network, now: int) -> Decision[MissAnswer]:
    """Note a miss; the next round of targeting asks another library."""
    if not found:
        return Decision(MissAnswer((Reason.UNKNOWN_PULL,)))
    line = line_of(network, found[0])
    entry = Entry("pull-missed", line.pull.library_id, line.pull.item_id, hold_id=line.pull.hold_id)
    return Decision(MissAnswer((), line, line.item.row.misses + 1 >= MISSES), missed(line, now), (entry,))


MISS_PULL: Final = UseCase(
    name="miss pull",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"pull:{request.pull_id or request.barcode}",),
    failed=lambda _request, code: MissAnswer((Reason(code),)),
)
