"""Which records describe one document: identifiers find candidates, points decide."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from protocols.marc.record import Field
from storage.catalogue.matching import Verdict, matches
from storage.catalogue.records import NewRecord, save_records
from storage.database import Location
from tests.network import NOW
from tests.server.z3950.origin import _field, marc21, unimarc


@pytest.fixture
def connection(location: Location) -> Iterator[Connection]:
    with location.engine().begin() as connection:
        yield connection


def likeness(connection: Connection, there: NewRecord, new: NewRecord) -> Verdict | None:
    save_records(connection, [there], [1], NOW)
    found = matches(connection, new)
    return found[0].verdict if found else None


def book(
    control: str, title: str = "Germinal", isbn: str = "9782253004226", year: str = "1885", *more: Field
) -> NewRecord:
    return unimarc(control, title, "Émile", "Zola", isbn, year, *more)


def volume(control: str, number: str) -> NewRecord:
    made = book(control, "Naruto", "9782871294177", "2002")
    marked = made.iso2709.decode().replace("aNaruto", f"aNaruto\x1fhTome {number}")
    from protocols.marc.canonical import from_iso2709

    return NewRecord("TEST", control, made.form, from_iso2709(marked.encode(), made.form).to_iso2709(), "Naruto", "")


def test_one_isbn_in_ten_and_thirteen_digits_with_one_title_is_one_book(connection: Connection) -> None:
    assert likeness(connection, book("a"), book("b", "GERMINAL", "2-253-00422-7", "1886")) is Verdict.SAME


def test_a_complement_of_the_title_makes_no_other_book(connection: Connection) -> None:
    assert likeness(connection, book("a"), book("b", "Germinal : roman")) is Verdict.SAME


def test_a_reprint_years_later_is_looked_at(connection: Connection) -> None:
    assert likeness(connection, book("a"), book("b", year="1999")) is Verdict.DOUBTFUL


@pytest.mark.parametrize("title", ["Nana", "La Débâcle"])
def test_an_isbn_used_twice_makes_no_one_book(connection: Connection, title: str) -> None:
    assert likeness(connection, book("a"), book("b", title)) is None


@pytest.mark.parametrize(("number", "verdict"), [("1", Verdict.SAME), ("01", Verdict.SAME), ("2", None)])
def test_volumes_of_a_series_stay_apart(connection: Connection, number: str, verdict: Verdict | None) -> None:
    assert likeness(connection, volume("a", "1"), volume("b", number)) is verdict


def test_a_number_of_another_catalogue_settles_it_and_bare_digits_do_not(connection: Connection) -> None:
    named, bare = _field("035", "aFRBNF35101234"), _field("035", "a1234")
    there = book("a", "Germinal", "9782253004226", "1885", named, bare)
    assert likeness(connection, there, book("b", "Autre titre", "9780000000002", "2001", named)) is Verdict.SAME
    assert matches(connection, book("c", "Autre titre", "9780000000002", "2001", bare)) == []


def test_the_new_record_itself_is_not_like_itself(connection: Connection) -> None:
    assert likeness(connection, book("a"), book("a")) is None


def test_records_without_identifiers_in_common_are_never_compared(connection: Connection) -> None:
    assert likeness(connection, marc21("h1", "Germinal", "Zola"), book("b")) is None
