"""Dublin Core (ISO 15836, the fifteen elements) of a record: one table from UNIMARC, into which MARC21 is converted first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from protocols.marc.charsets import without_marks
from protocols.marc.crosswalk import convert
from protocols.marc.format import Format
from protocols.marc.record import Field, Record
from protocols.xmltext import element

NAMESPACE: Final = "http://purl.org/dc/elements/1.1/"
SRW_DC: Final = "info:srw/schema/1/dc-schema"
OAI_DC: Final = "http://www.openarchives.org/OAI/2.0/oai_dc/"
_OAI_DC_XSD: Final = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"

_TYPES: Final = {
    "a": "Text", "b": "Text", "c": "Text", "d": "Text", "e": "Image", "f": "Image", "g": "MovingImage", "i": "Sound",
    "j": "Sound", "k": "StillImage", "l": "Software", "m": "Collection", "r": "PhysicalObject",
}  # fmt: skip
"""Leader/6 of UNIMARC -> a word of the DCMI type vocabulary."""


def _title(field: Field) -> str:
    """Join the parts of a title as ISBD does, without what others contributed to it."""
    out = ""
    for code, value in field.subfields:
        if code in _JOINTS and value:
            out += (_JOINTS[code] if out else "") + value
    return out


_JOINTS: Final = {"a": " ; ", "d": " = ", "e": " : ", "h": ". ", "i": ", ", "c": ". "}


def _person(field: Field) -> str:
    name = ", ".join(part for part in (field.get("a"), field.get("b")) if part)
    number = field.get("d") if field.tag[1] == "0" else ""
    dates = field.get("f").strip("()")
    return name + (f" {number}" if number else "") + (f" ({dates})" if dates else "")


def _divided(field: Field) -> str:
    head = _person(field) if field.tag in {"600", "601", "602"} else field.get("at")
    return " -- ".join([head, *field.all("xyzj")])


def _first(codes: str) -> Callable[[Field], str]:
    return lambda field: field.get(codes)


def _prefixed(prefix: str, codes: str) -> Callable[[Field], str]:
    return lambda field: prefix + found if (found := field.get(codes)) else ""


def _extent(field: Field) -> str:
    return " ; ".join(part for part in (field.get("a"), field.get("c"), field.get("d")) if part)


def _series(field: Field) -> str:
    number = field.get("v")
    return _title(field) + (f" ; {number}" if number and field.get("a") else "")


_NAMES: Final = ("700", "701", "710", "711", "720", "721")
_OTHERS: Final = ("702", "712", "722")

ELEMENTS: Final[tuple[tuple[str, tuple[str, ...], Callable[[Field], str]], ...]] = (
    ("title", ("200",), _title),
    ("title", ("500", "510", "517", "532", "540", "541"), _title),
    ("creator", _NAMES, _person),
    ("subject", ("600", "601", "602", "604", "605", "606", "608", "610"), _divided),
    ("subject", ("675", "676"), _first("a")),
    ("description", ("330", "327", "300", "328", "336"), _first("a")),
    ("publisher", ("214", "210"), _first("c")),
    ("contributor", _OTHERS, _person),
    ("date", ("214", "210"), _first("d")),
    ("format", ("215",), _extent),
    ("identifier", ("010",), _prefixed("urn:isbn:", "a")),
    ("identifier", ("011",), _prefixed("urn:issn:", "a")),
    ("identifier", ("073",), _prefixed("ean:", "a")),
    ("identifier", ("013",), _prefixed("ismn:", "a")),
    ("identifier", ("856",), _first("u")),
    ("source", ("324",), _first("a")),
    ("language", ("101",), _first("a")),
    ("relation", ("225",), _series),
    ("relation", ("410", "461", "463", "488"), _first("t")),
    ("coverage", ("607",), _divided),
    ("rights", ("310",), _first("a")),
)
"""Element, the UNIMARC fields that it is made of, and how."""


def elements(record: Record, form: Format) -> Iterator[tuple[str, str]]:
    """Yield the elements of a record in `form` and their values, in the order of the table."""
    unimarc = convert(record, form, Format.UNIMARC).record
    seen = set()
    for name, tags, write in ELEMENTS:
        for field in unimarc.all(*tags):
            value = without_marks(write(field)).strip()
            if value and (name, value) not in seen:
                seen.add((name, value))
                yield name, value
        if name == "date" and not any(each == "date" for each, _ in seen):
            year = unimarc.value("100", "a")[9:13]
            if year.isdigit():
                yield name, year
    yield "type", _TYPES.get(unimarc.leader[6], "Text")
    ark = unimarc.value("003")
    if ark:
        yield "identifier", ark


def srw_dc(record: Record, form: Format) -> str:
    """Return a record in the schema info:srw/schema/1/dc-v1.1."""
    return f'<srw_dc:dc xmlns:srw_dc="{SRW_DC}" xmlns="{NAMESPACE}">{_written(record, form, "")}</srw_dc:dc>'


def oai_dc(record: Record, form: Format) -> str:
    """Return a record in the format oai_dc of OAI-PMH."""
    head = (
        f'<oai_dc:dc xmlns:oai_dc="{OAI_DC}" xmlns:dc="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{OAI_DC} {_OAI_DC_XSD}">'
    )
    return f"{head}{_written(record, form, 'dc:')}</oai_dc:dc>"


def _written(record: Record, form: Format, prefix: str) -> str:
    return "".join(element(f"{prefix}{name}", value) for name, value in elements(record, form))
