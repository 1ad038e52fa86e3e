"""Renewal of a loan (domain.md 2.4 step 5, 2.7): it never shortens, and says every reason when it is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.circulation import facts, writes
from storage.circulation.accounts import Item, Load, Patron, denials, find_item, find_patron
from storage.circulation.acts import (
    DueDate,
    LoanAnswer,
    Mandate,
    Setting,
    check_pin,
    due_date,
    forgive,
    masked,
    refuse_pin,
    setting_of,
)
from storage.circulation.demand import COPIES, Copies, asks, copies_of
from storage.circulation.due import Due, local_day
from storage.circulation.holds.queue import eligible
from storage.circulation.pins import PinState
from storage.circulation.status import Status
from storage.circulation.tellings import note_anomaly, tell_reader
from storage.network.contexts import render
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.network.network import Network
    from storage.statements import Call, Row, Steps


@dataclass(frozen=True, slots=True)
class RenewRequest:
    """Renew the loan of *barcode* to the reader of *card*.

    *force*, *done_at*, *offline* and *due*: see `storage.circulation.checkout.CheckoutRequest`.
    """

    card: str = field(repr=False)
    barcode: str
    origin: Origin
    pin: str | None = field(default=None, repr=False)
    force: bool = False
    done_at: int | None = None
    offline: bool = False
    due: Due | None = None


class RenewFacts(NamedTuple):
    """Rows of `facts`, in one step; *copies* in a second, where a rule asks for them and somebody waits."""

    item: list[Row]
    waiting: list[Row]
    patron: list[Row]
    copies: list[Row]


class Renewal(NamedTuple):
    """A renewal asked for, of a loan that is the reader's."""

    origin: Origin
    barcode: str
    mandate: Mandate = Mandate()
    due: Due | None = None


def gather(request: RenewRequest, network: Network) -> Steps[RenewFacts]:
    """Lock item and reader, and read what the decision needs."""
    _, _, item, waiting, patron = yield [
        facts.LOCK_ITEM(request.barcode),
        facts.LOCK_PATRON(request.card),
        facts.ITEM(request.barcode),
        facts.WAITING(request.barcode),
        facts.PATRON(request.card),
    ]
    copies: Sequence[Row] = []
    if waiting and asks(network):
        (copies,) = yield [COPIES(request.barcode)]
    return RenewFacts(list(item), list(waiting), list(patron), list(copies))


def _waited_for(
    network: Network, setting: Setting, item: Item, patron: Patron, waiting: list[Row], copies: Copies
) -> bool:
    """Tell whether another reader's hold could be served with the item, and the policy keeps it for them."""
    held = network.policy(setting.day).find("renewal.when-held", setting.context).value
    if held == "allow" or (held == "free-copy" and copies.free > 0):
        return False
    holds = eligible(network, item, waiting, setting.library, setting.now)
    return any(hold.patron_id != patron.row.id for hold in holds)


def _reasons(
    network: Network, setting: Setting, item: Item, patron: Patron, waiting: list[Row], copies: Copies
) -> list[Reason]:
    policy = network.policy(setting.day)
    reasons = [*denials(network, patron, Load({}), setting.context, setting.today, setting.now, "renew")]
    limit = policy.find("renewal.limit", setting.context).number
    if (item.row.renewals or 0) >= limit:
        reasons.append(Reason.TOO_MANY_RENEWALS if limit else Reason.RENEWAL_NOT_ALLOWED)
    if waiting and _waited_for(network, setting, item, patron, waiting, copies):
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
    asked: Renewal,
    item: Item,
    patron: Patron,
    waiting: list[Row],
    copies: Copies,
    setting: Setting,
    now: int,
) -> Decision[LoanAnswer]:
    """Decide the renewal of a loan that is the reader's. *waiting* is what `facts.WAITING` found."""
    row = item.row
    old, done = item.due, row.renewals or 0
    repeats = f"loan:{row.loan_id}:{done}"
    reasons = _reasons(network, setting, item, patron, waiting, copies)
    if not asked.mandate.covers(reasons):
        answer = LoanAnswer(tuple(reasons), asked.barcode, item, patron, old, row.loan_id, done, renewed=True)
        return Decision(answer, repeats=repeats)
    if row.renewed_on == setting.day:  # Twice in one day is once.
        return Decision(
            LoanAnswer((), asked.barcode, item, patron, old, row.loan_id, done, renewed=True), repeats=repeats
        )
    base = network.policy(setting.day).find("renewal.base", setting.context)
    start = date.fromisoformat(row.due_on) if base.value == "due" and row.due_on else None
    found = due_date(network, setting, item, patron, "renewal.period", start)
    due = _never_shorter(asked, old, found)
    made: list[Call] = [writes.RENEW(row.loan_id, due.on, due.at, done + 1, setting.day)]
    detail = [f"was={row.due_on or f'@{row.due_at}'} day={row.renewed_on or ''}"]
    made += _told(
        asked, item, patron, setting, now, found, reasons, shortened=old is not None and due.later(old) != due
    )
    if reasons:
        detail.append(f"overruled={','.join(reason.value for reason in reasons)}")
    context = render(setting.context, due, renewals=done, was=old, cap=found.cap)
    return Decision(
        LoanAnswer((), asked.barcode, item, patron, due, row.loan_id, done + 1, renewed=True),
        tuple(made),
        (Entry("renew", setting.library.id, row.id, row.loan_id, detail=" ".join(detail), context=context),),
        (*found.rules, base.rule),
        effect=f"loan:{row.loan_id}:{done + 1}",
        repeats=repeats,
    )


