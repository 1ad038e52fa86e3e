"""What happened, what was answered, what staff and readers are to be told, and how far jobs have come."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, PrimaryKeyConstraint, Text, text

from storage.schema.columns import Int, Long, count, instant, long_key, loose, ref, table, words

# Append-only. A loan's reader is reached through the loan, never from here, so that cutting the link cuts it everywhere.
journal = table(
    "journal",
    Column("seq", Long, primary_key=True, autoincrement=True),
    instant("at"),
    words("act"),
    words("channel"),
    words("actor"),
    Column("library_id", Int, nullable=True),
    Column("item_id", Int, nullable=True),
    Column("loan_id", Long, nullable=True),
    Column("hold_id", Long, nullable=True),
    words("because", default=""),
    words("detail", default=""),
    words("context", default=""),  # what the rules were looked up with, for `why` and `what-if`
)

# The reply to each changing request, written with its effect. `connection` tells a repeat after a reconnect from a new
# request; `effect` tells whether what it did still stands.
reply = table(
    "reply",
    words("account"),
    Column("digest", LargeBinary, nullable=False),
    instant("at"),
    Column("connection", Long, nullable=False),
    words("effect"),
    Column("reply", LargeBinary, nullable=False),
    PrimaryKeyConstraint("account", "digest"),
    Index("ix_reply_at", "at"),
    rowid=False,
)

# What staff must look at: found by an act or a job, never settled by itself.
anomaly = table(
    "anomaly",
    long_key(),
    words("kind"),
    instant("at"),
    loose("library_id"),
    loose("item_id"),
    loose("loan_id", long=True),
    loose("hold_id", long=True),
    words("detail", default=""),
    instant("settled_at", null=True),
    words("settled_by", default=""),
)
_UNSETTLED = text("settled_at IS NULL")
Index("ix_anomaly_unsettled", anomaly.c.kind, sqlite_where=_UNSETTLED, postgresql_where=_UNSETTLED)

# What a reader is to be told, until it is sent by whoever sends such things.
notice = table(
    "notice",
    long_key(),
    words("kind"),
    ref("patron_id", "patron", index=True),
    instant("at"),
    loose("library_id"),
    loose("item_id"),
    loose("loan_id", long=True),
    loose("hold_id", long=True),
    words("detail", default=""),
    instant("sent_at", null=True),
)
_UNSENT = text("sent_at IS NULL")
Index("ix_notice_unsent", notice.c.at, sqlite_where=_UNSENT, postgresql_where=_UNSENT)

# One daemon at a time does the jobs: the one whose lease has not run out.
lease = table("lease", Column("name", Text, primary_key=True), words("holder"), instant("until_at"), rowid=False)

# How far a job has come: `cursor` is empty between two rounds.
job = table(
    "job",
    Column("name", Text, primary_key=True),
    words("cursor", default=""),
    instant("began_at", null=True),
    instant("ended_at", null=True),
    count("done"),
    rowid=False,
)
