"""A terminal for the SIP2 kit: blocking, with a time-out on everything, and an eye that reads what comes back strictly."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

from conformance.results import Failed
from protocols.sip2 import codec, messages
from protocols.sip2.fields import Column, Kind
from protocols.sip2.masking import mask
from protocols.sip2.tables import Message

QUIET: Final = 0.3
"""How long nothing must come for there to be no reply."""
_BEGINNING: Final = 40
"""Bytes that are shown of what is no message."""
LONGEST: Final = 1 << 20
"""Bytes without a terminator after which a server is not listened to any more."""

_DATE: Final = re.compile(r"\d{8}(    |   [A-Z])\d{6}|0{18}|  {17}")
_FORMS: Final = {
    Kind.FLAG: re.compile(r"[YN]"),
    Kind.DIGIT_FLAG: re.compile(r"[10]"),
    Kind.FLAG_OR_UNKNOWN: re.compile(r"[YNU]"),
    Kind.DATE: _DATE,
    Kind.NUMBER: re.compile(r"\d+| +"),
    Kind.AMOUNT: re.compile(r"(\d+(\.\d+)?)?"),
    Kind.POSITIONS: re.compile(r"[YN ]+"),
}
"""What a value of each kind may look like: strictly, for this is a server that ought to know."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who the kit is, and with what it tries: a login, a reader who may borrow, and items that stand on their shelf.

    `library` is what the requests name as institution (AO), `elsewhere` another one of the server's; `wrong_pin` is a PIN
    that is not the reader's.
    """

    login: str
    password: str = field(repr=False)
    patron: str = field(repr=False)
    pin: str = field(repr=False)
    items: tuple[str, ...]
    charset: str = "utf-8"
    library: str = ""
    wrong_pin: str = field(default="", repr=False)
    elsewhere: str = ""

    def body(self, message: Message) -> bytes:
        """Return *message* as this account writes it: in its character set, naming its library, its reader with the PIN."""
        own: dict[str, Any] = {}
        if self.library and hasattr(message, "institution_id"):
            own["institution_id"] = self.library
        if self.pin and message.CHANGES and getattr(message, "patron_identifier", "") == self.patron:
            own["patron_password"] = self.pin
        return codec.encode(type(message)(**{**vars(message), **own}), self.charset)


def now() -> datetime:
    """Return the transaction date of a request: the terminal's own clock, without zone."""
    return datetime.now().replace(microsecond=0)  # noqa: DTZ005 (SIP2's dates have no zone: local time)


def login(user: str, password: str) -> Message:
    """Return 93, in clear."""
    in_clear = "0"
    return messages.Login(uid_algorithm=in_clear, pwd_algorithm=in_clear, login_user_id=user, login_password=password)


