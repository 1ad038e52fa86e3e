"""Due dates: calendar arithmetic on days, instants for hourly loans, and the closed-day rule (domain.md 2.4)."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from storage.network.calendars import MAX_PUSH, Calendar

_RECKONED: Final = 1_000
"""How many due dates a calendar remembers: a day has as many as its loans have terms."""
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

    def earlier(self, other: Due) -> Due:
        """Return the earlier of two, this one when they cannot be compared."""
        return other if self.later(other) == self else self


@lru_cache(maxsize=256)
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


@lru_cache(maxsize=256)
def link_expiry(day: date) -> str:
    """Return when the link from what ended on *day* to its reader is cut: the end of the fourth month after (R1, R2)."""
    return (add_months(day.replace(day=1), 5) - timedelta(days=1)).isoformat()


def _add(day: date, number: int, unit: str) -> date:
    if unit == "month":
        return add_months(day, number)
    return day + timedelta(days=number * (7 if unit == "week" else 1))


class Terms(NamedTuple):
    """What a due date follows from, besides the day to count from (domain.md 2.4).

    *closed_days* is ``next`` (move to the next open day), ``previous`` or ``keep``; *max_push* how many days it may move.
    *reduced* is the period while many wait for the title. *caps* are last possible days, whatever the period.
    """

    period: str
    closed_days: str = "next"
    max_push: int = MAX_PUSH
    caps: tuple[str, ...] = ()
    reduced: str = ""


class Reckoned(NamedTuple):
    """A due date, the *cap* that it was brought forward to, and whether it was left on a closed day for want of an open one."""

    due: Due
    cap: str | None = None
    stranded: bool = False


def open_near(opens: Calendar, day: date, step: int, most: int) -> date | None:
    """Return *day* or the first open day at most *most* days after it (before it with *step* -1)."""
    for distance in range(most + 1):
        candidate = day + timedelta(days=distance * step)
        if opens.is_open(candidate):
            return candidate
    return None


def compute(now: int, start: date, terms: Terms, opens: Calendar) -> Reckoned:
    """Return when a loan made at *now* is due, counted from the local day *start*.

    Never before *start*: what a cap would have back earlier is due at once. Hourly loans end at an instant, to which
    neither closed days nor caps apply.
    """
    number, unit = parse_period(terms.period)
    if unit == "hour":
        return Reckoned(Due(None, now + number * 3600))
    known = opens.reckoned.get((start, terms))
    if known is None:
        if len(opens.reckoned) >= _RECKONED:
            opens.reckoned.clear()
        known = opens.reckoned[start, terms] = _reckon(_add(start, number, unit), start, terms, opens)
    return known


def _reckon(day: date, start: date, terms: Terms, opens: Calendar) -> Reckoned:
    if terms.reduced:
        day = min(day, _reduced(start, terms, opens))
    cap = min(terms.caps, default=None)
    last = max(start, date.fromisoformat(cap)) if cap is not None else day
    capped = cap is not None and day > last
    day = last if capped else day
    step = -1 if capped or terms.closed_days == "previous" else 1
    moved = day if terms.closed_days == "keep" and not capped else open_near(opens, day, step, terms.max_push)
    if cap is not None and moved is not None and moved > last:
        capped, day, moved = True, last, open_near(opens, last, -1, terms.max_push)
    stranded = moved is None or moved < start
    found = day if moved is None or stranded else moved
    return Reckoned(Due(found.isoformat()), cap if capped else None, stranded)


def _reduced(start: date, terms: Terms, opens: Calendar) -> date:
    """Return where the reduced period ends: not before the first open day after *start*."""
    number, unit = parse_period(terms.reduced)
    if unit == "hour":
        number, unit = 1, "day"
    tomorrow = start + timedelta(days=1)
    return max(_add(start, number, unit), open_near(opens, tomorrow, 1, terms.max_push) or tomorrow)
