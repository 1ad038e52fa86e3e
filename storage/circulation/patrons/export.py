"""Everything that the network knows of one reader, for that reader (R6 of domain.md 3.7, art. 15 and 20 of the GDPR)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, select

from storage import schema
from storage.circulation.accounts import PatronAccount, patron_information
from storage.circulation.patrons import statements
from storage.refusals import Reason
from storage.statements import Statement

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Row, Steps

_PATRON: Final = bindparam("patron", type_=schema.patron.c.id.type)
_SELF: Final = ("code", "born_on", "valid_until", "residence", "address", "email", "phone", "last_seen_on")
_REST: Final = Statement(
    "rest of reader",
    select(*(schema.patron.c[column] for column in _SELF), schema.household.c.code)
    .join_from(schema.patron, schema.household, isouter=True)
    .where(schema.patron.c.id == _PATRON),
    "patron",
)
# These look through all that is past: nobody waits for them.
_PAST_LOANS: Final = Statement(
    "past loans of reader",
    select(
        schema.item.c.title, schema.past_loan.c.out_at, schema.past_loan.c.in_at, schema.past_loan_reader.c.expires_on
    )
    .select_from(
        schema.past_loan_reader.join(schema.past_loan, schema.past_loan.c.id == schema.past_loan_reader.c.loan_id).join(
            schema.item, schema.item.c.id == schema.past_loan.c.item_id
        )
    )
    .where(schema.past_loan_reader.c.patron_id == _PATRON)
    .order_by(schema.past_loan.c.out_at),
    "patron",
)
_PAST_HOLDS: Final = Statement(
    "past holds of reader",
    select(
        schema.past_hold.c.requested_at,
        schema.past_hold.c.closed_at,
        schema.past_hold.c.outcome,
        schema.past_hold_reader.c.expires_on,
    )
    .join_from(schema.past_hold_reader, schema.past_hold, schema.past_hold.c.id == schema.past_hold_reader.c.hold_id)
    .where(schema.past_hold_reader.c.patron_id == _PATRON)
    .order_by(schema.past_hold.c.requested_at),
    "patron",
)
_NOTICES: Final = Statement(
    "notices to reader",
    select(schema.notice.c.kind, schema.notice.c.at, schema.notice.c.sent_at)
    .where(schema.notice.c.patron_id == _PATRON)
    .order_by(schema.notice.c.at),
    "patron",
)
_ASKED: Final = Statement(
    "inter-library requests of reader",
    select(*(schema.ill_request.c[name] for name in ("title", "author", "made_at", "pickup_id", "state", "closed_at")))
    .where(schema.ill_request.c.patron_id == _PATRON)
    .order_by(schema.ill_request.c.made_at),
    "patron",
)


def _instant(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, tz=UTC).isoformat()


def export(network: Network, card: str, library_id: int, now: int) -> Steps[dict[str, Any] | Reason]:
    """Return what JSON can hold: the reader's own data, cards, blocks, loans and holds, requests, notices."""
    account = yield from patron_information(network, card, library_id, "cli", None, now)
    if account.patron is None:
        return account.reason or Reason.UNKNOWN_PATRON
    reader = account.patron.row.id
    rest, cards, blocks, loans, holds, notices, asked = yield [
        _REST(reader),
        statements.CARDS_OF(reader),
        statements.BLOCKS_OF(reader),
        _PAST_LOANS(reader),
        _PAST_HOLDS(reader),
        _NOTICES(reader),
        _ASKED(reader),
    ]
    *values, household = rest[0]
    return {
        **dict(zip(_SELF, values, strict=True)),
        "surname": account.patron.row.surname,
        "forename": account.patron.row.forename,
        "language": account.patron.row.language,
        "category": account.patron.category.code,
        "home_library": account.patron.home.code,
        "household": household,
        "cards": [
            dict(zip(("namespace", "number", "status", "primary", "issued_on"), row, strict=False)) for row in cards
        ],
        "blocks": [{"kind": row[1], "acts": row[2], "from": row[3], "to": row[4], "note": row[5]} for row in blocks],
        **_open(network, account),
        "past_loans": [_past_loan(row) for row in loans],
        "past_holds": [
            {
                "requested_at": _instant(row[0]),
                "closed_at": _instant(row[1]),
                "outcome": row[2],
                "forgotten_after": row[3],
            }
            for row in holds
        ],
        "asked_elsewhere": [
            {
                "title": row[0],
                "author": row[1],
                "requested_at": _instant(row[2]),
                "pickup": network.libraries[row[3]].code,
                "state": row[4],
                "closed_at": _instant(row[5]),
            }
            for row in asked
        ],
        "notices": [{"kind": row[0], "at": _instant(row[1]), "sent_at": _instant(row[2])} for row in notices],
    }


def _past_loan(row: Row) -> dict[str, Any]:
    title, out_at, in_at, expires_on = row
    return {
        "title": title,
        "lent_at": _instant(out_at),
        "returned_at": _instant(in_at),
        "forgotten_after": expires_on,
    }


def _open(network: Network, account: PatronAccount) -> dict[str, Any]:
    return {
        "loans": [
            {
                "barcode": loan.barcode,
                "title": loan.title,
                "lent_at": _instant(loan.out_at),
                "library": network.libraries[loan.library_id].code,
                "due": loan.due_on or _instant(loan.due_at),
                "renewals": loan.renewals,
                "state": loan.state,
            }
            for loan in account.loans
        ],
        "holds": [
            {
                "title": hold.title,
                "requested_at": _instant(hold.requested_at),
                "pickup": network.libraries[hold.pickup_id].code,
                "state": hold.state,
                "shelf_until": hold.shelf_until,
            }
            for hold in account.holds
        ],
    }
