"""The messages of NCIP 2.02 that tell what has happened. Their answers hold problems and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from protocols.ncip.agencies import AgencyAddressInformation, AgencyFields, AuthenticationPrompt
from protocols.ncip.base import Initiation
from protocols.ncip.changes import ItemFields, ItemReportedReturned, RequestFields, UserFields, UserNoticeDetails
from protocols.ncip.elements import (
    BibliographicId,
    ItemId,
    NameInformation,
    OrganizationNameInformation,
    RequestId,
    ShippingInformation,
    UserId,
)
from protocols.ncip.items import (
    BibliographicDescription,
    ItemDescription,
    ItemOptionalFields,
    Location,
    PhysicalCondition,
    RoutingInformation,
)
from protocols.ncip.model import Flag, Least, Many, One, Opt, Privacy, SchemeValue, Some, element
from protocols.ncip.users import (
    BlockOrTrap,
    FiscalTransactionInformation,
    UserAddressInformation,
    UserOptionalFields,
    UserPrivilege,
)


@element()
class AgencyCreated(Initiation):
    """An agency was made known."""

    agency_id: One[SchemeValue] = None
    organization_name_information: Some[OrganizationNameInformation] = ()
    agency_address_information: Many[AgencyAddressInformation] = ()
    authentication_prompt: Many[AuthenticationPrompt] = ()
    application_profile_supported_type: Many[SchemeValue] = ()
    consortium_agreement: Many[SchemeValue] = ()
    agency_user_privilege_type: Many[SchemeValue] = ()


@element()
class AgencyUpdated(Initiation):
    """An agency was changed."""

    agency_id: One[SchemeValue] = None
    delete_agency_fields: Opt[AgencyFields] = None
    add_agency_fields: Opt[AgencyFields] = None


@element(choice="ItemReportedReturned | ItemReportedNeverBorrowed | ItemReportedLost | ItemReportedMissing")
class CirculationStatusChangeReported(Initiation):
    """A user said something of an item lent to him."""

    item_id: One[ItemId] = None
    user_id: One[UserId] = None
    item_reported_returned: Opt[ItemReportedReturned] = None
    item_reported_never_borrowed: Flag = False
    item_reported_lost: Flag = False
    item_reported_missing: Flag = False
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None
    fiscal_transaction_information: Opt[FiscalTransactionInformation] = None


@element()
class CirculationStatusUpdated(Initiation):
    """An item's circulation status was set: a renewal still pends, was refused, an item is late."""

    item_id: One[ItemId] = None
    circulation_status: One[SchemeValue] = None


@element()
class ItemCheckedIn(Initiation):
    """An item was taken back."""

    user_id: Opt[UserId] = None
    item_id: One[ItemId] = None
    routing_information: Opt[RoutingInformation] = None
    fiscal_transaction_information: Opt[FiscalTransactionInformation] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element(choice="DateDue | IndeterminateLoanPeriodFlag | NonReturnableFlag")
class ItemCheckedOut(Initiation):
    """An item was lent."""

    user_id: One[UserId] = None
    item_id: One[ItemId] = None
    request_id: Opt[RequestId] = None
    date_due: Opt[datetime] = None
    indeterminate_loan_period_flag: Flag = False
    non_returnable_flag: Flag = False
    electronic_resource_provided_flag: Flag = False
    renewal_count: Annotated[Opt[int], Least(0)] = None
    fiscal_transaction_information: Opt[FiscalTransactionInformation] = None
    shipping_information: Opt[ShippingInformation] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element()
class ItemCreated(Initiation):
    """An item was made known."""

    item_id: One[ItemId] = None
    request_id: Opt[RequestId] = None
    bibliographic_description: One[BibliographicDescription] = None
    item_use_restriction_type: Many[SchemeValue] = ()
    circulation_status: Opt[SchemeValue] = None
    item_description: Opt[ItemDescription] = None
    location: Many[Location] = ()
    physical_condition: Opt[PhysicalCondition] = None
    security_marker: Opt[SchemeValue] = None
    sensitization_flag: Flag = False


@element()
class ItemRecallCancelled(Initiation):
    """A recall is off."""

    user_id: Opt[UserId] = None
    item_id: One[ItemId] = None
    fiscal_transaction_information: Opt[FiscalTransactionInformation] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element()
class ItemRecalled(Initiation):
    """An item on loan is asked for before its time."""

    user_id: Opt[UserId] = None
    item_id: One[ItemId] = None
    date_due: One[datetime] = None
    shipping_information: Opt[ShippingInformation] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element()
