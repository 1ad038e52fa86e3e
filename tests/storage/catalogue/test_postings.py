"""Posting rows: their octets, and what becomes of them in both databases."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap
from sqlalchemy import select

from storage.catalogue import postings
from storage.catalogue.hits import Hits
from storage.catalogue.postings import Inverter, decode, encode
from storage.database import Location
from storage.schema import posting

MEMBERS = st.frozensets(st.integers(0, 200_000), max_size=60)


@given(MEMBERS)
def test_rows_hold_their_members(members: frozenset[int]) -> None:
    size, data = encode(BitMap(members))
    assert size == len(members)
    assert set(decode(size, data)) == members


def test_sixteen_members_are_plain_numbers_and_more_a_bitmap() -> None:
    assert encode(BitMap(range(1, 17))) == (16, struct.pack("<16I", *range(1, 17)))
    size, data = encode(BitMap(range(1, 18)))
    assert BitMap.deserialize(data) == BitMap(range(1, 18))
    assert size == 17


def test_the_inverter_gives_rows_by_access_point_block_and_term() -> None:
    inverter = Inverter()
    assert not inverter
    inverter.add(3, {2: ["b", "a"], 1: ["x"], 9: []})
    inverter.add(70_000, {2: ["a"]})
    inverter.add(5, {2: ["a"]})
    rows = [(code, term, block, set(decode(size, data))) for code, term, block, size, data in inverter.rows()]
    assert rows == [(1, "x", 0, {3}), (2, "a", 0, {3, 5}), (2, "b", 0, {3}), (2, "a", 1, {70_000})]


def test_many_additions_and_removals_leave_exactly_what_is_left(any_location: Location) -> None:
    engine = any_location.engine()
    expected: dict[tuple[int, str], set[int]] = {}
    for turn in range(6):
        added, removed = Inverter(), Inverter()
        for number in range(turn * 15, turn * 15 + 15):
            terms = {2: [f"t{number % 3}", f"u{number}"], 3: ["all"]}
            added.add(number * 5_000, terms)
            for code, found in terms.items():
                for term in found:
                    expected.setdefault((code, term), set()).add(number * 5_000)
        for number in range((turn - 1) * 15, (turn - 1) * 15 + 5) if turn else ():
            removed.add(number * 5_000, {2: [f"u{number}"], 3: ["all"]})
            del expected[2, f"u{number}"]
            expected[3, "all"].discard(number * 5_000)
        with engine.begin() as connection:
            postings.add(connection, added.rows())
            postings.remove(connection, removed.rows())
    with engine.begin() as connection:
        rows = connection.execute(select(posting)).all()
    held: dict[tuple[int, str], set[int]] = {}
    for row in rows:
        members = set(decode(row.size, row.bitmap))
        assert members
        assert {member >> 16 for member in members} == {row.block}
        held.setdefault((row.access_point, row.term), set()).update(members)
    assert held == expected


@pytest.mark.parametrize("first", [1, 40])
def test_members_that_come_out_of_order_are_kept_in_order(location: Location, first: int) -> None:
    with location.engine().begin() as connection:
        for number in (first, 20, 30):
            one = Inverter()
            one.add(number, {1: ["x"]})
            postings.add(connection, one.rows())
        ((size, data),) = connection.execute(select(posting.c.size, posting.c.bitmap)).all()
    assert encode(BitMap((first, 20, 30))) == (size, data)


# --- what is remembered -------------------------------------------------------------------------------------------------------


def test_the_cache_forgets_at_another_version_and_refuses_what_is_older() -> None:
    hits = Hits()
    hits.check(1)
    hits.put(1, (2, "a"), BitMap((1,)), 4)
    hits.check(1)
    assert hits.get((2, "a")) == BitMap((1,))
    hits.check(2)
    assert hits.get((2, "a")) is None
    hits.put(1, (2, "a"), BitMap((1,)), 4)
    assert hits.get((2, "a")) is None


def test_the_cache_drops_what_was_used_longest_ago() -> None:
    hits = Hits(max_octets=3_000)
    hits.check(1)
    for term in "abc":
        hits.put(1, (2, term), BitMap((1,)), 500)
    assert hits.get((2, "a")) is not None
    hits.put(1, (2, "d"), BitMap((1,)), 500)
    assert [hits.get((2, term)) is None for term in "abcd"] == [False, True, False, False]
    hits.put(1, (2, "huge"), BitMap((1,)), 10_000)
    assert hits.get((2, "huge")) is None
