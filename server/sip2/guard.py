"""What bounds a device or a peer that goes too far: failures counted in a span of time, and a rate of messages."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

MOST_KEYS: Final = 10_000
"""Who is remembered: of more, those that have not failed for the longest time are forgotten."""


class Failures:
    """Failures by key, such as a peer's address; each row of them ends *span* seconds after its first."""

    def __init__(self, span: float) -> None:
        self._span = span
        self._rows: OrderedDict[str, tuple[int, float]] = OrderedDict()  # by key: how many, since when

    def reach(self, key: str, limit: int, now: float) -> bool:
        """Tell whether *key* has failed *limit* times by *now*."""
        number, since = self._rows.get(key, (0, now))
        return number >= limit and now - since < self._span

    def add(self, key: str, now: float) -> None:
        """Count one more."""
        number, since = self._rows.get(key, (0, now))
        self._rows[key] = (number + 1, since) if now - since < self._span else (1, now)
        self._rows.move_to_end(key)
        if len(self._rows) > MOST_KEYS:
            self._rows.popitem(last=False)

    def forget(self, key: str) -> None:
        """End the row of *key*."""
        self._rows.pop(key, None)


class Bucket:
    """A rate of messages: *rate* a second over a while, *burst* seconds of them at once."""

    def __init__(self, rate: int, now: float, burst: float = 10.0) -> None:
        self.rate = rate
        self._most = rate * burst
        self._left = self._most
        self._at = now

    def wait(self, now: float) -> float:
        """Take one message out, and return 0; or leave it, and return for how many seconds it must wait."""
        self._left = min(self._most, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self.rate
