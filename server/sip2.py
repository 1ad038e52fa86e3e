"""SIP2 for a listener: the connections of all devices. One connection is in `sip2_connection`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred

from devices.profiles import DeviceProfile
from server import passwords
from server.connections import Connections
from server.metrics import METRICS, Metrics
from server.sip2_connection import IDLE_SECONDS, LOGIN_SECONDS, SIP2Connection
from server.sip2_guard import Bucket, Failures
from storage.store import Store

MAX_CONNECTIONS: Final = 4096
LOGIN_SPAN: Final = 300.0
"""Seconds for which failed logins count."""
PIN_SPAN: Final = 600.0
"""Seconds for which wrong PINs count against the device that they come from."""


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
        self.failed_logins = Failures(LOGIN_SPAN)
        self.wrong_pins = Failures(PIN_SPAN)
        self._here: defaultdict[str, dict[SIP2Connection, None]] = defaultdict(dict)
        self._buckets: dict[str, Bucket] = {}

    def make(self) -> SIP2Connection:
        """Make the connection of one device."""
        return SIP2Connection(self)

    def entered(self, connection: SIP2Connection, code: str, profile: DeviceProfile) -> Bucket | None:
        """Know that *connection* is the device *code*; return what bounds its rate, which all its connections share.

        When there are more than it may have, the oldest is cut off: a device that was switched off leaves one behind.
        """
        here = self._here[code]
        here[connection] = None
        while profile.connections and len(here) > profile.connections:
            oldest = next(iter(here))
            del here[oldest]
            oldest.abort()
        if not profile.rate:
            return None
        bucket = self._buckets.get(code)
        if bucket is None or bucket.rate != profile.rate:
            bucket = self._buckets[code] = Bucket(profile.rate, self.clock.seconds())
        return bucket

    def left(self, connection: SIP2Connection, code: str) -> None:
        """Know that *connection* is the device *code* no longer."""
        self._here[code].pop(connection, None)
        if not self._here[code]:
            del self._here[code]
            self._buckets.pop(code, None)
