"""What acts cost: so many statements and steps, found by key, whatever the number of loans, readers and records (I-11)."""

from __future__ import annotations

from typing import Any

import pytest

from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.renew import RENEW, RenewRequest
from storage.drivers.snapshot import run_steps
from storage.journal import conclude, gather
from storage.usecase import Act
from tests.network import AVION, LENS
from tests.storage.circulation.desk import Desk


class Cost:
    """An act with what it asks and writes."""

    def __init__(self, desk: Desk, usecase: Any, request: Any) -> None:
        act = Act(usecase, request, desk.now)
        self.steps: list[list[str]] = []
        self.calls: list[Any] = []
        facts, stored = run_steps(desk.database, self._counted(gather(act, desk.network)))
        decision = usecase.decide(request, facts, desk.network, desk.now)
        written, self.outcome = conclude(act, decision, stored)
        self.written = [statement.name for statement, _ in written]
        desk.run(usecase, request)

    def _counted(self, steps: Any) -> Any:
        rows = None
        while True:
            try:
                calls = next(steps) if rows is None else steps.send(rows)
            except StopIteration as stop:
                return stop.value
            self.steps.append([statement.name for statement, _ in calls])
            self.calls += calls
            rows = yield calls


def checkout(desk: Desk, **more: Any) -> Cost:
    return Cost(desk, CHECKOUT, CheckoutRequest("R1", "I1", desk.origin(LENS), **more))


def checkin(desk: Desk, library: int = LENS) -> Cost:
    return Cost(desk, CHECKIN, CheckinRequest("I1", desk.origin(library)))


READS = ["lock item", "lock patron", "item", "waiting holds", "patron", "load of patron"]


def test_a_checkout_reads_six_times_in_one_step_and_writes_twice(desk: Desk) -> None:
    cost = checkout(desk)
    assert cost.steps == [READS]
    assert cost.written == ["lend", "journal"]


def test_a_checkin_reads_four_times_in_one_step_and_writes_four_times(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    cost = checkin(desk)
    assert cost.steps == [["lock item", "lock holds", "item", "waiting holds"]]
    assert cost.written == ["close loan", "keep past loan", "keep reader of past loan", "journal"]


def test_a_renewal_reads_five_times_in_one_step_and_writes_twice(desk: Desk) -> None:
    desk.checkout("R1", "I1")
    cost = Cost(desk, RENEW, RenewRequest("R1", "I1", desk.origin(LENS)))
    assert cost.steps == [["lock item", "lock patron", "item", "waiting holds", "patron"]]
    assert cost.written == ["renew", "journal"]


@pytest.mark.parametrize("rules", [{}, {"loan.period": "7 days", "renewal.when-held": "refuse"}])
def test_who_waits_costs_nothing_more_unless_a_rule_asks_for_copies(desk: Desk, rules: dict[str, str]) -> None:
    desk.vote(**rules)
    desk.hold(1, 1, item=1, pickup=LENS)
    assert checkout(desk).steps == [READS]


def test_a_rule_on_demand_costs_one_statement_more_and_only_when_somebody_waits(desk: Desk) -> None:
    desk.vote(**{"loan.demand-threshold": "2"})
    assert checkout(desk).steps == [READS]
    desk.checkin("I1")
    desk.hold(1, 1, item=1, pickup=LENS)
    assert checkout(desk).steps == [READS, ["copies of title"]]


def test_what_is_told_late_costs_two_statements_more(desk: Desk) -> None:
    cost = checkout(desk, offline=True, done_at=desk.now - 60)
    assert cost.steps == [READS, ["later returns of item", "later sightings of item"]]


def test_nothing_is_looked_for_but_by_key(desk: Desk) -> None:
    """No statement of an act reads a table from end to end."""
    desk.vote(**{"loan.demand-threshold": "1"})
    desk.hold(1, 1, item=1, pickup=LENS)
    costs = [checkout(desk, offline=True, done_at=desk.now - 60), checkin(desk, AVION)]
    costs.append(Cost(desk, RENEW, RenewRequest("R1", "I1", desk.origin(LENS))))
    for call in (call for cost in costs for call in cost.calls):
        text, order = call.statement.sqlite
        if call.statement.rank:
            continue
        plan = desk.sql(f"EXPLAIN QUERY PLAN {text}", *(call.values if order is None else order(call.values)))
        scanned = [line for *_, line in plan if line.startswith("SCAN") and "SUBQUERY" not in line]
        assert not scanned, (call.statement, plan)


def test_a_network_full_of_loans_changes_no_statement(desk: Desk) -> None:
    empty = checkout(desk)
    desk.undo("I1", "checkout")
    desk.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)"
        " INSERT INTO item(id, owner_id, home_id, current_id, item_type_id) SELECT i, 1, 1, 1, 2 FROM n"
    )
    desk.sql(
        "INSERT INTO loan(id, item_id, patron_id, library_id, item_type_id, channel, out_at, due_on)"
        " SELECT id, id, 2 + id % 8, 1, 2, 'sip2', 1, '2027-01-01' FROM item WHERE id >= 1000"
    )
    full = checkout(desk)
    assert (full.steps, full.written) == (empty.steps, empty.written)
    assert full.outcome.answer is not None
    assert full.outcome.answer.ok
