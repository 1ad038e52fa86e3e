from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage.database import Location
from tests.storage.network.declaring import Store


@pytest.fixture
def store(any_location: Location) -> Iterator[Store]:
    """The small network of `tests.network`, on each database."""
    with any_location.engine().begin() as connection:
        yield Store(any_location, connection)
