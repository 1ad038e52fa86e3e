"""What partners tell us of requests: each notification is acknowledged, and what it tells is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from protocols.ncip.base import PlainResponse
from protocols.ncip.notifications import CirculationStatusUpdated, ItemRequested
from protocols.ncip.schemes import fold
from server.ncip.desk import Asked, Desk
from server.ncip.ill import day_of, described, event_of, key_of, pickup_of, taken
from server.ncip.letters import ITEM_NOT_RENEWED
from server.ncip.loans import LOANS_KEPT
from storage.circulation.ill.events import IllAnswer, IllEvent
from storage.circulation.ill.machine import Event, Role
from storage.circulation.ill.requests import IllRequest
from storage.usecase import Ledger

Teller = Callable[[Asked], IllEvent | IllRequest | None]
"""Gives what a notification tells of a request; None when it tells nothing that we follow."""


def notified(teller: Teller) -> Callable[[Desk, Asked], Any]:
    """Make the service of a notification: it is acknowledged whatever we make of it, for it asks for no permission."""

    async def serve(desk: Desk, asked: Asked) -> bytes:
        told = teller(asked)
        acknowledged = PlainResponse(name=asked.service, response_header=asked.setting.header)
        if told is not None:
            ledger: Ledger[IllAnswer] = Ledger(
                f"ncip:{asked.origin.actor}", asked.digest, 0, lambda _answer: asked.write(acknowledged), LOANS_KEPT
            )
            outcome = await taken(desk, asked, told, ledger)
            if outcome.answer is not None and outcome.answer.no is not None:
                desk.metrics.count("refusals", "ncip", outcome.answer.no.value)
            return outcome.reply
        return asked.write(acknowledged)

    return serve


def _shipped(asked: Asked) -> IllEvent:
    message: Any = asked.message
    fields = message.item_optional_fields
    due = fields.date_due if fields is not None else None
    return event_of(asked, Event.SHIPPED, due_on=day_of(asked, due), **described(message))


def _renewed(asked: Asked) -> IllEvent:
    return event_of(asked, Event.RENEWED, due_on=day_of(asked, asked.message.date_due), role=Role.BORROWING)


def _recalled(asked: Asked) -> IllEvent:
    return event_of(asked, Event.RECALLED, due_on=day_of(asked, asked.message.date_due))


def _status(asked: Asked) -> IllEvent | None:
    message: CirculationStatusUpdated = asked.message
    word = fold(message.circulation_status.value) if message.circulation_status is not None else ""
    if word == fold(ITEM_NOT_RENEWED):
        return event_of(asked, Event.RENEW_REFUSED)
    return event_of(asked, Event.RENEW_PENDING) if word == fold("Renew Still Pending") else None


def _reported(asked: Asked) -> IllEvent | None:
    message: Any = asked.message
    return event_of(asked, Event.LOST) if message.item_reported_lost or message.item_reported_missing else None


def _announced(asked: Asked) -> IllRequest | None:
    """Ask in the name of a reader of ours, who has asked in the partner's portal."""
    message: ItemRequested = asked.message
    agency, number = key_of(message.request_id)
    user = message.user_id.user_identifier_value if message.user_id is not None else None
    wanted = message.bibliographic_id
    if not (user and number and wanted is not None):
        return None
    record, edition = wanted.bibliographic_record_id, wanted.bibliographic_item_id
    name = (record.bibliographic_record_identifier if record is not None else None) or ""
    if edition is not None:
        code = edition.bibliographic_item_identifier_code
        name = f"{code.value if code is not None else 'ISBN'}:{edition.bibliographic_item_identifier or ''}"
    return IllRequest(
        Role.BORROWING, asked.partner.agency, asked.origin, pickup_of(asked, message.pickup_location).id, user,
        agency or asked.partner.agency, number, identifier=name, needed_by=day_of(asked, message.need_before_date),
    )  # fmt: skip


def _simply(event: Event) -> Teller:
    return lambda asked: event_of(asked, event)


TELLERS: Final[dict[str, Teller]] = {
    "CirculationStatusChangeReported": _reported,
    "CirculationStatusUpdated": _status,
    "ItemRecallCancelled": _simply(Event.RECALL_ENDED),
    "ItemRecalled": _recalled,
    "ItemReceived": _simply(Event.RECEIVED),
    "ItemRenewed": _renewed,
    "ItemRequestCancelled": _simply(Event.REFUSED),
    "ItemRequested": _announced,
    "ItemShipped": _shipped,
}
"""Notification -> what it tells of a request. The others are acknowledged, and nothing follows."""
