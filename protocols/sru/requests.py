"""Requests of SRU 1.1, 1.2 and 2.0: parameters, however they came (GET, POST, SOAP), to one of three messages.

Every parameter is a row of `PARAMETERS`, with the versions and operations that know it. A request that cannot be answered is
refused with the version and the operation that its answer has to be in; what is merely not known is noted, and answered around.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from protocols.sru import facets
from protocols.sru.diagnostics import Condition, Diagnostic, Refused
from protocols.sru.facets import NOTHING, Order, PerFacet

MAX_PARAMETERS: Final = 64
MAX_OCTETS: Final = 128 << 10
"""Of a query string or a form: an escaped character of a query takes up to nine."""


class Version(enum.Enum):
    """A version of the protocol."""

    V1_1 = "1.1"
    V1_2 = "1.2"
    V2_0 = "2.0"


class Operation(enum.Enum):
    """What is asked for."""

    SEARCH_RETRIEVE = "searchRetrieve"
    SCAN = "scan"
    EXPLAIN = "explain"


class Escaping(enum.Enum):
    """How a record stands in the response: as XML, or as a string of escaped XML."""

    XML = "xml"
    STRING = "string"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What every request has: its version, what a stylesheet it wants, its parameters as sent, and what was not known of them."""

    version: Version
    stylesheet: str = ""
    http_accept: str = ""
    echo: tuple[tuple[str, str], ...] = ()
    notes: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRetrieve(Request):
    """A query, which of its records are wanted, and which facets. `maximum_records` is None where the server may choose."""

    query: str
    query_type: str = "cql"
    start_record: int = 1
    maximum_records: int | None = None
    escaping: Escaping = Escaping.XML
    record_schema: str = ""
    result_set_ttl: int | None = None
    sort_keys: str = ""
    facet_limit: PerFacet[int] = NOTHING
    facet_start: PerFacet[int] = NOTHING
    facet_sort: PerFacet[Order] = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan(Request):
    """A clause, and which of the terms around it are wanted."""

    scan_clause: str
    response_position: int = 1
    maximum_terms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explain(Request):
    """What the server is."""

    escaping: Escaping = Escaping.XML


MESSAGES: Final[dict[Operation, Callable[..., Request]]] = {
    Operation.SEARCH_RETRIEVE: SearchRetrieve,
    Operation.SCAN: Scan,
    Operation.EXPLAIN: Explain,
}


class BadRequest(Refused):
    """A request that is refused whole, and what its answer has to look like."""

    def __init__(self, diagnostic: Diagnostic, version: Version, operation: Operation, stylesheet: str) -> None:
        super().__init__(*diagnostic)
        self.version = version
        self.operation = operation
        self.stylesheet = stylesheet


# --- the table ----------------------------------------------------------------------------------------------------------


def _text(name: str, value: str) -> str:
    return value


