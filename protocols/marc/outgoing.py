"""Canonical records in the eight-bit characters of their format, for those who read no UTF-8; the record says so truthfully.

UNIMARC goes out in ISO 5426 (100 $a/26-29 ``0103``), MARC21 in MARC-8 (leader/9 blank).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from protocols.marc import iso2709
from protocols.marc.charsets import Charset, encode_nearest
from protocols.marc.format import Format
from protocols.marc.iso2709 import RawField

EIGHT_BIT: Final = {Format.UNIMARC: Charset.ISO5426, Format.MARC21: Charset.MARC8}
"""Format -> the eight-bit set that its readers expect."""
_A: Final = b"\x1fa"
_SETS: Final = b"0103    "  # 100 $a/26-33: ISO 646 as G0, ISO 5426 as G1, no others


def eight_bit(leader: bytes, fields: Sequence[RawField], form: Format) -> tuple[bytes, list[RawField]]:
    """Return leader and fields of a canonical record in the eight-bit set of *form*; what it lacks as `encode_nearest` has it."""
    charset = EIGHT_BIT[form]
    sent = [(tag, data if data.isascii() else _field(data, charset)) for tag, data in fields]
    if form is Format.MARC21:
        return leader[:9] + b" " + leader[10:], sent
    return leader, [(tag, _declared(data) if tag == b"100" else data) for tag, data in sent]


def _field(data: bytes, charset: Charset) -> bytes:
    """Encode subfield by subfield: a mark that begins one must not go before its code."""
    head, *subfields = data.decode().split("\x1f")
    pieces = [encode_nearest(head, charset)]
    pieces += [encode_nearest(each[:1], charset) + encode_nearest(each[1:], charset) for each in subfields]
    return iso2709.SF.join(pieces)


def _declared(data: bytes) -> bytes:
    head, mark, rest = data.partition(_A)
    coded, delimiter, others = rest.partition(iso2709.SF)
    coded = coded.ljust(36)
    return head + mark + coded[:26] + _SETS + coded[34:] + delimiter + others if mark else data
