"""The journal and the reply ledger: what every change writes beside its effect, in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import journal, reply
from storage.statements import Call, Row, Statement, Steps
from storage.usecase import Act, Decision, Ledger, Origin, Outcome, Request, UseCase

if TYPE_CHECKING:
    from storage.network.network import Network

_COLUMNS: Final = (
    "at", "act", "channel", "actor", "library_id", "item_id", "loan_id", "hold_id", "because", "detail",
    "context",
)  # fmt: skip
ENTER: Final = Statement(
    "journal", insert(journal).values({column: bindparam(column) for column in _COLUMNS}), *_COLUMNS
)

_KEY: Final = (
    reply.c.account == bindparam("account"),
    reply.c.digest == bindparam("digest", type_=reply.c.digest.type),
)
FIND_REPLY: Final = Statement(
    "find reply",
    select(reply.c.at, reply.c.connection, reply.c.effect, reply.c.reply).where(*_KEY),
    "account", "digest",
)  # fmt: skip
_KEPT: Final = ("account", "digest", "at", "connection", "effect", "reply")


def _upsert(dialect: Any) -> Any:
    statement = dialect.insert(reply).values({column: bindparam(column) for column in _KEPT})
    return statement.on_conflict_do_update(
        index_elements=[reply.c.account, reply.c.digest],
        set_={column: statement.excluded[column] for column in _KEPT[2:]},
    )


KEEP_REPLY: Final = Statement("keep reply", _upsert(sqlite), *_KEPT, postgresql=_upsert(postgresql))
HAND_OVER_REPLY: Final = Statement(
    "hand reply over",
    update(reply).where(*_KEY).values(connection=bindparam("to")),
    "account", "digest", "to",
)  # fmt: skip
ACKNOWLEDGE_REPLY: Final = Statement("acknowledge reply", delete(reply).where(*_KEY), "account", "digest")
FORGET_REPLIES: Final = Statement("forget replies", delete(reply).where(reply.c.at < bindparam("before")), "before")


class StoredReply(NamedTuple):
    """A reply given before, to a request with the same digest."""

    at: int
    connection: int
    effect: str
    reply: bytes


Q = TypeVar("Q", bound=Request)
F = TypeVar("F")
A = TypeVar("A")


def recall(ledger: Ledger[A]) -> Steps[StoredReply | None]:
    """Look for an earlier reply."""
    (kept,) = yield [FIND_REPLY(ledger.account, ledger.digest)]
    return StoredReply._make(kept[0]) if kept else None


def gather(act: Act[Q, F, A], network: Network) -> Steps[tuple[F, StoredReply | None]]:
    """Run the gather of *act* with, in its first step, the look for an earlier reply.

    Few decisions want one (`Decision.repeats`): where a look is no journey, `recall` makes it when it is wanted.
    """
    steps = act.usecase.gather(act.request, network)
    ledger = act.ledger
    calls = next(steps)
    stored = None
    try:
        if ledger is not None:
            *rows, kept = yield [*calls, FIND_REPLY(ledger.account, ledger.digest)]
            stored = StoredReply._make(kept[0]) if kept else None
            calls = steps.send(rows)
        while True:
            calls = steps.send((yield calls))
    except StopIteration as stop:
        return stop.value, stored


def _repeats(act: Act[Q, F, A], decision: Decision[A], stored: StoredReply) -> bool:
    ledger = act.ledger
    if ledger is None or act.now - stored.at > ledger.window:
        return False
    if ledger.connection and ledger.connection == stored.connection:
        return False
    # On another connection the body alone proves nothing: a kiosk killed before its next act may not have acknowledged
    # a reply that it got, and one that sends no dates lends the same item to the same reader in the same octets.
    return bool(decision.repeats) and stored.effect == decision.repeats


def conclude(act: Act[Q, F, A], decision: Decision[A], stored: StoredReply | None) -> tuple[Sequence[Call], Outcome[A]]:
    """Return all that is written for *decision*, and what its caller is told once it is on disk.

    A repeated request writes nothing but whose connection now owns the reply, so that it is given again once.
    """
    ledger = act.ledger
    if ledger is not None and stored is not None and _repeats(act, decision, stored):
        owner = [HAND_OVER_REPLY(ledger.account, ledger.digest, ledger.connection)] if ledger.connection else []
        return owner, Outcome(None, stored.reply, repeated=True)
    calls = list(decision.writes)
    because = " ".join(decision.because)
    for entry in decision.entries:
        origin = act.request.origin
        where: Row = (entry.library_id, entry.item_id, entry.loan_id, entry.hold_id)
        why = (because, entry.detail, entry.context)
        calls.append(ENTER(act.now, entry.act, origin.channel, origin.actor, *where, *why))
    if ledger is None:
        return calls, Outcome(decision.answer, because=decision.because)
    said = ledger.render(decision.answer)
    if decision.effect:
        calls.append(KEEP_REPLY(ledger.account, ledger.digest, act.now, ledger.connection, decision.effect, said))
    if ledger.acknowledges is not None and ledger.acknowledges != ledger.digest:
        calls.append(ACKNOWLEDGE_REPLY(ledger.account, ledger.acknowledges))
    return calls, Outcome(decision.answer, said, because=decision.because)


# --- acknowledgement -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The peer has shown that it has the reply kept for *account* under *digest*."""

    account: str
    digest: bytes
    origin: Origin


def _gather_nothing(_request: Acknowledged, _network: Network) -> Steps[None]:
    yield []


def _acknowledge(request: Acknowledged, _facts: None, _network: Network, _now: int) -> Decision[None]:
    return Decision(None, (ACKNOWLEDGE_REPLY(request.account, request.digest),))


ACKNOWLEDGE: Final = UseCase(
    name="acknowledge",
    gather=_gather_nothing,
    decide=_acknowledge,
    keys=lambda request: (f"reply:{request.account}",),
    failed=lambda _request, _code: None,
)
"""Forget a reply that nobody will ask for again, when no further act of the connection does it on its way."""
