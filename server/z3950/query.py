"""Queries of Z39.50: which types are taken, and the tree that they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from protocols.sru import cql
from protocols.sru.diagnostics import Refused as CqlRefused
from protocols.z3950 import ccl, elements, oids, rpn
from protocols.z3950.asn1 import InternationalString
from protocols.z3950.bib1 import AttributeType
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.errors import RemoteProtocolError
from protocols.z3950.schema import alternative_of, resolve
from protocols.z3950.text import term_text
from server.catalogue import cql as cql_query
from server.catalogue import query as catalogue_query
from server.catalogue.diagnostics import CONDITIONS
from server.catalogue.query import PROFILE, iso5426

_BIB_1: Final = {condition: bib_1 for bib_1, condition in reversed(CONDITIONS.items())}
_STRING: Final = resolve(InternationalString)[0]


LENIENT: Final = replace(PROFILE, lenient=True)


def parsed(query: elements.Query, *, lenient: bool = False) -> rpn.Query:
    """Return the tree of a query; of RPN, a *lenient* reader makes what it can. Raises Refused."""
    if query.type_1 is not None:  # nearly all of them
        return rpn.parse(query.type_1, LENIENT if lenient else PROFILE)
    name, sent = alternative_of(query)
    read = _TYPES.get(name)
    if read is None:
        raise Refused(
            Bib1.QUERY_TYPE, f"{name.removeprefix('type_').removesuffix('_implicit')}: 1, 2, 101, 104 are taken"
        )
    return read(sent)


def packages_query(query: elements.Query) -> elements.RPNQuery:
    """Return a query for task packages. Raises Refused."""
    sent = query.type_1 or query.type_101
    if sent is None:
        raise Refused(Bib1.QUERY_TYPE, "1, 101 are taken of task packages")
    return sent


def _ccl(sent: bytes) -> rpn.Query:
    return ccl.parse(term_text(sent, iso5426))


def _cql(sent: elements.External) -> rpn.Query:
    if sent.direct_reference != oids.CQL:
        raise Refused(Bib1.QUERY_TYPE, f"104 of {sent.direct_reference}: {oids.CQL} is taken")
    try:
        octets, string = sent.octet_aligned, sent.single_asn1_type
        text = _STRING.decode(string or b"") if octets is None else term_text(octets, iso5426)
    except RemoteProtocolError as error:
        raise Refused(Bib1.MALFORMED_QUERY, "no CQL is in the EXTERNAL") from error
    try:
        return cql_query.translate(cql.parse(text).root)
    except CqlRefused as refused:
        condition, details = refused.diagnostic
        raise Refused(_BIB_1.get(condition, Bib1.MALFORMED_QUERY), details or condition.meaning) from refused


_TYPES: Final[dict[str, Callable[[Any], rpn.Query]]] = {
    "type_2": _ccl,
    "type_2_implicit": _ccl,
    "type_101": lambda sent: rpn.parse(sent, PROFILE),
    "type_104": _cql,
}
"""Type of query -> what reads it."""


# --- databases that take what they can ----------------------------------------------------------------------------------


def softened(node: rpn.Query, notes: list[str]) -> rpn.Query:
    """Return a query that is answered: attributes that are not taken together are left out but for Use, and *notes* say so."""
    if isinstance(node, rpn.Boolean):
        return rpn.Boolean(node.operator, softened(node.left, notes), softened(node.right, notes))
    if isinstance(node, rpn.ResultSetOperand):
        return node
    notes += node.attributes.replaced
    plain = rpn.Term(replace(node.attributes, replaced=()), node.value)
    try:
        catalogue_query.term(plain)
    except Refused as refused:
        if refused.condition is not Bib1.ATTRIBUTE_COMBINATION:
            raise
        notes.append(str(refused))
        return rpn.Term(rpn.Attributes(use=node.attributes.use), node.value)
    return plain


def written(node: rpn.Query) -> str:
    """Return a query for people, as a prefix query."""
    if isinstance(node, rpn.Boolean):
        operator = node.operator.value if isinstance(node.operator, rpn.BooleanOperator) else "prox"
        return f"@{operator.removeprefix('and-')} {written(node.left)} {written(node.right)}"
    if isinstance(node, rpn.ResultSetOperand):
        return f"@set {node.name}"
    attributes = node.attributes
    values = [(kind.value, getattr(attributes, kind.name.lower())) for kind in AttributeType]
    said = "".join(f"@attr {kind}={value} " for kind, value in values if value is not None)
    return f'{said}"{term_text(node.value, iso5426)}"'


def terms(node: rpn.Query) -> list[rpn.Term]:
    """Return the terms of a query, from left to right."""
    if isinstance(node, rpn.Boolean):
        return terms(node.left) + terms(node.right)
    return [node] if isinstance(node, rpn.Term) else []
