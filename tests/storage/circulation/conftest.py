from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage.database import Location
from tests.storage.circulation.desk import Desk


@pytest.fixture
def desk(location: Location) -> Iterator[Desk]:
    """A desk at the small network."""
    made = Desk(location)
    yield made
    made.close()
