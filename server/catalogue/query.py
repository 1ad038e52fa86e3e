"""Terms with Bib-1 attributes in the store's own terms, for every language of queries, and every no of the search.

RPN comes with such attributes; CQL is given them by `cql_query`. So what can be asked is the same on every wire.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from typing import Final

from pyroaring import BitMap

from protocols.marc.charsets import Charset, decode
from protocols.z3950 import rpn
from protocols.z3950.bib1 import (
    Completeness,
    Position,
    ProximityRelation,
    ProximityUnit,
    Relation,
    Structure,
    Truncation,
)
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.rpn import Attributes, BooleanOperator, Profile, Proximity
from protocols.z3950.text import term_text
from server.catalogue.result_sets import ResultSet as FoundSet
from storage.catalogue import likeness, masks, planning, relevance
from storage.catalogue import search as catalogue
from storage.catalogue.access_points import AccessPoint, PointKind, by_use
from storage.catalogue.hits import Hits, Whole
from storage.catalogue.query import (
    And,
    AndNot,
    Between,
    Distance,
    Kind,
    Leaf,
    Mask,
    Masked,
    Near,
    Or,
    Present,
    Query,
    QueryError,
    QueryReason,
    ResultSet,
    Term,
)
from storage.network.network import Database
from storage.statements import Steps

PROFILE: Final = Profile(
    use=frozenset(by_use),
    relation=frozenset(Relation),
    position=frozenset({Position.FIRST_IN_FIELD, Position.ANY_POSITION_IN_FIELD}),
    structure=frozenset(Structure) - {Structure.STRUCTURE},
    truncation=frozenset(Truncation),
    completeness=frozenset(Completeness),
)
"""The values of attributes that are taken."""

LISTS: Final = Profile(
    use=frozenset(use for use, points in by_use.items() if any(point.kind is not PointKind.ITEM for point in points)),
    position=frozenset({Position.FIRST_IN_FIELD, Position.ANY_POSITION_IN_FIELD}),
    truncation=frozenset({Truncation.DO_NOT_TRUNCATE}),
    completeness=frozenset(Completeness),
)
"""The values of attributes that name a list of terms."""


class Shape(StrEnum):
    """What Structure, Position and Completeness say together about words."""

    WORDS = "words anywhere"
    SOME = "any of the words"
    PHRASE = "a phrase"
    FIRST = "the first words of a field"
    WHOLE = "a whole field"


SHAPES: Final[dict[int | None, Shape]] = {
    None: Shape.WORDS,
    Structure.WORD: Shape.WORDS,
    Structure.WORD_LIST: Shape.WORDS,
    Structure.PHRASE: Shape.PHRASE,
    Structure.NAME_NORMALIZED: Shape.PHRASE,
    Structure.NAME_UN_NORMALIZED: Shape.PHRASE,
    Structure.FREE_FORM_TEXT: Shape.SOME,
    Structure.DOCUMENT_TEXT: Shape.SOME,
    Structure.KEY: Shape.WHOLE,
    Structure.STRING: Shape.WHOLE,
}
"""Structure -> how words are looked for where neither Position nor Completeness says more; others are of numbers only."""

KINDS: Final[dict[tuple[Shape, int], Kind]] = {
    (Shape.WORDS, Truncation.DO_NOT_TRUNCATE): Kind.WORDS,
    (Shape.WORDS, Truncation.RIGHT): Kind.PREFIX,
    (Shape.SOME, Truncation.DO_NOT_TRUNCATE): Kind.SOME,
    (Shape.PHRASE, Truncation.DO_NOT_TRUNCATE): Kind.PHRASE,
    (Shape.PHRASE, Truncation.RIGHT): Kind.PHRASE_PREFIX,
    (Shape.FIRST, Truncation.DO_NOT_TRUNCATE): Kind.HEADING_WORDS,
    (Shape.FIRST, Truncation.RIGHT): Kind.HEADING_PREFIX,
    (Shape.WHOLE, Truncation.DO_NOT_TRUNCATE): Kind.HEADING,
    (Shape.WHOLE, Truncation.RIGHT): Kind.HEADING_PREFIX,
}
"""(Shape, Truncation) -> how the store looks for the text."""

MASKS: Final[dict[int, Callable[[str], tuple[Mask, ...]]]] = {
    Truncation.LEFT: lambda text: masks.truncated(text, right=False),
    Truncation.LEFT_AND_RIGHT: lambda text: masks.truncated(text, right=True),
    Truncation.PROCESS_HASH: masks.hash_masks,
    Truncation.REGEXPR_1: masks.expression_masks,
    Truncation.REGEXPR_2: masks.expression_masks,
    Truncation.Z39_58: masks.z3958_masks,
}
"""Truncation -> the masks that the text is."""

LIKE: Final[dict[int, Callable[[str], tuple[Mask, ...]]]] = {
    Relation.PHONETIC: likeness.sounds,
    Relation.STEM: likeness.stems,
}
"""Relation -> the masks of the words that are like those of the text."""


def _within(points: tuple[AccessPoint, ...], text: str) -> Between:
    """Return what lies between two bounds, which a blank sets apart, or a slash, or one hyphen alone."""
    bounds = re.split(r"\s*[/ ]\s*|(?<=[0-9]{4})-(?=[0-9]{4}$)", text.strip())
    if len(bounds) != 2 or not all(bounds):
        raise Refused(Bib1.ILLEGAL_TERM_VALUE, f"{text}: two bounds are needed")
    return Between(points, bounds[0], bounds[1])


BOUNDS: Final[dict[int, Callable[[tuple[AccessPoint, ...], str], Between]]] = {
    Relation.LESS_THAN: lambda points, text: Between(points, None, text, high_included=False),
    Relation.LESS_THAN_OR_EQUAL: lambda points, text: Between(points, None, text),
    Relation.GREATER_OR_EQUAL: lambda points, text: Between(points, text, None),
    Relation.GREATER_THAN: lambda points, text: Between(points, text, None, low_included=False),
    Relation.WITHIN: _within,
}
"""Relation -> the numbers or dates that it means."""

_NODES: Final[dict[BooleanOperator, Callable[[Query, Query], Query]]] = {
    BooleanOperator.AND: And,
    BooleanOperator.OR: Or,
    BooleanOperator.AND_NOT: AndNot,
}

REASONS: Final[dict[QueryReason, tuple[Bib1, str | None]]] = {
    QueryReason.EMPTY_TERM: (Bib1.MALFORMED_TERM, None),
    QueryReason.TOO_MANY_MASKS: (Bib1.TOO_MANY_TRUNCATED_WORDS, None),
    QueryReason.TOO_MANY_TERMS: (Bib1.TOO_MANY_INDEX_TERMS, str(catalogue.MAX_ROWS)),
    QueryReason.TOO_MANY_CANDIDATES: (Bib1.RESOURCES_EXHAUSTED_NONE, None),
    QueryReason.UNKNOWN_RESULT_SET: (Bib1.RESULT_SET_DOES_NOT_EXIST, None),
    QueryReason.NO_HEADINGS: (Bib1.ATTRIBUTE_COMBINATION, None),
    QueryReason.NO_RANGES: (Bib1.ATTRIBUTE_COMBINATION, None),
    QueryReason.BAD_MASK: (Bib1.MALFORMED_TERM, None),
    QueryReason.BAD_DATE: (Bib1.ILLEGAL_TERM_VALUE, None),
    QueryReason.TOO_COMPLEX: (Bib1.TOO_MANY_WORDS, str(planning.MAX_WORDS)),
}
"""Why the store does not answer -> the diagnostic, and its addinfo (None: the detail that the store gives)."""


def search(
    hits: Hits, query: rpn.Query, databases: tuple[Database, ...], sets: Callable[[str], BitMap]
) -> Steps[FoundSet]:
    """Return what *query* finds in *databases*; *sets* gives earlier results, or raises. Raises Refused."""
    asked = translated(query)
    try:
        records = yield from catalogue.search(hits, asked, tuple(database.id for database in databases), sets)
    except QueryError as error:
        raise refused(error) from error
    order = (yield from relevance.ordered(hits, asked, records)) if relevance.ranks(asked) else None
    return FoundSet(records, databases, order)


def known(hits: Hits, query: rpn.Query, databases: tuple[Database, ...]) -> FoundSet | None:
    """Return what `search` would, where that is remembered and nothing need be read. Raises Refused."""
    if not hits.settled:
        return None
    asked = translated(query)
    records = hits.get(Whole(asked, tuple(database.id for database in databases)))
    return None if records is None or relevance.ranks(asked) else FoundSet(records, databases)


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
    if isinstance(node.operator, Proximity):
        return _near(node.operator, node.left, node.right)
    return _NODES[node.operator](translated(node.left), translated(node.right))


DISTANCES: Final[dict[int, Distance]] = {
    ProximityRelation.LESS_THAN: Distance.LESS,
    ProximityRelation.LESS_THAN_OR_EQUAL: Distance.AT_MOST,
    ProximityRelation.EQUAL: Distance.EXACTLY,
    ProximityRelation.GREATER_THAN_OR_EQUAL: Distance.AT_LEAST,
    ProximityRelation.GREATER_THAN: Distance.MORE,
    ProximityRelation.NOT_EQUAL: Distance.OTHER,
}


def _near(sent: Proximity, left: rpn.Query, right: rpn.Query) -> Query:
    """Return two terms near to each other: so many words apart, or (unit element) in one field. Raises Refused."""
    if isinstance(left, rpn.ResultSetOperand) or isinstance(right, rpn.ResultSetOperand):
        raise Refused(Bib1.PROXIMITY_OF_SETS)
    if isinstance(left, rpn.Boolean) or isinstance(right, rpn.Boolean):
        raise Refused(Bib1.OPERATOR, "prox of what is no term")
    if replace(left.attributes, structure=None) != replace(right.attributes, structure=None):
        raise Refused(Bib1.PROXIMITY_COMBINATION, "the two terms need the same attributes")
    plain = Attributes(use=left.attributes.use)
    if replace(left.attributes, structure=None) != plain:
        raise Refused(Bib1.PROXIMITY_COMBINATION, "no attributes but Use and Structure are taken")
    distance = DISTANCES.get(sent.relation)
    if distance is None:
        raise Refused(Bib1.PROXIMITY_RELATION, f"{sent.relation}: {rpn.spans(DISTANCES)} are taken")
    words = _distance(sent, distance)
    texts = [term_text(each.value, iso5426) for each in (left, right)]
    near = Near(by_use[plain.use], texts[0], texts[1], words, distance, sent.ordered)
    return AndNot(And(term(left), term(right)), near) if sent.exclusion else near


def _distance(sent: Proximity, distance: Distance) -> int | None:
    """Return how many words apart, None for anywhere in a field."""
    if sent.unit == ProximityUnit.WORD:
        if sent.distance < 1:
            raise Refused(Bib1.PROXIMITY_DISTANCE, f"{sent.distance}: words that stand side by side are 1 apart")
        return sent.distance
    if sent.unit != ProximityUnit.ELEMENT:
        raise Refused(Bib1.PROXIMITY_UNIT, f"{sent.unit}: 2 (word) and 8 (element) are taken")
    if sent.distance or sent.ordered or distance not in {Distance.EXACTLY, Distance.AT_MOST}:
        raise Refused(Bib1.PROXIMITY_DISTANCE, "of elements, only 0 or less, in any order, is taken")
    return None


@lru_cache(4096)  # of terms, which are short
def term(sent: rpn.Term) -> Query:
    """Return a term in the store's terms. Raises Refused."""
    attributes = sent.attributes
    points = by_use[attributes.use]
    relation = attributes.relation
    if relation == Relation.ALWAYS_MATCHES:
        return Present(points)
    text = term_text(sent.value, iso5426)
    try:
        if relation == Relation.NOT_EQUAL:
            return AndNot(Present(points), _leaf(attributes, points, text))
        if relation in BOUNDS:
            return _bounds(attributes, points, text)
        return _leaf(attributes, points, text) if relation == Relation.EQUAL else _alike(attributes, points, text)
    except QueryError as error:
        raise refused(error) from error


