"""The services that move an item between a shelf and a reader."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from protocols.ncip.base import Response
from protocols.ncip.circulation import CheckInItem, CheckOutItem, RenewItem
from protocols.ncip.elements import MandatedAction
from server.ncip import answers as ncip_answers
from server.ncip.desk import Asked, Desk, barcode_of, reader_of
from server.ncip.refusals import ITEM
from storage.circulation.acts import LoanAnswer
from storage.circulation.checkin import CHECKIN, CheckinRequest, ReturnAnswer
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.due import Due
from storage.circulation.renew import RENEW, RenewRequest

LOANS_KEPT: Final = 86_400
RETURNS_KEPT: Final = 600
"""For how long, in seconds, a repeat gets its first answer, provided that the effect stands.

The same loan, renewed as often, is the same however late the repeat comes. But an item that comes in twice in a day may have
travelled between, and the second time is then a new one.
"""


def happened(mandated: MandatedAction | None) -> int | None:
    """Give when an act has already taken place (seconds since 1970), None when it is asked for now."""
    moment = mandated.date_event_occurred if mandated is not None else None
    return int(moment.timestamp()) if moment is not None else None


def wished(asked: Asked, moment: datetime | None) -> Due | None:
    """Give the day on which a partner wishes a loan to end."""
    return None if moment is None else Due(moment.astimezone(asked.setting.place.zone).date().isoformat())


async def check_out(desk: Desk, asked: Asked) -> bytes:
    """Lend an item to a reader."""
    message: CheckOutItem = asked.message
    barcode = barcode_of(asked.service, message.item_id)
    reader = reader_of(asked.service, message.user_id, message.authentication_input)
    due = wished(asked, message.desired_date_due)
    done_at = happened(message.mandated_action)
    request = CheckoutRequest(
        reader.card, barcode, asked.origin, reader.pin, done_at=done_at, offline=done_at is not None, due=due
    )
    values = {**reader.values, ITEM: barcode}

    def made(answer: LoanAnswer) -> Response:
        return ncip_answers.check_out(asked.setting, message, answer)

    return await desk.act(asked, CHECKOUT, request, values, made, LOANS_KEPT)


async def renew(desk: Desk, asked: Asked) -> bytes:
    """Prolong a loan."""
    message: RenewItem = asked.message
    barcode = barcode_of(asked.service, message.item_id)
    reader = reader_of(asked.service, message.user_id, message.authentication_input)
    due = wished(asked, message.desired_date_due)
    done_at = happened(message.mandated_action)
    request = RenewRequest(
        reader.card, barcode, asked.origin, reader.pin, done_at=done_at, offline=done_at is not None, due=due
    )
    values = {**reader.values, ITEM: barcode}

    def made(answer: LoanAnswer) -> Response:
        return ncip_answers.renew(asked.setting, message, answer)

    return await desk.act(asked, RENEW, request, values, made, LOANS_KEPT)


async def check_in(desk: Desk, asked: Asked) -> bytes:
    """Take an item back, and tell where it goes."""
    message: CheckInItem = asked.message
    barcode = barcode_of(asked.service, message.item_id)
    done_at = happened(message.mandated_action)
    request = CheckinRequest(barcode, asked.origin, done_at, offline=done_at is not None)

    def made(answer: ReturnAnswer) -> Response:
        return ncip_answers.check_in(asked.setting, message, answer)

    return await desk.act(asked, CHECKIN, request, {ITEM: barcode}, made, RETURNS_KEPT)
