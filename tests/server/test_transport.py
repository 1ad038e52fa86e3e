from __future__ import annotations

from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import TestCase

from server import transport

reactor: Any = installed_reactor


class Peer(Protocol):
    """Collects what comes."""

    def __init__(self) -> None:
        self.made: Deferred[Peer] = Deferred()
        self.data = b""
        self.wanted = 0
        self.enough: Deferred[None] | None = None

    def connectionMade(self) -> None:
        self.made.callback(self)

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        if self.enough is not None and len(self.data) >= self.wanted:
            enough, self.enough = self.enough, None
            enough.callback(None)

    async def take(self, size: int) -> bytes:
        if len(self.data) < size:
            self.wanted, self.enough = size, Deferred()
            await self.enough
        data, self.data = self.data[:size], self.data[size:]
        return data


class SocketTests(TestCase):
    """The eager way, over a real socket."""

    async def connect(self) -> tuple[Any, Peer]:
        from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol

        server, client = Peer(), Peer()
        factory: Any = Factory()
        factory.buildProtocol = lambda _addr: server
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port), client)
        await server.made
        self.addCleanup(self.end, client, server)
        return server.transport, client

    async def end(self, client: Any, server: Any) -> None:
        gone: Deferred[None] = Deferred()
        server.connectionLost = lambda _reason: gone.callback(None)
        client.transport.loseConnection()
        if server.transport.connected:
            await gone

    async def test_bytes_leave_before_the_reactor_turns(self) -> None:
        server, client = await self.connect()
        transport.prepare(server)
        assert server.getTcpNoDelay()
        transport.send(server, b"now")
        assert server._tempDataBuffer == []
        assert await client.take(3) == b"now"

    async def test_what_waits_goes_first(self) -> None:
        server, client = await self.connect()
        server.write(b"first ")
        transport.send(server, b"second ")
        transport.send(server, b"third")
        assert await client.take(18) == b"first second third"

    async def test_more_than_the_kernel_takes_comes_whole_and_in_order(self) -> None:
        server, client = await self.connect()
        blocks = [bytes([number]) * 300_000 for number in range(20)]
        reading: Any = client.transport
        reading.pauseProducing()
        for block in blocks:
            transport.send(server, block)
        assert server._tempDataBuffer != []
        reading.resumeProducing()
        assert await client.take(6000000) == b"".join(blocks)

    async def test_a_connection_that_ends_takes_what_was_written_before_it_is_gone(self) -> None:
        server, client = await self.connect()
        server.loseConnection()
        transport.send(server, b"late")
        gone: Deferred[None] = Deferred()
        self.patch(client, "connectionLost", lambda _reason: gone.callback(None))
        await gone
        assert client.data == b"late"


class MemoryTests(TestCase):
    """Transports that are no sockets."""

    def test_they_are_written_to(self) -> None:
        memory = StringTransport()
        transport.prepare(memory)
        transport.send(memory, b"as ever")
        assert memory.value() == b"as ever"
