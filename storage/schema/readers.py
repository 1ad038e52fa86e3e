"""Readers, their cards and blocks."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, PrimaryKeyConstraint, text

from storage.schema.columns import count, day, flag, instant, key, one_of, ref, table, words

household = table("household", key(), words("code", unique=True))

patron = table(
    "patron",
    key(),
    words("code", unique=True),
    ref("category_id", "patron_category"),
    ref("home_id", "library"),
    words("surname"),
    words("forename", default=""),
    words("language", default="fr"),
    day("born_on"),
    day("valid_until"),
    words("residence", null=True),  # INSEE code, for statistics alone: no rule may read it (S-02)
    words("address", null=True),
    words("email", null=True),
    words("phone", null=True),
    Column("pin_hash", LargeBinary, nullable=True),
    count("pin_failures"),
    instant("pin_locked_until", null=True),
    ref("household_id", "household", null=True, index=True),
    day("last_seen_on"),
    day("erased_on"),
)

card = table(
    "card",
    words("namespace"),
    words("number"),
    ref("patron_id", "patron", index=True),
    words("status", default="active"),
    flag("is_primary", default=True),
    day("issued_on"),
    words("replaced_by", null=True),
    PrimaryKeyConstraint("number", "namespace"),
    one_of("status", "stock", "active", "lost", "stolen", "replaced", "cancelled"),
    rowid=False,
)
Index(
    "one_active_primary_card",
    card.c.patron_id,
    unique=True,
    sqlite_where=text("status = 'active' AND is_primary = 1"),
    postgresql_where=text("status = 'active' AND is_primary = 1"),
)

# `acts` names what is refused, of: checkout renew hold capture fulfil; blank-separated, '*' for all.
block = table(
    "block",
    key(),
    ref("patron_id", "patron", index=True),
    words("kind"),
    words("acts", default="*"),
    day("from_on"),
    day("to_on"),
    words("note", default=""),
)
