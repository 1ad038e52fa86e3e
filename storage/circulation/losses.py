"""What a lost loan does to its reader: a block, until nothing of theirs is lost any more (domain.md 2.12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, bindparam, cast, delete, insert, literal_column, select, update

from storage.schema import block, loan, patron
from storage.statements import Statement

if TYPE_CHECKING:
    from storage.statements import Call

KIND: Final = "unresolved-loss"
"""The kind of the block (domain.md 2.6)."""
_IS_LOSS: Final = block.c.kind == literal_column(f"'{KIND}'")
_KNOWN: Final = select(block.c.id).where(block.c.patron_id == patron.c.id, _IS_LOSS).exists()
_STILL: Final = (
    select(loan.c.id).where(loan.c.patron_id == block.c.patron_id, loan.c.state == literal_column("'lost'")).exists()
)

# Two losses of one reader that change at once must see each other: who comes second waits here for the first.
_TAKE_TURN: Final = Statement(
    "take turn at reader",
    update(patron).where(patron.c.id == bindparam("patron")).values(pin_failures=patron.c.pin_failures),
    "patron",
)
_BLOCK: Final = Statement(
    "block for loss",
    insert(block).from_select(
        ["patron_id", "kind", "acts", "from_on"],
        select(
            patron.c.id,
            literal_column(f"'{KIND}'"),
            literal_column("'checkout hold'"),
            cast(bindparam("today"), block.c.from_on.type),
        ).where(patron.c.id == bindparam("patron"), ~_KNOWN),
    ),
    "today", "patron",
)  # fmt: skip
_UNBLOCK: Final = Statement(
    "unblock after loss",
    delete(block).where(and_(block.c.patron_id == bindparam("patron"), _IS_LOSS, ~_STILL)),
    "patron",
)


def blocked(patron_id: int, today: str) -> tuple[Call, ...]:
    """Return the writes that block a reader from *today*, once their loan stands as lost."""
    return _TAKE_TURN(patron_id), _BLOCK(today, patron_id)


def unblocked(patron_id: int) -> tuple[Call, ...]:
    """Return the writes that lift the block of a reader, once their last lost loan is none any more."""
    return _TAKE_TURN(patron_id), _UNBLOCK(patron_id)
