"""How many loans a reader may have: in all, by type, at one library, and with their household (domain.md 2.5).

The reader's own loans are always read. Those of a household, and where each was made, are read only in a network that has
rules about them (`Network.counts_broadly`): then in the same step, by another statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Integer, Select, bindparam, func, literal_column, or_, select, union_all, update

from storage.circulation import facts
from storage.circulation.accounts import Load, load_of
from storage.circulation.facts import LoadRow
from storage.refusals import Reason
from storage.schema import card, loan, patron
from storage.statements import Call, Row, Statement

if TYPE_CHECKING:
    from storage.circulation.acts import Setting
    from storage.network.network import Network

_CARD: Final = bindparam("card", type_=card.c.number.type)
_READER: Final = patron.alias("reader")
_MEMBER: Final = patron.alias("member")


class BroadRow(NamedTuple):
    """An open loan of a reader's household: *patron_id* is the reader's, *borrower_id* has the loan, made at *library_id*."""

    patron_id: int
    item_type_id: int
    due_on: str | None
    due_at: int | None
    borrower_id: int
    library_id: int


def _loans(of: Select[Any], name: str) -> Select[Any]:
    member = of.subquery(name)
    return select(
        member.c.reader_id, loan.c.item_type_id, loan.c.due_on, loan.c.due_at, loan.c.patron_id, loan.c.library_id
    ).where(loan.c.patron_id == member.c.id, loan.c.state == literal_column("'open'"))


_SELF: Final = select(card.c.patron_id.label("id"), card.c.patron_id.label("reader_id")).where(card.c.number == _CARD)
_OTHERS: Final = (
    select(_MEMBER.c.id, _READER.c.id.label("reader_id"))
    .select_from(
        card.join(_READER, _READER.c.id == card.c.patron_id).join(
            _MEMBER, _MEMBER.c.household_id == _READER.c.household_id
        )
    )
    .where(card.c.number == _CARD, _MEMBER.c.id != _READER.c.id)
)
LOAD_BROADLY: Final = Statement(
    "load of household", union_all(_loans(_SELF, "self"), _loans(_OTHERS, "others")), "card"
)
# All of a household are locked, so that two of them at two kiosks cannot both take the last place.
LOCK_HOUSEHOLD: Final = Statement(
    "lock household",
    select(patron.c.id)
    .where(
        or_(
            patron.c.id.in_(select(card.c.patron_id).where(card.c.number == _CARD)),
            patron.c.household_id.in_(
                select(_READER.c.household_id)
                .join_from(card, _READER, _READER.c.id == card.c.patron_id)
                .where(card.c.number == _CARD)
            ),
        )
    )
    .order_by(patron.c.id)
    .with_for_update(key_share=True, of=patron),
    "card",
    rank=2,
)


# Two of a household in one batch are decided on the same facts: the write of the second finds one loan more than it counted.
_COUNTED: Final = (
    select(func.count())
    .select_from(loan.join(_MEMBER, _MEMBER.c.id == loan.c.patron_id))
    .where(
        loan.c.state == literal_column("'open'"),
        or_(_MEMBER.c.id == patron.c.id, _MEMBER.c.household_id == patron.c.household_id),
    )
    .correlate(patron)
    .scalar_subquery()
)
RECOUNT: Final = Statement(
    "recount household",
    update(patron)
    .where(patron.c.id == bindparam("patron"), bindparam("counted", type_=Integer) == _COUNTED)
    .values(code=patron.c.code),
    "patron",
    "counted",
    guarded=True,
)


def lock_reader(network: Network, number: str) -> Call:
    """Return the call that locks whoever's loans are counted for the reader of a card."""
    return (LOCK_HOUSEHOLD if network.counts_broadly else facts.LOCK_PATRON)(number)


def read_load(network: Network, number: str) -> Call:
    """Return the call that reads the loans that are counted for the reader of a card."""
    return (LOAD_BROADLY if network.counts_broadly else facts.LOAD)(number)


NOTHING: Final = Load({})


class Loads(NamedTuple):
    """Open loans, counted: the reader's *own*, those of them made at this *site*, and those of the whole *household*.

    The last two are `NOTHING` where no rule counts them.
    """

    own: Load
    site: Load = NOTHING
    household: Load = NOTHING


def loads_of(network: Network, rows: Sequence[Row], patron_id: int, library_id: int) -> Loads:
    """Sum up what the call of `read_load` found for the reader *patron_id*, for an act at *library_id*."""
    if not network.counts_broadly:
        return Loads(load_of([LoadRow._make(row) for row in rows if row[0] == patron_id]))
    household = [BroadRow._make(row) for row in rows if row[0] == patron_id]
    own = [row for row in household if row.borrower_id == patron_id]
    site = [row for row in own if row.library_id == library_id]
    return Loads(*(load_of([LoadRow._make(row[:4]) for row in part]) for part in (own, site, household)))


def recount(network: Network, patron_id: int, loads: Loads) -> tuple[Call, ...]:
    """Return the writes that have an act decided anew when the household has other loans than were counted."""
    return (RECOUNT(patron_id, loads.household.total),) if network.counts_broadly else ()


def over_limits(network: Network, setting: Setting, loads: Loads) -> tuple[tuple[Reason, ...], tuple[str, ...]]:
    """Compare *loads* with every limit that binds; return the reasons and the rules that gave them."""
    policy = network.policy(setting.day)
    reasons: list[Reason] = []
    rules: list[str] = []
    for node, limit in policy.limits("loan.limit", setting.context):
        if (loads.own.total if node is None else loads.own.of_branch(network, node)) >= limit.number:
            reasons.append(Reason.TOO_MANY_LOANS if node is None else Reason.TOO_MANY_OF_TYPE)
            rules.append(limit.rule)
    if not network.counts_broadly:
        return tuple(reasons), tuple(rules)
    for attribute, load, reason in (
        ("loan.site-limit", loads.site, Reason.TOO_MANY_HERE),
        ("loan.household-limit", loads.household, Reason.TOO_MANY_IN_HOUSEHOLD),
    ):
        for node, limit in policy.limits(attribute, setting.context):
            if (load.total if node is None else load.of_branch(network, node)) >= limit.number:
                reasons.append(reason)
                rules.append(limit.rule)
    return tuple(dict.fromkeys(reasons)), tuple(rules)
