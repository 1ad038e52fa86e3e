"""How long a letter that was not taken waits: longer each time, and as agreed with its partner."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from storage.circulation.ill.outbox import FIRST_PAUSE, LONGEST_PAUSE, pause, pauses_of


def partner(retry: Any) -> Any:
    return SimpleNamespace(profile={"retry": retry})


def test_pauses_double_up_to_the_longest() -> None:
    pauses = [pause(tries, 0, *pauses_of(partner([2, 30]))) for tries in range(7)]
    assert pauses == [2, 4, 8, 16, 30, 30, 30]


def test_different_letters_are_a_tenth_apart_at_most() -> None:
    assert {pause(5, salt, 10, 100) for salt in range(50)} == set(range(100, 111))


@pytest.mark.parametrize("retry", [None, 7, [5], [0, 10], [20, 10], ["a", "b"], [1, LONGEST_PAUSE + 1], [1, 2, 3]])
def test_what_is_no_pair_of_pauses_leaves_those_of_the_house(retry: Any) -> None:
    assert pauses_of(partner(retry)) == pauses_of(None) == (FIRST_PAUSE, LONGEST_PAUSE)
