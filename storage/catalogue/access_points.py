"""What can be asked for, and where it is found in a record: one table, for the index, for queries and for the Use attributes.

An access point of words has a posting for each word. Pairs of adjacent words ("w1 w2"), which find phrases, are under its code
plus `PAIRS`; whole headings, so that they can be walked in order, under its code plus `HEADINGS`. Identifiers and years have
one posting for each normal form.

Places are written `tag$codes`; `700-702$ab` is three tags, `4--$t` all tags that begin with 4. The subfields of one field that a
place names are one sequence of words: pairs do not cross fields.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final, NamedTuple

from protocols.marc.charsets import NSB, without_article
from protocols.marc.format import Format
from protocols.marc.iso2709 import RawField
from storage.catalogue import analyser

HEADINGS: Final = 100
"""Added to the code of an access point for its whole headings."""
PAIRS: Final = 200
"""Added to the code of an access point for its pairs of adjacent words."""
DATABASES: Final = 0
"""The access point of the databases that a record belongs to; its terms are their ids."""


class PointKind(Enum):
    """What the terms of an access point are."""

    WORDS = "words"
    IDENTIFIER = "identifier"
    YEAR = "year"


class Places(NamedTuple):
    """Where an access point is found in one format."""

    words: str
    headings: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class AccessPoint:
    """One row of the table; `code` is what its postings say.

    With `pairs`, phrases are found fast; `names` are asked for in both orders; the leading articles of `titles` do not
    count in headings; `normal` finds the identifiers in a text. With `anywhere`, its terms are found under ANY too.
    """

    code: int
    name: str
    unimarc: Places
    marc21: Places
    kind: PointKind = PointKind.WORDS
    pairs: bool = True
    names: bool = False
    titles: bool = False
    normal: Callable[[str], list[str]] | None = None
    anywhere: bool = True

    @property
    def has_headings(self) -> bool:
        """Whether complete fields can be asked for."""
        return bool(self.unimarc.headings)

    def places(self, form: Format) -> Places:
        """Return where the access point is found in a record of `form`."""
        return self.unimarc if form is Format.UNIMARC else self.marc21

    def __repr__(self) -> str:
        return f"<AccessPoint {self.name}>"


_NUMBER: Final = PointKind.IDENTIFIER

ANY: Final = AccessPoint(
    1,
    "any",
    Places("200$b 205$ab 300-345$ab 620$abcd 675$a 676$a 686$a"),
    Places("245$h 250$ab 500-588$a 050$a 080$a 082$a 084$a 752$abcd"),
    pairs=False,
)
"""Holds besides its own places all words and numbers of the others. A phrase is looked for where there are pairs."""

TITLE: Final = AccessPoint(
    2,
    "title",
    Places(
        "200$acdehi 500-518$aehi 520$aehi 530-545$aehi 411-488$t 600-605$t",
        "200$a 200$aehi 500-518$aehi 520$aehi 530-545$aehi 411-488$t",
    ),
    Places(
        "245$abnp 130$anp 210$a 222$a 240$anp 242$abnp 246$abnp 247$abnp 730$anp 740$anp 765-787$t 700-711$t 600-611$t",
        "245$a 245$abnp 130$anp 222$a 240$anp 242$abnp 246$abnp 247$abnp 730$anp 740$anp 765-787$t",
    ),
    titles=True,
)
PERSON: Final = AccessPoint(
    3,
    "personal-name",
    Places("700-702$abcd", "700-702$ab 700-702$abcdf"),
    Places("100$abcq 700$abcq", "100$a 100$abcd 700$a 700$abcd"),
    names=True,
)
BODY: Final = AccessPoint(
    4,
    "corporate-name",
    Places("710-712$abcdef 716$a 720-722$af 730$a", "710-712$ab 710-712$abcdef 720-722$a"),
    Places("110$abcdn 111$acden 710$abcdn 711$acden 720$a", "110$ab 110$abcdn 111$acden 710$ab 710$abcdn 711$acden"),
)
RESPONSIBILITY: Final = AccessPoint(5, "responsibility", Places("200$fg"), Places("245$c"), pairs=False)
SUBJECT: Final = AccessPoint(
    6,
    "subject",
    Places(
        "600$abcdftxyzj 601$abcdeftxyzj 602$aftxyzj 604$at 605$ahixyzj 606-608$axyzj 610$a",
        "600$abcdftxyzj 601$abcdeftxyzj 602$aftxyzj 605$ahixyzj 606-608$axyzj 606-608$a 610$a",
    ),
    Places(
        "600$abcdtvxyz 610$abcdtvxyz 611$acdetvxyz 630$anpvxyz 648$avxyz 650$avxyz 651$avxyz 653$a 655$avxyz",
        "600$abcdtvxyz 610$abcdtvxyz 611$acdetvxyz 630$anpvxyz 650$avxyz 650$a 651$avxyz 651$a 653$a 655$avxyz 655$a",
    ),
)
SERIES: Final = AccessPoint(
    7,
    "series",
    Places("225$aehi 410$t", "225$aehi 410$t"),
    Places("440$anp 490$a 800$t 810$t 811$t 830$anp", "440$anp 490$a 830$anp"),
    titles=True,
)
PUBLISHER: Final = AccessPoint(8, "publisher", Places("210$cg 214$c"), Places("260$bf 264$b"), pairs=False)
PLACE: Final = AccessPoint(9, "place-of-publication", Places("210$ae 214$a"), Places("260$ae 264$a"), pairs=False)
YEAR: Final = AccessPoint(
    10, "date-of-publication", Places("210$d 214$d 100$a"), Places("260$c 264$c 008$"), PointKind.YEAR
)
ISBN: Final = AccessPoint(
    11, "isbn", Places("010$az 073$a 4--$y"), Places("020$az 024$a 76-$z 77-$z 78-$z"), _NUMBER, normal=analyser.isbns
)
ISSN: Final = AccessPoint(
    12,
    "issn",
    Places("011$afyz 073$a 4--$x 225$x"),
    Places("022$alyz 024$a 440$x 490$x 76-$x 77-$x 78-$x 830$x"),
    _NUMBER,
    normal=analyser.issns,
)
LOCAL_NUMBER: Final = AccessPoint(
    13, "local-number", Places("001$"), Places("001$"), _NUMBER, normal=analyser.number, anywhere=False
)
OTHER_NUMBER: Final = AccessPoint(
    14,
    "other-number",
    Places("003$ 017$a 033$a 035$az"),
    Places("010$a 035$az"),
    _NUMBER,
    normal=analyser.number,
    anywhere=False,
)

ALL: Final = (
    ANY, TITLE, PERSON, BODY, RESPONSIBILITY, SUBJECT, SERIES, PUBLISHER, PLACE, YEAR, ISBN, ISSN, LOCAL_NUMBER, OTHER_NUMBER,
)  # fmt: skip

by_use: Final[dict[int, tuple[AccessPoint, ...]]] = {
    1: (PERSON,),
    4: (TITLE,),
    5: (SERIES,),
    7: (ISBN,),
    8: (ISSN,),
    12: (LOCAL_NUMBER,),
    21: (SUBJECT,),
    31: (YEAR,),
    59: (PLACE,),
    1003: (PERSON, BODY, RESPONSIBILITY),
    1004: (PERSON,),
    1016: (ANY,),
    1017: (ANY,),
    1018: (PUBLISHER,),
    1032: (LOCAL_NUMBER, OTHER_NUMBER),
    1035: (ANY,),
}
"""Bib-1 Use attribute to the access points that serve it together."""


# --- the table, read for one format -------------------------------------------------------------------------------------------


Parts = Sequence[tuple[str, str]]
"""The subfields of a field: codes and values."""


class _Words(NamedTuple):
    code: int
    codes: frozenset[str]
    pairs: bool
    spoken: Callable[[Parts], list[str]] | None


class _Heading(NamedTuple):
    code: int
    codes: frozenset[str]
    title: bool


class _Numbers(NamedTuple):
    code: int
    codes: frozenset[str]
    normal: Callable[[str], list[str]]


class _Plan(NamedTuple):
    """What is taken from the fields of one tag."""

    words: list[_Words]
    headings: list[_Heading]
    numbers: list[_Numbers]


def places(text: str) -> Iterator[tuple[str, str]]:
    """Yield (tag, codes) for every tag that a list of places names."""
    for place in text.split():
        tags, _, codes = place.partition("$")
        if tags.endswith("-"):
            prefix = tags.rstrip("-")
            start, end = int(prefix.ljust(3, "0")), int(prefix.ljust(3, "9"))
        else:
            first, _, last = tags.partition("-")
            start, end = int(first), int(last or first)
        for tag in range(start, end + 1):
            yield f"{tag:03}", codes


def _plans(form: Format) -> dict[bytes, _Plan]:
    plans: dict[bytes, _Plan] = {}

    def plan(tag: str) -> _Plan:
        return plans.setdefault(tag.encode(), _Plan([], [], []))

    for point in ALL:
        where = point.places(form)
        for tag, codes in places(where.words):
            if point.kind is PointKind.WORDS:
                # A statement of responsibility (200 $f, 245 $c) is written in the order of speech already.
                spoken = _SPOKEN[form] if point.names and tag in _PERSONS[form] else None
                plan(tag).words.append(_Words(point.code, frozenset(codes), point.pairs, spoken))
            else:
                normal = point.normal or _years_of(tag, form)
                plan(tag).numbers.append(_Numbers(point.code, frozenset(codes), normal))
        for tag, codes in places(where.headings):
            plan(tag).headings.append(_Heading(HEADINGS + point.code, frozenset(codes), point.titles))
    return plans


def _years_of(tag: str, form: Format) -> Callable[[str], list[str]]:
    """Return what finds years in a field: coded data give the first date only, texts all of them."""
    if tag == "100" and form is Format.UNIMARC:
        return lambda text: analyser.years(text[9:13])
    if tag == "008":
        return lambda text: analyser.years(text[7:11])
    return analyser.years


def _spoken_unimarc(parts: Parts) -> list[str]:
    """Return the words of a person's name as it is said: $b forename, $a surname."""
    return [*_sequence(parts, _B), *_sequence(parts, _A)] if any(code == "b" for code, _ in parts) else []


