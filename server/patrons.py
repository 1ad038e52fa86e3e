"""A reader's account with its PIN checked and the check noted: the same for every wire."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.defer import Deferred

from storage.circulation.accounts import PatronAccount, patron_information
from storage.circulation.pin_tries import PIN_TRIED, PinTried
from storage.circulation.pins import PinState
from storage.store import Store
from storage.usecase import Origin


def read_patron(store: Store, card: str, pin: str | None, origin: Origin, now: int) -> Deferred[PatronAccount]:
    """Read the account of *card*; a wrong *pin* is counted on disk before this fires.

    *pin* is None when the message had none, and empty when it came empty. Fails with `StoreUnavailable`.
    """
    reading = store.read(patron_information(store.network, card, origin.library_id, origin.channel, pin, now))
    return reading if pin is None else reading.addCallback(_noted, store, origin, now)


def _noted(account: PatronAccount, store: Store, origin: Origin, now: int) -> PatronAccount | Deferred[PatronAccount]:
    patron = account.patron
    right = account.pin is PinState.RIGHT
    forgets = right and patron is not None and patron.row.pin_failures > 0
    if patron is None or not (forgets or account.pin is PinState.WRONG):
        return account
    noting = store.transact(PIN_TRIED, PinTried(account.card, right, origin), now)
    return noting.addCallback(lambda outcome: replace(account, pin=outcome.answer or account.pin))
