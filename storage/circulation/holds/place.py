"""To place a hold: every reason why not, in the order of domain.md 2.8; else its place in line and when to expect the item."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.catalogue.records import SUPERSEDED
from storage.circulation import facts
from storage.circulation.accounts import (
    Item,
    Patron,
    denials,
    find_item,
    find_patron,
    load_of,
    make_item,
    patron_context,
)
from storage.circulation.acts import check_pin
from storage.circulation.due import local_day
from storage.circulation.facts import ItemRow, LoadRow
from storage.circulation.holds import rows
from storage.circulation.holds.answers import HoldAnswer, failed, refuse_pin
from storage.circulation.holds.queue import hold_context, is_new, supplies
from storage.circulation.holds.rows import OpenHold
from storage.circulation.holds.shelf import promised
from storage.circulation.status import Status
from storage.ids import new_id
from storage.network.contexts import render
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.network.network import Library, Network
    from storage.statements import Call, Row, Steps


_GONE: Final = frozenset({"missing", "lost"})


@dataclass(frozen=True, slots=True)
class PlaceHoldRequest:
    """Reserve for the reader of *card*: a title (*record_id*, or that of *barcode*), one of its volumes, or one item.

    *barcode* with *this_item* asks for that very item; so does the barcode of an item without a record. *pickup_id* is
    where it will be fetched, the reader's own library when None. *expires_on* is the last day on which it is of use,
    *suspended_until* the day until which it keeps its place without being served (ISO days).
    """

    card: str = field(repr=False)
    origin: Origin
    record_id: int | None = None
    barcode: str = ""
    this_item: bool = False
    volume: str = ""
    pickup_id: int | None = None
    expires_on: str | None = None
    suspended_until: str | None = None
    pin: str | None = field(default=None, repr=False)


class Target(NamedTuple):
    """What a hold is on: a title with an optional volume, or an item. None of both: nothing that is known."""

    record_id: int | None = None
    item_id: int | None = None
    volume: str = ""
    reason: Reason | None = None


class PlaceFacts(NamedTuple):
    """What is wanted, then rows: the card, its loans and holds, the title's name, its items; the holds before this one."""

    target: Target
    patron: list[Row]
    load: list[Row]
    holds: list[Row]
    title: list[Row]
    candidates: list[Row]
    before: int


def _target(request: PlaceHoldRequest, network: Network, items: list[Row]) -> Target:
    if request.barcode:
        item = find_item(network, items, network.libraries[request.origin.library_id].namespace)
        if isinstance(item, Reason):
            return Target(reason=item)
        if request.this_item or item.row.record_id is None:
            return Target(item_id=item.row.id)
        return Target(item.row.record_id, volume=request.volume or item.row.volume)
    return Target(request.record_id, volume=request.volume)


def gather(request: PlaceHoldRequest, network: Network) -> Steps[PlaceFacts]:
    """Lock the reader and read their account; then what they want, with the line for it."""
    _, patron, load, holds, item = yield [
        facts.LOCK_PATRON(request.card),
        facts.PATRON(request.card),
        facts.LOAD(request.card),
        rows.HOLDS_OF_CARD(request.card),
        facts.ITEM(request.barcode),
    ]
    target = _target(request, network, list(item))
    if target.item_id is not None:
        candidates, before = yield [rows.CANDIDATE(target.item_id), rows.BEFORE_ON_ITEM(target.item_id, *_LAST)]
        title: Sequence[Row] = ()
    else:
        record = target.record_id or 0
        _, superseded, *found = yield [rows.LOCK_TITLE(record), SUPERSEDED(record), *_line(record, target.volume)]
        if superseded:
            record = superseded[0][0]
            target = target._replace(record_id=record)
            found = list((yield _line(record, target.volume)))
        candidates, before, title = found
    return PlaceFacts(target, list(patron), list(load), list(holds), list(title), list(candidates), before[0][0])


_LAST: Final = (0, 1 << 62, 0)


def _line(record: int, volume: str) -> list[Call]:
    """Return the calls for a title: its items, how many wait for it, its name."""
    return [rows.CANDIDATES_OF_TITLE(record), rows.BEFORE_ON_TITLE(record, volume, *_LAST), rows.TITLE(record)]


class Candidate(NamedTuple):
    """An item that a hold could be given, asked for now on behalf of the hold *asked_for*."""

    item: Item
    added_on: str | None
    asked_for: int | None = None


