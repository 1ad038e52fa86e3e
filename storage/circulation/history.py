"""What became of an item after some instant: what an act that is told late must be put in order with (domain.md 2.13).

Loans that ended since, and scans that ended none: an item may be back before anyone knows that it was lent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import bindparam, select

from storage.schema import barcode, past_loan, sighting
from storage.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.statements import Call, Row


class Ended(NamedTuple):
    """A loan of an item that ended after some instant."""

    item_id: int
    id: int
    out_at: int
    in_at: int
    due_on: str | None
    due_at: int | None
    renewals: int


HISTORY: Final = Statement(
    "later returns of item",
    select(
        past_loan.c.item_id, past_loan.c.id, past_loan.c.out_at, past_loan.c.in_at, past_loan.c.due_on,
        past_loan.c.due_at, past_loan.c.renewals,
    )
    .join_from(barcode, past_loan, past_loan.c.item_id == barcode.c.item_id)
    .where(barcode.c.number == bindparam("number"), past_loan.c.in_at > bindparam("after")),
    "number", "after",
)  # fmt: skip

SEEN: Final = Statement(
    "later sightings of item",
    select(sighting.c.item_id, sighting.c.at)
    .join_from(barcode, sighting, sighting.c.item_id == barcode.c.item_id)
    .where(barcode.c.number == bindparam("number"), sighting.c.at > bindparam("after")),
    "number", "after",
)  # fmt: skip


def since(number: str, after: int) -> list[Call]:
    """Return the calls that read what became of the item called *number* after an instant: `HISTORY` and `SEEN`."""
    return [HISTORY(number, after), SEEN(number, after)]


def seen_of(rows: Sequence[Row], item_id: int) -> list[int]:
    """Return the instants that `SEEN` found for an item."""
    return [at for item, at in rows if item == item_id]


def ended_of(rows: Sequence[Row], item_id: int) -> list[Ended]:
    """Return what `HISTORY` found for an item."""
    return [Ended._make(row) for row in rows if row[0] == item_id]
