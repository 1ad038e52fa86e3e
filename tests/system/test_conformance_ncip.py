"""The NCIP kit judges the real daemon in both roles: everything passes, and nothing that it did is left."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select

from conformance.ncip.command import CHECKS, KIT
from conformance.ncip.initiator import HEARD, heard_results
from conformance.ncip.listener import Ear, listen
from conformance.results import Outcome
from storage import schema
from storage.database import Location
from tests.server.ncip.partner import PARTNER, US
from tests.system.running import PATIENCE, serving
from tests.system.towns import Town, eventually

LEFT = (schema.loan, schema.hold, schema.barcode)
"""What the kit fills, and empties again."""


def counts(location: Location) -> list[int]:
    with location.engine(reads=True).connect() as connection:
        return [connection.execute(select(func.count()).select_from(each)).scalar_one() for each in LEFT]


def test_our_daemon_passes_everything_and_is_left_as_it_was(
    location: Location, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = counts(location)
    report = tmp_path / "report.html"
    given = [
        "--user",
        "R1",
        "--pin",
        "1234",
        "--item",
        "I1",
        "--item",
        "I2",
        "--json",
        "--report",
        str(report),
        "--patience",
        str(PATIENCE),
    ]
    with serving(location) as daemon:
        url = f"http://127.0.0.1:{daemon.ports['web']}/ncip"
        assert KIT.main([url, "--agency", PARTNER, "--to", US, *given]) == 0
        results = json.loads(capsys.readouterr().out)["results"]
        report_of_all = report.read_text()
        assert KIT.main([url, "--agency", PARTNER, "--to", US, *given, "--only", "loan."]) == 0  # at once again
        assert daemon.process.poll() is None
    again = json.loads(capsys.readouterr().out)["results"]
    assert {each["name"]: each["detail"] for each in again if each["outcome"] != Outcome.PASSED} == {}
    assert {each["name"]: each["detail"] for each in results if each["outcome"] != Outcome.PASSED} == {}
    assert len(results) == len(CHECKS)
    assert f"{len(results)} of {len(results)} checks passed" in report_of_all
    assert counts(location) == before


def test_our_daemon_passes_as_an_initiator_whose_messages_are_lost(
    small_network_template: Path, tmp_path: Path
) -> None:
    ear, ports = Ear(unruly=True), []
    ready, over = threading.Event(), threading.Event()

    def told(port: int) -> None:
        ports.append(port)
        ready.set()

    listening = threading.Thread(target=listen, args=(0, ear, None, told, over))
    listening.start()
    assert ready.wait(5)
    town = Town(
        tmp_path / "here",
        small_network_template,
        "FR-HERE",
        "FR-KIT",
        notifications=["ItemCheckedOut", "ItemCheckedIn"],
    )
    town.knows(f"http://127.0.0.1:{ports[0]}/")
    try:
        town.start()
        number = town.ask("7")
        eventually(lambda: town.request(number)["state"] == "accepted", town.waiting)
        for event in ("shipped", "received", "renew-asked", "sent-back"):
            assert town.note(event, "FR-HERE", number) is None
        eventually(lambda: not town.waiting(), town.waiting)
    finally:
        town.kill()
        over.set()
        listening.join()
    assert {"RequestItem", "ItemReceived", "RenewItem", "ItemShipped"} <= {one.service for one in ear.heard}
    results = list(heard_results(ear.heard, "FR-KIT"))
    assert {each.name: each.detail for each in results if each.outcome is not Outcome.PASSED} == {}
    assert len(results) == len(HEARD)
