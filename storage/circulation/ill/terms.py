"""What a lender demands before it lends: a fee, restrictions of use; said by it, agreed to by staff, said back to it."""

from __future__ import annotations

import json
from typing import NamedTuple


class Terms(NamedTuple):
    """A fee in minor units of *currency* (None: none is demanded), and ItemUseRestrictionTypes."""

    fee: int | None = None
    currency: str = ""
    uses: tuple[str, ...] = ()

    def kept(self) -> str:
        """Give what the store keeps: empty where nothing is demanded."""
        return json.dumps(self) if self != Terms() else ""

    def __str__(self) -> str:
        """Show it to staff: ``2.50 EUR; In Library Use Only``."""
        fee = () if self.fee is None else (f"{self.fee // 100}.{self.fee % 100:02} {self.currency}",)
        return "; ".join((*fee, *self.uses))


def terms_of(kept: str) -> Terms:
    """Give the terms that the store kept."""
    if not kept:
        return Terms()
    fee, currency, uses = json.loads(kept)
    return Terms(fee, currency, tuple(uses))
