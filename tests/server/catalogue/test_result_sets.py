"""Result sets: few for each association, bounded memory for all, and an honest answer about those that had to go."""

from __future__ import annotations

import pytest
from pyroaring import BitMap

from protocols.z3950.diagnostics import Refused
from server.catalogue.result_sets import MAX_SETS, Budget, ResultSet, ResultSets
from storage.network.network import Database

DATABASES = (Database(1, "network", "", is_default=True),)


def found(*numbers: int) -> ResultSet:
    return ResultSet(BitMap(numbers), DATABASES)


def condition(sets: ResultSets, name: str) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        sets[name]
    return caught.value.condition.value, caught.value.addinfo


def test_a_set_is_found_by_its_name_and_the_default_set_in_any_case() -> None:
    sets = ResultSets(Budget())
    sets["Default"] = found(1)
    sets["Mine"] = found(2)
    assert list(sets["DEFAULT"].records) == [1]
    assert list(sets["Mine"].records) == [2]
    assert condition(sets, "mine") == (30, "mine")


def test_a_new_set_takes_the_name_of_the_old() -> None:
    sets = ResultSets(Budget())
    sets["a"] = found(1)
    sets["a"] = found(2)
    assert list(sets["a"].records) == [2]


def test_a_deleted_set_never_was() -> None:
    sets = ResultSets(Budget())
    sets["a"] = found(1)
    assert sets.discard("a")
    assert not sets.discard("a")
    assert condition(sets, "a")[0] == 30


def test_one_set_too_many_costs_the_one_used_longest_ago() -> None:
    sets = ResultSets(Budget())
    for number in range(MAX_SETS):
        sets[str(number)] = found(number)
    assert sets["0"]
    sets["new"] = found(99)
    assert condition(sets, "1") == (27, f"no more than {MAX_SETS} result sets are kept")
    assert sets["0"]
    sets["1"] = found(1)
    assert sets["1"]


def test_memory_that_is_short_costs_the_set_used_longest_ago_whoever_has_it() -> None:
    budget = Budget(octets=3 * found(1).octets)
    one, other = ResultSets(budget), ResultSets(budget)
    one["a"], one["b"], other["a"] = found(1), found(2), found(3)
    assert one["a"]
    other["b"] = found(4)
    assert condition(one, "b") == (27, "memory for result sets is short")
    assert one["a"]
    assert other["a"]


def test_an_association_that_ends_gives_its_memory_back() -> None:
    budget = Budget(octets=2 * found(1).octets)
    one, other = ResultSets(budget), ResultSets(budget)
    one["a"] = one["b"] = found(1)
    one.clear()
    other["a"] = other["b"] = found(2)
    assert other["a"]
    assert condition(one, "a")[0] == 30


def test_a_set_larger_than_the_whole_budget_is_kept_alone() -> None:
    sets = ResultSets(Budget(octets=1))
    sets["a"] = found(1)
    sets["b"] = found(2)
    assert sets["b"]
    assert condition(sets, "a")[0] == 27


def test_names_of_sets_that_had_to_go_are_not_kept_for_ever() -> None:
    sets = ResultSets(Budget(octets=1))
    for number in range(200):
        sets[str(number)] = found(number)
    assert condition(sets, "0")[0] == 30
    assert condition(sets, "198")[0] == 27


def test_a_dense_set_is_counted_by_bits_and_a_sparse_one_by_records() -> None:
    assert ResultSet(BitMap(range(1_000_000)), DATABASES).octets < 200_000
    assert found(1, 4_000_000_000).octets < 1_000
    assert ResultSet(BitMap(), DATABASES).octets > 0
