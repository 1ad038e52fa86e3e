"""The tables of the store, in SQLAlchemy Core: the one place where the database's shape is declared.

Rules of this file:

- Instants are integers, seconds since 1970 UTC. Days (a due date, an end of validity) are ISO text ``YYYY-MM-DD``:
  a day has no time zone and must not get one.
- Rows that circulation makes (loans, holds, transits) carry ids from `storage.ids`, so that an act can name what it
  makes before the database has seen it. Rows that people declare (libraries, devices) count from 1.
- An item's status is nowhere: it follows from loan, hold, transit and condition (`storage.circulation.status`).
- What must never happen is forbidden here, by a named constraint, whatever the rules above it do (`GUARDS`).
- A returned loan leaves `loan` for `past_loan`; its reader is in `past_loan_reader` alone, with a date on which the
  link is cut. Nothing else in the store ties a reader to a returned loan.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# STRICT SQLite tables know INTEGER, TEXT, BLOB, REAL and ANY alone.
Int = Integer()
Small = SmallInteger().with_variant(Integer(), "sqlite")
Long = BigInteger().with_variant(Integer(), "sqlite")
Day = Text()
Instant = Long


def _table(name: str, *parts: Any, rowid: bool = True) -> Table:
    # Checks stand on the table, where a migration can name them; a column brings its own in `info`.
    checks = [
        CheckConstraint(part.info["check"], name=part.name)
        for part in parts
        if isinstance(part, Column) and "check" in part.info
    ]
    return Table(name, METADATA, *parts, *checks, sqlite_strict=True, sqlite_with_rowid=rowid)


def _id() -> Column[int]:
    return Column("id", Int, primary_key=True)


def _long_id() -> Column[int]:
    return Column("id", Long, primary_key=True, autoincrement=False)


def _ref(name: str, target: str, *, null: bool = False, long: bool = False, index: bool = False) -> Column[int]:
    return Column(name, Long if long else Int, ForeignKey(f"{target}.id"), nullable=null, index=index)


def _text(name: str, *, null: bool = False, unique: bool = False, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=null, unique=unique, server_default=default)


def _day(name: str, *, null: bool = True) -> Column[str]:
    return Column(name, Day, nullable=null)


def _at(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, Instant, nullable=null)


def _count(name: str, default: int = 0) -> Column[int]:
    return Column(name, Int, nullable=False, server_default=str(default))


def _flag(name: str, *, default: bool = False) -> Column[int]:
    check = {"check": f"{name} IN (0, 1)"}
    return Column(name, Small, nullable=False, server_default=str(int(default)), info=check)


def _one_of(column: str, *values: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)


# --- the network -----------------------------------------------------------------------------------------------------

setting = _table("setting", Column("name", Text, primary_key=True), _text("value"))

commune = _table("commune", _id(), _text("code", unique=True), _text("name"), _text("insee", null=True))

# A convention is a fact in time, never an attribute of a library (S-01, S-28, S-30).
membership = _table(
    "membership",
    _id(),
    _ref("commune_id", "commune"),
    _text("convention", default=""),
    _day("deliberated_on"),
    _day("signed_on"),
    _day("notified_on"),
    _day("ends_on"),
    _day("denounced_on"),
    UniqueConstraint("commune_id", "notified_on"),
)

library = _table(
    "library",
    _id(),
    _text("code", unique=True),
    _text("name"),
    _text("kind", default="library"),
    _ref("commune_id", "commune", null=True),
    _ref("parent_id", "library", null=True),
    _text("isil", null=True, unique=True),
    _text("timezone", default="Europe/Paris"),
    _text("namespace", default=""),
    _one_of("kind", "network", "library", "hub", "vehicle", "external"),
)

service_activation = _table(
    "service_activation",
    _ref("library_id", "library"),
    _text("service"),
    _day("from_on", null=False),
    _day("to_on"),
    PrimaryKeyConstraint("library_id", "service", "from_on"),
    _one_of(
        "service", "catalogue", "circulation", "self-check", "holds-pickup", "holds-supply", "shuttle", "rfid", "portal"
    ),
)

referent = _table(
    "referent",
    _id(),
    _ref("library_id", "library"),
    _text("role"),
    _text("name"),
    _text("contact", default=""),
    _day("from_on", null=False),
    _day("to_on"),
)

opening = _table(
    "opening",
    _ref("library_id", "library"),
    Column("weekday", Small, nullable=False, info={"check": "weekday BETWEEN 1 AND 7"}),
    _text("opens"),
    _text("closes"),
    _day("from_on"),
    _day("to_on"),
    Index("ix_opening_library_id", "library_id"),
)

calendar_exception = _table(
    "calendar_exception",
    _ref("library_id", "library"),
    _day("day", null=False),
    _text("opens", null=True),
    _text("closes", null=True),
    _text("reason", default=""),
    PrimaryKeyConstraint("library_id", "day"),
)

patron_category = _table(
    "patron_category", _id(), _text("code", unique=True), _text("name"), _ref("parent_id", "patron_category", null=True)
)

item_type = _table(
    "item_type",
    _id(),
    _text("code", unique=True),
    _text("name"),
    _ref("parent_id", "item_type", null=True),
    _text("media_type", default="001"),
)

policy_set = _table(
    "policy_set", _id(), _text("code", unique=True), _day("effective_from", null=False), _text("decision", default="")
)

# One row says: for who and what its scope columns name (NULL: any), `attribute` has `value`.
rule = _table(
    "rule",
    _id(),
    _ref("policy_set_id", "policy_set", index=True),
    _text("attribute"),
    _text("value"),
    _ref("patron_category_id", "patron_category", null=True),
    _ref("item_type_id", "item_type", null=True),
    _ref("owner_id", "library", null=True),
    _ref("library_id", "library", null=True),
    _text("location", null=True),
    _text("channel", null=True),
    _flag("locked"),
)

device = _table(
    "device",
    _id(),
    _text("code", unique=True),
    _ref("library_id", "library"),
    _text("protocol", default="sip2"),
    _text("password_hash"),
    _text("profile", default="{}"),
    _flag("enabled", default=True),
    _one_of("protocol", "sip2"),
)

partner = _table(
    "partner",
    _id(),
    _text("agency", unique=True),
    _text("name"),
    _ref("library_id", "library"),
    _text("secret_hash", null=True),
    _text("endpoint", null=True),
    _text("profile", default="{}"),
    _flag("enabled", default=True),
)

# --- readers -----------------------------------------------------------------------------------------------------------

household = _table("household", _id(), _text("code", unique=True))

patron = _table(
    "patron",
    _id(),
    _text("code", unique=True),
    _ref("category_id", "patron_category"),
    _ref("home_id", "library"),
    _text("surname"),
    _text("forename", default=""),
    _text("language", default="fr"),
    _day("born_on"),
    _day("valid_until"),
    _text("residence", null=True),  # INSEE code, for statistics alone: no rule may read it (S-02)
    _text("address", null=True),
    _text("email", null=True),
    _text("phone", null=True),
    Column("pin_hash", LargeBinary, nullable=True),
    _count("pin_failures"),
    _at("pin_locked_until", null=True),
    _ref("household_id", "household", null=True),
)

card = _table(
    "card",
    _text("namespace"),
    _text("number"),
    _ref("patron_id", "patron", index=True),
    _text("status", default="active"),
    _flag("is_primary", default=True),
    _day("issued_on"),
    _text("replaced_by", null=True),
    PrimaryKeyConstraint("number", "namespace"),
    _one_of("status", "stock", "active", "lost", "stolen", "replaced", "cancelled"),
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
block = _table(
    "block",
    _id(),
    _ref("patron_id", "patron", index=True),
    _text("kind"),
    _text("acts", default="*"),
    _day("from_on"),
    _day("to_on"),
    _text("note", default=""),
)

# --- the catalogue -------------------------------------------------------------------------------------------------------

# `id` is dense and never used twice: it is the record's bit in every posting. `iso2709` is UTF-8 NFC in `format`.
record = _table(
    "record",
    _id(),
    _text("format"),
    Column("iso2709", LargeBinary, nullable=False),
    _text("source"),
    _text("control"),
    _text("title"),
    _text("author", default=""),
    _count("version", 1),
    _flag("deleted"),
    _at("created_at"),
    _at("modified_at"),
    UniqueConstraint("source", "control"),
    _one_of("format", "unimarc", "marc21"),
)

database = _table("database", _id(), _text("name", unique=True), _text("title", default=""), _flag("is_default"))

posting = _table(
    "posting",
    Column("access_point", Small, nullable=False),
    Column("term", Text().with_variant(Text(collation="C"), "postgresql"), nullable=False),
    Column("block", Int, nullable=False),
    Column("size", Int, nullable=False),
    Column("bitmap", LargeBinary, nullable=False),
    PrimaryKeyConstraint("access_point", "term", "block"),
    rowid=False,
)

# One row, counted up by every change of records: tells a daemon that its cached bitmaps are old.
catalogue_version = _table(
    "catalogue_version",
    Column("id", Small, primary_key=True, autoincrement=False, info={"check": "id = 1"}),
    Column("version", Long, nullable=False),
)

# --- items and circulation -----------------------------------------------------------------------------------------------

item = _table(
    "item",
    _id(),
    _ref("record_id", "record", null=True, index=True),
    _ref("owner_id", "library"),
    _ref("home_id", "library"),
    _ref("current_id", "library"),
    _ref("item_type_id", "item_type"),
    _text("location", default=""),
    _text("call_number", default=""),
    _text("volume", default=""),
    _text("title", default=""),
    _text("author", default=""),
    _text("condition", default="good"),
    _flag("for_loan", default=True),
    _flag("temporary"),
    _day("added_on"),
    _day("due_back_on"),  # a deposit goes back to its lender before this day
    _text("source", null=True),
    _one_of("condition", "good", "missing", "lost", "damaged", "repair", "in-process", "on-order", "withdrawn"),
)

# Every barcode that an item bears or bore; one is printed on it. Towns' old numbers live in the town's namespace.
barcode = _table(
    "barcode",
    _text("number"),
    _text("namespace"),
    _ref("item_id", "item", index=True),
    _flag("is_primary", default=True),
    PrimaryKeyConstraint("number", "namespace"),
    rowid=False,
)
_PRIMARY = text("is_primary = 1")
Index("one_primary_barcode", barcode.c.item_id, unique=True, sqlite_where=_PRIMARY, postgresql_where=_PRIMARY)

# Open loans, and they alone. Places and kinds are not foreign keys here: they come from the network, which is never
# deleted from, and each check would cost a lookup at every act.
loan = _table(
    "loan",
    _long_id(),
    _ref("item_id", "item"),
    _ref("patron_id", "patron", index=True),
    Column("library_id", Int, nullable=False),
    Column("item_type_id", Int, nullable=False),
    _text("channel"),
    _at("out_at"),
    _day("due_on"),
    _at("due_at", null=True),
    _count("renewals"),
    _text("state", default="open"),
    UniqueConstraint("item_id", name="one_open_loan_per_item"),
    CheckConstraint("(due_on IS NULL) <> (due_at IS NULL)", name="due_day_or_instant"),
    _one_of("state", "open", "claimed", "lost"),
)

past_loan = _table(
    "past_loan",
    _long_id(),
    _ref("item_id", "item"),
    Column("library_id", Int, nullable=False),
    Column("item_type_id", Int, nullable=False),
    Column("patron_category_id", Int, nullable=False),
    _text("channel"),
    _at("out_at"),
    _day("due_on"),
    _at("due_at", null=True),
    _count("renewals"),
    _text("state"),
    Column("library_in_id", Int, nullable=False),
    _at("in_at"),
    CheckConstraint("in_at >= out_at", name="returned_after_lent"),
)

past_loan_reader = _table(
    "past_loan_reader",
    _day("expires_on", null=False),
    Column("loan_id", Long, nullable=False),
    _ref("patron_id", "patron"),
    PrimaryKeyConstraint("expires_on", "loan_id"),
    rowid=False,
)

hold = _table(
    "hold",
    _long_id(),
    _ref("patron_id", "patron", index=True),
    _ref("record_id", "record", null=True),
    _ref("target_item_id", "item", null=True),
    _ref("pickup_id", "library"),
    _at("requested_at"),
    _count("priority"),
    _day("expires_on"),
    _day("suspended_until"),
    _text("state", default="waiting"),
    _ref("item_id", "item", null=True),
    _day("shelf_until"),
    _at("closed_at", null=True),
    CheckConstraint("(record_id IS NULL) <> (target_item_id IS NULL)", name="one_target"),
    _one_of(
        "state", "waiting", "suspended", "targeted", "transit", "shelf",
        "honoured", "cancelled", "expired", "not-collected", "hopeless",
    ),
)  # fmt: skip
_OPEN_HOLD = text("closed_at IS NULL")
_CAPTURED = text("state IN ('transit', 'shelf')")
Index("one_captured_hold_per_item", hold.c.item_id, unique=True, sqlite_where=_CAPTURED, postgresql_where=_CAPTURED)
Index("ix_hold_open_record", hold.c.record_id, sqlite_where=_OPEN_HOLD, postgresql_where=_OPEN_HOLD)
Index("ix_hold_open_item", hold.c.target_item_id, sqlite_where=_OPEN_HOLD, postgresql_where=_OPEN_HOLD)

transit = _table(
    "transit",
    _long_id(),
    _ref("item_id", "item"),
    _ref("from_id", "library"),
    _ref("to_id", "library"),
    _text("reason"),
    _ref("hold_id", "hold", null=True, long=True),
    _at("sent_at"),
    _at("received_at", null=True),
    _text("state", default="created"),
    _one_of("reason", "return", "hold", "deposit", "ill", "kit", "balance", "repair", "exit"),
    _one_of("state", "created", "loaded", "left", "received", "misrouted", "cancelled", "lost"),
)
_OPEN_TRANSIT = text("received_at IS NULL")
Index(
    "one_open_transit_per_item",
    transit.c.item_id,
    unique=True,
    sqlite_where=_OPEN_TRANSIT,
    postgresql_where=_OPEN_TRANSIT,
)

# --- what happened -------------------------------------------------------------------------------------------------------

# Append-only. A loan's reader is reached through the loan, never from here, so that cutting the link cuts it everywhere.
journal = _table(
    "journal",
    Column("seq", Long, primary_key=True, autoincrement=True),
    _at("at"),
    _text("act"),
    _text("channel"),
    _text("actor"),
    Column("library_id", Int, nullable=True),
    Column("item_id", Int, nullable=True),
    Column("loan_id", Long, nullable=True),
    Column("hold_id", Long, nullable=True),
    _text("because", default=""),
    _text("detail", default=""),
)

# The reply to each changing request, written with its effect. `connection` tells a repeat after a reconnect from a new
# request; `effect` tells whether what it did still stands.
reply = _table(
    "reply",
    _text("account"),
    Column("digest", LargeBinary, nullable=False),
    _at("at"),
    Column("connection", Long, nullable=False),
    _text("effect"),
    Column("reply", LargeBinary, nullable=False),
    PrimaryKeyConstraint("account", "digest"),
    Index("ix_reply_at", "at"),
    rowid=False,
)

GUARDS: Final = {
    "one_open_loan_per_item": "on-loan-to-other",
    "loan.item_id": "on-loan-to-other",
    "one_captured_hold_per_item": "held-for-other",
    "hold.item_id": "held-for-other",
    "one_open_transit_per_item": "in-transit",
    "transit.item_id": "in-transit",
}
"""Constraint (PostgreSQL) or column (SQLite) of a guard -> the refusal that its violation means to the loser of a race."""
