"""The messages of NCIP 2.02 that are modelled, and the two shapes that stand for all the others.

A message's class has the element's name; `MESSAGES` finds it. Of the services without a model here only the header is read
(`OtherInitiation`), and only problems can be answered (`OtherResponse`), which is all that their responses share.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from protocols.ncip.elements import (
    Agency,
    Amount,
    AuthenticationInput,
    InitiationHeader,
    ItemId,
    MandatedAction,
    Pending,
    Problem,
    RequestId,
    ResponseHeader,
    ShippingInformation,
    UserId,
)
from protocols.ncip.items import ElectronicResource, ItemOptionalFields, ItemTransaction, RoutingInformation
from protocols.ncip.model import Element, Flag, Least, Many, One, Opt, SchemeValue, Some, element
from protocols.ncip.users import (
    FiscalTransactionInformation,
    LoanedItem,
    LoanedItemsCount,
    RequestedItem,
    RequestedItemsCount,
    UserFiscalAccount,
    UserOptionalFields,
)


@element()
class Initiation(Element):
    """Base of what an initiator sends."""

    initiation_header: Opt[InitiationHeader] = None

    @property
    def service(self) -> str:
        """Name of the service, which is the element's."""
        return type(self).__name__


@element()
class Response(Element):
    """Base of what a responder answers."""

    response_header: Opt[ResponseHeader] = None

    @property
    def service(self) -> str:
        """Name of the service: the element's without its `Response`."""
        return type(self).__name__.removesuffix("Response")


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
    choice="Problem+ | (UserId, UserFiscalAccount*, LoanedItemsCount*, LoanedItem*, RequestedItemsCount*, RequestedItem*,"
    " UserOptionalFields?)"
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
    choice="Problem+ | ((ItemId | (RequestId, ItemId?)), HoldPickupDate?, DateRecalled?, ItemTransaction?, ItemOptionalFields?)"
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


@element(choice="UserId | AuthenticationInput+")
class CheckOutItem(Initiation):
    """Lend an item to a user."""

    mandated_action: Opt[MandatedAction] = None
    user_id: Opt[UserId] = None
    authentication_input: Many[AuthenticationInput] = ()
    item_id: One[ItemId] = None
    request_id: Opt[RequestId] = None
    acknowledged_fee_amount: Opt[Amount] = None
    paid_fee_amount: Opt[Amount] = None
    acknowledged_item_use_restriction_type: Many[SchemeValue] = ()
    shipping_information: Opt[ShippingInformation] = None
    resource_desired: Flag = False
    desired_date_due: Opt[datetime] = None
    item_element_type: Many[SchemeValue] = ()
    user_element_type: Many[SchemeValue] = ()


@element(
    choice="(Problem+, RequiredFeeAmount?, RequiredItemUseRestrictionType*) | (ItemId, UserId,"
    " (DateDue | IndeterminateLoanPeriodFlag | NonReturnableFlag), RenewalCount?, ElectronicResource?,"
    " FiscalTransactionInformation?, ItemOptionalFields?, UserOptionalFields?)"
)
class CheckOutItemResponse(Response):
    """The loan."""

    problem: Many[Problem] = ()
    required_fee_amount: Opt[Amount] = None
    required_item_use_restriction_type: Many[SchemeValue] = ()
    item_id: Opt[ItemId] = None
    user_id: Opt[UserId] = None
    date_due: Opt[datetime] = None
    indeterminate_loan_period_flag: Flag = False
    non_returnable_flag: Flag = False
    renewal_count: Annotated[Opt[int], Least(0)] = None
    electronic_resource: Opt[ElectronicResource] = None
    fiscal_transaction_information: Opt[FiscalTransactionInformation] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element()
class CheckInItem(Initiation):
    """Take an item back; who had it is the responder's to know."""

    mandated_action: Opt[MandatedAction] = None
    item_id: One[ItemId] = None
    item_element_type: Many[SchemeValue] = ()
    user_element_type: Many[SchemeValue] = ()


@element(
    choice="Problem+ | (ItemId, UserId?, RoutingInformation?, FiscalTransactionInformation?, ItemOptionalFields?,"
    " UserOptionalFields?)"
)
class CheckInItemResponse(Response):
    """The item taken back, and where it goes next."""

    problem: Many[Problem] = ()
    item_id: Opt[ItemId] = None
    user_id: Opt[UserId] = None
    routing_information: Opt[RoutingInformation] = None
    fiscal_transaction_information: Opt[FiscalTransactionInformation] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element(choice="UserId | AuthenticationInput+")
