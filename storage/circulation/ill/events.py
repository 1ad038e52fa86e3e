"""What happens to a request, whoever tells it: one use case for all events, on our side and from the partner."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from storage.circulation import facts, writes
from storage.circulation.accounts import make_item
from storage.circulation.due import local_day
from storage.circulation.facts import ItemRow
from storage.circulation.ill import rows
from storage.circulation.ill.lenders import take_up
from storage.circulation.ill.machine import (
    BEFORE_SHIPPING,
    ENDED,
    ON_LOAN,
    RANKS,
    TELLS,
    TELLS_IF_WANTED,
    Event,
    No,
    Role,
    State,
    advance,
    check_at,
)
from storage.circulation.ill.rows import IllRow, row_of
from storage.ids import new_id
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.network.network import Network, Partner
    from storage.statements import Call, Row, Steps

TRANSIT_DAYS: Final = 3
"""Days before the lender's date on which the reader's loan ends at the latest, unless the partner's profile says otherwise."""
LEND_DAYS: Final = 42
"""Days for which the partner keeps what we lend, unless its profile says otherwise."""
MOST_RENEWALS: Final = 2
"""How often what we lend is prolonged, unless the partner's profile says otherwise."""
HANDED_OVER: Final = 86_400
"""Seconds after which an item that was sent has left, where no van is scanned."""


@dataclass(frozen=True, slots=True)
class IllEvent:
    """*event* has happened to the request (*agency*, *number*), or to the open one of *barcode* with this partner.

    *partner* is the partner's agency; *theirs* tells that it was the partner who said so. *due_on* is a day; *title*,
    *author*, *call_number* and *media_type* describe an item that comes; *returnable* and *renewable* its loan; *terms* are what the
    lender demands (`storage.circulation.ill.terms`). *role* is the side on which we must be, where what was said tells it.
    """

    event: Event
    partner: str
    origin: Origin
    agency: str = ""
    number: str = ""
    barcode: str = ""
    theirs: bool = False
    due_on: str | None = None
    title: str = ""
    author: str = ""
    call_number: str = ""
    media_type: str = ""
    returnable: bool = True
    renewable: bool = True
    reason: str = ""
    terms: str = ""
    role: Role | None = None


class IllAnswer(NamedTuple):
    """What came of an event: why it was refused, or the request as it is now. *changed* is False for what was so already."""

    no: No | None
    row: IllRow | None = None
    changed: bool = False
    due_on: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the event was taken."""
        return self.no is None


class Found(NamedTuple):
    """The request by its number, the open ones of the barcode, and what bears that barcode here, plainly or with the partner's prefix."""

    numbered: list[Row]
    coded: list[Row]
    bearers: list[Row]
    waiting: list[Row]
    prefixed: Sequence[Row] = ()


def prefixed(agency: str, barcode: str) -> str:
    """Give the number that an item of a partner gets here when its own is another's; empty for one without a number."""
    return f"{agency}-{barcode}" if barcode else ""


def gather(request: IllEvent, network: Network) -> Steps[Found]:
    """Lock the request, and read it, by number and by barcode."""
    partner = network.partners.get(request.partner)
    _, numbered, coded, bearers, waiting, others = yield [
        rows.LOCK(request.agency, request.number),
        rows.BY_NUMBER(request.agency, request.number),
        rows.BY_BARCODE(partner.id if partner is not None else 0, request.barcode),
        facts.ITEM(request.barcode),
        facts.WAITING(request.barcode),
        facts.ITEM(prefixed(request.partner, request.barcode)),
    ]
    return Found(list(numbered), list(coded), list(bearers), list(waiting), list(others))


def find(request: IllEvent, found: Found, partner: Partner) -> IllRow | None:
    """Give the request that is meant: by number, else the one open request of the barcode. It must be this partner's.

    Two networks that number alike may each have lent the other an item of the same number: who says what tells which is meant.
    """
    if found.numbered:
        row = row_of(found.numbered[0])
        return row if row.partner_id == partner.id else None
    role = request.role or (_SIDES.get(request.event) if request.theirs else None)
    open_ones = list({row.id: row for row in map(row_of, found.coded)}.values())
    if len(open_ones) > 1:
        open_ones = [row for row in open_ones if row.role is role]
    return open_ones[0] if request.barcode and len(open_ones) == 1 else None


