"""Which of the two formats a record is in, and the leader that each of them wants.

UNIMARC Manual: Bibliographic Format (leader, 100 $a) and MARC 21 Format for Bibliographic Data (leader, 008).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final

from protocols.marc.iso2709 import LEADER, RawField


class Format(Enum):
    """A bibliographic format; the value is the name used in configuration and on the command line."""

    UNIMARC = "unimarc"
    MARC21 = "marc21"


# A processing-data field of UNIMARC begins with a date of entry (often blank) and a type of date, at 8.
_PROCESSING_DATA: Final = re.compile(rb"..\x1fa[0-9 |#]{8}[a-z |#]")
# Points for UNIMARC (positive) and MARC21 (negative): tags that only one of the two has, or that no real record of it lacks.
_TAGS: Final = {
    b"200": 4, b"210": 1, b"214": 2, b"215": 1, b"225": 1, b"801": 3, b"995": 1, b"676": 1, b"675": 1, b"101": 2, b"102": 1,
    b"245": -4, b"008": -3, b"260": -2, b"264": -2, b"300": -1, b"020": -1, b"022": -1, b"040": -2, b"650": -1, b"952": -1,
}  # fmt: skip


def guess(leader: bytes, fields: Sequence[RawField]) -> Format | None:
    """Tell the format of a record by what it holds, never by its leader alone; None when nothing tells."""
    score = sum(_TAGS.get(tag, 0) for tag in {tag for tag, _ in fields})
    for tag, data in fields:
        if tag == b"100":
            score += 3 if _PROCESSING_DATA.match(data) else -2
    if score and leader[20:24] == b"450 ":
        score += 1
    return None if score == 0 else Format.UNIMARC if score > 0 else Format.MARC21


def is_bibliographic(leader: bytes, form: Format) -> bool:
    """Tell bibliographic records from authorities and holdings (leader/6)."""
    return leader[6:7] not in (
        {b"x", b"y", b"z"} if form is Format.UNIMARC else {b"z", b"u", b"v", b"x", b"y", b"w", b"q"}
    )


# Some systems fill with '^' or '#', and a leader with other octets would not be a leader any more.
_CODED: Final = bytes(octet if 0x20 < octet < 0x7F and octet not in b"^#|" else 0x20 for octet in range(256))


def leader_of(form: Format, leader: bytes) -> bytes:
    """Return the leader of a UTF-8 record: what the format fixes is set, the coded positions are kept.

    UNIMARC leaves 9 undefined and closes with "450 "; MARC21 says "a" (Unicode) at 9 and closes with "4500".
    """
    coded = leader.ljust(LEADER)[:LEADER].translate(_CODED)
    if form is Format.UNIMARC:
        return coded[:9] + b" 22" + coded[12:19] + b" 450 "
    return coded[:9] + b"a22" + coded[12:20] + b"4500"
