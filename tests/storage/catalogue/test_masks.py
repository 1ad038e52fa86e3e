"""Masks: what each notation means, and that no expression takes long."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import process_time

import pytest

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


def test_the_worst_expression_takes_little_time() -> None:
    (mask,) = masks.expression_masks(".*a.*a.*a.*b")
    began = process_time()
    assert re.fullmatch(mask.expression, "a" * 120) is None
    assert process_time() - began < 2
