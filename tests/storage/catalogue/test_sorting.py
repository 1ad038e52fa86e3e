"""Sort on both databases: the order by every key, and an oracle that reads the records."""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap
from sqlalchemy import Connection, insert, select

from protocols.marc.charsets import without_article
from protocols.marc.format import Format
from protocols.marc.record import Record
from storage.catalogue import analyser, records, sorting
from storage.catalogue.access_points import (
    BY_AUTHOR,
    BY_DATE,
    BY_NUMBER,
    BY_PUBLISHER,
    BY_TITLE,
    SORT_POINTS,
    PointKind,
    SortPoint,
    places,
)
from storage.catalogue.records import NewRecord
from storage.catalogue.sorting import BY_USE, Missing, Orders, SortError, SortKey, sort
from storage.catalogue.spelling import SPELT, Spelling
from storage.database import Location
from storage.schema import item, past_loan
from tests.storage.catalogue.corpus import NOW, RECORDS, TEXTS, catalogues
from tests.storage.catalogue.running import NETWORK, new_record, run


@pytest.fixture
def connection(any_location: Location) -> Iterator[Connection]:
    """The five records of the tests of search."""
    with any_location.engine().begin() as connection:
        records.save_records(connection, RECORDS, [NETWORK], NOW)
        yield connection


def ordered(
    connection: Connection,
    *keys: SortKey,
    of: Sequence[int] = (1, 2, 3, 4, 5),
    orders: Orders | None = None,
    order: Sequence[int] | None = None,
) -> list[int]:
    before = None if order is None else array("I", order)
    return list(run(connection, sort(orders or Orders(), BitMap(of), keys, before)))


def test_by_each_key(connection: Connection) -> None:
    # Germinal, L'œuvre, Histoire de la mine, Germinal: the novel, La mine de France
    assert ordered(connection, SortKey(BY_TITLE)) == [1, 4, 3, 5, 2]
    assert ordered(connection, SortKey(BY_TITLE, descending=True)) == [2, 5, 3, 4, 1]
    assert ordered(connection, SortKey(BY_AUTHOR)) == [3, 5, 2, 1, 4]
    assert ordered(connection, SortKey(BY_DATE, descending=True)) == [3, 2, 1, 4, 5]
    assert ordered(connection, SortKey(BY_NUMBER)) == [1, 2, 3, 4, 5]
    assert ordered(connection, SortKey(BY_PUBLISHER)) == [5, 2, 1, 4, 3]
    assert ordered(connection, SortKey(BY_TITLE), of=[5, 2]) == [5, 2]
    assert ordered(connection, SortKey(BY_TITLE), of=[]) == []


def test_by_several_keys_the_first_of_which_counts_most(connection: Connection) -> None:
    assert ordered(connection, SortKey(BY_DATE), SortKey(BY_TITLE, descending=True)) == [5, 4, 1, 2, 3]


def test_a_record_without_a_key_stands_first_or_where_it_is_told_or_nothing_is_sorted(connection: Connection) -> None:
    assert ordered(connection, SortKey(BY_DATE)) == [5, 1, 4, 2, 3]
    assert ordered(connection, SortKey(BY_DATE, missing="1990")) == [1, 4, 5, 2, 3]
    assert ordered(connection, SortKey(BY_DATE, missing="1998")) == [1, 4, 2, 5, 3]
    assert ordered(connection, SortKey(BY_DATE, missing="2020")) == [1, 4, 2, 3, 5]
    assert ordered(connection, SortKey(BY_DATE, descending=True, missing="2020")) == [5, 3, 2, 1, 4]
    assert ordered(connection, SortKey(BY_DATE, missing=Missing.LAST)) == [1, 4, 2, 3, 5]
    assert ordered(connection, SortKey(BY_DATE, descending=True, missing=Missing.LAST)) == [5, 3, 2, 1, 4]
    with pytest.raises(SortError, match="date-of-publication"):
        ordered(connection, SortKey(BY_DATE, missing=Missing.ABORT))
    assert ordered(connection, SortKey(BY_DATE, missing=Missing.ABORT), of=[3, 2]) == [2, 3]


