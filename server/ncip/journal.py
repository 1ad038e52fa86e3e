"""What was said with each partner of late: services, items and requests, outcomes and how long it took. Never a reader.

It is for people who mend a connection: kept in memory, so many lines a partner, shown by `bibliobus ill journal`.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Any, Final, NamedTuple

from protocols.ncip.base import Message

LINES: Final = 200
PARTNERS: Final = 256
"""Lines kept of one partner, and partners."""
_LONGEST: Final = 80
_TYPES: Final = re.compile(rb"(?:ProblemType[^>]*>|ErrorType><Scheme>[^<]*</Scheme><Value>)([^<]{1,80})<")


class Line(NamedTuple):
    """One exchange. *outcome* is ``done`` or the types of its problems; *defects* are what was tolerated in the message."""

    at: int
    direction: str
    service: str
    release: str
    item: str
    request: str
    outcome: str
    milliseconds: float
    defects: str


class Journal:
    """The last lines of each partner."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[Line]] = {}

    def note(self, partner: str, line: Line) -> None:
        """Keep *line*, and let the oldest of the partner go."""
        lines = self._lines.get(partner)
        if lines is None:
            if len(self._lines) >= PARTNERS:
                return
            lines = self._lines[partner] = deque(maxlen=LINES)
        lines.append(line)

    def lines(self, partner: str) -> list[dict[str, Any]]:
        """Give the lines of *partner*, the latest last, as JSON can hold them."""
        return [line._asdict() for line in self._lines.get(partner, ())]


def item_of(message: Message) -> str:
    """Give the number of the item that a message is about."""
    item = getattr(message, "item_id", None)
    first = item[0] if isinstance(item, tuple) and item else item
    return str(getattr(first, "item_identifier_value", None) or "")[:_LONGEST]


def request_of(message: Message) -> str:
    """Give the number of the request that a message is about."""
    request = getattr(message, "request_id", None)
    return str(getattr(request, "request_identifier_value", None) or "")[:_LONGEST]


def outcome_in(answer: bytes) -> str:
    """Say how an exchange ended, by the octets of its answer."""
    if b"Problem" not in answer:
        return "done"
    return "; ".join(kind.decode("utf-8", "replace") for kind in _TYPES.findall(answer)) or "done"