def candidates_of(network: Network, found: list[Row], volume: str = "") -> list[Candidate]:
    """Return what `rows.CANDIDATES_OF_TITLE` found, of one *volume* only when one is asked for."""
    made = [Candidate(make_item(network, ItemRow._make(row[:-2])), *row[-2:]) for row in found]
    return [candidate for candidate in made if not volume or candidate.item.row.volume == volume]


class _Wanted(NamedTuple):
    """What is asked for, by whom, to be fetched where."""

    patron: Patron
    target: Target
    pickup: Library
    candidates: list[Candidate]
    today: date
    channel: str

    @property
    def day(self) -> str:
        return self.today.isoformat()


def _serves(network: Network, wanted: _Wanted, candidate: Candidate) -> Reason | None:
    """Return why *candidate* could never be given to this hold; None when it could, now or later."""
    item, day = candidate.item, wanted.day
    own = wanted.target.item_id == item.row.id
    if item.row.condition in _GONE or not supplies(network, item, day) or (item.row.temporary and not own):
        return Reason.NOT_HOLDABLE
    context = hold_context(network, item, wanted.patron.row.category_id, wanted.pickup.id, wanted.channel)
    if network.policy(day).find("hold.allowed", context).value != "yes":
        return Reason.NOT_HOLDABLE
    if wanted.pickup.id != item.home.id and is_new(network, item, candidate.added_on, context, day):
        return Reason.TOO_NEW_TO_TRAVEL
    return None


def _same(hold: OpenHold, target: Target) -> bool:
    return (hold.record_id, hold.target_item_id, hold.volume) == (target.record_id, target.item_id, target.volume)


def _about_reader(
    network: Network, request: PlaceHoldRequest, found: PlaceFacts, wanted: _Wanted, mine: list[OpenHold], now: int
) -> tuple[list[Reason], list[str]]:
    """Return the reasons that lie in the reader, and the rules that gave them."""
    here = network.libraries[request.origin.library_id]
    patron, target = wanted.patron, wanted.target
    load = load_of([LoadRow._make(row) for row in found.load if row[0] == patron.row.id])
    context = patron_context(network, patron, here.id, request.origin.channel)
    reasons = [*denials(network, patron, load, context, wanted.today, now, "hold")]
    limit = network.policy(wanted.day).find("hold.limit", context)
    if len(mine) >= limit.number:
        reasons.append(Reason.TOO_MANY_HOLDS)
    if any(_same(hold, target) for hold in mine):
        reasons.append(Reason.ALREADY_HELD)
    if any(candidate.item.row.loan_patron_id == patron.row.id for candidate in wanted.candidates):
        reasons.append(Reason.ALREADY_ON_LOAN)
    return reasons, [limit.rule]


def _about_target(network: Network, found: PlaceFacts, wanted: _Wanted) -> tuple[list[Reason], list[Candidate]]:
    """Return the reasons that lie in what is wanted and where, and the items that could serve."""
    if wanted.target.reason is not None:
        return [wanted.target.reason], []
    if wanted.target.item_id is None and not found.title:
        return [Reason.UNKNOWN_TITLE], []
    reasons = []
    if wanted.pickup.kind != "external" and not wanted.pickup.offers("holds-pickup", wanted.day):
        reasons.append(Reason.NO_PICKUP_HERE)
    judged = [(candidate, _serves(network, wanted, candidate)) for candidate in wanted.candidates]
    serving = [candidate for candidate, why in judged if why is None]
    if not serving:
        whys = {why for _, why in judged}
        new = Reason.TOO_NEW_TO_TRAVEL
        reasons.append(new if new in whys else Reason.NOT_HOLDABLE)
    return reasons, serving


def _stands_here(wanted: _Wanted, serving: list[Candidate]) -> Item | None:
    """Return an item that the reader could take from the shelf where they would fetch it."""
    for candidate in serving:
        item = candidate.item
        if item.status is Status.AVAILABLE and item.current.id == wanted.pickup.id and candidate.asked_for is None:
            return item
    return None


def _available_here(network: Network, wanted: _Wanted, serving: list[Candidate]) -> tuple[str, str]:
    """Return what the policy says of an item that stands where it would be fetched, and its rule; blank without one."""
    item = _stands_here(wanted, serving)
    if item is None:
        return "", ""
    context = hold_context(network, item, wanted.patron.row.category_id, wanted.pickup.id, wanted.channel)
    found = network.policy(wanted.day).find("hold.available-here", context)
    return found.value, found.rule


