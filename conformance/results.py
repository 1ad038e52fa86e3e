"""What a kit finds: one result for each check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
