"""Due dates: calendar arithmetic on days, instants for hourly loans, and the closed-day rule (domain.md 2.4)."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from storage.network.calendars import Calendar

_PERIOD: Final = re.compile(r"(\d+) (hour|day|week|month)s?")


class Due(NamedTuple):
    """When a loan ends: a day (the whole day counts) or, for hourly loans, an instant."""

    on: str | None
    at: int | None = None

    def is_past(self, today: str, now: int) -> bool:
        """Tell whether the loan is overdue at *now*, a local *today* (ISO)."""
        return self.on < today if self.on is not None else self.at is not None and self.at < now

    def later(self, other: Due) -> Due:
        """Return the later of two, so that a renewal never shortens; a day counts to its end."""
        if self.at is not None and other.at is not None:
            return max(self, other, key=lambda due: due.at or 0)
        if self.on is not None and other.on is not None:
            return max(self, other, key=lambda due: due.on or "")
        return other


def parse_period(text: str) -> tuple[int, str]:
    """Read ``28 days``, ``4 weeks``, ``1 month``, ``3 hours``. Raises ValueError for anything else."""
    match = _PERIOD.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a period (write '28 days', '4 weeks', '1 month' or '3 hours'): {text!r}")
    return int(match[1]), match[2]


@lru_cache(maxsize=256)
def local_day(now: int, zone: ZoneInfo) -> date:
    """Return the calendar day at *now* (seconds since 1970 UTC) in *zone*, whatever the server's own zone."""
    return datetime.fromtimestamp(now, tz=UTC).astimezone(zone).date()


def add_months(day: date, number: int) -> date:
    """Return the same day of the month *number* months later, or the last day of a month that is shorter."""
    years, month = divmod(day.month - 1 + number, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def link_expiry(day: date) -> str:
    """Return when the link from what ended on *day* to its reader is cut: the end of the fourth month after (R1, R2)."""
    return (add_months(day.replace(day=1), 5) - timedelta(days=1)).isoformat()


def _add(day: date, number: int, unit: str) -> date:
    if unit == "month":
        return add_months(day, number)
    return day + timedelta(days=number * (7 if unit == "week" else 1))


def compute(now: int, start: date, period: str, closed_days: str, opens: Calendar, cap: str | None = None) -> Due:
    """Return when a loan made at *now* is due.

    *start* is the local day to count from, *closed_days* one of ``next`` (move to the next open day), ``previous`` and
    ``keep``, *cap* the last possible day (a deposit's return). A closed day that no open day is near is kept.
    """
    number, unit = parse_period(period)
    if unit == "hour":
        return Due(None, now + number * 3600)
    day = _add(start, number, unit)
    last = date.fromisoformat(cap) if cap else None
    if closed_days != "keep" and not opens.is_open(day):
        moved = opens.next_open(day, 1 if closed_days == "next" else -1)
        day = moved if moved is not None and moved >= start else day
    if last is not None and day > last:
        earlier = opens.next_open(last, -1)
        day = max(start, earlier if earlier is not None else last)
    return Due(day.isoformat())
