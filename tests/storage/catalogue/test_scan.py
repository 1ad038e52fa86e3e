"""Scan on both databases: the list around a term, its counts, and an oracle that asks search about every term."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from storage.catalogue import records
from storage.catalogue import scan as scanning
from storage.catalogue.access_points import (
    ANY,
    BODY,
    HEADINGS,
    ISBN,
    PERSON,
    PLACE,
    PUBLISHER,
    RESPONSIBILITY,
    SUBJECT,
    TITLE,
    YEAR,
    AccessPoint,
)
from storage.catalogue.hits import Hits
from storage.catalogue.query import Kind, QueryError, QueryReason, Term
from storage.catalogue.records import NewRecord
from storage.catalogue.scan import Entry, Scanned, scan, shown
from storage.database import Location
from storage.schema import posting
from tests.storage.catalogue.corpus import NOW, RECORDS, TEXTS, catalogues
from tests.storage.catalogue.running import LENS_BASE, NETWORK, declare_databases, found, run


@pytest.fixture
def connection(any_location: Location) -> Iterator[Connection]:
    """The five records of the tests of search, the last of them in the second database alone."""
    engine = any_location.engine()
    with engine.begin() as connection:
        declare_databases(connection)
        records.save_records(connection, RECORDS[:4], [NETWORK], NOW)
        records.save_records(connection, RECORDS[4:], [LENS_BASE], NOW)
        yield connection


def scanned(
    connection: Connection,
    points: tuple[AccessPoint, ...],
    text: str,
    before: int = 0,
    after: int = 3,
    databases: tuple[int, ...] = (),
    *,
    headings: bool = False,
) -> Scanned:
    return run(connection, scan(Hits(), points, text, databases, before, after, headings=headings))


def entries(*found: tuple[str, int]) -> list[Entry]:
    return [Entry(*each) for each in found]


def test_words_around_a_term(connection: Connection) -> None:
    answer = scanned(connection, (TITLE,), "Germinal", 2, 3)
    assert answer == Scanned(
        "germinal", entries(("en", 1), ("france", 2)), entries(("germinal", 2), ("histoire", 2), ("la", 2)), cut=False
    )


def test_the_list_begins_and_ends(connection: Connection) -> None:
    every = [entry.term for entry in scanned(connection, (TITLE,), "", 10, 100).after]
    assert every == sorted(every)
    assert every[0] == "de"
    assert scanned(connection, (TITLE,), "", 10, 1).before == []
    assert scanned(connection, (TITLE,), "zzz", 2, 5) == Scanned(
        "zzz", entries(*((term, 1) for term in every[-2:])), [], cut=False
    )


def test_whole_headings(connection: Connection) -> None:
    answer = scanned(connection, (TITLE,), "Le Germinal", 0, 3, headings=True)
    assert answer.after == [("germinal", 2), ("germinal roman", 1), ("germinal the novel", 1)]
    assert scanned(connection, (PERSON, BODY), "z", 1, 9, headings=True).after == [
        ("zola emile", 3),
        ("zola emile 1840 1902", 2),
    ]
    assert scanned(connection, (PERSON, BODY), "z", 1, 9, headings=True).before == [("societe miniere lens", 1)]


def test_whole_headings_are_shown_as_records_have_them(connection: Connection) -> None:
    titles = ["germinal", "germinal roman", "oeuvre", "no such title"]
    assert run(connection, shown((TITLE,), titles)) == ["Le Germinal", "Le Germinal roman", "L'œuvre", "no such title"]
    names = ["societe miniere lens", "zola emile 1840 1902"]
    assert run(connection, shown((PERSON, BODY), names)) == ["Société minière Lens", "Zola Émile 1840-1902"]


def test_numbers_and_years_in_their_normal_form(connection: Connection) -> None:
    assert scanned(connection, (ISBN,), "2-253-00422-7").after == [("9782253004226", 2)]
    assert scanned(connection, (YEAR,), "1990", 1, 2) == Scanned(
        "1990", entries(("1983", 2)), entries(("1998", 1), ("2001", 1)), cut=False
    )
    assert scanned(connection, (YEAR,), "1990", 0, 1, headings=True).after == [("1998", 1)]


def test_a_record_counts_once_for_a_term_of_several_access_points(connection: Connection) -> None:
    assert scanned(connection, (PERSON, BODY, RESPONSIBILITY), "zola", 0, 1).after == [("zola", 3)]


def test_only_what_the_databases_have(connection: Connection) -> None:
    assert scanned(connection, (TITLE,), "m", 2, 3, (LENS_BASE,)).after == [("mine", 1)]
    assert scanned(connection, (TITLE,), "m", 2, 1, (LENS_BASE,)).before == [("histoire", 1), ("la", 1)]
    assert scanned(connection, (ANY,), "mine", 0, 1, (NETWORK,)).after == [("mine", 2)]
    assert scanned(connection, (ANY,), "mine", 0, 1, (NETWORK, LENS_BASE)).after == [("mine", 3)]
    assert scanned(connection, (ANY,), "mine", 0, 1, (99,)) == Scanned("mine", [], [], cut=False)


def test_a_walk_that_finds_too_little_is_given_up(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "SLICE", 1)
    monkeypatch.setattr(scanning, "MAX_TERMS", 4)
    assert scanned(connection, (ANY,), "", 0, 3, (LENS_BASE,)).cut


def test_headings_where_there_are_none_are_refused(connection: Connection) -> None:
    with pytest.raises(QueryError) as caught:
        scanned(connection, (RESPONSIBILITY,), "zola", headings=True)
    assert caught.value.reason is QueryReason.NO_HEADINGS


POINTS = st.sampled_from([(ANY,), (TITLE,), (PERSON, BODY, RESPONSIBILITY), (SUBJECT, TITLE), (PUBLISHER, PLACE)])
HEADED = st.sampled_from([(TITLE,), (PERSON, BODY), (SUBJECT, PERSON)])


@given(
    catalogues(),
    catalogues(),
    st.tuples(st.just(False), POINTS) | st.tuples(st.just(True), HEADED),
    TEXTS,
    st.integers(0, 4),
    st.integers(0, 9),
    st.sampled_from([(), (NETWORK,), (LENS_BASE,), (NETWORK, LENS_BASE)]),
)
def test_the_list_is_what_asking_for_every_term_gives(
    oracle_location: Location,
    some: list[NewRecord],
    others: list[NewRecord],
    listed: tuple[bool, tuple[AccessPoint, ...]],
    text: str,
    before: int,
    after: int,
    databases: tuple[int, ...],
) -> None:
    headings, points = listed
    with oracle_location.engine().connect() as connection:
        declare_databases(connection)
        records.save_records(connection, some, [NETWORK], NOW)
        records.save_records(connection, others, [LENS_BASE], NOW)
        got = scanned(connection, points, text, before, after, databases, headings=headings)
        codes = [point.code + HEADINGS * headings for point in points]
        terms = connection.execute(select(func.distinct(posting.c.term)).where(posting.c.access_point.in_(codes)))
        kind = Kind.HEADING if headings else Kind.WORDS
        counts = {term: len(found(connection, Term(points, kind, term), databases)) for term in terms.scalars()}
        expected = [Entry(term, counts[term]) for term in sorted(counts) if counts[term]]
        less = [entry for entry in expected if entry.term < got.start]
        assert got.before == less[max(0, len(less) - before) :]
        assert got.after == expected[len(less) : len(less) + after]
        assert not got.cut
        connection.rollback()
