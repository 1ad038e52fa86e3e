"""One association, sans-I/O: octets in, PDUs out; PDUs in, octets out; and what may be sent when.

An origin may send its next requests before the target has answered, an Init among them, so a PDU is judged when it is
going to be answered and not when it arrives: `receive` reads, `accept` judges. The state is the same on both sides::

                 InitializeRequest              InitializeResponse, result TRUE
        IDLE ────────────────────▶ INITIALIZING ────────────────────▶ OPEN ── requests, responses
         ▲                          │        ▲                         │ │
         └──────────────────────────┘        └─────────────────────────┘ │ Close, either side
            response, result FALSE             InitializeRequest         ▼
                                                                      CLOSING ── Close of the other side ──▶ CLOSED

Version 2 has no Close: there an association ends with its connection.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from protocols.z3950 import apdu
from protocols.z3950.apdu import (
    Close,
    CloseReason,
    InitializeRequest,
    InitializeResponse,
    Options,
    Pdu,
    ProtocolVersion,
)
from protocols.z3950.errors import LocalProtocolError, RemoteProtocolError, UnexpectedPdu
from protocols.z3950.framing import MAX_PDU, Framer


class State(enum.StrEnum):
    """What may be sent on an association."""

    IDLE = "idle"
    INITIALIZING = "initializing"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class Role(enum.Enum):
    """The side that asks, and the side that answers."""

    ORIGIN = "origin"
    TARGET = "target"


_REQUESTS: Final = (
    apdu.SearchRequest,
    apdu.PresentRequest,
    apdu.DeleteResultSetRequest,
    apdu.TriggerResourceControlRequest,
    apdu.ResourceReportRequest,
    apdu.ScanRequest,
    apdu.SortRequest,
    apdu.ExtendedServicesRequest,
    apdu.AccessControlResponse,
    apdu.ResourceControlResponse,
)
_RESPONSES: Final = (
    apdu.SearchResponse,
    apdu.PresentResponse,
    apdu.Segment,
    apdu.DeleteResultSetResponse,
    apdu.ResourceReportResponse,
    apdu.ScanResponse,
    apdu.SortResponse,
    apdu.ExtendedServicesResponse,
    apdu.AccessControlRequest,
    apdu.ResourceControlRequest,
)

SENDS: Final[dict[Role, frozenset[type[Pdu]]]] = {
    Role.ORIGIN: frozenset({InitializeRequest, *_REQUESTS, Close}),
    Role.TARGET: frozenset({InitializeResponse, *_RESPONSES, Close}),
}
"""Who sends what."""

TRANSITIONS: Final[dict[tuple[State, type[Pdu]], State]] = {
    (State.IDLE, InitializeRequest): State.INITIALIZING,
    (State.INITIALIZING, InitializeResponse): State.OPEN,  # or IDLE, when its result is FALSE
    (State.OPEN, InitializeRequest): State.INITIALIZING,
    **{(State.OPEN, kind): State.OPEN for kind in (*_REQUESTS, *_RESPONSES)},
    (State.OPEN, Close): State.CLOSING,
    (State.CLOSING, Close): State.CLOSED,
}
"""What may be sent in which state, and the state after it; what is not here must not be sent."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What came cannot be read; nothing after it is looked at."""

    error: RemoteProtocolError


class Association:
    """One association, seen from the side of *role*."""

    def __init__(self, role: Role, *, limit: int = MAX_PDU) -> None:
        peer = Role.TARGET if role is Role.ORIGIN else Role.ORIGIN
        self.state = State.IDLE
        self.version = 0
        """2 or 3 once the association is open."""
        self.options = Options(0)
        self._sends = SENDS[role]
        self._receives = SENDS[peer]
        self._framer = Framer(apdu.Pdu.BY_IDENTIFIER, limit)
        self._lost = False
        self._close_sent = False

    def receive(self, data: bytes) -> list[Pdu | Fault]:
        """Take what the transport brought; return the PDUs that it completes, and a Fault where one cannot be read."""
        found: list[Pdu | Fault] = []
        if self._lost:
            return found
        self._framer.feed(data)
        try:
            while (octets := self._framer.next()) is not None:
                found.append(apdu.decode(octets))
        except RemoteProtocolError as error:
            self._lost = True
            found.append(Fault(error))
        return found

    def accept(self, pdu: Pdu) -> None:
        """Judge a PDU of the peer at the moment it is going to be answered. Raises UnexpectedPdu."""
        state = TRANSITIONS.get((self.state, type(pdu)))
        if state is None or type(pdu) not in self._receives or (self.version == 2 and type(pdu) is Close):
            raise UnexpectedPdu(f"{type(pdu).__name__} while {self.state.value}")
        self._follow(pdu, state)

    def send(self, pdu: Pdu) -> bytes:
        """Return the octets of *pdu*. Raises LocalProtocolError where it must not be sent."""
        state = TRANSITIONS.get((self.state, type(pdu)))
        if state is None or type(pdu) not in self._sends or (self.version == 2 and type(pdu) is Close):
            raise LocalProtocolError(f"{type(pdu).__name__} while {self.state.value}")
        octets = apdu.encode(pdu)
        self._follow(pdu, state)
        return octets

    def close(self, reason: CloseReason, text: str | None = None, reference_id: bytes | None = None) -> bytes:
        """Return the Close to send, or nothing where there is none to send: before an Init, in version 2, or twice."""
        if self.version == 3 and not self._close_sent and (self.state, Close) in TRANSITIONS:
            self._close_sent = True
            return self.send(Close(reference_id=reference_id, close_reason=reason, diagnostic_information=text))
        self.state = State.CLOSED
        return b""

    def _follow(self, pdu: Pdu, state: State) -> None:
        self.state = state
        if isinstance(pdu, InitializeRequest):
            self.version = 0
        elif isinstance(pdu, InitializeResponse):
            self.options = Options(pdu.options)
            if pdu.result:
                self.version = 3 if pdu.protocol_version & ProtocolVersion.VERSION_3 else 2
            else:
                self.state = State.IDLE
