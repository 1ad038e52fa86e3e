"""What a SIP2 device asks of the store: one function for each request that is answered in earnest.

A function takes the desk (who asks, and where), the request and its setting, and gives the response, or what is pending: a
Deferred of the store's answer, and what makes the response of it. Acts are given to the store with a ledger: their response is
made inside the transaction and kept with the effect, so that a device which lost it with its connection gets it again (sip2.md
15.1.4).
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from twisted.internet.defer import Deferred

from protocols.sip2 import codec, messages
from protocols.sip2.session import Request
from protocols.sip2.tables import Message
from server import sip2_replies as replies
from server.metrics import Metrics
from server.patrons import read_patron
from server.sip2_replies import Setting
from storage.circulation.accounts import PatronAccount, View, item_information
from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
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


class Service(Protocol):
    """What all desks share."""

    store: Store
    metrics: Metrics


class Desk:
    """The device that has logged in on a connection, and what is remembered between its messages.

    *connection* is the connection's own random number, in the reply ledger.
    """

    def __init__(self, service: Service, device: Device, connection: int, charset: str) -> None:
        self.store = service.store
        self.metrics = service.metrics
        self.code = device.code
        self.charset = charset
        self._connection = connection
        self._password_hash = device.password_hash
        self._place(service.store.network, device)
        self._language = "fr"
        self._unacknowledged: bytes | None = None  # the act whose reply the device may still ask for again
        self._followed = False  # ... though it has sent another request since

    def _place(self, network: Network, device: Device) -> None:
        self._network = network
        self.library = network.libraries[device.library_id]
        self.origin = Origin("sip2", device.code, device.library_id)

    def allowed(self) -> bool:
        """Look at the network as it is now; tell whether the device is still declared as it was when it logged in."""
        network = self.store.network
        if network is self._network:
            return True
        device = network.devices.get(self.code)
        if device is None or not device.enabled or device.password_hash != self._password_hash:
            return False
        self._place(network, device)
        return True

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
        self._language = replies.language_of(message, self._language)
        return Setting(self.library, now, self._language, self.library.zone)

    def at(self, place: str) -> Origin:
        """Return the origin of a check-in at *place* (AP) when that is a library of ours, else at the device's."""
        library = self.store.network.by_code.get(place.strip().upper())
        if library is None or library is self.library or library.kind == "external":
            return self.origin
        return Origin("sip2", self.code, library.id)

    def forget_reader(self) -> None:
        """Let nothing of a reader's session reach the next reader."""
        self._language = "fr"

    def act(
        self,
        usecase: UseCase[Q, F, A],
        asked: Q,
        request: Request,
        setting: Setting,
        reply: Callable[[A, Any, Setting], Message],
    ) -> Pending:
        """Have *usecase* done; its outcome has the body of the response, which is on disk with the effect."""
        digest = blake2b(request.body, digest_size=16).digest()
        acknowledged, self._unacknowledged, self._followed = self._unacknowledged, digest, False

        def render(answer: A) -> bytes:
            return codec.encode(reply(answer, request.message, setting), self.charset)

        ledger = Ledger(f"sip2:{self.code}", digest, self._connection, render, acknowledges=acknowledged)
        return self.store.transact(usecase, asked, setting.now, ledger), self._done

    def _done(self, outcome: Outcome[Any], message: Message, setting: Setting) -> bytes:
        """Count what came of an act, and return the body of its response."""
        if outcome.answer is None:
            self.metrics.count("repeats", "sip2", message.CODE)
        else:
            for reason in outcome.answer.reasons:
                self.metrics.count("refusals", "sip2", reason.value)
        return outcome.reply


def _account(desk: Desk, message: Any, setting: Setting, view: View) -> Deferred[PatronAccount]:
    """Ask for a reader. An empty AD is no PIN: a terminal that does not ask for PINs sends it so."""
    card, pin = message.patron_identifier.strip(), message.patron_password or None
    return read_patron(desk.store, card, pin, desk.origin, setting.now, view)


def patron_status(desk: Desk, request: Request, setting: Setting) -> Pending:
    """Answer 23."""
    return _account(desk, request.message, setting, View.STANDING), replies.patron_status


def patron_information(desk: Desk, request: Request, setting: Setting) -> Pending:
    """Answer 63."""
    return _account(desk, request.message, setting, View.LISTS), replies.patron_information


def item_status(desk: Desk, request: Request, setting: Setting) -> Pending:
    """Answer 17."""
    message: Any = request.message
    steps = item_information(desk.store.network, message.item_identifier.strip(), desk.library.id, setting.now)
    return desk.store.read(steps), replies.item_information


def checkout(desk: Desk, request: Request, setting: Setting) -> Response | Pending:
    """Answer 11."""
    message: Any = request.message
    if message.cancel:
        return not_supported(desk, request, setting)
    asked = CheckoutRequest(
        message.patron_identifier.strip(),
        message.item_identifier.strip(),
        desk.origin,
        message.patron_password or None,
        message.sc_renewal_policy,
    )
    return desk.act(CHECKOUT, asked, request, setting, replies.checkout)


def checkin(desk: Desk, request: Request, setting: Setting) -> Response | Pending:
    """Answer 09."""
    message: Any = request.message
    if message.cancel:
        return not_supported(desk, request, setting)
    returned = message.return_date
    if returned is not None:
        returned = int((returned if returned.tzinfo else returned.replace(tzinfo=setting.zone)).timestamp())
    asked = CheckinRequest(message.item_identifier.strip(), desk.at(message.current_location), returned)
    return desk.act(CHECKIN, asked, request, setting, replies.checkin)


def renew(desk: Desk, request: Request, setting: Setting) -> Pending:
    """Answer 29. A loan is named by its item; one that is named by its title alone is not found."""
    message: Any = request.message
    asked = RenewRequest(
        message.patron_identifier.strip(),
        (message.item_identifier or "").strip(),
        desk.origin,
        message.patron_password or None,
    )
    return desk.act(RENEW, asked, request, setting, replies.renew)


def end_session(desk: Desk, request: Request, setting: Setting) -> Response:
    """Answer 35."""
    message: Any = request.message
    desk.forget_reader()
    return replies.end_session(message, setting)


def not_supported(desk: Desk, request: Request, setting: Setting) -> Response:
    """Answer what is not offered, in its own shape."""
    return replies.refusal(request.message, setting, setting.say(Reason.NOT_SUPPORTED))


ANSWERS: Final[dict[type[Message], Callable[[Desk, Request, Setting], Response | Pending]]] = {
    messages.PatronStatusRequest: patron_status,
    messages.PatronInformation: patron_information,
    messages.ItemInformation: item_status,
    messages.Checkout: checkout,
    messages.Checkin: checkin,
    messages.Renew: renew,
    messages.EndPatronSession: end_session,
}
"""The requests that are answered out of the store. 93, 99 and 97 are the connection's own."""
