"""The statements that circulation's decisions write."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, insert, literal_column, null, update

from storage.schema import hold, item, loan, past_loan, past_loan_reader, patron, transit
from storage.statements import Statement


def _insert(table: object, name: str, *columns: str) -> Statement:
    return Statement(name, insert(table).values({column: bindparam(column) for column in columns}), *columns)  # type: ignore[arg-type]


LEND: Final = _insert(
    loan, "lend", "id", "item_id", "patron_id", "library_id", "item_type_id", "channel", "out_at", "due_on", "due_at"
)
RENEW: Final = Statement(
    "renew",
    update(loan)
    .where(loan.c.id == bindparam("loan"))
    .values(due_on=bindparam("on"), due_at=bindparam("at"), renewals=bindparam("count")),
    "loan", "on", "at", "count",
    guarded=True,
)  # fmt: skip
CLOSE: Final = Statement("close loan", delete(loan).where(loan.c.id == bindparam("loan")), "loan", guarded=True)
KEEP_PAST: Final = _insert(
    past_loan,
    "keep past loan",
    "id", "item_id", "library_id", "item_type_id", "patron_category_id", "channel", "out_at", "due_on", "due_at",
    "renewals", "state", "library_in_id", "in_at",
)  # fmt: skip
KEEP_READER: Final = _insert(past_loan_reader, "keep reader of past loan", "expires_on", "loan_id", "patron_id")

MOVE: Final = Statement(
    "move item",
    update(item).where(item.c.id == bindparam("item")).values(current_id=bindparam("place")),
    "item",
    "place",
)
FOUND: Final = Statement(
    "item found", update(item).where(item.c.id == bindparam("item")).values(condition=literal_column("'good'")), "item"
)

SEND: Final = _insert(transit, "send", "id", "item_id", "from_id", "to_id", "reason", "hold_id", "sent_at")
RECEIVE: Final = Statement(
    "receive",
    update(transit)
    .where(transit.c.id == bindparam("transit"))
    .values(received_at=bindparam("at"), state=bindparam("how")),
    "transit", "at", "how",
    guarded=True,
)  # fmt: skip

_WAITS: Final = hold.c.state.in_([literal_column("'waiting'"), literal_column("'targeted'")])
CAPTURE: Final = Statement(
    "capture hold",
    update(hold)
    .where(hold.c.id == bindparam("hold"), _WAITS)
    .values(state=bindparam("how"), item_id=bindparam("item"), shelf_until=bindparam("until")),
    "hold", "how", "item", "until",
    guarded=True,
)  # fmt: skip
SHELVE: Final = Statement(
    "put hold on shelf",
    update(hold)
    .where(hold.c.id == bindparam("hold"))
    .values(state=literal_column("'shelf'"), shelf_until=bindparam("until")),
    "hold", "until",
    guarded=True,
)  # fmt: skip
REDIRECT: Final = Statement(
    "send captured hold on",
    update(hold).where(hold.c.id == bindparam("hold")).values(state=literal_column("'transit'"), shelf_until=null()),
    "hold",
    guarded=True,
)
FULFIL: Final = Statement(
    "fulfil hold",
    update(hold)
    .where(hold.c.id == bindparam("hold"), hold.c.closed_at.is_(None))
    .values(state=literal_column("'honoured'"), item_id=bindparam("item"), closed_at=bindparam("at")),
    "hold", "item", "at",
    guarded=True,
)  # fmt: skip

PIN_TRIED: Final = Statement(
    "PIN tried",
    update(patron)
    .where(patron.c.id == bindparam("patron"))
    .values(pin_failures=bindparam("failures"), pin_locked_until=bindparam("until")),
    "patron", "failures", "until",
)  # fmt: skip
