"""Check-in: the row "CHECKIN at L" of domain.md 2.3. Its order of work is in `storage.circulation.returning`.

Every item that the network knows is taken in, whatever its state; the answer names where it must go and why staff should
look up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.circulation import facts
from storage.circulation.accounts import Item, Patron, find_item, is_away, readers_of
from storage.circulation.acts import masked
from storage.circulation.due import local_day
from storage.circulation.facts import WaitingRow
from storage.circulation.history import ended_of, seen_of, since
from storage.circulation.returning import Alert, Mode, Returning, TooSoon
from storage.circulation.tellings import note_anomaly
from storage.network.contexts import render
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.network.network import Library, Network
    from storage.statements import Row, Steps

__all__ = ["CHECKIN", "Alert", "CheckinRequest", "Mode", "ReturnAnswer"]


@dataclass(frozen=True, slots=True)
class CheckinRequest:
    """Take back *barcode*, at *origin*'s library. *returned_at* is when the reader gave it back, if not now.

    *offline*: the device could not ask then, and what came after counts for more. *force* takes an item in where the
    library has no circulation. *names* asks who had the item and who gets it.
    """

    barcode: str
    origin: Origin
    returned_at: int | None = None
    mode: Mode = Mode.RETURN
    offline: bool = False
    force: bool = False
    names: bool = False


class ReturnAnswer(NamedTuple):
    """The answer to a check-in.

    *reasons* is empty when the item was taken in; *remarks* are what staff should know though it was (NOT_ON_LOAN, or
    the item's trouble). *destination* is where it must travel, None when it stays; *hold_id* the hold it now serves.
    *patron_id* had it on loan. *used*: it was counted as used here. *returned_by* had it and *held_for* gets it, where the
    request wants names.
    """

    reasons: tuple[Reason, ...]
    barcode: str
    item: Item | None = None
    was_on_loan: bool = False
    patron_id: int | None = None
    alert: Alert | None = None
    destination: Library | None = None
    hold_id: int | None = None
    shelf_until: str | None = None
    remarks: tuple[Reason, ...] = ()
    used: bool = False
    returned_by: Patron | None = None
    held_for: Patron | None = None

    @property
    def ok(self) -> bool:
        """Whether the item was taken in."""
        return not self.reasons


class CheckinFacts(NamedTuple):
    """Rows of `facts`, in one step: the item and the holds that wait for it; for an off-line act its *history* and where it was *seen* since.

    *readers* are those of the item, where names are wanted.
    """

    item: list[Row]
    waiting: list[Row]
    history: list[Row]
    seen: list[Row]
    readers: Sequence[Row] = ()


def gather(request: CheckinRequest, network: Network) -> Steps[CheckinFacts]:
    """Lock the item and the holds it could serve, and read both, in one step."""
    _, _, item, waiting = yield [
        facts.LOCK_ITEM(request.barcode),
        facts.LOCK_HOLDS(request.barcode),
        facts.ITEM(request.barcode),
        facts.WAITING(request.barcode),
    ]
    history: Sequence[Row] = []
    seen: Sequence[Row] = []
    if request.offline and request.returned_at is not None:
        history, seen = yield since(request.barcode, request.returned_at)
    readers: Sequence[Row] = ()
    if request.names:
        (readers,) = yield [facts.READERS_OF_ITEM(request.barcode)]
    return CheckinFacts(list(item), list(waiting), list(history), list(seen), readers)


def decide(request: CheckinRequest, found: CheckinFacts, network: Network, now: int) -> Decision[ReturnAnswer]:
    """Decide a check-in."""
    here = network.libraries[request.origin.library_id]
    item = find_item(network, found.item, here.namespace, is_away)
    if isinstance(item, Reason):
        strange = (Entry("unknown-barcode", here.id, detail=masked(request.barcode)),)
        answer = ReturnAnswer((item,), request.barcode, alert=Alert.OTHER)
        return Decision(answer, entries=strange if item is Reason.UNKNOWN_ITEM else ())
    if not (request.offline or request.force) and not here.offers("circulation", local_day(now, here.zone).isoformat()):
        return Decision(ReturnAnswer((Reason.SERVICE_INACTIVE,), request.barcode, item, alert=Alert.OTHER))
    at = now if request.returned_at is None else min(now, request.returned_at)
    if request.offline and _is_stale(item, found, at):
        return _stale(request, item, here, at, now)
    returning = Returning(network, item, here, at, now, request.origin.actor, request.mode, found.waiting)
    try:
        returning.work()
    except TooSoon:
        return _too_soon(request, returning)
    decision = _done(request, returning)
    return decision._replace(answer=_named(decision.answer, found, network)) if found.readers else decision


def _is_stale(item: Item, found: CheckinFacts, at: int) -> bool:
    """Tell whether the item was lent or taken in after *at*: what is told now is over."""
    row = item.row
    return (row.out_at or 0) > at or bool(ended_of(found.history, row.id) or seen_of(found.seen, row.id))


def _stale(request: CheckinRequest, item: Item, here: Library, at: int, now: int) -> Decision[ReturnAnswer]:
    answer = ReturnAnswer((), request.barcode, item, remarks=(Reason.NOT_ON_LOAN,))
    effect = f"in:{item.row.id}"
    told = (note_anomaly("offline-overtaken", now, here.id, item.row.id, detail=f"checkin at={at}"),)
    entry = Entry("checkin", here.id, item.row.id, detail=f"offline stale at={at}")
    return Decision(answer, told, (entry,), effect=effect, repeats=effect)


def _too_soon(request: CheckinRequest, returning: Returning) -> Decision[ReturnAnswer]:
    """Leave the item on its way, and have staff look: it cannot be where it was scanned."""
    row, here = returning.item.row, returning.here
    answer = ReturnAnswer(
        (), request.barcode, returning.item, alert=Alert.OTHER, hold_id=row.hold_id, remarks=(Reason.IN_TRANSIT,)
    )
    told = (note_anomaly("scanned-too-soon", returning.now, here.id, row.id, hold_id=row.hold_id),)
    return Decision(answer, told, because=tuple(returning.because), effect=f"in:{row.id}")


def _done(request: CheckinRequest, returning: Returning) -> Decision[ReturnAnswer]:
    row, here = returning.item.row, returning.here
    answer = ReturnAnswer(
        reasons=(),
        barcode=request.barcode,
        item=returning.item,
        was_on_loan=row.loan_id is not None,
        patron_id=row.loan_patron_id,
        alert=returning.alert,
        destination=returning.destination,
        hold_id=returning.hold_id,
        shelf_until=returning.until,
        remarks=tuple(returning.remarks),
        used=returning.used,
    )
    entries = []
    if returning.writes:
        if request.offline:
            returning.detail.append(f"offline at={returning.at}")
        context = render(returning.context) if returning.because else ""
        detail = " ".join(returning.detail)
        entries.append(Entry("checkin", here.id, row.id, row.loan_id, returning.hold_id, detail, context))
    if returning.used:
        entries.append(Entry("in-house-use", here.id, row.id))
    effect = f"in:{row.id}"
    return Decision(
        answer,
        (*returning.writes, *returning.trace),
        tuple(entries),
        tuple(returning.because),
        effect=effect,
        repeats="" if answer.was_on_loan or answer.used or returning.captured else effect,
    )


def _named(answer: ReturnAnswer, found: CheckinFacts, network: Network) -> ReturnAnswer:
    """Say who had the item, and who gets it."""
    assert answer.item is not None
    row = answer.item.row
    holders = {hold.id: hold.patron_id for hold in map(WaitingRow._make, found.waiting)}
    holders[row.hold_id or 0] = row.hold_patron_id or 0
    readers = readers_of(network, found.readers)
    holder = holders.get(answer.hold_id or 0, 0)
    return answer._replace(returned_by=readers.get(answer.patron_id or 0), held_for=readers.get(holder))


CHECKIN: Final = UseCase(
    name="checkin",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"item:{request.barcode}",),
    failed=lambda request, code: ReturnAnswer((Reason(code),), request.barcode, alert=Alert.OTHER),
)
