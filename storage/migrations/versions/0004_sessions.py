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
    _end_recalls()


def _end_recalls() -> None:
    op.add_column("ill_request", sa.Column("due_before", sa.Text(), nullable=True))
