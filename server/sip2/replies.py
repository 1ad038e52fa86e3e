"""The store's answers on items as SIP2 responses, and refusals: pure functions from an answer, the request and its setting."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from devices.profiles import DeviceProfile
from protocols.sip2 import messages
from protocols.sip2.codes import AlertType, FeeType, SupportedMessage
from protocols.sip2.fields import Kind
from protocols.sip2.tables import Message
from server.sip2.setting import LEGACY, VERSION, Setting, about_item, called, extended
from server.sip2.tables import ALERTS, DENIED, MAGNETIC, MEDIA, REASONS, STATUSES
from storage.circulation.accounts import Item, ItemAccount, Patron
from storage.circulation.acts import LoanAnswer
from storage.circulation.checkin import ReturnAnswer
from storage.circulation.holds.answers import HoldAnswer
from storage.circulation.properties import PropertiesAnswer
from storage.circulation.renew_all import RenewAllAnswer
from storage.circulation.undo import UndoAnswer
from storage.refusals import Reason


def acs_status(
    setting: Setting,
    name: str,
    *,
    on_line: bool,
    circulates: bool,
    supported: frozenset[SupportedMessage],
    legacy: bool,
) -> Message:
    """Say what the terminal may do; *supported* are the requests that it may make and that are answered in earnest."""
    profile = setting.profile
    return messages.ACSStatus(
        on_line_status=on_line,
        checkin_ok=circulates and SupportedMessage.CHECKIN in supported,
        checkout_ok=circulates and SupportedMessage.CHECKOUT in supported,
        acs_renewal_policy=circulates and SupportedMessage.RENEW in supported,
        status_update_ok=SupportedMessage.BLOCK_PATRON in supported,
        off_line_ok=circulates and profile.offline,
        timeout_period=profile.timeout,
        retries_allowed=profile.retries,
        date_time_sync=setting.date,
        protocol_version=LEGACY if legacy else VERSION,
        institution_id=setting.institution(""),
        library_name=profile.library_name or name,
        supported_messages=supported,
        terminal_location=profile.terminal_location or None,
    )


# --- items ---------------------------------------------------------------------------------------------------------------


def _magnetic(item: Item | None) -> bool | None:
    """Tell whether the item would be erased by a desensitizer; None (unknown) for a type without a media type."""
    media = MEDIA.get(item.type.media_type) if item is not None else None
    return None if media is None else media in MAGNETIC


def item_information(account: ItemAccount, message: messages.ItemInformation, setting: Setting) -> Message:
    """Answer 17."""
    item = account.item
    if item is None:
        return refusal(message, setting, setting.say(account.reason or Reason.UNKNOWN_ITEM))
    row, digits = item.row, setting.profile.queue_digits
    queue = (("CF", f"{account.waiting:0{digits}d}"),) if digits else ()
    return messages.ItemInformationResponse(
        circulation_status=STATUSES[item.status],
        security_marker=setting.profile.security_marker,
        fee_type=FeeType.OTHER,
        transaction_date=setting.date,
        hold_queue_length=account.waiting if not digits else None,
        due_date=setting.due(item.due, setting.profile.item_due_date) or None,
        hold_pickup_date=datetime.fromisoformat(row.shelf_until) if row.shelf_until else None,
        item_identifier=message.item_identifier,
        title_identifier=row.title,
        owner=item.owner.code,
        media_type=MEDIA.get(item.type.media_type),
        permanent_location=item.home.code,
        current_location=item.current.code,
        item_properties=row.properties,
        collection_code=row.location or None,
        call_number=row.call_number or None,
        destination_location=item.destination.code if item.destination is not None else None,
        alert_type=_awaited(item, setting),
        extensions=(*queue, *_extensions(setting, "18", item)),
        **_holder(account.held_for, setting.profile),
    )


def _awaited(item: Item, setting: Setting) -> AlertType | None:
    """Return where an item that was put aside or travels is expected, as its check-in has told it (CV)."""
    row = item.row
    to = row.transit_to_id or row.hold_pickup_id
    if to is None or setting.library is None:
        return None
    if to == setting.library.id:
        return AlertType.HOLD_HERE if row.hold_id is not None else None
    if row.hold_id is None:
        return AlertType.SEND_ELSEWHERE
    abroad = item.destination is not None and item.destination.kind == "external"
    return AlertType.HOLD_FOR_ILL if abroad else AlertType.HOLD_ELSEWHERE


def _holder(holder: Patron | None, profile: DeviceProfile) -> dict[str, Any]:
    """Return for whom an item is (CY, DA), as far as the device is to know."""
    if holder is None:
        return {}
    known = {b"CY": ("hold_patron_id", holder.row.card), b"DA": ("hold_patron_name", called(holder, profile))}
    return dict(known[code] for code in profile.personal & known.keys())


def _extensions(setting: Setting, code: str, item: Item | None) -> tuple[tuple[str, str], ...]:
    if not setting.profile.extensions or item is None:
        return ()
    return extended(setting, code, about_item(item))


def _fee(answer: LoanAnswer) -> dict[str, Any]:
    """Return the fields of a fee: none in a network that has decided none (S-13)."""
    if answer.fee is None:
        return {}
    return {"fee_type": FeeType.RENTAL, "currency_type": answer.fee.currency, "fee_amount": Decimal(answer.fee.amount)}


def checkout(answer: LoanAnswer, message: messages.Checkout, setting: Setting) -> Message:
    """Answer 11. The security of an item is opened for a new loan alone: a renewed one is open already."""
    item = answer.item
    return messages.CheckoutResponse(
        ok=answer.ok,
        renewal_ok=answer.renewed or any(REASONS[reason].renewal for reason in answer.reasons),
        magnetic_media=_magnetic(item),
        desensitize=answer.ok and not answer.renewed,
        transaction_date=setting.date,
        institution_id=setting.institution(message.institution_id),
        patron_identifier=message.patron_identifier,
        item_identifier=message.item_identifier,
        title_identifier=item.row.title if item is not None else "",
        due_date=setting.due(answer.due, setting.profile.due_date),
        **_fee(answer),
        media_type=MEDIA.get(item.type.media_type) if item is not None else None,
        item_properties=item.row.properties if item is not None else None,
        transaction_id=_loan_number(answer, setting),
        screen_message=setting.say(*answer.reasons),
        extensions=(*_validity(answer, setting), *_extensions(setting, "12", item)),
    )


def _loan_number(answer: LoanAnswer, setting: Setting) -> str | None:
    """Return BK, for a device that wants it."""
    wanted = setting.profile.loan_number and answer.ok and answer.loan_id is not None
    return str(answer.loan_id) if wanted else None


def _validity(answer: LoanAnswer, setting: Setting) -> tuple[tuple[str, str], ...]:
    """Return BL of a refusal, which SIP 2.00 has in 24, 26 and 64 alone, for a device that looks for it."""
    if answer.ok or not setting.profile.card_validity:
        return ()
    return (("BL", "N" if not _UNKNOWN_CARD.isdisjoint(answer.reasons) else "Y"),)


_UNKNOWN_CARD: Final = frozenset({Reason.UNKNOWN_PATRON, Reason.AMBIGUOUS_CARD})


def renew(answer: LoanAnswer, message: messages.Renew, setting: Setting) -> Message:
    """Answer 29."""
    item = answer.item
    return messages.RenewResponse(
        ok=answer.ok,
        renewal_ok=answer.ok,
        magnetic_media=_magnetic(item),
        desensitize=False,
        transaction_date=setting.date,
        institution_id=setting.institution(message.institution_id),
        patron_identifier=message.patron_identifier,
        item_identifier=message.item_identifier or "",
        title_identifier=item.row.title if item is not None else "",
        due_date=setting.due(answer.due, setting.profile.due_date),
        media_type=MEDIA.get(item.type.media_type) if item is not None else None,
        item_properties=item.row.properties if item is not None else None,
        transaction_id=_loan_number(answer, setting),
        screen_message=setting.say(*answer.reasons),
        extensions=_extensions(setting, "30", item),
    )


_QUIET: Final = (None, AlertType.UNKNOWN)


def checkin(answer: ReturnAnswer, message: messages.Checkin, setting: Setting) -> Message:
    """Answer 09; something is on the screen only when there is something to do."""
    item, profile = answer.item, setting.profile
    ok = answer.ok and (profile.not_on_loan_ok or Reason.NOT_ON_LOAN not in answer.remarks)
    kind, said = AlertType.UNKNOWN if ok and profile.alert_type_always else None, setting.say(*answer.reasons)
    if answer.alert is not None and (answer.ok or profile.alert_when_refused):
        kind, *texts = ALERTS[answer.alert]
        place = answer.destination.name if answer.destination is not None else ""
        remarks = setting.say(*(remark for remark in answer.remarks if remark is not Reason.NOT_ON_LOAN))
        said = (*said, setting.word((texts[0], texts[1])).format(place=place), *remarks)
    named = _readers(answer, profile) if answer.returned_by is not None or answer.held_for is not None else {}
    destination = answer.destination.code if answer.destination is not None else None
    return messages.CheckinResponse(
        ok=ok,
        resensitize=answer.ok,
        magnetic_media=_magnetic(item),
        alert=kind not in _QUIET or (not ok and profile.alert_when_refused),
        transaction_date=setting.date,
        institution_id=setting.institution(message.institution_id),
        item_identifier=message.item_identifier,
        permanent_location=item.home.code if item is not None else "",
        title_identifier=item.row.title if item is not None else None,
        sort_bin=_bin(answer, item, setting) if profile.bins else None,
        media_type=MEDIA.get(item.type.media_type) if item is not None else None,
        item_properties=item.row.properties if item is not None else None,
        collection_code=(item.row.location or None) if item is not None else None,
        call_number=(item.row.call_number or None) if item is not None else None,
        destination_location="" if destination is None and profile.destination_always else destination,
        alert_type=kind,
        screen_message=said,
        extensions=(*named.pop("extensions", ()), *_extensions(setting, "10", item)),
        **named,
    )


def _readers(answer: ReturnAnswer, profile: DeviceProfile) -> dict[str, Any]:
    """Return who had the item and who gets it, as far as the device is to know: on a slip it is read by anybody."""
    personal = profile.personal
    found: dict[str, Any] = {}
    if answer.returned_by is not None and b"AA" in personal:
        found["patron_identifier"] = answer.returned_by.row.card
    holder = answer.held_for
    if holder is not None:
        found |= _holder(holder, profile)
        found |= {"extensions": (("BF", holder.row.phone or ""),)} if b"BF" in personal else {}
    return found


def _bin(answer: ReturnAnswer, item: Item | None, setting: Setting) -> str | None:
    """Return the bin of the first rule that fits a returned item; one that nobody knows fits `*` alone."""
    about = about_item(item) if item is not None else {}
    about["alert"] = answer.alert.value if answer.alert is not None else ""
    about["destination"] = answer.destination.code if answer.destination is not None else ""
    run = setting.next_run(about["destination"])
    about["route"] = run.route if run is not None else ""
    for rule in setting.profile.bins:
        if not rule.name or (about.get(rule.name) == rule.value) is not rule.negated:
            return rule.bin
    return None


def undone(answer: UndoAnswer, message: messages.Checkout | messages.Checkin, setting: Setting) -> Message:
    """Answer 11 or 09 with BI: the act before is taken back, and the item's security is as it was before that."""
    if not answer.ok:
        return refusal(message, setting, setting.say(*answer.reasons))
    item = answer.item
    shared: dict[str, Any] = {
        "ok": True,
        "magnetic_media": _magnetic(item),
        "transaction_date": setting.date,
        "institution_id": setting.institution(message.institution_id),
        "item_identifier": message.item_identifier,
        "title_identifier": item.row.title if item is not None else "",
        "item_properties": item.row.properties if item is not None else None,
    }
    if isinstance(message, messages.Checkin):
        home = item.home.code if item is not None else ""
        return messages.CheckinResponse(resensitize=True, alert=False, permanent_location=home, **shared)
    due = setting.due(answer.due, setting.profile.due_date)
    return messages.CheckoutResponse(
        renewal_ok=False, desensitize=True, patron_identifier=message.patron_identifier, due_date=due, **shared
    )


