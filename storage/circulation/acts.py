"""What the acts on a loan share: their answer, their place and time, due dates and PINs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from storage.circulation import writes
from storage.circulation.accounts import Item, Patron
from storage.circulation.due import Due, compute, local_day
from storage.circulation.pins import LOCK_SECONDS, TRIES, PinState
from storage.network.policies import Context, Found
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin

if TYPE_CHECKING:
    from storage.network.network import Library, Network
    from storage.statements import Call


@dataclass(frozen=True, slots=True)
class LoanAnswer:
    """The answer to a check-out or renewal. *reasons* is empty when it was done; *renewed*: it was a renewal."""

    reasons: tuple[Reason, ...]
    barcode: str
    item: Item | None = None
    patron: Patron | None = None
    due: Due | None = None
    loan_id: int | None = None
    renewals: int = 0
    renewed: bool = False
    pin: PinState = PinState.NOT_GIVEN

    @property
    def ok(self) -> bool:
        """Whether the item is on loan to the reader by this request."""
        return not self.reasons


class Setting(NamedTuple):
    """The place and time of an act, and where policies on it are looked for."""

    library: Library
    today: date
    day: str
    now: int
    context: Context


def setting_of(network: Network, origin: Origin, item: Item, patron: Patron, now: int) -> Setting:
    """Return place, local day and policy context of an act on *item* by *patron*."""
    library = network.libraries[origin.library_id]
    today = local_day(now, library.zone)
    row = item.row
    context = Context(row.owner_id, item.type.path, patron.category.path, library.id, row.location, origin.channel)
    return Setting(library, today, today.isoformat(), now, context)


def due_date(network: Network, setting: Setting, item: Item, period: Found, start: date | None = None) -> Due:
    """Return when a loan or renewal made now ends, with the closed-day rule of the lending library."""
    policy = network.policy(setting.day)
    closed = policy.find("loan.closed-days", setting.context)
    return compute(
        setting.now,
        start or setting.today,
        period.value,
        closed.value,
        setting.library.calendar,
        item.row.due_back_on,
    )


def check_pin(network: Network, patron: Patron, pin: str | None, now: int) -> PinState:
    """Compare the PIN that came with an act."""
    row = patron.row
    return network.pins.check(row.code, row.pin_hash, row.pin_locked_until, pin, now)


def refuse_pin(
    origin: Origin, barcode: str, item: Item, patron: Patron, pin: PinState, now: int
) -> Decision[LoanAnswer]:
    """Refuse an act for its PIN, note the failure, and tell nothing of the account."""
    if pin is PinState.LOCKED:
        return Decision(LoanAnswer((Reason.PIN_LOCKED,), barcode, item, pin=pin))
    noted, entries = failure(origin, patron, now)
    return Decision(LoanAnswer((Reason.WRONG_PIN,), barcode, item, pin=pin), (noted,), entries)


def failure(origin: Origin, patron: Patron, now: int) -> tuple[Call, tuple[Entry, ...]]:
    """Return the write that counts one more wrong PIN; the last try locks the PIN, which the journal is told."""
    failures = patron.row.pin_failures + 1
    if failures >= TRIES:
        return writes.PIN_TRIED(patron.row.id, 0, now + LOCK_SECONDS), (Entry("pin-locked", origin.library_id),)
    return writes.PIN_TRIED(patron.row.id, failures, None), ()
