"""CCL: what it means in RPN, and where it cannot be read."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.z3950 import ccl
from protocols.z3950.diagnostics import Refused
from protocols.z3950.rpn import Attributes, Boolean, BooleanOperator, Proximity, Query, ResultSetOperand, Term

AND, OR, AND_NOT = BooleanOperator


def term(text: str, use: int = 1016, **attributes: Any) -> Term:
    return Term(Attributes(use=use, **attributes), text.encode())


MEANINGS: list[tuple[str, Query]] = [
    ("zola", term("zola")),
    ("find emile zola", term("emile zola")),
    ("ti=germinal", term("germinal", 4)),
    ("TI = Germinal", term("Germinal", 4)),
    ('ti="la terre"', term("la terre", 4, structure=1)),
    ("ti=germ?", term("germ", 4, truncation=1)),
    ("ti=g#rm?", term("g#rm?", 4, truncation=104)),
    ("au,ti=zola", Boolean(OR, term("zola", 1003), term("zola", 4))),
    ("dp=1990", term("1990", 31)),
    ("dp>=1990", term("1990", 31, relation=4)),
    ("dp<>1990", term("1990", 31, relation=6)),
    ("dp=1990-1995", term("1990 1995", 31, relation=104)),
    ("dp=1990-", term("1990", 31, relation=4)),
    ("dp=-1995", term("1995", 31, relation=2)),
    ("isbn=2-253-00422-7", term("2-253-00422-7", 7)),
    ("a and b or c", Boolean(OR, Boolean(AND, term("a"), term("b")), term("c"))),
    ("a et (b ou c)", Boolean(AND, term("a"), Boolean(OR, term("b"), term("c")))),
    ("a sauf b", Boolean(AND_NOT, term("a"), term("b"))),
    ("set=s1 and x", Boolean(AND, ResultSetOperand("s1"), term("x"))),
    ("a !3 b", Boolean(Proximity(3, 2, 2, ordered=True), term("a"), term("b"))),
    ("a % b", Boolean(Proximity(1, 2, 2), term("a"), term("b"))),
    ('"and" and "or"', Boolean(AND, term("and", structure=1), term("or", structure=1))),
]


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_what_a_query_means(text: str, meaning: Query) -> None:
    assert ccl.parse(text) == meaning


@pytest.mark.parametrize(
    ("text", "condition", "addinfo"),
    [
        ("", 108, "a term is missing at the end"),
        ("a and", 108, "a term is missing at the end"),
        ("ti=", 108, "a term is missing at the end"),
        ("(a or b", 108, "a parenthesis is not closed at the end"),
        ("a)", 108, "an operator is missing at character 2"),
        ("ti==a", 108, "a term is missing at character 4"),
        ("ti,au zola", 108, "a relation is missing at character 7"),
        ('a "b', 108, "a quotation mark is not closed at character 2"),
        ('a "b"', 108, "an operator is missing at character 4"),
        ('ti=""', 125, ""),
        ("?", 125, ""),
        ("(" * 60, 6, "50"),
        (" and ".join("a" * 400), 6, "255"),
        ("x" * 2000, 11, "1024"),
    ],
)
def test_what_is_no_query_is_refused_with_the_place(text: str, condition: int, addinfo: str) -> None:
    with pytest.raises(Refused) as caught:
        ccl.parse(text)
    assert (caught.value.condition, caught.value.addinfo) == (condition, addinfo)


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(Refused) as caught:
        ccl.parse("xx=a")
    assert caught.value.condition == 114
    assert caught.value.addinfo.startswith("xx: any, ")


@given(st.text(alphabet='ab "=<>(),!%?#1-andoret', max_size=60))
def test_nothing_but_a_refusal_comes_of_any_text(text: str) -> None:
    with suppress(Refused):
        ccl.parse(text)
