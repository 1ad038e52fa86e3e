"""The line to a partner: what is posted, what comes back, and what is no answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseDone
from twisted.web.iweb import IAgent
from zope.interface import implementer

from protocols.ncip import Received
from protocols.ncip.lookups import LookupItem
from protocols.xmlsafe import LIMITS
from server.ncip.client import Line, Unanswered
from tests.server.ncip.partner import lookup_item


@implementer(IAgent)
class Far:
    """A partner's server: it answers with *code*, and tells what becomes of the line by *transport*."""

    def __init__(self, code: int = 200) -> None:
        self.code = code
        self.transport = StringTransport()
        self.body: Any = None

    def request(self, *_: Any) -> Deferred[Any]:
        return succeed(self)

    def deliverBody(self, body: Any) -> None:
        self.body = body
        body.makeConnection(self.transport)


class LineTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()

    def post(self, far: Far) -> Deferred[Received]:
        return Deferred.fromCoroutine(Line(self.clock, far).post("http://far.example/ncip", b"<x/>", 30))

    def refused(self, posted: Deferred[Received]) -> str:
        return str(self.failureResultOf(posted, Unanswered).value)

    def test_an_answer_comes_in_pieces(self) -> None:
        far = Far()
        posted, octets = self.post(far), lookup_item("I1")
        far.body.dataReceived(octets[:40])
        far.body.dataReceived(octets[40:])
        far.body.connectionLost(Failure(ResponseDone()))
        assert type(self.successResultOf(posted).message) is LookupItem

    def test_who_trickles_is_hung_up_on_when_patience_ends(self) -> None:
        far = Far()
        posted = self.post(far)
        far.body.dataReceived(b"<NCIPMessage")
        self.clock.advance(30)
        assert "Timeout" in self.refused(posted)
        assert far.transport.disconnecting

    def test_who_says_too_much_is_hung_up_on(self) -> None:
        far = Far()
        posted = self.post(far)
        far.body.dataReceived(b" " * (LIMITS.size + 1))
        assert far.transport.disconnecting
        far.body.connectionLost()
        assert self.refused(posted) == "the answer is too long"

    def test_what_is_no_answer_is_told_apart(self) -> None:
        cases: list[tuple[int, bytes, Callable[[], Failure], str]] = [
            (503, b"busy", lambda: Failure(ResponseDone()), "the partner's server said 503"),
            (200, b"It works!", lambda: Failure(ResponseDone()), "the answer is no NCIP message"),
            (200, b"", lambda: Failure(OSError()), "the answer broke off"),
        ]
        for code, octets, why, told in cases:
            far = Far(code)
            posted = self.post(far)
            far.body.dataReceived(octets)
            far.body.connectionLost(why())
            assert self.refused(posted) == told
