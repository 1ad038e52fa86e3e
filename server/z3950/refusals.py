"""The shape of a no: each request's own response, with the diagnostic where its origin looks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from protocols.z3950 import apdu, negotiation
from protocols.z3950.apdu import Pdu
from protocols.z3950.diagnostics import Refused
from protocols.z3950.elements import DiagRec, Records
from server.z3950.target import OFFER


def refusal(request: Pdu, refused: Refused, version: int) -> Pdu:
    """Return the response to *request*, one of `z3950_target.ANSWERS`, that says no and why."""
    return REFUSALS[type(request)](request, refused, version)


def _init(request: apdu.InitializeRequest, refused: Refused, version: int) -> Pdu:
    return negotiation.refuse(request, OFFER, refused)


def _search(request: apdu.SearchRequest, refused: Refused, version: int) -> Pdu:
    return apdu.SearchResponse(
        reference_id=request.reference_id,
        result_count=0,
        number_of_records_returned=0,
        next_result_set_position=0,
        search_status=False,
        result_set_status=apdu.ResultSetStatus.NONE,
        records=Records(non_surrogate_diagnostic=refused.diagnostic(version)),
    )


def _present(request: apdu.PresentRequest, refused: Refused, version: int) -> Pdu:
    return apdu.PresentResponse(
        reference_id=request.reference_id,
        number_of_records_returned=0,
        next_result_set_position=0,
        present_status=apdu.PresentStatus.FAILURE,
        records=Records(non_surrogate_diagnostic=refused.diagnostic(version)),
    )


def _delete(request: apdu.DeleteResultSetRequest, refused: Refused, version: int) -> Pdu:
    return apdu.DeleteResultSetResponse(
        reference_id=request.reference_id,
        delete_operation_status=apdu.DeleteSetStatus.SYSTEM_PROBLEM_AT_TARGET,
        delete_message=refused.addinfo or refused.condition.meaning,
    )


def _scan(request: apdu.ScanRequest, refused: Refused, version: int) -> Pdu:
    return apdu.ScanResponse(
        reference_id=request.reference_id,
        scan_status=apdu.ScanStatus.FAILURE,
        number_of_entries_returned=0,
        entries=apdu.ListEntries(nonsurrogate_diagnostics=_diagnostics(refused, version)),
    )


def _sort(request: apdu.SortRequest, refused: Refused, version: int) -> Pdu:
    return apdu.SortResponse(
        reference_id=request.reference_id,
        sort_status=apdu.SortStatus.FAILURE,
        result_set_status=apdu.SortedSetStatus.UNCHANGED,
        diagnostics=_diagnostics(refused, version),
    )


def _task(request: apdu.ExtendedServicesRequest, refused: Refused, version: int) -> Pdu:
    return apdu.ExtendedServicesResponse(
        reference_id=request.reference_id,
        operation_status=apdu.OperationStatus.FAILURE,
        diagnostics=_diagnostics(refused, version),
    )


def _report(request: apdu.ResourceReportRequest, refused: Refused, version: int) -> Pdu:
    return apdu.ResourceReportResponse(reference_id=request.reference_id, resource_report_status=_NO_REPORT)


_NO_REPORT: Final = 6
"""resourceReportStatus failure-5: the target cannot supply one at the moment."""


def _diagnostics(refused: Refused, version: int) -> tuple[DiagRec, ...]:
    return (DiagRec(default_format=refused.diagnostic(version)),)


REFUSALS: Final[dict[type[Pdu], Callable[[Any, Refused, int], Pdu]]] = {
    apdu.InitializeRequest: _init,
    apdu.SearchRequest: _search,
    apdu.PresentRequest: _present,
    apdu.DeleteResultSetRequest: _delete,
    apdu.ScanRequest: _scan,
    apdu.SortRequest: _sort,
    apdu.ExtendedServicesRequest: _task,
    apdu.ResourceReportRequest: _report,
}
