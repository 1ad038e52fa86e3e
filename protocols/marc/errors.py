"""What can be wrong with a record, as types.

MarcError (abstract)
├─ BadRecord       a record that was read and cannot be used; carries its raw octets
├─ Unwritable      a record that ISO 2709 cannot hold
│  ├─ RecordTooLong   more than 99,999 octets
│  ├─ FieldTooLong    more than 9,999 octets
│  └─ SeparatorInData a field whose data holds a field or record terminator, or whose tag is not three characters
├─ BrokenStream    an XML stream that cannot be read on
└─ Unencodable     text that a character set has no octets for
"""

from __future__ import annotations

from enum import Enum


class Reason(Enum):
    """Why a record was refused; the value is the sentence for a report."""

    TOO_SHORT = "shorter than a leader and a directory"
    TOO_LONG = "longer than any ISO 2709 record"
    TRUNCATED = "the file ends before the record does"
    DIRECTORY = "the directory is not a list of twelve-character entries"
    MISMATCH = "the directory does not fit the data"
    NO_FIELDS = "the record holds no field"
    UNKNOWN_FORMAT = "neither UNIMARC nor MARC21 can be recognised"
    NOT_BIBLIOGRAPHIC = "not a bibliographic record"
    XML = "the XML of the record is not a MARC record"
    DELETED = "its source has marked it as deleted"
    DUPLICATE = "an earlier record of the file is the same"
    UNWRITABLE = "ISO 2709 cannot hold it once it is in UTF-8"


class MarcError(ValueError):
    """The root of the errors of this package."""


class BadRecord(MarcError):
    """A record that cannot be used.

    `raw` holds its octets in the source format (cut at the reader's limit), for a file of rejects.
    """

    def __init__(self, reason: Reason, raw: bytes, detail: str = "") -> None:
        self.reason = reason
        self.raw = raw
        self.detail = detail
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)


class Unwritable(MarcError):
    """A record that ISO 2709 cannot hold."""


class RecordTooLong(Unwritable):
    """The record would take more than 99,999 octets (five digits of the leader)."""

    def __init__(self, length: int) -> None:
        self.length = length
        super().__init__(f"record of {length} octets, ISO 2709 holds 99999")


class FieldTooLong(Unwritable):
    """A field would take more than 9,999 octets (four digits of the directory)."""

    def __init__(self, tag: str, length: int) -> None:
        self.tag = tag
        self.length = length
        super().__init__(f"field {tag} of {length} octets, ISO 2709 holds 9999")


class SeparatorInData(Unwritable):
    """A field holds 0x1D or 0x1E, or its tag is not three characters: the record could not be read again."""


class BrokenStream(MarcError):
    """The XML stream is not well-formed, too large, or hostile (DTD): nothing after this point can be read."""


class Unencodable(MarcError):
    """The character set has no octets for a character."""

    def __init__(self, character: str, charset: str) -> None:
        self.character = character
        super().__init__(f"U+{ord(character):04X} does not exist in {charset}")
