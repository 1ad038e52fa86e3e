"""Requests as terminals make them: one function for each, with only that given which a check is about."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from conformance.sip2.client import now
from protocols.sip2 import messages
from protocols.sip2.codes import FeeType, HoldMode, Language, Summary, TerminalStatus
from protocols.sip2.tables import Message

NOBODY: Final = "NO-SUCH-CARD-0"
NOTHING: Final = "NO-SUCH-ITEM-0"


def status(version: str = "2.00") -> Message:
    """Return 99."""
    return messages.SCStatus(status_code=TerminalStatus.OK, max_print_width=80, protocol_version=version)


def item(barcode: str) -> Message:
    """Return 17."""
    return messages.ItemInformation(transaction_date=now(), institution_id="", item_identifier=barcode)


def patron_status(card: str, pin: str = "", language: Language = Language.UNKNOWN) -> Message:
    """Return 23."""
    return messages.PatronStatusRequest(
        language=language, transaction_date=now(), institution_id="", patron_identifier=card, terminal_password="",
        patron_password=pin,
    )  # fmt: skip


def patron(card: str, summary: Summary | None = None, language: Language = Language.UNKNOWN, **more: Any) -> Message:
    """Return 63."""
    return messages.PatronInformation(
        language=language, transaction_date=now(), summary=frozenset({summary} if summary else ()), institution_id="",
        patron_identifier=card, **more,
    )  # fmt: skip


def checkout(card: str, barcode: str, at: datetime | None = None, due: datetime | None = None, **more: Any) -> Message:
    """Return 11; with *at*, one that happened then, off line."""
    return messages.Checkout(
        sc_renewal_policy=more.pop("renewal", False), no_block=at is not None, transaction_date=at or now(),
        nb_due_date=due, institution_id="", patron_identifier=card, item_identifier=barcode, terminal_password="", **more,
    )  # fmt: skip


def checkin(barcode: str, at: datetime | None = None, **more: Any) -> Message:
    """Return 09; with *at*, one that happened then, off line."""
    return messages.Checkin(
        no_block=at is not None, transaction_date=at or now(), return_date=at or now(), current_location="",
        institution_id="", item_identifier=barcode, terminal_password="", **more,
    )  # fmt: skip


def renew(card: str, barcode: str) -> Message:
    """Return 29."""
    return messages.Renew(
        third_party_allowed=False, no_block=False, transaction_date=now(), nb_due_date=None, institution_id="",
        patron_identifier=card, item_identifier=barcode,
    )  # fmt: skip


def renew_all(card: str) -> Message:
    """Return 65."""
    return messages.RenewAll(transaction_date=now(), institution_id="", patron_identifier=card)


def hold(mode: HoldMode, card: str, barcode: str, **more: Any) -> Message:
    """Return 15."""
    return messages.Hold(
        hold_mode=mode, transaction_date=now(), institution_id="", patron_identifier=card, item_identifier=barcode,
        **more,
    )  # fmt: skip


def end_session(card: str) -> Message:
    """Return 35."""
    return messages.EndPatronSession(transaction_date=now(), institution_id="", patron_identifier=card)


def block(card: str) -> Message:
    """Return 01."""
    return messages.BlockPatron(
        card_retained=False, transaction_date=now(), institution_id="", blocked_card_message="conformance kit",
        patron_identifier=card, terminal_password="",
    )  # fmt: skip


def enable(card: str) -> Message:
    """Return 25."""
    return messages.PatronEnable(transaction_date=now(), institution_id="", patron_identifier=card)


def fee_paid(card: str) -> Message:
    """Return 37."""
    return messages.FeePaid(
        transaction_date=now(), fee_type=FeeType.OTHER, payment_type="00", currency_type="EUR", fee_amount=None,
        institution_id="", patron_identifier=card, transaction_id="kit",
    )  # fmt: skip


def item_status_update(barcode: str, properties: str = "kit") -> Message:
    """Return 19."""
    return messages.ItemStatusUpdate(
        transaction_date=now(), institution_id="", item_identifier=barcode, item_properties=properties
    )
