"""The login of a telnet line before SIP2 begins: `login:`, `password:`, and then the protocol on the same connection."""

from __future__ import annotations

import re
from typing import Any, Final

from protocols.sip2 import messages
from server.sip2.connection import SIP2Connection
from storage.store import StoreUnavailable

LONGEST: Final = 1024
"""Bytes that may come before the login is over."""
TRIES: Final = 3
_NEGOTIATION: Final = re.compile(rb"\xff(?:[\xfb-\xfe].|[\xf0-\xfa])", re.DOTALL)
_LINE: Final = re.compile(rb"\r\n|\r\0|\r|\n")


class PromptedConnection(SIP2Connection):
    """A device that answers two prompts. What telnet itself negotiates is passed over."""

    def __init__(self, service: Any) -> None:
        super().__init__(service)
        self._typed = b""
        self._lines: list[str] = []
        self._tried = 0
        self._verifying = False
        self._through = False

    def connectionMade(self) -> None:  # noqa: N802 (Twisted's)
        """Ask who it is."""
        super().connectionMade()
        self._send(b"login: ")

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's)
        """Take what is typed; once that was right, speak SIP2."""
        if self._through:
            super().dataReceived(data)
            return
        self._typed = _NEGOTIATION.sub(b"", self._typed + data)
        if len(self._typed) > LONGEST:
            self._odd("faults", "too_long")
            self._close()
            return
        self._read()

    def _read(self) -> None:
        while not self._verifying and not self._through and (end := _LINE.search(self._typed)):
            line, self._typed = self._typed[: end.start()], self._typed[end.end() :]
            self._lines.append(line.decode("latin-1").strip())
            if len(self._lines) == 1:
                self._send(b"password: ")
            else:
                self._try(*self._lines)
                self._lines.clear()

    def _try(self, user: str, password: str) -> None:
        in_clear = "0"
        message = messages.Login(
            uid_algorithm=in_clear, pwd_algorithm=in_clear, login_user_id=user, login_password=password
        )
        self._verifying = True
        pending, reply = self._login(message)
        pending.addCallback(reply, message, self._nobodys(0)).addCallbacks(self._tried_once, self._not_tried)

    def _not_tried(self, failure: Any) -> None:
        if failure.check(StoreUnavailable) is None:
            self.log.failure("A login at the prompt could not be verified", failure)
        self._tried_once(messages.LoginResponse(ok=False))

    def _tried_once(self, response: messages.LoginResponse) -> None:
        self._verifying = False
        if self._closed:
            return
        if response.ok:
            self._through = True
            self._session.trust()
            self._send(b"Login OK.  Initiating SIP\r\n")
            typed, self._typed = self._typed, b""
            if typed:
                super().dataReceived(typed)
            return
        self._tried += 1
        self._send(b"Login incorrect\r\n")
        if self._tried >= TRIES:
            self._close()
        else:
            self._send(b"login: ")
            self._read()
