"""Test data that is not the project's: samples and schemas beside the working tree, when they are there."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what uses the data where there is none."""
    if not DATA.is_dir():
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="no ../shared/data beside this working tree"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Where samples, schemas and record files lie."""
    return DATA
