"""Two daemons lend to each other over real sockets, through outages, duplicates and restarts of the line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from server.metrics import Metrics
from server.ncip import outbox
from server.ncip.client import Line, Unanswered
from server.ncip.outbox import Outbox
from server.ncip.responder import Responder
from server.ncip.web import TOO_LARGE, NcipPage
from server.web import make_site
from storage import schema
from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.ill.events import ILL_EVENT, IllAnswer, IllEvent
from storage.circulation.ill.machine import Event, No, Role
from storage.circulation.ill.requests import ILL_REQUEST, IllRequest
from storage.circulation.ill.watch import WATCH_ILL
from storage.database import Location
from storage.jobs.job import RunRequest, usecase_of
from storage.store import open_store
from storage.usecase import Origin, Outcome
from tests.network import AVION, LENS, NOW
from tests.server.z3950.origin import GERMINAL, fill_catalogue

WATCH = usecase_of(WATCH_ILL)


class Ticking(Clock):
    """A clock that tests advance, and a real reactor's for all else."""

    def __getattr__(self, name: str) -> Any:
        return getattr(reactor, name)


class Town:
    """A network: its store, its responder on a real port, its outbox."""

    def __init__(self, case: TestCase, directory: Path, agency: str, partner: str) -> None:
        self.case = case
        self.agency = agency
        self.partner = partner
        self.location = Location(directory)
        self.clock = Ticking()
        self.clock.advance(NOW)
        profile = json.dumps({"account": "R9", "our_agency": agency, "timeout": 2})
        with self.location.engine().begin() as connection:
            fill_catalogue(connection)
            connection.execute(update(schema.partner).values(agency=partner, profile=profile))

    async def start(self) -> None:
        self.store = open_store(self.location, reactor)
        self.metrics = Metrics()
        responder = Responder(self.store, self.clock, metrics=self.metrics)
        self.site = make_site(
            {"ncip": NcipPage(responder)},
            lambda: True,
            reactor,
            limit=1 << 20,
            too_large=TOO_LARGE,
            metrics=self.metrics,
        )
        self.port: Any = None
        await self.open()
        self.outbox = Outbox(self.store, self.clock, Line(reactor), metrics=self.metrics)

    async def open(self, port: int = 0) -> None:
        self.port = await TCP4ServerEndpoint(reactor, port, interface="127.0.0.1").listen(self.site)
        self.number = self.port.getHost().port

    async def close(self) -> None:
        await self.port.stopListening()

    async def knows(self, other: Town) -> None:
        endpoint = f"http://127.0.0.1:{other.number}/ncip"
        await self.store.work(lambda c: c.execute(update(schema.partner).values(endpoint=endpoint)))
        await self.store.reload_network()

    def stopped(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self.stop())

    async def stop(self) -> None:
        await self.outbox.stop()
        await self.close()
        await self.store.close()

    async def act(self, usecase: Any, request: Any) -> Any:
        return (await self.store.transact(usecase, request, int(self.clock.seconds()))).answer

    def at(self, library: int) -> Origin:
        return Origin("sip2", "desk", library)

    async def borrow(self, number: str = "q1") -> Any:
        request = IllRequest(
            Role.BORROWING, self.partner, self.at(AVION), AVION, "R1", self.agency, number, identifier=str(GERMINAL)
        )
        return await self.act(ILL_REQUEST, request)

    async def happens(self, event: Event, number: str = "q1", **more: Any) -> Any:
        request = IllEvent(event, self.partner, self.at(AVION), more.pop("agency", self.agency), number, **more)
        return await self.act(ILL_EVENT, request)

    async def scan(self, barcode: str, library: int = AVION) -> Any:
        return await self.act(CHECKIN, CheckinRequest(barcode, self.at(library)))

    async def load(self) -> None:
        """Have a van take whatever waits for one."""
        await self.sql(
            "INSERT INTO manifest_line (id, transit_id, item_id, from_id, to_id, reason, loaded_at)"
            " SELECT id, id, item_id, from_id, to_id, reason, sent_at FROM transit t WHERE received_at IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM manifest_line m WHERE m.transit_id = t.id)"
        )

    async def watch(self) -> None:
        for _ in range(4):
            self.clock.advance(61)
            now = int(self.clock.seconds())
            await self.store.transact(WATCH, RunRequest(Origin("job", "t", 0), now), now)

    async def bring(self) -> None:
        """Bring all letters that may leave."""
        for _ in range(4):
            await self.outbox.look()

    async def sql(self, statement: str) -> list[Any]:
        def run(connection: Any) -> list[Any]:
            result = connection.exec_driver_sql(statement)
            return list(result) if result.returns_rows else []

        return await self.store.work(run)

    async def state(self, number: str = "q1") -> str:
        return str((await self.sql(f"SELECT state FROM ill_request WHERE number = '{number}'"))[0][0])

    async def letters(self) -> list[Any]:
        return await self.sql("SELECT service, state FROM outbox ORDER BY id")


