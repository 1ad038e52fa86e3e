"""What has happened in the demo network so far: loans, returns and holds of the last months, lived through in their order.

They are the acts of `storage.circulation`, decided by its rules and written with its journal rows, only on days that have
passed. Holds alone are written as they are: no act places one yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy import insert as into

from server.demo.dice import Dice
from server.demo.stock import READERS, UNTOUCHED, Copy, Fate, Habit, barcode, card, fate, habit
from storage import schema
from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.renew import RENEW, RenewRequest
from storage.ids import new_id
from storage.journal import conclude, gather
from storage.network.network import Network
from storage.statements import Call, Row
from storage.usecase import Act, Origin


class _Event(NamedTuple):
    """Something that happened at *at* (seconds since 1970 UTC)."""

    at: int
    happen: Callable[[int], None]


class History:
    """Lives through the past of a network on *connection*. *homes* are the readers' libraries, in the order of their numbers."""

    def __init__(self, connection: Connection, network: Network, homes: Sequence[str], today: date, dice: Dice) -> None:
        self._connection = connection
        self._network = network
        self._today = today
        self._dice = dice
        self._patrons: dict[str, int] = dict(connection.execute(select(schema.patron.c.code, schema.patron.c.id)).all())
        self._homes = homes
        self._readers: dict[tuple[Habit, str], list[int]] = defaultdict(list)
        for number in range(UNTOUCHED + 1, READERS + 1):
            self._readers[habit(number), homes[number - 1]].append(number)
            self._readers[habit(number), ""].append(number)
        self._borrower: dict[int, int] = {}
        self._turns: dict[tuple[Habit, str], int] = defaultdict(int)

    def live(self, copies: Sequence[Copy]) -> Iterator[tuple[int, int]]:
        """Do everything that happened, in its order; yield how many events are done, of how many."""
        events = [event for copy in copies for event in self._of(copy)]
        events += self._waiting(copies)
        for done, event in enumerate(sorted(events, key=lambda event: event.at), start=1):
            event.happen(event.at)
            yield done, len(events)

    # --- what happened ---------------------------------------------------------------------------------------------------

    def _of(self, copy: Copy) -> Iterator[_Event]:
        """Yield what happened to one item."""
        between = self._dice.between
        what = fate(copy.number)
        if what is Fate.LENT:
            if copy.number % 7 or copy.kind == "game":  # Games are not renewed.
                yield self._at(-between(2, 26), partial(self._lend, copy, Habit.BORROWS))
            else:
                days = between(34, 48)
                yield self._at(-days, partial(self._lend, copy, Habit.BORROWS))
                yield self._at(21 - days, partial(self._renew, copy))
        elif what is Fate.OVERDUE:
            yield self._at(-between(36, 75), partial(self._lend, copy, Habit.LATE))
        elif what is Fate.RETURNED:
            days = between(40, 120)
            yield self._at(-days, partial(self._lend, copy, Habit.BORROWS))
            yield self._at(between(5, 25) - days, partial(self._return, copy.number, copy.library))
        elif what is Fate.SENT_HOME:
            yield self._at(-between(12, 20), partial(self._lend, copy, Habit.BORROWS))
            yield self._at(-between(1, 3), partial(self._return, copy.number, self._elsewhere(copy.library)))
        elif what in {Fate.SHELVED, Fate.SENT_TO_READER}:
            yield from self._held(copy, shelved=what is Fate.SHELVED)

    def _held(self, copy: Copy, *, shelved: bool) -> Iterator[_Event]:
        reader = self._next(Habit.WAITS, "")
        pickup = self._homes[reader - 1]
        yield self._at(-self._dice.between(20, 25), partial(self._lend, copy, Habit.BORROWS))
        yield self._at(-10, partial(self._hold, copy, reader, pickup))
        place = pickup if shelved else self._elsewhere(pickup)
        yield self._at(-self._dice.between(1, 3), partial(self._return, copy.number, place))

    def _waiting(self, copies: Sequence[Copy]) -> Iterator[_Event]:
        """Yield holds on lent items that still wait; none keeps a promised item from being lent."""
        promised = {copy.title for copy in copies if copy.number <= UNTOUCHED}
        for copy in copies:
            if fate(copy.number) is Fate.LENT and copy.number % 100 == 5 and copy.title not in promised:
                reader = self._next(Habit.WAITS, "")
                yield self._at(-1, partial(self._hold, copy, reader, self._homes[reader - 1]))

    # --- chance ----------------------------------------------------------------------------------------------------------

    def _at(self, days: int, happen: Callable[[int], None]) -> _Event:
        zone = next(iter(self._network.libraries.values())).zone
        clock = time(self._dice.between(10, 17), self._dice.below(60), self._dice.below(60), tzinfo=zone)
        return _Event(int(datetime.combine(self._today + timedelta(days=days), clock).timestamp()), happen)

    def _next(self, does: Habit, library: str) -> int:
        """Return the next reader with a habit, of a library where there is one."""
        key = (does, library) if self._readers[does, library] else (does, "")
        self._turns[key] += 1
        return self._readers[key][self._turns[key] % len(self._readers[key])]

    def _elsewhere(self, library: str) -> str:
        while (place := self._homes[self._dice.below(READERS)]) == library:
            pass
        return place

    # --- acts ------------------------------------------------------------------------------------------------------------

    def _lend(self, copy: Copy, does: Habit, now: int) -> None:
        """Lend an item to a reader of its library who may have one more."""
        for _ in range(READERS):
            reader = self._next(does, copy.library)
            request = CheckoutRequest(card(reader), barcode(copy.number), self._origin(copy.library))
            answer = self._do(Act(CHECKOUT, request, now))
            if answer.ok:
                self._borrower[copy.number] = reader
                return
        raise AssertionError(f"nobody may borrow {barcode(copy.number)}: {answer.reasons}")

    def _renew(self, copy: Copy, now: int) -> None:
        reader = self._borrower[copy.number]
        self._do(Act(RENEW, RenewRequest(card(reader), barcode(copy.number), self._origin(copy.library)), now))

    def _return(self, number: int, library: str, now: int) -> None:
        self._do(Act(CHECKIN, CheckinRequest(barcode(number), self._origin(library)), now))

    def _hold(self, copy: Copy, reader: int, pickup: str, now: int) -> None:
        item = select(schema.barcode.c.item_id).where(schema.barcode.c.number == barcode(copy.number)).scalar_subquery()
        values: Mapping[str, Any] = {
            "id": new_id(),
            "patron_id": self._patrons[card(reader)],
            "target_item_id": item,
            "pickup_id": self._network.by_code[pickup].id,
            "requested_at": now,
        }
        self._connection.execute(into(schema.hold).values(values))

    def _origin(self, library: str) -> Origin:
        return Origin("sip2", f"kiosk-{library.lower()}", self._network.by_code[library].id)

    def _do(self, act: Act[Any, Any, Any]) -> Any:
        """Decide and apply *act*; return its answer."""
        steps = gather(act, self._network)
        try:
            calls = next(steps)
            while True:
                calls = steps.send([self._rows(call) for call in calls])
        except StopIteration as stop:
            facts, _ = stop.value
        decision = act.usecase.decide(act.request, facts, self._network, act.now)
        writes, outcome = conclude(act, decision, None)
        for call in writes:
            self._execute(call)
        return outcome.answer

    def _rows(self, call: Call) -> list[Row]:
        return [tuple(row) for row in self._execute(call)] if not call.statement.rank else []

    def _execute(self, call: Call) -> Any:
        clause: Any = call.statement.clause
        return self._connection.execute(clause, dict(zip(call.statement.binds, call.values, strict=True)))
