"""The statements of inter-library loan: what decisions about requests read and write."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    union_all,
    update,
)

from storage.circulation.due import link_expiry
from storage.circulation.ill.machine import Role, State, check_at
from storage.circulation.tellings import note_anomaly, tell_reader
from storage.ids import new_id
from storage.schema import (
    barcode,
    card,
    hold,
    ill_request,
    item,
    loan,
    manifest_line,
    outbox,
    past_hold,
    past_loan,
    past_loan_reader,
    patron,
    transit,
)
from storage.statements import Call, Statement, Steps


class IllRow(NamedTuple):
    """A request, with its reader's card and what its item is doing (None where there is no item, loan, transit or hold)."""

    id: int
    role: Role
    partner_id: int
    agency: str
    number: str
    state: State
    patron_id: int | None
    pickup_id: int
    record_id: int | None
    identifier: str
    title: str
    author: str
    barcode: str
    item_id: int | None
    hold_id: int | None
    needed_by: str | None
    due_back_on: str | None
    renewable: int
    renewal: str
    recalled_on: str | None
    reason: str
    made_at: int
    since_at: int
    check_at: int | None
    checks: int
    terms: str
    agreed: str
    follows_id: int | None
    edition: str
    prolonged: int
    due_before: str | None
    card: str | None
    held_item_id: int | None
    hold_state: str | None
    hold_outcome: str | None
    current_id: int | None
    owner_id: int | None
    item_type_id: int | None
    shown_barcode: str | None
    loan_id: int | None
    due_on: str | None
    renewals: int | None
    last_on: str | None
    transit_id: int | None
    transit_to_id: int | None
    sent_at: int | None
    lines: int
    loaded_at: int | None

    @property
    def effect(self) -> str:
        """What a repeat of what led here may rely on."""
        return f"ill:{self.id}:{self.state.value}:{self.renewals or 0}"

    def __repr__(self) -> str:
        """Readers' data never get into logs."""
        return f"<IllRow {self.id} {self.role.value} {self.state.value}>"


def row_of(found: tuple[Any, ...]) -> IllRow:
    """Give what a statement of this module found."""
    row = IllRow._make(found)
    return row._replace(role=Role(row.role), state=State(row.state))


_OWN: Final = (
    "id", "role", "partner_id", "agency", "number", "state", "patron_id", "pickup_id", "record_id", "identifier", "title",
    "author", "barcode", "item_id", "hold_id", "needed_by", "due_back_on", "renewable", "renewal", "recalled_on", "reason",
    "made_at", "since_at", "check_at", "checks", "terms", "agreed", "follows_id", "edition", "prolonged",
    "due_before",
)  # fmt: skip
_PRIMARY: Final[ColumnElement[int]] = literal_column("1")
_OF_TRANSIT: Final = manifest_line.c.transit_id == transit.c.id
_LOADED: Final = select(func.max(manifest_line.c.loaded_at)).where(_OF_TRANSIT).scalar_subquery()
"""When a van took the item of a transit, if one did."""
_LINES: Final = select(func.count()).select_from(manifest_line).where(_OF_TRANSIT).scalar_subquery()
"""How often the item of a transit was put in a container: where it never is, no van is scanned."""
_ITEM_ID: Final = func.coalesce(hold.c.item_id, hold.c.target_item_id, past_hold.c.item_id)
_WHOLE: Final = (
    select(
        *(ill_request.c[name] for name in _OWN),
        card.c.number, _ITEM_ID, hold.c.state, past_hold.c.outcome, item.c.current_id, item.c.owner_id, item.c.item_type_id, barcode.c.number,
        loan.c.id, loan.c.due_on, loan.c.renewals, item.c.due_back_on, transit.c.id, transit.c.to_id, transit.c.sent_at,
        _LINES, _LOADED,
    )
    .select_from(
        ill_request.outerjoin(
            card,
            and_(
                card.c.patron_id == ill_request.c.patron_id,
                card.c.is_primary == _PRIMARY,
                card.c.status == literal_column("'active'"),
            ),
        )
        .outerjoin(hold, hold.c.id == ill_request.c.hold_id)
        # A hold that was honoured, by a loan to the partner's account, is past: it tells which item that was.
        .outerjoin(
            past_hold,
            and_(past_hold.c.id == ill_request.c.hold_id, past_hold.c.outcome == literal_column("'honoured'")),
        )
        .outerjoin(item, item.c.id == func.coalesce(ill_request.c.item_id, _ITEM_ID))
        .outerjoin(barcode, and_(barcode.c.item_id == item.c.id, barcode.c.is_primary == _PRIMARY))
        .outerjoin(loan, loan.c.item_id == item.c.id)
        .outerjoin(transit, and_(transit.c.item_id == item.c.id, transit.c.received_at.is_(None)))
    )
)  # fmt: skip
_OPEN: Final = ill_request.c.closed_at.is_(None)

