"""Titles and items as partners name them: by our record numbers, or by the number of an edition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from protocols.ncip.circulation import RequestItem
from protocols.ncip.elements import BibliographicId, BibliographicItemId
from protocols.ncip.items import ItemOptionalFields
from protocols.ncip.schemes import BibliographicItemIdentifierCode, ItemElementType
from server.ncip.desk import Asked, Desk
from server.ncip.dialects import dialect_of
from server.ncip.fields import elements_asked, item_fields
from storage.catalogue.access_points import EAN, ISBN, ISSN
from storage.catalogue.query import Kind, QueryError, Term
from storage.catalogue.records import living
from storage.catalogue.search import search
from storage.circulation.accounts import Item, item_information
from storage.circulation.holdings import HoldingRow, by_record, holdings
from storage.circulation.status import Status, status_of
from storage.statements import Steps

MOST_IDS: Final = 100
"""Titles, sets or items of one question: each is looked up."""
_MOST_EDITIONS: Final = 10
"""Records that one ISBN or ISSN is looked up to."""
_NUMBERINGS: Final = {
    BibliographicItemIdentifierCode.GTIN: (EAN, ISBN),
    BibliographicItemIdentifierCode.ISBN: (ISBN,),
    BibliographicItemIdentifierCode.ISSN: (ISSN,),
}
_TOLD: Final = frozenset(
    {ItemElementType.BIBLIOGRAPHIC_DESCRIPTION, ItemElementType.ITEM_DESCRIPTION, ItemElementType.LOCATION}
)
"""What is told of an item that is to be lent, when no element is asked: the pick list of brokers is made of it."""


def record_number(text: str) -> int | None:
    """Read the number of a record; None when it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def needs_few(asked: Asked, count: int) -> None:
    """Refuse a question that names too many titles or items."""
    if count > MOST_IDS:
        raise asked.violated(f"at most {MOST_IDS} identifiers are taken at once", "BibliographicId")


async def records_named(desk: Desk, named: BibliographicId) -> tuple[int, ...]:
    """Give the records that a BibliographicId names: one by its number, those of an edition by theirs."""
    if named.bibliographic_record_id is not None:
        number = record_number(named.bibliographic_record_id.bibliographic_record_identifier or "")
        return () if number is None else (await desk.store.read(living(number)),)
    edition = named.bibliographic_item_id or BibliographicItemId()
    code = BibliographicItemIdentifierCode.of(edition.bibliographic_item_identifier_code)
    points = (ISBN, ISSN) if code is None else _NUMBERINGS.get(code, ())
    if not points:
        return ()
    try:
        query = Term(points, Kind.WORDS, edition.bibliographic_item_identifier or "")
        found = await desk.store.read(search(desk.hits, query, (), lambda _name: None))
    except QueryError:
        return ()
    return tuple(found[:_MOST_EDITIONS])


def held(ids: Sequence[int]) -> Steps[dict[int, list[HoldingRow]]]:
    """Read the items of records."""
    answers = yield holdings(ids)
    return {number: [HoldingRow._make(row) for row in rows] for number, rows in by_record(answers).items()}


class Wanted(NamedTuple):
    """What a RequestItem asks for: a record, or an item by its barcode, and what is told of the item."""

    record_id: int | None = None
    barcode: str = ""
    fields: ItemOptionalFields | None = None


async def wanted_of(desk: Desk, asked: Asked) -> Wanted:
    """Find the one of several items or titles that can be had soonest; for who wants an item chosen, the item."""
    message: RequestItem = asked.message
    needs_few(asked, len(message.item_id) + len(message.bibliographic_id))
    if message.item_id:
        numbers = [each.item_identifier_value or "" for each in message.item_id]
        items = [(number, await _item(desk, asked, number)) for number in numbers]
        free = (pair for pair in items if pair[1] is not None and pair[1].status is Status.AVAILABLE)
        known = (pair for pair in items if pair[1] is not None)
        number, item = next(free, None) or next(known, None) or items[0]
        return Wanted(None, number, _fields(asked, item))
    ids = [number for named in message.bibliographic_id for number in await records_named(desk, named)]
    rows = await desk.store.read(held(ids)) if ids else {}
    there = [row for number in ids for row in rows.get(number, ())]
    if not there:
        return Wanted(ids[0] if ids else None)
    best = next((row for row in there if status_of(row) is Status.AVAILABLE), there[0])
    item = await _item(desk, asked, best.barcode)
    if not dialect_of(asked.partner.profile).chooses:
        return Wanted(best.record_id, "", _fields(asked, item))
    return Wanted(best.record_id, best.barcode, _fields(asked, item))


async def _item(desk: Desk, asked: Asked, barcode: str) -> Item | None:
    steps = item_information(asked.setting.network, barcode, asked.origin.library_id, asked.now)
    return (await desk.store.read(steps)).item


def _fields(asked: Asked, item: Item | None) -> ItemOptionalFields | None:
    if item is None:
        return None
    elements = elements_asked(asked.message.item_element_type) or _TOLD
    return item_fields(asked.setting.network, item, elements, item.status, None)
