"""How many copies of a title there are, read only where a policy wants to know and somebody waits (domain.md 2.4 step 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import and_, bindparam, case, func, literal_column, select

from storage.schema import barcode, hold, item, loan, transit
from storage.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.network.network import Network
    from storage.statements import Row

_ASKED: Final = item.alias("asked")
_CAPTURED: Final = hold.c.state.in_([literal_column("'transit'"), literal_column("'shelf'")])
COPIES: Final = Statement(
    "copies of title",
    select(
        _ASKED.c.id,
        func.count(),
        func.sum(case((and_(loan.c.id.is_(None), transit.c.id.is_(None), hold.c.id.is_(None)), 1), else_=0)),
    )
    .select_from(
        barcode.join(_ASKED, _ASKED.c.id == barcode.c.item_id)
        .join(item, item.c.record_id == _ASKED.c.record_id)
        .outerjoin(loan, loan.c.item_id == item.c.id)
        .outerjoin(transit, and_(transit.c.item_id == item.c.id, transit.c.received_at.is_(None)))
        .outerjoin(hold, and_(hold.c.item_id == item.c.id, _CAPTURED))
    )
    .where(
        barcode.c.number == bindparam("number"),
        item.c.condition == literal_column("'good'"),
        item.c.for_loan == literal_column("1"),
    )
    .group_by(_ASKED.c.id),
    "number",
)
_ASKING: Final = {"loan.demand-threshold": "0", "renewal.when-held": "refuse"}


class Copies(NamedTuple):
    """How many lendable copies a title has, and how many of them stand on their shelves."""

    lendable: int = 1
    free: int = 0

    def demand(self, holds: int) -> int:
        """Return how many hundredths of an open hold there are for each copy."""
        return 100 * holds // max(1, self.lendable)


def asks(network: Network) -> bool:
    """Tell whether any rule of the network depends on the number of copies."""
    return any(
        _ASKING.get(rule.attribute, rule.value) != rule.value for policy in network.policy_sets for rule in policy.rules
    )


def copies_of(rows: Sequence[Row], item_id: int) -> Copies:
    """Return what `COPIES` found for an item; an item without title is the only copy."""
    return next((Copies(*row[1:]) for row in rows if row[0] == item_id), Copies())
