"""Small networks with routes, made in memory, for tests of the shuttle's times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from storage.circulation.pins import Pins
from storage.circulation.shuttle.routes import Route, Stop
from storage.network.calendars import Calendar
from storage.network.network import Library, Network

PARIS = ZoneInfo("Europe/Paris")
MONDAY = date(2026, 11, 23)


def instant(text: str) -> int:
    """``2026-11-23 09:00`` in Paris, as seconds since 1970 UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC).timestamp())


def library(
    number: int, kind: str = "library", closed: Sequence[str] = (), **services: Sequence[tuple[str, None]]
) -> Library:
    calendar = Calendar((), dict.fromkeys(closed))
    spans = {name: tuple(given) for name, given in services.items()}
    return Library(number, f"L{number}", f"Library {number}", kind, "", "", "", PARIS, calendar, spans)


def route(
    code: str, stops: Sequence[tuple[int, str, int]], *, hub: int | None = None, days: str = "12345", **more: object
) -> Route:
    weekdays = frozenset(map(int, days))
    made: Route = Route(len(code), code, code, weekdays, tuple(Stop(*stop) for stop in stops), hub, **more)  # type: ignore[arg-type]
    return made


def network(routes: Sequence[Route], libraries: Sequence[Library]) -> Network:
    by_id: Mapping[int, Library] = {each.id: each for each in libraries}
    return Network(0, "Essai", by_id, {}, {}, (), {}, {}, {}, Pins(b""), tuple(routes))
