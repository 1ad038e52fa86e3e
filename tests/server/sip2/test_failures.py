from __future__ import annotations

from typing import Any

import pytest
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred, fail, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure

from server.connections import DRAIN_SECONDS
from server.sip2 import replies
from server.sip2.connection import AT_ONCE, SIP2Connection
from server.sip2.factory import GRACE_SECONDS, SIP2Factory
from storage.store import StoreUnavailable
from tests.server.sip2.kiosk import (
    SIP2TestCase,
    checkin,
    checkout,
    information,
    item,
    login,
    renew,
    sealed,
)

reactor: Any = installed_reactor


class FailureTests(SIP2TestCase):
    """When the store or we ourselves fail."""

    async def test_a_store_that_fails_is_a_shaped_refusal(self) -> None:
        kiosk = self.service.kiosk()
        self.patch(self.store, "read", lambda _steps: fail(StoreUnavailable("no disk")))
        self.patch(self.store, "transact", lambda *_args: fail(StoreUnavailable("no disk")))
        said = ("Service momentanément indisponible.",)
        for body in (item(b"I1"), information(b"R1"), checkout(b"R1", b"I1"), checkin(b"I1"), renew(b"R1", b"I1")):
            reply = await kiosk.read(body)
            assert reply.screen_message == said
            assert getattr(reply, "ok", False) is False
        assert not kiosk.wire.disconnecting

    async def test_98_says_when_the_store_is_off_line(self) -> None:
        kiosk = self.service.kiosk()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(self.store), "healthy", False)
            assert (await kiosk.read(b"9900802.00")).on_line_status is False
        assert (await kiosk.read(b"9900802.00")).on_line_status is True

    async def test_a_bug_of_ours_is_logged_and_still_answered(self) -> None:
        kiosk = self.service.kiosk()

        def broken(*_args: Any) -> Any:
            raise ZeroDivisionError

        self.patch(self.store, "read", broken)
        assert (await kiosk.ask(item(b"I1"))).startswith(b"18010001")
        self.patch(self.store, "read", lambda _steps: fail(Failure(ZeroDivisionError())))
        assert (await kiosk.ask(information(b"R1"))).startswith(b"64YYYY")
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 2

    async def test_a_response_that_cannot_be_written_is_replaced_by_a_refusal(self) -> None:
        kiosk = self.service.kiosk()
        self.patch(replies, "item_information", lambda *_args: object())
        assert (await kiosk.ask(item(b"I1"))).startswith(b"18010001")
        assert len(self.flushLoggedErrors(AttributeError)) == 1

    async def test_readers_and_secrets_are_in_no_log(self) -> None:
        events: list[Any] = []
        observer: Any = events.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        kiosk = self.service.kiosk(None)
        kiosk.send(
            login(b"kiosk-lens", b"wr0ng") + b"\r" + login() + b"\r" + information(b"R1", more=b"AD1234|") + b"\r"
        )
        kiosk.send(b"11AAR1|ABI1|AD1234|\r" + sealed(checkout(b"R1", b"I1"))[:-2] + b"?\r")
        self.patch(self.store, "read", lambda _steps: fail(Failure(ZeroDivisionError())))
        kiosk.send(information(b"R1", more=b"AD1234|") + b"\r")
        self.flushLoggedErrors(ZeroDivisionError)
        text = " ".join(str(value) for event in events for key, value in event.items() if key != "log_trace")
        assert "logged in" in text
        for secret in ("wr0ng", "1234", "AAR1", "R1|", "Durand"):
            assert secret not in text


