"""The attribute set ext-1 (1.2.840.10003.3.3, Z39.50 appendix ATR): how task packages are asked for."""

from __future__ import annotations

import enum
from collections.abc import Callable
from operator import eq, ge, gt, le, lt
from typing import Any, Final, NamedTuple

from protocols.z3950 import oids
from protocols.z3950.bib1 import AttributeType, Relation
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import AttributesPlusTerm
from protocols.z3950.schema import alternative_of


class Use(enum.IntEnum):
    """What of a package is compared with the term."""

    USER_ID = 1
    PACKAGE_NAME = 2
    CREATION_DATE_TIME = 3
    TASK_STATUS = 4
    PACKAGE_TYPE = 5


RELATIONS: Final[dict[int, Callable[[Any, Any], bool]]] = {
    Relation.LESS_THAN: lt,
    Relation.LESS_THAN_OR_EQUAL: le,
    Relation.EQUAL: eq,
    Relation.GREATER_OR_EQUAL: ge,
    Relation.GREATER_THAN: gt,
    Relation.ALWAYS_MATCHES: lambda _value, _term: True,
}
"""Relation -> how the two are compared; only times come before or after each other."""
ORDERED: Final = frozenset({Use.CREATION_DATE_TIME})
_UNORDERED: Final = frozenset({Relation.EQUAL, Relation.ALWAYS_MATCHES})


class Wanted(NamedTuple):
    """One operand: what is compared, how, and with which text."""

    use: Use
    relation: int
    term: str

    def matches(self, value: str) -> bool:
        """Tell whether a package is wanted whose *value* this is; of a time as much is compared as the term says."""
        if self.use in ORDERED:
            value = value[: len(self.term)]
        return RELATIONS[self.relation](value, self.term)


def wanted(operand: AttributesPlusTerm, attribute_set: str) -> Wanted:
    """Return what an operand asks for, its attributes of *attribute_set* unless they name one. Raises Refused."""
    values: dict[int, int] = {}
    for attribute in operand.attributes:
        its_set = attribute.attribute_set or attribute_set
        if its_set != oids.EXT_1:
            raise Refused(Bib1.ATTRIBUTE_SET, f"{its_set}: {oids.EXT_1} is taken")
        if attribute.attribute_type not in (AttributeType.USE, AttributeType.RELATION):
            raise Refused(Bib1.ATTRIBUTE_TYPE, f"{attribute.attribute_type}: 1-2 are taken")
        if attribute.attribute_value.numeric is None:
            raise Refused(Bib1.COMPLEX_ATTRIBUTE_VALUE)
        values[attribute.attribute_type] = attribute.attribute_value.numeric
    number = values.get(AttributeType.USE)
    if number is None:
        raise Refused(Bib1.USE_REQUIRED)
    if number not in set(Use):
        raise Refused(Bib1.USE_ATTRIBUTE, f"{number}: {min(Use)}-{max(Use)} are taken")
    use, relation = Use(number), values.get(AttributeType.RELATION, Relation.EQUAL)
    if relation not in (RELATIONS if use in ORDERED else _UNORDERED):
        raise Refused(Bib1.RELATION_ATTRIBUTE, relation)
    return Wanted(use, relation, _text(operand, use))


def _text(operand: AttributesPlusTerm, use: Use) -> str:
    name, sent = alternative_of(operand.term)
    if name not in READABLE:
        raise Refused(Bib1.TERM_TYPE, name)
    text = sent.decode("utf-8", "replace") if isinstance(sent, bytes) else str(sent)
    if use not in ORDERED:
        return text
    digits = "".join(c for c in text if c.isdecimal() and c.isascii())
    if not 4 <= len(digits) <= len("YYYYMMDDhhmmss"):
        raise Refused(Bib1.ILLEGAL_TERM_VALUE, f"{text}: YYYY to YYYYMMDDhhmmss")
    return digits


READABLE: Final = frozenset({"general", "numeric", "character_string", "oid", "date_time"})
"""The types of term that are taken."""
