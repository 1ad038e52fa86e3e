"""Records changed one by one, on both databases: in whose name, over which version, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, select

from storage import schema
from storage.catalogue import records
from storage.catalogue.access_points import TITLE
from storage.catalogue.merging import merge_records
from storage.catalogue.query import Kind, Term
from storage.catalogue.unmerging import unmerge_record
from storage.catalogue.updates import Action, Change, Content, UpdateReason, UpdateRefused, change_record
from storage.database import Location
from storage.usecase import Origin
from tests.storage.catalogue.corpus import NOW, RECORDS
from tests.storage.catalogue.running import NETWORK, found, new_record

MARIE = Origin("z3950", "marie", 1)


@pytest.fixture
def connection(any_location: Location) -> Iterator[Connection]:
    """The five records of the tests of search, which are Lens's."""
    with any_location.engine().begin() as connection:
        records.save_records(connection, RECORDS, [NETWORK], NOW)
        yield connection


def content(control: str, title: str) -> Content:
    made = new_record(control, f"200 1  $a{title}")
    return Content(control, made.form, made.iso2709, made.title, made.author)


def change(connection: Connection, made: Change, *sources: str) -> int:
    return change_record(connection, MARIE, sources or ("LENS", "LENS2"), made, [NETWORK], NOW + 1)


def journal(connection: Connection) -> list[tuple[object, ...]]:
    kept = schema.journal.c
    columns = (kept.at, kept.act, kept.channel, kept.actor, kept.library_id, kept.detail)
    return [tuple(row) for row in connection.execute(select(*columns).order_by(kept.seq))]


def titled(connection: Connection, title: str) -> list[int]:
    return found(connection, Term((TITLE,), Kind.WORDS, title), [NETWORK])


def test_records_are_inserted_replaced_saved_and_deleted(connection: Connection) -> None:
    assert change(connection, Change(Action.INSERT, content=content("9", "neuve"))) == 6
    assert change(connection, Change(Action.REPLACE, content=content("1", "autre"))) == 1
    assert change(connection, Change(Action.SAVE, content=content("2", "autre"))) == 2
    assert change(connection, Change(Action.SAVE, content=content("10", "autre"))) == 7
    assert titled(connection, "neuve") == [6]
    assert titled(connection, "autre") == [1, 2, 7]
    assert change(connection, Change(Action.DELETE, control="1")) == 1
    assert change(connection, Change(Action.DELETE, number=2)) == 2
    assert titled(connection, "autre") == [7]
    who = (NOW + 1, "z3950", "marie", 1)
    assert [(row[0], *row[2:5]) for row in journal(connection)] == [who] * 6
    assert [(row[1], row[5]) for row in journal(connection)] == [
        ("record-insert", "record=6 databases=1"),
        ("record-replace", "record=1 databases=1"),
        ("record-replace", "record=2 databases=1"),
        ("record-insert", "record=7 databases=1"),
        ("record-delete", "record=1 databases=1"),
        ("record-delete", "record=2 databases=1"),
    ]


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (Change(Action.INSERT, content=content("1", "x")), UpdateReason.EXISTS),
        (Change(Action.REPLACE, content=content("77", "x")), UpdateReason.UNKNOWN),
        (Change(Action.SAVE, number=77, content=content("1", "x")), UpdateReason.UNKNOWN),
        (Change(Action.DELETE, control="77"), UpdateReason.UNKNOWN),
        (Change(Action.REPLACE, version="2", content=content("1", "x")), UpdateReason.CHANGED),
        (Change(Action.DELETE, control="1", version="20200101000000.0"), UpdateReason.CHANGED),
        (Change(Action.INSERT, content=content("", "x")), UpdateReason.NO_NUMBER),
        (Change(Action.INSERT), UpdateReason.NO_NUMBER),
    ],
)
def test_what_is_refused(connection: Connection, made: Change, reason: UpdateReason) -> None:
    with pytest.raises(UpdateRefused) as caught:
        change(connection, made)
    assert caught.value.reason is reason
    assert titled(connection, "germinal") == [1, 4]
    assert journal(connection) == []


@pytest.mark.parametrize("named", [{"control": "2"}, {"number": 2}, {}])
@pytest.mark.parametrize("action", Action)
def test_what_is_meant_for_a_record_that_was_merged_is_refused_and_says_into_which(
    connection: Connection, action: Action, named: dict[str, Any]
) -> None:
    merge_records(connection, 1, 2, MARIE, NOW, keep=1)
    with pytest.raises(UpdateRefused) as refused:
        change(connection, Change(action, content=content("2", "autre"), **named))
    assert (refused.value.reason, refused.value.detail) == (UpdateReason.SUPERSEDED, "1")


def test_a_record_that_others_were_merged_into_is_not_deleted_with_them(connection: Connection) -> None:
    merge_records(connection, 1, 2, MARIE, NOW, keep=1)
    with pytest.raises(UpdateRefused) as refused:
        change(connection, Change(Action.DELETE, number=1))
    assert (refused.value.reason, refused.value.detail) == (UpdateReason.MERGED, "2")
    unmerge_record(connection, 2, MARIE, NOW)
    assert change(connection, Change(Action.DELETE, number=1)) == 1


def test_another_communes_record_of_the_same_number_is_left_alone(connection: Connection) -> None:
    with pytest.raises(UpdateRefused) as caught:
        change(connection, Change(Action.REPLACE, content=content("1", "x")), "AVION")
    assert (caught.value.reason, caught.value.detail) == (UpdateReason.NOT_YOURS, "LENS")
    records.save_records(connection, [new_record("1", "200 1  $aLeur livre", source="AVION")], [NETWORK], NOW)
    assert change(connection, Change(Action.REPLACE, content=content("1", "mien")), "AVION") == 6
    assert titled(connection, "germinal") == [1, 4]
