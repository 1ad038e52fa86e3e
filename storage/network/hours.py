"""How long libraries are really open: by ISO week, against the hours that the convention asks for (S-22).

An hour is an hour that passes: in the nights when the clocks change, a span that goes over the change is an hour longer or
shorter. A week in which every planned day is closed stands apart: whether it breaks the commitment is not ours to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from storage import schema
from storage.network.calendars import Calendar

COMMITTED: Final = 4 * 60
"""Minutes a week that a member's library is open at least."""


class Kind(Enum):
    """What a week is, as to the commitment."""

    KEPT = "kept"
    BELOW = "below"
    CLOSED = "closed"
    UNDECLARED = "undeclared"


class WeekHours(NamedTuple):
    """An ISO week as ``2026-W48``: minutes *planned* and really *open*, and why they differ."""

    week: str
    planned: int
    open: int
    kind: Kind
    causes: tuple[str, ...]


def _instant(day: date, clock: str, zone: ZoneInfo) -> float:
    if clock == "24:00":
        day, clock = day + timedelta(days=1), "00:00"
    return datetime.combine(day, time.fromisoformat(clock), zone).timestamp()


def minutes(day: date, spans: Iterable[tuple[str, str]], zone: ZoneInfo) -> int:
    """Return how many minutes pass within *spans* of *day*; those that overlap are counted once."""
    total, reached = 0.0, 0.0
    for opens, closes in sorted(spans):
        start, end = max(reached, _instant(day, opens, zone)), _instant(day, closes, zone)
        total, reached = total + max(0.0, end - start), max(reached, end)
    return int(total // 60)


def weeks(
    calendar: Calendar, zone: ZoneInfo, first: date, last: date, reasons: Mapping[str, str]
) -> Iterator[WeekHours]:
    """Yield the whole ISO weeks that begin from *first* to *last*; *reasons* tells why days are exceptions."""
    monday = first + timedelta(days=-first.weekday() % 7)
    while monday <= last:
        days = [monday + timedelta(days=number) for number in range(7)]
        planned = sum(minutes(day, calendar.planned(day), zone) for day in days)
        opened = sum(minutes(day, calendar.hours(day), zone) for day in days)
        causes = [
            f"{day.isoformat()} {reasons.get(day.isoformat(), '')}".strip()
            for day in days
            if day.isoformat() in calendar.exceptions
        ]
        year, week, _ = monday.isocalendar()
        kind = _kind(calendar, planned, opened)
        yield WeekHours(f"{year}-W{week:02}", planned, opened, kind, tuple(causes) if opened != planned else ())
        monday += timedelta(days=7)


def _kind(calendar: Calendar, planned: int, opened: int) -> Kind:
    if not calendar.openings:
        return Kind.UNDECLARED
    if opened >= COMMITTED:
        return Kind.KEPT
    return Kind.CLOSED if planned and not opened else Kind.BELOW


def reasons_of(connection: Connection, library_id: int) -> dict[str, str]:
    """Return why days are exceptions at a library."""
    exception = schema.calendar_exception.c
    statement = select(exception.day, exception.reason).where(exception.library_id == library_id)
    return dict(connection.execute(statement).all())


# --- referents -----------------------------------------------------------------------------------------------------------


def without_referent(connection: Connection, day: str) -> list[str]:
    """Return the codes of the libraries that are of the network, lend on *day*, and have no referent then (S-19)."""
    referent, service = schema.referent.c, schema.service_activation.c
    library = schema.library.c
    named = select(referent.library_id).where(
        referent.from_on <= day, (referent.to_on.is_(None)) | (referent.to_on > day)
    )
    declared = select(service.library_id)
    active = select(service.library_id).where(
        service.service == "circulation", service.from_on <= day, (service.to_on.is_(None)) | (service.to_on > day)
    )
    return list(
        connection.scalars(
            select(library.code)
            .where(
                library.kind == "library",
                library.id.not_in(named),
                library.id.in_(active) | library.id.not_in(declared),
            )
            .order_by(library.code)
        )
    )
