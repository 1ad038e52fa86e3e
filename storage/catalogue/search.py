"""Search: a query in, the bitmap of its records out.

A query becomes a tree over leaves; a leaf is alternatives, each an intersection of unions of postings. All postings that are not
remembered are read in one step, together with the catalogue's version that tells whether what is remembered is still true. Only a
phrase of three words or more needs the records themselves (pairs of adjacent words leave few of them), and a phrase where no pairs
are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from pyroaring import BitMap
from sqlalchemy import select

from storage.catalogue import access_points, analyser, extraction, postings
from storage.catalogue.access_points import ANY, DATABASES, HEADINGS, ISBN, PAIRS, AccessPoint, PointKind
from storage.catalogue.hits import Hits, Key, Phrase, Range
from storage.catalogue.query import And, Kind, Or, Query, QueryError, QueryReason, ResultSet, Term
from storage.catalogue.records import fetch
from storage.schema import catalogue_version
from storage.statements import Call, Statement, Steps

VERSION: Final = Statement("catalogue version", select(catalogue_version.c.version))

MAX_NODES: Final = 500
MAX_DEPTH: Final = 200
MAX_WORDS: Final = 60
"""Words of one term."""
MAX_RANGES: Final = 50
"""Truncated terms of a query."""
MAX_ROWS: Final = 5_000
"""Rows of postings that the truncated terms of a query may stand for, shared between them."""
MAX_VERIFIED: Final = 5_000
"""Records that may be read to verify one phrase."""
SLICE: Final = 50
"""Records that are read and verified in one step: about two milliseconds."""

Groups = list[list[Key]]
"""The intersection of unions of postings."""


class _Alternative(NamedTuple):
    groups: Groups
    phrase: Phrase | None = None
    point: AccessPoint | None = None


_Leaves = dict[Term, list[_Alternative]]
_Found = dict[Key, BitMap]


def search(hits: Hits, query: Query, databases: tuple[int, ...], sets: Callable[[str], BitMap | None]) -> Steps[BitMap]:
    """Return the records of these databases (ids; none means all) that `query` finds.

    `sets` gives the records of an earlier result set. The bitmap is shared: nobody changes it. Raises QueryError.
    """
    leaves: _Leaves = {term: _alternatives(term) for term in _terms(query, 0, [0])}
    members: list[Key] = [(DATABASES, str(number)) for number in databases]
    alternatives = [each for found in leaves.values() for each in found]
    wanted = {key for each in alternatives for group in each.groups for key in group}
    version, found = yield from gather(
        hits, [*wanted, *members, *(each.phrase for each in alternatives if each.phrase)]
    )
    for each in alternatives:
        if each.phrase is not None and each.phrase not in found:
            found[each.phrase] = yield from _verified(each, found)
            hits.put(version, each.phrase, found[each.phrase], 4 * len(found[each.phrase]))
    result = _evaluate(query, leaves, found, sets)
    return result & _union(found, members) if members else result


def _terms(query: Query, depth: int, count: list[int]) -> Iterator[Term]:
    count[0] += 1
    if depth > MAX_DEPTH or count[0] > MAX_NODES:
        raise QueryError(QueryReason.TOO_COMPLEX, f"more than {MAX_NODES} parts, or {MAX_DEPTH} levels")
    if isinstance(query, Term):
        yield query
    elif not isinstance(query, ResultSet):
        yield from _terms(query.left, depth + 1, count)
        yield from _terms(query.right, depth + 1, count)


# --- a term's alternatives ----------------------------------------------------------------------------------------------------


def _alternatives(term: Term) -> list[_Alternative]:
    of_words = [point for point in term.access_points if point.kind is PointKind.WORDS]
    out = [_Alternative([keys]) for point in term.access_points if (keys := _number_keys(point, term))]
    if of_words:
        out += _of_headings(of_words, term) if term.kind in _HEADING_KINDS else _of_words(of_words, term)
    if not out:
        raise QueryError(QueryReason.EMPTY_TERM, term.text)
    return out


_HEADING_KINDS: Final = frozenset({Kind.HEADING, Kind.HEADING_PREFIX})
_TRUNCATED: Final = frozenset({Kind.PREFIX, Kind.HEADING_PREFIX})


def _number_keys(point: AccessPoint, term: Term) -> list[Key]:
    """Return what a number or year is found under; under ANY, the ISBNs and ISSNs that the text holds."""
    if point is ANY:
        return [(ANY.code, number) for number in (*analyser.isbns(term.text), *analyser.issns(term.text))]
    if point.kind is PointKind.WORDS:
        return []
    normal = point.normal or analyser.years
    if term.kind in _TRUNCATED:
        # A truncated ISBN-10 is an ISBN-13 without its first three digits.
        stems = analyser.number(term.text)
        return [
            Range(point.code, prefix + stem) for stem in stems for prefix in (("", "978") if point is ISBN else ("",))
        ]
    return [(point.code, number) for number in normal(term.text) or analyser.number(term.text)]


def _of_words(points: list[AccessPoint], term: Term) -> list[_Alternative]:
    words = analyser.words(term.text)
    if len(words) > MAX_WORDS:
        raise QueryError(QueryReason.TOO_COMPLEX, f"{len(words)} words in a term")
    if term.kind is Kind.PHRASE and len(words) > 1:
        return _of_phrase(points, words)
    words = analyser.asked(term.text)
    groups: Groups = [[(point.code, word) for point in points] for word in words]
    if term.kind is Kind.PREFIX and words:
        groups[-1] = [Range(point.code, words[-1]) for point in points]
    return [_Alternative(groups)] if groups else []


def _of_phrase(points: list[AccessPoint], words: tuple[str, ...]) -> list[_Alternative]:
    """Look where there are pairs (under ANY, in all fields that have them); else among the records that have all words."""
    paired = [point for point in (access_points.ALL if ANY in points else points) if point.pairs]
    pairs = extraction.pairs(words)
    if paired and len(pairs) == 1:
        return [_Alternative([[(PAIRS + point.code, pairs[0]) for point in paired]])]
    return [
        _Alternative(
            [[(PAIRS + point.code, pair)] for pair in pairs]
            if point.pairs
            else [[(point.code, word)] for word in words],
            Phrase(point.code, words),
            point,
        )
        for point in paired or points
    ]


def _of_headings(points: list[AccessPoint], term: Term) -> list[_Alternative]:
    keys: list[Key] = []
    headed = [point for point in points if point.has_headings]
    if not headed:
        raise QueryError(QueryReason.NO_HEADINGS, points[0].name)
    for point in headed:
        key = analyser.heading(analyser.words(term.text), title=point.titles)
        if key:
            code = HEADINGS + point.code
            keys.append(Range(code, key) if term.kind is Kind.HEADING_PREFIX else (code, key))
    return [_Alternative([keys])] if keys else []


# --- reading ------------------------------------------------------------------------------------------------------------------


def gather(hits: Hits, keys: Sequence[Key]) -> Steps[tuple[int, _Found]]:
    """Read the postings of `keys`, all at one version of the catalogue, which is told; of phrases what is remembered."""
    ranges = sum(isinstance(key, Range) for key in keys)
    if ranges > MAX_RANGES:
        raise QueryError(QueryReason.TOO_COMPLEX, f"{ranges} truncated terms")
    most = MAX_ROWS // max(1, ranges)
    missing = [key for key in keys if hits.get(key) is None and not isinstance(key, Phrase)]
    while True:
        (version,), *answers = yield [VERSION(), *(_call(key, most) for key in missing)]
        hits.check(version[0])
        found = {key: bitmap for key in keys if (bitmap := hits.get(key)) is not None}
        for key, rows in zip(missing, answers, strict=True):
            if isinstance(key, Range) and len(rows) > most:
                raise QueryError(QueryReason.TOO_MANY_TERMS, key.prefix)
            found[key] = bitmap = postings.union(rows)
            hits.put(version[0], key, bitmap, sum(len(row[1]) for row in rows))
        missing = [key for key in keys if key not in found and not isinstance(key, Phrase)]
        if not missing:
            return version[0], found
        missing = [key for key in keys if not isinstance(key, Phrase)]


def _call(key: Key, most: int) -> Call:
    if isinstance(key, Range):
        return postings.RANGE(key.code, key.prefix, key.prefix + "\U0010ffff", most + 1)
    return postings.TERM(*key)


def _verified(alternative: _Alternative, found: _Found) -> Steps[BitMap]:
    """Return the candidates of a phrase that do hold it, by reading them."""
    candidates = _intersection(alternative.groups, found)
    phrase, point = alternative.phrase, alternative.point
    if phrase is None or point is None:
        raise AssertionError("only a phrase is verified")
    if len(candidates) > MAX_VERIFIED:
        raise QueryError(QueryReason.TOO_MANY_CANDIDATES, " ".join(phrase.words))
    held = BitMap()
    numbers = candidates.to_array()
    for at in range(0, len(numbers), SLICE):
        for record in (yield from fetch(numbers[at : at + SLICE])):
            if record is not None and extraction.holds_phrase(record.fields(), record.form, point, phrase.words):
                held.add(record.id)
    return held


# --- evaluation ---------------------------------------------------------------------------------------------------------------


def _union(found: _Found, keys: Iterable[Key]) -> BitMap:
    maps = [found[key] for key in keys]
    return maps[0] if len(maps) == 1 else BitMap.union(*maps)


def _intersection(groups: Groups, found: _Found) -> BitMap:
    maps = sorted((_union(found, group) for group in groups), key=len)
    return maps[0] if len(maps) == 1 else BitMap.intersection(*maps)


def _evaluate(query: Query, leaves: _Leaves, found: _Found, sets: Callable[[str], BitMap | None]) -> BitMap:
    if isinstance(query, Term):
        maps = [
            found[each.phrase] if each.phrase is not None else _intersection(each.groups, found)
            for each in leaves[query]
        ]
        return maps[0] if len(maps) == 1 else BitMap.union(*maps)
    if isinstance(query, ResultSet):
        earlier = sets(query.name)
        if earlier is None:
            raise QueryError(QueryReason.UNKNOWN_RESULT_SET, query.name)
        return earlier
    left = _evaluate(query.left, leaves, found, sets)
    right = _evaluate(query.right, leaves, found, sets)
    return left & right if isinstance(query, And) else left | right if isinstance(query, Or) else left - right
