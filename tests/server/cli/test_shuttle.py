"""The shuttle from the command line, without a daemon: from routes to the shelf, with manifest and slips."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from server.cli.common import Exit
from server.cli.main import main
from server.writing import Direct
from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.due import local_day
from storage.database import Location
from storage.jobs.job import ZONE
from storage.usecase import Origin
from tests.network import LENS, LIEVIN

Run = Callable[..., Result]
DAYS = '["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]'
ROUTE = f"""
[[routes]]
code = "NORD"
name = "Tournée nord"
weekdays = {DAYS}
hub = "LENS"
capacity = 100
stops = [{{library = "LENS", at = "08:00"}}, {{library = "LIEVIN", at = "09:00", handling = 30}}, {{library = "LENS", at = "11:00"}}]
"""


@pytest.fixture
def run(location: Location, tmp_path: Path) -> Run:
    def run(*arguments: object, expect: Exit = Exit.DONE, at: str | None = None) -> Result:
        where = ["--library", at] if at is not None else []
        given = [*map(str, arguments), *where, "--data", str(location.directory)]
        result = CliRunner().invoke(main, given)
        assert result.exit_code == expect, result.output
        return result

    file = tmp_path / "routes.toml"
    file.write_text(ROUTE, encoding="utf-8")
    run("load", file)
    return run


def asked(run: Run, *arguments: object, **more: Any) -> Any:
    return json.loads(run(*arguments, "--json", **more).output)


def test_a_container_from_its_packing_to_its_arrival(run: Run, location: Location) -> None:
    store = Direct(location)
    store.act(CHECKIN, CheckinRequest("I10", Origin("cli", "staff", LENS)))
    run("container", "add", "C1", at="LENS")
    assert asked(run, "container", "open", "C1", "--to", "lievin", at="LENS")["to"] == "LIEVIN"
    packed = asked(run, "container", "pack", "C1", "I10", at="LENS")
    assert (packed["destination"], packed["stop"], packed["containers"]) == ("LIEVIN", "LIEVIN", ["C1"])
    run("container", "unpack", "C1", "I10", at="LENS")
    assert "I10: C1 > LIEVIN" in run("container", "pack", "C1", "I10", at="LENS").output
    assert "sealed" in run("container", "seal", "C1", at="LENS").output
    assert asked(run, "container", "load", "C1", "nord", at="LENS")["state"] == "aboard"
    (under_way,) = asked(run, "transit", "list", "--to", "LIEVIN")
    assert (under_way["barcode"], under_way["container"], under_way["run"][:5]) == ("I10", "C1", "NORD/")
    assert asked(run, "transit", "list", "--to", "AVION") == []
    left = asked(run, "run", "leave", "NORD", "--driver", "Dominique")
    assert (left["state"], left["aboard"]) == ("left", ["C1"])
    told = asked(run, "manifest", "NORD")
    assert (told["driver"], told["items"]) == ("Dominique", 1)
    assert [stop["library"] for stop in told["stops"]] == ["LIEVIN", "LENS"]
    assert told["stops"][0]["containers"][0]["items"][0]["barcode"] == "I10"
    assert asked(run, "run", "show", "NORD") == told
    shown = asked(run, "container", "show", "C1")
    assert (shown["state"], [each["barcode"] for each in shown["items"]]) == ("aboard", ["I10"])
    assert "delivered" in run("container", "unload", "C1", at="LIEVIN").output
    assert run("run", "end", "NORD").output.endswith(": done\n")
    (listed,) = asked(run, "run", "list")
    assert (listed["route"], listed["state"], listed["items"]) == ("NORD", "done", 1)
    store.act(CHECKIN, CheckinRequest("I10", Origin("cli", "staff", LIEVIN)))
    assert asked(run, "transit", "list") == []
    assert asked(run, "transit", "lost") == []
    assert asked(run, "transit", "damaged", "I10", "--note", "mouillé", at="LIEVIN")["ride"][:8] == "C1 NORD/"


def test_a_refusal_says_what_would_be_right(run: Run, location: Location) -> None:
    Direct(location).act(CHECKIN, CheckinRequest("I10", Origin("cli", "staff", LENS)))
    for code, to in (("C1", "AVION"), ("C2", "LIEVIN")):
        run("container", "add", code, "--kind", "bag", "--capacity", 5, at="LENS")
        run("container", "open", code, "--to", to, at="LENS")
    refused = run("container", "pack", "C1", "I10", at="LENS", expect=Exit.REFUSED).output
    assert "It goes to LIEVIN, by LIEVIN. Open containers for it: C2" in refused
    assert "This container does not go where the item goes." in refused
    told = asked(run, "container", "pack", "C1", "I10", at="LENS", expect=Exit.REFUSED)
    assert told["refused"] == ["wrong-container"]
    assert asked(run, "container", "show", "C9", expect=Exit.REFUSED)["refused"] == ["unknown-container"]


def test_a_route_is_shown_and_tells_when_things_arrive(run: Run) -> None:
    assert "NORD  Tournée nord" in run("route", "list").output
    shown = asked(run, "route", "show", "nord")
    assert (shown["hub"], shown["capacity"], [stop["at"] for stop in shown["stops"]]) == (
        "LENS", 100, ["08:00", "09:00", "11:00"],
    )  # fmt: skip
    assert "09:00  LIEVIN  30" in run("route", "show", "NORD").output
    assert asked(run, "route", "show", "SUD", expect=Exit.REFUSED)["refused"] == ["unknown-route"]
    told = asked(run, "route", "eta", "lens", "LIEVIN")
    assert [(leg["from"], leg["to"]) for leg in told["runs"]] == [("LENS", "LIEVIN")]
    assert f"From {told['day']} on." in run("route", "eta", "LENS", "LIEVIN").output
    run("route", "eta", "LENS", "NONE", expect=Exit.REFUSED)
    assert asked(run, "route", "eta", "LENS", "AVION", expect=Exit.REFUSED)["refused"] == ["not-on-route"]


def test_a_cancelled_run_promises_nothing_any_more(run: Run) -> None:
    first = asked(run, "route", "eta", "LENS", "LIEVIN")["runs"][0]["run"]
    assert asked(run, "run", "cancel", first)["state"] == "cancelled"
    assert asked(run, "route", "eta", "LENS", "LIEVIN")["runs"][0]["run"] > first
    assert run("run", "plan", first).output == f"{first}: planned\n"
    assert asked(run, "run", "plan", first, expect=Exit.REFUSED)["refused"] == ["run-exists"]
    assert asked(run, "route", "eta", "LENS", "LIEVIN")["runs"][0]["run"] == first
    run("run", "cancel", "NORD/tomorrow", expect=Exit.USAGE)


def test_promises_are_measured(run: Run, location: Location) -> None:
    now = Direct(location).now()
    day = local_day(now, ZONE).isoformat()
    with location.engine().begin() as connection:
        connection.execute(
            text(
                "INSERT INTO past_hold (id, pickup_id, patron_category_id, requested_at, outcome, shelved_at, promised_on,"
                " closed_at) VALUES (1, 2, 2, 0, 'honoured', :now, :day, 0)"
            ),
            {"now": now, "day": day},
        )
    (kept,) = asked(run, "route", "promises")
    assert kept == {"library": "LIEVIN", "holds": 1, "kept": 1, "days_late": 0, "days_late_90": 0}
    assert run("route", "promises", "--since", "2100-01-01").output == ""


def test_an_item_under_way_has_a_slip(run: Run, location: Location) -> None:
    Direct(location).act(CHECKIN, CheckinRequest("I10", Origin("cli", "staff", LENS)))
    assert "SHUTTLE  LIEVIN" in run("transit", "slip", "I10").output
    assert asked(run, "transit", "slip", "I1", expect=Exit.REFUSED)["refused"] == ["not-travelling"]
    assert "<!DOCTYPE html>" in run("manifest", "NORD", "--html").output
    assert run("manifest", "SUD", expect=Exit.REFUSED)
