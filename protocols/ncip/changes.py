"""The content models of NCIP 2.02 that say what changes: fields added and deleted, what was reported, what a notice says."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from protocols.ncip.elements import Amount, AuthenticationInput, ItemId, NameInformation, ShippingInformation, UserId
from protocols.ncip.items import BibliographicDescription, ItemDescription, ItemDetails, Location, PhysicalCondition
from protocols.ncip.model import Element, Flag, Many, One, Opt, Privacy, SchemeValue, element
from protocols.ncip.users import BlockOrTrap, UserAddressInformation, UserFiscalAccount, UserPrivilege


@element()
class ItemFields(Element):
    """AddItemFields, DeleteItemFields: what changes of an item."""

    bibliographic_description: Opt[BibliographicDescription] = None
    item_use_restriction_type: Many[SchemeValue] = ()
    item_description: Opt[ItemDescription] = None
    location: Many[Location] = ()
    physical_condition: Opt[PhysicalCondition] = None
    security_marker: Opt[SchemeValue] = None
    sensitization_flag: Flag = False


@element()
class RequestFields(Element):
    """AddRequestFields, DeleteRequestFields: what changes of a request."""

    user_id: Opt[UserId] = None
    item_id: Opt[ItemId] = None
    request_type: Opt[SchemeValue] = None
    request_scope_type: Opt[SchemeValue] = None
    request_status_type: Opt[SchemeValue] = None
    shipping_information: Opt[ShippingInformation] = None
    earliest_date_needed: Opt[datetime] = None
    need_before_date: Opt[datetime] = None
    pickup_location: Opt[SchemeValue] = None
    pickup_expiry_date: Opt[datetime] = None
    date_of_user_request: Opt[datetime] = None
    date_available: Opt[datetime] = None
    acknowledged_fee_amount: Opt[Amount] = None
    paid_fee_amount: Opt[Amount] = None


@element()
class UserFields(Element):
    """AddUserFields, DeleteUserFields: what changes of a user."""

    authentication_input: Many[AuthenticationInput] = ()
    name_information: Opt[NameInformation] = None
    user_address_information: Many[UserAddressInformation] = ()
    date_of_birth: Annotated[Opt[datetime], Privacy.PERSONAL] = None
    user_language: Many[SchemeValue] = ()
    user_privilege: Many[UserPrivilege] = ()
    block_or_trap: Many[BlockOrTrap] = ()


@element()
class ItemReportedReturned(Element):
    """A user says that an item was brought back, and when."""

    date_reported_returned: One[datetime] = None


@element()
class NoticeItem(Element):
    """An item that a notice is about, and the sum due for it."""

    item_details: One[ItemDetails] = None
    amount: Opt[Amount] = None


@element(choice="NoticeItem+ | UserFiscalAccount | UserPrivilege")
class UserNoticeDetails(Element):
    """What a notice to a user says."""

    notice_type: One[SchemeValue] = None
    notice_content: Annotated[Opt[str], Privacy.PERSONAL] = None
    notice_item: Many[NoticeItem] = ()
    user_fiscal_account: Opt[UserFiscalAccount] = None
    user_privilege: Opt[UserPrivilege] = None
