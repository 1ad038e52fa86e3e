"""Inter-library loan: requests in both directions, and the messages to partners that wait to be sent."""

from __future__ import annotations

from sqlalchemy import Column, Index, UniqueConstraint, text

from storage.schema.columns import Int, count, day, flag, instant, long_key, loose, one_of, ref, table, words

# `agency` and `number` are the RequestId, made by whoever asks. The reader is cut off when the request closes; `item_id`
# is the temporary item that stands for the partner's (borrowing), or ours that is lent (lending). `terms` is what the lender
# demands before it lends (`storage.circulation.ill.terms`), `agreed` what of it staff have agreed to;
# `follows_id` is the request to another lender that this one takes up, `edition` by what number any lender knows it. `prolonged`
# counts the reader's renewals that the lender was asked about; `due_before` is when the item was due before it was recalled.
ill_request = table(
    "ill_request",
    long_key(),
    words("role"),
    ref("partner_id", "partner"),
    words("agency"),
    words("number"),
    words("state"),
    ref("patron_id", "patron", null=True),
    ref("pickup_id", "library"),
    loose("record_id"),
    words("identifier", default=""),
    words("title", default=""),
    words("author", default=""),
    words("barcode", default=""),
    loose("item_id"),
    loose("hold_id", long=True),
    day("needed_by"),
    day("due_back_on"),
    flag("renewable", default=True),
    words("renewal", default=""),
    day("recalled_on"),
    words("reason", default=""),
    instant("made_at"),
    instant("since_at"),
    instant("check_at", null=True),
    count("checks"),
    instant("closed_at", null=True),
    words("terms", default=""),
    words("agreed", default=""),
    loose("follows_id", long=True),
    words("edition", default=""),
    count("prolonged"),
    day("due_before"),
    UniqueConstraint("agency", "number"),
    one_of("role", "borrowing", "lending"),
    one_of(
        "state", "asked", "conditional", "accepted", "shipped", "received", "lent", "returned", "sent-back",
        "closed", "unfilled", "cancelled", "lost",
    ),
    one_of("renewal", "", "asked", "pending", "refused"),
)  # fmt: skip
_OPEN = text("closed_at IS NULL")
Index("ix_ill_request_open_item", ill_request.c.item_id, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_ill_request_open_barcode", ill_request.c.barcode, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_ill_request_check_at", ill_request.c.check_at, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_ill_request_patron_id", ill_request.c.patron_id)

# Messages leave in the order of their ids, request by request. `content` names no reader: who a request is for is read
# from the request when the message is written.
outbox = table(
    "outbox",
    long_key(),
    ref("partner_id", "partner"),
    ref("request_id", "ill_request", long=True, index=True),
    words("service"),
    words("content", default="{}"),
    instant("made_at"),
    instant("next_at"),
    Column("tries", Int, nullable=False, server_default="0"),
    words("state", default="waiting"),
    words("trouble", default=""),
    instant("ended_at", null=True),
    one_of("state", "waiting", "sent", "dead", "dropped"),
)
_WAITING = text("state = 'waiting'")
Index("ix_outbox_next_at", outbox.c.next_at, sqlite_where=_WAITING, postgresql_where=_WAITING)
_DEAD = text("state = 'dead'")
Index("ix_outbox_dead", outbox.c.ended_at, sqlite_where=_DEAD, postgresql_where=_DEAD)

# What was said with partners, of late: never a reader, and of the messages themselves only what is masked.
ncip_exchange = table(
    "ncip_exchange",
    long_key(),
    loose("partner_id", null=False),
    instant("at"),
    words("direction"),
    words("service"),
    words("release", default=""),
    words("item", default=""),
    words("request", default=""),
    words("outcome"),
    count("micros"),
    words("defects", default=""),
    words("asked", default=""),
    words("answered", default=""),
    Index("ix_ncip_exchange_partner_id", "partner_id", "id"),
    one_of("direction", "in", "out"),
)
