"""The NCIP initiator's line: a message posted to a partner, and what comes back of it, within bounds of time and size."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool, ResponseDone
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer
from zope.interface import implementer

from protocols.ncip import MEDIA_TYPE, Fault, Received, read
from protocols.xmlsafe import LIMITS

_CONNECT: Final = 5.0
"""Seconds in which a partner's door must open."""
_PER_HOST: Final = 2
"""Lines that are kept open to a partner."""
_GOOD: Final = range(200, 300)


class Unanswered(Exception):
    """The partner could not be reached, or what it said is no NCIP; the text says which, without any address or reader."""


@implementer(IBodyProducer)
class _Body:
    """A whole message as Twisted wants a body."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.length = len(data)

    def startProducing(self, consumer: Any) -> Deferred[None]:  # noqa: N802 (Twisted's)
        """Give it away at once."""
        consumer.write(self._data)
        done: Deferred[None] = Deferred()
        done.callback(None)
        return done

    def pauseProducing(self) -> None:  # noqa: N802 (Twisted's)
        """Be asked too late."""

    def resumeProducing(self) -> None:  # noqa: N802 (Twisted's)
        """Be asked too late."""

    def stopProducing(self) -> None:  # noqa: N802 (Twisted's)
        """Be asked too late."""


class _Answer(Protocol):
    """Collects an answer, as long as it is no longer than a message may be."""

    transport: Any

    def __init__(self) -> None:
        self.done: Deferred[bytes] = Deferred(lambda _: self._hang_up())  # whoever trickles is not listened to for ever
        self._parts: list[bytes] = []
        self._size = 0

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's)
        """Keep a part."""
        self._size += len(data)
        if self._size > LIMITS.size:
            self._hang_up()
            return
        self._parts.append(data)

    def _hang_up(self) -> None:
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 (Twisted's)
        """Give the whole, or say that there is none."""
        if self._size > LIMITS.size:
            self.done.errback(Unanswered("the answer is too long"))
        elif reason.check(ResponseDone) or (self._parts and reason.check(connectionDone.type)):
            self.done.callback(b"".join(self._parts))
        else:
            self.done.errback(Unanswered("the answer broke off"))


class Line:
    """Posts messages. *agent* is Twisted's, or a test's."""

    def __init__(self, reactor: Any, agent: IAgent | None = None) -> None:
        self._reactor = reactor
        self._pool = HTTPConnectionPool(reactor)
        self._pool.maxPersistentPerHost = _PER_HOST
        self._agent = agent or Agent(reactor, connectTimeout=_CONNECT, pool=self._pool)

    async def post(self, endpoint: str, message: bytes, patience: int) -> Received:
        """Send *message*, and give what the partner answers within *patience* seconds. Raises `Unanswered`."""
        asking = Deferred.fromCoroutine(self._post(endpoint, message))
        asking.addTimeout(patience, self._reactor)
        try:
            body = await asking
        except Unanswered:
            raise
        except ConnectError:
            raise Unanswered("the partner could not be reached") from None
        except Exception as error:  # noqa: BLE001 (Twisted has many ways to say that a line broke)
            raise Unanswered(f"the line failed: {type(error).__name__}") from None
        received = read(body)
        if isinstance(received, Fault):
            raise Unanswered("the answer is no NCIP message")
        return received

    async def _post(self, endpoint: str, message: bytes) -> bytes:
        headers = Headers({"Content-Type": [MEDIA_TYPE], "Accept": ["application/xml"]})
        response = await self._agent.request(b"POST", endpoint.encode(), headers, _Body(message))
        answer = _Answer()
        response.deliverBody(answer)
        body = await answer.done
        if response.code not in _GOOD:
            raise Unanswered(f"the partner's server said {response.code}")
        return body

    def close(self) -> Deferred[None]:
        """Hang up."""
        closing: Deferred[None] = self._pool.closeCachedConnections()
        return closing
