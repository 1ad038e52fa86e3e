"""The record syntaxes that are ASN.1 of their own: OPAC (a record with its holdings and circulation) and GRS-1 (Z39.50 appendix 5)."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Items
from typing import Annotated, Final

from protocols.z3950.asn1 import Boolean, Integer, InternationalString
from protocols.z3950.ber import tlv
from protocols.z3950.elements import External, StringOrNumeric
from protocols.z3950.schema import Choice, Sequence, codec_of


class Volume(Sequence):
    """A volume of a set."""

    enumeration: Annotated[InternationalString | None, 1] = None
    chronology: Annotated[InternationalString | None, 2] = None
    enum_and_chron: Annotated[InternationalString | None, 3] = None


class CircRecord(Sequence):
    """One item, and what it is doing. The names are the standard's, one of them misspelt there."""

    available_now: Annotated[Boolean, 1]
    availability_date: Annotated[InternationalString | None, 2, "availablityDate"] = None
    available_thru: Annotated[InternationalString | None, 3] = None
    restrictions: Annotated[InternationalString | None, 4] = None
    item_id: Annotated[InternationalString | None, 5] = None
    renewable: Annotated[Boolean, 6]
    on_hold: Annotated[Boolean, 7]
    enum_and_chron: Annotated[InternationalString | None, 8] = None
    midspine: Annotated[InternationalString | None, 9] = None
    temporary_location: Annotated[InternationalString | None, 10] = None


class HoldingsAndCircData(Sequence):
    """The items of one place and call number."""

    type_of_record: Annotated[InternationalString | None, 1] = None
    encoding_level: Annotated[InternationalString | None, 2] = None
    format_: Annotated[InternationalString | None, 3, "format"] = None
    receipt_acq_status: Annotated[InternationalString | None, 4] = None
    general_retention: Annotated[InternationalString | None, 5] = None
    completeness: Annotated[InternationalString | None, 6] = None
    date_of_report: Annotated[InternationalString | None, 7] = None
    nuc_code: Annotated[InternationalString | None, 8] = None
    local_location: Annotated[InternationalString | None, 9] = None
    shelving_location: Annotated[InternationalString | None, 10] = None
    call_number: Annotated[InternationalString | None, 11] = None
    shelving_data: Annotated[InternationalString | None, 12] = None
    copy_number: Annotated[InternationalString | None, 13] = None
    public_note: Annotated[InternationalString | None, 14] = None
    reproduction_note: Annotated[InternationalString | None, 15] = None
    terms_use_repro: Annotated[InternationalString | None, 16] = None
    enum_and_chron: Annotated[InternationalString | None, 17] = None
    volumes: Annotated[tuple[Volume, ...] | None, 18] = None
    circulation_data: Annotated[tuple[CircRecord, ...] | None, 19] = None


class HoldingsRecord(Choice):
    """Holdings as a MARC record, or with their circulation."""

    marc_holdings_record: Annotated[External | None, 1] = None
    holdings_and_circ: Annotated[HoldingsAndCircData | None, 2] = None


class OpacRecord(Sequence):
    """A bibliographic record and its holdings."""

    bibliographic_record: Annotated[External | None, 1] = None
    holdings_data: Annotated[tuple[HoldingsRecord, ...] | None, 2] = None


_OPAC: Final = codec_of(OpacRecord)


def opac_record(syntax: str, record: bytes, holdings: Items[HoldingsAndCircData]) -> bytes:
    """Return an OPACRecord: a MARC record in *syntax* and its holdings."""
    return _OPAC.encode(
        OpacRecord(
            bibliographic_record=External(direct_reference=syntax, octet_aligned=record),
            holdings_data=tuple(HoldingsRecord(holdings_and_circ=each) for each in holdings) or None,
        )
    )


# --- GRS-1 --------------------------------------------------------------------------------------------------------------


class ElementData(Choice):
    """The contents of an element; those that are written here."""

    string: InternationalString | None = None


class TaggedElement(Sequence):
    """An element: the set that its tag is of, its tag, its contents."""

    tag_type: Annotated[Integer | None, 1] = None
    tag_value: Annotated[StringOrNumeric, 2]
    tag_occurrence: Annotated[Integer | None, 3] = None
    content: Annotated[ElementData, 4]


TAG_SET_G: Final = 2
"""The type of the tags of tagSet-G (1.2.840.10003.14.2)."""
TAGS_G: Final = {
    "title": 1, "creator": 2, "date": 4, "description": 17, "language": 20, "subject": 21, "type": 22, "format": 27,
    "identifier": 28, "rights": 29, "relation": 30, "publisher": 31, "contributor": 32, "source": 33, "coverage": 34,
}  # fmt: skip
"""Element of Dublin Core -> tag of tagSet-G."""
_ELEMENT: Final = codec_of(TaggedElement)


def generic_record(elements: Iterable[tuple[str, str]]) -> bytes:
    """Return a GenericRecord of GRS-1 with these elements of Dublin Core, in tagSet-G."""
    return tlv(0x30, b"".join(_ELEMENT.encode(_tagged(name, value)) for name, value in elements))


def _tagged(name: str, value: str) -> TaggedElement:
    return TaggedElement(
        tag_type=TAG_SET_G,
        tag_value=StringOrNumeric(numeric=TAGS_G[name]),
        content=ElementData(string=value),
    )
