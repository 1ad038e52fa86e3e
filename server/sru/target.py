"""The SRU server: parameters of a request to the octets of its response, with the catalogue between them.

Whatever comes in, a response of SRU goes out, with the diagnostic that says what is wrong with the request. Queries are not logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter
from typing import Final, NamedTuple

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from protocols.sru import cql, requests, responses, zeerex
from protocols.sru.diagnostics import Condition, Diagnostic, Refused
from protocols.sru.requests import BadRequest, Explain, Operation, Request, Scan, SearchRetrieve, Version
from protocols.sru.responses import ExplainResponse, Response, ScanResponse, SearchRetrieveResponse, Term
from protocols.z3950.diagnostics import Refused as Bib1Refused
from server.catalogue import cql as cql_query
from server.catalogue import indexes as cql_indexes
from server.catalogue import query as catalogue_query
from server.catalogue.diagnostics import translated
from server.catalogue.identifiers import identifier
from server.catalogue.records import SCHEMAS, schema_named
from server.catalogue.result_sets import ResultSet
from server.catalogue.shared import Catalogue, databases
from server.metrics import METRICS, Metrics
from server.sru.explain import DEFAULT_RECORDS, DEFAULT_TERMS, IDLE_SECONDS, MAX_RECORDS, MAX_TERMS, describe
from server.sru.facets import Facets, wanted
from server.sru.records import Form
from server.sru.sorting import sort_keys
from storage.catalogue.query import QueryError
from storage.catalogue.scan import MAX_SHOWN, Scanned, scan, shown
from storage.catalogue.sorting import MAX_RECORDS as MAX_SORTED
from storage.catalogue.sorting import SortError, SortKey, sort
from storage.network.network import Database
from storage.store import StoreUnavailable

SLICE: Final = 10
"""Records that are made before others get their turn."""
MAX_OCTETS: Final = 8 << 20
"""Of the records of one response; those that are too many come with the next request."""
DEFAULT: Final = "default"
"""The database of an address that names none."""


class Place(NamedTuple):
    """Where a request came to: host and port, what stands before the database in the path, and the database as named."""

    host: str
    port: int
    prefix: str
    database: str


class Answer(NamedTuple):
    """A response as one element, and the stylesheet that it is to be shown with."""

    element: bytes
    stylesheet: str


class SruServer:
    """Answers SRU from a catalogue."""

    log = Logger()

    def __init__(self, catalogue: Catalogue, metrics: Metrics = METRICS) -> None:
        self._catalogue = catalogue
        self._metrics = metrics
        self._facets = Facets(catalogue)
        self._began = datetime.fromtimestamp(catalogue.clock.seconds(), UTC).isoformat(timespec="seconds")

    def answer(self, pairs: Sequence[tuple[str, str]], place: Place) -> Deferred[Answer]:
        """Return the response to a request given as parameters; it never fails."""
        return Deferred.fromCoroutine(self._answered(pairs, place))

    async def _answered(self, pairs: Sequence[tuple[str, str]], place: Place) -> Answer:
        began = perf_counter()
        version, operation, stylesheet = Version.V1_2, Operation.EXPLAIN, ""
        try:
            request = requests.read(pairs)
            version, operation, stylesheet = request.version, _operation(request), request.stylesheet
            response = await self._responded(request, place)
        except BadRequest as refused:
            version, operation, stylesheet = refused.version, refused.operation, refused.stylesheet
            response = self._refusal(version, operation, refused.diagnostic)
        except Refused as refused:
            response = self._refusal(version, operation, refused.diagnostic)
        except Bib1Refused as refused:
            response = self._refusal(version, operation, translated(refused))
        except Exception as error:  # noqa: BLE001 (whatever goes wrong, a client gets the response that it waits for)
            if not isinstance(error, StoreUnavailable):
                self.log.failure("No answer could be made to {operation}", operation=operation.value)
            response = self._refusal(version, operation, responses.SYSTEM_ERROR)
        self._metrics.observe("sru", operation.value, perf_counter() - began)
        return Answer(responses.write(response), stylesheet)

    def _refusal(self, version: Version, operation: Operation, diagnostic: Diagnostic) -> Response:
        self._metrics.count("refusals", "sru", diagnostic.condition.name)
        return responses.failure(version, operation.value, [diagnostic])

    async def _responded(self, request: Request, place: Place) -> Response:
        asked = databases(self._catalogue.store.network, [place.database])
        if isinstance(request, SearchRetrieve):
            return await self._search(request, asked)
        if isinstance(request, Scan):
            return await self._scan(request, asked)
        if isinstance(request, Explain):
            return self._explain(request, place, asked[0])
        raise AssertionError("there are three operations")

    # --- searchRetrieve -------------------------------------------------------------------------------------------------

    async def _search(self, request: SearchRetrieve, asked: tuple[Database, ...]) -> Response:
        if request.query_type.lower() not in {"", "cql"}:
            raise Refused(Condition.QUERY_TYPE, request.query_type)
        schema = schema_named(request.record_schema) if request.record_schema else SCHEMAS[0]
        if schema is None:
            raise Refused(Condition.UNKNOWN_SCHEMA, request.record_schema)
        query = cql.parse(request.query)
        keys = sort_keys(query, request.sort_keys)
        facets = wanted(request)
        notes = list(request.notes)
        if query.sort_keys and request.sort_keys:
            notes.append(Diagnostic(Condition.SORT_TWICE))
        name, found = await self._found(query.root, asked)
        if keys:
            name, found = "", await self._sorted(found, keys)
        count = len(found.records)
        if count and request.start_record > count:
            raise Refused(Condition.FIRST_RECORD_OUT_OF_RANGE, count)
        number = DEFAULT_RECORDS if request.maximum_records is None else min(request.maximum_records, MAX_RECORDS)
        start = request.start_record - 1
        form = Form(schema, request.escaping, request.version)
        records = await self._records(found, start, min(start + number, count), form)
        end = start + len(records)
        if count and request.result_set_ttl != 0 and not name:
            name = self._catalogue.publish(found)
        faceted, left_out = await self._facets.counted(found.records, facets)
        return SearchRetrieveResponse(
            version=request.version,
            number_of_records=count,
            result_set_id=name,
            result_set_idle_time=IDLE_SECONDS,
            records=records,
            identifiers=[identifier(self._catalogue.store.network, each) for each in found.numbers(start, end)],
            first_position=request.start_record,
            next_record_position=end + 1 if records and end < count else 0,
            query=query.root,
            facets=faceted,
            echo=request.echo,
            diagnostics=[*notes, *left_out],
        )

    async def _found(self, root: cql.Node, asked: tuple[Database, ...]) -> tuple[str, ResultSet]:
        """Return what a query finds, and its identifier when it is an earlier result of the same database, in its order."""
        shared = self._catalogue.shared
        if isinstance(root, cql.Clause) and cql_indexes.resolve(root.index) == cql_indexes.RESULT_SET:
            name = cql.plain(root.term).strip()
            if shared[name].databases == asked:
                return name, shared[name]
        steps = catalogue_query.search(
            self._catalogue.hits, cql_query.translate(root), asked, lambda operand: shared[operand].records
        )
        return "", await self._catalogue.store.read(steps)

    async def _sorted(self, found: ResultSet, keys: Sequence[SortKey]) -> ResultSet:
        try:
            order = await self._catalogue.store.read(sort(self._catalogue.orders, found.records, keys, found.order))
        except SortError as error:
            if error.by is None:
                raise Refused(Condition.TOO_MANY_TO_SORT, MAX_SORTED) from error
            raise Refused(Condition.SORT_SEQUENCE, error) from error
        return replace(found, order=order)

    async def _records(self, found: ResultSet, start: int, end: int, form: Form) -> list[bytes]:
        """Return records of a set from one position to another, or as many as one response holds."""
        catalogue = self._catalogue
        out: list[bytes] = []
        size = 0
        for at in range(start, end, SLICE):
            if at > start:
                await catalogue.rest()
            numbers = found.numbers(at, min(at + SLICE, end))
            read = catalogue.shelf.read(catalogue.store.network, numbers, found.databases, form)
            for octets in await catalogue.store.read(read):
                size += len(octets)
                if out and size > MAX_OCTETS:
                    return out
                out.append(octets)
        return out

    # --- scan -----------------------------------------------------------------------------------------------------------

    async def _scan(self, request: Scan, asked: tuple[Database, ...]) -> Response:
        number = DEFAULT_TERMS if request.maximum_terms is None else request.maximum_terms
        position = request.response_position
        if number > MAX_TERMS:
            raise Refused(Condition.TOO_MANY_TERMS, MAX_TERMS)
        if not 0 <= position <= number + 1:
            raise Refused(Condition.RESPONSE_POSITION, position)
        clause = cql.parse_clause(request.scan_clause)
        start = cql.plain(clause.term).replace("*", " ").encode("utf-8", "replace")
        points, text, headings = catalogue_query.listing(cql_query.attributes(clause), start)
        before, after = max(0, position - 1), number - max(0, position - 1) + (position == 0)
        numbers = tuple(database.id for database in asked)
        try:
            found = await self._catalogue.store.read(
                scan(self._catalogue.hits, points, text, numbers, before, after, headings=headings)
            )
        except QueryError as error:
            raise catalogue_query.refused(error) from error
        terms = _terms(found, before, after, left_out=position == 0)[: max(number, 0)]
        if headings and len(terms) <= MAX_SHOWN:
            texts = await self._catalogue.store.read(shown(points, [each.value for each in terms]))
            terms = [each._replace(display=text) for each, text in zip(terms, texts, strict=True)]
        return ScanResponse(
            version=request.version, terms=terms, clause=clause, echo=request.echo, diagnostics=request.notes
        )

    # --- explain --------------------------------------------------------------------------------------------------------

    def _explain(self, request: Explain, place: Place, database: Database) -> Response:
        description = describe(
            self._catalogue.store.network,
            database,
            zeerex.Server(request.version.value, place.host, place.port, place.prefix + database.name),
            self._began,
        )
        return ExplainResponse(
            version=request.version,
            record=zeerex.write(description),
            escaping=request.escaping,
            echo=request.echo,
            diagnostics=request.notes,
        )


def _operation(request: Request) -> Operation:
    return next(operation for operation, message in requests.MESSAGES.items() if type(request) is message)


def _terms(found: Scanned, before: int, after: int, *, left_out: bool) -> list[Term]:
    """Return the terms of a list in order, with where the index begins and ends; the start term itself may be left out."""
    rest = found.after[1:] if left_out and found.after[:1] and found.after[0].term == found.start else found.after
    entries = [*found.before, *rest]
    places = dict.fromkeys(range(len(entries)), "inner")
    if entries and not found.cut and len(found.before) < before:
        places[0] = "first"
    if entries and not found.cut and len(found.after) < after:
        places[len(entries) - 1] = "only" if places[len(entries) - 1] == "first" else "last"
    return [
        Term(entry.term, entry.records, "" if places[at] == "inner" else places[at]) for at, entry in enumerate(entries)
    ]
