"""A record as people think of it: leader, fields, subfields, in Unicode.

The octet form (`iso2709`) is what is stored, searched and sent; this one is for what needs to look inside: conversion and display.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from protocols.marc import iso2709


class Subfield(NamedTuple):
    """A one-character code and its value."""

    code: str
    value: str


_new: Final = tuple.__new__  # what Subfield(...) does, less a call: a record has a hundred


@dataclass(slots=True)
class Field:
    """A field: control fields (00X) have `data`, the others two `indicators` and `subfields`."""

    tag: str
    data: str = ""
    indicators: str = "  "
    subfields: list[Subfield] = field(default_factory=list)

    @property
    def is_control(self) -> bool:
        """Whether this is a field of the 00X block, without indicators and subfields."""
        return self.tag < "010"

    def get(self, codes: str, default: str = "") -> str:
        """Return the first value among `codes`, in the order of the record."""
        for code, value in self.subfields:
            if code in codes:
                return value
        return default

    def all(self, codes: str) -> list[str]:
        """Return all values of `codes`, in the order of the record."""
        return [value for code, value in self.subfields if code in codes]

    @classmethod
    def parse(cls, tag: str, text: str) -> Field:
        """Make a field of its ISO 2709 text; what precedes the first delimiter are the indicators, always brought to two."""
        if tag < "010":
            return cls(tag, text)
        head, *parts = text.split("\x1f")
        return cls(tag, "", head[:2].ljust(2), [_new(Subfield, (part[0], part[1:])) for part in parts if part])

    def text(self) -> str:
        """Return the ISO 2709 text of the field."""
        if self.is_control:
            return self.data
        return self.indicators + "".join([f"\x1f{code}{value}" for code, value in self.subfields])


@dataclass(slots=True)
class Record:
    """A record; `leader` is 24 characters."""

    leader: str
    fields: list[Field]

    @classmethod
    def parse(cls, leader: bytes, raw_fields: Iterable[iso2709.RawField]) -> Record:
        """Make a record of UTF-8 fields (what is not UTF-8 becomes U+FFFD)."""
        return cls(
            leader.decode("ascii", "replace"),
            [Field.parse(tag.decode("ascii", "replace"), data.decode("utf-8", "replace")) for tag, data in raw_fields],
        )

    @classmethod
    def from_iso2709(cls, raw: bytes) -> Record:
        """Make a record of an ISO 2709 record in UTF-8. Raises BadRecord."""
        return cls.parse(raw[: iso2709.LEADER], iso2709.fields(raw))

    def raw_fields(self) -> list[iso2709.RawField]:
        """Return the fields as UTF-8 octets."""
        return [(each.tag.encode(), each.text().encode()) for each in self.fields]

    def to_iso2709(self) -> bytes:
        """Return the record as ISO 2709 in UTF-8. Raises Unwritable."""
        return iso2709.join(self.leader.encode("ascii", "replace"), self.raw_fields())

    def all(self, *tags: str) -> Iterator[Field]:
        """Yield the fields of these tags, in the order of the record."""
        return (each for each in self.fields if each.tag in tags)

    def get(self, *tags: str) -> Field | None:
        """Return the first field of these tags, in the order of the record."""
        for each in self.fields:
            if each.tag in tags:
                return each
        return None

    def value(self, tag: str, codes: str = "") -> str:
        """Return the data of the first control field `tag`, or the first subfield of `codes` in the first field that has one."""
        for each in self.fields:
            if each.tag == tag and (found := each.data if each.is_control else each.get(codes)):
                return found
        return ""
