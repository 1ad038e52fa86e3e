"""The simulator of a departmental library: it lends and borrows over real sockets, and misbehaves as it is told."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from server import department
from server.department import Department, Script, Step, network_tables, provide, script_of
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
        provide(location, network_tables("FR-DEPARTMENT", "FR-HERE", endpoint, 5), NOW)
        there = Department(location, "FR-DEPARTMENT", "FR-HERE", Script(**FAST | script), reactor)
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


def test_a_script_is_read_and_its_faults_are_told() -> None:
    script = script_of(
        'ship_after = 2\nasks = ["1"]\noutages = [[1, 2.5]]\n[[steps]]\nservice = "RequestItem"\naction = "delay"\nseconds = 1'
    )
    assert script.ship_after == 2
    assert script.outages == ((1.0, 2.5),)
    assert script.steps == (Step("RequestItem", "delay", seconds=1),)
    for wrong in ("x = 1", "[[steps]]", '[[steps]]\nservice = "Frob"\naction = "delay"', "nonsense"):
        with pytest.raises(ValueError, match=r"\w"):
            script_of(wrong)


def test_the_command_says_what_is_wrong_with_a_script(tmp_path: Path) -> None:
    path = tmp_path / "script.toml"
    path.write_text("x = 1")
    result = CliRunner().invoke(department.main, ["--data", str(tmp_path), "--partner", "FR-X", "--script", str(path)])
    assert result.exit_code == 1
    assert "Error" in result.output
