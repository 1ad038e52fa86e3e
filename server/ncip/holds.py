"""The services that reserve for readers of ours: who asks through a partner's portal stands in line like anyone."""

from __future__ import annotations

from typing import Final

from protocols.ncip.base import Response
from protocols.ncip.circulation import (
    CancelRequestItem,
    CancelRequestItemResponse,
    RequestItem,
    RequestItemResponse,
)
from protocols.ncip.elements import RequestId, UserId
from protocols.ncip.schemes import RequestScopeType, RequestType
from server.ncip import ill as ncip_ill
from server.ncip.desk import Asked, Desk, reader_of
from server.ncip.fields import day_end
from server.ncip.loans import LOANS_KEPT
from server.ncip.refusals import ITEM
from server.ncip.titles import wanted_of
from storage.circulation.holds.answers import HoldAnswer, HoldRequest
from storage.circulation.holds.change import CANCEL_HOLD
from storage.circulation.holds.place import PLACE_HOLD, PlaceHoldRequest
from storage.circulation.ill.requests import ACCOUNT

_BIBLIOGRAPHIC: Final = RequestScopeType.BIBLIOGRAPHIC_ITEM


async def request_item(desk: Desk, asked: Asked) -> bytes:
    """Reserve for a reader of ours; what a partner with an account asks for is lent to the partner (`server.ncip.ill`)."""
    if asked.partner.profile.get(ACCOUNT):
        return await ncip_ill.request_item(desk, asked)
    message: RequestItem = asked.message
    ncip_ill.needs_target(asked)
    reader = reader_of(asked.service, message.user_id, message.authentication_input)
    wanted = await wanted_of(desk, asked)
    barcode = wanted.barcode if message.item_id else ""
    scope = RequestScopeType.of(message.request_scope_type)
    pickup = ncip_ill.pickup_of(asked, message.pickup_location) if message.pickup_location is not None else None
    request = PlaceHoldRequest(
        reader.card, asked.origin, record_id=None if barcode else wanted.record_id or 0,
        barcode=barcode, this_item=scope is RequestScopeType.ITEM, pickup_id=pickup.id if pickup is not None else None,
        expires_on=ncip_ill.day_of(asked, message.need_before_date),
        suspended_until=ncip_ill.day_of(asked, message.earliest_date_needed), pin=reader.pin,
    )  # fmt: skip

    def made(answer: HoldAnswer) -> Response:
        assert answer.hold is not None, "what was done was done to a hold"
        ready = answer.expires_on if answer.state == "shelf" else None
        return RequestItemResponse(
            response_header=asked.setting.header,
            request_id=RequestId(request_identifier_value=str(answer.hold.id)),
            item_id=next((each for each in message.item_id if each.item_identifier_value == barcode), None),
            item_optional_fields=wanted.fields if message.item_element_type else None,
            user_id=message.user_id or UserId(user_identifier_value=reader.card),
            request_type=message.request_type or RequestType.HOLD.pair,
            request_scope_type=message.request_scope_type or _BIBLIOGRAPHIC.pair,
            hold_pickup_date=day_end(ready, asked.setting.place.zone) if ready else None,
        )

    return await desk.act(asked, PLACE_HOLD, request, {**reader.values, ITEM: barcode}, made, LOANS_KEPT)


async def cancel_request_item(desk: Desk, asked: Asked) -> bytes:
    """Give up a reader's hold, by its number or by reader and item; a request between libraries is `server.ncip.ill`'s."""
    message: CancelRequestItem = asked.message
    agency, number = ncip_ill.key_of(message.request_id)
    between = await desk.store.read(ncip_ill.numbered(agency or asked.partner.agency, number)) if number else None
    own = number.isascii() and number.isdigit() and len(number) < 19
    if between is not None or asked.partner.profile.get(ACCOUNT) or (number and not own):
        return await ncip_ill.cancel_request_item(desk, asked)
    reader = reader_of(asked.service, message.user_id, message.authentication_input)
    barcode = ncip_ill.number_of(message.item_id)
    request = HoldRequest(asked.origin, int(number) if number else 0, reader.card, reader.pin, barcode)

    def made(_answer: HoldAnswer) -> Response:
        return CancelRequestItemResponse(
            response_header=asked.setting.header,
            request_id=message.request_id,
            item_id=message.item_id,
            user_id=message.user_id or UserId(user_identifier_value=reader.card),
        )

    return await desk.act(asked, CANCEL_HOLD, request, {**reader.values, ITEM: barcode}, made, LOANS_KEPT)
