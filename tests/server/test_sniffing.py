"""Z39.50 and HTTP on one port: the first octet decides, and neither is the worse for the other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.internet.protocol import connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from protocols.z3950.session import Association, Role
from server.catalogue.shared import Catalogue
from server.metrics import Metrics
from server.sniffing import Sniffing
from server.web import TOO_LARGE, Health, Root, Site
from server.z3950.factory import INIT_SECONDS, Z3950Factory
from tests.server.test_web import Reply, request
from tests.server.z3950.origin import init

INIT = Association(Role.ORIGIN).send(init())


class SniffingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.metrics = Metrics()
        store: Any = SimpleNamespace(network=SimpleNamespace(clients=()))  # Nothing is read, and nobody is known.
        catalogue = Catalogue(store, self.clock)
        self.z3950 = Z3950Factory(catalogue, self.clock, self.metrics, limit=2)
        self.web = Site(Root({"healthz": Health()}), self.clock, limit=1000, too_large=TOO_LARGE)
        self.factory = Sniffing(self.z3950, self.web)
        self.factory.doStart()
        self.addCleanup(self.factory.doStop)

    def connect(self) -> tuple[Any, StringTransport]:
        connection = self.factory.buildProtocol(None)
        assert connection is not None
        transport = StringTransport()
        connection.makeConnection(transport)
        return connection, transport

    def test_a_method_of_http_is_answered_by_http(self) -> None:
        connection, transport = self.connect()
        octets = request("GET", "/healthz")
        connection.dataReceived(octets[:1])
        connection.dataReceived(octets[1:])
        assert Reply(transport.value()).body == b"ok\n"
        assert not self.z3950.connections
        connection.connectionLost(Failure(connectionDone.value))
        assert self.web.connections == 0

    def test_an_init_begins_an_association(self) -> None:
        connection, transport = self.connect()
        for octet in INIT:
            connection.dataReceived(bytes([octet]))
        assert transport.value()[:1] == b"\xb5"
        assert len(self.z3950.connections) == 1
        connection.connectionLost(Failure(connectionDone.value))
        assert not self.z3950.connections

    def test_what_says_nothing_is_closed_as_an_association_is(self) -> None:
        _, transport = self.connect()
        self.clock.advance(INIT_SECONDS)
        assert transport.disconnecting or transport.value()

    def test_what_is_neither_is_closed_by_z3950(self) -> None:
        connection, transport = self.connect()
        connection.dataReceived(b"\x16\x03\x01")
        assert transport.disconnecting or transport.value()

    def test_the_limit_of_associations_holds_for_the_port(self) -> None:
        self.connect()
        self.connect()
        assert self.factory.buildProtocol(None) is None

    def test_http_that_finds_no_room_is_closed(self) -> None:
        self.web.connections = 10_000
        connection, transport = self.connect()
        connection.dataReceived(b"GET / HTTP/1.1\r\n\r\n")
        assert transport.disconnecting
        connection.connectionLost(Failure(connectionDone.value))

    def test_both_are_drained(self) -> None:
        assert self.successResultOf(self.factory.drain()) is not None
        assert self.factory.buildProtocol(None) is None
