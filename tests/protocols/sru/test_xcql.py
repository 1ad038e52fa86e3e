"""XCQL: every query that can be read is told as the tree that it is."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from protocols.sru import cql, xcql
from protocols.sru.cql import MAX_CLAUSES
from protocols.sru.xcql import MAX_LEVELS

XCQL = f"{{{xcql.NAMESPACE}}}"


def told(text: str) -> Any:
    (root,) = etree.fromstring(xcql.query(cql.parse(text).root))
    return root


def path(root: Any, *names: str) -> Any:
    found = root.find("/".join(f"{XCQL}{name}" for name in names))
    return None if found is None else found.text


def test_a_clause_is_index_relation_and_term() -> None:
    root = told('dc.title =/stem/locale=fr "la <terre>"')
    assert root.tag == f"{XCQL}searchClause"
    assert [each.tag.removeprefix(XCQL) for each in root] == ["index", "relation", "term"]
    assert (path(root, "index"), path(root, "relation", "value"), path(root, "term")) == ("dc.title", "=", "la <terre>")
    stem, locale = root.iter(f"{XCQL}modifier")
    assert [(each.tag.removeprefix(XCQL), each.text) for each in stem] == [("type", "stem")]
    assert [each.text for each in locale] == ["locale", "=", "fr"]


def test_what_the_query_leaves_out_is_told() -> None:
    root = told("zola")
    assert (path(root, "index"), path(root, "relation", "value")) == ("cql.serverChoice", "=")


def test_booleans_are_triples() -> None:
    root = told("a and b or/rel.combine=sum (c not d)")
    assert [each.tag.removeprefix(XCQL) for each in root] == ["boolean", "leftOperand", "rightOperand"]
    assert (path(root, "boolean", "value"), path(root, "boolean", "modifiers", "modifier", "type")) == (
        "or",
        "rel.combine",
    )
    assert path(root, "leftOperand", "triple", "boolean", "value") == "and"
    assert path(root, "rightOperand", "triple", "rightOperand", "searchClause", "term") == "d"


@pytest.mark.parametrize(("text", "prefix"), [('>x="http://x" x.title = a', "x"), ('>"http://x" title = a', None)])
def test_a_prefix_that_the_query_gave_is_told_with_its_context_set(text: str, prefix: str | None) -> None:
    root = told(text)
    assert (path(root, "prefixes", "prefix", "name"), path(root, "prefixes", "prefix", "identifier")) == (
        prefix,
        "http://x",
    )


def test_a_clause_of_a_scan_stands_without_an_element_of_its_own() -> None:
    root = etree.fromstring(xcql.scan_clause(cql.parse_clause("dc.title = a")))
    assert [each.tag for each in root] == [f"{XCQL}index", f"{XCQL}relation", f"{XCQL}term"]


def test_what_readers_of_xml_would_find_too_deep_is_not_told() -> None:
    assert len(list(told(" or ".join(["a"] * (MAX_LEVELS + 1))).iter(f"{XCQL}term"))) == MAX_LEVELS + 1
    assert xcql.query(cql.parse(" or ".join(["a"] * MAX_CLAUSES)).root) == ""
