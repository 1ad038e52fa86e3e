"""Sort on both databases: the order by every key, and an oracle that reads the records."""

from __future__ import annotations

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
                return found
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
            missing = key.by.key(key.missing) if isinstance(key.missing, str) else ""
            sorted_by = {number: key_of(*parsed[number], key.by) or missing for number in ids}
            expected.sort(key=sorted_by.__getitem__, reverse=key.descending)
        assert ordered(connection, *keys, of=ids) == expected
        # One key after the other, the last first: what is equal stays as it was.
        once: list[int] | None = None
        for key in reversed(keys):
            once = ordered(connection, key, of=ids, order=once)
        assert once == expected
        connection.rollback()
