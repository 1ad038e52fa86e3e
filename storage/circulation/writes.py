"""The statements that circulation's decisions write."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, case, cast, delete, insert, literal_column, null, or_, select, update

from storage.circulation.due import link_expiry
from storage.schema import (
    hold,
    item,
    loan,
    past_hold,
    past_hold_reader,
    past_loan,
    past_loan_reader,
    patron,
    pull,
    sighting,
    transit,
)
from storage.statements import Call, Statement

if TYPE_CHECKING:
    from storage.circulation.facts import ItemRow


def _insert(table: object, name: str, *columns: str) -> Statement:
    return Statement(name, insert(table).values({column: bindparam(column) for column in columns}), *columns)  # type: ignore[arg-type]


LEND: Final = _insert(
    loan, "lend", "id", "item_id", "patron_id", "library_id", "item_type_id", "channel", "out_at", "due_on", "due_at"
)
RENEW: Final = Statement(
    "renew",
    update(loan)
    .where(loan.c.id == bindparam("loan"), loan.c.state == literal_column("'open'"))
    .values(
        due_on=bindparam("on"), due_at=bindparam("at"), renewals=bindparam("count"), renewed_on=bindparam("today")
    ),
    "loan", "on", "at", "count", "today",
    guarded=True,
)  # fmt: skip
STAND: Final = Statement(
    "loan stands",
    update(loan).where(loan.c.id == bindparam("loan")).values(state=bindparam("state"), state_on=bindparam("today")),
    "loan", "state", "today",
    guarded=True,
)  # fmt: skip
# A job may have taken the loan for lost since it was read, and blocked its reader: then its end is decided anew.
CLOSE: Final = Statement(
    "close loan",
    delete(loan).where(loan.c.id == bindparam("loan"), loan.c.state == bindparam("state")),
    "loan", "state",
    guarded=True,
)  # fmt: skip
KEEP_PAST: Final = _insert(
    past_loan,
    "keep past loan",
    "id", "item_id", "library_id", "item_type_id", "patron_category_id", "channel", "out_at", "due_on", "due_at",
    "renewals", "state", "library_in_id", "in_at",
)  # fmt: skip
KEEP_READER: Final = _insert(past_loan_reader, "keep reader of past loan", "expires_on", "loan_id", "patron_id")


def end_loan(row: ItemRow, library_id: int, in_at: int, day: date, state: str) -> tuple[Call, ...]:
    """Move the open loan of *row* to the past, its reader apart, with the day on which the link is cut (R1).

    *state* is how it ended; a claim or loss ends as found when its item is returned.
    """
    if row.loan_state != "open" and state in {"returned", "deduced"}:
        state = f"found-{row.loan_state}"
    return (
        CLOSE(row.loan_id, row.loan_state),
        KEEP_PAST(
            row.loan_id, row.id, row.loan_library_id, row.item_type_id, row.loan_category_id, row.loan_channel,
            row.out_at, row.due_on, row.due_at, row.renewals, state, library_id, in_at,
        ),
        KEEP_READER(link_expiry(day), row.loan_id, row.loan_patron_id),
    )  # fmt: skip


MOVE: Final = Statement(
    "move item",
    update(item).where(item.c.id == bindparam("item")).values(current_id=bindparam("place")),
    "item",
    "place",
)
FOUND: Final = Statement(
    "item found",
    update(item)
    .where(item.c.id == bindparam("item"))
    .values(condition=literal_column("'good'"), misses=literal_column("0")),
    "item",
)
MARK: Final = Statement(
    "mark item",
    update(item)
    .where(item.c.id == bindparam("item"))
    .values(condition=bindparam("condition"), note=bindparam("note"), misses=literal_column("0")),
    "item", "condition", "note",
    guarded=True,
)  # fmt: skip

SEND: Final = _insert(transit, "send", "id", "item_id", "from_id", "to_id", "reason", "hold_id", "sent_at")
RECEIVE: Final = Statement(
    "receive",
    update(transit)
    .where(transit.c.id == bindparam("transit"))
    .values(
        received_at=bindparam("at"),
        state=bindparam("how"),
        received_id=case((cast(bindparam("how"), transit.c.state.type) == literal_column("'received'"), transit.c.to_id)),
    ),
    "transit", "at", "how",
    guarded=True,
)  # fmt: skip
SIGHT: Final = _insert(sighting, "sight", "item_id", "library_id", "transit_id", "at", "actor")

PUT_BACK: Final = Statement(
    "put hold back in line",
    update(hold)
    .where(hold.c.id == bindparam("hold"))
    .values(
        state=literal_column("'waiting'"),
        item_id=null(),
        shelved_at=null(),
        shelf_until=null(),
        shelf_slot=literal_column("''"),
    ),
    "hold",
    guarded=True,
)
_OPEN_PULL: Final = pull.c.outcome.is_(None)
_PULL_ENDS: Final[dict[str, Any]] = {"outcome": bindparam("how"), "ended_at": bindparam("at")}
PULLED: Final = Statement(
    "end pull of item",
    update(pull).where(pull.c.item_id == bindparam("item"), _OPEN_PULL).values(_PULL_ENDS),
    "item", "how", "at",
)  # fmt: skip
NOT_PULLED: Final = Statement(
    "end pull of hold",
    update(pull).where(pull.c.hold_id == bindparam("hold"), _OPEN_PULL).values(_PULL_ENDS),
    "hold", "how", "at",
)  # fmt: skip
_ENDED: Final = (
    "id", "record_id", "target_item_id", "volume", "pickup_id", "channel", "requested_at", "shelved_at",
    "shelf_slot", "promised_on",
)  # fmt: skip
_KEEP_PAST_HOLD: Final = Statement(
    "keep past hold",
    insert(past_hold).from_select(
        [*_ENDED, "patron_category_id", "outcome", "item_id", "closed_at"],
        select(
            *(hold.c[column] for column in _ENDED),
            patron.c.category_id,
            cast(bindparam("outcome"), past_hold.c.outcome.type),
            cast(bindparam("item"), past_hold.c.item_id.type),
            cast(bindparam("at"), past_hold.c.closed_at.type),
        )
        .join_from(hold, patron)
        .where(hold.c.id == bindparam("hold")),
    ),
    "outcome", "item", "at", "hold",
)  # fmt: skip
_KEEP_HOLD_READER: Final = Statement(
    "keep reader of past hold",
    insert(past_hold_reader).from_select(
        ["expires_on", "hold_id", "patron_id"],
        select(cast(bindparam("expires"), past_hold_reader.c.expires_on.type), hold.c.id, hold.c.patron_id).where(
            hold.c.id == bindparam("hold")
        ),
    ),
    "expires", "hold",
)  # fmt: skip
_END_HOLD: Final = Statement(
    "end hold",
    # Captured meanwhile by another item than the decision saw, it does not end by this one.
    delete(hold).where(
        hold.c.id == bindparam("hold"),
        or_(hold.c.item_id.is_(None), hold.c.item_id == cast(bindparam("item"), hold.c.item_id.type)),
    ),
    "hold", "item",
    guarded=True,
)  # fmt: skip


def end_hold(hold_id: int, outcome: str, item_id: int | None, today: date, now: int) -> tuple[Call, ...]:
    """Move an open hold to the past, its reader apart, with the day on which the link is cut (R2)."""
    return (
        _KEEP_PAST_HOLD(outcome, item_id, now, hold_id),
        _KEEP_HOLD_READER(link_expiry(today), hold_id),
        _END_HOLD(hold_id, item_id),
    )


PIN_TRIED: Final = Statement(
    "PIN tried",
    update(patron)
    .where(patron.c.id == bindparam("patron"))
    .values(pin_failures=bindparam("failures"), pin_locked_until=bindparam("until")),
    "patron", "failures", "until",
)  # fmt: skip
