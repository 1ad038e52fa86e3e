"""What one Z39.50 association is answered: Init, Search, Present, Delete, Scan, Sort.

A target knows no transport: a request goes in, and its response comes out when the store has answered. What cannot be
done raises `Refused`, and `z3950_refusals` gives it the shape of the response that the origin waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from importlib.metadata import version
from typing import Any, Final

from protocols.z3950 import apdu, negotiation, oids
from protocols.z3950.apdu import DeleteSetStatus, Options, Pdu, PresentStatus, ProtocolVersion
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import ElementSetNames, RecordComposition, Records
from protocols.z3950.records import surrogate_diagnostic
from server import catalogue_query, z3950_query, z3950_scan, z3950_sort
from server.catalogue import Catalogue, databases
from server.records import ELEMENT_SETS
from server.result_sets import ResultSet, ResultSets
from server.z3950_records import SYNTAXES, Form

OFFER: Final = negotiation.Offer(
    options=Options.SEARCH
    | Options.PRESENT
    | Options.DEL_SET
    | Options.SCAN
    | Options.SORT
    | Options.NAMED_RESULT_SETS
    | Options.NEGOTIATION_MODEL,
    implementation_id="bibliobus",
    implementation_name="Bibliobus",
    implementation_version=version("bibliobus"),
)
SLICE: Final = 20
"""Records that are made before other associations get their turn."""
_DEFAULT: Final = "default"


class Target:
    """One association, from its Init on."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._sets = ResultSets(catalogue.budget)
        self._options = 0
        self._preferred_size = OFFER.preferred_message_size
        self._exceptional_size = OFFER.exceptional_record_size
        self._ended = False
        self.version = 3

    def end(self) -> None:
        """Drop all result sets, and make no more records: nobody is there to take them."""
        self._ended = True
        self._sets.clear()

    # --- the services ---------------------------------------------------------------------------------------------------

    async def initialize(self, request: apdu.InitializeRequest) -> apdu.InitializeResponse:
        """Begin an association, anew when there was one."""
        self._sets.clear()
        response = negotiation.accept(request, OFFER)
        self.version = 3 if response.protocol_version & ProtocolVersion.VERSION_3 else 2
        self._options = response.options
        self._preferred_size = response.preferred_message_size
        self._exceptional_size = response.exceptional_record_size
        return response

    async def search(self, request: apdu.SearchRequest) -> apdu.SearchResponse:
        """Search, keep what was found under its name, and send it along when it is little enough."""
        try:
            found = await self._find(request)
        except Exception:
            if request.replace_indicator:  # the set of that name goes, whether there is a new one or not
                self._sets.discard(request.result_set_name)
            raise
        count = len(found.records)
        number, names = _along(request, count)
        if not number:
            return apdu.SearchResponse(
                reference_id=request.reference_id,
                result_count=count,
                number_of_records_returned=0,
                next_result_set_position=min(count, 1),
                search_status=True,
            )
        try:
            form = self._form(request.preferred_record_syntax, names)
            sent, status, following = await self._collect(found, 1, number, form)
            along = Records(response_records=tuple(sent))
        except Refused as refused:  # the search itself has worked
            sent, status, following = [], PresentStatus.FAILURE, 1
            along = Records(non_surrogate_diagnostic=refused.diagnostic(self.version))
        return apdu.SearchResponse(
            reference_id=request.reference_id,
            result_count=count,
            number_of_records_returned=len(sent),
            next_result_set_position=following,
            search_status=True,
            present_status=status,
            records=along,
        )

    async def _find(self, request: apdu.SearchRequest) -> ResultSet:
        """Return the result set of a search, kept under its name. Raises Refused, StoreUnavailable."""
        name = request.result_set_name
        self._check_name(name)
        if name in self._sets and not request.replace_indicator:
            raise Refused(Bib1.RESULT_SET_EXISTS, name)
        store = self._catalogue.store
        asked = databases(store.network, request.database_names)
        hits = self._catalogue.hits
        query = z3950_query.parsed(request.query)
        steps = catalogue_query.search(hits, query, asked, lambda operand: self._named(operand).records)
        self._sets[name] = found = ResultSet(await store.read(steps), asked)
        return found

    async def present(self, request: apdu.PresentRequest) -> apdu.PresentResponse:
        """Send records of a result set."""
        found = self._named(request.result_set_id)
        if request.additional_ranges:
            raise Refused(Bib1.ADDITIONAL_RANGES)
        form = self._form(request.preferred_record_syntax, _simple(request.record_composition))
        start, number, count = request.result_set_start_point, request.number_of_records_requested, len(found.records)
        if not 1 <= start <= count:
            raise Refused(Bib1.PRESENT_OUT_OF_RANGE, start)
        if not 0 <= number <= count - start + 1:
            raise Refused(Bib1.PRESENT_OUT_OF_RANGE, count + 1)
        sent, status, following = await self._collect(found, start, number, form)
        return apdu.PresentResponse(
            reference_id=request.reference_id,
            number_of_records_returned=len(sent),
            next_result_set_position=following,
            present_status=status,
            records=Records(response_records=tuple(sent)) if sent else None,
        )

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
        return await z3950_scan.answer(self._catalogue, request)

    async def sort(self, request: apdu.SortRequest) -> apdu.SortResponse:
        """Put result sets in order, and keep what comes of it under its name; that may be one of theirs."""
        self._check_name(request.sorted_result_set_name)
        made = await z3950_sort.ordered(self._catalogue, self._named, request)
        self._sets[request.sorted_result_set_name] = made
        return apdu.SortResponse(
            reference_id=request.reference_id, sort_status=apdu.SortStatus.SUCCESS, result_count=len(made.records)
        )

    # --- what they share ------------------------------------------------------------------------------------------------

    def _named(self, name: str) -> ResultSet:
        """Return a set of this association, or of those that any wire may name. Raises Refused (27, 30)."""
        shared = self._catalogue.shared
        return shared[name] if name in shared and name not in self._sets else self._sets[name]

    def _check_name(self, name: str) -> None:
        if not name:
            raise Refused(Bib1.ILLEGAL_RESULT_SET_NAME, name)
        if not self._options & Options.NAMED_RESULT_SETS and name.casefold() != _DEFAULT:
            raise Refused(Bib1.RESULT_SET_NAMING, name)

    def _form(self, syntax: str | None, names: ElementSetNames | None) -> Form:
        """Return the form that is asked for; UNIMARC and F where nothing is. Raises Refused."""
        syntax = oids.UNIMARC if syntax is None else syntax
        if syntax not in SYNTAXES:
            raise Refused(Bib1.RECORD_SYNTAX, syntax)
        if names is None:
            return Form(syntax, ELEMENT_SETS[0], self.version)
        name = names.generic_element_set_name
        if name is None:
            raise Refused(Bib1.ONLY_GENERIC_ELEMENT_SET_NAME)
        if name.upper() not in ELEMENT_SETS:
            raise Refused(Bib1.ELEMENT_SET_NAME_NOT_VALID, name)
        return Form(syntax, name.upper(), self.version)

    async def _collect(
        self, found: ResultSet, start: int, number: int, form: Form
    ) -> tuple[list[bytes], PresentStatus, int]:
        """Return *number* records from *start* on, or as many as one message holds; the status; the next position.

        A record that is alone larger than a message is sent when it alone was asked for and is no larger than the
        exceptional size; else a diagnostic stands for it (Z39.50 3.3.1, in the reading that origins are used to).
        """
        catalogue = self._catalogue
        sent: list[bytes] = []
        size = 0
        first, end = start - 1, start - 1 + number
        for at in range(first, end, SLICE):
            if at > first:
                await catalogue.rest()
                if self._ended:
                    return sent, PresentStatus.PARTIAL_4, at + 1
            numbers = found.numbers(at, min(at + SLICE, end))
            steps = catalogue.shelf.read(catalogue.store.network, numbers, found.databases, form)
            for record in await catalogue.store.read(steps):
                fits = len(record) <= self._preferred_size
                octets = record if fits else self._outsized(record, number, found.databases[0].name)
                size += len(octets)
                if sent and size > self._preferred_size:
                    return sent, PresentStatus.PARTIAL_2, start + len(sent)
                sent.append(octets)
        following = start + number
        return sent, PresentStatus.SUCCESS, following if following <= len(found.records) else 0

    def _outsized(self, record: bytes, number: int, database: str) -> bytes:
        """Return what is sent of a record that is larger than a message."""
        if len(record) > self._exceptional_size:
            refused = Refused(Bib1.RECORD_EXCEEDS_EXCEPTIONAL_SIZE, len(record))
        elif number > 1:
            refused = Refused(Bib1.RECORD_EXCEEDS_PREFERRED_SIZE, len(record))
        else:
            return record
        return surrogate_diagnostic(database, refused, self.version)


