"""Programs of others that tests talk to where they are installed; where they are not, the report says so."""

from __future__ import annotations

import shutil

import pytest


def needs(program: str) -> pytest.MarkDecorator:
    """Skip a test where *program*, of Debian's yaz, is not installed."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} (Debian's yaz) is not installed")
