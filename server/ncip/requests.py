"""The services that look at a request and change it: between libraries, or the hold of a reader of ours."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from datetime import UTC, datetime
from typing import Any, Final

from protocols.ncip.base import Response
from protocols.ncip.changes import RequestFields
from protocols.ncip.circulation import UpdateRequestItem, UpdateRequestItemResponse
from protocols.ncip.elements import ItemId, RequestId, UserId
from protocols.ncip.items import ItemOptionalFields
from protocols.ncip.lookups import LookupItem, LookupRequest, LookupRequestResponse
from protocols.ncip.model import SchemeValue
from protocols.ncip.schemes import RequestElementType, RequestScopeType, RequestStatusType, RequestType
from server.ncip import ill as ncip_ill
from server.ncip.desk import Asked, Desk, Reader, missing, reader_of
from server.ncip.fields import day_end, due_moment, elements_asked, item_fields
from server.ncip.loans import LOANS_KEPT
from server.ncip.refusals import ITEM, Refused
from server.patrons import read_patron
from storage.circulation.accounts import PatronAccount, View, item_information
from storage.circulation.holds import rows
from storage.circulation.holds.amend import AMEND_HOLD, AmendRequest, card_of
from storage.circulation.holds.answers import HoldAnswer
from storage.circulation.holds.lists import holds_of_reader
from storage.circulation.holds.rows import OpenHold
from storage.circulation.ill.machine import No
from storage.circulation.ill.rows import IllRow, of_patron
from storage.circulation.pins import PinState
from storage.network.network import Network
from storage.refusals import Reason
from storage.statements import Steps

_E = RequestElementType
_REQUEST: Final = "RequestIdentifierValue"
_CHANGES: Final = frozenset({"pickup_location", "need_before_date", "earliest_date_needed"})
"""What may be changed of a hold."""


def _unknown(asked: Asked) -> Refused:
    return Refused(ncip_ill.problem_of(asked, No.UNKNOWN_REQUEST))


async def _between(desk: Desk, asked: Asked) -> IllRow | None:
    """Read the request between libraries that is named, if it is this partner's."""
    agency, number = ncip_ill.key_of(asked.message.request_id)
    row = await desk.store.read(ncip_ill.numbered(agency or asked.partner.agency, number)) if number else None
    return row if row is not None and row.partner_id == asked.partner.id else None


def _hold_id(asked: Asked) -> int:
    """Give the number of the hold that is named; 0 when none is, or by what is no number of ours."""
    _, number = ncip_ill.key_of(asked.message.request_id)
    return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0


async def _account(desk: Desk, asked: Asked) -> PatronAccount:
    """Read whose request it is: whom the message names, or for whom this very partner placed it."""
    message = asked.message
    if not isinstance(message, LookupItem) and (message.user_id is not None or message.authentication_input):
        reader = reader_of(asked.service, message.user_id, message.authentication_input)
    else:
        hold_id = _hold_id(asked)
        card = await desk.store.read(card_of(hold_id, asked.origin.channel, asked.origin.actor)) if hold_id else None
        if card is None:
            raise _unknown(asked)
        reader = Reader(card, None, {})
    account = await read_patron(desk.store, reader.card, reader.pin, asked.origin, asked.now, View.STANDING)
    if account.patron is None:
        raise asked.refused((account.reason or Reason.UNKNOWN_PATRON,), reader.values)
    if account.pin in {PinState.WRONG, PinState.LOCKED}:
        raise asked.refused((Reason.WRONG_PIN,), reader.values)
    return account


async def item_requested(desk: Desk, asked: Asked) -> str:
    """Give the number of the item that a request of this partner is for; raises `Refused` where there is no such request or item."""
    between = await _between(desk, asked)
    if between is not None:
        shown = between.shown_barcode or between.barcode
    else:
        account, place = await _account(desk, asked), asked.setting.place.id
        assert account.patron is not None, "an account without a reader is refused"
        steps = _found(asked.setting.network, account.patron.row.id, _hold_id(asked), "", place, asked.now)
        hold = await desk.store.read(steps)
        shown = (hold.barcode if hold is not None else None) or ""
    if not shown:
        raise _unknown(asked)
    return shown


