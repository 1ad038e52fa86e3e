"""Readers and items of the demo network: which there are, where, and what becomes of them.

What is promised is in `server.demo`. Beyond, a number decides: every hundredth item has the same fate, every twentieth
reader the same habits, so a script may rely on them within a release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Any, Final

from protocols.marc.record import Field, Subfield
from server.demo.dice import Dice
from server.demo.french import MEN, SURNAMES, WOMEN
from server.demo.works import Title

ITEMS: Final = 12_000
READERS: Final = 4_000
UNTOUCHED: Final = 999
"""The last item that stands on its shelf for sure, and the last reader without loans or blocks for sure."""
PIN: Final = "1234"

SIZES: Final[Mapping[str, int]] = {
    "LENS": 24, "LIEVIN": 24, "AVION": 17, "BULLY": 12, "HARNES": 12, "MERICOURT": 11, "SALLAUMINES": 10, "WINGLES": 9,
    "BILLY": 8, "VENDIN": 8, "MAZINGARBE": 8, "NOYELLES": 7, "LOOS": 7, "GRENAY": 7, "SAINS": 6, "FOUQUIERES": 6, "LENS2": 6,
    "LIEVIN2": 6, "LOISON": 5, "ANGRES": 5, "LENS3": 5, "ANNAY": 4, "AIXNOULETTE": 4, "VIMY": 4, "MEURCHIN": 4, "HULLUCH": 3,
    "PONTAVENDIN": 3, "ELEU": 3, "SOUCHEZ": 3, "BOUVIGNY": 2, "ESTEVELLES": 2, "GIVENCHY": 2, "ABLAIN": 2, "SERVINS": 1,
    "CARENCY": 1, "VILLERS": 1, "ACHEVILLE": 1, "GOUY": 1, "BENIFONTAINE": 1,
}  # fmt: skip
"""The libraries by size: of every hundred or so items and readers, how many are theirs."""
_PLACES: Final = tuple(code for code, size in SIZES.items() for _ in range(size))


class Fate(Enum):
    """What becomes of an item that no promise keeps on its shelf."""

    SHELF = "stays on its shelf"
    LENT = "is on loan"
    OVERDUE = "is on loan, and late"
    RETURNED = "was on loan, and came back"
    SENT_HOME = "came back elsewhere, and is on its way home"
    SHELVED = "came back, and is set aside for a reader"
    SENT_TO_READER = "came back elsewhere, and is on its way to a reader"
    MISSING = "is missing"
    REPAIR = "is being repaired"
    REFERENCE = "is not lent"


_FATES: Final = {
    **dict.fromkeys(range(22), Fate.LENT),
    22: Fate.OVERDUE,
    23: Fate.OVERDUE,
    **dict.fromkeys(range(24, 29), Fate.RETURNED),
    29: Fate.SENT_HOME,
    30: Fate.SHELVED,
    31: Fate.SENT_TO_READER,
    32: Fate.MISSING,
    33: Fate.REPAIR,
    34: Fate.REFERENCE,
}


class Habit(Enum):
    """What a reader does whom no promise keeps without loans."""

    NONE = "has no loans"
    BORROWS = "has loans"
    LATE = "has loans, and is late"
    WAITS = "has holds"
    EXPIRED = "has a registration that ended"
    LOST_CARD = "lost the card"
    NEW_CARD = "has a new card in place of the old one"
    BLOCKED = "is refused loans by staff"


_HABITS: Final = {
    **dict.fromkeys(range(8), Habit.BORROWS),
    8: Habit.LATE,
    9: Habit.WAITS,
    10: Habit.EXPIRED,
    11: Habit.LOST_CARD,
    12: Habit.NEW_CARD,
    13: Habit.BLOCKED,
}


def barcode(number: int) -> str:
    """Return the barcode of item *number*, counted from 1."""
    return f"I{number:06d}"


def card(number: int) -> str:
    """Return the card of reader *number*, counted from 1."""
    return f"R{number:06d}"


def fate(number: int) -> Fate:
    """Return what becomes of item *number*."""
    return _FATES.get(number % 100, Fate.SHELF) if number > UNTOUCHED else Fate.SHELF


def habit(number: int) -> Habit:
    """Return what reader *number* does."""
    return _HABITS.get(number % 20, Habit.NONE) if number > UNTOUCHED else Habit.NONE


# --- items ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Copy:
    """An item of title *title* (its number in the catalogue, from 0). *kind* is the item type."""

    number: int
    title: int
    kind: str
    library: str
    volume: str


def copies(titles: Sequence[Title], dice: Dice) -> list[Copy]:
    """Return the items of *titles*: `ITEMS` of them, numbered in the order of the titles; the first is at LENS."""
    counts = [len(title.issues) or dice.between(*title.copies) for title in titles]
    books = dice.shuffled([number for number, title in enumerate(titles) if not title.issues])
    turn = 0
    while (missing := ITEMS - sum(counts)) != 0:
        number = books[turn % len(books)]
        counts[number] += 1 if missing > 0 else -(counts[number] > 1)
        turn += 1
    found: list[Copy] = []
    for number, (title, count) in enumerate(zip(titles, counts, strict=True)):
        if title.issues:
            place = dice.pick(_PLACES)
            where = [(place, issue) for issue in title.issues]
        else:
            where = [(place, "") for place in _places(dice, count, [] if found else ["LENS"])]
        for place, volume in where:
            found.append(Copy(len(found) + 1, number, title.kind, place, volume))
    return found


def _places(dice: Dice, count: int, places: list[str]) -> list[str]:
    """Return *count* libraries, no one twice, that begin with *places*."""
    while len(places) < count:
        place = dice.pick(_PLACES)
        if place not in places:
            places.append(place)
    return places


def item_field(title: Title, copy: Copy) -> Field:
    """Return the 995 of *copy*, as the Recommandation has it; $r is the item type."""
    values = {
        "b": copy.library, "e": title.section, "f": barcode(copy.number), "k": title.call_number, "l": copy.volume,
        "r": copy.kind,
    }  # fmt: skip
    return Field("995", "", "  ", [Subfield(code, value) for code, value in values.items() if value])


def conditions(all_copies: Sequence[Copy]) -> Iterator[dict[str, Any]]:
    """Yield what a declaration says of the items that are not as a record's 995 has them."""
    said: dict[Fate, dict[str, Any]] = {
        Fate.MISSING: {"condition": "missing"},
        Fate.REPAIR: {"condition": "repair"},
        Fate.REFERENCE: {"for_loan": False},
    }
    for copy in all_copies:
        if fate(copy.number) in said:
            yield {"barcode": barcode(copy.number), **said[fate(copy.number)]}


