"""What the SIP2 kit makes its checks with."""

from __future__ import annotations

import ssl
from contextlib import suppress
from dataclasses import dataclass, field

from conformance import checks
from conformance.results import Failed
from conformance.sip2.client import Account, Client
from conformance.sip2.requests import checkin


@dataclass(slots=True)
class Bench(checks.Bench):
    """The server under test, the account to try it with, and the frames that were sent and came last."""

    host: str
    port: int
    account: Account
    tls: ssl.SSLContext | None = None
    _open: list[Client] = field(default_factory=list)

    def client(self) -> Client:
        """Return a new connection. Raises Failed when there is none to be had."""
        try:
            client = Client((self.host, self.port), self.account, self.trace, self.patience, self.tls)
        except OSError as error:
            raise Failed(f"no connection: {error}") from None
        self._open.append(client)
        return client

    def terminal(self) -> Client:
        """Return a new connection that has logged in."""
        return self.client().log_in()

    def clear(self) -> None:
        """Close what a check left open, and give back what it borrowed."""
        self._close()
        kept = self.trace.copy()
        with suppress(Failed):
            client = self.terminal()
            for barcode in self.account.items:
                client.write(client.frame(checkin(barcode)) + b"\r")
                client.read()  # whatever it says: the next one must go back as well
        self._close()
        self.trace.clear()
        self.trace.extend(kept)

    def shown(self) -> str:
        """Return the last reply."""
        return next((frame for frame in reversed(self.trace) if frame.startswith("<")), "")

    def _close(self) -> None:
        for client in self._open:
            client.close()
        self._open.clear()