class PeerTests(TestCase):
    timeout = 60

    @pytest.fixture(autouse=True)
    def _given(self, small_network_template: Path, tmp_path: Path) -> None:
        for name in ("here", "there"):
            shutil.copytree(small_network_template, tmp_path / name)
        self.directory = tmp_path

    async def both(self) -> tuple[Town, Town]:
        here = Town(self, self.directory / "here", "FR-HERE", "FR-THERE")
        there = Town(self, self.directory / "there", "FR-THERE", "FR-HERE")
        for town in (here, there):
            await town.start()
            self.addCleanup(town.stopped)
        await here.knows(there)
        await there.knows(here)
        return here, there

    async def test_a_book_goes_there_and_back(self) -> None:
        here, there = await self.both()
        await here.borrow()
        await here.bring()
        assert (await here.state(), await there.state()) == ("accepted", "accepted")
        await there.scan("I1", LENS)
        await there.load()
        await there.watch()
        await there.bring()
        assert (await here.state(), await there.state()) == ("shipped", "shipped")
        await here.scan("FR-THERE-I1")
        await here.watch()
        await here.bring()
        assert (await here.state(), await there.state()) == ("received", "received")
        lent = await here.act(CHECKOUT, CheckoutRequest("R1", "FR-THERE-I1", here.at(AVION)))
        assert lent.ok
        assert lent.due.on <= "2026-12-31"
        await here.watch()
        assert (await here.happens(Event.RENEW_ASKED)).changed
        await here.bring()
        (row,) = await here.sql("SELECT due_back_on, renewal FROM ill_request")
        assert tuple(row) == ("2027-02-14", "")
        assert (await there.happens(Event.RECALLED, agency="FR-HERE", due_on="2026-12-20")).changed
        await there.bring()
        assert [tuple(row) for row in await here.sql("SELECT due_on FROM loan")] == [("2026-12-17",)]
        await here.scan("FR-THERE-I1")
        await here.load()
        await here.watch()
        await here.bring()
        assert (await here.state(), await there.state()) == ("sent-back", "sent-back")
        await there.scan("I1", LENS)
        await there.watch()
        await there.bring()
        assert (await here.state(), await there.state()) == ("closed", "closed")
        for town in (here, there):
            assert {state for _, state in await town.letters()} == {"sent"}
        assert await here.sql("SELECT 1 FROM barcode WHERE number = 'FR-THERE-I1'") == []

    async def test_items_of_one_number_that_go_both_ways_are_told_apart(self) -> None:
        here, there = await self.both()
        for borrower, lender, number in ((here, there, "q1"), (there, here, "q2")):
            await borrower.borrow(number)
            await borrower.bring()
            await lender.scan("I1", LENS)
            await lender.load()
            await lender.watch()
            await lender.bring()
            await borrower.scan(f"{lender.agency}-I1")
            await borrower.watch()
            await borrower.bring()
        for borrower, lender, number in ((here, there, "q1"), (there, here, "q2")):
            before = (await borrower.sql(f"SELECT due_back_on FROM ill_request WHERE number = '{number}'"))[0][0]
            assert (await borrower.happens(Event.RENEW_ASKED, number)).changed
            await borrower.bring()
            told = await lender.happens(Event.RECALLED, number, agency=borrower.agency, due_on="2026-12-20")
            assert told.changed
            await lender.bring()
            (row,) = await borrower.sql(
                f"SELECT renewal, recalled_on, due_back_on FROM ill_request WHERE number = '{number}'"
            )
            assert row[0] == ""
            assert row[1] is not None
            assert before > row[2] == "2026-12-20"
        assert await here.state("q2") == await there.state("q1") == "received"

    async def test_an_outage_loses_nothing_and_doubles_nothing(self) -> None:
        here, there = await self.both()
        await there.close()
        await here.borrow()
        await here.bring()
        ((_, state),) = await here.letters()
        assert state == "waiting"
        await here.bring()
        assert (await here.sql("SELECT tries FROM outbox"))[0][0] == 1  # not before its time
        await there.open(there.number)
        here.clock.advance(3600)
        await here.bring()
        assert await here.state() == "accepted"
        # The answer was lost: the letter is brought again, and the partner has it already.
        await here.sql("UPDATE outbox SET state = 'waiting'")
        await here.bring()
        assert await here.letters() == [("RequestItem", "sent")]
        assert len(await there.sql("SELECT 1 FROM hold")) == 1
        assert there.metrics.value("repeats", "ncip", "RequestItem") == 1

    async def test_letters_of_a_request_keep_their_order(self) -> None:
        here, there = await self.both()
        await there.close()
        await here.borrow()
        await here.bring()
        await here.happens(Event.CANCELLED)
        await here.bring()
        assert [state for _, state in await here.letters()] == ["waiting", "waiting"]
        await there.open(there.number)
        here.clock.advance(3600)
        await here.bring()
        # Its reader is gone, so that nothing is asked any longer; that it was given up is told.
        assert await here.letters() == [("RequestItem", "dropped"), ("CancelRequestItem", "sent")]

    async def test_what_cannot_be_had_is_unfilled_and_the_reader_told(self) -> None:
        here, _ = await self.both()
        request = IllRequest(
            Role.BORROWING, "FR-THERE", here.at(AVION), AVION, "R1", "FR-HERE", "q9", identifier="99999"
        )
        await here.act(ILL_REQUEST, request)
        await here.bring()
        assert await here.state("q9") == "unfilled"
        assert [row[0] for row in await here.sql("SELECT kind FROM notice")] == ["ill-unfilled"]

    async def test_a_broker_without_an_address_is_told_nothing_and_nothing_waits_for_it(self) -> None:
        here, there = await self.both()
        await here.borrow()
        await here.bring()
        await here.store.work(lambda c: c.execute(update(schema.partner).values(endpoint=None)))
        await here.store.reload_network()
        await here.happens(Event.CANCELLED)
        await here.borrow("q2")
        await here.bring()
        assert await here.letters() == [
            ("RequestItem", "sent"),
            ("CancelRequestItem", "dropped"),
            ("RequestItem", "waiting"),
        ]
        assert (await here.sql("SELECT tries, trouble FROM outbox WHERE state = 'waiting'"))[0][
            1
        ] == "it has no address"
        assert await there.state() == "accepted"

    async def test_terms_are_agreed_to_by_staff_and_the_title_asked_for_by_its_isbn(self) -> None:
        here, there = await self.both()
        profile = json.dumps({"account": "R9", "our_agency": "FR-THERE", "restrictions": ["In Library Use Only"]})
        await there.store.work(lambda c: c.execute(update(schema.partner).values(profile=profile)))
        await there.store.reload_network()
        (record,) = await there.sql(f"SELECT iso2709 FROM record WHERE id = {GERMINAL}")
        isbn = record[0].split(b"\x1fa")[1][:20].split(b"\x1e")[0].decode()
        request = IllRequest(
            Role.BORROWING, "FR-THERE", here.at(AVION), AVION, "R1", "FR-HERE", "q1", identifier=f"isbn:{isbn}"
        )
        await here.act(ILL_REQUEST, request)
        await here.bring()
        assert await here.state() == "conditional"
        assert await there.sql("SELECT count(*) FROM ill_request") == [(0,)]
        assert (await here.happens(Event.AGREED)).changed
        await here.bring()
        assert (await here.state(), await there.state()) == ("accepted", "accepted")
        assert await there.sql("SELECT record_id FROM hold") == [(GERMINAL,)]

    async def test_a_cancellation_that_crosses_the_van_comes_to_an_end_on_both_sides(self) -> None:
        here, there = await self.both()
        await here.borrow()
        await here.bring()
        await there.scan("I1", LENS)
        await there.load()  # a van has it, and nobody has said so
        await here.happens(Event.CANCELLED)
        await here.bring()
        assert (await here.state(), await there.state()) == ("cancelled", "accepted")
        await there.watch()
        await there.bring()
        assert (await here.state(), await there.state()) == ("shipped", "shipped")
        await here.scan("FR-THERE-I1")
        await here.load()
        await here.watch()
        await here.bring()
        assert await here.state() == "sent-back"
        await there.scan("I1", LENS)
        await there.watch()
        await there.bring()
        assert (await here.state(), await there.state()) == ("closed", "closed")

    async def test_who_is_suspended_or_slow_keeps_no_letter_from_the_others(self) -> None:
        here, there = await self.both()
        slow = f"http://127.0.0.1:{there.number}/slow"
        for number, agency, enabled in ((71, "FR-OFF", 0), (72, "FR-SLOW", 1)):
            added = insert(schema.partner).values(
                id=number, agency=agency, name=agency, library_id=4, enabled=enabled, endpoint=slow, profile="{}"
            )
            await here.store.work(lambda c, added=added: c.execute(added))
        await here.store.reload_network()
        for agency in ("FR-OFF", "FR-SLOW"):
            for number in range(60):
                request = IllRequest(
                    Role.BORROWING, agency, here.at(AVION), AVION, "R1", "FR-HERE", f"{agency}{number}", identifier="1"
                )
                assert (await here.act(ILL_REQUEST, request)).ok
        unanswered: Deferred[None] = Deferred()
        post = here.outbox._line.post

        async def posted(endpoint: str, *more: Any) -> Any:
            if endpoint == slow:
                await unanswered
                raise Unanswered("too late")
            return await post(endpoint, *more)

        self.patch(here.outbox._line, "post", posted)
        looking = Deferred.fromCoroutine(here.outbox.look())
        await here.borrow()
        here.outbox.start()
        while await here.state() != "accepted":
            here.clock.advance(2)
        assert not looking.called
        unanswered.callback(None)
        await looking

    async def test_what_others_overtook_is_brought_again(self) -> None:
        here, _ = await self.both()
        await here.borrow()
        transact = here.store.transact
        lost = [Outcome(IllAnswer(No.OVERTAKEN))]

        async def overtaken(usecase: Any, *more: Any) -> Any:
            return lost.pop() if lost and usecase is ILL_EVENT else await transact(usecase, *more)

        self.patch(here.store, "transact", overtaken)
        await here.outbox.look()
        assert (await here.state(), await here.letters()) == ("asked", [("RequestItem", "waiting")])
        await here.outbox.look()
        assert (await here.state(), await here.letters()) == ("accepted", [("RequestItem", "sent")])

    async def test_a_letter_that_we_cannot_write_waits_for_its_time(self) -> None:
        here, _ = await self.both()
        await here.borrow()
        self.patch(outbox, "write_letter", lambda sheet: {0: sheet}[1])
        await here.bring()
        assert await here.sql("SELECT state, tries, trouble FROM outbox") == [("waiting", 1, "KeyError")]
        assert [type(error.value) for error in self.flushLoggedErrors(KeyError)] == [KeyError]

    async def test_an_answer_that_we_cannot_keep_waits_for_its_time(self) -> None:
        here, there = await self.both()
        await here.borrow()
        transact = here.store.transact

        async def fails(usecase: Any, *more: Any) -> Any:
            return {0: more}[1] if usecase is ILL_EVENT else await transact(usecase, *more)

        self.patch(here.store, "transact", fails)
        await here.bring()
        assert await here.sql("SELECT state, tries, trouble FROM outbox") == [("waiting", 1, "KeyError")]
        assert len(self.flushLoggedErrors(KeyError)) == 1
        assert there.metrics.value("repeats", "ncip", "RequestItem") == 0  # asked once, not at every look

    async def test_a_partner_that_never_answers_is_laid_before_staff(self) -> None:
        here, there = await self.both()
        await there.close()
        await here.borrow()
        for _ in range(60):
            await here.outbox.look()
            here.clock.advance(6 * 3600 + 2400)
        assert ("RequestItem", "dead") in [tuple(row) for row in await here.letters()]
        assert "ill-undelivered" in [row[0] for row in await here.sql("SELECT kind FROM anomaly")]
        await there.open(there.number)
