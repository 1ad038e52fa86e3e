"""The languages that readers are spoken to in at a terminal: French, English, and each that there is a catalogue of texts in.

Every text is a pair of the tables, French and English. In other languages it is looked up by its English in gettext's
`locale/LANGUAGE/LC_MESSAGES/sip2.mo`, made of the template `locale/sip2.pot`: a language is added without a line of code.
"""

from __future__ import annotations

import gettext
from pathlib import Path
from typing import Final, TypeAlias

from protocols.sip2.codes import TONGUES, Language
from server.words import LOCALES

Text: TypeAlias = tuple[str, str]
"""French and English."""
DOMAIN: Final = "sip2"
_TABLES: Final = ("fr", "en")
_CODES: Final = {tongue: code for code, tongue in reversed(TONGUES.items())}


def catalogues(folder: Path) -> dict[str, gettext.GNUTranslations]:
    """Return the catalogues in *folder*, by language. Raises OSError for one that is none."""
    found = {}
    for path in folder.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"):
        with path.open("rb") as file:
            found[path.parts[-3]] = gettext.GNUTranslations(file)
    return found


CATALOGUES: Final = catalogues(LOCALES)


def has(language: str | None) -> bool:
    """Tell whether there are texts in *language*."""
    return language in _TABLES or language in CATALOGUES


def in_language(text: Text, language: str) -> str:
    """Return *text* in *language*; in English what its catalogue lacks."""
    if language in _TABLES:
        return text[_TABLES.index(language)]
    catalogue = CATALOGUES.get(language)
    return text[1] if catalogue is None else catalogue.gettext(text[1])


def code_of(language: str, asked: Language) -> Language:
    """Return the code of *language* for the response to who *asked* for one: the same where it means this language."""
    return asked if TONGUES.get(asked) == language else _CODES[language]
