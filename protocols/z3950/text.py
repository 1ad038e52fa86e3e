"""What text the octets of a term are, when nobody says in which encoding they are (z3950.md 1.4).

Modern origins send UTF-8, old ones ISO 8859-1, windows-1252 or, with UNIMARC, ISO 5426, where an accent precedes its letter. The
first that fits is taken; ISO 5426 fits only when every accent finds a letter of Western Europe to stand on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

_ACCENT_AND_LETTER: Final = re.compile(rb"[\xc1-\xcf][A-Za-z]")
# In capitals, C9 with a vowel is the É of "CRÉATION" in ISO 8859-1 far more often than the umlaut of ISO 5426.
_CAPITAL: Final = re.compile(rb"\xc9[A-Z]")
_WESTERN: Final = re.compile(r"[\0-\xffŒœŸ]*")
# What are controls in ISO 8859-1, and nobody types, are œ, € and curved quotes in windows-1252.
_WINDOWS: Final = re.compile(rb"[\x80-\x9f]")


def term_text(value: bytes, iso5426: Callable[[bytes], str]) -> str:
    """Return the text of *value*, composed (NFC); *iso5426* reads octets of that encoding, and may raise ValueError."""
    try:
        return unicodedata.normalize("NFC", value.decode())
    except UnicodeDecodeError:
        pass
    if _ACCENT_AND_LETTER.search(value) and not _CAPITAL.search(value):
        try:
            text = unicodedata.normalize("NFC", iso5426(value))
        except ValueError:
            text = "\N{REPLACEMENT CHARACTER}"
        if _WESTERN.fullmatch(text):
            return text
    return value.decode("cp1252" if _WINDOWS.search(value) else "latin-1", "replace")
