"""Many acts in one PostgreSQL transaction: gather for all, decide in Python, write for all, commit once.

Two round trips and one wait for the disk, however many acts (performance.md 5.2). The locks of all members come first,
in one order for every daemon, so that no two batches wait for each other; state is read after the locks are held.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, Final

from sqlalchemy import text
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from storage.drivers.pg_link import Link
from storage.drivers.pg_statements import Bound, StatementFailed, bind
from storage.journal import StoredReply, conclude, gather
from storage.network.network import Network
from storage.statements import Row, Statement, Steps
from storage.usecase import Act, Outcome

_BEGIN: Final = bind(Statement("begin", text("BEGIN"))())
_COMMIT: Final = bind(Statement("commit", text("COMMIT"))())
_ROLLBACK: Final = bind(Statement("rollback", text("ROLLBACK"))())


class Member:
    """An act on its way. *alone*: a batch with it has failed, so it gets a transaction of its own."""

    __slots__ = ("_found", "_steps", "act", "alone", "asks", "done", "keys", "network", "outcome", "since", "tries")

    def __init__(self, act: Act[Any, Any, Any], network: Network, since: float) -> None:
        self.act = act
        self.network = network
        self.since = since
        self.done: Deferred[Outcome[Any]] = Deferred()
        self.keys = act.usecase.keys(act.request)
        self.alone = False
        self.tries = 0
        self.asks: Sequence[Bound] = ()
        self.outcome: Outcome[Any] | Failure | None = None
        self._found: tuple[Any, StoredReply | None] = (None, None)
        self._steps: Steps[tuple[Any, StoredReply | None]]

    def begin(self) -> None:
        """Start to gather, anew if need be."""
        self.outcome = None
        self._steps = gather(self.act, self.network)
        self.advance(None)

    def advance(self, rows: Sequence[Sequence[Row]] | None) -> None:
        """Give the gather the *rows* it asked for; `asks` is what it wants next, empty when it is done."""
        self.asks = ()
        try:
            while not self.asks:
                self.asks = [bind(call) for call in self._steps.send(rows)]  # type: ignore[arg-type]  # None starts it
                rows = ()
        except StopIteration as stop:
            self._found = stop.value
        except Exception:  # noqa: BLE001 (one act's bug must not take its batch along; the failure goes to its caller)
            self.outcome = Failure()

    def decide(self) -> list[Bound]:
        """Decide, and return what is to be written."""
        if self.outcome is not None:
            return []
        act, (facts, stored) = self.act, self._found
        try:
            decision = act.usecase.decide(act.request, facts, self.network, act.now)
            calls, outcome = conclude(act, decision, stored)
            writes = [bind(call) for call in calls]
        except Exception:  # noqa: BLE001 (as above)
            self.outcome = Failure()
            return []
        self.outcome = outcome
        return writes


class Batch:
    """A transaction of *members* on *link*; *finished* is called with it and the error that undid it, if one did."""

    def __init__(
        self, link: Link, members: Sequence[Member], finished: Callable[[Batch, StatementFailed | None], None]
    ) -> None:
        self.link = link
        self.members = members
        self._finished = finished

    def start(self) -> None:
        """Begin."""
        for member in self.members:
            member.begin()
        self._ask((_BEGIN,))

    def _ask(self, first: Sequence[Bound]) -> None:
        """Send what the members ask: locks first, ordered by rank and key."""
        asks = [ask for member in self.members for ask in member.asks]
        locks = [at for at, ask in enumerate(asks) if ask.statement.rank]
        locks.sort(key=lambda at: (asks[at].statement.rank, asks[at].values))
        order = [*locks, *(at for at, ask in enumerate(asks) if not ask.statement.rank)]

        def gathered(rows: list[Sequence[Row]], error: StatementFailed | None) -> None:
            if error is not None:
                self._undo(error)
                return
            found = dict(zip(order, rows[len(first) :], strict=True))
            self._hand_out([found[at] for at in range(len(asks))])

        self.link.send([*first, *(asks[at] for at in order)], gathered)

    def _hand_out(self, rows: Sequence[Sequence[Row]]) -> None:
        at = 0
        for member in self.members:
            if member.asks:
                start, at = at, at + len(member.asks)
                member.advance(rows[start:at])
        if any(member.asks for member in self.members):
            self._ask(())
        else:
            writes = chain.from_iterable(member.decide() for member in self.members)
            self.link.send([*writes, _COMMIT], self._written)

    def _written(self, _rows: list[Sequence[Row]], error: StatementFailed | None) -> None:
        if error is None:
            self._finished(self, None)
        else:
            self._undo(error)

    def _undo(self, error: StatementFailed) -> None:
        if not self.link.up:
            self._finished(self, error)
            return

        def undone(_rows: list[Sequence[Row]], worse: StatementFailed | None) -> None:
            self._finished(self, worse or error)

        self.link.send([_ROLLBACK], undone)
