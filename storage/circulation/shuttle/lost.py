"""Jobs of the shuttle: what is lost in transit, and manifests completed from transits that ended otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import and_, bindparam, func, select

from storage.circulation.due import local_day
from storage.circulation.shuttle import writes
from storage.circulation.shuttle.eta import eta
from storage.circulation.tellings import note_anomaly
from storage.jobs.job import Job, Slice, SliceRequest
from storage.network.policies import Context
from storage.schema import container, item, manifest_line, run, sighting, transit
from storage.statements import Statement
from storage.usecase import Decision, Entry

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Call, Row, Steps


class Travelling(NamedTuple):
    """An open transit with every trace of it. *place_id* is where its container stood last, None when it is in none."""

    transit_id: int
    item_id: int
    item_type_id: int
    owner_id: int
    location: str
    current_id: int
    from_id: int
    to_id: int
    hold_id: int | None
    sent_at: int
    line_id: int | None
    container: str | None
    place_id: int | None
    packed_at: int | None
    loaded_at: int | None
    unloaded_at: int | None
    ended_at: int | None
    sighted_at: int | None

    @property
    def seen_at(self) -> int:
        """When it, or what it is in, was last seen."""
        traces = (self.sent_at, self.packed_at, self.loaded_at, self.unloaded_at, self.ended_at, self.sighted_at)
        return max(trace for trace in traces if trace is not None)

    @property
    def where(self) -> int:
        """The library where that was."""
        return self.current_id if self.place_id is None else self.place_id


_OPEN_LINE: Final = and_(manifest_line.c.transit_id == transit.c.id, manifest_line.c.outcome.is_(None))
_LAST_SIGHTING: Final = (
    select(func.max(sighting.c.at))
    .where(sighting.c.item_id == transit.c.item_id, sighting.c.transit_id == transit.c.id)
    .correlate(transit)
    .scalar_subquery()
)
_TRAVELLING: Final = Statement(
    "open transits after",
    select(
        transit.c.id,
        item.c.id,
        item.c.item_type_id,
        item.c.owner_id,
        item.c.location,
        item.c.current_id,
        transit.c.from_id,
        transit.c.to_id,
        transit.c.hold_id,
        transit.c.sent_at,
        manifest_line.c.id,
        container.c.code,
        container.c.place_id,
        manifest_line.c.packed_at,
        manifest_line.c.loaded_at,
        manifest_line.c.unloaded_at,
        run.c.ended_at,
        _LAST_SIGHTING,
    )
    .select_from(
        transit.join(item, item.c.id == transit.c.item_id)
        .outerjoin(manifest_line, _OPEN_LINE)
        .outerjoin(container, container.c.id == manifest_line.c.container_id)
        .outerjoin(run, run.c.id == manifest_line.c.run_id)
    )
    .where(transit.c.received_at.is_(None), transit.c.id > bindparam("after"))
    .order_by(transit.c.id)
    .limit(bindparam("size")),
    "after", "size",
)  # fmt: skip


def is_lost(network: Network, row: Travelling, now: int) -> bool:
    """Tell whether *row* should have arrived so long ago that it is taken for lost.

    It is counted from when the runs should have brought it: a shuttle that rests in August loses nothing.
    """
    day = local_day(now, network.libraries[row.to_id].zone).isoformat()
    path = network.item_types[row.item_type_id].path
    context = Context(row.owner_id, path, (), row.from_id, row.location, "")
    allowed = network.policy(day).find("transit.lost-after", context).number * 86400
    if now - row.seen_at <= allowed:
        return False
    arrival = eta(network, row.where, row.to_id, row.seen_at)
    return arrival is None or now - arrival.at > allowed


def _gather(request: SliceRequest, _network: Network) -> Steps[list[Row]]:
    (rows,) = yield [_TRAVELLING(int(request.cursor or -1), request.size)]
    return list(rows)


def _decide(request: SliceRequest, rows: list[Row], network: Network, _now: int) -> Decision[Slice]:
    found = tuple(map(Travelling._make, rows))
    lost = [row for row in found if is_lost(network, row, request.now)]
    calls: list[Call] = []
    entries = []
    for row in lost:
        calls += writes.lose(row.item_id, row.transit_id, request.now)
        if row.line_id is not None:
            calls.append(writes.END_LINE(row.line_id, "missing", request.now, None))
        seen = datetime.fromtimestamp(row.seen_at, tz=UTC).isoformat(timespec="minutes")
        detail = f"{network.libraries[row.where].code} {seen} {row.container or ''}".strip()
        calls.append(
            note_anomaly("lost-in-transit", request.now, row.to_id, row.item_id, hold_id=row.hold_id, detail=detail)
        )
        entries.append(Entry("lost-in-transit", row.where, row.item_id, hold_id=row.hold_id, detail=detail))
    cursor = str(found[-1].transit_id) if len(found) == request.size else ""
    return Decision(Slice(len(lost), cursor), tuple(calls), tuple(entries))


LOSE_IN_TRANSIT: Final = Job(
    "lose-in-transit",
    "Take items for lost that the shuttle should have brought days ago",
    _gather,
    _decide,
    hour=4,
)

# --- lines that outlive their transit ------------------------------------------------------------------------------------

_ENDS: Final = {"received": "received", "lost": "missing", "misrouted": "wrong-stop", "cancelled": "unpacked"}
"""How a transit ended -> how the ride of its item did."""
_LEFT_OPEN: Final = Statement(
    "open lines of closed transits",
    select(manifest_line.c.id, transit.c.state, transit.c.received_at, transit.c.received_id)
    .join_from(manifest_line, transit, transit.c.id == manifest_line.c.transit_id)
    .where(manifest_line.c.outcome.is_(None), transit.c.received_at.is_not(None))
    .order_by(manifest_line.c.id)
    .limit(bindparam("size")),
    "size",
)


def _gather_open(request: SliceRequest, _network: Network) -> Steps[list[Row]]:
    (rows,) = yield [_LEFT_OPEN(request.size)]
    return list(rows)


def _end_open(request: SliceRequest, rows: list[Row], _network: Network, _now: int) -> Decision[Slice]:
    calls = tuple(writes.COMPLETE_LINE(line, _ENDS[state], at, place) for line, state, at, place in rows)
    return Decision(Slice(len(rows), "more" if len(rows) == request.size else ""), calls)


COMPLETE_MANIFESTS: Final = Job(
    "complete-manifests",
    "End the lines of manifests whose items were received by an act that knows no shuttle",
    _gather_open,
    _end_open,
    every=600,
)
