"""Resource control: stopping what runs, and telling what an association has used (Z39.50 3.2.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

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
    """Whether the origin wishes that what runs be stopped, and what it is that runs."""

    def __init__(self) -> None:
        self.wished = False
        self._running: tuple[Deferred[Any], Steps[Any]] | None = None

    def begin(self) -> None:
        """Note that another request is being answered."""
        self.wished = False
        self._running = None

    def watch(self, reading: Deferred[T], steps: Steps[T]) -> Deferred[T]:
        """Return the reading of *steps*, which fails with Refused (105) when the origin has had enough of it."""
        if not reading.called:
            self._running = reading, steps
            reading.addErrback(_refused)
        return reading

    def cancel(self) -> None:
        """Stop what runs: the rest of a long read is not done."""
        self.wished = True
        if self._running is not None:
            reading, steps = self._running
            steps.close()
            reading.cancel()


def _refused(failure: Failure) -> NoReturn:
    failure.trap(CancelledError)
    raise Refused(Bib1.TERMINATED_BY_ORIGIN)


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
