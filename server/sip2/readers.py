"""What is said of readers: pure functions from an account, the request and its setting to a response.

What is sent is also what is withheld: a device gets the personal fields that its profile names and no other, and with a wrong
PIN nothing is said of a reader but that.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from devices.profiles import DeviceProfile
from protocols.sip2 import messages
from protocols.sip2.codes import Language, PatronStatus, Summary
from protocols.sip2.tables import Message
from server.sip2.replies import refusal
from server.sip2.setting import Setting, about_reader, called, extended, sentences
from server.sip2.tables import REASONS
from storage.circulation.accounts import Patron, PatronAccount
from storage.circulation.facts import HoldRow, LoanRow
from storage.circulation.pins import PinState
from storage.refusals import Reason


def open_account(account: PatronAccount) -> Patron | Reason:
    """Return the reader of *account*, or why nothing of them may be shown."""
    if account.patron is None:
        return account.reason or Reason.UNKNOWN_PATRON
    pin = account.pin
    if pin is PinState.LOCKED:
        return Reason.PIN_LOCKED
    return Reason.WRONG_PIN if pin is PinState.WRONG else account.patron


@lru_cache(1024)
def _denied(
    checkout: tuple[Reason, ...],
    renew: tuple[Reason, ...],
    hold: tuple[Reason, ...],
    language: str,
    hidden: frozenset[PatronStatus],
) -> tuple[frozenset[PatronStatus], tuple[str, ...]]:
    """Return the flags and the screen messages that say what a reader is refused, and why."""
    status: frozenset[PatronStatus] = frozenset().union(*(REASONS[reason].flags for reason in checkout))
    if renew:
        status |= {PatronStatus.RENEWAL_PRIVILEGES_DENIED}
    if hold:
        status |= {PatronStatus.HOLD_PRIVILEGES_DENIED}
    return status - hidden, sentences((*checkout, *renew, *hold), language)


def _right(account: PatronAccount, given: str | None, profile: DeviceProfile) -> bool | None:
    """Return CQ. Without AD there is none; with an empty one no PIN was tried, and only who trusts cards hears it was right."""
    if not given:
        return None if given is None else profile.empty_pin == "trust"
    return account.pin is PinState.RIGHT


def _called(patron: Patron, profile: DeviceProfile) -> str:
    """Return AE, for a device that is to know it."""
    return called(patron, profile) if b"AE" in profile.personal else ""


def patron_status(
    account: PatronAccount,
    message: messages.PatronStatusRequest | messages.BlockPatron | messages.PatronEnable,
    setting: Setting,
) -> Message:
    """Answer 23, and 01 once it is done."""
    patron = open_account(account)
    if isinstance(patron, Reason):
        return refusal(message, setting, setting.say(patron), valid_patron=account.patron is not None)
    denials, profile = account.denials, setting.profile
    status, said = _denied(
        denials["checkout"], denials["renew"], denials["hold"], setting.language, profile.hidden_flags
    )
    return messages.PatronStatusResponse(
        patron_status=status,
        language=setting.spoken(getattr(message, "language", Language.UNKNOWN)),
        transaction_date=setting.date,
        institution_id=setting.institution(message.institution_id),
        patron_identifier=message.patron_identifier,
        personal_name=_called(patron, profile),
        valid_patron=True,
        valid_patron_password=_right(account, getattr(message, "patron_password", None), profile),
        screen_message=said,
        extensions=extended(setting, "24", about_reader(patron)) if profile.extensions else (),
    )


def patron_enable(account: PatronAccount, message: messages.PatronEnable, setting: Setting) -> Message:
    """Answer 25 once it is done."""
    patron = open_account(account)
    if isinstance(patron, Reason):
        return refusal(message, setting, setting.say(patron), valid_patron=account.patron is not None)
    status: Any = patron_status(account, message, setting)
    return messages.PatronEnableResponse(
        patron_status=status.patron_status,
        language=status.language,
        transaction_date=status.transaction_date,
        institution_id=status.institution_id,
        patron_identifier=status.patron_identifier,
        personal_name=status.personal_name,
        valid_patron=status.valid_patron,
        valid_patron_password=status.valid_patron_password,
        screen_message=status.screen_message,
    )


def _loan_entry(loan: LoanRow, kind: str) -> str:
    return loan.title if kind == "title" and loan.title else loan.barcode


def _hold_entry(hold: HoldRow, kind: str) -> str:
    barcode = hold.barcode if kind == "barcode" else None
    return barcode or hold.title or str(hold.id)


def _hold_items(account: PatronAccount, profile: DeviceProfile) -> list[str]:
    everything = profile.ready_holds == "all"
    return [_hold_entry(hold, profile.hold_entries) for hold in account.holds if everything or hold.state == "shelf"]


def _unavailable(account: PatronAccount, profile: DeviceProfile) -> list[str]:
    return [_hold_entry(hold, profile.hold_entries) for hold in account.holds if hold.state != "shelf"]


_LISTS: Final[dict[Summary, tuple[str, Callable[[PatronAccount, DeviceProfile], list[str]]]]] = {
    Summary.HOLD_ITEMS: ("hold_items", _hold_items),
    Summary.OVERDUE_ITEMS: (
        "overdue_items",
        lambda account, profile: [_loan_entry(loan, profile.entries) for loan in account.overdue],
    ),
    Summary.CHARGED_ITEMS: (
        "charged_items",
        lambda account, profile: [_loan_entry(loan, profile.entries) for loan in account.loans],
    ),
    # No fines in a free network, and no recalls: these lists are always empty.
    Summary.FINE_ITEMS: ("fine_items", lambda _account, _profile: []),
    Summary.RECALL_ITEMS: ("recall_items", lambda _account, _profile: []),
    Summary.UNAVAILABLE_HOLDS: ("unavailable_hold_items", _unavailable),
}
"""Position of the summary in 63 -> the column of 64 that lists what it asks for, and the entries."""


@lru_cache(64)
def _wanted(summary: frozenset[Summary]) -> Summary | None:
    """Return which list a summary asks for: of several the first."""
    return next((position for position in Summary if position in summary), None)


def _listed(account: PatronAccount, message: messages.PatronInformation, profile: DeviceProfile) -> dict[str, Any]:
    """Return the list of 64 that the summary asks for, as far as BP and BQ want it."""
    wanted = _wanted(message.summary)
    if wanted is None:
        return {}
    name, entries = _LISTS[wanted]
    start, end = max(message.start_item or 1, 1) - 1, message.end_item
    if profile.most_entries:
        end = min(start + profile.most_entries, end or start + profile.most_entries)
    return {name: tuple(entries(account, profile)[start:end])}


_PERSONAL: Final = {
    b"BD": ("home_address", "address"),
    b"BE": ("e_mail_address", "email"),
    b"BF": ("home_phone_number", "phone"),
}
"""Personal fields of 64: the column, and the reader's."""
DETAILED: Final = frozenset(_PERSONAL)
"""The personal fields that need the whole of an account to be read."""


