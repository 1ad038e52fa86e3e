"""Ids: each given once, in order, whatever the clock does and however many threads ask."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from storage.ids import new_id


def test_more_than_fit_into_a_millisecond_are_all_different_and_in_order() -> None:
    ids = [new_id() for _ in range(50_000)]
    assert all(one < next_ for one, next_ in pairwise(ids))


def test_a_clock_that_is_set_back_gives_none_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    monkeypatch.setattr(time, "time", lambda: 1_600_000_001.0)
    assert before < new_id() < new_id()


def test_threads_are_given_different_ones() -> None:
    with ThreadPoolExecutor(4) as pool:
        given = list(pool.map(lambda _number: [new_id() for _ in range(5_000)], range(4)))
    assert len({each for some in given for each in some}) == 20_000


def test_an_id_is_a_positive_number_of_sixty_three_bits() -> None:
    assert 0 < new_id() < 1 << 63
