"""Masks: what each notation means, and that no expression takes long."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.catalogue import masks
from storage.catalogue.query import Mask, QueryError, QueryReason

WORDS = [
    "histoire",
    "histoires",
    "historique",
    "prehistoire",
    "hstoire",
    "art",
    "arts",
    "couleur",
    "colour",
    "color",
    "ete",
]


def matching(found: tuple[Mask, ...]) -> list[str]:
    (mask,) = found
    out = [word for word in WORDS if re.fullmatch(mask.expression, word)]
    assert all(word.startswith(mask.prefix) for word in out)
    return out


def test_truncation_on_the_left_and_on_both_sides() -> None:
    assert matching(masks.truncated("HISTOIRE", right=False)) == ["histoire", "prehistoire"]
    assert matching(masks.truncated("histoire", right=True)) == ["histoire", "histoires", "prehistoire"]
    first, last = masks.truncated("cou leur", right=False)
    assert (first.expression, last.expression) == (".*cou", "leur")


def test_a_hash_is_any_number_of_characters() -> None:
    assert matching(masks.hash_masks("hist#re")) == ["histoire"]
    assert matching(masks.hash_masks("#stoire")) == ["histoire", "prehistoire", "hstoire"]
    assert matching(masks.hash_masks("Été#")) == ["ete"]


def test_the_masks_of_z39_58() -> None:
    assert matching(masks.z3958_masks("h#stoire")) == ["histoire"]
    assert matching(masks.z3958_masks("h?stoire")) == ["histoire", "hstoire"]
    assert matching(masks.z3958_masks("art?1")) == ["art", "arts"]
    assert matching(masks.z3958_masks("hist?3re")) == ["histoire"]
    assert matching(masks.z3958_masks("hist?1re")) == []


def test_regular_expressions() -> None:
    assert matching(masks.expression_masks("colou?r")) == ["colour", "color"]
    assert matching(masks.expression_masks("h.s[st]oires*")) == ["histoire", "histoires"]
    assert matching(masks.expression_masks("[^a-g]istoire")) == ["histoire"]
    assert matching(masks.expression_masks(".+histoire")) == ["prehistoire"]


def test_what_stands_before_the_first_mask_is_a_prefix() -> None:
    assert [each.prefix for each in masks.z3958_masks("art#s ?toire Étés")] == ["art", "", "etes"]
    assert masks.expression_masks("colou?r")[0].prefix == "colo"


@pytest.mark.parametrize(
    ("read", "text", "reason"),
    [
        (masks.hash_masks, "a#b#c#d#e#f", QueryReason.BAD_MASK),
        (masks.z3958_masks, "x" * 61, QueryReason.BAD_MASK),
        (masks.expression_masks, "(a+)+b", QueryReason.BAD_MASK),
        (masks.expression_masks, "a|b", QueryReason.BAD_MASK),
        (masks.expression_masks, "a{2,900}", QueryReason.BAD_MASK),
        (masks.expression_masks, "[z-a]x", QueryReason.BAD_MASK),
        (masks.expression_masks, "[a-]x", QueryReason.BAD_MASK),
        (masks.expression_masks, "a?" * 20 + "a", QueryReason.BAD_MASK),
        (masks.expression_masks, "a*a*a*b", QueryReason.BAD_MASK),
        (masks.expression_masks, ".*a+.*a+b", QueryReason.BAD_MASK),
        (masks.z3958_masks, "?9a?9b?9c", QueryReason.BAD_MASK),
        (masks.hash_masks, "#", QueryReason.EMPTY_TERM),
        (masks.z3958_masks, "??", QueryReason.EMPTY_TERM),
        (masks.expression_masks, ".*", QueryReason.EMPTY_TERM),
    ],
)
def test_what_is_no_mask_or_stands_for_too_much(
    read: Callable[[str], tuple[Mask, ...]], text: str, reason: QueryReason
) -> None:
    with pytest.raises(QueryError) as caught:
        read(text)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (masks.expression_masks, ".*a.*a.*a.*b"),
        (masks.expression_masks, "a*a*a?a?b"),
        (masks.expression_masks, ".*[ab].*a+b"),
        (masks.hash_masks, "#a#aa#a#b"),
        (masks.z3958_masks, "?a#a?a?3a?3b"),
        (masks.z3958_masks, "?60a?60b"),
    ],
)
def test_the_worst_expressions_take_little_time(read: Callable[[str], tuple[Mask, ...]], text: str) -> None:
    (mask,) = read(text)
    began = process_time()
    for _ in range(100):
        assert re.fullmatch(mask.expression, "a" * 120) is None
    assert process_time() - began < 1


GAPPED = st.lists(st.sampled_from(["a", "b", "ab", "#", "?", "?2"]), min_size=1, max_size=7).map("".join)


@given(text=GAPPED, word=st.text("ab", max_size=10))
def test_what_never_goes_back_finds_all_the_same(text: str, word: str) -> None:
    try:
        (mask,) = masks.z3958_masks(text)
    except QueryError:
        return
    naive = re.sub(r"\?([0-9]*)|#", lambda sign: "." if sign[0] == "#" else f".{{0,{sign[1] or 99}}}", text)
    assert bool(re.fullmatch(mask.expression, word)) == bool(re.fullmatch(naive, word))
