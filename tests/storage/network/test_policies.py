"""One declared order of specificity, locks, trees and limits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.network.policies import ORDER, Context, PolicySet, Rule, Scope

CONTEXT = Context(owner=1, item_type=(30, 20, 10), category=(6, 5), library=2, location="kids", channel="sip2")
FITTING: dict[str, Any] = {
    "owner": 1,
    "item_type": 30,
    "category": 6,
    "library": 2,
    "location": "kids",
    "channel": "sip2",
}
OTHER: dict[str, Any] = {
    "owner": 9,
    "item_type": 99,
    "category": 99,
    "library": 9,
    "location": "stack",
    "channel": "ncip",
}


def rule(name: str, value: str = "1", *, locked: bool = False, **scope: Any) -> Rule:
    return Rule(name, "loan.limit", value, Scope(**scope), locked)


def chosen(*rules: Rule) -> str:
    return PolicySet("test", "2026-01-01", rules).find("loan.limit", CONTEXT).rule


@pytest.mark.parametrize("column", ORDER)
def test_a_scope_that_does_not_fit_does_not_count(column: str) -> None:
    assert chosen(rule("base"), rule("other", **{column: OTHER[column]})) == "base"


def test_columns_weigh_in_their_declared_order() -> None:
    for number, column in enumerate(ORDER[:-1]):
        rest = {later: FITTING[later] for later in ORDER[number + 1 :]}
        assert chosen(rule("narrow", **{column: FITTING[column]}), rule("wide", **rest)) == "narrow", column


def test_the_nearest_node_of_a_tree_wins() -> None:
    assert chosen(rule("root", item_type=10), rule("leaf", item_type=30), rule("middle", item_type=20)) == "leaf"


def test_a_locked_rule_beats_every_local_one() -> None:
    assert chosen(rule("local", **FITTING), rule("network", locked=True)) == "network"


def test_of_two_rules_with_one_scope_the_later_corrects_the_earlier() -> None:
    assert chosen(rule("default"), rule("voted")) == "voted"


def test_an_attribute_without_any_rule_is_an_error() -> None:
    with pytest.raises(LookupError):
        PolicySet("test", "2026-01-01", ()).find("loan.limit", CONTEXT)


def test_every_limit_on_the_way_to_the_root_binds() -> None:
    policy = PolicySet(
        "test", "2026-01-01", (rule("all", "20"), rule("dvd", "2", item_type=30), rule("av", "5", item_type=20))
    )
    assert [(node, found.number) for node, found in policy.limits("loan.limit", CONTEXT)] == [
        (30, 2),
        (20, 5),
        (None, 20),
    ]


scopes = st.builds(
    Scope,
    st.sampled_from([None, 1, 9]),
    st.sampled_from([None, 30, 20, 10, 99]),
    st.sampled_from([None, 6, 5, 99]),
    st.sampled_from([None, 2, 9]),
    st.sampled_from([None, "kids", "stack"]),
    st.sampled_from([None, "sip2", "ncip"]),
)


@given(st.dictionaries(scopes, st.booleans(), max_size=8), st.randoms(use_true_random=False))
@settings(derandomize=True, deadline=None)
def test_the_choice_does_not_depend_on_the_order_of_declaration(rules: dict[Scope, bool], random: object) -> None:
    made = [Rule(str(n), "loan.limit", "1", scope, locked) for n, (scope, locked) in enumerate(rules.items())]
    made.append(Rule("base", "loan.limit", "1", Scope()))
    if Scope() in rules:
        return
    shuffled = list(made)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert chosen(*made) == chosen(*shuffled)
