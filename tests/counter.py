"""A counter for tests: a real store, driven by the real reactor, with acts as plain calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList

from storage.circulation.accounts import Item, PatronAccount, item_information, patron_information
from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.renew import RENEW, RenewRequest
from storage.database import Location
from storage.store import open_store
from storage.usecase import Ledger, Origin, Outcome
from tests.network import LENS, NOW
from tests.reactor import await_


def at(library: int = LENS) -> Origin:
    """Who asks: a desk of *library*."""
    return Origin("sip2", "desk", library)


class Counter:
    """Acts on the store at *location*, each awaited; `store` is there for what is not."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self.store = open_store(location, reactor)

    def close(self) -> None:
        await_(self.store.close())

    def do(self, usecase: Any, request: Any, ledger: Ledger[Any] | None = None, now: int = NOW) -> Outcome[Any]:
        return await_(self.store.transact(usecase, request, now, ledger))

    def answer(self, usecase: Any, request: Any, now: int = NOW) -> Any:
        return self.do(usecase, request, now=now).answer

    def do_all(self, acts: Sequence[tuple[Any, Any]]) -> list[Any]:
        """Ask for many acts at once; return each one's answer, or the exception it failed with."""
        return settle([self.store.transact(usecase, request, NOW) for usecase, request in acts])

    def checkout(self, card: str, barcode: str, library: int = LENS, **more: Any) -> Any:
        return self.do(CHECKOUT, CheckoutRequest(card, barcode, at(library), **more)).answer

    def renew(self, card: str, barcode: str, library: int = LENS, **more: Any) -> Any:
        return self.do(RENEW, RenewRequest(card, barcode, at(library), **more)).answer

    def checkin(self, barcode: str, library: int = LENS, now: int = NOW) -> Any:
        return self.do(CHECKIN, CheckinRequest(barcode, at(library)), now=now).answer

    def item(self, barcode: str, library: int = LENS) -> Item:
        found = await_(self.store.read(item_information(self.store.network, barcode, library, NOW))).item
        assert found is not None
        return found

    def patron(self, card: str, pin: str | None = None, now: int = NOW) -> PatronAccount:
        return await_(self.store.read(patron_information(self.store.network, card, LENS, "sip2", pin, now)))

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """Run a statement beside the store, in a transaction of its own; return its rows, if it has any."""
        with self.location.engine().begin() as connection:
            result = connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    def journal(self) -> list[str]:
        return [row[0] for row in self.sql("SELECT act FROM journal ORDER BY seq")]

    def hold(self, hold_id: int, patron: int, *, item: int, pickup: int) -> None:
        self.sql(
            "INSERT INTO hold (id, patron_id, target_item_id, pickup_id, requested_at) VALUES (:i, :p, :t, :l, :n)",
            i=hold_id, p=patron, t=item, l=pickup, n=NOW,
        )  # fmt: skip


def settle(deferreds: Sequence[Deferred[Outcome[Any]]]) -> list[Any]:
    """Wait for all; return answers and exceptions."""
    results: Any = await_(DeferredList(deferreds, consumeErrors=True))
    return [result.answer if done else result.value for done, result in results]
