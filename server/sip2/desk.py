"""What a SIP2 device asks of the store: one function for each request about readers, items and loans.

A function takes the desk (who asks, and where), the request and its setting, and gives the response, or what is pending: a
Deferred of the store's answer, and what makes the response of it. Acts are given to the store with a ledger: their response is
made inside the transaction and kept with the effect, so that a device which lost it with its connection gets it again (sip2.md
15.1.4). What was done off line (`no block`) is told of, not asked for: it is done whatever the rules say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from twisted.internet.defer import Deferred

from devices.profiles import DeviceProfile, check_profile, resolve
from protocols.sip2 import codec, messages
from protocols.sip2.codes import SupportedMessage
from protocols.sip2.session import Request, Session
from protocols.sip2.tables import Message
from server.metrics import Metrics
from server.patrons import read_patron
from server.sip2 import acts, readers, replies
from server.sip2 import polish as sip2_polish
from server.sip2.guard import Failures
from server.sip2.setting import Setting, language_of
from storage.catalogue.hits import Hits
from storage.circulation.accounts import ItemAccount, PatronAccount, View, item_information
from storage.circulation.checkin import CHECKIN, CheckinRequest, Mode
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.due import Due
from storage.circulation.pins import PinState
from storage.circulation.renew import RENEW, RenewRequest
from storage.journal import ACKNOWLEDGE, Acknowledged
from storage.network.network import Device, Network
from storage.refusals import Reason
from storage.store import Store, StoreUnavailable
from storage.usecase import Ledger, Origin, Outcome, UseCase

Response: TypeAlias = Message | bytes
"""A response, or its body as it was kept."""
Pending: TypeAlias = tuple[Deferred[Any], Callable[[Any, Any, Setting], Response]]
Q = TypeVar("Q", bound=Any)
F = TypeVar("F")
A = TypeVar("A")
WINDOW: Final = 600
"""For how many seconds the reply to an act is kept for the device's next connection; ..."""
BATCH_WINDOW: Final = 86400
"""... and the reply to one that was done off line: batches are sent again whole when they broke off. Later still, the item's
history tells that it has been told."""
PRINT_WIDTH: Final = 40


class Service(Protocol):
    """What all desks share. *wrong_pins* counts those that come from each device; *hits* are what titles were found last."""

    store: Store
    hits: Hits
    metrics: Metrics
    wrong_pins: Failures


