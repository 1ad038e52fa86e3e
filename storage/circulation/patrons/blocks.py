"""Blocks, which refuse acts to a reader (domain.md 2.6), and households, whose readers may share limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from storage.circulation.patrons import statements
from storage.circulation.patrons.act import Changes, Found, on_reader
from storage.usecase import Origin

if TYPE_CHECKING:
    from storage.circulation.accounts import Patron
    from storage.network.network import Network

BLOCKABLE: Final = ("checkout", "renew", "hold", "capture", "fulfil")
"""The acts that a block can refuse."""


@dataclass(frozen=True, slots=True)
class BlockRequest:
    """Refuse *acts* (of `BLOCKABLE`; empty: all) to the reader of *card*, between two days, both included."""

    card: str = field(repr=False)
    kind: str
    origin: Origin
    acts: tuple[str, ...] = ()
    from_on: str | None = None
    to_on: str | None = None
    note: str = field(default="", repr=False)


def _block(request: BlockRequest, found: Found, _network: Network, _now: int) -> Changes:
    reader, acts = found.patron.row.id, " ".join(request.acts) or "*"
    block = statements.BLOCK(reader, request.kind, acts, request.from_on, request.to_on, request.note)
    return statements.UNBLOCK(reader, request.kind), block


def _bears(request: BlockRequest | UnblockRequest, patron: Patron) -> bool:
    return any(block.kind == request.kind for block in patron.blocks)


BLOCK: Final = on_reader("reader.blocked", _block, stands=_bears)
"""A second block of the same kind takes the first one's place."""


@dataclass(frozen=True, slots=True)
class UnblockRequest:
    """Lift the block of this *kind* from the reader of *card*."""

    card: str = field(repr=False)
    kind: str
    origin: Origin


def _unblock(request: UnblockRequest, found: Found, _network: Network, _now: int) -> Changes:
    return (statements.UNBLOCK(found.patron.row.id, request.kind),)


UNBLOCK: Final = on_reader("reader.unblocked", _unblock, stands=lambda request, patron: not _bears(request, patron))


@dataclass(frozen=True, slots=True)
class HouseholdRequest:
    """Have the reader of *card* belong to *household*, made if new; None: to none."""

    card: str = field(repr=False)
    origin: Origin
    household: str | None = field(repr=False)


def _join(request: HouseholdRequest, found: Found, _network: Network, _now: int) -> Changes:
    reader = found.patron.row.id
    if request.household is None:
        return (statements.LEAVE(reader),)
    return statements.FOUND(request.household), statements.JOIN(request.household, reader)


HOUSEHOLD: Final = on_reader("reader.household", _join)
