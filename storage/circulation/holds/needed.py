"""Until when the reader of a hold needs the item: changed as long as it is not captured (SIP2 Hold, mode `*` with BW)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, update

from storage.circulation.due import local_day
from storage.circulation.holds.answers import HoldAnswer, HoldFacts, HoldRequest, failed, gather, know
from storage.refusals import Reason
from storage.schema import hold
from storage.statements import Statement
from storage.usecase import Decision, Entry, UseCase

if TYPE_CHECKING:
    from storage.network.network import Network

_NEEDED: Final = Statement(
    "hold needed by", update(hold).where(hold.c.id == bindparam("hold")).values(expires_on=bindparam("day")),
    "hold", "day",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NeededRequest(HoldRequest):
    """The item is of use until the day *until* (ISO), and not later."""

    until: str = ""


def decide(request: NeededRequest, found: HoldFacts, network: Network, now: int) -> Decision[HoldAnswer]:
    """Change the day, unless it is over or the item is captured."""
    known = know(request, found, network, now)
    if isinstance(known, Decision):
        return known
    pickup = network.libraries[known.hold.pickup_id]
    answer = HoldAnswer(
        hold=known.hold, patron=known.patron, pin=known.pin, state=known.hold.state, pickup=pickup,
        expires_on=known.hold.shelf_until or known.hold.expires_on, promised_on=known.hold.promised_on,
    )  # fmt: skip
    if request.until == known.hold.expires_on:
        return Decision(answer)
    if known.hold.state != "waiting":
        return Decision(replace(answer, reasons=(Reason.HOLD_CAPTURED,)))
    if request.until < local_day(now, pickup.zone).isoformat():
        return Decision(replace(answer, reasons=(Reason.BAD_DATE,)))
    entry = Entry("hold-needed-by", request.origin.library_id, hold_id=known.hold.id, detail=request.until)
    changed = (_NEEDED(known.hold.id, request.until),)
    return Decision(replace(answer, expires_on=request.until), changed, (entry,))


CHANGE_NEEDED: Final = UseCase("hold needed by", gather, decide, keys=lambda request: request.keys, failed=failed)
