"""Jobs that forget: whose the past loans and holds were (R1, R2 of domain.md 3.7), and replies nobody will ask for again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Table, bindparam, delete, select

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
