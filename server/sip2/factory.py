"""SIP2 for a listener: the connections of all devices. One connection is in `connection`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory

from devices.profiles import DeviceProfile
from server import passwords
from server.connections import Connections
from server.metrics import METRICS, Metrics
from server.sip2.capture import MOST_MINUTES, Capture
from server.sip2.connection import IDLE_SECONDS, LOGIN_SECONDS, SIP2Connection
from server.sip2.expected import Expected
from server.sip2.guard import Bucket, Failures
from server.sip2.prompt import PromptedConnection
from storage.catalogue.hits import Hits
from storage.store import Store

MAX_CONNECTIONS: Final = 4096
HURRY_SECONDS: Final = 0.2
"""How often it is looked for answers that take too long: once for all connections, and not with a timer for each message.

A device waits for a second at least: four fifths of that, and this, are within it.
"""
GRACE_SECONDS: Final = 0.1
"""For how long terminals that ask are still answered at the end of the daemon, 99 with 98 that says "off line"."""
LOGIN_SPAN: Final = 300.0
"""Seconds for which failed logins count."""
TITLE_OCTETS: Final = 1 << 20
"""What is remembered of titles that were asked for holds."""
PIN_SPAN: Final = 600.0
"""Seconds for which wrong PINs count against the device that they come from."""


class SIP2Factory(Connections[SIP2Connection]):
    """The connections of all devices. *clock* is the reactor; *verify* compares a password with an argon2 hash.

    There are *limit* connections at most. One that has not logged in within *login* seconds, or says nothing for *idle* seconds,
    is closed.
    """

    wire = "sip2"
    grace = GRACE_SECONDS

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
        self.hits = Hits(TITLE_OCTETS)
        self.expected = Expected()
        self._here: defaultdict[str, dict[SIP2Connection, None]] = defaultdict(dict)
        self._buckets: dict[str, Bucket] = {}
        self._hurrying: Any = None
        self.captures: dict[str, Capture] = {}
        self._ends: dict[str, Any] = {}

    def make(self) -> SIP2Connection:
        """Make the connection of one device."""
        return SIP2Connection(self)

    def made(self, connection: SIP2Connection) -> None:
        """Know of *connection*, and see to it that none waits too long."""
        super().made(connection)
        if self._hurrying is None:
            self._hurrying = self.clock.callLater(HURRY_SECONDS, self._hurry)

    def _hurry(self) -> None:
        self._hurrying = self.clock.callLater(HURRY_SECONDS, self._hurry)
        now = self.clock.seconds()
        for connection in [each for each in self.connections if each.awaited is not None]:  # of ten thousand a few
            connection.hurry(now)

    def lost(self, connection: SIP2Connection) -> None:
        """Forget *connection*."""
        super().lost(connection)
        if not self.connections and self._hurrying is not None:
            self._hurrying.cancel()
            self._hurrying = None

    def line(self, device: str) -> SIP2Connection | None:
        """Make the connection of a serial line, which is the device with this login; empty: one that logs in."""
        connection: SIP2Connection | None = self.buildProtocol(None)
        if connection is not None:
            connection.trusts = device
        return connection

    def prompting(self) -> Prompting:
        """Return a factory for terminals that log in at a prompt, as people do, before SIP2 begins."""
        return Prompting(self)

    def capture(self, code: str, minutes: float, directory: Path) -> Path:
        """Write down, masked, what device *code* and we say from now on, in a new file in *directory*; return its path.

        Raises LookupError when there is no such device, ValueError for a span that is none, OSError.
        """
        if code not in self.store.network.devices:
            raise LookupError(code)
        if not 0 < minutes <= MOST_MINUTES:
            raise ValueError(minutes)
        now = self.clock.seconds()
        name = f"{re.sub(r'[^A-Za-z0-9_-]', '_', code)}-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%S}.jsonl"
        capture = Capture(directory / name, now, minutes)
        self._captured(code)
        self.captures[code] = capture
        self._ends[code] = self.clock.callLater(minutes * 60, self._captured, code)
        for connection in self._here.get(code, ()):
            connection.capture(capture)
        return capture.path

    def _captured(self, code: str) -> None:
        """End the capture of *code*, if there is one."""
        if code in self.captures:
            self.captures.pop(code).close()
            timer = self._ends.pop(code)
            if timer.active():
                timer.cancel()

    def drain(self) -> Deferred[None]:
        """End captures, and have every connection finish."""
        for code in list(self.captures):
            self._captured(code)
        return super().drain()

    def entered(self, connection: SIP2Connection, code: str, profile: DeviceProfile) -> Bucket | None:
        """Know that *connection* is the device *code*; return what bounds its rate: one for all its connections, and for the next.

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


class Prompting(Factory):
    """The connections of a listener that prompts; they are counted and ended with all others."""

    noisy = False

    def __init__(self, service: SIP2Factory) -> None:
        self._service = service

    def buildProtocol(self, addr: IAddress | None) -> PromptedConnection | None:  # noqa: N802 (Twisted's)
        """Take a connection, if there is room."""
        return PromptedConnection(self._service) if self._service.buildProtocol(addr) is not None else None
