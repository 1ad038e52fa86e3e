"""Loans, open and past."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, PrimaryKeyConstraint, UniqueConstraint

from storage.schema.columns import Int, Long, count, day, instant, long_key, one_of, ref, table, words

# Open loans, and they alone. Places and kinds are not foreign keys here: they come from the network, which is never
# deleted from, and each check would cost a lookup at every act.
loan = table(
    "loan",
    long_key(),
    ref("item_id", "item"),
    ref("patron_id", "patron", index=True),
    Column("library_id", Int, nullable=False),
    Column("item_type_id", Int, nullable=False),
    words("channel"),
    instant("out_at"),
    day("due_on"),
    instant("due_at", null=True),
    count("renewals"),
    words("state", default="open"),
    day("state_on"),
    day("renewed_on"),
    UniqueConstraint("item_id", name="one_open_loan_per_item"),
    CheckConstraint("(due_on IS NULL) <> (due_at IS NULL)", name="due_day_or_instant"),
    one_of("state", "open", "claimed", "lost"),
)

past_loan = table(
    "past_loan",
    long_key(),
    ref("item_id", "item", index=True),
    Column("library_id", Int, nullable=False),
    Column("item_type_id", Int, nullable=False),
    Column("patron_category_id", Int, nullable=False),
    words("channel"),
    instant("out_at"),
    day("due_on"),
    instant("due_at", null=True),
    count("renewals"),
    words("state"),
    Column("library_in_id", Int, nullable=False),
    instant("in_at"),
    CheckConstraint("in_at >= out_at", name="returned_after_lent"),
)

past_loan_reader = table(
    "past_loan_reader",
    day("expires_on", null=False),
    Column("loan_id", Long, nullable=False),
    ref("patron_id", "patron"),
    PrimaryKeyConstraint("expires_on", "loan_id"),
    rowid=False,
)