def _promise(network: Network, wanted: _Wanted, serving: list[Candidate], now: int) -> str | None:
    """Return from which day the reader can have it, if an item is there for them now."""
    days = [
        promised(network, candidate.item.current.id, wanted.pickup.id, now)
        for candidate in serving
        if candidate.item.status is Status.AVAILABLE and candidate.asked_for is None
    ]
    return min((day for day in days if day is not None), default=None)


def decide(request: PlaceHoldRequest, found: PlaceFacts, network: Network, now: int) -> Decision[HoldAnswer]:
    """Place a hold, or say every reason why not."""
    here = network.libraries[request.origin.library_id]
    today = local_day(now, here.zone)
    patron = find_patron(network, found.patron, here.namespace, today.isoformat())
    target = found.target
    if isinstance(patron, Reason):
        return Decision(HoldAnswer((patron, *((target.reason,) if target.reason is not None else ()))))
    pin = check_pin(network, patron, request.pin, now)
    refused = refuse_pin(request.origin, patron, pin, now)
    if refused is not None:
        return refused
    pickup = network.libraries.get(request.pickup_id or patron.home.id)
    if pickup is None:
        return Decision(HoldAnswer((Reason.NO_PICKUP_HERE,), patron=patron, pin=pin))
    candidates = candidates_of(network, found.candidates, target.volume)
    wanted = _Wanted(patron, target, pickup, candidates, today, request.origin.channel)
    mine = [hold for hold in map(OpenHold._make, found.holds) if hold.patron_id == patron.row.id]
    reasons, because = _about_reader(network, request, found, wanted, mine, now)
    more, serving = _about_target(network, found, wanted)
    reasons += more
    if any(day is not None and day < wanted.day for day in (request.expires_on, request.suspended_until)):
        reasons.append(Reason.BAD_DATE)
    # What stands there is theirs to take only when nobody is served before them.
    here_now, rule = _available_here(network, wanted, [] if found.before else serving)
    if here_now == "forbid":
        reasons.append(Reason.AVAILABLE_HERE)
    if rule:
        because.append(rule)
    if reasons:
        answer = HoldAnswer(tuple(reasons), patron=patron, pin=pin, pickup=pickup)
        had = next((f"hold:{hold.id}" for hold in mine if _same(hold, target)), "")
        return Decision(answer, because=tuple(because), repeats=had)
    remarks = (Reason.AVAILABLE_HERE,) if here_now == "alert" else ()
    promise = _promise(network, wanted, serving, now) if not found.before else None
    return _placed(network, request, wanted, found, promise, remarks, tuple(because), now)


def _placed(
    network: Network,
    request: PlaceHoldRequest,
    wanted: _Wanted,
    found: PlaceFacts,
    promise: str | None,
    remarks: tuple[Reason, ...],
    because: tuple[str, ...],
    now: int,
) -> Decision[HoldAnswer]:
    patron, target, pickup = wanted.patron, wanted.target, wanted.pickup
    first = wanted.candidates[0].item
    # In a title's line nobody asks for an item by its number.
    barcode, title = (first.row.barcode, first.row.title) if target.item_id is not None else (None, found.title[0][0])
    hold = OpenHold(
        new_id(), patron.row.id, patron.row.category_id, target.record_id, target.item_id, target.volume, pickup.id,
        request.origin.channel, now, 0, request.expires_on, request.suspended_until, "waiting", None, None, None, "", 0,
        promise, None, barcode, title,
    )  # fmt: skip
    context = hold_context(network, first, patron.row.category_id, pickup.id, wanted.channel)
    return Decision(
        HoldAnswer(
            (), hold, patron, state="waiting", pickup=pickup, rank=found.before + 1, expires_on=request.expires_on,
            promised_on=promise, remarks=remarks,
        ),
        (
            rows.PLACE(
                hold.id, hold.patron_id, hold.record_id, hold.target_item_id, hold.volume, hold.pickup_id, hold.channel,
                request.origin.actor, now, hold.expires_on, hold.suspended_until, promise,
            ),
        ),
        (Entry("hold", request.origin.library_id, target.item_id, hold_id=hold.id, context=render(context)),),
        because,
        effect=f"hold:{hold.id}",
    )  # fmt: skip


PLACE_HOLD: Final = UseCase(
    name="place hold",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"card:{request.card}",),
    failed=failed,
)
