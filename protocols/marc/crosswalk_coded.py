"""Coded data of UNIMARC (100, 105, 106, 110) and of MARC21 (008/18-38): one character each, by tables that are read both ways.

What one side does not know is "|" (no attempt to code) on the other, and a blank when it comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from protocols.marc.record import Field, Record, Subfield


class Position(NamedTuple):
    """A run of characters: where it is in $a of UNIMARC and in 008, how long, and what its characters are on either side."""

    unimarc: int
    marc21: int
    length: int
    codes: Mapping[str, str]


def _pairs(text: str) -> dict[str, str]:
    """Return the code of MARC21 for each of UNIMARC, of text like "ab": a and b; "_" is a blank."""
    return {pair[0]: pair[1].replace("_", " ") for pair in text.split()}


_YES_NO: Final = _pairs("00 11")
_CONTENTS: Final = _pairs("ab bc ci da ed fe gr is kj lu mm nl pt rn sz t6 z|")

GENERAL: Final = (
    Position(20, 28, 1, _pairs("af bs cl ec fi go hz uu y_ z|")),
    Position(21, 38, 1, _pairs("0_ 1x")),
)
"""100: government publication, modified record."""
TEXTUAL: Final = (
    Position(0, 18, 4, _pairs("aa bb cc dd ee ff gg hh ii jj kk ll mm op y_")),
    Position(4, 24, 4, _CONTENTS),
    Position(8, 29, 1, _YES_NO),
    Position(9, 30, 1, _YES_NO),
    Position(10, 31, 1, _YES_NO),
    Position(11, 33, 1, _pairs("a1 bd ce dh ei fj gp hs y0 zm")),
    Position(12, 34, 1, _pairs("aa bb cc dd y_")),
)
"""105, of books: illustrations, contents, conference, festschrift, index, literature, biography."""
FORM: Final = (Position(0, 23, 1, _pairs("dd ff ga r_ ss")),)
"""106: form of item."""
SERIAL: Final = (
    Position(0, 21, 1, _pairs("ap bm cn el fd z|")),
    Position(1, 18, 1, _pairs("ad bc cw de es fm gb hq it jf ka lg mh ni oj uu y_ zz")),
    Position(2, 19, 1, _pairs("ar bn uu yx")),
    Position(4, 24, 3, _CONTENTS),
    Position(7, 29, 1, _YES_NO),
)
"""110, of continuing resources: type, frequency, regularity, contents, conference."""

_LENGTHS: Final = {"105": 13, "106": 1, "110": 11}
_BACK: Final = {
    id(position): {marc21: unimarc for unimarc, marc21 in position.codes.items() if marc21 != "|"}
    for table in (GENERAL, TEXTUAL, FORM, SERIAL)
    for position in table
}


def _table(record: Record, tag: str) -> tuple[Position, ...]:
    """Return the table of a field; 008 has other data at the same places for books and for continuing resources."""
    serial = record.leader[7:8] in {"s", "i", "b"}
    return {"105": () if serial else TEXTUAL, "106": FORM, "110": SERIAL if serial else ()}[tag]


def fill_008(record: Record, characters: list[str]) -> list[str]:
    """Put the coded data of a UNIMARC record into the characters of 008, in place; return what of it has no place there."""
    lost = []
    _fill(record.value("100", "a").ljust(36), GENERAL, characters)
    for tag in _LENGTHS:
        field = record.get(tag)
        if field is not None:
            table = _table(record, tag)
            if table:
                _fill(field.get("a").ljust(_LENGTHS[tag]), table, characters)
            else:
                lost.append(tag)
    return lost


def _fill(data: str, table: tuple[Position, ...], characters: list[str]) -> None:
    for position in table:
        found = data[position.unimarc : position.unimarc + position.length]
        codes = [position.codes.get(code, "|") for code in found.rstrip(" |")]
        # Illustrations and contents are a list: what follows the last is blank where there is one.
        rest = " " if codes and position.length > 1 else "|"
        at = position.marc21
        characters[at : at + position.length] = "".join(codes).ljust(position.length, rest)


def general(data: str) -> tuple[str, str]:
    """Return government publication and modified record, as 100 says them, of an 008."""
    government, modified = (_back(position, data) for position in GENERAL)
    return government, modified


def fields(record: Record) -> list[Field]:
    """Return 105, 106 and 110 as far as the 008 of a MARC21 record tells them."""
    data = record.value("008").ljust(40, "|")
    out = []
    for tag, length in _LENGTHS.items():
        characters = [" "] * length
        for position in _table(record, tag):
            at = position.unimarc
            characters[at : at + position.length] = _back(position, data)
        text = "".join(characters)
        if text.strip():
            out.append(Field(tag, "", "  ", [Subfield("a", text)]))
    return out


def _back(position: Position, data: str) -> str:
    found = data[position.marc21 : position.marc21 + position.length]
    if not found.strip("|"):
        return " " * position.length
    codes = _BACK[id(position)]
    if position.length > 1 and found.strip():
        found = found.rstrip()
    elif position.length > 1:
        found = found[:1]
    return "".join(codes.get(code, " ") for code in found).ljust(position.length)