def _leaf(attributes: Attributes, points: tuple[AccessPoint, ...], text: str) -> Leaf:
    kind, truncation = points[0].kind, attributes.truncation
    if kind is not PointKind.WORDS:
        if kind in _DATES and not any(map(str.isdigit, text)):
            raise Refused(Bib1.ILLEGAL_TERM_VALUE, text)
        shape = Shape.WORDS
    else:
        shape = _shape(attributes, points, text)
    masked = MASKS.get(truncation)
    if masked is not None and any(point.kind is PointKind.ITEM for point in points):
        raise Refused(Bib1.TRUNCATION_ATTRIBUTE, f"{truncation}: of use {attributes.use}, 1 and 100 are taken")
    if masked is not None:
        found = masked(text)
        if shape is Shape.WORDS or (shape is Shape.PHRASE and len(found) == 1):
            if found:
                return Masked(points, found)
            raise Refused(Bib1.MALFORMED_TERM, text)
    elif (how := KINDS.get((shape, truncation))) is not None:
        if shape in _OF_FIELDS and not any(point.has_headings for point in points):
            raise Refused(Bib1.ATTRIBUTE_COMBINATION, points[0].name)
        return Term(points, how, text)
    raise Refused(Bib1.ATTRIBUTE_COMBINATION, f"{shape.value}, with truncation {truncation}")