def test_a_change_of_the_catalogue_changes_the_order(connection: Connection) -> None:
    orders = Orders()
    assert ordered(connection, SortKey(BY_TITLE), orders=orders) == [1, 4, 3, 5, 2]
    records.save_records(connection, [new_record("1", "200 1  $aZut")], [NETWORK], NOW + 1)
    assert ordered(connection, SortKey(BY_TITLE), orders=orders) == [4, 3, 5, 2, 1]


def test_by_how_often_records_are_lent(connection: Connection) -> None:
    bare = {"owner_id": 1, "home_id": 1, "current_id": 1, "item_type_id": 1}
    connection.execute(insert(item), [{"id": 901, "record_id": 4, **bare}, {"id": 902, "record_id": 2, **bare}])
    lent = {
        "library_id": 1, "item_type_id": 1, "patron_category_id": 1, "channel": "sip2", "out_at": NOW, "due_on": "2026-12-01", "state": "open",
        "library_in_id": 1, "in_at": NOW,
    }  # fmt: skip
    known = connection.execute(select(past_loan.c.id)).scalars().all()
    first = max(known, default=0) + 1
    connection.execute(insert(past_loan), [{"id": first + i, "item_id": 902 if i else 901, **lent} for i in range(3)])
    assert ordered(connection, SortKey(BY_USE, descending=True), SortKey(BY_TITLE)) == [2, 4, 1, 3, 5]


def test_too_many_records_are_refused(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting, "MAX_RECORDS", 4)
    with pytest.raises(SortError, match="too many"):
        ordered(connection, SortKey(BY_TITLE))


def key_of(record: Record, form: Format, by: SortPoint) -> str:
    """The key of a record, by reading the table and the record."""
    wanted = list(places(by.places(form)))
    for field in record.fields:
        for place in [place for place in wanted if place.tag == field.tag]:
            parts = [field.data] if field.is_control else field.all(place.codes)
            texts = [text if place.cut is None else text[place.cut] for text in parts]
            if by.kind is PointKind.YEAR:
                found = next((year for text in texts for year in analyser.years(text)), "")
            else:
                found = by.key(" ".join(without_article(text) if by.titles else text for text in texts))
            if found:
                return found.partition(SPELT)[0]
    return ""


@given(
    catalogues(),
    st.lists(TEXTS, min_size=1),
    st.lists(
        st.builds(
            SortKey,
            st.sampled_from(SORT_POINTS),
            st.booleans(),
            st.just(Missing.FIRST) | st.sampled_from(["la", "mine"]),
        ),
        min_size=1,
        max_size=3,
    ),
    st.integers(1, 5),
)
def test_the_order_is_that_of_the_keys_read_in_the_records(
    oracle_location: Location, catalogue: list[NewRecord], titles: list[str], keys: list[SortKey], size: int
) -> None:
    more = [new_record(f"T{n}", f"200 1  $a{title}", f"210    $d{1980 + n % 3}") for n, title in enumerate(titles)]
    with pytest.MonkeyPatch.context() as patched, oracle_location.engine().connect() as connection:
        for name, value in {"ROWS": 4, "SLICE": size, "_SAMPLE": 1}.items():
            patched.setattr(sorting, name, value)
        both = catalogue + more
        ids = records.save_records(connection, both, [], NOW).ids
        parsed = {n: (Record.from_iso2709(each.iso2709), each.form) for n, each in zip(ids, both, strict=True)}
        expected = sorted(ids)
        for key in reversed(keys):
            missing = key.by.key(key.missing).partition(SPELT)[0] if isinstance(key.missing, str) else ""
            sorted_by = {number: key_of(*parsed[number], key.by) or missing for number in ids}
            expected.sort(key=sorted_by.__getitem__, reverse=key.descending)
        assert ordered(connection, *keys, of=ids) == expected
        # One key after the other, the last first: what is equal stays as it was.
        once: list[int] | None = None
        for key in reversed(keys):
            once = ordered(connection, key, of=ids, order=once)
        assert once == expected
        connection.rollback()


CASE, MARKS, BOTH = Spelling(case=True), Spelling(marks=True), Spelling(case=True, marks=True)


def titled(*titles: str) -> list[NewRecord]:
    return [
        new_record(f"T{number}", f"200 1  $a{title}" if title else "300    $ax") for number, title in enumerate(titles)
    ]


