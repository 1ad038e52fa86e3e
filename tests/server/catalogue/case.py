"""A catalogue in a real store, for the tests of the wires that search it; for those over HTTP, a site asked without a network."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection
from twisted.internet import reactor as installed_reactor
from twisted.internet.task import deferLater
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.trial.unittest import TestCase

from server.catalogue.shared import Catalogue
from server.metrics import Metrics
from server.web import Site
from storage.database import Location
from storage.store import open_store
from tests.server.test_web import Reply
from tests.server.z3950.origin import fill_catalogue

reactor: Any = installed_reactor


class CatalogueTestCase(TestCase):
    """A catalogue in a real store."""

    location: Location

    @pytest.fixture(autouse=True)
    def _take_location(self, location: Location) -> None:
        self.location = location

    def fill(self, connection: Connection) -> None:
        """Write what the catalogue holds."""
        fill_catalogue(connection)

    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for it
        self.store = open_store(self.location, reactor)
        self.addCleanup(self.store.close)
        await self.store.work(self.fill)
        await self.store.reload_network()
        self.metrics = Metrics()
        self.catalogue = Catalogue(self.store, reactor)


class SiteTestCase(CatalogueTestCase):
    """The catalogue behind `site`, which `serve` has to be given."""

    site: Site

    def serve(self, site: Site) -> None:
        """Have *site* asked until the test ends."""
        self.site = site
        site.startFactory()
        self.addCleanup(site.stopFactory)

    async def http(self, octets: bytes) -> Reply:
        """Return the reply to a whole request."""
        channel: Any = self.site.buildProtocol(None)
        transport = StringTransportWithDisconnection()
        transport.protocol = channel
        channel.makeConnection(transport)
        channel.dataReceived(octets)
        for _ in range(5_000):
            if transport.value():
                break
            await deferLater(reactor, 0.001)
        reply = Reply(transport.value())
        transport.loseConnection()
        return reply
