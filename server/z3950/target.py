"""What one Z39.50 association is answered: Init, Search, Present, Delete, Scan, Sort, ResourceReport.

A target knows no transport: a request goes in, and its response comes out when the store has answered. What cannot be
done raises `Refused`, and `z3950_refusals` gives it the shape of the response that the origin waits for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any, Final, TypeVar

from protocols.z3950 import apdu, negotiation, rpn
from protocols.z3950.apdu import DeleteSetStatus, Options, Pdu, PresentStatus, ProtocolVersion
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import ElementSetNames, OtherInformationUnit, Records
from protocols.z3950.search_result import SubqueryReport, full_report, search_info, term_report, wanted
from server.catalogue import query as catalogue_query
from server.catalogue.result_sets import ResultSet, ResultSets
from server.catalogue.shared import Catalogue, databases
from server.z3950 import packages
from server.z3950 import query as z3950_query
from server.z3950 import scan as z3950_scan
from server.z3950 import sort as z3950_sort
from server.z3950 import tasks as z3950_tasks
from server.z3950.access import Ask, Challenges, admitted
from server.z3950.clients import FRENCH, Manners, manners
from server.z3950.control import CANCEL, Cancellation, Usage
from server.z3950.present import (
    MAX_SEGMENTS,
    Collected,
    Limits,
    asked_ranges,
    collect,
    composed_form,
    simple_form,
)
from server.z3950.records import Form
from storage.network.network import Cataloguer, Database

R = TypeVar("R", bound=Pdu)
T = TypeVar("T")

_SEGMENTATION: Final = Options.LEVEL_1_SEGMENTATION | Options.LEVEL_2_SEGMENTATION
OFFER: Final = negotiation.Offer(
    options=Options.SEARCH
    | Options.PRESENT
    | Options.DEL_SET
    | Options.SCAN
    | Options.SORT
    | Options.TRIGGER_RESOURCE_CTRL
    | Options.RESOURCE_REPORT
    | Options.ACCESS_CTRL
    | Options.EXTENDED_SERVICES
    | _SEGMENTATION
    | Options.QUERY_TYPE_104
    | Options.NAMED_RESULT_SETS
    | Options.RESULT_COUNT
    | Options.NEGOTIATION_MODEL,
    implementation_id="bibliobus",
    implementation_name="Bibliobus",
    implementation_version=version("bibliobus"),
)
_NAMING: Final = frozenset({apdu.PresentRequest, apdu.SortRequest, apdu.ExtendedServicesRequest})
"""Requests that name sets and may be begun anew; a Search is so but for what it does to the set that it replaces."""
_DEFAULT: Final = "default"
_EXPLAIN: Final = "ir-explain-1"


class Target:
    """One association, from its Init on. *ask* sends a challenge and brings its response."""

    def __init__(self, catalogue: Catalogue, ask: Ask) -> None:
        self._catalogue = catalogue
        self._sets = ResultSets(catalogue.budget)
        self._kept: dict[str, ResultSet] = {}
        self._options = 0
        self._account: Cataloguer | None = None
        self._preferred_size = OFFER.preferred_message_size
        self._exceptional_size = OFFER.exceptional_record_size
        self._ended = False
        self._manners = Manners()
        self._cancellation = Cancellation()
        self._usage = Usage(catalogue.clock.seconds())
        self._challenges = Challenges()
        self._ask = ask
        self.version = 3
        self.address = ""
        """Where the origin is; the transport knows it."""

    def end(self) -> None:
        """Drop all result sets, and make no more records: nobody is there to take them."""
        self._ended = True
        self._sets.clear()

    def cancel(self, request: apdu.TriggerResourceControlRequest) -> None:
        """Stop what runs, if that is what the origin wants."""
        if request.requested_action == CANCEL:
            self._cancellation.cancel()

    def answer(self, request: Pdu) -> Coroutine[Any, Any, Pdu | tuple[Pdu, ...]]:
        """Begin to answer a request, one of `ANSWERS`: with its response, or segments and the response behind them."""
        self._cancellation.begin()
        act = ANSWERS[type(request)]
        if self._account is not None and type(request) in _NAMING:
            return self._with_kept(lambda request: act(self, request), request)
        return act(self, request)

    # --- the services ---------------------------------------------------------------------------------------------------

    async def initialize(self, request: apdu.InitializeRequest) -> apdu.InitializeResponse:
        """Begin an association, anew when there was one."""
        self._sets.clear()
        response = negotiation.accept(request, OFFER)
        self._account = await admitted(self._catalogue.store.network, request.id_authentication)
        self.version = 3 if response.protocol_version & ProtocolVersion.VERSION_3 else 2
        self._options = response.options
        self._manners = made = manners(self._catalogue.store.network, request, response, self.address)
        if made.message_size:
            response = replace(response, preferred_message_size=min(made.message_size, response.preferred_message_size))
        self._preferred_size = response.preferred_message_size
        self._exceptional_size = response.exceptional_record_size
        return response

    async def search(self, request: apdu.SearchRequest) -> apdu.SearchResponse:
        """Search, keep what was found under its name, and send it along when it is little enough."""
        try:
            find = self._find(request) if self._account is None else self._with_kept(self._find, request)
            found, info = await find
        except Exception:
            if request.replace_indicator:  # the set of that name goes, whether there is a new one or not
                self._sets.discard(request.result_set_name)
            raise
        count = len(found.records)
        number, names = _along(request, count)
        if not (number and self._manners.piggyback):
            return apdu.SearchResponse(
                reference_id=request.reference_id,
                result_count=count,
                number_of_records_returned=0,
                next_result_set_position=min(count, 1),
                search_status=True,
                additional_search_info=info,
            )
        try:
            form = simple_form(
                request.preferred_record_syntax or self._habit(found), names, found.databases, self.version
            )
            made = await collect(
                self._catalogue, found, [range(number)], self._said(form), self._limits(), self._stopped
            )
            self._usage.sent += made.number
            along = Records(response_records=tuple(made.messages[0]))
        except Refused as refused:  # the search itself has worked
            made = Collected(status=PresentStatus.FAILURE, following=1)
            along = Records(non_surrogate_diagnostic=self.told(refused).diagnostic(self.version))
        return apdu.SearchResponse(
            reference_id=request.reference_id,
            result_count=count,
            number_of_records_returned=made.number,
            next_result_set_position=made.following,
            search_status=True,
            present_status=made.status,
            records=along,
            additional_search_info=info,
        )

    async def _find(self, request: apdu.SearchRequest) -> tuple[ResultSet, tuple[OtherInformationUnit, ...] | None]:
        """Return the result set of a search, kept under its name, and what is told of the search beside it.

        Raises Refused, StoreUnavailable.
        """
        name = request.result_set_name
        self._check_name(name)
        if not request.replace_indicator and name in self._sets:
            raise Refused(Bib1.RESULT_SET_EXISTS, name)
        if packages.asked(request.database_names):
            owner, read = (
                packages.owner(await self._known(request.reference_id)),
                z3950_query.packages_query(request.query),
            )
            matching = await packages.find(self._catalogue, owner, read, self._named)
            self._sets[name] = found = ResultSet(matching, (owner,))
            return found, None
        asked = self._databases(request.database_names)
        notes: list[str] = []
        query = self._manners.query(z3950_query.parsed(request.query, lenient=asked[0].lenient))
        if asked[0].lenient:
            query = z3950_query.softened(query, notes)
        self._sets[name] = found = await self._found(query, asked)
        self._usage.searches += 1
        self._usage.found = len(found.records)
        reports: list[SubqueryReport] = []
        if notes:
            reports.append(full_report(z3950_query.written(query), "; ".join(notes), len(found.records)))
        if request.additional_search_info is not None and wanted(request.additional_search_info):
            for number, term in enumerate(z3950_query.terms(query), 1):
                reports.append(term_report(number, term.value, len((await self._found(term, asked)).records)))
        return found, search_info(tuple(reports)) if reports else None

    async def _found(self, query: rpn.Query, asked: tuple[Database, ...]) -> ResultSet:
        """Return what a query finds. Raises Refused, StoreUnavailable."""
        catalogue = self._catalogue
        known = catalogue_query.known(catalogue.hits, query, asked)
        if known is not None:
            return known
        steps = catalogue_query.search(catalogue.hits, query, asked, lambda operand: self._catalogued(operand).records)
        return await self._cancellation.watch(catalogue.store.read(steps), steps)

    def _databases(self, names: Sequence[str]) -> tuple[Database, ...]:
        if _EXPLAIN in map(str.casefold, names):
            raise Refused(Bib1.NO_EXPLAIN, "the explain record of SRU, on this port")
        asked = databases(self._catalogue.store.network, names)
        return tuple(map(self._manners.database, asked)) if self._manners.sends else asked

    async def present(self, request: apdu.PresentRequest) -> Pdu | tuple[Pdu, ...]:
        """Send records of a result set, those that do not fit into the response in segments before it."""
        found = self._named(request.result_set_id)
        form = composed_form(
            request.preferred_record_syntax,
            request.record_composition,
            found.databases,
            self.version,
            self._habit(found),
        )
        ranges = asked_ranges(request, len(found.records))
        made = await collect(self._catalogue, found, ranges, self._said(form), self._limits(request), self._stopped)
        self._usage.sent += made.number
        *before, last = made.messages
        ended = zip(before, made.ended, strict=False)  # that of the response is told as the sum of all
        response = apdu.PresentResponse(
            reference_id=request.reference_id,
            number_of_records_returned=made.number,
            next_result_set_position=made.following,
            present_status=made.status,
            records=Records(response_records=tuple(last)) if last else None,
        )
        return (*(_segment(request, *segment) for segment in ended), response) if before else response

    async def delete(self, request: apdu.DeleteResultSetRequest) -> apdu.DeleteResultSetResponse:
        """Drop result sets: those of the list, or all."""
        if request.delete_function == 1:
            self._sets.clear()
            return apdu.DeleteResultSetResponse(
                reference_id=request.reference_id, delete_operation_status=DeleteSetStatus.SUCCESS
            )
        deleted = {name: self._sets.discard(name) for name in request.result_set_list or ()}
        return apdu.DeleteResultSetResponse(
            reference_id=request.reference_id,
            delete_operation_status=DeleteSetStatus.SUCCESS
            if all(deleted.values())
            else DeleteSetStatus.NOT_ALL_REQUESTED_RESULT_SETS_DELETED,
            delete_list_statuses=tuple(
                apdu.ListStatus(
                    id=name, status=DeleteSetStatus.SUCCESS if was else DeleteSetStatus.RESULT_SET_DID_NOT_EXIST
                )
                for name, was in deleted.items()
            ),
        )

    async def scan(self, request: apdu.ScanRequest) -> apdu.ScanResponse:
        """List the terms of an index."""
        return await z3950_scan.answer(self._catalogue, request, self._cancellation, self._manners)

    async def sort(self, request: apdu.SortRequest) -> apdu.SortResponse:
        """Put result sets in order, and keep what comes of it under its name; that may be one of theirs."""
        self._check_name(request.sorted_result_set_name)
        made = await z3950_sort.ordered(self._catalogue, self._catalogued, request, self._cancellation)
        self._sets[request.sorted_result_set_name] = made
        return apdu.SortResponse(
            reference_id=request.reference_id,
            sort_status=apdu.SortStatus.SUCCESS,
            # Who has not agreed to it, as nobody had in 1995, cannot read it.
            result_count=len(made.records) if self._options & Options.RESULT_COUNT else None,
        )

    async def report(self, request: apdu.ResourceReportRequest) -> apdu.ResourceReportResponse:
        """Tell what the association has used so far."""
        return self._usage.report(request, self._catalogue.clock.seconds(), len(self._sets))

    async def task(self, request: apdu.ExtendedServicesRequest) -> apdu.ExtendedServicesResponse:
        """Do what an extended service does."""
        if z3950_tasks.needs_account(request):
            await self._known(request.reference_id)
        return await z3950_tasks.answer(
            z3950_tasks.Asked(
                self._catalogue,
                self._account,
                self._catalogued,
                self.version,
                FRENCH if self._manners.language == FRENCH else "en",
                self.told,
                request,
            )
        )

    # --- what they share ------------------------------------------------------------------------------------------------

    async def _known(self, reference_id: bytes | None) -> Cataloguer | None:
        """Return the account of the origin, which is asked for it where that was agreed on. Raises Refused (101, 102)."""
        if self._account is None and self._options & Options.ACCESS_CTRL:
            network = self._catalogue.store.network
            self._account = await self._challenges.account(network, self._ask, reference_id, self.version)
        return self._account

    def told(self, refused: Refused) -> Refused:
        """Return a refusal in the language and the characters of the association."""
        return self._manners.told(refused)

    def _named(self, name: str) -> ResultSet:
        """Return a set of this association, of its account, or of those that any wire may name. Raises Refused (27, 30)."""
        if name not in self._sets:
            if name in self._kept:
                return self._kept[name]
            if name in self._catalogue.shared:
                return self._catalogue.shared[name]
        return self._sets[name]

    async def _with_kept(self, act: Callable[[R], Awaitable[T]], request: R) -> T:
        """Do what a request asks, which may name sets that its account keeps. Those are read when they are missed.

        They are let go when it is done: no budget counts them, and they may be changed elsewhere before the next.
        """
        try:
            while True:
                try:
                    return await act(request)
                except Refused as refused:
                    name = refused.addinfo
                    if refused.condition is not Bib1.RESULT_SET_DOES_NOT_EXIST or name in self._kept:
                        raise
                    found = await packages.kept_set(self._catalogue, self._account, name)
                    if found is None:
                        raise
                    self._kept[name] = replace(found, databases=tuple(map(self._manners.database, found.databases)))
        finally:
            self._kept.clear()

    def _catalogued(self, name: str) -> ResultSet:
        """Return a set of records of the catalogue. Raises Refused (27, 30, 1025)."""
        found = self._named(name)
        if packages.are(found):
            raise Refused(Bib1.SERVICE_NOT_SUPPORTED, packages.DATABASE)
        return found

    def _habit(self, found: ResultSet) -> str | None:
        """Return the syntax of records where none is asked for, if it is not the database's."""
        return None if packages.are(found) else self._manners.syntax

    def _said(self, form: Form) -> Form:
        return form._replace(french=True) if self._manners.language == FRENCH else form

    def _check_name(self, name: str) -> None:
        if not name:
            raise Refused(Bib1.ILLEGAL_RESULT_SET_NAME, name)
        if name.casefold() != _DEFAULT and not self._options & Options.NAMED_RESULT_SETS:
            raise Refused(Bib1.RESULT_SET_NAMING, name)

    def _limits(self, request: apdu.PresentRequest | None = None) -> Limits:
        """Return how much one message holds, and how many there may be."""
        if request is None or not self._options & _SEGMENTATION:
            return Limits(self._preferred_size, self._exceptional_size)
        return Limits(
            min(self._preferred_size, request.max_segment_size or self._preferred_size),
            min(self._exceptional_size, request.max_record_size or self._exceptional_size),
            max(1, min(MAX_SEGMENTS, request.max_segment_count or MAX_SEGMENTS)),
            fragments=bool(self._options & Options.LEVEL_2_SEGMENTATION),
        )

    def _stopped(self) -> PresentStatus | None:
        """Tell why no more records are made, if that is so: the origin has gone, or has had enough."""
        return (
            PresentStatus.PARTIAL_4 if self._ended else PresentStatus.PARTIAL_3 if self._cancellation.wished else None
        )


def _segment(request: apdu.PresentRequest, records: list[bytes], ended: int) -> apdu.Segment:
    return apdu.Segment(
        reference_id=request.reference_id, number_of_records_returned=ended, segment_records=tuple(records)
    )


def _along(request: apdu.SearchRequest, count: int) -> tuple[int, ElementSetNames | None]:
    """Return how many of *count* records are sent along with the response, and their element set (Z39.50 3.2.2.1.6)."""
    if count <= request.small_set_upper_bound:
        return count, request.small_set_element_set_names
    if count < request.large_set_lower_bound:
        return max(0, min(request.medium_set_present_number, count)), request.medium_set_element_set_names
    return 0, None


ANSWERS: Final[dict[type[Pdu], Callable[[Target, Any], Coroutine[Any, Any, Pdu | tuple[Pdu, ...]]]]] = {
    apdu.InitializeRequest: Target.initialize,
    apdu.SearchRequest: Target.search,
    apdu.PresentRequest: Target.present,
    apdu.DeleteResultSetRequest: Target.delete,
    apdu.ScanRequest: Target.scan,
    apdu.SortRequest: Target.sort,
    apdu.ResourceReportRequest: Target.report,
    apdu.ExtendedServicesRequest: Target.task,
}