_SIDES: Final = {
    Event.RECALLED: Role.BORROWING,
    Event.RECALL_ENDED: Role.BORROWING,
    Event.RENEW_PENDING: Role.BORROWING,
    Event.RENEW_REFUSED: Role.BORROWING,
    Event.LOST: Role.LENDING,
}
"""What a partner tells -> the side on which we are."""


@dataclass
class _Work:
    """An event under way: what is known, and what is to be written, step by step."""

    request: IllEvent
    found: Found
    network: Network
    partner: Partner
    row: IllRow
    now: int
    today: date
    writes: list[Call] = field(default_factory=list)
    due_on: str | None = None

    def profile(self, name: str, otherwise: int) -> int:
        """Give a number of the partner's profile."""
        value = self.partner.profile.get(name, otherwise)
        return value if isinstance(value, int) else otherwise

    def know(self, **changes: Any) -> None:
        """Change what the request holds."""
        seen, self.row = self.row, self.row._replace(**changes)
        self.writes.append(rows.know(self.row, seen))

    def cap(self, back_on: str | None, *, extends: bool = False) -> str | None:
        """Have the reader's loan end in time for the lender's date *back_on*; return the day on which it must."""
        if back_on is None or self.row.item_id is None:
            return back_on
        last = date.fromisoformat(back_on) - timedelta(days=self.profile("transit_days", TRANSIT_DAYS))
        last_on = max(last, self.today).isoformat()
        self.writes.append(rows.CAP(self.row.item_id, last_on))
        loan_on = self.row.due_on
        if self.row.loan_id is not None and loan_on is not None and (extends or loan_on > last_on):
            self.writes.append(rows.SET_DUE(self.row.loan_id, last_on))
        return last_on

    # --- effects of a new state, on the side that borrows ----------------------------------------------------------------

    def bring(self) -> No | None:
        """Make the temporary item that stands for the partner's, held for the reader and on its way to them."""
        request, row, here = self.request, self.row, self.network.libraries[self.partner.library_id]
        number = request.barcode or row.barcode or f"ILL-{row.id}"
        if self.found.bearers and number == request.barcode:
            if self.found.prefixed:
                return No.BARCODE_TAKEN
            number = prefixed(self.partner.agency, number)
        back_on = request.due_on
        last_on = None
        if back_on is not None:
            days = self.profile("transit_days", TRANSIT_DAYS)
            last_on = max(date.fromisoformat(back_on) - timedelta(days=days), self.today).isoformat()
        self.know(
            barcode=request.barcode or number, due_back_on=back_on, renewable=int(request.renewable),
            title=row.title or request.title, author=row.author or request.author,
        )  # fmt: skip
        self.row = self.row._replace(shown_barcode=number)
        hold_id = new_id() if row.patron_id is not None else None
        self.writes += [
            rows.ADD_ITEM(
                here.id, here.id, here.id, type_of(self.network, request.media_type), self.row.title, self.row.author,
                request.call_number, int(request.returnable), self.today.isoformat(), last_on,
            ),
            rows.ADD_BARCODE(number),
        ]  # fmt: skip
        if hold_id is not None:
            self.writes.append(rows.ADD_HOLD(hold_id, row.patron_id, row.pickup_id, self.now))
        self.writes.append(rows.ADD_TRANSIT(new_id(), here.id, row.pickup_id, hold_id, self.now))
        self.writes.append(rows.OWN_NEW(row.id, hold_id))
        return None

    def clean_up(self) -> None:
        """Let the reader go, and the temporary item with all that holds it: a loan that nobody ended ends with it."""
        row = self.row
        if row.hold_id is not None and row.hold_state is not None:
            self.writes += writes.end_hold(row.hold_id, "cancelled", row.held_item_id, self.today, self.now)
        if row.role is Role.BORROWING and row.item_id is not None:
            if row.transit_id is not None:
                self.writes.append(writes.RECEIVE(row.transit_id, self.now, "received"))
            if row.loan_id is not None:
                self.writes += rows.end_loan(row.loan_id, self.partner.library_id, self.today, self.now)
            self.writes += [rows.UNLABEL(row.item_id), rows.RETIRE(row.item_id)]
        elif row.role is Role.LENDING and row.transit_id is not None and row.transit_to_id == self.partner.library_id:
            # No van takes it to who no longer waits for it; its next scan sends it where it belongs.
            self.writes.append(writes.RECEIVE(row.transit_id, self.now, "cancelled"))
        self.writes.append(rows.PART(row.id))

    def go_on(self) -> None:
        """Ask the next lender, and tell the reader when there is none."""
        following = take_up(self.row, self.network, self.partner, self.now)
        if following is None:
            self.writes += rows.notify(self.row, "ill-unfilled", self.now, self.request.reason)
        else:
            self.writes += [rows.make(following), rows.tell(following, "RequestItem", self.now)]

    # --- effects of a new state, on the side that lends ------------------------------------------------------------------

    def ship(self) -> None:
        """Note which of our items leaves, and until when."""
        row = self.row
        if row.held_item_id is None and row.item_id is None and len(self.found.bearers) == 1:  # sent without a scan
            item = make_item(self.network, ItemRow._make(self.found.bearers[0]))
            if item.home.kind != "external":
                row = self.row = row._replace(
                    held_item_id=item.row.id, item_type_id=item.row.item_type_id, shown_barcode=item.row.barcode,
                    loan_id=item.row.loan_id, transit_id=item.row.transit_id,
                )  # fmt: skip
        back_on = (self.today + timedelta(days=self.profile("lend_days", LEND_DAYS))).isoformat()
        if row.held_item_id is not None:
            self.writes.append(rows.OWN(row.id, row.held_item_id))
        self.know(barcode=row.shown_barcode or row.barcode, due_back_on=back_on)

    def hand_over(self) -> None:
        """Lend our item to the partner's own account, once it has arrived there."""
        row, there = self.row, self.partner.library_id
        item_id = row.item_id or row.held_item_id
        if item_id is None or row.loan_id is not None or row.hold_outcome == "honoured":
            return
        if row.hold_id is not None and row.hold_state is not None:
            self.writes += writes.end_hold(row.hold_id, "honoured", item_id, self.today, self.now)
        if row.transit_id is not None:
            self.writes.append(writes.RECEIVE(row.transit_id, self.now, "received"))
        due = row.due_back_on or (self.today + timedelta(days=self.profile("lend_days", LEND_DAYS))).isoformat()
        self.writes += [
            writes.MOVE(item_id, there),
            writes.LEND(new_id(), item_id, row.patron_id, there, row.item_type_id, "ncip", self.now, due, None),
        ]

    def corrected(self) -> None:
        """Take the date that the lender gives anew for what has not come yet."""
        row, until = self.row, self.request.due_on
        if row.role is Role.BORROWING and row.recalled_on is None and until not in {None, row.due_back_on}:
            self.know(due_back_on=until)
            self.due_on = self.cap(until)

    # --- events that lead to no state ------------------------------------------------------------------------------------

    def renewed(self) -> No | None:
        """Prolong: the lender has agreed, or we do."""
        row, until = self.row, self.request.due_on
        if row.role is Role.LENDING:
            if row.loan_id is None or row.due_back_on is None:
                return No.NOT_ON_LOAN
            if self.found.waiting or row.recalled_on is not None:
                return No.WAITED_FOR
            if (row.renewals or 0) >= self.profile("renewals", MOST_RENEWALS):
                return No.NOT_RENEWABLE
            days = timedelta(days=self.profile("lend_days", LEND_DAYS))
            longest = (date.fromisoformat(row.due_back_on) + days).isoformat()
            until = until if until is not None and row.due_back_on < until < longest else longest
            self.row = row._replace(renewals=(row.renewals or 0) + 1)
            self.writes.append(writes.RENEW(row.loan_id, until, None, self.row.renewals, self.today.isoformat()))
        elif until is None or until <= (row.due_back_on or ""):
            if row.renewal:
                self.know(renewal="")
            return None
        self.know(due_back_on=until, renewal="")
        self.due_on = until
        if row.role is Role.BORROWING:
            self.due_on = self.cap(until, extends=True)
            self.writes += rows.notify(row, "ill-renewed", self.now, self.due_on or until)
        return None

    def recalled(self) -> No | None:
        """Have the item back sooner."""
        row = self.row
        if row.state not in ON_LOAN:
            return No.NOT_ON_LOAN
        wanted = self.request.due_on or (self.today + timedelta(days=14)).isoformat()
        until = min(wanted, row.due_back_on or wanted)
        if row.recalled_on is not None and until == row.due_back_on:
            return None
        before = row.due_before or row.due_back_on
        self.know(recalled_on=self.today.isoformat(), due_back_on=until, due_before=before)
        if row.role is Role.BORROWING:
            self.due_on = self.cap(until)
            self.writes += rows.notify(row, "ill-recalled", self.now, self.due_on or until)
        elif row.loan_id is not None:
            self.due_on = until
            self.writes.append(rows.SET_DUE(row.loan_id, until))
        return None

    def recall_ended(self) -> None:
        """Let the item stay as long as before it was recalled."""
        row = self.row
        if row.recalled_on is None:
            return
        until = max(row.due_before or "", row.due_back_on or "") or None
        self.know(recalled_on=None, due_back_on=until, due_before=None)
        if until is None or until == row.due_back_on:
            return
        if row.role is Role.BORROWING:
            shortened = (
                row.due_on is not None and row.due_on == row.last_on
            )  # it ends because the lender wants the item
            self.due_on = self.cap(until, extends=shortened)
            if shortened:
                self.writes += rows.notify(row, "ill-renewed", self.now, self.due_on or until)
        elif row.loan_id is not None:
            self.due_on = until
            self.writes.append(rows.SET_DUE(row.loan_id, until))