# --- readers -------------------------------------------------------------------------------------------------------------


def readers(dice: Dice, today: date, residences: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield what a declaration says of each reader. *residences* are the INSEE codes of the libraries' communes."""
    for number in range(1, READERS + 1):
        home = dice.pick(_PLACES)
        yield {
            **_person(dice, today, collectivity=number > UNTOUCHED and number % 50 == 49),
            "home": home,
            "residence": residences[home],
            "email": f"{card(number).lower()}@example.org",
            "pin": PIN,
            **_standing(dice, number, today),
        }


def _person(dice: Dice, today: date, *, collectivity: bool) -> dict[str, Any]:
    if collectivity:
        teacher = f"{dice.pick(WOMEN)} {dice.pick(SURNAMES)}"
        return {
            "category": "collectivity",
            "surname": f"École {teacher}",
            "forename": f"Classe de {dice.pick(('CP', 'CE1', 'CM2'))}",
        }
    age = dice.between(3, 11) if dice.chance(28) else dice.between(12, 17) if dice.chance(17) else dice.between(18, 88)
    born = today.replace(year=today.year - age, day=1) - timedelta(days=dice.below(28))
    return {
        "category": "child" if age < 12 else "teen" if age < 18 else "adult",
        "surname": dice.pick(SURNAMES),
        "forename": dice.pick((*WOMEN, *MEN)),
        "born_on": born,
    }


def _standing(dice: Dice, number: int, today: date) -> dict[str, Any]:
    """Return a reader's code, registration, cards and blocks."""
    does = habit(number)
    ends = dice.between(-400, -1) if does is Habit.EXPIRED else dice.between(30, 364) if number > UNTOUCHED else 365
    standing: dict[str, Any] = {
        "code": card(number),
        "valid_until": today + timedelta(days=ends),
        "cards": [{"number": card(number)}],
    }
    if does is Habit.LOST_CARD:
        standing["cards"] = [{"number": card(number), "status": "lost"}]
    elif does is Habit.NEW_CARD:
        new = f"R1{number:05d}"
        standing["cards"] = [
            {"number": new},
            {"number": card(number), "status": "replaced", "primary": False, "replaced_by": new},
        ]
    elif does is Habit.BLOCKED:
        standing["blocks"] = [{"kind": "manual", "note": "Document abîmé, à voir avec le lecteur."}]
    return standing
