"""Recall: an item on loan is wanted back before its date (domain.md 2.4 step 5), and its reader is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.circulation import facts
from storage.circulation.accounts import Item, find_item
from storage.circulation.due import Due, local_day, open_near
from storage.circulation.tellings import tell_reader
from storage.circulation.watch import MOVE_DUE
from storage.network.policies import Context
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Row, Steps


@dataclass(frozen=True, slots=True)
class RecallRequest:
    """Want *barcode* back by *by* (ISO day), or after the days that the policy leaves a reader (``recall.days``)."""

    barcode: str
    origin: Origin
    by: str | None = None


class RecallAnswer(NamedTuple):
    """What came of it. *due* is when the item is due now: as before, when that was soon enough."""

    reasons: tuple[Reason, ...]
    barcode: str
    item: Item | None = None
    due: Due | None = None

    @property
    def ok(self) -> bool:
        """Whether the item is wanted back by *due*."""
        return not self.reasons


def gather(request: RecallRequest, _network: Network) -> Steps[list[Row]]:
    """Lock and read the item."""
    _, item = yield [facts.LOCK_ITEM(request.barcode), facts.ITEM(request.barcode)]
    return list(item)


def decide(request: RecallRequest, found: list[Row], network: Network, now: int) -> Decision[RecallAnswer]:
    """Decide by when the item is wanted back: an open day, with time left to the reader, never later than it was."""
    here = network.libraries[request.origin.library_id]
    item = find_item(network, found, here.namespace)
    if isinstance(item, Reason):
        return Decision(RecallAnswer((item,), request.barcode))
    row = item.row
    if row.loan_id is None or row.loan_state != "open" or row.loan_patron_id is None:
        return Decision(RecallAnswer((Reason.NOT_ON_LOAN,), request.barcode, item))
    if row.due_on is None:  # Lent by the hour: it comes back by itself.
        return Decision(RecallAnswer((), request.barcode, item, item.due))
    lender = network.libraries[row.loan_library_id or here.id]
    today = local_day(now, lender.zone)
    context = Context(row.owner_id, item.type.path, (), lender.id, row.location, request.origin.channel)
    least = network.policy(today.isoformat()).find("recall.days", context)
    day = today + timedelta(days=least.number)
    if request.by is not None:
        day = max(day, date.fromisoformat(request.by))
    wanted = (open_near(lender.calendar, day, 1, 31) or day).isoformat()
    if wanted >= row.due_on:
        return Decision(RecallAnswer((), request.barcode, item, item.due), because=(least.rule,))
    told = tell_reader("recalled", row.loan_patron_id, now, lender.id, row.id, row.loan_id, detail=wanted)
    return Decision(
        RecallAnswer((), request.barcode, item, Due(wanted)),
        (MOVE_DUE(row.loan_id, row.due_on, wanted), told),
        (Entry("recall", here.id, row.id, row.loan_id, detail=f"was={row.due_on} due={wanted}"),),
        (least.rule,),
        effect=f"recall:{row.loan_id}:{wanted}",
    )


RECALL: Final = UseCase(
    name="recall",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"item:{request.barcode}",),
    failed=lambda request, code: RecallAnswer((Reason(code),), request.barcode),
)
