"""Check-out: the row "CHECKOUT to patron p at L" of domain.md 2.3, and the renewal that a check-out may turn out to be.

What a kiosk did off-line, or a partner says has happened, is recorded whatever the rules say, in the order in which it
happened; what does not fit is an anomaly for staff (domain.md 2.13).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.circulation import facts, writes
from storage.circulation.accounts import Item, Patron, denials, find_item, find_patron, stands_at
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
from storage.circulation.demand import COPIES, asks, copies_of
from storage.circulation.due import Due, link_expiry, local_day
from storage.circulation.facts import WaitingRow
from storage.circulation.fees import fee_of
from storage.circulation.history import ended_of, seen_of, since
from storage.circulation.holds import queue
from storage.circulation.limits import Loads, loads_of, lock_reader, over_limits, read_load, recount
from storage.circulation.pins import PinState
from storage.circulation.renew import Renewal, decide_renewal
from storage.circulation.status import Status
from storage.circulation.tellings import note_anomaly, tell_reader
from storage.ids import new_id
from storage.network.contexts import render
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.network.network import Network
    from storage.statements import Call, Row, Steps


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """Lend *barcode* to the reader of *card*.

    *renews* allows the act to become a renewal when the reader has the item already (SIP2 SC renewal policy). *force* has
    staff's will done against the rules, though not against facts. *done_at* says that it has happened already, at that
    instant, with *offline* whatever the rules say. *due* is what the reader was told, or is wished.
    *accepts_fee*: the reader agrees to what the loan costs, where it costs something.
    """

    card: str = field(repr=False)
    barcode: str
    origin: Origin
    pin: str | None = field(default=None, repr=False)
    renews: bool = False
    force: bool = False
    done_at: int | None = None
    offline: bool = False
    due: Due | None = None
    accepts_fee: bool = False


class LoanFacts(NamedTuple):
    """Rows of `facts`, in one step: the item, its waiting holds, the reader, their load.

    In a step more: *copies*, where a rule asks how many wait for each, and for what has happened off-line the *history*
    of the item since and where it was *seen*.
    """

    item: list[Row]
    waiting: list[Row]
    patron: list[Row]
    load: list[Row]
    copies: list[Row]
    history: list[Row]
    seen: list[Row]


def gather(request: CheckoutRequest, network: Network) -> Steps[LoanFacts]:
    """Lock item and reader, and read what the decision needs, in one step where nothing special is asked."""
    _, _, item, waiting, patron, load = yield [
        facts.LOCK_ITEM(request.barcode),
        lock_reader(network, request.card),
        facts.ITEM(request.barcode),
        facts.WAITING(request.barcode),
        facts.PATRON(request.card),
        read_load(network, request.card),
    ]
    copies: Sequence[Row] = []
    history: Sequence[Row] = []
    seen: Sequence[Row] = []
    if waiting and asks(network):
        (copies,) = yield [COPIES(request.barcode)]
    if request.offline and request.done_at is not None:
        history, seen = yield since(request.barcode, request.done_at)
    return LoanFacts(list(item), list(waiting), list(patron), list(load), list(copies), list(history), list(seen))


_TOLD_OTHERWISE: Final = (Reason.ON_LOAN_TO_OTHER, Reason.WITHDRAWN)
"""Reasons overruled that an anomaly of their own tells."""
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


def decide(request: CheckoutRequest, found: LoanFacts, network: Network, now: int) -> Decision[LoanAnswer]:
    """Decide a check-out: lend, renew, or say every reason why not."""
    library = network.libraries[request.origin.library_id]
    at = now if request.done_at is None else min(now, request.done_at)
    today = local_day(at, library.zone).isoformat()
    item = find_item(network, found.item, library.namespace, lambda row: stands_at(row, library.id))
    patron = find_patron(network, found.patron, library.namespace, today)
    if isinstance(item, Reason) or isinstance(patron, Reason):
        return _unknown(request, item, patron, now)
    pin = PinState.NOT_GIVEN
    if not request.offline:  # Who has left with the item has shown a PIN, or was not asked for any.
        pin = check_pin(network, patron, request.pin, now)
        if pin is not PinState.NOT_GIVEN and pin is not PinState.RIGHT:
            return refuse_pin(request.origin, request.barcode, item, patron, pin, now)
    setting = setting_of(network, request.origin, item, patron, at)
    lending = _Lending(request, found, network, item, patron, setting, Mandate(request.force, request.offline), now)
    if request.offline and (overtaken := lending.overtaken()) is not None:
        return overtaken
    has_it = item.row.loan_patron_id == patron.row.id and item.status is Status.ON_LOAN
    return forgive(lending.again() if has_it else lending.lend(), patron, pin)


def _unknown(request: CheckoutRequest, item: Item | Reason, patron: Patron | Reason, now: int) -> Decision[LoanAnswer]:
    """Refuse what nobody knows, and note it: an off-line act for staff, a strange barcode for the log."""
    reasons = tuple(part for part in (patron, item) if isinstance(part, Reason))
    known = None if isinstance(item, Reason) else item
    answer = LoanAnswer(reasons, request.barcode, known, None if isinstance(patron, Reason) else patron)
    here, bearer = request.origin.library_id, masked(request.barcode)
    if request.offline:
        item_id = None if known is None else known.row.id
        detail = f"{' '.join(reason.value for reason in reasons)} item={bearer} card={masked(request.card)}"
        told = note_anomaly("offline-unknown", now, here, item_id, detail=detail)
        return Decision(answer, (told,), (Entry("offline-unknown", here, item_id, detail=detail),))
    if item is Reason.UNKNOWN_ITEM:
        return Decision(answer, entries=(Entry("unknown-barcode", here, detail=bearer),))
    return Decision(answer)


@dataclass(slots=True)
class _Lending:
    """A check-out of a known item to a known reader. *setting* is when it happened, *now* when it is told."""

    request: CheckoutRequest
    found: LoanFacts
    network: Network
    item: Item
    patron: Patron
    setting: Setting
    mandate: Mandate
    now: int
    writes: list[Call] = field(default_factory=list)
    detail: list[str] = field(default_factory=list)

    def answer(self, *reasons: Reason) -> LoanAnswer:
        """Return a refusal for *reasons*; without any, what already is so."""
        row, item = self.item.row, self.item
        if row.loan_patron_id != self.patron.row.id:
            return LoanAnswer(reasons, self.request.barcode, item, self.patron)
        done = row.renewals or 0
        return LoanAnswer(reasons, self.request.barcode, item, self.patron, item.due, row.loan_id, done)

    def again(self) -> Decision[LoanAnswer]:
        """Decide a check-out of what the reader has already: a renewal where allowed, else a refusal that says so."""
        row = self.item.row
        repeats = f"loan:{row.loan_id}:{row.renewals}"
        if self.request.offline and row.out_at == self.setting.now:  # Told a second time.
            return Decision(self.answer(), repeats=repeats)
        if self.request.renews or self.request.offline:
            asked = Renewal(self.request.origin, self.request.barcode, self.mandate, self.request.due)
            copies = copies_of(self.found.copies, row.id)
            renewed = decide_renewal(
                self.network, asked, self.item, self.patron, self.found.waiting, copies, self.setting, self.now
            )
            if not self.request.offline:
                return renewed
            here, actor = self.setting.library.id, self.request.origin.actor
            seen = writes.SIGHT(row.id, here, None, self.setting.now, actor)  # No earlier return ends the loan.
            return renewed._replace(writes=(*renewed.writes, seen))
        return Decision(self.answer(Reason.ALREADY_ON_LOAN), repeats=repeats)

    def lend(self) -> Decision[LoanAnswer]:
        """Lend, unless a reason stands against it that this asker may not overrule."""
        loads = loads_of(self.network, self.found.load, self.patron.row.id, self.setting.library.id)
        claim = self._claim()
        reasons, rules = self._reasons(loads, taken=claim.taken)
        fee = fee_of(self.network, self.setting)
        if fee is not None:
            rules = (*rules, fee.rule)
            reasons += [] if self.request.accepts_fee else [Reason.FEE_TO_ACCEPT]
        if not self.mandate.covers(reasons):
            return Decision(self.answer(*reasons)._replace(fee=fee), because=rules)
        due = self._due(claim)
        loan_id = new_id()
        if self.request.offline:
            self.detail.append(f"offline at={self.setting.now}")
        self.writes += recount(self.network, self.patron.row.id, loads)
        self._make_way(claim)
        self._lent(loan_id, due.due)
        if reasons:
            self._overruled(reasons, loan_id)
        if due.stranded:
            self.writes.append(
                note_anomaly("no-open-day", self.now, self.setting.library.id, self.item.row.id, loan_id)
            )
        context = render(
            self.setting.context,
            due.due,
            loads.own.by_type,
            site=loads.site.by_type,
            household=loads.household.by_type,
            cap=due.cap,
            demand=due.demand,
        )
        entry = Entry(
            "checkout",
            self.setting.library.id,
            self.item.row.id,
            loan_id,
            claim.honours,
            " ".join(self.detail),
            context,
        )
        return Decision(
            LoanAnswer((), self.request.barcode, self.item, self.patron, due.due, loan_id, fee=fee),
            tuple(self.writes),
            (entry,),
            (*rules, *due.rules),
            effect=f"loan:{loan_id}:0",
        )

    def _claim(self) -> queue.Claim:
        """Return what holds mean to the reader: which of theirs is honoured, or whether the item is another's."""
        row, patron_id = self.item.row, self.patron.row.id
        if row.hold_id is not None:
            mine = row.hold_patron_id == patron_id
            return queue.Claim(row.hold_id if mine else None, not mine, bool(self.found.waiting))
        if not self.found.waiting:
            return queue.Claim(taken=bool(row.temporary))
        setting = self.setting
        held = self.network.policy(setting.day).find("loan.held", setting.context).value
        claim = queue.claim(self.network, self.item, self.found.waiting, patron_id, setting.library, setting.now, held)
        if row.temporary and claim.honours is None:  # It was borrowed for one reader alone.
            return claim._replace(taken=True)
        return claim

    def _reasons(self, loads: Loads, *, taken: bool) -> tuple[list[Reason], tuple[str, ...]]:
        """Return every reason not to lend, the reader's first, and the rules that were asked."""
        setting, item = self.setting, self.item
        allowed = self.network.policy(setting.day).find("loan.allowed", setting.context)
        limits, limit_rules = over_limits(self.network, setting, loads)
        reasons = [
            *denials(self.network, self.patron, loads.own, setting.context, setting.today, setting.now, "checkout"),
            *_refused_states(item),
        ]
        if not setting.library.offers("circulation", setting.day):
            reasons.append(Reason.SERVICE_INACTIVE)
        if item.status is Status.ON_LOAN:
            reasons.append(Reason.ON_LOAN_TO_OTHER)
        if taken:
            reasons.append(Reason.HELD_FOR_OTHER)
        if allowed.value != "yes" and Reason.NOT_FOR_LOAN not in reasons:
            reasons.append(Reason.NOT_FOR_LOAN)
        reasons += limits
        return reasons, (allowed.rule, *limit_rules)

    def _due(self, claim: queue.Claim) -> DueDate:
        wanted = 0
        if self.found.copies:
            others = {row[1] for row in self.found.waiting if row[0] == self.item.row.id} - {claim.honours}
            wanted = copies_of(self.found.copies, self.item.row.id).demand(len(others))
        due = due_date(self.network, self.setting, self.item, self.patron, "loan.period", demand=wanted)
        wish = self.request.due
        if wish is None:
            return due
        return due._replace(due=wish if self.mandate.any else due.due.earlier(wish))

    def _lent(self, loan_id: int, due: Due) -> None:
        row, setting = self.item.row, self.setting
        channel = self.request.origin.channel
        self.writes.append(
            writes.LEND(
                loan_id,
                row.id,
                self.patron.row.id,
                setting.library.id,
                self.item.type.id,
                channel,
                setting.now,
                due.on,
                due.at,
            )
        )

    def _make_way(self, claim: queue.Claim) -> None:
        """End what held the item until now, and remember how to undo that (`storage.circulation.undo`)."""
        row, setting = self.item.row, self.setting
        here, at = setting.library.id, setting.now
        if row.loan_id is not None:
            state = "deduced" if self.request.offline else "returned"
            self.writes += writes.end_loan(row, here, at, setting.today, state)
            self.writes.append(note_anomaly("return-deduced", self.now, here, row.id, row.loan_id))
            self.detail.append(f"ended={row.loan_id}")
        if row.transit_id is not None:
            arrived = "received" if row.transit_to_id == here else "misrouted"
            self.writes.append(writes.RECEIVE(row.transit_id, at, "cancelled" if claim.taken else arrived))
            self.detail.append(f"transit={row.transit_id}")
        if claim.waited_for:
            self.writes.append(writes.PULLED(row.id, "released", at))
        if claim.honours is not None:
            self._honour(claim.honours)
        elif row.hold_id is not None and row.hold_patron_id is not None:  # Against the rules, or it would be refused.
            self.writes += [
                writes.PUT_BACK(row.hold_id),
                note_anomaly("hold-bypassed", self.now, here, row.id, hold_id=row.hold_id),
            ]
            if row.hold_state == "shelf":
                self.writes.append(tell_reader("hold-delayed", row.hold_patron_id, self.now, here, hold_id=row.hold_id))
        if row.condition != "good":
            self.writes.append(writes.FOUND(row.id))
            self.detail.append(f"found={row.condition}")
        if row.current_id != here:
            self.writes.append(writes.MOVE(row.id, here))
            self.detail.append(f"from={row.current_id}")

    def _honour(self, hold_id: int) -> None:
        row, at = self.item.row, self.setting.now
        captured = hold_id == row.hold_id
        if captured:
            self.detail.append(f"hold={row.hold_state}:{row.shelf_until or ''}::0")
        else:
            self.writes.append(writes.NOT_PULLED(hold_id, "released", at))
            own = next(hold for hold in map(WaitingRow._make, self.found.waiting) if hold.id == hold_id)
            self.detail.append(f"hold=waiting::{own.expires_on or ''}:{own.priority}")
        self.writes += writes.end_hold(hold_id, "honoured", row.id, self.setting.today, at)

    def _overruled(self, reasons: list[Reason], loan_id: int) -> None:
        """Journal which rules gave way; what happened off-line against them is for staff to look at."""
        here, item_id = self.setting.library.id, self.item.row.id
        codes = ",".join(reason.value for reason in reasons)
        self.detail.append(f"overruled={codes}")
        if Reason.WITHDRAWN in reasons:
            self.writes.append(note_anomaly("withdrawn-lent", self.now, here, item_id, loan_id))
        if self.request.offline and any(reason not in _TOLD_OTHERWISE for reason in reasons):
            self.writes.append(note_anomaly("offline-refused", self.now, here, item_id, loan_id, detail=codes))

    def overtaken(self) -> Decision[LoanAnswer] | None:
        """Record an off-line loan that had ended before it was told of; None when it has not (domain.md 2.13).

        It ended when the item was next taken in or lent: the later scan had it in hand.
        """
        row, at, here = self.item.row, self.setting.now, self.setting.library
        ended = ended_of(self.found.history, row.id)
        told = next((past for past in ended if past.out_at == at), None)
        if told is not None:
            answer = LoanAnswer(
                (), self.request.barcode, self.item, self.patron, Due(told.due_on, told.due_at), told.id, told.renewals
            )
            return Decision(answer, repeats=f"loan:{told.id}:{told.renewals}")
        ends = [*(past.in_at for past in ended), *seen_of(self.found.seen, row.id)]
        if row.out_at is not None and row.out_at > at:
            if row.loan_patron_id == self.patron.row.id:
                return Decision(self.answer(), repeats=f"loan:{row.loan_id}:{row.renewals}")
            ends.append(row.out_at)
        if not ends:
            return None
        in_at, loan_id = min(ends), new_id()
        due = self.request.due or due_date(self.network, self.setting, self.item, self.patron, "loan.period").due
        kept = (
            writes.KEEP_PAST(
                loan_id, row.id, here.id, row.item_type_id, self.patron.row.category_id, self.request.origin.channel,
                at, due.on, due.at, 0, "deduced", here.id, in_at,
            ),
            writes.KEEP_READER(link_expiry(local_day(in_at, here.zone)), loan_id, self.patron.row.id),
            note_anomaly("offline-overtaken", self.now, here.id, row.id, loan_id),
        )  # fmt: skip
        return Decision(
            LoanAnswer((), self.request.barcode, self.item, self.patron, due, loan_id),
            kept,
            (
                Entry("checkout", here.id, row.id, loan_id, detail=f"offline at={at}"),
                Entry("checkin", here.id, row.id, loan_id, detail=f"deduced at={in_at}"),
            ),
            effect=f"loan:{loan_id}:0",
        )


CHECKOUT: Final = UseCase(
    name="checkout",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"item:{request.barcode}", f"card:{request.card}"),
    failed=lambda request, code: LoanAnswer((Reason(code),), request.barcode),
)
