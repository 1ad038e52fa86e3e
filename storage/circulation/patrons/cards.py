"""Cards: issued, replaced, lost, found again, cancelled. A number that was once a reader's stays recognised (domain.md 2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from storage.circulation.patrons import statements
from storage.circulation.patrons.act import Changes, Found, on_reader
from storage.refusals import Reason
from storage.usecase import Origin

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Call, Row


@dataclass(frozen=True, slots=True)
class IssueRequest:
    """Give the reader of *card* another card, *number* in *namespace*; with *replaces*, in the place of *card*.

    An old town's number that a reader brings along is a card that is not *primary*: it goes on being recognised.
    """

    card: str = field(repr=False)
    number: str = field(repr=False)
    origin: Origin
    namespace: str = ""
    replaces: bool = False
    primary: bool = True


def _taken(rows: Sequence[Row], namespace: str) -> bool:
    return any(row[0] == namespace for row in rows)


def _issue(request: IssueRequest, found: Found, _network: Network, _now: int) -> Changes | Reason:
    if _taken(found.rows[0], request.namespace):
        return Reason.CARD_TAKEN
    row = found.patron.row
    made: list[Call] = []
    if request.replaces:
        made.append(statements.STATE("replaced", request.number, row.namespace, row.card))
    if request.primary:
        made.append(statements.RETIRE_MAIN(row.id))
    made.append(statements.ISSUE(request.namespace, request.number, int(request.primary), found.today, row.code))
    return tuple(made)


ISSUE: Final = on_reader("card.issued", _issue, lambda request: (statements.CARDS(request.number),))

STATES: Final = ("active", "lost", "stolen", "cancelled")
"""What staff may say of a card."""


@dataclass(frozen=True, slots=True)
class CardStateRequest:
    """Say that *card* is now in one of `STATES`."""

    card: str = field(repr=False)
    state: str
    origin: Origin


def _set_state(request: CardStateRequest, found: Found, _network: Network, _now: int) -> Changes | Reason:
    row = found.patron.row
    if row.card_status == "replaced":
        return Reason.CARD_REPLACED
    return (statements.STATE(request.state, None, row.namespace, row.card),)


STATE: Final = on_reader("card.state", _set_state)
