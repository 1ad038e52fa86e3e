"""SIP2 on a transport: bytes to the session, requests to the desk, responses back, in order and one at a time.

What a kiosk may rely on: every message is answered, by a response of the right shape or by 96; a storage failure is a
response that says no; nothing but three refused logins, eight overlong frames, silence, or the end of the daemon closes the
connection. What the others may rely on: a connection that floods, stalls or breaks costs nobody else anything.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.sip2 import messages
from protocols.sip2.codes import TerminalStatus
from protocols.sip2.session import Duplicate, Event, Fault, Profile, Request, Session, State
from protocols.sip2.tables import Message
from server import transport
from server.sip2 import replies
from server.sip2.capture import Capture
from server.sip2.desk import SUPPORTED, Desk, Pending, Response, answer
from server.sip2.guard import Bucket
from server.sip2.setting import Setting, language_of, network_zone
from server.sip2.tables import MALFORMED, NOT_LOGGED_IN
from storage.network.network import Device
from storage.refusals import SENTENCES, Reason
from storage.store import StoreUnavailable

if TYPE_CHECKING:
    from server.sip2.factory import SIP2Factory

LOGIN_SECONDS: Final = 60.0
IDLE_SECONDS: Final = 600.0
"""Kiosks poll with 99 every five to seven minutes."""
WAITING: Final = 16
"""Events that may wait before reading pauses."""
ACCOUNT_TRIES: Final = 10
"""Failed logins to one account from one address in `LOGIN_SPAN`, after which it is refused unheard; ..."""
PEER_TRIES: Final = 100
"""... and to whatever accounts, for behind one tunnel there may be all devices of a library."""
BURST: Final = 2
"""Events answered before other connections get their turn; ..."""
AT_ONCE: Final = 1024
"""... and octets taken from its socket at once: sixty-four that flood cost a kiosk some 6 ms, and not 25 or at times 400."""
_RESEND: Final = messages.RequestACSResend.CODE
_SHARE: Final = 0.08
"""Four fifths of a time-out, which is in tenths of a second."""
_SOME_LOGIN: Final = b"9300CNx|COx|"
"""What a capture begins with, to be played again with another account."""
_IN_CLEAR: Final = frozenset("0 ")
"""The only algorithm of 93 in use, and what some terminals send for it."""


def _frame(event: Event) -> bytes:
    """Return what came, without its trailer."""
    if isinstance(event, Request):
        return event.body
    if isinstance(event, Fault):
        return event.raw
    return event.request.body if isinstance(event, Duplicate) else _RESEND.encode()


@implementer(IPushProducer, IHalfCloseableProtocol)
class SIP2Connection(Protocol):
    """The transport side of one device."""

    log = Logger()
    transport: Any
    trusts = ""
    """The device that the line itself stands for: on a serial line nobody logs in."""

    def __init__(self, service: SIP2Factory) -> None:
        self._service = service
        self._session = Session(Profile())
        self._number = secrets.randbits(62) + 1
        self._desk: Desk | None = None
        self._queue: deque[Event] = deque()
        self._timer: Any = None
        self._busy = False  # an answer is awaited
        self._working = False  # the loop of _work is on the stack
        self._resting = False  # the loop of _work is scheduled
        self._stuck = False  # the peer does not read
        self._reading = True
        self._closing = False  # what has come is still answered, nothing more is taken
        self._closed = False
        self._told: set[str] = set()
        self._started = 0.0
        self.awaited: Request | None = None  # what the loop waits for, ...
        self._asked_at = 0.0  # ... since when, by the clock
        self._overdue: Request | None = None  # what was refused last, for it took too long
        self._idle = service.idle
        self._capture: Capture | None = None
        self._bucket: Bucket | None = None  # of the device, when its rate is bounded
        self._setting: Any = None  # of the request that is being answered

    # --- the transport's calls ---------------------------------------------------------------------------------------------

    def connectionMade(self) -> None:  # noqa: N802 (Twisted's)
        """Start the login time-out."""
        transport.prepare(self.transport, AT_ONCE)
        self._session.profile = self._spoken()
        self.transport.registerProducer(self, True)
        self._timer = self._service.clock.callLater(self._service.login, self._expired)
        self._service.made(self)
        if self.trusts:
            self._trust()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's)
        """Take what came, answer what is complete."""
        if self._closing:
            return
        session = self._session
        self._queue.extend(session.receive(data, self._service.clock.seconds()))
        if session.state is State.READY:
            self._timer.reset(self._idle)
        if session.nul_frames:
            self._odd("defects", "nul")
            session.nul_frames = 0
        self._work()

    def readConnectionLost(self) -> None:  # noqa: N802 (Twisted's)
        """Answer what has come: the peer sends no more, and may yet read (as netcat at the end of its input)."""
        self.finish()

    def writeConnectionLost(self) -> None:  # noqa: N802 (Twisted's)
        """Do nothing: we never close our half alone."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 (Twisted's)
        """Forget what waits. An act under way goes on: its response is kept for the device's next connection."""
        self._closing = self._closed = True
        self._queue.clear()
        if self._timer.active():
            self._timer.cancel()
        self._leave()
        self._service.lost(self)

    def pauseProducing(self) -> None:  # noqa: N802 (Twisted's)
        """Answer nothing more until the peer reads again."""
        self._stuck = True

    def resumeProducing(self) -> None:  # noqa: N802 (Twisted's)
        """Go on: the peer reads again."""
        self._stuck = False
        self._work()

    def stopProducing(self) -> None:  # noqa: N802 (Twisted's)
        """Do nothing: connectionLost comes next."""

    def finish(self) -> None:
        """Answer what has come, take nothing more, and close."""
        self._closing = True
        self._work()

    def abort(self) -> None:
        """Close at once, whatever the peer has not yet read."""
        getattr(self.transport, "abortConnection", self.transport.loseConnection)()

    def _trust(self) -> None:
        device = self._service.store.network.devices.get(self.trusts)
        if device is None or not device.enabled:
            self.log.error("{who} is not declared: the line waits for a login", who=self.trusts)
        elif self._logged_in(device, self.trusts) == messages.LoginResponse(ok=True):
            self._session.trust()

    def _expired(self) -> None:
        self.log.info("{who}: silent for too long", who=self._who())
        if self._stuck:
            self.abort()
        else:
            self._close()

    def _close(self) -> None:
        if not self._closed:
            self._closing = self._closed = True
            self._queue.clear()
            # With a paused producer, loseConnection would wait for it for ever.
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def _who(self) -> str:
        return self._desk.code if self._desk is not None else str(self._peer())

    def _odd(self, counter: str, kind: str) -> None:
        """Count something out of the ordinary, and log the first of its kind on this connection."""
        self._service.metrics.count(counter, "sip2", kind)
        if kind not in self._told:
            self._told.add(kind)
            self.log.info("{who}: {kind} ({counter})", who=self._who(), kind=kind, counter=counter)

    # --- one event after the other ------------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Answer what waits until an answer has to be awaited. A loop: a segment may hold thousands of frames."""
        if self._working or self._resting:
            return
        self._working = True
        left = BURST
        while self._queue and left and not self._busy and not self._stuck:
            if self._bucket is not None and (pause := self._bucket.wait(self._service.clock.seconds())):
                self._resting = True
                self._service.clock.callLater(pause, self._rested)
                break
            left -= 1
            self._take(self._queue.popleft())
        self._working = False
        if self._queue and not left and not self._busy and not self._stuck:
            self._resting = True
            self._service.clock.callLater(0, self._rested)
        if self._closing and not self._queue and not self._busy:
            self._close()
        self._press()

    def _rested(self) -> None:
        self._resting = False
        self._work()

    def _press(self) -> None:
        """Read only while few events wait and the peer takes its answers."""
        reading = len(self._queue) < WAITING and not self._stuck and not self._closing
        if reading is not self._reading and not self._closed:
            self._reading = reading
            if reading:
                self.transport.resumeProducing()
            else:
                self.transport.pauseProducing()

    def _take(self, event: Event) -> None:
        if self._capture is not None:
            self._note(_frame(event), "terminal")
        if isinstance(event, Request):
            self._answer(event)
        elif isinstance(event, Fault):
            self._fault(event)
        else:
            self._odd("repeats", event.request.message.CODE if isinstance(event, Duplicate) else _RESEND)
            self._send(self._session.repeat(event))

    def _fault(self, fault: Fault) -> None:
        self._odd("faults", fault.kind.name.lower())
        request = fault.request
        if request is None:
            self._send(self._session.refuse(fault))
        elif isinstance(request.message, messages.SCStatus):
            self._answer(request)  # All that 98 needs to know is that it was asked for.
        else:
            self._reply(self._refusal(request.message, MALFORMED), request)

    def _answer(self, request: Request) -> None:
        """Answer *request*, now or when what it asks for is known."""
        self._started = perf_counter()
        try:
            asked = self._ask(request)
            if not isinstance(asked, tuple):
                self._reply(self._polished(asked), request)
                return
        except Exception:  # noqa: BLE001 (a bug of ours must not leave a kiosk without an answer)
            self._failed(Failure(), request)
            return
        pending, reply = asked
        # On SQLite reads have been answered already: no callback then, each costs as much as parsing a request.
        found = pending.result if pending.called else pending
        if not isinstance(found, Deferred | Failure):
            self._answered(found, request, reply)
            return
        self._busy = True
        self.awaited, self._asked_at = request, self._service.clock.seconds()
        pending.addCallbacks(self._came, self._failed_late, (request, reply, self._setting), {}, (request,))

    def _ask(self, request: Request) -> Response | Pending:
        message = request.message
        desk = self._desk
        if desk is not None and not desk.allowed():
            self.log.info("{who}: no longer declared", who=desk.code)
            self._leave()
            desk = None
            self._closing = True
        if isinstance(message, messages.Login):
            self._setting = self._nobodys(int(self._service.clock.seconds()))
            return self._login(message)
        if isinstance(message, messages.SCStatus):
            return self._status(message)
        if desk is None or not self._session.admits(message):
            return self._refusal(message, NOT_LOGGED_IN)
        self._setting = desk.setting(message, int(self._service.clock.seconds()))
        return answer(desk, request, self._setting)

    def _answered(self, found: Any, request: Request, reply: Callable[[Any, Any, Setting], Response]) -> None:
        try:
            self._reply(self._polished(reply(found, request.message, self._setting)), request)
        except Exception:  # noqa: BLE001 (as above)
            self._failed(Failure(), request)

    def _came(
        self, found: Any, request: Request, reply: Callable[[Any, Any, Setting], Response], setting: Setting
    ) -> None:
        """Answer what was awaited; what the device was refused since, because it took too long, it gets if it asks again."""
        if self.awaited is request:
            self.awaited = None
            self._answered(found, request, reply)
        elif self._overdue is request and not self._closed:
            try:
                self._session.send(self._polished(reply(found, request.message, setting)), request)
            except Exception:  # noqa: BLE001 (as above)
                self._failed_late(Failure(), request)

    def _failed_late(self, failure: Failure, request: Request) -> None:
        if self.awaited is request:
            self.awaited = None
            self._failed(failure, request)
        elif failure.check(StoreUnavailable) is None:
            self.log.failure("No answer could be made to {code}", failure, code=request.message.CODE)

    def hurry(self, now: float) -> None:
        """Refuse what has been awaited for four fifths of the device's time-out: its act may yet be done, and is done once."""
        request, desk = self.awaited, self._desk
        if request is None or desk is None or self._closed or isinstance(request.message, messages.Login):
            return
        if now - self._asked_at < desk.profile.timeout * _SHARE:
            return
        self.awaited = None
        self._odd("refusals", "overdue")
        self._reply(self._refusal(request.message, SENTENCES[Reason.UNAVAILABLE]), request, overdue=True)

    def _polished(self, response: Response) -> Response:
        return response if self._desk is None else self._desk.polished(response, self._setting)

    def _reply(self, response: Response, request: Request, *, overdue: bool = False) -> None:
        awaited, self._busy = self._busy, False
        self._overdue = request if overdue else None
        if not self._closed:
            self._send(self._session.send(response, request))
            self._service.metrics.observe("sip2", request.message.CODE, perf_counter() - self._started)
            if awaited:
                self._work()

    def _failed(self, failure: Failure, request: Request) -> None:
        """Say no in the right shape; what is not the database's trouble is a bug of ours."""
        if failure.check(StoreUnavailable) is None:
            self.log.failure("No answer could be made to {code}", failure, code=request.message.CODE)
        else:
            self._odd("refusals", Reason.UNAVAILABLE.value)
        self._reply(self._refusal(request.message, SENTENCES[Reason.UNAVAILABLE]), request)

    def capture(self, capture: Capture) -> None:
        """Write down what is said from here on, after the login that was before it."""
        self._begin_capture(capture)
        self._note(b"941", "server")

    def _begin_capture(self, capture: Capture) -> None:
        self._capture = capture
        self._note(_SOME_LOGIN, "terminal")

    def _note(self, data: bytes, sender: str) -> None:
        assert self._capture is not None
        try:
            self._capture.note(data, sender, self._session.profile.charset, self._service.clock.seconds())
        except OSError as error:  # The disk may be full: the device is served all the same.
            self.log.warn("{who}: its capture ends: {error}", who=self._who(), error=error)  # noqa: G010 (Twisted's)
            self._capture.close()
        if self._capture.ended(self._service.clock.seconds()):
            self._capture = None

    def _send(self, data: bytes) -> None:
        if self._capture is not None:
            self._note(data, "server")
        transport.send(self.transport, data)
        if self._session.closed:
            self._close()

    # --- answers of the connection itself --------------------------------------------------------------------------------------

    def _refusal(self, message: Message, text: tuple[str, str]) -> Message:
        now = int(self._service.clock.seconds())
        desk = self._desk
        setting = desk.setting(message, now) if desk is not None else self._nobodys(now, language_of(message, "fr"))
        return replies.refusal(message, setting, (setting.word(text),))

    def _nobodys(self, now: int, language: str = "fr") -> Setting:
        """Return the setting before a login: no library, but the network's time, for kiosks set their clocks by 98."""
        network = self._service.store.network
        profile = self._service.expected.profile(network, self._host())
        return Setting(None, now, language, network_zone(network), profile)

    def _spoken(self) -> Profile:
        """Return how the peer is taken to speak before it has logged in."""
        return self._service.expected.wire(self._service.store.network, self._host())

    def _status(self, message: messages.SCStatus) -> Response:
        if message.status_code is not TerminalStatus.OK:
            self.log.warn("{who}: {status}", who=self._who(), status=message.status_code.name)  # noqa: G010 (Twisted's)
        service, desk = self._service, self._desk
        now = int(service.clock.seconds())
        self._setting = setting = desk.setting(message, now) if desk is not None else self._nobodys(now)
        if desk is not None:
            desk.status(message)
        elif not setting.profile.status_before_login:
            return replies.refusal(message, setting, (setting.word(NOT_LOGGED_IN),))
        library = setting.library
        return replies.acs_status(
            setting,
            library.name if library is not None else service.store.network.name,
            on_line=service.store.healthy and service.draining is None,
            circulates=library is None or library.offers("circulation", setting.date.date().isoformat()),
            supported=desk.supported if desk is not None else SUPPORTED & setting.profile.messages,
            legacy=self._session.legacy,
        )

    def _login(self, message: messages.Login) -> Pending:
        service, login = self._service, message.login_user_id.strip()
        device = service.store.network.devices.get(login)
        in_clear = message.uid_algorithm in _IN_CLEAR and message.pwd_algorithm in _IN_CLEAR
        known = device if device is not None and device.enabled and in_clear else None
        now = service.clock.seconds()
        host = self._host()
        row = f"{host} {login}"[:200]
        if service.failed_logins.reach(row, ACCOUNT_TRIES, now) or service.failed_logins.reach(host, PEER_TRIES, now):
            self._odd("refusals", "login-throttled")
            return succeed(False), lambda _right, _message, _setting: self._refused(row, host)
        verified = service.verify(known.password_hash if known is not None else None, message.login_password)
        return (
            verified,
            lambda right, _message, _setting: (
                self._logged_in(known, row) if right and known is not None else self._refused(row, host)
            ),
        )

    def _host(self) -> str:
        """Return the peer's address, as a proxy tells it; of a serial line or a socket file, what there is."""
        peer = self._peer()
        return str(getattr(peer, "host", peer))

    def _peer(self) -> Any:
        try:
            return self.transport.getPeer()
        except NotImplementedError:
            return "a serial line"

    def _refused(self, row: str, host: str) -> Response:
        self._leave()
        self._odd("refusals", "login")
        for key in (row, host):
            self._service.failed_logins.add(key, self._service.clock.seconds())
        return messages.LoginResponse(ok=False)

    def _leave(self) -> None:
        """Be no device any more."""
        desk, self._desk = self._desk, None
        if desk is not None:
            desk.leave(int(self._service.clock.seconds()))
            self._service.left(self, desk.code)
        self._session.profile, self._session.legacy = self._spoken(), False
        self._bucket, self._capture = None, None

    def _logged_in(self, device: Device, row: str) -> Response:
        if self._closed:  # It went while its password was compared.
            return messages.LoginResponse(ok=False)
        service, host = self._service, self._host()
        self._leave()
        desk = Desk(service, device, self._number, self._session, host)
        profile = desk.profile
        if not profile.lets_in(host) or (profile.certificate and profile.certificate != self._fingerprint()):
            self.log.warn("{who}: not from {host}, or not with this certificate", who=device.code, host=host)  # noqa: G010 (Twisted's)
            return self._refused(row, host)
        service.failed_logins.forget(row)
        for option, fault in desk.faults():
            self.log.warn("{who}: {option}: {fault}", who=device.code, option=option, fault=fault)  # noqa: G010 (Twisted's)
        self._desk = desk
        self._idle = profile.idle_timeout or service.idle
        self._bucket = service.entered(self, device.code, profile)
        if device.code in service.captures:
            self._begin_capture(service.captures[device.code])
        if not self._closed:
            self._timer.reset(self._idle)
        self.log.info("{device} logged in from {peer}", device=device.code, peer=self._peer())
        return messages.LoginResponse(ok=True)

    def _fingerprint(self) -> str:
        """Return the SHA-256 fingerprint of the certificate that the peer showed, empty without one."""
        shown = getattr(self.transport, "getPeerCertificate", lambda: None)()
        return shown.digest("sha256").decode().replace(":", "").lower() if shown is not None else ""