def _found(
    network: Network, patron_id: int, hold_id: int, barcode: str, place: int, now: int
) -> Steps[OpenHold | None]:
    """Read the hold of a reader by its number, else by the item that it is on, or on whose title."""
    (found,) = yield [rows.HOLDS_OF_READER(patron_id)]
    holds = [OpenHold._make(row) for row in found]
    if hold_id:
        return next((hold for hold in holds if hold.id == hold_id), None)
    item = (yield from item_information(network, barcode, place, now)).item
    if item is None:
        return None
    on_item = (hold for hold in holds if item.row.id in {hold.item_id, hold.target_item_id})
    on_title = (hold for hold in holds if hold.record_id is not None and hold.record_id == item.row.record_id)
    return next(on_item, None) or next(on_title, None)


async def lookup_request(desk: Desk, asked: Asked) -> bytes:
    """Tell how far a request has come, by its number or by reader and item."""
    message: LookupRequest = asked.message
    barcode = ncip_ill.number_of(message.item_id)
    if message.request_id is None and not barcode:
        raise missing(asked.service, _REQUEST)
    between = await _between(desk, asked)
    if between is not None:
        return asked.write(await _sent(desk, asked, between))
    if message.request_id is not None and not _hold_id(asked):
        raise _unknown(asked)
    account = await _account(desk, asked)
    assert account.patron is not None, "an account without a reader is refused"
    patron_id = account.patron.row.id
    for row in await desk.store.read(of_patron(patron_id)):
        if row.partner_id == asked.partner.id and barcode and barcode in {row.barcode, row.shown_barcode}:
            return asked.write(await _sent(desk, asked, row))
    setting = asked.setting
    hold = await desk.store.read(
        _found(setting.network, patron_id, _hold_id(asked), barcode, setting.place.id, asked.now)
    )
    if hold is None:
        raise _unknown(asked)
    rank = None
    if _E.HOLD_QUEUE_POSITION in _wanted(asked):
        found = await desk.store.read(holds_of_reader(setting.network, account.card, setting.place.id, asked.now))
        rank = next((each.rank for each in found.holds if each.hold.id == hold.id), None) or None
    fields = await _item_fields(desk, asked, hold.barcode or "")
    return asked.write(_told(asked, hold, account.card, rank, fields))


def _wanted(asked: Asked) -> set[_E | None]:
    """Give the elements that are asked for, the status when none is."""
    return {_E.of(pair) for pair in asked.message.request_element_type} or {_E.REQUEST_STATUS_TYPE}


async def _item_fields(desk: Desk, asked: Asked, barcode: str) -> ItemOptionalFields | None:
    """Tell of the item of a request what is asked."""
    elements = elements_asked(asked.message.item_element_type)
    if not elements or not barcode:
        return None
    network = asked.setting.network
    found = await desk.store.read(item_information(network, barcode, asked.origin.library_id, asked.now))
    if found.item is None:
        return None
    lender = network.libraries[found.item.row.loan_library_id or found.item.home.id]
    due = due_moment(found.item.due, lender.zone)
    return item_fields(network, found.item, elements, found.item.status, due, found.waiting)


async def _sent(desk: Desk, asked: Asked, row: IllRow) -> Response:
    """Tell what is asked of a request between libraries."""
    message: LookupRequest = asked.message
    pickup = asked.setting.network.libraries[row.pickup_id]
    shown = row.shown_barcode or row.barcode
    user = message.user_id or (UserId(user_identifier_value=row.card) if row.card else None)
    title = RequestScopeType.BIBLIOGRAPHIC_ITEM if row.record_id is not None else RequestScopeType.ITEM
    told: dict[_E | None, tuple[str, Any]] = {
        _E.USER_ID: ("user_id", user),
        _E.REQUEST_TYPE: ("request_type", RequestType.LOAN.pair),
        _E.REQUEST_SCOPE_TYPE: ("request_scope_type", title.pair),
        _E.REQUEST_STATUS_TYPE: ("request_status_type", ncip_ill.STATUSES[row.state].pair),
        _E.NEED_BEFORE_DATE: ("need_before_date", ncip_ill.moment_of(asked, row.needed_by)),
        _E.PICKUP_LOCATION: ("pickup_location", SchemeValue(pickup.code)),
        _E.DATE_OF_USER_REQUEST: ("date_of_user_request", datetime.fromtimestamp(row.made_at, UTC)),
    }
    return LookupRequestResponse(
        response_header=asked.setting.header,
        request_id=ncip_ill.request_id_of(row),
        item_id=ncip_ill.item_id_of(shown) if shown else None,
        item_optional_fields=await _item_fields(desk, asked, shown),
        **dict(told[element] for element in _wanted(asked) & told.keys()),
    )