BY_NUMBER: Final = Statement(
    "inter-library request",
    _WHOLE.where(ill_request.c.agency == bindparam("agency"), ill_request.c.number == bindparam("number")),
    "agency", "number",
)  # fmt: skip
BY_ID: Final = Statement("inter-library request by id", _WHOLE.where(ill_request.c.id == bindparam("id")), "id")
_BARCODE: Final[BindParameter[str]] = bindparam("barcode")
# The partner may know the item by its own number, or by the one that it was told that we gave it.
_CODED: Final = union_all(
    select(ill_request.c.id).where(_OPEN, ill_request.c.barcode == _BARCODE),
    select(ill_request.c.id)
    .join_from(barcode, ill_request, ill_request.c.item_id == barcode.c.item_id)
    .where(_OPEN, barcode.c.number == _BARCODE),
)
BY_BARCODE: Final = Statement(
    "open inter-library requests of a barcode",
    _WHOLE.where(ill_request.c.partner_id == bindparam("partner"), ill_request.c.id.in_(_CODED)),
    "partner", "barcode",
)  # fmt: skip
OPEN_AFTER: Final = Statement(
    "open inter-library requests",
    _WHOLE.where(_OPEN, ill_request.c.id > bindparam("after")).order_by(ill_request.c.id).limit(bindparam("size")),
    "after", "size",
)  # fmt: skip
SEEN_TO: Final = Statement(
    "inter-library requests that are open, or of which a message of late reached nobody",
    _WHOLE.where(
        or_(
            _OPEN,
            ill_request.c.id.in_(
                select(outbox.c.request_id).where(
                    outbox.c.state == literal_column("'dead'"), outbox.c.ended_at >= bindparam("since")
                )
            ),
        )
    )
    .order_by(ill_request.c.id)
    .limit(bindparam("size")),
    "since", "size",
)  # fmt: skip
LONG_OVER: Final = Statement(
    "inter-library requests of a number, and of those made of it, that are long over",
    select(func.count()).where(
        ill_request.c.agency == bindparam("agency"),
        ill_request.c.number.like(bindparam("pattern")),
        ill_request.c.closed_at < bindparam("before"),
    ),
    "agency", "pattern", "before",
)  # fmt: skip
OF_PATRON: Final = Statement(
    "open inter-library requests of a reader",
    _WHOLE.where(_OPEN, ill_request.c.patron_id == bindparam("patron")).order_by(ill_request.c.id),
    "patron",
)  # fmt: skip
LOCK: Final = Statement(
    "lock inter-library request",
    select(ill_request.c.id)
    .where(ill_request.c.agency == bindparam("agency"), ill_request.c.number == bindparam("number"))
    .with_for_update(key_share=True),
    "agency", "number",
    rank=9,
)  # fmt: skip

_MADE: Final = (
    "id", "role", "partner_id", "agency", "number", "state", "patron_id", "pickup_id", "record_id", "identifier", "title",
    "author", "barcode", "hold_id", "needed_by", "made_at", "since_at", "check_at", "follows_id", "edition",
)  # fmt: skip
MAKE: Final = Statement(
    "make inter-library request", insert(ill_request).values({name: bindparam(name) for name in _MADE}), *_MADE
)

_REQUEST: Final = ill_request.c.id == bindparam("request")
_MOVED: Final = ("state", "since_at", "check_at", "reason", "closed_at")
MOVE: Final = Statement(
    "move inter-library request",
    # What the decision saw must still be so: of two that come together, the second is decided anew.
    update(ill_request)
    .where(_REQUEST, ill_request.c.state == bindparam("before"))
    .values({name: bindparam(name) for name in _MOVED} | {"checks": literal_column("0")}),
    "request", "before", *_MOVED,
    guarded=True,
)  # fmt: skip
_HELD: Final = (
    "barcode", "due_back_on", "renewable", "renewal", "recalled_on", "title", "author", "terms", "agreed", "prolonged",
    "due_before",
)  # fmt: skip
_SEEN: Final = tuple(f"seen_{name}" for name in _HELD)
KNOW: Final = Statement(
    "change inter-library request",
    # As with its state: whoever saw something else than what is held now decides anew.
    update(ill_request)
    .where(
        _REQUEST,
        *(ill_request.c[name].is_not_distinct_from(bindparam(seen)) for name, seen in zip(_HELD, _SEEN, strict=True)),
    )
    .values({name: bindparam(name) for name in _HELD}),
    "request", *_HELD, *_SEEN,
    guarded=True,
)  # fmt: skip
LOOKED: Final = Statement(
    "look after inter-library request",
    update(ill_request).where(_REQUEST).values(check_at=bindparam("check_at"), checks=bindparam("checks")),
    "request", "check_at", "checks",
)  # fmt: skip
PART: Final = Statement(
    "part reader from inter-library request", update(ill_request).where(_REQUEST).values(patron_id=None), "request"
)
OWN: Final = Statement(
    "give inter-library request its item",
    update(ill_request).where(_REQUEST).values(item_id=bindparam("item")),
    "request", "item",
)  # fmt: skip


