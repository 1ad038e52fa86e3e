"""What the Z39.50 kit makes its checks with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from conformance import checks
from conformance.results import Failed, Level, NotApplicable
from conformance.z3950.client import OPTIONS, PROPOSED, Account, Association, Connection, Diagnostic
from conformance.z3950.corpus import Corpus, Source, gathered

MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY


@dataclass(slots=True)
class Bench(checks.Bench):
    """The server under test, who asks, where the records come from that it is held against, and what was answered last."""

    host: str
    port: int
    databases: tuple[str, ...]
    account: Account = field(default_factory=Account)
    source: Source = field(default_factory=Source)
    other: str = ""
    """Another database of the server."""
    saves: str = ""
    """A database in which the account may save records."""
    _open: list[Connection] = field(default_factory=list)
    _corpus: Corpus | None = None

    def connection(self) -> Association:
        """Return a new connection, before its Init. Raises Failed when there is none to be had."""
        try:
            made = Association((self.host, self.port), self.trace, self.patience, self.databases)
        except OSError as error:
            raise Failed(f"no connection: {error}") from None
        self._open.append(made)
        return made

    def association(self, **changes: Any) -> Association:
        """Return a new connection after an Init that was accepted. Raises Failed."""
        return self.connection().opened(self.account, **changes)

    def granted(self, *options: str, nobody: bool = False, **changes: Any) -> Association:
        """Return an association in which options were agreed on, of the account or of *nobody*. Raises NotApplicable."""
        bits = {name: OPTIONS[name] for name in options}
        changes = {"options": {*PROPOSED, *bits.values()}, **changes}
        made = self.connection()
        if not nobody:
            made.opened(self.account, **changes)
        elif not made.init(Account(), **changes)["result"]:
            raise NotApplicable("who is nobody is not let in")
        for name, bit in bits.items():
            if bit not in made.granted:
                raise NotApplicable(f"the server does not offer {name}")
        return made

    def corpus(self) -> Corpus:
        """Return the records of the database, as far as they are known. Raises Failed, NotApplicable."""
        if self._corpus is None:
            self._corpus = gathered(self.association(), self.source)
        if not self._corpus.records:
            raise NotApplicable(self._corpus.why)
        return self._corpus

    def whole(self) -> Corpus:
        """Return all records of the database. Raises NotApplicable where not all of them are known."""
        corpus = self.corpus()
        if not corpus.whole:
            raise NotApplicable(corpus.why)
        return corpus

    def clear(self) -> None:
        """Close what a check left open."""
        for each in self._open:
            each.close()
        self._open.clear()


def want_refused(found: Diagnostic | None, *conditions: int, what: str) -> Diagnostic:
    """Return a diagnostic that must be one of these. Raises Failed."""
    numbers = " or ".join(map(str, conditions))
    if found is None:
        raise Failed(f"{what} is not refused: {numbers} is due")
    if found.condition not in conditions:
        raise Failed(f"{what} is refused with {found}: {numbers} is due")
    return found
