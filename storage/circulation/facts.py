"""The statements that gather facts about one item or one reader, and the shapes of their rows.

Every statement is keyed by what is scanned (a barcode, a card number), so that all facts of an act are gathered in one
step. Locks come from statements of their own that return nothing to decide on: PostgreSQL re-reads only the locked row
after a wait, so state read in the locking statement could be stale (performance.md 5.3).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, literal_column, null, or_, select, union

from storage.schema import barcode, block, card, hold, item, loan, patron, record, transit
from storage.statements import Hint, Statement

_NUMBER: Final = bindparam("number", type_=barcode.c.number.type)
_CARD: Final = bindparam("card", type_=card.c.number.type)

LOCK_ITEM: Final = Statement(
    "lock item",
    select(item.c.id)
    .join_from(barcode, item)
    .where(barcode.c.number == _NUMBER)
    .order_by(item.c.id)
    .with_for_update(key_share=True, of=item),
    "number",
    rank=1,
)
LOCK_PATRON: Final = Statement(
    "lock patron",
    select(patron.c.id)
    .join_from(card, patron)
    .where(card.c.number == _CARD)
    .order_by(patron.c.id)
    .with_for_update(key_share=True, of=patron),
    "card",
    rank=2,
)
LOCK_HOLDS: Final = Statement(
    "lock holds",
    select(hold.c.id)
    .select_from(
        barcode.join(item, item.c.id == barcode.c.item_id).join(
            hold, or_(hold.c.record_id == item.c.record_id, hold.c.target_item_id == item.c.id)
        )
    )
    .where(barcode.c.number == _NUMBER)
    .order_by(hold.c.id)
    .with_for_update(key_share=True, of=hold),
    "number",
    rank=3,
)


class ItemRow(NamedTuple):
    """An item with what holds it now. Loan, transit and captured hold are None when there is none."""

    namespace: str
    barcode: str
    id: int
    record_id: int | None
    owner_id: int
    home_id: int
    current_id: int
    item_type_id: int
    location: str
    call_number: str
    volume: str
    title: str
    author: str
    condition: str
    for_loan: int
    temporary: int
    due_back_on: str | None
    loan_id: int | None
    loan_patron_id: int | None
    loan_category_id: int | None
    loan_library_id: int | None
    loan_channel: str | None
    out_at: int | None
    due_on: str | None
    due_at: int | None
    renewals: int | None
    loan_state: str | None
    transit_id: int | None
    transit_to_id: int | None
    hold_id: int | None
    hold_patron_id: int | None
    hold_pickup_id: int | None
    hold_state: str | None
    shelf_until: str | None
    misses: int = 0
    renewed_on: str | None = None
    transit_hold_id: int | None = None
    sent_at: int | None = None
    properties: str | None = None
    waited: int = 0


_CAPTURED: Final = hold.alias("captured")
# Whether any hold at all may wait for the item: what the queue is, `WAITING` tells.
_WANTED: Final = hold.alias("wanted")
_WANTS_RECORD: Final = exists().where(_WANTED.c.record_id == item.c.record_id)
_WANTS_ITEM: Final = exists().where(_WANTED.c.target_item_id == item.c.id)
ITEM_COLUMNS: Final = (
    barcode.c.namespace,
    barcode.c.number,
    item.c.id,
    item.c.record_id,
    item.c.owner_id,
    item.c.home_id,
    item.c.current_id,
    item.c.item_type_id,
    item.c.location,
    item.c.call_number,
    item.c.volume,
    item.c.title,
    item.c.author,
    item.c.condition,
    item.c.for_loan,
    item.c.temporary,
    item.c.due_back_on,
    loan.c.id,
    loan.c.patron_id,
    patron.c.category_id,
    loan.c.library_id,
    loan.c.channel,
    loan.c.out_at,
    loan.c.due_on,
    loan.c.due_at,
    loan.c.renewals,
    loan.c.state,
    transit.c.id,
    transit.c.to_id,
    _CAPTURED.c.id,
    _CAPTURED.c.patron_id,
    _CAPTURED.c.pickup_id,
    _CAPTURED.c.state,
    _CAPTURED.c.shelf_until,
    item.c.misses,
    loan.c.renewed_on,
    transit.c.hold_id,
    transit.c.sent_at,
    item.c.properties,
    case((or_(_WANTS_RECORD, _WANTS_ITEM), literal_column("1")), else_=literal_column("0")).label("waited"),
)
ITEM_STATE: Final = (
    barcode.join(item, barcode.c.item_id == item.c.id)
    .outerjoin(loan, loan.c.item_id == item.c.id)
    .outerjoin(patron, patron.c.id == loan.c.patron_id)
    .outerjoin(transit, and_(transit.c.item_id == item.c.id, transit.c.received_at.is_(None)))
    .outerjoin(
        _CAPTURED,
        and_(
            _CAPTURED.c.item_id == item.c.id,
            _CAPTURED.c.state.in_([literal_column("'transit'"), literal_column("'shelf'")]),
        ),
    )
)

ITEM: Final = Statement(
    "item", select(*ITEM_COLUMNS).select_from(ITEM_STATE).where(barcode.c.number == _NUMBER), "number"
)


class WaitingRow(NamedTuple):
    """A hold that waits for this item or its title, once per block of its reader that forbids captures.

    *added_on* is the item's; *target_item_id* is None for a title. `storage.circulation.holds.queue` reads these rows.
    """

    item_id: int
    id: int
    patron_id: int
    pickup_id: int
    requested_at: int
    priority: int
    suspended_until: str | None
    expires_on: str | None
    target_item_id: int | None
    channel: str
    category_id: int
    added_on: str | None
    block_acts: str | None
    block_from: str | None
    block_to: str | None


NO_CAPTURE: Final = or_(block.c.acts == literal_column("'*'"), block.c.acts.like(literal_column("'%capture%'")))


# One join on either target, not a union: both databases look into the two indexes of `hold` from one reading of the item.
WAITING: Final = Statement(
    "waiting holds",
    select(
        item.c.id,
        hold.c.id,
        hold.c.patron_id,
        hold.c.pickup_id,
        hold.c.requested_at,
        hold.c.priority,
        hold.c.suspended_until,
        hold.c.expires_on,
        hold.c.target_item_id,
        hold.c.channel,
        patron.c.category_id,
        item.c.added_on,
        block.c.acts,
        block.c.from_on,
        block.c.to_on,
    )
    .select_from(
        barcode.join(item, barcode.c.item_id == item.c.id)
        .join(
            hold,
            or_(
                and_(
                    hold.c.record_id == item.c.record_id,
                    or_(hold.c.volume == literal_column("''"), hold.c.volume == item.c.volume),
                ),
                hold.c.target_item_id == item.c.id,
            ),
        )
        .join(patron, patron.c.id == hold.c.patron_id)
        .outerjoin(block, and_(block.c.patron_id == hold.c.patron_id, NO_CAPTURE))
    )
    .where(barcode.c.number == _NUMBER, hold.c.state == literal_column("'waiting'")),
    "number",
    hint=Hint((ITEM,), ItemRow._fields.index("waited")),
)


class PatronRow(NamedTuple):
    """A card with its reader, once per block (block columns None when there is none).

    What stands last is read by `PATRON_DETAILS` alone: a column costs as much as a line of Python, and acts want none of it.
    """

    namespace: str
    card: str
    card_status: str
    id: int
    code: str
    category_id: int
    home_id: int
    surname: str
    forename: str
    valid_until: str | None
    pin_hash: bytes | None
    pin_failures: int
    pin_locked_until: int | None
    block_kind: str | None
    block_acts: str | None
    block_from: str | None
    block_to: str | None
    has_holds: int = 0
    language: str = ""
    born_on: str | None = None
    address: str | None = None
    email: str | None = None
    phone: str | None = None

    def __repr__(self) -> str:
        """Readers' data never get into logs."""
        return f"<PatronRow {self.id}>"


