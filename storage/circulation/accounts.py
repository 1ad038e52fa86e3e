"""What the network knows of one reader and of one item: the reads behind every wire.

A scanned string may stand for several things in several namespaces (domain.md 5.5). `resolve` settles which: the
network's own range first, then the library's, then whatever is the only one; else it is ambiguous and staff decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar

from storage.circulation import facts
from storage.circulation.due import Due, local_day
from storage.circulation.facts import HoldRow, ItemRow, LoadRow, LoanRow, PatronRow
from storage.circulation.holds.queue import waiting_for
from storage.circulation.pins import PinState
from storage.circulation.status import Status, status_of
from storage.network.policies import Context
from storage.refusals import Reason

if TYPE_CHECKING:
    from storage.network.network import Kind, Library, Network
    from storage.statements import Row, Steps

ACTS: Final = ("checkout", "renew", "hold")
"""The acts that an account's `denials` are given for."""


class _Named(Protocol):
    @property
    def namespace(self) -> str: ...
    @property
    def id(self) -> int: ...


N = TypeVar("N", bound=_Named)


def resolve(rows: Sequence[N], namespace: str) -> list[N]:
    """Return the rows of the one thing that a bare number means at a library with *namespace*.

    Empty when nothing bears the number; rows of more than one id when it is ambiguous.
    """
    for wanted in ("", namespace):
        found = [row for row in rows if row.namespace == wanted]
        if found:
            return found
    return list(rows)


class Item(NamedTuple):
    """An item, its status, and the kinds and places that its ids name."""

    row: ItemRow
    status: Status
    type: Kind
    owner: Library
    home: Library
    current: Library
    destination: Library | None
    due: Due | None


class Block(NamedTuple):
    """A reason to refuse some acts to a reader. *acts* is ``*`` or names of acts, blank-separated."""

    kind: str
    acts: str

    def covers(self, act: str) -> bool:
        """Tell whether *act* is refused."""
        return self.acts == "*" or act in self.acts.split()


class Patron(NamedTuple):
    """A reader, reached by one of their cards."""

    row: PatronRow
    category: Kind
    home: Library
    blocks: tuple[Block, ...]

    def __repr__(self) -> str:
        """Readers' data never get into logs."""
        return f"<Patron {self.row.id}>"

    @property
    def name(self) -> str:
        """Forename and surname, as on the card."""
        return f"{self.row.forename} {self.row.surname}".strip()


@dataclass(frozen=True, slots=True)
class ItemAccount:
    """The answer to "what is this item doing?". *reason* says why there is no item."""

    reason: Reason | None
    barcode: str
    item: Item | None = None
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class PatronAccount:
    """The answer to "who is this, and what have they?". *reason* is UNKNOWN_PATRON or AMBIGUOUS_CARD without *patron*.

    *denials* gives, per act of `ACTS`, every reason for which the reader is refused it now; *overdue* the loans past
    their due date; *limit* the number of loans allowed in all.
    """

    reason: Reason | None
    card: str = field(repr=False)
    patron: Patron | None = None
    pin: PinState = PinState.NOT_GIVEN
    loans: tuple[LoanRow, ...] = field(default=(), repr=False)
    holds: tuple[HoldRow, ...] = field(default=(), repr=False)
    overdue: tuple[LoanRow, ...] = field(default=(), repr=False)
    denials: dict[str, tuple[Reason, ...]] = field(default_factory=dict)
    limit: int = 0


def make_item(network: Network, row: ItemRow) -> Item:
    """Give an item row its status and the names of its ids."""
    libraries = network.libraries
    return Item(
        row,
        status_of(row),
        network.item_types[row.item_type_id],
        libraries[row.owner_id],
        libraries[row.home_id],
        libraries[row.current_id],
        libraries[row.transit_to_id] if row.transit_to_id is not None else None,
        Due(row.due_on, row.due_at) if row.loan_id is not None else None,
    )


def find_item(network: Network, rows: Sequence[Row], namespace: str) -> Item | Reason:
    """Return the item that `facts.ITEM` found, or why there is none."""
    if not rows:
        return Reason.UNKNOWN_ITEM
    found = resolve([ItemRow._make(row) for row in rows], namespace)
    if len({row.id for row in found}) > 1:
        return Reason.AMBIGUOUS_ITEM
    return make_item(network, found[0])


def find_patron(network: Network, rows: Sequence[Row], namespace: str, today: str) -> Patron | Reason:
    """Return the reader that `facts.PATRON` found, or why there is none."""
    if not rows:
        return Reason.UNKNOWN_PATRON
    found = resolve([PatronRow._make(row) for row in rows], namespace)
    if len({row.id for row in found}) > 1:
        return Reason.AMBIGUOUS_CARD
    first = found[0]
    blocks = tuple(
        Block(row.block_kind, row.block_acts or "*")
        for row in found
        if row.block_kind is not None
        and (row.block_from is None or row.block_from <= today)
        and (row.block_to is None or today <= row.block_to)
    )
    return Patron(first, network.categories[first.category_id], network.libraries[first.home_id], blocks)


