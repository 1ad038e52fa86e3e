"""Renewal of a loan (domain.md 2.4 step 5, 2.7): it never shortens, and says every reason when it is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.circulation import facts, writes
from storage.circulation.accounts import Item, Load, Patron, denials, find_item, find_patron
from storage.circulation.acts import LoanAnswer, Setting, check_pin, due_date, refuse_pin, setting_of
from storage.circulation.due import local_day
from storage.circulation.facts import WaitingRow
from storage.circulation.holds.queue import waiting_for
from storage.circulation.pins import PinState
from storage.circulation.status import Status
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Row, Steps


@dataclass(frozen=True, slots=True)
class RenewRequest:
    """Renew the loan of *barcode* to the reader of *card*."""

    card: str = field(repr=False)
    barcode: str
    origin: Origin
    pin: str | None = field(default=None, repr=False)


class RenewFacts(NamedTuple):
    """Rows of `facts`, in one step."""

    item: list[Row]
    waiting: list[Row]
    patron: list[Row]


def gather(request: RenewRequest, network: Network) -> Steps[RenewFacts]:
    """Lock item and reader, and read what the decision needs, in one step."""
    _, _, item, waiting, patron = yield [
        facts.LOCK_ITEM(request.barcode),
        facts.LOCK_PATRON(request.card),
        facts.ITEM(request.barcode),
        facts.WAITING(request.barcode),
        facts.PATRON(request.card),
    ]
    return RenewFacts(list(item), list(waiting), list(patron))


def _reasons(network: Network, setting: Setting, item: Item, patron: Patron, waiting: list[WaitingRow]) -> list[Reason]:
    policy = network.policy(setting.day)
    reasons = [*denials(network, patron, Load({}), setting.context, setting.today, setting.now, "renew")]
    limit = policy.find("renewal.limit", setting.context).number
    if (item.row.renewals or 0) >= limit:
        reasons.append(Reason.TOO_MANY_RENEWALS if limit else Reason.RENEWAL_NOT_ALLOWED)
    if any(hold.patron_id != patron.row.id for hold in waiting):
        reasons.append(Reason.WAITED_FOR)
    late = policy.find("renewal.late-days", setting.context).number
    since = (setting.today - timedelta(days=late)).isoformat()
    if item.due is not None and item.due.is_past(since, setting.now - late * 86400):
        reasons.append(Reason.TOO_LATE_TO_RENEW)
    if not setting.library.offers("circulation", setting.day):
        reasons.append(Reason.SERVICE_INACTIVE)
    return reasons


def decide_renewal(
    network: Network,
    origin: Origin,
    barcode: str,
    item: Item,
    patron: Patron,
    waiting: list[WaitingRow],
    now: int,
) -> Decision[LoanAnswer]:
    """Decide the renewal of a loan that is the reader's."""
    setting = setting_of(network, origin, item, patron, now)
    policy = network.policy(setting.day)
    row = item.row
    old, done = item.due, row.renewals or 0
    repeats = f"loan:{row.loan_id}:{done}"
    reasons = _reasons(network, setting, item, patron, waiting)
    if reasons:
        answer = LoanAnswer(tuple(reasons), barcode, item, patron, old, row.loan_id, done, renewed=True)
        return Decision(answer, repeats=repeats)
    period = policy.find("renewal.period", setting.context)
    base = policy.find("renewal.base", setting.context)
    start = date.fromisoformat(row.due_on) if base.value == "due" and row.due_on else None
    due = due_date(network, setting, item, period, start)
    due = old.later(due) if old is not None else due
    return Decision(
        LoanAnswer((), barcode, item, patron, due, row.loan_id, done + 1, renewed=True),
        (writes.RENEW(row.loan_id, due.on, due.at, done + 1),),
        (Entry("renew", setting.library.id, row.id, row.loan_id),),
        (period.rule, base.rule),
        effect=f"loan:{row.loan_id}:{done + 1}",
        repeats=repeats,
    )


def decide(request: RenewRequest, found: RenewFacts, network: Network, now: int) -> Decision[LoanAnswer]:
    """Decide a renewal asked for by item and reader."""
    library = network.libraries[request.origin.library_id]
    today = local_day(now, library.zone).isoformat()
    item = find_item(network, found.item, library.namespace)
    patron = find_patron(network, found.patron, library.namespace, today)
    if isinstance(item, Reason) or isinstance(patron, Reason):
        reasons = tuple(part for part in (patron, item) if isinstance(part, Reason))
        known_item = None if isinstance(item, Reason) else item
        return Decision(LoanAnswer(reasons, request.barcode, known_item))
    pin = check_pin(network, patron, request.pin, now)
    if pin is not PinState.NOT_GIVEN and pin is not PinState.RIGHT:
        return refuse_pin(request.origin, request.barcode, item, patron, pin, now)
    refusal = _not_theirs(item, patron)
    if refusal is not None:
        return Decision(LoanAnswer((refusal,), request.barcode, item, patron))
    return decide_renewal(
        network, request.origin, request.barcode, item, patron, waiting_for(found.waiting, item, today), now
    )


def _not_theirs(item: Item, patron: Patron) -> Reason | None:
    if item.row.loan_id is None:
        return Reason.NOT_ON_LOAN
    if item.row.loan_patron_id != patron.row.id:
        return Reason.NOT_ON_LOAN_TO_PATRON
    if item.status is Status.CLAIMED_RETURNED:
        return Reason.CLAIMED_RETURNED
    if item.status is not Status.ON_LOAN:
        return Reason.DECLARED_LOST if item.status is Status.LOST else Reason.WITHDRAWN
    return None


RENEW: Final = UseCase(
    name="renew",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"item:{request.barcode}", f"card:{request.card}"),
    failed=lambda request, code: LoanAnswer((Reason(code),), request.barcode),
)