def hold(answer: HoldAnswer, message: messages.Hold, setting: Setting) -> Message:
    """Answer 15."""
    ends = answer.expires_on
    return messages.HoldResponse(
        ok=answer.ok,
        available=answer.ok and answer.available,
        transaction_date=setting.date,
        expiration_date=datetime.fromisoformat(ends) if ends is not None else None,
        queue_position=answer.rank or None,
        pickup_location=answer.pickup.code if answer.pickup is not None else message.pickup_location,
        institution_id=setting.institution(message.institution_id),
        patron_identifier=message.patron_identifier,
        item_identifier=message.item_identifier,
        title_identifier=(answer.hold.title if answer.hold is not None else None) or message.title_identifier,
        screen_message=setting.say(*answer.reasons, *answer.remarks),
    )


def properties(answer: PropertiesAnswer, message: messages.ItemStatusUpdate, setting: Setting) -> Message:
    """Answer 19."""
    return messages.ItemStatusUpdateResponse(
        item_properties_ok=answer.ok,
        transaction_date=setting.date,
        item_identifier=message.item_identifier,
        title_identifier=answer.item.row.title if answer.item is not None else None,
        item_properties=message.item_properties,
        screen_message=setting.say(*answer.reasons),
    )


def renew_all(answer: RenewAllAnswer, message: messages.RenewAll, setting: Setting) -> Message:
    """Answer 65: what was renewed, what was not, and why."""
    if not answer.ok:
        return refusal(message, setting, setting.say(*answer.reasons))
    renewed = tuple(loan.barcode for loan in answer.renewed)
    others = tuple(loan.barcode for loan in answer.loans if not loan.ok)
    return messages.RenewAllResponse(
        ok=True,
        renewed_count=len(renewed),
        unrenewed_count=len(others),
        transaction_date=setting.date,
        institution_id=setting.institution(message.institution_id),
        renewed_items=renewed,
        unrenewed_items=others,
        screen_message=setting.say(*(reason for loan in answer.loans for reason in loan.reasons)),
    )