def type_of(network: Network, media_type: str) -> int:
    """Give the item type of a temporary item: the most special one of its medium, else the root of all."""
    kinds = sorted(network.item_types.values(), key=lambda kind: (-len(kind.path), kind.id))
    fitting = [kind for kind in kinds if media_type and kind.media_type == media_type]
    return (fitting or kinds[-1:])[0].id


def decide(request: IllEvent, found: Found, network: Network, now: int) -> Decision[IllAnswer]:
    """Decide what an event makes of a request; what was so already is answered alike, and changes nothing."""
    partner = network.partners.get(request.partner)
    row = find(request, found, partner) if partner is not None else None
    if row is None:
        return Decision(IllAnswer(No.UNKNOWN_REQUEST))
    return arrived(replace(request, event=_meant(request, row)), row, found, network, now)


def _meant(request: IllEvent, row: IllRow) -> Event:
    """Tell what a partner's word means on this side.

    What a borrower ships comes back, what a lender receives is home; who was asked and cancels cannot fill the request.
    """
    if request.theirs:
        if row.role is Role.LENDING and request.event is Event.SHIPPED:
            return Event.SENT_BACK
        if row.role is Role.LENDING and request.event is Event.REFUSED:
            return Event.CANCELLED
        if row.role is Role.BORROWING and request.event is Event.RECEIVED:
            return Event.HOME
        if row.role is Role.BORROWING and request.event is Event.CANCELLED:
            return Event.REFUSED
    return request.event