def _spoken_marc21(parts: Parts) -> list[str]:
    """Return the words of a person's name as it is said: $a is "surname, forename"."""
    surname, _, forename = next((value for code, value in parts if code == "a"), "").partition(", ")
    return [*analyser.words(forename), *analyser.words(surname)] if forename else []


_A: Final = frozenset("a")
_B: Final = frozenset("b")
_SPOKEN: Final = {Format.UNIMARC: _spoken_unimarc, Format.MARC21: _spoken_marc21}
_PERSONS: Final = {Format.UNIMARC: {"700", "701", "702"}, Format.MARC21: {"100", "700"}}
_PLANS: Final = {form: _plans(form) for form in Format}
_ANYWHERE: Final = [point.code for point in ALL if point.anywhere and point is not ANY]
Terms = defaultdict[int, set[str]]


def extract(fields: Iterable[RawField], form: Format) -> Terms:
    """Return the terms of a record (UTF-8 fields): code of the postings to set of terms."""
    plans = _PLANS[form]
    terms: Terms = defaultdict(set)
    for tag, data in fields:
        plan = plans.get(tag)
        if plan is None:
            continue
        text = data.decode("utf-8", "replace")
        if tag < b"010":
            for code, _, normal in plan.numbers:
                terms[code].update(normal(text))
        else:
            _extract(_parts(text), plan, terms)
    terms[ANY.code].update(*[terms[code] for code in _ANYWHERE if code in terms])
    return terms


