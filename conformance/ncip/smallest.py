"""The smallest valid message of each service, from the tables of the content models: it names nothing that there is."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations
from typing import Any, Final

from conformance.ncip.session import UNKNOWN
from protocols.ncip.base import Initiation
from protocols.ncip.elements import InitiationHeader
from protocols.ncip.messages import MESSAGES
from protocols.ncip.model import Child, Element, Kind, SchemeValue
from protocols.ncip.schemes import SCHEMES

_SOME_DAY: Final = datetime(2030, 1, 31, 22, 59, 59, tzinfo=UTC)


def smallest(service: str, header: InitiationHeader) -> Initiation:
    """Make the smallest valid initiation of *service*."""
    made: Initiation = _compound(MESSAGES[service], {"initiation_header": header})
    return made


def _chosen(cls: type[Element]) -> frozenset[str]:
    """Give the fewest children that satisfy the choice of a content model, the first of its alternatives before others."""
    rows = [child for child in cls.TABLE if child.letter]
    for number in range(len(rows) + 1):
        for some in combinations(rows, number):
            if cls.fits("".join(child.letter for child in some)):
                return frozenset(child.field for child in some)
    raise AssertionError(f"nothing satisfies {cls.CHOICE}")


def _compound(cls: type[Element], given: dict[str, Any]) -> Any:
    values = dict(given)
    for child in cls.TABLE:
        if child.field not in given and (child.required or child.field in _chosen(cls)):
            value = _value(child)
            values[child.field] = (value,) if child.repeats else value
    return cls(**values)


def _value(child: Child) -> Any:
    if child.model is not None:
        return _compound(child.model, {})
    if child.kind is Kind.PAIR:
        known = SCHEMES.get(child.tag)
        return next(iter(known)).pair if known is not None else SchemeValue(UNKNOWN)
    return {Kind.TEXT: UNKNOWN, Kind.DATE: _SOME_DAY, Kind.FLAG: True, Kind.INTEGER: 1}[child.kind]
