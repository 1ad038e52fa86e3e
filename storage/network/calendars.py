"""Opening hours and the days on which a library is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

MAX_PUSH: Final = 31
"""How many days a due date may be moved over closed days before it is left where it was (domain.md 2.4 step 4)."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Weekly hours: ISO weekday (1 is Monday), ``HH:MM`` to ``HH:MM``, within an optional span of days."""

    weekday: int
    opens: str
    closes: str
    from_on: str | None = None
    to_on: str | None = None


@dataclass(frozen=True)
class Calendar:
    """When a library is open: weekly hours, and exceptions by day (None: closed). No hours at all: open every day."""

    openings: tuple[Opening, ...] = ()
    exceptions: Mapping[str, tuple[str, str] | None] = field(default_factory=dict)
    _memo: dict[date, bool] = field(default_factory=dict, repr=False, compare=False)
    reckoned: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    """What `storage.circulation.due.compute` has found for it."""

    def is_open(self, day: date) -> bool:
        """Tell whether the library opens at all on *day*."""
        known = self._memo.get(day)
        if known is None:
            known = self._memo[day] = self._look(day)
        return known

    def _look(self, day: date) -> bool:
        text = day.isoformat()
        if text in self.exceptions:
            return self.exceptions[text] is not None
        return not self.openings or bool(self.planned(day))

    def planned(self, day: date) -> list[tuple[str, str]]:
        """Return the hours of *day* as the week and the season have them, whatever the exceptions."""
        text, weekday = day.isoformat(), day.isoweekday()
        return [
            (opening.opens, opening.closes)
            for opening in self.openings
            if opening.weekday == weekday
            and (opening.from_on is None or opening.from_on <= text)
            and (opening.to_on is None or text <= opening.to_on)
        ]

    def hours(self, day: date) -> list[tuple[str, str]]:
        """Return the hours in which the library is really open on *day*; none where hours are not declared at all."""
        text = day.isoformat()
        if text not in self.exceptions:
            return self.planned(day)
        exception = self.exceptions[text]
        return [] if exception is None else [exception]

    def next_open(self, day: date, step: int = 1) -> date | None:
        """Return *day*, or the first open day after it (before it with *step* -1); None when none is near."""
        for distance in range(MAX_PUSH + 1):
            candidate = day + timedelta(days=distance * step)
            if self.is_open(candidate):
                return candidate
        return None
