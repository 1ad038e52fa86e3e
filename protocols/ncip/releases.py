"""The releases of NCIP, and what one of them has that an earlier one has not.

The models are those of 2.02. The schemas of 2.0 and 2.01 and the DTD of 1.0 differ from it in what stands here (and 1.0 in its notation,
see `protocols.ncip.first`); the writer leaves out, or puts in, what a release demands.
"""

from __future__ import annotations

import enum
import re
from typing import Any, Final

from protocols.ncip.elements import Amount
from protocols.ncip.model import Child, Element, SchemeValue
from protocols.ncip.schemes import CURRENCY


class Release(enum.IntEnum):
    """A release of the standard, in their order."""

    V1_0 = 10
    V2_0 = 20
    V2_01 = 21
    V2_02 = 22


_MINOR: Final = re.compile(r"v2_0([12]?)(?![0-9])")
_MINORS: Final = {"": Release.V2_0, "1": Release.V2_01, "2": Release.V2_02}


def release_of(version: str, *, namespace: bool) -> Release:
    """Tell which release a root speaks by its version string and whether it is in the namespace of 2.x (ncip.md 2.1)."""
    if not namespace and "v2_" not in version:
        return Release.V1_0
    minors = _MINOR.findall(version)
    return _MINORS[minors[-1]] if minors else Release.V2_02


SINCE: Final[dict[Release, dict[str, frozenset[str]]]] = {
    Release.V2_0: {
        "AcceptItem": frozenset({"PickupLocation", "PickupExpiryDate"}),
        "CancelRequestItem": frozenset({"AcknowledgedFeeAmount", "PaidFeeAmount"}),
        "CheckOutItem": frozenset({"PaidFeeAmount"}),
        "ItemDescription": frozenset({"NumberOfPieces"}),
        "ItemRequested": frozenset({"PickupLocation"}),
        "LoanedItem": frozenset({"Title", "MediumType"}),
        "RenewItem": frozenset({"PaidFeeAmount"}),
        "RequestFields": frozenset({"PaidFeeAmount", "PickupLocation"}),
        "RequestItem": frozenset({"ItemOptionalFields", "PaidFeeAmount", "PickupLocation"}),
        "RequestedItem": frozenset({"PickupLocation", "Title", "MediumType"}),
        "RoutingInformation": frozenset({"NameInformation"}),
        "UserOptionalFields": frozenset({"PreviousUserId"}),
    },
    Release.V2_01: {"UpdateRequestItemResponse": frozenset({"RequiredItemUseRestrictionType"})},
    Release.V2_02: {
        "ItemOptionalFields": frozenset({"DateDue"}),
        "LoanedItem": frozenset({"BibliographicId"}),
        "RequestedItem": frozenset({"BibliographicId"}),
    },
}
"""Release -> element -> children that came with it."""

REPEATS_SINCE: Final = {
    ("RequestItem", "BibliographicId"): Release.V2_01,
    ("RequestItem", "ItemId"): Release.V2_01,
    ("BibliographicDescription", "BibliographicRecordId"): Release.V2_01,
}
"""Children that could occur but once before."""

NEEDED_BEFORE: Final[dict[str, tuple[Release, dict[str, Any]]]] = {
    "LoanedItem": (
        Release.V2_02,
        {"ReminderLevel": 1, "Amount": Amount(currency_code=SchemeValue("EUR", CURRENCY), monetary_value=0)},
    ),
}
"""Element -> the release in which these became optional, and what is sent before: the least level, and nothing due."""

EXTENSION: Final = "http://www.extensiblecatalog.org/2011/ilsdi"
"""Namespace in which the services that 2.02 brought travelled before it, under Ext (ncip.md 2.7)."""
EXTENDED: Final = frozenset({
    "LookupItemSet", "LookupItemSetResponse", "BibInformation", "HoldingsSet", "ItemInformation", "SummaryHoldingsInformation",
    "TitleHoldQueueLength", "HoldingsSetId", "ItemNote", "MaximumItemsCount", "NextItemToken",
})  # fmt: skip
"""The elements of that namespace."""

_ABSENT: dict[tuple[Release, str], frozenset[str]] = {}


def _absent(name: str, release: Release) -> frozenset[str]:
    known = _ABSENT.get((release, name))
    if known is None:
        later = (tags.get(name, frozenset()) for since, tags in SINCE.items() if since > release)
        known = _ABSENT[release, name] = frozenset().union(*later)
    return known


def of_release(element: Element, found: list[tuple[Child, Any]], release: Release) -> list[tuple[Child, Any]]:
    """Give of *found*, an element's children, what *release* has, with what it demands."""
    name = type(element).__name__
    absent = _absent(name, release)
    kept = []
    for child, value in found:
        if child.tag in absent:
            continue
        since = REPEATS_SINCE.get((name, child.tag))
        kept.append((child, value[:1] if since is not None and release < since else value))
    if name == "RequestItem" and release < Release.V2_01 and any(child.tag == "BibliographicId" for child, _ in kept):
        kept = [(child, value) for child, value in kept if child.tag != "ItemId"]
    until, needed = NEEDED_BEFORE.get(name, (release, {}))
    if release < until:
        told = {child.tag: value for child, value in kept}
        filled = needed | {tag: value for tag, value in told.items() if value != 0}
        kept = [(child, filled[child.tag]) for child in element.TABLE if child.tag in filled]
    return kept
