"""Resource reports of the format resource-1 (1.2.840.10003.7.1, Z39.50 appendix RSC)."""

from __future__ import annotations

import enum
from typing import Annotated, Final

from protocols.z3950.asn1 import Integer, InternationalString, OctetString
from protocols.z3950.schema import Sequence, codec_of


class EstimateType(enum.IntEnum):
    """What an estimate is about; times are in seconds."""

    CURRENT_SEARCH_RECORDS = 1
    FINAL_SEARCH_RECORDS = 2
    CURRENT_PRESENT_RECORDS = 3
    FINAL_PRESENT_RECORDS = 4
    CURRENT_OP_TIME_PROCESSING = 5
    FINAL_OP_TIME_PROCESSING = 6
    CURRENT_ASSOC_TIME = 7


class Estimate(Sequence):
    """One figure; *currency* where it is money."""

    type: Annotated[Integer, 1]
    value: Annotated[Integer, 2]
    currency: Annotated[OctetString | None, 3] = None


class ResourceReport(Sequence):
    """Figures, and what they mean in words."""

    estimates: Annotated[tuple[Estimate, ...], 1]
    message: Annotated[InternationalString, 2]


_CODEC: Final = codec_of(ResourceReport)


def resource_report(estimates: tuple[Estimate, ...], message: str) -> bytes:
    """Return a report as its element."""
    return _CODEC.encode(ResourceReport(estimates=estimates, message=message))


def read_report(data: bytes) -> ResourceReport:
    """Return the report that an element is. Raises MalformedPdu."""
    report: ResourceReport = _CODEC.decode(data)
    return report
