"""The end of a reader's data (R3, R6 of domain.md 3.7).

What is left of an erased reader is a row for statistics: category, home library, residence, and the first year of the ten
in which they were born. Erasure is refused while a loan, a hold or a request to
another library is open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, exists, func, select

from storage import schema
from storage.circulation import facts
from storage.circulation.due import add_months, local_day
from storage.circulation.patrons import statements
from storage.circulation.patrons.act import Changes, Found, on_reader
from storage.ids import new_id
from storage.jobs.job import ZONE, Job, Slice, SliceRequest
from storage.refusals import Reason
from storage.statements import Statement
from storage.usecase import Decision, Entry, Origin

if TYPE_CHECKING:
    from datetime import date

    from storage.network.network import Network
    from storage.statements import Call, Row, Steps

PLANNED: Final = "erasure-planned"
"""The notice that tells an inactive reader what will happen."""
NOTICE_DAYS: Final = 30
"""How long before."""
INACTIVE_MONTHS: Final = 12
"""How long after the last return or sign-in, or after the card's validity if that ends later."""


def erase(patron_id: int, born_on: str | None, today: str) -> tuple[Call, ...]:
    """Return the writes that erase a reader."""
    decade = f"{born_on[:3]}0-01-01" if born_on else None
    gone = statements.ERASE(f"erased-{patron_id}", decade, today, patron_id)
    return (gone, *(statement(patron_id) for statement in statements.FORGET))


@dataclass(frozen=True, slots=True)
class EraseRequest:
    """Erase the reader of *card*."""

    card: str = field(repr=False)
    origin: Origin


def _erase(_request: EraseRequest, found: Found, _network: Network, _now: int) -> Changes | Reason:
    loans, holds, requests = found.rows
    if loans:
        return Reason.HAS_LOANS
    if holds or requests:
        return Reason.HAS_HOLDS
    return erase(found.patron.row.id, found.patron.row.born_on, found.today)


ERASE: Final = on_reader(
    "reader.erased",
    _erase,
    lambda request: (
        facts.CHARGED(request.card), facts.HOLDS(request.card), statements.ASKED_ELSEWHERE(request.card),
    ),
)  # fmt: skip

# --- the inactive --------------------------------------------------------------------------------------------------------

_reader = schema.patron.c
_OPEN: Final = (
    exists().where(schema.loan.c.patron_id == _reader.id),
    exists().where(schema.hold.c.patron_id == _reader.id),
    exists().where(schema.ill_request.c.patron_id == _reader.id, schema.ill_request.c.closed_at.is_(None)),
)
_TOLD: Final = (
    select(schema.notice.c.at)
    .where(schema.notice.c.patron_id == _reader.id, schema.notice.c.kind == PLANNED)
    .order_by(schema.notice.c.at.desc())
    .limit(1)
    .scalar_subquery()
)
_LOCK: Final = Statement(
    "lock inactive readers",
    select(_reader.id)
    .where(_reader.id > bindparam("after"), _reader.id <= bindparam("last"))
    .order_by(_reader.id)
    .with_for_update(key_share=True),
    "after", "last",
    rank=2,
)  # fmt: skip
_INACTIVE: Final = Statement(
    "inactive readers",
    select(_reader.id, _reader.born_on, _TOLD)
    .where(
        _reader.id > bindparam("after"),
        _reader.id <= bindparam("last"),
        _reader.erased_on.is_(None),
        # Whoever came with the data of a town, and was never seen since, counts as seen when their card ran out.
        func.coalesce(_reader.last_seen_on, _reader.valid_until) < bindparam("seen"),
        (_reader.valid_until.is_(None)) | (_reader.valid_until < bindparam("today")),
        *(~each for each in _OPEN),
    )
    .order_by(_reader.id),
    "after", "last", "seen", "today",
)  # fmt: skip
_LAST: Final = Statement("last reader", select(_reader.id).order_by(_reader.id.desc()).limit(1))


def _gather_inactive(request: SliceRequest, _network: Network) -> Steps[tuple[int, list[Row]]]:
    after = int(request.cursor or 0)
    last = after + request.size
    today = local_day(request.now, ZONE)
    since = add_months(today, -INACTIVE_MONTHS).isoformat()
    _, rows, highest = yield [_LOCK(after, last), _INACTIVE(after, last, since, today.isoformat()), _LAST()]
    return (last if highest and highest[0][0] > last else 0), list(rows)


def _told_long_ago(told_at: int | None, today: date) -> bool:
    return told_at is not None and (today - local_day(told_at, ZONE)).days >= NOTICE_DAYS


def _decide_inactive(
    request: SliceRequest, found: tuple[int, list[Row]], _network: Network, now: int
) -> Decision[Slice]:
    cursor, rows = found
    today = local_day(request.now, ZONE)
    made: list[Call] = []
    entries: list[Entry] = []
    for patron_id, born_on, told_at in rows:
        if told_at is None:
            made.append(statements.TELL(new_id(), PLANNED, patron_id, now))
        elif _told_long_ago(told_at, today):
            made += erase(patron_id, born_on, today.isoformat())
            entries.append(Entry("reader.erased", detail=f"reader:{patron_id}"))
    done = len(entries)
    return Decision(Slice(done, str(cursor) if cursor else ""), tuple(made), tuple(entries))


ERASE_INACTIVE: Final = Job(
    "erase-inactive",
    "Tell readers long inactive that they will be erased, and erase them a month later",
    _gather_inactive,
    _decide_inactive,
    hour=4,
    size=500,
)

# --- when a reader was last seen -----------------------------------------------------------------------------------------

_RETURNS: Final = Statement(
    "returns with readers",
    select(
        schema.past_loan_reader.c.expires_on,
        schema.past_loan_reader.c.loan_id,
        schema.past_loan_reader.c.patron_id,
        schema.past_loan.c.in_at,
    )
    .join_from(
        schema.past_loan_reader, schema.past_loan, schema.past_loan.c.id == schema.past_loan_reader.c.loan_id
    )
    .where(
        (schema.past_loan_reader.c.expires_on > bindparam("day"))
        | (
            (schema.past_loan_reader.c.expires_on == bindparam("day"))
            & (schema.past_loan_reader.c.loan_id > bindparam("loan"))
        )
    )
    .order_by(schema.past_loan_reader.c.expires_on, schema.past_loan_reader.c.loan_id)
    .limit(bindparam("size")),
    "day", "loan", "size",
)  # fmt: skip


def _gather_returns(request: SliceRequest, _network: Network) -> Steps[list[Row]]:
    day, _, loan = request.cursor.partition(" ")
    (rows,) = yield [_RETURNS(day, int(loan or 0), request.size)]
    return list(rows)


def seen(patron_id: int, at: int) -> Call:
    """Return the write that notes when a reader was seen, if that is later than what is known."""
    day = local_day(at, ZONE).isoformat()
    return statements.SEEN(day, patron_id, day)


def _decide_returns(request: SliceRequest, rows: list[Row], _network: Network, _now: int) -> Decision[Slice]:
    latest: dict[int, int] = {}
    for _, _, patron_id, in_at in rows:
        latest[patron_id] = max(latest.get(patron_id, 0), in_at)
    made = tuple(seen(patron_id, at) for patron_id, at in sorted(latest.items()))
    cursor = f"{rows[-1][0]} {rows[-1][1]}" if len(rows) == request.size else ""
    return Decision(Slice(len(rows), cursor), made)


NOTE_SEEN: Final = Job(
    "note-seen",
    "Note when each reader last returned something",
    _gather_returns,
    _decide_returns,
    every=7 * 86400,
    size=200,
)