def _along(request: apdu.SearchRequest, count: int) -> tuple[int, ElementSetNames | None]:
    """Return how many of *count* records are sent along with the response, and their element set (Z39.50 3.2.2.1.6)."""
    if count <= request.small_set_upper_bound:
        return count, request.small_set_element_set_names
    if count < request.large_set_lower_bound:
        return max(0, min(request.medium_set_present_number, count)), request.medium_set_element_set_names
    return 0, None


def _simple(composition: RecordComposition | None) -> ElementSetNames | None:
    if composition is None:
        return None
    if composition.simple is None:
        raise Refused(Bib1.COMP_SPEC)
    return composition.simple


async def _not_offered(_target: Target, request: Pdu) -> Pdu:
    raise Refused(Bib1.SERVICE_NOT_SUPPORTED, type(request).__name__)


ANSWERS: Final[dict[type[Pdu], Callable[[Target, Any], Coroutine[Any, Any, Pdu]]]] = {
    apdu.InitializeRequest: Target.initialize,
    apdu.SearchRequest: Target.search,
    apdu.PresentRequest: Target.present,
    apdu.DeleteResultSetRequest: Target.delete,
    apdu.ScanRequest: Target.scan,
    apdu.SortRequest: Target.sort,
    # Services that no Init of ours grants: who asks all the same is told so by the response.
    apdu.ExtendedServicesRequest: _not_offered,
}