class RenewItem(Initiation):
    """Prolong a loan."""

    mandated_action: Opt[MandatedAction] = None
    user_id: Opt[UserId] = None
    authentication_input: Many[AuthenticationInput] = ()
    item_id: One[ItemId] = None
    item_element_type: Many[SchemeValue] = ()
    user_element_type: Many[SchemeValue] = ()
    desired_date_due: Opt[datetime] = None
    desired_date_for_return: Opt[datetime] = None
    acknowledged_fee_amount: Opt[Amount] = None
    paid_fee_amount: Opt[Amount] = None
    acknowledged_item_use_restriction_type: Many[SchemeValue] = ()


@element(
    choice="(Problem+, RequiredFeeAmount?, RequiredItemUseRestrictionType*) | Pending | (ItemId, UserId?, DateDue?,"
    " DateForReturn?, RenewalCount?, FiscalTransactionInformation?, ItemOptionalFields?, UserOptionalFields?)"
)
class RenewItemResponse(Response):
    """The loan prolonged, or the promise of an answer."""

    problem: Many[Problem] = ()
    required_fee_amount: Opt[Amount] = None
    required_item_use_restriction_type: Many[SchemeValue] = ()
    pending: Opt[Pending] = None
    item_id: Opt[ItemId] = None
    user_id: Opt[UserId] = None
    date_due: Opt[datetime] = None
    date_for_return: Opt[datetime] = None
    renewal_count: Annotated[Opt[int], Least(0)] = None
    fiscal_transaction_information: Opt[FiscalTransactionInformation] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element()
class UniqueAgencyId(Element):
    """An agency in the notation of NCIP 1.0, which the version messages keep."""

    scheme: One[str] = None
    value: One[str] = None


@element()
class VersionAgency(Element):
    """FromAgencyId, ToAgencyId of the version messages."""

    unique_agency_id: One[UniqueAgencyId] = None


@element()
class LookupVersion(Initiation):
    """Tell which versions are spoken (a document of its own: see `protocols.ncip.envelope.Form`)."""

    from_agency_id: One[VersionAgency] = None
    to_agency_id: One[VersionAgency] = None


@element()
class LookupVersionResponse(Response):
    """The versions spoken."""

    from_agency_id: One[VersionAgency] = None
    to_agency_id: One[VersionAgency] = None
    version_supported: Some[str] = ()


@element()
class ProblemMessage(Element):
    """Problems directly under NCIPMessage: the message cannot be attributed to a service."""

    problem: Some[Problem] = ()


@element()
class OtherInitiation(Initiation):
    """An initiation of a service without a model here: its name and its header."""

    name: str = ""

    @property
    def service(self) -> str:
        """Name of the service."""
        return self.name


@element()
class OtherResponse(Response):
    """A response that says no more than problems: of a service without a model here, or to a notification."""

    name: str = ""
    problem: Many[Problem] = ()

    @property
    def service(self) -> str:
        """Name of the service."""
        return self.name


Message = Initiation | Response | ProblemMessage

MESSAGES: dict[str, type[Initiation | Response]] = {
    cls.__name__: cls
    for cls in (
        LookupUser, LookupUserResponse, LookupItem, LookupItemResponse, CheckOutItem, CheckOutItemResponse, CheckInItem,
        CheckInItemResponse, RenewItem, RenewItemResponse, LookupVersion, LookupVersionResponse,
    )
}  # fmt: skip
"""Element -> message, of every message modelled."""


def response_header(asked: InitiationHeader | None) -> ResponseHeader | None:
    """Give the header of the answer: agencies and systems swapped, schemes kept, no authentication.

    None when there was no header, or one that lacks an agency, for then no valid header can be made.
    """
    if asked is None or not _named(asked.from_agency_id) or not _named(asked.to_agency_id):
        return None
    return ResponseHeader(
        from_system_id=asked.to_system_id,
        from_agency_id=asked.to_agency_id,
        to_system_id=asked.from_system_id,
        to_agency_id=asked.from_agency_id,
    )


def _named(agency: Agency | None) -> bool:
    return agency is not None and agency.agency_id is not None
