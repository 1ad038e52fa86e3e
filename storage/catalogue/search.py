"""Search: a query in, the bitmap of its records out.

A query becomes a tree over leaves, and each leaf a plan over postings (see `planning`). All postings that are not remembered are
read in one step, together with the catalogue's version that tells whether what is remembered is still true. Only a mask has to be
looked for among the terms, and only what words do in a field needs the records themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from pyroaring import BitMap
from sqlalchemy import select

from storage.catalogue import extraction, postings
from storage.catalogue.access_points import DATABASES
from storage.catalogue.held import held
from storage.catalogue.hits import Held, Hits, Matching, Part, Posted, Range, Whole
from storage.catalogue.planning import Alternative, Groups, alternatives
from storage.catalogue.query import And, AndNot, Leaf, Or, Query, QueryError, QueryReason, ResultSet
from storage.catalogue.records import fetch
from storage.schema import catalogue_version
from storage.statements import Call, Statement, Steps

VERSION: Final = Statement("catalogue version", select(catalogue_version.c.version))

MAX_NODES: Final = 500
MAX_DEPTH: Final = 200
MAX_RANGES: Final = 50
"""Truncated terms of a query."""
MAX_ROWS: Final = 5_000
"""Rows of postings that the truncated terms of a query may stand for, shared between them."""
MAX_MASKS: Final = 8
"""Masks of a query: each may look at all terms of its access points."""
MAX_MATCHES: Final = 2_000
"""Terms that one mask may stand for."""
MAX_VERIFIED: Final = 5_000
"""Records that may be read to verify one phrase."""
SLICE: Final = 50
"""Records that are read and verified in one step: about two milliseconds."""
TERMS: Final = 2_000
"""Terms that are held against a mask in one step."""

_Leaves = dict[Leaf, list[Alternative]]
_Found = dict[Part, BitMap]


def search(hits: Hits, query: Query, databases: tuple[int, ...], sets: Callable[[str], BitMap | None]) -> Steps[BitMap]:
    """Return the records of these databases (ids; none means all) that `query` finds.

    `sets` gives the records of an earlier result set. The bitmap is shared: nobody changes it. Raises QueryError.
    """
    operands = list(_operands(query, 0, [0]))
    whole = Whole(query, databases)
    if hits.get(whole) is not None:
        (((current,),),) = yield [VERSION()]
        hits.check(current)
        known = hits.get(whole)
        if known is not None:
            return known
    leaves: _Leaves = {leaf: alternatives(leaf) for leaf in operands if not isinstance(leaf, ResultSet)}
    members: list[Posted] = [(DATABASES, str(number)) for number in databases]
    ways = [each for found in leaves.values() for each in found]
    wanted: set[Part] = {key for each in ways for group in each.groups for key in group}
    version, found = yield from gather(hits, [*wanted, *members, *(each.check for each in ways if each.check)])
    live = False
    for key in wanted - found.keys():  # what postings do not tell
        if isinstance(key, Held):
            live = True
            found[key] = yield from held(key)
        elif isinstance(key, Matching):
            found[key] = yield from _matching(key)
            hits.put(version, key, found[key], 4 * len(found[key]))
    for each in ways:
        if each.check is not None and each.check not in found:
            found[each.check] = yield from _verified(each, found)
            hits.put(version, each.check, found[each.check], 4 * len(found[each.check]))
    result = _evaluate(query, leaves, found, sets)
    if members:
        result = result & _union(found, members)  # not in place: the bitmap is shared
    if not (live or ResultSet in map(type, operands)):
        hits.put(version, whole, result, 2 * len(result))
    return result


def _operands(query: Query, depth: int, count: list[int]) -> Iterator[Leaf | ResultSet]:
    count[0] += 1
    if depth > MAX_DEPTH or count[0] > MAX_NODES:
        raise QueryError(QueryReason.TOO_COMPLEX, f"more than {MAX_NODES} parts, or {MAX_DEPTH} levels")
    if isinstance(query, BOOLEANS):
        yield from _operands(query.left, depth + 1, count)
        yield from _operands(query.right, depth + 1, count)
    else:
        yield query


BOOLEANS: Final = (And, Or, AndNot)


# --- reading ------------------------------------------------------------------------------------------------------------------


def gather(hits: Hits, keys: Sequence[Part]) -> Steps[tuple[int, _Found]]:
    """Read the postings of `keys`, all at one version of the catalogue, which is told; of other keys what is remembered."""
    kinds = [*map(type, keys)]
    ranges = kinds.count(Range)
    if ranges > MAX_RANGES:
        raise QueryError(QueryReason.TOO_MANY_MASKS, f"{MAX_RANGES} truncated terms")
    if kinds.count(Matching) > MAX_MASKS:
        raise QueryError(QueryReason.TOO_MANY_MASKS, f"{MAX_MASKS} masks")
    most = MAX_ROWS // max(1, ranges)
    posted = [key for key in keys if isinstance(key, (tuple, Range))]
    missing = [key for key in posted if hits.get(key) is None]
    while True:
        ((version,),), *answers = yield [VERSION(), *[_call(key, most) for key in missing]]
        hits.check(version)
        found = {key: bitmap for key in keys if (bitmap := hits.get(key)) is not None}
        for key, rows in zip(missing, answers, strict=True):
            if isinstance(key, Range) and len(rows) > most:
                raise QueryError(QueryReason.TOO_MANY_TERMS, key.first)
            found[key] = bitmap = postings.union(rows)
            hits.put(version, key, bitmap, sum([len(data) for _, data in rows]))
        if found.keys() >= {*posted}:
            return version, found
        missing = posted


def _call(key: Posted, most: int) -> Call:
    if isinstance(key, Range):
        return postings.RANGE(key.code, key.first, key.last, most + 1)
    return postings.TERM(*key)


def _matching(key: Matching) -> Steps[BitMap]:
    """Return the records of all terms that match a mask, by looking at those that may."""
    prefix, matches = key.mask.prefix, re.compile(key.mask.expression).fullmatch
    start, terms = prefix, list[str]()
    while start.startswith(prefix):
        (rows,) = yield [postings.TERMS(key.code, start, TERMS)]
        terms += [term for term, _ in rows if matches(term)]
        if len(terms) > MAX_MATCHES:
            raise QueryError(QueryReason.TOO_MANY_TERMS, key.mask.expression)
        if len(rows) < TERMS:
            break
        start = rows[-1][0] + postings.AFTER
    out = BitMap()
    for at in range(0, len(terms), SLICE):
        for found in (yield [postings.TERM(key.code, term) for term in terms[at : at + SLICE]]):
            out |= postings.union(found)
    return out


def _verified(way: Alternative, found: _Found) -> Steps[BitMap]:
    """Return the candidates that pass the check, by reading them."""
    candidates = _intersection(way.groups, found)
    check, point = way.check, way.point
    if check is None or point is None:
        raise AssertionError("only a check is verified")
    if len(candidates) > MAX_VERIFIED:
        raise QueryError(QueryReason.TOO_MANY_CANDIDATES, point.name)
    held = BitMap()
    numbers = candidates.to_array()
    for at in range(0, len(numbers), SLICE):
        for record in (yield from fetch(numbers[at : at + SLICE])):
            if record is not None and any(map(check.holds, extraction.sequences(record.fields(), record.form, point))):
                held.add(record.id)
    return held


# --- evaluation ---------------------------------------------------------------------------------------------------------------


def _union(found: _Found, keys: Iterable[Part]) -> BitMap:
    maps = [found[key] for key in keys]
    return maps[0] if len(maps) == 1 else BitMap.union(*maps)


def _intersection(groups: Groups, found: _Found) -> BitMap:
    if len(groups) == 1:
        return _union(found, groups[0])
    return BitMap.intersection(*sorted([_union(found, group) for group in groups], key=len))


def _evaluate(query: Query, leaves: _Leaves, found: _Found, sets: Callable[[str], BitMap | None]) -> BitMap:
    if isinstance(query, BOOLEANS):
        left = _evaluate(query.left, leaves, found, sets)
        right = _evaluate(query.right, leaves, found, sets)
        return left & right if isinstance(query, And) else left | right if isinstance(query, Or) else left - right
    if isinstance(query, ResultSet):
        earlier = sets(query.name)
        if earlier is None:
            raise QueryError(QueryReason.UNKNOWN_RESULT_SET, query.name)
        return earlier
    maps = [
        found[each.check] if each.check is not None else _intersection(each.groups, found) for each in leaves[query]
    ]
    return maps[0] if len(maps) == 1 else BitMap.union(*maps)
