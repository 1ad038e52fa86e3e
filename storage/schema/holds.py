"""Holds, open and past, and the pull lists made from them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, PrimaryKeyConstraint, text

from storage.schema.columns import count, day, flag, instant, long_key, loose, one_of, ref, table, words

# Open holds, and they alone. `priority` is a place that staff gave before its turn: greater goes first. A hold is
# *targeted* while a pull of it is open, *suspended* until a day, *hopeless* since one: none of these is a state.
hold = table(
    "hold",
    long_key(),
    ref("patron_id", "patron", index=True),
    ref("record_id", "record", null=True),
    ref("target_item_id", "item", null=True),
    words("volume", default=""),
    ref("pickup_id", "library"),
    words("channel", default=""),
    words("actor", default=""),  # who placed it there: a partner may look after its own
    instant("requested_at"),
    count("priority"),
    day("expires_on"),
    day("suspended_until"),
    words("state", default="waiting"),
    ref("item_id", "item", null=True),
    instant("shelved_at", null=True),
    day("shelf_until"),
    words("shelf_slot", default=""),
    flag("extended"),
    day("promised_on"),
    day("hopeless_on"),
    CheckConstraint("(record_id IS NULL) <> (target_item_id IS NULL)", name="one_target"),
    CheckConstraint("(state = 'waiting') = (item_id IS NULL)", name="captured_item"),
    one_of("state", "waiting", "transit", "shelf"),
)
_CAPTURED = text("state IN ('transit', 'shelf')")
Index("one_captured_hold_per_item", hold.c.item_id, unique=True, sqlite_where=_CAPTURED, postgresql_where=_CAPTURED)
_ON_SHELF = text("state = 'shelf'")
Index("ix_hold_on_shelf", hold.c.id, sqlite_where=_ON_SHELF, postgresql_where=_ON_SHELF)
_NEEDED_BY = text("expires_on IS NOT NULL")
Index("ix_hold_expires_on", hold.c.expires_on, sqlite_where=_NEEDED_BY, postgresql_where=_NEEDED_BY)
Index("one_hold_per_reader_and_title", hold.c.patron_id, hold.c.record_id, hold.c.volume, unique=True)
Index("one_hold_per_reader_and_item", hold.c.patron_id, hold.c.target_item_id, unique=True)
Index("ix_hold_record_id", hold.c.record_id)
Index("ix_hold_target_item_id", hold.c.target_item_id)

past_hold = table(
    "past_hold",
    long_key(),
    loose("record_id"),
    loose("target_item_id"),
    words("volume", default=""),
    loose("pickup_id", null=False),
    loose("patron_category_id", null=False),
    words("channel", default=""),
    instant("requested_at"),
    words("outcome"),
    loose("item_id"),
    instant("shelved_at", null=True),
    words("shelf_slot", default=""),
    day("promised_on"),
    instant("closed_at"),
    one_of("outcome", "honoured", "cancelled", "expired", "not-collected"),
)

_SHELVED = text("shelved_at IS NOT NULL")
Index(
    "ix_past_hold_shelved",
    past_hold.c.pickup_id,
    past_hold.c.closed_at,
    sqlite_where=_SHELVED,
    postgresql_where=_SHELVED,
)

past_hold_reader = table(
    "past_hold_reader",
    day("expires_on", null=False),
    loose("hold_id", null=False, long=True),
    ref("patron_id", "patron"),
    PrimaryKeyConstraint("expires_on", "hold_id"),
    rowid=False,
)

# A line of a pull list: a library is asked for an item on behalf of a hold, until it is found, missed or not needed.
pull = table(
    "pull",
    long_key(),
    loose("hold_id", null=False, long=True),
    ref("item_id", "item"),
    ref("library_id", "library"),
    instant("asked_at"),
    instant("until_at"),
    words("outcome", null=True),
    instant("ended_at", null=True),
    CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended"),
    one_of("outcome", "captured", "missed", "released"),
)
_OPEN_PULL = text("outcome IS NULL")
Index("one_open_pull_per_hold", pull.c.hold_id, unique=True, sqlite_where=_OPEN_PULL, postgresql_where=_OPEN_PULL)
Index("one_open_pull_per_item", pull.c.item_id, unique=True, sqlite_where=_OPEN_PULL, postgresql_where=_OPEN_PULL)
Index("ix_pull_library_id", pull.c.library_id, pull.c.outcome)
Index("ix_pull_hold_id", pull.c.hold_id)
