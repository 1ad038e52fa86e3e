"""The store's answers as SIP2 responses: pure functions from an answer, the request and its setting to a message.

What is sent is also what is withheld: addresses, mail and telephone of readers are in no response, and with a wrong PIN
nothing is said of a reader but that.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from protocols.sip2 import messages
from protocols.sip2.codes import (
    FeeType,
    Language,
    PatronStatus,
    SecurityMarker,
    Summary,
    SupportedMessage,
)
from protocols.sip2.fields import Kind
from protocols.sip2.tables import Message
from server.sip2_tables import ALERTS, DENIED, MAGNETIC, MEDIA, REASONS, SPOKEN, STATUSES
from storage.circulation.accounts import Item, ItemAccount, Patron, PatronAccount
from storage.circulation.acts import LoanAnswer
from storage.circulation.checkin import ReturnAnswer
from storage.circulation.due import Due
from storage.circulation.facts import HoldRow
from storage.circulation.pins import PinState
from storage.network.network import Library, Network
from storage.refusals import Reason, sentence

TIMEOUT_TENTHS: Final = 100
RETRIES: Final = 3
VERSION: Final = "2.00"


@lru_cache(64)
def local_time(now: int, zone: ZoneInfo) -> datetime:
    """Return the local time of *now* (seconds since 1970 UTC) as the wire has it: without zone."""
    return datetime.fromtimestamp(now, zone).replace(tzinfo=None)


@lru_cache(1024)
def _end_of_day(day: str) -> str:
    return f"{date.fromisoformat(day):%Y%m%d}    235900"


def _sentences(reasons: tuple[Reason, ...], language: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentence(reason, language) for reason in reasons))


def network_zone(network: Network) -> ZoneInfo:
    """Return the zone of the network's clocks: that of its libraries."""
    return next((library.zone for library in network.libraries.values() if library.kind != "external"), ZoneInfo("UTC"))


class Setting(NamedTuple):
    """Where, when and in which language a request is answered; no library before a login."""

    library: Library | None
    now: int
    language: str
    zone: ZoneInfo

    @property
    def date(self) -> datetime:
        """The transaction date of the response."""
        return local_time(self.now, self.zone)

    def institution(self, given: str) -> str:
        """Return AO: what the terminal calls it, for some compare, else the library's code."""
        return given or (self.library.code if self.library is not None else "")

    def due(self, due: Due | None) -> str:
        """Return AH in SIP2's own form; a loan for days ends with its last day."""
        if due is None:
            return ""
        if due.on is not None:
            return _end_of_day(due.on)
        return f"{local_time(due.at or 0, self.zone):%Y%m%d    %H%M%S}"

    def word(self, pair: tuple[str, str]) -> str:
        """Return the French or the English text of *pair*."""
        return pair[self.language == "en"]

    def say(self, *reasons: Reason) -> tuple[str, ...]:
        """Return the screen messages for *reasons*, each once."""
        return _sentences(reasons, self.language) if reasons else ()


def spoken(code: Language) -> Language:
    """Return the language code of the response to a request in *code*."""
    return code if code in SPOKEN else Language.FRENCH


def language_of(message: Message, otherwise: str) -> str:
    """Return the language that *message* asks for, or *otherwise*: 23 and 63 alone name one."""
    code = getattr(message, "language", Language.UNKNOWN)
    return otherwise if code is Language.UNKNOWN else SPOKEN.get(code, "fr")


def acs_status(
    setting: Setting, name: str, *, on_line: bool, circulates: bool, supported: frozenset[SupportedMessage]
) -> Message:
    """Say what the terminal may do; *supported* are the requests that are answered in earnest."""
    return messages.ACSStatus(
        on_line_status=on_line,
        checkin_ok=circulates and SupportedMessage.CHECKIN in supported,
        checkout_ok=circulates and SupportedMessage.CHECKOUT in supported,
        acs_renewal_policy=circulates and SupportedMessage.RENEW in supported,
        status_update_ok=SupportedMessage.ITEM_STATUS_UPDATE in supported,
        off_line_ok=False,
        timeout_period=TIMEOUT_TENTHS,
        retries_allowed=RETRIES,
        date_time_sync=setting.date,
        protocol_version=VERSION,
        institution_id=setting.institution(""),
        library_name=name,
        supported_messages=supported,
    )


