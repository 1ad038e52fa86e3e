"""What a partner is sent: from a letter of the outbox and its request to an NCIP message. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from protocols.ncip import SchemeValue
from protocols.ncip.base import Initiation
from protocols.ncip.circulation import CancelRecallItem, CancelRequestItem, RecallItem, RenewItem, RequestItem
from protocols.ncip.elements import (
    Agency,
    Amount,
    BibliographicId,
    BibliographicItemId,
    BibliographicRecordId,
    InitiationHeader,
    ItemId,
    PhysicalAddress,
    RequestId,
    ShippingInformation,
    UnstructuredAddress,
    UserId,
)
from protocols.ncip.items import BibliographicDescription, ItemOptionalFields
from protocols.ncip.lookups import LookupRequest
from protocols.ncip.notifications import (
    CirculationStatusChangeReported,
    CirculationStatusUpdated,
    ItemCheckedIn,
    ItemCheckedOut,
    ItemReceived,
    ItemRenewed,
    ItemRequestCancelled,
    ItemShipped,
)
from protocols.ncip.schemes import (
    CURRENCY,
    BibliographicItemIdentifierCode,
    ItemUseRestrictionType,
    PhysicalAddressType,
    RequestElementType,
    UnstructuredAddressType,
)
from server.ncip.dialects import Dialect
from server.ncip.fields import day_end
from storage.circulation.ill.lenders import our_agency
from storage.circulation.ill.machine import Role
from storage.circulation.ill.outbox import Letter
from storage.circulation.ill.rows import IllRow
from storage.circulation.ill.terms import Terms, terms_of
from storage.network.network import Library, Network, Partner

ITEM_NOT_RENEWED: Final = "Item Not Renewed"
"""What CirculationStatusUpdated says of a renewal that is refused after all."""


class Sheet(NamedTuple):
    """All that a letter is written from."""

    letter: Letter
    row: IllRow
    network: Network
    partner: Partner
    dialect: Dialect

    @property
    def here(self) -> Library:
        """The library that the letter speaks for."""
        return self.network.libraries[self.row.pickup_id]


def write_letter(sheet: Sheet) -> Initiation | None:
    """Write the message of a letter; None when what it was about is over (its reader is gone, it has no item)."""
    return _WRITERS[sheet.letter.service](sheet)


def _header(sheet: Sheet) -> InitiationHeader:
    kind = sheet.dialect.profile_type
    return InitiationHeader(
        from_agency_id=Agency(agency_id=SchemeValue(our_agency(sheet.partner, sheet.here))),
        to_agency_id=Agency(agency_id=SchemeValue(sheet.partner.agency)),
        application_profile_type=SchemeValue(kind) if kind else None,
    )


def _request_id(sheet: Sheet) -> RequestId:
    return RequestId(agency_id=SchemeValue(sheet.row.agency), request_identifier_value=sheet.row.number)


def _item_id(sheet: Sheet) -> ItemId | None:
    """Name the item by the number that the partner knows: its own for what it lends us, ours for what we lend it."""
    if not sheet.row.barcode:
        return None
    return ItemId(item_identifier_type=SchemeValue(sheet.dialect.item_type), item_identifier_value=sheet.row.barcode)


def _user_id(sheet: Sheet) -> UserId | None:
    card = sheet.row.card
    if card is None:
        return None
    agency = SchemeValue(our_agency(sheet.partner, sheet.here))
    kind = SchemeValue(sheet.dialect.user_type)
    return UserId(agency_id=agency, user_identifier_type=kind, user_identifier_value=card)


def _when(sheet: Sheet) -> datetime:
    return datetime.fromtimestamp(int(sheet.letter.content.get("at", sheet.letter.made_at)), UTC)


def _due(sheet: Sheet) -> datetime | None:
    day = sheet.letter.content.get("due_on") or sheet.row.due_back_on
    return day_end(str(day), sheet.here.zone) if day else None


def _bibliographic_id(sheet: Sheet) -> BibliographicId | None:
    kind, _, number = sheet.row.identifier.partition(":")
    code = BibliographicItemIdentifierCode.of(SchemeValue(kind))
    if code is not None and number:
        edition = BibliographicItemId(
            bibliographic_item_identifier=number, bibliographic_item_identifier_code=code.pair
        )
        return BibliographicId(bibliographic_item_id=edition)
    if not sheet.row.identifier:
        return None
    coded = sheet.dialect.record_code
    return BibliographicId(
        bibliographic_record_id=BibliographicRecordId(
            bibliographic_record_identifier=sheet.row.identifier,
            agency_id=None if coded else SchemeValue(sheet.partner.agency),
            bibliographic_record_identifier_code=SchemeValue(coded) if coded else None,
        )
    )


def _address(library: Library) -> ShippingInformation:
    """Name a library as an address, for those who deliver know the libraries."""
    lines = UnstructuredAddress(
        unstructured_address_type=UnstructuredAddressType.NEWLINE_DELIMITED_TEXT.pair,
        unstructured_address_data=f"{library.name}\n{library.code}",
    )
    place = PhysicalAddress(unstructured_address=lines, physical_address_type=PhysicalAddressType.STREET_ADDRESS.pair)
    return ShippingInformation(physical_address=place)


def _described(sheet: Sheet) -> ItemOptionalFields | None:
    row = sheet.row
    described = BibliographicDescription(author=row.author or None, title=row.title or None)
    due = _due(sheet) if row.role is Role.LENDING else None
    told = ItemOptionalFields(bibliographic_description=described if described.children() else None, date_due=due)
    return told if told.children() else None


def _request_item(sheet: Sheet) -> Initiation | None:
    user, wanted = _user_id(sheet), _bibliographic_id(sheet)
    if user is None or wanted is None:
        return None
    needed, agreed = sheet.row.needed_by, terms_of(sheet.row.agreed)
    return RequestItem(
        initiation_header=_header(sheet),
        user_id=user,
        bibliographic_id=(wanted,),
        request_id=_request_id(sheet),
        request_type=SchemeValue(sheet.dialect.request_type),
        request_scope_type=SchemeValue(sheet.dialect.scope),
        item_optional_fields=None if sheet.dialect.quiet else _described(sheet),
        need_before_date=day_end(needed, sheet.here.zone) if needed else None,
        pickup_location=SchemeValue(sheet.here.code),
        acknowledged_fee_amount=_fee(agreed),
        acknowledged_item_use_restriction_type=tuple(map(_use, agreed.uses)),
    )


def _fee(terms: Terms) -> Amount | None:
    if terms.fee is None:
        return None
    return Amount(currency_code=SchemeValue(terms.currency, CURRENCY), monetary_value=terms.fee)


def _use(word: str) -> SchemeValue:
    known = ItemUseRestrictionType.of(SchemeValue(word))
    return known.pair if known is not None else SchemeValue(word)


def _cancel_request_item(sheet: Sheet) -> Initiation | None:
    user = _user_id(sheet) or _nobody(sheet)
    return CancelRequestItem(
        initiation_header=_header(sheet),
        user_id=user,
        request_id=_request_id(sheet),
        request_type=SchemeValue(sheet.dialect.request_type),
    )


def _nobody(sheet: Sheet) -> UserId:
    """Name the library where its reader is no longer known: a request that has ended has none."""
    return UserId(user_identifier_value=our_agency(sheet.partner, sheet.here))


def _renew_item(sheet: Sheet) -> Initiation | None:
    user, item = _user_id(sheet), _item_id(sheet)
    if user is None or item is None:
        return None
    return RenewItem(
        initiation_header=_header(sheet),
        user_id=user,
        item_id=item,
        desired_date_for_return=_due(sheet) if sheet.letter.content.get("due_on") else None,
    )


def _recall_item(sheet: Sheet) -> Initiation | None:
    item = _item_id(sheet)
    if item is None:
        return None
    return RecallItem(initiation_header=_header(sheet), item_id=item, desired_date_due=_due(sheet))


def _cancel_recall_item(sheet: Sheet) -> Initiation | None:
    item = _item_id(sheet)
    return CancelRecallItem(initiation_header=_header(sheet), item_id=item) if item else None


def _lookup_request(sheet: Sheet) -> Initiation:
    return LookupRequest(
        initiation_header=_header(sheet),
        request_id=_request_id(sheet),
        request_element_type=(RequestElementType.REQUEST_STATUS_TYPE.pair,),
    )


def _item_shipped(sheet: Sheet) -> Initiation:
    there = sheet.network.libraries[sheet.partner.library_id]
    return ItemShipped(
        initiation_header=_header(sheet),
        request_id=_request_id(sheet),
        item_id=_item_id(sheet),
        date_shipped=_when(sheet),
        shipping_information=_address(there),
        item_optional_fields=_described(sheet),
    )


def _item_received(sheet: Sheet) -> Initiation | None:
    item = _item_id(sheet)
    if item is None:
        return None
    return ItemReceived(
        initiation_header=_header(sheet), item_id=item, request_id=_request_id(sheet), date_received=_when(sheet)
    )


def _item_request_cancelled(sheet: Sheet) -> Initiation:
    return ItemRequestCancelled(
        initiation_header=_header(sheet),
        user_id=_nobody(sheet),
        request_id=_request_id(sheet),
        request_type=SchemeValue(sheet.dialect.request_type),
    )


def _item_checked_out(sheet: Sheet) -> Initiation | None:
    user, item = _user_id(sheet), _item_id(sheet)
    if user is None or item is None:
        return None
    due = sheet.row.due_on
    return ItemCheckedOut(
        initiation_header=_header(sheet),
        user_id=user,
        item_id=item,
        request_id=_request_id(sheet),
        date_due=day_end(due, sheet.here.zone) if due else None,
        indeterminate_loan_period_flag=not due,
    )


def _item_checked_in(sheet: Sheet) -> Initiation | None:
    item = _item_id(sheet)
    return ItemCheckedIn(initiation_header=_header(sheet), item_id=item) if item else None


def _item_renewed(sheet: Sheet) -> Initiation | None:
    item, until = _item_id(sheet), sheet.row.due_back_on
    if item is None or until is None:
        return None
    return ItemRenewed(
        initiation_header=_header(sheet),
        user_id=_nobody(sheet),
        item_id=item,
        date_due=day_end(until, sheet.here.zone),
    )


def _item_not_renewed(sheet: Sheet) -> Initiation | None:
    item = _item_id(sheet)
    if item is None:
        return None
    return CirculationStatusUpdated(
        initiation_header=_header(sheet), item_id=item, circulation_status=SchemeValue(ITEM_NOT_RENEWED)
    )


def _lost(sheet: Sheet) -> Initiation | None:
    item = _item_id(sheet)
    if item is None:
        return None
    return CirculationStatusChangeReported(
        initiation_header=_header(sheet),
        item_id=item,
        user_id=_user_id(sheet) or _nobody(sheet),
        item_reported_lost=True,
    )


_WRITERS: Final[dict[str, Callable[[Sheet], Initiation | None]]] = {
    "CancelRecallItem": _cancel_recall_item,
    "CancelRequestItem": _cancel_request_item,
    "CirculationStatusChangeReported": _lost,
    "CirculationStatusUpdated": _item_not_renewed,
    "ItemCheckedIn": _item_checked_in,
    "ItemCheckedOut": _item_checked_out,
    "ItemReceived": _item_received,
    "ItemRenewed": _item_renewed,
    "ItemRequestCancelled": _item_request_cancelled,
    "ItemShipped": _item_shipped,
    "LookupRequest": _lookup_request,
    "RecallItem": _recall_item,
    "RenewItem": _renew_item,
    "RequestItem": _request_item,
}
"""Service of a letter -> who writes it: as many as `storage.circulation.ill.machine` has things to tell."""