# --- refusals of the right shape -----------------------------------------------------------------------------------------

_NEGATIVE: Final[dict[str, Any]] = {
    "patron_status": DENIED,
    "valid_patron": False,
    "desensitize": False,
    "alert": True,
    "protocol_version": VERSION,
}
"""What a refusal says where a blank would say too much or too little."""


def refusal(message: Message, setting: Setting, said: tuple[str, ...], **more: Any) -> Message:
    """Return the response of the right code that says no to any request, with *said* on the screen.

    Made from the table of the response: what request and response have in common is echoed, the rest is negative or blank.
    *more* are columns that are known better.
    """
    response = Message.BY_CODE[message.REPLY]
    values: dict[str, Any] = {}
    for name, column, required, _, _ in response.TABLE:
        if name in _NEGATIVE:
            values[name] = _NEGATIVE[name]
        elif column.kind is Kind.DATE and required:
            values[name] = setting.date
        elif hasattr(message, name):
            values[name] = getattr(message, name)
        elif name == "screen_message":
            values[name] = said
        elif name == "valid_patron_password" and getattr(message, "patron_password", None) is not None:
            values[name] = False
        elif required:
            values[name] = 0 if column.kind is Kind.NUMBER else column.read("") if column.read else ""
    if "language" in values:
        values["language"] = setting.spoken(values["language"])
    if "institution_id" in values:
        values["institution_id"] = setting.institution(values["institution_id"])
    return response(**values | more)