class Client:
    """One connection. Every reply is read up to its terminator; what is asked is sealed with AY and AZ.

    *patience* is for how many seconds a reply is waited for; what is sent and comes is noted in *trace*, masked.
    """

    def __init__(
        self,
        address: tuple[str, int],
        account: Account,
        trace: deque[str],
        patience: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Connect, over *tls* when there is a context. Raises OSError."""
        made = socket.create_connection(address, timeout=patience)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket = made if tls is None else tls.wrap_socket(made, server_hostname=address[0])
        except OSError:
            made.close()
            raise
        self._buffer = b""
        self._sequence = 0
        self._trace = trace
        self._patience = patience
        self.account = account

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def write(self, data: bytes) -> None:
        """Send *data* as it is. Raises Failed when the server has closed, or does not read."""
        self._trace.extend(f"> {masked(frame)}" for frame in re.split(rb"[\r\n]+", data) if frame)
        self._socket.settimeout(self._patience)
        try:
            self._socket.sendall(data)
        except TimeoutError:
            raise Failed("the server does not read") from None
        except OSError:
            raise Failed("the connection is closed") from None

    def read(self, seconds: float | None = None) -> bytes:
        """Return the next reply without its terminator. Raises Failed when none comes in time."""
        seconds = self._patience if seconds is None else seconds
        until = time.monotonic() + seconds
        while True:
            self._buffer = self._buffer.lstrip(b"\r\n")
            end = self._buffer.find(b"\r")
            if end >= 0:
                reply, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
                self._trace.append(f"< {masked(reply)}")
                return reply
            if len(self._buffer) > LONGEST:
                raise Failed(f"a reply of more than {LONGEST} bytes has no terminator")
            self._buffer += self._receive(until - time.monotonic(), seconds)

    def _receive(self, left: float, seconds: float) -> bytes:
        try:
            self._socket.settimeout(max(left, 0.001))
            came = self._socket.recv(65536)
        except TimeoutError:
            got = f"; without a terminator came {masked(self._buffer)}" if self._buffer else ""
            raise Failed(f"no reply within {seconds:g} s{got}") from None
        except OSError:
            raise Failed("the connection was cut") from None
        if not came:
            raise Failed("the connection was closed without a reply")
        return came

    def silent(self) -> bool:
        """Tell whether nothing comes for a while, and the connection stays open."""
        try:
            self.read(QUIET)
        except Failed as error:
            return "no reply" in str(error)
        return False

    def ended(self, seconds: float | None = None) -> bool:
        """Tell whether the server closes the connection without another word."""
        try:
            self.read(seconds)
        except Failed as error:
            return "connection" in str(error)
        return False

    def frame(self, message: Message | bytes) -> bytes:
        """Return the next frame of *message*: with AY, which counts on, and AZ, and without terminator."""
        body = message if isinstance(message, bytes) else self.account.body(message)
        self._sequence = (self._sequence + 1) % 10
        return codec.seal(body, b"%d" % self._sequence, checked=True)

    def send(self, frame: bytes) -> Any:
        """Send *frame* as it is, and return the reply, which was looked at by `examine`."""
        self.write(frame + b"\r")
        return examine(self.read(), frame, self.account.charset)

    def ask(self, message: Message | bytes) -> Any:
        """Send *message* in its next frame, and return the reply, which was looked at by `examine`."""
        return self.send(self.frame(message))

    def log_in(self) -> Self:
        """Log in. Raises Failed when that is refused."""
        if not self.ask(login(self.account.login, self.account.password)).ok:
            raise Failed("the login is refused: is the account right?")
        return self


def masked(frame: bytes) -> str:
    """Return *frame* as text for people: without secrets and readers' data; of one that is no message, its beginning."""
    shown = mask(frame)
    if shown.startswith("<"):
        return f"{frame[:_BEGINNING]!r}{f' and {len(frame) - _BEGINNING} bytes' if len(frame) > _BEGINNING else ''}"
    return shown + frame[len(codec.unseal(frame).body) :].decode("latin-1")


def examine(reply: bytes, request: bytes, charset: str) -> Message:
    """Return *reply*, decoded, if it is a right answer to the frame *request*. Raises Failed with all that is wrong."""
    asked, got = codec.unseal(request), codec.unseal(reply)
    faults = []
    if got.checked is not asked.checked:
        faults.append("AY and AZ are missing" if asked.checked else "AZ comes though the request has none")
    if not got.intact:
        faults.append("the checksum is wrong")
    if got.sequence != asked.sequence:
        faults.append(f"AY is {got.sequence!r}, not {asked.sequence!r}")
    wanted = Message.BY_CODE[asked.body[:2].decode()].REPLY
    if got.body[:2].decode("latin-1") != wanted:
        raise Failed(f"the reply is no {wanted}: {masked(reply)}")
    try:
        message = codec.decode(got.body, charset)
    except codec.ProtocolError as error:
        raise Failed(f"{error}: {masked(reply)}") from None
    version = "1.00" if getattr(message, "protocol_version", "") == "1.00" else "2.00"
    faults += _shape(got.body.decode(charset, "replace"), Message.BY_CODE[wanted], version)
    if faults:
        raise Failed("; ".join(faults))
    return message


def _shape(text: str, kind: type[Message], version: str) -> list[str]:
    """Return what is wrong with the columns of a reply, by their table."""
    faults, at = [], 2
    for name, column, _, _, _ in kind.TABLE:
        if not column.code:
            faults += _value(name, text[at : at + column.width], column)
            at += column.width
    rest = text[at:]
    if rest and not rest.endswith("|"):
        faults.append("the last field has no delimiter")
    pieces = rest.split("|")[:-1]
    by_code = {row.column.code: row for row in kind.TABLE if row.column.code}
    found = {each[:2] for each in pieces}
    faults += [
        f"{row.column.code} ({row.name}) is missing"
        for row in by_code.values()
        if row.required and row.since <= version and row.column.code not in found
    ]
    for piece in pieces:
        row = by_code.get(piece[:2])
        if not re.fullmatch(r"[A-Z][A-Z0-9]", piece[:2]):
            faults.append(f"{piece[:2]!r} is no identifier")
        if len(piece.encode()) > 257:
            faults.append(f"{piece[:2]} is longer than 255")
        if row is not None and piece[2:]:
            faults += _value(piece[:2], piece[2:], row.column)
    if any(not character.isprintable() for character in text):
        faults.append("there are control characters")
    return faults


def _value(name: str, text: str, column: Column) -> list[str]:
    form = _FORMS.get(column.kind)
    if form is not None and not form.fullmatch(text):
        return [f"{name} is {text!r}, which is no {column.kind}"]
    if column.options is not None and column.kind is Kind.CODE and text not in {each.value for each in column.options}:
        return [f"{name} is {text!r}, which is no code of the list"]
    return []
