"""The items of records as a catalogue shows them: where they are and what they are doing, for ten records at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, literal_column, select

from storage.schema import barcode, hold, item, loan, transit
from storage.statements import Call, Row, Statement


class HoldingRow(NamedTuple):
    """An item of a record with what holds it now, as `status_of` wants it. Due dates are None without a loan.

    `waited_for` tells (0 or 1) whether a reader waits for the record or for this very item.
    """

    record_id: int
    barcode: str
    owner_id: int
    home_id: int
    location: str
    call_number: str
    volume: str
    condition: str
    loan_state: str | None
    due_on: str | None
    due_at: int | None
    transit_id: int | None
    hold_state: str | None
    waited_for: int


_SEVERAL: Final = 10
_WAITING: Final = hold.alias("waiting")
_WAITED_FOR: Final = case(
    (exists().where(_WAITING.c.record_id == item.c.record_id), literal_column("1")),
    (exists().where(_WAITING.c.target_item_id == item.c.id), literal_column("1")),
    else_=literal_column("0"),
)


def _of(records: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    columns = (
        item.c.record_id, barcode.c.number, item.c.owner_id, item.c.home_id, item.c.location, item.c.call_number,
        item.c.volume, item.c.condition, loan.c.state, loan.c.due_on, loan.c.due_at, transit.c.id, hold.c.state, _WAITED_FOR,
    )  # fmt: skip
    captured = hold.c.state.in_([literal_column("'transit'"), literal_column("'shelf'")])
    return (
        select(*columns)
        .select_from(
            item.join(barcode, and_(barcode.c.item_id == item.c.id, barcode.c.is_primary == literal_column("1")))
            .outerjoin(loan, loan.c.item_id == item.c.id)
            .outerjoin(transit, and_(transit.c.item_id == item.c.id, transit.c.received_at.is_(None)))
            .outerjoin(hold, and_(hold.c.item_id == item.c.id, captured))
        )
        .where(records)
        .order_by(item.c.record_id, item.c.id)
    )


HOLDINGS: Final = Statement("holdings", _of(item.c.record_id == bindparam("id")), "id")
HOLDINGS_OF_SEVERAL: Final = Statement(
    "holdings of several",
    _of(item.c.record_id.in_([bindparam(f"id{i}") for i in range(_SEVERAL)])),
    *(f"id{i}" for i in range(_SEVERAL)),
)


def holdings(record_ids: Sequence[int]) -> list[Call]:
    """Return the calls that read the items of these records; `by_record` sorts their answers."""
    if len(record_ids) == 1:
        return [HOLDINGS(record_ids[0])]
    groups = [[*record_ids[at : at + _SEVERAL]] for at in range(0, len(record_ids), _SEVERAL)]
    return [HOLDINGS_OF_SEVERAL(*group, *group[-1:] * (_SEVERAL - len(group))) for group in groups]


def by_record(answers: Sequence[Sequence[Row]]) -> dict[int, list[Row]]:
    """Return the rows that the calls of `holdings` found (shape: `HoldingRow`), by record; a record without items is not there."""
    found: dict[int, list[Row]] = {}
    for rows in answers:
        for row in rows:
            found.setdefault(row[0], []).append(row)
    return found
