"""The titles of the demo network: the classics, and five thousand less those that no one has written.

Everything follows from a seed: the same titles in the same order on every machine and with every release, since scripts
and benchmarks rely on them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

from server.demo import titles
from server.demo.classics import WORKS, Author, Work
from server.demo.dice import Dice
from server.demo.french import ABROAD, MEN, NOUNS, PLACES, SURNAMES, WOMEN, of
from server.demo.works import PUBLISHERS, Numbers, Publisher, Role, Title

SEED: Final = 62498
GERMINAL: Final = "978-2-253-00422-6"
CLASSICS: Final = 430
"""Titles by which the catalogue begins, and of which its first items are."""

_SHELVES: Final = {"P": "poésies", "T": "théâtre", "R": "roman"}
_GENRES: Final = (
    ("Roman policier", "RP"), ("Roman historique", "R"), ("Roman d'amour", "R"), ("Roman régional", "RR"), ("Roman", "R"),
    ("Science-fiction", "SF"), ("Roman noir", "RP"), ("Nouvelles", "R"),
)  # fmt: skip
_CRAFTS: Final = (
    "un jeune mineur", "une institutrice", "un libraire", "une couturière", "un ancien porion", "une infirmière",
    "un boulanger", "une journaliste", "un colombophile", "une bibliothécaire", "un gendarme à la retraite", "une musicienne",
)  # fmt: skip
_DEEDS: Final = (
    "découvre", "hérite d'un secret lié à", "cherche à comprendre", "ne peut oublier", "doit retrouver", "fuit", "raconte",
)  # fmt: skip
_WHEN: Final = (
    "En 1906",
    "À la veille de la Grande Guerre",
    "Dans les années trente",
    "En mai 1940",
    "De nos jours",
    "En 1963",
)


_WHOLE: Final = str.maketrans({"Œ": "OE", "œ": "oe", "Ł": "L", "ł": "l"})
"""Letters that are not a letter and an accent."""


def letters(text: str, count: int = 3) -> str:
    """Return the first letters of *text* as a call number has them: capitals without accents."""
    plain = unicodedata.normalize("NFD", text.translate(_WHOLE))
    return "".join(char for char in plain if char.isascii() and char.isalpha())[:count].upper()


def filing(title: str) -> str:
    """Return *title* from where it files."""
    for article in ("Les ", "Le ", "La ", "L'", "Une ", "Un "):
        if title.startswith(article):
            return title.removeprefix(article)
    return title


class Cataloguer:
    """Makes titles, one kind after the other."""

    def __init__(self, seed: int = SEED) -> None:
        self._dice = Dice(seed)
        self._numbers = Numbers()
        self._used: set[str] = set()

    def titles(self) -> Iterator[Title]:
        """Yield all titles; the first is Germinal."""
        yield from self._classics()
        for count, make in (
            (1450, self._novel), (700, self._young), (650, self._facts), (300, self._film), (220, self._disc), (80, self._game),
        ):  # fmt: skip
            for _ in range(count):
                yield make()
        yield from self._series(700, self._comic_series)
        yield from self._series(420, self._manga_series)
        for at in range(50):
            yield self._magazine(at)

    # --- chance ------------------------------------------------------------------------------------------------------

    def _new(self, make: Callable[[Dice], str]) -> str:
        """Return a title that no other has."""
        while (found := make(self._dice)) in self._used:
            pass
        self._used.add(found)
        return found

    def _publisher(self, kind: str) -> Publisher:
        return self._dice.pick(PUBLISHERS[kind])

    def _series_of(self, publisher: Publisher) -> tuple[str, str]:
        """Return a series of *publisher* and a number in it, or nothing."""
        if not publisher.series or self._dice.chance(30):
            return "", ""
        return self._dice.pick(publisher.series), str(self._dice.between(1, 240)) if self._dice.chance(60) else ""

    def _person(self, born: tuple[int, int] = (1940, 1990)) -> Author:
        dates = f"{self._dice.between(*born)}-...." if self._dice.chance(70) else ""
        return Author(self._dice.pick(SURNAMES), self._dice.pick((*WOMEN, *MEN)), dates)

    def _foreigner(self, language: str) -> Author:
        names = ABROAD[language]
        dates = f"{self._dice.between(1935, 1985)}-...."
        return Author(self._dice.pick(names.surnames), self._dice.pick(names.forenames), dates)

    def _summary(self) -> str:
        dice = self._dice
        noun, other = dice.pick(NOUNS), dice.pick(NOUNS)
        return (
            f"{dice.pick(_WHEN)}, près {of(dice.pick(PLACES))}, {dice.pick(_CRAFTS)} {dice.pick(_DEEDS)} {noun.the}{noun.text}"
            f" {other.of_the}{other.text}."
        )

    # --- kinds -------------------------------------------------------------------------------------------------------

    def _classics(self) -> Iterator[Title]:
        works = [*WORKS, *(self._dice.pick(WORKS[1:]) for _ in range(CLASSICS - len(WORKS)))]
        yield self._classic(works[0], first=True)
        for work in works[1:]:
            yield self._classic(work)

    def _classic(self, work: Work, *, first: bool = False) -> Title:
        dice = self._dice
        publisher = Publisher("Librairie générale française", "Paris", "") if first else self._publisher("classics")
        year = 2000 if first else dice.between(1992, 2025)
        series, number = ("Le Livre de poche", "145") if first else self._series_of(publisher)
        bilingual = bool(work.original) and not first and dice.chance(20)
        roles = [Role(work.author, "070", "")] if work.author else []
        if dice.chance(30):
            roles.append(Role(self._person(), "080", "préface de"))
        elif bilingual or work.language:
            roles.append(Role(self._person(), "730", "traduit par"))
        shelf = {"1": "P", "2": "T"}.get(work.dewey[2], "R")  # The third figure of a literature's class is the form.
        return Title(
            kind="book",
            title=work.cycle or work.title,
            volume=work.number,
            part=work.title if work.cycle else "",
            set_title=work.cycle,
            parallel=work.original if bilingual else "",
            original=work.original,
            original_language=work.language,
            complement="édition bilingue" if bilingual else _SHELVES[shelf] if dice.chance(30) else "",
            edition="Nouvelle édition revue" if dice.chance(20) and not first else "",
            publisher=publisher,
            year=year,
            extent=f"{dice.between(140, 720)} p.",
            size="18 cm" if dice.chance(75) or first else "21 cm",
            roles=tuple(roles),
            series=series,
            series_number=number,
            dewey=work.dewey,
            call_number=f"{shelf} {letters(work.author.surname if work.author else filing(work.title))}",
            isbn=GERMINAL if first else self._numbers.isbn(publisher, year),
            copies=(6, 6) if first else (2, 6),
        )

    def _novel(self) -> Title:
        dice = self._dice
        publisher = self._publisher("novel")
        genre, shelf = dice.pick(_GENRES)
        language = dice.pick(("eng", "eng", "eng", *ABROAD)) if dice.chance(35) else ""
        language = "" if language == "jpn" else language
        author = self._foreigner(language) if language else self._person()
        roles = [Role(author, "070", "")]
        if language:
            roles.append(Role(self._person(), "730", "traduit par"))
        large = "Large vision" in publisher.series and dice.chance(40)
        series, number = ("Large vision", "") if large else self._series_of(publisher)
        year = dice.between(1995, 2025)
        return Title(
            kind="book",
            title=self._new(titles.novel),
            complement=genre.lower() if dice.chance(40) else "",
            publisher=publisher,
            year=year,
            extent=f"{dice.between(120, 560)} p.",
            illustrated="couv. ill. en coul." if dice.chance(40) else "",
            size=dice.pick(("18 cm", "20 cm", "21 cm", "23 cm", "24 cm")),
            roles=tuple(roles),
            series=series,
            series_number=number,
            summary=self._summary(),
            genre=genre,
            subjects=(f"{dice.pick(PLACES)} -- Romans",) if dice.chance(15) else (),
            original_language=language,
            dewey=ABROAD[language].dewey if language else "843.92",
            call_number=f"{shelf} {letters(author.surname)}",
            section="Gros caractères" if large else "Adulte",
            isbn=self._numbers.isbn(publisher, year),
            copies=(1, 4),
        )

    def _young(self) -> Title:
        dice = self._dice
        publisher = self._publisher("young")
        album = dice.chance(60)
        author = self._person()
        roles = [Role(author, "070", "texte de" if album else "")]
        if album:
            roles.append(Role(self._person(), "440", "illustrations de"))
        series, number = self._series_of(publisher)
        year = dice.between(1998, 2025)
        return Title(
            kind="book",
            title=self._new(titles.for_children),
            publisher=publisher,
            year=year,
            extent=f"{dice.between(24, 48)} p. non paginées" if album else f"{dice.between(60, 220)} p.",
            illustrated="ill. en coul." if album else "ill.",
            size=dice.pick(("24 cm", "27 cm", "30 cm")) if album else "19 cm",
            roles=tuple(roles),
            series=series,
            series_number=number,
            summary=self._summary() if dice.chance(50) else "",
            genre="Albums pour enfants" if album else "Roman jeunesse",
            audience="b" if album else "d",
            dewey="843.92",
            call_number=f"{'A' if album else 'JR'} {letters(author.surname)}",
            section="Jeunesse",
            isbn=self._numbers.isbn(publisher, year),
            copies=(1, 5),
        )

    def _facts(self) -> Title:
        dice = self._dice
        publisher = self._publisher("facts")
        subject = dice.pick(titles.SUBJECTS)
        author = self._person()
        roles = [Role(author, "070", "")]
        if dice.chance(25):
            roles.append(Role(self._person(), "070", ""))
        series, number = self._series_of(publisher)
        year = dice.between(1996, 2025)
        title, complement = dice.pick(subject.titles), dice.pick(subject.complements)
        return Title(
            kind="book",
            title=title,
            complement=f"{complement} {of(dice.pick(PLACES))}" if complement == "une histoire" else complement,
            edition=f"{dice.between(2, 4)}e édition" if dice.chance(20) else "",
            publisher=publisher,
            year=year,
            extent=f"{dice.between(64, 420)} p.",
            illustrated=dice.pick(("", "ill.", "ill. en coul.", "ill., cartes")),
            size=dice.pick(("19 cm", "21 cm", "24 cm", "28 cm")),
            roles=tuple(roles),
            series=series,
            series_number=number,
            subjects=(subject.heading, f"{dice.pick(PLACES)} -- Ouvrages de vulgarisation")
            if dice.chance(20)
            else (subject.heading,),
            audience="a" if dice.chance(20) else "m",
            dewey=subject.dewey,
            call_number=f"{subject.dewey} {letters(author.surname)}",
            section="Jeunesse" if dice.chance(20) else "Adulte",
            isbn=self._numbers.isbn(publisher, year),
            copies=(1, 3),
        )

    def _film(self) -> Title:
        dice = self._dice
        publisher = self._publisher("dvd")
        language = "eng" if dice.chance(50) else ""
        director = self._foreigner("eng") if language else self._person()
        cast = [
            Role(self._foreigner("eng") if language else self._person(), "005", "avec")
            for _ in range(dice.between(1, 3))
        ]
        title = self._new(titles.novel)
        return Title(
            kind="dvd",
            title=title,
            publisher=publisher,
            year=dice.between(2002, 2025),
            extent=f"1 DVD vidéo ({dice.between(1, 2)} h {dice.between(2, 58)} min)",
            illustrated="coul." if dice.chance(85) else "n. et b.",
            size="12 cm",
            roles=(Role(director, "300", "réalisé par"), *cast),
            summary=self._summary(),
            genre=dice.pick(
                ("Comédies (cinéma)", "Films policiers", "Films dramatiques", "Documentaires", "Films d'animation")
            ),
            language="eng" if language else "fre",
            dewey="791.43",
            call_number=f"F {letters(filing(title))}",
            section="Cinéma",
            ean=self._numbers.ean(publisher),
            copies=(1, 2),
        )

    def _disc(self) -> Title:
        dice = self._dice
        publisher = self._publisher("cd")
        artist = self._person((1940, 2000))
        noun = dice.pick(NOUNS)
        return Title(
            kind="cd",
            title=f"{dice.pick(titles.MUSIC)} {noun.of_the}{noun.text}",
            publisher=publisher,
            year=dice.between(1990, 2025),
            extent="1 disque compact",
            size="12 cm",
            roles=(Role(artist, dice.pick(("230", "590")), ""),),
            genre=dice.pick(("Chanson française", "Musique classique", "Jazz", "Rock", "Musiques du monde")),
            dewey="782.42",
            call_number=f"M {letters(artist.surname)}",
            section="Musique",
            ean=self._numbers.ean(publisher),
            copies=(1, 2),
        )

    def _game(self) -> Title:
        dice = self._dice
        publisher = self._publisher("game")
        noun = dice.pick(NOUNS)
        title = f"{dice.pick(titles.GAMES)} {noun.of_the}{noun.text}"
        return Title(
            kind="game",
            title=title,
            complement=f"jeu de société dès {dice.between(3, 12)} ans",
            publisher=publisher,
            year=dice.between(2008, 2025),
            extent=f"1 jeu ({dice.between(24, 180)} pièces, 1 règle)",
            size="30 cm",
            roles=(Role(self._person(), "070", "un jeu de"),),
            genre="Jeux de société",
            audience="a",
            dewey="794",
            call_number=f"JEU {letters(filing(title))}",
            section="Ludothèque",
            ean=self._numbers.ean(publisher),
            copies=(1, 2),
        )

    def _series(self, count: int, make: Callable[[int], list[Title]]) -> Iterator[Title]:
        """Yield *count* volumes of series, the last of which may be cut short."""
        while count:
            volumes = make(count)
            count -= len(volumes)
            yield from volumes

    def _comic_series(self, most: int) -> list[Title]:
        dice = self._dice
        publisher = self._publisher("comic")
        hero = f"{dice.pick((*WOMEN, *MEN))} {dice.pick(SURNAMES)}"
        name = f"Les aventures {of(hero)}" if dice.chance(50) else self._new(titles.novel)
        writer, artist = self._person(), self._person()
        first, section = dice.between(1985, 2015), "Jeunesse" if dice.chance(50) else "Adulte"
        return [
            Title(
                kind="comic",
                title=name,
                volume=str(number),
                part=self._new(titles.novel),
                set_title=name,
                publisher=publisher,
                year=min(first + number - 1, 2025),
                extent=f"{dice.pick((46, 48, 54, 62))} p.",
                illustrated="ill. en coul.",
                size="30 cm",
                roles=(Role(writer, "070", "scénario de"), Role(artist, "440", "dessin de")),
                genre="Bandes dessinées",
                audience="a" if section == "Jeunesse" else "m",
                dewey="741.5",
                call_number=f"BD {letters(filing(name))}",
                section=section,
                isbn=self._numbers.isbn(publisher, min(first + number - 1, 2025)),
                copies=(1, 4),
            )
            for number in range(1, min(most, dice.between(3, 14)) + 1)
        ]

    def _manga_series(self, most: int) -> list[Title]:
        dice = self._dice
        publisher = self._publisher("manga")
        name = self._new(titles.novel)
        author = self._foreigner("jpn")
        translator = self._person()
        first = dice.between(2002, 2016)
        return [
            Title(
                kind="comic",
                title=name,
                volume=str(number),
                set_title=name,
                publisher=publisher,
                year=min(first + number // 3, 2025),
                extent=f"{dice.between(176, 210)} p.",
                illustrated="ill.",
                size="18 cm",
                roles=(Role(author, "070", ""), Role(translator, "730", "traduit par")),
                series=dice.pick(publisher.series) if publisher.series else "",
                genre="Mangas",
                audience="e",
                original_language="jpn",
                dewey="741.5",
                call_number=f"M {letters(filing(name))}",
                section="Ados",
                isbn=self._numbers.isbn(publisher, min(first + number // 3, 2025)),
                copies=(1, 3),
            )
            for number in range(1, min(most, dice.between(6, 26)) + 1)
        ]

    def _magazine(self, at: int) -> Title:
        dice = self._dice
        publisher = PUBLISHERS["magazine"][0]
        name, frequency = titles.MAGAZINES[at % len(titles.MAGAZINES)]
        first, latest = dice.between(1975, 2015), dice.between(40, 600)
        again = at >= len(titles.MAGAZINES)
        return Title(
            kind="magazine",
            title=name,
            complement="hors-série" if again else "",
            publisher=publisher,
            year=first,
            extent="vol.",
            illustrated="ill. en coul.",
            size="28 cm",
            frequency="Annuel" if again else frequency,
            dewey="050",
            call_number=f"REV {letters(filing(name))}",
            issn=self._numbers.issn(publisher),
            copies=(1, 1),
            issues=tuple(f"N° {latest - back}" for back in range(4 if again else 24)),
        )
