"""NCIP over raw TCP or TLS: a document, its answer, the next document.

One initiation at a time may be outstanding on a line; what comes before its answer waits unread.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from protocols.ncip import problem, write
from protocols.ncip.base import ProblemMessage
from protocols.ncip.problems import ProblemType
from protocols.ncip.session import BrokenLineError, Session
from server.connections import Connections
from server.metrics import METRICS, Metrics
from server.ncip.partners import peer_of
from server.ncip.responder import Responder
from server.transport import prepare

MAX_CONNECTIONS: Final = 256
IDLE: Final = 300.0
DEADLINE: Final = 30.0
"""Seconds that a line may be silent, and in which a document must have come."""


class Line(Protocol):
    """A partner's line."""

    transport: Any
    factory: LineFactory

    def __init__(self, size: int) -> None:
        self._session = Session(size)
        self._waiting: deque[bytes] = deque()
        self._busy = False
        self._finishing = False
        self._timer: IDelayedCall | None = None

    def connectionMade(self) -> None:  # noqa: N802 (Twisted's)
        """Be known, and wait for a document."""
        prepare(self.transport)
        self.factory.made(self)
        self._wait(self.factory.idle)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's)
        """Take octets; answer the document that they complete."""
        begins = not self._session.unfinished
        try:
            self._waiting += self._session.receive(data)
        except BrokenLineError as error:
            told = problem(None, ProblemType.INVALID_MESSAGE_SYNTAX_ERROR, str(error), "NCIPMessage")
            self.transport.write(write(ProblemMessage(problem=(told,))) + b"\n")
            self.transport.loseConnection()
            return
        if self._waiting:
            self.transport.pauseProducing()
            self._work()
        elif begins and self._session.unfinished:
            self._wait(self.factory.deadline)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 (Twisted's)
        """Forget the line."""
        self._wait(None)
        self._waiting.clear()
        self.factory.lost(self)

    def finish(self) -> None:
        """Answer what is under way, then close."""
        self._finishing = True
        self._waiting.clear()
        if not self._busy:
            self.transport.loseConnection()

    def abort(self) -> None:
        """Close at once."""
        self.transport.abortConnection()

    def _work(self) -> None:
        """Begin with what waits; what is answered at once is followed by the next in a loop, for thousands fit in one packet."""
        while self._waiting and not self._busy:
            self._busy = True
            self._wait(None)
            # Not before there is a document: when a line is made, no certificate has been shown yet.
            answering = self.factory.responder.answer(self._waiting.popleft(), peer=peer_of(self.transport))
            answering.addCallback(self._answer)
            if not answering.called:
                answering.addCallback(lambda _: self._work())

    def _answer(self, answer: bytes) -> None:
        self._busy = False
        if not self.transport.connected:
            return
        self.transport.write(answer + b"\n")
        if self._finishing:
            self.transport.loseConnection()
        elif not self._waiting:
            self._wait(self.factory.deadline if self._session.unfinished else self.factory.idle)
            self.transport.resumeProducing()

    def _wait(self, seconds: float | None) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None if seconds is None else self.factory.clock.callLater(seconds, self.abort)


class LineFactory(Connections[Line]):
    """The lines of partners. *size* bounds a message, in octets."""

    wire = "ncip"

    def __init__(
        self,
        responder: Responder,
        clock: Any,
        *,
        size: int,
        metrics: Metrics = METRICS,
        limit: int = MAX_CONNECTIONS,
        idle: float = IDLE,
        deadline: float = DEADLINE,
    ) -> None:
        super().__init__(clock, metrics, limit)
        self.responder = responder
        self.size = size
        self.idle = idle
        self.deadline = deadline

    def make(self) -> Line:
        """Make a line."""
        line = Line(self.size)
        line.factory = self
        return line
