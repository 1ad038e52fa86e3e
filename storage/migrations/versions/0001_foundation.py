"""The foundation's tables, as the first release made them.

Frozen: later changes of `storage.schema` come with migrations of their own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TERM = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


# Rows that circulation changes in place keep room on their page, so that a change touches no index. Tables that come and
# go all day are vacuumed, and their sizes learnt, early. A bitmap is as small as it gets: nothing to compress.
_POSTGRESQL = (
    "ALTER TABLE item SET (fillfactor = 80)",
    "ALTER TABLE patron SET (fillfactor = 80)",
    "ALTER TABLE catalogue_version SET (fillfactor = 10)",
    "ALTER TABLE posting SET (fillfactor = 80)",
    "ALTER TABLE posting ALTER COLUMN bitmap SET STORAGE EXTERNAL",
    *(
        f"ALTER TABLE {table} SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05,"
        " autovacuum_analyze_scale_factor = 0.02)"
        for table in ("loan", "hold", "transit", "reply")
    ),
)


def _table(name: str, *parts: sa.schema.SchemaItem, rowid: bool = True) -> None:
    op.create_table(name, *parts, sqlite_strict=True, sqlite_with_rowid=rowid)


def upgrade() -> None:
    """Make every table."""
    _table(
        "catalogue_version",
        sa.Column("id", SMALL, autoincrement=False, nullable=False),
        sa.Column("version", LONG, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_catalogue_version_id")),
        sa.PrimaryKeyConstraint("id", name="pk_catalogue_version"),
    )
    _table(
        "commune",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("insee", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_commune"),
        sa.UniqueConstraint("code", name="uq_commune_code"),
    )
    _table(
        "database",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("is_default", SMALL, server_default="0", nullable=False),
        sa.CheckConstraint("is_default IN (0, 1)", name=op.f("ck_database_is_default")),
        sa.PrimaryKeyConstraint("id", name="pk_database"),
        sa.UniqueConstraint("name", name="uq_database_name"),
    )
    _table(
        "household",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_household"),
        sa.UniqueConstraint("code", name="uq_household_code"),
    )
    _table(
        "item_type",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("media_type", sa.Text(), server_default="001", nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["item_type.id"], name="fk_item_type_parent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_item_type"),
        sa.UniqueConstraint("code", name="uq_item_type_code"),
    )
    _table(
        "journal",
        sa.Column("seq", LONG, autoincrement=True, nullable=False),
        sa.Column("at", LONG, nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("library_id", sa.Integer(), nullable=True),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("loan_id", LONG, nullable=True),
        sa.Column("hold_id", LONG, nullable=True),
        sa.Column("because", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_journal"),
    )
    _table(
        "patron_category",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["patron_category.id"], name="fk_patron_category_parent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_patron_category"),
        sa.UniqueConstraint("code", name="uq_patron_category_code"),
    )
    _table(
        "policy_set",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policy_set"),
        sa.UniqueConstraint("code", name="uq_policy_set_code"),
    )
    _table(
        "posting",
        sa.Column("access_point", SMALL, nullable=False),
        sa.Column("term", TERM, nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("bitmap", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("access_point", "term", "block", name="pk_posting"),
        rowid=False,
    )
    _table(
        "record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("iso2709", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("control", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted", SMALL, server_default="0", nullable=False),
        sa.Column("created_at", LONG, nullable=False),
        sa.Column("modified_at", LONG, nullable=False),
        sa.CheckConstraint("format IN ('unimarc', 'marc21')", name=op.f("ck_record_format")),
        sa.CheckConstraint("deleted IN (0, 1)", name=op.f("ck_record_deleted")),
        sa.PrimaryKeyConstraint("id", name="pk_record"),
        sa.UniqueConstraint("source", "control", name="uq_record_source_control"),
    )
    _table(
        "reply",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", LONG, nullable=False),
        sa.Column("connection", LONG, nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("reply", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "digest", name="pk_reply"),
        rowid=False,
    )
    op.create_index("ix_reply_at", "reply", ["at"], unique=False)
    _table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )
    _table(
        "library",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="library", nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("isil", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), server_default="Europe/Paris", nullable=False),
        sa.Column("namespace", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "kind IN ('network', 'library', 'hub', 'vehicle', 'external')", name=op.f("ck_library_kind")
        ),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name="fk_library_commune_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["library.id"], name="fk_library_parent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_library"),
        sa.UniqueConstraint("code", name="uq_library_code"),
        sa.UniqueConstraint("isil", name="uq_library_isil"),
    )
    _table(
        "membership",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("convention", sa.Text(), server_default="", nullable=False),
        sa.Column("deliberated_on", sa.Text(), nullable=True),
        sa.Column("signed_on", sa.Text(), nullable=True),
        sa.Column("notified_on", sa.Text(), nullable=True),
        sa.Column("ends_on", sa.Text(), nullable=True),
        sa.Column("denounced_on", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name="fk_membership_commune_id"),
        sa.PrimaryKeyConstraint("id", name="pk_membership"),
        sa.UniqueConstraint("commune_id", "notified_on", name="uq_membership_commune_id_notified_on"),
    )
    _table(
        "calendar_exception",
        sa.Column("library_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("opens", sa.Text(), nullable=True),
        sa.Column("closes", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["library_id"], ["library.id"], name="fk_calendar_exception_library_id"),
        sa.PrimaryKeyConstraint("library_id", "day", name="pk_calendar_exception"),
    )
    _table(
        "device",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("library_id", sa.Integer(), nullable=False),
        sa.Column("protocol", sa.Text(), server_default="sip2", nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), server_default="{}", nullable=False),
        sa.Column("enabled", SMALL, server_default="1", nullable=False),
        sa.CheckConstraint("protocol IN ('sip2')", name=op.f("ck_device_protocol")),
        sa.CheckConstraint("enabled IN (0, 1)", name=op.f("ck_device_enabled")),
        sa.ForeignKeyConstraint(["library_id"], ["library.id"], name="fk_device_library_id"),
        sa.PrimaryKeyConstraint("id", name="pk_device"),
        sa.UniqueConstraint("code", name="uq_device_code"),
    )
    _table(
        "item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("home_id", sa.Integer(), nullable=False),
        sa.Column("current_id", sa.Integer(), nullable=False),
        sa.Column("item_type_id", sa.Integer(), nullable=False),
        sa.Column("location", sa.Text(), server_default="", nullable=False),
        sa.Column("call_number", sa.Text(), server_default="", nullable=False),
        sa.Column("volume", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("condition", sa.Text(), server_default="good", nullable=False),
        sa.Column("for_loan", SMALL, server_default="1", nullable=False),
        sa.Column("temporary", SMALL, server_default="0", nullable=False),
        sa.Column("added_on", sa.Text(), nullable=True),
        sa.Column("due_back_on", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "condition IN ('good', 'missing', 'lost', 'damaged', 'repair', 'in-process', 'on-order', 'withdrawn')",
            name=op.f("ck_item_condition"),
        ),
        sa.CheckConstraint("for_loan IN (0, 1)", name=op.f("ck_item_for_loan")),
        sa.CheckConstraint("temporary IN (0, 1)", name=op.f("ck_item_temporary")),
        sa.ForeignKeyConstraint(["current_id"], ["library.id"], name="fk_item_current_id"),
        sa.ForeignKeyConstraint(["home_id"], ["library.id"], name="fk_item_home_id"),
        sa.ForeignKeyConstraint(["item_type_id"], ["item_type.id"], name="fk_item_item_type_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["library.id"], name="fk_item_owner_id"),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name="fk_item_record_id"),
        sa.PrimaryKeyConstraint("id", name="pk_item"),
    )
    op.create_index("ix_item_record_id", "item", ["record_id"], unique=False)
    _table(
        "opening",
        sa.Column("library_id", sa.Integer(), nullable=False),
        sa.Column("weekday", SMALL, nullable=False),
        sa.Column("opens", sa.Text(), nullable=False),
        sa.Column("closes", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Text(), nullable=True),
        sa.Column("to_on", sa.Text(), nullable=True),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("ck_opening_weekday")),
        sa.ForeignKeyConstraint(["library_id"], ["library.id"], name="fk_opening_library_id"),
    )
    op.create_index("ix_opening_library_id", "opening", ["library_id"], unique=False)
    _table(
        "partner",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("library_id", sa.Integer(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=True),
        sa.Column("endpoint", sa.Text(), nullable=True),
        sa.Column("profile", sa.Text(), server_default="{}", nullable=False),
        sa.Column("enabled", SMALL, server_default="1", nullable=False),
        sa.CheckConstraint("enabled IN (0, 1)", name=op.f("ck_partner_enabled")),
        sa.ForeignKeyConstraint(["library_id"], ["library.id"], name="fk_partner_library_id"),
        sa.PrimaryKeyConstraint("id", name="pk_partner"),
        sa.UniqueConstraint("agency", name="uq_partner_agency"),
    )
    _table(
        "patron",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("home_id", sa.Integer(), nullable=False),
        sa.Column("surname", sa.Text(), nullable=False),
        sa.Column("forename", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="fr", nullable=False),
        sa.Column("born_on", sa.Text(), nullable=True),
        sa.Column("valid_until", sa.Text(), nullable=True),
        sa.Column("residence", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("pin_hash", sa.LargeBinary(), nullable=True),
        sa.Column("pin_failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("pin_locked_until", LONG, nullable=True),
        sa.Column("household_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["category_id"], ["patron_category.id"], name="fk_patron_category_id"),
        sa.ForeignKeyConstraint(["home_id"], ["library.id"], name="fk_patron_home_id"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name="fk_patron_household_id"),
        sa.PrimaryKeyConstraint("id", name="pk_patron"),
        sa.UniqueConstraint("code", name="uq_patron_code"),
    )
    _table(
        "referent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("library_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), server_default="", nullable=False),
        sa.Column("from_on", sa.Text(), nullable=False),
        sa.Column("to_on", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["library_id"], ["library.id"], name="fk_referent_library_id"),
        sa.PrimaryKeyConstraint("id", name="pk_referent"),
    )
    _table(
        "rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("policy_set_id", sa.Integer(), nullable=False),
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("patron_category_id", sa.Integer(), nullable=True),
        sa.Column("item_type_id", sa.Integer(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("library_id", sa.Integer(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("locked", SMALL, server_default="0", nullable=False),
        sa.CheckConstraint("locked IN (0, 1)", name=op.f("ck_rule_locked")),
        sa.ForeignKeyConstraint(["item_type_id"], ["item_type.id"], name="fk_rule_item_type_id"),
        sa.ForeignKeyConstraint(["library_id"], ["library.id"], name="fk_rule_library_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["library.id"], name="fk_rule_owner_id"),
        sa.ForeignKeyConstraint(["patron_category_id"], ["patron_category.id"], name="fk_rule_patron_category_id"),
        sa.ForeignKeyConstraint(["policy_set_id"], ["policy_set.id"], name="fk_rule_policy_set_id"),
        sa.PrimaryKeyConstraint("id", name="pk_rule"),
    )
    op.create_index("ix_rule_policy_set_id", "rule", ["policy_set_id"], unique=False)
    _table(
        "service_activation",
        sa.Column("library_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Text(), nullable=False),
        sa.Column("to_on", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "service IN ('catalogue', 'circulation', 'self-check', 'holds-pickup', 'holds-supply', 'shuttle', 'rfid', 'portal')",
            name=op.f("ck_service_activation_service"),
        ),
        sa.ForeignKeyConstraint(["library_id"], ["library.id"], name="fk_service_activation_library_id"),
        sa.PrimaryKeyConstraint("library_id", "service", "from_on", name="pk_service_activation"),
    )
    _table(
        "barcode",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("is_primary", SMALL, server_default="1", nullable=False),
        sa.CheckConstraint("is_primary IN (0, 1)", name=op.f("ck_barcode_is_primary")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_barcode_item_id"),
        sa.PrimaryKeyConstraint("number", "namespace", name="pk_barcode"),
        rowid=False,
    )
    op.create_index("ix_barcode_item_id", "barcode", ["item_id"], unique=False)
    op.create_index(
        "one_primary_barcode",
        "barcode",
        ["item_id"],
        unique=True,
        sqlite_where=sa.text("is_primary = 1"),
        postgresql_where=sa.text("is_primary = 1"),
    )
    _table(
        "block",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patron_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("acts", sa.Text(), server_default="*", nullable=False),
        sa.Column("from_on", sa.Text(), nullable=True),
        sa.Column("to_on", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["patron_id"], ["patron.id"], name="fk_block_patron_id"),
        sa.PrimaryKeyConstraint("id", name="pk_block"),
    )
    op.create_index("ix_block_patron_id", "block", ["patron_id"], unique=False)
    _table(
        "card",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("patron_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("is_primary", SMALL, server_default="1", nullable=False),
        sa.Column("issued_on", sa.Text(), nullable=True),
        sa.Column("replaced_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('stock', 'active', 'lost', 'stolen', 'replaced', 'cancelled')", name=op.f("ck_card_status")
        ),
        sa.CheckConstraint("is_primary IN (0, 1)", name=op.f("ck_card_is_primary")),
        sa.ForeignKeyConstraint(["patron_id"], ["patron.id"], name="fk_card_patron_id"),
        sa.PrimaryKeyConstraint("number", "namespace", name="pk_card"),
        rowid=False,
    )
    op.create_index("ix_card_patron_id", "card", ["patron_id"], unique=False)
    op.create_index(
        "one_active_primary_card",
        "card",
        ["patron_id"],
        unique=True,
        sqlite_where=sa.text("status = 'active' AND is_primary = 1"),
        postgresql_where=sa.text("status = 'active' AND is_primary = 1"),
    )
    _table(
        "hold",
        sa.Column("id", LONG, autoincrement=False, nullable=False),
        sa.Column("patron_id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("target_item_id", sa.Integer(), nullable=True),
        sa.Column("pickup_id", sa.Integer(), nullable=False),
        sa.Column("requested_at", LONG, nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("expires_on", sa.Text(), nullable=True),
        sa.Column("suspended_until", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("shelf_until", sa.Text(), nullable=True),
        sa.Column("closed_at", LONG, nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'suspended', 'targeted', 'transit', 'shelf', 'honoured', 'cancelled', 'expired', 'not-collected', 'hopeless')",
            name=op.f("ck_hold_state"),
        ),
        sa.CheckConstraint("(record_id IS NULL) <> (target_item_id IS NULL)", name=op.f("ck_hold_one_target")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_hold_item_id"),
        sa.ForeignKeyConstraint(["patron_id"], ["patron.id"], name="fk_hold_patron_id"),
        sa.ForeignKeyConstraint(["pickup_id"], ["library.id"], name="fk_hold_pickup_id"),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name="fk_hold_record_id"),
        sa.ForeignKeyConstraint(["target_item_id"], ["item.id"], name="fk_hold_target_item_id"),
        sa.PrimaryKeyConstraint("id", name="pk_hold"),
    )
    op.create_index(
        "ix_hold_open_item",
        "hold",
        ["target_item_id"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_hold_open_record",
        "hold",
        ["record_id"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("ix_hold_patron_id", "hold", ["patron_id"], unique=False)
    op.create_index(
        "one_captured_hold_per_item",
        "hold",
        ["item_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('transit', 'shelf')"),
        postgresql_where=sa.text("state IN ('transit', 'shelf')"),
    )
    _table(
        "loan",
        sa.Column("id", LONG, autoincrement=False, nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("patron_id", sa.Integer(), nullable=False),
        sa.Column("library_id", sa.Integer(), nullable=False),
        sa.Column("item_type_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("out_at", LONG, nullable=False),
        sa.Column("due_on", sa.Text(), nullable=True),
        sa.Column("due_at", LONG, nullable=True),
        sa.Column("renewals", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.CheckConstraint("state IN ('open', 'claimed', 'lost')", name=op.f("ck_loan_state")),
        sa.CheckConstraint("(due_on IS NULL) <> (due_at IS NULL)", name=op.f("ck_loan_due_day_or_instant")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_loan_item_id"),
        sa.ForeignKeyConstraint(["patron_id"], ["patron.id"], name="fk_loan_patron_id"),
        sa.PrimaryKeyConstraint("id", name="pk_loan"),
        sa.UniqueConstraint("item_id", name="one_open_loan_per_item"),
    )
    op.create_index("ix_loan_patron_id", "loan", ["patron_id"], unique=False)
    _table(
        "past_loan",
        sa.Column("id", LONG, autoincrement=False, nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("library_id", sa.Integer(), nullable=False),
        sa.Column("item_type_id", sa.Integer(), nullable=False),
        sa.Column("patron_category_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("out_at", LONG, nullable=False),
        sa.Column("due_on", sa.Text(), nullable=True),
        sa.Column("due_at", LONG, nullable=True),
        sa.Column("renewals", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("library_in_id", sa.Integer(), nullable=False),
        sa.Column("in_at", LONG, nullable=False),
        sa.CheckConstraint("in_at >= out_at", name=op.f("ck_past_loan_returned_after_lent")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_past_loan_item_id"),
        sa.PrimaryKeyConstraint("id", name="pk_past_loan"),
    )
    _table(
        "past_loan_reader",
        sa.Column("expires_on", sa.Text(), nullable=False),
        sa.Column("loan_id", LONG, nullable=False),
        sa.Column("patron_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["patron_id"], ["patron.id"], name="fk_past_loan_reader_patron_id"),
        sa.PrimaryKeyConstraint("expires_on", "loan_id", name="pk_past_loan_reader"),
        rowid=False,
    )
    _table(
        "transit",
        sa.Column("id", LONG, autoincrement=False, nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("from_id", sa.Integer(), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("hold_id", LONG, nullable=True),
        sa.Column("sent_at", LONG, nullable=False),
        sa.Column("received_at", LONG, nullable=True),
        sa.Column("state", sa.Text(), server_default="created", nullable=False),
        sa.CheckConstraint(
            "reason IN ('return', 'hold', 'deposit', 'ill', 'kit', 'balance', 'repair', 'exit')",
            name=op.f("ck_transit_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('created', 'loaded', 'left', 'received', 'misrouted', 'cancelled', 'lost')",
            name=op.f("ck_transit_state"),
        ),
        sa.ForeignKeyConstraint(["from_id"], ["library.id"], name="fk_transit_from_id"),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.id"], name="fk_transit_hold_id"),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_transit_item_id"),
        sa.ForeignKeyConstraint(["to_id"], ["library.id"], name="fk_transit_to_id"),
        sa.PrimaryKeyConstraint("id", name="pk_transit"),
    )
    op.create_index(
        "one_open_transit_per_item",
        "transit",
        ["item_id"],
        unique=True,
        sqlite_where=sa.text("received_at IS NULL"),
        postgresql_where=sa.text("received_at IS NULL"),
    )
    op.execute("INSERT INTO catalogue_version (id, version) VALUES (1, 0)")
    if op.get_bind().dialect.name == "postgresql":
        for statement in _POSTGRESQL:
            op.execute(statement)
