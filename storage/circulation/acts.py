"""What the acts on a loan share: their answer, their place and time, due dates and PINs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.circulation import writes
from storage.circulation.accounts import Item, Patron
from storage.circulation.due import Due, Terms, compute, local_day
from storage.circulation.pins import LOCK_SECONDS, TRIES, PinState
from storage.network.policies import Context, PolicySet
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.circulation.fees import Fee
    from storage.network.network import Library, Network
    from storage.statements import Call


class LoanAnswer(NamedTuple):
    """The answer to a check-out or renewal. *reasons* is empty when it was done; *renewed*: it was a renewal.

    *fee* is what the loan costs, where the network has decided that it costs something.
    """

    reasons: tuple[Reason, ...]
    barcode: str
    item: Item | None = None
    patron: Patron | None = None
    due: Due | None = None
    loan_id: int | None = None
    renewals: int = 0
    renewed: bool = False
    pin: PinState = PinState.NOT_GIVEN
    fee: Fee | None = None

    @property
    def ok(self) -> bool:
        """Whether the item is on loan to the reader by this request."""
        return not self.reasons


FACTS: Final = (Reason.WITHDRAWN,)
"""Reasons that nobody's will changes."""


class Mandate(NamedTuple):
    """By whose will an act goes against the rules: staff's, or nobody's because it has happened already."""

    force: bool = False
    offline: bool = False

    @property
    def any(self) -> bool:
        """Whether rules may be broken at all."""
        return self.force or self.offline

    def covers(self, reasons: Sequence[Reason]) -> bool:
        """Tell whether the act is done despite *reasons*."""
        if not reasons or self.offline:
            return True
        return self.force and not any(reason in FACTS for reason in reasons)


def masked(number: str) -> str:
    """Return what staff may read of a number that nobody knows, and that may be a reader's card."""
    return f"...{number[-4:]}({len(number)})"


class Setting(NamedTuple):
    """The place and time of an act, and where policies on it are looked for."""

    library: Library
    today: date
    day: str
    now: int
    context: Context


def setting_of(network: Network, origin: Origin, item: Item, patron: Patron, now: int) -> Setting:
    """Return place, local day and policy context of an act on *item* by *patron*."""
    library = network.libraries[origin.library_id]
    today = local_day(now, library.zone)
    row = item.row
    context = Context(row.owner_id, item.type.path, patron.category.path, library.id, row.location, origin.channel)
    return Setting(library, today, today.isoformat(), now, context)


class DueDate(NamedTuple):
    """When a loan ends, and why: *rules* for `because`, *cap* and *demand* for the journal's context."""

    due: Due
    rules: tuple[str, ...]
    cap: str | None = None
    demand: int = 0
    stranded: bool = False


_ALWAYS: Final = ("loan.closed-days", "loan.max-push", "loan.calendar")
_CAPS: Final = ("loan.all-back-by", "loan.until-expiry")


def due_date(
    network: Network,
    setting: Setting,
    item: Item,
    patron: Patron,
    attribute: str,
    start: date | None = None,
    demand: int = 0,
) -> DueDate:
    """Return when a loan or renewal made now ends (domain.md 2.4), its period being *attribute* of the policy.

    *start* is the day to count from, if not today; *demand* how many hundredths of an open hold wait per lendable copy.
    """
    policy, context = network.policy(setting.day), setting.context
    period, closed, push, calendar = policy.find_all((attribute, *_ALWAYS), context)
    rules = [period.rule]
    reduced = ""
    if demand:
        threshold = policy.find("loan.demand-threshold", context)
        if 0 < threshold.number * 100 <= demand:
            shorter = policy.find("loan.demand-period", context)
            reduced = shorter.value
            rules += [threshold.rule, shorter.rule]
    start = start or setting.today
    caps, cap_rules = caps_of(
        network,
        policy,
        context,
        setting.today,
        start,
        due_back_on=item.row.due_back_on,
        temporary=bool(item.row.temporary),
        valid_until=patron.row.valid_until,
        renewal=attribute == "renewal.period",
    )
    terms = Terms(period.value, closed.value, push.number, caps, reduced)
    opens = (patron.home if calendar.value == "home" else setting.library).calendar
    due, cap, stranded = compute(setting.now, start, terms, opens)
    return DueDate(due, (*rules, *(cap_rules if cap is not None else ())), cap, demand, stranded)


def caps_of(
    network: Network,
    policy: PolicySet,
    context: Context,
    today: date,
    start: date,
    *,
    due_back_on: str | None,
    temporary: bool,
    valid_until: str | None,
    renewal: bool,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the last days that a loan counted from *start* may have, and the rules that set them."""
    caps, rules = [], []
    day = start.isoformat()
    if due_back_on is not None:
        last = date.fromisoformat(due_back_on)
        if temporary:
            margin = policy.find("loan.return-margin", context)
            last -= timedelta(days=margin.number)
            rules.append(margin.rule)
        caps.append(last.isoformat())
    fixed, expiry = policy.find_all(_CAPS, context)
    if fixed.value != "none":
        caps += [last for last in sorted(fixed.value.split()) if last >= day][:1]
        rules.append(fixed.rule)
    if valid_until is not None and expiry.value == "yes":
        caps.append(valid_until)
        rules.append(expiry.rule)
    leaves = network.exit_cap(context.owner, context.library, today.isoformat(), renewal=renewal)
    if leaves is not None:
        caps.append(leaves)
    return tuple(caps), tuple(rules)


def check_pin(network: Network, patron: Patron, pin: str | None, now: int) -> PinState:
    """Compare the PIN that came with an act."""
    row = patron.row
    return network.pins.check(row.code, row.pin_hash, row.pin_locked_until, pin, now)


def refuse_pin(
    origin: Origin, barcode: str, item: Item, patron: Patron, pin: PinState, now: int
) -> Decision[LoanAnswer]:
    """Refuse an act for its PIN, note the failure, and tell nothing of the account."""
    if pin is PinState.LOCKED:
        return Decision(LoanAnswer((Reason.PIN_LOCKED,), barcode, item, pin=pin))
    noted, entries = failure(origin, patron, now)
    return Decision(LoanAnswer((Reason.WRONG_PIN,), barcode, item, pin=pin), (noted,), entries)


def failure(origin: Origin, patron: Patron, now: int) -> tuple[Call, tuple[Entry, ...]]:
    """Return the write that counts one more wrong PIN; the last try locks the PIN, which the journal is told."""
    failures = patron.row.pin_failures + 1
    if failures >= TRIES:
        return writes.PIN_TRIED(patron.row.id, 0, now + LOCK_SECONDS), (Entry("pin-locked", origin.library_id),)
    return writes.PIN_TRIED(patron.row.id, failures, None), ()


def forgive(decision: Decision[LoanAnswer], patron: Patron, pin: PinState) -> Decision[LoanAnswer]:
    """Return *decision*, and with a right PIN the end of a row of wrong ones."""
    if pin is not PinState.RIGHT or not patron.row.pin_failures:
        return decision
    return decision._replace(writes=(*decision.writes, writes.PIN_TRIED(patron.row.id, 0, None)))
