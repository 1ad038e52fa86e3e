"""The statements of holds: what they read, and what they write. Ended holds go through `storage.circulation.writes`."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    union_all,
    update,
)

from storage.circulation.facts import ITEM_COLUMNS, ITEM_STATE
from storage.schema import barcode, card, hold, item, patron, pull, record, transit
from storage.statements import Statement

# --- locks ---------------------------------------------------------------------------------------------------------------

LOCK_HOLD: Final = Statement(
    "lock hold",
    select(hold.c.id).where(hold.c.id == bindparam("hold")).with_for_update(key_share=True),
    "hold",
    rank=3,
)

# --- reads ---------------------------------------------------------------------------------------------------------------


class OpenHold(NamedTuple):
    """An open hold. *barcode* and *title* are those of the item captured or asked for; else *title* is the record's."""

    id: int
    patron_id: int
    category_id: int
    record_id: int | None
    target_item_id: int | None
    volume: str
    pickup_id: int
    channel: str
    requested_at: int
    priority: int
    expires_on: str | None
    suspended_until: str | None
    state: str
    item_id: int | None
    shelved_at: int | None
    shelf_until: str | None
    shelf_slot: str
    extended: int
    promised_on: str | None
    hopeless_on: str | None
    barcode: str | None
    title: str | None

    @property
    def order(self) -> tuple[int, int, int]:
        """Its place in line: first come, first served, but for whom staff put first."""
        return -self.priority, self.requested_at, self.id