def of_patron(patron_id: int) -> Steps[list[IllRow]]:
    """Read the open requests of a reader."""
    (found,) = yield [OF_PATRON(patron_id)]
    return [row_of(each) for each in found]


# --- the temporary item ------------------------------------------------------------------------------------------------

# The database numbers items. What is made beside one, in the same act, asks for the number it was just given.
_NEW_SQLITE: Final = select(func.max(item.c.id)).scalar_subquery()
_NEW_POSTGRESQL: Final = text("currval(pg_get_serial_sequence('item', 'id'))")


def _of_new_item(name: str, make: Any, *binds: str) -> Statement:
    return Statement(name, make(_NEW_SQLITE), *binds, postgresql=make(literal_column(str(_NEW_POSTGRESQL))))


_ITEM: Final = (
    "owner_id", "home_id", "current_id", "item_type_id", "title", "author", "call_number", "for_loan", "added_on", "due_back_on",
)  # fmt: skip
ADD_ITEM: Final = Statement(
    "add temporary item",
    insert(item).values({name: bindparam(name) for name in _ITEM} | {"temporary": literal_column("1")}),
    *_ITEM,
)
ADD_BARCODE: Final = _of_new_item(
    "add barcode of temporary item",
    lambda new: insert(barcode).values(number=bindparam("number"), namespace=literal_column("''"), item_id=new),
    "number",
)
ADD_HOLD: Final = _of_new_item(
    "hold temporary item",
    lambda new: insert(hold).values(
        id=bindparam("id"), patron_id=bindparam("patron"), target_item_id=new, item_id=new, pickup_id=bindparam("pickup"),
        channel=literal_column("'ncip'"), requested_at=bindparam("at"), state=literal_column("'transit'"),
    ),
    "id", "patron", "pickup", "at",
)  # fmt: skip
ADD_TRANSIT: Final = _of_new_item(
    "send temporary item",
    lambda new: insert(transit).values(
        id=bindparam("id"), item_id=new, from_id=bindparam("from"), to_id=bindparam("to"), reason=literal_column("'ill'"),
        hold_id=bindparam("hold"), sent_at=bindparam("at"),
    ),
    "id", "from", "to", "hold", "at",
)  # fmt: skip
OWN_NEW: Final = _of_new_item(
    "give inter-library request its temporary item",
    lambda new: update(ill_request).where(_REQUEST).values(item_id=new, hold_id=bindparam("hold")),
    "request", "hold",
)  # fmt: skip
CAP: Final = Statement(
    "cap loans of item",
    update(item).where(item.c.id == bindparam("item")).values(due_back_on=bindparam("on")),
    "item", "on",
)  # fmt: skip
SET_DUE: Final = Statement(
    "set due day",
    update(loan).where(loan.c.id == bindparam("loan")).values(due_on=bindparam("on"), due_at=None),
    "loan", "on",
)  # fmt: skip
# --- a loan that ends because its lender has the item ----------------------------------------------------------------------

_LOAN: Final = loan.c.id == bindparam("loan")
_PAST: Final = (
    "id", "item_id", "library_id", "item_type_id", "channel", "out_at", "due_on", "due_at", "renewals",
)  # fmt: skip
_KEEP_PAST: Final = Statement(
    "keep past loan of temporary item",
    insert(past_loan).from_select(
        [*_PAST, "patron_category_id", "state", "library_in_id", "in_at"],
        select(
            *(loan.c[name] for name in _PAST), patron.c.category_id, cast(literal_column("'deduced'"), past_loan.c.state.type),
            cast(bindparam("place"), past_loan.c.library_in_id.type), cast(bindparam("at"), past_loan.c.in_at.type),
        )
        .join_from(loan, patron)
        .where(_LOAN),
    ),
    "place", "at", "loan",
)  # fmt: skip
_KEEP_READER: Final = Statement(
    "keep reader of past loan of temporary item",
    insert(past_loan_reader).from_select(
        ["expires_on", "loan_id", "patron_id"],
        select(cast(bindparam("expires"), past_loan_reader.c.expires_on.type), loan.c.id, loan.c.patron_id).where(_LOAN),
    ),
    "expires", "loan",
)  # fmt: skip
_END_LOAN: Final = Statement("end loan of temporary item", delete(loan).where(_LOAN), "loan", guarded=True)


