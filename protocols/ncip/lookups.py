"""The messages of NCIP 2.02 that ask, and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from protocols.ncip.agencies import AgencyAddressInformation, AuthenticationPrompt
from protocols.ncip.base import Initiation, Response
from protocols.ncip.elements import (
    Amount,
    AuthenticationInput,
    BibliographicId,
    ItemId,
    OrganizationNameInformation,
    Problem,
    RequestId,
    ShippingInformation,
    UserId,
)
from protocols.ncip.items import ItemOptionalFields, ItemTransaction
from protocols.ncip.model import Flag, Least, Many, One, Opt, SchemeValue, Some, element
from protocols.ncip.sets import BibInformation
from protocols.ncip.users import (
    LoanedItem,
    LoanedItemsCount,
    RequestedItem,
    RequestedItemsCount,
    UserFiscalAccount,
    UserOptionalFields,
)


@element(choice="UserId | AuthenticationInput+")
class LookupUser(Initiation):
    """Tell about a user: the elements asked, and what he has, waits for and owes if desired."""

    user_id: Opt[UserId] = None
    authentication_input: Many[AuthenticationInput] = ()
    user_element_type: Many[SchemeValue] = ()
    loaned_items_desired: Flag = False
    requested_items_desired: Flag = False
    user_fiscal_account_desired: Flag = False


@element(
    choice="Problem+ | (UserId, UserFiscalAccount*, LoanedItemsCount*, LoanedItem*, RequestedItemsCount*,"
    " RequestedItem*, UserOptionalFields?)"
)
class LookupUserResponse(Response):
    """The user, as far as asked."""

    problem: Many[Problem] = ()
    user_id: Opt[UserId] = None
    user_fiscal_account: Many[UserFiscalAccount] = ()
    loaned_items_count: Many[LoanedItemsCount] = ()
    loaned_item: Many[LoanedItem] = ()
    requested_items_count: Many[RequestedItemsCount] = ()
    requested_item: Many[RequestedItem] = ()
    user_optional_fields: Opt[UserOptionalFields] = None


@element(choice="ItemId | RequestId")
class LookupItem(Initiation):
    """Tell about an item: the elements asked, and who has it and waits for it if desired."""

    item_id: Opt[ItemId] = None
    request_id: Opt[RequestId] = None
    item_element_type: Many[SchemeValue] = ()
    current_borrower_desired: Flag = False
    current_requesters_desired: Flag = False


@element(
    choice="Problem+ | ((ItemId | (RequestId, ItemId?)), HoldPickupDate?, DateRecalled?, ItemTransaction?,"
    " ItemOptionalFields?)"
)
class LookupItemResponse(Response):
    """The item, as far as asked."""

    problem: Many[Problem] = ()
    request_id: Opt[RequestId] = None
    item_id: Opt[ItemId] = None
    hold_pickup_date: Opt[datetime] = None
    date_recalled: Opt[datetime] = None
    item_transaction: Opt[ItemTransaction] = None
    item_optional_fields: Opt[ItemOptionalFields] = None


@element(choice="BibliographicId+ | HoldingsSetId+ | ItemId+")
class LookupItemSet(Initiation):
    """Tell about all items of titles, or about several items, page by page (2.02; before, an extension)."""

    bibliographic_id: Many[BibliographicId] = ()
    holdings_set_id: Many[str] = ()
    item_id: Many[ItemId] = ()
    item_element_type: Many[SchemeValue] = ()
    current_borrower_desired: Flag = False
    current_requesters_desired: Flag = False
    maximum_items_count: Annotated[Opt[int], Least(1)] = None
    next_item_token: Opt[str] = None


@element(choice="Problem+ | (BibInformation+, NextItemToken?)")
class LookupItemSetResponse(Response):
    """The items, and the token of the next page."""

    problem: Many[Problem] = ()
    bib_information: Many[BibInformation] = ()
    next_item_token: Opt[str] = None


@element(choice="((UserId | AuthenticationInput+), ItemId, RequestType) | RequestId")
class LookupRequest(Initiation):
    """Tell about a request: by its number, or by user, item and type."""

    user_id: Opt[UserId] = None
    authentication_input: Many[AuthenticationInput] = ()
    item_id: Opt[ItemId] = None
    request_type: Opt[SchemeValue] = None
    request_id: Opt[RequestId] = None
    request_element_type: Many[SchemeValue] = ()
    item_element_type: Many[SchemeValue] = ()
    user_element_type: Many[SchemeValue] = ()


@element(
    choice="Problem+ | ((ItemId | (RequestId, ItemId?)), UserId?, RequestType?, RequestScopeType?,"
    " RequestStatusType?, HoldQueuePosition?, ShippingInformation?, EarliestDateNeeded?, NeedBeforeDate?,"
    " PickupDate?, PickupLocation?, PickupExpiryDate?, DateOfUserRequest?, DateAvailable?,"
    " AcknowledgedFeeAmount?, PaidFeeAmount?, ItemOptionalFields?, UserOptionalFields?)"
)
class LookupRequestResponse(Response):
    """The request, as far as asked."""

    problem: Many[Problem] = ()
    request_id: Opt[RequestId] = None
    item_id: Opt[ItemId] = None
    user_id: Opt[UserId] = None
    request_type: Opt[SchemeValue] = None
    request_scope_type: Opt[SchemeValue] = None
    request_status_type: Opt[SchemeValue] = None
    hold_queue_position: Annotated[Opt[int], Least(1)] = None
    shipping_information: Opt[ShippingInformation] = None
    earliest_date_needed: Opt[datetime] = None
    need_before_date: Opt[datetime] = None
    pickup_date: Opt[datetime] = None
    pickup_location: Opt[SchemeValue] = None
    pickup_expiry_date: Opt[datetime] = None
    date_of_user_request: Opt[datetime] = None
    date_available: Opt[datetime] = None
    acknowledged_fee_amount: Opt[Amount] = None
    paid_fee_amount: Opt[Amount] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element()
class LookupAgency(Initiation):
    """Tell about an agency; also the question whether anyone is there."""

    agency_id: One[SchemeValue] = None
    agency_element_type: Some[SchemeValue] = ()


@element(
    choice="Problem+ | (AgencyId, OrganizationNameInformation*, AgencyAddressInformation*, AuthenticationPrompt*,"
    " ApplicationProfileSupportedType*, ConsortiumAgreement*, AgencyUserPrivilegeType*)"
)
class LookupAgencyResponse(Response):
    """The agency, as far as asked."""

    problem: Many[Problem] = ()
    agency_id: Opt[SchemeValue] = None
    organization_name_information: Many[OrganizationNameInformation] = ()
    agency_address_information: Many[AgencyAddressInformation] = ()
    authentication_prompt: Many[AuthenticationPrompt] = ()
    application_profile_supported_type: Many[SchemeValue] = ()
    consortium_agreement: Many[SchemeValue] = ()
    agency_user_privilege_type: Many[SchemeValue] = ()


LOOKUPS = (
    LookupUser,
    LookupUserResponse,
    LookupItem,
    LookupItemResponse,
    LookupItemSet,
    LookupItemSetResponse,
    LookupRequest,
    LookupRequestResponse,
    LookupAgency,
    LookupAgencyResponse,
)
"""Every class of this module."""