_OF_FIELDS: Final = frozenset({Shape.FIRST, Shape.WHOLE})
_DATES: Final = frozenset({PointKind.YEAR, PointKind.DAY})


def _alike(attributes: Attributes, points: tuple[AccessPoint, ...], text: str) -> Leaf:
    """Return words that are like those of the text (phonetic, stem), or some of them, whose order tells how many (relevance)."""
    if attributes.truncation != Truncation.DO_NOT_TRUNCATE:
        other = f"truncation {attributes.truncation}"
    elif any(point.kind is not PointKind.WORDS for point in points):
        other = points[0].name
    else:
        shape, like = _shape(attributes, points, text), LIKE.get(attributes.relation)
        found = like(text) if like is not None else ()
        if shape is Shape.WORDS or (shape is Shape.PHRASE and len(text.split()) == 1):
            if found:
                return Masked(points, found)
            if like is None:
                return Term(points, Kind.SOME, text)
            raise Refused(Bib1.MALFORMED_TERM, text)
        if shape is Shape.SOME and like is None:
            return Term(points, Kind.SOME, text)
        other = shape.value
    raise Refused(Bib1.ATTRIBUTE_COMBINATION, f"relation {attributes.relation} with {other}")


def _shape(attributes: Attributes, points: tuple[AccessPoint, ...], text: str) -> Shape:
    structure, first = attributes.structure, attributes.position == Position.FIRST_IN_FIELD
    shape = SHAPES.get(structure)
    if shape is None:
        raise Refused(Bib1.ATTRIBUTE_COMBINATION, f"use {attributes.use} holds words: no structure {structure}")
    if shape is not Shape.SOME and all(point.coded for point in points) and len(text.split()) == 1:
        return Shape.WORDS
    whole = attributes.completeness != Completeness.INCOMPLETE_SUBFIELD
    if not (whole or first):
        return shape
    if shape is Shape.SOME or (structure == Structure.WORD_LIST and len(text.split()) > 1):
        what = f"completeness {attributes.completeness}" if whole else f"position {attributes.position}"
        raise Refused(Bib1.ATTRIBUTE_COMBINATION, f"structure {structure} with {what}: 1 phrase is taken")
    return Shape.WHOLE if whole or shape is Shape.WHOLE else Shape.FIRST


