"""How long a letter that was not taken waits: longer each time, and as agreed with its partner."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from storage.circulation.ill.outbox import FIRST_PAUSE, LONGEST_PAUSE, pause, pauses_of


def partner(**profile: Any) -> Any:
    return SimpleNamespace(profile=profile)


def test_pauses_double_up_to_the_longest() -> None:
    pauses = [pause(tries, 0, *pauses_of(partner(retry_first=2, retry_longest=30))) for tries in range(7)]
    assert pauses == [2, 4, 8, 16, 30, 30, 30]


def test_different_letters_are_a_tenth_apart_at_most() -> None:
    assert {pause(5, salt, 10, 100) for salt in range(50)} == set(range(100, 111))


@pytest.mark.parametrize(
    ("profile", "pauses"),
    [
        ({}, (FIRST_PAUSE, LONGEST_PAUSE)),
        ({"retry_first": 0, "retry_longest": "x"}, (FIRST_PAUSE, LONGEST_PAUSE)),
        ({"retry_first": 100, "retry_longest": 10}, (10, 10)),
        ({"retry_longest": LONGEST_PAUSE * 2}, (FIRST_PAUSE, LONGEST_PAUSE)),
        ({"retry_longest": 5}, (5, 5)),
    ],
)
def test_what_a_profile_says_holds_within_the_bounds_of_the_house(profile: dict[str, Any], pauses: Any) -> None:
    assert pauses_of(partner(**profile)) == pauses
    assert pauses_of(None) == (FIRST_PAUSE, LONGEST_PAUSE)
