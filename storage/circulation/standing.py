"""How a loan stands when its item does not come back: claimed returned, lost, and what staff make of it (domain.md 2.12).

A claimed loan leaves the reader's counts; a lost one blocks its reader. Both end by themselves when the item is scanned
anywhere (`storage.circulation.returning`), or by a decision here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.circulation import facts, writes
from storage.circulation.accounts import Item, find_item, find_patron
from storage.circulation.due import local_day
from storage.circulation.losses import blocked, unblocked
from storage.circulation.tellings import tell_reader
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from datetime import date

    from storage.network.network import Network
    from storage.statements import Call, Row, Steps


class Finding(Enum):
    """What is declared of a loan, or decided."""

    CLAIMED = "claimed"
    """The reader says that the item was returned."""
    LOST = "lost"
    """The item is lost, as the reader says or staff decide."""
    OPEN = "open"
    """Neither: the loan goes on."""
    RETURNED = "returned"
    """The reader is right: the loan ends, and the item is missing."""
    WRITTEN_OFF = "written-off"
    """The loss is settled: the loan ends, and the item is lost."""


_FROM: Final = {
    Finding.CLAIMED: ("open",),
    Finding.LOST: ("open", "claimed"),
    Finding.OPEN: ("claimed", "lost"),
    Finding.RETURNED: ("claimed",),
    Finding.WRITTEN_OFF: ("lost",),
}
"""From which states of a loan each follows."""
_ENDS: Final = {Finding.RETURNED: ("claim-accepted", "missing"), Finding.WRITTEN_OFF: ("lost", "lost")}
"""What ends a loan: the state of the past loan, and the condition of the item."""


@dataclass(frozen=True, slots=True)
class StandingRequest:
    """Declare *finding* of the loan of *barcode*; with a *card*, only when it is that reader's."""

    barcode: str
    finding: Finding
    origin: Origin
    card: str = field(default="", repr=False)


class StandingAnswer(NamedTuple):
    """What came of it. *reasons* is empty when it is so now."""

    reasons: tuple[Reason, ...]
    barcode: str
    item: Item | None = None
    loan_id: int | None = None

    @property
    def ok(self) -> bool:
        """Whether it is so now."""
        return not self.reasons


class StandingFacts(NamedTuple):
    """Rows of `facts`, in one step."""

    item: list[Row]
    patron: list[Row]


def gather(request: StandingRequest, _network: Network) -> Steps[StandingFacts]:
    """Lock the item, and read it with the reader who speaks."""
    _, item, patron = yield [
        facts.LOCK_ITEM(request.barcode), facts.ITEM(request.barcode), facts.PATRON(request.card)
    ]  # fmt: skip
    return StandingFacts(list(item), list(patron))


def decide(request: StandingRequest, found: StandingFacts, network: Network, now: int) -> Decision[StandingAnswer]:
    """Decide what is declared of a loan."""
    here = network.libraries[request.origin.library_id]
    today = local_day(now, here.zone)
    item = find_item(network, found.item, here.namespace)
    if isinstance(item, Reason):
        return Decision(StandingAnswer((item,), request.barcode))
    row = item.row
    reason: Reason | None = None
    if row.loan_id is None:
        reason = Reason.NOT_ON_LOAN
    elif request.card:
        patron = find_patron(network, found.patron, here.namespace, today.isoformat())
        if isinstance(patron, Reason):
            reason = patron
        elif patron.row.id != row.loan_patron_id:
            reason = Reason.NOT_ON_LOAN_TO_PATRON
    if reason is None and row.loan_state not in _FROM[request.finding]:
        reason = Reason.NOT_SO
    if reason is not None:
        return Decision(StandingAnswer((reason,), request.barcode, item, row.loan_id))
    return Decision(
        StandingAnswer((), request.barcode, item, row.loan_id),
        tuple(_written(request.finding, item, here.id, today, now)),
        (Entry(f"loan-{request.finding.value}", here.id, row.id, row.loan_id, detail=f"was={row.loan_state}"),),
        effect=f"loan-{request.finding.value}:{row.loan_id}",
    )


def _written(finding: Finding, item: Item, here_id: int, today: date, now: int) -> list[Call]:
    row = item.row
    assert row.loan_id is not None
    assert row.loan_patron_id is not None
    if finding in _ENDS:
        state, condition = _ENDS[finding]
        return [
            *writes.end_loan(row, here_id, max(now, row.out_at or 0), today, state),
            writes.MARK(row.id, condition, None),
            *unblocked(row.loan_patron_id),
        ]
    if finding is Finding.LOST:
        return lose(row.loan_id, row.loan_patron_id, row.id, here_id, today.isoformat(), now)
    stands = writes.STAND(row.loan_id, finding.value, today.isoformat())
    return [stands, *unblocked(row.loan_patron_id)] if row.loan_state == "lost" else [stands]


def lose(loan_id: int, patron_id: int, item_id: int, library_id: int, today: str, now: int) -> list[Call]:
    """Return the writes that make a loan a lost one: its reader is told, and blocked."""
    return [
        writes.STAND(loan_id, "lost", today),
        *blocked(patron_id, today),
        tell_reader("loan-lost", patron_id, now, library_id, item_id, loan_id),
    ]


STANDING: Final = UseCase(
    name="standing",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"item:{request.barcode}",),
    failed=lambda request, code: StandingAnswer((Reason(code),), request.barcode),
)
