"""Z39.50 on a transport: octets to the association, requests to the target, responses back, in order and one at a time.

What a cataloguer may rely on: every request is answered by its response, a failed one with a diagnostic; an association
ends with a Close that says why (version 3). What the others may rely on: one that floods, stalls or breaks the protocol
costs nobody else anything.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Coroutine, Generator
from functools import partial
from time import perf_counter
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.z3950.apdu import (
    AccessControlRequest,
    AccessControlResponse,
    Close,
    CloseReason,
    InitializeResponse,
    Pdu,
    TriggerResourceControlRequest,
)
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.errors import RemoteProtocolError, UnexpectedPdu
from protocols.z3950.session import Association, Fault, Role, State
from server import transport
from server.catalogue.shared import Catalogue
from server.connections import Connections
from server.metrics import METRICS, Metrics
from server.z3950.refusals import refusal
from server.z3950.target import ANSWERS, Target
from storage.store import StoreUnavailable

INIT_SECONDS: Final = 60.0
IDLE_SECONDS: Final = 8 * 3600.0
"""A working day: a cataloguer who comes back to the screen finds the result set there. Idle associations cost little."""
CHALLENGE_SECONDS: Final = 60.0
"""How long people may take to say who they are."""
CLOSE_SECONDS: Final = 10.0
"""How long the Close of the peer is waited for."""
REQUEST_OCTETS: Final = 128 << 10
"""The longest PDU taken: many times the longest query that people send; those that come slowly must not fill the memory."""
WAITING: Final = 16
"""PDUs that may wait before reading pauses."""
BURST: Final = 4
"""PDUs answered before other connections get their turn: a search may take as long as a hundred loans."""
MAX_CONNECTIONS: Final = 10_000


@implementer(IPushProducer)
class Z3950Connection(Protocol):
    """The transport side of one association."""

    log = Logger()
    transport: Any

    def __init__(self, factory: Z3950Factory) -> None:
        self._owner = factory
        self._association = Association(Role.TARGET, limit=REQUEST_OCTETS)
        self._target = Target(factory.catalogue, self._challenge)
        self._queue: deque[Pdu | Fault] = deque()
        self._timer: Any = None
        self._challenged: tuple[bytes | None, Deferred[AccessControlResponse]] | None = None
        self._overdue = 0  # challenges whose response may still come, when nobody waits for it
        self._busy = False  # a response is awaited
        self._working = False  # the loop of _work is on the stack
        self._resting = False  # the loop of _work is scheduled
        self._stuck = False  # the peer does not read
        self._reading = True
        self._finishing = False  # what has come is still answered, then the association is closed
        self._closing = False  # our Close is sent; all that is waited for is the peer's
        self._closed = False

    # --- the transport's calls ------------------------------------------------------------------------------------------

    def connectionMade(self) -> None:  # noqa: N802
        """Wait for an Init, but not for ever."""
        transport.prepare(self.transport)
        self._target.address = getattr(self.transport.getPeer(), "host", "")
        self.transport.registerProducer(self, True)
        self._timer = self._owner.clock.callLater(INIT_SECONDS, self._expired)
        self._owner.made(self)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Take what came, answer what is complete."""
        received = self._association.receive(data)
        if self._busy:
            received = [event for event in received if not self._interrupts(event)]
        self._queue.extend(received)
        if self._association.state is State.OPEN:
            self._wait(self._owner.idle)
        self._work()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        """Forget everything."""
        self._closed = True
        self._queue.clear()
        self._target.end()
        if self._challenged is not None:
            self._challenged[1].cancel()
        if self._timer.active():
            self._timer.cancel()
        self._owner.lost(self)

    def pauseProducing(self) -> None:  # noqa: N802
        """Answer nothing more until the peer reads: it has not taken what was written."""
        self._stuck = True

    def resumeProducing(self) -> None:  # noqa: N802
        """Go on: the peer reads again."""
        self._stuck = False
        self._work()

    def stopProducing(self) -> None:  # noqa: N802
        """Do nothing: the transport is gone, and connectionLost says so."""

    def finish(self) -> None:
        """Answer what has come, then close."""
        self._finishing = True
        self._work()

    def abort(self) -> None:
        """Cut the connection, whatever the peer has not yet read."""
        self.transport.abortConnection()

    def _wait(self, seconds: float) -> None:
        """Give the peer so long from now on."""
        if self._timer.active():
            self._timer.reset(seconds)
        else:
            self._timer = self._owner.clock.callLater(seconds, self._expired)

    def _expired(self) -> None:
        if self._closing or self._stuck:
            self.abort()
        else:
            self._close(CloseReason.LACK_OF_ACTIVITY)

    # --- one PDU after the other ----------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Answer what waits until a response has to be awaited. A loop: a segment may hold thousands of PDUs."""
        if self._working or self._resting:
            return
        self._working = True
        left = BURST
        while self._queue and left and not (self._busy or self._stuck or self._closed):
            left -= 1
            self._take(self._queue.popleft())
        self._working = False
        if self._queue and not left:
            self._resting = True
            self._owner.clock.callLater(0, self._rested)
        elif self._finishing and not (self._queue or self._busy or self._closing):
            self._close(CloseReason.SHUTDOWN)
        self._press()

    def _rested(self) -> None:
        self._resting = False
        self._work()

    def _press(self) -> None:
        """Read only while few PDUs wait and the peer takes its responses."""
        reading = len(self._queue) < WAITING and not self._stuck
        if reading is not self._reading and not self._closed:
            self._reading = reading
            if reading:
                self.transport.resumeProducing()
            else:
                self.transport.pauseProducing()

    def _take(self, event: Pdu | Fault) -> None:
        if isinstance(event, Fault):
            self._break(event.error)
            return
        try:
            self._association.accept(event)
        except UnexpectedPdu as error:
            if not self._closing:  # what the peer sent before it saw our Close is passed over
                self._break(error)
            return
        if isinstance(event, Close):
            self._write(self._association.close(CloseReason.FINISHED, reference_id=event.reference_id))
            self._drop()
        elif type(event) in ANSWERS:
            self._answer(event)
        elif isinstance(event, AccessControlResponse) and self._overdue:
            self._overdue -= 1
        elif not isinstance(event, TriggerResourceControlRequest):  # which has no response (Z39.50 3.2.6.2)
            self._break(UnexpectedPdu(f"{type(event).__name__} was not agreed on"))

    def _interrupts(self, event: Pdu | Fault) -> bool:
        """Let the request under way have what is for it; tell whether that was all."""
        if isinstance(event, TriggerResourceControlRequest):
            self._target.cancel(event)
        if self._challenged is None:
            return False
        reference_id, waiting = self._challenged
        if isinstance(event, AccessControlResponse) and event.reference_id in {reference_id, None}:
            self._association.accept(event)
            waiting.callback(event)
            return True
        if isinstance(event, Close | Fault):
            waiting.cancel()
        return False

    def _challenge(self, request: AccessControlRequest) -> Deferred[AccessControlResponse]:
        """Send a challenge; fire with its response, or fail with Refused (101) when it does not come."""
        waiting: Deferred[AccessControlResponse] = Deferred()
        self._challenged = request.reference_id, waiting
        self._write(self._association.send(request))
        waiting.addTimeout(CHALLENGE_SECONDS, self._owner.clock)
        return waiting.addBoth(self._responded)

    def _responded(self, response: AccessControlResponse | Failure) -> AccessControlResponse:
        self._challenged = None
        if isinstance(response, Failure):
            self._overdue += 1
            raise Refused(Bib1.ACCESS_CONTROL_FAILURE, f"no response within {CHALLENGE_SECONDS:.0f} seconds")
        return response

    def _break(self, error: RemoteProtocolError) -> None:
        kind = type(error).__name__
        self._owner.metrics.count("faults", "z3950", kind)
        self.log.info("{peer}: {kind}: {error}", peer=self.transport.getPeer(), kind=kind, error=error)
        self._close(CloseReason.PROTOCOL_ERROR, str(error))

    def _answer(self, request: Pdu) -> None:
        self._busy = True
        answering = self._answered(request)
        try:
            awaited = answering.send(None)
        except StopIteration:  # nothing had to be waited for, so that no Deferred need be made
            return
        except Exception:  # noqa: BLE001 (as an errback would)
            self._failed(Failure(), request)
            return
        Deferred.fromCoroutine(_rest(answering, awaited)).addErrback(self._failed, request)

    async def _answered(self, request: Pdu) -> None:
        """Send the response to *request* when it is known, and go on."""
        began = perf_counter()
        try:
            response = await self._target.answer(request)
        except Exception as error:  # noqa: BLE001 (whatever goes wrong, an origin gets the response that it waits for)
            refused = self._refused(error, request)
            self._owner.metrics.count("refusals", "z3950", refused.condition.name)
            response = refusal(request, self._target.told(refused), self._target.version)
        self._busy = False
        if self._closed or self._closing:
            return
        if isinstance(response, tuple):
            *segments, response = response
            for segment in segments:
                self._write(self._association.send(segment))
        self._write(self._association.send(response))
        self._owner.metrics.observe("z3950", type(request).__name__, perf_counter() - began)
        if isinstance(response, InitializeResponse):
            if not response.result:
                self._drop()
                return
            self._wait(self._owner.idle)
        self._work()

    def _refused(self, error: Exception, request: Pdu) -> Refused:
        """Return the no that *error* is; what is neither a no nor the database's trouble is a bug of ours."""
        if isinstance(error, Refused):
            return error
        if not isinstance(error, StoreUnavailable):
            self.log.failure("No answer could be made to {pdu}", pdu=type(request).__name__)
        return Refused(Bib1.TEMPORARY_SYSTEM_ERROR, "the catalogue cannot be read at the moment")

    def _failed(self, failure: Failure, request: Pdu) -> None:
        """Close when not even a refusal could be made."""
        self.log.failure("No response could be written to {pdu}", failure, pdu=type(request).__name__)
        self._busy = False
        self._close(CloseReason.SYSTEM_PROBLEM)

    # --- the end --------------------------------------------------------------------------------------------------------

    def _close(self, reason: CloseReason, text: str | None = None) -> None:
        """Say Close and wait for the peer's, but not for ever; where there is none to say, go."""
        self._queue.clear()
        self._closing = True
        octets = self._association.close(reason, text)
        if octets:
            self._write(octets)
            self._wait(CLOSE_SECONDS)
        else:
            self._drop()

    def _write(self, data: bytes) -> None:
        transport.send(self.transport, data)

    def _drop(self) -> None:
        if not self._closed:
            self._closing = self._closed = True
            self._queue.clear()
            # With a paused producer, loseConnection would wait for it for ever.
            self.transport.unregisterProducer()
            self.transport.loseConnection()


@types.coroutine
def _rest(begun: Coroutine[Any, Any, None], awaited: Any) -> Generator[Any, Any, None]:
    """Go on with a coroutine that was begun by hand, and awaits the Deferred *awaited*."""
    while True:
        try:
            result = yield awaited
        except Exception as error:  # noqa: BLE001 (what was awaited failed: that is for the coroutine)
            resume = partial(begun.throw, error)
        else:
            resume = partial(begun.send, result)
        try:
            awaited = resume()
        except StopIteration:
            return


class Z3950Factory(Connections[Z3950Connection]):
    """The associations of a daemon. *clock* is the reactor; *limit* of them there may be, each silent for *idle* seconds."""

    wire = "z3950"

    def __init__(
        self,
        catalogue: Catalogue,
        clock: Any,
        metrics: Metrics = METRICS,
        *,
        limit: int = MAX_CONNECTIONS,
        idle: float = IDLE_SECONDS,
    ) -> None:
        super().__init__(clock, metrics, limit)
        self.idle = idle
        self.catalogue = catalogue

    def make(self) -> Z3950Connection:
        """Make one association."""
        return Z3950Connection(self)
