"""The one form in which records are kept: ISO 2709, UTF-8, NFC, saying so truthfully.

Whatever a file brings (octets of any character set, UTF-8 encoded twice, decomposed accents, a false leader) is brought to this
form once, on the way in; what was changed or contradicted is told as findings, for the report of the import.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from protocols.marc import detect, iso2709
from protocols.marc.charsets import NSB, NSE, REPLACEMENT, Charset, decode
from protocols.marc.errors import BadRecord, Reason
from protocols.marc.format import Format, guess, leader_of
from protocols.marc.iso2709 import RawField


class Finding(Enum):
    """What was found wrong in a record and put right; the value is the sentence for a report."""

    CLAIM = "says another character set than it is in"
    CONVERTED = "converted from another character set to UTF-8"
    MIXED = "some fields are in another character set than the record"
    TWICE = "UTF-8 encoded twice"
    LOST = "characters that could not be read"
    LENGTH = "its leader gives another length"
    NO_PROCESSING_DATA = "UNIMARC without field 100"


@dataclass(frozen=True, slots=True)
class Canonical:
    """A record in the form that is kept, and what was found on the way there.

    `found` maps a finding to its detail (tags, or the character sets claimed and found).
    """

    form: Format
    leader: bytes
    fields: list[RawField]
    charset: Charset
    found: dict[Finding, str]

    def to_iso2709(self) -> bytes:
        """Return the octets to keep. Raises Unwritable (UTF-8 may be longer than the source)."""
        return iso2709.join(self.leader, self.fields)


# What makes a second look at UTF-8 necessary, in octets, which are searched faster than text: control characters, lost
# characters, and text encoded twice (a lead of Â to Å or â followed by another character that is not ASCII).
_SUSPECT: Final = re.compile(rb"\xc2[\x80-\x9f]|\xef\xbf\xbd|\xc3[\x82-\x85\xa2][\x80-\xff]")
_CONTROLS: Final = {code: None for code in [*range(0x20), *range(0x7F, 0xA0)] if code != 0x1F} | {
    0x09: " ", 0x0A: " ", 0x0D: " ", 0x88: NSB, 0x89: NSE, 0x98: NSB, 0x9C: NSE
}  # fmt: skip
_C0: Final = bytes([*range(0x1B), 0x1C, 0x7F])
_A: Final = b"\x1fa"


def from_iso2709(
    raw: bytes, form: Format | None = None, charset: Charset | None = None, expected: Charset | None = None
) -> Canonical:
    """Return the canonical form of an ISO 2709 record.

    `form` and `charset` are set when the operator knows better than the octets; `expected` is what the file was so far.
    Raises BadRecord.
    """
    fields = iso2709.fields(raw)
    leader = raw[: iso2709.LEADER]
    try:
        made = canonical(leader, fields, form, charset, expected)
    except BadRecord as error:
        raise BadRecord(error.reason, raw, error.detail) from None
    if raw[:5] != b"%05d" % len(raw):
        made.found[Finding.LENGTH] = f"{len(raw)} octets"
    return made


def canonical(
    leader: bytes,
    fields: Sequence[RawField],
    form: Format | None = None,
    charset: Charset | None = None,
    expected: Charset | None = None,
) -> Canonical:
    """Return the canonical form of a record given by its fields. Raises BadRecord (UNKNOWN_FORMAT; `raw` is then empty)."""
    form = form or guess(leader, fields)
    if form is None:
        raise BadRecord(Reason.UNKNOWN_FORMAT, b"")
    found: dict[Finding, str] = {}
    data = iso2709.FT.join([value for _, value in fields])
    claimed = detect.claim(leader, fields, form)
    charset = charset or detect.detect(data, form, claimed, expected)
    if claimed not in {None, charset} and not data.isascii():
        found[Finding.CLAIM] = f"{claimed.value if claimed else ''}, is {charset.value}"
    text = _text(data, charset, form, found)
    kept = (
        [(tag, value.encode()) for (tag, _), value in zip(fields, text.split("\x1e"), strict=True)]
        if text
        else list(fields)
    )
    if form is Format.UNIMARC:
        kept = _say_unicode(kept, found)
    return Canonical(form, leader_of(form, leader), kept, charset, found)


def _text(data: bytes, charset: Charset, form: Format, found: dict[Finding, str]) -> str:
    """Return the text of all fields, FT between them; "" when the octets can stay as they are."""
    if charset is Charset.UTF8:
        clean = len(data.translate(None, _C0)) == len(data) and not _SUSPECT.search(data)
        if clean and data.isascii() and b"\x1b" not in data:
            return ""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = "\x1e".join([_field_text(value, form, found) for value in data.split(b"\x1e")])
        else:
            if clean and unicodedata.is_normalized("NFC", text):
                return ""
    else:
        found[Finding.CONVERTED] = charset.value
        text = "\x1e".join([decode(value, charset) for value in data.split(b"\x1e")])
    if charset in {Charset.UTF8, Charset.CP1252, Charset.LATIN1}:
        once = detect.twice_encoded(text)
        if once != text:
            found[Finding.TWICE] = f"{len(text) - len(once)} characters too many"
            text = once
    if REPLACEMENT in text:
        found[Finding.LOST] = f"{text.count(REPLACEMENT)}"
    return "\x1e".join([unicodedata.normalize("NFC", value.translate(_CONTROLS)) for value in text.split("\x1e")])


def _field_text(value: bytes, form: Format, found: dict[Finding, str]) -> str:
    """Decode one field of a record that is UTF-8 but for some of its fields, or but for some damage."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        charset = detect.detect(value, form)
    if charset is not Charset.UTF8:
        found[Finding.MIXED] = charset.value
    return decode(value, charset)


def _say_unicode(fields: list[RawField], found: dict[Finding, str]) -> list[RawField]:
    """Set the character sets of UNIMARC 100 $a (26-29 and, in the same octets, 30-33) to ISO 10646."""
    for at, (tag, data) in enumerate(fields):
        if tag == b"100":
            head, mark, rest = data.partition(_A)
            coded, delimiter, others = rest.partition(iso2709.SF)
            coded = coded.ljust(36)
            fields[at] = (
                tag,
                (head if mark else b"  ") + _A + coded[:26] + b"50      " + coded[34:] + delimiter + others,
            )
            return fields
    found[Finding.NO_PROCESSING_DATA] = ""
    at = next((i for i, (tag, _) in enumerate(fields) if tag > b"100"), len(fields))
    return [*fields[:at], (b"100", b"  " + _A + b" " * 8 + b"u" + b" " * 17 + b"50".ljust(10)), *fields[at:]]
