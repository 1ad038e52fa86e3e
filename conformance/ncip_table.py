"""The list of checks of the NCIP kit, and how one is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

from conformance.ncip_session import Session
from conformance.results import Failed, Level, NotApplicable, Outcome, Result

Check: TypeAlias = Callable[[Session], None]


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


def guarded(look: Check, session: Session) -> tuple[Outcome, str]:
    """Make one check; return what was found, and why."""
    try:
        look(session)
    except NotApplicable as error:
        return Outcome.NOT_APPLICABLE, str(error)
    except Failed as error:
        return Outcome.FAILED, str(error)
    except Exception as error:  # noqa: BLE001 (whatever a server sends must not end the run)
        return Outcome.FAILED, f"the answer cannot be understood: {type(error).__name__}: {error}"
    return Outcome.PASSED, ""


def run(session: Session) -> Iterator[Result]:
    """Make each check."""
    for row in CHECKS:
        yield Result(row.name, row.level, row.text, row.source, *guarded(row.look, session))
