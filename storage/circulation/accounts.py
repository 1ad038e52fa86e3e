"""What the network knows of one reader and of one item: the reads behind every wire.

A scanned string may stand for several things in several namespaces (domain.md 5.5). `resolve` settles which: the
network's own range first, then the library's, then whatever is the only one; else it is ambiguous and staff decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import Enum
from types import MappingProxyType
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
_NOTHING: Final[Mapping[str, tuple[Reason, ...]]] = MappingProxyType(dict.fromkeys(ACTS, ()))


class _Named(Protocol):
    @property
    def namespace(self) -> str: ...
    @property
    def id(self) -> int: ...


N = TypeVar("N", bound=_Named)


def resolve(rows: Sequence[N], namespace: str, apt: Callable[[N], bool] | None = None) -> list[N]:
    """Return the rows of the one thing that a bare number means at a library with *namespace*.

    *apt* tells for which things the act in hand makes sense: a number of this library's own whose item stands on its shelf
    is not what comes back here, if another town's item of the same number is on loan.
    Empty when nothing bears the number; rows of more than one id when it is ambiguous.
    """
    if len(rows) == 1:
        return list(rows)
    network = [row for row in rows if not row.namespace]
    if network:
        return network
    own = [row for row in rows if row.namespace == namespace]
    likely = [row for row in rows if apt(row)] if apt is not None else []
    return [row for row in own if row in likely] or likely or own or list(rows)


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


class ItemAccount(NamedTuple):
    """The answer to "what is this item doing?". *reason* says why there is no item; *held_for* is told to who asks for names."""

    reason: Reason | None
    barcode: str
    item: Item | None = None
    waiting: int = 0
    held_for: Patron | None = None


class View(Enum):
    """How much of a reader's account is read. What is not reads as empty."""

    STANDING = (facts.PATRON, facts.LOAD)
    """Who it is and what they are refused."""
    LISTS = (facts.PATRON, facts.HOLDS, facts.CHARGED)
    """... and which items and titles they have and wait for."""
    DETAILS = (facts.PATRON_DETAILS, facts.HOLDS, facts.LOANS)
    """... with everything that is known of them."""


class PatronAccount(NamedTuple):
    """The answer to "who is this, and what have they?". *reason* is UNKNOWN_PATRON or AMBIGUOUS_CARD without *patron*.

    *denials* gives, per act of `ACTS`, every reason for which the reader is refused it now; *overdue* the loans past
    their due date; *limit* and *hold_limit* how many loans and holds are allowed in all.
    """

    reason: Reason | None
    card: str
    patron: Patron | None = None
    pin: PinState = PinState.NOT_GIVEN
    loans: tuple[LoanRow, ...] = ()
    holds: tuple[HoldRow, ...] = ()
    overdue: tuple[LoanRow, ...] = ()
    denials: Mapping[str, tuple[Reason, ...]] = _NOTHING
    limit: int = 0
    hold_limit: int = 0

    def __repr__(self) -> str:
        """Readers' data never get into logs."""
        return f"<PatronAccount {self.patron} {self.reason} {self.pin}>"


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


def find_item(
    network: Network, rows: Sequence[Row], namespace: str, apt: Callable[[ItemRow], bool] | None = None
) -> Item | Reason:
    """Return the item that `facts.ITEM` found, or why there is none. See `resolve` for *apt*."""
    if not rows:
        return Reason.UNKNOWN_ITEM
    if len(rows) == 1:
        return make_item(network, ItemRow._make(rows[0]))
    found = resolve([ItemRow._make(row) for row in rows], namespace, apt)
    if len(found) > 1 and len({row.id for row in found}) > 1:
        return Reason.AMBIGUOUS_ITEM
    return make_item(network, found[0])


def stands_at(row: ItemRow, library_id: int) -> bool:
    """Tell whether an item can be lent at a library: it is there, and on loan to nobody."""
    return row.loan_id is None and row.current_id == library_id


def is_away(row: ItemRow) -> bool:
    """Tell whether an item can come back: it is on loan or travels."""
    return row.loan_id is not None or row.transit_id is not None


def find_patron(network: Network, rows: Sequence[Row], namespace: str, today: str) -> Patron | Reason:
    """Return the reader that `facts.PATRON` or `facts.PATRON_DETAILS` found, or why there is none."""
    if not rows:
        return Reason.UNKNOWN_PATRON
    found = resolve([PatronRow(*row) for row in rows], namespace)
    if len(found) > 1 and len({row.id for row in found}) > 1:
        return Reason.AMBIGUOUS_CARD
    first = found[0]
    blocks: tuple[Block, ...] = ()
    if first.block_kind is not None:
        blocks = tuple(
            Block(row.block_kind, row.block_acts or "*")
            for row in found
            if row.block_kind is not None
            and (row.block_from is None or row.block_from <= today)
            and (row.block_to is None or today <= row.block_to)
        )
    return Patron(first, network.categories[first.category_id], network.libraries[first.home_id], blocks)