def _never_shorter(asked: Renewal, old: Due | None, found: DueDate) -> Due:
    """Return the new due date: the later one, but for a cap that was set since."""
    new = found.due
    if asked.due is not None:
        new = asked.due if asked.mandate.any else new.earlier(asked.due)
    if old is None or found.cap is not None:
        return new
    return old.later(new)


def _told(
    asked: Renewal,
    item: Item,
    patron: Patron,
    setting: Setting,
    now: int,
    found: DueDate,
    reasons: list[Reason],
    *,
    shortened: bool,
) -> list[Call]:
    """Return what staff and the reader are told of an unusual renewal."""
    row, here = item.row, setting.library.id
    told = []
    if found.stranded:
        told.append(note_anomaly("no-open-day", now, here, row.id, row.loan_id))
    if reasons and asked.mandate.offline:
        codes = ",".join(reason.value for reason in reasons)
        told.append(note_anomaly("offline-refused", now, here, row.id, row.loan_id, detail=codes))
    if shortened:
        told.append(
            tell_reader("due-changed", patron.row.id, now, here, row.id, row.loan_id, detail=found.due.on or "")
        )
    return told


def decide(request: RenewRequest, found: RenewFacts, network: Network, now: int) -> Decision[LoanAnswer]:
    """Decide a renewal asked for by item and reader."""
    library = network.libraries[request.origin.library_id]
    at = now if request.done_at is None else min(now, request.done_at)
    patron = find_patron(network, found.patron, library.namespace, local_day(at, library.zone).isoformat())
    reader = None if isinstance(patron, Reason) else patron.row.id
    item = find_item(network, found.item, library.namespace, lambda row: row.loan_patron_id == reader)
    if isinstance(item, Reason) or isinstance(patron, Reason):
        reasons = tuple(part for part in (patron, item) if isinstance(part, Reason))
        known_item = None if isinstance(item, Reason) else item
        return _failed(request, LoanAnswer(reasons, request.barcode, known_item), now)
    pin = PinState.NOT_GIVEN
    if not request.offline:
        pin = check_pin(network, patron, request.pin, now)
        if pin is not PinState.NOT_GIVEN and pin is not PinState.RIGHT:
            return refuse_pin(request.origin, request.barcode, item, patron, pin, now)
    refusal = _not_theirs(item, patron)
    if refusal is not None:
        return _failed(request, LoanAnswer((refusal,), request.barcode, item, patron), now)
    asked = Renewal(request.origin, request.barcode, Mandate(request.force, request.offline), request.due)
    copies = copies_of(found.copies, item.row.id)
    setting = setting_of(network, request.origin, item, patron, at)
    decided = decide_renewal(network, asked, item, patron, found.waiting, copies, setting, now)
    return forgive(decided, patron, pin)


def _failed(request: RenewRequest, answer: LoanAnswer, now: int) -> Decision[LoanAnswer]:
    """Refuse; when the reader was told off-line that it was done, tell staff."""
    if not request.offline:
        return Decision(answer)
    here = request.origin.library_id
    item_id = None if answer.item is None else answer.item.row.id
    codes = " ".join(reason.value for reason in answer.reasons)
    detail = f"{codes} item={masked(request.barcode)} card={masked(request.card)}"
    told = note_anomaly("offline-unknown", now, here, item_id, detail=detail)
    return Decision(answer, (told,), (Entry("offline-unknown", here, item_id, detail=detail),))


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
