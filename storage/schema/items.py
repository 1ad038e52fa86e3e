"""Items and the barcodes that they bear."""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, text

from storage.schema.columns import count, day, flag, key, one_of, ref, table, words

item = table(
    "item",
    key(),
    ref("record_id", "record", null=True, index=True),
    ref("owner_id", "library"),
    ref("home_id", "library"),
    ref("current_id", "library"),
    ref("item_type_id", "item_type"),
    words("location", default=""),
    words("call_number", default=""),
    words("volume", default=""),
    words("title", default=""),
    words("author", default=""),
    words("condition", default="good"),
    flag("for_loan", default=True),
    flag("temporary"),
    day("added_on"),
    day("due_back_on"),  # a deposit goes back to its lender before this day
    words("source", null=True),
    words("note", null=True),  # of its condition
    words("properties", null=True),  # what terminals store (SIP2 CH)
    count("misses"),  # times that it was asked for and not found on the shelf, since it was last seen
    one_of("condition", "good", "missing", "lost", "damaged", "repair", "in-process", "on-order", "withdrawn"),
)

# Every barcode that an item bears or bore; one is printed on it. Towns' old numbers live in the town's namespace.
barcode = table(
    "barcode",
    words("number"),
    words("namespace"),
    ref("item_id", "item", index=True),
    flag("is_primary", default=True),
    PrimaryKeyConstraint("number", "namespace"),
    rowid=False,
)
_PRIMARY = text("is_primary = 1")
_TEMPORARY = text("temporary = 1")
Index("ix_item_owner_id", item.c.owner_id, item.c.id)
Index("ix_item_call_number", item.c.call_number)
Index("ix_item_temporary", item.c.id, sqlite_where=_TEMPORARY, postgresql_where=_TEMPORARY)
Index("one_primary_barcode", barcode.c.item_id, unique=True, sqlite_where=_PRIMARY, postgresql_where=_PRIMARY)
