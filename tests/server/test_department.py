"""The simulator of a departmental library: it lends and borrows over real sockets, and misbehaves as it is told."""

from __future__ import annotations

import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from server import department
from server.department.desk import Department
from server.department.premises import network_tables, provide
from server.department.scenario import KEYS, STEP, Scenario, Step, scenario_of
from storage.circulation.ill.machine import Event, Role
from storage.circulation.ill.requests import ILL_REQUEST, IllRequest
from storage.database import Location
from tests.network import AVION, NOW
from tests.server.ncip.test_peers import Town

FAST = {"ship_after": 0.0, "home_after": 0.0, "receive_after": 0.0, "return_after": 0.0}


class DepartmentTests(TestCase):
    timeout = 60

    @pytest.fixture(autouse=True)
    def _given(self, small_network_template: Path, tmp_path: Path) -> None:
        shutil.copytree(small_network_template, tmp_path / "here")
        self.directory = tmp_path

    async def both(self, **script: Any) -> tuple[Town, Department]:
        here = Town(self, self.directory / "here", "FR-HERE", "FR-DEPARTMENT")
        here.clock.advance(reactor.seconds() - NOW)  # the department lives in real time
        await here.start()
        self.addCleanup(lambda: Deferred.fromCoroutine(here.stop()))
        location = Location(self.directory / "department")
        endpoint = f"http://127.0.0.1:{here.number}/ncip"
        provide(location, network_tables("FR-DEPARTMENT", "FR-HERE", endpoint, 5, script.get("retry", (2, 30))), NOW)
        there = Department(location, "FR-DEPARTMENT", "FR-HERE", Scenario(**FAST | script), reactor)
        there.start("tcp:0:interface=127.0.0.1")
        self.addCleanup(lambda: Deferred.fromCoroutine(there.stop()))
        assert there.listener is not None
        endpoint = f"http://{there.listener.address}/ncip"
        await here.sql(f"UPDATE partner SET endpoint = '{endpoint}'")
        await here.store.reload_network()
        return here, there

    async def ask(self, here: Town, number: str = "q1", identifier: str = "3") -> None:
        asked = IllRequest(
            Role.BORROWING, "FR-DEPARTMENT", here.at(AVION), AVION, "R1", "FR-HERE", number, identifier=identifier
        )
        await here.act(ILL_REQUEST, asked)

    async def until(self, here: Town, state: str, number: str = "q1") -> None:
        """Work on our side until the request has come to *state*."""
        for _ in range(150):
            here.clock.advance(20)
            await here.outbox.look()
            if await here.state(number) == state:
                return
            await deferLater(reactor, 0.1)
        raise AssertionError(f"{await here.state(number)}, not {state}: {await here.letters()}")

    async def test_it_lends_and_takes_back(self) -> None:
        here, _ = await self.both()
        await self.ask(here)
        await self.until(here, "shipped")
        await here.happens(Event.RECEIVED)
        await here.happens(Event.SENT_BACK)
        await self.until(here, "closed")

    async def test_it_borrows_and_brings_back(self) -> None:
        here, _ = await self.both(asks=("1",))
        for _ in range(100):
            if await here.sql("SELECT 1 FROM ill_request"):
                break
            await deferLater(reactor, 0.1)
        ((number,),) = await here.sql("SELECT number FROM ill_request")
        await here.scan("I1", 1)
        await here.load()
        await here.watch()
        await self.until(here, "sent-back", number)

    async def test_what_goes_wrong_is_mended(self) -> None:
        steps = (
            Step("RequestItem", "break", nth=1),
            Step("RequestItem", "lose", nth=2),
            Step("RequestItem", "refuse", nth=3),
            Step("RequestItem", "delay", nth=4, seconds=0.1),
            Step("ItemReceived", "twice"),
        )
        here, there = await self.both(steps=steps, outages=((0.0, 0.5),))
        await self.ask(here)
        await self.until(here, "shipped")
        await here.happens(Event.RECEIVED)
        await self.until(here, "received")
        rows = await there.store.work(lambda c: list(c.exec_driver_sql("SELECT count(*) FROM ill_request")))
        assert [tuple(row) for row in rows] == [(1,)]
        assert (await here.sql("SELECT tries FROM outbox WHERE service = 'RequestItem'"))[0][0] >= 3

    async def test_its_conditions_are_met_and_a_renewal_waits(self) -> None:
        here, _ = await self.both(steps=(Step("*", "conditions"), Step("*", "pending")), return_after=None)
        await self.ask(here)
        await self.until(here, "conditional")
        assert (await here.happens(Event.AGREED)).ok
        await self.until(here, "shipped")
        await here.happens(Event.RECEIVED)
        await here.happens(Event.RENEW_ASKED)
        for _ in range(4):
            await here.outbox.look()
        assert [tuple(row) for row in await here.sql("SELECT renewal FROM ill_request")] == [("pending",)]

    async def renewal(self, here: Town, renewal: str) -> str:
        """Ask for more time, and wait until the answer has come that leaves *renewal*; return the lender's date then."""
        await self.ask(here)
        await self.until(here, "shipped")
        await here.happens(Event.RECEIVED)
        await here.happens(Event.RENEW_ASKED)
        for _ in range(100):
            await here.outbox.look()
            ((now, until),) = await here.sql("SELECT renewal, due_back_on FROM ill_request")
            if now == renewal:
                return str(until)
            await deferLater(reactor, 0.1)
        raise AssertionError(f"{now}, not {renewal}")

    async def test_a_renewal_left_pending_is_granted_by_itself(self) -> None:
        here, there = await self.both(steps=(Step("RenewItem", "pending"),), return_after=None, answer_after=0.5)
        until = await self.renewal(here, "")
        lent = await there.store.work(lambda c: list(c.exec_driver_sql("SELECT due_on, renewals FROM loan")))
        assert [tuple(row) for row in lent] == [(until, 1)]

    async def test_a_renewal_left_pending_is_refused_by_itself(self) -> None:
        steps = (Step("RenewItem", "pending"),)
        here, there = await self.both(steps=steps, return_after=None, answer_after=0.5, granted=0.0)
        await self.renewal(here, "refused")
        assert [row[0] for row in await here.sql("SELECT kind FROM notice")][-1] == "ill-not-renewed"
        lent = await there.store.work(lambda c: list(c.exec_driver_sql("SELECT renewals FROM loan")))
        assert [tuple(row) for row in lent] == [(0,)]

    async def test_what_it_sends_may_be_late_lost_and_twice(self) -> None:
        steps = (
            Step("ItemShipped", "break", nth=1, out=True), Step("ItemShipped", "lose", nth=2, out=True),
            Step("ItemShipped", "delay", nth=3, out=True, seconds=0.1), Step("ItemShipped", "twice", out=True),
        )  # fmt: skip
        here, there = await self.both(steps=steps, retry=(1, 1))
        await self.ask(here)
        await self.until(here, "shipped")
        await deferLater(reactor, 3.5)
        letters = await there.store.work(lambda c: list(c.exec_driver_sql("SELECT state, tries FROM outbox")))
        assert [tuple(row) for row in letters] == [("sent", 2)]
        assert len(await here.sql("SELECT 1 FROM item WHERE temporary = 1")) == 1

    async def test_a_recall_comes_by_itself(self) -> None:
        here, _ = await self.both(recall_after=0.0)
        await self.ask(here)
        await self.until(here, "shipped")
        await here.happens(Event.RECEIVED)
        for _ in range(100):
            await here.outbox.look()
            if (await here.sql("SELECT recalled_on FROM ill_request"))[0][0]:
                return
            await deferLater(reactor, 0.1)
        raise AssertionError("never recalled")


