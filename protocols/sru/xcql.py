"""XCQL 1.1: the tree of a query as XML, as responses of SRU 1.1 and 1.2 repeat what they have read (`xQuery`, `xScanClause`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from protocols.sru.cql import Clause, Index, Modifier, Node
from protocols.xmltext import element, inside

NAMESPACE: Final = "http://www.loc.gov/zing/cql/xcql/"
MAX_LEVELS: Final = 100
"""Booleans inside one another: each takes two elements, and readers of XML (libxml2) take no more than 256 of these."""


def query(node: Node) -> str:
    """Return the element `xQuery` of a query; nothing for one that is nested too deeply."""
    return inside("xQuery", _operand(node, NAMESPACE)) if _levels(node) <= MAX_LEVELS else ""


def _levels(node: Node) -> int:
    return 0 if isinstance(node, Clause) else 1 + max(_levels(node.left), _levels(node.right))


def scan_clause(clause: Clause) -> str:
    """Return the element `xScanClause` of the clause of a scan."""
    return inside("xScanClause", _parts(clause, NAMESPACE))


def _operand(node: Node, xmlns: str = "") -> str:
    if isinstance(node, Clause):
        return inside("searchClause", _parts(node), xmlns=xmlns)
    return inside(
        "triple",
        inside("boolean", element("value", node.operator), _modifiers(node.modifiers)),
        inside("leftOperand", _operand(node.left)),
        inside("rightOperand", _operand(node.right)),
        xmlns=xmlns,
    )


def _parts(clause: Clause, xmlns: str = "") -> str:
    relation = clause.relation
    return (
        _prefixes(clause.index, xmlns)
        + element("index", clause.index, xmlns=xmlns)
        + inside("relation", element("value", relation.name), _modifiers(relation.modifiers), xmlns=xmlns)
        + element("term", clause.term, xmlns=xmlns)
    )


def _prefixes(index: Index, xmlns: str) -> str:
    """Return the prefix that the query itself has given a context set to, where its index has one."""
    if not index.context_set:
        return ""
    name = element("name", index.prefix) if index.prefix else ""
    return inside("prefixes", inside("prefix", name, element("identifier", index.context_set)), xmlns=xmlns)


def _modifiers(modifiers: Sequence[Modifier]) -> str:
    return inside("modifiers", *map(_modifier, modifiers))


def _modifier(modifier: Modifier) -> str:
    compared = element("comparison", modifier.comparison) + element("value", modifier.value)
    return inside("modifier", element("type", modifier.name), compared if modifier.comparison else "")
