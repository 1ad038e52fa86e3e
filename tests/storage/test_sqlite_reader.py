"""A process that only reads, beside the one that writes."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import Connection, insert
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from storage import schema
from storage.circulation.accounts import item_information
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.status import Status
from storage.database import Location, upgrade
from storage.store import StoreUnavailable, open_store
from storage.usecase import Origin
from tests.network import LENS, NOW, declare_small_network


def declare_device(connection: Connection) -> None:
    connection.execute(insert(schema.device).values(code="new", library_id=LENS, password_hash="x"))


class Reader(TestCase):
    """Two stores on one file."""

    def setUp(self) -> None:
        location = Location(Path(mkdtemp(prefix="bibliobus-reader-")))
        self.addCleanup(rmtree, location.directory)
        upgrade(location.engine())
        with location.engine().begin() as connection:
            declare_small_network(connection, location.pins())
        self.writer = open_store(location, reactor)
        self.reader = open_store(location, reactor, read_only=True)
        self.addCleanup(self.writer.close)
        self.addCleanup(self.reader.close)

    async def test_it_sees_what_was_committed_at_once_and_writes_nothing(self) -> None:
        request = CheckoutRequest("R1", "I1", Origin("sip2", "kiosk-lens", LENS))
        refused = self.reader.transact(CHECKOUT, request, NOW)
        self.failureResultOf(refused, StoreUnavailable)
        outcome = await self.writer.transact(CHECKOUT, request, NOW)
        assert outcome.answer is not None
        assert outcome.answer.ok
        account = await self.reader.read(item_information(self.reader.network, "I1", LENS, NOW))
        assert account.item is not None
        assert account.item.status is Status.ON_LOAN
        writing: Deferred[Any] = self.reader.work(declare_device)
        await self.assertFailure(writing, StoreUnavailable)
        assert self.reader.healthy

    async def test_it_takes_up_what_is_declared_later(self) -> None:
        await self.writer.work(declare_device)
        await self.writer.reload_network()
        for _ in range(100):
            if "new" in self.reader.network.devices:
                break
            await deferLater(reactor, 0.05)
        assert "new" in self.reader.network.devices