def sorted_titles(
    connection: Connection,
    titles: Sequence[str],
    spelling: Spelling,
    missing: Missing | str = Missing.FIRST,
    **how: bool,
) -> list[str]:
    ids = list(records.save_records(connection, titled(*titles), [], NOW).ids)
    made = ordered(connection, SortKey(BY_TITLE, missing=missing, spelling=spelling, **how), of=ids)
    return [titles[ids.index(number)] for number in made]


def test_what_is_alike_without_case_and_marks_is_told_apart_by_what_counts(connection: Connection) -> None:
    titles = ["CÔTE", "Cote", "côté", "cote d'or", "cote", "coté", "côte", "Côte"]
    assert sorted_titles(connection, titles, Spelling()) == [*titles[:3], *titles[4:], "cote d'or"]
    assert sorted_titles(connection, titles, CASE) == [
        "côté",
        "cote",
        "coté",
        "côte",
        "Cote",
        "Côte",
        "CÔTE",
        "cote d'or",
    ]
    assert sorted_titles(connection, titles, MARKS) == [
        "Cote",
        "cote",
        "coté",
        "CÔTE",
        "côte",
        "Côte",
        "côté",
        "cote d'or",
    ]
    assert sorted_titles(connection, titles, BOTH) == [
        "cote",
        "Cote",
        "coté",
        "côte",
        "Côte",
        "CÔTE",
        "côté",
        "cote d'or",
    ]
    assert sorted_titles(connection, titles, BOTH, descending=True)[-2:] == ["Cote", "cote"]


def test_articles_elisions_and_points_count_for_no_spelling(connection: Connection) -> None:
    titles = ["La Mer", "L'Été !", "mer", "Mer", "l'été", "Les  mer"]
    assert sorted_titles(connection, titles, BOTH) == ["l'été", "L'Été !", "mer", "Les  mer", "La Mer", "Mer"]


def test_a_ligature_is_two_letters_and_a_mark(connection: Connection) -> None:
    titles = ["Œuvre", "œuvre", "OEuvre", "Oeuvre", "oeuvre"]
    assert sorted_titles(connection, titles, CASE) == ["œuvre", "oeuvre", "Oeuvre", "Œuvre", "OEuvre"]
    assert sorted_titles(connection, titles, BOTH) == ["oeuvre", "Oeuvre", "OEuvre", "œuvre", "Œuvre"]


def test_numbers_and_years_have_no_spelling(connection: Connection) -> None:
    for by in (BY_DATE, BY_NUMBER, BY_USE):
        assert ordered(connection, SortKey(by, spelling=BOTH)) == ordered(connection, SortKey(by))


@pytest.mark.parametrize("missing", ["a", "mer", "Mer", "MÉR", "zut"])
def test_a_value_for_those_without_one_is_spelt_too(connection: Connection, missing: str) -> None:
    titles = ["Mer", "mer", "", "MER", "mér"]
    for spelling in (Spelling(), CASE, MARKS, BOTH):
        got = sorted_titles(connection, titles, spelling, missing)
        # The one without stands where one of that title would: what is equal stays in the order of the numbers.
        instead = [title or missing for title in titles]
        assert [title or missing for title in got] == sorted_titles(connection, instead, spelling)


def spelt_out(title: str, spelling: Spelling) -> tuple[str, list[str], list[bool]]:
    """Return what a title of plain letters and blanks is compared by, letter for letter."""
    text = unicodedata.normalize("NFC", " ".join(title.split()))
    bare = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char)).lower()
    small = text.lower()
    marks = ["" if one == other else one for one, other in zip(small, bare, strict=True)]
    return bare, marks if spelling.marks else [], [char.isupper() for char in text] if spelling.case else []


@given(
    st.lists(st.text("xXeEéÉèê ", min_size=1, max_size=5).filter(str.strip), min_size=2, max_size=12),
    st.sampled_from([Spelling(), CASE, MARKS, BOTH]),
    st.booleans(),
)
def test_the_spelling_is_that_of_the_titles_compared_letter_for_letter(
    oracle_location: Location, titles: list[str], spelling: Spelling, descending: bool
) -> None:
    with pytest.MonkeyPatch.context() as patched, oracle_location.engine().connect() as connection:
        patched.setattr(sorting, "ROWS", 4)
        expected = sorted(titles, key=lambda title: spelt_out(title, spelling), reverse=descending)
        assert sorted_titles(connection, titles, spelling, descending=descending) == expected
        connection.rollback()
