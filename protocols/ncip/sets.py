"""The content models of NCIP 2.02 for items in sets: a title, its holdings, their items."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from protocols.ncip.elements import BibliographicId, ItemId, Problem, RequestId
from protocols.ncip.items import (
    BibliographicDescription,
    CurrentUser,
    ElectronicResource,
    HoldingsInformation,
    ItemOptionalFields,
    ItemTransaction,
    Location,
)
from protocols.ncip.model import Element, Least, Many, Opt, Privacy, element


@element(
    choice="(RequestId*, CurrentBorrower?, CurrentRequester*, DateDue?, DateRecalled?, HoldPickupDate?,"
    " ItemTransaction?, ItemOptionalFields?, ItemNote?) | Problem+"
)
class ItemInformation(Element):
    """One item of a set."""

    item_id: Opt[ItemId] = None
    request_id: Many[RequestId] = ()
    current_borrower: Opt[CurrentUser] = None
    current_requester: Many[CurrentUser] = ()
    date_due: Opt[datetime] = None
    date_recalled: Opt[datetime] = None
    hold_pickup_date: Opt[datetime] = None
    item_transaction: Opt[ItemTransaction] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    item_note: Annotated[Opt[str], Privacy.PERSONAL] = None
    problem: Many[Problem] = ()


@element(
    choice="(BibliographicDescription?, Location?, CallNumber?, SummaryHoldingsInformation?, ElectronicResource?,"
    " ItemInformation+) | Problem+"
)
class HoldingsSet(Element):
    """Items of one title that belong together."""

    holdings_set_id: Opt[str] = None
    bibliographic_description: Opt[BibliographicDescription] = None
    location: Opt[Location] = None
    call_number: Opt[str] = None
    summary_holdings_information: Opt[HoldingsInformation] = None
    electronic_resource: Opt[ElectronicResource] = None
    item_information: Many[ItemInformation] = ()
    problem: Many[Problem] = ()


@element(choice="(BibliographicDescription?, TitleHoldQueueLength?, CurrentRequester*, HoldingsSet+) | Problem+")
class BibInformation(Element):
    """One title asked for, with its items."""

    bibliographic_id: Opt[BibliographicId] = None
    bibliographic_description: Opt[BibliographicDescription] = None
    title_hold_queue_length: Annotated[Opt[int], Least(0)] = None
    current_requester: Many[CurrentUser] = ()
    holdings_set: Many[HoldingsSet] = ()
    problem: Many[Problem] = ()