def arrived(request: IllEvent, row: IllRow, found: Found, network: Network, now: int) -> Decision[IllAnswer]:
    """Decide what an event makes of *row*, which is the partner's."""
    partner = network.partners[request.partner]
    state = _crossed(request, row, partner, now) or advance(row.state, request.event)
    if isinstance(state, No):
        return Decision(IllAnswer(state, row))
    today = local_day(now, network.libraries[row.pickup_id].zone)
    work = _Work(request, found, network, partner, row, now, today)
    no = _effect(work, state)
    if no is not None:
        return Decision(IllAnswer(no, row))
    before = row.effect
    if not work.writes:
        return Decision(IllAnswer(None, row, due_on=row.due_back_on), effect=before, repeats=before)
    after = work.row._replace(state=state or row.state)
    work.writes += _told(request, partner, after, now)
    entry = Entry(f"ill-{request.event.value}", row.pickup_id, after.item_id, None, row.hold_id, str(row.id))
    answer = IllAnswer(None, after, changed=True, due_on=work.due_on)
    # What is prolonged could be so again: the same words about a loan prolonged as often are a repeat.
    again = before if request.event is Event.RENEWED else ""
    return Decision(answer, tuple(work.writes), (entry,), effect=after.effect, repeats=again)


def _crossed(request: IllEvent, row: IllRow, partner: Partner, now: int) -> State | No | None:
    """Tell what two events come to that crossed on their way; None when they did not.

    What was shipped before our word that we gave the request up had come is on its way, for all that: it is followed, and sent back.
    What a van has is shipped, though nobody has said so yet.
    """
    event = request.event
    if row.state in {State.CANCELLED, State.UNFILLED} and row.role is Role.BORROWING:
        return State.SHIPPED if event is Event.SHIPPED and request.theirs else None
    waits = RANKS.get(row.state, 99) < RANKS[State.SHIPPED]
    if row.role is Role.LENDING and waits and event in BEFORE_SHIPPING and leaving(row, partner, now):
        return No.TOO_LATE
    return None