class Desk:
    """The device that has logged in on a connection, and what is remembered between its messages.

    *connection* is the connection's own random number, in the reply ledger; *session* is told how the device speaks.
    """

    def __init__(self, service: Service, device: Device, connection: int, session: Session, address: str) -> None:
        self.store = service.store
        self.hits = service.hits
        self.metrics = service.metrics
        self.code = device.code
        self.address = address
        self._wrong_pins = service.wrong_pins
        self._connection = connection
        self._session = session
        self._password_hash = device.password_hash
        self._width: int | None = None  # of the paper, as 99 told it
        self._place(service.store.network, device)
        self._language = self.profile.language
        self._unacknowledged: bytes | None = None  # the act whose reply the device may still ask for again
        self._followed = False  # ... though it has sent another request since

    def _place(self, network: Network, device: Device) -> None:
        """Take the device as *network* has it, from this message on."""
        self._network = network
        self.library = network.libraries[device.library_id]
        self.origin = Origin("sip2", device.code, device.library_id)
        self.declared = (network.profiles.get("", {}), network.profiles.get(self.library.code, {}), device.profile)
        self.profile: DeviceProfile = resolve(*self.declared)
        self.zone = self.profile.timezone or self.library.zone
        self.supported = SUPPORTED & self.profile.messages
        self.answers = {
            kind: answer
            for kind, answer in ANSWERS.items()
            if kind.CODE in self.profile.messages or kind is messages.EndPatronSession
        }
        self._polishes = sip2_polish.wanted(self.profile)
        self.standing = View.DETAILS if self.profile.details else View.STANDING
        self._lists = View.DETAILS if _detailed(self.profile) else View.LISTS
        self.names = not self.profile.personal.isdisjoint(_NAMES)
        if self.profile.asked_is_seen and messages.ItemInformation in self.answers:
            self.answers[messages.ItemInformation] = acts.item_seen
        self._session.profile = self.profile.wire

    def faults(self) -> list[tuple[str, str]]:
        """Return what is wrong in the profiles that make the device's."""
        return [fault for declared in self.declared for fault in check_profile(declared)]

    def allowed(self) -> bool:
        """Look at the network as it is now; tell whether the device is still declared as it was when it logged in."""
        network = self.store.network
        if network is self._network:
            return True
        device = network.devices.get(self.code)
        if device is None or not device.enabled or device.password_hash != self._password_hash:
            return False
        self._place(network, device)
        return self.profile.lets_in(self.address)

    def leave(self, now: int) -> None:
        """Note, when the connection ends, that the device had its last act's reply: it went on to ask something else."""
        if self._unacknowledged is not None and self._followed:
            asked = Acknowledged(f"sip2:{self.code}", self._unacknowledged, self.origin)
            # In an outage the reply stays until its time is over.
            self.store.transact(ACKNOWLEDGE, asked, now).addErrback(lambda failure: failure.trap(StoreUnavailable))

    def setting(self, message: Message, now: int) -> Setting:
        """Return where, when and in which language *message* is answered.

        The language that the reader chose in 23 or 63 holds until their session ends: 11, 09 and 29 name none.
        """
        self._followed = True
        self._language = language_of(message, self._language, self.profile)
        return Setting(self.library, now, self._language, self.zone, self.profile, self._network)

    def at(self, place: str) -> Origin:
        """Return the origin of a check-in at *place* (AP) when that is a library of ours, else at the device's."""
        if self.profile.checkin_place == "device":
            return self.origin
        library = self.store.network.by_code.get(place.strip().upper())
        if library is None or library is self.library or library.kind == "external":
            return self.origin
        return Origin("sip2", self.code, library.id)

    def forget_reader(self) -> None:
        """Let nothing of a reader's session reach the next reader."""
        self._language = self.profile.language

    def status(self, message: messages.SCStatus) -> None:
        """Note what the terminal says of itself: its version, and the width of its paper."""
        self._session.legacy = message.protocol_version.startswith("1.")
        self._width = message.max_print_width

    def polished(self, response: Response, setting: Setting) -> Response:
        """Return *response* with what the profile wants of its texts; what comes from the ledger has it."""
        if not self._polishes or isinstance(response, bytes):
            return response
        width = self.profile.print_width if self._width is None else self._width
        return sip2_polish.polish(response, setting, width)

    def turned_away(self, pin: str | None, now: int) -> Reason | None:
        """Return why nothing that comes with this *pin* is looked at; None when it is."""
        if not pin:
            return Reason.WRONG_PIN if self.profile.pin_required else None
        limit = self.profile.pin_tries
        return Reason.PIN_LOCKED if limit and self._wrong_pins.reach(self.code, limit, now) else None

    def _count(self, reason: Reason, now: int) -> None:
        self.metrics.count("refusals", "sip2", reason.value)
        if reason is Reason.WRONG_PIN:
            self._wrong_pins.add(self.code, now)

    def account(self, message: Any, setting: Setting, view: View) -> Deferred[PatronAccount]:
        """Ask for a reader. An empty AD is no PIN: a terminal that does not ask for PINs sends it so."""
        card, pin = message.patron_identifier.strip(), message.patron_password or None
        return read_patron(self.store, card, pin, self.origin, setting.now, view)

    def item(self, message: Any, setting: Setting) -> Deferred[ItemAccount]:
        """Ask for an item."""
        barcode, library = message.item_identifier.strip(), self.library.id
        return self.store.read(item_information(self.store.network, barcode, library, setting.now, names=self.names))

    def count_pin(self, account: PatronAccount, now: int) -> None:
        """Count a PIN that was wrong."""
        if account.pin is PinState.WRONG:
            self._count(Reason.WRONG_PIN, now)

    def told(self, account: PatronAccount, message: Any, setting: Setting) -> Response:
        """Answer 23 or 63."""
        self.count_pin(account, setting.now)
        if message.CODE == "23":
            return readers.patron_status(account, message, setting)
        return readers.patron_information(account, message, setting)

    @property
    def lists(self) -> View:
        """How much of an account 63 needs."""
        return self._lists

    def act(
        self,
        usecase: UseCase[Q, F, A],
        asked: Q,
        request: Request,
        setting: Setting,
        reply: Callable[[A, Any, Setting], Message],
        window: int = WINDOW,
    ) -> Pending:
        """Have *usecase* done; its outcome has the body of the response, which is on disk with the effect."""
        charset = self.profile.charset

        def render(answer: A) -> bytes:
            response = self.polished(reply(answer, request.message, setting), setting)
            return response if isinstance(response, bytes) else codec.encode(response, charset)

        return self.store.transact(usecase, asked, setting.now, self.ledger(request, render, window)), self.done

    def ledger(self, request: Request, render: Callable[[A], bytes], window: int = WINDOW) -> Ledger[A]:
        """Return how the reply to *request* is kept; that to the one before need be no longer."""
        digest = blake2b(request.body, digest_size=16).digest()
        acknowledged, self._unacknowledged, self._followed = self._unacknowledged, digest, False
        return Ledger(f"sip2:{self.code}", digest, self._connection, render, window, acknowledges=acknowledged)

    def done(self, outcome: Outcome[Any], message: Message, setting: Setting) -> bytes:
        """Count what came of an act, and return the body of its response."""
        if outcome.answer is None:
            self.metrics.count("repeats", "sip2", message.CODE)
        else:
            for reason in outcome.answer.reasons:
                self._count(reason, setting.now)
        return outcome.reply


