"""Chance that is the same on every Python: only `random.Random.random` is promised to be, so everything is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A seeded source of choices."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random  # noqa: S311 (a demo has no secrets)

    def below(self, limit: int) -> int:
        """Return a number from 0 to *limit*, which is not reached."""
        return int(self._random() * limit)

    def between(self, least: int, most: int) -> int:
        """Return a number from *least* to *most*, both included."""
        return least + self.below(most - least + 1)

    def chance(self, percent: int) -> bool:
        """Return True in *percent* of a hundred cases."""
        return self.below(100) < percent

    def pick(self, things: Sequence[T]) -> T:
        """Return one of *things*."""
        return things[self.below(len(things))]

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """Return *things* in another order."""
        mixed = list(things)
        for at in range(len(mixed) - 1, 0, -1):
            other = self.below(at + 1)
            mixed[at], mixed[other] = mixed[other], mixed[at]
        return mixed
