"""What outlives a session on a wire.

A store goes forward only: to go back, restore the backup that was made before the upgrade.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make what is new."""
    _lend_better()
    _keep_sets()
    _share_packages()


def _lend_better() -> None:
    dead = sa.text("state = 'dead'")
    op.create_index("ix_outbox_dead", "outbox", ["ended_at"], sqlite_where=dead, postgresql_where=dead)
    op.add_column("ill_request", sa.Column("due_before", sa.Text(), nullable=True))


def _keep_sets() -> None:
    op.create_table(
        "kept_set",
        sa.Column("package_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("databases", sa.Text(), nullable=False),
        sa.Column("records", sa.LargeBinary(), nullable=False),
        sa.Column("order", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["package_id"], ["task_package.id"], name=op.f("fk_kept_set_package_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("package_id", name=op.f("pk_kept_set")),
        sa.UniqueConstraint("name", name=op.f("uq_kept_set_name")),
        sqlite_strict=True,
    )


def _share_packages() -> None:
    op.create_table(
        "task_permission",
        sa.Column("package_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("task", sa.SmallInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["package_id"], ["task_package.id"], name=op.f("fk_task_permission_package_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("package_id", "account", "task", name=op.f("pk_task_permission")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_task_permission_account", "task_permission", ["account"])
