"""The messages of NCIP 2.02 that change what is known of agencies, items and users, and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from protocols.ncip.agencies import AgencyAddressInformation, AgencyFields, AuthenticationPrompt
from protocols.ncip.base import Initiation, Response
from protocols.ncip.changes import ItemFields, UserFields, UserNoticeDetails
from protocols.ncip.elements import (
    AuthenticationInput,
    FiscalTransactionReferenceId,
    ItemId,
    MandatedAction,
    NameInformation,
    OrganizationNameInformation,
    Problem,
    RequestId,
    UserId,
)
from protocols.ncip.items import BibliographicDescription, ItemDescription, Location, PhysicalCondition
from protocols.ncip.model import Flag, Many, One, Opt, Privacy, SchemeValue, Some, element
from protocols.ncip.users import BlockOrTrap, FiscalTransactionInformation, UserAddressInformation, UserPrivilege


@element()
class CreateAgency(Initiation):
    """Make an agency known."""

    mandated_action: Opt[MandatedAction] = None
    agency_id: Opt[SchemeValue] = None
    organization_name_information: Some[OrganizationNameInformation] = ()
    agency_address_information: Many[AgencyAddressInformation] = ()
    authentication_prompt: Many[AuthenticationPrompt] = ()
    application_profile_supported_type: Many[SchemeValue] = ()
    consortium_agreement: Many[SchemeValue] = ()
    agency_user_privilege_type: Many[SchemeValue] = ()


@element(choice="Problem+ | AgencyId")
class CreateAgencyResponse(Response):
    """The agency is known."""

    problem: Many[Problem] = ()
    agency_id: Opt[SchemeValue] = None


@element()
class CreateItem(Initiation):
    """Make an item known."""

    mandated_action: Opt[MandatedAction] = None
    item_id: Opt[ItemId] = None
    request_id: Opt[RequestId] = None
    bibliographic_description: One[BibliographicDescription] = None
    item_use_restriction_type: Many[SchemeValue] = ()
    circulation_status: Opt[SchemeValue] = None
    item_description: Opt[ItemDescription] = None
    location: Many[Location] = ()
    physical_condition: Opt[PhysicalCondition] = None
    security_marker: Opt[SchemeValue] = None
    sensitization_flag: Flag = False


@element(choice="Problem+ | ItemId")
class CreateItemResponse(Response):
    """The item is known."""

    problem: Many[Problem] = ()
    item_id: Opt[ItemId] = None


@element(choice="(UserId | AuthenticationInput+)?")
class CreateUser(Initiation):
    """Register a user."""

    mandated_action: Opt[MandatedAction] = None
    user_id: Opt[UserId] = None
    authentication_input: Many[AuthenticationInput] = ()
    name_information: One[NameInformation] = None
    user_address_information: Many[UserAddressInformation] = ()
    date_of_birth: Annotated[Opt[datetime], Privacy.PERSONAL] = None
    user_language: Many[SchemeValue] = ()
    user_privilege: Many[UserPrivilege] = ()
    block_or_trap: Many[BlockOrTrap] = ()


@element(choice="Problem+ | UserId")
class CreateUserResponse(Response):
    """The user is registered."""

    problem: Many[Problem] = ()
    user_id: Opt[UserId] = None


@element(choice="UserId | AuthenticationInput+")
class CreateUserFiscalTransaction(Initiation):
    """Write an entry in a user's account."""

    mandated_action: Opt[MandatedAction] = None
    user_id: Opt[UserId] = None
    authentication_input: Many[AuthenticationInput] = ()
    fiscal_transaction_information: One[FiscalTransactionInformation] = None


@element(choice="Problem+ | (UserId, FiscalTransactionReferenceId)")
class CreateUserFiscalTransactionResponse(Response):
    """The entry's number."""

    problem: Many[Problem] = ()
    user_id: Opt[UserId] = None
    fiscal_transaction_reference_id: Opt[FiscalTransactionReferenceId] = None


