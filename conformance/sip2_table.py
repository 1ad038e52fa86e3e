"""The list of checks of the SIP2 kit, and how one is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from conformance.results import Failed, Level, NotApplicable, Outcome, Result
from conformance.sip2_client import Account, Client
from conformance.sip2_requests import checkin


@dataclass(slots=True)
class Bench:
    """The server under test, and the account to try it with."""

    host: str
    port: int
    account: Account
    _open: list[Client] = field(default_factory=list)

    def client(self) -> Client:
        """Return a new connection."""
        client = Client(self.host, self.port, self.account.charset)
        self._open.append(client)
        return client

    def terminal(self) -> Client:
        """Return a new connection that has logged in."""
        return self.client().log_in(self.account)

    def clear(self) -> None:
        """Close what a check left open, and give back what it borrowed."""
        for client in self._open:
            client.close()
        self._open.clear()
        with suppress(Failed, OSError), Client(self.host, self.port, self.account.charset) as client:
            client.log_in(self.account)
            for barcode in self.account.items:
                client.ask(checkin(barcode))


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


def run(bench: Bench, rows: list[Row] | None = None) -> Iterator[Result]:
    """Make each check, on connections of its own."""
    for row in CHECKS if rows is None else rows:
        outcome, detail = Outcome.PASSED, ""
        try:
            row.look(bench)
        except Failed as error:
            outcome, detail = Outcome.FAILED, str(error)
        except NotApplicable as error:
            outcome, detail = Outcome.NOT_APPLICABLE, str(error)
        except OSError as error:
            outcome, detail = Outcome.FAILED, f"no connection: {error.strerror or error}"
        finally:
            bench.clear()
        yield Result(row.name, row.level, row.text, row.source, outcome, detail)
