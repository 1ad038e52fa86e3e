"""NCIP on a bare line: one document after the other, bounded in time and size; and what partners may do."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import update
from twisted.internet import reactor
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase

from server.listeners import listen
from server.metrics import Metrics
from server.ncip.line import LineFactory
from server.ncip.partners import RIGHTS, Peer
from storage import schema
from tests.server.ncip.partner import PARTNER, Answer, PartnerCase, check_out, header, item, lookup_item, message
from tests.server.test_listeners import make_certificate, tls


class Echo:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[bytes, Deferred[bytes]]] = []

    def answer(self, body: bytes, charset: str | None = None, peer: Peer | None = None) -> Deferred[bytes]:
        answering: Deferred[bytes] = Deferred()
        self.asked.append((body, answering))
        return answering


class LineTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.echo = Echo()
        self.factory = LineFactory(self.echo, self.clock, size=1000, metrics=Metrics(), limit=2)  # type: ignore[arg-type]

    def connect(self) -> tuple[Any, StringTransport]:
        line = self.factory.buildProtocol(None)
        transport = StringTransport(peerAddress=IPv4Address("TCP", "192.0.2.1", 1))
        line.makeConnection(transport)
        return line, transport

    def test_documents_are_answered_in_order_one_at_a_time(self) -> None:
        line, transport = self.connect()
        line.dataReceived(b"<a>1</a>\n<b/>")
        assert [body for body, _ in self.echo.asked] == [b"<a>1</a>"]
        assert transport.producerState == "paused"
        self.echo.asked[0][1].callback(b"<one/>")
        assert [body for body, _ in self.echo.asked][1:] == [b"<b/>"]
        self.echo.asked[1][1].callback(b"<two/>")
        assert transport.value() == b"<one/>\n<two/>\n"
        assert transport.producerState == "producing"

    def test_thousands_of_documents_in_one_packet_are_all_answered(self) -> None:
        self.patch(self.echo, "answer", lambda body, **_: succeed(body))
        line, transport = self.connect()
        line.dataReceived(b"<a/>" * 3000)
        assert transport.value() == b"<a/>\n" * 3000
        assert transport.producerState == "producing"

    def test_a_silent_line_and_a_document_that_does_not_end_are_cut(self) -> None:
        _, transport = self.connect()
        self.clock.advance(300)
        assert transport.disconnected
        line, transport = self.connect()
        line.dataReceived(b"<a>")
        self.clock.advance(29)
        line.dataReceived(b"more")
        self.clock.advance(1)
        assert transport.disconnected

    def test_what_is_no_document_is_told_so_and_the_line_closed(self) -> None:
        for octets in (b"GET / HTTP/1.1\r\n\r\n", b"<a>" + b"x" * 1000, b"<a></b>"):
            line, transport = self.connect()
            line.dataReceived(octets)
            assert Answer(transport.value()).problems == [("Invalid Message Syntax Error", "NCIPMessage")]
            assert transport.disconnecting
            line.connectionLost()

    def test_there_are_so_many_lines_and_the_daemon_ends_them_with_their_answers(self) -> None:
        line, transport = self.connect()
        idle, other = self.connect()
        assert self.factory.buildProtocol(None) is None
        line.dataReceived(b"<a/><b/>")
        draining = self.factory.drain()
        assert other.disconnecting
        self.echo.asked[0][1].callback(b"<one/>")
        assert transport.disconnecting
        assert len(self.echo.asked) == 1
        for each in (line, idle):
            each.connectionLost()
        assert draining.called
        self.echo.asked.clear()


class RightsTests(PartnerCase):
    async def agree(self, **profile: Any) -> None:
        changed = update(schema.partner).where(schema.partner.c.agency == PARTNER).values(profile=json.dumps(profile))
        await self.reopen(changed)

    async def by(self, peer: Peer, body: bytes) -> list[str]:
        return [kind for kind, _ in Answer(await self.responder.answer(body, None, peer)).problems]

    async def test_a_partner_comes_from_its_addresses_alone(self) -> None:
        await self.agree(addresses=["192.0.2.0/24", "2001:db8::/32"])
        for address in ("192.0.2.9", "2001:db8::1"):
            assert await self.by(Peer(address), lookup_item("I1")) == []
        for address in ("192.0.3.1", "", "::1"):
            assert await self.by(Peer(address), lookup_item("I1")) == ["Unauthorized Service For Agency"]

    async def test_a_certificate_proves_who_one_is_and_says_it(self) -> None:
        await self.agree(certificate="AB:CD")
        assert await self.by(Peer(certificate="abcd"), lookup_item("I1")) == []
        assert await self.by(Peer(certificate="abce"), lookup_item("I1")) == ["Agency Authentication Failed"]
        assert await self.by(Peer(certificate="abcd"), message("LookupItem", item("I1"), " ")) == []

    async def test_a_secret_may_come_beside_the_message(self) -> None:
        body = message("LookupItem", item("I1"), header("FR-SECRET"))
        assert await self.by(Peer(secret="entre nous"), body) == []
        assert await self.by(Peer(secret="faux"), body) == ["Agency Authentication Failed"]

    async def test_services_and_libraries_are_agreed(self) -> None:
        await self.agree(services=["LookupItem", "CheckOutItem"], libraries=["LENS"])
        assert await self.by(Peer(), lookup_item("I1")) == []
        assert await self.by(Peer(), message("CheckInItem", item("I1"))) == ["Unauthorized Service For Agency"]
        assert await self.by(Peer(), check_out("R1", "I1", to="FR-620000002")) == ["Unauthorized Service For Agency"]
        assert await self.by(Peer(), check_out("R1", "I1")) == []

    async def test_so_many_messages_in_a_minute(self) -> None:
        await self.agree(per_minute=2)
        for expected in ([], [], ["Temporary Processing Failure"]):
            assert await self.by(Peer(), lookup_item("I1")) == expected
        self.clock.advance(60)
        assert await self.by(Peer(), lookup_item("I1")) == []

    async def test_dates_without_a_zone_are_the_partners(self) -> None:
        await self.agree(timezone="Asia/Tokyo")
        when = "<MandatedAction><DateEventOccurred>2026-11-23T05:00:00</DateEventOccurred></MandatedAction>"
        await self.ask(check_out("R1", "I1"))
        self.clock.advance(20 * 3600)
        # In an encoding that HTTP alone tells: the message is read once more, and must be understood again.
        body = message("CheckInItem", when + item("I1") + "<Ext><NoticeContent>é</NoticeContent></Ext>").decode()
        assert (await self.ask(body.encode("latin-1"), charset="iso-8859-1")).problems == []
        (row,) = await self.store.work(lambda c: list(c.exec_driver_sql("SELECT in_at FROM past_loan")))
        assert row[0] == 1_795_377_600  # the evening before, by universal time

    def test_what_may_be_agreed_is_told(self) -> None:
        assert {"addresses", "certificate", "services", "libraries", "per_minute", "timezone"} <= set(RIGHTS)


# Twisted's own `ssl:` endpoints still hand certificates over as pyOpenSSL objects.
@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")
class SocketTests(PartnerCase):
    """A bare line over a real socket, with a real store behind."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    async def test_two_questions_on_one_line(self) -> None:
        await self.talk("tcp:0:interface=127.0.0.1", lambda line: line)

    async def test_two_questions_on_one_line_in_tls(self) -> None:
        _, certificate = make_certificate(self.folder, "bibliobus")
        context = ssl.create_default_context(cafile=str(certificate))
        context.check_hostname = False
        await self.talk(tls(self.folder), context.wrap_socket)

    async def test_a_certificate_shown_on_the_line_says_and_proves_who_one_is(self) -> None:
        for name in ("server", "partner"):
            (self.folder / name).mkdir()
        _, certificate = make_certificate(self.folder / "server", "bibliobus")
        key, shown = make_certificate(self.folder / "partner", "partner")
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(shown.read_text())).hexdigest()
        profile = json.dumps({"certificate": digest})
        await self.reopen(update(schema.partner).where(schema.partner.c.agency == PARTNER).values(profile=profile))
        context = ssl.create_default_context(cafile=str(certificate))
        context.check_hostname = False
        nobody = message("LookupItem", item("I1"), header(None))  # the certificate alone says who it is
        factory = LineFactory(self.responder, reactor, size=1 << 20, metrics=self.metrics)
        listener = listen(reactor, f"{tls(self.folder / 'server')}:clients=any", factory)
        self.addCleanup(listener.port.stopListening)

        def ask(body: bytes) -> Answer:
            address = ("127.0.0.1", cast("IPv4Address", listener.port.getHost()).port)
            with context.wrap_socket(socket.create_connection(address, timeout=10)) as line:
                stream = line.makefile("rb")
                line.sendall(body)
                return Answer(stream.readline() + stream.readline())

        without = await deferToThread(ask, lookup_item("I1"))
        assert [kind for kind, _ in without.problems] == ["Agency Authentication Failed"]
        assert [kind for kind, _ in (await deferToThread(ask, nobody)).problems] == ["Needed Data Missing"]
        context.load_cert_chain(shown, key)
        for body in (lookup_item("I1"), nobody):
            answer = await deferToThread(ask, body)
            assert answer.problems == []
            assert answer.one("CirculationStatus") == "Available On Shelf"
        await factory.drain()

    async def talk(self, description: str, secured: Callable[[socket.socket], socket.socket]) -> None:
        factory = LineFactory(self.responder, reactor, size=1 << 20, metrics=self.metrics)
        port: Any = await serverFromString(reactor, description).listen(factory)
        self.addCleanup(port.stopListening)

        def talk() -> list[bytes]:
            found = []
            with secured(socket.create_connection(("127.0.0.1", port.getHost().port), timeout=10)) as line:
                stream = line.makefile("rb")
                for number in ("I1", "NONE"):
                    line.sendall(lookup_item(number))
                    found.append(stream.readline() + stream.readline())  # the declaration, then the document
            return found

        first, second = await deferToThread(talk)
        assert Answer(first).one("CirculationStatus") == "Available On Shelf"
        assert Answer(second).problems == [("Unknown Item", "ItemIdentifierValue")]
        await factory.drain()