class EndTests(SIP2TestCase):
    """The end of the daemon."""

    async def test_what_is_under_way_is_finished(self) -> None:
        busy, idle = self.service.kiosk(), self.service.kiosk()
        busy.send(checkout(b"R1", b"I1") + b"\r" + item(b"I1") + b"\r")
        drained = self.service.factory.drain()
        idle.send(item(b"I2") + b"\r")  # It was on its way.
        assert idle.got().startswith(b"1803")
        self.service.clock.advance(GRACE_SECONDS)
        assert idle.wire.disconnecting
        assert not busy.wire.disconnecting
        busy.send(item(b"I2") + b"\r")
        replies = (await busy.reply(2)).split(b"\r")
        assert [reply[:4] for reply in replies] == [b"121N", b"1804", b""]
        assert busy.wire.disconnecting
        self.assertNoResult(drained)
        for kiosk in (busy, idle):
            kiosk.lose()
        self.successResultOf(drained)
        assert self.service.factory.buildProtocol(None) is None
        assert self.service.clock.getDelayedCalls() == []

    async def test_a_terminal_that_asks_at_the_end_is_told_that_we_go_off_line(self) -> None:
        kiosk = self.service.kiosk()
        self.service.factory.drain()
        kiosk.send(checkout(b"R1", b"I1") + b"\r9900802.00\r")
        told = (await kiosk.reply(2)).split(b"\r")[1]
        assert told.startswith(b"98N")
        kiosk.lose()
        assert self.service.clock.getDelayedCalls() == []

    def test_without_connections_it_is_at_once(self) -> None:
        self.successResultOf(self.service.factory.drain())
        self.successResultOf(self.service.factory.drain())

    def test_those_that_do_not_read_are_cut_off(self) -> None:
        kiosk = self.service.kiosk()
        drained = self.service.factory.drain()
        self.service.clock.advance(DRAIN_SECONDS)
        assert kiosk.wire.disconnected
        kiosk.lose()
        self.successResultOf(drained)


class Client(Protocol):
    """A terminal on a real socket."""

    def __init__(self) -> None:
        self.data = b""
        self.replied: Deferred[None] = Deferred()
        self.gone: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        if self.data.endswith(b"\r"):
            replied, self.replied = self.replied, Deferred()
            replied.callback(None)

    def connectionLost(self, reason: Any = None) -> None:
        self.gone.callback(None)

    async def ask(self, frame: bytes) -> bytes:
        replied = self.replied
        assert self.transport is not None
        self.transport.write(frame)
        await replied
        data, self.data = self.data, b""
        return data


class SocketTests(SIP2TestCase):
    """Over TCP, with the reactor's own clock."""

    async def test_many_terminals_at_once_on_real_sockets(self) -> None:
        factory = SIP2Factory(self.store, reactor)
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)

        async def visit(number: int) -> None:
            endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
            client = await connectProtocol(endpoint, Client())
            card, barcode = b"R%d" % number, b"I%d" % number
            assert await client.ask(sealed(login(), b"0")) == b"941AY0AZFDFD\r"
            for turn in range(5):
                out = await client.ask(sealed(checkout(card, barcode), b"%d" % (turn % 10)))
                assert out.startswith(b"121NNY")
                assert b"AA" + card + b"|" in out
                assert (await client.ask(sealed(item(barcode)))).startswith(b"1804")
                assert (await client.ask(sealed(checkin(barcode), b"9"))).startswith(b"101Y")
            client.transport.loseConnection()
            await client.gone

        await gatherResults([Deferred.fromCoroutine(visit(number)) for number in range(1, 10)])
        await factory.drain()

    async def test_of_what_floods_little_is_taken_at_once(self) -> None:
        taken: list[int] = []
        receive = SIP2Connection.dataReceived

        def take(connection: SIP2Connection, data: bytes) -> None:
            taken.append(len(data))
            receive(connection, data)

        self.patch(SIP2Connection, "dataReceived", take)
        factory = SIP2Factory(self.store, reactor)
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        client = await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port), Client())
        client.transport.write(login() + b"\r" + (item(b"I1") + b"\r") * 300)
        client.transport.loseWriteConnection()
        await client.gone
        assert client.data.count(b"\r") == 301
        assert max(taken) == AT_ONCE

    async def test_a_peer_that_only_reads_any_more_gets_its_answers(self) -> None:
        factory = SIP2Factory(self.store, reactor)
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        client = await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port), Client())
        client.transport.write(login() + b"\r" + checkout(b"R1", b"I1") + b"\r" + item(b"I1") + b"\r")
        client.transport.loseWriteConnection()
        await client.gone
        assert [reply[:4] for reply in client.data.split(b"\r")] == [b"941", b"121N", b"1804", b""]
