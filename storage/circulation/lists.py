"""Lists for staff: open loans that are late, claimed or lost, and items by what is the matter with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import ColumnElement, and_, select

from storage.circulation.due import local_day
from storage.circulation.facts import ITEM_COLUMNS, ITEM_STATE, ItemRow
from storage.schema import barcode, item, loan

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.network.network import Library


class LoanLine(NamedTuple):
    """An open loan, without its reader."""

    loan: int
    barcode: str
    title: str
    library_id: int
    out_at: int
    due_on: str | None
    due_at: int | None
    renewals: int
    state: str
    state_on: str | None


def open_loans(connection: Connection, library: Library, now: int, state: str, most: int) -> list[LoanLine]:
    """Return open loans made at *library*: ``open``, ``claimed``, ``lost``, or ``late`` ones; the longest due first."""
    wanted: ColumnElement[bool] = loan.c.state == state
    if state == "late":
        today = local_day(now, library.zone).isoformat()
        wanted = and_(loan.c.state == "open", (loan.c.due_on < today) | (loan.c.due_at < now))
    statement = (
        select(
            loan.c.id, barcode.c.number, item.c.title, loan.c.library_id, loan.c.out_at, loan.c.due_on, loan.c.due_at,
            loan.c.renewals, loan.c.state, loan.c.state_on,
        )
        .select_from(
            loan.join(item, item.c.id == loan.c.item_id).join(
                barcode, and_(barcode.c.item_id == item.c.id, barcode.c.is_primary == 1)
            )
        )
        .where(loan.c.library_id == library.id, wanted)
        .order_by(loan.c.due_on, loan.c.due_at, loan.c.id)
        .limit(most)
    )  # fmt: skip
    return [LoanLine._make(tuple(row)) for row in connection.execute(statement)]


def find_items(
    connection: Connection,
    *,
    words: str = "",
    condition: str = "",
    owner_id: int | None = None,
    current_id: int | None = None,
    most: int = 50,
) -> list[ItemRow]:
    """Return items by words of their title or author, their condition, owner and place; a thorough look, for staff."""
    conditions = [barcode.c.is_primary == 1]
    for word in words.split():
        pattern = f"%{word.replace('%', '').replace('_', '')}%"
        conditions.append(item.c.title.ilike(pattern) | item.c.author.ilike(pattern))
    if condition:
        conditions.append(item.c.condition == condition)
    if owner_id is not None:
        conditions.append(item.c.owner_id == owner_id)
    if current_id is not None:
        conditions.append(item.c.current_id == current_id)
    statement = select(*ITEM_COLUMNS).select_from(ITEM_STATE).where(*conditions).order_by(item.c.id).limit(most)
    return [ItemRow._make(tuple(row)) for row in connection.execute(statement)]
