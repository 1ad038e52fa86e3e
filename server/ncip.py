"""The NCIP responder: the octets of a question to the octets of its answer, with the store between them.

Whatever comes in, an NCIP document goes out. A request that changes something is kept with its answer, so that a repeat of
the same octets gets the same answer as long as the effect stands. Bodies, names, card numbers and PINs are never logged.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from hashlib import blake2b
from time import perf_counter
from typing import Any, Final, NamedTuple, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from protocols.ncip import Defect, Fault, Received, SchemeValue, problem, read, write
from protocols.ncip.base import Initiation, PlainResponse, ProblemMessage, Response, response_header
from protocols.ncip.circulation import CheckInItem, CheckOutItem, RenewItem
from protocols.ncip.elements import Agency, AuthenticationInput, ItemId, Problem, UserId
from protocols.ncip.envelope import VERSIONS
from protocols.ncip.lookups import LookupItem, LookupUser
from protocols.ncip.messages import LookupVersion, LookupVersionResponse, UniqueAgencyId, VersionAgency
from protocols.ncip.problems import ProblemType
from protocols.ncip.schemes import AuthenticationInputType
from protocols.xmlsafe import LIMITS
from server import ncip_answers
from server.metrics import METRICS, Metrics
from server.ncip_answers import Setting
from server.ncip_partners import Partners, place_of
from server.ncip_refusals import ITEM, USER, Refused, refusals
from server.patrons import read_patron
from storage.circulation.accounts import item_information
from storage.circulation.acts import LoanAnswer
from storage.circulation.checkin import CHECKIN, CheckinRequest, ReturnAnswer
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.pins import PinState
from storage.circulation.renew import RENEW, RenewRequest
from storage.refusals import Reason
from storage.store import Store, StoreUnavailable
from storage.usecase import Ledger, Origin, Request, UseCase

_LOANS_KEPT: Final = 86_400
_RETURNS_KEPT: Final = 600
"""For how long, in seconds, a repeat gets its first answer, provided that the effect stands.

The same loan, renewed as often, is the same however late the repeat comes. But an item that comes in twice in a day may have
travelled between, and the second time is then a new one.
"""

_DAMAGE: Final = {
    Defect.INVALID_DATE: ProblemType.INVALID_DATE,
    Defect.INVALID_NUMBER: ProblemType.INVALID_AMOUNT,
}
"""What is not tolerated in a request that changes something."""

_PROOFS: Final = frozenset({AuthenticationInputType.PIN, AuthenticationInputType.PASSWORD})
_UNCHECKED: Final = frozenset(
    {
        AuthenticationInputType.MD5_MESSAGE_DIGEST_ALGORITHM,
        AuthenticationInputType.SECONDARY_CONFIRMATION_STRING,
        AuthenticationInputType.X_509_CERTIFICATE,
    }
)
"""Proofs that nobody here can check: as good as a wrong PIN."""

_WRONG: Final = {PinState.WRONG: Reason.WRONG_PIN, PinState.LOCKED: Reason.PIN_LOCKED}

Q = TypeVar("Q", bound=Request)
A = TypeVar("A", LoanAnswer, ReturnAnswer)


class _Asked(NamedTuple):
    """A request with all that its answer depends on."""

    message: Any
    received: Received
    digest: bytes
    setting: Setting
    origin: Origin
    now: int

    @property
    def service(self) -> str:
        """Name of the service."""
        service: str = self.message.service
        return service

    def refused(self, reasons: tuple[Reason, ...], values: Mapping[str, str]) -> Refused:
        """Make the refusal for the store's *reasons*."""
        return Refused(*refusals(self.service, reasons, self.setting.language, values), reasons=reasons)

    def write(self, message: Response) -> bytes:
        """Write the answer in the envelope of the question."""
        return write(message, self.received.envelope)


@dataclass(frozen=True, slots=True, repr=False)
class _Reader:
    """Whom a request names: the card, what proves it (None: nothing was given), and what a problem may repeat."""

    card: str
    pin: str | None
    values: Mapping[str, str]


