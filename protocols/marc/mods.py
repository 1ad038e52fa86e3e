"""MODS 3 (http://www.loc.gov/mods/v3) of a record: made of UNIMARC, into which MARC21 is converted first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from protocols.marc.charsets import NSB, NSE, without_marks
from protocols.marc.crosswalk import convert
from protocols.marc.crosswalk_table import RELATORS
from protocols.marc.format import Format
from protocols.marc.holdings import Holding
from protocols.marc.record import Field, Record
from protocols.xmltext import element, inside

NAMESPACE: Final = "http://www.loc.gov/mods/v3"
_VERSION: Final = "3.7"

_TYPES: Final = {
    "a": "text", "b": "text", "c": "notated music", "d": "notated music", "e": "cartographic", "f": "cartographic",
    "g": "moving image", "i": "sound recording-nonmusical", "j": "sound recording-musical", "k": "still image",
    "l": "software, multimedia", "m": "mixed material", "r": "three dimensional object",
}  # fmt: skip
_ISSUANCES: Final = {"s": "continuing", "i": "continuing", "m": "monographic", "a": "monographic", "c": "monographic"}
_AUDIENCES: Final = {
    "a": "juvenile", "b": "preschool", "c": "juvenile", "d": "juvenile", "e": "adolescent", "k": "specialized", "m": "adult",
}  # fmt: skip
_NOTES: Final = ("300", "301", "302", "304", "305", "306", "307", "308", "310", "311", "313", "314", "320", "321", "322", "323",
                 "324", "325", "328", "334", "336", "337")  # fmt: skip
_IDENTIFIERS: Final = (
    ("010", "isbn"),
    ("011", "issn"),
    ("013", "ismn"),
    ("016", "isrc"),
    ("072", "upc"),
    ("073", "ean"),
)
_TITLES: Final = {
    "500": "uniform", "510": "translated", "512": "alternative", "517": "alternative", "532": "alternative",
    "531": "abbreviated", "540": "alternative", "541": "translated",
}  # fmt: skip
_RELATED: Final = {
    "410": "series", "461": "host", "463": "host", "430": "preceding", "434": "preceding", "440": "succeeding",
    "447": "succeeding", "451": "otherVersion", "452": "otherFormat", "453": "otherVersion", "454": "original",
    "464": "constituent", "488": "references",
}  # fmt: skip


def mods(record: Record, form: Format, holdings: Sequence[Holding] = ()) -> str:
    """Return a record, with its items as they are now, as a `mods` element that declares its namespace."""
    unimarc = convert(record, form, Format.UNIMARC).record
    parts = [
        *_titles(unimarc), *_names(unimarc), element("typeOfResource", _TYPES.get(unimarc.leader[6], "text")),
        *(element("genre", field.get("a")) for field in unimarc.all("608") if field.get("a")),
        _origin(unimarc), *_languages(unimarc), _physical(unimarc), *_texts(unimarc), *_subjects(unimarc),
        *_classifications(unimarc), *_related(unimarc), *_numbers(unimarc), *_location(unimarc, holdings), _info(unimarc),
    ]  # fmt: skip
    return f'<mods xmlns="{NAMESPACE}" version="{_VERSION}">{"".join(parts)}</mods>'


def _some(name: str, value: str, **attributes: str) -> str:
    value = without_marks(value).strip()
    return element(name, value, **attributes) if value else ""


def _titles(record: Record) -> Iterator[str]:
    for field in record.all("200", *_TITLES):
        article, proper = _article(field.get("a"))
        yield inside(
            "titleInfo",
            _some("nonSort", article),
            _some("title", proper),
            _some("subTitle", " : ".join(field.all("e"))),
            _some("partNumber", field.get("h")),
            _some("partName", field.get("i")),
            type=_TITLES.get(field.tag, ""),
        )
        for parallel in field.all("d"):
            yield inside("titleInfo", _some("title", parallel), type="translated")


def _article(title: str) -> tuple[str, str]:
    if not title.startswith(NSB) or NSE not in title:
        return "", title
    article, _, proper = title[1:].partition(NSE)
    return article, proper


def _names(record: Record) -> Iterator[str]:
    for field in record.all("700", "701", "702", "710", "711", "712", "716", "720", "721", "722"):
        person = field.tag[:2] == "70"
        parts = (
            [_some("namePart", field.get("a"), type="family"), _some("namePart", field.get("b"), type="given")]
            if person and field.get("b")
            else [_some("namePart", ". ".join(field.all("ab")))]
        )
        parts.append(_some("namePart", field.get("f").strip("()"), type="date"))
        kind = "personal" if person else "family" if field.tag[:2] == "72" else "conference" if field.indicators[0] == "1" else "corporate"  # fmt: skip
        usage = "primary" if field.tag in {"700", "710", "720"} else ""
        yield inside("name", *parts, *map(_role, field.all("4")), type=kind, usage=usage)


def _role(code: str) -> str:
    term = element("roleTerm", RELATORS.get(code, code), type="code", authority="marcrelator")
    return inside("role", term)


def _origin(record: Record) -> str:
    published = record.get("214", "210")
    parts: list[str] = []
    if published is not None:
        parts += [inside("place", _some("placeTerm", place, type="text")) for place in published.all("a")]
        parts += [_some("publisher", name) for name in published.all("c")]
        parts += [_some("dateIssued", date) for date in published.all("d")]
    year = record.value("100", "a")[9:13]
    if year.isdigit():
        parts.append(element("dateIssued", year, encoding="marc"))
    parts += [_some("edition", field.get("a")) for field in record.all("205")]
    issuance = _ISSUANCES.get(record.leader[7])
    parts.append(element("issuance", issuance) if issuance else "")
    return inside("originInfo", *parts)


def _languages(record: Record) -> Iterator[str]:
    for field in record.all("101"):
        for code in field.all("a"):
            yield inside("language", _some("languageTerm", code, type="code", authority="iso639-2b"))


def _physical(record: Record) -> str:
    extents = []
    for field in record.all("215"):
        joined = " : ".join(part for part in (field.get("a"), field.get("c")) if part)
        extents.append(_some("extent", " ; ".join(part for part in (joined, field.get("d")) if part)))
    return inside("physicalDescription", *extents)


def _texts(record: Record) -> Iterator[str]:
    yield from (_some("abstract", field.get("a")) for field in record.all("330"))
    yield from (_some("tableOfContents", field.get("a")) for field in record.all("327"))
    audience = _AUDIENCES.get(record.value("100", "a")[17:18])
    yield element("targetAudience", audience, authority="marctarget") if audience else ""
    yield from (_some("note", field.get("a")) for field in record.all(*_NOTES))


def _subjects(record: Record) -> Iterator[str]:
    for field in record.all("600", "601", "602", "605", "606", "607", "610"):
        yield inside("subject", _head(field), *map(_division, field.subfields), authority=field.get("2"))


def _head(field: Field) -> str:
    if field.tag in {"600", "601", "602"}:
        kind = {"600": "personal", "601": "corporate", "602": "family"}[field.tag]
        return inside("name", _some("namePart", ", ".join(field.all("ab"))), type=kind)
    if field.tag == "605":
        return inside("titleInfo", _some("title", field.get("a")))
    return _some("geographic" if field.tag == "607" else "topic", field.get("a"))


def _division(subfield: tuple[str, str]) -> str:
    names = {"x": "topic", "y": "geographic", "z": "temporal", "j": "genre"}
    code, value = subfield
    return _some(names[code], value) if code in names else ""


def _classifications(record: Record) -> Iterator[str]:
    for tag, authority in (("675", "udc"), ("676", "ddc")):
        for field in record.all(tag):
            yield _some("classification", field.get("a"), authority=authority, edition=field.get("v"))


def _related(record: Record) -> Iterator[str]:
    for field in record.all("225"):
        title = inside("titleInfo", _some("title", field.get("a")), _some("partNumber", field.get("v")))
        yield inside("relatedItem", title, type="series")
    for field in record.all(*_RELATED):
        title = inside("titleInfo", _some("title", field.get("t")), _some("partNumber", field.get("v")))
        numbers = (_some("identifier", field.get("x"), type="issn"), _some("identifier", field.get("y"), type="isbn"))
        yield inside("relatedItem", title, *numbers, type=_RELATED[field.tag])


def _numbers(record: Record) -> Iterator[str]:
    for tag, kind in _IDENTIFIERS:
        for field in record.all(tag):
            yield _some("identifier", field.get("a"), type=kind)
            for wrong in field.all("z"):
                yield _some("identifier", wrong, type=kind, invalid="yes")
    yield _some("identifier", record.value("003"), type="uri")


def _location(record: Record, holdings: Sequence[Holding]) -> Iterator[str]:
    for field in record.all("856"):
        yield inside("location", _some("url", field.get("u")))
    for owner in dict.fromkeys(holding.owner for holding in holdings):
        copies = [
            inside(
                "copyInformation",
                _some("subLocation", holding.section),
                _some("shelfLocator", holding.call_number),
                _some("note", holding.status, type="availability"),
                _some("itemIdentifier", holding.barcode, type="barcode"),
            )
            for holding in holdings
            if holding.owner == owner
        ]
        yield inside("location", element("physicalLocation", owner), inside("holdingSimple", *copies))


def _info(record: Record) -> str:
    changed = record.value("005")[:14]
    language = record.value("100", "a")[22:25]
    return inside(
        "recordInfo",
        _some("recordChangeDate", changed, encoding="iso8601"),
        _some("recordIdentifier", record.value("001")),
        inside("languageOfCataloging", _some("languageTerm", language, type="code", authority="iso639-2b"))
        if language.strip().isalpha()
        else "",
    )
