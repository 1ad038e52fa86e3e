"""The foundation's tables."""

from __future__ import annotations

from alembic import op

from storage.schema import METADATA

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

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


def upgrade() -> None:
    """Make every table."""
    bind = op.get_bind()
    METADATA.create_all(bind)
    op.execute("INSERT INTO catalogue_version (id, version) VALUES (1, 0)")
    if bind.dialect.name == "postgresql":
        for statement in _POSTGRESQL:
            op.execute(statement)


def downgrade() -> None:
    """Drop every table."""
    METADATA.drop_all(op.get_bind())
