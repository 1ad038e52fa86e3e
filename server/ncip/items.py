"""The services by which a partner makes known, describes and takes away items of its own: temporary ones, here."""

from __future__ import annotations

from typing import Any, Final

from protocols.ncip.base import Response
from protocols.ncip.changes import ItemFields
from protocols.ncip.schemes import ItemUseRestrictionType, MediumType
from protocols.ncip.upkeep import (
    CreateItem,
    CreateItemResponse,
    DeleteItem,
    DeleteItemResponse,
    UpdateItem,
    UpdateItemResponse,
)
from server.ncip import ill as ncip_ill
from server.ncip.desk import Asked, Desk, barcode_of, missing
from storage.circulation.ill.items import ItemWord, Word
from storage.circulation.ill.rows import IllRow

_NOT_LENT: Final = frozenset({ItemUseRestrictionType.NOT_FOR_LOAN, ItemUseRestrictionType.IN_LIBRARY_USE_ONLY})


def _described(fields: CreateItem | ItemFields) -> dict[str, Any]:
    """Give what is said of an item, in the columns of the store; what is not said is left out."""
    told, copy = fields.bibliographic_description, fields.item_description
    medium = MediumType.of(told.medium_type) if told is not None else None
    limits = {ItemUseRestrictionType.of(pair) for pair in fields.item_use_restriction_type}
    said = {
        "title": told.title if told is not None else None,
        "author": told.author if told is not None else None,
        "call_number": copy.call_number if copy is not None else None,
        "media_type": ncip_ill.MEDIA_TYPES.get(medium) if medium is not None else None,
        "for_loan": not limits & _NOT_LENT if limits else None,
    }
    return {column: value for column, value in said.items() if value is not None}


def _word(asked: Asked, word: Word, barcode: str, **said: Any) -> ItemWord:
    return ItemWord(word, asked.partner.agency, asked.origin, barcode, **said)


async def create_item(desk: Desk, asked: Asked) -> bytes:
    """Make an item of the partner known: temporary, and at the library that stands for the partner."""
    message: CreateItem = asked.message
    said = _described(message)
    if not said.get("title"):
        raise missing(asked.service, "Title")
    # Who sends no number gets one that a repeat of the same message gets too.
    barcode = ncip_ill.number_of(message.item_id) or f"ILL-{asked.digest.hex()[:16]}"

    def made(_answer: Any) -> Response:
        return CreateItemResponse(
            response_header=asked.setting.header, item_id=message.item_id or ncip_ill.item_id_of(barcode)
        )

    return await ncip_ill.act(desk, asked, _word(asked, Word.CREATED, barcode, **said), made)


async def update_item(desk: Desk, asked: Asked) -> bytes:
    """Describe an item of the partner anew: what is deleted goes, then what is added stands."""
    message: UpdateItem = asked.message
    barcode = barcode_of(asked.service, message.item_id)
    added, taken = message.add_item_fields, message.delete_item_fields
    said: dict[str, Any] = {}
    if taken is not None:
        said = {column: {"for_loan": True}.get(column, "") for column in _described(taken)}
    if added is not None:
        said |= _described(added)
    if not said:
        raise missing(asked.service, "AddItemFields")

    def made(_answer: Any) -> Response:
        return UpdateItemResponse(response_header=asked.setting.header, item_id=message.item_id)

    return await ncip_ill.act(desk, asked, _word(asked, Word.CHANGED, barcode, **said), made)


async def delete_item(desk: Desk, asked: Asked) -> bytes:
    """Be told that the partner has its item again: the temporary one goes, and the request that it came for is closed."""
    message: DeleteItem = asked.message
    barcode = barcode_of(asked.service, message.item_id)
    row: IllRow | None = await desk.store.read(ncip_ill.borrowed(asked.partner.id, barcode))
    if row is not None:
        return await ncip_ill.delete_item(desk, asked, row)

    def made(_answer: Any) -> Response:
        return DeleteItemResponse(response_header=asked.setting.header, item_id=message.item_id)

    return await ncip_ill.act(desk, asked, _word(asked, Word.DELETED, barcode), made)
