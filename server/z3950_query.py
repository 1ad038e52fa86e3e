"""Queries of Z39.50: which types are taken, and the tree that they are."""

from __future__ import annotations

from protocols.z3950 import elements, rpn
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.schema import alternative_of
from server.catalogue_query import PROFILE


def parsed(query: elements.Query) -> rpn.Query:
    """Return the tree of a query. Raises Refused."""
    sent = query.type_1 or query.type_101
    if sent is None:
        raise Refused(Bib1.QUERY_TYPE, alternative_of(query)[0].removeprefix("type_").removesuffix("_implicit"))
    return rpn.parse(sent, PROFILE)
