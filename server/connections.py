"""The connections of one wire: so many and no more, counted, and ended without losing an answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Final, Generic, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory

from server.metrics import Metrics

DRAIN_SECONDS: Final = 2.0
"""Answers are short, and what a kiosk has not read is kept for its next connection; a daemon that stops is waited for."""


class Connection(Protocol):
    """What a connection does at the end of the daemon."""

    def finish(self) -> None:
        """Answer what has come, take nothing more, and close."""

    def abort(self) -> None:
        """Close at once, whatever the peer has not yet read."""


C = TypeVar("C", bound=Connection)


class Connections(Factory, ABC, Generic[C]):
    """A factory that knows its connections. *clock* is the reactor; *limit* is how many there may be at once.

    A subclass names its `wire`, as in the metrics, and makes a connection, which tells when it is `made` and `lost`.
    """

    noisy = False
    wire: str
    grace = 0.0
    """Seconds for which what comes is still answered when the end has begun: it was on its way."""

    def __init__(self, clock: Any, metrics: Metrics, limit: int) -> None:
        self.clock = clock
        self.metrics = metrics
        self.connections: set[C] = set()
        self.draining: Deferred[None] | None = None
        self.limit = limit

    @abstractmethod
    def make(self) -> Any:
        """Make a connection."""

    def buildProtocol(self, addr: IAddress | None) -> Any:  # noqa: N802 (Twisted's)
        """Take no connection that the end of the daemon would cut, and no more than there is room for."""
        if self.draining is not None or len(self.connections) >= self.limit:
            return None
        return self.make()

    def made(self, connection: C) -> None:
        """Know of *connection*."""
        self.connections.add(connection)
        self.metrics.count("connections", self.wire)

    def lost(self, connection: C) -> None:
        """Forget *connection*."""
        self.connections.discard(connection)
        self.metrics.count("disconnections", self.wire)
        if self.draining is not None and not self.connections and not self.draining.called:
            self.draining.callback(None)

    def drain(self) -> Deferred[None]:
        """Have every connection finish, and take no new one; fire when the last is gone.

        After `DRAIN_SECONDS` those are cut off that do not read their answers.
        """
        if self.draining is None:
            self.draining = Deferred()
            if not self.connections:
                self.draining.callback(None)
            timers = [self.clock.callLater(DRAIN_SECONDS, self._cut_off)]
            if self.grace:
                timers.append(self.clock.callLater(self.grace, self._finish))
            else:
                self._finish()

            def over(_result: None) -> None:
                for timer in timers:
                    if timer.active():
                        timer.cancel()

            self.draining.addBoth(over)
        return self.draining

    def _finish(self) -> None:
        for connection in list(self.connections):
            connection.finish()

    def _cut_off(self) -> None:
        for connection in list(self.connections):
            connection.abort()
