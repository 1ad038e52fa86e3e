"""Reads beside acts on SQLite: which connection they have, and that they see what is on disk and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue

import pytest
from twisted.internet import reactor
from twisted.internet.task import deferLater

from storage.circulation.accounts import item_information
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.status import Status
from storage.database import Location
from storage.drivers.sqlite import SQLiteDriver
from storage.statements import STAMP, Steps
from tests.counter import Counter, at
from tests.network import LENS, NOW
from tests.reactor import await_


@pytest.fixture
def counter(location: Location) -> Iterator[Counter]:
    counter = Counter(location)
    yield counter
    counter.close()


def status(counter: Counter) -> Status:
    found = await_(counter.store.read(item_information(counter.store.network, "I1", LENS, NOW)))
    assert found.item is not None
    return found.item.status


def lends(driver: SQLiteDriver) -> bool:
    return driver._snapshot.lent is driver._writer


def test_a_read_beside_an_act_sees_it_when_it_is_on_disk_and_never_before(counter: Counter) -> None:
    driver = counter.store._driver
    assert isinstance(driver, SQLiteDriver)
    done = counter.store.transact(CHECKOUT, CheckoutRequest("R1", "I1", at()), NOW)
    assert status(counter) is Status.AVAILABLE  # The act waits for the end of the turn.
    committer, driver._jobs = driver._jobs, SimpleQueue()
    await_(deferLater(reactor, 0))
    assert not lends(driver)
    assert status(counter) is Status.AVAILABLE  # It is done, and not yet on disk.
    assert not done.called
    committer.put(driver._jobs.get_nowait())
    driver._jobs = committer
    answer = await_(done).answer
    assert answer is not None
    assert answer.ok
    assert status(counter) is Status.ON_LOAN
    assert lends(driver)


def test_a_snapshot_on_the_writing_connection_ends_before_the_next_batch(counter: Counter) -> None:
    driver = counter.store._driver
    assert isinstance(driver, SQLiteDriver)
    status(counter)
    assert driver._writer.in_transaction
    assert counter.checkout("R1", "I1").ok
    assert status(counter) is Status.ON_LOAN
    await_(deferLater(reactor, 0))
    assert not driver._writer.in_transaction


def test_the_stamp_is_another_after_each_act_on_whichever_connection_it_is_read(counter: Counter) -> None:
    driver = counter.store._driver
    assert isinstance(driver, SQLiteDriver)

    def stamp() -> object:
        await_(deferLater(reactor, 0))  # a snapshot is as long as a turn

        def read() -> Steps[object]:
            (((found,),),) = yield [STAMP()]
            return found

        return await_(counter.store.read(read()))

    lent = stamp()
    assert stamp() == lent
    driver._snapshot.give_back()
    own = stamp()
    driver._snapshot.lent = driver._writer
    assert counter.checkout("R1", "I1").ok
    after = stamp()
    driver._snapshot.give_back()
    assert len({lent, own, after, stamp()}) == 4
