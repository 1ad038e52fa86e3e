"""Resource control: stopping what runs, and telling what an association has used (Z39.50 3.2.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

from protocols.z3950 import apdu, oids
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import External
from protocols.z3950.resources import Estimate, EstimateType, resource_report
from storage.statements import Steps

T = TypeVar("T")

CANCEL: Final = 3
"""requestedAction of TriggerResourceControl."""
SUCCESS: Final = 0
OTHER_FORMAT: Final = 1
"""resourceReportStatus: a report, but not in the format that was asked for."""


class Cancellation:
    """Whether the origin wishes that what runs be stopped."""

    def __init__(self) -> None:
        self.wished = False

    def steps(self, steps: Steps[T]) -> Steps[T]:
        """Run *steps* as long as nobody wishes otherwise; then raise Refused (105)."""
        try:
            calls = next(steps)
            while True:
                rows = yield calls
                if self.wished:
                    steps.close()
                    raise Refused(Bib1.TERMINATED_BY_ORIGIN)
                calls = steps.send(rows)
        except StopIteration as stop:
            result: T = stop.value
            return result


@dataclass(slots=True)
class Usage:
    """What an association has used: *since* in seconds of the daemon's clock."""

    since: float = 0.0
    searches: int = 0
    found: int = 0
    sent: int = 0

    def report(self, request: apdu.ResourceReportRequest, now: float, sets: int) -> apdu.ResourceReportResponse:
        """Return the response to a request for a report."""
        estimates = (
            Estimate(type=EstimateType.CURRENT_SEARCH_RECORDS, value=self.found),
            Estimate(type=EstimateType.CURRENT_PRESENT_RECORDS, value=self.sent),
            Estimate(type=EstimateType.CURRENT_ASSOC_TIME, value=int(now - self.since)),
        )
        message = f"{self.searches} searches, {self.sent} records sent, {sets} result sets kept"
        asked = request.pref_resource_report_format
        return apdu.ResourceReportResponse(
            reference_id=request.reference_id,
            resource_report_status=SUCCESS if asked in {None, oids.RESOURCE_1} else OTHER_FORMAT,
            resource_report=External(
                direct_reference=oids.RESOURCE_1, single_asn1_type=resource_report(estimates, message)
            ),
        )
