"""The requests of SIP2 that change something besides a loan: holds, blocks, item properties, all renewals, fees; and BI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred

from protocols.sip2 import messages
from protocols.sip2.codes import HoldMode
from protocols.sip2.session import Request
from protocols.sip2.tables import Message
from server.patrons import read_patron
from server.sip2 import readers, replies
from server.sip2.setting import Setting
from server.sip2.tables import AT_THE_DESK, FREE
from storage.catalogue.access_points import TITLE
from storage.catalogue.query import Kind, QueryError, Term
from storage.catalogue.search import search
from storage.circulation.accounts import ItemAccount, PatronAccount, View
from storage.circulation.acts import LoanAnswer
from storage.circulation.holds.amend import AMEND_HOLD, AmendRequest
from storage.circulation.holds.answers import HoldRequest
from storage.circulation.holds.change import CANCEL_HOLD
from storage.circulation.holds.place import PLACE_HOLD, PlaceHoldRequest
from storage.circulation.marking import MARK, MarkRequest
from storage.circulation.patrons.act import PatronAnswer
from storage.circulation.patrons.blocks import BLOCK, UNBLOCK, BlockRequest, UnblockRequest
from storage.circulation.properties import STORE_PROPERTIES, PropertiesRequest
from storage.circulation.renew import RENEW, RenewRequest
from storage.circulation.renew_all import RENEW_ALL, RenewAllRequest
from storage.circulation.undo import UNDO, UndoRequest
from storage.refusals import Reason
from storage.usecase import Outcome

if TYPE_CHECKING:
    from server.sip2.desk import Desk, Pending, Response

KIOSK_BLOCK: Final = "terminal"
"""The kind of block that a terminal sets (01) and lifts (25): those of staff it does not touch."""
_MISSING: Final = frozenset({"missing", "lost"})
_SPECIFIC: Final = "3"
_NO_LIBRARY: Final = -1


def undo(desk: Desk, request: Request, setting: Setting) -> Pending:
    """Answer 11 or 09 with BI: take back the act that failed at the terminal, which is the other one."""
    message: Any = request.message
    barcode = message.item_identifier.strip()
    if isinstance(message, messages.Checkout):
        asked = UndoRequest(barcode, "checkin", desk.origin, message.patron_identifier.strip())
    else:
        asked = UndoRequest(barcode, "checkout", desk.origin)
    return desk.act(UNDO, asked, request, setting, replies.undone)


def hold(desk: Desk, request: Request, setting: Setting) -> Response | Pending:
    """Answer 15. A title is named by an item of it (AB), by the number of its record, or as it is written (AJ)."""
    message: Any = request.message
    title = (message.title_identifier or "").strip()
    record = int(title) if title.isascii() and title.isdigit() and len(title) < 18 else None
    if record is not None or not title or (message.item_identifier or "").strip():
        return _hold(desk, request, setting, record)

    def found(record: int | None) -> Response | Deferred[Any]:
        asked = _hold(desk, request, setting, record)
        return asked[0] if isinstance(asked, tuple) else asked

    def answered(outcome: Response | Outcome[Any], message: Message, setting: Setting) -> Response:
        return desk.done(outcome, message, setting) if isinstance(outcome, Outcome) else outcome

    return _record_of(desk, title).addCallback(found), answered


def _record_of(desk: Desk, title: str) -> Deferred[int | None]:
    """Look for the record with this title: None when there is none, or several, for which of them is meant nobody knows."""
    steps = search(desk.hits, Term((TITLE,), Kind.HEADING, title), (), lambda _name: None)
    return desk.store.read(steps).addCallbacks(
        lambda found: found[0] if len(found) == 1 else None, lambda failure: failure.trap(QueryError) and None
    )


def _hold(desk: Desk, request: Request, setting: Setting, record: int | None) -> Response | Pending:
    message: Any = request.message
    named: dict[str, Any] = {
        "card": message.patron_identifier.strip(),
        "origin": desk.origin,
        "pin": message.patron_password or None,
        "barcode": (message.item_identifier or "").strip(),
    }
    until = message.expiration_date.date().isoformat() if message.expiration_date is not None else None
    pickup = _library(desk, message.pickup_location)
    if message.hold_mode is HoldMode.ADD:
        this_item = message.hold_type == _SPECIFIC
        asked = PlaceHoldRequest(**named, record_id=record, this_item=this_item, pickup_id=pickup, expires_on=until)
        return desk.act(PLACE_HOLD, asked, request, setting, replies.hold)
    named["record_id"] = record or 0
    if message.hold_mode is HoldMode.DELETE:
        return desk.act(CANCEL_HOLD, HoldRequest(**named), request, setting, replies.hold)
    if message.hold_mode is HoldMode.CHANGE and (pickup is not None or until is not None):
        changes = AmendRequest(**named, pickup_id=pickup, needed_by=until)
        return desk.act(AMEND_HOLD, changes, request, setting, replies.hold)
    return replies.refusal(message, setting, setting.say(Reason.NOT_SUPPORTED))


def _library(desk: Desk, code: str | None) -> int | None:
    """Return the library of BS: None without one, and none that is there for a code that is none."""
    if not (code or "").strip():
        return None
    found = desk.store.network.by_code.get(str(code).strip().upper())
    return found.id if found is not None else _NO_LIBRARY


def item_status_update(desk: Desk, request: Request, setting: Setting) -> Pending:
    """Answer 19."""
    message: Any = request.message
    asked = PropertiesRequest(message.item_identifier.strip(), message.item_properties, desk.origin)
    return desk.act(STORE_PROPERTIES, asked, request, setting, replies.properties)


def item_seen(desk: Desk, request: Request, setting: Setting) -> Pending:
    """Answer 17 of a device that has in its hands what it asks about: an item that was missing is found."""
    message: Any = request.message
    barcode = message.item_identifier.strip()

    def read(_marked: object = None) -> Deferred[ItemAccount]:
        return desk.item(message, setting)

    def seen(account: ItemAccount) -> ItemAccount | Deferred[ItemAccount]:
        item = account.item
        if item is None or item.row.condition not in _MISSING or item.row.loan_id is not None:
            return account
        return desk.store.transact(MARK, MarkRequest(barcode, "good", desk.origin), setting.now).addCallback(read)

    return read().addCallback(seen), replies.item_information


def block_patron(desk: Desk, request: Request, setting: Setting) -> Pending:
    """Answer 01. Told twice it is done once; the answer shows what is so then."""
    message: Any = request.message
    card = message.patron_identifier.strip()
    retained = "card retained; " if message.card_retained else ""
    asked = BlockRequest(card, KIOSK_BLOCK, desk.origin, note=f"{retained}{message.blocked_card_message}"[:200])
    blocking = desk.store.transact(BLOCK, asked, setting.now, desk.ledger(request, _done))
    return blocking.addCallback(_read_again, desk, card, setting), readers.patron_status


def _done(_answer: PatronAnswer) -> bytes:
    """Return what the ledger keeps of a block: that it was set or lifted. What is answered is read anew."""
    return b""


def _read_again(_done: Outcome[Any], desk: Desk, card: str, setting: Setting) -> Deferred[PatronAccount]:
    return read_patron(desk.store, card, None, desk.origin, setting.now, desk.standing)


def patron_enable(desk: Desk, request: Request, setting: Setting) -> Pending:
    """Answer 25: lift what 01 has set, if the PIN that came is right."""
    message: Any = request.message
    card = message.patron_identifier.strip()

    def enable(account: PatronAccount) -> PatronAccount | Deferred[PatronAccount]:
        desk.count_pin(account, setting.now)
        if isinstance(readers.open_account(account), Reason):
            return account
        asked = UnblockRequest(card, KIOSK_BLOCK, desk.origin)
        lifting = desk.store.transact(UNBLOCK, asked, setting.now, desk.ledger(request, _done))
        return lifting.addCallback(_read_again, desk, card, setting).addCallback(
            lambda now: now._replace(pin=account.pin)
        )

    reading = read_patron(desk.store, card, message.patron_password or None, desk.origin, setting.now, desk.standing)
    return reading.addCallback(enable), readers.patron_enable


def renew_all(desk: Desk, request: Request, setting: Setting) -> Pending:
    """Answer 65."""
    message: Any = request.message
    asked = RenewAllRequest(message.patron_identifier.strip(), desk.origin, message.patron_password or None)
    return desk.act(RENEW_ALL, asked, request, setting, replies.renew_all)


def renew_title(desk: Desk, request: Request, setting: Setting) -> Pending:
    """Answer 29 without AB: renew the reader's loan that has this title, or is of the record with this number."""
    message: Any = request.message
    wanted = message.title_identifier.strip()

    def renew(account: PatronAccount) -> Reason | Deferred[Any]:
        desk.count_pin(account, setting.now)
        patron = readers.open_account(account)
        if isinstance(patron, Reason):
            return patron
        found = [loan.barcode for loan in account.loans if wanted in {loan.title, str(loan.record_id)}]
        if not found:
            return Reason.NOT_ON_LOAN_TO_PATRON
        asked = RenewRequest(message.patron_identifier.strip(), found[0], desk.origin)
        return desk.act(RENEW, asked, request, setting, replies.renew)[0]

    def answered(outcome: Reason | Outcome[LoanAnswer], message: Any, setting: Setting) -> Response:
        if isinstance(outcome, Reason):
            return replies.refusal(message, setting, setting.say(outcome))
        return desk.done(outcome, message, setting)

    reading: Deferred[Any] = desk.account(message, setting, View.DETAILS)
    return reading.addCallback(renew), answered


def fee_paid(desk: Desk, request: Request, setting: Setting) -> Response:
    """Answer 37: no money is taken that nobody owes, and none is counted here where the network has voted a fee (S-13)."""
    word = AT_THE_DESK if desk.store.network.charges else FREE
    return replies.refusal(request.message, setting, (setting.word(word),))
