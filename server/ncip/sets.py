"""LookupItemSet: the items of titles, of holdings sets, or several items, page by page.

A page's token says how far the pages before it went, signed with the question: it is nobody's but the one's who asks the same again, on
whichever daemon. It is never empty and never ``0``, which some take for the end.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import groupby
from typing import Final, NamedTuple

from protocols.ncip import problem, write
from protocols.ncip.elements import BibliographicId, ItemId
from protocols.ncip.items import (
    BibliographicDescription,
    HoldingsInformation,
    ItemDescription,
    ItemOptionalFields,
)
from protocols.ncip.lookups import LookupItemSet, LookupItemSetResponse
from protocols.ncip.problems import ProblemType
from protocols.ncip.schemes import ItemElementType, ItemIdentifierType, LocationType
from protocols.ncip.sets import BibInformation, HoldingsSet, ItemInformation
from server.ncip.answers import UNASKED
from server.ncip.desk import Asked, Desk, missing
from server.ncip.fields import STATUSES, due_moment, elements_asked, item_fields, location, record_id
from server.ncip.titles import held, needs_few, record_number, records_named
from storage.catalogue.records import StoredRecord, fetch, living
from storage.circulation.accounts import item_information
from storage.circulation.due import Due
from storage.circulation.holdings import HoldingRow
from storage.circulation.status import status_of
from storage.network.network import Network

MOST_ITEMS: Final = 500
"""Items of one page; who names no number gets `USUAL_ITEMS`."""
USUAL_ITEMS: Final = 100
_SIGNED: Final = 16


class Title(NamedTuple):
    """A title asked for: how it was named, the records that it is, the one library that is meant (None: all)."""

    asked: BibliographicId | None
    records: tuple[int, ...]
    library: str | None = None
    named: str = ""


async def lookup_item_set(desk: Desk, asked: Asked) -> bytes:
    """Tell of the items of a set what is asked, as many as fit on a page."""
    message: LookupItemSet = asked.message
    count = len(message.bibliographic_id) + len(message.holdings_set_id) + len(message.item_id)
    if not count:
        raise missing(asked.service, "BibliographicId")
    needs_few(asked, count)
    key, digest = _key(asked.setting.network), _question(message)
    start = _offset(message.next_item_token, key, digest)
    if start is None:
        raise asked.violated("this token was not given for this question", "NextItemToken", message.next_item_token)
    wanted = elements_asked(message.item_element_type) or UNASKED
    if message.item_id:
        whole = await _items(desk, asked, message.item_id, wanted)
    else:
        whole = await _titles(desk, asked, message, wanted)
    page = min(message.maximum_items_count or USUAL_ITEMS, MOST_ITEMS)
    shown = list(_page(whole, start, page))
    more = start + page < sum(map(_size, whole))
    if not shown:
        raise asked.violated("there are no more items", "NextItemToken", message.next_item_token)
    return asked.write(
        LookupItemSetResponse(
            response_header=asked.setting.header,
            bib_information=tuple(shown),
            next_item_token=_token(key, digest, start + page) if more else None,
        )
    )


# --- pages -----------------------------------------------------------------------------------------------------------------


def _key(network: Network) -> bytes:
    return blake2b(b"NCIP NextItemToken", key=network.pins.pepper, digest_size=32).digest()


def _question(message: LookupItemSet) -> bytes:
    """Give what a question asks, whoever's page of it."""
    return blake2b(write(replace(message, initiation_header=None, next_item_token=None)), digest_size=32).digest()


def _token(key: bytes, question: bytes, offset: int) -> str:
    number = offset.to_bytes(4, "big")
    return urlsafe_b64encode(number + _signature(key, question, number)).decode().rstrip("=")


def _signature(key: bytes, question: bytes, number: bytes) -> bytes:
    return hmac.digest(key, question + number, "sha256")[:_SIGNED]


def _offset(token: str | None, key: bytes, question: bytes) -> int | None:
    """Read a token; None when it is not ours, or another question's."""
    if token is None:
        return 0
    try:
        octets = urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
    except ValueError:
        return None
    number, signature = octets[:4], octets[4:]
    if not hmac.compare_digest(signature, _signature(key, question, number)):
        return None
    return int.from_bytes(number, "big")


def _size(title: BibInformation) -> int:
    """Count what a title takes of a page: its items, or the one line that says why there are none."""
    return sum(len(holding.item_information) or 1 for holding in title.holdings_set) or 1


def _page(whole: Sequence[BibInformation], start: int, count: int) -> list[BibInformation]:
    """Cut the lines from *start* on, at most *count*, out of the whole."""
    found, at = [], 0
    for title in whole:
        if not title.holdings_set:
            if start <= at < start + count:
                found.append(title)
            at += 1
            continue
        sets = []
        for holding in title.holdings_set:
            lines = holding.item_information or (None,)
            kept = tuple(line for place, line in enumerate(lines, at) if start <= place < start + count)
            at += len(lines)
            if kept:
                sets.append(replace(holding, item_information=tuple(line for line in kept if line is not None)))
        if sets:
            found.append(replace(title, holdings_set=tuple(sets)))
    return found


