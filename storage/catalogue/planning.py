"""From what a leaf of a query asks to the postings that answer it.

A leaf becomes alternatives, each an intersection of unions of postings; some of them leave candidates, whose fields have to be
read as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from storage.catalogue import access_points, analyser, extraction
from storage.catalogue.access_points import ANY, DATABASES, HEADINGS, ISBN, PAIRS, PRESENT, AccessPoint, PointKind
from storage.catalogue.hits import LAST, Check, Held, Matching, Nearness, Phrase, Posted, Range
from storage.catalogue.postings import AFTER
from storage.catalogue.query import Between, Kind, Leaf, Masked, Near, Present, QueryError, QueryReason, Term

MAX_WORDS: Final = 60
"""Words of one term."""
EVERYTHING: Final = Range.of(DATABASES, "")
"""All records: each is in a database."""

Groups = list[list[Posted | Matching | Held]]
"""The intersection of unions of postings."""


class Alternative(NamedTuple):
    """One way for a record to be found: it is in all `groups`, and the words of a field of `point` pass the check."""

    groups: Groups
    check: Check | None = None
    point: AccessPoint | None = None


def alternatives(leaf: Leaf) -> list[Alternative]:
    """Return the ways in which a record is found by a leaf. Raises QueryError."""
    return _PLANS[type(leaf)](leaf)


def _of_term(term: Term) -> list[Alternative]:
    of_words = [point for point in term.access_points if point.kind is PointKind.WORDS]
    out = [Alternative([keys]) for point in term.access_points if (keys := _number_keys(point, term))]
    if of_words:
        out += _of_headings(of_words, term) if term.kind in _HEADING_KINDS else _of_words(of_words, term)
    if not out:
        raise QueryError(QueryReason.EMPTY_TERM, term.text)
    return out


_HEADING_KINDS: Final = frozenset({Kind.HEADING, Kind.HEADING_WORDS, Kind.HEADING_PREFIX})
_TRUNCATED: Final = frozenset({Kind.PREFIX, Kind.PHRASE_PREFIX, Kind.HEADING_PREFIX})


def _number_keys(point: AccessPoint, term: Term) -> list[Posted | Matching | Held]:
    """Return what a number or date is found under; under ANY, the ISBNs and ISSNs that the text holds."""
    if point is ANY:
        return [(ANY.code, number) for number in (*analyser.isbns(term.text), *analyser.issns(term.text))]
    if point.kind is PointKind.ITEM:
        text = term.text.strip()
        return [Held(point.code, text, open=term.kind in _TRUNCATED)] if text else []
    if point.normal is None:
        return []
    if point.kind is PointKind.DAY:
        return [Range.of(point.code, _days(term.text))]
    if term.kind in _TRUNCATED:
        # A truncated ISBN-10 is an ISBN-13 without its first three digits; a whole one ends otherwise besides.
        prefixes, whole = (("", "978"), analyser.isbns(term.text)) if point is ISBN else (("",), [])
        stems = [prefix + stem for stem in analyser.number(term.text) for prefix in prefixes]
        return [Range.of(point.code, stem) for stem in (*stems, *whole)]
    return [(point.code, number) for number in point.normal(term.text) or analyser.number(term.text)]


def _days(text: str) -> str:
    """Return the digits that a day, a month or a year begins with."""
    digits = re.sub(r"[-/. ]", "", text)
    if not re.fullmatch(r"[0-9]{4}(?:[0-9]{2}){0,2}", digits):
        raise QueryError(QueryReason.BAD_DATE, text)
    return digits


def _of_words(points: list[AccessPoint], term: Term) -> list[Alternative]:
    words = analyser.words(term.text)
    if len(words) > MAX_WORDS:
        raise QueryError(QueryReason.TOO_COMPLEX, f"{len(words)} words in a term")
    if term.kind in _PHRASES and len(words) > 1:
        return _of_phrase(points, words, is_open=term.kind is Kind.PHRASE_PREFIX)
    words = analyser.asked(term.text)
    if term.kind is Kind.SOME and words:
        return [Alternative([[(point.code, word) for point in points for word in words]])]
    groups: Groups = [[(point.code, word) for point in points] for word in words]
    if term.kind in _TRUNCATED and words:
        groups[-1] = [Range.of(point.code, words[-1]) for point in points]
    return [Alternative(groups)] if groups else []


_PHRASES: Final = frozenset({Kind.PHRASE, Kind.PHRASE_PREFIX})


def _of_phrase(points: list[AccessPoint], words: tuple[str, ...], *, is_open: bool) -> list[Alternative]:
    """Look where there are pairs (under ANY, in all fields that have them); else among the records that have all words."""
    paired = [point for point in (access_points.ALL if ANY in points else points) if point.pairs]
    if paired and len(words) == 2:
        return [Alternative([[_last(PAIRS + point.code, " ".join(words), is_open=is_open) for point in paired]])]
    return [
        Alternative(_candidates(point, words, is_open=is_open), Phrase(point.code, words, is_open), point)
        for point in paired or points
    ]


def _candidates(point: AccessPoint, words: tuple[str, ...], *, is_open: bool = False) -> Groups:
    """Return the postings of the records that may have a phrase."""
    if point.pairs and len(words) > 1:
        code, terms = PAIRS + point.code, extraction.pairs(words)
    else:
        code, terms = point.code, list(words)
    groups: Groups = [[(code, term)] for term in terms[:-1]]
    return [*groups, [_last(code, terms[-1], is_open=is_open)]]


def _last(code: int, term: str, *, is_open: bool) -> Posted | Matching | Held:
    return Range.of(code, term) if is_open else (code, term)


def _of_headings(points: list[AccessPoint], term: Term) -> list[Alternative]:
    keys: list[Posted | Matching | Held] = []
    headed = [point for point in points if point.has_headings]
    if not headed:
        raise QueryError(QueryReason.NO_HEADINGS, points[0].name)
    words = analyser.words(term.text)
    for point in headed:
        orders = [words]
        if point.names and len(words) > 1 and "," not in term.text:  # "Émile Zola" is under "zola emile"
            orders.append((words[-1], *words[:-1]))
        for order in orders:
            key = analyser.heading(order, title=point.titles)
            if key:
                keys.append(_heading_key(HEADINGS + point.code, key, term.kind))
    return [Alternative([keys])] if keys else []


def _heading_key(code: int, key: str, kind: Kind) -> Posted:
    if kind is Kind.HEADING:
        return code, key
    # What follows the blank behind the first words, and that character alone, is between them and "!".
    return Range(code, key, f"{key}!") if kind is Kind.HEADING_WORDS else Range.of(code, key)


def _of_masks(leaf: Masked) -> list[Alternative]:
    return [Alternative([[Matching(point.code, mask) for point in leaf.access_points] for mask in leaf.masks])]


def _of_bounds(leaf: Between) -> list[Alternative]:
    if any(point.kind is PointKind.WORDS for point in leaf.access_points):
        raise QueryError(QueryReason.NO_RANGES, leaf.access_points[0].name)
    return [Alternative([[_between(point, leaf) for point in leaf.access_points]])]


def _between(point: AccessPoint, leaf: Between) -> Range:
    # A bound of a month or a year is all of its days.
    behind = LAST if point.kind is PointKind.DAY else AFTER
    low = "" if leaf.low is None else _bound(point, leaf.low) + ("" if leaf.low_included else behind)
    high = LAST if leaf.high is None else _bound(point, leaf.high) + (behind if leaf.high_included else "")
    return Range(point.code, low, high)


def _bound(point: AccessPoint, text: str) -> str:
    if point.kind is PointKind.DAY:
        return _days(text)
    assert point.normal is not None
    found = point.normal(text) or (analyser.number(text) if point.kind is PointKind.IDENTIFIER else [])
    if not found:
        raise QueryError(QueryReason.BAD_DATE, text)
    return found[0]


def _of_presence(leaf: Present) -> list[Alternative]:
    if not leaf.access_points or any(point is ANY or point.always for point in leaf.access_points):
        return [Alternative([[EVERYTHING]])]
    return [Alternative([[_any_of(point) for point in leaf.access_points]])]


def _any_of(point: AccessPoint) -> Posted | Held:
    return Held(point.code, "", open=True) if point.kind is PointKind.ITEM else (PRESENT, str(point.code))


def _near(leaf: Near) -> list[Alternative]:
    points = [point for point in leaf.access_points if point.kind is PointKind.WORDS]
    if ANY in points:
        points = [point for point in access_points.ALL if point.pairs]
    left, right = analyser.words(leaf.left), analyser.words(leaf.right)
    if not (points and left and right):
        raise QueryError(QueryReason.EMPTY_TERM, leaf.right if left else leaf.left)
    if len(left) + len(right) > MAX_WORDS:
        raise QueryError(QueryReason.TOO_COMPLEX, f"{len(left) + len(right)} words in a term")
    return [
        Alternative(
            _candidates(point, left) + _candidates(point, right),
            Nearness(point.code, left, right, leaf.words, leaf.distance, leaf.ordered),
            point,
        )
        for point in points
    ]


_PLANS: Final[dict[type, Callable[[Any], list[Alternative]]]] = {
    Term: _of_term,
    Masked: _of_masks,
    Between: _of_bounds,
    Present: _of_presence,
    Near: _near,
}
