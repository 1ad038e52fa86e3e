"""Facets: every count is what the search for the term finds, however it was counted, on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from pyroaring import BitMap
from sqlalchemy import Connection, update

from storage.catalogue import facets
from storage.catalogue.access_points import BODY, LANGUAGE, MATERIAL, PERSON, SUBJECT, YEAR, AccessPoint
from storage.catalogue.query import Kind, Term
from storage.catalogue.records import NewRecord, delete_records, save_records
from storage.database import Location
from storage.schema import item
from storage.statements import Steps
from tests.network import LENS, LIEVIN
from tests.storage.catalogue.corpus import NOW, RECORDS, catalogues
from tests.storage.catalogue.running import NETWORK, found, new_record, run

T = TypeVar("T")

AUTHORS = (PERSON, BODY)


@pytest.fixture
def connection(any_location: Location) -> Iterator[Connection]:
    with any_location.engine().begin() as connection:
        save_records(connection, RECORDS, [NETWORK], NOW)
        yield connection


def counted(connection: Connection, steps: Steps[dict[T, BitMap]]) -> dict[T, int]:
    return {term: len(hits) for term, hits in run(connection, steps).items()}


def alone(connection: Connection, points: Sequence[AccessPoint], kind: Kind, text: str) -> set[int]:
    """Return the records that a term finds, a name as it is written only."""
    asked = text.replace(" ", ", ", 1) if any(point.names for point in points) else text
    return set(found(connection, Term(tuple(points), kind, asked)))


def test_terms_are_counted_as_they_are_found(connection: Connection) -> None:
    every = BitMap(found(connection, Term((MATERIAL,), Kind.WORDS, "a")))
    assert counted(connection, facets.terms(every, [YEAR])) == {"1983": 2, "1998": 1, "2001": 1}
    assert counted(connection, facets.terms(every, [LANGUAGE])) == {"fre": 1}
    assert counted(connection, facets.terms(BitMap([2, 3, 77]), [YEAR])) == {"1998": 1, "2001": 1}
    assert counted(connection, facets.terms(BitMap(), [YEAR])) == {}


@pytest.mark.parametrize("few", [0, facets.FEW])
def test_headings_are_counted_and_names_at_their_full_length(
    connection: Connection, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facets, "FEW", few)
    monkeypatch.setattr(facets, "ROWS", 2)
    every = BitMap(range(1, 6))
    assert counted(connection, facets.headings(every, AUTHORS)) == {
        "durand jean": 1,
        "societe miniere lens": 1,
        "zola emile": 3,  # the second record has no dates
        "zola emile 1840 1902": 2,
    }
    assert counted(connection, facets.headings(BitMap([1, 4]), AUTHORS)) == {"zola emile 1840 1902": 2}
    assert counted(connection, facets.headings(every, [SUBJECT])) == {
        "histoire": 1,
        "histoire france": 1,
        "mineurs": 1,
        "mineurs france": 1,
    }


def test_a_record_that_was_deleted_since_is_not_counted(connection: Connection) -> None:
    delete_records(connection, [3], NOW)
    assert "durand jean" not in run(connection, facets.headings(BitMap([2, 3]), AUTHORS))


def test_records_are_counted_for_each_library_that_has_an_item_of_them(connection: Connection) -> None:
    items = [(1, 1, LENS), (2, 1, LENS), (3, 2, LENS), (12, 1, LIEVIN), (13, 3, LIEVIN)]
    for number, record, owner in items:
        connection.execute(update(item).where(item.c.id == number).values(record_id=record, owner_id=owner))
    connection.execute(update(item).where(item.c.id == 13).values(condition="withdrawn"))
    assert counted(connection, facets.owners(BitMap([1, 2, 3, 4]))) == {LENS: 2, LIEVIN: 1}
    assert counted(connection, facets.owners(BitMap([2]))) == {LENS: 1}
    assert counted(connection, facets.owners(BitMap([1, 1000, 100_000]))) == {LENS: 1, LIEVIN: 1}
    assert counted(connection, facets.owners(BitMap())) == {}


def test_the_first_terms_are_those_of_most_records_or_of_the_alphabet(connection: Connection) -> None:
    given = {f"t{number:04}": BitMap(range(number % 7)) for number in range(5_000)}
    for by_count in (True, False):
        for descending in (True, False):
            order = sorted(given)
            if by_count:
                order.sort(key=lambda term: len(given[term]), reverse=descending)
            elif descending:
                order.reverse()
            got = run(connection, facets.first(given, 30, by_count=by_count, descending=descending))
            assert got == order[:30]
    assert len(run(connection, facets.first(given, 10**9, by_count=True, descending=True))) == facets.MAX_TERMS


@settings(max_examples=30, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(catalogues())
def test_every_term_has_the_records_that_it_finds(oracle_location: Location, given_records: list[NewRecord]) -> None:
    """And a walk along the postings tells what reading the records tells."""
    with oracle_location.engine().connect() as connection:
        saved = save_records(connection, [*given_records, new_record("other", "700  1 $aZola$bDe")], [NETWORK], NOW)
        some = BitMap(saved.ids[::2])
        for points in (AUTHORS, (SUBJECT,)):
            given = run(connection, facets.headings(some, points))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(facets, "FEW", -1)
                patch.setattr(facets, "ROWS", 3)
                assert run(connection, facets.headings(some, points)) == given
            for term, hits in given.items():
                assert alone(connection, points, Kind.HEADING, term) & set(some) == set(hits)
        connection.rollback()
