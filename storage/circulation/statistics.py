"""Counts of loans and holds for reports. None needs to know a reader: what is past is counted without them (I-38)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select, union_all

from storage.schema import item, loan, past_hold, past_loan, patron

KEYS: Final = ("library", "owner", "type", "category", "channel")
"""What loans can be counted by: place of the loan, owner of the item, kind of item, category of reader, channel."""


def _loans(since: int, until: int) -> Select[Any]:
    """Return every loan begun in a period: keys, whether it is over, and its renewals."""
    past = (
        select(
            past_loan.c.library_id.label("library"),
            item.c.owner_id.label("owner"),
            past_loan.c.item_type_id.label("type"),
            past_loan.c.patron_category_id.label("category"),
            past_loan.c.channel.label("channel"),
            past_loan.c.renewals.label("renewals"),
        )
        .join_from(past_loan, item)
        .where(past_loan.c.out_at >= since, past_loan.c.out_at < until)
    )
    present = (
        select(
            loan.c.library_id,
            item.c.owner_id,
            loan.c.item_type_id,
            patron.c.category_id,
            loan.c.channel,
            loan.c.renewals,
        )
        .select_from(loan.join(item).join(patron))
        .where(loan.c.out_at >= since, loan.c.out_at < until)
    )
    rows = union_all(past, present).subquery()
    return select(rows)


def loans(connection: Connection, since: int, until: int, keys: Sequence[str]) -> list[tuple[Any, ...]]:
    """Count loans begun from *since* until before *until* (seconds since 1970 UTC), by *keys* (of `KEYS`).

    Each row is the keys' values (ids; the channel's name), the number of loans and of their renewals.
    """
    counted = _loans(since, until).subquery()
    columns = [counted.c[key] for key in keys]
    statement = select(*columns, func.count(), func.coalesce(func.sum(counted.c.renewals), 0))
    if columns:
        statement = statement.group_by(*columns).order_by(*columns)
    return [tuple(row) for row in connection.execute(statement)]


def holds(connection: Connection, since: int, until: int) -> list[tuple[Any, ...]]:
    """Count holds closed in a period by pick-up library and outcome; with the seconds they waited for the shelf in all.

    Each row is the library's id, the outcome, how many, how many of them came to the shelf, and seconds from request to
    shelf, summed.
    """
    waited = past_hold.c.shelved_at - past_hold.c.requested_at
    statement = (
        select(
            past_hold.c.pickup_id,
            past_hold.c.outcome,
            func.count(),
            func.count(past_hold.c.shelved_at),
            func.coalesce(func.sum(waited), 0),
        )
        .where(past_hold.c.closed_at >= since, past_hold.c.closed_at < until)
        .group_by(past_hold.c.pickup_id, past_hold.c.outcome)
        .order_by(past_hold.c.pickup_id, past_hold.c.outcome)
    )
    return [
        tuple(int(value) if not isinstance(value, str) else value for value in row)
        for row in connection.execute(statement)
    ]
