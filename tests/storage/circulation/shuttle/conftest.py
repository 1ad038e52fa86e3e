from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage.database import Location
from tests.storage.circulation.shuttle.yard import Yard, yard_at


@pytest.fixture
def yard(any_location: Location) -> Iterator[Yard]:
    """The shuttle of the small network; the test runs on each database."""
    with yard_at(any_location) as made:
        yield made
