"""Text to terms, one way for what is indexed and what is asked.

A word loses its case, accents, ligatures (œ, æ, ß) and elided article (l', qu'): "L'Œuvre" and "oeuvre" are one term. An ideograph
is a word of its own. Identifiers come in one form: ISBN-10 and 13, with or without hyphens, are one term.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from stdnum import ean, issn

MAX_TERM: Final = 120
"""Characters of a term that count, in the index and in a query."""

_LETTERS: Final = {
    "œ": "oe",
    "æ": "ae",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ı": "i",
    "ħ": "h",
    "ŧ": "t",
    "ŋ": "n",
}
# Marks that are not letters of their own: of Latin, Greek and Cyrillic, points of Hebrew, vowels of Arabic.
_MARKS: Final = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
_APOSTROPHES: Final = frozenset("'\u2019\u02bc\u2018\u2032\u02b9\uff07\u00b4`")
_IDEOGRAPHS: Final = (
    (0x3040, 0x30FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x20000, 0x3FFFF),
)
_KEPT: Final = 20_000


class _Folding(dict[str, str]):
    """What each character becomes, worked out when it is first met."""

    def __missing__(self, char: str) -> str:
        folded = _fold(char)
        if len(self) < _KEPT:
            self[char] = folded
        return folded


def _fold(char: str) -> str:
    if char in _APOSTROPHES:
        return "'"
    code = ord(char)
    if any(low <= code <= high for low, high in _IDEOGRAPHS):
        return f" {unicodedata.normalize('NFKC', char)} "
    category = unicodedata.category(char)
    if category == "Cf" or char in "\x88\x89\x98\x9c":  # Invisible: soft hyphen, direction, non-sorting characters.
        return ""
    hangul = 0xAC00 <= code <= 0xD7A3
    parts = char if hangul else unicodedata.normalize("NFKD", char.casefold())
    letters = [_LETTERS.get(part, part) for part in _MARKS.sub("", parts).casefold()]
    return "".join(part if unicodedata.category(part[0])[0] in "LMN" else " " for part in letters)


_FOLDING: Final = _Folding()
_ASCII: Final = {code: _fold(chr(code)) for code in range(128)}
_ASCII_OCTETS: Final = bytes(ord(_ASCII.get(code, " ")) for code in range(256))
_NON_ASCII: Final = re.compile("[^\x00-\x7f]")
_ELIDED: Final = re.compile(r"\b(?:[cdjlmnst]|(?:jus|lors|puis|quoi|quel|pres)?qu)'(?=[^ '])")


def _folded(text: str) -> str:
    """Return the text in folded letters, blanks, and apostrophes that stand between letters or open a quotation."""
    if not text.isascii():
        # Character by character only where it must be: translating octets is ten times as fast.
        text = _NON_ASCII.sub(lambda match: _FOLDING[match[0]], unicodedata.normalize("NFC", text))
        if not text.isascii():
            return text.translate(_ASCII)
    return text.encode().translate(_ASCII_OCTETS).decode()


@lru_cache(maxsize=16_384)
def words(text: str) -> tuple[str, ...]:
    """Return the words of a text, in order."""
    folded = _folded(text)
    if "'" in folded:
        folded = _ELIDED.sub("", folded).replace("'", " ")
    found = folded.split()
    if len(folded) > MAX_TERM:
        found = [word[:MAX_TERM] for word in found]
    return tuple(found)


class _Writing(dict[str, str]):
    """What stands for each character in the places of what it is folded to: itself, where that is no blank or apostrophe."""

    def __missing__(self, char: str) -> str:
        written = "".join(folded if folded in " '" else char for folded in _FOLDING[char])
        if len(self) < _KEPT:
            self[char] = written
        return written


_WRITING: Final = _Writing()
_ASCII_WRITING: Final = {code: _WRITING[chr(code)] for code in range(128)}
_ASCII_WRITING_OCTETS: Final = bytes(ord(_ASCII_WRITING.get(code, " ")) for code in range(256))


def spelt(text: str) -> list[str]:
    """Return the `words` of a text as they are written: in the place of each character the one that it was made of."""
    if text.isascii():
        written = text.encode().translate(_ASCII_WRITING_OCTETS).decode()
    else:
        text = _NON_ASCII.sub(lambda match: _WRITING[match[0]], unicodedata.normalize("NFC", text))
        written = text.translate(_ASCII_WRITING)
    if "'" in written:
        for match in _ELIDED.finditer(_folded(text)):
            written = f"{written[: match.start()]}{' ' * len(match[0])}{written[match.end() :]}"
        written = written.replace("'", " ")
    found = written.split()
    return [word[:MAX_TERM] for word in found] if len(written) > MAX_TERM else found


_SPLIT_OFF: Final = frozenset("cdjlmnst") | {"qu"}


def asked(text: str) -> tuple[str, ...]:
    """Return the words of a query's text that must be found.

    Portals send "musiques d ici" for "musiques d'ici": an elided article that stands alone before another word asks for
    nothing.
    """
    found = words(text)
    kept = tuple(word for word in found[:-1] if word not in _SPLIT_OFF) + found[-1:]
    return kept if len(kept) < len(found) else found


_ARTICLES: Final = frozenset(
    [
        "le",
        "la",
        "les",
        "un",
        "une",
        "des",
        "the",
        "a",
        "an",
        "der",
        "die",
        "das",
        "ein",
        "eine",
        "el",
        "los",
        "las",
        "il",
        "lo",
    ]
)


def articles(parts: Sequence[str]) -> int:
    """Return how many of the words of a title are articles that lead it."""
    at = 0
    while at < len(parts) - 1 and parts[at] in _ARTICLES:
        at += 1
    return at


def heading(parts: Sequence[str], *, title: bool = False) -> str:
    """Return the key of a whole heading, given its words; a title's leading articles do not count."""
    return " ".join(parts[articles(parts) if title else 0 :])[:MAX_TERM].rstrip()


