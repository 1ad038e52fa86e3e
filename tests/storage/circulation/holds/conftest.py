from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage.database import Location
from tests.storage.circulation.holds.holders import Holders


@pytest.fixture
def desk(location: Location) -> Iterator[Holders]:
    """A desk at the small network."""
    made = Holders(location)
    yield made
    made.close()