_PATRON_COLUMNS: Final = (
    card.c.namespace,
    card.c.number,
    card.c.status,
    patron.c.id,
    patron.c.code,
    patron.c.category_id,
    patron.c.home_id,
    patron.c.surname,
    patron.c.forename,
    patron.c.valid_until,
    patron.c.pin_hash,
    patron.c.pin_failures,
    patron.c.pin_locked_until,
    block.c.kind,
    block.c.acts,
    block.c.from_on,
    block.c.to_on,
    case((exists().where(hold.c.patron_id == patron.c.id), literal_column("1")), else_=literal_column("0")).label(
        "has_holds"
    ),
)
_PATRON_DETAILS: Final = (patron.c.language, patron.c.born_on, patron.c.address, patron.c.email, patron.c.phone)


def _patron(name: str, *columns: ColumnElement[Any]) -> Statement:
    readers = card.join(patron, card.c.patron_id == patron.c.id).outerjoin(block, block.c.patron_id == patron.c.id)
    return Statement(name, select(*columns).select_from(readers).where(card.c.number == _CARD), "card")


PATRON: Final = _patron("patron", *_PATRON_COLUMNS)
PATRON_DETAILS: Final = _patron("patron with details", *_PATRON_COLUMNS, *_PATRON_DETAILS)