def _told(asked: Asked, hold: OpenHold, card: str, rank: int | None, fields: ItemOptionalFields | None) -> Response:
    """Tell what is asked of a hold, its status when nothing is."""
    message: LookupRequest = asked.message
    pickup = asked.setting.network.libraries[hold.pickup_id]
    ready = hold.state == "shelf"
    scope = RequestScopeType.ITEM if hold.target_item_id is not None else RequestScopeType.BIBLIOGRAPHIC_ITEM
    status = RequestStatusType.AVAILABLE_FOR_PICKUP if ready else RequestStatusType.IN_PROCESS

    def day(iso: str | None) -> datetime | None:
        return day_end(iso, pickup.zone) if iso is not None else None

    told: dict[_E | None, tuple[str, Any]] = {
        _E.USER_ID: ("user_id", message.user_id or UserId(user_identifier_value=card)),
        _E.REQUEST_TYPE: ("request_type", RequestType.HOLD.pair),
        _E.REQUEST_SCOPE_TYPE: ("request_scope_type", scope.pair),
        _E.REQUEST_STATUS_TYPE: ("request_status_type", status.pair),
        _E.HOLD_QUEUE_POSITION: ("hold_queue_position", rank),
        _E.EARLIEST_DATE_NEEDED: ("earliest_date_needed", day(hold.suspended_until)),
        _E.NEED_BEFORE_DATE: ("need_before_date", day(hold.expires_on)),
        _E.PICKUP_LOCATION: ("pickup_location", SchemeValue(pickup.code)),
        _E.PICKUP_EXPIRY_DATE: ("pickup_expiry_date", day(hold.shelf_until)),
        _E.DATE_OF_USER_REQUEST: ("date_of_user_request", datetime.fromtimestamp(hold.requested_at, UTC)),
    }
    return LookupRequestResponse(
        response_header=asked.setting.header,
        request_id=RequestId(request_identifier_value=str(hold.id)),
        item_id=ncip_ill.item_id_of(hold.barcode) if hold.barcode else None,
        item_optional_fields=fields,
        **dict(told[element] for element in _wanted(asked) & told.keys()),
    )


def _named(given: RequestFields | None) -> set[str]:
    """Give the names of the fields that are there."""
    return set() if given is None else {field.name for field in dataclass_fields(given) if getattr(given, field.name)}


async def update_request_item(desk: Desk, asked: Asked) -> bytes:
    """Change where the item of a hold is fetched, and from when and until when it is needed: all that is asked, or nothing."""
    message: UpdateRequestItem = asked.message
    added, taken = message.add_request_fields, message.delete_request_fields
    if added is None:
        raise missing(asked.service, "AddRequestFields")
    if _named(added) - _CHANGES:
        raise asked.violated("only place and days of a request can be changed", "AddRequestFields")
    if _named(taken) - _named(added):
        raise asked.violated("what is taken away must be put in the place of something", "DeleteRequestFields")
    if await _between(desk, asked) is not None:
        raise asked.violated("a request between libraries is given up and made anew", _REQUEST)
    if message.request_id is not None and not _hold_id(asked):
        raise _unknown(asked)
    barcode = ncip_ill.number_of(message.item_id)
    account = await _account(desk, asked)
    pickup = ncip_ill.pickup_of(asked, added.pickup_location).id if added.pickup_location is not None else None
    request = AmendRequest(
        asked.origin, _hold_id(asked), account.card, None, barcode, pickup_id=pickup,
        needed_by=ncip_ill.day_of(asked, added.need_before_date), from_on=ncip_ill.day_of(asked, added.earliest_date_needed),
    )  # fmt: skip

    def made(answer: HoldAnswer) -> Response:
        assert answer.hold is not None, "what was done was done to a hold"
        hold = answer.hold
        own = ItemId(item_identifier_type=SchemeValue("Request Id"), item_identifier_value=str(hold.id))
        scope = RequestScopeType.ITEM if hold.target_item_id is not None else RequestScopeType.BIBLIOGRAPHIC_ITEM
        return UpdateRequestItemResponse(
            response_header=asked.setting.header,
            item_id=message.item_id or (ncip_ill.item_id_of(hold.barcode) if hold.barcode else own),
            user_id=message.user_id or UserId(user_identifier_value=account.card),
            request_type=message.request_type or RequestType.HOLD.pair,
            request_scope_type=scope.pair,
        )

    return await desk.act(asked, AMEND_HOLD, request, {ITEM: barcode}, made, LOANS_KEPT)
