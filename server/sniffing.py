"""Two protocols on one port: the first octet of a connection tells Z39.50 from HTTP.

An association begins with an Init, whose first octet no HTTP method has; so SRU is served where Z39.50 is, as catalogue clients
expect it. A connection is one of Z39.50 until it shows itself to be the other: its limits hold for both.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

_METHODS: Final = frozenset(b"GHPOTDC")
"""The first letters of the methods of HTTP (RFC 9110, 9.3)."""


class Sniffer(Protocol):
    """One connection, before and after it is known what it speaks. *first* is assumed, *other* is made when it is not so."""

    transport: Any

    def __init__(self, first: Any, other: Factory, address: IAddress | None) -> None:
        self._spoken = first
        self._other = other
        self._address = address

    def connectionMade(self) -> None:  # noqa: N802 (Twisted's)
        """Begin as what is assumed."""
        self._spoken.makeConnection(self.transport)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's)
        """Decide by the first octet, and stand aside."""
        if data[0] in _METHODS:
            self.transport.unregisterProducer()
            self._spoken.connectionLost(Failure(connectionDone.value))
            self._spoken = self._other.buildProtocol(self._address)
            if self._spoken is None:
                self.transport.loseConnection()
                return
            self._spoken.makeConnection(self.transport)
        # From here on the transport calls what is spoken, with nothing between.
        self.dataReceived = self._spoken.dataReceived  # type: ignore[method-assign]
        self._spoken.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 (Twisted's)
        """Tell whoever it is."""
        if self._spoken is not None:
            self._spoken.connectionLost(reason)


class Sniffing(Factory):
    """Makes the connections of a port that both are spoken on: *first* is assumed, *other* is HTTP."""

    noisy = False

    def __init__(self, first: Any, other: Any) -> None:
        self._first = first
        self._other = other

    def doStart(self) -> None:  # noqa: N802 (Twisted's)
        """Start both."""
        super().doStart()
        self._first.doStart()
        self._other.doStart()

    def doStop(self) -> None:  # noqa: N802 (Twisted's)
        """Stop both."""
        super().doStop()
        self._first.doStop()
        self._other.doStop()

    def buildProtocol(self, addr: IAddress | None) -> Sniffer | None:  # noqa: N802 (Twisted's)
        """Take a connection that the first one takes."""
        first = self._first.buildProtocol(addr)
        return None if first is None else Sniffer(first, self._other, addr)

    def drain(self) -> Deferred[Any]:
        """Fire when both have answered what has come."""
        return gatherResults([self._first.drain(), self._other.drain()])
