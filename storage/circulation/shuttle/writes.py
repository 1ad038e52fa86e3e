"""What the shuttle's acts write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, case, cast, func, insert, literal_column, null, or_, select, update

from storage.schema import anomaly, container, hold, item, manifest_line, run, transit
from storage.statements import Statement

if TYPE_CHECKING:
    from storage.statements import Call


def _insert(table: Any, name: str, *columns: str) -> Statement:
    return Statement(name, insert(table).values({column: bindparam(column) for column in columns}), *columns)


# --- containers ----------------------------------------------------------------------------------------------------------

ADD_CONTAINER: Final = _insert(container, "add container", "code", "kind", "capacity", "place_id")
PLACE_CONTAINER: Final = Statement(
    "place container",
    update(container)
    .where(container.c.id == bindparam("container"), container.c.state == bindparam("before"))
    .values(
        state=bindparam("after"), place_id=bindparam("place"), to_id=bindparam("to"), run_id=bindparam("run")
    ),
    "container", "before", "after", "place", "to", "run",
    guarded=True,
)  # fmt: skip

# --- lines ---------------------------------------------------------------------------------------------------------------

PACK: Final = _insert(
    manifest_line,
    "pack",
    "id", "container_id", "transit_id", "item_id", "from_id", "to_id", "reason", "packed_by", "packed_at",
    "run_id", "loaded_at", "stop_id",
)  # fmt: skip
_OPEN: Final = manifest_line.c.outcome.is_(None)
_IN_CONTAINER: Final = and_(manifest_line.c.container_id == bindparam("container"), _OPEN)
END_LINE: Final = Statement(
    "end line",
    update(manifest_line)
    .where(manifest_line.c.id == bindparam("line"), _OPEN)
    .values(outcome=bindparam("how"), received_at=bindparam("at"), received_id=bindparam("place")),
    "line", "how", "at", "place",
    guarded=True,
)  # fmt: skip
COMPLETE_LINE: Final = Statement(
    "complete line",
    update(manifest_line)
    .where(manifest_line.c.id == bindparam("line"), _OPEN)
    .values(
        outcome=bindparam("how"),
        received_at=bindparam("at"),
        received_id=bindparam("place"),
        unloaded_at=case(
            (
                cast(bindparam("how"), manifest_line.c.outcome.type) == literal_column("'received'"),
                func.coalesce(manifest_line.c.unloaded_at, bindparam("at", type_=manifest_line.c.unloaded_at.type)),
            ),
            else_=manifest_line.c.unloaded_at,
        ),
        inferred=literal_column("1"),
    ),
    "line", "how", "at", "place",
    guarded=True,
)  # fmt: skip
LOAD_LINES: Final = Statement(
    "load lines",
    update(manifest_line)
    .where(_IN_CONTAINER, manifest_line.c.run_id.is_(None))
    .values(run_id=bindparam("run"), loaded_at=bindparam("at"), stop_id=bindparam("stop")),
    "container", "run", "at", "stop",
)  # fmt: skip
UNLOAD_LINES: Final = Statement(
    "unload lines",
    update(manifest_line)
    .where(_IN_CONTAINER, manifest_line.c.unloaded_at.is_(None))
    .values(
        unloaded_at=bindparam("at"),
        inferred=case((manifest_line.c.loaded_at.is_(None), literal_column("1")), else_=manifest_line.c.inferred),
    ),
    "container", "at",
)  # fmt: skip

# --- transits ------------------------------------------------------------------------------------------------------------

_LOSE_TRANSIT: Final = Statement(
    "lose in transit",
    update(transit)
    .where(transit.c.id == bindparam("transit"), transit.c.received_at.is_(None))
    .values(received_at=bindparam("at"), state=literal_column("'lost'")),
    "transit", "at",
    guarded=True,
)  # fmt: skip
_LOSE_ITEM: Final = Statement(
    "item lost in transit",
    update(item).where(item.c.id == bindparam("item")).values(condition=literal_column("'missing'")),
    "item",
)
_LOSE_CAPTURE: Final = Statement(
    "hold loses its item",
    update(hold)
    .where(hold.c.item_id == bindparam("item"), hold.c.state == literal_column("'transit'"))
    .values(state=literal_column("'waiting'"), item_id=null()),
    "item",
)


def lose(item_id: int, transit_id: int, now: int) -> tuple[Call, ...]:
    """Return the writes for an item that its transit has lost: it is missing, and the hold that it served waits again."""
    return _LOSE_ITEM(item_id), _LOSE_TRANSIT(transit_id, now), _LOSE_CAPTURE(item_id)


_TRANSIT: Final = bindparam("transit", type_=transit.c.id.type)
_PLACE: Final = bindparam("place", type_=item.c.current_id.type)
_CARRIER: Final = select(container.c.id).where(container.c.id == manifest_line.c.container_id).correlate(manifest_line)
_COMES_HERE: Final = _CARRIER.where(container.c.to_id == _PLACE).exists()
_STANDS_HERE: Final = _CARRIER.where(container.c.place_id == _PLACE, container.c.run_id.is_(None)).exists()
BACKFILL: Final = Statement(
    "back-fill line",
    insert(manifest_line).from_select(
        ["id", "transit_id", "item_id", "from_id", "to_id", "reason", "inferred"],
        select(
            bindparam("id", type_=manifest_line.c.id.type),
            transit.c.id,
            transit.c.item_id,
            transit.c.from_id,
            transit.c.to_id,
            transit.c.reason,
            literal_column("1"),
        ).where(
            transit.c.id == _TRANSIT,
            ~select(manifest_line.c.id)
            .where(manifest_line.c.transit_id == transit.c.id, _OPEN)
            .exists(),
        ),
    ),
    "id", "transit",
)  # fmt: skip
RECEIVE_LINE: Final = Statement(
    "receive line",
    update(manifest_line)
    .where(manifest_line.c.transit_id == _TRANSIT, _OPEN)
    .values(
        received_at=bindparam("at"),
        received_id=_PLACE,
        outcome=case(
            (or_(manifest_line.c.to_id == _PLACE, _COMES_HERE), literal_column("'received'")),
            (_STANDS_HERE, literal_column("'unpacked'")),
            else_=literal_column("'wrong-stop'"),
        ),
        inferred=case(
            (or_(manifest_line.c.unloaded_at.is_(None), manifest_line.c.loaded_at.is_(None)), literal_column("1")),
            else_=manifest_line.c.inferred,
        ),
        unloaded_at=func.coalesce(
            manifest_line.c.unloaded_at, bindparam("at", type_=manifest_line.c.unloaded_at.type)
        ),
    ),
    "transit", "at", "place",
)  # fmt: skip
STRAY: Final = Statement(
    "anomaly of line at a wrong stop",
    insert(anomaly).from_select(
        ["id", "kind", "at", "library_id", "item_id", "hold_id", "detail"],
        select(
            bindparam("id", type_=anomaly.c.id.type),
            literal_column("'wrong-stop'"),
            bindparam("at", type_=anomaly.c.at.type),
            bindparam("place", type_=anomaly.c.library_id.type),
            manifest_line.c.item_id,
            transit.c.hold_id,
            container.c.code,
        )
        .join_from(manifest_line, container, manifest_line.c.container_id == container.c.id)
        .join(transit, transit.c.id == manifest_line.c.transit_id)
        .where(
            manifest_line.c.transit_id == _TRANSIT, _OPEN, or_(container.c.place_id != _PLACE, container.c.run_id.is_not(None)),
            func.coalesce(container.c.to_id, container.c.place_id) != _PLACE
        ),
    ),
    "id", "at", "place", "transit",
)  # fmt: skip
FOUND_AGAIN: Final = Statement(
    "settle what was lost in transit",
    update(anomaly)
    .where(
        anomaly.c.kind.in_([literal_column("'lost-in-transit'"), literal_column("'missing'")]),
        anomaly.c.item_id == bindparam("item"),
        anomaly.c.settled_at.is_(None),
    )
    .values(settled_at=bindparam("now"), settled_by=bindparam("actor")),
    "item", "now", "actor",
)  # fmt: skip

# --- runs ----------------------------------------------------------------------------------------------------------------

ADD_RUN: Final = _insert(run, "add run", "id", "route_id", "day", "driver", "state")
RUN_STATE: Final = Statement(
    "state of run",
    update(run)
    .where(run.c.id == bindparam("run"), run.c.state == bindparam("before"))
    .values(
        state=bindparam("after"),
        driver=bindparam("driver"),
        left_at=bindparam("left"),
        ended_at=bindparam("ended"),
    ),
    "run", "before", "after", "driver", "left", "ended",
    guarded=True,
)  # fmt: skip
