"""The attributes that policies set: declared once, with the values that each takes and what applies by default.

The file of a network (`storage.network.declare`) is checked against this table, the reference page is written from it,
and `storage.network.network` puts the defaults under every policy set.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from storage.circulation.due import parse_period


class Syntax(NamedTuple):
    """A kind of value: what to write, and a check that raises ValueError."""

    text: str
    check: Callable[[str], object]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("not a whole number")
    return int(text)


def _one_of(*values: str) -> Syntax:
    def check(text: str) -> None:
        if text not in values:
            raise ValueError("not one of these")

    return Syntax(" or ".join(f"`{value}`" for value in values), check)


_NUMBER: Final = Syntax("a number", _number)
_PERIOD: Final = Syntax("`28 days`, `4 weeks`, `1 month` or `3 hours`", parse_period)


class Attribute(NamedTuple):
    """One thing that a rule can set. *default* applies where no rule says otherwise (domain.md 3.5)."""

    name: str
    syntax: Syntax
    default: str
    meaning: str

    def check(self, value: str) -> None:
        """Raise ValueError, saying what to write, unless *value* is one that this attribute takes."""
        try:
            self.syntax.check(value)
        except ValueError:
            raise ValueError(f"not a value of {self.name}: write {self.syntax.text}") from None


ATTRIBUTES: Final = {
    attribute.name: attribute
    for attribute in (
        Attribute("loan.allowed", _one_of("yes", "no"), "yes", "Whether items are lent at all."),
        Attribute("loan.period", _PERIOD, "28 days", "How long a loan lasts."),
        Attribute(
            "loan.limit",
            _NUMBER,
            "20",
            "How many open loans a reader may have in the whole network; with an item type, how many of that type and"
            " the types under it.",
        ),
        Attribute(
            "loan.closed-days",
            _one_of("next", "previous", "keep"),
            "next",
            "What becomes of a due date on which the lending library is closed: it moves to the next or the previous"
            " open day, or stays.",
        ),
        Attribute("renewal.limit", _NUMBER, "1", "How often a loan may be renewed."),
        Attribute("renewal.period", _PERIOD, "28 days", "How long a renewal lasts."),
        Attribute(
            "renewal.base",
            _one_of("today", "due"),
            "today",
            "Whether a renewal counts from today or from the due date.",
        ),
        Attribute("renewal.late-days", _NUMBER, "10", "A loan more days late than this is not renewed."),
        Attribute(
            "overdue.block-days",
            _NUMBER,
            "30",
            "A reader with a loan more days late than this may borrow nothing more.",
        ),
    )
}
