"""The lease: of all daemons on a database, one does the jobs, until it lets go or its time runs out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from storage import schema
from storage.statements import Statement
from storage.usecase import Decision, Origin, UseCase

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Row, Steps

SECONDS: Final = 60
"""How long a lease lasts. A daemon that dies leaves its jobs undone for so long."""


@dataclass(frozen=True, slots=True)
class LeaseRequest:
    """Give *holder* the lease called *name*, for `SECONDS` from now; with *release*, take it back."""

    name: str
    holder: str
    origin: Origin
    release: bool = False


_HOLDER: Final = Statement(
    "holder of lease",
    select(schema.lease.c.holder, schema.lease.c.until_at).where(schema.lease.c.name == bindparam("name")),
    "name",
)
_COLUMNS: Final = ("name", "holder", "until_at")


def _upsert(dialect: Any) -> Any:
    """Take the lease if it is free, or one's own: whoever comes second touches no row, and sees it at the next try."""
    statement = dialect.insert(schema.lease).values({column: bindparam(column) for column in _COLUMNS})
    return statement.on_conflict_do_update(
        index_elements=[schema.lease.c.name],
        set_={"holder": statement.excluded.holder, "until_at": statement.excluded.until_at},
        where=(schema.lease.c.holder == statement.excluded.holder)
        | (schema.lease.c.until_at < statement.excluded.until_at - SECONDS),
    )


_TAKE: Final = Statement("take lease", _upsert(sqlite), *_COLUMNS, postgresql=_upsert(postgresql), guarded=True)


def _gather(request: LeaseRequest, _network: Network) -> Steps[list[Row]]:
    (rows,) = yield [_HOLDER(request.name)]
    return list(rows)


def _decide(request: LeaseRequest, rows: list[Row], _network: Network, now: int) -> Decision[bool]:
    if rows:
        holder, until = rows[0]
        if holder != request.holder and until >= now:
            return Decision(False)
    elif request.release:
        return Decision(True)
    until = now - SECONDS if request.release else now + SECONDS
    return Decision(True, (_TAKE(request.name, request.holder, until),))


LEASE: Final = UseCase(
    name="lease",
    gather=_gather,
    decide=_decide,
    keys=lambda request: (f"lease:{request.name}",),
    failed=lambda _request, _code: False,
)
"""Answers whether the holder has the lease now."""
