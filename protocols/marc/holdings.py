"""Items inside a record: one 995 (Recommandation 995, UNIMARC) or one 852 (MARC21) for each.

Stored records hold none: an item's place and status are what they are at the moment of the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from protocols.marc.format import Format
from protocols.marc.iso2709 import SF, RawField

ITEM_TAGS: Final = {Format.UNIMARC: frozenset({b"995"}), Format.MARC21: frozenset({b"852", b"952"})}


class Holding(NamedTuple):
    """One item as a record shows it; every value is text ready for people, "" where there is none.

    `owner` and `place` are codes of libraries, `agency` is the owner's ISIL, `status` says in words what the item is doing, `due`
    is an ISO day. `available`: it is on its shelf; `on_hold`: somebody waits for it.
    """

    owner: str
    place: str = ""
    section: str = ""
    call_number: str = ""
    barcode: str = ""
    volume: str = ""
    status: str = ""
    due: str = ""
    agency: str = ""
    place_name: str = ""
    available: bool = False
    on_hold: bool = False


_CODES: Final = {
    Format.UNIMARC: (b"995", b"  ", {"owner": "b", "place": "c", "section": "e", "barcode": "f", "call_number": "k",
                                     "volume": "l", "due": "n", "status": "u"}),
    Format.MARC21: (b"852", b"  ", {"volume": "3", "owner": "a", "place": "b", "section": "c", "call_number": "h",
                                    "barcode": "p", "status": "z", "due": "z"}),
}  # fmt: skip


def item_fields(holdings: Sequence[Holding], form: Format) -> list[RawField]:
    """Return the item fields of a record in `form`, in UTF-8 octets."""
    tag, indicators, codes = _CODES[form]
    out = []
    for holding in holdings:
        parts = [code + getattr(holding, name) for name, code in codes.items() if getattr(holding, name)]
        out.append((tag, SF.join([indicators, *(part.encode() for part in parts)])))
    return out
