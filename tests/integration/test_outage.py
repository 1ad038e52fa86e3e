"""The PostgreSQL server goes away and comes back, in order or by a crash, while kiosks work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from storage.circulation.accounts import item_information
from storage.database import Location
from storage.store import StoreUnavailable
from tests.counter import Counter
from tests.integration.kiosks import ask
from tests.network import LENS, NOW
from tests.postgresql import Server
from tests.reactor import await_, until


@pytest.fixture
def counter(postgresql_location: Location) -> Iterator[Counter]:
    counter = Counter(postgresql_location)
    yield counter
    counter.close()


class Kiosk:
    """Asks one request after the other; after a failure, the same again on a new connection."""

    def __init__(self, counter: Counter, number: int) -> None:
        self.counter = counter
        self.number = number
        self.done = self.failed = 0
        self.connection = number
        self.running = True

    async def run(self) -> None:
        while self.running:
            try:
                outcome = await ask(self.counter.store, self.number, self.done, self.connection)
            except StoreUnavailable:
                self.failed += 1
                self.connection += 100
                await deferLater(reactor, 0.005)
            else:
                assert outcome.reply == b"%d:1" % self.done
                self.done += 1


@pytest.mark.parametrize("mode", ["immediate", "fast"])
def test_an_outage_loses_nothing_and_ends_by_itself(counter: Counter, postgresql: Server, mode: str) -> None:
    kiosks = [Kiosk(counter, number) for number in range(1, 9)]
    running: list[Any] = [Deferred.fromCoroutine(kiosk.run()) for kiosk in kiosks]
    until(lambda: all(kiosk.done > 5 for kiosk in kiosks))
    postgresql.stop(mode)
    try:
        until(lambda: all(kiosk.failed > 5 for kiosk in kiosks))
        down = counter.store.healthy
        assert not down
        reading = counter.store.read(item_information(counter.store.network, "I1", LENS, NOW))
        with pytest.raises(StoreUnavailable):
            await_(reading)
        with pytest.raises(StoreUnavailable):
            await_(counter.store.work(Connection.commit))
    finally:
        postgresql.start()
    before = [kiosk.done for kiosk in kiosks]
    until(lambda: all(kiosk.done > was + 5 for kiosk, was in zip(kiosks, before, strict=True)))
    for kiosk in kiosks:
        kiosk.running = False
    for one in running:
        await_(one)
    assert counter.store.healthy
    counts = counter.sql("SELECT item_id, count(*) FROM journal GROUP BY item_id ORDER BY item_id")
    assert [count for _, count in counts] == [kiosk.done for kiosk in kiosks]
