"""How an item's loans ended after some instant: what an act that is told late must be put in order with (domain.md 2.13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import bindparam, select

from storage.schema import barcode, past_loan
from storage.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.statements import Row


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


def ended_of(rows: Sequence[Row], item_id: int) -> list[Ended]:
    """Return what `HISTORY` found for an item."""
    return [Ended._make(row) for row in rows if row[0] == item_id]
