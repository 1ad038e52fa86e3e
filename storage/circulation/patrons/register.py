"""Registration of readers and changes to what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from storage.circulation.due import local_day
from storage.circulation.patrons import statements
from storage.circulation.patrons.act import Changes, Found, PatronAnswer, on_reader
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from storage.circulation.accounts import Patron
    from storage.network.network import Network
    from storage.statements import Row, Steps


@dataclass(frozen=True, slots=True)
class RegisterRequest:
    """Register a reader, known as *code*, with a first *card* in *namespace*.

    *details* are columns of `statements.CHANGEABLE`; those left out are empty.
    """

    code: str = field(repr=False)
    card: str = field(repr=False)
    origin: Origin
    details: Mapping[str, int | str | None] = field(repr=False)
    namespace: str = ""
    pin: str | None = field(default=None, repr=False)


_EMPTY: Final[Mapping[str, int | str | None]] = {"forename": "", "language": "fr"}


def _gather(request: RegisterRequest, _network: Network) -> Steps[tuple[list[Row], list[Row]]]:
    codes, cards = yield [statements.CODE(request.code), statements.CARDS(request.card)]
    return list(codes), list(cards)


def _decide(
    request: RegisterRequest, found: tuple[list[Row], list[Row]], network: Network, now: int
) -> Decision[PatronAnswer]:
    library = network.libraries[request.origin.library_id]
    codes, cards = found
    reasons = []
    if codes:
        reasons.append(Reason.PATRON_EXISTS)
    if any(namespace == request.namespace for namespace, *_ in cards):
        reasons.append(Reason.CARD_TAKEN)
    if reasons:
        return Decision(PatronAnswer(tuple(reasons)))
    pin = network.pins.hash(request.code, request.pin) if request.pin else None
    values = [request.details.get(column, _EMPTY.get(column)) for column in statements.CHANGEABLE]
    today = local_day(now, library.zone).isoformat()
    made = (
        statements.REGISTER(request.code, *values, pin, today),
        statements.ISSUE(request.namespace, request.card, 1, today, request.code),
    )
    return Decision(PatronAnswer(), made, (Entry("reader.registered", library.id),))


REGISTER: Final = UseCase(
    name="reader.registered",
    gather=_gather,
    decide=_decide,
    keys=lambda request: (f"card:{request.card}", f"reader:{request.code}"),
    failed=lambda _request, code: PatronAnswer((Reason(code),)),
)


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """Change *details* (columns of `statements.CHANGEABLE`) of the reader of *card*; what is left out stays."""

    card: str = field(repr=False)
    origin: Origin
    details: Mapping[str, int | str | None] = field(repr=False)


def _change(request: ChangeRequest, found: Found, _network: Network, _now: int) -> Changes:
    return tuple(statements.CHANGE[column](value, found.patron.row.id) for column, value in request.details.items())


def _is_so(request: ChangeRequest, patron: Patron) -> bool:
    return all(getattr(patron.row, column, None) == value for column, value in request.details.items())


CHANGE: Final = on_reader("reader.changed", _change, stands=_is_so)


@dataclass(frozen=True, slots=True)
class PinRequest:
    """Give the reader of *card* a new *pin*, or none, and lift the lock."""

    card: str = field(repr=False)
    origin: Origin
    pin: str | None = field(repr=False)


def _set_pin(request: PinRequest, found: Found, network: Network, _now: int) -> Changes:
    row = found.patron.row
    return (statements.SET_PIN(network.pins.hash(row.code, request.pin) if request.pin else None, row.id),)


SET_PIN: Final = on_reader("reader.pin", _set_pin)
