"""The days on which public libraries in France are closed by law."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

_FIXED: Final = (
    (1, 1, "Jour de l'an"), (5, 1, "Fête du Travail"), (5, 8, "Victoire de 1945"), (7, 14, "Fête nationale"),
    (8, 15, "Assomption"), (11, 1, "Toussaint"), (11, 11, "Armistice de 1918"), (12, 25, "Noël"),
)  # fmt: skip
_AFTER_EASTER: Final = ((1, "Lundi de Pâques"), (39, "Ascension"), (50, "Lundi de Pentecôte"))


def easter(year: int) -> date:
    """Return Easter Sunday of a year of the Gregorian calendar, by Meeus's rule."""
    golden, century = year % 19, year // 100
    epact = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    full_moon = epact - epact // 28 * (1 - epact // 28 * (29 // (epact + 1)) * ((21 - golden) // 11))
    sunday = (year + year // 4 + full_moon + 2 - century + century // 4) % 7
    days = full_moon - sunday
    month = 3 + (days + 40) // 44
    return date(year, month, days + 28 - 31 * (month // 4))


def holidays(year: int) -> Iterator[tuple[date, str]]:
    """Yield the public holidays of *year* with their names."""
    for month, day, name in _FIXED:
        yield date(year, month, day), name
    for after, name in _AFTER_EASTER:
        yield easter(year) + timedelta(days=after), name
