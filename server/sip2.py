"""SIP2 for a listener: the connections of all devices, and their end. One connection is in `sip2_connection`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ServerFactory

from server import passwords
from server.metrics import METRICS, Metrics
from server.sip2_connection import IDLE_SECONDS, LOGIN_SECONDS, SIP2Connection
from storage.store import Store

DRAIN_SECONDS: Final = 5.0
MAX_CONNECTIONS: Final = 4096


class SIP2Factory(ServerFactory):
    """The connections of all devices. *clock* is the reactor; *verify* compares a password with an argon2 hash.

    There are *limit* connections at most. One that has not logged in within *login* seconds, or says nothing for *idle* seconds,
    is closed.
    """

    noisy = False

    def __init__(
        self,
        store: Store,
        clock: Any,
        verify: Callable[[str | None, str], Deferred[bool]] = passwords.verify,
        metrics: Metrics = METRICS,
        *,
        limit: int = MAX_CONNECTIONS,
        login: float = LOGIN_SECONDS,
        idle: float = IDLE_SECONDS,
    ) -> None:
        self.limit = limit
        self.login = login
        self.idle = idle
        self.store = store
        self.clock = clock
        self.verify = verify
        self.metrics = metrics
        self.connections: set[SIP2Connection] = set()
        self.draining: Deferred[None] | None = None

    def buildProtocol(self, addr: IAddress | None) -> SIP2Connection | None:  # noqa: N802 (Twisted's)
        """Take no connection that the end of the daemon would cut, and no more than there is room for."""
        if self.draining is not None or len(self.connections) >= self.limit:
            return None
        connection = SIP2Connection(self)
        connection.factory = self
        return connection

    def lost(self, connection: SIP2Connection) -> None:
        """Forget *connection*."""
        self.connections.discard(connection)
        self.metrics.count("disconnections", "sip2")
        if self.draining is not None and not self.connections and not self.draining.called:
            self.draining.callback(None)

    def drain(self) -> Deferred[None]:
        """Answer what has come, take nothing more, close; fire when the last connection is gone.

        After `DRAIN_SECONDS` those are cut off that do not read their answers.
        """
        if self.draining is None:
            self.draining = Deferred()
            if not self.connections:
                self.draining.callback(None)
            timer = self.clock.callLater(DRAIN_SECONDS, self._cut_off)
            self.draining.addBoth(lambda _result: timer.cancel() if timer.active() else None)
            for connection in list(self.connections):
                connection.finish()
        return self.draining

    def _cut_off(self) -> None:
        for connection in list(self.connections):
            connection.abort()
