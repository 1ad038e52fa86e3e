"""Check-out: the row "CHECKOUT to patron p at L" of domain.md 2.3, and the renewal that a check-out may turn out to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.circulation import facts, writes
from storage.circulation.accounts import Item, Load, Patron, denials, find_item, find_patron, load_of
from storage.circulation.acts import LoanAnswer, Setting, check_pin, due_date, refuse_pin, setting_of
from storage.circulation.due import Due, local_day
from storage.circulation.facts import LoadRow, WaitingRow
from storage.circulation.holds.queue import waiting_for
from storage.circulation.pins import PinState
from storage.circulation.renew import decide_renewal
from storage.circulation.status import Status
from storage.ids import new_id
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Call, Row, Steps


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """Lend *barcode* to the reader of *card*.

    *renews* allows the act to become a renewal when the reader has the item already (SIP2 SC renewal policy).
    """

    card: str = field(repr=False)
    barcode: str
    origin: Origin
    pin: str | None = field(default=None, repr=False)
    renews: bool = False


class LoanFacts(NamedTuple):
    """Rows of `facts`, in one step: the item, its waiting holds, the reader, their load."""

    item: list[Row]
    waiting: list[Row]
    patron: list[Row]
    load: list[Row]


def gather(request: CheckoutRequest, network: Network) -> Steps[LoanFacts]:
    """Lock item and reader, and read what the decision needs, in one step."""
    _, _, item, waiting, patron, load = yield [
        facts.LOCK_ITEM(request.barcode),
        facts.LOCK_PATRON(request.card),
        facts.ITEM(request.barcode),
        facts.WAITING(request.barcode),
        facts.PATRON(request.card),
        facts.LOAD(request.card),
    ]
    return LoanFacts(list(item), list(waiting), list(patron), list(load))


# A tuple: members are compared by identity, where a set would hash the enumeration in Python.
_AT_STAFF: Final = (Status.DAMAGED, Status.IN_REPAIR, Status.IN_PROCESS, Status.ON_ORDER)


def _refused_states(item: Item) -> tuple[Reason, ...]:
    """Reasons that lie in the item itself, whoever asks."""
    reasons = []
    if item.status is Status.WITHDRAWN:
        reasons.append(Reason.WITHDRAWN)
    elif item.status is Status.CLAIMED_RETURNED:
        reasons.append(Reason.CLAIMED_RETURNED)
    elif item.status is Status.LOST and item.row.loan_id is not None:
        reasons.append(Reason.DECLARED_LOST)
    elif item.status in _AT_STAFF:
        reasons.append(Reason.IN_PROCESS)
    if not item.row.for_loan:
        reasons.append(Reason.NOT_FOR_LOAN)
    return tuple(reasons)


def _claims(item: Item, waiting: list[WaitingRow], patron_id: int) -> tuple[int | None, bool]:
    """Return (the reader's hold that this loan honours, whether the item is another reader's)."""
    if item.row.hold_id is not None:
        mine = item.row.hold_patron_id == patron_id
        return (item.row.hold_id if mine else None), not mine
    if waiting:
        mine = waiting[0].patron_id == patron_id
        return (waiting[0].id if mine else None), not mine
    return None, False


def over_limits(network: Network, setting: Setting, load: Load) -> tuple[tuple[Reason, ...], tuple[str, ...]]:
    """Compare the reader's *load* with every limit that binds; return the reasons and the rules that gave them."""
    reasons, rules = [], []
    for node, limit in network.policy(setting.day).limits("loan.limit", setting.context):
        count = load.total if node is None else load.of_branch(network, node)
        if count >= limit.number:
            reasons.append(Reason.TOO_MANY_LOANS if node is None else Reason.TOO_MANY_OF_TYPE)
            rules.append(limit.rule)
    return tuple(reasons), tuple(rules)


