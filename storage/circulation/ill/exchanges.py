"""The journal of what was said with partners: kept in batches, read by partner, request and time, forgotten in its turn.

It holds services, numbers of items and requests, outcomes, and of the messages what their field tables let be shown: never a reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, literal_column, or_, select

from storage.jobs.job import Job, Slice, SliceRequest
from storage.schema import ncip_exchange
from storage.statements import Statement
from storage.usecase import Decision, Origin, UseCase

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Call, Row, Steps

KEPT: Final = 30 * 86_400
"""Seconds for which exchanges are kept."""
MOST: Final = 200_000
"""Exchanges that are kept at most, whatever their age."""


class Exchange(NamedTuple):
    """A message and its answer.

    *outcome* is ``done`` or the types of its problems; *defects* are what was tolerated; *asked* and *answered* are masked, and empty
    where nobody needs them.
    """

    id: int
    partner_id: int
    at: int
    direction: str
    service: str
    release: str
    item: str
    request: str
    outcome: str
    micros: int
    defects: str = ""
    asked: str = ""
    answered: str = ""


_PUT: Final = Statement(
    "keep exchange",
    insert(ncip_exchange).values({name: bindparam(name) for name in Exchange._fields}),
    *Exchange._fields,
)


@dataclass(frozen=True, slots=True)
class Said:
    """Keep these exchanges."""

    exchanges: Sequence[Exchange]
    origin: Origin


def _nothing(_request: Any, _network: Network) -> Steps[None]:
    yield []


def _keep(request: Said, _facts: None, _network: Network, _now: int) -> Decision[int]:
    return Decision(len(request.exchanges), tuple(_PUT(*exchange) for exchange in request.exchanges))


SAID: Final = UseCase(
    name="ncip-said",
    gather=_nothing,
    decide=_keep,
    keys=lambda _request: (),
    failed=lambda _request, _code: 0,
)

_NO_TEXT: Final[ColumnElement[str]] = literal_column("''")
_FOUND: Final = Statement(
    "exchanges with partner",
    select(*(ncip_exchange.c[name] for name in Exchange._fields))
    .where(
        ncip_exchange.c.partner_id == bindparam("partner"),
        ncip_exchange.c.at >= bindparam("since"),
        ncip_exchange.c.at < bindparam("until"),
        or_(bindparam("request") == _NO_TEXT, ncip_exchange.c.request == bindparam("request")),
        or_(bindparam("item") == _NO_TEXT, ncip_exchange.c.item == bindparam("item")),
    )
    .order_by(ncip_exchange.c.id.desc())
    .limit(bindparam("size")),
    "partner", "since", "until", "request", "item", "size",
)  # fmt: skip


def exchanges(
    partner_id: int, *, since: int = 0, until: int = 1 << 62, request: str = "", item: str = "", most: int = 100
) -> Steps[list[Exchange]]:
    """Read the last exchanges with a partner, the latest last: between two instants, about one request or item."""
    (rows,) = yield [_FOUND(partner_id, since, until, request, item, most)]
    return [Exchange._make(row) for row in reversed(rows)]


# --- forgetting ----------------------------------------------------------------------------------------------------------

_OLDEST: Final = Statement(
    "oldest exchanges",
    select(ncip_exchange.c.id, ncip_exchange.c.at).order_by(ncip_exchange.c.id).limit(bindparam("size")),
    "size",
)
_COUNT: Final = Statement("count of exchanges", select(func.count()).select_from(ncip_exchange))
_REMOVE: Final = Statement(
    "forget exchanges", delete(ncip_exchange).where(ncip_exchange.c.id <= bindparam("last")), "last"
)


def _gather(request: SliceRequest, _network: Network) -> Steps[tuple[list[Row], int]]:
    """Read the oldest; how many there are is counted at the beginning of a round alone, and carried on by the cursor."""
    oldest = _OLDEST(request.size)
    if request.cursor:
        (rows,) = yield [oldest]
        return list(rows), int(request.cursor)
    rows, ((count,),) = yield [oldest, _COUNT()]
    return list(rows), int(count)


def _forget(request: SliceRequest, found: tuple[list[Row], int], _network: Network, _now: int) -> Decision[Slice]:
    rows, count = found
    before, spare = request.now - KEPT, max(0, count - MOST)
    gone = [number for place, (number, at) in enumerate(rows) if at < before or place < spare]
    if not gone:
        return Decision(Slice(0))
    writes: tuple[Call, ...] = (_REMOVE(gone[-1]),)
    goes_on = len(gone) == len(rows) == request.size
    return Decision(Slice(len(gone), str(count - len(gone)) if goes_on else ""), writes)


FORGET_EXCHANGES: Final = Job(
    "forget-exchanges",
    "Forget what was said with partners",
    _gather,
    _forget,
    every=3600,
    size=500,
)
