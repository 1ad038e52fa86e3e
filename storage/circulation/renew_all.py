"""Renew everything that a reader has: each loan by its own rules, so that partial success is normal (domain.md 2.7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.circulation import facts, writes
from storage.circulation.accounts import Patron, find_patron, make_item
from storage.circulation.acts import LoanAnswer, Mandate, check_pin, failure, setting_of
from storage.circulation.demand import COPIES, asks, copies_of
from storage.circulation.due import local_day
from storage.circulation.facts import ItemRow, LoanRow
from storage.circulation.pins import PinState
from storage.circulation.renew import Renewal, decide_renewal
from storage.circulation.status import Status
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage.network.network import Network
    from storage.statements import Call, Row, Steps


@dataclass(frozen=True, slots=True)
class RenewAllRequest:
    """Renew all loans of the reader of *card*."""

    card: str = field(repr=False)
    origin: Origin
    pin: str | None = field(default=None, repr=False)
    force: bool = False


class RenewAllAnswer(NamedTuple):
    """What came of each loan, in the order in which they were made. *reasons* are against the reader, whatever the loan."""

    reasons: tuple[Reason, ...]
    loans: tuple[LoanAnswer, ...] = ()
    patron: Patron | None = None
    pin: PinState = PinState.NOT_GIVEN

    @property
    def ok(self) -> bool:
        """Whether the loans were looked at."""
        return not self.reasons

    @property
    def renewed(self) -> tuple[LoanAnswer, ...]:
        """The loans that were renewed."""
        return tuple(loan for loan in self.loans if loan.ok)


class Held(NamedTuple):
    """Rows of one item that the reader has."""

    loan: LoanRow
    item: list[Row]
    waiting: list[Row]
    copies: list[Row]


class RenewAllFacts(NamedTuple):
    """The reader's rows, and those of each item."""

    patron: list[Row]
    held: list[Held]


def gather(request: RenewAllRequest, network: Network) -> Steps[RenewAllFacts]:
    """Read what the reader has; then lock that and the reader, and read it again."""
    (loans,) = yield [facts.LOANS(request.card)]
    had = [LoanRow._make(row) for row in loans]
    locks = [*(facts.LOCK_ITEM(loan.barcode) for loan in had), facts.LOCK_PATRON(request.card)]
    reads = [call for loan in had for call in (facts.ITEM(loan.barcode), facts.WAITING(loan.barcode))]
    patron, *rows = (yield [*locks, facts.PATRON(request.card), *reads])[len(locks) :]
    wanted = [loan for loan, waiting in zip(had, rows[1::2], strict=True) if waiting] if asks(network) else []
    copies = (yield [COPIES(loan.barcode) for loan in wanted]) if wanted else []
    by_loan = {loan.id: list(found) for loan, found in zip(wanted, copies, strict=True)}
    held = [
        Held(loan, list(item), list(waiting), by_loan.get(loan.id, []))
        for loan, item, waiting in zip(had, rows[::2], rows[1::2], strict=True)
    ]
    return RenewAllFacts(list(patron), held)


def decide(request: RenewAllRequest, found: RenewAllFacts, network: Network, now: int) -> Decision[RenewAllAnswer]:
    """Decide each renewal by itself."""
    here = network.libraries[request.origin.library_id]
    patron = find_patron(network, found.patron, here.namespace, local_day(now, here.zone).isoformat())
    if isinstance(patron, Reason):
        return Decision(RenewAllAnswer((patron,)))
    pin = check_pin(network, patron, request.pin, now)
    if pin not in {PinState.NOT_GIVEN, PinState.RIGHT}:
        return _turned_away(request, patron, pin, now)
    decisions = []
    for held in found.held:
        rows = [ItemRow._make(row) for row in held.item]
        row = next((row for row in rows if row.loan_id == held.loan.id), None)
        if row is None or row.loan_patron_id != patron.row.id:  # Returned meanwhile, or of another reader's equal card.
            continue
        item = make_item(network, row)
        if item.status is not Status.ON_LOAN:
            continue
        decisions.append(
            decide_renewal(
                network,
                Renewal(request.origin, held.loan.barcode, Mandate(request.force)),
                item,
                patron,
                held.waiting,
                copies_of(held.copies, row.id),
                setting_of(network, request.origin, item, patron, now),
                now,
            )
        )
    return _together(patron, pin, decisions)


def _turned_away(request: RenewAllRequest, patron: Patron, pin: PinState, now: int) -> Decision[RenewAllAnswer]:
    if pin is PinState.LOCKED:
        return Decision(RenewAllAnswer((Reason.PIN_LOCKED,), pin=pin))
    noted, entries = failure(request.origin, patron, now)
    return Decision(RenewAllAnswer((Reason.WRONG_PIN,), pin=pin), (noted,), entries)


def _together(patron: Patron, pin: PinState, decisions: list[Decision[LoanAnswer]]) -> Decision[RenewAllAnswer]:
    answers = tuple(decision.answer for decision in decisions)
    made: list[Call] = [call for decision in decisions for call in decision.writes]
    entries: list[Entry] = [entry for decision in decisions for entry in decision.entries]
    because = tuple(dict.fromkeys(rule for decision in decisions for rule in decision.because))
    effect = _stand(decision.effect or decision.repeats for decision in decisions) if made else ""
    if pin is PinState.RIGHT and patron.row.pin_failures:
        made.append(writes.PIN_TRIED(patron.row.id, 0, None))
    repeats = _stand(decision.repeats for decision in decisions)
    return Decision(RenewAllAnswer((), answers, patron, pin), tuple(made), tuple(entries), because, effect, repeats)


def _stand(loans: Iterable[str]) -> str:
    """Return how all *loans* stand, each with its number of renewals, in one word of any number of them."""
    return f"all:{blake2b(' '.join(loans).encode(), digest_size=16).hexdigest()}"


RENEW_ALL: Final = UseCase(
    name="renew all",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"card:{request.card}",),
    failed=lambda _request, code: RenewAllAnswer((Reason(code),)),
)
