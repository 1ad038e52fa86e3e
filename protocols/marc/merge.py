"""Two descriptions of one document made one: the better is the base, and gains what only the other says.

One table tells what happens to each field. Nothing of the base is changed or taken away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple

from protocols.marc.format import Format
from protocols.marc.record import Field, Record


class Rule(Enum):
    """What becomes of a field of the other record."""

    NEVER = "the base's own"
    UNION = "added where the base does not say the same"
    ONCE = "added where the base has no field of its group"


class Row(NamedTuple):
    """Tags (a pattern of the whole tag) and their rule; the tags of a ONCE row are one group where it says so."""

    tags: str
    rule: Rule
    is_group: bool = False


RULES: Final[dict[Format, tuple[Row, ...]]] = {
    Format.UNIMARC: (
        Row("001|003|005|100", Rule.NEVER),
        Row("01.|02.|033|035|07.", Rule.UNION),
        Row("21[04]", Rule.ONCE, is_group=True),
        Row("7[0-3].", Rule.ONCE, is_group=True),
        Row("18.", Rule.ONCE, is_group=True),
        Row("3..|4..|5..|6..|80.|856|9..", Rule.UNION),
        Row("...", Rule.ONCE),
    ),
    Format.MARC21: (
        Row("00[135678]", Rule.NEVER),
        Row("010|01[5-7]|02.|03[05]|0[5-9].", Rule.UNION),
        Row("26[04]", Rule.ONCE, is_group=True),
        Row("[17][01][01]|720", Rule.ONCE, is_group=True),
        Row("33[678]", Rule.ONCE, is_group=True),
        Row("[59]..|6..|246|490|7[3-8].|8[03]0|85.", Rule.UNION),
        Row("...", Rule.ONCE),
    ),
}
"""The first row that a tag fits holds (domain.md 5.3: identifiers, summaries, subjects and local fields are joined)."""

_MATTER: Final = re.compile(r"[\W_]+")
_CONTROL_SUBFIELDS: Final = "0235678"
"""Links, authority numbers and sources: two fields that differ in these alone say the same."""


def combine(base: Record, others: Iterable[Record], form: Format) -> Record:
    """Return *base* with what only the *others* (of the same format) say, each field after those of its tag and below."""
    fields = list(base.fields)
    for other in others:
        had = {_row(field.tag, form).tags for field in fields if _row(field.tag, form).is_group}
        tags = {field.tag for field in fields}
        said = {_matter(field) for field in fields}
        for field in other.fields:
            row = _row(field.tag, form)
            once = row.rule is Rule.ONCE and not (row.tags in had if row.is_group else field.tag in tags)
            if once or (row.rule is Rule.UNION and _matter(field) not in said):
                said.add(_matter(field))
                _insert(fields, field)
    return Record(base.leader, fields)


def _row(tag: str, form: Format) -> Row:
    return next(row for row in RULES[form] if re.fullmatch(row.tags, tag, re.DOTALL))


def _matter(field: Field) -> tuple[str, str]:
    """Return what a field says, without case, punctuation and control subfields."""
    parts = [value for code, value in field.subfields if code not in _CONTROL_SUBFIELDS] or [
        value for _code, value in field.subfields
    ]
    return field.tag, _MATTER.sub("", "".join(parts) or field.data).casefold()


def _insert(fields: list[Field], field: Field) -> None:
    at = next((i for i in range(len(fields), 0, -1) if fields[i - 1].tag <= field.tag), 0)
    fields.insert(at, field)


_LEVELS: Final = {
    Format.UNIMARC: {" ": 30, "1": 20, "2": 10},
    Format.MARC21: {" ": 30, "1": 25, "4": 20, "2": 15, "7": 10},
}
"""Leader/17, the encoding level, in points; what is not here counts nothing."""


_NATIONAL: Final = {
    Format.UNIMARC: re.compile("ark:/12148/"),
    Format.MARC21: re.compile("(?i)FR-?(751131015|PaBNF|PBN)"),
}
"""What field 003 of a record of the Bibliothèque nationale says: its ARK, or in MARC21 the library's code."""


def is_national(record: Record, form: Format) -> bool:
    """Tell whether a record is the national library's own, which is preferred to any made of it (domain.md 5.3)."""
    said = next((field.data for field in record.fields if field.tag == "003"), "")
    return _NATIONAL[form].search(said) is not None


def fullness(record: Record, form: Format) -> int:
    """Return how much a record says, in points: by its own word (encoding level), by kinds of fields, by fields."""
    kinds = {field.tag for field in record.fields}
    return _LEVELS[form].get(record.leader[17:18], 0) + 2 * len(kinds) + len(record.fields)
