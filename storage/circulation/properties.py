"""What a terminal stores of an item: its properties (SIP2 CH, Item Status Update), a text that means something to devices alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, update

from storage.circulation import facts
from storage.circulation.accounts import Item, find_item
from storage.refusals import Reason
from storage.schema import item
from storage.statements import Statement
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Row, Steps

_STORE: Final = Statement(
    "item properties", update(item).where(item.c.id == bindparam("item")).values(properties=bindparam("text")),
    "item", "text",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PropertiesRequest:
    """Store *properties* of the item that bears *barcode*, in the place of those before; empty: none."""

    barcode: str
    properties: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class PropertiesAnswer:
    """The answer to Item Status Update; *reasons* is empty when the properties are stored."""

    reasons: tuple[Reason, ...] = ()
    item: Item | None = None

    @property
    def ok(self) -> bool:
        """Whether the properties are stored."""
        return not self.reasons


def gather(request: PropertiesRequest, _network: Network) -> Steps[list[Row]]:
    """Lock and read the item."""
    _, rows = yield [facts.LOCK_ITEM(request.barcode), facts.ITEM(request.barcode)]
    return list(rows)


def decide(request: PropertiesRequest, rows: list[Row], network: Network, _now: int) -> Decision[PropertiesAnswer]:
    """Store the properties of an item that is known."""
    here = network.libraries[request.origin.library_id]
    found = find_item(network, rows, here.namespace)
    if isinstance(found, Reason):
        return Decision(PropertiesAnswer((found,)))
    entry = Entry("item-properties", here.id, found.row.id)
    effect = f"properties:{found.row.id}"
    properties = request.properties or None
    repeats = effect if found.row.properties == properties else ""
    stored = (_STORE(found.row.id, properties),)
    return Decision(PropertiesAnswer((), found), stored, (entry,), effect=effect, repeats=repeats)


STORE_PROPERTIES: Final = UseCase(
    name="item properties",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"item:{request.barcode}",),
    failed=lambda _request, code: PropertiesAnswer((Reason(code),)),
)
