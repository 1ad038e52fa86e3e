"""The wires whole: what SIP2, NCIP and Z39.50 keep beside the circulation.

A store goes forward only: to go back, restore the backup that was made before the upgrade.
"""

from __future__ import annotations

import sqlalchemy as sa

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add what is new (tables and columns, as in `storage.schema`)."""
