"""The store's answers as NCIP responses: pure functions from an answer, the request and its setting to a message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from protocols.ncip.base import Response
from protocols.ncip.circulation import (
    CheckInItem,
    CheckInItemResponse,
    CheckOutItem,
    CheckOutItemResponse,
    RenewItem,
    RenewItemResponse,
)
from protocols.ncip.elements import BibliographicId, ItemId, RequestId, ResponseHeader
from protocols.ncip.items import Destination, ItemOptionalFields, RoutingInformation
from protocols.ncip.lookups import LookupItem, LookupItemResponse, LookupUser, LookupUserResponse
from protocols.ncip.model import SchemeValue
from protocols.ncip.schemes import (
    ItemElementType,
    ItemIdentifierType,
    LocationType,
    RequestStatusType,
    RequestType,
)
from protocols.ncip.users import LoanedItem, LoanedItemsCount, RequestedItem, RequestedItemsCount
from server.ncip.fields import (
    MEDIA,
    STATUSES,
    day_end,
    due_moment,
    elements_asked,
    item_fields,
    location,
    record_id,
    user_fields,
    user_id,
)
from storage.circulation.accounts import Item, ItemAccount, Patron, PatronAccount
from storage.circulation.acts import LoanAnswer
from storage.circulation.checkin import ReturnAnswer
from storage.circulation.due import Due
from storage.circulation.facts import HoldRow, LoanRow
from storage.circulation.ill.rows import IllRow
from storage.circulation.status import LOANS, Status, status_of
from storage.network.network import Library, Network

UNASKED: Final = frozenset(
    {
        ItemElementType.BIBLIOGRAPHIC_DESCRIPTION,
        ItemElementType.CIRCULATION_STATUS,
        ItemElementType.DATE_DUE,
        ItemElementType.ITEM_DESCRIPTION,
        ItemElementType.LOCATION,
    }
)
"""What LookupItem tells when no element is asked: every client expects it (ncip.md 2.5)."""

ROUTES: Final = {
    "fr": (
        "Navette vers {place}",
        "Navette vers {place}, réservation",
        "Réservation à mettre de côté jusqu'au {until}",
    ),
    "en": ("Send to {place}", "Send to {place}, on hold", "Keep on the hold shelf until {until}"),
}
"""Language -> what to do with an item that travels, that travels for a hold, that is kept for one."""


class Setting(NamedTuple):
    """Where and for whom a request is answered."""

    network: Network
    place: Library
    header: ResponseHeader | None
    language: str


def lookup_user(
    setting: Setting, asked: LookupUser, account: PatronAccount, patron: Patron, between: Sequence[IllRow] = ()
) -> Response:
    """Tell of the reader what was asked; *between* are the open requests to other libraries."""
    loans = account.loans if asked.loaned_items_desired else ()
    holds = account.holds if asked.requested_items_desired else ()
    coming = [row for row in between if row.hold_id is None]  # what has come is held like anything else
    return LookupUserResponse(
        response_header=setting.header,
        user_id=user_id(asked.user_id, patron),
        loaned_items_count=_loan_counts(loans),
        loaned_item=tuple(_loaned(setting.network, loan) for loan in loans),
        requested_items_count=_hold_counts(len(holds) + len(coming)),
        requested_item=(
            *(_requested(setting.network, hold) for hold in holds),
            *(_elsewhere(setting.network, row) for row in coming),
        ),
        user_optional_fields=user_fields(patron, asked.user_element_type, account.denials, setting.language),
    )


def _loan_counts(loans: Sequence[LoanRow]) -> tuple[LoanedItemsCount, ...]:
    counts = Counter(STATUSES[LOANS[loan.state]] for loan in loans)
    return tuple(
        LoanedItemsCount(circulation_status=status.pair, loaned_item_count_value=count)
        for status, count in counts.items()
    )


def _loaned(network: Network, loan: LoanRow) -> LoanedItem:
    medium = MEDIA.get(network.item_types[loan.item_type_id].media_type)
    return LoanedItem(
        item_id=_barcode(loan.barcode),
        bibliographic_id=_record(loan.record_id),
        date_due=due_moment(Due(loan.due_on, loan.due_at), network.libraries[loan.library_id].zone),
        title=loan.title or None,
        medium_type=medium.pair if medium else None,
    )


def _hold_counts(count: int) -> tuple[RequestedItemsCount, ...]:
    if not count:
        return ()
    return (RequestedItemsCount(request_type=RequestType.HOLD.pair, requested_item_count_value=count),)


def _elsewhere(network: Network, row: IllRow) -> RequestedItem:
    """Tell of what was asked of another library and has not come yet."""
    return RequestedItem(
        request_id=RequestId(agency_id=SchemeValue(row.agency), request_identifier_value=row.number),
        request_type=RequestType.LOAN.pair,
        request_status_type=RequestStatusType.REQUESTED_VIA_ILL.pair,
        date_placed=datetime.fromtimestamp(row.made_at, UTC),
        pickup_location=SchemeValue(network.libraries[row.pickup_id].code),
        title=row.title or None,
    )


def _requested(network: Network, hold: HoldRow) -> RequestedItem:
    ready = RequestStatusType.AVAILABLE_FOR_PICKUP if hold.state == "shelf" else RequestStatusType.IN_PROCESS
    pickup = network.libraries[hold.pickup_id]
    return RequestedItem(
        request_id=RequestId(request_identifier_value=str(hold.id)),
        item_id=_barcode(hold.barcode) if hold.barcode else None,
        bibliographic_id=_record(hold.record_id),
        request_type=RequestType.HOLD.pair,
        request_status_type=ready.pair,
        date_placed=datetime.fromtimestamp(hold.requested_at, UTC),
        pickup_location=SchemeValue(pickup.code),
        pickup_expiry_date=day_end(hold.shelf_until, pickup.zone) if hold.shelf_until else None,
        title=hold.title or None,
    )


def _barcode(number: str) -> ItemId:
    return ItemId(item_identifier_type=ItemIdentifierType.BARCODE.pair, item_identifier_value=number)


def _record(number: int | None) -> tuple[BibliographicId, ...]:
    return () if number is None else (BibliographicId(bibliographic_record_id=record_id(number)),)


def lookup_item(setting: Setting, asked: LookupItem, account: ItemAccount, item: Item) -> Response:
    """Tell of the item what was asked; who has it or waits for it is not told to partners."""
    row, network = item.row, setting.network
    lender = network.libraries[row.loan_library_id or row.home_id]
    ready = row.shelf_until if item.status is Status.ON_HOLD_SHELF else None
    return LookupItemResponse(
        response_header=setting.header,
        request_id=asked.request_id if asked.item_id is None else None,
        item_id=asked.item_id or _barcode(row.barcode),
        hold_pickup_date=day_end(ready, item.current.zone) if ready else None,
        item_optional_fields=item_fields(
            network,
            item,
            elements_asked(asked.item_element_type) or UNASKED,
            item.status,
            due_moment(item.due, lender.zone),
            account.waiting,
        ),
    )


def check_out(setting: Setting, asked: CheckOutItem, answer: LoanAnswer) -> Response:
    """Tell the loan that was made."""
    item, patron = _lent_to(answer)
    due = due_moment(answer.due, setting.place.zone)
    return CheckOutItemResponse(
        response_header=setting.header,
        item_id=asked.item_id,
        user_id=user_id(asked.user_id, patron),
        date_due=due,
        item_optional_fields=_lent(setting, asked, item, due),
        user_optional_fields=user_fields(patron, asked.user_element_type, {}, setting.language),
    )


def renew(setting: Setting, asked: RenewItem, answer: LoanAnswer) -> Response:
    """Tell the loan as it was prolonged."""
    item, patron = _lent_to(answer)
    due = due_moment(answer.due, setting.place.zone)
    return RenewItemResponse(
        response_header=setting.header,
        item_id=asked.item_id,
        user_id=user_id(asked.user_id, patron),
        date_due=due,
        renewal_count=answer.renewals,
        item_optional_fields=_lent(setting, asked, item, due),
        user_optional_fields=user_fields(patron, asked.user_element_type, {}, setting.language),
    )


def _lent_to(answer: LoanAnswer) -> tuple[Item, Patron]:
    assert answer.item is not None, "what was done was done with an item"
    assert answer.patron is not None, "and for a reader"
    return answer.item, answer.patron


def _lent(
    setting: Setting, asked: CheckOutItem | RenewItem, item: Item, due: datetime | None
) -> ItemOptionalFields | None:
    here = item._replace(current=setting.place)
    return item_fields(setting.network, here, elements_asked(asked.item_element_type), Status.ON_LOAN, due)


def check_in(setting: Setting, asked: CheckInItem, answer: ReturnAnswer) -> Response:
    """Tell that the item was taken in, and where it goes next when it does not stay on the shelf."""
    item = answer.item
    assert item is not None, "only an item can be taken in"
    wanted = elements_asked(asked.item_element_type)
    here = item._replace(current=setting.place)
    return CheckInItemResponse(
        response_header=setting.header,
        item_id=asked.item_id,
        routing_information=_routing(setting, answer),
        item_optional_fields=item_fields(setting.network, here, wanted, returned_status(answer, item), None),
    )


def returned_status(answer: ReturnAnswer, item: Item) -> Status:
    """Give the status of an item that was just taken in."""
    if answer.destination is not None:
        return Status.IN_TRANSIT
    if answer.hold_id is not None:
        return Status.ON_HOLD_SHELF
    found = {"missing": "good", "lost": "good"}.get(item.row.condition, item.row.condition)
    return status_of(item.row._replace(loan_state=None, transit_id=None, hold_state=None, condition=found))


def _routing(setting: Setting, answer: ReturnAnswer) -> RoutingInformation | None:
    travel, travel_held, keep = ROUTES.get(setting.language, ROUTES["fr"])
    if answer.destination is not None:
        held = answer.hold_id is not None
        text = (travel_held if held else travel).format(place=answer.destination.name)
        kind = LocationType.TEMPORARY_LOCATION if held else LocationType.PERMANENT_LOCATION
        place = location(setting.network, answer.destination, kind)
    elif answer.hold_id is not None:
        text = keep.format(until=answer.shelf_until)
        place = location(setting.network, setting.place, LocationType.TEMPORARY_LOCATION)
    else:
        return None
    return RoutingInformation(
        routing_instructions=text,
        destination=Destination(location=place),
        request_type=RequestType.HOLD.pair if answer.hold_id is not None else None,
    )
