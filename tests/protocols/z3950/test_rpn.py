"""Queries: what they ask, and the exact diagnostic of each that cannot be taken."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.z3950 import elements, oids, pqf, rpn
from protocols.z3950.apdu import decode
from protocols.z3950.bib1 import Structure, Truncation
from protocols.z3950.diagnostics import Refused
from protocols.z3950.elements import (
    AttributeElement,
    AttributesPlusTerm,
    AttributeValue,
    ComplexAttribute,
    Operand,
    RPNQuery,
    StringOrNumeric,
)
from protocols.z3950.rpn import Attributes, Boolean, BooleanOperator, Profile, Proximity, ResultSetOperand, Term
from tests.protocols.z3950.tables import queries
from tests.protocols.z3950.test_apdu import SEARCH
from tests.protocols.z3950.variants import spelled

quick = settings(derandomize=True, deadline=None, max_examples=150)

PROFILE = Profile(use=frozenset({1, 4, 7, 31, 1003, 1016}))
USES = "{}: 1, 4, 7, 31, 1003, 1016 are taken"
AND, OR, AND_NOT = BooleanOperator


def parse(text: str) -> rpn.Query:
    return rpn.parse(pqf.parse(text), PROFILE)


def refused(query: RPNQuery) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        rpn.parse(query, PROFILE)
    return caught.value.condition.value, caught.value.addinfo


def title(word: str) -> Term:
    return Term(Attributes(use=4), word.encode())


def test_the_query_of_yaz_client_is_understood() -> None:
    search: Any = decode(SEARCH)
    assert rpn.parse(search.query.type_1, PROFILE) == Boolean(AND, title("statistique"), title("bulletins"))


def test_operators_nest_on_either_side() -> None:
    left = parse("@and @or @attr 1=4 a @attr 1=4 b @attr 1=4 c")
    right = parse("@not @attr 1=4 a @and @attr 1=4 b @attr 1=4 c")
    assert left == Boolean(AND, Boolean(OR, title("a"), title("b")), title("c"))
    assert right == Boolean(AND_NOT, title("a"), Boolean(AND, title("b"), title("c")))


def test_a_term_without_attributes_is_sought_anywhere() -> None:
    assert parse("germinal") == Term(Attributes(), b"germinal")
    assert Attributes().use == 1016


def test_all_six_attributes_are_taken() -> None:
    found = parse('@attr 1=1003 @attr 2=3 @attr 3=3 @attr 4=6 @attr 5=1 @attr 6=1 "zola emil"')
    expected = Attributes(use=1003, structure=Structure.WORD_LIST, truncation=Truncation.RIGHT)
    assert found == Term(expected, b"zola emil")


def test_an_attribute_set_named_with_each_attribute_is_taken() -> None:
    assert parse("@attr bib-1 1=4 @attr bib-1 4=2 x") == Term(Attributes(use=4, structure=2), b"x")


def test_an_attribute_set_named_with_each_attribute_counts_more_than_that_of_the_query() -> None:
    assert parse("@attrset gils @attr bib-1 1=4 x") == title("x")


def test_result_sets_are_operands() -> None:
    expected = Boolean(AND, ResultSetOperand("1"), title("x"))
    assert parse("@and @set 1 @attr 1=4 x") == expected


def test_an_attribute_said_twice_alike_is_said_once() -> None:
    assert parse("@attr 1=4 @attr 1=4 x") == title("x")


def test_an_attribute_list_of_any_length_is_read() -> None:
    query = _operand([_attribute(1, 4)] * 200)
    assert rpn.parse(query, PROFILE) == title("x")


def test_numbers_and_character_strings_are_terms() -> None:
    assert parse("@attr 1=31 @term numeric 1885") == Term(Attributes(use=31), b"1885")
    assert parse("@attr 1=4 @term string été") == Term(Attributes(use=4), "été".encode())


def test_a_term_in_segments_is_one_term() -> None:
    operand = bytes.fromhex("A0 15 BF66 12 BF2C00 BF2D 0C 0401 61 2480 0403 626364 0000".replace(" ", ""))
    query = RPNQuery(attribute_set=oids.BIB_1, rpn=operand)
    assert rpn.parse(query, PROFILE) == Term(Attributes(), b"abcd")


@pytest.mark.parametrize(
    ("query", "condition", "addinfo"),
    [
        ("@attr 7=1 x", 113, "7: 1-6 are taken"),
        ("@attr 0=1 x", 113, "0: 1-6 are taken"),
        ("@attr 1=9999 x", 114, USES.format(9999)),
        ("@attr 1=21 x", 114, USES.format(21)),
        ("@attr 2=102 x", 117, "102: 3 are taken"),
        ("@attr 4=3 x", 118, "3: 1-2, 6 are taken"),
        ("@attr 3=1 x", 119, "1: 3 are taken"),
        ("@attr 5=2 x", 120, "2: 1, 100 are taken"),
        ("@attrset gils x", 121, "1.2.840.10003.3.5"),
        ("@attrset gils @attr 1=4 x", 121, "1.2.840.10003.3.5"),
        ("@attr xd-1 1=4 x", 121, "1.2.840.10003.3.12"),
        ("@attr 6=3 x", 122, "3: 1 are taken"),
        ("@attr 1=4 @and @attr 1=9999 x y", 114, USES.format(9999)),
        ('""', 125, ""),
        ('"  "', 125, ""),
    ],
)
def test_what_is_not_supported_gets_its_own_diagnostic(query: str, condition: int, addinfo: str) -> None:
    assert refused(pqf.parse(query)) == (condition, addinfo)


def test_two_values_of_one_type_are_a_combination_that_is_not_supported() -> None:
    assert refused(_operand([_attribute(1, 4), _attribute(1, 7)]))[0] == 123


def test_a_complex_attribute_value_is_refused() -> None:
    value = AttributeValue(complex=ComplexAttribute(list_=(StringOrNumeric(numeric=4),)))
    assert refused(_operand([AttributeElement(attribute_type=1, attribute_value=value)]))[0] == 246


def test_a_restricted_result_set_is_refused() -> None:
    restricted = elements.ResultSetPlusAttributes(result_set="1", attributes=())
    assert refused(_query(Operand(result_attr=restricted)))[0] == 245


@pytest.mark.parametrize(
    "term", [elements.Term(null=True), elements.Term(oid="1.2.3"), elements.Term(date_time="20261122")]
)
def test_terms_that_are_no_text_are_refused_by_their_type(term: elements.Term) -> None:
    condition, addinfo = refused(_query(Operand(attr_term=AttributesPlusTerm(attributes=(), term=term))))
    assert condition == 229
    assert addinfo in {"null", "oid", "date_time"}


def test_proximity_is_read_with_all_that_it_says() -> None:
    for text, near in [
        ("@prox 0 3 1 2 k 2 x y", Proximity(3, 2, 2, ordered=True)),
        ("@prox 1 0 0 3 k 8 x y", Proximity(0, 3, 8, exclusion=True)),
    ]:
        query = pqf.parse(text)
        assert rpn.parse(query, PROFILE) == Boolean(near, Term(Attributes(), b"x"), Term(Attributes(), b"y"))
        assert pqf.write(query) == text


def test_a_term_too_long_is_refused() -> None:
    assert refused(pqf.parse("x" * 1025)) == (11, "1024")
    assert isinstance(parse("x" * 1024), Term)


@pytest.mark.parametrize(
    "octets",
    [
        "A100",
        "A1 0C A005 BF66 02 BF2C A003 9F1F00",
        "A1 08 A004 9F1F0161 8000",
        "A0 04 9F1F0161 00",
        "A0 05 9F1F0161 00",
        "8000",
        "A0 00",
        "A0 03 9F7F 00",
        "A0 06 BF66 03 9F2D00",
        "A0 80 9F1F0161",
        "A0 0E BF66 0B BF2C00 9F2D0161 850100",
        "A0 0C BF66 09 8100 BF2C00 9F2D0161",
        "A1 0E A004 9F1F0161 A004 9F1F0161 8000",
        "A1 10 A004 9F1F0161 A004 9F1F0161 BF2E0100",
        "30",
    ],
)
def test_octets_that_are_no_query_are_a_malformed_query(octets: str) -> None:
    assert refused(RPNQuery(attribute_set=oids.BIB_1, rpn=bytes.fromhex(octets)))[0] == 108


def test_the_deepest_query_is_taken_and_the_next_one_refused() -> None:
    deepest = _chain(200)
    assert isinstance(rpn.parse(_query(deepest), PROFILE), Boolean)
    assert refused(_query(Boolean(AND, deepest, _leaf("x")))) == (6, "200")
    assert refused(_query(_chain(2_000))) == (6, "200")


def test_a_query_of_many_operands_is_refused_though_it_is_flat() -> None:
    assert refused(_query(_balanced(512))) == (6, "255")
    assert isinstance(rpn.parse(_query(_balanced(256)), PROFILE), Boolean)


def test_two_thousand_operands_in_a_row_are_written_without_recursion() -> None:
    assert rpn.encode(_chain(2_000)).count(b"\xbf\x2e") == 2_000


@quick
@given(queries())
def test_a_query_comes_back_as_it_was_sent(query: rpn.SentQuery) -> None:
    assert rpn.decode(rpn.encode(query)) == query


@quick
@given(queries(), st.data())
def test_every_legal_spelling_of_a_query_asks_the_same(query: rpn.SentQuery, data: st.DataObject) -> None:
    octets = rpn.encode(query)
    asked = _asked(RPNQuery(attribute_set=oids.BIB_1, rpn=spelled(octets, data)))
    assert asked == _asked(RPNQuery(attribute_set=oids.BIB_1, rpn=octets))


def _asked(query: RPNQuery) -> object:
    try:
        return rpn.parse(query, PROFILE)
    except Refused as no:
        return no.condition, no.addinfo


def _attribute(kind: int, value: int) -> AttributeElement:
    return AttributeElement(attribute_type=kind, attribute_value=AttributeValue(numeric=value))


def _operand(attributes: list[AttributeElement]) -> RPNQuery:
    term = AttributesPlusTerm(attributes=tuple(attributes), term=elements.Term(general=b"x"))
    return _query(Operand(attr_term=term))


def _query(tree: rpn.SentQuery) -> RPNQuery:
    return RPNQuery(attribute_set=oids.BIB_1, rpn=rpn.encode(tree))


def _leaf(word: str) -> Operand:
    return Operand(attr_term=AttributesPlusTerm(attributes=(), term=elements.Term(general=word.encode())))


def _chain(operators: int) -> rpn.SentQuery:
    tree: rpn.SentQuery = _leaf("x")
    for _ in range(operators):
        tree = Boolean(AND, tree, _leaf("x"))
    return tree


def _balanced(operands: int) -> rpn.SentQuery:
    return _leaf("x") if operands == 1 else Boolean(OR, _balanced(operands // 2), _balanced(operands // 2))