# --- readers -------------------------------------------------------------------------------------------------------------


def _open(account: PatronAccount) -> Patron | Reason:
    """Return the reader of *account*, or why nothing of them may be shown."""
    if account.patron is None:
        return account.reason or Reason.UNKNOWN_PATRON
    pin = account.pin
    if pin is PinState.LOCKED:
        return Reason.PIN_LOCKED
    return Reason.WRONG_PIN if pin is PinState.WRONG else account.patron


@lru_cache(1024)
def _denied(
    checkout: tuple[Reason, ...], renew: tuple[Reason, ...], hold: tuple[Reason, ...], language: str
) -> tuple[frozenset[PatronStatus], tuple[str, ...]]:
    """Return the flags and the screen messages that say what a reader is refused, and why."""
    status: frozenset[PatronStatus] = frozenset().union(*(REASONS[reason].flags for reason in checkout))
    if renew:
        status |= {PatronStatus.RENEWAL_PRIVILEGES_DENIED}
    if hold:
        status |= {PatronStatus.HOLD_PRIVILEGES_DENIED}
    return status, _sentences((*checkout, *renew, *hold), language)


def _right(account: PatronAccount, given: str | None) -> bool | None:
    """Return CQ. Without AD there is none; with an empty one no PIN was tried, but a terminal must not hear it was right."""
    return None if given is None else account.pin is PinState.RIGHT


def patron_status(account: PatronAccount, message: messages.PatronStatusRequest, setting: Setting) -> Message:
    """Answer 23."""
    patron = _open(account)
    if isinstance(patron, Reason):
        return refusal(message, setting, setting.say(patron), valid_patron=account.patron is not None)
    denials = account.denials
    status, said = _denied(denials["checkout"], denials["renew"], denials["hold"], setting.language)
    return messages.PatronStatusResponse(
        patron_status=status,
        language=spoken(message.language),
        transaction_date=setting.date,
        institution_id=setting.institution(message.institution_id),
        patron_identifier=message.patron_identifier,
        personal_name=patron.name,
        valid_patron=True,
        valid_patron_password=_right(account, message.patron_password),
        screen_message=said,
    )


def _hold_entry(hold: HoldRow) -> str:
    return hold.barcode or hold.title or str(hold.id)


_LISTS: Final[dict[Summary, tuple[str, Callable[[PatronAccount], list[str]]]]] = {
    Summary.HOLD_ITEMS: (
        "hold_items",
        lambda account: [_hold_entry(hold) for hold in account.holds if hold.state == "shelf"],
    ),
    Summary.OVERDUE_ITEMS: ("overdue_items", lambda account: [loan.barcode for loan in account.overdue]),
    Summary.CHARGED_ITEMS: ("charged_items", lambda account: [loan.barcode for loan in account.loans]),
    Summary.UNAVAILABLE_HOLDS: (
        "unavailable_hold_items",
        lambda account: [_hold_entry(hold) for hold in account.holds if hold.state != "shelf"],
    ),
}
"""Position of the summary in 63 -> the column of 64 that lists what it asks for, and the entries."""


@lru_cache(64)
def _wanted(summary: frozenset[Summary]) -> Summary | None:
    """Return which list a summary asks for: of several the first."""
    return next((position for position in Summary if position in summary), None)


def _listed(account: PatronAccount, message: messages.PatronInformation) -> dict[str, Any]:
    """Return the list of 64 that the summary asks for, as far as BP and BQ want it."""
    wanted = _wanted(message.summary)
    if wanted not in _LISTS:
        return {}
    name, entries = _LISTS[wanted]
    return {name: tuple(entries(account)[max(message.start_item or 1, 1) - 1 : message.end_item])}


