"""Terms with Bib-1 attributes in the store's own terms, for every language of queries, and every no of the search.

RPN comes with such attributes; CQL is given them by `cql_query`. So what can be asked is the same on every wire.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from pyroaring import BitMap

from protocols.marc.charsets import Charset, decode
from protocols.z3950 import rpn
from protocols.z3950.bib1 import Completeness, Position, Structure, Truncation
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.rpn import Attributes, BooleanOperator, Profile
from protocols.z3950.text import term_text
from storage.catalogue import search as catalogue
from storage.catalogue.access_points import AccessPoint, PointKind, by_use
from storage.catalogue.hits import Hits
from storage.catalogue.query import And, AndNot, Kind, Or, Query, QueryError, QueryReason, ResultSet, Term
from storage.network.network import Database
from storage.statements import Steps

PROFILE: Final = Profile(use=frozenset(by_use))
"""The values of attributes that are taken."""

LISTS: Final = Profile(
    use=frozenset(by_use),
    position=frozenset({Position.FIRST_IN_FIELD, Position.ANY_POSITION_IN_FIELD}),
    truncation=frozenset({Truncation.DO_NOT_TRUNCATE}),
    completeness=frozenset(Completeness),
)
"""The values of attributes that name a list of terms."""

KINDS: Final[dict[tuple[int | None, int], Kind]] = {
    (None, Truncation.DO_NOT_TRUNCATE): Kind.WORDS,
    (Structure.WORD, Truncation.DO_NOT_TRUNCATE): Kind.WORDS,
    (Structure.WORD_LIST, Truncation.DO_NOT_TRUNCATE): Kind.WORDS,
    (Structure.PHRASE, Truncation.DO_NOT_TRUNCATE): Kind.PHRASE,
    (None, Truncation.RIGHT): Kind.PREFIX,
    (Structure.WORD, Truncation.RIGHT): Kind.PREFIX,
    (Structure.WORD_LIST, Truncation.RIGHT): Kind.PREFIX,
}
"""(Structure, Truncation) -> how the store looks for the text."""

_NODES: Final[dict[BooleanOperator, Callable[[Query, Query], Query]]] = {
    BooleanOperator.AND: And,
    BooleanOperator.OR: Or,
    BooleanOperator.AND_NOT: AndNot,
}

REASONS: Final[dict[QueryReason, tuple[Bib1, str | None]]] = {
    QueryReason.EMPTY_TERM: (Bib1.MALFORMED_TERM, None),
    QueryReason.TOO_MANY_TERMS: (Bib1.TOO_MANY_INDEX_TERMS, str(catalogue.MAX_ROWS)),
    QueryReason.TOO_MANY_CANDIDATES: (Bib1.RESOURCES_EXHAUSTED_NONE, None),
    QueryReason.UNKNOWN_RESULT_SET: (Bib1.RESULT_SET_DOES_NOT_EXIST, None),
    QueryReason.NO_HEADINGS: (Bib1.ATTRIBUTE_COMBINATION, None),
    QueryReason.TOO_COMPLEX: (Bib1.TOO_MANY_WORDS, str(catalogue.MAX_WORDS)),
}
"""Why the store does not answer -> the diagnostic, and its addinfo (None: the detail that the store gives)."""


def search(hits: Hits, query: rpn.Query, databases: Sequence[Database], sets: Callable[[str], BitMap]) -> Steps[BitMap]:
    """Return the records of *databases* that *query* finds; *sets* gives earlier results, or raises. Raises Refused."""
    asked = translated(query)
    try:
        return (yield from catalogue.search(hits, asked, tuple(database.id for database in databases), sets))
    except QueryError as error:
        raise refused(error) from error


def refused(error: QueryError) -> Refused:
    """Return why the store does not answer, as a diagnostic."""
    condition, addinfo = REASONS[error.reason]
    return Refused(condition, error.detail if addinfo is None else addinfo)


def translated(node: rpn.Query) -> Query:
    """Return a query in the store's terms. Raises Refused."""
    if isinstance(node, rpn.Term):
        return term(node)
    if isinstance(node, rpn.ResultSetOperand):
        return ResultSet(node.name)
    return _NODES[node.operator](translated(node.left), translated(node.right))


def term(sent: rpn.Term) -> Term:
    """Return a term in the store's terms. Raises Refused."""
    attributes = sent.attributes
    text = term_text(sent.value, _iso5426)
    points = by_use[attributes.use]
    if points[0].kind is PointKind.YEAR and not any(map(str.isdigit, text)):
        raise Refused(Bib1.ILLEGAL_TERM_VALUE, text)
    kind = KINDS.get((attributes.structure, attributes.truncation))
    if kind is None:
        raise Refused(
            Bib1.ATTRIBUTE_COMBINATION, f"structure {attributes.structure} with truncation {attributes.truncation}"
        )
    return Term(points, kind, text)


def listing(attributes: Attributes, start: bytes) -> tuple[tuple[AccessPoint, ...], str, bool]:
    """Return the access points that are to be walked, from which text on, and whether as whole headings."""
    whole = attributes.structure == Structure.PHRASE or attributes.completeness != Completeness.INCOMPLETE_SUBFIELD
    return by_use[attributes.use], term_text(start, _iso5426), whole


def _iso5426(value: bytes) -> str:
    return decode(value, Charset.ISO5426)
