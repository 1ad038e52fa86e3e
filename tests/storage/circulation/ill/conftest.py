from __future__ import annotations

import pytest

from tests.counter import Counter
from tests.storage.circulation.ill.lender import Lender


@pytest.fixture
def lender(counter: Counter) -> Lender:
    """A partner of the small network; the test runs on each database."""
    counter.sql('UPDATE partner SET profile = \'{"account": "R9"}\'')
    await_reload(counter)
    return Lender(counter)


def await_reload(counter: Counter) -> None:
    from tests.reactor import await_

    await_(counter.store.reload_network())
