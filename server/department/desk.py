"""The daemon: its wire, its outbox, and what happens at its desk."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from server.department.conduct import Conduct, ScriptedLine, ScriptedResponder
from server.department.premises import HOME, READER
from server.department.scenario import Scenario
from server.listeners import Listener, listen
from server.ncip.journal import Journal
from server.ncip.outbox import Outbox
from server.ncip.responder import Responder
from server.ncip.web import TOO_LARGE, TOO_MANY, NcipPage
from server.web import make_site
from storage import schema
from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.holdings import HoldingRow, by_record, holdings
from storage.circulation.ill.events import ILL_EVENT, IllEvent
from storage.circulation.ill.machine import Event, Role, State
from storage.circulation.ill.requests import ILL_REQUEST, IllRequest
from storage.circulation.ill.rows import OPEN_AFTER, IllRow, row_of
from storage.circulation.ill.watch import WATCH_ILL
from storage.database import Location
from storage.jobs.job import RunRequest, usecase_of
from storage.statements import Row, Steps
from storage.store import Store, open_store
from storage.usecase import Origin

TICK = 0.25
_WATCH = usecase_of(WATCH_ILL)
_OWN = schema.ill_request.c.role == Role.BORROWING.value


class Department:
    """A department at work: with *partner*, as *scenario* says."""

    events = Logger()

    def __init__(self, location: Location, agency: str, partner: str, scenario: Scenario, reactor: Any) -> None:
        self._reactor = reactor
        self._began = reactor.seconds()
        self._agency = agency
        self._partner = partner
        self._scenario = scenario
        self.store: Store = open_store(location, reactor)
        self._home = self.store.network.by_code[HOME].id
        self._journal = Journal(self.store, reactor)
        conduct = Conduct(scenario, reactor)
        self.responder = ScriptedResponder(
            Responder(self.store, reactor, journal=self._journal), conduct, self._renewal_pends
        )
        self.site = make_site(
            {"ncip": NcipPage(self.responder)}, lambda: self.responder.ready, reactor,
            limit=1 << 20, too_large=TOO_LARGE, too_many=TOO_MANY,
        )  # fmt: skip
        self.outbox = Outbox(self.store, reactor, ScriptedLine(reactor, conduct), journal=self._journal)
        self._loop = LoopingCall(lambda: Deferred.fromCoroutine(self._turn()))
        self._loop.clock = reactor
        self._asked: int | None = None
        self._done: set[tuple[str, int]] = set()
        self._pending: dict[int, float] = {}
        self.listener: Listener | None = None

    def start(self, listening: str) -> None:
        """Listen at *listening*, a Twisted endpoint description, and begin to work."""
        self.listener = listen(self._reactor, listening, self.site)
        self._journal.start()
        self.outbox.start()
        self._loop.start(TICK, now=False)

    async def stop(self) -> None:
        """Stop working, and close."""
        if self._loop.running:
            self._loop.stop()
        if self.listener is not None:
            await maybeDeferred(self.listener.port.stopListening)
        await self.outbox.stop()
        await self._journal.stop()
        await self.store.close()

    def _origin(self) -> Origin:
        return Origin("department", self._agency, self._home)

    async def _act(self, usecase: Any, request: Any) -> Any:
        return (await self.store.transact(usecase, request, int(self._reactor.seconds()))).answer

    async def _turn(self) -> None:
        """Do at the desk what is due."""
        try:
            await self._ask()
            for row in await self.store.read(_open()):
                await (self._lend(row) if row.role is Role.LENDING else self._borrow(row))
            now = int(self._reactor.seconds())
            await self.store.transact(_WATCH, RunRequest(self._origin(), now), now)
        except Exception:  # noqa: BLE001 (a loop that fails is never called again)
            self.events.failure("The department stumbled")

    async def _ask(self) -> None:
        """Ask the partner for the next thing that the scenario names; what was asked before the daemon was killed is not asked again."""
        if self._asked is None:
            count = select(func.count()).select_from(schema.ill_request).where(_OWN)
            self._asked = await self.store.work(lambda connection: int(connection.execute(count).scalar_one()))
        asks = self._scenario.asks
        if self._asked < len(asks) and self._reactor.seconds() >= self._began + self._scenario.ask_every:
            self._began = self._reactor.seconds()
            request = IllRequest(
                Role.BORROWING, self._partner, self._origin(), self._home, READER, self._agency, f"ask-{self._asked + 1}",
                identifier=asks[self._asked],
            )  # fmt: skip
            answer = await self._act(ILL_REQUEST, request)
            if answer.no is not None:
                self.events.warn("Nothing could be asked for: {why}", why=answer.no.value)
            self._asked += 1

    def _due(self, name: str, row: IllRow, likely: str = "") -> bool:
        """Tell whether the next thing with a request is due, and happens to this one at all."""
        waited = self._reactor.seconds() - row.since_at
        return self._scenario.due(name, row.number, waited) and (
            not likely or self._scenario.happens(likely, row.number)
        )

    def _once(self, what: str, row: IllRow) -> bool:
        """Tell whether something is to be done to a request that this daemon has not done yet."""
        new = (what, row.id) not in self._done
        self._done.add((what, row.id))
        return new

    async def _lend(self, row: IllRow) -> None:
        """Do the next thing with a request of the partner's, once its pause is over."""
        if row.state is State.ACCEPTED and self._due("ship_after", row):
            if self._scenario.happens("unfilled", row.number):
                await self._happens(row, Event.REFUSED)
            else:
                await self._ship(row)
        elif row.renewal == "pending":
            await self._answer_renewal(row)
        elif row.state is State.RECEIVED and row.recalled_on is None and self._due("recall_after", row, "recalls"):
            await self._happens(row, Event.RECALLED)
        elif row.state is State.SENT_BACK and self._due("home_after", row):
            await self._scan(row)

    async def _renewal_pends(self, barcode: str) -> None:
        event = IllEvent(Event.RENEW_PENDING, self._partner, self._origin(), barcode=barcode, role=Role.LENDING)
        await self._act(ILL_EVENT, event)

    async def _answer_renewal(self, row: IllRow) -> None:
        """Tell, once the pause since it was seen to be pending is over, what became of a renewal."""
        waited = self._reactor.seconds() - self._pending.setdefault(row.id, self._reactor.seconds())
        if not self._scenario.due("answer_after", row.number, waited):
            return
        del self._pending[row.id]
        granted = self._scenario.happens("granted", row.number)
        if not granted or (await self._happens(row, Event.RENEWED)).no is not None:
            await self._happens(row, Event.RENEW_REFUSED)

    async def _borrow(self, row: IllRow) -> None:
        """Do the next thing with a request of its own, once its pause is over."""
        state, lends = row.state, self._scenario.lend_after is not None
        if state is State.CONDITIONAL:
            await self._happens(row, Event.AGREED)
        elif state in {State.ASKED, State.ACCEPTED} and self._due("cancel_after", row, "cancels"):
            await self._happens(row, Event.CANCELLED)
        elif state is State.SHIPPED and self._due("receive_after", row):
            await self._scan(row)
        elif (
            state in {State.RECEIVED, State.LENT}
            and self._due("renew_after", row, "renews")
            and self._once("renew", row)
        ):
            await self._happens(row, Event.RENEW_ASKED)
        elif state is State.RECEIVED and lends and ("lend", row.id) not in self._done:
            if self._due("lend_after", row) and self._once("lend", row):
                await self._act(CHECKOUT, CheckoutRequest(READER, row.shown_barcode or "", self._origin()))
        elif state is State.LENT and self._due("return_after", row):
            await self._scan(row)
        elif state is State.RETURNED or (
            state is State.RECEIVED and row.loan_id is None and self._due("return_after", row)
        ):
            await self._happens(row, Event.SENT_BACK)

    async def _ship(self, row: IllRow) -> None:
        """Fetch a copy from the shelf, which its scan puts aside for the partner, and send it."""
        if row.hold_state == "waiting" and row.record_id is not None:
            found = by_record(await self.store.read(_copies(row.record_id)))
            copies = [HoldingRow._make(each) for each in found.get(row.record_id, [])]
            free = [copy.barcode for copy in copies if copy.loan_state is None and copy.hold_state is None]
            if not free:
                await self._happens(row, Event.REFUSED)
                return
            await self._act(CHECKIN, CheckinRequest(free[0], self._origin()))
        else:
            await self._scan(row)
        await self._happens(row, Event.SHIPPED)

    async def _scan(self, row: IllRow) -> None:
        if row.shown_barcode is not None:
            await self._act(CHECKIN, CheckinRequest(row.shown_barcode, self._origin()))

    async def _happens(self, row: IllRow, event: Event) -> Any:
        return await self._act(ILL_EVENT, IllEvent(event, self._partner, self._origin(), row.agency, row.number))


def _copies(record_id: int) -> Steps[list[list[Row]]]:
    found = yield holdings([record_id])
    return [list(rows) for rows in found]


def _open() -> Steps[list[IllRow]]:
    (found,) = yield [OPEN_AFTER(0, 500)]
    return [row_of(row) for row in found]