def _detailed(profile: DeviceProfile) -> bool:
    """Tell whether 64 needs more of an account than it does by default."""
    return profile.details or profile.entries == "title" or not profile.personal.isdisjoint(readers.DETAILED)


def answer(desk: Desk, request: Request, setting: Setting) -> Response | Pending:
    """Answer *request* as its kind is answered, if the device may make it and its PIN is not turned away unseen."""
    message: Any = request.message
    answers = desk.answers.get(type(message), not_supported)
    done = getattr(message, "no_block", False) or getattr(message, "cancel", False)
    if answers in _WITH_PIN and not done:  # Nobody is asked for a PIN for what has happened, or has failed.
        reason = desk.turned_away(message.patron_password, setting.now)
        if reason is not None:
            return replies.refusal(message, setting, setting.say(reason))
    return answers(desk, request, setting)


def patron_status(desk: Desk, request: Request, setting: Setting) -> Pending:
    """Answer 23."""
    return desk.account(request.message, setting, desk.standing), desk.told


def patron_information(desk: Desk, request: Request, setting: Setting) -> Pending:
    """Answer 63."""
    return desk.account(request.message, setting, desk.lists), desk.told


def item_status(desk: Desk, request: Request, setting: Setting) -> Pending:
    """Answer 17."""
    return desk.item(request.message, setting), replies.item_information


def _instant(date: datetime | None, setting: Setting) -> int | None:
    """Return a date of the wire in seconds since 1970 UTC; without a zone it is of the device's own clock."""
    if date is None:
        return None
    return int((date if date.tzinfo else date.replace(tzinfo=setting.zone)).timestamp())


def _happened(asked: Any, message: Any, setting: Setting) -> Any:
    """Return a request for what was done off line: when that was, and what the reader was told."""
    promised = message.nb_due_date
    due = Due(promised.date().isoformat()) if promised is not None else None
    return replace(asked, offline=True, done_at=_instant(message.transaction_date, setting), due=due)


