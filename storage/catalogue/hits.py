"""The bitmaps of terms that were asked for lately, decoded: what a daemon remembers of the index between searches."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from pyroaring import BitMap

from storage.catalogue.query import Distance, Mask, Query

_OVERHEAD: Final = 400
MAX_OCTETS: Final = 64 << 20


LAST: Final = "\U0010ffff"
"""Follows, behind a term, all terms that begin with it."""


@dataclass(frozen=True, slots=True)
class Range:
    """All terms of an access point from `first` on and before `last`."""

    code: int
    first: str
    last: str = LAST

    @classmethod
    def of(cls, code: int, prefix: str) -> Range:
        """Return the range of all terms that begin with `prefix`."""
        return cls(code, prefix, prefix + LAST)


@dataclass(frozen=True, slots=True)
class Matching:
    """All terms of an access point that match a mask: they have to be looked for."""

    code: int
    mask: Mask


@dataclass(frozen=True, slots=True)
class Phrase:
    """Adjacent words in one field of an access point, where that has to be read in the records; the last may go on."""

    code: int
    words: tuple[str, ...]
    open: bool = False

    def holds(self, words: Sequence[str]) -> bool:
        """Tell whether the words of a field have the phrase."""
        wanted = f" {' '.join(self.words)}" + ("" if self.open else " ")
        return wanted in f" {' '.join(words)} "


@dataclass(frozen=True, slots=True)
class Nearness:
    """Two phrases at a distance in one field of an access point: that has to be read in the records."""

    code: int
    left: tuple[str, ...]
    right: tuple[str, ...]
    words: int | None
    distance: Distance
    ordered: bool

    def holds(self, words: Sequence[str]) -> bool:
        """Tell whether the words of a field have both at the distance."""
        lefts, rights = _places(words, self.left), _places(words, self.right)
        if self.words is None:
            return bool(lefts and rights)
        compare = _COMPARE[self.distance]
        return any(
            compare(found, self.words)
            for left in lefts
            for right in rights
            if (found := self._between(left, right)) > 0
        )

    def _between(self, left: int, right: int) -> int:
        """Return how many words the second begins behind the end of the first; adjacent: 1; nothing where they overlap."""
        after = right - left - len(self.left) + 1
        return after if after > 0 or self.ordered else left - right - len(self.right) + 1


def _places(words: Sequence[str], phrase: tuple[str, ...]) -> list[int]:
    size = len(phrase)
    return [at for at in range(len(words) - size + 1) if tuple(words[at : at + size]) == phrase]


_COMPARE: Final[dict[Distance, Callable[[int, int], bool]]] = {
    Distance.LESS: operator.lt,
    Distance.AT_MOST: operator.le,
    Distance.EXACTLY: operator.eq,
    Distance.AT_LEAST: operator.ge,
    Distance.MORE: operator.gt,
    Distance.OTHER: operator.ne,
}


@dataclass(frozen=True, slots=True)
class Held:
    """Items as they are now, by what the access point `code` tells of them; with `open`, the text may go on. Never remembered."""

    code: int
    text: str
    open: bool = False


Check = Phrase | Nearness
Posted = tuple[int, str] | Range
"""What the postings themselves tell."""


class Whole(NamedTuple):
    """All that a query finds in databases (ids): the same for everyone who asks it, as long as it names no result set."""

    query: Query
    databases: tuple[int, ...]


Part = Posted | Matching | Held | Check
Key = Part | Whole


class Hits:
    """A cache of bitmaps, least recently used first out; never older than the catalogue version that it is checked against.

    Its bitmaps are shared by all who ask: nobody changes them. *commits* counts those of the store, if that can be told.
    """

    def __init__(self, max_octets: int = MAX_OCTETS, commits: Callable[[], int | None] = lambda: None) -> None:
        self._max_octets = max_octets
        self._commits = commits
        self._checked: int | None = None
        self._octets = 0
        self._version = -1
        self._found: OrderedDict[Key, tuple[BitMap, int]] = OrderedDict()

    def check(self, version: int) -> None:
        """Forget everything when the catalogue has another version, which was just read."""
        self._checked = self._commits()
        if version != self._version:
            self._version = version
            self._found.clear()
            self._octets = 0

    @property
    def settled(self) -> bool:
        """Whether nothing was committed since the last check, so that what is remembered is true unread."""
        return self._checked is not None and self._checked == self._commits()

    def get(self, key: Key) -> BitMap | None:
        """Return the bitmap of a key, None when it has to be read."""
        found = self._found.get(key)
        if found is None:
            return None
        self._found.move_to_end(key)
        return found[0]

    def put(self, version: int, key: Key, bitmap: BitMap, octets: int) -> None:
        """Keep a bitmap that was read at `version`; `octets` is the length of the postings that it was made of."""
        if version != self._version or key in self._found:
            return
        octets += _OVERHEAD
        self._found[key] = bitmap, octets
        self._octets += octets
        while self._octets > self._max_octets and self._found:
            _, (_, least) = self._found.popitem(last=False)
            self._octets -= least
