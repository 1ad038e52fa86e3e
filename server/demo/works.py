"""What a title is before it is a record: one class, and the numbers that identify it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from stdnum import ean, isbn, issn

from server.demo.classics import Author


class Publisher(NamedTuple):
    """A publisher, its place, its registrant number, and the series that it publishes."""

    name: str
    place: str
    registrant: str
    series: tuple[str, ...] = ()


PUBLISHERS: Final = {
    "classics": (
        Publisher("Les Classiques du beffroi", "Arras", "84001", ("Classiques", "Le Grand format")),
        Publisher("Éditions de la Gohelle", "Lens", "84002", ("Littérature", "Œuvres complètes")),
        Publisher("Petit Quinquin poche", "Lille", "84003", ("Petit Quinquin poche",)),
    ),
    "novel": (
        Publisher("Éditions du Terril", "Liévin", "84010", ("Terril noir", "Terril blanc")),
        Publisher("L'Escaut", "Paris", "84011", ("Domaine français", "Domaine étranger")),
        Publisher("La Scarpe & fils", "Douai", "84012"),
        Publisher("Deûle et Lys", "Lille", "84013", ("Romans d'ici",)),
        Publisher("Le Grand Large", "Boulogne-sur-Mer", "84014"),
        Publisher("Éditions des Hautes Voies", "Paris", "84015", ("Large vision",)),
    ),
    "young": (
        Publisher("Galibot jeunesse", "Lens", "84020", ("Premières lectures", "Mes albums")),
        Publisher("La Luciole", "Paris", "84021", ("Luciole junior",)),
        Publisher("L'Ours à lunettes", "Roubaix", "84022"),
        Publisher("Cerf-volant", "Berck", "84023", ("Grand vent",)),
    ),
    "comic": (
        Publisher("Bulles du Nord", "Tourcoing", "84030"),
        Publisher("Case départ", "Bruxelles", "84031"),
        Publisher("Planche et Cie", "Paris", "84032"),
    ),
    "manga": (
        Publisher("Sakura éditions", "Paris", "84040", ("Shōnen", "Seinen")),
        Publisher("Kaze no kai", "Lyon", "84041"),
    ),
    "facts": (
        Publisher("Presses du bassin minier", "Lens", "84050", ("Mémoires du charbon",)),
        Publisher("Savoirs pratiques", "Paris", "84051", ("Les guides", "En cent questions")),
        Publisher("Éditions de l'Artois", "Arras", "84052", ("Histoire et patrimoine",)),
        Publisher("Le Jardin des savoirs", "Nantes", "84053"),
    ),
    "dvd": (Publisher("Lanterne magique vidéo", "Paris", "376001"), Publisher("Ciné-Nord", "Lille", "376002")),
    "cd": (Publisher("Carillon records", "Dunkerque", "376003"), Publisher("Studio des Flandres", "Lille", "376004")),
    "game": (Publisher("Ludo-Nord", "Villeneuve-d'Ascq", "376005"),),
    "magazine": (Publisher("Presses périodiques réunies", "Lille", "27"),),
}


class Numbers:
    """Gives out identifiers with right check digits, no one twice."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def _next(self, series: str) -> int:
        self._given[series] = self._given.get(series, -1) + 1
        return self._given[series]

    def isbn(self, publisher: Publisher, year: int) -> str:
        """Return an ISBN with its hyphens: of ten digits before 2007, as books have it."""
        number = f"9782{publisher.registrant}{self._next(publisher.registrant):03d}"
        number += ean.calc_check_digit(number)
        middle = f"2-{number[4:9]}-{number[9:12]}"
        return f"{middle}-{isbn.to_isbn10(number)[-1]}" if year < 2007 else f"978-{middle}-{number[-1]}"

    def ean(self, publisher: Publisher) -> str:
        """Return an EAN."""
        number = f"{publisher.registrant}{self._next(publisher.registrant):06d}"
        return number + ean.calc_check_digit(number)

    def issn(self, publisher: Publisher) -> str:
        """Return an ISSN."""
        number = f"{publisher.registrant}{self._next(publisher.registrant):05d}"
        return f"{number[:4]}-{number[4:]}{issn.calc_check_digit(number)}"


class Role(NamedTuple):
    """Someone's part in a work: UNIMARC relator code and the words of a statement of responsibility."""

    person: Author
    code: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """A title to catalogue. *kind* is the item type; *section* the shelf; *copies* least and most copies."""

    kind: str
    title: str
    publisher: Publisher
    year: int
    dewey: str
    call_number: str
    extent: str
    size: str
    copies: tuple[int, int]
    section: str = "Adulte"
    audience: str = "m"
    complement: str = ""
    volume: str = ""
    part: str = ""
    parallel: str = ""
    edition: str = ""
    illustrated: str = ""
    roles: tuple[Role, ...] = ()
    series: str = ""
    series_number: str = ""
    set_title: str = ""
    summary: str = ""
    genre: str = ""
    subjects: tuple[str, ...] = ()
    language: str = "fre"
    original_language: str = ""
    original: str = ""
    isbn: str = ""
    ean: str = ""
    issn: str = ""
    frequency: str = ""
    issues: tuple[str, ...] = field(default=())
