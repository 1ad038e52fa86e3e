"""Bath Profile 2.0, levels A.0 to A.2: every combination of attributes that it prescribes is answered."""

from __future__ import annotations

import pytest

from protocols.z3950.rpn import Attributes, Term
from server.catalogue.query import LISTS, PROFILE, listing, term

WORD, WORD_CUT = (3, 3, 2, 100, 1), (3, 3, 2, 1, 1)
EXACT, FIRST_WORDS, FIRST_CHARACTERS = (3, 1, 1, 100, 3), (3, 1, 1, 100, 1), (3, 1, 1, 1, 1)
LEFT = (WORD, WORD_CUT, EXACT, FIRST_WORDS, FIRST_CHARACTERS)
SEARCHES = {
    "A.0": [(use, shape) for use in (1003, 4, 21, 1016) for shape in (WORD,)],
    "A.0, release 1": [(1003, (3, 3, 101, 100, 1)), (1003, (3, 3, 101, 1, 1))],
    "A.1": [
        *((use, shape) for use in (1003, 4, 21) for shape in LEFT),
        (1016, WORD_CUT),
        (1007, (3, 1, 1, 100, 1)),
        *((31, (relation, 1, 4, 100, 1)) for relation in range(1, 6)),
    ],
    "A.2": [
        *((33, shape) for shape in LEFT),
        (1031, WORD),
        (1031, (3, 3, 1, 100, 1)),
        (54, (3, 1, 2, 100, 1)),
        (1044, (3, 1, 1, 100, 1)),
        (31, (104, 1, 4, 100, 1)),
    ],
    "C.1": [(use, (3, 3, 1, 100, 1)) for use in (4, 21, 1016)],
}
"""Level -> (Use, (Relation, Position, Structure, Truncation, Completeness))."""
TERMS = {7: b"9782253004226", 31: b"1990", 54: b"fre", 1007: b"9782253004226"}


@pytest.mark.parametrize(("use", "shape"), [each for found in SEARCHES.values() for each in found], ids=str)
def test_every_search_of_bath_is_answered(use: int, shape: tuple[int, int, int, int, int]) -> None:
    relation, position, structure, truncation, completeness = shape
    for value, (name, allowed) in zip((use, *shape), PROFILE.values.values(), strict=True):
        assert value in allowed, name
    text = b"1990 1995" if relation == 104 else TERMS.get(use, b"la terre" if structure == 1 else b"terre")
    term(Term(Attributes(use, relation, position, structure, truncation, completeness), text))


@pytest.mark.parametrize("use", [1003, 4, 21])
def test_every_scan_of_bath_walks_whole_headings(use: int) -> None:
    assert use in LISTS.use
    assert {1, 3} <= LISTS.position
    _, _, headings = listing(Attributes(use=use, position=1, structure=1), b"a")
    assert headings
