"""CQL becomes the attributes that the Bath Profile writes beside it."""

from __future__ import annotations

from typing import Any

import pytest

from protocols.sru import cql
from protocols.sru.diagnostics import Condition, Refused
from protocols.z3950.diagnostics import Bib1
from protocols.z3950.diagnostics import Refused as Bib1Refused
from protocols.z3950.rpn import Attributes, Boolean, BooleanOperator, Proximity, ResultSetOperand, Term
from server.catalogue import cql as cql_query
from server.catalogue import indexes as cql_indexes
from server.catalogue.cql import translate
from server.catalogue.diagnostics import CONDITIONS, translated


def attributes(text: str) -> tuple[Any, ...]:
    """Return Use, Relation, Position, Structure, Truncation and Completeness of a query of one term, and the term."""
    term = translate(cql.parse(text).root)
    assert isinstance(term, Term)
    told = term.attributes
    return (
        told.use, int(told.relation), int(told.position), told.structure, int(told.truncation), int(told.completeness),
        term.value.decode(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dc.creator = zola", (1003, 3, 3, None, 100, 1, "zola")),
        ("dc.title = germ*", (4, 3, 3, None, 1, 1, "germ")),
        ('dc.title == "la terre"', (4, 3, 1, 1, 100, 3, "la terre")),
        ('dc.title = "^la terre"', (4, 3, 1, 1, 100, 1, "la terre")),
        ('dc.title = "^la ter*"', (4, 3, 1, 1, 1, 1, "la ter")),
        ('dc.title = "^la terre^"', (4, 3, 1, 1, 100, 3, "la terre")),
        ('dc.title adj "la terre"', (4, 3, 3, 1, 100, 1, "la terre")),
        ('dc.title =/string "la terre"', (4, 3, 3, 1, 100, 1, "la terre")),
        ('dc.title all "la terre"', (4, 3, 3, 6, 100, 1, "la terre")),
        ("dc.title =/stem mines", (4, 101, 3, None, 100, 1, "mines")),
        ("dc.title =/cql.phonetic mines", (4, 100, 3, None, 100, 1, "mines")),
        ("dc.title =/fuzzy mines", (4, 100, 3, None, 100, 1, "mines")),
        ('dc.title any/relevant "la mine"', (4, 102, 3, None, 100, 1, "la mine")),
        ("dc.title = *min*", (4, 3, 3, None, 3, 1, "min")),
        ("dc.title = *minal", (4, 3, 3, None, 2, 1, "minal")),
        ("dc.title = g?rm*al", (4, 3, 3, None, 104, 1, "g#rm?al")),
        (r"dc.title =/unmasked germ*", (4, 3, 3, None, 100, 1, "germ*")),
        ("bath.isbn = ^9782253004226", (7, 3, 3, None, 100, 1, "9782253004226")),
        ("dc.date > 1885", (31, 5, 3, None, 100, 1, "1885")),
        ('dc.date within "1885 1890"', (31, 104, 3, None, 100, 1, "1885 1890")),
        ("dc.title = *", (4, 103, 3, None, 100, 1, "*")),
        ("cql.allRecords = 1", (1016, 103, 3, None, 100, 1, "1")),
    ],
)  # fmt: skip
def test_a_clause_has_the_attributes_of_the_bath_profile(text: str, expected: tuple[Any, ...]) -> None:
    assert attributes(text) == expected


def test_words_are_joined_as_the_relation_says() -> None:
    query = translate(cql.parse('dc.title any "germinal terr*"').root)
    assert isinstance(query, Boolean)
    assert query.operator is BooleanOperator.OR
    query = translate(cql.parse('dc.title = "germ* terre"').root)
    assert isinstance(query, Boolean)
    assert query.operator is BooleanOperator.AND


@pytest.mark.parametrize(
    ("modifiers", "expected"),
    [
        ("", (1, 2, 2, False)),
        ("/ordered", (1, 2, 2, True)),
        ("/unit=word/distance<=3/unordered", (3, 2, 2, False)),
        ("/distance=2", (2, 3, 2, False)),
        ("/distance>2", (2, 5, 2, False)),
        ("/unit=element", (0, 2, 8, False)),
    ],
)
def test_proximity_has_the_parts_of_that_of_z3950(modifiers: str, expected: tuple[Any, ...]) -> None:
    query = translate(cql.parse(f"dc.title = bete prox{modifiers} dc.title = humaine").root)
    assert isinstance(query, Boolean)
    told = query.operator
    assert isinstance(told, Proximity)
    assert (told.distance, int(told.relation), told.unit, told.ordered) == expected