def decide(request: CheckoutRequest, found: LoanFacts, network: Network, now: int) -> Decision[LoanAnswer]:
    """Decide a check-out: lend, renew, or say every reason why not."""
    library = network.libraries[request.origin.library_id]
    today = local_day(now, library.zone).isoformat()
    item = find_item(network, found.item, library.namespace)
    patron = find_patron(network, found.patron, library.namespace, today)
    if isinstance(item, Reason) or isinstance(patron, Reason):
        reasons = tuple(part for part in (patron, item) if isinstance(part, Reason))
        known_item = None if isinstance(item, Reason) else item
        known_patron = None if isinstance(patron, Reason) else patron
        return Decision(LoanAnswer(reasons, request.barcode, known_item, known_patron))
    pin = check_pin(network, patron, request.pin, now)
    if pin is not PinState.NOT_GIVEN and pin is not PinState.RIGHT:
        return refuse_pin(request.origin, request.barcode, item, patron, pin, now)
    if item.row.loan_patron_id == patron.row.id and item.status is Status.ON_LOAN:
        return _again(request, found, network, item, patron, now)
    return _lend(request, found, network, item, patron, now)


def _again(
    request: CheckoutRequest, found: LoanFacts, network: Network, item: Item, patron: Patron, now: int
) -> Decision[LoanAnswer]:
    """Decide a check-out of what the reader has already: a renewal where allowed, else a refusal that says so."""
    here = network.libraries[request.origin.library_id]
    waiting = waiting_for(found.waiting, item, local_day(now, here.zone).isoformat())
    if request.renews:
        return decide_renewal(network, request.origin, request.barcode, item, patron, waiting, now)
    answer = LoanAnswer(
        (Reason.ALREADY_ON_LOAN,), request.barcode, item, patron, item.due, item.row.loan_id, item.row.renewals or 0
    )
    return Decision(answer, repeats=f"loan:{item.row.loan_id}:{item.row.renewals}")


def _lend(
    request: CheckoutRequest, found: LoanFacts, network: Network, item: Item, patron: Patron, now: int
) -> Decision[LoanAnswer]:
    setting = setting_of(network, request.origin, item, patron, now)
    policy = network.policy(setting.day)
    load = load_of([LoadRow._make(row) for row in found.load if row[0] == patron.row.id])
    honours, taken = _claims(item, waiting_for(found.waiting, item, setting.day), patron.row.id)
    allowed = policy.find("loan.allowed", setting.context)
    limits, limit_rules = over_limits(network, setting, load)
    reasons = [*denials(network, patron, load, setting.context, setting.today, now, "checkout")]
    reasons += _refused_states(item)
    if not setting.library.offers("circulation", setting.day):
        reasons.append(Reason.SERVICE_INACTIVE)
    if item.status is Status.ON_LOAN:
        reasons.append(Reason.ON_LOAN_TO_OTHER)
    if taken:
        reasons.append(Reason.HELD_FOR_OTHER)
    if allowed.value != "yes" and Reason.NOT_FOR_LOAN not in reasons:
        reasons.append(Reason.NOT_FOR_LOAN)
    reasons += limits
    if reasons:
        because = (allowed.rule, *limit_rules)
        return Decision(LoanAnswer(tuple(reasons), request.barcode, item, patron), because=because)
    period = policy.find("loan.period", setting.context)
    due = due_date(network, setting, item, period)
    return _made(request, item, patron, setting, due, honours, (allowed.rule, period.rule))


def _made(
    request: CheckoutRequest,
    item: Item,
    patron: Patron,
    setting: Setting,
    due: Due,
    honours: int | None,
    because: tuple[str, ...],
) -> Decision[LoanAnswer]:
    row, here, now = item.row, setting.library.id, setting.now
    loan_id = new_id()
    channel = request.origin.channel
    made: list[Call] = [
        writes.LEND(loan_id, row.id, patron.row.id, here, item.type.id, channel, now, due.on, due.at),
    ]
    if row.transit_id is not None:
        made.append(writes.RECEIVE(row.transit_id, now, "received"))
    if honours is not None:
        made += writes.end_hold(honours, "honoured", row.id, setting.today, now)
    if row.condition != "good":
        made.append(writes.FOUND(row.id))
    if row.current_id != here:
        made.append(writes.MOVE(row.id, here))
    return Decision(
        LoanAnswer((), request.barcode, item, patron, due, loan_id),
        tuple(made),
        (Entry("checkout", here, row.id, loan_id, honours, "found" if row.condition != "good" else ""),),
        because,
        effect=f"loan:{loan_id}:0",
    )


CHECKOUT: Final = UseCase(
    name="checkout",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"item:{request.barcode}", f"card:{request.card}"),
    failed=lambda request, code: LoanAnswer((Reason(code),), request.barcode),
)
