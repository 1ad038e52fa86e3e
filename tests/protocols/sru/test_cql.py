"""CQL is read as its grammar says, refused with the place, and nothing hostile escapes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.sru import cql
from protocols.sru.cql import (
    Boolean,
    Clause,
    Index,
    Modifier,
    Node,
    Query,
    Relation,
    SortKey,
    parse,
    pieces,
    plain,
    write,
)
from protocols.sru.diagnostics import Condition, Refused


def clause(index: str, relation: str, term: str, *modifiers: Modifier, context_set: str = "") -> Clause:
    prefix, _, name = index.rpartition(".")
    return Clause(Index(name, prefix, context_set), Relation(relation, modifiers), term)


def choice(term: str) -> Clause:
    return Clause(cql.SERVER_CHOICE, Relation(), term)


A, B, C = choice("a"), choice("b"), choice("c")


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("zola", choice("zola")),
        ('"deux mots"', choice("deux mots")),
        ("dc.title = germinal", clause("dc.title", "=", "germinal")),
        ("dc.title=germinal", clause("dc.title", "=", "germinal")),
        ("title any zola", clause("title", "any", "zola")),
        ('dc.title ALL "la terre"', clause("dc.title", "all", "la terre")),
        ('dc.date within "1885 1890"', clause("dc.date", "within", "1885 1890")),
        ("dc.date >= 1885", clause("dc.date", ">=", "1885")),
        ("dc.date<>1885", clause("dc.date", "<>", "1885")),
        ("title == x", clause("title", "==", "x")),
        ("title cql.any x", clause("title", "cql.any", "x")),
        ("title =/stem/relevant x", clause("title", "=", "x", Modifier("stem"), Modifier("relevant"))),
        ("title any / rel.combine=sum x", clause("title", "any", "x", Modifier("rel.combine", "=", "sum"))),
        ("a and b", Boolean("and", A, B)),
        ("a AND b or c", Boolean("or", Boolean("and", A, B), C)),
        ("a and (b or c)", Boolean("and", A, Boolean("or", B, C))),
        ("((a))", A),
        ("a prox/unit=word/distance<3 b",
         Boolean("prox", A, B, (Modifier("unit", "=", "word"), Modifier("distance", "<", "3")))),
        ("a not(b)", Boolean("not", A, B)),
        ('"and" or "or"', Boolean("or", choice("and"), choice("or"))),
        ("and and or", Boolean("and", choice("and"), choice("or"))),
        ('>dc="info:x" dc.title = a', clause("dc.title", "=", "a", context_set="info:x")),
        ('>"info:y" title = a and b', Boolean("and", clause("title", "=", "a", context_set="info:y"), B)),
        ('(>x="u" x.t = a) and x.t = b',
         Boolean("and", clause("x.t", "=", "a", context_set="u"), clause("x.t", "=", "b"))),
        (r'"il dit \"oui\""', choice(r"il dit \"oui\"")),
        ("cql.resultSetId = 12ab", clause("cql.resultSetId", "=", "12ab")),
    ],
)  # fmt: skip
def test_a_query_is_read_as_the_grammar_says(text: str, root: Node) -> None:
    assert parse(text).root == root


def test_sort_keys_have_modifiers_and_prefixes() -> None:
    query = parse('>d="u" zola sortBy d.title/sort.descending dc.date')
    assert query == Query(
        choice("zola"),
        (SortKey(Index("title", "d", "u"), (Modifier("sort.descending"),)), SortKey(Index("date", "dc"))),
    )


def test_places_are_counted_in_characters_from_one() -> None:
    root = parse('été and  dc.title any/stem "x y"').root
    assert isinstance(root, Boolean)
    assert (root.left.position, root.position) == (1, 5)
    assert isinstance(root.right, Clause)
    assert (root.right.index.position, root.right.relation.position, root.right.position) == (10, 19, 28)
    assert root.right.relation.modifiers[0].position == 23


@pytest.mark.parametrize(
    ("text", "condition", "place"),
    [
        ("", 10, "character 1, where the query ends"),
        ("  ", 10, "character 3, where the query ends"),
        ("a and", 10, "character 6, where the query ends"),
        ("and", None, ""),
        ("a b", 10, "character 3 (b)"),
        ("a = ", 10, "character 5, where"),
        ("a = = b", 10, "character 5 (=)"),
        ("(a", 13, "character 1"),
        ("a)", 13, "character 2"),
        ("()", 13, "character 2"),
        ("a and ()", 13, "character 8"),
        ('"a', 14, "character 1"),
        ('a = "b', 14, "character 5"),
        ("a = b c = d", 10, "character 7"),
        ("a =/ b/ c", 10, "character 10, where"),
        ("a sortBy", 10, "character 9, where"),
        ("(a sortBy b)", 10, "character 4"),
        ("> a", 10, "character 4"),
        ("a = b\\", 26, "character 5"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, condition: int | None, place: str) -> None:
    if condition is None:
        assert parse(text).root == choice(text)
        return
    with pytest.raises(Refused) as caught:
        parse(text)
    assert caught.value.diagnostic.condition == condition
    assert place in caught.value.diagnostic.details


def test_a_scan_has_one_clause() -> None:
    assert cql.parse_clause("title = a") == clause("title", "=", "a")
    for text, condition in [("a and b", Condition.QUERY_SYNTAX), ("a sortBy b", Condition.SORT)]:
        with pytest.raises(Refused) as caught:
            cql.parse_clause(text)
        assert caught.value.diagnostic.condition is condition


def test_masks_are_told_from_what_is_escaped() -> None:
    assert pieces(r"a*\*?^") == [("a", False), ("*", True), ("*", False), ("?", True), ("^", True)]
    assert plain(r"\"a\\b\"") == '"a\\b"'
    with pytest.raises(Refused) as caught:
        pieces(r"a\b")
    assert caught.value.diagnostic == (Condition.ESCAPED_CHARACTER, "b")


# --- properties -----------------------------------------------------------------------------------------------------------

names = st.text("abcdeXY019.-", min_size=1, max_size=8).filter(
    lambda name: not name.startswith(".") and "." not in name
)
texts = st.text(st.characters(codec="utf-8", exclude_characters='\\"'), max_size=12)
modifiers = st.lists(
    st.one_of(
        names.map(lambda name: Modifier(name.lower())),
        st.builds(Modifier, names.map(str.lower), st.sampled_from(["=", "<", ">="]), texts.filter(bool)),
    ),
    max_size=3,
).map(tuple)
indexes = st.builds(Index, names, st.one_of(st.just(""), names))
relations = st.builds(
    Relation, st.sampled_from(["=", "==", "<>", "<", ">", "<=", ">=", "any", "all", "within"]), modifiers
)
clauses = st.builds(Clause, indexes, relations, texts)
trees = st.recursive(
    clauses,
    lambda inner: st.builds(Boolean, st.sampled_from(sorted(cql.BOOLEANS)), inner, inner, modifiers),
    max_leaves=8,
)


@settings(derandomize=True, deadline=None)
@given(trees)
def test_what_is_written_reads_as_it_was(tree: Node) -> None:
    assert parse(write(tree)).root == tree


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.one_of(st.text(max_size=60), st.text('ab ()=<>/"\\*?^.', max_size=40)))
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    with suppress(Refused):
        read = parse(text)
        assert parse(write(read.root)).root == read.root


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("(" * 5_000 + "a" + ")" * 5_000, Condition.PARENTHESES),
        (" or ".join(["a"] * 3_000), Condition.TOO_MANY_BOOLEANS),
        ("a" * 1_000_000, Condition.QUERY_TOO_LONG),
        ("a =" + "/x" * 8_000 + " b", Condition.QUERY_SYNTAX),
        (">a=b" * 4_000 + " c", None),
        ('"' + "\\a" * 8_000, Condition.QUOTES),
        ("a sortBy " + "b " * 4_000, Condition.TOO_MANY_SORT_KEYS),
        ("<" * 16_000, Condition.QUERY_SYNTAX),
    ],
)
def test_hostile_queries_are_refused_at_their_limits(text: str, condition: Condition | None) -> None:
    if condition is None:
        assert parse(text).root == choice("c")
    else:
        with pytest.raises(Refused) as caught:
            parse(text)
        assert caught.value.diagnostic.condition is condition


def test_as_many_levels_and_clauses_as_allowed_are_read() -> None:
    assert parse("(" * cql.MAX_LEVELS + "a" + ")" * cql.MAX_LEVELS).root == A
    parse(" or ".join(["a"] * cql.MAX_CLAUSES))
