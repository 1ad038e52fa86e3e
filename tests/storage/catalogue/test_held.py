"""What is asked of items: barcode, call number, who possesses them; on both databases, as they are at the moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from sqlalchemy import Connection, update

from storage.catalogue import held, records
from storage.catalogue.access_points import BARCODE, CALL_NUMBER, INSTITUTION, TITLE, AccessPoint
from storage.catalogue.hits import Hits
from storage.catalogue.query import And, AndNot, Kind, Present, Query, Term
from storage.database import Location
from storage.schema import item, library
from tests.network import LENS, LIEVIN
from tests.storage.catalogue.corpus import NOW, RECORDS
from tests.storage.catalogue.running import NETWORK, found

GERMINAL, OEUVRE, THIRD, FOURTH = 1, 2, 3, 4


def put(connection: Connection, number: int, record: int, **values: object) -> None:
    connection.execute(update(item).where(item.c.id == number).values(record_id=record, **values))


@pytest.fixture
def connection(any_location: Location) -> Iterator[Connection]:
    """Four records with items: two of Lens, one of Liévin, one withdrawn."""
    with any_location.engine().begin() as connection:
        records.save_records(connection, RECORDS[:4], [NETWORK], NOW)
        put(connection, 1, GERMINAL, owner_id=LENS, call_number="R ZOL")
        put(connection, 2, OEUVRE, owner_id=LENS, call_number="R ZOLA o")
        put(connection, 12, GERMINAL, owner_id=LIEVIN, call_number="840 ZOL")
        put(connection, 3, THIRD, owner_id=LENS, call_number="R ZOL", condition="withdrawn")
        yield connection


def ask(point: AccessPoint, text: str, kind: Kind = Kind.WORDS) -> Term:
    return Term((point,), kind, text)


FINDS: Final[list[tuple[Query, list[int]]]] = [
    (ask(BARCODE, "I1"), [GERMINAL]),
    (ask(BARCODE, " i12 "), [GERMINAL]),
    (ask(BARCODE, "I3"), []),
    (ask(BARCODE, "I"), []),
    (ask(BARCODE, "I1", Kind.PREFIX), [GERMINAL]),
    (ask(BARCODE, "i", Kind.PREFIX), [GERMINAL, OEUVRE]),
    (ask(CALL_NUMBER, "R ZOL"), [GERMINAL]),
    (ask(CALL_NUMBER, "r zol"), [GERMINAL]),
    (ask(CALL_NUMBER, "r zol", Kind.PREFIX), [GERMINAL, OEUVRE]),
    (ask(INSTITUTION, "LENS"), [GERMINAL, OEUVRE]),
    (ask(INSTITUTION, "fr-620000002"), [GERMINAL]),
    (ask(INSTITUTION, "Médiathèque de Liévin"), [GERMINAL]),
    (ask(INSTITUTION, "mediatheque"), [GERMINAL, OEUVRE]),
    (ask(INSTITUTION, "medi", Kind.PREFIX), [GERMINAL, OEUVRE]),
    (ask(INSTITUTION, "FR-62", Kind.PREFIX), [GERMINAL, OEUVRE]),
    (ask(INSTITUTION, "avion"), []),
    (ask(INSTITUTION, "nowhere"), []),
    (Present((BARCODE,)), [GERMINAL, OEUVRE]),
    (Present((INSTITUTION,)), [GERMINAL, OEUVRE]),
    (AndNot(Present(()), Present((CALL_NUMBER,))), [THIRD, FOURTH]),
    (And(ask(TITLE, "germinal"), ask(INSTITUTION, "lievin")), [GERMINAL]),
]


def test_records_are_found_by_what_is_on_their_items(connection: Connection) -> None:
    for query, numbers in FINDS:
        assert found(connection, query, [NETWORK]) == numbers, query


def test_slices_leave_nothing_out(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "SLICE", 1)
    for query, numbers in FINDS:
        assert found(connection, query, [NETWORK]) == numbers, query


def test_a_code_is_one_library_s_though_names_have_it_as_a_word(connection: Connection) -> None:
    connection.execute(update(library).where(library.c.id == LIEVIN).values(name="Bibliothèque de Liévin-sous-Lens"))
    assert found(connection, ask(INSTITUTION, "Lens"), [NETWORK]) == [GERMINAL, OEUVRE]
    connection.execute(update(item).where(item.c.id == 2).values(owner_id=LIEVIN))
    assert found(connection, ask(INSTITUTION, "Lens"), [NETWORK]) == [GERMINAL]
    assert found(connection, ask(INSTITUTION, "sous Lens"), [NETWORK]) == [GERMINAL, OEUVRE]
    assert found(connection, ask(INSTITUTION, "Len", Kind.PREFIX), [NETWORK]) == [GERMINAL, OEUVRE]


def test_an_item_that_moves_is_found_where_it_is_although_no_record_has_changed(connection: Connection) -> None:
    hits = Hits()
    at_lens, at_lievin = ask(INSTITUTION, "lens"), ask(INSTITUTION, "lievin")
    assert found(connection, at_lens, [NETWORK], hits) == [GERMINAL, OEUVRE]
    put(connection, 2, OEUVRE, owner_id=LIEVIN)
    assert found(connection, at_lens, [NETWORK], hits) == [GERMINAL]
    assert found(connection, at_lievin, [NETWORK], hits) == [GERMINAL, OEUVRE]