def checkout(desk: Desk, request: Request, setting: Setting) -> Response | Pending:
    """Answer 11."""
    message: Any = request.message
    if message.cancel:
        return acts.undo(desk, request, setting)
    asked = CheckoutRequest(
        message.patron_identifier.strip(),
        message.item_identifier.strip(),
        desk.origin,
        message.patron_password or None,
        message.sc_renewal_policy,
        accepts_fee=bool(message.fee_acknowledged),
    )
    if message.no_block:
        return desk.act(CHECKOUT, _happened(asked, message, setting), request, setting, replies.checkout, BATCH_WINDOW)
    return desk.act(CHECKOUT, asked, request, setting, replies.checkout)


def checkin(desk: Desk, request: Request, setting: Setting) -> Response | Pending:
    """Answer 09."""
    message: Any = request.message
    if message.cancel:
        return acts.undo(desk, request, setting)
    returned = _instant(message.return_date, setting)
    barcode, origin = message.item_identifier.strip(), desk.at(message.current_location)
    mode = _MODES[desk.profile.checkin_mode]
    if message.no_block:
        returned = returned or _instant(message.transaction_date, setting)
        asked = CheckinRequest(barcode, origin, returned, mode, offline=True, names=desk.names)
        return desk.act(CHECKIN, asked, request, setting, replies.checkin, BATCH_WINDOW)
    asked = CheckinRequest(barcode, origin, returned, mode, names=desk.names)
    return desk.act(CHECKIN, asked, request, setting, replies.checkin)


def renew(desk: Desk, request: Request, setting: Setting) -> Pending:
    """Answer 29. A loan is named by its item, or by its title alone."""
    message: Any = request.message
    if not message.item_identifier and message.title_identifier:
        return acts.renew_title(desk, request, setting)
    asked = RenewRequest(
        message.patron_identifier.strip(),
        (message.item_identifier or "").strip(),
        desk.origin,
        message.patron_password or None,
    )
    if message.no_block:
        return desk.act(RENEW, _happened(asked, message, setting), request, setting, replies.renew, BATCH_WINDOW)
    return desk.act(RENEW, asked, request, setting, replies.renew)


def end_session(desk: Desk, request: Request, setting: Setting) -> Response:
    """Answer 35."""
    message: Any = request.message
    desk.forget_reader()
    return readers.end_session(message, setting)


def not_supported(_desk: Desk, request: Request, setting: Setting) -> Response:
    """Answer what is not offered, in its own shape."""
    return replies.refusal(request.message, setting, setting.say(Reason.NOT_SUPPORTED))


ANSWERS: Final[dict[type[Message], Callable[[Desk, Request, Setting], Response | Pending]]] = {
    messages.PatronStatusRequest: patron_status,
    messages.PatronInformation: patron_information,
    messages.ItemInformation: item_status,
    messages.Checkout: checkout,
    messages.Checkin: checkin,
    messages.Renew: renew,
    messages.RenewAll: acts.renew_all,
    messages.Hold: acts.hold,
    messages.BlockPatron: acts.block_patron,
    messages.PatronEnable: acts.patron_enable,
    messages.ItemStatusUpdate: acts.item_status_update,
    messages.FeePaid: acts.fee_paid,
    messages.EndPatronSession: end_session,
}
"""The requests that are answered out of the store. 93, 99 and 97 are the connection's own."""
_WITH_PIN: Final = frozenset(
    {patron_status, patron_information, checkout, renew, acts.renew_all, acts.hold, acts.patron_enable}
)
_NAMES: Final = frozenset({b"AA", b"CY", b"DA", b"BF"})
"""The personal fields of 10 and 18."""
_MODES: Final = {mode.value: mode for mode in Mode}
_OWN: Final[tuple[type[Message], ...]] = (messages.SCStatus, messages.RequestACSResend, messages.Login)
SUPPORTED: Final = frozenset(SupportedMessage(kind.CODE) for kind in (*ANSWERS, *_OWN) if kind is not messages.FeePaid)
"""All requests that are answered in earnest, for BX: there is nothing to pay."""
