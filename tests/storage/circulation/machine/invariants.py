"""What must hold after every step (domain.md 2.14), each a look at the whole store that finds what breaks it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final, TypeAlias

from storage.circulation.due import local_day
from storage.jobs.job import ZONE
from tests.storage.circulation.machine.world import Check, Rows, World

Function: TypeAlias = Callable[[World, Rows], list[Any]]

CHECKS: Final[dict[str, Check]] = {}
"""By the invariants' numbers."""


def _check(numbers: str) -> Callable[[Function], Function]:
    def keep(check: Function) -> Function:
        CHECKS[numbers] = check
        return check

    return keep


def _queries(numbers: str, *statements: str) -> None:
    """Declare a check that is one or more queries for what breaks it."""
    CHECKS[numbers] = statements


_queries("I-01", "SELECT item_id FROM loan GROUP BY item_id HAVING count(*) > 1")
_queries("I-02", "SELECT item_id FROM transit WHERE received_at IS NULL GROUP BY item_id HAVING count(*) > 1")
_queries("I-03", "SELECT item_id FROM hold WHERE item_id IS NOT NULL GROUP BY item_id HAVING count(*) > 1")
_queries(
    "I-04",
    "SELECT 'loan and transit', loan.item_id FROM loan JOIN transit ON transit.item_id = loan.item_id"
    " WHERE received_at IS NULL",
    "SELECT 'loan and captured hold', loan.item_id FROM loan JOIN hold ON hold.item_id = loan.item_id",
)
_queries(
    "I-05",
    "SELECT 'captured, neither here nor on its way', hold.id, hold.state FROM hold JOIN item ON item.id = hold.item_id"
    " LEFT JOIN transit ON transit.item_id = item.id AND received_at IS NULL"
    " WHERE (hold.state = 'shelf' AND (transit.id IS NOT NULL OR item.current_id <> hold.pickup_id))"
    " OR (hold.state = 'transit' AND transit.id IS NULL)",
    "SELECT 'sent for a hold that does not have it', transit.id FROM transit LEFT JOIN hold ON hold.id = transit.hold_id"
    " WHERE received_at IS NULL AND transit.hold_id IS NOT NULL AND (hold.id IS NULL OR hold.item_id <> transit.item_id)",
)
_queries("I-07", "SELECT id FROM item WHERE owner_id IS NULL OR home_id IS NULL OR current_id IS NULL")
_queries("I-10", "SELECT patron_id FROM card WHERE status = 'active' AND is_primary = 1 GROUP BY 1 HAVING count(*) > 1")
_queries(
    "I-12",
    "SELECT item.id FROM item JOIN loan ON loan.item_id = item.id WHERE condition = 'withdrawn'",
    "SELECT item.id FROM item JOIN transit ON transit.item_id = item.id"
    " WHERE condition = 'withdrawn' AND received_at IS NULL",
    "SELECT item.id FROM item JOIN hold ON hold.item_id = item.id WHERE condition = 'withdrawn'",
)
_queries(
    "I-13",
    "SELECT patron_id, record_id, target_item_id, volume FROM hold GROUP BY 1, 2, 3, 4 HAVING count(*) > 1",
)
_queries(
    "I-19 one pull for each, and none for what is captured or lent",
    "SELECT pull.id FROM pull LEFT JOIN hold ON hold.id = pull.hold_id"
    " WHERE outcome IS NULL AND (hold.id IS NULL OR hold.state <> 'waiting')",
    "SELECT pull.id FROM pull JOIN loan ON loan.item_id = pull.item_id WHERE outcome IS NULL",
)
_queries("I-20", "SELECT hold.id FROM hold JOIN past_hold ON past_hold.id = hold.id")
_queries("I-23", "SELECT id FROM loan WHERE renewals > 1", "SELECT id FROM past_loan WHERE renewals > 1")
_queries(
    "I-25",
    "SELECT id FROM past_loan WHERE in_at < out_at",
    "SELECT id FROM transit WHERE received_at < sent_at",
    "SELECT a.seq FROM journal a JOIN journal b ON b.seq = a.seq + 1 WHERE b.at < a.at",
)
_queries(
    "I-29",
    "SELECT transit_id FROM manifest_line WHERE outcome IS NULL GROUP BY transit_id HAVING count(*) > 1",
    "SELECT id FROM manifest_line WHERE unloaded_at < loaded_at OR loaded_at < packed_at",
    "SELECT manifest_line.id FROM manifest_line JOIN transit ON transit.id = transit_id"
    " WHERE outcome IS NULL AND transit.received_at IS NOT NULL",
)
_queries(
    "I-37",
    "SELECT loan_id FROM past_loan_reader LEFT JOIN past_loan ON past_loan.id = loan_id WHERE past_loan.id IS NULL",
)


@_check("I-16")
def _shelved_long_enough(world: World, rows: Rows) -> list[Any]:
    shelved = rows("SELECT id, pickup_id, shelved_at, shelf_until FROM hold WHERE state = 'shelf'")
    broken = []
    for hold, pickup, shelved_at, until in shelved:
        calendar = world.network.libraries[pickup].calendar
        first = local_day(shelved_at, ZONE) + timedelta(days=1)
        if until is None or date.fromisoformat(until) < (calendar.next_open(first) or first):
            broken.append((hold, shelved_at, until))
    return broken


@_check("I-21")
def _due_after_lent(world: World, rows: Rows) -> list[Any]:
    dated = rows("SELECT id, out_at, due_on FROM loan WHERE due_on IS NOT NULL")
    return [row for row in dated if row[2] < local_day(row[1], ZONE).isoformat()]


@_check("I-28")
def _each_item_is_somewhere(world: World, rows: Rows) -> list[Any]:
    held = Counter(
        item
        for (item,) in rows(
            "SELECT item_id FROM loan UNION ALL SELECT item_id FROM transit WHERE received_at IS NULL"
            " UNION ALL SELECT item_id FROM hold WHERE state = 'shelf'"
        )
    )
    return [item for item, places in held.items() if places > 1]
