"""Relevance: the records of a search in the order of how many of the words that it may find are in each.

Only a term that asks for some of its words (`Kind.SOME`) leaves anything to order. Bitmaps are counted, not records: so a word that
half of the catalogue has costs no more than another.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final

from pyroaring import BitMap

from storage.catalogue import analyser
from storage.catalogue.access_points import PointKind
from storage.catalogue.hits import Hits
from storage.catalogue.query import And, AndNot, Kind, Or, Query, Term
from storage.catalogue.search import BOOLEANS, VERSION, gather
from storage.statements import Steps

MAX_WORDS: Final = 20
"""Words that count: each has to be held against all before it."""


def ranks(query: Query) -> bool:
    """Tell whether a query asks for some of its words, so that there may be something to order."""
    if isinstance(query, Term):
        return query.kind is Kind.SOME
    return isinstance(query, BOOLEANS) and (ranks(query.left) or ranks(query.right))


def ordered(hits: Hits, query: Query, records: BitMap) -> Steps[array[int] | None]:
    """Return the numbers of `records`, those that have most of the words first, of equals the lowest; None without such words."""
    words = list(dict.fromkeys(_words(query)))[:MAX_WORDS]
    if len(words) < 2:
        return None
    keys = [[(code, word) for code in codes] for codes, word in words]
    _, found = yield from gather(hits, [key for group in keys for key in group])
    levels = [records]  # at each place the records that have at least so many words
    for group in keys:
        having = BitMap.union(*(found[key] for key in group)) & records
        levels.append(BitMap())
        for at in range(len(levels) - 1, 0, -1):
            levels[at] |= levels[at - 1] & having
        yield [VERSION()]  # others have their turn
    out, ranked = array("I"), BitMap()
    for level in reversed(levels):
        out.extend((level - ranked).to_array())
        ranked = level
    return out


def _words(query: Query) -> Iterator[tuple[tuple[int, ...], str]]:
    """Yield the words that may be found, each with the codes of its access points; those that must not be there do not count."""
    if isinstance(query, And | Or):
        yield from _words(query.left)
        yield from _words(query.right)
    elif isinstance(query, AndNot):
        yield from _words(query.left)
    elif isinstance(query, Term) and query.kind is Kind.SOME:
        codes = tuple(point.code for point in query.access_points if point.kind is PointKind.WORDS)
        yield from ((codes, word) for word in analyser.asked(query.text) if codes)
