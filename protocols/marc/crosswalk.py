"""UNIMARC to MARC21 and back, as far as the two can say the same.

What pairs field with field is the table in `crosswalk_table`; here are the few fields that cannot be paired: leader, coded data
(100, 102 and 008), title (200 and 245), cataloguing source (801 and 040), and which name is the main entry. What the other format
cannot say is named in `Conversion.lost`, never passed over in silence.

UNIMARC gives each element a code, MARC21 writes the ISBD punctuation between them: it is made and removed here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from protocols.marc import crosswalk_coded as coded
from protocols.marc import crosswalk_table as table
from protocols.marc.charsets import NSB, NSE, without_marks
from protocols.marc.crosswalk_table import Row, Way
from protocols.marc.format import Format, leader_of
from protocols.marc.record import Field, Record, Subfield

_new: Final = tuple.__new__  # what Subfield(...) does, less a call: a record has a hundred


class Conversion(NamedTuple):
    """A converted record, and what of the source ("995", "200$r") it could not hold."""

    record: Record
    lost: tuple[str, ...]


_CORPORATE: Final = {"110", "111", "610", "611", "710", "711"}


class _Pair(NamedTuple):
    """A row of the table, read in one direction, and what follows from it.

    `joined` is the UNIMARC code that MARC21 writes inside $a: the rest of a person's name, the qualifier of a body's.
    """

    row: Row
    match: re.Pattern[str]
    codes: dict[str, str]
    tag: str
    indicators: str
    joined: str
    is_subject: bool


_Choice: TypeAlias = Callable[[str, str], _Pair | None]
"""Which row is taken for a field, by its tag and indicators."""


def _choice(way: Way) -> _Choice:
    pairs: dict[str, list[_Pair]] = {}
    for row in table.ROWS:
        if row.way not in {Way.BOTH, way}:
            continue
        codes = [(pair[0], pair[2]) for pair in row.codes.split()]
        sides = [(row.unimarc, row.unimarc_indicators), (row.marc21, row.marc21_indicators)]
        joined = "b" if row.person else "c" if row.marc21 in _CORPORATE else ""
        if way is Way.TO_UNIMARC:
            codes = [(marc21, unimarc) for unimarc, marc21 in reversed(codes)]
            sides.reverse()
            joined = ""
        (tag, indicators), (other, its) = sides
        is_subject = row.marc21[0] == "6" and row.marc21 != "653"
        made = _Pair(row, re.compile(indicators), dict(codes), other, its.replace(".", " "), joined, is_subject)
        pairs.setdefault(tag, []).append(made)

    @lru_cache(4_096)  # there are few indicators
    def choose(tag: str, indicators: str) -> _Pair | None:
        return next((pair for pair in pairs.get(tag, ()) if pair.match.match(indicators)), None)

    return choose


_TO_MARC21: Final = _choice(Way.TO_MARC21)
_TO_UNIMARC: Final = _choice(Way.TO_UNIMARC)
_ITEM: Final = next(row for row in table.ROWS if row.unimarc == "995")
_ITEM_CODES: Final = frozenset(pair[0] for pair in _ITEM.codes.split())
_UNIMARC_RELATORS: Final = {marc21: unimarc for unimarc, marc21 in table.RELATORS.items()}
_UNIMARC_DATE_TYPES: Final = {marc21: unimarc for unimarc, marc21 in table.DATE_TYPES.items()}
_UNIMARC_TYPES: Final = {marc21: unimarc for unimarc, marc21 in table.TYPES.items()}
_UNIMARC_AUDIENCES: Final = {marc21: unimarc for unimarc, marc21 in table.AUDIENCES.items()}
_ISO_COUNTRIES: Final = {marc21: iso for iso, marc21 in table.COUNTRIES.items()}
# The MARC codes of states and provinces end in the letter of their country.
_COUNTRY_OF_STATE: Final = {"u": "US", "k": "GB", "c": "CA", "a": "AU"}


def convert(record: Record, source: Format, target: Format) -> Conversion:
    """Return `record`, which is in `source`, in `target`; fields are in the order of their tags."""
    if source is target:
        return Conversion(record, ())
    lost: list[str] = []
    fields = _to_marc21(record, lost) if target is Format.MARC21 else _to_unimarc(record, lost)
    fields.sort(key=lambda field: field.tag)
    return Conversion(Record(_leader(record.leader, target), fields), tuple(dict.fromkeys(lost)))


def _leader(leader: str, target: Format) -> str:
    types = table.TYPES if target is Format.MARC21 else _UNIMARC_TYPES
    leader = leader[:6] + types.get(leader[6], leader[6]) + leader[7:]
    if target is Format.MARC21:
        coded = leader[:8] + " a22" + leader[12:17] + {"2": "8", "3": "5"}.get(leader[17], leader[17]) + "i 4500"
    else:
        coded = leader[:8] + "  22" + leader[12:17] + {"8": "2", "5": "3"}.get(leader[17], " ") + "  450 "
    return leader_of(target, coded.encode("ascii", "replace")).decode()


_SECONDARY_TAGS: Final = frozenset({"702", "712", "722"})
_CONTRIBUTOR: Final = "205"


# --- UNIMARC to MARC21 ----------------------------------------------------------------------------------------------------------


def _to_marc21(record: Record, lost: list[str]) -> list[Field]:
    out: list[Field] = [_field_008(record, lost)]
    main = False
    for field in record.fields:
        tag = field.tag
        if tag in {"100", "102", "105", "106", "110", "801", "200"} or (tag == "101" and _says_one_language(field)):
            continue
        if tag in {"700", "710", "720"}:
            if main:
                field = Field(tag[:2] + "1", "", field.indicators, field.subfields)  # noqa: PLW2901 (a second main entry is added)
            main = True
        elif tag in _SECONDARY_TAGS and not field.get("4"):
            # MARC21 has one tag for primary and secondary responsibility: the role tells them apart.
            field = Field(tag, "", field.indicators, [*field.subfields, Subfield("4", _CONTRIBUTOR)])  # noqa: PLW2901
        elif tag[0] == "4" and any(code == "1" for code, _ in field.subfields):
            field = _plain_link(field)  # noqa: PLW2901 (the two techniques of UNIMARC become one)
        elif tag == "020" and field.get("a").upper() == "US" and field.get("b"):
            out.append(Field("010", "", "  ", [Subfield("a", field.get("b"))]))  # the number of the Library of Congress
            continue
        elif tag == "995":
            field = _with_notes(field)  # noqa: PLW2901 (what 852 has no subfield for)
        converted = _by_table(field, _TO_MARC21, Way.TO_MARC21, lost)
        if converted is not None:
            out.append(converted)
    title = record.get("200")
    if title is not None:
        out.append(_title_245(title, main, lost))
    source = _field_040(record)
    if source is not None:
        out.append(source)
    return out


def _with_notes(field: Field) -> Field:
    """Write what 852 has no subfield for as notes that are not public: "995.r CN"."""
    subfields = [
        each if each.code in _ITEM_CODES else Subfield("x", f"995.{each.code} {each.value}") for each in field.subfields
    ]
    return Field(field.tag, "", field.indicators, subfields)


_NOTED: Final = re.compile(r"995\.([0-9a-z]) (.+)", re.DOTALL)


def _without_notes(field: Field) -> Field:
    """Undo `_with_notes`."""
    noted = [(each, _NOTED.fullmatch(each.value) if each.code == "x" else None) for each in field.subfields]
    subfields = [Subfield(note[1], note[2]) if note else each for each, note in noted]
    return Field(field.tag, "", field.indicators, subfields)


def _says_one_language(field: Field) -> bool:
    return field.indicators[0] in "0 " and [code for code, _ in field.subfields] == ["a"]


def _by_table(field: Field, choose: _Choice, way: Way, lost: list[str]) -> Field | None:
    """Convert a field by the first row that fits it."""
    pair = choose(field.tag, field.indicators)
    if pair is None:
        lost.append(field.tag)
        return None
    if field.is_control:
        return Field(pair.tag, field.data)
    codes, joined = pair.codes, pair.joined
    subfields = []
    for code, value in field.subfields:
        said = codes.get(code) if value else None
        if said is not None:
            subfields.append(_new(Subfield, (said, value)))
        elif code not in joined:
            lost.append(f"{field.tag}${code}")
    subfields = (_write if way is Way.TO_MARC21 else _unwrite)(pair, field, subfields)
    if not subfields:
        return None
    made = Field(pair.tag, "", pair.indicators, subfields)
    return _vocabulary(made, field, way) if pair.is_subject else made


def _write(pair: _Pair, field: Field, subfields: list[Subfield]) -> list[Subfield]:
    """Write MARC21: names in one subfield, relators in its codes, ISBD punctuation at the ends."""
    rest = field.get(pair.joined) if pair.joined else ""
    if rest:
        rest = f"{', ' if pair.row.person and field.indicators[1] == '1' else ' '}{rest}"
        subfields = [Subfield(code, value + rest if code == "a" else value) for code, value in subfields]
    subfields = [each if each[1].isascii() and each[0] != "4" else _written(*each) for each in subfields]
    points = table.PUNCTUATION.get(pair.tag)
    if points is None:
        return subfields
    out: list[Subfield] = []
    for each in subfields:
        point = points.get(each.code)
        if point and out and not out[-1].value.endswith(point):
            out[-1] = Subfield(out[-1].code, out[-1].value + point)
        out.append(each)
    return out


def _written(code: str, value: str) -> Subfield:
    return Subfield(code, table.RELATORS.get(value, value) if code == "4" else without_marks(value))


_SECOND_INDICATORS: Final = {name: indicator for indicator, name in table.VOCABULARIES.items()}


def _vocabulary(made: Field, field: Field, way: Way) -> Field:
    """Say the vocabulary of a subject: $2 in UNIMARC, the second indicator and sometimes $2 in MARC21."""
    others = [each for each in made.subfields if each.code != "2"]
    named = field.get("2")
    if way is Way.TO_MARC21:
        letter = _SECOND_INDICATORS.get(named, "7" if named else "4")
        said = [Subfield("2", {"rameau": "ram"}.get(named, named))] if letter == "7" else []
        return Field(made.tag, "", made.indicators[0] + letter, others + said)
    name = table.VOCABULARIES.get(field.indicators[1], {"ram": "rameau"}.get(named, named))
    return Field(made.tag, "", made.indicators, others + ([Subfield("2", name)] if name else []))


_LINKED: Final = {"001": "0", "010": "y", "011": "x", "200": "t", "700": "a", "710": "a"}


def _plain_link(field: Field) -> Field:
    """Rewrite a link that embeds fields ($1, tag, indicators, then their subfields) with the subfields of the other technique."""
    out: list[Subfield] = []
    inside = ""
    for code, value in field.subfields:
        if code == "1":
            inside = value[:3]
            if inside == "001":
                out.append(Subfield("0", value[3:]))
        elif inside == "200" and code == "v":
            out.append(Subfield("v", value))
        elif code == "a" and inside in _LINKED:
            out.append(Subfield(_LINKED[inside], value))
        elif inside == "700" and code == "b" and out and out[-1].code == "a":
            out[-1] = Subfield("a", f"{out[-1].value}, {value}")
    return Field(field.tag, "", field.indicators, out)


def _title_245(field: Field, main: bool, lost: list[str]) -> Field:
    """Write a title proper with its ISBD punctuation; the length of its article goes into the second indicator."""
    parts: dict[str, str] = {}
    before = {"d": " = ", "e": " : ", "c": ". ", "h": ". ", "i": ". "}
    proper: list[Subfield] = []  # $a, $n and $p
    for code, value in field.subfields:
        if code == "a" and not proper:
            proper.append(Subfield("a", without_marks(value)))
        elif code in "hi" and proper and "c" not in parts:
            point = "," if code == "i" and proper[-1].code == "n" else "."
            proper[-1] = Subfield(proper[-1].code, proper[-1].value + point)
            proper.append(Subfield("n" if code == "h" else "p", value))
        elif code == "b":
            parts["h"] = f"[{value.strip('[]')}]"
        elif code in "acdehi" and proper:
            place = "c" if "c" in parts else "b"
            joint = before.get(code, " ; ")
            parts[place] = parts[place] + joint + value if place in parts else joint.strip() + "\0" + value
        elif code in "fg":
            parts["c"] = f"{parts['c']} ; {value}" if "c" in parts else value
        else:
            lost.append(f"200${code}")
    subfields = proper
    if "h" in parts:
        subfields = [*subfields, Subfield("h", parts["h"])]
    if "b" in parts and subfields:
        point, _, value = parts["b"].partition("\0")
        subfields = [*_ended(subfields, f" {point}" if point != "." else point), Subfield("b", without_marks(value))]
    if "c" in parts:
        subfields = [*_ended(subfields, " /"), Subfield("c", without_marks(parts["c"]))]
    article = re.match(f"{NSB}([^{NSE}]*){NSE}", field.get("a"))
    length = len(article[1]) if article else 0
    return Field("245", "", f"{int(main)}{length if length < 10 else 0}", subfields)


def _ended(subfields: list[Subfield], point: str) -> list[Subfield]:
    if not subfields:
        return []
    *others, last = subfields
    return [*others, Subfield(last.code, last.value + point)]


def _field_008(record: Record, lost: list[str]) -> Field:
    """Make 008 of coded data; what UNIMARC codes elsewhere is filled with "|" (no attempt to code)."""
    a = record.value("100", "a").ljust(36)
    entered = a[2:8] if a[:8].isdigit() else record.value("005")[2:8] if record.value("005")[:8].isdigit() else "000000"
    country = table.COUNTRIES.get(record.value("102", "a").upper(), "xx").ljust(3)
    dates = table.DATE_TYPES.get(a[8], "|") + a[9:17]
    audience = table.AUDIENCES.get(a[17], "|")
    language = record.value("101", "a")[:3].ljust(3, "|")
    characters = list(f"{entered}{dates}{country}||||{audience}||||||||||||{language}|u")
    lost += coded.fill_008(record, characters)
    return Field("008", "".join(characters))


_AGENCY_CODES: Final = {"0": "a", "1": "c", "2": "d", "3": "d"}


def _field_040(record: Record) -> Field | None:
    out: list[Subfield] = []
    rules = ""
    for field in record.all("801"):
        country, agency = field.get("a"), field.get("b")
        code = _AGENCY_CODES.get(field.indicators[1], "d")
        if code == "c" and any(each.code == "c" for each in out):
            code = "d"
        if agency:
            out.append(Subfield(code, f"{country}-{agency}" if country else agency))
        rules = rules or field.get("g")
    language = record.value("100", "a")[22:25]
    if not out:
        return None
    if language.isalpha():
        out.append(Subfield("b", language))
    if rules:
        out.append(Subfield("e", rules))
    return Field("040", "", "  ", sorted(out, key=lambda each: "abecd".index(each.code)))


# --- MARC21 to UNIMARC ----------------------------------------------------------------------------------------------------------


def _to_unimarc(record: Record, lost: list[str]) -> list[Field]:
    out = _coded_data(record)
    special: dict[str, Callable[[Field], list[Field]]] = {
        "008": lambda _: [],
        "010": lambda field: [Field("020", "", "  ", [Subfield("a", "US"), Subfield("b", field.get("a").strip())])],
        "040": _fields_801,
        "245": lambda field: [_title_200(field, lost)],
    }
    for field in record.fields:
        if field.tag in special:
            out += special[field.tag](field)
            continue
        converted = _by_table(field, _TO_UNIMARC, Way.TO_UNIMARC, lost)
        if converted is None:
            continue
        if converted.tag == "995":
            converted = _without_notes(converted)
        if converted.tag in {"701", "711"} and table.SECONDARY.intersection(field.all("4")):
            converted.tag = converted.tag[:2] + "2"
        out.append(converted)
    return out


_ISBD_END: Final = re.compile(r"\s*[/:;,=+]\s*$")
_FULL_STOP: Final = re.compile(r"(?<=[\w)\]]{2})\.$|(?<=[)\]])\.$")
_ABBREVIATED: Final = re.compile(
    r"\b(?:Inc|Corp|Co|Ltd|Dept|etc|Bros|illus|Jr|Sr|[Ee]d|[ÉéE]d|vol|no|St|Dr|pp)\.$|\w\.\w\.$"
)


def bare(text: str, *, stop: bool = True) -> str:
    """Return MARC21 text without the punctuation that announces the next element and, with `stop`, what ends the field."""
    text = _ISBD_END.sub("", text).strip()
    return _FULL_STOP.sub("", text) if stop and not _ABBREVIATED.search(text) else text


def _unwrite(pair: _Pair, field: Field, subfields: list[Subfield]) -> list[Subfield]:
    """Undo `_write`."""
    row = pair.row
    if row.marc21 in table.PUNCTUATION or row.marc21[0] in "167":
        stop = row.marc21[0] in "167" or row.marc21 in {"260", "264"}
        subfields = [Subfield(code, bare(value, stop=stop)) for code, value in subfields]
    if row.person and field.indicators[0] == "1" and subfields and subfields[0].code == "a":
        entry, comma, rest = subfields[0].value.partition(", ")
        subfields = [Subfield("a", entry), *([Subfield("b", rest)] if comma else []), *subfields[1:]]
    if row.marc21 in _CORPORATE and subfields and (qualified := _QUALIFIED.fullmatch(subfields[0].value)):
        subfields = [Subfield("a", qualified[1]), Subfield("c", qualified[2]), *subfields[1:]]
    return [
        Subfield(c, _UNIMARC_RELATORS.get(v.rpartition("/")[2], v)) if c == "4" else Subfield(c, v)
        for c, v in subfields
    ]


_QUALIFIED: Final = re.compile(r"(.+?) (\([^()]+\))")
"""The name of a body and its qualifier, which UNIMARC divides."""
_PARTS: Final = re.compile(r"\s+([:=;])\s+")


def _title_200(field: Field, lost: list[str]) -> Field:
    """Read the punctuation of a title back into codes."""
    out: list[Subfield] = []
    point = ":"
    codes = [code for code, _ in field.subfields]
    for (code, value), following in zip(field.subfields, [*codes[1:], ""], strict=True):
        if following in {"n", "p"}:  # Its full stop or comma announces the number or part.
            value = value.removesuffix(".").removesuffix(",")  # noqa: PLW2901
        if code == "a":
            length = int(field.indicators[1]) if field.indicators[1].isdigit() else 0
            proper, *others = _PARTS.split(bare(value))
            if length:
                proper = f"{NSB}{proper[:length]}{NSE}{proper[length:]}"
            out.append(Subfield("a", proper))
            out += _coded(others)
        elif code == "b":
            first, *others = _PARTS.split(bare(value))
            out += _coded([point, first, *others])
        elif code == "c":
            first, *others = re.split(r"\s+;\s+", bare(value))
            out += [Subfield("f", first), *(Subfield("g", other) for other in others)]
        elif code == "h":  # French UNIMARC keeps the brackets
            out.append(Subfield("b", f"[{bare(value).strip('[]')}]"))
        elif code in "np":
            out.append(Subfield({"n": "h", "p": "i"}[code], bare(value)))
        else:
            lost.append(f"245${code}")
        point = value.rstrip()[-1:]
    return Field("200", "", "1 ", out)


def _coded(pieces: Iterable[str]) -> list[Subfield]:
    """Turn separators and texts, by turns, into subfields."""
    turns = iter(pieces)
    return [Subfield({"=": "d", ";": "a"}.get(point, "e"), text) for point, text in zip(turns, turns, strict=True)]


def _coded_data(record: Record) -> list[Field]:
    """Make 100, 101 and 102 of 008 (101 only where 041 does not say more)."""
    data = record.value("008").ljust(40, "|")
    entered = data[:6] if data[:6].isdigit() else ""
    if entered:  # Machine-readable cataloguing began in 1968.
        entered = ("19" if entered >= "68" else "20") + entered
    kind = _UNIMARC_DATE_TYPES.get(data[6], "u")
    dates = data[7:15].replace("|", " ").replace("u", " ")
    language = record.value("040", "b")[:3]
    audience = _UNIMARC_AUDIENCES.get(data[22], "u" if data[22] != "|" else " ")
    government, modified = coded.general(data)
    a = f"{entered:8}{kind}{dates}{audience}  {government}{modified}{language:3}y50      ba"
    out = [Field("100", "", "  ", [Subfield("a", a)]), *coded.fields(record)]
    if data[35:38].isalpha() and record.get("041") is None:
        out.append(Field("101", "", "0 ", [Subfield("a", data[35:38])]))
    place = data[15:18].strip(" |")
    country = _ISO_COUNTRIES.get(place) or (_COUNTRY_OF_STATE.get(place[2]) if len(place) == 3 else None)
    if country:
        out.append(Field("102", "", "  ", [Subfield("a", country)]))
    return out


def _fields_801(field: Field) -> list[Field]:
    out = []
    for code, value in field.subfields:
        if code in "acd":
            country, dash, agency = value.partition("-")
            known = bool(dash) and len(country) == 2 and country.isupper()
            said = [Subfield("a", country), Subfield("b", agency)] if known else [Subfield("b", value)]
            rules = [Subfield("g", field.get("e"))] if field.get("e") else []
            out.append(Field("801", "", {"a": " 0", "c": " 1", "d": " 2"}[code], said + rules))
    return out
