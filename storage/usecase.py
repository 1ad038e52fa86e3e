"""Gather, decide, apply: the shape of everything the store is asked to do.

- A **read** is a function that returns `Steps`: it yields calls, is sent rows, returns its answer.
- A **use case** is declared once as `UseCase`: `gather` (Steps returning the facts that the decision needs, with the
  locks it takes), and `decide`, a pure function of request, facts, network and time. What `decide` returns is applied
  by the driver: the writes, the journal row and the stored reply, in one transaction that is on disk before anyone is
  told.

`decide` does no I/O: it is tested with tables of cases, replayed, explained, and the same for every wire.

What every act makes is a named tuple: a frozen dataclass takes four times as long to make.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Call, Steps


class Request(Protocol):
    """What every use case is asked with: who asks, and where."""

    @property
    def origin(self) -> Origin:
        """Channel, actor and library."""
        ...


Q = TypeVar("Q", bound=Request)
F = TypeVar("F")
A = TypeVar("A")


class Entry(NamedTuple):
    """A journal row in the making: what happened, named by ids; never a reader's identity.

    *context* is what the rules were looked up with (`storage.network.policies.Context`), for `why` and `what-if`.
    """

    act: str
    library_id: int | None = None
    item_id: int | None = None
    loan_id: int | None = None
    hold_id: int | None = None
    detail: str = ""
    context: str = ""


class Decision(NamedTuple, Generic[A]):
    """What `decide` found: the answer, the writes that make it true, and why.

    *because* names the rules applied. *effect* says what a repeat of the same request may rely on: it is stored with
    the reply. *repeats* is set when the request asks for what already is so (the effect of an earlier identical
    request): a stored reply with this effect is then given again instead of *answer*.
    """

    answer: A
    writes: tuple[Call, ...] = ()
    entries: tuple[Entry, ...] = ()
    because: tuple[str, ...] = ()
    effect: str = ""
    repeats: str = ""


@dataclass(frozen=True, slots=True)
class UseCase(Generic[Q, F, A]):
    """One thing that the store can be asked to do.

    *keys* names what two requests of one batch must not share (``item:...``, ``patron:...``); *failed* makes the
    answer of a loser when a database guard (`storage.schema.GUARDS`) stopped the writes.
    """

    name: str
    gather: Callable[[Q, Network], Steps[F]]
    decide: Callable[[Q, F, Network, int], Decision[A]]
    keys: Callable[[Q], tuple[str, ...]]
    failed: Callable[[Q, str], A]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asks, and where: *channel* (``sip2``, ``ncip``, ``cli``), *actor* (device or partner code), library id."""

    channel: str
    actor: str
    library_id: int


class Ledger(NamedTuple, Generic[A]):
    """How the reply to a changing request is kept, so that a repeat gets it again (sip2.md 15.1.4, ncip.md 7).

    *digest* is 16 octets of the request's body without what changes between repeats. *connection* is the wire
    connection's own number, on which the same octets are a new request (0 where the wire has no connections); on any
    other, `Decision.repeats` decides. *render* makes the wire reply, inside the transaction. *window* is how old a stored reply may be, in seconds. *acknowledges* is the
    digest of the connection's previous request, whose stored reply the peer has now shown to have received.
    """

    account: str
    digest: bytes
    connection: int
    render: Callable[[A], bytes]
    window: int = 600
    acknowledges: bytes | None = None


class Outcome(NamedTuple, Generic[A]):
    """What came of a use case: *answer* (None when an earlier reply was given again), *reply* (with a ledger)."""

    answer: A | None
    reply: bytes = b""
    repeated: bool = False
    because: tuple[str, ...] = ()


class Act(NamedTuple, Generic[Q, F, A]):
    """One request for a use case, ready for a driver."""

    usecase: UseCase[Q, F, A]
    request: Q
    now: int
    ledger: Ledger[A] | None = None
