"""`bibliobus ill`: asking a partner, noting what happens, and the list, on the store itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from server.cli.common import Exit
from server.cli.ill import EVENTS
from server.cli.main import main
from storage.circulation.ill.machine import Event
from storage.database import Location

WHERE = ("--partner", "FR-MDPC62", "--library", "AVION")


class Shell:
    def __init__(self, location: Location) -> None:
        self.location = location

    def run(self, *arguments: str, code: Exit = Exit.DONE) -> Result:
        result = CliRunner().invoke(main, ["ill", *arguments, "--data", str(self.location.directory)])
        assert result.exit_code == code, result.output
        return result

    def json(self, *arguments: str, code: Exit = Exit.DONE) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code).output)

    def sql(self, statement: str) -> list[Any]:
        with self.location.engine().begin() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]


@pytest.fixture
def shell(location: Location, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("LANGUAGE", "en")
    return Shell(location)


def test_a_request_is_made_listed_and_given_up(shell: Shell) -> None:
    made = shell.json(
        "ask", "isbn:9782070360024", *WHERE, "--card", "R1", "--title", "L'Étranger", "--needed-by", "2030-01-01"
    )
    assert made["state"] == "asked"
    assert made["agency"] == "FR-620000003"
    assert shell.sql("SELECT identifier, needed_by FROM ill_request") == [("isbn:9782070360024", "2030-01-01")]
    (listed,) = shell.json("list")
    assert listed["number"] == made["number"]
    assert "R1" not in json.dumps(listed)
    assert "L'Étranger" in shell.run("list").output
    gone = shell.run("note", made["agency"], made["number"], "cancelled", *WHERE)
    assert "cancelled" in gone.output
    assert shell.sql("SELECT service FROM outbox ORDER BY id") == [("RequestItem",), ("CancelRequestItem",)]
    assert shell.json("list") == []


def test_refusals_have_codes_and_sentences_and_change_nothing(shell: Shell) -> None:
    asked = ("ask", "1", *WHERE, "--card", "X")
    assert shell.json(*asked, code=Exit.REFUSED)["refused"] == ["unknown-user"]
    assert "No such reader." in shell.run(*asked, code=Exit.REFUSED).output
    shell.run("note", "A", "1", "lost", *WHERE, code=Exit.REFUSED)
    assert shell.sql("SELECT count(*) FROM ill_request") == [(0,)]
    result = CliRunner().invoke(
        main,
        [
            "ill",
            "ask",
            "1",
            "--partner",
            "NO",
            "--library",
            "AVION",
            "--card",
            "R1",
            "--data",
            str(shell.location.directory),
        ],
    )
    assert result.exit_code != 0


def test_what_staff_may_note_are_events() -> None:
    assert set(EVENTS) <= {event.value for event in Event}
