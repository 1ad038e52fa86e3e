"""The French of the command line: English text in the code to French, and click's own words."""

from __future__ import annotations

from typing import Final

FRENCH: Final[dict[str, str]] = {}
