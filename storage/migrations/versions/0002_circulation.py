"""Circulation whole: holds and loans with a past of their own, pull lists, the shuttle, jobs, notices, anomalies.

Closed holds leave `hold` for `past_hold`, their readers apart. A store goes forward only: to go back, restore the backup
that was made before the upgrade.

Frozen: later changes of `storage.schema` come with migrations of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_COLUMNS: dict[str, list[sa.Column[Any]]] = {
    "membership": [
        sa.Column("denounced_by", sa.Text(), nullable=True),
        sa.Column("clause", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("withdrawn_on", sa.Text(), nullable=True),
        sa.Column("left_on", sa.Text(), nullable=True),
    ],
    "policy_set": [sa.Column("opened", sa.Text(), nullable=True)],
    "patron": [sa.Column("last_seen_on", sa.Text(), nullable=True), sa.Column("erased_on", sa.Text(), nullable=True)],
    "item": [
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("properties", sa.Text(), nullable=True),
        sa.Column("misses", sa.Integer(), server_default="0", nullable=False),
    ],
    "loan": [sa.Column("state_on", sa.Text(), nullable=True), sa.Column("renewed_on", sa.Text(), nullable=True)],
    "catalogue_version": [sa.Column("layout", sa.Integer(), server_default="0", nullable=False)],
    "database": [sa.Column("lenient", sa.Integer(), server_default="0", nullable=False)],
    "journal": [sa.Column("context", sa.Text(), server_default="", nullable=False)],
}

_POSTGRESQL = tuple(
    f"ALTER TABLE {table} SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05,"
    " autovacuum_analyze_scale_factor = 0.02)"
    for table in ("hold", "transit", "pull")
)

_HOLD_KEPT = "id, patron_id, record_id, target_item_id, pickup_id, requested_at, priority, expires_on"
_TRANSIT_KEPT = "id, item_id, from_id, to_id, reason, hold_id, sent_at, received_at, state"


def _table(name: str, *parts: sa.schema.SchemaItem, rowid: bool = True) -> None:
    op.create_table(name, *parts, sqlite_strict=True, sqlite_with_rowid=rowid)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Add columns and tables; make `hold` and `transit` anew, with what they held."""
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.add_column(table, column)
    op.create_index(op.f("ix_patron_household_id"), "patron", ["household_id"])
    op.create_index(op.f("ix_past_loan_item_id"), "past_loan", ["item_id"])
    op.create_index("ix_record_changes", "record", ["modified_at", "id"])
    for table in ("transit", "hold"):
        op.execute(f"CREATE TABLE {table}_before AS SELECT * FROM {table}")  # noqa: S608 (our own names)
        op.drop_table(table)
    _make_tables()
    _make_ill_tables()
    _table(
        "supersession",
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.Column("at", LONG, nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_supersession_record_id")),
        sa.ForeignKeyConstraint(["by_id"], ["record.id"], name=op.f("fk_supersession_by_id")),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_supersession")),
        rowid=False,
    )
    op.create_index(op.f("ix_supersession_by_id"), "supersession", ["by_id"])
    _move_holds()
    op.execute(f"INSERT INTO transit ({_TRANSIT_KEPT}) SELECT {_TRANSIT_KEPT} FROM transit_before")  # noqa: S608 (ditto)
    for table in ("transit", "hold"):
        op.drop_table(f"{table}_before")
    if op.get_bind().dialect.name == "postgresql":
        for statement in _POSTGRESQL:
            op.execute(statement)


def _move_holds() -> None:
    op.execute(
        f"INSERT INTO hold ({_HOLD_KEPT}, suspended_until, state, item_id, shelf_until)"  # noqa: S608 (ditto)
        f" SELECT {_HOLD_KEPT}, suspended_until,"
        " CASE WHEN state IN ('transit', 'shelf') THEN state ELSE 'waiting' END,"
        " CASE WHEN state IN ('transit', 'shelf') THEN item_id END, shelf_until FROM hold_before WHERE closed_at IS NULL"
    )
    op.execute(
        "INSERT INTO past_hold (id, record_id, target_item_id, pickup_id, patron_category_id, requested_at, outcome,"
        " item_id, closed_at) SELECT h.id, h.record_id, h.target_item_id, h.pickup_id, p.category_id, h.requested_at,"
        " h.state, h.item_id, h.closed_at FROM hold_before h JOIN patron p ON p.id = h.patron_id"
        " WHERE h.closed_at IS NOT NULL AND h.state IN ('honoured', 'cancelled', 'expired', 'not-collected')"
    )
    readers = sa.table("past_hold_reader", sa.column("expires_on"), sa.column("hold_id"), sa.column("patron_id"))
    rows = list(_readers(op.get_bind()))
    if rows:
        op.bulk_insert(readers, rows)


def _readers(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    for hold, patron, closed_at in connection.execute(
        sa.text("SELECT id, patron_id, closed_at FROM hold_before WHERE closed_at IS NOT NULL")
    ):
        day = datetime.fromtimestamp(closed_at, tz=UTC).date()
        months = day.year * 12 + day.month - 1 + 5
        expires = date(months // 12, months % 12 + 1, 1) - timedelta(days=1)
        yield {"expires_on": expires.isoformat(), "hold_id": hold, "patron_id": patron}


def _make_tables() -> None:
    _table(
        "cataloguer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("library_id", sa.Integer(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("updates", SMALL, server_default="0", nullable=False),
        sa.Column("enabled", SMALL, server_default="1", nullable=False),
        sa.CheckConstraint("updates IN (0, 1)", name=op.f("ck_cataloguer_updates")),
        sa.CheckConstraint("enabled IN (0, 1)", name=op.f("ck_cataloguer_enabled")),
        sa.ForeignKeyConstraint(["library_id"], ["library.id"], name=op.f("fk_cataloguer_library_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cataloguer")),
        sa.UniqueConstraint("code", name=op.f("uq_cataloguer_code")),
    )
    _table(
        "anomaly",
        sa.Column("id", LONG, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", LONG, nullable=False),
        sa.Column("library_id", sa.Integer(), nullable=True),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("loan_id", LONG, nullable=True),
        sa.Column("hold_id", LONG, nullable=True),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_at", LONG, nullable=True),
        sa.Column("settled_by", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anomaly")),
    )
    op.create_index("ix_anomaly_unsettled", "anomaly", ["kind"], **_where("settled_at IS NULL"))
    _table(
        "job",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), server_default="", nullable=False),
        sa.Column("began_at", LONG, nullable=True),
        sa.Column("ended_at", LONG, nullable=True),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job")),
        rowid=False,
    )
    _table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until_at", LONG, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
        rowid=False,
    )
    _table(
        "past_hold",
        sa.Column("id", LONG, autoincrement=False, nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("target_item_id", sa.Integer(), nullable=True),
        sa.Column("volume", sa.Text(), server_default="", nullable=False),
        sa.Column("pickup_id", sa.Integer(), nullable=False),
        sa.Column("patron_category_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_at", LONG, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("shelved_at", LONG, nullable=True),
        sa.Column("shelf_slot", sa.Text(), server_default="", nullable=False),
        sa.Column("promised_on", sa.Text(), nullable=True),
        sa.Column("closed_at", LONG, nullable=False),
        sa.CheckConstraint(
            "outcome IN ('honoured', 'cancelled', 'expired', 'not-collected')", name=op.f("ck_past_hold_outcome")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_hold")),
    )
    op.create_index("ix_past_hold_shelved", "past_hold", ["pickup_id", "closed_at"], **_where("shelved_at IS NOT NULL"))
    _table(
        "route",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("weekdays", sa.Text(), nullable=False),
        sa.Column("hub_id", sa.Integer(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("cut_off", sa.Integer(), server_default="0", nullable=False),
        sa.Column("from_on", sa.Text(), nullable=True),
        sa.Column("to_on", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["hub_id"], ["library.id"], name=op.f("fk_route_hub_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_route")),
        sa.UniqueConstraint("code", name=op.f("uq_route_code")),
    )
    _table(
        "hold",
        sa.Column("id", LONG, autoincrement=False, nullable=False),
        sa.Column("patron_id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("target_item_id", sa.Integer(), nullable=True),
        sa.Column("volume", sa.Text(), server_default="", nullable=False),
        sa.Column("pickup_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_at", LONG, nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("expires_on", sa.Text(), nullable=True),
        sa.Column("suspended_until", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("shelved_at", LONG, nullable=True),
        sa.Column("shelf_until", sa.Text(), nullable=True),
        sa.Column("shelf_slot", sa.Text(), server_default="", nullable=False),
        sa.Column("extended", SMALL, server_default="0", nullable=False),
        sa.Column("promised_on", sa.Text(), nullable=True),
        sa.Column("hopeless_on", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'waiting') = (item_id IS NULL)", name=op.f("ck_hold_captured_item")),
        sa.CheckConstraint("state IN ('waiting', 'transit', 'shelf')", name=op.f("ck_hold_state")),
        sa.CheckConstraint("(record_id IS NULL) <> (target_item_id IS NULL)", name=op.f("ck_hold_one_target")),
        sa.CheckConstraint("extended IN (0, 1)", name=op.f("ck_hold_extended")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_hold_item_id")),
        sa.ForeignKeyConstraint(["patron_id"], ["patron.id"], name=op.f("fk_hold_patron_id")),
        sa.ForeignKeyConstraint(["pickup_id"], ["library.id"], name=op.f("fk_hold_pickup_id")),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_hold_record_id")),
        sa.ForeignKeyConstraint(["target_item_id"], ["item.id"], name=op.f("fk_hold_target_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    op.create_index(op.f("ix_hold_patron_id"), "hold", ["patron_id"])
    op.create_index("ix_hold_on_shelf", "hold", ["id"], **_where("state = 'shelf'"))
    op.create_index("ix_hold_expires_on", "hold", ["expires_on"], **_where("expires_on IS NOT NULL"))
    op.create_index("one_hold_per_reader_and_title", "hold", ["patron_id", "record_id", "volume"], unique=True)
    op.create_index("one_hold_per_reader_and_item", "hold", ["patron_id", "target_item_id"], unique=True)
    op.create_index("ix_hold_record_id", "hold", ["record_id"])
    op.create_index("ix_hold_target_item_id", "hold", ["target_item_id"])
    op.create_index(
        "one_captured_hold_per_item", "hold", ["item_id"], unique=True, **_where("state IN ('transit', 'shelf')")
    )
    _table(
        "notice",
        sa.Column("id", LONG, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("patron_id", sa.Integer(), nullable=False),
        sa.Column("at", LONG, nullable=False),
        sa.Column("library_id", sa.Integer(), nullable=True),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("loan_id", LONG, nullable=True),
        sa.Column("hold_id", LONG, nullable=True),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("sent_at", LONG, nullable=True),
        sa.ForeignKeyConstraint(["patron_id"], ["patron.id"], name=op.f("fk_notice_patron_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(op.f("ix_notice_patron_id"), "notice", ["patron_id"])
    op.create_index("ix_notice_unsent", "notice", ["at"], **_where("sent_at IS NULL"))
    _table(
        "past_hold_reader",
        sa.Column("expires_on", sa.Text(), nullable=False),
        sa.Column("hold_id", LONG, nullable=False),
        sa.Column("patron_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["patron_id"], ["patron.id"], name=op.f("fk_past_hold_reader_patron_id")),
        sa.PrimaryKeyConstraint("expires_on", "hold_id", name=op.f("pk_past_hold_reader")),
        rowid=False,
    )
    _table(
        "pull",
        sa.Column("id", LONG, autoincrement=False, nullable=False),
        sa.Column("hold_id", LONG, nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("library_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", LONG, nullable=False),
        sa.Column("until_at", LONG, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("ended_at", LONG, nullable=True),
        sa.CheckConstraint("outcome IN ('captured', 'missed', 'released')", name=op.f("ck_pull_outcome")),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name=op.f("ck_pull_ended")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_pull_item_id")),
        sa.ForeignKeyConstraint(["library_id"], ["library.id"], name=op.f("fk_pull_library_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pull")),
    )
    op.create_index("ix_pull_hold_id", "pull", ["hold_id"])
    op.create_index("ix_pull_library_id", "pull", ["library_id", "outcome"])
    op.create_index("one_open_pull_per_hold", "pull", ["hold_id"], unique=True, **_where("outcome IS NULL"))
    op.create_index("one_open_pull_per_item", "pull", ["item_id"], unique=True, **_where("outcome IS NULL"))
    _table(
        "route_stop",
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("position", SMALL, nullable=False),
        sa.Column("library_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("handling", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["library_id"], ["library.id"], name=op.f("fk_route_stop_library_id")),
        sa.ForeignKeyConstraint(["route_id"], ["route.id"], name=op.f("fk_route_stop_route_id")),
        sa.PrimaryKeyConstraint("route_id", "position", name=op.f("pk_route_stop")),
    )
    _table(
        "run",
        sa.Column("id", LONG, autoincrement=False, nullable=False),
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("driver", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("left_at", LONG, nullable=True),
        sa.Column("ended_at", LONG, nullable=True),
        sa.CheckConstraint("state IN ('planned', 'left', 'done', 'cancelled')", name=op.f("ck_run_state")),
        sa.ForeignKeyConstraint(["route_id"], ["route.id"], name=op.f("fk_run_route_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("route_id", "day", name=op.f("uq_run_route_id_day")),
    )
    _table(
        "sighting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("library_id", sa.Integer(), nullable=False),
        sa.Column("transit_id", LONG, nullable=True),
        sa.Column("at", LONG, nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_sighting_item_id")),
        sa.ForeignKeyConstraint(["library_id"], ["library.id"], name=op.f("fk_sighting_library_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sighting")),
    )
    op.create_index(op.f("ix_sighting_item_id"), "sighting", ["item_id"])
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
        sa.Column("received_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "reason IN ('return', 'hold', 'deposit', 'ill', 'kit', 'balance', 'repair', 'exit')",
            name=op.f("ck_transit_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('created', 'received', 'misrouted', 'cancelled', 'lost')", name=op.f("ck_transit_state")
        ),
        sa.ForeignKeyConstraint(["from_id"], ["library.id"], name=op.f("fk_transit_from_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_transit_item_id")),
        sa.ForeignKeyConstraint(["to_id"], ["library.id"], name=op.f("fk_transit_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transit")),
    )
    op.create_index("ix_transit_open_from_id", "transit", ["from_id"], **_where("received_at IS NULL"))
    op.create_index("ix_transit_open_to_id", "transit", ["to_id"], **_where("received_at IS NULL"))
    op.create_index("one_open_transit_per_item", "transit", ["item_id"], unique=True, **_where("received_at IS NULL"))
    _table(
        "container",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="crate", nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), server_default="empty", nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=True),
        sa.Column("run_id", LONG, nullable=True),
        sa.CheckConstraint("kind IN ('crate', 'bag', 'trolley')", name=op.f("ck_container_kind")),
        sa.CheckConstraint(
            "state IN ('empty', 'open', 'sealed', 'aboard', 'delivered')", name=op.f("ck_container_state")
        ),
        sa.ForeignKeyConstraint(["place_id"], ["library.id"], name=op.f("fk_container_place_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_container_run_id")),
        sa.ForeignKeyConstraint(["to_id"], ["library.id"], name=op.f("fk_container_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_container")),
        sa.UniqueConstraint("code", name=op.f("uq_container_code")),
    )
    _table(
        "manifest_line",
        sa.Column("id", LONG, autoincrement=False, nullable=False),
        sa.Column("run_id", LONG, nullable=True),
        sa.Column("container_id", sa.Integer(), nullable=True),
        sa.Column("transit_id", LONG, nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("from_id", sa.Integer(), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stop_id", sa.Integer(), nullable=True),
        sa.Column("packed_by", sa.Text(), server_default="", nullable=False),
        sa.Column("packed_at", LONG, nullable=True),
        sa.Column("loaded_at", LONG, nullable=True),
        sa.Column("unloaded_at", LONG, nullable=True),
        sa.Column("received_at", LONG, nullable=True),
        sa.Column("received_id", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("inferred", SMALL, server_default="0", nullable=False),
        sa.CheckConstraint(
            "outcome IN ('received', 'wrong-stop', 'unpacked', 'repacked', 'transferred', 'missing')",
            name=op.f("ck_manifest_line_outcome"),
        ),
        sa.CheckConstraint("inferred IN (0, 1)", name=op.f("ck_manifest_line_inferred")),
        sa.ForeignKeyConstraint(["container_id"], ["container.id"], name=op.f("fk_manifest_line_container_id")),
        sa.ForeignKeyConstraint(["from_id"], ["library.id"], name=op.f("fk_manifest_line_from_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_manifest_line_item_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_manifest_line_run_id")),
        sa.ForeignKeyConstraint(["to_id"], ["library.id"], name=op.f("fk_manifest_line_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manifest_line")),
    )
    op.create_index(op.f("ix_manifest_line_item_id"), "manifest_line", ["item_id"])
    op.create_index(op.f("ix_manifest_line_run_id"), "manifest_line", ["run_id"])
    op.create_index("ix_manifest_line_transit_id", "manifest_line", ["transit_id"])
    op.create_index(
        "one_open_line_per_transit", "manifest_line", ["transit_id"], unique=True, **_where("outcome IS NULL")
    )
    op.create_index(
        "ix_manifest_line_open_container_id", "manifest_line", ["container_id"], **_where("outcome IS NULL")
    )


def _make_ill_tables() -> None:
    _table(
        "ill_request",
        sa.Column("id", LONG, autoincrement=False, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("patron_id", sa.Integer(), nullable=True),
        sa.Column("pickup_id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("identifier", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("barcode", sa.Text(), server_default="", nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("hold_id", LONG, nullable=True),
        sa.Column("needed_by", sa.Text(), nullable=True),
        sa.Column("due_back_on", sa.Text(), nullable=True),
        sa.Column("renewable", SMALL, server_default="1", nullable=False),
        sa.Column("renewal", sa.Text(), server_default="", nullable=False),
        sa.Column("recalled_on", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("made_at", LONG, nullable=False),
        sa.Column("since_at", LONG, nullable=False),
        sa.Column("check_at", LONG, nullable=True),
        sa.Column("checks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("closed_at", LONG, nullable=True),
        sa.CheckConstraint("renewable IN (0, 1)", name=op.f("ck_ill_request_renewable")),
        sa.CheckConstraint("renewal IN ('', 'asked', 'pending', 'refused')", name=op.f("ck_ill_request_renewal")),
        sa.CheckConstraint("role IN ('borrowing', 'lending')", name=op.f("ck_ill_request_role")),
        sa.CheckConstraint(
            "state IN ('asked', 'conditional', 'accepted', 'shipped', 'received', 'lent', 'returned', 'sent-back', 'closed', 'unfilled', 'cancelled', 'lost')",
            name=op.f("ck_ill_request_state"),
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_ill_request_partner_id")),
        sa.ForeignKeyConstraint(["patron_id"], ["patron.id"], name=op.f("fk_ill_request_patron_id")),
        sa.ForeignKeyConstraint(["pickup_id"], ["library.id"], name=op.f("fk_ill_request_pickup_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ill_request")),
        sa.UniqueConstraint("agency", "number", name=op.f("uq_ill_request_agency_number")),
    )
    op.create_index("ix_ill_request_check_at", "ill_request", ["check_at"], **_where("closed_at IS NULL"))
    op.create_index("ix_ill_request_open_barcode", "ill_request", ["barcode"], **_where("closed_at IS NULL"))
    op.create_index("ix_ill_request_open_item", "ill_request", ["item_id"], **_where("closed_at IS NULL"))
    op.create_index("ix_ill_request_patron_id", "ill_request", ["patron_id"])
    op.create_index(op.f("ix_partner_library_id"), "partner", ["library_id"])
    _table(
        "outbox",
        sa.Column("id", LONG, autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("request_id", LONG, nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), server_default="{}", nullable=False),
        sa.Column("made_at", LONG, nullable=False),
        sa.Column("next_at", LONG, nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("trouble", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_at", LONG, nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'dead', 'dropped')", name=op.f("ck_outbox_state")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_outbox_partner_id")),
        sa.ForeignKeyConstraint(["request_id"], ["ill_request.id"], name=op.f("fk_outbox_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_next_at", "outbox", ["next_at"], **_where("state = 'waiting'"))
    op.create_index(op.f("ix_outbox_request_id"), "outbox", ["request_id"])