def patron_information(account: PatronAccount, message: messages.PatronInformation, setting: Setting) -> Message:
    """Answer 63."""
    patron = open_account(account)
    if isinstance(patron, Reason):
        return refusal(message, setting, setting.say(patron), valid_patron=account.patron is not None)
    denials, holds, profile = account.denials, account.holds, setting.profile
    status, said = _denied(
        denials["checkout"], denials["renew"], denials["hold"], setting.language, profile.hidden_flags
    )
    ready = sum([hold.state == "shelf" for hold in holds]) if holds else 0
    more: dict[str, Any] = _listed(account, message, profile) if message.summary else {}
    if profile.extensions:
        more["extensions"] = extended(setting, "64", about_reader(patron))
    if not profile.personal.isdisjoint(DETAILED):
        for code in profile.personal & DETAILED:
            column, attribute = _PERSONAL[code]
            more[column] = getattr(patron.row, attribute) or None
    return messages.PatronInformationResponse(
        patron_status=status,
        language=setting.spoken(message.language),
        transaction_date=setting.date,
        hold_items_count=ready if profile.ready_holds == "ready" else len(holds),
        overdue_items_count=len(account.overdue),
        charged_items_count=len(account.loans),
        fine_items_count=0,
        recall_items_count=0,
        unavailable_holds_count=len(holds) - ready,
        institution_id=setting.institution(message.institution_id),
        patron_identifier=message.patron_identifier,
        personal_name=_called(patron, profile),
        hold_items_limit=account.hold_limit,
        charged_items_limit=account.limit,
        valid_patron=True,
        valid_patron_password=_right(account, message.patron_password, profile),
        screen_message=said,
        **more,
    )


def end_session(message: messages.EndPatronSession, setting: Setting) -> Message:
    """Answer 35: there is nothing that could keep a session from ending."""
    return messages.EndSessionResponse(
        end_session=True,
        transaction_date=setting.date,
        institution_id=setting.institution(message.institution_id),
        patron_identifier=message.patron_identifier,
    )
