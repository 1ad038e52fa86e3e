"""Records for people: the brief record, the ISBD text in French, the short title and author of receipts and screens."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from protocols.marc.charsets import without_marks
from protocols.marc.crosswalk import bare, convert
from protocols.marc.format import Format
from protocols.marc.holdings import ITEM_TAGS, Holding
from protocols.marc.iso2709 import RawField
from protocols.marc.record import Field, Record

# Element set B: what identifies a document and says where it is.
_BRIEF: Final = {
    Format.UNIMARC: frozenset(
        b"001 003 005 010 011 013 071 073 100 101 102 200 205 210 214 215 225 461 463 700 701 702 710 711 712 720 721 730"
        b" 801".split()
    ) | ITEM_TAGS[Format.UNIMARC],
    Format.MARC21: frozenset(
        b"001 003 005 008 010 020 022 024 028 040 041 100 110 111 245 250 260 264 300 490 700 710 711 720 773".split()
    ) | ITEM_TAGS[Format.MARC21],
}  # fmt: skip


def brief(fields: Sequence[RawField], form: Format) -> list[RawField]:
    """Return the fields of element set B."""
    kept = _BRIEF[form]
    return [field for field in fields if field[0] in kept]


# --- short title and author ---------------------------------------------------------------------------------------------------


class Short(NamedTuple):
    """Title and author on one line each, as a kiosk shows them; "" where the record has none."""

    title: str
    author: str


_TITLE: Final = {Format.UNIMARC: (b"200", "ahi", "f"), Format.MARC21: (b"245", "anp", "c")}
_AUTHOR: Final = {
    Format.UNIMARC: ((b"700", "ab"), (b"710", "ab"), (b"720", "a"), (b"701", "ab"), (b"711", "ab")),
    Format.MARC21: ((b"100", "a"), (b"110", "ab"), (b"111", "a"), (b"700", "a"), (b"710", "ab")),
}


def short(fields: Sequence[RawField], form: Format) -> Short:
    """Return the title proper with its number and part, and the first author (else the statement of responsibility)."""
    tag, codes, responsibility = _TITLE[form]
    clean = bare if form is Format.MARC21 else str.strip
    title = _first(fields, tag)
    author = ""
    for name_tag, name_codes in _AUTHOR[form]:
        name = _first(fields, name_tag)
        if name is not None:
            author = ", ".join([without_marks(clean(value)) for value in name.all(name_codes)])
            break
    if title is None:
        return Short("", author)
    # A second $a is another work of the same volume; number and part belong to the first.
    parts = [value for i, (code, value) in enumerate(title.subfields) if code in codes and (code != "a" or i == 0)]
    text = ". ".join([without_marks(clean(part)).removesuffix(".") for part in parts])
    return Short(text, author or without_marks(clean(title.get(responsibility))))


def _first(fields: Sequence[RawField], tag: bytes) -> Field | None:
    return next((Field.parse(tag.decode(), data.decode()) for found, data in fields if found == tag), None)


# --- ISBD text ----------------------------------------------------------------------------------------------------------------

WIDTH: Final = 72
"""Characters a line of SUTRS (recommended by the standard's implementors)."""

# Area: tags, subfields with what stands before each; the first subfield of an area has nothing before it.
_AREAS: Final = (
    (("200",), {"a": " ; ", "b": " ", "h": ". ", "i": ", ", "c": ". ", "d": " = ", "e": " : ", "f": " / ", "g": " ; "}),
    (("205",), {"a": ", ", "b": ", ", "f": " / "}),
    (("214", "210"), {"a": " ; ", "c": " : ", "d": ", "}),
    (("215",), {"a": ", ", "c": " : ", "d": " ; ", "e": " + "}),
)
_SERIES: Final = {"a": ". ", "e": " : ", "h": ". ", "i": ", ", "v": " ; ", "x": ", ISSN "}
_PERSON: Final = {"a": "", "b": ", ", "d": " ", "c": ", "}
_BODY: Final = {"a": "", "b": ". ", "c": " ", "d": " ", "e": " "}
_DIVISIONS: Final = {"a": "", "b": ", ", "f": " ", "t": ". ", "x": " -- ", "y": " -- ", "z": " -- ", "j": " -- "}
_NUMBERS: Final = (("010", "ISBN"), ("011", "ISSN"), ("013", "ISMN"), ("073", "EAN"))
_SUBJECTS: Final = ("600", "601", "602", "604", "605", "606", "607", "608", "610")


def isbd(record: Record, form: Format, holdings: Iterable[Holding] = ()) -> str:
    """Return a record as text in French: heading, ISBD description, notes, numbers, subjects, items; LF at line ends."""
    unimarc = convert(record, form, Format.UNIMARC).record
    blocks = [_heading(unimarc), _description(unimarc), *_notes(unimarc), *_numbers(unimarc), _subjects(unimarc)]
    lines = [textwrap.fill(without_marks(block), WIDTH, subsequent_indent="  ") for block in blocks if block]
    items = [_item(holding) for holding in holdings]
    if items:
        lines += [
            "Exemplaires :",
            *(textwrap.fill(item, WIDTH, initial_indent="  ", subsequent_indent="    ") for item in items),
        ]
    return "\n".join(lines) + "\n"


def _joined(field: Field, before: dict[str, str]) -> str:
    """Join the subfields, each with what stands before it, unless the source wrote that itself."""
    out = ""
    for code, value in field.subfields:
        if code in before and value:
            point = before[code] if out else ""
            if point and out.endswith(point[0]):
                point = point[1:]
            out += point + value
    return out


def _heading(record: Record) -> str:
    field = record.get("700", "710", "720")
    if field is None:
        return ""
    dates = field.get("f")
    return _joined(field, _PERSON if field.tag == "700" else _BODY) + (f" ({dates.strip('()')})" if dates else "")


def _description(record: Record) -> str:
    areas = []
    for tags, before in _AREAS:
        field = next((found for tag in tags if (found := record.get(tag)) is not None), None)
        if field is not None:
            areas.append(_joined(field, before))
    areas += [f"({_joined(field, _SERIES)})" for field in record.all("225")]
    return " \u2014 ".join([area if area.endswith(".") else f"{area}." for area in areas if area])


def _notes(record: Record) -> list[str]:
    return [field.get("a") for field in record.fields if field.tag[0] == "3"]


def _numbers(record: Record) -> list[str]:
    out = []
    for tag, name in _NUMBERS:
        for field in record.all(tag):
            number = field.get("a")
            qualifier = f" ({field.get('b')})" if field.get("b") else ""
            price = f" : {field.get('d')}" if field.get("d") else ""
            if number or price:
                out.append(f"{name} {number}{qualifier}{price}")
    return out


def _subjects(record: Record) -> str:
    subjects = [_joined(field, _DIVISIONS) for field in record.all(*_SUBJECTS)]
    return "Sujets : " + " ; ".join(subjects) if subjects else ""


def _item(holding: Holding) -> str:
    status = f"{holding.status} ({holding.due})" if holding.status and holding.due else holding.status
    parts = (holding.owner, holding.section, holding.call_number, holding.volume, status, holding.barcode)
    return " \u2014 ".join([part for part in parts if part])
