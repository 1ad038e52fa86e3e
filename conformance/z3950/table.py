"""The list of checks of the Z39.50 kit, what they are made with, and how one is run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from conformance.results import Failed, Level, NotApplicable, Outcome, Result
from conformance.z3950.ber import BerError
from conformance.z3950.client import OPTIONS, Account, Association, Connection, Diagnostic
from conformance.z3950.corpus import Corpus, Source, gathered

MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY
_SHOWN: Final = 3
"""Answers that are shown of a check that failed: the last ones."""


@dataclass(slots=True)
class Bench:
    """The server under test, who asks, where the records come from that it is held against, and what the check was told."""

    host: str
    port: int
    databases: tuple[str, ...]
    account: Account = field(default_factory=Account)
    source: Source = field(default_factory=Source)
    other: str = ""
    """Another database of the server."""
    trace: deque[str] = field(default_factory=lambda: deque(maxlen=_SHOWN))
    _open: list[Connection] = field(default_factory=list)
    _corpus: Corpus | None = None

    def connection(self) -> Association:
        """Return a new connection, before its Init. Raises Failed when there is none to be had."""
        try:
            made = Association((self.host, self.port), self.trace, self.databases)
        except OSError as error:
            raise Failed(f"no connection: {error}") from None
        self._open.append(made)
        return made

    def association(self, **changes: Any) -> Association:
        """Return a new connection after an Init that was accepted. Raises Failed."""
        return self.connection().opened(self.account, **changes)

    def granted(self, option: str, **changes: Any) -> Association:
        """Return an association in which an option was agreed on. Raises NotApplicable."""
        made = self.association(**changes)
        if OPTIONS[option] not in made.granted:
            raise NotApplicable(f"the server does not offer {option}")
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

    def close(self) -> None:
        """Close what a check left open."""
        for each in self._open:
            each.close()
        self._open.clear()


Look: TypeAlias = Callable[[Bench], None]


class Row(NamedTuple):
    """A check: its name, how strongly it is asked for, what is asked, where that is said, and what looks."""

    name: str
    level: Level
    text: str
    source: str
    look: Look


CHECKS: Final[list[Row]] = []


def check(name: str, level: Level, text: str, source: str) -> Callable[[Look], Look]:
    """Put a function into the list of checks."""

    def put(look: Look) -> Look:
        CHECKS.append(Row(name, level, text, source, look))
        return look

    return put


def want(truth: object, text: str) -> None:
    """Raise Failed with *text* when *truth* is not so."""
    if not truth:
        raise Failed(text)


def want_refused(found: Diagnostic | None, *conditions: int, what: str) -> Diagnostic:
    """Return a diagnostic that must be one of these. Raises Failed."""
    numbers = " or ".join(map(str, conditions))
    if found is None:
        raise Failed(f"{what} is not refused: {numbers} is due")
    if found.condition not in conditions:
        raise Failed(f"{what} is refused with {found}: {numbers} is due")
    return found


def run(bench: Bench, rows: list[Row] | None = None) -> Iterator[Result]:
    """Make each check, on connections of its own."""
    for row in CHECKS if rows is None else rows:
        bench.trace.clear()
        outcome, detail = Outcome.FAILED, ""
        try:
            row.look(bench)
            outcome = Outcome.PASSED
        except NotApplicable as error:
            outcome, detail = Outcome.NOT_APPLICABLE, str(error)
        except Failed as error:
            detail = " ".join([str(error), *(f"[{each}]" for each in bench.trace)])
        except BerError as error:
            detail = f"the answer is no BER: {error}"
        except Exception as error:  # noqa: BLE001 (whatever a server sends must not end the run)
            detail = f"the answer cannot be understood: {type(error).__name__}: {error}"
        finally:
            bench.close()
        yield Result(row.name, row.level, row.text, row.source, outcome, detail)
