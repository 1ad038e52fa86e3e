"""The facets that SRU 2.0 is given of what was found: one row each, by the index that its terms are asked for with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from pyroaring import BitMap
from twisted.internet.defer import DeferredLock

from protocols.sru import cql
from protocols.sru.diagnostics import Condition, Diagnostic, Refused
from protocols.sru.facets import ALL, Order, PerFacet
from protocols.sru.requests import SearchRetrieve
from protocols.sru.responses import Facet, FacetTerm
from server.catalogue import indexes as cql_indexes
from server.catalogue.shared import Catalogue
from storage.catalogue import facets
from storage.catalogue.access_points import AccessPoint, PointKind, by_use
from storage.catalogue.scan import MAX_SHOWN, shown
from storage.network.network import Network

T = TypeVar("T")

MAX_WAITING: Final = 32
"""Facets that wait for their turn; who asks for more then is told so. Those who have gone away meanwhile are among them."""


class Row(NamedTuple):
    """A facet: its index, what its terms are, whether these are whole headings, and what one looks like if not every term is one."""

    name: str
    terms: str
    headings: bool = False
    wanted: str = ".+"


FACETS: Final = (
    Row("dc.language", "codes"),
    # The other terms of the index are character 6 alone, and words.
    Row("dc.type", "characters 6 and 7 of the leader: `am` a book, `as` a periodical", wanted="[a-t][abcdims]"),
    Row("bib.institution", "owners of items at the moment: ISIL, or else code"),
    Row("dc.creator", "names in whole fields, with dates where all have them", headings=True),
    Row("dc.subject", "whole fields, and their first subfield", headings=True),
    Row("dc.date", "years"),
)


def _resolved(name: str) -> cql_indexes.Row | None:
    prefix, _, index = name.rpartition(".")
    try:
        found = cql_indexes.resolve(cql.Index(index, prefix))
    except Refused:
        return None
    return None if isinstance(found, str) else found


_INDEXES: Final = {row: found for row in FACETS if (found := _resolved(row.name)) is not None}
_BY_USE: Final = {found.use: row for row, found in _INDEXES.items()}


class Wanted(NamedTuple):
    """A facet that is wanted: how many of its terms, from which on (from 0), and in which order."""

    row: Row
    limit: int
    start: int
    order: Order


def wanted(request: SearchRetrieve) -> list[Wanted]:
    """Return the facets that a request wants. Raises Refused (6)."""
    limits = _rows("facetLimit", request.facet_limit, 0)
    starts = _rows("facetStart", request.facet_start, 1)
    orders = _rows("facetSort", request.facet_sort, Order())
    if max(starts.values()) > _LAST_START:
        raise Refused(Condition.PARAMETER_VALUE, f"facetStart: {max(starts.values())}; {_LAST_START} at most")
    most = {row: MAX_SHOWN if limit == ALL else min(limit, MAX_SHOWN) for row, limit in limits.items()}
    return [Wanted(row, most[row], starts[row] - 1, orders[row]) for row in FACETS if most[row]]


_LAST_START: Final = facets.MAX_TERMS - MAX_SHOWN + 1


def _rows(parameter: str, sent: PerFacet[T], otherwise: T) -> Mapping[Row, T]:
    """Return what a parameter says of each facet. Raises Refused (6)."""
    named: dict[Row, T] = {}
    for name, value in sent.named.items():
        index = _resolved(name)
        row = None if index is None else _BY_USE.get(index.use)
        if row is None or row in named:
            known = ", ".join(each.name for each in FACETS)
            raise Refused(Condition.PARAMETER_VALUE, f"{parameter}: {name[:100]}; facets, each once: {known}")
        named[row] = value
    every = otherwise if sent.every is None else sent.every
    return {row: named.get(row, every) for row in FACETS}


class Facets:
    """Works out facets; those of headings and items one after the other, as they take memory for every term."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._wide = DeferredLock()

    async def counted(self, records: BitMap, asked: Sequence[Wanted]) -> tuple[list[Facet], list[Diagnostic]]:
        """Return facets of *records*, and what is to be said of those that are not worked out."""
        out, notes = [], []
        for each in asked:
            row, points = each.row, by_use[_INDEXES[each.row].use]
            if not (row.headings or points[0].kind is PointKind.ITEM):
                out.append(await self._facet(records, each, points))
            elif len(records) > facets.MAX_RECORDS:
                notes.append(Diagnostic(Condition.TOO_MANY_RECORDS, f"{facets.MAX_RECORDS} for the facet {row.name}"))
            elif self._wide.locked and len(self._wide.waiting) >= MAX_WAITING:
                notes.append(Diagnostic(Condition.TEMPORARILY_UNAVAILABLE, f"too many wait for the facet {row.name}"))
            else:
                await self._wide.acquire()
                try:
                    out.append(await self._facet(records, each, points))
                finally:
                    self._wide.release()
        return out, notes

    async def _facet(self, records: BitMap, asked: Wanted, points: Sequence[AccessPoint]) -> Facet:
        row, limit, start, order = asked
        read = self._catalogue.store.read
        found = await self._found(records, row, points)
        ranked = facets.first(found, start + limit, by_count=order.by_count, descending=order.descending)
        terms = (await read(ranked))[start:]
        texts = await read(shown(points, terms)) if row.headings else terms
        relation = "==" if row.headings else "="
        queries = [f"{row.name} {relation} {_quoted(row, points, term)}" for term in terms]
        counts = [len(found[term]) for term in terms]
        return Facet(_INDEXES[row].title, row.name, relation, list(map(FacetTerm, texts, queries, counts)))

    async def _found(self, records: BitMap, row: Row, points: Sequence[AccessPoint]) -> facets.Found:
        store = self._catalogue.store
        if row.headings:
            return await store.read(facets.headings(records, points))
        if points[0].kind is PointKind.ITEM:
            owners = await store.read(facets.owners(records))
            return {_library(store.network, owner): had for owner, had in owners.items()}
        found = await store.read(facets.terms(records, points))
        return {term: hits for term, hits in found.items() if re.fullmatch(row.wanted, term)}


def _library(network: Network, number: int) -> str:
    """Return what a library alone is called by: its ISIL, or else its code."""
    library = network.libraries[number]
    return library.isil or library.code


def _quoted(row: Row, points: Sequence[AccessPoint], term: str) -> str:
    """Return a term as a query has it: a name's first word is a surname, which a comma says."""
    names = row.headings and any(point.names for point in points)
    text = term.replace(" ", ", ", 1) if names else term
    return cql.quoted(re.sub(r'(["\\*?^])', r"\\\1", text))
