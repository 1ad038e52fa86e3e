"""The terms of a record: the table of access points, read for each format and applied to the fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
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
    SORT_POINTS,
    AccessPoint,
    PointKind,
    SortPoint,
    places,
)

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


class _Sort(NamedTuple):
    code: int
    key: Callable[[Parts], str]


class _Plan(NamedTuple):
    """What is taken from the fields of one tag."""

    words: list[_Words]
    headings: list[_Heading]
    numbers: list[_Numbers]
    sorts: list[_Sort]


def _plans(form: Format) -> dict[bytes, _Plan]:
    plans: dict[bytes, _Plan] = {}

    def plan(tag: str) -> _Plan:
        return plans.setdefault(tag.encode(), _Plan([], [], [], []))

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
    for by in SORT_POINTS:
        for tag, codes in places(by.places(form)):
            plan(tag).sorts.append(_Sort(by.code, _sort_key(by, tag, frozenset(codes), form)))
    return plans


def _sort_key(by: SortPoint, tag: str, codes: frozenset[str], form: Format) -> Callable[[Parts], str]:
    """Return what makes a field's key for sorting, "" when it holds none; a control field has one part, of no code."""
    if by.kind is PointKind.YEAR:
        years = _years_of(tag, form)
        return lambda parts: next(
            (year for code, text in parts if code in codes or not code for year in years(text)), ""
        )
    if tag < "010":
        return lambda parts: by.key(parts[0][1])
    return lambda parts: _heading(parts, codes, title=by.titles)


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
            parts: Parts = [("", text)]
            for code, _, normal in plan.numbers:
                terms[code].update(normal(text))
        else:
            parts = _parts(text)
            _extract(parts, plan, terms)
        for code, key in plan.sorts:
            if code not in terms and (found := key(parts)):
                terms[code].add(found)
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
        key = _heading(parts, codes, title=title)
        if key:
            terms[code].add(key)
    for code, codes, normal in plan.numbers:
        for subfield, value in parts:
            if subfield in codes:
                terms[code].update(normal(value))


def _heading(parts: Parts, codes: frozenset[str], *, title: bool) -> str:
    return analyser.heading(_sequence(_without_articles(parts) if title else parts, codes), title=title)


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
