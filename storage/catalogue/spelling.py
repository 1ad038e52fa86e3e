"""Sort keys that tell how they are written: one term for the order with case and accents and for the order without.

A key has neither case nor accents. Behind it, after `SPELT`, stands where the heading has capitals and then, after `MARKED`, where
it has marks and which letters with them. Places are written so that an early one counts more than a late one, and none at all
least: two such texts compare as the headings do, a small letter before its capital, a bare letter before one with a mark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from storage.catalogue import analyser

SPELT: Final = "\x01"
"""Before all characters of keys: the spellings of one key stand side by side, before all keys that go on."""
MARKED: Final = "\x02"
_PLACES: Final = [chr(ord(MARKED) + analyser.MAX_TERM - at) for at in range(analyser.MAX_TERM)]
_TELLING: Final = re.compile("[^a-z0-9 ]")


class Spelling(NamedTuple):
    """What of it counts in a sort."""

    case: bool = False
    marks: bool = False

    def of(self, spelt: str) -> tuple[str, str]:
        """Return what counts of that which stands behind a key: marks more than case."""
        capitals, _, marks = spelt.partition(MARKED)
        return marks if self.marks else "", capitals if self.case else ""


UNSPELT: Final = Spelling()


def sort_key(words: Sequence[str], text: str, *, title: bool = False) -> str:
    """Return the key of a heading with its spelling, given its words and the text that they are the words of."""
    at = analyser.articles(words) if title else 0
    key = analyser.heading(words[at:])
    written = " ".join(analyser.spelt(text)[at:])
    if written == key:
        return key
    capitals, marks = "", ""
    for match in _TELLING.finditer(written, 0, len(key)):
        at, char, small = match.start(), match[0], match[0].lower()
        if small != char:
            capitals += _PLACES[at]
        if small != key[at]:
            marks += _PLACES[at] + small
    return f"{key}{SPELT}{capitals}" + (f"{MARKED}{marks}" if marks else "")