def _readers_of_item() -> Statement:
    """Name every reader who waits for an item, for whom it is kept, or who has it: what no rule asks for."""
    of_item = barcode.join(item, barcode.c.item_id == item.c.id)
    kept = or_(hold.c.record_id == item.c.record_id, hold.c.target_item_id == item.c.id, hold.c.item_id == item.c.id)
    ids = union(
        select(hold.c.patron_id).select_from(of_item.join(hold, kept)).where(barcode.c.number == _NUMBER),
        select(loan.c.patron_id)
        .select_from(of_item.join(loan, loan.c.item_id == item.c.id))
        .where(barcode.c.number == _NUMBER),
    )
    shown = and_(
        card.c.patron_id == patron.c.id,
        card.c.status == literal_column("'active'"),
        card.c.is_primary == literal_column("1"),
    )
    number = func.coalesce(card.c.number, literal_column("''"))
    unasked = [null().label(column.name) for column in _PATRON_COLUMNS[10:]]
    return Statement(
        "readers of item",
        select(card.c.namespace, number, card.c.status, *_PATRON_COLUMNS[3:10], *unasked, *_PATRON_DETAILS)
        .select_from(patron.outerjoin(card, shown))
        .where(patron.c.id.in_(ids)),
        "number",
    )


READERS_OF_ITEM: Final = _readers_of_item()
"""Rows as `PATRON_DETAILS` has them, without PINs and blocks."""


class LoadRow(NamedTuple):
    """An open loan of a reader, as far as it counts: its item type and when it is due."""

    patron_id: int
    item_type_id: int
    due_on: str | None
    due_at: int | None


# Counted by `accounts.load_of`: GROUP BY sorts first, which takes longer than to fetch the loans of one reader.
LOAD: Final = Statement(
    "load of patron",
    select(loan.c.patron_id, loan.c.item_type_id, loan.c.due_on, loan.c.due_at)
    .join_from(card, loan, card.c.patron_id == loan.c.patron_id)
    .where(card.c.number == _CARD, loan.c.state == literal_column("'open'")),
    "card",
)


class LoanRow(NamedTuple):
    """An open loan with its item, for lists. What stands last is read by `LOANS` alone, and not by `CHARGED`."""

    patron_id: int
    barcode: str
    item_type_id: int
    due_on: str | None
    due_at: int | None
    state: str
    id: int = 0
    title: str = ""
    author: str = ""
    item_id: int = 0
    record_id: int | None = None
    library_id: int = 0
    out_at: int = 0
    renewals: int = 0


_LOAN_COLUMNS: Final = (
    loan.c.patron_id,
    barcode.c.number,
    loan.c.item_type_id,
    loan.c.due_on,
    loan.c.due_at,
    loan.c.state,
)
_OF_CARD: Final = card.join(loan, card.c.patron_id == loan.c.patron_id)


def _primary(item_id: ColumnElement[int]) -> ColumnElement[bool]:
    return and_(barcode.c.item_id == item_id, barcode.c.is_primary == literal_column("1"))


CHARGED: Final = Statement(
    "charged items of patron",
    select(*_LOAN_COLUMNS)
    .select_from(_OF_CARD.join(barcode, _primary(loan.c.item_id)))
    .where(card.c.number == _CARD)
    .order_by(loan.c.out_at, loan.c.id),
    "card",
)
LOANS: Final = Statement(
    "loans of patron",
    select(
        *_LOAN_COLUMNS,
        loan.c.id,
        item.c.title,
        item.c.author,
        item.c.id,
        item.c.record_id,
        loan.c.library_id,
        loan.c.out_at,
        loan.c.renewals,
    )
    .select_from(_OF_CARD.join(item, loan.c.item_id == item.c.id).join(barcode, _primary(item.c.id)))
    .where(card.c.number == _CARD)
    .order_by(loan.c.out_at, loan.c.id),
    "card",
)


class HoldRow(NamedTuple):
    """An open hold of a reader, for lists. *title* is the item's where there is one, else the record's."""

    patron_id: int
    id: int
    record_id: int | None
    state: str
    pickup_id: int
    requested_at: int
    shelf_until: str | None
    item_id: int | None
    barcode: str | None
    title: str | None


HOLDS: Final = Statement(
    "holds of patron",
    select(
        hold.c.patron_id,
        hold.c.id,
        hold.c.record_id,
        hold.c.state,
        hold.c.pickup_id,
        hold.c.requested_at,
        hold.c.shelf_until,
        hold.c.item_id,
        barcode.c.number,
        func.coalesce(item.c.title, record.c.title),
    )
    .select_from(
        card.join(hold, card.c.patron_id == hold.c.patron_id)
        .outerjoin(item, item.c.id == func.coalesce(hold.c.item_id, hold.c.target_item_id))
        .outerjoin(barcode, _primary(item.c.id))
        .outerjoin(record, record.c.id == hold.c.record_id)
    )
    .where(card.c.number == _CARD)
    .order_by(hold.c.requested_at, hold.c.id),
    "card",
    hint=Hint((PATRON, PATRON_DETAILS), PatronRow._fields.index("has_holds")),
)
