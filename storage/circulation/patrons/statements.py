"""What is read and written of readers, besides the hot paths' `storage.circulation.facts`."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Table, bindparam, cast, delete, insert, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import block, card, household, ill_request, notice, past_hold_reader, past_loan_reader, patron
from storage.statements import Statement

_CARD: Final = bindparam("number", type_=card.c.number.type)
_PATRON: Final = bindparam("patron", type_=patron.c.id.type)


def _columns(table: Table, name: str, *columns: str) -> Statement:
    return Statement(name, insert(table).values({column: bindparam(column) for column in columns}), *columns)


CODE: Final = Statement(
    "reader of code", select(patron.c.id).where(patron.c.code == bindparam("code", type_=patron.c.code.type)), "code"
)
CARDS: Final = Statement(
    "cards of number", select(card.c.namespace, card.c.number, card.c.patron_id, card.c.status).where(card.c.number == _CARD),
    "number",
)  # fmt: skip
CARDS_OF: Final = Statement(
    "cards of reader",
    select(card.c.namespace, card.c.number, card.c.status, card.c.is_primary, card.c.issued_on, card.c.replaced_by)
    .where(card.c.patron_id == _PATRON)
    .order_by(card.c.issued_on, card.c.number),
    "patron",
)
ASKED_ELSEWHERE: Final = Statement(
    "open inter-library requests of a card",
    select(ill_request.c.id)
    .join_from(card, ill_request, ill_request.c.patron_id == card.c.patron_id)
    .where(card.c.number == bindparam("card", type_=card.c.number.type), ill_request.c.closed_at.is_(None))
    .order_by(ill_request.c.id),
    "card",
)  # fmt: skip
BLOCKS_OF: Final = Statement(
    "blocks of reader",
    select(block.c.id, block.c.kind, block.c.acts, block.c.from_on, block.c.to_on, block.c.note)
    .where(block.c.patron_id == _PATRON)
    .order_by(block.c.id),
    "patron",
)
REGISTER: Final = _columns(
    patron,
    "register reader",
    "code", "category_id", "home_id", "surname", "forename", "language", "born_on", "valid_until", "residence", "address",
    "email", "phone", "pin_hash", "last_seen_on",
)  # fmt: skip
CHANGEABLE: Final = (
    "category_id", "home_id", "surname", "forename", "language", "born_on", "valid_until", "residence", "address",
    "email", "phone",
)  # fmt: skip
"""Columns of a reader that a command may change."""
CHANGE: Final = {
    column: Statement(
        f"change {column} of reader",
        update(patron).where(patron.c.id == _PATRON).values({column: bindparam("value", type_=patron.c[column].type)}),
        "value", "patron",
        guarded=True,
    )
    for column in CHANGEABLE
}  # fmt: skip
SET_PIN: Final = Statement(
    "set PIN",
    update(patron)
    .where(patron.c.id == _PATRON)
    .values(
        pin_hash=bindparam("pin", type_=patron.c.pin_hash.type),
        pin_failures=literal_column("0"),
        pin_locked_until=cast(None, patron.c.pin_locked_until.type),
    ),
    "pin", "patron",
    guarded=True,
)  # fmt: skip

ISSUE: Final = Statement(
    "issue card",
    insert(card).from_select(
        ["namespace", "number", "patron_id", "status", "is_primary", "issued_on"],
        select(
            cast(bindparam("namespace"), card.c.namespace.type),
            cast(bindparam("number"), card.c.number.type),
            patron.c.id,
            literal_column("'active'"),
            cast(bindparam("primary"), card.c.is_primary.type),
            cast(bindparam("day"), card.c.issued_on.type),
        ).where(patron.c.code == bindparam("code", type_=patron.c.code.type)),
    ),
    "namespace", "number", "primary", "day", "code",
)  # fmt: skip
STATE: Final = Statement(
    "state of card",
    update(card)
    .where(card.c.namespace == bindparam("space", type_=card.c.namespace.type), card.c.number == bindparam("known", type_=card.c.number.type))
    .values(status=bindparam("how"), replaced_by=bindparam("by")),
    "how", "by", "space", "known",
    guarded=True,
)  # fmt: skip
RETIRE_MAIN: Final = Statement(
    "main card becomes another",
    update(card).where(card.c.patron_id == _PATRON, card.c.status == literal_column("'active'")).values(
        is_primary=literal_column("0")
    ),
    "patron",
)  # fmt: skip

BLOCK: Final = _columns(block, "block reader", "patron_id", "kind", "acts", "from_on", "to_on", "note")
UNBLOCK: Final = Statement(
    "unblock reader",
    delete(block).where(block.c.patron_id == _PATRON, block.c.kind == bindparam("kind", type_=block.c.kind.type)),
    "patron", "kind",
)  # fmt: skip

_CODE: Final = bindparam("household", type_=household.c.code.type)


def _found(dialect: Any) -> Any:
    return dialect.insert(household).values(code=bindparam("household")).on_conflict_do_nothing()


FOUND: Final = Statement("found household", _found(sqlite), "household", postgresql=_found(postgresql))
"""Make a household unless there is one of its code."""
JOIN: Final = Statement(
    "join household",
    update(patron)
    .where(patron.c.id == _PATRON)
    .values(household_id=select(household.c.id).where(household.c.code == _CODE).scalar_subquery()),
    "household", "patron",
    guarded=True,
)  # fmt: skip
LEAVE: Final = Statement(
    "leave household",
    update(patron).where(patron.c.id == _PATRON).values(household_id=cast(None, patron.c.household_id.type)),
    "patron",
    guarded=True,
)

TELL: Final = _columns(notice, "tell reader", "id", "kind", "patron_id", "at")

SEEN: Final = Statement(
    "reader seen",
    update(patron)
    .where(
        patron.c.id == _PATRON,
        (patron.c.last_seen_on.is_(None)) | (patron.c.last_seen_on < bindparam("day", type_=patron.c.last_seen_on.type)),
    )
    .values(last_seen_on=bindparam("seen")),
    "seen", "patron", "day",
)  # fmt: skip

ERASE: Final = Statement(
    "erase reader",
    update(patron)
    .where(patron.c.id == _PATRON, patron.c.erased_on.is_(None))
    .values(
        code=bindparam("code"),
        surname=literal_column("''"),
        forename=literal_column("''"),
        address=cast(None, patron.c.address.type),
        email=cast(None, patron.c.email.type),
        phone=cast(None, patron.c.phone.type),
        pin_hash=cast(None, patron.c.pin_hash.type),
        household_id=cast(None, patron.c.household_id.type),
        born_on=bindparam("born_on"),
        last_seen_on=cast(None, patron.c.last_seen_on.type),
        erased_on=bindparam("today"),
    ),
    "code", "born_on", "today", "patron",
    guarded=True,
)  # fmt: skip
FORGET: Final = (
    *(
        Statement(f"forget reader in {table.name}", delete(table).where(table.c.patron_id == _PATRON), "patron")
        for table in (past_loan_reader, past_hold_reader, notice, block, card)
    ),
    Statement(
        "forget reader in ill_request",
        update(ill_request)
        .where(ill_request.c.patron_id == _PATRON)
        .values(patron_id=cast(None, ill_request.c.patron_id.type)),
        "patron",
    ),
)
"""All that ties an erased reader to anything past."""
