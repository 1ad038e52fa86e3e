"""The server's side of one SIP2 connection, without I/O: bytes in, events out; responses in, bytes out.

Two rules. Everything a connection remembers is in its Session, so that bytes sent on one connection depend on that connection
alone. And whatever comes in becomes an event in the order of the wire: answer every event, in that order, one at a time, with
`send` (a Request, or the Request inside a truncated Fault), `repeat` (a Duplicate or a ResendRequest) or `refuse` (any other
Fault). Whether the peer may ask is to be seen at that moment (`admits`), for a login may stand before it in the same segment.

Which requests a state admits, and where a login leads, are the two tables at the top. A refused login on a connection that
was logged in takes the old identity away; the third refusal in a row closes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple, TypeAlias

from protocols.sip2 import codec, messages
from protocols.sip2.tables import Message


class State(Enum):
    """What the peer may do."""

    LOGIN = "login wanted"
    READY = "logged in"
    CLOSED = "closed"

    __hash__ = object.__hash__  # Enum's own is written in Python, and a state is looked up for each message.


REQUESTS: Final = frozenset(message for message in Message.BY_CODE.values() if message.REPLY)
ADMITTED: Final[dict[State, frozenset[type[Message]]]] = {
    State.LOGIN: frozenset({messages.Login, messages.SCStatus, messages.RequestACSResend}),
    State.READY: REQUESTS,
    State.CLOSED: frozenset(),
}
AFTER_LOGIN: Final[dict[tuple[State, bool], State]] = {
    (State.LOGIN, True): State.READY,
    (State.LOGIN, False): State.LOGIN,
    (State.READY, True): State.READY,
    (State.READY, False): State.LOGIN,
}
_JUNK: Final = bytes(range(0x21))


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How one peer speaks, and how much of it is borne.

    `charset` is a Python codec that contains ASCII; sizes are in bytes, the duplicate window (timeout x retries of the
    terminal) in seconds. `error_detection` is `mirror` (as the request), `required` or `off`. Responses lack the fields that
    are `hidden`, and all but those `shown` when there are any. Raises ValueError when the charset cannot carry the protocol's
    own characters.
    """

    charset: str = "utf-8"
    terminator: bytes = b"\r"
    delimiter: bytes = b"|"
    error_detection: str = "mirror"
    hidden: frozenset[bytes] = frozenset()
    shown: frozenset[bytes] = frozenset()
    longest_frame: int = 16384
    duplicate_window: float = 60.0
    login_attempts: int = 3
    overlong_frames: int = 8

    def __post_init__(self) -> None:
        ascii_text = bytes(range(0x20, 0x7F)).decode()
        try:
            fit = ascii_text.encode(self.charset) == ascii_text.encode()
        except LookupError:
            fit = False
        if not fit:
            raise ValueError(f"charset {self.charset!r} is unknown or does not contain ASCII")


