"""Failures of a reader's PIN are counted, and too many lock it for a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from storage.circulation import facts, writes
from storage.circulation.accounts import find_patron
from storage.circulation.acts import failure
from storage.circulation.pins import PinState
from storage.refusals import Reason
from storage.usecase import Decision, Origin, UseCase

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Row, Steps


@dataclass(frozen=True, slots=True)
class PinTried:
    """A PIN was given for *card*, and it was *right* or not."""

    card: str = field(repr=False)
    right: bool
    origin: Origin


def gather(request: PinTried, network: Network) -> Steps[list[Row]]:
    """Lock and read the reader."""
    _, rows = yield [facts.LOCK_PATRON(request.card), facts.PATRON(request.card)]
    return list(rows)


def decide(request: PinTried, rows: list[Row], network: Network, now: int) -> Decision[PinState]:
    """Count a failure; a right PIN forgets those before it.

    The PIN was compared before the reader was locked here: of many tries at once, those that come after the one that
    locks find the lock. They neither lift nor lengthen it, and are told of nothing else.
    """
    tried = PinState.RIGHT if request.right else PinState.WRONG
    patron = find_patron(network, rows, network.libraries[request.origin.library_id].namespace, "")
    if isinstance(patron, Reason):
        return Decision(tried)
    if patron.row.pin_locked_until is not None and now < patron.row.pin_locked_until:
        return Decision(PinState.LOCKED)
    if request.right:
        return Decision(tried, (writes.PIN_TRIED(patron.row.id, 0, None),))
    noted, entries = failure(request.origin, patron, now)
    return Decision(tried, (noted,), entries)


PIN_TRIED: Final = UseCase(
    name="pin tried",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"card:{request.card}",),
    failed=lambda _request, _code: PinState.WRONG,
)
