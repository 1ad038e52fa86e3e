"""What a partner says of an item of its own: temporary items that stand for it here, made, described and deleted on its word.

Such an item belongs to the library that stands for the partner; one of ours, or of another partner, is unknown to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, update

from storage.circulation import facts
from storage.circulation.due import local_day
from storage.circulation.facts import ItemRow
from storage.circulation.ill import rows
from storage.circulation.ill.events import IllAnswer, type_of
from storage.circulation.ill.machine import No
from storage.schema import item
from storage.statements import Statement
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Call, Row, Steps


class Word(Enum):
    """What is said of an item; the value is the journal's word."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class ItemWord:
    """*partner* (an agency) says *word* of the item *barcode*. None leaves what is described as it is."""

    word: Word
    partner: str
    origin: Origin
    barcode: str
    title: str | None = None
    author: str | None = None
    call_number: str | None = None
    media_type: str = ""
    for_loan: bool | None = None


_DESCRIBE: Final = Statement(
    "describe temporary item",
    update(item)
    .where(item.c.id == bindparam("item"))
    .values({name: bindparam(name) for name in ("title", "author", "call_number", "item_type_id", "for_loan")}),
    "item", "title", "author", "call_number", "item_type_id", "for_loan",
)  # fmt: skip


def gather(request: ItemWord, _network: Network) -> Steps[list[Row]]:
    """Lock and read whatever bears the number."""
    _, found = yield [facts.LOCK_ITEM(request.barcode), facts.ITEM(request.barcode)]
    return list(found)


def decide(request: ItemWord, found: list[Row], network: Network, now: int) -> Decision[IllAnswer]:
    """Decide whether the partner's word counts, and what it changes."""
    partner = network.partners.get(request.partner)
    if partner is None or network.libraries[partner.library_id].kind != "external":
        return Decision(IllAnswer(No.NO_ACCOUNT))
    effect = f"item:{request.barcode}:{request.word.value}"
    bearers = [ItemRow._make(row) for row in found]
    theirs = [row for row in bearers if row.temporary and row.owner_id == partner.library_id]
    if request.word is Word.CREATED:
        if bearers:
            return Decision(IllAnswer(No.BARCODE_TAKEN), repeats=effect if theirs else "")
        written = _create(request, partner.library_id, network, now)
    elif not theirs:
        return Decision(IllAnswer(No.UNKNOWN_ITEM), repeats=effect if request.word is Word.DELETED else "")
    elif request.word is Word.CHANGED:
        row, described = theirs[0], _described(request, theirs[0], network)
        if described == (row.title, row.author, row.call_number, row.item_type_id, row.for_loan):
            return Decision(IllAnswer(None), effect=effect, repeats=effect)
        written = (_DESCRIBE(row.id, *described),)
    elif any(held is not None for held in (theirs[0].loan_id, theirs[0].hold_id, theirs[0].transit_id)):
        return Decision(IllAnswer(No.TOO_LATE))
    else:
        written = (rows.UNLABEL(theirs[0].id), rows.RETIRE(theirs[0].id))
    item_id = theirs[0].id if theirs else None
    entry = Entry(f"ill-item-{request.word.value}", partner.library_id, item_id)
    return Decision(IllAnswer(None, changed=True), written, (entry,), effect=effect)


def _create(request: ItemWord, owner: int, network: Network, now: int) -> tuple[Call, ...]:
    today = local_day(now, network.libraries[owner].zone).isoformat()
    kind = type_of(network, request.media_type)
    lendable = int(request.for_loan is not False)
    made = rows.ADD_ITEM(
        owner,
        owner,
        owner,
        kind,
        request.title or "",
        request.author or "",
        request.call_number or "",
        lendable,
        today,
        None,
    )
    return made, rows.ADD_BARCODE(request.barcode)


def _described(request: ItemWord, row: ItemRow, network: Network) -> tuple[str, str, str, int, int]:
    """Give title, author, call number, type and whether it is lent, as they are to be."""

    def kept(said: str | None, known: str) -> str:
        return known if said is None else said

    kind = type_of(network, request.media_type) if request.media_type else row.item_type_id
    lendable = row.for_loan if request.for_loan is None else int(request.for_loan)
    title, author = kept(request.title, row.title), kept(request.author, row.author)
    return title, author, kept(request.call_number, row.call_number), kind, lendable


ITEM_WORD: Final = UseCase(
    name="ill-item",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"item:{request.barcode}",),
    failed=lambda _request, _code: IllAnswer(No.OVERTAKEN),
)
