"""Holdings with live circulation: the OPAC record of Z39.50, and the same as XML for who speaks SRU.

One holding for each place, section and call number, one circulation record for each item in it (facts of the OPAC syntax: `opac`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from protocols.marc.holdings import Holding
from protocols.xmltext import element, inside
from protocols.z3950.opac import CircRecord, HoldingsAndCircData
from protocols.z3950.schema import table

_SPELT: Final = {"availablityDate": "availabilityDate"}
_MEMBERS: Final = {"volumes": "volume", "circulationData": "circulation"}
_LISTS: Final = {"circulationData": "circulations"}


def grouped(leader: bytes, holdings: Sequence[Holding]) -> list[HoldingsAndCircData]:
    """Return the holdings of a record with this *leader*, in the order of its items."""
    return [_group(leader, list(items)) for _, items in groupby(holdings, _place)]


def _place(item: Holding) -> tuple[str, ...]:
    return (item.agency, item.owner, item.place, item.section, item.call_number)


def _group(leader: bytes, items: Sequence[Holding]) -> HoldingsAndCircData:
    first = items[0]
    return HoldingsAndCircData(
        type_of_record=leader[6:7].decode("ascii", "replace"),
        encoding_level=leader[17:18].decode("ascii", "replace"),
        nuc_code=first.agency or first.owner,
        local_location=first.place_name or first.place,
        shelving_location=first.section or None,
        call_number=first.call_number or None,
        circulation_data=tuple(map(_circulation, items)),
    )


def _circulation(item: Holding) -> CircRecord:
    return CircRecord(
        available_now=item.available,
        availability_date=item.due or None,
        restrictions=None if item.available else item.status or None,
        item_id=item.barcode or None,
        renewable=False,  # only the reader who has it may be told that
        on_hold=item.on_hold,
        enum_and_chron=item.volume or None,
    )


def opac_xml(record: str, holdings: Sequence[HoldingsAndCircData]) -> str:
    """Return an `opacRecord` as YAZ knows it (opacxml.xsd): a record, which is XML, and its holdings, be there any or not."""
    held = "".join(f"<holding>{_members(each)}</holding>" for each in holdings)
    # Without a namespace, and saying so: it stands inside the response of a wire that has one.
    return f'<opacRecord xmlns=""><bibliographicRecord>{record}</bibliographicRecord><holdings>{held}</holdings></opacRecord>'


def _members(value: Any) -> str:
    return "".join(_written(value))


def _written(value: Any) -> Iterator[str]:
    for row in table(type(value)):
        held = getattr(value, row.name)
        name = _SPELT.get(row.asn1_name, row.asn1_name)
        if isinstance(held, bool):
            yield f'<{name} value="{int(held)}"/>'
        elif isinstance(held, tuple):
            yield inside(_LISTS.get(name, name), *(inside(_MEMBERS[name], _members(each)) for each in held))
        elif held is not None:
            yield element(name, held)
