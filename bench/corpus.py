"""A catalogue of any size, and what must be found in it.

The demo's five thousand titles have a small vocabulary. Here words are drawn as in real titles (the n-th most frequent is n
times rarer than the first), so that the index has common words, rare ones and tens of thousands between; every record has
an ISBN, people, subjects, a summary and items (995). What is written is counted, by rules of this module's own: the
benchmark compares the counts of the daemon's answers with these.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final

from protocols.marc.charsets import NSB, NSE
from protocols.marc.record import Field, Record, Subfield

SEED: Final = 62498
_WORDS: Final = 60_000
_PEOPLE: Final = 15_000
_SUBJECTS: Final = 2_000
_ONSETS: Final = (
    "b",
    "br",
    "c",
    "ch",
    "d",
    "f",
    "fr",
    "g",
    "gr",
    "j",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "r",
    "s",
    "t",
    "tr",
    "v",
)
_VOWELS: Final = ("a", "e", "é", "i", "o", "u", "an", "ou", "on", "è", "in", "eu", "ai", "ô")
_ENDS: Final = ("", "", "r", "l", "s", "t", "n", "que", "lle", "ge")
_LINKS: Final = ("de", "et", "du", "des", "en", "sur", "dans", "pour", "à")
_PLACES: Final = ("Lens", "Lille", "Arras", "Paris", "Liévin", "Lyon", "Bruxelles")


@cache
def folded(word: str) -> str:
    """Return *word* without accents, in small letters."""
    return "".join(char for char in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(char))


def _vocabulary(random: Random, count: int) -> list[str]:
    """Return words that can be pronounced; no two are the same but for accents."""
    found: dict[str, str] = {}
    while len(found) < count:
        syllables = random.choice((1, 2, 2, 3, 3, 4))
        word = "".join(random.choice(_ONSETS) + random.choice(_VOWELS) for _ in range(syllables)) + random.choice(_ENDS)
        if len(word) > 4:
            found.setdefault(folded(word), word)
    return list(found.values())


def _isbn(number: int) -> str:
    digits = f"9782{number:08d}"
    return digits + str(-sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits)) % 10)


@dataclass
class Facts:
    """What is in a corpus: by folded word, the records whose titles have it; and so on. Records are counted from 0."""

    records: int = 0
    items: int = 0
    words: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Two words that follow each other in a part of a title, and in how many titles they do."""
    seams: set[tuple[str, str]] = field(default_factory=set)
    """The last word of a title's part and the first of the next: whether they follow each other is a matter of opinion."""
    authors: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    anywhere: Counter[str] = field(default_factory=Counter)
    """Words, and how many records have them in a title, a name, a subject, a note, a publisher's name."""
    isbns: list[str] = field(default_factory=list)

    def words_of(self, least: int, most: int, count: int) -> list[str]:
        """Return *count* words that are in *least* to *most* titles, always the same ones."""
        fitting = sorted(word for word, found in self.words.items() if least <= len(found) <= most)
        return fitting[:: max(1, len(fitting) // count)][:count]

    def phrases(self, count: int) -> list[tuple[str, str]]:
        """Return *count* pairs of words that follow each other in many titles."""
        often = [pair for pair, _ in self.pairs.most_common(50 * count) if pair not in self.seams]
        return often[:: max(1, len(often) // count)][:count]

    def beginning_with(self, prefix: str) -> set[int]:
        """Return the records with a title word that begins with *prefix*."""
        return {number for word, found in self.words.items() if word.startswith(prefix) for number in found}

    def note(self, number: int, titles: Iterable[Sequence[str]], names: Iterable[str], isbn: str) -> None:
        """Note what a record holds: the words of each part of its title, its people's names."""
        parts = [[folded(word) for word in part] for part in titles]
        for word in {word for part in parts for word in part}:
            self.words[word].append(number)
        self.pairs.update({pair for part in parts for pair in pairwise(part)})
        self.seams.update((one[-1], other[0]) for one, other in pairwise(parts) if one and other)
        for name in {folded(name) for name in names}:
            self.authors[name].append(number)
        self.isbns.append(isbn)
        self.records += 1


class Corpus:
    """Makes records."""

    def __init__(self, libraries: Sequence[str], seed: int = SEED) -> None:
        self._random = random = Random(seed)
        self._libraries = libraries
        self._words = _vocabulary(random, _WORDS)
        names = _vocabulary(random, 4_000)
        self._people = [
            (random.choice(names).capitalize(), random.choice(names[:400]).capitalize()) for _ in range(_PEOPLE)
        ]
        self._subjects = [
            (self._some(1)[0].capitalize(), random.choice(("Histoire", "Romans", "Guides pratiques", "")))
            for _ in range(_SUBJECTS)
        ]
        self.facts = Facts()

    def _rank(self, count: int) -> int:
        """Return a number below *count*, n with a chance of 1 in n."""
        return int(math.exp(self._random.random() * math.log(count)) - 1)

    def _some(self, count: int) -> list[str]:
        return [self._words[self._rank(_WORDS)] for _ in range(count)]

    def _title(self) -> list[str]:
        words = self._some(self._random.randint(1, 6))
        if len(words) > 2:
            words.insert(self._random.randint(1, len(words) - 1), self._random.choice(_LINKS))
        return words

    def records(self, count: int) -> Iterator[bytes]:
        """Yield *count* UNIMARC records in ISO 2709, UTF-8."""
        for number in range(count):
            yield self._record(number).to_iso2709()

    def _record(self, number: int) -> Record:
        random = self._random
        title, complement = self._title(), self._title() if random.random() < 0.4 else []
        people = [self._people[self._rank(_PEOPLE)] for _ in range(random.choice((1, 1, 1, 2)))]
        subjects = [self._subjects[self._rank(_SUBJECTS)] for _ in range(random.randint(0, 3))]
        isbn, year, place = _isbn(number), random.randint(1975, 2025), random.choice(_PLACES)
        self.facts.note(number, [title, complement], [part for person in people for part in person], isbn)
        said = " ".join(title)
        article = f"{NSB}{random.choice(('Le', 'La', 'Les'))} {NSE}" if random.random() < 0.3 else ""
        by = ", ".join(f"{forename} {surname}" for surname, forename in people)
        fields = [
            Field("001", f"BENCH{number:08d}"),
            Field("005", "20260101120000.0"),
            _field("010", "  ", ("a", isbn), ("b", "br.")),
            _field("100", "  ", ("a", f"20260101d{year}    m  y0frey50      ba")),
            _field("101", "0 ", ("a", "fre")),
            _field("102", "  ", ("a", "FR")),
            _field("181", "  ", ("6", "z01"), ("c", "txt"), ("2", "rdacontent")),
            _field("182", "  ", ("6", "z01"), ("c", "n"), ("2", "rdamedia")),
            _field("200", "1 ", ("a", article + said), ("e", " ".join(complement)), ("f", by)),
            _field("210", "  ", ("a", place), ("c", f"Éditions {random.choice(self._words[:500])}"), ("d", str(year))),
            _field("215", "  ", ("a", f"{random.randint(40, 900)} p."), ("d", "21 cm")),
            _field("330", "  ", ("a", " ".join(self._some(25)).capitalize() + ".")),
            *(_field("606", "  ", ("a", a), ("x", x), ("2", "rameau")) for a, x in subjects),
            _field("676", "  ", ("a", f"{random.randint(0, 999):03d}"), ("v", "23")),
            *(
                _field("701" if at else "700", " 1", ("a", surname), ("b", forename), ("4", "070"))
                for at, (surname, forename) in enumerate(people)
            ),
            _field("801", " 3", ("a", "FR"), ("b", "BENCH"), ("g", "AFNOR")),
            *self._items(number),
        ]
        self.facts.anywhere.update({folded(word) for word in _words_of(fields)})
        return Record("00000nam0 2200000   450 ", fields)

    def _items(self, number: int) -> Iterator[Field]:
        for copy in range(self._random.choice((1, 1, 2, 3))):
            self.facts.items += 1
            yield _field(
                "995",
                "  ",
                ("b", self._random.choice(self._libraries)),
                ("f", f"2{number:09d}{copy:04d}"),
                ("k", f"R {self._words[number % _WORDS][:3].upper()}"),
                ("r", "book"),
            )


_ANYWHERE: Final = {"200": "aef", "210": "ac", "330": "a", "606": "ax", "700": "ab", "701": "ab"}


def _words_of(fields: Iterable[Field]) -> Iterator[str]:
    """Yield the words that are found whatever is asked for: those of the subfields that tell people something."""
    for each in fields:
        for part in each.subfields:
            if part.code in _ANYWHERE.get(each.tag, ""):
                yield from _NO_WORD.sub(" ", part.value).split()


_NO_WORD: Final = re.compile(r"[\W\x80-\x9f]+")


def _field(tag: str, indicators: str, *subfields: tuple[str, str]) -> Field:
    return Field(tag, "", indicators, [Subfield(code, value) for code, value in subfields if value])


def write(path: Path, count: int, libraries: Sequence[str]) -> Facts:
    """Write a corpus of *count* records, with items in *libraries*, into *path*; return what is in it."""
    corpus = Corpus(libraries)
    with path.open("wb") as file:
        for record in corpus.records(count):
            file.write(record)
    return corpus.facts