class ItemReceived(Initiation):
    """An item has arrived."""

    item_id: One[ItemId] = None
    user_id: Opt[UserId] = None
    request_id: Opt[RequestId] = None
    date_received: One[datetime] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element()
class ItemRenewed(Initiation):
    """A loan was prolonged."""

    user_id: Opt[UserId] = None
    item_id: One[ItemId] = None
    date_due: One[datetime] = None
    renewal_count: Annotated[Opt[int], Least(0)] = None
    fiscal_transaction_information: Opt[FiscalTransactionInformation] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element(choice="ItemId | (RequestId, ItemId?)")
class ItemRequestCancelled(Initiation):
    """A request was given up."""

    user_id: One[UserId] = None
    request_id: Opt[RequestId] = None
    item_id: Opt[ItemId] = None
    request_type: One[SchemeValue] = None
    request_scope_type: Opt[SchemeValue] = None
    fiscal_transaction_information: Opt[FiscalTransactionInformation] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element(choice="(UserId, ItemId, RequestType) | RequestId")
class ItemRequestUpdated(Initiation):
    """A request was changed."""

    user_id: Opt[UserId] = None
    item_id: Opt[ItemId] = None
    request_type: Opt[SchemeValue] = None
    request_id: Opt[RequestId] = None
    delete_request_fields: Opt[RequestFields] = None
    add_request_fields: Opt[RequestFields] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element(choice="ItemId | (BibliographicId, RequestId)")
class ItemRequested(Initiation):
    """An item was asked for."""

    user_id: One[UserId] = None
    item_id: Opt[ItemId] = None
    bibliographic_id: Opt[BibliographicId] = None
    request_id: Opt[RequestId] = None
    request_type: One[SchemeValue] = None
    request_scope_type: One[SchemeValue] = None
    shipping_information: Opt[ShippingInformation] = None
    earliest_date_needed: Opt[datetime] = None
    need_before_date: Opt[datetime] = None
    pickup_location: Opt[SchemeValue] = None
    pickup_expiry_date: Opt[datetime] = None
    date_of_user_request: Opt[datetime] = None
    date_available: Opt[datetime] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element(choice="ItemId | (RequestId, ItemId?)")
class ItemShipped(Initiation):
    """An item is on its way."""

    request_id: Opt[RequestId] = None
    item_id: Opt[ItemId] = None
    user_id: Opt[UserId] = None
    date_shipped: One[datetime] = None
    shipping_information: One[ShippingInformation] = None
    item_optional_fields: Opt[ItemOptionalFields] = None
    user_optional_fields: Opt[UserOptionalFields] = None


@element()
class ItemUpdated(Initiation):
    """An item was changed."""

    item_id: One[ItemId] = None
    delete_item_fields: Opt[ItemFields] = None
    add_item_fields: Opt[ItemFields] = None


@element()
class UserCreated(Initiation):
    """A user was registered."""

    user_id: One[UserId] = None
    name_information: One[NameInformation] = None
    user_address_information: Many[UserAddressInformation] = ()
    date_of_birth: Annotated[Opt[datetime], Privacy.PERSONAL] = None
    user_language: Many[SchemeValue] = ()
    user_privilege: Many[UserPrivilege] = ()
    block_or_trap: Many[BlockOrTrap] = ()


@element()
class UserFiscalTransactionCreated(Initiation):
    """An entry was written in a user's account."""

    user_id: One[UserId] = None
    fiscal_transaction_information: One[FiscalTransactionInformation] = None


@element()
class UserNoticeSent(Initiation):
    """A notice was sent to a user."""

    user_id: One[UserId] = None
    date_sent: One[datetime] = None
    user_notice_details: One[UserNoticeDetails] = None


@element()
class UserUpdated(Initiation):
    """A user was changed."""

    user_id: One[UserId] = None
    delete_user_fields: Opt[UserFields] = None
    add_user_fields: Opt[UserFields] = None


NOTIFICATIONS = (
    AgencyCreated,
    AgencyUpdated,
    CirculationStatusChangeReported,
    CirculationStatusUpdated,
    ItemCheckedIn,
    ItemCheckedOut,
    ItemCreated,
    ItemRecallCancelled,
    ItemRecalled,
    ItemReceived,
    ItemRenewed,
    ItemRequestCancelled,
    ItemRequestUpdated,
    ItemRequested,
    ItemShipped,
    ItemUpdated,
    UserCreated,
    UserFiscalTransactionCreated,
    UserNoticeSent,
    UserUpdated,
)
"""Every class of this module."""
