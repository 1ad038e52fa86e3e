"""The bitmaps of terms that were asked for lately, decoded: what a daemon remembers of the index between searches."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, NamedTuple

from pyroaring import BitMap

_OVERHEAD: Final = 400
MAX_OCTETS: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Range:
    """All terms of an access point that begin with `prefix`. No tuple: it would be the key of the term `prefix` itself."""

    code: int
    prefix: str


class Phrase(NamedTuple):
    """Adjacent words in one field of an access point, where that had to be read in the records."""

    code: int
    words: tuple[str, ...]


Key = tuple[int, str] | Range | Phrase


class Hits:
    """A cache of bitmaps, least recently used first out; never older than the catalogue version that it is checked against.

    Its bitmaps are shared by all who ask: nobody changes them.
    """

    def __init__(self, max_octets: int = MAX_OCTETS) -> None:
        self._max_octets = max_octets
        self._octets = 0
        self._version = -1
        self._found: OrderedDict[Key, tuple[BitMap, int]] = OrderedDict()

    def check(self, version: int) -> None:
        """Forget everything when the catalogue has another version."""
        if version != self._version:
            self._version = version
            self._found.clear()
            self._octets = 0

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
