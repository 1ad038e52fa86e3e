"""A terminal for tests: it speaks through a transport in memory to a connection of a real factory on a real store."""

from __future__ import annotations

import json
from typing import Any

import pytest
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from protocols.sip2 import codec
from protocols.sip2.tables import Message
from server.metrics import Metrics
from server.sip2.factory import SIP2Factory
from storage import schema
from storage.database import Location
from storage.store import Store, open_store
from tests.network import NOW, PASSWORD

reactor: Any = installed_reactor
DATE = b"20261122    120000"
"""The local time of `NOW`."""
BLANK = b" " * 18
DUE = b"20261220    235900"


def sealed(body: bytes, sequence: bytes = b"1") -> bytes:
    return codec.seal(body, sequence, checked=True) + b"\r"


def login(user: bytes = b"kiosk-lens", password: bytes = b"demo") -> bytes:
    return b"9300CN" + user + b"|CO" + password + b"|"


def checkout(patron: bytes, item: bytes, renewal: bytes = b"N", more: bytes = b"") -> bytes:
    return b"11" + renewal + b"N" + DATE + BLANK + b"AOLENS|AA" + patron + b"|AB" + item + b"|AC|" + more


def checkin(item: bytes, more: bytes = b"") -> bytes:
    return b"09N" + DATE + DATE + b"AP|AOLENS|AB" + item + b"|AC|" + more


def renew(patron: bytes, item: bytes) -> bytes:
    return b"29NN" + DATE + BLANK + b"AOLENS|AA" + patron + b"|AB" + item + b"|"


def information(patron: bytes, summary: bytes = b" " * 10, language: bytes = b"002", more: bytes = b"") -> bytes:
    return b"63" + language + DATE + summary + b"AOLENS|AA" + patron + b"|" + more


def item(barcode: bytes) -> bytes:
    return b"17" + DATE + b"AOLENS|AB" + barcode + b"|"


class Wire(StringTransport):
    """A transport in memory that tells when a reply has come."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: Deferred[None] | None = None

    def write(self, data: bytes) -> None:
        super().write(data)
        waiting, self.waiting = self.waiting, None
        if waiting is not None:
            reactor.callLater(0, waiting.callback, None)  # not in the middle of a write


class Kiosk:
    """One connection, seen from the terminal."""

    def __init__(self, factory: SIP2Factory) -> None:
        protocol: Any = factory.buildProtocol(None)
        self.protocol = protocol
        self.wire: Any = Wire()
        self.protocol.makeConnection(self.wire)

    def send(self, *frames: bytes) -> None:
        """Send whole frames, or parts of them."""
        for frame in frames:
            self.protocol.dataReceived(frame)

    def got(self) -> bytes:
        """Take all that has come."""
        data: bytes = self.wire.value()
        self.wire.clear()
        return data

    async def reply(self, replies: int = 1) -> bytes:
        """Wait for so many replies, and take them."""
        while self.wire.value().count(b"\r") < replies:
            self.wire.waiting = Deferred()
            await self.wire.waiting
        return self.got()

    async def ask(self, body: bytes) -> bytes:
        """Send one message without error detection, and wait for its reply (without terminator)."""
        self.send(body + b"\r")
        return (await self.reply()).removesuffix(b"\r")

    async def read(self, body: bytes) -> Any:
        """Send one message, and wait for its reply, decoded."""
        message: Message = codec.decode(await self.ask(body))
        return message

    def lose(self) -> None:
        """Cut the line."""
        self.protocol.connectionLost(Failure(ConnectionLost()))


def known(stored: str | None, password: str) -> Deferred[bool]:
    """Compare passwords without argon2's cost."""
    return succeed(stored is not None and password == PASSWORD)


class Service:
    """A factory on a store, with a clock of its own that stands at `NOW`."""

    def __init__(self, store: Store, verify: Any = known) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.metrics = Metrics()
        self.factory = SIP2Factory(store, self.clock, verify, self.metrics)

    def kiosk(self, user: bytes | None = b"kiosk-lens") -> Kiosk:
        """Return a new connection, logged in as *user* unless that is None."""
        kiosk = Kiosk(self.factory)
        if user is not None:
            kiosk.send(login(user) + b"\r")
            assert kiosk.got() == b"941\r"
        return kiosk


class SIP2TestCase(TestCase):
    """A real store on SQLite, and a factory whose clock stands still."""

    location: Location

    @pytest.fixture(autouse=True)
    def _take_location(self, location: Location) -> None:
        self.location = location

    def setUp(self) -> None:
        self.store = open_store(self.location, reactor)
        self.addCleanup(self.store.close)
        self.service = Service(self.store)

    def change(self, statement: Any) -> Deferred[None]:
        """Change something in the database."""
        return self.store.work(lambda connection: connection.execute(statement) and None)

    async def profile(self, code: str = "kiosk-lens", **options: str) -> None:
        """Give a device a profile, from its next message on."""
        device = schema.device
        await self.change(device.update().where(device.c.code == code).values(profile=json.dumps(options)))
        await self.store.reload_network()
