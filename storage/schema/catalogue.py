"""Records and their index."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, PrimaryKeyConstraint, Text, UniqueConstraint

from storage.schema.columns import Int, Long, Small, count, flag, instant, key, one_of, ref, table, words

# `id` is dense and never used twice: it is the record's bit in every posting. `iso2709` is UTF-8 NFC in `format`.
record = table(
    "record",
    key(),
    words("format"),
    Column("iso2709", LargeBinary, nullable=False),
    words("source"),
    words("control"),
    words("title"),
    words("author", default=""),
    count("version", 1),
    flag("deleted"),
    instant("created_at"),
    instant("modified_at"),
    UniqueConstraint("source", "control"),
    one_of("format", "unimarc", "marc21"),
)

# What harvesters walk: records in the order of their changes.
Index("ix_record_changes", record.c.modified_at, record.c.id)

# Records that were merged into another: they keep their row, deleted, and their content. `by_id` is always a living record,
# `into_id` the one that it was merged into itself. `before` is what that one held until then; of the first that were merged
# into a record it is what the record says by itself, kept up when it is imported again. `databases` (ids) are those that the
# superseded record was in, `gained` those that the other joined for its sake: so that a merge can be undone.
supersession = table(
    "supersession",
    ref("record_id", "record"),
    ref("by_id", "record", index=True),
    Column("before", LargeBinary, nullable=False),
    instant("at"),
    count("into_id"),
    words("databases", default=""),
    words("gained", default=""),
    PrimaryKeyConstraint("record_id"),
    rowid=False,
)

# What moved when a record was merged into another.
merge_move = table(
    "merge_move",
    ref("record_id", "record"),
    words("kind"),
    Column("number", Long, nullable=False),
    PrimaryKeyConstraint("record_id", "kind", "number"),
    one_of("kind", "item", "hold", "ill-request"),
    rowid=False,
)

database = table(
    "database",
    key(),
    words("name", unique=True),
    words("title", default=""),
    flag("is_default"),
    count("lenient"),  # not 0: attributes that are not taken are replaced, and the origin is told
)

posting = table(
    "posting",
    Column("access_point", Small, nullable=False),
    Column("term", Text().with_variant(Text(collation="C"), "postgresql"), nullable=False),
    Column("block", Int, nullable=False),
    Column("size", Int, nullable=False),
    Column("bitmap", LargeBinary, nullable=False),
    PrimaryKeyConstraint("access_point", "term", "block"),
    rowid=False,
)

# One row, counted up by every change of records: tells a daemon that its cached bitmaps are old. `layout` tells which
# release's index the postings are (storage.catalogue.reindex).
catalogue_version = table(
    "catalogue_version",
    Column("id", Small, primary_key=True, autoincrement=False, info={"check": "id = 1"}),
    Column("version", Long, nullable=False),
    count("layout"),
)
