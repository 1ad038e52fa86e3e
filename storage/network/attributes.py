"""The attributes that policies set: declared once, with the values that each takes and what applies by default.

The file of a network (`storage.network.declare`) is checked against this table, the reference page is written from it,
and `storage.network.network` puts the defaults under every policy set.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
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


def _numbers(text: str) -> list[int]:
    return [_number(part) for part in text.split()] if text != "none" else []


def _days(text: str) -> list[date]:
    return [date.fromisoformat(part) for part in text.split()] if text != "none" else []


_NUMBERS: Final = Syntax("`none` or numbers with blanks between, as `7 21`", _numbers)
_DAYS: Final = Syntax("`none` or days with blanks between, as `2026-12-18 2027-06-30`", _days)


def _limit(text: str) -> None:
    if text != "none":
        _number(text)


_LIMIT: Final = Syntax("a number or `none`", _limit)


def _fee(text: str) -> None:
    if text != "none" and not re.fullmatch(r"\d{1,4}\.\d\d [A-Z]{3}", text, re.ASCII):
        raise ValueError("not an amount")


_FEE: Final = Syntax("`none` or an amount with its currency, as `1.50 EUR`", _fee)


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
            "loan.site-limit",
            _LIMIT,
            "none",
            "How many open loans that were made at one library a reader may have; with an item type, how many of that"
            " type and the types under it.",
        ),
        Attribute(
            "loan.household-limit",
            _LIMIT,
            "none",
            "How many open loans the readers of one household may have together, in the same way.",
        ),
        Attribute(
            "loan.closed-days",
            _one_of("next", "previous", "keep"),
            "next",
            "What becomes of a due date on which the lending library is closed: it moves to the next or the previous"
            " open day, or stays.",
        ),
        Attribute(
            "loan.max-push",
            _NUMBER,
            "31",
            "By how many days at most a due date moves over closed days; where no open day is that near it stays, and"
            " staff are told.",
        ),
        Attribute(
            "loan.calendar",
            _one_of("lender", "home"),
            "lender",
            "Whose closed days count for due dates: the lending library's or those of the reader's own.",
        ),
        Attribute(
            "loan.all-back-by",
            _DAYS,
            "none",
            "Days by which everything is to be back: no loan passes the first of them that comes after it is made.",
        ),
        Attribute(
            "loan.demand-threshold",
            _NUMBER,
            "0",
            "From how many waiting holds per lendable copy of the title on loans are shorter; 0 for never.",
        ),
        Attribute("loan.demand-period", _PERIOD, "14 days", "How long a loan lasts while so many wait."),
        Attribute(
            "loan.until-expiry",
            _one_of("yes", "no"),
            "no",
            "Whether a loan ends at the latest when the reader's registration does.",
        ),
        Attribute(
            "loan.return-margin",
            _NUMBER,
            "0",
            "How many days before the day by which it is to leave for its lender an item borrowed for one request is due.",
        ),
        Attribute(
            "loan.held",
            _one_of("first", "any-waiter", "present"),
            "first",
            "Who may borrow an item on the shelf that readers wait for: the first of them, any of them, or whoever"
            " has it in hand.",
        ),
        Attribute("loan.lost-days", _NUMBER, "90", "A loan more days late than this is presumed lost; 0 for never."),
        Attribute(
            "overdue.notices",
            _NUMBERS,
            "7 21 35",
            "After how many days late a reader is reminded.",
        ),
        Attribute(
            "return.float",
            _one_of("yes", "no"),
            "no",
            "Whether items stay where they are returned instead of travelling home.",
        ),
        Attribute(
            "transit.guard",
            _NUMBER,
            "0",
            "A scan at its destination fewer seconds than this after an item was sent there is a mistake.",
        ),
        Attribute(
            "transit.lost-after",
            _NUMBER,
            "7",
            "Days after the shuttle should have brought an item from which it is taken for lost in transit.",
        ),
        Attribute("fee.loan", _FEE, "none", "What a loan costs. Nothing does unless the network has decided so."),
        Attribute("recall.days", _NUMBER, "7", "How many days a reader has at least when a loan is recalled."),
        Attribute("renewal.limit", _NUMBER, "1", "How often a loan may be renewed."),
        Attribute("renewal.period", _PERIOD, "28 days", "How long a renewal lasts."),
        Attribute(
            "renewal.when-held",
            _one_of("refuse", "free-copy", "allow"),
            "refuse",
            "Whether a loan is renewed though a hold could be served with the item: never, while another copy is on its"
            " shelf, or always.",
        ),
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
        Attribute("hold.allowed", _one_of("yes", "no"), "yes", "Whether items may be reserved."),
        Attribute("hold.limit", _NUMBER, "10", "How many open holds a reader may have in the whole network."),
        Attribute(
            "hold.available-here",
            _one_of("forbid", "alert", "allow"),
            "alert",
            "Whether a hold is placed though the item stands on the shelf where it would be fetched: not at all, with a"
            " remark that says so, or without.",
        ),
        Attribute(
            "hold.proximity-hours",
            _NUMBER,
            "0",
            "Among holds younger than this, one that is fetched where the item is goes first. At 0 age alone decides.",
        ),
        Attribute("hold.shelf-days", _NUMBER, "8", "How many open days an item waits on the hold shelf."),
        Attribute("hold.shelf-calendar-days", _NUMBER, "0", "How many days it waits at least, closed ones counted."),
        Attribute(
            "hold.age-protection-days",
            _NUMBER,
            "0",
            "An item that came fewer days ago than this serves only holds that are fetched at its home.",
        ),
        Attribute(
            "hold.deposit-days",
            _NUMBER,
            "14",
            "A deposit serves no hold any more when it goes back to its lender in fewer days than this.",
        ),
        Attribute(
            "hold.retarget-days",
            _NUMBER,
            "1",
            "How many open days a library has to find an item on its pull list before another is asked.",
        ),
        Attribute(
            "hold.local-hours",
            _NUMBER,
            "0",
            "For so many hours after it was placed, a hold asks only the library where it is fetched for an item.",
        ),
        Attribute(
            "hold.max-misses",
            _NUMBER,
            "3",
            "How often one library may miss what it is asked for on behalf of a hold before it is asked no more.",
        ),
        Attribute(
            "hold.supplier-weight",
            _NUMBER,
            "100",
            "How readily a library (the owner of the rule) is asked: one with 200 is asked twice as often as one with 100,"
            " one with 0 only when there is no other.",
        ),
    )
}

FEES: Final = frozenset({"fee.loan"})
"""Attributes that cost a reader something. A rule for one needs a decision of the whole network (S-13)."""
BROAD: Final = frozenset({"loan.site-limit", "loan.household-limit"})
"""Attributes that count more than the reader's own loans. A network without rules for them reads nothing for them."""
