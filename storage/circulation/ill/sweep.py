"""The nightly job that clears away temporary items that nothing is known of any longer.

A temporary item goes with its request. One that a partner made known and never sent, or that was left behind, would stay for ever.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, exists, literal_column, select

from storage.circulation.due import local_day
from storage.circulation.ill import rows
from storage.jobs.job import ZONE, Job, Slice, SliceRequest
from storage.schema import hold, ill_request, item, loan, transit
from storage.statements import Statement
from storage.usecase import Decision, Entry

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Row, Steps

DAYS: Final = 90
"""How long a temporary item is kept of which nothing is seen."""

_LEFT: Final = Statement(
    "temporary items left behind",
    select(item.c.id, item.c.current_id)
    .where(
        item.c.id > bindparam("after"),
        item.c.temporary == literal_column("1"),
        item.c.condition != literal_column("'withdrawn'"),
        item.c.added_on < bindparam("before"),
        ~exists().where(loan.c.item_id == item.c.id),
        ~exists().where(
            hold.c.item_id == item.c.id,
            hold.c.state.in_([literal_column("'transit'"), literal_column("'shelf'")]),  # as its index has it
        ),
        ~exists().where(hold.c.target_item_id == item.c.id),
        ~exists().where(transit.c.item_id == item.c.id, transit.c.received_at.is_(None)),
        ~exists().where(ill_request.c.item_id == item.c.id, ill_request.c.closed_at.is_(None)),
    )
    .order_by(item.c.id)
    .limit(bindparam("size")),
    "after", "before", "size",
)  # fmt: skip


def gather(request: SliceRequest, _network: Network) -> Steps[list[Row]]:
    """Read the next items that nothing holds."""
    before = (local_day(request.now, ZONE) - timedelta(days=DAYS)).isoformat()
    (found,) = yield [_LEFT(int(request.cursor or 0), before, request.size)]
    return list(found)


def decide(request: SliceRequest, found: list[Row], _network: Network, _now: int) -> Decision[Slice]:
    """Retire them."""
    writes = [call for number, _ in found for call in (rows.UNLABEL(number), rows.RETIRE(number))]
    entries = tuple(Entry("ill-item-swept", place, number) for number, place in found)
    last = str(found[-1][0]) if len(found) == request.size else ""
    return Decision(Slice(len(found), last), tuple(writes), entries)


SWEEP_TEMPORARY: Final = Job(
    "sweep-temporary", "Clear away temporary items that nothing holds", gather, decide, hour=4, size=50
)
