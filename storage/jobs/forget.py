"""Jobs that forget what is no longer needed.

Whose the past loans and holds were (R1 and R2 of domain.md 3.7), what readers were told of them, what pull lists and the
shuttle have left behind, and replies nobody will ask for again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, Table, bindparam, delete, exists, select

from storage import schema
from storage.circulation.due import local_day
from storage.circulation.patrons.erasure import seen
from storage.jobs.job import ZONE, Job, Slice, SliceRequest
from storage.journal import FORGET_REPLIES
from storage.statements import Statement
from storage.usecase import Decision, Entry

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Row, Steps

REPLIES_KEPT: Final = 25 * 3600
"""Seconds for which replies are kept: longer than any wire gives one again (`Ledger.window`)."""


TRACES_KEPT: Final = 120 * 86400
"""Seconds for which traces are kept: a notice names a reader and a loan, and no link of the two may outlive the shortest of R1."""


def _cutting(name: str, title: str, table: Table, past: Table) -> Job:
    """Return the job that cuts the links of *table* to readers of *past*, once their day has come.

    That the reader was there stays known, or they would seem inactive.
    """
    number = table.c[f"{past.name.removeprefix('past_')}_id"]
    ended = past.c.in_at if past is schema.past_loan else past.c.closed_at
    expired = Statement(
        f"expired of {table.name}",
        select(table.c.expires_on, number, table.c.patron_id, ended)
        .join_from(table, past, past.c.id == number, isouter=True)
        .where(table.c.expires_on < bindparam("today"))
        .order_by(table.c.expires_on, number)
        .limit(bindparam("size")),
        "today", "size",
    )  # fmt: skip
    cut = Statement(
        f"cut link of {table.name}",
        delete(table).where(table.c.expires_on == bindparam("day"), number == bindparam("past")),
        "day", "past",
    )  # fmt: skip

    def gather(request: SliceRequest, _network: Network) -> Steps[list[Row]]:
        today = local_day(request.now, ZONE).isoformat()
        (rows,) = yield [expired(today, request.size)]
        return list(rows)

    def decide(request: SliceRequest, rows: list[Row], _network: Network, _now: int) -> Decision[Slice]:
        entries = (Entry(name, detail=f"{len(rows)}"),) if rows else ()
        made = [cut(day, ended) for day, ended, _, _ in rows]
        made += [seen(reader, at) for _, _, reader, at in rows if at is not None]
        # What is cut is gone, so that each slice begins at the front.
        cursor = "more" if len(rows) == request.size else ""
        return Decision(Slice(len(rows), cursor), tuple(made), entries)

    return Job(name, title, gather, decide, hour=3)


FORGET_LOANS: Final = _cutting(
    "forget-loans",
    "Cut the link between readers and returned loans",
    schema.past_loan_reader,
    schema.past_loan,
)
FORGET_HOLDS: Final = _cutting(
    "forget-holds",
    "Cut the link between readers and closed holds",
    schema.past_hold_reader,
    schema.past_hold,
)


def _no_facts(_request: SliceRequest, _network: Network) -> Steps[None]:
    yield []


def _forget_replies(request: SliceRequest, _facts: None, _network: Network, _now: int) -> Decision[Slice]:
    return Decision(Slice(0), (FORGET_REPLIES(request.now - REPLIES_KEPT),))


FORGET_OLD_REPLIES: Final = Job(
    "forget-replies",
    "Forget the replies kept for repeats",
    _no_facts,
    _forget_replies,
    every=600,
)


_FORGET_PACKAGES: Final = Statement(
    "forget packages",
    delete(schema.task_package).where(schema.task_package.c.ends_at <= bindparam("now")),
    "now",
)


def _forget_packages(request: SliceRequest, _facts: None, _network: Network, _now: int) -> Decision[Slice]:
    return Decision(Slice(0), (_FORGET_PACKAGES(request.now),))


FORGET_PACKAGES: Final = Job(
    "forget-packages",
    "Forget what was done for cataloguers",
    _no_facts,
    _forget_packages,
    every=3600,
)


def _tracing(name: str, title: str, table: Table, ended: ColumnElement[int], needed: ColumnElement[bool]) -> Job:
    """Return the job that deletes the rows of *table* which have *ended* long ago, unless they are *needed*.

    Ids follow time: a round is over at the first slice whose last row is young.
    """
    after = Statement(
        f"traces of {table.name}",
        select(table.c.id, ended, needed).where(table.c.id > bindparam("after")).order_by(table.c.id).limit(bindparam("size")),
        "after", "size",
    )  # fmt: skip
    remove = Statement(f"delete {table.name}", delete(table).where(table.c.id == bindparam("row")), "row")

    def gather(request: SliceRequest, _network: Network) -> Steps[list[Row]]:
        (rows,) = yield [after(int(request.cursor or 0), request.size)]
        return list(rows)

    def decide(request: SliceRequest, rows: list[Row], _network: Network, _now: int) -> Decision[Slice]:
        before = request.now - TRACES_KEPT
        old = [number for number, at, is_needed in rows if at is not None and at < before and not is_needed]
        goes_on = len(rows) == request.size and (rows[-1][1] is None or rows[-1][1] < before)
        entries = (Entry(name, detail=f"{len(old)}"),) if old else ()
        return Decision(Slice(len(old), f"{rows[-1][0]}" if goes_on else ""), tuple(map(remove, old)), entries)

    return Job(name, title, gather, decide, hour=3)


FORGET_NOTICES: Final = _tracing(
    "forget-notices",
    "Delete what readers were told of loans and holds that have ended",
    schema.notice,
    schema.notice.c.at,
    exists().where(schema.loan.c.id == schema.notice.c.loan_id)
    | exists().where(schema.hold.c.id == schema.notice.c.hold_id),
)
FORGET_PULLS: Final = _tracing(
    "forget-pulls",
    "Delete lines of pull lists whose holds have ended",
    schema.pull,
    schema.pull.c.ended_at,
    exists().where(schema.hold.c.id == schema.pull.c.hold_id),
)
FORGET_LETTERS: Final = _tracing(
    "forget-letters",
    "Delete messages to partners about requests that have ended",
    schema.outbox,
    schema.outbox.c.ended_at,
    exists().where(schema.ill_request.c.id == schema.outbox.c.request_id, schema.ill_request.c.closed_at.is_(None)),
)
FORGET_SIGHTINGS: Final = _tracing(
    "forget-sightings",
    "Delete where items were seen on journeys that are over",
    schema.sighting,
    schema.sighting.c.at,
    exists().where(schema.transit.c.id == schema.sighting.c.transit_id, schema.transit.c.received_at.is_(None)),
)
