"""What the shuttle shows: runs, containers, items under way, items lost, and how well promises were kept."""

from __future__ import annotations

from datetime import date
from statistics import mean
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, func, literal_column, select

from storage.circulation.due import local_day
from storage.circulation.shuttle import facts
from storage.circulation.shuttle.eta import eta
from storage.circulation.shuttle.facts import Container, Run
from storage.schema import anomaly, barcode, container, hold, item, manifest_line, past_hold, route, run, transit
from storage.statements import Statement

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Steps


def _printed(item_id: ColumnElement[int]) -> ColumnElement[bool]:
    return and_(barcode.c.item_id == item_id, barcode.c.is_primary == literal_column("1"))


# --- under way -----------------------------------------------------------------------------------------------------------


class UnderWay(NamedTuple):
    """An item under way. *place_id* is where it, or its container, was last seen; *route* and *day* the run it is aboard."""

    barcode: str
    title: str
    from_id: int
    to_id: int
    reason: str
    hold_id: int | None
    sent_at: int
    place_id: int
    container: str | None
    route: str | None
    day: str | None


_UNDER_WAY: Final = Statement(
    "items under way",
    select(
        barcode.c.number,
        item.c.title,
        transit.c.from_id,
        transit.c.to_id,
        transit.c.reason,
        transit.c.hold_id,
        transit.c.sent_at,
        func.coalesce(container.c.place_id, item.c.current_id),
        container.c.code,
        route.c.code,
        run.c.day,
    )
    .select_from(
        transit.join(item, item.c.id == transit.c.item_id)
        .join(barcode, _printed(item.c.id))
        .outerjoin(manifest_line, and_(manifest_line.c.transit_id == transit.c.id, manifest_line.c.outcome.is_(None)))
        .outerjoin(container, container.c.id == manifest_line.c.container_id)
        .outerjoin(run, run.c.id == container.c.run_id)
        .outerjoin(route, route.c.id == run.c.route_id)
    )
    .where(transit.c.received_at.is_(None))
    .order_by(transit.c.sent_at, transit.c.id),
)


def under_way() -> Steps[list[UnderWay]]:
    """Read every item under way, the longest first."""
    (rows,) = yield [_UNDER_WAY()]
    return [UnderWay._make(row) for row in rows]


def expected(network: Network, row: UnderWay, now: int) -> str | None:
    """Return from which day *row* can be had at its destination, as it looks *now*; None when no run brings it."""
    found = eta(network, row.place_id, row.to_id, now)
    return found.day if found is not None else None


# --- lost ----------------------------------------------------------------------------------------------------------------


class Lost(NamedTuple):
    """An item that is missing since it travelled. *detail* tells where and when it was last seen, and in which container."""

    barcode: str
    title: str
    kind: str
    at: int
    library_id: int
    detail: str


_LOST: Final = Statement(
    "items lost in transit",
    select(barcode.c.number, item.c.title, anomaly.c.kind, anomaly.c.at, anomaly.c.library_id, anomaly.c.detail)
    .select_from(anomaly.join(item, item.c.id == anomaly.c.item_id).join(barcode, _printed(item.c.id)))
    .where(
        anomaly.c.kind.in_([literal_column("'lost-in-transit'"), literal_column("'missing'")]),
        anomaly.c.settled_at.is_(None),
        item.c.condition == literal_column("'missing'"),
    )
    .order_by(anomaly.c.at, anomaly.c.id),
)


def lost() -> Steps[list[Lost]]:
    """Read the items that were lost in transit and have not been seen since."""
    (rows,) = yield [_LOST()]
    return [Lost._make(row) for row in rows]


# --- containers and runs -------------------------------------------------------------------------------------------------


class Inside(NamedTuple):
    """An item in a container."""

    barcode: str
    title: str
    to_id: int
    reason: str
    packed_at: int | None


_INSIDE: Final = Statement(
    "items in container",
    select(barcode.c.number, item.c.title, manifest_line.c.to_id, manifest_line.c.reason, manifest_line.c.packed_at)
    .select_from(
        manifest_line.join(container, container.c.id == manifest_line.c.container_id)
        .join(item, item.c.id == manifest_line.c.item_id)
        .join(barcode, _printed(item.c.id))
    )
    .where(container.c.code == bindparam("code"), manifest_line.c.outcome.is_(None))
    .order_by(barcode.c.number),
    "code",
)


def contents(code: str) -> Steps[tuple[Container | None, list[Inside]]]:
    """Read a container and what is noted in it."""
    found, rows = yield [facts.CONTAINER(code), _INSIDE(code)]
    return (Container._make(found[0]) if found else None), [Inside._make(row) for row in rows]


class RunOfDay(NamedTuple):
    """A run of a day: planned by its route, or with a row of its own. *items* counts what it carried or carries."""

    route: str
    name: str
    day: str
    state: str
    driver: str
    left_at: int | None
    ended_at: int | None
    items: int


_RUNS: Final = Statement(
    "runs of days",
    select(
        route.c.code,
        run.c.id,
        run.c.route_id,
        run.c.day,
        run.c.driver,
        run.c.state,
        run.c.left_at,
        run.c.ended_at,
        select(func.count()).where(manifest_line.c.run_id == run.c.id).correlate(run).scalar_subquery(),
    )
    .join_from(run, route)
    .where(run.c.day == bindparam("day")),
    "day",
)


def runs(network: Network, day: str) -> Steps[list[RunOfDay]]:
    """Read the runs of *day* (ISO): those that their routes say, and those about which something was done."""
    (rows,) = yield [_RUNS(day)]
    known: dict[str, tuple[Run, int]] = {code: (Run(*run), items) for code, *run, items in rows}

    found = []
    for each in network.routes:
        if each.code in known:
            row, items = known[each.code]
            found.append(RunOfDay(each.code, each.name, day, row.state, row.driver, row.left_at, row.ended_at, items))
        elif each.runs_on(date.fromisoformat(day)):
            found.append(RunOfDay(each.code, each.name, day, "planned", "", None, None, 0))
    return found


# --- promises ------------------------------------------------------------------------------------------------------------


class Kept(NamedTuple):
    """How promises were kept at a pick-up library: *kept* of *holds* came on the promised day or before.

    *late* is the mean of days between promise and shelf (negative: earlier), *late_90* what nine in ten did not exceed.
    """

    library_id: int
    holds: int
    kept: int
    late: float
    late_90: int


def _promised(table: Any) -> Any:
    return select(table.c.pickup_id, table.c.promised_on, table.c.shelved_at).where(
        table.c.promised_on.is_not(None), table.c.shelved_at >= bindparam("since")
    )


_PROMISES: Final = Statement("promises of past holds", _promised(past_hold), "since")
_PRESENT: Final = Statement(
    "promises of open holds", _promised(hold).where(hold.c.state == literal_column("'shelf'")), "since"
)


def promises(network: Network, since: int) -> Steps[list[Kept]]:
    """Compare what readers were promised with when their items were shelved, from the instant *since* on, by library."""
    rows = yield [_PROMISES(since), _PRESENT(since)]
    errors: dict[int, list[int]] = {}
    for pickup, promised, shelved in (row for part in rows for row in part):
        day = local_day(shelved, network.libraries[pickup].zone)
        errors.setdefault(pickup, []).append((day - date.fromisoformat(promised)).days)
    return [_kept(pickup, sorted(found)) for pickup, found in sorted(errors.items())]


def _kept(pickup: int, errors: list[int]) -> Kept:
    worst = errors[-(-9 * len(errors) // 10) - 1]
    return Kept(pickup, len(errors), sum(error <= 0 for error in errors), round(mean(errors), 2), worst)