def _number(name: str, value: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", value.strip(), re.ASCII):
        raise Refused(Condition.PARAMETER_VALUE, name)
    return int(value)


def _start(name: str, value: str) -> int:
    number = _number(name, value)
    if number < 1:
        raise Refused(Condition.FIRST_RECORD_OUT_OF_RANGE, number)
    return number


def _records(name: str, value: str) -> int:
    number = _number(name, value)
    if number < 0:
        raise Refused(Condition.NEGATIVE_RECORDS, number)
    return number


def _count(name: str, value: str) -> int:
    number = _number(name, value)
    if number < 0:
        raise Refused(Condition.PARAMETER_VALUE, name)
    return number


def _escaping(name: str, value: str) -> Escaping:
    try:
        return Escaping(value.strip().lower())
    except ValueError:
        raise Refused(Condition.RECORD_PACKING, value) from None


def _packed(name: str, value: str) -> None:
    if value.strip().lower() != "packed":
        raise Refused(Condition.RECORD_PACKING, value)


def _by_client(name: str, value: str) -> None:
    if value.strip().lower() != "client":
        raise Refused(Condition.PARAMETER_VALUE, name)


def _no_xpath(name: str, value: str) -> None:
    raise Refused(Condition.XPATH)


_MEDIA: Final = frozenset(
    {"*/*", "text/*", "application/*", "text/xml", "application/xml", "application/sru+xml", "text/html"}
)


def _media(name: str, value: str) -> str:
    """Take the media types that a client wants when ours is among them: XML, or what a stylesheet makes of it."""
    if not any(part.partition(";")[0].strip().lower() in _MEDIA for part in value.split(",")):
        raise Refused(Condition.PARAMETER_VALUE, name)
    return value


_HREF: Final = re.compile(r"(?:https?://[^\s\"'<>&]+|[^\s\"'<>&:]+)")


def _stylesheet(name: str, value: str) -> str:
    """Take the address of a stylesheet: one that a browser fetches, and nothing that it would run."""
    if not _HREF.fullmatch(value.strip()):
        raise Refused(Condition.STYLESHEET, value)
    return value.strip()


_ALL: Final = frozenset(Version)
_FIRST: Final = frozenset({Version.V1_1, Version.V1_2})
_SECOND: Final = frozenset({Version.V2_0})
_S, _C, _E = Operation.SEARCH_RETRIEVE, Operation.SCAN, Operation.EXPLAIN


class Parameter(NamedTuple):
    """A row: the name on the wire, the field that it fills ("" for none), what reads it, and who knows it."""

    name: str
    field: str
    read: Callable[[str, str], Any]
    operations: frozenset[Operation]
    versions: frozenset[Version] = _ALL
    mandatory: bool = False
    meaning: str = ""


def _row(name: str, field: str, read: Callable[[str, str], Any], *operations: Operation, **more: Any) -> Parameter:
    return Parameter(name, field, read, frozenset(operations), **more)


PARAMETERS: Final = (
    _row("operation", "", _text, _S, _C, _E, meaning="the operation; 2.0 tells it by the parameters"),
    _row("version", "", _text, _S, _C, _E, mandatory=True, versions=_FIRST, meaning="1.1 or 1.2"),
    _row("version", "", _text, _S, _C, _E, versions=_SECOND, meaning="2.0, and needs not be said"),
    _row("query", "query", _text, _S, mandatory=True, meaning="a query in CQL"),
    _row("queryType", "query_type", _text, _S, versions=_SECOND, meaning="the language of the query: cql"),
    _row("startRecord", "start_record", _start, _S, meaning="position of the first record wanted; 1 when left out"),
    _row("maximumRecords", "maximum_records", _records, _S, meaning="how many records at most; 0 counts only"),
    _row("recordPacking", "escaping", _escaping, _S, _E, versions=_FIRST, meaning="xml or string"),
    _row("recordXMLEscaping", "escaping", _escaping, _S, _E, versions=_SECOND, meaning="xml or string"),
    _row("recordPacking", "", _packed, _S, versions=_SECOND, meaning="packed"),
    _row("recordSchema", "record_schema", _text, _S, meaning="schema of the records, by name or identifier"),
    _row("recordXPath", "", _no_xpath, _S, versions=_FIRST, meaning="refused (72)"),
    _row("resultSetTTL", "result_set_ttl", _count, _S, meaning="seconds to keep the result set; 0 keeps none"),
    _row(
        "sortKeys",
        "sort_keys",
        _text,
        _S,
        meaning="path,schema,ascending,caseSensitive,missingValue; several by spaces",
    ),
    _row(
        "facetLimit",
        "facet_limit",
        facets.limits,
        _S,
        versions=_SECOND,
        meaning="how many terms of facets, all (`-1`) or each: `10,5:dc.subject`; none without it",
    ),
    _row(
        "facetStart",
        "facet_start",
        facets.starts,
        _S,
        versions=_SECOND,
        meaning="from which term on, from 1: `11:dc.subject`",
    ),
    _row(
        "facetSort",
        "facet_sort",
        facets.orders,
        _S,
        versions=_SECOND,
        meaning="`recordCount` or `alphanumeric`, `ascending` or `descending`: `alphanumeric:dc.date`",
    ),
    _row("scanClause", "scan_clause", _text, _C, mandatory=True, meaning="index, relation and term to start at"),
    _row(
        "responsePosition",
        "response_position",
        _count,
        _C,
        meaning="where in the list the term stands; 1 when left out",
    ),
    _row("maximumTerms", "maximum_terms", _count, _C, meaning="how many terms at most"),
    _row("stylesheet", "stylesheet", _stylesheet, _S, _C, _E, meaning="address of a stylesheet for the response"),
    _row("renderedBy", "", _by_client, _S, versions=_SECOND, meaning="client"),
    _row("httpAccept", "http_accept", _media, _S, _C, _E, versions=_SECOND, meaning="media type of the response"),
    _row("responseType", "", _text, _S, versions=_SECOND, meaning="taken for any; the response is the standard's own"),
    _row("extraRequestData", "", _text, _S, _C, _E, meaning="ignored"),
)
_ROWS: Final = {
    (version, operation, row.name): row
    for row in PARAMETERS
    for operation in row.operations
    for version in row.versions
}
_MANDATORY: Final = {
    (version, operation): [
        row.name for row in PARAMETERS if row.mandatory and version in row.versions and operation in row.operations
    ]
    for version in Version
    for operation in Operation
}  # fmt: skip
_KNOWN: Final = frozenset(row.name for row in PARAMETERS)


# --- reading ------------------------------------------------------------------------------------------------------------


def form_pairs(data: bytes) -> list[tuple[str, str]]:
    """Return the parameters of a query string or a form, in UTF-8 or else ISO 8859-1. Raises Refused."""
    if len(data) > MAX_OCTETS:
        raise Refused(Condition.QUERY_TOO_LONG, MAX_OCTETS)
    try:
        # Octet for character: what a browser sends says nowhere in which encoding it is.
        found = parse_qsl(
            data.decode("latin-1"), keep_blank_values=True, encoding="latin-1", max_num_fields=MAX_PARAMETERS
        )
    except ValueError:
        raise Refused(Condition.PARAMETER_COMBINATION, f"more than {MAX_PARAMETERS} parameters") from None
    return [(_decoded(name), _decoded(value)) for name, value in found]


def _decoded(text: str) -> str:
    octets = text.encode("latin-1")
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return text


def read(pairs: Iterable[tuple[str, str]]) -> Request:
    """Return the request that parameters are. Raises BadRequest."""
    sent = tuple((name, value) for name, value in pairs if value != "" or name not in _KNOWN)
    values: dict[str, str] = {}
    doubled = [name for name, value in sent if values.setdefault(name, value) != value]
    version, operation, wrong = _addressed(values)
    if doubled:
        wrong = Refused(Condition.PARAMETER_COMBINATION, f"{doubled[0]} twice")
    stylesheet = ""
    try:
        if "stylesheet" in values:
            stylesheet = _stylesheet("stylesheet", values["stylesheet"])
        if wrong is not None:
            raise wrong
        return _message(version, operation, values, sent)
    except Refused as refused:
        raise BadRequest(refused.diagnostic, version, operation, stylesheet) from None


def _addressed(values: Mapping[str, str]) -> tuple[Version, Operation, Refused | None]:
    """Return version and operation as far as they can be told, and what is wrong with them."""
    implied = Operation.SEARCH_RETRIEVE if "query" in values else Operation.SCAN if "scanClause" in values else None
    operation, wrong = implied or Operation.EXPLAIN, None
    named = values.get("operation")
    if named is not None:
        found = next((each for each in Operation if each.value == named), None)
        operation, wrong = found or operation, None if found else Refused(Condition.UNSUPPORTED_OPERATION, named)
    said = values.get("version")
    # Without a version: 1.2 where an operation is named, as its versions are, and for the bare address of an explain.
    version = Version.V2_0 if named is None and implied is not None else Version.V1_2
    if said is not None:
        known = next((each for each in Version if each.value == said), None)
        version, unknown = (
            known or Version.V1_2,
            None if known else Refused(Condition.UNSUPPORTED_VERSION, Version.V2_0.value),
        )
        wrong = unknown or wrong
    return version, operation, wrong


def _message(
    version: Version, operation: Operation, values: Mapping[str, str], sent: tuple[tuple[str, str], ...]
) -> Request:
    fields: dict[str, Any] = {}
    notes: list[Diagnostic] = []
    for name, value in values.items():
        row = _ROWS.get((version, operation, name))
        if row is not None:
            read = row.read(name, value)
            if row.field:
                fields[row.field] = read
        elif not name.startswith("x-"):
            notes.append(Diagnostic(Condition.UNSUPPORTED_PARAMETER, name[:100]))
    for name in _MANDATORY[version, operation]:
        if name not in values and operation is not Operation.EXPLAIN:
            raise Refused(Condition.MANDATORY_PARAMETER, name)
    return MESSAGES[operation](version=version, echo=sent, notes=tuple(notes), **fields)
