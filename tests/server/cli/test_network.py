"""The commands for conventions, calendars and policies, as people and programs run them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select
from twisted.internet.threads import deferToThread

from server import config
from server.cli.common import Exit
from server.cli.main import main
from server.writing import Direct
from storage import schema
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.database import Location
from storage.usecase import Origin
from tests.network import LENS
from tests.reactor import await_
from tests.server.test_daemon import configured, running

RULES = """
[[policies]]
code = "2026"
effective_from = 2026-01-01
decision = "Comité du 12/12/2025"
rules = [
  {attribute = "loan.period", value = "21 days", locked = true},
  {attribute = "loan.limit", value = 12},
  {attribute = "loan.limit", value = 2, item_type = "DVD"},
  {attribute = "loan.limit", value = 8, library = "LENS"},
]
[[calendars]]
libraries = ["LENS"]
week = {wednesday = ["14:00-18:00"], saturday = ["10:00-12:00"]}
"""
NEXT = RULES.split("[[calendars]]", maxsplit=1)[0].replace('"2026"', '"2027"').replace("2026-01-01", "2027-01-01")


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(config.ENVIRONMENT, raising=False)
    before = os.umask(0o022)
    yield
    os.umask(before)


class Command:
    """The command, on one store."""

    def __init__(self, location: Location) -> None:
        self.location = location

    def __call__(self, *arguments: object, expect: Exit = Exit.DONE) -> Result:
        given = [*map(str, arguments), "--data", str(self.location.directory)]
        result = CliRunner().invoke(main, given)
        assert result.exit_code == expect, result.output
        return result

    def json(self, *arguments: object, expect: Exit = Exit.DONE) -> Any:
        return json.loads(self(*arguments, "--json", expect=expect).stdout)

    def load(self, text: str) -> None:
        Path("rules.toml").write_text(text)
        self("load", "rules.toml")

    def lend(self, card: str, barcode: str) -> None:
        answer = Direct(self.location).act(CHECKOUT, CheckoutRequest(card, barcode, Origin("sip2", "desk", LENS)))
        assert answer.ok


@pytest.fixture
def command(location: Location) -> Command:
    return Command(location)


# --- communes ------------------------------------------------------------------------------------------------------------


def test_a_convention_from_notification_to_exit(command: Command) -> None:
    notified = ("--on", "2025-05-31", "--convention", "2025")
    assert command("commune", "notify", "LENS", *notified).stdout == "Noted.\n"
    assert command.json("commune", "notify", "LENS", *notified, expect=Exit.REFUSED)["refused"] == ["notified-already"]
    command("commune", "denounce", "LENS", "--on", "2026-02-28", "--by", "commune", "--clause", "article 3")
    shown = command.json("commune", "show", "LENS", "--on", "2026-03-01")
    assert (shown["stage"], shown["effective_on"], shown["exit"]["freeze"]) == ("denounced", "2026-05-31", "2026-03-02")
    assert shown["remains"]["its_items_elsewhere"] == 0
    command("commune", "withdraw", "LENS", "--on", "2026-03-01")
    late = ("--on", "2026-03-01", "--by", "network", "--clause", "article 4")
    command("commune", "denounce", "LENS", *late)
    assert command.json("commune", "list", "--on", "2026-04-01")[1]["effective_on"] == "2027-05-31"
    early = command("commune", "leave", "LENS", "--on", "2026-05-31", expect=Exit.REFUSED)
    assert "waits for the effect of the denunciation" in early.stderr
    command("commune", "leave", "LENS", "--on", "2027-05-31")
    assert command.json("commune", "show", "LENS", "--on", "2027-05-31")["stage"] == "left"
    assert "holds-pickup 2025-05-31..2027-05-17" in command("commune", "show", "LENS").stdout


def test_the_days_to_come_of_a_convention(command: Command) -> None:
    command("commune", "notify", "LENS", "--on", "2025-05-31", "--convention", "2025")
    days = command.json("commune", "calendar", "LENS")
    assert {"day": "2026-02-28", "what": "last-day-of-notice"} in days
    assert {"day": "2029-06-30", "what": "ends-in-6-months"} in days
    assert "2026-05-31  anniversary" in command("commune", "calendar", "LENS").stdout


def test_a_commune_that_nobody_knows_is_told(command: Command) -> None:
    assert "LENS" in command("commune", "show", "NOWHERE", expect=Exit.REFUSED).stderr
    told = command.json("commune", "notify", "NOWHERE", "--convention", "x", expect=Exit.REFUSED)
    assert told["refused"] == ["unknown-commune"]
    assert "no such commune" in command("commune", "withdraw", "NOWHERE", expect=Exit.REFUSED).stderr


def test_what_must_be_looked_at_is_listed(command: Command) -> None:
    assert command.json("commune", "anomalies") == {"conventions": [], "without_referent": ["AVION", "LENS", "LIEVIN"]}
    assert "LENS             no referent" in command("commune", "anomalies").stdout
    named = "referents = [{role = 'head', name = 'A', from_on = 2020-01-01}]"
    command.load("".join(f"[[libraries]]\ncode = '{code}'\n{named}\n" for code in ("AVION", "LENS", "LIEVIN")))
    assert command("commune", "anomalies").stdout == "Nothing to look at.\n"
    command("commune", "notify", "LENS", "--on", "2025-05-31", "--convention", "2025")
    assert command.json("commune", "anomalies", "--on", "2028-12-30")["conventions"] == []
    told = {"commune": "LENS", "day": "2028-12-31", "what": "ends-in-12-months"}
    assert command.json("commune", "anomalies", "--on", "2029-06-29")["conventions"] == [told]
    assert "2030-01-01  expired" in command("commune", "anomalies", "--on", "2030-05-01").stdout


def test_a_running_daemon_knows_a_new_convention_at_once(location: Location) -> None:
    with running(configured(location)) as daemon:
        command = Command(location)
        await_(deferToThread(command, "commune", "notify", "LENS", "--on", "2025-05-31", "--convention", "2025"))
        assert daemon.store is not None
        (membership,) = daemon.store.network.communes["LENS"].memberships
        assert membership.notified_on == "2025-05-31"


# --- calendars -----------------------------------------------------------------------------------------------------------


def test_holidays_are_listed_and_applied(command: Command) -> None:
    days = command.json("calendar", "holidays", "2027")
    assert (len(days), days[1]) == (11, {"day": "2027-03-29", "reason": "Lundi de Pâques"})
    assert "2027-05-06  Ascension" in command("calendar", "holidays", "2027").stdout
    assert command.json("calendar", "holidays", "2027", "--apply") == {"added": 33, "changed": 0, "unchanged": 0}
    assert "33 as before" in command("calendar", "holidays", "2027", "--apply").stdout
    assert command.json("calendar", "exceptions", "LENS")[0] == {
        "day": "2027-01-01", "hours": None, "reason": "Jour de l'an"
    }  # fmt: skip


def test_a_library_is_closed_and_opened_by_day(command: Command) -> None:
    command.load(RULES)
    command("calendar", "close", "LENS", "2027-02-01", "--to", "2027-02-07", "--reason", 'Congés "d\'hiver"')
    command("calendar", "open", "LENS", "2027-02-04", "09:00-11:30")
    shown = command.json("calendar", "show", "LENS", "--from", "2027-02-03", "--days", "3")
    assert [day["hours"] for day in shown] == [[], ["09:00-11:30"], []]
    assert '2027-02-06  closed       Congés "d\'hiver"' in command("calendar", "exceptions", "LENS").stdout
    weeks = command.json("calendar", "hours", "LENS", "--from", "2027-01-25", "--to", "2027-02-14")
    assert [(week["week"], week["open"], week["kind"]) for week in weeks] == [("2027-W05", 150, "below")]
    everything = command("calendar", "hours", "LENS", "--from", "2027-01-25", "--to", "2027-02-14", "--all").stdout
    assert "2027-W04    6:00 / 6:00" in everything


def test_what_a_calendar_cannot_be_is_refused(command: Command) -> None:
    assert "LENZ is not among" in command("calendar", "close", "LENZ", "2027-02-01", expect=Exit.REFUSED).stderr
    assert "hours" in command("calendar", "open", "LENS", "2027-02-01", "9-11", expect=Exit.REFUSED).stderr
    command("calendar", "close", "LENS", "2027-02-02", "--to", "2027-02-01", expect=Exit.USAGE)
    command("calendar", "show", "LENZ", expect=Exit.REFUSED)


# --- policies ------------------------------------------------------------------------------------------------------------


def test_sets_are_listed_shown_and_compared(command: Command) -> None:
    command.load(RULES)
    command.load(NEXT.replace("21 days", "14 days"))
    assert [(each["code"], each["rules"]) for each in command.json("policy", "sets")] == [("2026", 4), ("2027", 4)]
    assert "Comité du 12/12/2025" in command("policy", "sets").stdout
    assert [rule["value"] for rule in command.json("policy", "show", "--on", "2026-06-01")] == [
        "21 days",
        "12",
        "2",
        "8",
    ]
    assert "loan.period = 14 days (locked)" in command("policy", "show", "2027").stdout
    (differs,) = command.json("policy", "diff", "2026", "2027")
    assert (differs["attribute"], differs["2026"], differs["2027"]) == (
        "loan.period", "21 days (locked)", "14 days (locked)"
    )  # fmt: skip
    assert "->" in command("policy", "diff", "2026", "2027").stdout
    assert "there are: 2026, 2027" in command("policy", "show", "2028", expect=Exit.USAGE).stderr


def test_a_context_is_explained(command: Command) -> None:
    command.load(RULES)
    where = ("--category", "ADULT", "--type", "DVD", "--library", "LENS", "--on", "2026-06-01")
    told = {(rule["attribute"], rule["value"]) for rule in command.json("policy", "explain", *where)}
    assert {("loan.limit", "2"), ("loan.limit", "8"), ("loan.period", "21 days"), ("renewal.limit", "1")} <= told
    assert "for item_type DVD" in command("policy", "explain", *where).stdout
    command("policy", "explain", "--category", "ADULT", "--type", "VHS", "--library", "LENS", expect=Exit.USAGE)


def test_deviations_are_listed_beside_what_holds_for_all(command: Command) -> None:
    command.load(RULES)
    (found,) = command.json("policy", "deviations")
    assert (found["attribute"], found["value"], found["network"], found["scope"]) == (
        "loan.limit", "8", "12", {"library": "LENS"}
    )  # fmt: skip
    assert "instead of 12" in command("policy", "deviations").stdout


# --- why and what-if -----------------------------------------------------------------------------------------------------


def test_an_event_is_explained(command: Command) -> None:
    command.load(RULES)
    command.lend("R1", "I1")
    with command.location.engine().connect() as connection:
        seq = connection.scalar(select(func.max(schema.journal.c.seq)))
    told = command.json("why", seq)
    assert (told["act"], told["item"], told["circumstances"]["category"]) == ("checkout", "I1", "ADULT")
    assert "loan.period = 21 days (locked)" in command("why", seq).stdout
    assert "no event 999" in command("why", 999, expect=Exit.REFUSED).stderr


def test_a_proposed_set_is_tried_on_the_past(command: Command) -> None:
    command.load(RULES)
    command.lend("R1", "I5")
    command.lend("R1", "I10")
    Path("next.toml").write_text(NEXT.replace("value = 2,", "value = 1,"))
    told = command.json("what-if", "next.toml", "--since", "2020-01-01")
    assert (told["events"], told["decided"], told["different"], told["not_as_then"]) == (2, 2, 1, 0)
    assert told["differences"][0]["proposed"] == {"refused": ["too-many-of-type"]}
    said = command("what-if", "next.toml", "--since", "2020-01-01").stdout
    assert "2 of 2 events decided again, 1 differently" in said
    assert command.json("policy", "sets")[0]["code"] == "2026"
    assert len(command.json("policy", "sets")) == 1


def test_a_set_that_could_not_be_loaded_is_not_tried(command: Command) -> None:
    Path("next.toml").write_text(NEXT.replace('"DVD"', '"VHS"'))
    assert "VHS is not among" in command(
        "what-if", "next.toml", "--since", "2020-01-01", expect=Exit.REFUSED
    ).stderr  # fmt: skip
    Path("next.toml").write_text("network.name = 'x'")
    assert "has 0" in command("what-if", "next.toml", "--since", "2020-01-01", expect=Exit.REFUSED).stderr
