"""The foundation's tables."""

from __future__ import annotations

from alembic import op

from storage.schema import METADATA

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    METADATA.create_all(op.get_bind())
    op.execute("INSERT INTO catalogue_version (id, version) VALUES (1, 0)")


def downgrade() -> None:
    """Drop every table."""
    METADATA.drop_all(op.get_bind())