def test_a_result_set_is_an_operand() -> None:
    assert translate(cql.parse('cql.resultSetId = "a b"').root) == ResultSetOperand("a b")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("dc.title =/respectaccents x", Condition.RELATION_MODIFIER),
        ("dc.title =/stem/relevant x", Condition.RELATION_MODIFIER_COMBINATION),
        ("dc.title =/stem x*", Condition.RELATION_AND_INDEX),
        ("dc.title ==/phonetic x", Condition.RELATION_AND_INDEX),
        ("dc.date >=/relevant 1885", Condition.RELATION_MODIFIER),
        ("dc.title any/relevant x*", Condition.MASK_POSITION),
        ('dc.title = "x^"', Condition.ANCHOR),
        ('dc.title = "a^b"', Condition.ANCHOR_POSITION),
        ("dc.title = ^", Condition.EMPTY_TERM),
        ('dc.title all "* a"', Condition.MASKED_WORD_TOO_SHORT),
        ("dc.title encloses x", Condition.RELATION),
        ("dc.title my.relation x", Condition.RELATION),
        ("dc.nosuch = x", Condition.INDEX),
        ("nosuch.title = x", Condition.CONTEXT_SET),
        ('>x="http://nosuch" x.title = a', Condition.CONTEXT_SET),
        ("dc.date = never", Condition.TERM_FORMAT),
        ("a or/rel.combine=sum b", Condition.BOOLEAN_MODIFIER),
        ("a prox/unit=page b", Condition.PROXIMITY_UNIT),
        ("a prox/unit=sentence b", Condition.PROXIMITY_UNIT),
        ("a prox/distance=x b", Condition.PROXIMITY_DISTANCE),
        ("a prox/distance=0 b", Condition.PROXIMITY_DISTANCE),
        ("a prox/nosuch b", Condition.BOOLEAN_MODIFIER),
        ("dc.title = a prox dc.creator = b", Condition.PROXIMITY_COMBINATION),
        ("cql.resultSetId = a prox b", Condition.PROXIMITY),
        ("(a or b) prox c", Condition.BOOLEAN_OPERATOR),
        (r'dc.title = "a\b"', Condition.ESCAPED_CHARACTER),
    ],
)
def test_what_cannot_be_asked_is_refused(text: str, condition: Condition) -> None:
    with pytest.raises(Refused) as caught:
        translate(cql.parse(text).root)
    assert caught.value.diagnostic.condition is condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        (f'dc.title any "{"a " * 1_000}"', Condition.TOO_MANY_BOOLEANS),
        (f'dc.title any "{"a " * 8_000}"', Condition.TERM_TOO_LONG),
        (f'dc.title = "{"?*" * 8_000}"', Condition.TERM_TOO_LONG),
        (" or ".join([f'dc.title any "{"x " * 40}"'] * 140), Condition.TOO_MANY_BOOLEANS),
        (" prox ".join(["a"] * 150), Condition.BOOLEAN_OPERATOR),
        ("dc.title = a*a*a*a*a*b", Condition.TOO_MANY_MASKS),
        (f"dc.title = {'a' * 40}?{'b' * 40}", Condition.TERM_TOO_LONG),
    ],
)
def test_a_query_that_would_become_very_much_is_refused_before_it_does(text: str, condition: Condition) -> None:
    root = cql.parse(text).root
    with pytest.raises(Refused) as caught:
        translate(root)
    assert caught.value.diagnostic.condition is condition


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("a and rec.nosuch = x", "rec.nosuch at character 7; there are rec.id, ", "rec.modified"),
        ("nosuch = x", "nosuch at character 1; there are cql.serverChoice, ", "rec.modified"),
        ("marc.245$a = x", "marc; there are cql, dc, ", "bib"),
        ('>x="http://nosuch" x.title = a', "http://nosuch; there are cql, ", "bib"),
    ],
)
def test_who_asks_for_what_is_not_there_is_told_what_is(text: str, begins: str, ends: str) -> None:
    with pytest.raises(Refused) as caught:
        translate(cql.parse(text).root)
    details = caught.value.diagnostic.details
    assert details.startswith(begins)
    assert details.endswith(ends)


def test_every_name_of_an_index_is_of_one_row_and_of_a_context_set() -> None:
    names = [name.lower() for row in cql_indexes.ROWS for name in row.names.split()]
    assert len(names) == len(set(names))
    assert {name.partition(".")[0] for name in names} <= set(cql_indexes.CONTEXT_SETS)
    assert len({row.use for row in cql_indexes.ROWS}) == len(cql_indexes.ROWS)


def test_defaults_of_attributes_are_taken_whatever_the_profile() -> None:
    cql_query._check(Attributes())


def test_every_refusal_of_a_search_has_its_condition() -> None:
    from server.catalogue.query import REASONS

    assert {condition for condition, _ in REASONS.values()} <= set(CONDITIONS)
    told = translated(Bib1Refused(Bib1.ES_QUOTA))
    assert told.condition is Condition.CANNOT_PROCESS
    assert "220" in told.details
