"""Words that are like a word of French: of its family (Bib-1 relation 101, stem), or of its sound (100, phonetic).

Both are masks over the words of the index, so nothing else is indexed for them. The rules are few and know no words: `FAMILIES` tells
which endings go for one another, `SOUNDS` which letters are said alike. Terms are folded, so é, è and e are one letter here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import takewhile
from typing import Final, NamedTuple

from storage.catalogue import analyser
from storage.catalogue.query import Mask, QueryError, QueryReason

MIN_ROOT: Final = 3
"""Letters that a word keeps when its ending is taken off."""
MAX_LENGTH: Final = 60
"""Letters of a word."""

FAMILIES: Final = (
    "al ale ales als ail ails aux",
    "if ifs ive ives",
    "teur teurs trice trices",
    "eur eurs eux euse euses",
    "en ens enne ennes",
    "on ons onne onnes",
    "eau eaux el els elle elles",
    "et ets ette ettes",
    "isme ismes iste istes",
    "ement ements",
    "er ers ere eres e s es x ee ees",
)
"""Endings that one word has in its forms: plural, feminine, infinitive and participle. The word may be without the last ones."""


class Sound(NamedTuple):
    """A sound, and how it is written: an expression that looks at the letters around where these count."""

    name: str
    spelt: str


_NASAL: Final = "(?![aeiouyhmn])"
SOUNDS: Final = (
    Sound("ch", "sch|sh|ch(?![lr])"),
    Sound("f", "ph|ff?"),
    Sound("k", "cqu|ck|ch(?=[lr])|qu|q|kk?|cc(?![eiy])|c(?![eiyh])"),
    Sound("z", "(?<=[aeiouy])s(?=[aeiouy])|zz?"),
    Sound("s", "sc(?=[eiy])|ss?|c(?=[eiy])|t(?=ion)"),
    Sound("gn", "gn"),
    Sound("g", "gu(?=[eiy])|gg|gh|g(?![eiy])"),
    Sound("j", "ge(?=[ao])|g|j"),
    Sound("v", "vv?|w"),
    Sound("b", "bb?"),
    Sound("d", "dd?|dh"),
    Sound("l", "ll?"),
    Sound("p", "pp?"),
    Sound("r", "rrh?|rh?"),
    Sound("t", "tt?h?"),
    Sound("an", f"h?[ae][mn]{_NASAL}"),
    Sound("in", f"h?(?:[ae]i[mn]|[iy][mn]|u[mn]){_NASAL}"),
    Sound("on", f"h?o[mn]{_NASAL}"),
    Sound("m", "mm?"),
    Sound("n", "nn?"),
    Sound("oi", "h?o[iy]"),
    Sound("ou", "h?ou"),
    Sound("eu", "h?o?eu"),
    Sound("o", "h?(?:e?au|o)"),
    Sound("e", "h?(?:[ae][iy]|ee?)"),
    Sound("i", "h?[iy]"),
    Sound("u", "h?u"),
    Sound("a", "h?a"),
)
"""What sounds alike; of the ways that fit at a place, the first one counts."""
SILENT: Final = "e?[dpstxz]{0,2}"
"""What is not heard at the end of a word."""


def stems(text: str) -> tuple[Mask, ...]:
    """Return a mask for each word of a text: all words of its family. Raises QueryError (BAD_MASK)."""
    return _masks(text, _family)


def sounds(text: str) -> tuple[Mask, ...]:
    """Return a mask for each word of a text: all words that sound like it. Raises QueryError (BAD_MASK)."""
    return _masks(text, _sound)


def _masks(text: str, alike: Callable[[str], list[str]]) -> tuple[Mask, ...]:
    words = analyser.asked(text)
    too_long = next((word for word in words if len(word) > MAX_LENGTH), None)
    if too_long is not None:
        raise QueryError(QueryReason.BAD_MASK, too_long)
    parts = [alike(word) for word in words]
    return tuple(Mask("".join(takewhile(str.isalnum, part)), "".join(part)) for part in parts)


_ENDINGS: Final = sorted(
    ((ending, family) for family in FAMILIES for ending in family.split()), key=lambda row: -len(row[0])
)
_PLAIN: Final = FAMILIES[-1]


def _family(word: str) -> list[str]:
    """Return a word as its root and the endings of its family."""
    if len(word) < MIN_ROOT or not word.isalpha():
        return [word]
    fitting = (row for row in _ENDINGS if word.endswith(row[0]) and len(word) - len(row[0]) >= MIN_ROOT)
    ending, family = next(fitting, ("", _PLAIN))
    return [word.removesuffix(ending), f"(?:{family.replace(' ', '|')}){'?' * (family is _PLAIN)}"]


_SOUND: Final = re.compile("|".join(f"(?P<{sound.name}>{sound.spelt})" for sound in SOUNDS))
# In atomic groups, the first spelling that fits is the one that counts: no mask goes back, so none costs more than its length.
_GROUPS: Final = {sound.name: f"(?>{sound.spelt})" for sound in SOUNDS}
_END: Final = re.compile(rf"(?<=..){SILENT}$")


def _sound(word: str) -> list[str]:
    """Return a word as its sounds, each as it may be written."""
    if not (word.isalpha() and word.isascii()):
        return [word]
    end = _END.search(word)
    heard = len(word) if end is None else end.start()
    parts, at = [], 0
    while at < heard:
        found = _SOUND.match(word, at)
        parts.append(word[at] if found is None or found.lastgroup is None else _GROUPS[found.lastgroup])
        at = at + 1 if found is None else found.end()
    return [*parts, SILENT]
