"""Kiosks in a process of their own, to be killed: each lends and takes back one item, for ever, over the real store.

Run as ``python -m tests.integration.kiosks DIRECTORY URL COUNT START``. Kiosk k works on item Ik and writes
``k n reply`` to standard output once its n-th request is acknowledged; n counts on from START.
"""

from __future__ import annotations

import os
import sys
from hashlib import blake2b
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred

from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.database import Location
from storage.store import Store, open_store
from storage.usecase import Ledger, Outcome
from tests.counter import at
from tests.network import NOW


def ask(store: Store, kiosk: int, number: int, connection: int) -> Deferred[Outcome[Any]]:
    """Ask for a kiosk's n-th request: even ones lend, odd ones take back."""
    digest = blake2b(f"{kiosk}:{number}".encode(), digest_size=16).digest()
    ledger: Ledger[Any] = Ledger(
        "sip2:kiosks", digest, connection, lambda answer: b"%d:%d" % (number, answer.ok), window=10**9
    )
    if number % 2:
        return store.transact(CHECKIN, CheckinRequest(f"I{kiosk}", at()), NOW, ledger)
    return store.transact(CHECKOUT, CheckoutRequest("R1", f"I{kiosk}", at()), NOW, ledger)


async def run(store: Store, kiosk: int, number: int) -> None:
    while True:
        outcome = await ask(store, kiosk, number, connection=os.getpid())
        os.write(1, f"{kiosk} {number} {outcome.reply.decode()}\n".encode())
        number += 1


def main(directory: str, url: str, count: str, *starts: str) -> None:
    store = open_store(Location(Path(directory), url), reactor)
    for kiosk, start in zip(range(1, int(count) + 1), starts, strict=True):
        Deferred.fromCoroutine(run(store, kiosk, int(start)))
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
