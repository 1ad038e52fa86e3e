"""What SRU 2.0 asks of facets, in its three parameters: how many terms of each, from which on, in which order.

`facetLimit=10,5:dc.subject` is ten terms of every facet and five of one; `facetStart` is written the same way. In
`facetSort=recordCount,descending,alphanumeric:dc.date` an order and what qualifies it stand one behind the other; what ends in a
facet is of that facet (OASIS searchRetrieve 1.0, part 3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, TypeVar

from protocols.sru.diagnostics import Condition, Refused

ALL: Final = -1
"""As a limit: all terms."""
MAX_NAMED: Final = 20
"""Facets that a parameter may name."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PerFacet(Generic[T]):
    """Values of facets by the names that were sent, and that of every other one (None: the parameter says none)."""

    every: T | None = None
    named: Mapping[str, T] = field(default_factory=dict)


NOTHING: Final[PerFacet[Any]] = PerFacet()
"""What a parameter says that was not sent."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order of terms: by how many records have them, or by themselves."""

    by_count: bool = True
    descending: bool = True


def limits(name: str, value: str) -> PerFacet[int]:
    """Return the numbers of terms that a parameter allows. Raises Refused (6)."""
    return _numbers(name, value, ALL)


def starts(name: str, value: str) -> PerFacet[int]:
    """Return the places, from 1, at which a parameter has the terms begin. Raises Refused (6)."""
    return _numbers(name, value, 1)


def orders(name: str, value: str) -> PerFacet[Order]:
    """Return the orders of a parameter. Raises Refused (6)."""
    found: list[tuple[Order, str]] = []
    for word, facet in _parts(value):
        if word in _KEYS:
            found.append((_KEYS[word], facet))
        elif found and not found[-1][1] and word in _QUALIFIERS:
            order, _ = found[-1]
            found[-1] = replace(order, descending=_QUALIFIERS[word](order)), facet
        else:
            raise Refused(Condition.PARAMETER_VALUE, name)
    return _per_facet(name, found)


_KEYS: Final[Mapping[str, Order]] = {"recordcount": Order(), "alphanumeric": Order(by_count=False, descending=False)}
_QUALIFIERS: Final[Mapping[str, Callable[[Order], bool]]] = {
    "ascending": lambda _: False,
    "descending": lambda _: True,
    "caseinsensitive": lambda order: order.descending,  # as all terms are
}


def _numbers(name: str, value: str, least: int) -> PerFacet[int]:
    found = []
    for number, facet in _parts(value):
        if not re.fullmatch(r"-?[0-9]{1,9}", number, re.ASCII) or int(number) < least:
            raise Refused(Condition.PARAMETER_VALUE, name)
        found.append((int(number), facet))
    return _per_facet(name, found)


def _parts(value: str) -> Iterator[tuple[str, str]]:
    """Yield what stands between commas, and the facet that it is for."""
    for part in value.split(","):
        what, _, facet = part.partition(":")
        yield what.strip().lower(), facet.strip()


def _per_facet(name: str, found: list[tuple[T, str]]) -> PerFacet[T]:
    values = {facet: value for value, facet in found}
    if len(values) < len(found) or len(values) > MAX_NAMED:
        raise Refused(Condition.PARAMETER_VALUE, name)
    return PerFacet(values.pop("", None), values)
