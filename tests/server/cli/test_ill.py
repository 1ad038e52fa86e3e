"""`bibliobus ill`: asking a partner, noting what happens, and the list, on the store itself."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from server.cli.common import Exit
from server.cli.ill import EVENTS
from server.cli.main import main
from storage.circulation.ill.machine import Event
from storage.circulation.ill.terms import Terms
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
            result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []


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


def test_terms_are_listed_and_agreed_to(shell: Shell) -> None:
    made = shell.json("ask", "isbn:9782070360024", *WHERE, "--card", "R1")
    named = (made["agency"], made["number"], *WHERE)
    assert shell.json("attention") == []
    assert shell.run("attention").output == ""  # so that cron sends no mail
    assert shell.json("accept", *named, code=Exit.REFUSED)["refused"] == ["no-terms"]
    terms = Terms(250, "EUR", ("In Library Use Only",)).kept()
    shell.sql(f"UPDATE ill_request SET state = 'conditional', terms = '{terms}'")
    (told,) = shell.json("attention", "--library", "AVION")
    assert (told["why"], told["terms"]) == ("conditional", "2.50 EUR; In Library Use Only")
    assert shell.json("attention", "--library", "LENS") == []
    assert "2.50 EUR" in shell.run("attention").output
    assert "conditional" in shell.run("accept", *named).output
    assert shell.sql("SELECT service FROM outbox ORDER BY id") == [("RequestItem",), ("RequestItem",)]
    assert shell.json("attention") == []
    shell.sql("UPDATE ill_request SET terms = '', agreed = ''")  # there are terms, and nobody has said which
    assert [each["why"] for each in shell.json("attention")] == ["conditional"]


def test_what_waits_too_long_and_what_reached_nobody_wants_attention(shell: Shell) -> None:
    shell.json("ask", "7", *WHERE, "--card", "R1")
    shell.sql("UPDATE ill_request SET checks = 2")
    assert [each["why"] for each in shell.json("attention")] == ["overdue"]
    shell.sql("UPDATE outbox SET state = 'dead'")
    assert [each["why"] for each in shell.json("attention")] == ["undelivered RequestItem"]
    shell.sql("UPDATE outbox SET state = 'sent'")
    shell.sql("UPDATE ill_request SET checks = 0, state = 'lost'")
    assert [each["why"] for each in shell.json("attention")] == ["lost"]


def test_what_reached_nobody_is_told_for_a_while_though_its_request_has_ended(shell: Shell) -> None:
    made = shell.json("ask", "7", *WHERE, "--card", "R1")
    shell.run("note", made["agency"], made["number"], "cancelled", *WHERE)
    dead = "UPDATE outbox SET state = 'dead', ended_at = {} WHERE service = 'CancelRequestItem'"
    assert shell.json("attention") == []
    shell.sql(dead.format(int(time.time()) - 13 * 86_400))
    (told,) = shell.json("attention", "--library", "AVION")
    assert (told["state"], told["why"]) == ("cancelled", "undelivered CancelRequestItem")
    assert shell.json("attention", "--library", "LENS") == []
    shell.sql(dead.format(int(time.time()) - 15 * 86_400))
    assert shell.json("attention") == []


def test_without_a_partner_the_first_lender_is_asked(shell: Shell) -> None:
    asked = ("ask", "isbn:9782070360024", "--library", "AVION", "--card", "R1")
    assert shell.json(*asked, code=Exit.REFUSED)["refused"] == ["no-lender"]
    shell.sql("""UPDATE partner SET endpoint = 'http://127.0.0.1:1/', profile = '{"order": 1}'""")
    assert shell.json(*asked)["partner"] == "FR-MDPC62"


def test_the_journal_is_read_from_the_store(shell: Shell) -> None:
    assert "Nothing." in shell.run("journal", "FR-MDPC62").output
    for number, at in (("q1", 1_795_345_200), ("q2", 1_795_345_300)):
        shell.sql(
            "INSERT INTO ncip_exchange (id, partner_id, at, direction, service, item, request, outcome, asked)"
            f" SELECT {at}, id, {at}, 'in', 'RequestItem', 'I1', '{number}', 'Unknown Item', 'RequestItem(...)'"
            " FROM partner WHERE agency = 'FR-MDPC62'"
        )
    assert [line["request"] for line in shell.json("journal", "FR-MDPC62")] == ["q1", "q2"]
    assert [line["request"] for line in shell.json("journal", "FR-MDPC62", "--request", "q2")] == ["q2"]
    assert shell.json("journal", "FR-MDPC62", "--until", "2026-01-01") == []
    whole = shell.run("journal", "FR-MDPC62", "--since", "2026-01-01", "--most", "1", "--whole").output
    assert "q2" in whole
    assert "RequestItem(...)" in whole
    shell.run("journal", "NOBODY", code=Exit.REFUSED)
