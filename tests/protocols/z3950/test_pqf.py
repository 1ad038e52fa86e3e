"""Prefix queries there and back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.z3950 import elements, pqf, rpn
from protocols.z3950.elements import AttributeElement, AttributesPlusTerm, AttributeValue, Operand, RPNQuery
from protocols.z3950.pqf import PqfError
from protocols.z3950.rpn import Boolean, BooleanOperator

_text = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), max_size=8)
_sets = st.sampled_from(["1.2.840.10003.3.1", "1.2.840.10003.3.5", "1.2.3"])
_attributes = st.builds(
    AttributeElement,
    attribute_set=st.none() | _sets,
    attribute_type=st.integers(0, 999),
    attribute_value=st.builds(AttributeValue, numeric=st.integers(0, 9999)),
)
_terms = st.one_of(
    st.builds(elements.Term, general=_text.map(str.encode)),
    st.builds(elements.Term, character_string=_text),
    st.builds(elements.Term, numeric=st.integers(-(10**17), 10**17)),
)
_operands = st.one_of(
    st.builds(Operand, result_set=_text),
    st.builds(
        Operand,
        attr_term=st.builds(
            AttributesPlusTerm,
            attributes=st.lists(_attributes, max_size=3, unique_by=lambda one: one.attribute_type).map(tuple),
            term=_terms,
        ),
    ),
)
_queries = st.recursive(
    _operands, lambda inner: st.builds(Boolean, st.sampled_from(BooleanOperator), inner, inner), max_leaves=5
)


@settings(derandomize=True, deadline=None)
@given(_sets, _queries.map(rpn.encode))
def test_what_is_written_is_read_as_the_same_query(attribute_set: str, octets: bytes) -> None:
    query = RPNQuery(attribute_set=attribute_set, rpn=octets)
    assert pqf.parse(pqf.write(query)) == query


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("germinal", "germinal"),
        ('@attr 1=4 "la  terre"', '@attr 1=4 "la  terre"'),
        ('"@and"', '"@and"'),
        (r'"a \"quoted\" \\ word"', r'"a \"quoted\" \\ word"'),
        ("@attr 4=2 @and @attr 1=4 x @attr 4=1 y", "@and @attr 1=4 @attr 4=2 x @attr 4=1 y"),
        ("@attrset BIB-1 x", "x"),
        ("@attrset 1.2.3 @set s", "@attrset 1.2.3 @set s"),
    ],
)
def test_a_query_is_written_in_one_way(text: str, written: str) -> None:
    assert pqf.write(pqf.parse(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        '"open',
        "@and x",
        "x y",
        "@attr 1=x y",
        "@attr 1 2 y",
        "@attr nosuch 1=4 y",
        "@attrset nosuch x",
        "@nosuch x",
        "@term null x",
        "@term numeric x",
        "@attr 1=4",
        "@and " * 300 + "x " * 301,
    ],
)
def test_what_is_no_query_is_refused(text: str) -> None:
    with pytest.raises(PqfError):
        pqf.parse(text)
