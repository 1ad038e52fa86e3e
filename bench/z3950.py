"""Z39.50: cataloguers and portals search and fetch. The counts of every answer are compared with the corpus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, pairwise
from typing import Final

from bench.corpus import Facts
from bench.load import Connection, Frame, Framing, Script
from protocols.z3950 import apdu, oids, pqf
from protocols.z3950.apdu import Options
from protocols.z3950.ber import tlv
from protocols.z3950.bib1 import AttributeType
from protocols.z3950.elements import (
    AttributeElement,
    AttributesPlusTerm,
    AttributeValue,
    ElementSetNames,
    Query,
    RecordComposition,
    Term,
)

DATABASE: Final = "network"
QUERIES: Final = 20
"""Different queries of one kind; of common words there are no more."""
_SELDOM: Final = 1_000
"""Different queries of a kind that nobody asks twice."""
SCANNED: Final = 20
"""Terms of a scan."""
_ARTICLES: Final = ("la", "le", "les")
"""Words of the titles' articles, which are not counted in the corpus."""
_TERM: Final = 0x9F2D
_RARE, _MIDDLE, _COMMON = (2, 9), (80, 130), (1_000, 6_000)
"""Titles that have a word, of 100,000."""

INIT: Final = Frame(
    "init",
    apdu.encode(
        apdu.InitializeRequest(
            protocol_version=7,
            options=Options.SEARCH | Options.PRESENT | Options.NAMED_RESULT_SETS,
            preferred_message_size=1 << 26,
            exceptional_record_size=1 << 26,
        )
    ),
    b"\xb5",
    (b"\x8c\x01\x01",),  # result TRUE
)


def _integer(identifier: int, value: int) -> bytes:
    octets = value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
    return bytes((identifier, len(octets))) + octets


def search(step: str, query: str, hits: int, piggyback: str | None = None) -> Frame:
    """Return a Search that must find *hits* records; with *piggyback*, a syntax, the only one comes with the response."""
    request = apdu.SearchRequest(
        small_set_upper_bound=1 if piggyback else 0,
        large_set_lower_bound=2 if piggyback else 1,
        medium_set_present_number=0,
        replace_indicator=True,
        result_set_name="default",
        database_names=(DATABASE,),
        small_set_element_set_names=ElementSetNames(generic_element_set_name="F") if piggyback else None,
        preferred_record_syntax=piggyback,
        query=Query(type_1=pqf.parse(query)),
    )
    # resultCount, numberOfRecordsReturned; searchStatus TRUE
    counts = _integer(0x97, hits) + _integer(0x98, 1 if piggyback else 0)
    return Frame(step, apdu.encode(request), b"\xb7", (counts, b"\x96\x01\x01"))


def present(step: str, start: int, number: int, syntax: str) -> Frame:
    """Return a Present that must bring *number* records."""
    request = apdu.PresentRequest(
        result_set_id="default",
        result_set_start_point=start,
        number_of_records_requested=number,
        record_composition=RecordComposition(simple=ElementSetNames(generic_element_set_name="F")),
        preferred_record_syntax=syntax,
    )
    # numberOfRecordsReturned, nextResultSetPosition, presentStatus success
    counts = _integer(0x98, number) + _integer(0x99, start + number) + b"\x9b\x01\x00"
    return Frame(step, apdu.encode(request), b"\xb9", (counts,))


def scan(step: str, terms: Sequence[str], records: Sequence[int]) -> Frame:
    """Return a Scan of title words that must list *terms*, the first of them asked for, with how many *records* have each."""
    title = AttributeElement(attribute_type=AttributeType.USE, attribute_value=AttributeValue(numeric=4))
    request = apdu.ScanRequest(
        database_names=(DATABASE,),
        attribute_set=oids.BIB_1,
        term_list_and_start_point=AttributesPlusTerm(attributes=(title,), term=Term(general=terms[0].encode())),
        number_of_terms_requested=len(terms),
        preferred_position_in_response=1,
    )
    listed = [tlv(_TERM, term.encode()) for term in terms]
    counts = [_integer(0x82, count) for count in dict.fromkeys(records)]  # globalOccurrences
    # scanStatus success, numberOfEntriesReturned, positionOfTerm
    told = b"\x84\x01\x00" + _integer(0x85, len(terms)) + _integer(0x86, 1)
    return Frame(step, apdu.encode(request), b"\xbf\x24", (told, *listed, *counts))