# --- what they hold --------------------------------------------------------------------------------------------------------


async def _items(
    desk: Desk, asked: Asked, ids: Sequence[ItemId], wanted: frozenset[ItemElementType]
) -> list[BibInformation]:
    network, told = asked.setting.network, []
    for given in ids:
        number = given.item_identifier_value or ""
        account = await desk.store.read(item_information(network, number, asked.origin.library_id, asked.now))
        if account.item is None:
            trouble = problem(asked.service, ProblemType.UNKNOWN_ITEM, "no such item", "ItemIdentifierValue", number)
            line = ItemInformation(item_id=given, problem=(trouble,))
        else:
            item = account.item
            due = due_moment(item.due, network.libraries[item.row.loan_library_id or item.home.id].zone)
            line = ItemInformation(
                item_id=given,
                date_due=due,
                item_optional_fields=item_fields(network, item, wanted, item.status, due, account.waiting),
            )
        told.append(BibInformation(holdings_set=(HoldingsSet(item_information=(line,)),)))
    return told


async def _titles(
    desk: Desk, asked: Asked, message: LookupItemSet, wanted: frozenset[ItemElementType]
) -> list[BibInformation]:
    titles = [Title(each, await records_named(desk, each)) for each in message.bibliographic_id]
    titles += [await _set(desk, each) for each in message.holdings_set_id]
    ids = sorted({number for title in titles for number in title.records})
    rows = await desk.store.read(held(ids)) if ids else {}
    records = {found.id: found for found in await desk.store.read(fetch(ids)) if found is not None} if ids else {}
    told = []
    for title in titles:
        living = [records[number] for number in title.records if number in records and not records[number].deleted]
        if not living:
            value = title.named or _name(title.asked)
            element = "HoldingsSetId" if title.named else "BibliographicId"
            trouble = problem(asked.service, ProblemType.UNKNOWN_ITEM, "no such title", element, value)
            told.append(BibInformation(bibliographic_id=title.asked, problem=(trouble,)))
        else:
            told += [_bib(asked, title, record, rows.get(record.id, []), wanted) for record in living]
    return told


async def _set(desk: Desk, name: str) -> Title:
    number, _, library = name.partition("-")
    record = record_number(number)
    return Title(None, () if record is None else (await desk.store.read(living(record)),), library, name)


def _name(asked: BibliographicId | None) -> str:
    if asked is None:
        return ""
    record, edition = asked.bibliographic_record_id, asked.bibliographic_item_id
    return (record.bibliographic_record_identifier if record else None) or (
        (edition.bibliographic_item_identifier if edition else None) or ""
    )


def _bib(
    asked: Asked, title: Title, record: StoredRecord, rows: Sequence[HoldingRow], wanted: frozenset[ItemElementType]
) -> BibInformation:
    """Tell of a record and its items, a set for each library that has some."""
    network = asked.setting.network
    description = BibliographicDescription(
        author=record.author or None, bibliographic_record_id=(record_id(record.id),), title=record.title or None
    )
    sets = []
    for home, items in groupby(sorted(rows, key=lambda row: row.home_id), key=lambda row: row.home_id):
        library = network.libraries[home]
        if title.library in {None, library.code}:
            place = location(network, library, LocationType.PERMANENT_LOCATION)
            lines = tuple(_line(network, row, wanted) for row in items)
            sets.append(
                HoldingsSet(
                    holdings_set_id=f"{record.id}-{library.code}",
                    location=place if ItemElementType.LOCATION in wanted else None,
                    item_information=lines,
                )
            )
    if not sets:
        trouble = problem(asked.service, ProblemType.UNKNOWN_ITEM, "the title has no items", "BibliographicId")
        sets = [HoldingsSet(problem=(trouble,))]
    return BibInformation(
        bibliographic_id=title.asked or BibliographicId(bibliographic_record_id=record_id(record.id)),
        bibliographic_description=description if ItemElementType.BIBLIOGRAPHIC_DESCRIPTION in wanted else None,
        holdings_set=tuple(sets),
    )


def _line(network: Network, row: HoldingRow, wanted: frozenset[ItemElementType]) -> ItemInformation:
    library = network.libraries[row.home_id]
    due = due_moment(Due(row.due_on, row.due_at), library.zone) if row.loan_state is not None else None
    volume = HoldingsInformation(unstructured_holdings_data=row.volume) if row.volume else None
    copy = ItemDescription(call_number=row.call_number or None, holdings_information=volume)
    shelf = location(network, library, LocationType.PERMANENT_LOCATION, row.location)
    fields = ItemOptionalFields(
        circulation_status=STATUSES[status_of(row)].pair if ItemElementType.CIRCULATION_STATUS in wanted else None,
        item_description=copy if ItemElementType.ITEM_DESCRIPTION in wanted and copy.children() else None,
        location=(shelf,) if ItemElementType.LOCATION in wanted else (),
    )
    return ItemInformation(
        item_id=ItemId(item_identifier_type=ItemIdentifierType.BARCODE.pair, item_identifier_value=row.barcode),
        date_due=due,
        item_optional_fields=fields if fields.children() else None,
    )
