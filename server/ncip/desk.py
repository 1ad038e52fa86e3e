"""A question that reached the responder, and what every service does with one: read its keys, have the store act once, refuse."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from protocols.ncip import Defect, Received, problem, write
from protocols.ncip.base import Initiation, PlainResponse, Response, response_header
from protocols.ncip.elements import AuthenticationInput, ItemId, Problem, UserId
from protocols.ncip.problems import ProblemType
from protocols.ncip.schemes import AuthenticationInputType
from server.metrics import Metrics
from server.ncip.answers import Setting
from server.ncip.dialects import dialect_of
from server.ncip.refusals import ITEM, USER, Refused, refusals
from storage.catalogue.hits import Hits
from storage.network.network import Partner
from storage.refusals import Reason
from storage.store import Store
from storage.usecase import Ledger, Origin, Request, UseCase

_DAMAGE: Final = {
    Defect.INVALID_DATE: ProblemType.INVALID_DATE,
    Defect.INVALID_NUMBER: ProblemType.INVALID_AMOUNT,
    Defect.TOO_LONG: ProblemType.ELEMENT_RULE_VIOLATED,
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

_FAILS: Final = re.compile(rb"<(?:[\w.-]+:)?Problem>")
"""Finds the element, not the word in a title."""

Q = TypeVar("Q", bound=Request)


class Asked(NamedTuple):
    """A request with all that its answer depends on."""

    message: Any
    received: Received
    digest: bytes
    setting: Setting
    origin: Origin
    partner: Partner
    now: int

    @property
    def service(self) -> str:
        """Name of the service."""
        service: str = self.message.service
        return service

    def refused(self, reasons: tuple[Reason, ...], values: Mapping[str, str]) -> Refused:
        """Make the refusal for the store's *reasons*."""
        return Refused(*refusals(self.service, reasons, self.setting.language, values), reasons=reasons)

    def violated(self, detail: str, element: str, value: str | None = None) -> Refused:
        """Make the refusal of an element that breaks a rule."""
        return Refused(problem(self.service, ProblemType.ELEMENT_RULE_VIOLATED, detail, element, value))

    def undamaged(self) -> None:
        """Refuse a request for a change of which something was neither understood nor may be left out."""
        for defect, element in self.received.defects:
            if defect in _DAMAGE:
                detail = "neither understood nor to be left out"
                raise Refused(problem(self.service, _DAMAGE[defect], detail, element))

    def write(self, message: Response) -> bytes:
        """Write the answer in the envelope of the question; for who matches texts, without the word that means failure to it."""
        octets = write(message, self.received.envelope)
        if not dialect_of(self.partner.profile).quiet or _FAILS.search(octets):
            return octets
        return octets.replace(b"Problem", b"Probl&#101;m")


@dataclass(frozen=True, slots=True, repr=False)
class Reader:
    """Whom a request names: the card, what proves it (None: nothing was given), and what a problem may repeat."""

    card: str
    pin: str | None
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the services share."""

    store: Store
    metrics: Metrics
    hits: Hits

    async def act(
        self,
        asked: Asked,
        usecase: UseCase[Q, Any, Any],
        request: Q,
        values: Mapping[str, str],
        made: Callable[[Any], Response],
        kept: int,
    ) -> bytes:
        """Have the store do *request* once, and give the answer that it keeps for *kept* seconds."""
        asked.undamaged()

        def render(answer: Any) -> bytes:
            if answer.reasons:
                return asked.write(refusal(asked.message, asked.refused(answer.reasons, values).problems))
            return asked.write(made(answer))

        ledger = Ledger(f"ncip:{asked.origin.actor}", asked.digest, 0, render, kept)
        outcome = await self.store.transact(usecase, request, asked.now, ledger)
        if outcome.answer is None:
            self.metrics.count("repeats", "ncip", asked.service)
        else:
            self.count(outcome.answer.reasons)
        return outcome.reply

    def count(self, reasons: tuple[Reason, ...]) -> None:
        """Count why something was refused."""
        for reason in reasons:
            self.metrics.count("refusals", "ncip", reason.value)


Handler: TypeAlias = Callable[[Desk, Asked], Awaitable[bytes]]
"""Renders one service; raises `Refused`, `StoreUnavailable`."""


def refusal(message: Initiation, problems: tuple[Problem, ...]) -> Response:
    """Make the response of *message*'s own service that holds problems and nothing else."""
    header = response_header(message.initiation_header)
    return PlainResponse(name=message.service, response_header=header, problem=problems)


def missing(service: str, element: str) -> Refused:
    """Make the refusal of a request that lacks *element*."""
    return Refused(problem(service, ProblemType.NEEDED_DATA_MISSING, f"{element} is needed", element))


def barcode_of(service: str, item: ItemId | None) -> str:
    """Give an item's number; raises `Refused` when there is none."""
    if item is None or item.item_identifier_value is None:
        raise missing(service, ITEM)
    return item.item_identifier_value


def reader_of(service: str, user: UserId | None, inputs: tuple[AuthenticationInput, ...]) -> Reader:
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
        raise missing(service, USER)
    return Reader(card, pin, values)