def end_loan(loan_id: int, place: int, today: date, now: int) -> tuple[Call, ...]:
    """Move an open loan to the past, its reader apart, with the day on which the link is cut (R1)."""
    return _KEEP_PAST(place, now, loan_id), _KEEP_READER(link_expiry(today), loan_id), _END_LOAN(loan_id)


UNLABEL: Final = Statement(
    "forget barcodes of temporary item", delete(barcode).where(barcode.c.item_id == bindparam("item")), "item"
)
RETIRE: Final = Statement(
    "retire temporary item",
    # Past loans and manifests name it: the row stays for statistics, without a title and for no one.
    update(item)
    .where(item.c.id == bindparam("item"))
    .values(condition=literal_column("'withdrawn'"), title=literal_column("''"), author=literal_column("''")),
    "item",
)

# --- holds of what we lend ---------------------------------------------------------------------------------------------

_WAITING: Final = (
    "id", "patron_id", "record_id", "target_item_id", "pickup_id", "requested_at", "expires_on",
)  # fmt: skip
PLACE: Final = Statement(
    "hold for partner",
    insert(hold).values({name: bindparam(name) for name in _WAITING} | {"channel": literal_column("'ncip'")}),
    *_WAITING,
)
_MINE: Final = hold.join(card, card.c.patron_id == hold.c.patron_id)
_ACCOUNT: Final = card.c.number == bindparam("card")
LENDABLE: Final = Statement(
    "lendable items of record",
    # With whether the account waits for the title already: it may not do so twice, and one reader more is another item.
    select(
        item.c.id,
        exists().select_from(_MINE).where(_ACCOUNT, hold.c.record_id == item.c.record_id),
    )
    .where(
        item.c.record_id == bindparam("record"),
        item.c.for_loan == _PRIMARY,
        item.c.condition == literal_column("'good'"),
        ~exists().select_from(_MINE).where(_ACCOUNT, or_(hold.c.target_item_id == item.c.id, hold.c.item_id == item.c.id)),
    )
    .order_by(exists().where(loan.c.item_id == item.c.id), item.c.id)
    .limit(literal_column("1")),
    "record", "card",
)  # fmt: skip

# --- what is told -------------------------------------------------------------------------------------------------------

_OUT: Final = ("id", "partner_id", "request_id", "service", "content", "made_at", "next_at")
PUT: Final = Statement("put in outbox", insert(outbox).values({name: bindparam(name) for name in _OUT}), *_OUT)


def made(role: Role, state: State, now: int, **known: Any) -> IllRow:
    """Give the row of a request that begins, with what is *known* of it."""
    nothing: dict[str, Any] = dict.fromkeys(IllRow._fields)
    texts = dict.fromkeys(
        ("identifier", "title", "author", "barcode", "renewal", "reason", "terms", "agreed", "edition"), ""
    )
    first = {
        "id": new_id(), "role": role, "state": state, "renewable": 1, "made_at": now, "since_at": now,
        "check_at": check_at(role, state, now), "checks": 0, "prolonged": 0, "lines": 0,
    }  # fmt: skip
    return IllRow(**nothing | texts | first | known)


def make(row: IllRow) -> Call:
    """Give the write that makes *row*."""
    values = row._asdict() | {"role": row.role.value, "state": row.state.value}
    return MAKE(*(values[name] for name in _MADE))


def know(row: IllRow, seen: IllRow) -> Call:
    """Give the write that keeps what *row* holds, where *seen* was held until then."""
    return KNOW(row.id, *(getattr(row, name) for name in _HELD), *(getattr(seen, name) for name in _HELD))


def tell(row: IllRow, service: str, now: int, **content: Any) -> Call:
    """Give the write that puts a message about *row* in the outbox. *content* names no reader."""
    return PUT(new_id(), row.partner_id, row.id, service, json.dumps(content), now, now)


def notify(row: IllRow, kind: str, now: int, detail: str = "") -> tuple[Call, ...]:
    """Give the write that tells the reader of *row* something, if there is one."""
    if row.patron_id is None or row.role is not Role.BORROWING:
        return ()
    return (tell_reader(kind, row.patron_id, now, row.pickup_id, row.item_id, detail=detail),)


def alert(row: IllRow, kind: str, now: int) -> Call:
    """Give the write that has the referent of the pick-up library look after *row*."""
    return note_anomaly(kind, now, row.pickup_id, row.item_id, detail=f"{row.agency} {row.number}")
