"""A fee that a partner reports where lending costs nothing: it is taken note of, and owed by nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from storage.circulation.ill.once import once
from storage.circulation.patrons.act import Changes, Found, on_reader

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.usecase import Origin


@dataclass(frozen=True, slots=True)
class FeeRequest:
    """A partner says that the reader of *card* owes something; *reference* is what it is called here."""

    card: str = field(repr=False)
    reference: str
    origin: Origin


def _waive(_request: FeeRequest, _found: Found, _network: Network, _now: int) -> Changes:
    return ()


WAIVE: Final = once(on_reader("ill-fee-waived", _waive), lambda request: (request.card, request.reference), always=True)