def is_primary(item_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Join `barcode` to an item by the number that is printed on it."""
    return and_(barcode.c.item_id == item_id, barcode.c.is_primary == literal_column("1"))


HOLD_COLUMNS: Final = (
    hold.c.id, hold.c.patron_id, patron.c.category_id, hold.c.record_id, hold.c.target_item_id, hold.c.volume,
    hold.c.pickup_id, hold.c.channel, hold.c.requested_at, hold.c.priority, hold.c.expires_on, hold.c.suspended_until,
    hold.c.state, hold.c.item_id, hold.c.shelved_at, hold.c.shelf_until, hold.c.shelf_slot, hold.c.extended,
    hold.c.promised_on, hold.c.hopeless_on, barcode.c.number, func.coalesce(item.c.title, record.c.title),
)  # fmt: skip
HOLD_STATE: Final = (
    hold.join(patron, patron.c.id == hold.c.patron_id)
    .outerjoin(item, item.c.id == func.coalesce(hold.c.item_id, hold.c.target_item_id))
    .outerjoin(barcode, is_primary(item.c.id))
    .outerjoin(record, record.c.id == hold.c.record_id)
)


def holds_where(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Select `OpenHold` rows, in the order of their queue."""
    return (
        select(*HOLD_COLUMNS)
        .select_from(HOLD_STATE)
        .where(*conditions)
        .order_by(hold.c.priority.desc(), hold.c.requested_at, hold.c.id)
    )


HOLD: Final = Statement("open hold", holds_where(hold.c.id == bindparam("hold")), "hold")
HOLDS_OF_READER: Final = Statement(
    "open holds of reader", holds_where(hold.c.patron_id == bindparam("patron")), "patron"
)
HOLDS_OF_CARD: Final = Statement(
    "open holds of card",
    holds_where(
        hold.c.patron_id.in_(
            select(card.c.patron_id).where(card.c.number == bindparam("card", type_=card.c.number.type))
        )
    ),
    "card",
)
QUEUE_OF_TITLE: Final = Statement("queue of title", holds_where(hold.c.record_id == bindparam("record")), "record")
QUEUE_OF_ITEM: Final = Statement("queue of item", holds_where(hold.c.target_item_id == bindparam("item")), "item")

_BEFORE: Final = and_(
    hold.c.state == literal_column("'waiting'"),
    or_(
        hold.c.priority > bindparam("priority"),
        and_(
            hold.c.priority == bindparam("priority"),
            or_(
                hold.c.requested_at < bindparam("at"),
                and_(hold.c.requested_at == bindparam("at"), hold.c.id < bindparam("id")),
            ),
        ),
    ),
)
_COUNT: Final = select(func.count()).select_from(hold)
BEFORE_ON_TITLE: Final = Statement(
    "holds before on title",
    _COUNT.where(hold.c.record_id == bindparam("record"), hold.c.volume == bindparam("volume"), _BEFORE),
    "record", "volume", "priority", "at", "id",
)  # fmt: skip
BEFORE_ON_ITEM: Final = Statement(
    "holds before on item",
    _COUNT.where(hold.c.target_item_id == bindparam("item"), _BEFORE),
    "item", "priority", "at", "id",
)  # fmt: skip

_OTHER: Final = hold.alias("other")
FIRST: Final = Statement(
    "first in line",
    select(_OTHER.c.priority, _OTHER.c.id)
    .select_from(
        hold.join(_OTHER, or_(_OTHER.c.record_id == hold.c.record_id, _OTHER.c.target_item_id == hold.c.target_item_id))
    )
    .where(hold.c.id == bindparam("hold"), _OTHER.c.state == literal_column("'waiting'"))
    .order_by(_OTHER.c.priority.desc(), _OTHER.c.requested_at, _OTHER.c.id)
    .limit(literal_column("1")),
    "hold",
)
"""Priority and id of who is served first of those that wait for what this hold waits for."""

_CANDIDATE: Final = (*ITEM_COLUMNS, item.c.added_on, pull.c.hold_id)
_CANDIDATES: Final = ITEM_STATE.outerjoin(pull, and_(pull.c.item_id == item.c.id, pull.c.outcome.is_(None)))


def _candidates(condition: ColumnElement[bool]) -> Select[Any]:
    primary = barcode.c.is_primary == literal_column("1")
    return select(*_CANDIDATE).select_from(_CANDIDATES).where(condition, primary).order_by(item.c.id)


CANDIDATES_OF_TITLE: Final = Statement(
    "candidates of title", _candidates(item.c.record_id == bindparam("record")), "record"
)
CANDIDATE: Final = Statement("candidate", _candidates(item.c.id == bindparam("item")), "item")
"""Rows of `facts.ItemRow`, then: when the item came, and the hold for which it is asked."""

TITLE: Final = Statement(
    "title of record",
    select(record.c.title).where(record.c.id == bindparam("record"), record.c.deleted == literal_column("0")),
    "record",
)
LOCK_TITLE: Final = Statement(
    "lock title",
    select(record.c.id).where(record.c.id == bindparam("record")).with_for_update(read=True, key_share=True),
    "record",
    rank=6,
)
"""Whoever merges the record waits until the hold is there to be moved; else the pointer is there to be followed."""

# --- writes --------------------------------------------------------------------------------------------------------------

_PLACED: Final = (
    "id", "patron_id", "record_id", "target_item_id", "volume", "pickup_id", "channel", "actor", "requested_at",
    "expires_on", "suspended_until", "promised_on",
)  # fmt: skip
PLACE: Final = Statement("place hold", insert(hold).values({name: bindparam(name) for name in _PLACED}), *_PLACED)


def _change(name: str, *conditions: ColumnElement[bool], fetched: bool = False, **values: Any) -> Statement:
    """Change one hold; *values* that are None are parameters, in their order, after the hold's id.

    With *fetched* the last parameter is the pick-up library that the decision saw, which must be so still.
    """
    given = {column: bindparam(f"new_{column}") if value is None else value for column, value in values.items()}
    asked = [f"new_{column}" for column, value in values.items() if value is None]
    if fetched:
        conditions = (*conditions, hold.c.pickup_id == bindparam("pickup"))
        asked.append("pickup")
    clause = update(hold).where(hold.c.id == bindparam("hold"), *conditions).values(given)
    return Statement(name, clause, "hold", *asked, guarded=True)


_WAITS: Final = hold.c.state == literal_column("'waiting'")
_ON_SHELF: Final = hold.c.state == literal_column("'shelf'")
_STATE_SHELF: Final[ColumnElement[str]] = literal_column("'shelf'")
_STATE_TRANSIT: Final[ColumnElement[str]] = literal_column("'transit'")
STANDS: Final = Statement(
    "hold stands as seen",
    update(hold)
    .where(hold.c.id == bindparam("hold"), hold.c.state == bindparam("seen"))
    .values(state=hold.c.state),
    "hold", "seen",
    guarded=True,
)  # fmt: skip
"""For what ends a hold: a scan of its item in the same batch may have moved it on."""
SUSPEND: Final = _change("suspend hold", _WAITS, suspended_until=None)
FETCH_AT: Final = _change("change pick-up of hold", ~_ON_SHELF, pickup_id=None, promised_on=None)
EXTEND: Final = _change("extend shelf of hold", _ON_SHELF, shelf_until=None, extended=literal_column("1"))
SHIFT: Final = _change("shift shelf of hold", _ON_SHELF, shelf_until=None)
PUT_FIRST: Final = _change("put hold first", _WAITS, priority=None)
SLOT: Final = _change("slot of hold", _ON_SHELF, shelf_slot=None)
HOPELESS: Final = _change("hopeless hold", _WAITS, hopeless_on=None)
PROMISE: Final = _change("promise of hold", promised_on=None)
CAPTURE_HERE: Final = _change(
    "capture hold on shelf", _WAITS, fetched=True, item_id=None, shelf_until=None, shelved_at=None, state=_STATE_SHELF,
    hopeless_on=null(),
)  # fmt: skip
CAPTURE_ELSEWHERE: Final = _change(
    "capture hold for transit",
    _WAITS,
    fetched=True,
    item_id=None,
    promised_on=None,
    state=_STATE_TRANSIT,
    hopeless_on=null(),
)
ARRIVE: Final = _change("put hold on shelf", fetched=True, shelf_until=None, shelved_at=None, state=_STATE_SHELF)
SEND_AGAIN: Final = _change(
    "send captured hold on", _ON_SHELF, promised_on=None, state=_STATE_TRANSIT, shelf_until=null(), shelved_at=null()
)

REDIRECT: Final = Statement(
    "redirect transit",
    update(transit)
    .where(transit.c.id == bindparam("transit"), transit.c.received_at.is_(None))
    .values(to_id=bindparam("to"), reason=bindparam("why"), hold_id=bindparam("hold")),
    "transit", "to", "why", "hold",
    guarded=True,
)  # fmt: skip

ASK: Final = Statement(
    "ask for item",
    insert(pull).values(
        {name: bindparam(name) for name in ("id", "hold_id", "item_id", "library_id", "asked_at", "until_at")}
    ),
    "id", "hold_id", "item_id", "library_id", "asked_at", "until_at",
)  # fmt: skip
_OPEN: Final = pull.c.outcome.is_(None)
_TAKEN: Final = and_(pull.c.hold_id == bindparam("hold"), pull.c.item_id == bindparam("item"))
_ASKED: Final = pull.alias("asked")
CAPTURED: Final = Statement(
    "pulls of captured hold",
    update(pull)
    # A union, for which PostgreSQL looks into both indexes; for OR it would look through one of them.
    .where(
        pull.c.id.in_(
            union_all(
                *(
                    select(_ASKED.c.id).where(_ASKED.c.outcome.is_(None), condition)
                    for condition in (_ASKED.c.hold_id == bindparam("hold"), _ASKED.c.item_id == bindparam("item"))
                )
            )
        )
    )
    .values(
        outcome=case((_TAKEN, literal_column("'captured'")), else_=literal_column("'released'")), ended_at=bindparam("at")
    ),
    "hold", "item", "at",
)  # fmt: skip
"""The item that was asked for is there, or another that does as well; whoever else had asked for it asks again."""
MISS: Final = Statement(
    "miss pull",
    update(pull)
    .where(_OPEN, pull.c.id == bindparam("pull"))
    .values(outcome=literal_column("'missed'"), ended_at=bindparam("at")),
    "pull", "at",
    guarded=True,
)  # fmt: skip
MISSED: Final = Statement(
    "item missed",
    update(item).where(item.c.id == bindparam("item")).values(misses=item.c.misses + literal_column("1")),
    "item",
)
SEARCHED: Final = Statement(
    "item to search",
    update(item).where(item.c.id == bindparam("item")).values(condition=literal_column("'missing'")),
    "item",
)