_LIMITS: Final = ("loan.limit", "hold.limit")
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

    def is_late(self, day: str, now: int) -> bool:
        """Tell whether any loan was due before *day*, or before the instant *now*."""
        return (self.earliest_on or day) < day or (self.earliest_at is not None and self.earliest_at < now)

    def of_branch(self, network: Network, node: int) -> int:
        """Loans of item type *node* and the types under it."""
        return sum(count for kind, count in self.by_type.items() if node in network.item_types[kind].path)


def load_of(loans: Iterable[LoadRow | LoanRow]) -> Load:
    """Sum up open *loans*."""
    by_type: dict[int, int] = {}
    days, instants = [], []
    for loan in loans:
        by_type[loan.item_type_id] = by_type.get(loan.item_type_id, 0) + 1
        if loan.due_on is not None:
            days.append(loan.due_on)
        elif loan.due_at is not None:
            instants.append(loan.due_at)
    return Load(by_type, min(days, default=None), min(instants, default=None))


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
    if patron.blocks and any(block.covers(act) for block in patron.blocks):
        reasons.append(Reason.PATRON_BLOCKED)
    if act != "renew" and load.is_late(day, now):  # Whoever has nothing late is within every bound.
        allowed = network.policy(day).find("overdue.block-days", context).number
        if load.is_late((today - timedelta(days=allowed)).isoformat(), now - allowed * 86400):
            reasons.append(Reason.OVERDUES)
    return tuple(reasons)


def readers_of(network: Network, rows: Sequence[Row]) -> dict[int, Patron]:
    """Return the readers that `facts.READERS_OF_ITEM` found, by their id."""
    found = (PatronRow(*values) for values in rows)
    return {
        row.id: Patron(row, network.categories[row.category_id], network.libraries[row.home_id], ()) for row in found
    }


def item_information(
    network: Network, barcode: str, library_id: int, now: int, *, names: bool = False
) -> Steps[ItemAccount]:
    """Read one item by what is scanned at *library_id*, with its status and how many holds wait for it *now*.

    *names* asks for whom it is kept, too.
    """
    asked = [facts.ITEM(barcode), facts.WAITING(barcode)]
    rows, waiting, *readers = yield ([*asked, facts.READERS_OF_ITEM(barcode)] if names else asked)
    library = network.libraries[library_id]
    item = find_item(network, rows, library.namespace)
    if isinstance(item, Reason):
        return ItemAccount(item, barcode)
    queue = len(waiting_for(waiting, item, local_day(now, library.zone).isoformat()))
    holder = readers_of(network, readers[0]).get(item.row.hold_patron_id or 0) if readers else None
    return ItemAccount(None, barcode, item, queue, holder)


def patron_information(
    network: Network, card: str, library_id: int, channel: str, pin: str | None, now: int, view: View = View.DETAILS
) -> Steps[PatronAccount]:
    """Read one reader by card, with what they are refused, and as much else as *view* says.

    *pin* is checked when given; the caller notes a wrong one (`storage.circulation.pin_tries`) before it answers, and
    gives nothing of the account away.
    """
    library = network.libraries[library_id]
    today = local_day(now, library.zone)
    day = today.isoformat()
    patrons, *hold_rows, loan_rows = yield [statement(card) for statement in view.value]
    patron = find_patron(network, patrons, library.namespace, day)
    if isinstance(patron, Reason):
        return PatronAccount(patron, card)
    row = patron.row
    loans: tuple[LoanRow, ...] = ()
    if view is View.STANDING:
        load = load_of([LoadRow._make(values) for values in loan_rows if values[0] == row.id])
    else:
        loans = tuple([LoanRow(*values) for values in loan_rows if values[0] == row.id])
        load = load_of([loan for loan in loans if loan.state == "open"])
    overdue: tuple[LoanRow, ...] = ()
    late = load.is_late(day, now)
    if late:
        overdue = tuple(
            loan for loan in loans if loan.state == "open" and Due(loan.due_on, loan.due_at).is_past(day, now)
        )
    context = patron_context(network, patron, library_id, channel)
    limit, hold_limit = network.policy(day).find_all(_LIMITS, context)
    refused = _NOTHING
    if late or patron.blocks or row.card_status != "active" or (row.valid_until or day) < day:
        refused = {act: denials(network, patron, load, context, today, now, act) for act in ACTS}
    if load.total >= limit.number:
        refused = {**refused, "checkout": (*refused["checkout"], Reason.TOO_MANY_LOANS)}
    return PatronAccount(
        None,
        card,
        patron,
        network.pins.check(row.code, row.pin_hash, row.pin_locked_until, pin, now),
        loans,
        tuple([HoldRow._make(values) for rows in hold_rows for values in rows if values[0] == row.id]),
        overdue,
        refused,
        limit.number,
        hold_limit.number,
    )
