"""SIP2 for a listener: the connections of all devices. One connection is in `sip2_connection`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred

from server import passwords
from server.connections import Connections
from server.metrics import METRICS, Metrics
from server.sip2_connection import IDLE_SECONDS, LOGIN_SECONDS, SIP2Connection
from storage.store import Store

MAX_CONNECTIONS: Final = 4096


class SIP2Factory(Connections[SIP2Connection]):
    """The connections of all devices. *clock* is the reactor; *verify* compares a password with an argon2 hash.

    There are *limit* connections at most. One that has not logged in within *login* seconds, or says nothing for *idle* seconds,
    is closed.
    """

    wire = "sip2"

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
        super().__init__(clock, metrics, limit)
        self.login = login
        self.idle = idle
        self.store = store
        self.verify = verify

    def make(self) -> SIP2Connection:
        """Make the connection of one device."""
        return SIP2Connection(self)
