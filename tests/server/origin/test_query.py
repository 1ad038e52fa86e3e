"""A question as each wire is asked it."""

from __future__ import annotations

import pytest

from protocols.sru.diagnostics import Condition, Refused
from server.origin.query import Form, Question, to_cql, to_prefix

ALL = "@attr 2=3 @attr 3=3 @attr 4={} @attr 5={} @attr 6=1"


@pytest.mark.parametrize(
    ("cql", "prefix"),
    [
        ("zola", f'@attr 1=1016 {ALL.format(2, 100)} "zola"'),
        ('dc.title all "la terre"', f'@attr 1=4 {ALL.format(6, 100)} "la terre"'),
        ('dc.title adj "la terre"', f'@attr 1=4 {ALL.format(1, 100)} "la terre"'),
        ("dc.title=germ*", f'@attr 1=4 {ALL.format(2, 1)} "germ"'),
        (
            "dc.creator=zola not dc.title=nana",
            f'@not @attr 1=1003 {ALL.format(2, 100)} "zola" @attr 1=4 {ALL.format(2, 100)} "nana"',
        ),
        (
            'dc.title any "nana terre"',
            f'@or @attr 1=4 {ALL.format(2, 100)} "nana" @attr 1=4 {ALL.format(2, 100)} "terre"',
        ),
    ],
)
def test_cql_is_written_with_every_attribute(cql: str, prefix: str) -> None:
    assert to_prefix(Question(Form.CQL, cql)) == prefix
    assert to_cql(Question(Form.CQL, cql)) == cql


@pytest.mark.parametrize(
    ("cql", "condition"),
    [
        ("x.nowhere=1", Condition.CONTEXT_SET),
        ("dc.nowhere=1", Condition.INDEX),
        ("dc.date < 1900", Condition.RELATION),
        ("a prox b", Condition.BOOLEAN_OPERATOR),
        ('dc.title=""', Condition.EMPTY_TERM),
        ("dc.title=", Condition.QUERY_SYNTAX),
    ],
)
def test_what_has_no_like_among_attributes_is_refused(cql: str, condition: Condition) -> None:
    with pytest.raises(Refused) as refused:
        to_prefix(Question(Form.CQL, cql))
    assert refused.value.diagnostic[0] is condition


def test_a_prefix_query_goes_as_it_is_and_not_over_sru() -> None:
    asked = Question(Form.PQF, "@attr 1=4 terre")
    assert to_prefix(asked) == asked.text
    with pytest.raises(Refused, match="CQL"):
        to_cql(asked)