def test_a_scenario_is_read_and_its_faults_are_told() -> None:
    scenario = scenario_of(
        'ship_after = [2, 4]\nreturn_after = "never"\nasks = ["1", 2]\noutages = [[1, 2.5]]\nretry = [1, 5]\nunfilled = 1\n'
        '[[steps]]\nservice = "RequestItem"\naction = "delay"\nseconds = 1\nout = true'
    )
    assert (scenario.ship_after, scenario.return_after, scenario.asks) == ((2.0, 4.0), None, ("1", "2"))
    assert (scenario.outages, scenario.retry, scenario.unfilled) == (((1.0, 2.5),), (1, 5), 1.0)
    assert scenario.steps == (Step("RequestItem", "delay", seconds=1, out=True),)


@pytest.mark.parametrize(
    "wrong",
    [
        "x = 1", "steps = 1", "[[steps]]", '[[steps]]\nservice = "Frob"\naction = "delay"', "nonsense", 'ship_after = "late"',
        "ship_after = [1]", "outages = [1, 2]", 'ask_every = "1"', "retry = 1", 'seed = "x"', 'unfilled = "never"',
        '[[steps]]\nservice = "*"\naction = "frob"', '[[steps]]\nservice = "*"\naction = "refuse"\nout = true',
        '[[steps]]\nservice = "*"\naction = "refuse"\nproblem = "Frob"', '[[steps]]\nservice = "*"\naction = "lose"\nfrob = 1',
    ],
)  # fmt: skip
def test_what_is_no_scenario_is_told(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        scenario_of(wrong)


def test_chance_is_the_same_for_the_same_request_and_as_likely_as_said() -> None:
    scenario = Scenario(ship_after=(1.0, 3.0), unfilled=0.3)
    first = [scenario.happens("unfilled", number) for number in range(1000)]
    assert first == [scenario.happens("unfilled", number) for number in range(1000)]
    assert 250 < sum(first) < 350
    shipped = [scenario.due("ship_after", number, 2.0) for number in range(1000)]
    assert 400 < sum(shipped) < 600
    assert not any(scenario.due("ship_after", number, 0.9) for number in range(100))
    assert all(scenario.due("ship_after", number, 3.0) for number in range(100))


def test_every_key_of_a_scenario_is_documented() -> None:
    assert [each.name for each in fields(Scenario)] == list(KEYS)
    assert [each.name for each in fields(Step)] == list(STEP)


def test_the_command_says_what_is_wrong_with_a_scenario(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text("x = 1")
    result = CliRunner().invoke(
        department.main, ["--data", str(tmp_path), "--partner", "FR-X", "--scenario", str(path)]
    )
    assert result.exit_code == 1
    assert "Error" in result.output