class Queries:
    """What is asked, by kind of load."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        share = facts.records / 100_000
        self._rare, self._middle, self._common = (
            facts.words_of(max(1, int(least * share)), max(2, int(most * share)), count)
            for (least, most), count in ((_RARE, _SELDOM), (_MIDDLE, QUERIES), (_COMMON, QUERIES))
        )

    def _title(self, step: str, words: Sequence[str]) -> Iterator[Frame]:
        for word in words:
            yield search(step, f"@attr 1=4 {word}", len(self._facts.words[word]))

    def rare(self) -> Iterator[Frame]:
        """Yield searches for words that are in two to nine titles."""
        return self._title("rare", self._rare)

    def rare_once(self) -> Iterator[Frame]:
        """Yield searches for all such words: there are so many that hardly one of them is asked for twice."""
        return self._title("rare", self._facts.words_of(*_RARE, self._facts.records))

    def common(self) -> Iterator[Frame]:
        """Yield searches for words that are in one to six titles of a hundred."""
        return self._title("common", self._common)

    def anywhere(self) -> Iterator[Frame]:
        """Yield searches for such words anywhere in a record."""
        for word in self._common:
            yield search("any", f"@attr 1=1016 {word}", self._facts.anywhere[word])

    def author(self) -> Iterator[Frame]:
        """Yield searches for the names that stand in the most records."""
        for name in self._names():
            yield search("author", f"@attr 1=1003 {name}", len(self._facts.authors[name]))

    def _names(self) -> list[str]:
        return sorted(self._facts.authors, key=lambda name: -len(self._facts.authors[name]))[:QUERIES]

    def both(self) -> Iterator[Frame]:
        """Yield searches for two words of a title."""
        words = self._facts.words
        for one, other in pairwise((*self._common, *self._middle)):
            found = len({*words[one]} & {*words[other]})
            yield search("and", f"@and @attr 1=4 {one} @attr 1=4 {other}", found)

    def author_title(self) -> Iterator[Frame]:
        """Yield searches for a name and a word of the title."""
        for name in self._names():
            for word in self._common[:2]:
                found = len({*self._facts.words[word]} & {*self._facts.authors[name]})
                yield search("author and title", f"@and @attr 1=1003 {name} @attr 1=4 {word}", found)

    def isbn(self, piggyback: str | None = None) -> Iterator[Frame]:
        """Yield searches for an ISBN; with *piggyback*, a syntax, they bring the record along."""
        step = max(1, self._facts.records // _SELDOM)
        for isbn in self._facts.isbns[::step]:
            yield search("isbn", f"@attr 1=7 {isbn}", 1, piggyback)

    def phrase(self) -> Iterator[Frame]:
        """Yield searches for two words that follow each other."""
        for one, other in self._facts.phrases(QUERIES):
            yield search("phrase", f'@attr 1=4 @attr 4=1 "{one} {other}"', self._facts.pairs[one, other])

    def truncated(self) -> Iterator[Frame]:
        """Yield searches for the first letters of words."""
        for prefix in [word[:4] for word in self._common]:
            found = len(self._facts.beginning_with(prefix))
            yield search("truncated", f"@attr 1=4 @attr 5=1 {prefix}", found)

    def scans(self) -> Iterator[Frame]:
        """Yield scans of the words of titles, each from a word that is often found on."""
        order = sorted(self._facts.words)
        for word in (*self._common, *self._middle):
            at = order.index(word)
            following = order[at : at + SCANNED]
            if not any(following[0] < article < following[-1] for article in _ARTICLES):
                yield scan("scan", following, [len(self._facts.words[each]) for each in following])

    def presents(self, syntax: str, records: int) -> Iterator[tuple[Frame, list[Frame]]]:
        """Yield searches, each with the Presents of ten that go through the first *records* of what it found."""
        for word in self._common:
            starts = range(1, min(len(self._facts.words[word]), records) - 9, 10)
            yield next(self._title("search", [word])), [present("present", start, 10, syntax) for start in starts]


def script(connections: int, frames: Sequence[Frame]) -> Script:
    """Return the load of *connections* associations that go round *frames*, each from another one on."""
    found = []
    for number in range(connections):
        at = number % len(frames)
        found.append(Connection([INIT], [*frames[at:], *frames[:at]]))
    return Script(Framing.BER, found)


def presenting(connections: int, presents: Sequence[tuple[Frame, list[Frame]]]) -> Script:
    """Return the load of *connections* associations that search once, one for this and one for that, and then present."""
    chosen = zip(cycle(presents), range(connections), strict=False)
    return Script(Framing.BER, [Connection([INIT, search_], frames) for (search_, frames), _ in chosen])


def idle(connections: int) -> Script:
    """Return associations that are made and say nothing more."""
    return Script(Framing.BER, [Connection([INIT])] * connections)
