"""What a kit finds: one result for each check, a table for people, a JSON document for machines, an exit code for CI."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TextIO


class Level(StrEnum):
    """How strongly the standard asks for something."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Outcome(StrEnum):
    """What was found."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"
    """The server says that it does not do this, or lacks the data that the check needs."""


@dataclass(frozen=True, slots=True)
class Result:
    """A check that was made: its name, what it asks for and where that is said, and what was found."""

    name: str
    level: Level
    text: str
    source: str
    outcome: Outcome
    detail: str = ""


class Failed(Exception):
    """A check that found something else than what is asked for; the text says what."""


class NotApplicable(Exception):
    """A check that cannot be made here; the text says why."""


def report(title: str, results: Iterable[Result], *, as_json: bool, out: TextIO | None = None) -> int:
    """Write what was found as it is found; return 1 when a MUST failed, else 0."""
    out = out or sys.stdout
    kept: list[Result] = []
    for result in results:
        kept.append(result)
        if not as_json:
            mark = {Outcome.PASSED: "ok  ", Outcome.FAILED: "FAIL", Outcome.NOT_APPLICABLE: "  - "}[result.outcome]
            print(f"{mark} {result.level:6} {result.name}: {result.text}", file=out)
            if result.detail:
                print(f"            {result.detail}", file=out)
    if as_json:
        print(json.dumps({"title": title, "results": [asdict(each) for each in kept]}, indent=1), file=out)
    else:
        print(_summary(title, kept), file=out)
    return int(any(each.outcome is Outcome.FAILED and each.level is Level.MUST for each in kept))


def _summary(title: str, results: Sequence[Result]) -> str:
    parts = []
    for level in Level:
        made = [each for each in results if each.level is level and each.outcome is not Outcome.NOT_APPLICABLE]
        passed = sum(each.outcome is Outcome.PASSED for each in made)
        parts.append(f"{level} {passed}/{len(made)}")
    return f"{title}: {', '.join(parts)}"
