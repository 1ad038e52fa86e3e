"""The wires whole: what SIP2, NCIP and Z39.50 keep beside the circulation.

A store goes forward only: to go back, restore the backup that was made before the upgrade.

Frozen: later changes of `storage.schema` come with migrations of their own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add what is new (tables and columns, as in `storage.schema`)."""
    _undo_merges()
    _lend_on_terms()
    _keep_exchanges()
    _find_items()
    _keep_packages()


def _undo_merges() -> None:
    op.add_column("supersession", sa.Column("into_id", sa.Integer(), server_default="0", nullable=False))
    for name in ("databases", "gained"):
        op.add_column("supersession", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.execute("UPDATE supersession SET into_id = by_id")
    op.create_table(
        "merge_move",
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", LONG, nullable=False),
        sa.CheckConstraint("kind IN ('item', 'hold', 'ill-request')", name=op.f("ck_merge_move_kind")),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_merge_move_record_id")),
        sa.PrimaryKeyConstraint("record_id", "kind", "number", name=op.f("pk_merge_move")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _lend_on_terms() -> None:
    for name in ("terms", "agreed", "edition"):
        op.add_column("ill_request", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.add_column("ill_request", sa.Column("follows_id", LONG, nullable=True))
    op.add_column("ill_request", sa.Column("prolonged", sa.Integer(), server_default="0", nullable=False))
    here = sa.text("temporary = 1")
    op.create_index("ix_item_temporary", "item", ["id"], sqlite_where=here, postgresql_where=here)
    op.add_column("hold", sa.Column("actor", sa.Text(), server_default="", nullable=False))


def _keep_exchanges() -> None:
    texts = ("release", "item", "request", "outcome", "defects", "asked", "answered")
    op.create_table(
        "ncip_exchange",
        sa.Column("id", LONG, autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("at", LONG, nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Text(), server_default=None if name == "outcome" else "", nullable=False)
            for name in texts
        ),
        sa.Column("micros", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_ncip_exchange_direction")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ncip_exchange")),
        sqlite_strict=True,
    )
    op.create_index("ix_ncip_exchange_partner_id", "ncip_exchange", ["partner_id", "id"])


def _find_items() -> None:
    op.create_index("ix_item_owner_id", "item", ["owner_id", "id"])
    op.create_index("ix_item_call_number", "item", ["call_number"])


def _keep_packages() -> None:
    op.create_table(
        "task_package",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("status", SMALL, nullable=False),
        sa.Column("made_at", LONG, nullable=False),
        sa.Column("ends_at", LONG, nullable=False),
        sa.Column("package", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_package")),
        sqlite_strict=True,
    )
    op.create_index("ix_task_package_ends_at", "task_package", ["ends_at"])
    op.create_index("ix_task_package_account", "task_package", ["account", "id"])
    named = sa.text("name != ''")
    op.create_index(
        "one_task_package_of_a_name",
        "task_package",
        ["account", "service", "name"],
        unique=True,
        sqlite_where=named,
        postgresql_where=named,
    )