# --- identifiers --------------------------------------------------------------------------------------------------------------

_ISBN: Final = re.compile(r"(?<![0-9])(?:97[89][ -]?(?:[0-9][ -]?){9}[0-9]|(?:[0-9][ -]?){9}[0-9Xx])(?![0-9])")
_ISSN: Final = re.compile(r"(?<![0-9])(?:[0-9]{4}[ -]?[0-9]{3}[0-9Xx]|977[ -]?[0-9]{10})(?![0-9])")
_YEAR: Final = re.compile(r"(?<![0-9])(?:1[0-9]{3}|20[0-9]{2})(?![0-9])")
_SEPARATORS: Final = str.maketrans("x", "X", " -")


def isbns(text: str) -> list[str]:
    """Return the ISBNs in a text, as 13 digits; one whose check digit is wrong stays as it is, without separators."""
    return [_isbn(number) for number in _compact(_ISBN, text)]


def _isbn(number: str) -> str:
    if len(number) == 13:
        return number
    # ISO 2108: the digits, weighted 10 to 1 ("X" is 10), sum up to a multiple of 11.
    total = sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), number, strict=False))
    stem = f"978{number[:9]}"
    return stem + ean.calc_check_digit(stem) if (total + _digit(number[9])) % 11 == 0 else number


def _digit(char: str) -> int:
    return 10 if char == "X" else int(char)


def issns(text: str) -> list[str]:
    """Return the ISSNs in a text, as 8 characters; an EAN that begins with 977 is the ISSN inside it."""
    return [_issn(number) for number in _compact(_ISSN, text)]


def _issn(number: str) -> str:
    return number[3:10] + issn.calc_check_digit(number[3:10]) if len(number) == 13 else number


def _compact(pattern: re.Pattern[str], text: str) -> list[str]:
    return [number.translate(_SEPARATORS) for number in pattern.findall(text)]


def years(text: str) -> list[str]:
    """Return the years (1000 to 2099) in a text."""
    return _YEAR.findall(text)


_DAY: Final = re.compile(r"(?:1[0-9]{3}|20[0-9]{2})(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_SHORT_DAY: Final = re.compile(r"([0-9]{2})(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_PIVOT: Final = 60
"""The two digits from which on a short year is of the 20th century: MARC began in its sixties."""


def days(text: str) -> list[str]:
    """Return the day that a coded date is, as YYYYMMDD, given that or YYMMDD; or none."""
    if _DAY.fullmatch(text):
        return [text]
    short = _SHORT_DAY.fullmatch(text)
    return [("19" if int(short[1]) >= _PIVOT else "20") + text] if short else []


def oclc(text: str) -> list[str]:
    """Return the number of an "(OCoLC)ocm00012345", without what stands before its digits; a bare number is one too."""
    agency, _, control = text.rpartition(")")
    if agency and agency.strip("( ").casefold() != "ocolc":
        return []
    digits = re.sub(r"^\D*0*", "", control.strip())
    return number(digits)


def number(text: str) -> list[str]:
    """Return a local number: its letters and digits, folded; one term, or none."""
    folded = "".join(_folded(text).split()).replace("'", "")
    return [folded[:MAX_TERM]] if folded else []
