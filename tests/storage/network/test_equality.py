"""What the rules may never do: ask where a reader lives, cost money unvoted, or depend on anything but set and context."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import schema
from storage.database import Location
from storage.network.attributes import ATTRIBUTES, FEES
from storage.network.network import defaults
from storage.network.policies import Context, PolicySet, Rule, Scope
from tests.network import AVION, LENS, LIEVIN
from tests.storage.circulation.desk import Desk

ZONES = ["UTC", "Europe/Paris", "Pacific/Auckland"]


@pytest.fixture(params=ZONES)
def process_zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """The zone of the server's own clock, which must not matter."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.fixture
def desk(location: Location) -> Iterator[Desk]:
    """A desk at the small network."""
    made = Desk(location)
    yield made
    made.close()


# --- where a reader lives (S-02, I-34) -----------------------------------------------------------------------------------


def a_day_at_the_desk(desk: Desk, seed: int) -> list[Any]:
    """Do many things, always the same for a *seed*; return everything that was decided, but for ids."""
    random = Random(seed)
    told: list[Any] = []
    for _ in range(150):
        card, barcode = f"R{random.randint(1, 9)}", f"I{random.randint(1, 20)}"
        library = random.choice([LENS, LIEVIN, AVION])
        act = random.choice(["checkout", "checkout", "checkin", "renew"])
        desk.now += random.randint(60, 3 * 86400)
        if act == "checkin":
            back = desk.checkin(barcode, library)
            told.append((act, back.reasons, back.remarks, back.alert, back.destination and back.destination.code))
        else:
            answer = desk.checkout(card, barcode, library) if act == "checkout" else desk.renew(card, barcode, library)
            told.append((act, answer.reasons, answer.due, answer.renewals))
    return told


def test_wherever_readers_live_everything_is_decided_the_same(location: Location, tmp_path: Path) -> None:
    outcomes = []
    everywhere: list[list[str | None]] = [["62498"] * 9, ["62510", "62065", "75056"] * 3, [None] * 9]
    for number, homes in enumerate(everywhere):
        directory = tmp_path / f"copy{number}"
        shutil.copytree(location.directory, directory)
        desk = Desk(Location(directory))
        for reader, home in enumerate(homes, start=1):
            desk.sql("UPDATE patron SET residence = ? WHERE id = ?", home, reader)
        outcomes.append(a_day_at_the_desk(desk, seed=34))
        desk.close()
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert {told[0] for told in outcomes[0] if not told[1]} == {"checkout", "checkin", "renew"}
    assert any(told[1] for told in outcomes[0])


def test_no_rule_has_a_place_for_residence() -> None:
    assert Scope._fields == ("owner", "item_type", "category", "library", "location", "channel") == Context._fields
    assert "residence" not in {column.name for column in schema.rule.c}


# --- what it costs (S-13, I-35) ------------------------------------------------------------------------------------------


def test_nothing_costs_anything_unless_it_is_voted() -> None:
    assert {attribute: ATTRIBUTES[attribute].default for attribute in FEES} == dict.fromkeys(FEES, "none")


def test_no_table_has_a_place_for_money_and_a_day_of_work_makes_none(desk: Desk) -> None:
    a_day_at_the_desk(desk, seed=35)
    money = ("amount", "fee", "fine", "price", "currency", "balance", "invoice")
    named = [
        f"{table.name}.{column.name}"
        for table in schema.METADATA.sorted_tables
        for column in table.c
        if any(word in f"{table.name}_{column.name}".split("_") for word in money)
    ]
    assert named == []
    assert desk.sql("SELECT count(*) FROM rule WHERE attribute LIKE 'fee.%'") == [(0,)]


# --- the set in force (I-26, I-27) ---------------------------------------------------------------------------------------


def voted(desk: Desk) -> None:
    desk.sql(
        "INSERT INTO policy_set (id, code, effective_from) VALUES (1, 'old', '2026-01-01'), (2, 'new', '2026-12-01')"
    )
    desk.sql(
        "INSERT INTO rule (policy_set_id, attribute, value) VALUES (1, 'loan.period', '28 days'),"
        " (2, 'loan.period', '7 days'), (2, 'renewal.period', '14 days'), (1, 'renewal.period', '28 days')"
    )
    desk.reload()


@pytest.mark.usefixtures("process_zone")
def test_a_set_begins_at_midnight_where_the_act_is_done_and_changes_no_loan(desk: Desk) -> None:
    voted(desk)
    midnight = int(datetime(2026, 11, 30, 23, tzinfo=UTC).timestamp())
    desk.now = midnight - 1
    before = desk.checkout("R1", "I1")
    desk.now = midnight
    after = desk.checkout("R1", "I2")
    assert (before.due, after.due) == (("2026-12-28", None), ("2026-12-08", None))
    assert desk.sql("SELECT due_on FROM loan WHERE item_id = 1") == [("2026-12-28",)]
    # A renewal goes by the set in force when it is asked for.
    desk.now = int(datetime(2026, 12, 20, 10, tzinfo=UTC).timestamp())
    assert desk.renew("R1", "I1").due == ("2027-01-03", None)


# --- purity (I-45) -------------------------------------------------------------------------------------------------------

scopes = st.builds(
    Scope,
    st.sampled_from([None, 1, 9]),
    st.sampled_from([None, 30, 20, 99]),
    st.sampled_from([None, 6, 5]),
    st.sampled_from([None, 2, 9]),
    st.none(),
    st.sampled_from([None, "sip2", "ncip"]),
)
contexts = st.builds(
    Context,
    st.sampled_from([1, 9]),
    st.sampled_from([(30, 20, 10), (99, 10)]),
    st.sampled_from([(6, 5), (5,)]),
    st.sampled_from([2, 9]),
    st.just("kids"),
    st.sampled_from(["sip2", "ncip"]),
)
rules = st.lists(st.tuples(st.sampled_from(["loan.limit", "loan.period"]), scopes, st.booleans()), max_size=8)


@given(rules, st.lists(contexts, min_size=1, max_size=6))
def test_what_was_asked_before_never_changes_an_answer(
    given_: list[tuple[str, Scope, bool]], asked: list[Context]
) -> None:
    made = defaults() + tuple(
        Rule(f"rule:{number}", attribute, "7 days" if attribute == "loan.period" else "3", scope, locked)
        for number, (attribute, scope, locked) in enumerate(given_)
    )
    used = PolicySet("a", "2026-01-01", made)
    for context in (*asked, *reversed(asked)):
        fresh = PolicySet("a", "2026-01-01", made)
        for attribute in ("loan.limit", "loan.period"):
            assert used.find(attribute, context) == fresh.find(attribute, context)
            assert used.limits(attribute, context) == fresh.limits(attribute, context)
