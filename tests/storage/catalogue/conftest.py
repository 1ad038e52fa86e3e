"""What oracles share: a store of their own on a file, emptied by rolling back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from storage.database import Location


@pytest.fixture(scope="module")
def oracle_location(small_network_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Location:
    """A small network's store for the whole module: its tests roll back what they write."""
    directory = tmp_path_factory.mktemp("oracle") / "store"
    shutil.copytree(small_network_template, directory)
    return Location(directory)
