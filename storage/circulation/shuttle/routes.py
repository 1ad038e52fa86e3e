"""Routes: where the van comes, on which days, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, select

from storage import schema

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


class Stop(NamedTuple):
    """Where the van comes: *at* is ``HH:MM`` in the library's zone, *handling* the minutes until items are on the shelf."""

    library_id: int
    at: str
    handling: int

    def instant(self, day: date, zone: ZoneInfo) -> int:
        """Return when the van comes on *day*, in seconds since 1970 UTC.

        A time that the clock skips is taken as if it had not, one that it shows twice is the first.
        """
        clock = datetime.fromisoformat(f"{day.isoformat()}T{self.at}").replace(tzinfo=zone)
        return int(clock.astimezone(UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Route:
    """A tour of the van.

    It runs on *weekdays* (1 is Monday) from *from_on* to *to_on*, on *extra* days besides, and not on *cancelled* ones.
    *hub_id* is where items change from one run to another. What is not packed *cut_off* minutes before the van comes
    misses it. *capacity* is in items, None without limit.
    """

    id: int
    code: str
    name: str
    weekdays: frozenset[int]
    stops: tuple[Stop, ...]
    hub_id: int | None = None
    capacity: int | None = None
    cut_off: int = 0
    from_on: str | None = None
    to_on: str | None = None
    extra: frozenset[str] = frozenset()
    cancelled: frozenset[str] = frozenset()

    def runs_on(self, day: date) -> bool:
        """Tell whether the van goes on *day*."""
        text = day.isoformat()
        if text in self.cancelled:
            return False
        if text in self.extra:
            return True
        season = (self.from_on or text) <= text <= (self.to_on or text)
        return season and day.isoweekday() in self.weekdays


def load_routes(connection: Connection) -> tuple[Route, ...]:
    """Read the routes with their stops, and the days on which they do not go as usual."""
    stops: dict[int, list[Stop]] = {}
    for row in connection.execute(select(schema.route_stop).order_by(schema.route_stop.c.position)):
        stops.setdefault(row.route_id, []).append(Stop(row.library_id, row.at, row.handling))
    days: dict[tuple[int, str], set[str]] = {}
    runs = select(schema.run.c.route_id, schema.run.c.day, schema.run.c.state).where(schema.run.c.state != "done")
    for row in connection.execute(runs):
        days.setdefault((row.route_id, "cancelled" if row.state == "cancelled" else "extra"), set()).add(row.day)

    def route(row: Any) -> Route:
        return Route(
            id=row.id,
            code=row.code,
            name=row.name,
            weekdays=frozenset(map(int, row.weekdays.split())),
            stops=tuple(stops.get(row.id, ())),
            hub_id=row.hub_id,
            capacity=row.capacity,
            cut_off=row.cut_off,
            from_on=row.from_on,
            to_on=row.to_on,
            extra=frozenset(days.get((row.id, "extra"), ())),
            cancelled=frozenset(days.get((row.id, "cancelled"), ())),
        )

    return tuple(route(row) for row in connection.execute(select(schema.route).order_by(schema.route.c.code)))