class Responder:
    """Answers NCIP questions from a store.

    *anonymous* is the agency that messages without a FromAgencyId are taken to come from; None refuses them. *size* is the
    limit of a message in octets.
    """

    log = Logger()

    def __init__(
        self,
        store: Store,
        clock: IReactorTime,
        *,
        anonymous: str | None = None,
        size: int = LIMITS.size,
        metrics: Metrics = METRICS,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._partners = Partners(anonymous)
        self._limits = replace(LIMITS, size=size)
        self._services: dict[type[Initiation], Callable[[_Asked], Awaitable[bytes]]] = {
            LookupUser: self._lookup_user,
            LookupItem: self._lookup_item,
            CheckOutItem: self._check_out,
            CheckInItem: self._check_in,
            RenewItem: self._renew,
        }

    @property
    def ready(self) -> bool:
        """Whether the store answers."""
        return self._store.healthy

    def answer(self, body: bytes, charset: str | None = None) -> Deferred[bytes]:
        """Answer one document; *charset* is what the transport says of its encoding. Never fails."""
        return Deferred.fromCoroutine(self._answer(body, charset))

    async def _answer(self, body: bytes, charset: str | None) -> bytes:
        began = perf_counter()
        # A date without a zone was written in ours; a network without libraries has none.
        zones = (library.zone for library in self._store.network.libraries.values())
        received = read(body, zone=next(zones, UTC), charset=charset, limits=self._limits)
        if isinstance(received, Fault):
            self._metrics.count("faults", "ncip", "unreadable")
            return write(received.answer, received.envelope)
        message = received.message
        if not isinstance(message, Initiation):
            self._metrics.count("faults", "ncip", "response")
            told = problem(None, ProblemType.PROTOCOL_ERROR, "this answers nothing that was asked", "NCIPMessage")
            return write(ProblemMessage(problem=(told,)), received.envelope)
        for defect, _ in received.defects:
            self._metrics.count("defects", "ncip", defect.value)
        try:
            answered = await self._serve(message, received, body)
        except Refused as refused:
            self._count(refused.reasons)
            answered = write(_refusal(message, refused.problems), received.envelope)
        self._metrics.observe("ncip", message.service, perf_counter() - began)
        return answered

    async def _serve(self, message: Initiation, received: Received, body: bytes) -> bytes:
        """Render the service; raises `Refused` and nothing else."""
        service = message.service
        try:
            if isinstance(message, LookupVersion):
                return write(_versions(message, self._store.network.name), received.envelope)
            handler = self._services.get(type(message))
            if handler is not None:
                return await handler(await self._asked(message, received, body))
        except Refused:
            raise
        except StoreUnavailable:
            pass
        except Exception:  # noqa: BLE001 (whatever is wrong with us, the partner gets an answer)
            self.log.failure("NCIP {service} failed", service=service)
        else:
            detail = f"{service} is not offered here"
            told = problem(service, ProblemType.UNSUPPORTED_SERVICE, detail, "NCIPMessage", service)
            raise Refused(told, reasons=(Reason.NOT_SUPPORTED,))
        raise Refused(*refusals(service, (Reason.UNAVAILABLE,), "en", {}), reasons=(Reason.UNAVAILABLE,))

    async def _asked(self, message: Initiation, received: Received, body: bytes) -> _Asked:
        network, header = self._store.network, message.initiation_header
        partner = await self._partners.identify(network, message.service, header)
        place = place_of(network, header, partner)
        setting = Setting(network, place, response_header(header), str(partner.profile.get("language", "fr")))
        origin = Origin("ncip", partner.agency, place.id)
        digest = blake2b(body, digest_size=16).digest()
        return _Asked(message, received, digest, setting, origin, int(self._clock.seconds()))

    async def _lookup_user(self, asked: _Asked) -> bytes:
        message: LookupUser = asked.message
        reader = _reader(asked.service, message.user_id, message.authentication_input)
        account = await read_patron(self._store, reader.card, reader.pin, asked.origin, asked.now)
        if account.patron is None:
            raise asked.refused((account.reason or Reason.UNKNOWN_PATRON,), reader.values)
        if account.pin in _WRONG:
            raise asked.refused((_WRONG[account.pin],), reader.values)
        return asked.write(ncip_answers.lookup_user(asked.setting, message, account, account.patron))

    async def _lookup_item(self, asked: _Asked) -> bytes:
        message: LookupItem = asked.message
        if message.item_id is None and message.request_id is not None:
            detail = "requests are not looked up here: give ItemId"
            raise Refused(problem(asked.service, ProblemType.ELEMENT_RULE_VIOLATED, detail, "RequestId"))
        barcode = _barcode(asked.service, message.item_id)
        steps = item_information(asked.setting.network, barcode, asked.origin.library_id, asked.now)
        account = await self._store.read(steps)
        if account.item is None:
            raise asked.refused((account.reason or Reason.UNKNOWN_ITEM,), {ITEM: barcode})
        return asked.write(ncip_answers.lookup_item(asked.setting, message, account, account.item))

    async def _check_out(self, asked: _Asked) -> bytes:
        message: CheckOutItem = asked.message
        barcode = _barcode(asked.service, message.item_id)
        reader = _reader(asked.service, message.user_id, message.authentication_input)
        request = CheckoutRequest(reader.card, barcode, asked.origin, reader.pin)
        values = {**reader.values, ITEM: barcode}

        def made(answer: LoanAnswer) -> Response:
            return ncip_answers.check_out(asked.setting, message, answer)

        return await self._act(asked, CHECKOUT, request, values, made, _LOANS_KEPT)

    async def _renew(self, asked: _Asked) -> bytes:
        message: RenewItem = asked.message
        barcode = _barcode(asked.service, message.item_id)
        reader = _reader(asked.service, message.user_id, message.authentication_input)
        request = RenewRequest(reader.card, barcode, asked.origin, reader.pin)
        values = {**reader.values, ITEM: barcode}

        def made(answer: LoanAnswer) -> Response:
            return ncip_answers.renew(asked.setting, message, answer)

        return await self._act(asked, RENEW, request, values, made, _LOANS_KEPT)

    async def _check_in(self, asked: _Asked) -> bytes:
        message: CheckInItem = asked.message
        barcode = _barcode(asked.service, message.item_id)
        happened = message.mandated_action and message.mandated_action.date_event_occurred
        request = CheckinRequest(barcode, asked.origin, int(happened.timestamp()) if happened else None)

        def made(answer: ReturnAnswer) -> Response:
            return ncip_answers.check_in(asked.setting, message, answer)

        return await self._act(asked, CHECKIN, request, {ITEM: barcode}, made, _RETURNS_KEPT)

    async def _act(
        self,
        asked: _Asked,
        usecase: UseCase[Q, Any, A],
        request: Q,
        values: Mapping[str, str],
        made: Callable[[A], Response],
        kept: int,
    ) -> bytes:
        """Have the store do *request* once, and give the answer that it keeps."""
        for defect, element in asked.received.defects:
            if defect in _DAMAGE:
                detail = "neither understood nor to be left out"
                raise Refused(problem(asked.service, _DAMAGE[defect], detail, element))

        def render(answer: A) -> bytes:
            if answer.reasons:
                return asked.write(_refusal(asked.message, asked.refused(answer.reasons, values).problems))
            return asked.write(made(answer))

        ledger = Ledger(f"ncip:{asked.origin.actor}", asked.digest, 0, render, kept)
        outcome = await self._store.transact(usecase, request, asked.now, ledger)
        if outcome.answer is None:
            self._metrics.count("repeats", "ncip", asked.service)
        else:
            self._count(outcome.answer.reasons)
        return outcome.reply

    def _count(self, reasons: tuple[Reason, ...]) -> None:
        for reason in reasons:
            self._metrics.count("refusals", "ncip", reason.value)


def _refusal(message: Initiation, problems: tuple[Problem, ...]) -> Response:
    """Make the response of *message*'s own service that holds problems and nothing else."""
    header = response_header(message.initiation_header)
    return PlainResponse(name=message.service, response_header=header, problem=problems)


def _missing(service: str, element: str) -> Refused:
    return Refused(problem(service, ProblemType.NEEDED_DATA_MISSING, f"{element} is needed", element))


def _barcode(service: str, item: ItemId | None) -> str:
    if item is None or item.item_identifier_value is None:
        raise _missing(service, ITEM)
    return item.item_identifier_value


def _reader(service: str, user: UserId | None, inputs: tuple[AuthenticationInput, ...]) -> _Reader:
    """Find out whom a request names, by UserId or by what the user typed in, and with what proof.

    Kinds of input beyond the standard's list (``Username``, ``CPR``...) say who someone is. A proof that came empty, that
    cannot be checked here, or that is not the same as another, is given all the same: it must fail.
    """
    card = user.user_identifier_value if user is not None else None
    values = {USER: card} if card else {}
    pin = None
    for given in inputs:
        kind = AuthenticationInputType.of(given.authentication_input_type)
        data = given.authentication_input_data or ""
        if kind in _UNCHECKED:
            pin = ""
        elif kind in _PROOFS:
            pin = data if pin in {None, data} else ""
        else:
            card = card or data
    if not card:
        raise _missing(service, USER)
    return _Reader(card, pin, values)


def _versions(message: LookupVersion, network: str) -> LookupVersionResponse:
    """Tell the versions spoken, in the names by which the asker calls itself and us."""
    header = message.initiation_header
    return LookupVersionResponse(
        response_header=response_header(header),
        from_agency_id=_unique(message.to_agency_id, header.to_agency_id if header else None, network),
        to_agency_id=_unique(message.from_agency_id, header.from_agency_id if header else None, network),
        version_supported=VERSIONS,
    )


def _unique(given: VersionAgency | None, headed: Agency | None, otherwise: str) -> VersionAgency:
    unique = (given and given.unique_agency_id) or UniqueAgencyId()
    pair = (headed and headed.agency_id) or SchemeValue(otherwise, "local")
    return VersionAgency(
        unique_agency_id=UniqueAgencyId(
            scheme=unique.scheme or pair.scheme or "local", value=unique.value or pair.value
        )
    )
