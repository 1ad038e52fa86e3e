"""Loans, items and anomalies from the command line."""

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
    def run(*arguments: str, expect: Exit = Exit.DONE) -> Result:
        result = CliRunner().invoke(main, [*arguments, "--data", str(location.directory)])
        assert result.exit_code == expect, result.output
        return result

    return run


def at(run: Run, *arguments: str, expect: Exit = Exit.DONE) -> Any:
    return json.loads(run(*arguments, "--library", "LENS", "--json", expect=expect).output)


def test_a_loan_from_its_beginning_to_its_end(run: Run) -> None:
    lent = at(run, "loan", "checkout", "R1", "I1")
    assert (lent["title"], lent["refused"]) == ("Titre 1", [])
    again = at(run, "loan", "checkout", "R2", "I1", expect=Exit.REFUSED)
    assert again["refused"] == ["on-loan-to-other"]
    assert at(run, "item", "show", "I1")["status"] == "on-loan"
    assert at(run, "loan", "renew", "R1", "I1")["renewals"] == 1
    assert [loan["renewals"] for loan in at(run, "loan", "renew", "R1")["loans"]] == [1]
    assert [loan["barcode"] for loan in at(run, "loan", "list", "--state", "open")] == ["I1"]
    assert at(run, "loan", "recall", "I1")["due"] < lent["due"]
    back = at(run, "loan", "checkin", "I1")
    assert (back["was_on_loan"], back["alert"], back["destination"]) == (True, None, None)
    assert at(run, "loan", "undo", "I1", "checkin")["undone"] == "checkin"
    assert at(run, "item", "show", "I1")["status"] == "on-loan"


def test_claims_losses_and_what_staff_settle(run: Run) -> None:
    for barcode in ("I1", "I2"):
        at(run, "loan", "checkout", "R1", barcode)
    at(run, "loan", "claim", "I1", "--card", "R1")
    at(run, "loan", "lost", "I2")
    assert [loan["barcode"] for loan in at(run, "loan", "list", "--state", "claimed")] == ["I1"]
    at(run, "loan", "settle", "I2", "written-off")
    at(run, "loan", "checkin", "I1")
    ((number, kind),) = [(one["id"], one["kind"]) for one in at(run, "anomaly", "list")]
    assert kind == "claim-found"
    assert "Claimed returned, then found" in run("anomaly", "list").output
    at(run, "anomaly", "settle", str(number), "--by", "Zoé")
    assert at(run, "anomaly", "list") == []
    refused = at(run, "anomaly", "settle", str(number), expect=Exit.REFUSED)
    assert refused["refused"] == ["unknown-anomaly"]


def test_items_are_marked_and_found(run: Run) -> None:
    at(run, "item", "mark", "I3", "damaged", "--note", "page 12")
    assert at(run, "loan", "checkout", "R1", "I3", expect=Exit.REFUSED)["refused"] == ["in-process"]
    at(run, "loan", "checkout", "R1", "I3", "--force")
    assert run("loan", "recall", "I3", "--library", "LENS").output.startswith("I3: due ")
    at(run, "item", "mark", "I4", "missing")
    found = json.loads(run("item", "find", "titre", "--condition", "missing", "--owner", "LENS", "--json").output)
    assert [one["barcode"] for one in found] == ["I4"]
    assert "I4" in run("item", "find", "--condition", "missing").output
    assert run("item", "find", "nothing-like-it").output.strip() == "Nothing."
    assert "missing" in run("item", "show", "I4", "--library", "LENS").output.casefold()
    assert at(run, "item", "show", "I99", expect=Exit.REFUSED)["refused"] == ["unknown-item"]


def test_what_has_happened_is_told_and_where_an_item_goes_is_said(run: Run) -> None:
    told = at(run, "loan", "checkout", "R1", "I1", "--done-at", "2026-11-01T10:00", "--due", "2026-11-29")
    assert told["due"] == "2026-11-29"
    there = run("loan", "checkin", "I1", "--library", "AVION").output
    assert there == "I1 Titre 1: taken in.\nSend it to LENS.\n"
    assert at(run, "loan", "checkin", "I2", "--mode", "in-house")["used"] is True
    wrong = run("loan", "checkout", "R1", "I1", "--library", "PARIS", expect=Exit.REFUSED)
    assert "PARIS" in wrong.output
