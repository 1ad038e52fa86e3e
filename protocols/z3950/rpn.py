"""Type-1 and type-101 queries: the RPN that comes over the wire -> a small tree of terms with their attributes resolved.

Two readings share one walk, which knows no recursion: `decode` gives the operands as they were sent, `parse` gives what
they mean to a target with a `Profile`. A query that cannot be taken is refused with its exact Bib-1 diagnostic.

Attribute lists are few and come again with every search, and short queries come again too: what each one means is remembered
by its octets.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Generic, TypeVar

from protocols.z3950 import elements, oids
from protocols.z3950.ber import Indefinite, definite, element, tlv
from protocols.z3950.bib1 import ATTRIBUTES, USE, AttributeType, Completeness, Position, Relation, Structure, Truncation
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.errors import RemoteProtocolError
from protocols.z3950.schema import alternative_of, codec_of, table

MAX_DEPTH: Final = 200
MAX_OPERANDS: Final = 256
MAX_TERM: Final = 1024
"""Octets of one term."""

_OP: Final = 0xA0
_RPN_RPN_OP: Final = 0xA1
_OPERATOR: Final = 0xBF2E
_ATTR_TERM: Final = 0xBF66
_ATTRIBUTE_LIST: Final = 0xBF2C
_GENERAL: Final = 0x9F2D
_MAX_REMEMBERED: Final = 512  # octets of an attribute list, or of a query

_OPERAND_CODEC: Final = codec_of(elements.Operand)
_OPERATOR_CODEC: Final = codec_of(elements.Operator)
_TERM_CODEC: Final = codec_of(elements.Term)
_ATTRIBUTE_LIST_CODEC: Final = next(row.codec for row in table(elements.AttributesPlusTerm) if row.name == "attributes")


class BooleanOperator(enum.Enum):
    """What joins two parts of a query."""

    AND = "and"
    OR = "or"
    AND_NOT = "and-not"


@dataclass(frozen=True, slots=True)
class Proximity:
    """How near to each other two terms stand; `unit` is None for one of the origin's own."""

    distance: int
    relation: int
    unit: int | None
    ordered: bool = False
    exclusion: bool = False


Operator = BooleanOperator | Proximity