def leaving(row: IllRow, partner: Partner, now: int) -> bool:
    """Tell whether the item of *row* has left for the partner: a van has it, or, where no van is scanned, it was sent a day ago."""
    if row.transit_id is None or row.transit_to_id != partner.library_id:
        return False
    return row.loaded_at is not None or (not row.lines and now - (row.sent_at or now) >= HANDED_OVER)


def _effect(work: _Work, state: State | None) -> No | None:
    """Collect what an event changes: what the request holds, then its state with all that follows from it."""
    row, event = work.row, work.request.event
    if row.state in ENDED and state is not State.SHIPPED:
        return None
    if state is None:
        return _aside(work, event)
    if row.role is Role.BORROWING and row.item_id is None and state in _ITEM_THERE:
        no = work.bring()
        if no is not None:
            return no
    if row.role is Role.LENDING and row.item_id is None and state in _ITEM_THERE:
        work.ship()
    if row.role is Role.LENDING and state is State.RECEIVED:
        work.hand_over()
    ends = state in ENDED
    if ends:
        work.clean_up()
    if event is Event.REFUSED:
        work.go_on()
    if event is Event.CANCELLED and work.request.origin.channel == "job":
        work.writes += rows.notify(row, "ill-unfilled", work.now, work.request.reason)
    if state is State.CONDITIONAL:
        work.know(terms=work.request.terms)
    kind = "ill-crossed" if row.state in ENDED else _ALERTS.get(state)
    if kind is not None:
        work.writes.append(rows.alert(row, kind, work.now))
    closed_at = work.now if ends else None
    work.writes.insert(
        0,
        rows.MOVE(
            row.id, row.state.value, state.value, work.now, check_at(row.role, state, work.now), work.request.reason, closed_at
        ),
    )  # fmt: skip
    return None


_ITEM_THERE: Final = frozenset({State.SHIPPED, State.RECEIVED})
_ALERTS: Final = {State.LOST: "ill-lost", State.CONDITIONAL: "ill-borrowing-conditional"}
"""States of which the referent is told at once."""


def _aside(work: _Work, event: Event) -> No | None:
    """Collect what an event changes that leads to no state."""
    row = work.row
    if event is Event.RENEWED:
        return work.renewed()
    if event is Event.RECALLED:
        return work.recalled()
    if event is Event.RECALL_ENDED:
        work.recall_ended()
    elif event is Event.SHIPPED and row.state is State.SHIPPED:
        work.corrected()
    elif event is Event.CONDITIONS:
        # That there are terms, without saying which, is what a lookup tells: those that are known stand.
        if row.state is State.CONDITIONAL and work.request.terms not in {"", row.terms}:
            work.know(terms=work.request.terms)
            work.writes.append(rows.alert(row, _ALERTS[row.state], work.now))
    elif event is Event.AGREED:
        if row.state is not State.CONDITIONAL:
            return No.NO_TERMS
        if row.agreed != row.terms or not row.terms:  # who knows of no terms asks again, and is told which
            work.know(agreed=row.terms)
            work.writes.append(rows.LOOKED(row.id, check_at(row.role, row.state, work.now), 0))
    elif event is Event.RENEW_ASKED:
        if row.state not in ON_LOAN or not row.renewable:
            return No.NOT_RENEWABLE if row.state in ON_LOAN else No.NOT_ON_LOAN
        if row.renewal not in {"asked", "pending"}:
            work.know(renewal="asked", prolonged=row.renewals or 0)
    elif event is Event.RENEW_PENDING and row.renewal != "pending":
        work.know(renewal="pending")
    elif event is Event.RENEW_REFUSED and row.renewal != "refused":
        work.know(renewal="refused")
        work.writes += rows.notify(row, "ill-not-renewed", work.now)
    return None


def _told(request: IllEvent, partner: Partner, row: IllRow, now: int) -> list[Call]:
    """Give the message that tells the partner what has happened here."""
    if request.theirs:
        return []
    key = (row.role, request.event)
    service = TELLS.get(key)
    wanted = partner.profile.get("notifications")
    if service is None and isinstance(wanted, list) and TELLS_IF_WANTED.get(key) in wanted:
        service = TELLS_IF_WANTED[key]
    return [] if service is None else [rows.tell(row, service, now, at=now, due_on=request.due_on)]


ILL_EVENT: Final = UseCase(
    name="ill-event",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"ill:{request.agency}:{request.number}", f"item:{request.barcode}"),
    failed=lambda _request, _code: IllAnswer(No.OVERTAKEN),
)
