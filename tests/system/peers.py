"""Programs of others that tests talk to where they are installed; where they are not, the report says so."""

from __future__ import annotations

import shutil
from typing import Final

import pytest

PACKAGES: Final = {
    "tshark": "tshark",
    "yaz-client": "yaz",
    "yaz-ztest": "yaz",
    "zebraidx": "idzebra-2.0",
    "zebrasrv": "idzebra-2.0",
}
"""The programs, and the packages of Debian that have them."""


def needs(program: str) -> pytest.MarkDecorator:
    """Skip a test where *program* is not installed."""
    reason = f"{program} (Debian's {PACKAGES[program]}) is not installed"
    return pytest.mark.skipif(shutil.which(program) is None, reason=reason)