class Request(NamedTuple):
    """A message to answer. `body` is its frame without AY and AZ: what tells a repeated request from another."""

    message: Message
    sequence: bytes | None
    checked: bool
    body: bytes

    def __repr__(self) -> str:
        """Show everything but the body, which has secrets and readers' data."""
        return f"Request({self.message!r}, {self.sequence!r}, checked={self.checked})"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The previous request again, byte for byte: its response is to be repeated, and nothing done."""

    request: Request

    @property
    def checked(self) -> bool:
        """Whether the request came with AZ."""
        return self.request.checked


@dataclass(frozen=True, slots=True)
class ResendRequest:
    """Request ACS Resend."""

    checked: bool


class FaultKind(Enum):
    """What is wrong with a frame."""

    CHECKSUM = "the checksum is wrong"
    UNCHECKED = "the checksum is missing"
    UNKNOWN = "no request has this code"
    TOO_LONG = "longer than the limit"
    TRUNCATED = "the fixed part is cut short"


@dataclass(frozen=True, slots=True)
class Fault:
    """A frame that is not executed. `request` holds what could be read of a truncated one; after a `fatal` one, close."""

    kind: FaultKind
    checked: bool
    raw: bytes = field(repr=False)
    request: Request | None = None
    fatal: bool = False


Event: TypeAlias = Request | Duplicate | ResendRequest | Fault


class Session:
    """One connection. `profile` may be replaced at any time, as when a login has told which device this is."""

    def __init__(self, profile: Profile | None = None) -> None:
        self.profile = profile or Profile()
        self.state = State.LOGIN
        self.legacy = False  # the peer speaks 1.00: responses have no field that came later
        self.nul_frames = 0  # frames out of which NUL had to be taken: the device is worth a look
        self._buffer = bytearray()
        self._skipped = 0  # bytes of the overlong frame that is passed over
        self._overlong = 0
        self._checked = False
        self._refusals = 0
        self._previous = b""
        self._previous_at = 0.0
        self._reply: bytes | None = None

    @property
    def closed(self) -> bool:
        """Whether the connection is to be closed once what was returned is sent."""
        return self.state is State.CLOSED

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take what came at *now* (seconds, on any steady clock); return the events it completes. Raises nothing."""
        events: list[Event] = []
        longest = self.profile.longest_frame
        *ended, rest = data.replace(b"\n", b"\r").split(b"\r")
        for piece in ended:
            if self._skipped:
                events += self._skip(piece)
                self._skipped = 0
                continue
            if self._buffer:
                self._buffer += piece
                piece = bytes(self._buffer)  # noqa: PLW2901 - the piece completed
                self._buffer.clear()
            if len(piece) > longest:
                events += self._too_long(piece)
                self._skipped = 0
                continue
            event = self._event(piece, now)
            if event is not None:
                events.append(event)
        if rest:
            if self._skipped:
                return events + self._skip(rest)
            self._buffer += rest
            if len(self._buffer) > longest:
                events += self._too_long(bytes(self._buffer))
                self._buffer.clear()
        return events

    def admits(self, message: Message) -> bool:
        """Tell whether *message* may be answered in earnest now; if not, refuse it in its own shape."""
        return type(message) in ADMITTED[self.state]

    def send(self, response: Message | bytes, request: Request) -> bytes:
        """Return the bytes that answer *request*, and remember them; a login's answer changes the state.

        A response that was kept as its body (as `codec.encode` makes it) is given as these bytes.
        """
        profile = self.profile
        body = response if isinstance(response, bytes) else codec.encode(response, profile.charset)
        if self.legacy or profile.hidden or profile.shown:
            body = codec.trimmed(body, profile.hidden, profile.shown, legacy=self.legacy)
        if profile.delimiter != b"|":
            body = body.replace(profile.delimiter, b" ").replace(b"|", profile.delimiter)
        checked = request.checked and profile.error_detection != "off"
        self._reply = codec.seal(body, request.sequence, checked=checked) + profile.terminator
        if isinstance(response, messages.LoginResponse):
            self._logged_in(ok=response.ok)
        return self._reply

    def trust(self) -> None:
        """Take the peer for logged in: its line stands for it, or it has shown who it is before SIP2 began."""
        self.state = State.READY

    def repeat(self, event: Duplicate | ResendRequest) -> bytes:
        """Return the last response byte for byte, or 96 when there was none."""
        return self._reply or self._resend(checked=event.checked)

    def refuse(self, fault: Fault) -> bytes:
        """Return 96, which is never remembered as a response."""
        if fault.fatal:
            self.state = State.CLOSED
        return self._resend(checked=fault.checked)

    def _event(self, frame: bytes, now: float) -> Event | None:
        frame = frame.lstrip(_JUNK)
        if b"\0" in frame:
            self.nul_frames += 1
            frame = frame.replace(b"\0", b"")
        if not frame:
            return None
        body, sequence, checked, intact = codec.unseal(frame)
        if not intact:
            return Fault(FaultKind.CHECKSUM, checked, frame)
        if not checked and self._checked and codec.damaged(frame):
            # This peer seals its messages: what looks like no trailer is one that the line has spoilt.
            return Fault(FaultKind.CHECKSUM, True, frame)
        if not checked and self.profile.error_detection == "required":
            return Fault(FaultKind.UNCHECKED, True, frame)
        self._checked = checked
        self._overlong = 0
        if self.profile.delimiter != b"|":
            body = body.replace(b"|", b" ").replace(self.profile.delimiter, b"|")
        truncated = False
        try:
            message = codec.decode(body, self.profile.charset)
        except codec.Truncated as error:
            message, truncated = error.partial, True
        except codec.Malformed:
            return Fault(FaultKind.UNKNOWN, checked, frame)
        if not message.REPLY:
            return Fault(FaultKind.UNKNOWN, checked, frame)
        if isinstance(message, messages.RequestACSResend):
            return ResendRequest(checked)
        request = Request(message, sequence, checked, body)
        if truncated:
            self._previous = b""
            return Fault(FaultKind.TRUNCATED, checked, frame, request)
        again = frame == self._previous and now - self._previous_at <= self.profile.duplicate_window
        if again and message.CHANGES and sequence is not None:
            return Duplicate(request)
        self._previous, self._previous_at = frame, now
        return request

    def _too_long(self, raw: bytes) -> list[Event]:
        """Refuse a frame, of which *raw* is what has come, and pass over the rest of it."""
        self._overlong += 1
        fatal = self._overlong >= self.profile.overlong_frames
        fault = Fault(FaultKind.TOO_LONG, self._checked, raw[: self.profile.longest_frame], fatal=fatal)
        return [fault, *self._skip(raw)]

    def _skip(self, raw: bytes) -> list[Event]:
        """Pass over *raw*; a frame that is as long as so many overlong ones in a row closes, as they do."""
        before, most = self._skipped, self.profile.longest_frame * self.profile.overlong_frames
        self._skipped += len(raw)
        return [Fault(FaultKind.TOO_LONG, self._checked, b"", fatal=True)] if before < most <= self._skipped else []

    def _resend(self, *, checked: bool) -> bytes:
        return codec.seal(messages.RequestSCResend.CODE.encode(), None, checked=checked) + self.profile.terminator

    def _logged_in(self, *, ok: bool) -> None:
        self._refusals = 0 if ok else self._refusals + 1
        refused = self._refusals >= self.profile.login_attempts
        self.state = State.CLOSED if refused else AFTER_LOGIN[self.state, ok]