def patron_information(account: PatronAccount, message: messages.PatronInformation, setting: Setting) -> Message:
    """Answer 63."""
    patron = _open(account)
    if isinstance(patron, Reason):
        return refusal(message, setting, setting.say(patron), valid_patron=account.patron is not None)
    denials, holds = account.denials, account.holds
    status, said = _denied(denials["checkout"], denials["renew"], denials["hold"], setting.language)
    ready = sum([hold.state == "shelf" for hold in holds]) if holds else 0
    return messages.PatronInformationResponse(
        patron_status=status,
        language=spoken(message.language),
        transaction_date=setting.date,
        hold_items_count=ready,
        overdue_items_count=len(account.overdue),
        charged_items_count=len(account.loans),
        fine_items_count=0,
        recall_items_count=0,
        unavailable_holds_count=len(holds) - ready,
        institution_id=setting.institution(message.institution_id),
        patron_identifier=message.patron_identifier,
        personal_name=patron.name,
        charged_items_limit=account.limit,
        valid_patron=True,
        valid_patron_password=_right(account, message.patron_password),
        screen_message=said,
        **(_listed(account, message) if message.summary else {}),
    )


def end_session(message: messages.EndPatronSession, setting: Setting) -> Message:
    """Answer 35: there is nothing that could keep a session from ending."""
    return messages.EndSessionResponse(
        end_session=True,
        transaction_date=setting.date,
        institution_id=setting.institution(message.institution_id),
        patron_identifier=message.patron_identifier,
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
    row = item.row
    return messages.ItemInformationResponse(
        circulation_status=STATUSES[item.status],
        security_marker=SecurityMarker.OTHER,
        fee_type=FeeType.OTHER,
        transaction_date=setting.date,
        hold_queue_length=account.waiting,
        due_date=setting.due(item.due) or None,
        hold_pickup_date=datetime.fromisoformat(row.shelf_until) if row.shelf_until else None,
        item_identifier=message.item_identifier,
        title_identifier=row.title,
        owner=item.owner.code,
        media_type=MEDIA.get(item.type.media_type),
        permanent_location=item.home.code,
        current_location=item.current.code,
        collection_code=row.location or None,
        call_number=row.call_number or None,
        destination_location=item.destination.code if item.destination is not None else None,
    )


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
        due_date=setting.due(answer.due),
        media_type=MEDIA.get(item.type.media_type) if item is not None else None,
        screen_message=setting.say(*answer.reasons),
    )


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
        due_date=setting.due(answer.due),
        media_type=MEDIA.get(item.type.media_type) if item is not None else None,
        screen_message=setting.say(*answer.reasons),
    )


def checkin(answer: ReturnAnswer, message: messages.Checkin, setting: Setting) -> Message:
    """Answer 09; something is on the screen only when there is something to do."""
    item = answer.item
    kind, said = None, setting.say(*answer.reasons)
    if answer.alert is not None:
        kind, *texts = ALERTS[answer.alert]
        place = answer.destination.name if answer.destination is not None else ""
        remarks = setting.say(*(remark for remark in answer.remarks if remark is not Reason.NOT_ON_LOAN))
        said = (*said, setting.word((texts[0], texts[1])).format(place=place), *remarks)
    return messages.CheckinResponse(
        ok=answer.ok,
        resensitize=answer.ok,
        magnetic_media=_magnetic(item),
        alert=answer.alert is not None,
        transaction_date=setting.date,
        institution_id=setting.institution(message.institution_id),
        item_identifier=message.item_identifier,
        permanent_location=item.home.code if item is not None else "",
        title_identifier=item.row.title if item is not None else None,
        media_type=MEDIA.get(item.type.media_type) if item is not None else None,
        collection_code=(item.row.location or None) if item is not None else None,
        call_number=(item.row.call_number or None) if item is not None else None,
        destination_location=answer.destination.code if answer.destination is not None else None,
        alert_type=kind,
        screen_message=said,
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
        values["language"] = spoken(values["language"])
    if "institution_id" in values:
        values["institution_id"] = setting.institution(values["institution_id"])
    return response(**values | more)
