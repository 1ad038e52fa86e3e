"""Responses of SRU, written strictly: elements in the order of the schemas, each version in its own namespaces.

Text from outside goes through `text`, which escapes it and leaves out what XML 1.0 cannot hold. Records come as finished XML of
our own making.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from protocols.sru import cql, diagnostics, xcql
from protocols.sru.diagnostics import Condition, Diagnostic
from protocols.sru.requests import Escaping, Version
from protocols.xmltext import element as _element
from protocols.xmltext import inside, text

EXPLAIN_SCHEMA: Final = "http://explain.z3950.org/dtd/2.0/"
SURROGATE_SCHEMA: Final = "info:srw/schema/1/diagnostics-v1.1"

_FIRST: Final = "http://www.loc.gov/zing/srw/"
_SECOND: Final = "http://docs.oasis-open.org/ns/search-ws/sruResponse"
_FIRST_DIAGNOSTIC: Final = "http://www.loc.gov/zing/srw/diagnostic/"
_SECOND_DIAGNOSTIC: Final = "http://docs.oasis-open.org/ns/search-ws/diagnostic"
_FACETS: Final = "http://docs.oasis-open.org/ns/search-ws/facetedResults"
_EXACT: Final = "info:srw/vocabulary/resultCountPrecision/1/exact"


class Names(NamedTuple):
    """What differs between the versions: namespaces, and names of elements."""

    response: str
    scan: str
    diagnostic: str
    packing: str
    idle: str


_OLD: Final = Names(_FIRST, _FIRST, _FIRST_DIAGNOSTIC, "recordPacking", "resultSetIdleTime")
NAMES: Final = {
    Version.V1_1: _OLD,
    Version.V1_2: _OLD,
    Version.V2_0: Names(
        _SECOND, "http://docs.oasis-open.org/ns/search-ws/scan", _SECOND_DIAGNOSTIC, "recordXMLEscaping", "resultSetTTL"
    ),
}


class FacetTerm(NamedTuple):
    """A term of a facet: as it is shown, the query that finds it, and how many records have it."""

    term: str
    query: str
    records: int


class Facet(NamedTuple):
    """A facet of what was found: its title, the index (*name*) and relation by which its terms are asked for, and these."""

    label: str
    name: str
    relation: str
    terms: Sequence[FacetTerm]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRetrieveResponse:
    """What was found: how many, the records wanted (each as `record` writes it), where to go on, and facets (2.0).

    Each record has its identifier, which a client that speaks 1.1 is not told.
    """

    version: Version
    number_of_records: int = 0
    result_set_id: str = ""
    result_set_idle_time: int = 0
    records: Sequence[bytes] = ()
    identifiers: Sequence[str] = ()
    first_position: int = 1
    next_record_position: int = 0
    query: cql.Node | None = None
    facets: Sequence[Facet] = ()
    echo: Sequence[tuple[str, str]] = ()
    diagnostics: Sequence[Diagnostic] = ()


class Term(NamedTuple):
    """A term of a list: its value as it can be asked for, how many records have it, where in the whole list it is, how to show it."""

    value: str
    number_of_records: int
    where_in_list: str = ""
    display: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResponse:
    """The terms around a clause."""

    version: Version
    terms: Sequence[Term] = ()
    clause: cql.Clause | None = None
    echo: Sequence[tuple[str, str]] = ()
    diagnostics: Sequence[Diagnostic] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainResponse:
    """The record of what the server is, in ZeeRex."""

    version: Version
    record: bytes = b""
    escaping: Escaping = Escaping.XML
    echo: Sequence[tuple[str, str]] = ()
    diagnostics: Sequence[Diagnostic] = field(default=())


Response = SearchRetrieveResponse | ScanResponse | ExplainResponse


def declaration(stylesheet: str = "") -> bytes:
    """Return what stands before a response that is a document of its own."""
    told = f'<?xml-stylesheet type="text/xsl" href="{text(stylesheet)}"?>\n' if stylesheet else ""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{told}'.encode()


# --- parts --------------------------------------------------------------------------------------------------------------


def record(version: Version, schema: str, escaping: Escaping, data: bytes) -> bytes:
    """Return a record of a response up to its identifier, which `write` adds: this much of it can be kept and used again."""
    held = text(data.decode()).encode() if escaping is Escaping.STRING else data
    packing = NAMES[version].packing
    return b"<record><recordSchema>%s</recordSchema><%s>%s</%s><recordData>%s</recordData>" % (
        text(schema).encode(), packing.encode(), escaping.value.encode(), packing.encode(), held,
    )  # fmt: skip


def surrogate(version: Version, escaping: Escaping, diagnostic: Diagnostic) -> bytes:
    """Return what stands in place of a record, up to its identifier."""
    return record(version, SURROGATE_SCHEMA, escaping, _diagnostic(version, diagnostic).encode())


def _diagnostic(version: Version, diagnostic: Diagnostic) -> str:
    condition, details = diagnostic
    return (
        f'<diagnostic xmlns="{NAMES[version].diagnostic}">{_element("uri", f"{diagnostics.URI}{condition.value}")}'
        + (_element("details", details) if details else "")
        + f"{_element('message', condition.meaning)}</diagnostic>"
    )


def _diagnostics(version: Version, found: Iterable[Diagnostic]) -> str:
    told = "".join(_diagnostic(version, each) for each in found)
    return f"<diagnostics>{told}</diagnostics>" if told else ""


def _echo(name: str, version: Version, pairs: Sequence[tuple[str, str]], read: str = "") -> str:
    """Return the request as the response repeats it: its own parameters, in the order of the schemas' names, once each.

    *read* is its query as it was read, in XCQL: that follows the query itself in the versions that have it.
    """
    known = dict(reversed(pairs))
    parts = [_element("version", version.value)]
    for key in _ECHOED:
        if known.get(key):
            parts.append(_element(key, known[key]))
            if key in _READ and version is not Version.V2_0:
                parts.append(read)
    return f"<{name}>{''.join(parts)}</{name}>" if pairs else ""


_ECHOED: Final = (
    "query", "queryType", "startRecord", "maximumRecords", "recordPacking", "recordXMLEscaping", "recordSchema", "resultSetTTL",
    "sortKeys", "scanClause", "responsePosition", "maximumTerms", "stylesheet", "renderedBy", "httpAccept", "responseType",
)  # fmt: skip
_READ: Final = frozenset({"query", "scanClause"})


# --- whole responses ----------------------------------------------------------------------------------------------------


def write(response: Response) -> bytes:
    """Return a response as one element, without an XML declaration."""
    if isinstance(response, SearchRetrieveResponse):
        return _search_retrieve(response)
    if isinstance(response, ScanResponse):
        return _scan(response)
    return _explain(response)


def _search_retrieve(response: SearchRetrieveResponse) -> bytes:
    version, names = response.version, NAMES[response.version]
    head = [
        f'<searchRetrieveResponse xmlns="{names.response}">',
        _element("version", version.value),
        _element("numberOfRecords", response.number_of_records),
    ]
    idle = ""
    if response.result_set_id:
        head.append(_element("resultSetId", response.result_set_id))
        idle = _element(names.idle, response.result_set_idle_time)
    second = version is Version.V2_0
    if not second:
        head.append(idle)
    out = ["".join(head).encode()]
    if response.records:
        out.append(b"<records>")
        found = zip(response.records, response.identifiers, strict=True)
        for position, (octets, identifier) in enumerate(found, response.first_position):
            known = b"" if version is Version.V1_1 else _element("recordIdentifier", identifier).encode()
            out += [octets, known, b"<recordPosition>%d</recordPosition></record>" % position]
        out.append(b"</records>")
    tail = [_element("nextRecordPosition", response.next_record_position)] if response.next_record_position else []
    read = "" if response.query is None else xcql.query(response.query)
    tail.append(_echo("echoedSearchRetrieveRequest", version, response.echo, read))
    tail.append(_diagnostics(version, response.diagnostics))
    if second:
        tail += [idle, _element("resultCountPrecision", _EXACT), _faceted(response.facets)]
    return b"".join([*out, *(part.encode() for part in tail), b"</searchRetrieveResponse>"])


def _faceted(facets: Iterable[Facet]) -> str:
    """Return the facets that have a term: the schema knows no others."""
    return inside("facetedResults", *(_facet(each) for each in facets if each.terms), xmlns=_FACETS)


def _facet(facet: Facet) -> str:
    terms = "".join(
        f"<term>{_element('actualTerm', term)}{_element('query', query)}{_element('count', records)}</term>"
        for term, query, records in facet.terms
    )
    head = (_element("facetDisplayLabel", facet.label), _element("index", facet.name))
    return f"<facet>{''.join(head)}{_element('relation', facet.relation)}<terms>{terms}</terms></facet>"


def _scan(response: ScanResponse) -> bytes:
    version = response.version
    read = "" if response.clause is None else xcql.scan_clause(response.clause)
    terms = "".join(
        f"<term>{_element('value', each.value)}{_element('numberOfRecords', each.number_of_records)}"
        + (_element("displayTerm", each.display) if each.display else "")
        + (_element("whereInList", each.where_in_list) if each.where_in_list else "")
        + "</term>"
        for each in response.terms
    )
    return (
        f'<scanResponse xmlns="{NAMES[version].scan}">{_element("version", version.value)}'
        + (f"<terms>{terms}</terms>" if terms else "")
        + _echo("echoedScanRequest", version, response.echo, read)
        + _diagnostics(version, response.diagnostics)
        + "</scanResponse>"
    ).encode()


def _explain(response: ExplainResponse) -> bytes:
    version = response.version
    record_of = (
        record(version, EXPLAIN_SCHEMA, response.escaping, response.record) + b"</record>" if response.record else b""
    )
    tail = _echo("echoedExplainRequest", version, response.echo) + _diagnostics(version, response.diagnostics)
    head = f'<explainResponse xmlns="{NAMES[version].response}">{_element("version", version.value)}'
    return head.encode() + record_of + tail.encode() + b"</explainResponse>"


def failure(version: Version, operation: str, found: Sequence[Diagnostic]) -> Response:
    """Return the response to a request that is refused whole; *operation* is its name."""
    if operation == "scan":
        return ScanResponse(version=version, diagnostics=found)
    if operation == "explain":
        return ExplainResponse(version=version, diagnostics=found)
    return SearchRetrieveResponse(version=version, diagnostics=found)


SYSTEM_ERROR: Final = Diagnostic(Condition.TEMPORARILY_UNAVAILABLE, "the catalogue cannot be read at the moment")
