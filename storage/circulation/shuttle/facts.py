"""What the shuttle's acts gather: items under way, containers, runs."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, func, literal_column, select

from storage.schema import barcode, container, item, manifest_line, route, run, transit
from storage.statements import Statement

_NUMBER: Final = bindparam("number", type_=barcode.c.number.type)
_CODE: Final = bindparam("code", type_=container.c.code.type)

# Locks come in this order: item, (patron, hold,) container, run.
LOCK_CONTAINER: Final = Statement(
    "lock container",
    select(container.c.id).where(container.c.code == _CODE).with_for_update(key_share=True),
    "code",
    rank=4,
)
LOCK_ITEMS: Final = Statement(
    "lock items of container",
    select(item.c.id)
    .where(
        item.c.id.in_(
            select(manifest_line.c.item_id)
            .join_from(manifest_line, container, manifest_line.c.container_id == container.c.id)
            .where(container.c.code == _CODE, manifest_line.c.outcome.is_(None))
        )
    )
    .order_by(item.c.id)
    .with_for_update(key_share=True, of=item),
    "code",
    rank=1,
)
LOCK_RUN: Final = Statement(
    "lock run",
    select(route.c.id).where(route.c.code == _CODE).with_for_update(key_share=True),
    "code",
    rank=5,
)
"""Runs are locked through their route: a run may not have a row yet."""


def _open(table: Any) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = table.c.received_at.is_(None) if table is transit else table.c.outcome.is_(None)
    return condition


class Parcel(NamedTuple):
    """An item's open transit, with the container that it is noted in (None when it is in none)."""

    item_id: int
    transit_id: int
    from_id: int
    to_id: int
    reason: str
    hold_id: int | None
    sent_at: int
    state: str
    line_id: int | None
    container_id: int | None
    container: str | None
    container_to_id: int | None
    place_id: int | None
    run_id: int | None


PARCEL: Final = Statement(
    "parcel",
    select(
        transit.c.item_id,
        transit.c.id,
        transit.c.from_id,
        transit.c.to_id,
        transit.c.reason,
        transit.c.hold_id,
        transit.c.sent_at,
        transit.c.state,
        manifest_line.c.id,
        container.c.id,
        container.c.code,
        container.c.to_id,
        container.c.place_id,
        container.c.run_id,
    )
    .select_from(
        barcode.join(transit, and_(transit.c.item_id == barcode.c.item_id, _open(transit)))
        .outerjoin(manifest_line, and_(manifest_line.c.transit_id == transit.c.id, _open(manifest_line)))
        .outerjoin(container, container.c.id == manifest_line.c.container_id)
    )
    .where(barcode.c.number == _NUMBER),
    "number",
)


class Container(NamedTuple):
    """A container with how many items are noted in it."""

    id: int
    code: str
    kind: str
    capacity: int | None
    state: str
    place_id: int
    to_id: int | None
    run_id: int | None
    items: int


_ITEMS: Final = (
    select(func.count())
    .select_from(manifest_line)
    .where(manifest_line.c.container_id == container.c.id, _open(manifest_line))
    .scalar_subquery()
)
_CONTAINER: Final = select(
    container.c.id,
    container.c.code,
    container.c.kind,
    container.c.capacity,
    container.c.state,
    container.c.place_id,
    container.c.to_id,
    container.c.run_id,
    _ITEMS,
)
CONTAINER: Final = Statement("container", _CONTAINER.where(container.c.code == _CODE), "code")
OPEN_HERE: Final = Statement(
    "open containers of a place",
    _CONTAINER.where(
        container.c.place_id == bindparam("place"), container.c.state == literal_column("'open'")
    ).order_by(container.c.code),
    "place",
)
ABOARD: Final = Statement(
    "containers aboard",
    _CONTAINER.join_from(container, run, container.c.run_id == run.c.id)
    .join(route, route.c.id == run.c.route_id)
    .where(route.c.code == _CODE, run.c.day == bindparam("day"))
    .order_by(container.c.code),
    "code",
    "day",
)


class Line(NamedTuple):
    """An open line of a manifest."""

    id: int
    container_id: int | None
    run_id: int | None
    transit_id: int
    item_id: int
    from_id: int
    to_id: int
    reason: str
    packed_by: str
    packed_at: int | None
    unloaded_at: int | None


LINES: Final = Statement(
    "open lines of container",
    select(
        manifest_line.c.id,
        manifest_line.c.container_id,
        manifest_line.c.run_id,
        manifest_line.c.transit_id,
        manifest_line.c.item_id,
        manifest_line.c.from_id,
        manifest_line.c.to_id,
        manifest_line.c.reason,
        manifest_line.c.packed_by,
        manifest_line.c.packed_at,
        manifest_line.c.unloaded_at,
    )
    .join_from(manifest_line, container, manifest_line.c.container_id == container.c.id)
    .where(container.c.code == _CODE, _open(manifest_line))
    .order_by(manifest_line.c.item_id),
    "code",
)


class Run(NamedTuple):
    """A run about which something was done."""

    id: int
    route_id: int
    day: str
    driver: str
    state: str
    left_at: int | None
    ended_at: int | None


RUN: Final = Statement(
    "run",
    select(run.c.id, run.c.route_id, run.c.day, run.c.driver, run.c.state, run.c.left_at, run.c.ended_at)
    .join_from(run, route)
    .where(route.c.code == _CODE, run.c.day == bindparam("day")),
    "code",
    "day",
)


CARRIED: Final = Statement(
    "items of runs under way",
    select(run.c.route_id, run.c.day, func.count())
    .join_from(run, manifest_line, manifest_line.c.run_id == run.c.id)
    .where(
        run.c.state.in_([literal_column("'planned'"), literal_column("'left'")]),
        _open(manifest_line),
        manifest_line.c.unloaded_at.is_(None),
    )
    .group_by(run.c.route_id, run.c.day),
)


class Waiting(NamedTuple):
    """An item that waits at a place to be carried on. *packed* is 1 when it is in a container already."""

    transit_id: int
    to_id: int
    reason: str
    sent_at: int
    packed: int


WAITING_AT: Final = Statement(
    "items that wait for the van",
    select(
        transit.c.id,
        transit.c.to_id,
        transit.c.reason,
        transit.c.sent_at,
        func.count(manifest_line.c.id),
    )
    .select_from(
        transit.join(item, item.c.id == transit.c.item_id)
        .outerjoin(manifest_line, and_(manifest_line.c.transit_id == transit.c.id, _open(manifest_line)))
        .outerjoin(container, container.c.id == manifest_line.c.container_id)
    )
    .where(
        _open(transit),
        transit.c.state == literal_column("'created'"),
        transit.c.to_id != bindparam("place"),
        container.c.run_id.is_(None),
        func.coalesce(container.c.place_id, item.c.current_id) == bindparam("place"),
    )
    .group_by(transit.c.id, transit.c.to_id, transit.c.reason, transit.c.sent_at),
    "place",
)
