"""What is found wrong of what the van brought: told to staff, with the ride on which it happened.

Missing, extra and wrong-stop are found by scans; that something came damaged only people see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import bindparam, select

from storage.circulation import facts as items
from storage.circulation.accounts import find_item
from storage.circulation.tellings import note_anomaly
from storage.refusals import Reason
from storage.schema import barcode, container, manifest_line, route, run
from storage.statements import Statement
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Row, Steps


@dataclass(frozen=True, slots=True)
class DamagedRequest:
    """Note that *barcode* came damaged to *origin*'s library; *note* says how.

    Who puts it aside says so of the item itself (`storage.circulation.marking`).
    """

    barcode: str
    origin: Origin
    note: str = ""


class DamagedAnswer(NamedTuple):
    """What was noted: the *ride* on which it happened, as ``CONTAINER ROUTE/DAY``, empty when none is known."""

    reasons: tuple[Reason, ...]
    barcode: str
    ride: str = ""

    @property
    def ok(self) -> bool:
        """Whether it was noted."""
        return not self.reasons


_LAST_RIDE: Final = Statement(
    "last ride of item",
    select(manifest_line.c.item_id, container.c.code, route.c.code, run.c.day)
    .select_from(
        barcode.join(manifest_line, manifest_line.c.item_id == barcode.c.item_id)
        .join(container, container.c.id == manifest_line.c.container_id)
        .outerjoin(run, run.c.id == manifest_line.c.run_id)
        .outerjoin(route, route.c.id == run.c.route_id)
    )
    .where(barcode.c.number == bindparam("number", type_=barcode.c.number.type))
    .order_by(manifest_line.c.id.desc()),
    "number",
)


class _Facts(NamedTuple):
    item: list[Row]
    rides: list[Row]


def _gather(request: DamagedRequest, _network: Network) -> Steps[_Facts]:
    _, item, rides = yield [
        items.LOCK_ITEM(request.barcode),
        items.ITEM(request.barcode),
        _LAST_RIDE(request.barcode),
    ]
    return _Facts(list(item), list(rides))


def _decide(request: DamagedRequest, found: _Facts, network: Network, now: int) -> Decision[DamagedAnswer]:
    here = network.libraries[request.origin.library_id]
    item = find_item(network, found.item, here.namespace)
    if isinstance(item, Reason):
        return Decision(DamagedAnswer((item,), request.barcode))
    last = next((row for row in found.rides if row[0] == item.row.id), None)
    ride = ""
    if last is not None:
        _, box, code, day = last
        ride = f"{box} {code}/{day}" if code else box
    detail = f"{ride} {request.note}".strip()
    told = note_anomaly("damaged", now, here.id, item.row.id, detail=detail)
    entry = Entry("damaged", here.id, item.row.id, detail=detail)
    return Decision(DamagedAnswer((), request.barcode, ride), (told,), (entry,))


DAMAGED: Final = UseCase(
    name="damaged",
    gather=_gather,
    decide=_decide,
    keys=lambda request: (f"item:{request.barcode}",),
    failed=lambda request, code: DamagedAnswer((Reason(code),), request.barcode),
)
