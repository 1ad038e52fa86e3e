"""The facets that SRU 2.0 is given of what was found: one row each, by the index that its terms are asked for with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from pyroaring import BitMap

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


class Row(NamedTuple):
    """A facet: its index, and, where not every term of it is one, what a term looks like. Whole headings are counted, or words."""

    name: str
    headings: bool = False
    wanted: str = ""


FACETS: Final = (
    Row("dc.language"),
    Row(
        "dc.type", wanted="[a-r][abcdims]"
    ),  # characters 6 and 7 of the leader; the other terms are words, or one of the two
    Row("bib.institution"),
    Row("dc.creator", headings=True),
    Row("dc.subject", headings=True),
    Row("dc.date"),
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
    if request.facet_limit is None:
        return []
    limits = _rows("facetLimit", request.facet_limit)
    starts, orders = _rows("facetStart", request.facet_start), _rows("facetSort", request.facet_sort)
    every = request.facet_limit.every or 0
    out = []
    for row in FACETS:
        limit = limits.get(row, every)
        start = starts.get(row, request.facet_start.every or 1) - 1
        order = orders.get(row, request.facet_sort.every or Order())
        if start + MAX_SHOWN > facets.MAX_TERMS:
            raise Refused(
                Condition.PARAMETER_VALUE, f"facetStart: {start + 1}; {facets.MAX_TERMS - MAX_SHOWN + 1} at most"
            )
        if limit:
            out.append(Wanted(row, MAX_SHOWN if limit == ALL else min(limit, MAX_SHOWN), start, order))
    return out


def _rows(parameter: str, sent: PerFacet[T]) -> Mapping[Row, T]:
    out = {}
    for name, value in sent.named.items():
        index = _resolved(name)
        row = None if index is None else _BY_USE.get(index.use)
        if row is None or row in out:
            known = ", ".join(each.name for each in FACETS)
            raise Refused(Condition.PARAMETER_VALUE, f"{parameter}: {name[:100]}; facets, each once: {known}")
        out[row] = value
    return out


async def counted(
    catalogue: Catalogue, records: BitMap, asked: Sequence[Wanted]
) -> tuple[list[Facet], list[Diagnostic]]:
    """Return facets of *records*, and what is to be said of those that are not worked out."""
    out, notes = [], []
    for each in asked:
        points = by_use[_INDEXES[each.row].use]
        if len(records) > facets.MAX_RECORDS and (each.row.headings or points[0].kind is PointKind.ITEM):
            notes.append(Diagnostic(Condition.TOO_MANY_RECORDS, f"{facets.MAX_RECORDS} for the facet {each.row.name}"))
        else:
            out.append(await _facet(catalogue, records, each, points))
    return out, notes


async def _facet(catalogue: Catalogue, records: BitMap, asked: Wanted, points: Sequence[AccessPoint]) -> Facet:
    row, limit, start, order = asked
    read = catalogue.store.read
    if row.headings:
        counts = await read(facets.headings(records, points))
    elif points[0].kind is PointKind.ITEM:
        owners = await read(facets.owners(records))
        counts = {_library(catalogue.store.network, owner): count for owner, count in owners.items()}
    else:
        counts = await read(facets.terms(records, points))
    if row.wanted:
        counts = {term: count for term, count in counts.items() if re.fullmatch(row.wanted, term)}
    ranked = facets.first(counts, start + limit, by_count=order.by_count, descending=order.descending)
    terms = (await read(ranked))[start:]
    texts = await read(shown(points, terms)) if row.headings else terms
    relation = "==" if row.headings else "="
    return Facet(
        _INDEXES[row].title,
        row.name,
        relation,
        [
            FacetTerm(text, f"{row.name} {relation} {_quoted(row, points, term)}", counts[term])
            for term, text in zip(terms, texts, strict=True)
        ],
    )


def _library(network: Network, number: int) -> str:
    """Return what a library alone is called by: its ISIL, or else its code."""
    library = network.libraries[number]
    return library.isil or library.code


def _quoted(row: Row, points: Sequence[AccessPoint], term: str) -> str:
    """Return a term as a query has it: a name's first word is a surname, which a comma says."""
    names = row.headings and any(point.names for point in points)
    text = term.replace(" ", ", ", 1) if names else term
    return cql.quoted(re.sub(r'(["\\*?^])', r"\\\1", text))
