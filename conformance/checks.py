"""The checks of a kit, what they are made with, and how one is made."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Final, Generic, NamedTuple, TypeVar

from conformance.results import Failed, Level, NotApplicable, Outcome, Result

_SHOWN: Final = 4
"""What is shown of a check that failed: so much of what was told last."""
PATIENCE: Final = 10.0
"""Seconds that an answer may take, if nothing else is said."""


@dataclass(slots=True)
class Bench:
    """The server under test, what it is tried with, and what was told of late. Each kit has a bench of its own."""

    patience: float = field(init=False, default=PATIENCE)
    trace: deque[str] = field(init=False, repr=False, default_factory=lambda: deque(maxlen=_SHOWN))

    def clear(self) -> None:
        """Close what a check left open, undo what it did."""

    def shown(self) -> str:
        """Return what is shown of a check that passed."""
        return ""


B = TypeVar("B", bound=Bench)
L = TypeVar("L")


class Row(NamedTuple, Generic[L]):
    """A check: its name, how strongly it is asked for, what is asked, where that is said, and what looks."""

    name: str
    level: Level
    text: str
    source: str
    look: L

    def result(self, outcome: Outcome, detail: str) -> Result:
        """Return what was found by this check."""
        return Result(self.name, self.level, self.text, self.source, outcome, detail)


class Checks(list[Row[Callable[[B], None]]]):
    """A list of checks, in the order in which they are made. A module calls its list `check`, and decorates with it."""

    @classmethod
    def of(cls, *parts: ModuleType) -> Checks[B]:
        """Return the checks of these modules, one module after the other."""
        return cls(row for part in parts for row in part.check)

    def __call__(
        self, name: str, level: Level, text: str, source: str
    ) -> Callable[[Callable[[B], None]], Callable[[B], None]]:
        """Put a function into the list."""

        def put(look: Callable[[B], None]) -> Callable[[B], None]:
            self.append(Row(name, level, text, source, look))
            return look

        return put

    def run(self, bench: B, only: str = "") -> Iterator[Result]:
        """Make each check whose name has *only* in it."""
        for row in self:
            if only in row.name:
                yield row.result(*guarded(row.look, bench))


def want(truth: object, text: str) -> None:
    """Raise Failed with *text* when *truth* is not so."""
    if not truth:
        raise Failed(text)


def guarded(look: Callable[[B], None], bench: B) -> tuple[Outcome, str]:
    """Make one check and clear up after it; return what was found, and what was told."""
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
        detail = f"the answer cannot be understood: {type(error).__name__}: {error}"
    finally:
        bench.clear()
    if outcome is Outcome.PASSED:
        detail = bench.shown()
    elif outcome is Outcome.FAILED:
        detail = " ".join([detail, *(f"[{each}]" for each in bench.trace)])
    return outcome, detail
