"""A reader's account with its PIN checked and the check noted: the same for every wire."""

from __future__ import annotations

from collections import deque
from typing import Final

from twisted.internet.defer import Deferred

from storage.circulation.accounts import PatronAccount, View, patron_information
from storage.circulation.pin_tries import PIN_TRIED, PinTried
from storage.circulation.pins import PinState
from storage.store import Store
from storage.usecase import Origin


class _Turns:
    """The tries on one card: whether one is under way, and those that wait for its end."""

    __slots__ = ("busy", "going", "waiting")

    def __init__(self) -> None:
        self.busy = True
        self.going = False  # the loop of `go` is on the stack
        self.waiting: deque[Deferred[None]] = deque()

    def go(self) -> None:
        """Begin the next try, and those after it that are over at once. A loop: there may be thousands."""
        self.busy = False
        if self.going:
            return
        self.going = True
        while self.waiting and not self.busy:
            self.busy = True
            self.waiting.popleft().callback(None)
        self.going = False


_tries: Final[dict[tuple[Store, str], _Turns]] = {}
"""By store and card, where a try is not over."""


def read_patron(
    store: Store, card: str, pin: str | None, origin: Origin, now: int, view: View = View.DETAILS
) -> Deferred[PatronAccount]:
    """Read the account of *card*, as much as *view* says; a wrong *pin* is counted on disk before this fires.

    *pin* is None when the message had none, and empty when it came empty. Fails with `StoreUnavailable`.

    Tries on one card are made one after the other: of a hundred that come at once, those after the one that locks must
    find the lock, and not be compared with the PIN before the first is counted.
    """
    if pin is None:
        return _read(store, card, pin, origin, now, view)
    key = store, card
    turns = _tries.get(key)
    if turns is None:
        reading = _read(store, card, pin, origin, now, view)
        if reading.called and _settled(getattr(reading, "result", None)):
            return reading
        turns = _tries[key] = _Turns()
        trying: Deferred[PatronAccount] = reading.addCallback(_noted, store, origin, now)
    else:
        turn: Deferred[None] = Deferred()
        turns.waiting.append(turn)
        trying = turn.addCallback(lambda _none: _try(store, card, pin, origin, now, view))
    return trying.addBoth(_over, key, turns)


def _over(result: PatronAccount, key: tuple[Store, str], turns: _Turns) -> PatronAccount:
    """Let the next try begin, whatever came of this one."""
    turns.go()
    if not (turns.going or turns.busy or turns.waiting):
        del _tries[key]
    return result


def _read(store: Store, card: str, pin: str | None, origin: Origin, now: int, view: View) -> Deferred[PatronAccount]:
    return store.read(patron_information(store.network, card, origin.library_id, origin.channel, pin, now, view))


def _try(store: Store, card: str, pin: str, origin: Origin, now: int, view: View) -> Deferred[PatronAccount]:
    return _read(store, card, pin, origin, now, view).addCallback(_noted, store, origin, now)


def _settled(result: object) -> bool:
    """Tell whether a read that is over has left nothing to note: then no try was under way beside it."""
    return isinstance(result, PatronAccount) and result.pin is PinState.RIGHT and not _forgets(result)


def _forgets(account: PatronAccount) -> bool:
    """Tell whether a right PIN ends a row of wrong ones."""
    return account.patron is not None and account.patron.row.pin_failures > 0


def _noted(account: PatronAccount, store: Store, origin: Origin, now: int) -> PatronAccount | Deferred[PatronAccount]:
    right = account.pin is PinState.RIGHT
    if account.patron is None or not (account.pin is PinState.WRONG or (right and _forgets(account))):
        return account
    noting = store.transact(PIN_TRIED, PinTried(account.card, right, origin), now)
    return noting.addCallback(lambda outcome: account._replace(pin=outcome.answer or account.pin))
