"""A catalogue made for the Z39.50 kit: words that are rare and common, accents, ligatures, elisions, both kinds of ISBN, one big record."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, update

from protocols.marc.record import Field, Subfield
from storage import schema
from storage.catalogue.records import NewRecord, save_records
from tests.network import NOW
from tests.server.z3950.origin import marc21, unimarc

_THINGS: Final = (
    "jardin",
    "montagne",
    "bateau",
    "horloge",
    "lanterne",
    "moulin",
    "fontaine",
    "cerisier",
    "grenier",
    "rempart",
)
_KINDS: Final = ("perdu", "secret", "bleu", "immense", "fragile", "ancien")
_AUTHORS: Final = (
    ("Émile", "Vasseur"),
    ("Anne", "Delattre"),
    ("Łucja", "Nowak"),
    ("François", "Lecœur"),
    ("Jean", "Mercier"),
)
_SUBJECTS: Final = ("Mines", "Botanique", "Navigation", "Horlogerie")
_TITLES: Final = (
    "L'Œuvre du forgeron",
    "Cœur de pierre",
    "L'été à la mer",
    "Noël à Liévin",
    "Aujourd'hui l'école",
    "Où est l'île ?",
)


def _isbn_13(number: int) -> str:
    body = f"9782{number:08}"
    return body + str(-sum(int(each) * (1 + 2 * (at % 2)) for at, each in enumerate(body)) % 10)


def _isbn_10(number: int) -> str:
    body = f"2{number:08}"
    rest = -sum(int(each) * (10 - at) for at, each in enumerate(body)) % 11
    return body + ("X" if rest == 10 else str(rest))


def _more(tag: str, *subfields: str) -> Field:
    return Field(tag, "", "  ", [Subfield(part[0], part[1:]) for part in subfields])


def records() -> list[NewRecord]:
    """Return the records."""
    made = []
    titles = [f"Le {thing} {kind}" for thing in _THINGS for kind in _KINDS] + list(_TITLES)
    for number, title in enumerate(titles):
        forename, surname = _AUTHORS[number % len(_AUTHORS)]
        isbn = _isbn_10(number) if number % 7 == 3 else _isbn_13(number)
        subject = _more("606", f"a{_SUBJECTS[number % len(_SUBJECTS)]}", "xHistoire")
        made.append(unimarc(f"kit{number:03}", title, forename, surname, isbn, str(1950 + number % 23), subject))
    made.append(
        unimarc(
            "kitbig",
            "Pavé considérable",
            "Anne",
            "Delattre",
            _isbn_13(900),
            "2001",
            *([_more("300", "a" + "é" * 4_000)] * 3),
        )
    )
    serial = (_more("530", "aGazette houillère"), _more("606", "aPresse"))
    made.append(unimarc("kitkey", "Gazette houillère", "Anne", "Delattre", _isbn_13(901), "1990", *serial))
    made.append(marc21("kitm1", "Voyage en Amérique", "Tremblay, Michel"))
    return made


def fill(connection: Connection) -> None:
    """Save the records in the network's database, the first of them in Lens's too; items I1 and I2 are of the first."""
    made = records()
    save_records(connection, made, [1], NOW)
    connection.execute(
        schema.database.insert(), [{"name": "lens", "title": "Lens"}, {"name": "vide", "title": "Nothing"}]
    )
    save_records(connection, made[:20], [2], NOW)
    connection.execute(update(schema.item).where(schema.item.c.id.in_([1, 2])).values(record_id=1))
