"""The content models of NCIP 2.02 that speak of users: who they are, what they may do, have, wait for and owe."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from protocols.ncip.elements import (
    Amount,
    BibliographicId,
    ElectronicAddress,
    FiscalTransactionReferenceId,
    ItemId,
    NameInformation,
    PhysicalAddress,
    PreviousUserId,
    RequestId,
    UserId,
)
from protocols.ncip.items import ItemDetails
from protocols.ncip.model import Element, Flag, Least, Many, One, Opt, Privacy, SchemeValue, element


@element(choice="PhysicalAddress | ElectronicAddress")
class UserAddressInformation(Element):
    """One of a user's addresses."""

    user_address_role_type: One[SchemeValue] = None
    valid_from_date: Opt[datetime] = None
    valid_to_date: Opt[datetime] = None
    physical_address: Opt[PhysicalAddress] = None
    electronic_address: Opt[ElectronicAddress] = None


@element()
class UserPrivilegeFee(Element):
    """What a privilege costs."""

    amount: One[Amount] = None
    payment_method_type: Opt[SchemeValue] = None


@element()
class UserPrivilegeStatus(Element):
    """Whether a privilege is in force."""

    user_privilege_status_type: One[SchemeValue] = None
    date_of_user_privilege_status: Opt[datetime] = None


@element()
class UserPrivilege(Element):
    """What a user may do at an agency."""

    agency_id: One[SchemeValue] = None
    agency_user_privilege_type: One[SchemeValue] = None
    valid_from_date: Opt[datetime] = None
    valid_to_date: Opt[datetime] = None
    user_privilege_fee: Opt[UserPrivilegeFee] = None
    user_privilege_status: Opt[UserPrivilegeStatus] = None
    user_privilege_description: Annotated[Opt[str], Privacy.PERSONAL] = None


@element()
class BlockOrTrap(Element):
    """What a user may not do at an agency."""

    agency_id: One[SchemeValue] = None
    block_or_trap_type: One[SchemeValue] = None
    valid_from_date: Opt[datetime] = None
    valid_to_date: Opt[datetime] = None


@element()
class UserOptionalFields(Element):
    """What an initiator may ask about a user."""

    name_information: Opt[NameInformation] = None
    user_address_information: Many[UserAddressInformation] = ()
    date_of_birth: Annotated[Opt[datetime], Privacy.PERSONAL] = None
    user_language: Many[SchemeValue] = ()
    user_privilege: Many[UserPrivilege] = ()
    block_or_trap: Many[BlockOrTrap] = ()
    user_id: Many[UserId] = ()
    previous_user_id: Many[PreviousUserId] = ()


@element(choice="DateDue | IndeterminateLoanPeriodFlag")
class LoanedItem(Element):
    """One of a user's loans."""

    item_id: One[ItemId] = None
    bibliographic_id: Many[BibliographicId] = ()
    reminder_level: Annotated[Opt[int], Least(0)] = None
    date_due: Opt[datetime] = None
    indeterminate_loan_period_flag: Flag = False
    amount: Opt[Amount] = None
    title: Opt[str] = None
    medium_type: Opt[SchemeValue] = None


@element(choice="CirculationStatus | ItemUseRestrictionType")
class LoanedItemsCount(Element):
    """How many of a user's loans are in one status."""

    circulation_status: Opt[SchemeValue] = None
    item_use_restriction_type: Opt[SchemeValue] = None
    loaned_item_count_value: Annotated[One[int], Least(0)] = None


@element(choice="ItemId | (RequestId, ItemId?)")
class RequestedItem(Element):
    """One of a user's requests."""

    request_id: Opt[RequestId] = None
    item_id: Opt[ItemId] = None
    bibliographic_id: Many[BibliographicId] = ()
    request_type: One[SchemeValue] = None
    request_status_type: One[SchemeValue] = None
    date_placed: One[datetime] = None
    pickup_date: Opt[datetime] = None
    pickup_location: Opt[SchemeValue] = None
    pickup_expiry_date: Opt[datetime] = None
    reminder_level: Annotated[Opt[int], Least(0)] = None
    hold_queue_position: Annotated[Opt[int], Least(1)] = None
    title: Opt[str] = None
    medium_type: Opt[SchemeValue] = None


@element(choice="RequestType | CirculationStatus | ItemUseRestrictionType")
class RequestedItemsCount(Element):
    """How many of a user's requests are of one kind."""

    request_type: Opt[SchemeValue] = None
    circulation_status: Opt[SchemeValue] = None
    item_use_restriction_type: Opt[SchemeValue] = None
    requested_item_count_value: Annotated[One[int], Least(0)] = None


@element()
class FiscalTransactionInformation(Element):
    """One entry of an account."""

    fiscal_action_type: One[SchemeValue] = None
    fiscal_transaction_reference_id: Opt[FiscalTransactionReferenceId] = None
    related_fiscal_transaction_reference_id: Many[FiscalTransactionReferenceId] = ()
    fiscal_transaction_type: One[SchemeValue] = None
    valid_from_date: Opt[datetime] = None
    valid_to_date: Opt[datetime] = None
    amount: One[Amount] = None
    payment_method_type: Opt[SchemeValue] = None
    fiscal_transaction_description: Annotated[Opt[str], Privacy.PERSONAL] = None
    request_id: Opt[RequestId] = None
    item_details: Opt[ItemDetails] = None


@element()
class AccountDetails(Element):
    """One entry of an account, with its date."""

    accrual_date: One[datetime] = None
    fiscal_transaction_information: One[FiscalTransactionInformation] = None


@element()
class UserFiscalAccount(Element):
    """What a user owes."""

    account_balance: One[Amount] = None
    account_details: Many[AccountDetails] = ()
