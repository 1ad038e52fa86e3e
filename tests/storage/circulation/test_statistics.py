"""Counts for reports, on both databases, that cutting the links to readers leaves as they are."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from click.testing import CliRunner

from server.cli.main import main
from server.writing import Direct
from storage.circulation import statistics
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.database import Location
from storage.jobs.job import ZONE
from storage.usecase import Origin
from tests.counter import Counter
from tests.network import LENS, LIEVIN, NOW

YEAR = (NOW - 9, NOW + 366 * 86400)


def loans(counter: Counter, *keys: str) -> list[Any]:
    with counter.location.engine(reads=True).begin() as connection:
        return statistics.loans(connection, *YEAR, keys)


def test_loans_are_counted_open_or_over_and_without_their_readers(counter: Counter) -> None:
    for barcode, library in (("I1", LENS), ("I2", LENS), ("I3", LIEVIN)):
        assert counter.checkout("R1", barcode, library).ok
    assert counter.renew("R1", "I1").ok
    assert counter.checkin("I2").was_on_loan
    before = loans(counter, "library")
    assert before == [(LENS, 2, 1), (LIEVIN, 1, 0)]
    assert loans(counter) == [(3, 1)]
    assert sum(row[-2] for row in loans(counter, *statistics.KEYS)) == 3
    counter.sql("DELETE FROM past_loan_reader")
    assert loans(counter, "library") == before


def test_holds_are_counted_with_the_time_they_waited(counter: Counter) -> None:
    counter.sql(
        "INSERT INTO past_hold (id, pickup_id, patron_category_id, requested_at, outcome, shelved_at, closed_at)"
        f" VALUES (1, {LENS}, 1, {NOW}, 'honoured', {NOW + 172800}, {NOW + 200000}),"
        f" (2, {LENS}, 1, {NOW}, 'cancelled', NULL, {NOW + 5})"
    )
    with counter.location.engine(reads=True).begin() as connection:
        found = statistics.holds(connection, *YEAR)
    assert found == [(LENS, "cancelled", 1, 0, 0), (LENS, "honoured", 1, 1, 172800)]


def test_the_command_counts_a_period(location: Location) -> None:
    assert Direct(location).act(CHECKOUT, CheckoutRequest("R1", "I1", Origin("sip2", "desk", LENS))).ok
    day = datetime.now(ZONE).date().isoformat()
    period = ["--from", day, "--to", day, "--data", str(location.directory)]
    by = ["--by", "library", "--by", "type"]
    told = CliRunner().invoke(main, ["statistics", "loans", *period, *by, "--json"])
    assert [(row["library"], row["loans"]) for row in json.loads(told.output)] == [("LENS", 1)]
    assert "1 loans" in CliRunner().invoke(main, ["statistics", "loans", *period, *by]).output
    assert CliRunner().invoke(main, ["statistics", "holds", *period]).exit_code == 0
    earlier = ["--from", "2026-01-01", "--to", "2026-01-31", *period[4:]]
    assert json.loads(CliRunner().invoke(main, ["statistics", "loans", *earlier, *by, "--json"]).output) == []