_OPERATORS: Final = {
    BooleanOperator.AND: _OPERATOR_CODEC.encode(elements.Operator(and_=True)),
    BooleanOperator.OR: _OPERATOR_CODEC.encode(elements.Operator(or_=True)),
    BooleanOperator.AND_NOT: _OPERATOR_CODEC.encode(elements.Operator(and_not=True)),
}
_OPERATOR_OF: Final = {octets: operator for operator, octets in _OPERATORS.items()}


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of one term, with a value for each type; *structure* is None when the origin left it open."""

    use: int = 1016
    relation: int = Relation.EQUAL
    position: int = Position.ANY_POSITION_IN_FIELD
    structure: int | None = None
    truncation: int = Truncation.DO_NOT_TRUNCATE
    completeness: int = Completeness.INCOMPLETE_SUBFIELD
    replaced: tuple[str, ...] = ()
    """What a lenient target said otherwise than the origin."""


@dataclass(frozen=True, slots=True)
class Term:
    """What is looked for, in the octets of the origin (`text.term_text` reads them)."""

    attributes: Attributes
    value: bytes

    def __hash__(self) -> int:
        return hash(self.value)  # which octets know already: terms are looked up with every search


@dataclass(frozen=True, slots=True)
class ResultSetOperand:
    """The records of a result set."""

    name: str


L = TypeVar("L")


@dataclass(frozen=True, slots=True)
class Boolean(Generic[L]):
    """Two parts of a query, each an operand or a Boolean, and what joins them."""

    operator: Operator
    left: L | Boolean[L]
    right: L | Boolean[L]


Query = Term | ResultSetOperand | Boolean[Term | ResultSetOperand]
SentQuery = elements.Operand | Boolean[elements.Operand]


@dataclass(frozen=True, eq=False)
class Profile:
    """Which values of each type of Bib-1 attribute a target takes.

    One that is *lenient* goes by the default where another is sent, and notes it; else that is refused.
    """

    use: frozenset[int] = frozenset(USE)
    relation: frozenset[int] = frozenset({Relation.EQUAL})
    position: frozenset[int] = frozenset({Position.ANY_POSITION_IN_FIELD})
    structure: frozenset[int] = frozenset({Structure.PHRASE, Structure.WORD, Structure.WORD_LIST})
    truncation: frozenset[int] = frozenset({Truncation.RIGHT, Truncation.DO_NOT_TRUNCATE})
    completeness: frozenset[int] = frozenset({Completeness.INCOMPLETE_SUBFIELD})
    lenient: bool = False
    values: dict[int, tuple[str, frozenset[int]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        values = {kind.value: (kind.name.lower(), getattr(self, kind.name.lower())) for kind in AttributeType}
        object.__setattr__(self, "values", values)


def parse(query: elements.RPNQuery, profile: Profile) -> Query:
    """Return what *query* asks of a target that takes the attributes of *profile*. Raises Refused."""
    read = _parse_again if len(query.rpn) <= _MAX_REMEMBERED else _parse
    return read(query.rpn, query.attribute_set, profile)


def _parse(rpn: bytes, attribute_set: str, profile: Profile) -> Query:
    def operand(data: bytes, at: int, end: int) -> Term | ResultSetOperand:
        return _operand(data, at, end, attribute_set, profile)

    return _walk(rpn, operand)


_parse_again = lru_cache(2048)(_parse)


def decode(rpn: bytes) -> SentQuery:
    """Return the operands of an RPNStructure as they were sent. Raises Refused."""
    return _walk(rpn, lambda data, at, end: _OPERAND_CODEC.decode(data[at:end]))


def encode(query: SentQuery) -> bytes:
    """Return the RPNStructure of *query*. Raises LocalProtocolError."""
    todo: list[SentQuery | bytes] = [query]
    done: list[bytes] = []
    while todo:
        part = todo.pop()
        if isinstance(part, Boolean):
            todo += tlv(_OPERATOR, _written(part.operator)), part.right, part.left
        elif isinstance(part, bytes):  # the operator of the last two that are done
            right, left = done.pop(), done.pop()
            done.append(tlv(_RPN_RPN_OP, left + right + part))
        else:
            done.append(tlv(_OP, _OPERAND_CODEC.encode(part)))
    return done[0]


def _written(operator: Operator) -> bytes:
    if isinstance(operator, BooleanOperator):
        return _OPERATORS[operator]
    near = elements.ProximityOperator(
        exclusion=operator.exclusion,
        distance=operator.distance,
        ordered=operator.ordered,
        relation_type=operator.relation,
        proximity_unit_code=elements.ProximityUnitCode(known=operator.unit or 0),
    )
    return _OPERATOR_CODEC.encode(elements.Operator(prox=near))


def _walk(rpn: bytes, operand: Callable[[bytes, int, int], L]) -> L | Boolean[L]:
    """Return the tree of *rpn*, its operands read by *operand*. Raises Refused."""
    try:
        try:
            return _read(rpn, operand)
        except Indefinite:
            return _read(definite(rpn), operand)
    except RemoteProtocolError as error:
        raise Refused(Bib1.MALFORMED_QUERY, error) from error


def _read(data: bytes, operand: Callable[[bytes, int, int], L]) -> L | Boolean[L]:
    # Each Boolean that is being read: where it ends, and its left side once that is read.
    ends: list[int] = []
    lefts: list[L | Boolean[L] | None] = []
    operands = 0
    at = 0
    while True:
        ident, start, stop = element(data, at, ends[-1] if ends else len(data))
        if ident == _RPN_RPN_OP:
            if len(ends) == MAX_DEPTH:
                raise Refused(Bib1.TOO_MANY_BOOLEANS, MAX_DEPTH)
            ends.append(stop)
            lefts.append(None)
            at = start
            continue
        if ident != _OP:
            raise Refused(Bib1.MALFORMED_QUERY, "neither an operand nor two and their operator")
        operands += 1
        if operands > MAX_OPERANDS:
            raise Refused(Bib1.TOO_MANY_BOOLEANS, MAX_OPERANDS - 1)
        node: L | Boolean[L] = operand(data, start, stop)
        at = stop
        while lefts and (left := lefts[-1]) is not None:
            lefts.pop()
            node = Boolean(_operator(data, at, ends[-1]), left, node)
            at = ends.pop()
        if not lefts:
            break
        lefts[-1] = node
    if at != len(data):
        raise Refused(Bib1.MALFORMED_QUERY, "octets follow the query")
    return node


def _operator(data: bytes, at: int, end: int) -> Operator:
    ident, start, stop = element(data, at, end)
    if ident != _OPERATOR or stop != end:
        raise Refused(Bib1.MALFORMED_QUERY, "an operator is missing after its two operands")
    found = _OPERATOR_OF.get(data[start:stop])
    if found is not None:
        return found
    name, sent = alternative_of(_OPERATOR_CODEC.decode(data[start:stop]))
    if name == "prox":
        unit = sent.proximity_unit_code.known
        return Proximity(sent.distance, sent.relation_type, unit, sent.ordered, bool(sent.exclusion))
    return BooleanOperator[name.upper().strip("_")]


def _operand(data: bytes, at: int, end: int, attribute_set: str, profile: Profile) -> Term | ResultSetOperand:
    """Read one operand; the way of nearly all of them is read here, the rest by the tables."""
    ident, start, stop = element(data, at, end)
    if ident == _ATTR_TERM and stop == end:
        ident, _, after = element(data, start, stop)
        if ident == _ATTRIBUTE_LIST:
            attributes = attributes_of(data[start:after], attribute_set, profile)
            value = _term(data, after, stop)
            if (
                not value.strip() and attributes.relation != Relation.ALWAYS_MATCHES
            ):  # which is asked with no term by YAZ's users
                raise Refused(Bib1.MALFORMED_TERM)
            return Term(attributes, value)
    sent: elements.Operand = _OPERAND_CODEC.decode(data[at:end])
    if sent.result_set is not None:
        return ResultSetOperand(sent.result_set)
    if sent.result_attr is not None:
        raise Refused(Bib1.RESULT_SET_ATTRIBUTES)
    raise Refused(Bib1.MALFORMED_QUERY, "an operand without attributes and term")


def _term(data: bytes, at: int, end: int) -> bytes:
    ident, start, stop = element(data, at, end)
    if ident == _GENERAL and stop == end:
        value = data[start:stop]
    else:
        name, sent = alternative_of(_TERM_CODEC.decode(data[at:end]))
        if name not in READABLE_TERMS:
            raise Refused(Bib1.TERM_TYPE, name)
        value = sent if isinstance(sent, bytes) else str(sent).encode()
    if len(value) > MAX_TERM:
        raise Refused(Bib1.TOO_MANY_CHARACTERS, MAX_TERM)
    return value


READABLE_TERMS: Final = frozenset({"general", "numeric", "character_string"})
"""The types of term that text can be read of."""


def attributes_of(encoded: bytes, attribute_set: str, profile: Profile) -> Attributes:
    """Return what an AttributeList means, given its whole element. Raises Refused, RemoteProtocolError."""
    if len(encoded) > _MAX_REMEMBERED:
        return _attributes_of(encoded, attribute_set, profile)
    return _remembered(encoded, attribute_set, profile)


def encoded_attributes(attributes: Sequence[elements.AttributeElement]) -> bytes:
    """Return an AttributeList as its element. Raises LocalProtocolError."""
    return _ATTRIBUTE_LIST_CODEC.encode(tuple(attributes))


def _attributes_of(encoded: bytes, attribute_set: str, profile: Profile) -> Attributes:
    return resolve(_ATTRIBUTE_LIST_CODEC.decode(encoded), attribute_set, profile)


def resolve(sent: Sequence[elements.AttributeElement], attribute_set: str, profile: Profile) -> Attributes:
    """Return what attributes mean together, each of `attribute_set` where it names no other. Raises Refused."""
    values: dict[str, int] = {}
    replaced: list[str] = []
    for attribute in sent or ():
        try:
            _resolve(attribute, attribute_set, profile, values)
        except Refused as refused:
            if not profile.lenient:
                raise
            replaced.append(str(refused))
    if not sent and attribute_set != oids.BIB_1 and not profile.lenient:
        raise Refused(Bib1.ATTRIBUTE_SET, attribute_set)
    return Attributes(**values, replaced=tuple(replaced))


def _resolve(
    attribute: elements.AttributeElement, attribute_set: str, profile: Profile, values: dict[str, int]
) -> None:
    """Put what an attribute says into *values*."""
    if (attribute.attribute_set or attribute_set) != oids.BIB_1:
        raise Refused(Bib1.ATTRIBUTE_SET, attribute.attribute_set or attribute_set)
    kind, allowed = profile.values.get(attribute.attribute_type, (None, frozenset()))
    if kind is None:
        raise Refused(Bib1.ATTRIBUTE_TYPE, f"{attribute.attribute_type}: {spans(profile.values)} are taken")
    value = attribute.attribute_value.numeric
    if value is None:
        raise Refused(Bib1.COMPLEX_ATTRIBUTE_VALUE)
    if value not in allowed:
        diagnostic = ATTRIBUTES[AttributeType(attribute.attribute_type)].diagnostic
        raise Refused(diagnostic, f"{value}: {spans(allowed)} are taken")
    if values.setdefault(kind, value) != value:
        raise Refused(Bib1.ATTRIBUTE_COMBINATION, f"{kind}: {values[kind]}, {value}")


def spans(values: Iterable[int]) -> str:
    """Return numbers as people write them: 1-3, 100, 104."""
    out: list[list[int]] = []
    for value in sorted(values):
        if out and out[-1][-1] == value - 1:
            out[-1].append(value)
        else:
            out.append([value])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in out)


_remembered = lru_cache(2048)(_attributes_of)