def _parts(text: str) -> Parts:
    return [(part[0], part[1:]) for part in text.split("\x1f")[1:] if part]


def _extract(parts: Parts, plan: _Plan, terms: Terms) -> None:
    for words in plan.words:
        for sequence in _sequences(parts, words):
            terms[words.code].update(sequence)
            if words.pairs:
                terms[PAIRS + words.code].update(pairs(sequence))
    for code, codes, title in plan.headings:
        key = analyser.heading(_sequence(_without_articles(parts) if title else parts, codes), title=title)
        if key:
            terms[code].add(key)
    for code, codes, normal in plan.numbers:
        for subfield, value in parts:
            if subfield in codes:
                terms[code].update(normal(value))


def _without_articles(parts: Parts) -> Parts:
    return (
        [(code, without_article(value)) for code, value in parts] if any(NSB in value for _, value in parts) else parts
    )


def pairs(sequence: Sequence[str]) -> list[str]:
    """Return the terms of adjacent words."""
    return [f"{one} {two}" for one, two in pairwise(sequence)]


def _sequence(parts: Parts, codes: frozenset[str]) -> list[str]:
    out: list[str] = []
    for code, value in parts:
        if code in codes:
            out += analyser.words(value)
    return out


def _sequences(parts: Parts, words: _Words) -> list[list[str]]:
    sequence = _sequence(parts, words.codes)
    if not sequence:
        return []
    spoken = words.spoken(parts) if words.spoken is not None else []
    return [sequence, spoken] if spoken else [sequence]


def holds_phrase(fields: Iterable[RawField], form: Format, point: AccessPoint, phrase: Sequence[str]) -> bool:
    """Tell whether a record has these words one after the other, in one field of the access point."""
    plans = _PLANS[form]
    wanted = f" {' '.join(phrase)} "
    for tag, data in fields:
        plan = plans.get(tag)
        if plan is None:
            continue
        sought = [words for words in plan.words if words.code == point.code]
        if sought:
            parts = _parts(data.decode("utf-8", "replace"))
            if any(wanted in f" {' '.join(each)} " for words in sought for each in _sequences(parts, words)):
                return True
    return False
