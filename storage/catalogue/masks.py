"""Masks: words of which only a part is known, as regular expressions over the terms of the index.

Each of the notations in which people write them is read here into an expression that costs little whatever is asked: single
characters, classes and a few gaps, never a repetition of a repetition. What is not masked is folded like any text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise, takewhile
from typing import Final

from storage.catalogue import analyser
from storage.catalogue.query import Mask, QueryError, QueryReason

MAX_GAPS: Final = 4
"""Places of one mask where characters may stand or not."""
MAX_BACKTRACKS: Final = 2
"""Those of them that may be tried at many lengths, one for another: each multiplies the work by the length of a word."""
_SHORT: Final = 3
MAX_LENGTH: Final = 60

_ANY: Final = ".*"
_ONE: Final = "."


def truncated(text: str, *, right: bool) -> tuple[Mask, ...]:
    """Return a mask for each word of a text, the first one open to the left, the last one to the right if that is so."""
    words = [[word] for word in analyser.asked(text)]
    if words:
        words[0].insert(0, _ANY)
    if words and right:
        words[-1].append(_ANY)
    return tuple(_mask(text, [part if part == _ANY else re.escape(part) for part in word]) for word in words)


def _notation(token: str, meaning: Callable[[re.Match[str]], str]) -> Callable[[str], tuple[Mask, ...]]:
    """Return the reader of a notation: of each word that blanks set apart, what `token` matches is not text."""
    pattern = re.compile(token)

    def read(text: str) -> tuple[Mask, ...]:
        return tuple(_mask(word, _parts(word, pattern, meaning)) for word in text.split())

    return read


def _parts(word: str, token: re.Pattern[str], meaning: Callable[[re.Match[str]], str]) -> list[str]:
    out, at = [], 0
    for match in token.finditer(word):
        out += [_literal(word[at : match.start()]), meaning(match)]
        at = match.end()
    return [part for part in (*out, _literal(word[at:])) if part]


def _literal(text: str) -> str:
    return re.escape("".join(analyser.words(text)))


def _mask(text: str, parts: list[str]) -> Mask:
    """Return the mask of these parts of an expression."""
    if len(text) > MAX_LENGTH or sum(part[-1] in _REPEATS for part in parts) > MAX_GAPS:
        raise QueryError(QueryReason.BAD_MASK, text)
    if not any(map(str.isalnum, parts)):
        raise QueryError(QueryReason.EMPTY_TERM, text)
    prefix, found = "".join(takewhile(str.isalnum, parts)), _without_return(parts)
    if sum(map(_is_tried, found)) > MAX_BACKTRACKS:
        raise QueryError(QueryReason.BAD_MASK, text)
    return Mask(prefix, "".join(found))


def _without_return(parts: list[str]) -> list[str]:
    """Return the parts with any characters before a text, where any follow again, as one part that takes the first place that fits.

    If the rest is found behind a later place, it is found behind the first one: what lies between is among the any.
    """
    out: list[str] = []
    gaps = [at for at, part in enumerate(parts) if part == _ANY]
    at = 0
    for gap, following in pairwise(gaps):
        if all(part[-1] not in _REPEATS for part in parts[gap + 1 : following]):
            out += [*parts[at:gap], f"(?>.*?{''.join(parts[gap + 1 : following])})"]
            at = following
    return out + parts[at:]


_REPEATS: Final = "*+?}"


def _is_tried(part: str) -> bool:
    """Tell whether a part may be of many lengths."""
    return part[-1] in "*+" or (part[-1] == "}" and int(part[4:-1]) > _SHORT)


def _hash(match: re.Match[str]) -> str:
    return _ANY


def _z3958(match: re.Match[str]) -> str:
    sign = match[0]
    if sign == "#":
        return _ONE
    return _ANY if sign == "?" else f".{{0,{min(int(sign[1:]), analyser.MAX_TERM)}}}"


def _atom(match: re.Match[str]) -> str:
    """Return one character of a regular expression, or a class of them, with how often it stands; brackets do not nest."""
    what, times = match[1], match[2]
    if what.startswith("["):
        negated, body = what[1:-1].startswith("^"), what[1:-1].removeprefix("^").casefold()
        ranges = re.findall(r"(.)-(.)", body)
        if not re.fullmatch(r"(?:[^\W_](?:-[^\W_])?)+", body) or any(low > high for low, high in ranges):
            raise QueryError(QueryReason.BAD_MASK, what)
        what = f"[{'^' if negated else ''}{body}]"
    elif what != ".":
        what = _literal(what.removeprefix("\\"))
    return what + times if what else ""


hash_masks: Final = _notation(r"#", _hash)
"""`#` stands for any number of characters (Bib-1 truncation 101)."""
z3958_masks: Final = _notation(r"\?[0-9]*|#", _z3958)
"""`#` stands for one character, `?` for any number, `?3` for up to three (Bib-1 truncation 104, Z39.58)."""
_expressions: Final = _notation(r"(\[[^\]]+\]|\\?.)([*+?]?)", _atom)


def expression_masks(text: str) -> tuple[Mask, ...]:
    """Return the masks of regular expressions: `.`, classes, `*`, `+` and `?` after one character (truncation 102, 103).

    Groups and alternatives are refused: what they cost has no bound. Raises QueryError (BAD_MASK, EMPTY_TERM).
    """
    if re.search(r"[(){}|^$]", re.sub(r"\[[^\]]*\]", "", text)):
        raise QueryError(QueryReason.BAD_MASK, text)
    return _expressions(text)
