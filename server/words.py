"""What the command line says, in English or French, as LANG asks.

The texts in the code are English. `server.french` has the French ones, and click's own words; the catalogue that gettext
reads at run time is made from it by `python -m server.reference`, and a test fails when it is stale.
"""

from __future__ import annotations

import gettext
from pathlib import Path
from typing import Final

DOMAIN: Final = "bibliobus"
LOCALES: Final = Path(__file__).parent / "locale"

# click's own words are looked up in the default domain too.
gettext.bindtextdomain(DOMAIN, str(LOCALES))
gettext.textdomain(DOMAIN)

LANGUAGE: Final = "fr" if gettext.find(DOMAIN, str(LOCALES)) else "en"
"""The user's language, of those that the store's sentences are in."""

_ = gettext.gettext
"""Give a text in the user's language."""