def _bounds(attributes: Attributes, points: tuple[AccessPoint, ...], text: str) -> Between:
    if attributes.truncation != Truncation.DO_NOT_TRUNCATE:
        raise Refused(
            Bib1.ATTRIBUTE_COMBINATION, f"relation {attributes.relation} with truncation {attributes.truncation}"
        )
    if any(point.kind in {PointKind.WORDS, PointKind.ITEM} for point in points):
        raise Refused(Bib1.ATTRIBUTE_COMBINATION, points[0].name)
    return BOUNDS[attributes.relation](points, text)


def listing(attributes: Attributes, start: bytes) -> tuple[tuple[AccessPoint, ...], str, bool]:
    """Return the access points that are to be walked, from which text on, and whether as whole headings. Raises Refused."""
    whole = attributes.structure == Structure.PHRASE or attributes.completeness != Completeness.INCOMPLETE_SUBFIELD
    points = tuple(point for point in by_use[attributes.use] if point.kind is not PointKind.ITEM)
    if not points:
        raise Refused(Bib1.SCAN_TERM_LIST, f"use {attributes.use} is told by items: {rpn.spans(LISTS.use)} are listed")
    return points, term_text(start, iso5426), whole


def recoded(node: rpn.Query, charset: Charset) -> rpn.Query:
    """Return a query with its terms, which are in *charset*, in UTF-8."""
    if isinstance(node, rpn.Boolean):
        return rpn.Boolean(node.operator, recoded(node.left, charset), recoded(node.right, charset))
    if isinstance(node, rpn.ResultSetOperand):
        return node
    return rpn.Term(node.attributes, decode(node.value, charset).encode())


def iso5426(value: bytes) -> str:
    """Return the text of octets in ISO 5426. Raises ValueError."""
    return decode(value, Charset.ISO5426)
