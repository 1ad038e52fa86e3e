"""Readers and cards from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from server.cli.common import Exit
from server.cli.main import main
from storage.database import Location

Run = Callable[..., Result]


@pytest.fixture
def run(location: Location) -> Run:
    def run(*arguments: str, expect: Exit = Exit.DONE, **more: Any) -> Result:
        given = [*arguments, "--library", "LENS", "--data", str(location.directory)]
        result = CliRunner().invoke(main, given, **more)
        assert result.exit_code == expect, result.output
        return result

    return run


def shown(run: Run, card: str) -> Any:
    return json.loads(run("patron", "show", card, "--json").output)


def test_a_reader_from_registration_to_erasure(run: Run) -> None:
    run("patron", "add", "N1", "--category", "adult", "--surname", "Delattre", "--forename", "Zoé", "--pin", "4321")
    run("patron", "change", "N1", "--email", "zoe@example.org", "--valid-until", "2027-11-30")
    run("card", "issue", "N1", "N2", "--replace")
    run("patron", "block", "N2", "manual", "--act", "hold", "--to", "2026-12-31")
    run("patron", "household", "N2", "F1")
    found = shown(run, "N2")
    assert (found["surname"], found["email"], found["valid_until"]) == ("Delattre", "zoe@example.org", "2027-11-30")
    assert found["blocks"] == [{"kind": "manual", "acts": "hold", "from": None, "to": "2026-12-31", "note": ""}]
    assert {card["number"]: card["status"] for card in found["cards"]} == {"N1": "replaced", "N2": "active"}
    assert found["household"] == "F1"
    text = run("patron", "show", "N2").output
    assert "Zoé Delattre (N1)" in text
    assert "manual: hold" in text
    run("patron", "unblock", "N2", "manual")
    run("patron", "household", "N2")
    run("card", "mark", "N2", "lost")
    assert [card["status"] for card in json.loads(run("patron", "export", "N2").output)["cards"]] == [
        "replaced",
        "lost",
    ]
    run("patron", "erase", "N2", "--yes")
    gone = run("patron", "show", "N2", "--json", expect=Exit.REFUSED)
    assert json.loads(gone.output) == {"refused": ["unknown-patron"], "sentences": ["Unknown card."]}


def test_a_pin_that_is_not_given_is_asked_for_and_never_shown(run: Run) -> None:
    asked = run("patron", "pin", "R1", input="9876\n9876\n")
    assert "9876" not in asked.output
    run("patron", "pin", "R1", "--none")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("patron", "add", "N1", "--surname", "X"), Exit.USAGE, "--category"),
        (("patron", "add", "N1", "--category", "king", "--surname", "X"), Exit.REFUSED, "ADULT"),
        (("patron", "add", "R1", "--category", "adult", "--surname", "X"), Exit.REFUSED, "taken"),
        (("patron", "change", "R99", "--surname", "X"), Exit.REFUSED, "Unknown card"),
        (("patron", "block", "R1", "manual", "--act", "dance"), Exit.USAGE, "checkout"),
        (("card", "mark", "R1", "eaten"), Exit.USAGE, "stolen"),
        (("patron", "change", "R1", "--born", "yesterday"), Exit.USAGE, "--born"),
    ],
)
def test_what_is_wrong_is_told_in_words(run: Run, arguments: tuple[str, ...], code: Exit, said: str) -> None:
    assert said in run(*arguments, expect=code).output
