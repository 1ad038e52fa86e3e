"""Items inside records: one 995, 852 or 952 for each, read by a profile of the source.

995 is a frame and not a format: what its subfields mean is the exporting system's affair, so each has a profile, as data. Owner and
place are codes of libraries where the network knows them, else of the source alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from protocols.marc.format import Format
from protocols.marc.iso2709 import RawField


class SourceItem(NamedTuple):
    """An item as its source describes it; "" where it says nothing. `due_back` is an ISO day."""

    owner: str = ""
    place: str = ""
    section: str = ""
    barcode: str = ""
    call_number: str = ""
    volume: str = ""
    kind: str = ""
    due_back: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """Where a source puts what: subfield codes by name of `SourceItem`, for each tag that describes items.

    `dropped` are other fields that only repeat the items. `libraries` and `kinds` translate the source's codes into codes of
    the network's libraries and item types.
    """

    tags: Mapping[bytes, Mapping[str, str]]
    dropped: frozenset[bytes] = frozenset()
    libraries: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)


_RECOMMENDATION: Final = {
    "owner": "b", "place": "d", "section": "e", "barcode": "f", "call_number": "k", "volume": "l", "kind": "r", "due_back": "n",
}  # fmt: skip
PROFILES: Final[Mapping[str, Profile]] = {
    # Recommandation 995, 1995, as most systems write it.
    "995": Profile({b"995": _RECOMMENDATION}),
    # PMB repeats each item in a 996 of its own.
    "pmb": Profile({b"995": _RECOMMENDATION}, frozenset({b"996"})),
    # Koha's French framework: $c is the permanent place, $n the date of a loan's end and no deposit.
    "koha-995": Profile(
        {b"995": {name: code for name, code in _RECOMMENDATION.items() if name != "due_back"} | {"place": "c"}}
    ),
    # MARC21 holdings, and Koha's items.
    "marc21": Profile(
        {
            b"852": {"owner": "a", "place": "b", "section": "c", "barcode": "p", "call_number": "h", "volume": "3"},
            b"952": {
                "owner": "a",
                "place": "b",
                "section": "c",
                "barcode": "p",
                "call_number": "o",
                "volume": "h",
                "kind": "y",
            },
        }
    ),
}
DEFAULT_PROFILES: Final = {Format.UNIMARC: "995", Format.MARC21: "marc21"}

_DAY: Final = re.compile(r"([0-9]{4})-?([01][0-9])-?([0-3][0-9])")


def source_items(fields: Sequence[RawField], profile: Profile) -> tuple[list[SourceItem], list[RawField]]:
    """Return the items that the fields of a record describe, and the other fields."""
    items = []
    others = []
    for tag, data in fields:
        codes = profile.tags.get(tag)
        if codes is not None:
            item = _item(data.decode("utf-8", "replace"), codes)
            if item != _NOTHING:
                items.append(item)
        elif tag not in profile.dropped:
            others.append((tag, data))
    return items, others


_NOTHING: Final = SourceItem()


def _item(text: str, codes: Mapping[str, str]) -> SourceItem:
    """Read one field; of a subfield that is repeated the first counts."""
    values: dict[str, str] = {}
    for part in text.split("\x1f")[1:]:
        values.setdefault(part[:1], part[1:].strip())
    found = {name: values[code] for name, code in codes.items() if code in values}
    if "due_back" in found:
        day = _DAY.fullmatch(found["due_back"])
        found["due_back"] = "-".join(day.groups()) if day else ""
    return SourceItem(**found)


def is_isbn(barcode: str) -> bool:
    """Tell whether a barcode is an ISBN's, which two copies share: it cannot name an item."""
    return len(barcode) == 13 and barcode.isdigit() and barcode.startswith(("978", "979"))
