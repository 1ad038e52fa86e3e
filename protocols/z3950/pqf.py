"""Prefix queries, the notation in which people write type-1 queries for tests, the command line and conformance scripts.

::

    query   = ["@attrset" SET] node
    node    = {"@attr" [SET] TYPE=VALUE} ("@and" | "@or" | "@not") node node
            | {"@attr" [SET] TYPE=VALUE} "@prox" EXCLUSION DISTANCE ORDERED RELATION "k" UNIT node node
            | {"@attr" [SET] TYPE=VALUE} ["@term" ("general" | "string" | "numeric")] TERM
            | "@set" NAME

``@attr`` before an operator holds for all below it. SET is a name of `oids.ATTRIBUTE_SETS` or an object identifier;
TERM is a word or stands in double quotes, where a backslash takes the next character as it is.
"""

from __future__ import annotations

import re
from typing import Final

from protocols.z3950 import oids
from protocols.z3950.elements import AttributeElement, AttributesPlusTerm, AttributeValue, Operand, RPNQuery, Term
from protocols.z3950.errors import Z3950Error
from protocols.z3950.rpn import Boolean, BooleanOperator, Operator, Proximity, SentQuery, decode, encode

_TOKEN: Final = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]\S*))')
_OPERATORS: Final = {"@and": BooleanOperator.AND, "@or": BooleanOperator.OR, "@not": BooleanOperator.AND_NOT}
_NAMES: Final = {operator: name for name, operator in _OPERATORS.items()}
_SETS: Final = {name: oid for oid, name in oids.ATTRIBUTE_SETS.items()}
_MAX_DEPTH: Final = 200


class PqfError(Z3950Error):
    """Text that is no prefix query."""


class _Words:
    """The words of a query, one after the other; a quoted one is never a keyword."""

    def __init__(self, text: str) -> None:
        self._found: list[tuple[str, bool]] = []
        at = 0
        text = text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise PqfError(f"a quotation mark is not closed: {text[at:]}")
            quoted, bare = match.groups()
            self._found.append((re.sub(r"\\(.)", r"\1", quoted), True) if bare is None else (bare, False))
            at = match.end()
        self._found.reverse()

    def take(self) -> tuple[str, bool]:
        """Return the next word and whether it was quoted."""
        if not self._found:
            raise PqfError("the query ends before it is whole")
        return self._found.pop()

    def keyword(self, *words: str) -> str | None:
        """Return the next word and go over it, if it is one of *words*."""
        if self._found and self._found[-1] in [(word, False) for word in words]:
            return self._found.pop()[0]
        return None

    def end(self) -> None:
        """Check that nothing is left."""
        if self._found:
            raise PqfError(f"something follows the query: {self._found[-1][0]}")


def parse(text: str) -> RPNQuery:
    """Return the query that *text* stands for. Raises PqfError."""
    words = _Words(text)
    attribute_set = _set(words.take()[0]) if words.keyword("@attrset") else oids.BIB_1
    tree = _node(words, (), 0)
    words.end()
    return RPNQuery(attribute_set=attribute_set, rpn=encode(tree))


def _set(name: str) -> str:
    oid = _SETS.get(name.lower(), name)
    if not re.fullmatch(r"\d+(\.\d+)+", oid):
        raise PqfError(f"not an attribute set: {name}")
    return oid


def _node(words: _Words, attributes: tuple[AttributeElement, ...], depth: int) -> SentQuery:
    if depth > _MAX_DEPTH:
        raise PqfError(f"more than {_MAX_DEPTH} operators in each other")
    own: list[AttributeElement] = []
    while words.keyword("@attr"):
        own.append(_attribute(words))
    # The nearest comes first and hides what was said further out about its type.
    here = (*own, *(one for one in attributes if one.attribute_type not in {mine.attribute_type for mine in own}))
    if operator := words.keyword(*_OPERATORS):
        return Boolean(_OPERATORS[operator], _node(words, here, depth + 1), _node(words, here, depth + 1))
    if words.keyword("@prox"):
        return Boolean(_proximity(words), _node(words, here, depth + 1), _node(words, here, depth + 1))
    if words.keyword("@set"):
        return Operand(result_set=words.take()[0])
    return Operand(attr_term=AttributesPlusTerm(attributes=here, term=_term(words)))


def _proximity(words: _Words) -> Proximity:
    exclusion, distance, ordered, relation, code, unit = (words.take()[0] for _ in range(6))
    numbers = (exclusion, distance, ordered, relation, unit)
    if code not in {"k", "known"} or not all(re.fullmatch(r"\d{1,9}", number) for number in numbers):
        raise PqfError(f"not a proximity: {exclusion} {distance} {ordered} {relation} {code} {unit}")
    return Proximity(int(distance), int(relation), int(unit), ordered != "0", exclusion != "0")


def _attribute(words: _Words) -> AttributeElement:
    word = words.take()[0]
    attribute_set = None
    if "=" not in word:
        attribute_set = _set(word)
        word = words.take()[0]
    kind, _, value = word.partition("=")
    if not (re.fullmatch(r"\d{1,9}", kind) and re.fullmatch(r"\d{1,9}", value)):
        raise PqfError(f"not an attribute: {word}")
    return AttributeElement(
        attribute_set=attribute_set, attribute_type=int(kind), attribute_value=AttributeValue(numeric=int(value))
    )


def _term(words: _Words) -> Term:
    kind = words.take()[0] if words.keyword("@term") else "general"
    value, quoted = words.take()
    if value.startswith("@") and not quoted:
        raise PqfError(f"not a term, nor known: {value}")
    if kind == "numeric" and re.fullmatch(r"-?\d{1,18}", value):
        return Term(numeric=int(value))
    if kind == "string":
        return Term(character_string=value)
    if kind == "general":
        return Term(general=value.encode())
    raise PqfError(f"not a term of type {kind}: {value}")


def write(query: RPNQuery) -> str:
    """Return *query* as a prefix query. Raises Refused for what the notation, or this package, does not know."""
    prefix = "" if query.attribute_set == oids.BIB_1 else f"@attrset {_set_name(query.attribute_set)} "
    return prefix + _write(decode(query.rpn))


def _write(node: SentQuery) -> str:
    if isinstance(node, Boolean):
        return f"{_write_operator(node.operator)} {_write(node.left)} {_write(node.right)}"
    if node.attr_term is None:
        return f"@set {_quoted(node.result_set or '')}"
    return "".join(map(_write_attribute, node.attr_term.attributes)) + _write_term(node.attr_term.term)


def _write_operator(operator: Operator) -> str:
    if isinstance(operator, BooleanOperator):
        return _NAMES[operator]
    exclusion, ordered = int(operator.exclusion), int(operator.ordered)
    return f"@prox {exclusion} {operator.distance} {ordered} {operator.relation} k {operator.unit or 0}"


def _write_attribute(attribute: AttributeElement) -> str:
    prefix = "" if attribute.attribute_set is None else f"{_set_name(attribute.attribute_set)} "
    return f"@attr {prefix}{attribute.attribute_type}={attribute.attribute_value.numeric} "


def _set_name(oid: str) -> str:
    return oids.ATTRIBUTE_SETS.get(oid, oid)


def _write_term(term: Term) -> str:
    if term.numeric is not None:
        return f"@term numeric {term.numeric}"
    if term.character_string is not None:
        return f"@term string {_quoted(term.character_string)}"
    return _quoted((term.general or b"").decode(errors="replace"))


def _quoted(text: str) -> str:
    if re.fullmatch(r"[^\s\"\\@][^\s\"\\]*", text):
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
