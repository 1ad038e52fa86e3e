"""What targets are asked, and a query in CQL as the prefix query of Z39.50, with every attribute said (Bath profile, level 1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from protocols.sru import cql
from protocols.sru.cql import Boolean, Clause, Node
from protocols.sru.diagnostics import Condition, Refused
from server.catalogue.indexes import Row, resolve

_OPERATORS: Final = {"and": "@and", "or": "@or", "not": "@not"}
_WORD, _WORD_LIST, _PHRASE = 2, 6, 1


class Form(StrEnum):
    """What a question is written in."""

    ISBN = "isbn"
    CQL = "cql"
    PQF = "pqf"


@dataclass(frozen=True, slots=True)
class Question:
    """What all targets are asked: an ISBN (digits), or a query in CQL or prefix notation; how many records of each at most."""

    form: Form
    text: str
    most: int = 5


def to_cql(asked: Question) -> str:
    """Return what an SRU target is asked. Raises Refused for a query in prefix notation: attributes mean nothing there."""
    if asked.form is Form.PQF:
        raise Refused(Condition.QUERY_TYPE, "a prefix query is for Z39.50 targets: write CQL")
    return asked.text


def to_prefix(asked: Question) -> str:
    """Return the prefix query of a query. Raises Refused for what is no CQL, or has no like among attributes."""
    return asked.text if asked.form is Form.PQF else _written(cql.parse(asked.text).root)


def _written(node: Node) -> str:
    if isinstance(node, Boolean):
        operator = _OPERATORS.get(node.operator.lower())
        if operator is None:
            raise Refused(Condition.BOOLEAN_OPERATOR, node.operator)
        return f"{operator} {_written(node.left)} {_written(node.right)}"
    return _clause(node)


def _clause(clause: Clause) -> str:
    row = resolve(clause.index)
    if not isinstance(row, Row):
        raise Refused(Condition.INDEX, row)
    relation, words = clause.relation.name.lower(), clause.term.split()
    if relation not in {"=", "==", "scr", "adj", "all", "any", "exact"}:
        raise Refused(Condition.RELATION, clause.relation.name)
    if not words:
        raise Refused(Condition.EMPTY_TERM, str(clause.index))
    if relation == "any":
        terms = [_term(row.use, word, _WORD) for word in words]
        return " ".join(["@or"] * (len(terms) - 1) + terms)
    phrase = relation in {"adj", "==", "exact"}
    structure = _WORD if len(words) == 1 else _PHRASE if phrase else _WORD_LIST
    return _term(row.use, " ".join(words), structure)


def _term(use: int, text: str, structure: int) -> str:
    truncation = 1 if text.endswith("*") else 100
    term = text.rstrip("*").replace("\\", "\\\\").replace('"', '\\"')
    return f'@attr 1={use} @attr 2=3 @attr 3=3 @attr 4={structure} @attr 5={truncation} @attr 6=1 "{term}"'
