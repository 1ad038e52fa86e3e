"""The list of checks of the SIP2 kit, and how one is run."""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from conformance.results import Failed, Level, NotApplicable, Outcome, Result
from conformance.sip2_client import Account, Client
from conformance.sip2_requests import checkin

_SHOWN: Final = 4
"""Frames that are shown of a check that failed: the last ones."""


@dataclass(slots=True)
class Bench:
    """The server under test, the account to try it with, and the frames of the check that is made."""

    host: str
    port: int
    account: Account
    tls: ssl.SSLContext | None = None
    trace: deque[str] = field(default_factory=lambda: deque(maxlen=_SHOWN))
    _open: list[Client] = field(default_factory=list)

    def client(self) -> Client:
        """Return a new connection. Raises Failed when there is none to be had."""
        try:
            client = Client((self.host, self.port), self.account, self.trace, self.tls)
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
                client.ask(checkin(barcode))
        self._close()
        self.trace.clear()
        self.trace.extend(kept)

    def _close(self) -> None:
        for client in self._open:
            client.close()
        self._open.clear()


Check: TypeAlias = Callable[[Bench], None]


class Row(NamedTuple):
    """A check: its name, how strongly it is asked for, what is asked, where that is said, and what looks."""

    name: str
    level: Level
    text: str
    source: str
    look: Check


CHECKS: Final[list[Row]] = []


def check(name: str, level: Level, text: str, source: str) -> Callable[[Check], Check]:
    """Put a function into the list of checks."""

    def put(look: Check) -> Check:
        CHECKS.append(Row(name, level, text, source, look))
        return look

    return put


def want(truth: object, text: str) -> None:
    """Raise Failed with *text* when *truth* is not so."""
    if not truth:
        raise Failed(text)


def guarded(look: Check, bench: Bench) -> tuple[Outcome, str]:
    """Make one check and clear up after it; return what was found, and what was seen: the last reply, or more when it failed."""
    bench.trace.clear()
    outcome, detail = Outcome.FAILED, ""
    try:
        look(bench)
        outcome = Outcome.PASSED
    except NotApplicable as error:
        outcome, detail = Outcome.NOT_APPLICABLE, str(error)
    except Failed as error:
        detail = str(error)
    except Exception as error:  # noqa: BLE001 (whatever a server sends must not end the run)
        detail = f"the reply cannot be understood: {type(error).__name__}: {error}"
    finally:
        bench.clear()
    if outcome is Outcome.PASSED:
        detail = next((frame for frame in reversed(bench.trace) if frame.startswith("<")), "")
    elif outcome is Outcome.FAILED and bench.trace:
        detail = f"{detail} [{' '.join(bench.trace)}]"
    return outcome, detail


def run(bench: Bench, rows: list[Row] | None = None) -> Iterator[Result]:
    """Make each check, on connections of its own."""
    for row in CHECKS if rows is None else rows:
        yield Result(row.name, row.level, row.text, row.source, *guarded(row.look, bench))
