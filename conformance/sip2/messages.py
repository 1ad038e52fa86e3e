"""Checks of every message of SIP 2.00: each pair once in its right form, and what its fields must mean."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from conformance.checks import Checks, want
from conformance.results import Level, NotApplicable
from conformance.sip2 import requests as ask
from conformance.sip2.bench import Bench
from conformance.sip2.client import now
from conformance.sip2.requests import NOBODY, NOTHING
from protocols.sip2.codes import HoldMode, Language, PatronStatus, Summary, SupportedMessage

check = Checks[Bench]()

_SAYS: Final = "SIP2 2.00, messages"
_MUST, _SHOULD = Level.MUST, Level.SHOULD
_DENIED: Final = frozenset(tuple(PatronStatus)[:4])
"""The first four positions: charge, renewal, recall and hold privileges."""


def _supported(bench: Bench) -> frozenset[SupportedMessage]:
    found: frozenset[SupportedMessage] = bench.terminal().ask(ask.status()).supported_messages
    return found


def _needs(bench: Bench, message: SupportedMessage) -> None:
    if message not in _supported(bench):
        raise NotApplicable(f"BX says that {message.value} is not offered")


def _lent(bench: Bench, number: int = 0) -> Any:
    """Lend an item, and return the terminal and the reply."""
    terminal = bench.terminal()
    reply = terminal.ask(ask.checkout(bench.account.patron, bench.account.items[number]))
    want(reply.ok, f"11 is refused: {' '.join(reply.screen_message)}")
    return terminal, reply


@check("93/94", _MUST, "a right login is answered 941", _SAYS)
def _login(bench: Bench) -> None:
    bench.terminal()


@check("99/98", _MUST, "status has every flag, the time-out and BX of 16 positions", _SAYS)
def _status(bench: Bench) -> None:
    reply = bench.terminal().ask(ask.status())
    want(reply.on_line_status, "the server says that it is off line")
    want(SupportedMessage.SC_ACS_STATUS in reply.supported_messages, "BX denies 99 itself")


@check("98 clock", _MUST, "98 has the local time, without a zone: kiosks set their clocks by it", "date/time sync")
def _clock(bench: Bench) -> None:
    sync = bench.terminal().ask(ask.status()).date_time_sync
    want(sync is not None, "there is no date/time sync")
    want(sync.tzinfo is None, "it names a zone")


@check("99 of 1.00", _SHOULD, "a terminal of 1.00 is answered in 1.00", "protocol version")
def _legacy(bench: Bench) -> None:
    reply = bench.terminal().ask(b"9900801.00")
    want(reply.protocol_version == "1.00", f"the version is {reply.protocol_version!r}")
    want(not reply.supported_messages, "BX is there, which 1.00 does not know")


@check("23/24", _MUST, "a reader's status is told, with the card echoed", _SAYS)
def _patron_status(bench: Bench) -> None:
    card = bench.account.patron
    reply = bench.terminal().ask(ask.patron_status(card, bench.account.pin))
    want(reply.patron_identifier == card, "the card is not echoed")
    want(reply.valid_patron is True, "BL is not Y for a known reader")


@check("23 of nobody", _MUST, "an unknown card is denied everything: BL N, AE empty, still 24", "patron status")
def _nobody_status(bench: Bench) -> None:
    _denied(bench.terminal().ask(ask.patron_status(NOBODY)))


def _denied(reply: Any) -> None:
    want(reply.patron_status >= _DENIED, "loans, renewals, recalls and holds are not all denied")
    want(reply.valid_patron is not True, "BL is Y")
    want(not reply.personal_name, "AE is not empty")


@check("63/64", _MUST, "a reader's counts are told, whatever the summary", _SAYS)
def _patron(bench: Bench) -> None:
    reply = bench.terminal().ask(ask.patron(bench.account.patron))
    want(reply.valid_patron is True, "BL is not Y for a known reader")


@check("63 of nobody", _MUST, "an unknown card is YYYY, BL N, AE empty, still 64", "patron status")
def _nobody(bench: Bench) -> None:
    _denied(bench.terminal().ask(ask.patron(NOBODY)))


@check("63 wrong PIN", _MUST, "a wrong PIN is CQ N", "CQ")
def _wrong_pin(bench: Bench) -> None:
    if not bench.account.pin:
        raise NotApplicable("the reader has no PIN here")
    reply = bench.terminal().ask(ask.patron(bench.account.patron, patron_password=bench.account.wrong_pin))
    want(reply.valid_patron_password is False, "CQ is not N")
    right = bench.terminal().ask(ask.patron(bench.account.patron, patron_password=bench.account.pin))
    want(right.valid_patron_password is True, "CQ is not Y with the right one")


@check("63 empty PIN", _SHOULD, "an empty AD is not told to be right", "CQ")
def _empty_pin(bench: Bench) -> None:
    reply = bench.terminal().ask(ask.patron(bench.account.patron, patron_password=""))
    want(reply.valid_patron_password is not True, "CQ is Y: a kiosk would let anyone in")


@check("63 lists", _MUST, "charged items are counted and listed, paged by BP and BQ", "summary, BP, BQ")
def _lists(bench: Bench) -> None:
    terminal, _ = _lent(bench)
    _lent(bench, 1)
    reply = terminal.ask(ask.patron(bench.account.patron, Summary.CHARGED_ITEMS))
    want(reply.charged_items_count >= 2, f"the count is {reply.charged_items_count}")
    want(len(reply.charged_items) >= 2, f"{len(reply.charged_items)} items are listed")
    paged = terminal.ask(ask.patron(bench.account.patron, Summary.CHARGED_ITEMS, start_item=2, end_item=2))
    want(paged.charged_items == reply.charged_items[1:2], "BP2 BQ2 is not the second item")


@check("63 language", _SHOULD, "screen messages are in the language of the request", "language")
def _language(bench: Bench) -> None:
    terminal = bench.terminal()
    texts = {
        terminal.ask(ask.patron(NOBODY, language=language)).screen_message
        for language in (Language.FRENCH, Language.ENGLISH)
    }
    want(() not in texts, "nothing is said of an unknown card")
    want(len(texts) == 2, "French and English are the same")


@check("17/18", _MUST, "an item is told with its status and title", _SAYS)
def _item(bench: Bench) -> None:
    reply = bench.terminal().ask(ask.item(bench.account.items[0]))
    want(reply.item_identifier == bench.account.items[0], "the barcode is not echoed")
    want(reply.title_identifier, "there is no title")


@check("17 of nothing", _MUST, "an unknown item is an 18 with AB echoed and no title", _SAYS)
def _nothing(bench: Bench) -> None:
    reply = bench.terminal().ask(ask.item(NOTHING))
    want(reply.item_identifier == NOTHING, "the barcode is not echoed")


@check("11/12 09/10", _MUST, "an item is lent and taken back, and 17 shows it", _SAYS)
def _loan(bench: Bench) -> None:
    barcode = bench.account.items[0]
    terminal, out = _lent(bench)
    want(not out.renewal_ok, "renewal ok is Y for a new loan")
    want(out.desensitize is True, "desensitize is not Y")
    want(out.due_date, "there is no due date")
    want(terminal.ask(ask.item(barcode)).circulation_status == "04", "17 does not say charged (04)")
    back = terminal.ask(ask.checkin(barcode))
    want(back.ok, f"09 is refused: {' '.join(back.screen_message)}")
    want(back.resensitize, "resensitize is not Y")
    want(terminal.ask(ask.item(barcode)).circulation_status != "04", "17 still says charged (04)")


@check("11 again", _MUST, "what the reader has already is no second loan: ok 0, renewal ok Y, or a renewal", _SAYS)
def _twice(bench: Bench) -> None:
    terminal, _ = _lent(bench)
    again = terminal.ask(ask.checkout(bench.account.patron, bench.account.items[0]))
    want(again.renewal_ok, "renewal ok is N")
    want(not again.desensitize, "desensitize is Y: the item is open already")


@check("11 of nothing", _MUST, "an unknown item is refused: ok 0, and why", _SAYS)
def _no_loan(bench: Bench) -> None:
    reply = bench.terminal().ask(ask.checkout(bench.account.patron, NOTHING))
    want(not reply.ok and not reply.desensitize, "it is lent")
    want(reply.screen_message, "nothing says why")


@check("09 of nothing", _MUST, "an unknown item is refused, with an alert", _SAYS)
def _no_return(bench: Bench) -> None:
    reply = bench.terminal().ask(ask.checkin(NOTHING))
    want(not reply.ok, "it is taken")


@check("29/30", _MUST, "a renewal is answered in its shape, with the due date", _SAYS)
def _renew(bench: Bench) -> None:
    _needs(bench, SupportedMessage.RENEW)
    terminal, out = _lent(bench)
    reply = terminal.ask(ask.renew(bench.account.patron, bench.account.items[0]))
    want(reply.due_date or not reply.ok, "there is no due date")
    want(not reply.desensitize, "desensitize is Y on a renewal")
    want(not reply.ok or reply.due_date >= out.due_date, "the due date moved back")


@check("65/66", _MUST, "all loans are renewed or counted as not", _SAYS)
def _renew_all(bench: Bench) -> None:
    _needs(bench, SupportedMessage.RENEW_ALL)
    terminal, _ = _lent(bench)
    reply = terminal.ask(ask.renew_all(bench.account.patron))
    want((reply.renewed_count or 0) + (reply.unrenewed_count or 0) >= 1, "no loan is counted")
    want(len(reply.renewed_items) == reply.renewed_count, "BM and the count differ")
    want(len(reply.unrenewed_items) == reply.unrenewed_count, "BN and the count differ")


@check("15/16", _MUST, "a hold is placed and deleted, or refused with why", _SAYS)
def _hold(bench: Bench) -> None:
    _needs(bench, SupportedMessage.HOLD)
    terminal = bench.terminal()
    card, barcode = bench.account.patron, bench.account.items[1]
    placed = terminal.ask(ask.hold(HoldMode.ADD, card, barcode))
    want(placed.ok or placed.screen_message, "it is refused, and nothing says why")
    if placed.ok:
        want(terminal.ask(ask.hold(HoldMode.DELETE, card, barcode)).ok, "it cannot be deleted")
    refused = terminal.ask(ask.hold(HoldMode.DELETE, card, barcode))
    want(not refused.ok, "a hold is deleted that there is not")


@check("35/36", _MUST, "a session ends: always Y", _SAYS)
def _end(bench: Bench) -> None:
    want(bench.terminal().ask(ask.end_session(bench.account.patron)).end_session, "it is refused")


@check("19/20", _MUST, "item properties are stored or refused in shape", _SAYS)
def _properties(bench: Bench) -> None:
    barcode, terminal = bench.account.items[0], bench.terminal()
    before = terminal.ask(ask.item(barcode)).item_properties or ""
    reply = terminal.ask(ask.item_status_update(barcode, before))
    want(reply.item_identifier == barcode, "the barcode is not echoed")
    offered = SupportedMessage.ITEM_STATUS_UPDATE in _supported(bench)
    want(reply.item_properties_ok or not offered, "BX offers it, and it is refused")
    after = terminal.ask(ask.item(barcode)).item_properties or ""
    want(after == before, f"17 tells {after!r} where {before!r} was stored")


@check("01/24", _MUST, "a block is answered with the patron status", _SAYS)
def _block(bench: Bench) -> None:
    # Of nobody: a reader's card stays as it is.
    _denied(bench.terminal().ask(ask.block(NOBODY)))


@check("25/26", _MUST, "Patron Enable is answered in its shape, allowed or not", _SAYS)
def _enable(bench: Bench) -> None:
    bench.terminal().ask(ask.enable(bench.account.patron))


@check("37/38", _MUST, "Fee Paid is answered in its shape; what nobody owes is not accepted", _SAYS)
def _fee(bench: Bench) -> None:
    reply = bench.terminal().ask(ask.fee_paid(NOBODY))
    want(not reply.payment_accepted, "a payment for nobody is accepted")


@check("no block", _MUST, "what was done off line is accepted, with the due date that was promised", "no block")
def _offline(bench: Bench) -> None:
    terminal = bench.terminal()
    if not terminal.ask(ask.status()).off_line_ok:
        raise NotApplicable("98 says that off line is not ok")
    at = now() - timedelta(hours=3)
    due = (now() + timedelta(days=40)).replace(hour=23, minute=59, second=0)
    reply = terminal.ask(ask.checkout(bench.account.patron, bench.account.items[0], at, due))
    want(reply.ok, f"it is refused: {' '.join(reply.screen_message)}")
    back = terminal.ask(ask.checkin(bench.account.items[0], at + timedelta(hours=1)))
    want(back.ok, f"its return is refused: {' '.join(back.screen_message)}")


@check("BI", _SHOULD, "BI takes a failed act back, with the due date that was", "cancel")
def _cancel(bench: Bench) -> None:
    barcode = bench.account.items[0]
    terminal, _ = _lent(bench)
    due = terminal.ask(ask.item(barcode)).due_date
    want(terminal.ask(ask.checkin(barcode)).ok, "09 is refused")
    undone = terminal.ask(ask.checkout(bench.account.patron, barcode, cancel=True))
    want(undone.ok, "11 with BI is refused")
    again = terminal.ask(ask.item(barcode))
    want(again.circulation_status == "04" and again.due_date == due, "the loan is not as it was")
    want(terminal.ask(ask.checkin(barcode)).ok, "09 is refused after that")
    _, _ = _lent(bench)
    want(terminal.ask(ask.checkin(barcode, cancel=True)).ok, "09 with BI is refused")
    want(terminal.ask(ask.item(barcode)).circulation_status != "04", "it is still on loan")
