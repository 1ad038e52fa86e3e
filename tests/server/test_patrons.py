"""A reader's PIN tried over a real store, on each database."""

from __future__ import annotations

from twisted.internet.defer import gatherResults

from server import patrons
from server.patrons import read_patron
from storage.circulation.pins import TRIES, PinState
from tests.counter import Counter, at
from tests.network import NOW
from tests.reactor import await_


def test_of_many_tries_at_once_only_so_many_are_compared_with_the_pin(counter: Counter) -> None:
    pins = [*map(str, range(2000, 4000)), "1234"]
    asked = [read_patron(counter.store, "R1", pin, at(), NOW) for pin in pins]
    found = [account.pin for account in await_(gatherResults(asked))]
    assert found == [PinState.WRONG] * TRIES + [PinState.LOCKED] * (len(pins) - TRIES)
    assert patrons._tries == {}


def test_tries_on_other_cards_and_reads_without_a_pin_do_not_wait(counter: Counter) -> None:
    wrong = read_patron(counter.store, "R1", "0000", at(), NOW)
    others = [read_patron(counter.store, "R2", "1234", at(), NOW), read_patron(counter.store, "R1", None, at(), NOW)]
    assert [account.pin for account in await_(gatherResults(others))] == [PinState.RIGHT, PinState.NOT_GIVEN]
    assert await_(wrong).pin is PinState.WRONG


def test_a_try_that_fails_lets_the_next_begin(counter: Counter) -> None:
    counter.close()
    for _ in range(2):
        read_patron(counter.store, "R1", "0000", at(), NOW).addErrback(lambda _failure: None)
    assert patrons._tries == {}