@element()
class DeleteItem(Initiation):
    """Forget an item."""

    mandated_action: Opt[MandatedAction] = None
    item_id: One[ItemId] = None


@element(choice="Problem+ | ItemId")
class DeleteItemResponse(Response):
    """The item is forgotten."""

    problem: Many[Problem] = ()
    item_id: Opt[ItemId] = None


@element(choice="UserId | AuthenticationInput+")
class DeleteUser(Initiation):
    """Forget a user."""

    mandated_action: Opt[MandatedAction] = None
    user_id: Opt[UserId] = None
    authentication_input: Many[AuthenticationInput] = ()


@element(choice="Problem+ | UserId")
class DeleteUserResponse(Response):
    """The user is forgotten."""

    problem: Many[Problem] = ()
    user_id: Opt[UserId] = None


@element()
class SendUserNotice(Initiation):
    """Have a notice sent to a user."""

    mandated_action: Opt[MandatedAction] = None
    user_id: One[UserId] = None
    date_to_send: Opt[datetime] = None
    user_notice_details: One[UserNoticeDetails] = None


@element(choice="Problem+ | (UserId, (DateSent | DateWillSend)?)")
class SendUserNoticeResponse(Response):
    """When the notice was sent, or will be."""

    problem: Many[Problem] = ()
    user_id: Opt[UserId] = None
    date_sent: Opt[datetime] = None
    date_will_send: Opt[datetime] = None


@element()
class UpdateAgency(Initiation):
    """Change what is known of an agency."""

    mandated_action: Opt[MandatedAction] = None
    agency_id: One[SchemeValue] = None
    delete_agency_fields: Opt[AgencyFields] = None
    add_agency_fields: Opt[AgencyFields] = None


@element(choice="Problem+ | AgencyId")
class UpdateAgencyResponse(Response):
    """The agency was changed."""

    problem: Many[Problem] = ()
    agency_id: Opt[SchemeValue] = None


@element()
class UpdateCirculationStatus(Initiation):
    """Set an item's circulation status."""

    mandated_action: Opt[MandatedAction] = None
    item_id: One[ItemId] = None
    circulation_status: One[SchemeValue] = None


@element(choice="Problem+ | ItemId")
class UpdateCirculationStatusResponse(Response):
    """The status was set."""

    problem: Many[Problem] = ()
    item_id: Opt[ItemId] = None


@element()
class UpdateItem(Initiation):
    """Change what is known of an item."""

    mandated_action: Opt[MandatedAction] = None
    item_id: One[ItemId] = None
    delete_item_fields: Opt[ItemFields] = None
    add_item_fields: Opt[ItemFields] = None


@element(choice="Problem+ | ItemId")
class UpdateItemResponse(Response):
    """The item was changed."""

    problem: Many[Problem] = ()
    item_id: Opt[ItemId] = None


@element(choice="UserId | AuthenticationInput+")
class UpdateUser(Initiation):
    """Change what is known of a user."""

    mandated_action: Opt[MandatedAction] = None
    user_id: Opt[UserId] = None
    authentication_input: Many[AuthenticationInput] = ()
    delete_user_fields: Opt[UserFields] = None
    add_user_fields: Opt[UserFields] = None


@element(choice="Problem+ | UserId")
class UpdateUserResponse(Response):
    """The user was changed."""

    problem: Many[Problem] = ()
    user_id: Opt[UserId] = None


UPKEEP = (
    CreateAgency,
    CreateAgencyResponse,
    CreateItem,
    CreateItemResponse,
    CreateUser,
    CreateUserResponse,
    CreateUserFiscalTransaction,
    CreateUserFiscalTransactionResponse,
    DeleteItem,
    DeleteItemResponse,
    DeleteUser,
    DeleteUserResponse,
    SendUserNotice,
    SendUserNoticeResponse,
    UpdateAgency,
    UpdateAgencyResponse,
    UpdateCirculationStatus,
    UpdateCirculationStatusResponse,
    UpdateItem,
    UpdateItemResponse,
    UpdateUser,
    UpdateUserResponse,
)
"""Every class of this module."""
