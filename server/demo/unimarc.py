"""A title as a UNIMARC record: what a French library's cataloguer would write, in the fields of the UNIMARC manual."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from protocols.marc.charsets import NSB, NSE
from protocols.marc.record import Field, Record, Subfield
from server.demo.french import of
from server.demo.works import Role, Title

SOURCE: Final = "DEMO"
_ENTERED: Final = "20250901"
_ARTICLE: Final = re.compile(r"(?:Les |Le |La |L'|Une |Un )(?=\w)")


class _Form(NamedTuple):
    """How a kind of document is coded: leader 6-7, content, medium, carrier with its list, the unit of its extent."""

    leader: str
    content: str
    medium: str
    carrier: str
    carriers: str


_VOLUME: Final = _Form("am", "txt", "n", "nc", "rdacarrier")
_FORMS: Final = {
    "book": _VOLUME,
    "comic": _VOLUME._replace(content="sti"),
    "magazine": _VOLUME._replace(leader="as"),
    "dvd": _Form("gm", "tdi", "v", "vd", "rdacarrier"),
    "cd": _Form("jm", "prm", "s", "sd", "rdacarrier"),
    "game": _Form("rm", "tdf", "n", "nr", "rdacarrier"),
}


_FREQUENCIES: Final = {"Hebdomadaire": "c", "Mensuel": "f", "Bimestriel": "g", "Trimestriel": "h", "Annuel": "k"}


def record(title: Title, number: int) -> Record:
    """Return *title* as record *number*, without items."""
    form = _FORMS[title.kind]
    fields = [
        Field("001", f"{SOURCE}{number:06d}"),
        Field("005", f"{_ENTERED}120000.0"),
        *_numbers(title),
        *_coded(title, form),
        _title(title),
        *_publication(title),
        *_notes(title),
        *_links(title),
        *_subjects(title),
        *_people(title.roles),
        _field("801", " 3", ("a", "FR"), ("b", SOURCE), ("c", _ENTERED), ("g", "AFNOR")),
    ]
    leader = f"00000n{form.leader}  2200000   450 "
    return Record(leader, [each for each in fields if each.data or each.subfields])


def _field(tag: str, indicators: str, *subfields: tuple[str, str]) -> Field:
    return Field(tag, "", indicators, [Subfield(code, value) for code, value in subfields if value])


def _numbers(title: Title) -> list[Field]:
    binding = "rel." if title.size == "24 cm" else "br."
    return [
        _field("010", "  ", ("a", title.isbn), ("b", binding if title.isbn else "")),
        _field("011", "  ", ("a", title.issn)),
        _field("073", " 1", ("a", title.ean)),
    ]


def _coded(title: Title, form: _Form) -> list[Field]:
    serial = bool(title.frequency)
    dates = f"a{title.year}9999" if serial else f"d{title.year}    "
    languages = [("a", title.language)]
    if title.parallel:
        languages.append(("a", title.original_language))
    elif title.original_language:
        languages.append(("c", title.original_language))
    translated = "2" if title.parallel else "1" if title.original_language else "0"
    return [
        _field("100", "  ", ("a", f"{_ENTERED}{dates}{title.audience}  y0frey50      ba")),
        _field("101", f"{translated} ", *languages),
        _field("102", "  ", ("a", "BE" if title.publisher.place == "Bruxelles" else "FR")),
        _field("110", "  ", ("a", f"a{_FREQUENCIES[title.frequency]}a||||0xx0" if serial else "")),
        _field("181", "  ", ("6", "z01"), ("c", form.content), ("2", "rdacontent")),
        _field("182", "  ", ("6", "z01"), ("c", form.medium), ("2", "rdamedia")),
        _field("183", "  ", ("6", "z01"), ("a", form.carrier), ("2", form.carriers)),
    ]


def _sorted(text: str) -> str:
    """Return a title with the article that does not file marked."""
    found = _ARTICLE.match(text)
    return f"{NSB}{found[0]}{NSE}{text[found.end() :]}" if found else text


def _title(title: Title) -> Field:
    kinds = dict.fromkeys(role.words for role in title.roles)
    first, *others = [_responsibility(title.roles, words) for words in kinds] or [""]
    return _field(
        "200", "1 ",
        ("a", _sorted(title.title)),
        ("d", title.parallel),
        ("e", title.complement),
        ("h", title.volume),
        ("i", _sorted(title.part)),
        ("f", first),
        *(("g", other) for other in others),
    )  # fmt: skip


def _responsibility(roles: tuple[Role, ...], words: str) -> str:
    names = [f"{role.person.forename} {role.person.surname}".strip() for role in roles if role.words == words]
    joined = ", ".join(names)
    return f"{words.removesuffix('de')}{of(joined)}" if words.endswith(" de") else f"{words} {joined}".strip()


def _publication(title: Title) -> list[Field]:
    dates = f"{title.year}-" if title.frequency else str(title.year)
    where = (("a", title.publisher.place), ("c", title.publisher.name), ("d", dates))
    tag, indicators = ("214", " 0") if title.year >= 2020 else ("210", "  ")
    return [
        _field("205", "  ", ("a", title.edition)),
        _field("207", " 0", ("a", f"N° 1 ({title.year})-" if title.frequency else "")),
        _field(tag, indicators, *where),
        _field("215", "  ", ("a", title.extent), ("c", title.illustrated), ("d", title.size)),
        _field("225", "2 ", ("a", title.series), ("v", title.series_number)),
    ]


def _notes(title: Title) -> list[Field]:
    return [_field("326", "  ", ("a", title.frequency)), _field("330", "  ", ("a", title.summary))]


def _links(title: Title) -> list[Field]:
    return [
        _field("410", " 0", ("t", title.series), ("v", title.series_number)),
        _field("454", " 1", ("t", "" if title.parallel else title.original)),
        _field("461", " 0", ("t", title.set_title), ("v", title.volume)),
        _field("510", "1 ", ("a", title.parallel), ("z", title.original_language if title.parallel else "")),
    ]


def _subjects(title: Title) -> list[Field]:
    fields = []
    for subject in title.subjects:
        head, *rest = subject.split(" -- ")
        fields.append(_field("606", "  ", ("a", head), *(("x", part) for part in rest), ("2", "rameau")))
    if title.genre:
        fields.append(_field("608", "  ", ("a", title.genre), ("2", "rameau")))
    return [*fields, _field("676", "  ", ("a", title.dewey), ("v", "23" if title.dewey else ""))]


_SECONDARY: Final = frozenset({"005", "080", "730"})
"""Actor, author of a preface, translator: those whose responsibility is not for the work itself."""


def _people(roles: tuple[Role, ...]) -> list[Field]:
    fields = []
    for at, (person, code, _words) in enumerate(roles):
        tag = "702" if code in _SECONDARY else "701" if at else "700"
        indicators = " 1" if person.forename else " 0"
        fields.append(
            _field(tag, indicators, ("a", person.surname), ("b", person.forename), ("f", person.dates), ("4", code))
        )
    return fields
