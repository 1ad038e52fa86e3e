"""The messages of NCIP 2.02 that move items between users and agencies, and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from protocols.ncip.base import Initiation, Response
from protocols.ncip.changes import ItemReportedReturned, RequestFields
from protocols.ncip.elements import (
    Amount,
    AuthenticationInput,
    BibliographicId,
    ItemId,
    MandatedAction,
    Pending,
    Problem,
    RequestId,
    ShippingInformation,
    UserId,
)
from protocols.ncip.items import ElectronicResource, ItemOptionalFields, RoutingInformation
from protocols.ncip.model import Flag, Least, Many, One, Opt, SchemeValue, element
from protocols.ncip.users import FiscalTransactionInformation, UserOptionalFields


@element(choice="(DateForReturn | IndeterminateLoanPeriodFlag | NonReturnableFlag)?")
class AcceptItem(Initiation):
    """Take an item of another agency in, for a request."""

    mandated_action: Opt[MandatedAction] = None
    request_id: One[RequestId] = None
    requested_action_type: One[SchemeValue] = None
    user_id: Opt[UserId] = None
    item_id: Opt[ItemId] = None
    date_for_return: Opt[datetime] = None
    indeterminate_loan_period_flag: Flag = False
    non_returnable_flag: Flag = False
    renewal_not_permitted: Flag = False
    fiscal_transaction_information: Opt[FiscalTransactionInformation] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None
    pickup_location: Opt[SchemeValue] = None
    pickup_expiry_date: Opt[datetime] = None


@element(choice="Problem+ | (RequestId, ItemId?)")
class AcceptItemResponse(Response):
    """The item was taken in."""

    problem: Many[Problem] = ()
    request_id: Opt[RequestId] = None
    item_id: Opt[ItemId] = None


@element()
class CancelRecallItem(Initiation):
    """Let a recalled item stay on loan."""

    mandated_action: Opt[MandatedAction] = None
    item_id: One[ItemId] = None
    item_element_type: Many[SchemeValue] = ()
    user_element_type: Many[SchemeValue] = ()


@element(choice="Problem+ | (ItemId, UserId?, FiscalTransactionInformation?, ItemOptionalFields?, UserOptionalFields?)")
class CancelRecallItemResponse(Response):
    """The recall is off."""

    problem: Many[Problem] = ()
    item_id: Opt[ItemId] = None
    user_id: Opt[UserId] = None
    fiscal_transaction_information: Opt[FiscalTransactionInformation] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element(choice="(UserId | AuthenticationInput+), (ItemId | (RequestId, ItemId?))")
class CancelRequestItem(Initiation):
    """Give a request up."""

    mandated_action: Opt[MandatedAction] = None
    user_id: Opt[UserId] = None
    authentication_input: Many[AuthenticationInput] = ()
    request_id: Opt[RequestId] = None
    item_id: Opt[ItemId] = None
    request_type: One[SchemeValue] = None
    request_scope_type: Opt[SchemeValue] = None
    acknowledged_fee_amount: Opt[Amount] = None
    paid_fee_amount: Opt[Amount] = None
    item_element_type: Many[SchemeValue] = ()
    user_element_type: Many[SchemeValue] = ()


@element(
    choice="Problem+ | ((ItemId | (RequestId, ItemId?)), UserId, FiscalTransactionInformation?,"
    " ItemOptionalFields?, UserOptionalFields?)"
)
class CancelRequestItemResponse(Response):
    """The request is off."""

    problem: Many[Problem] = ()
    request_id: Opt[RequestId] = None
    item_id: Opt[ItemId] = None
    user_id: Opt[UserId] = None
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
    choice="(Problem+, RequiredFeeAmount?, RequiredItemUseRestrictionType*) | (ItemId, UserId, (DateDue |"
    " IndeterminateLoanPeriodFlag | NonReturnableFlag), RenewalCount?, ElectronicResource?,"
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
class RecallItem(Initiation):
    """Ask for an item on loan before its time."""

    mandated_action: Opt[MandatedAction] = None
    item_id: One[ItemId] = None
    desired_date_due: Opt[datetime] = None
    shipping_information: Opt[ShippingInformation] = None
    item_element_type: Many[SchemeValue] = ()
    user_element_type: Many[SchemeValue] = ()


@element(
    choice="Problem+ | (ItemId, UserId?, DateDue?, FiscalTransactionInformation?, ItemOptionalFields?,"
    " UserOptionalFields?)"
)
class RecallItemResponse(Response):
    """When the recalled item is due."""

    problem: Many[Problem] = ()
    item_id: Opt[ItemId] = None
    user_id: Opt[UserId] = None
    date_due: Opt[datetime] = None
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
    choice="(Problem+, RequiredFeeAmount?, RequiredItemUseRestrictionType*) | Pending | (ItemId, UserId?,"
    " DateDue?, DateForReturn?, RenewalCount?, FiscalTransactionInformation?, ItemOptionalFields?,"
    " UserOptionalFields?)"
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


@element(
    choice="(UserId | AuthenticationInput+), (ItemReportedReturned | ItemReportedNeverBorrowed | ItemReportedLost"
    " | ItemReportedMissing)"
)
class ReportCirculationStatusChange(Initiation):
    """Report what a user says of an item lent to him."""

    mandated_action: Opt[MandatedAction] = None
    item_id: One[ItemId] = None
    user_id: Opt[UserId] = None
    authentication_input: Many[AuthenticationInput] = ()
    item_reported_returned: Opt[ItemReportedReturned] = None
    item_reported_never_borrowed: Flag = False
    item_reported_lost: Flag = False
    item_reported_missing: Flag = False
    item_element_type: Many[SchemeValue] = ()
    user_element_type: Many[SchemeValue] = ()


@element(choice="Problem+ | (ItemId, UserId?, ItemOptionalFields?, UserOptionalFields?)")
class ReportCirculationStatusChangeResponse(Response):
    """The report was taken."""

    problem: Many[Problem] = ()
    item_id: Opt[ItemId] = None
    user_id: Opt[UserId] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element(choice="(UserId | AuthenticationInput+), (ItemId+ | (BibliographicId+, ItemId*))")
class RequestItem(Initiation):
    """Ask for an item, or for any item of a title."""

    mandated_action: Opt[MandatedAction] = None
    user_id: Opt[UserId] = None
    authentication_input: Many[AuthenticationInput] = ()
    bibliographic_id: Many[BibliographicId] = ()
    item_id: Many[ItemId] = ()
    request_id: Opt[RequestId] = None
    request_type: One[SchemeValue] = None
    request_scope_type: One[SchemeValue] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    shipping_information: Opt[ShippingInformation] = None
    earliest_date_needed: Opt[datetime] = None
    need_before_date: Opt[datetime] = None
    pickup_location: Opt[SchemeValue] = None
    pickup_expiry_date: Opt[datetime] = None
    acknowledged_fee_amount: Opt[Amount] = None
    paid_fee_amount: Opt[Amount] = None
    acknowledged_item_use_restriction_type: Many[SchemeValue] = ()
    item_element_type: Many[SchemeValue] = ()
    user_element_type: Many[SchemeValue] = ()


@element(
    choice="(Problem+, RequiredFeeAmount?, RequiredItemUseRestrictionType*) | ((ItemId | (RequestId, ItemId?)),"
    " UserId, RequestType, RequestScopeType, ShippingInformation?, DateAvailable?, HoldPickupDate?,"
    " FiscalTransactionInformation?, ItemOptionalFields?, UserOptionalFields?)"
)
class RequestItemResponse(Response):
    """The request was taken."""

    problem: Many[Problem] = ()
    required_fee_amount: Opt[Amount] = None
    required_item_use_restriction_type: Many[SchemeValue] = ()
    request_id: Opt[RequestId] = None
    item_id: Opt[ItemId] = None
    user_id: Opt[UserId] = None
    request_type: Opt[SchemeValue] = None
    request_scope_type: Opt[SchemeValue] = None
    shipping_information: Opt[ShippingInformation] = None
    date_available: Opt[datetime] = None
    hold_pickup_date: Opt[datetime] = None
    fiscal_transaction_information: Opt[FiscalTransactionInformation] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element(choice="(UserId | AuthenticationInput+)?")
class UndoCheckOutItem(Initiation):
    """Take the last check-out of an item back."""

    mandated_action: Opt[MandatedAction] = None
    item_id: One[ItemId] = None
    user_id: Opt[UserId] = None
    authentication_input: Many[AuthenticationInput] = ()
    request_id: Opt[RequestId] = None


@element(choice="Problem+ | (ItemId, UserId?, FiscalTransactionInformation?)")
class UndoCheckOutItemResponse(Response):
    """The check-out never was."""

    problem: Many[Problem] = ()
    item_id: Opt[ItemId] = None
    user_id: Opt[UserId] = None
    fiscal_transaction_information: Opt[FiscalTransactionInformation] = None


@element(choice="((UserId | AuthenticationInput+), ItemId, RequestType) | RequestId")
class UpdateRequestItem(Initiation):
    """Change a request."""

    mandated_action: Opt[MandatedAction] = None
    user_id: Opt[UserId] = None
    authentication_input: Many[AuthenticationInput] = ()
    item_id: Opt[ItemId] = None
    request_type: Opt[SchemeValue] = None
    request_id: Opt[RequestId] = None
    delete_request_fields: Opt[RequestFields] = None
    add_request_fields: Opt[RequestFields] = None
    item_element_type: Many[SchemeValue] = ()
    user_element_type: Many[SchemeValue] = ()


@element(
    choice="(Problem+, RequiredFeeAmount?, RequiredItemUseRestrictionType*) | (ItemId, UserId, RequestType,"
    " RequestScopeType, DateAvailable?, HoldPickupDate?, FiscalTransactionInformation?,"
    " ItemOptionalFields?, UserOptionalFields?)"
)
class UpdateRequestItemResponse(Response):
    """The request as it is now."""

    problem: Many[Problem] = ()
    required_fee_amount: Opt[Amount] = None
    required_item_use_restriction_type: Many[SchemeValue] = ()
    item_id: Opt[ItemId] = None
    user_id: Opt[UserId] = None
    request_type: Opt[SchemeValue] = None
    request_scope_type: Opt[SchemeValue] = None
    date_available: Opt[datetime] = None
    hold_pickup_date: Opt[datetime] = None
    fiscal_transaction_information: Opt[FiscalTransactionInformation] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


CIRCULATION = (
    AcceptItem,
    AcceptItemResponse,
    CancelRecallItem,
    CancelRecallItemResponse,
    CancelRequestItem,
    CancelRequestItemResponse,
    CheckInItem,
    CheckInItemResponse,
    CheckOutItem,
    CheckOutItemResponse,
    RecallItem,
    RecallItemResponse,
    RenewItem,
    RenewItemResponse,
    ReportCirculationStatusChange,
    ReportCirculationStatusChangeResponse,
    RequestItem,
    RequestItemResponse,
    UndoCheckOutItem,
    UndoCheckOutItemResponse,
    UpdateRequestItem,
    UpdateRequestItemResponse,
)
"""Every class of this module."""
