"""Queries as the kit writes them: prefix notation, which people read in a report as well, and their BER."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from conformance.z3950.ber import OID, Node, context, length, oid_octets, sequence, universal, written

Z3950: Final = "1.2.840.10003."
BIB_1: Final = f"{Z3950}3.1"
CQL: Final = f"{Z3950}16.2"
_OPERATORS: Final = {"@and": 0, "@or": 1, "@not": 2}
_TERMS: Final = {"general": 45, "numeric": 215, "string": 216, "date": 218, "null": 221}
_WORD: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')


def quoted(text: str) -> str:
    """Return a term as it is written in a query."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def attribute(kind: int, value: int | str, attribute_set: str = "") -> Node:
    """Return an AttributeElement; a value that is a string is sent as a list of one (complex)."""
    named = [context(1, oid_octets(attribute_set))] if attribute_set else []
    if isinstance(value, int):
        return sequence(*named, context(120, kind), context(121, value))
    return sequence(*named, context(120, kind), context(224, context(1, context(1, value))))


def operand(attributes: list[Node], text: str | bytes, kind: str = "general") -> Node:
    """Return a term with its attributes, AttributesPlusTerm."""
    value: int | str | bytes = text
    if kind == "numeric":
        value = int(text)
    elif isinstance(text, str):
        value = b"" if kind == "null" else text.encode()
    return context(102, [context(44, attributes), context(_TERMS[kind], value, text=kind != "numeric")])


def rpn(query: str) -> Node:
    """Return the RPNStructure of a query in prefix notation."""
    words = _words(query)
    made = _structure(words)
    if next(words, None) is not None:
        raise ValueError(f"{query}: something follows the query")
    return made


def plain_operand(query: str) -> Node:
    """Return the AttributesPlusTerm of a query that is one term: what Scan begins at."""
    return rpn(query).only


def type_1(query: str, attribute_set: str = BIB_1, *, tag: int = 1) -> Node:
    """Return a Query of type 1, or 101 by its *tag*."""
    return context(tag, [universal(OID, oid_octets(attribute_set)), rpn(query)])


def cql(text: str) -> Node:
    """Return a Query of type 104 in CQL."""
    return context(104, [universal(OID, oid_octets(CQL)), context(0, universal(27, text))])


def ccl(text: str) -> Node:
    """Return a Query of type 2."""
    return context(2, universal(4, text.encode()))


def _words(query: str) -> Iterator[tuple[str, bool]]:
    for found in _WORD.finditer(query):
        inside, bare = found.groups()
        yield (re.sub(r"\\(.)", r"\1", inside), True) if bare is None else (bare, False)


def _structure(words: Iterator[tuple[str, bool]]) -> Node:
    attributes: list[Node] = []
    kind, named = "general", ""
    for word, whole in words:
        if whole or not word.startswith("@"):
            return context(0, operand(attributes, word, kind))
        if word == "@attr":
            named = next(words)[0]
            if "=" in named:
                name, value = "", named
            else:
                name, (value, _) = named, next(words)
            number, _, text = value.partition("=")
            attributes.append(attribute(int(number), int(text) if text.isdigit() else text, name))
        elif word == "@term":
            kind = next(words)[0]
        elif word == "@set":
            return context(0, context(31, next(words)[0]))
        elif word == "@prox":
            return _near(words)
        else:
            left, right = _structure(words), _structure(words)
            operator = context(46, Node(_OPERATORS[word], b""))
            return context(1, [left, right, operator])
    raise ValueError("the query ends before its term")


def _near(words: Iterator[tuple[str, bool]]) -> Node:
    """Read @prox exclusion distance ordered relation k|p unit, and two structures."""
    exclusion, distance, ordered, relation, which, unit = (next(words)[0] for _ in range(6))
    members = [
        context(1, exclusion == "1"),
        context(2, int(distance)),
        context(3, ordered == "1"),
        context(4, int(relation)),
        context(5, context(1 if which == "k" else 2, int(unit))),
    ]
    left, right = _structure(words), _structure(words)
    return context(1, [left, right, context(46, Node(3, tuple(members)))])


def nested(depth: int, term: str) -> bytes:
    """Return the octets of a Query of type 1 with *depth* operators, each in the left operand of the one before.

    Made from the inside out: what writes a tree would run out of stack where the server must not.
    """
    leaf = written(context(0, operand([attribute(1, 1016)], term)))
    behind = leaf + written(context(46, Node(1, b"")))
    heads, size = [], len(leaf)
    for _ in range(depth):
        size += len(behind)
        heads.append(b"\xa1" + length(size))
        size += len(heads[-1])
    heads.reverse()
    body = b"".join([written(universal(OID, oid_octets(BIB_1))), *heads, leaf, behind * depth])
    return b"\xa1" + length(len(body)) + body
