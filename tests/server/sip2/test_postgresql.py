"""What a kiosk reads, asked of a store on PostgreSQL: the same tests, where every answer has to be waited for."""

from __future__ import annotations

import pytest

from storage.database import Location
from tests.server.sip2 import test_acts, test_fees, test_order, test_profiles


class _OnPostgreSQL:
    location: Location

    @pytest.fixture(autouse=True)
    def _take_location(self, postgresql_location: Location) -> None:
        self.location = postgresql_location


class HoldTests(_OnPostgreSQL, test_acts.HoldTests):
    """15 and 16."""


class PatronTests(_OnPostgreSQL, test_acts.PatronTests):
    """01 and 25."""


class ItemTests(_OnPostgreSQL, test_acts.ItemTests):
    """19, 37 and 65."""


class OfflineTests(_OnPostgreSQL, test_acts.OfflineTests):
    """`no block`."""


class UndoTests(_OnPostgreSQL, test_acts.UndoTests):
    """BI."""


class LegacyTests(_OnPostgreSQL, test_acts.LegacyTests):
    """1.00."""


class FeeTests(_OnPostgreSQL, test_fees.FeeTests):
    """Fees."""


class OtherTests(_OnPostgreSQL, test_profiles.OtherTests):
    """Options of profiles, and their reloading."""


class RepetitionTests(_OnPostgreSQL, test_order.RepetitionTests):
    """Exactly once."""