_CARDS: Final = {
    "lost": Reason.CARD_LOST,
    "stolen": Reason.CARD_LOST,
    "replaced": Reason.CARD_REPLACED,
    "cancelled": Reason.CARD_CANCELLED,
    "stock": Reason.CARD_CANCELLED,
}


class Load(NamedTuple):
    """A reader's open loans, counted: by item type, and the earliest day and instant due."""

    by_type: dict[int, int]
    earliest_on: str | None = None
    earliest_at: int | None = None

    @property
    def total(self) -> int:
        """All loans."""
        return sum(self.by_type.values())

    def of_branch(self, network: Network, node: int) -> int:
        """Loans of item type *node* and the types under it."""
        return sum(count for kind, count in self.by_type.items() if node in network.item_types[kind].path)


def load_of(rows: Sequence[LoadRow]) -> Load:
    """Sum up what `facts.LOAD` counted."""
    if not rows:
        return Load({})
    return Load(
        {row.item_type_id: row.loans for row in rows},
        min((row.earliest_due_on for row in rows if row.earliest_due_on is not None), default=None),
        min((row.earliest_due_at for row in rows if row.earliest_due_at is not None), default=None),
    )


def patron_context(network: Network, patron: Patron, library_id: int, channel: str) -> Context:
    """Return where policies on a reader alone are looked for."""
    return Context(0, (), patron.category.path, library_id, "", channel)


def denials(
    network: Network, patron: Patron, load: Load, context: Context, today: date, now: int, act: str
) -> tuple[Reason, ...]:
    """Return every reason for which *patron* is refused *act*, whatever the item (domain.md 2.6)."""
    row = patron.row
    day = today.isoformat()
    reasons = []
    if row.card_status != "active":
        reasons.append(_CARDS[row.card_status])
    if row.valid_until is not None and row.valid_until < day:
        reasons.append(Reason.PATRON_EXPIRED)
    if any(block.covers(act) for block in patron.blocks):
        reasons.append(Reason.PATRON_BLOCKED)
    if act != "renew" and (load.earliest_on is not None or load.earliest_at is not None):
        allowed = network.policy(day).find("overdue.block-days", context).number
        since = (today - timedelta(days=allowed)).isoformat()
        late = now - allowed * 86400
        if any(due.is_past(since, late) for due in (Due(load.earliest_on), Due(None, load.earliest_at))):
            reasons.append(Reason.OVERDUES)
    return tuple(reasons)


def item_information(network: Network, barcode: str, library_id: int, now: int) -> Steps[ItemAccount]:
    """Read one item by what is scanned at *library_id*, with its status and how many holds wait for it *now*."""
    rows, waiting = yield [facts.ITEM(barcode), facts.WAITING(barcode)]
    library = network.libraries[library_id]
    item = find_item(network, rows, library.namespace)
    if isinstance(item, Reason):
        return ItemAccount(item, barcode)
    return ItemAccount(None, barcode, item, len(waiting_for(waiting, item, local_day(now, library.zone).isoformat())))


def patron_information(
    network: Network, card: str, library_id: int, channel: str, pin: str | None, now: int
) -> Steps[PatronAccount]:
    """Read one reader by card, with loans, holds, and what they are refused.

    *pin* is checked when given; the caller notes a wrong one (`storage.circulation.pin_tries`) before it answers, and
    gives nothing of the account away.
    """
    library = network.libraries[library_id]
    today = local_day(now, library.zone)
    day = today.isoformat()
    patrons, loan_rows, hold_rows = yield [facts.PATRON(card), facts.LOANS(card), facts.HOLDS(card)]
    patron = find_patron(network, patrons, library.namespace, day)
    if isinstance(patron, Reason):
        return PatronAccount(patron, card)
    row = patron.row
    loans = tuple(loan for loan in map(LoanRow._make, loan_rows) if loan.patron_id == row.id)
    overdue = tuple(loan for loan in loans if loan.state == "open" and Due(loan.due_on, loan.due_at).is_past(day, now))
    by_type: dict[int, int] = {}
    for loan in loans:
        if loan.state == "open":
            by_type[loan.item_type_id] = by_type.get(loan.item_type_id, 0) + 1
    load = Load(
        by_type,
        min((loan.due_on for loan in overdue if loan.due_on is not None), default=None),
        min((loan.due_at for loan in overdue if loan.due_at is not None), default=None),
    )
    context = patron_context(network, patron, library_id, channel)
    limit = network.policy(day).find("loan.limit", context).number
    troubled = overdue or patron.blocks or row.card_status != "active" or (row.valid_until or day) < day
    refused: dict[str, tuple[Reason, ...]] = dict.fromkeys(ACTS, ())
    if troubled:
        refused = {act: denials(network, patron, load, context, today, now, act) for act in ACTS}
    if load.total >= limit:
        refused["checkout"] = (*refused["checkout"], Reason.TOO_MANY_LOANS)
    return PatronAccount(
        None,
        card,
        patron,
        network.pins.check(row.code, row.pin_hash, row.pin_locked_until, pin, now),
        loans,
        tuple(hold for hold in map(HoldRow._make, hold_rows) if hold.patron_id == row.id),
        overdue,
        refused,
        limit,
    )
