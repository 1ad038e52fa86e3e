"""The terms of a record: the table of access points, read for each format and applied to the fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from protocols.marc.charsets import NSB, without_article
from protocols.marc.format import Format
from protocols.marc.iso2709 import RawField
from storage.catalogue import analyser
from storage.catalogue.access_points import (
    ALL,
    ANY,
    HEADINGS,
    PAIRS,
    PRESENT,
    SORT_POINTS,
    SORTS,
    AccessPoint,
    Condition,
    Place,
    PointKind,
    SortPoint,
    places,
)
from storage.catalogue.spelling import sort_key

Parts = Sequence[tuple[str, str]]
"""The subfields of a field: codes and values. A control field is one part without code."""


class _Taker(NamedTuple):
    """An access point that takes what is read of a field, if that has what it wants. `code` is that of its postings."""

    code: int
    wanted: Condition | None
    pairs: bool = False
    spoken: Callable[[Parts], list[str]] | None = None

    def takes(self, indicators: str, parts: Parts) -> bool:
        """Tell whether a field is looked at."""
        return self.wanted is None or self.wanted.holds(indicators, parts)


class _Texts(NamedTuple):
    """What is read of a field: the subfields, and the characters of them that count."""

    codes: frozenset[str]
    cut: tuple[int, int] | None


class _Takers(NamedTuple):
    """Who takes the words that are read: as words, as a heading, as a heading without articles in front, as a sort key."""

    words: list[_Taker]
    headings: list[_Taker]
    titles: list[_Taker]
    sorts: list[SortPoint]


class _Numbers(NamedTuple):
    """Who takes what is read in a normal form of its own."""

    texts: _Texts
    normal: Callable[[str], list[str]]
    taker: _Taker


class _Plan(NamedTuple):
    """What is taken from the fields of one tag: words that several access points take are read once."""

    words: dict[_Texts, _Takers]
    numbers: list[_Numbers]
    sorts: list[tuple[_Texts, SortPoint]]


def _plans(form: Format) -> dict[bytes, _Plan]:
    plans: dict[bytes, _Plan] = {}

    def plan(place: Place) -> tuple[_Plan, _Texts]:
        cut = None if place.cut is None else (place.cut.start, place.cut.stop)
        return plans.setdefault(place.tag.encode(), _Plan({}, [], [])), _Texts(frozenset(place.codes or [""]), cut)

    def takers(place: Place) -> _Takers:
        here, texts = plan(place)
        return here.words.setdefault(texts, _Takers([], [], [], []))

    for point in ALL:
        where = point.places(form)
        for place in places(where.words):
            if point.normal is None:
                # A statement of responsibility (200 $f, 245 $c) is written in the order of speech already.
                spoken = _SPOKEN[form] if point.names and place.tag in _PERSONS[form] else None
                takers(place).words.append(_Taker(point.code, place.condition, point.pairs, spoken))
            else:
                here, texts = plan(place)
                here.numbers.append(_Numbers(texts, point.normal, _Taker(point.code, place.condition)))
        for place in places(where.headings):
            by_kind = takers(place).titles if point.titles else takers(place).headings
            by_kind.append(_Taker(HEADINGS + point.code, place.condition))
    for by in SORT_POINTS:
        for place in places(by.places(form)) if by.code > SORTS else ():
            if by.kind is PointKind.WORDS:
                takers(place).sorts.append(by)
            else:
                here, texts = plan(place)
                here.sorts.append((texts, by))
    return plans


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
_POINTS: Final = {point.code: str(point.code) for point in ALL if not point.always}
Terms = defaultdict[int, set[str]]


def extract(fields: Iterable[RawField], form: Format) -> Terms:
    """Return the terms of a record (UTF-8 fields, the leader as field 000): code of the postings to set of terms."""
    plans = _PLANS[form]
    terms: Terms = defaultdict(set)
    for tag, data in fields:
        plan = plans.get(tag)
        if plan is None:
            continue
        text = data.decode("utf-8", "replace")
        if tag < b"010":
            _extract("", [("", text)], plan, terms)
        else:
            _extract(text[:2], _parts(text), plan, terms)
    terms[ANY.code].update(*[terms[code] for code in _ANYWHERE if code in terms])
    terms[PRESENT] = {_POINTS[code] for code in terms if code in _POINTS}
    return terms


def _parts(text: str) -> Parts:
    return [(part[0], part[1:]) for part in text.split("\x1f")[1:] if part]


def _extract(indicators: str, parts: Parts, plan: _Plan, terms: Terms) -> None:
    if plan.words:
        split = [(code, analyser.words(value)) for code, value in parts]
        for (codes, cut), takers in plan.words.items():
            if cut is None:
                sequence = [word for code, words in split if code in codes for word in words]
            else:
                sequence = _sequence(parts, codes, cut)
            if sequence:
                _take(indicators, parts, codes, sequence, takers, terms)
    for texts, normal, taker in plan.numbers:
        found = [number for text in _read(parts, texts) for number in normal(text)]
        if found and taker.takes(indicators, parts):
            terms[taker.code].update(found)
    for texts, by in plan.sorts:
        if by.code not in terms:
            key = next((year for text in _read(parts, texts) for year in analyser.years(text)), "")
            if key:
                terms[by.code].add(key)


def _take(
    indicators: str, parts: Parts, codes: frozenset[str], sequence: list[str], takers: _Takers, terms: Terms
) -> None:
    """Give the words that were read of a field to those who take them."""
    for code, wanted, paired, spoken in takers.words:
        if wanted is None or wanted.holds(indicators, parts):
            terms[code].update(sequence)
            if paired:
                terms[PAIRS + code].update(pairs(sequence))
            if spoken is not None:
                terms[PAIRS + code].update(pairs(spoken(parts)))
    if takers.headings:
        key = analyser.heading(sequence)
        for taker in takers.headings:
            if taker.takes(indicators, parts):
                terms[taker.code].add(key)
    if takers.titles or takers.sorts:
        title = _title(parts, codes, sequence) if takers.titles else ""
        for taker in takers.titles:
            if taker.takes(indicators, parts) and title:
                terms[taker.code].add(title)
        for by in takers.sorts:
            if by.code not in terms:
                terms[by.code].add(_sort_key(parts, codes, sequence, title=by.titles))


def _title(parts: Parts, codes: frozenset[str], sequence: list[str]) -> str:
    if any(NSB in value for _, value in parts):
        sequence = _sequence(_without_articles(parts), codes)
    return analyser.heading(sequence, title=True)


def _sort_key(parts: Parts, codes: frozenset[str], sequence: list[str], *, title: bool) -> str:
    if title and any(NSB in value for _, value in parts):
        parts = _without_articles(parts)
        sequence = _sequence(parts, codes)
    return sort_key(sequence, " ".join(value for code, value in parts if code in codes), title=title)


def _read(parts: Parts, texts: _Texts) -> list[str]:
    codes, cut = texts
    found = [text for code, text in parts if code in codes]
    return found if cut is None else [text[cut[0] : cut[1]] for text in found]


def _without_articles(parts: Parts) -> Parts:
    return [(code, without_article(value)) for code, value in parts]


def pairs(sequence: Sequence[str]) -> list[str]:
    """Return the terms of adjacent words."""
    return [f"{one} {two}" for one, two in pairwise(sequence)]


def _sequence(parts: Parts, codes: frozenset[str], cut: tuple[int, int] | None = None) -> list[str]:
    out: list[str] = []
    for code, value in parts:
        if code in codes:
            out += analyser.words(value if cut is None else value[cut[0] : cut[1]])
    return out


def sequences(fields: Iterable[RawField], form: Format, point: AccessPoint) -> Iterator[list[str]]:
    """Yield the words of each place of an access point in a record, in order: names also as they are said."""
    plans = _PLANS[form]
    for tag, data in fields:
        if tag not in plans:
            continue
        for (codes, cut), takers in plans[tag].words.items():
            for taker in takers.words:
                if taker.code == point.code:
                    text = data.decode("utf-8", "replace")
                    indicators, parts = ("", [("", text)]) if tag < b"010" else (text[:2], _parts(text))
                    if taker.takes(indicators, parts):
                        yield _sequence(parts, codes, cut)
                        if taker.spoken is not None:
                            yield taker.spoken(parts)


def headings(fields: Iterable[RawField], form: Format, codes: Collection[int]) -> Iterator[tuple[str, str]]:
    """Yield the headings of a record under codes of postings, each with the text that it is the key of."""
    plans = _PLANS[form]
    for tag, data in fields:
        if tag < b"010" or tag not in plans:
            continue
        text = data.decode("utf-8", "replace")
        parts = _parts(text)
        for (subfields, _), takers in plans[tag].words.items():
            for title, found in ((False, takers.headings), (True, takers.titles)):
                if any(taker.code in codes and taker.takes(text[:2], parts) for taker in found):
                    words = _sequence(parts, subfields)
                    key = _title(parts, subfields, words) if title else analyser.heading(words)
                    yield key, " ".join(value for code, value in parts if code in subfields)
