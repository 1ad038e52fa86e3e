"""Which records describe one document: identifiers find candidates, points decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Connection

from protocols.marc.format import Format
from protocols.marc.record import Field, Record
from storage.catalogue.matching import Verdict, matches
from storage.catalogue.records import NewRecord, save_records
from storage.database import Location
from tests.network import NOW
from tests.server.z3950.origin import _field, marc21, unimarc

LEADER = "00000nam  22000003  450 "


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


OTHER = "9782070409228"


@pytest.mark.parametrize(
    "linked",
    [
        _field("452", "tGerminal", "y9782253004226"),  # another edition, which the record names
        _field("461", "tLes Rougon-Macquart", "v13", "y9782253004226"),  # the set that it is of
        _field("010", "z9782253004226", "bfaux"),
    ],
)
def test_an_isbn_that_is_not_its_own_makes_no_one_book(connection: Connection, linked: Field) -> None:
    assert likeness(connection, book("a"), book("b", "Germinal", OTHER, "1885", linked)) is None


def test_one_number_of_the_trade_is_as_good_as_an_isbn(connection: Connection) -> None:
    films = [
        unimarc(control, "Germinal", "Claude", "Berri", "", "1993", _field("073", "a3259190203296")) for control in "ab"
    ]
    assert likeness(connection, *films) is Verdict.SAME


def serial(control: str, title: str, *more: Field) -> NewRecord:
    made = unimarc(control, title, "", "", "", "1990", *more)
    return replace(made, iso2709=made.iso2709.replace(b"nam", b"nas", 1))


def test_an_issn_is_of_serials_and_the_books_of_a_series_share_it_for_nothing(connection: Connection) -> None:
    number = _field("011", "a0048-8496")
    assert (
        likeness(connection, serial("a", "La Quinzaine", number), serial("b", "La Quinzaine", number)) is Verdict.SAME
    )
    series = _field("225", "aBibliothèque de la Pléiade", "x1234-5679")
    books = [book(control, "Œuvres", isbn, "1990", series) for control, isbn in (("c", OTHER), ("d", "9782253004226"))]
    assert likeness(connection, *books) is None


@pytest.mark.parametrize(
    ("title", "forename", "surname", "year", "verdict"),
    [
        ("GERMINAL", "E.", "ZOLA", "1885", Verdict.DOUBTFUL),
        ("Nana", "E.", "Zola", "1885", None),
        ("Germinal", "E.", "Zola", "1886", None),
        ("Germinal", "Claude", "Berri", "1885", None),
    ],
)
def test_records_without_identifiers_are_looked_at_if_all_else_is_alike(
    connection: Connection, title: str, forename: str, surname: str, year: str, verdict: Verdict | None
) -> None:
    bare = unimarc("b", title, forename, surname, "", year)
    assert likeness(connection, book("a"), bare) is verdict


def test_a_book_with_an_isbn_is_looked_at_beside_one_without(connection: Connection) -> None:
    new = book("b")
    save_records(connection, [new], [1], NOW)  # as it is when it is compared
    assert likeness(connection, unimarc("a", "Germinal", "Émile", "Zola", "", "1885"), new) is Verdict.DOUBTFUL


def test_a_number_that_many_share_hides_no_other(connection: Connection) -> None:
    series, junk = _field("225", "aBibliothèque de la Pléiade", "x1234-5679"), _field("035", "aBDP62")
    others = [book(f"o{number}", f"Œuvres {number}", "", "1990", series, junk) for number in range(60)]
    save_records(connection, others, [1], NOW)
    assert matches(connection, book("n", "Nana", OTHER, "1880", series, junk)) == []
    new = book("b", "Germinal", "9782253004226", "1885", series, junk)
    assert likeness(connection, book("a"), new) is Verdict.SAME


def test_too_little_said_is_like_nothing(connection: Connection) -> None:
    one, other = (
        NewRecord("TEST", control, Format.UNIMARC, Record(LEADER, [title]).to_iso2709(), "Poésies", "")
        for control, title in (("a", _field("200", "aPoésies")), ("b", _field("200", "aPoésies")))
    )
    assert likeness(connection, one, other) is None


def test_the_number_that_a_record_had_at_its_agency_settles_it(connection: Connection) -> None:
    theirs = book("a", "Germinal", "9782253004226", "1885", _field("035", "a(FR-751131015)FRBNF35101234"))
    ours = book("b", "Autre titre", OTHER, "2001", _field("801", "aFR", "bFR-751131015", "hFRBNF35101234"))
    assert likeness(connection, theirs, ours) is Verdict.SAME
