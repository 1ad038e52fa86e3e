"""Checks of counts against brute force: what must be found is counted in the records themselves, and held against the search."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Final

from conformance.checks import Checks, want
from conformance.results import NotApplicable
from conformance.z3950 import marc
from conformance.z3950.bench import MUST, SHOULD, Bench
from conformance.z3950.client import Association
from conformance.z3950.corpus import ANY, AUTHOR, ISBN, SUBJECT, TITLE, spread
from conformance.z3950.queries import quoted

check = Checks[Bench]()

_ORACLE: Final = "the records themselves"
_NAMES: Final = {TITLE: "title", AUTHOR: "author", SUBJECT: "subject", ANY: "any"}
_SAMPLE: Final = 12


def _want_count(association: Association, query: str, due: int) -> None:
    found = association.count(query)
    want(found == due, f"{query} finds {found}; in the records there are {due}")


def _want_between(association: Association, query: str, least: int, most: int) -> None:
    found = association.count(query)
    want(least <= found <= most, f"{query} finds {found}; in the records there are at least {least}, at most {most}")


def _words(use: int) -> None:
    @check(f"count {_NAMES[use]} word", MUST, f"a search by {use} for a word finds as many records as have it", _ORACLE)
    def _look(bench: Bench) -> None:
        corpus, association = bench.whole(), bench.association()
        for word, places in corpus.exact(use, _SAMPLE):
            _want_count(association, f"@attr 1={use} {word}", len(places))
        words = sorted(corpus.certain(use).items(), key=lambda each: -len(each[1]))[:_SAMPLE]
        for word, places in words:
            _want_between(association, f"@attr 1={use} {word}", len(places), len(corpus.anywhere[word]))


for _use in _NAMES:
    _words(_use)


@check("count no attributes", SHOULD, "a word without any attribute is looked for everywhere", _ORACLE)
def _bare(bench: Bench) -> None:
    corpus, association = bench.whole(), bench.association()
    for word, places in corpus.exact(ANY, _SAMPLE):
        _want_count(association, word, len(places))


@check("count word in capitals", MUST, "capitals do not change what a word finds", _ORACLE)
def _capitals(bench: Bench) -> None:
    corpus, association = bench.whole(), bench.association()
    for word, places in corpus.exact(TITLE, _SAMPLE):
        _want_count(association, f"@attr 1=4 {word.upper()}", len(places))


@check("count Boolean", MUST, "and, or and and-not of two words find as many records as there are", _ORACLE)
def _boolean(bench: Bench) -> None:
    corpus, association = bench.whole(), bench.association()
    for (one, first), (two, second) in [*combinations(corpus.exact(TITLE, 6), 2)]:
        a, b = f"@attr 1=4 {one}", f"@attr 1=4 {two}"
        for operator, due in (("and", first & second), ("or", first | second), ("not", first - second)):
            _want_count(association, f"@{operator} {a} {b}", len(due))


@check("count title and author", MUST, "a title and an author find the records that have both", _ORACLE)
def _both(bench: Bench) -> None:
    corpus, association = bench.whole(), bench.association()
    authors = corpus.exact(AUTHOR, 4)
    for one, first in corpus.exact(TITLE, 6):
        for two, second in authors:
            _want_count(association, f"@and @attr 1=4 {one} @attr 1=1003 {two}", len(first & second))


@check("count phrase", MUST, "two words beside one another are found as a phrase, turned round they are not", _ORACLE)
def _phrase(bench: Bench) -> None:
    corpus, association = bench.whole(), bench.association()
    found = corpus.pairs()
    due = {(first, second): places for first, second, places in found}
    for first, second, places in found[:_SAMPLE]:
        _want_count(association, f'@attr 1=4 @attr 4=1 "{first} {second}"', len(places))
        if (second, first) not in due and not _beside(bench, second, first):
            _want_count(association, f'@attr 1=4 @attr 4=1 "{second} {first}"', 0)


def _beside(bench: Bench, first: str, second: str) -> bool:
    """Tell whether two words stand beside one another anywhere, be it across the end of a subfield."""
    phrase = f" {first} {second} "
    texts = (
        " ".join(marc.words(" ".join(text for _, text in parts)))
        for each in bench.whole().records
        for _, _, parts in each.fields
    )
    return any(phrase in f" {text} " for text in texts)


@check("count word list", MUST, "a list of words finds the records that have all of them, in any order", _ORACLE)
def _list(bench: Bench) -> None:
    corpus, association = bench.whole(), bench.association()
    for (one, first), (two, second) in [*combinations(corpus.exact(TITLE, 5), 2)]:
        _want_count(association, f'@attr 1=4 @attr 4=6 "{two} {one}"', len(first & second))


@check("count truncation", MUST, "a word cut on the right finds the records with words that begin so", _ORACLE)
def _right(bench: Bench) -> None:
    corpus, association = bench.whole(), bench.association()
    for word, _ in corpus.exact(TITLE, _SAMPLE):
        stem = word[:-1]
        _want_between(association, f"@attr 1=4 @attr 5=1 {stem}", *corpus.bounds(TITLE, f"{stem}.*"))


@check(
    "count left truncation",
    SHOULD,
    "a word cut on the left finds the records with words that end so, or is refused",
    _ORACLE,
)
def _left(bench: Bench) -> None:
    corpus, association = bench.whole(), bench.association()
    for word, _ in corpus.exact(TITLE, _SAMPLE):
        stem = word[1:]
        if (found := association.refused(f"@attr 1=4 @attr 5=2 {stem}")) is not None:
            want(found.condition in {120, 9, 123}, f"it is refused with {found}")
            raise NotApplicable("left truncation is not supported")
        _want_between(association, f"@attr 1=4 @attr 5=2 {stem}", *corpus.bounds(TITLE, f".*{stem}"))


@check(
    "count mask", SHOULD, "a word with # for any characters finds the records with such words, or is refused", _ORACLE
)
def _mask(bench: Bench) -> None:
    corpus, association = bench.whole(), bench.association()
    for word, _ in corpus.exact(TITLE, _SAMPLE):
        head, tail = word[:3], word[-1:]
        query = f"@attr 1=4 @attr 5=101 {head}#{tail}"
        if (found := association.refused(query)) is not None:
            want(found.condition in {120, 9, 123}, f"it is refused with {found}")
            raise NotApplicable("truncation 101 is not supported")
        _want_between(association, query, *corpus.bounds(TITLE, f"{head}.*{tail}"))


@check(
    "count first word",
    SHOULD,
    "a word that begins titles is found at their beginning, or position 1 is refused",
    _ORACLE,
)
def _first(bench: Bench) -> None:
    corpus, association = bench.whole(), bench.association()
    for record in spread(corpus.records, _SAMPLE):
        words = marc.safe_words(corpus.heading(record, TITLE))
        if words and corpus.heading(record, TITLE).lower().startswith(words[0]):
            query = f"@attr 1=4 @attr 3=1 {words[0]}"
            if (found := association.refused(query)) is not None:
                want(found.condition in {119, 123}, f"it is refused with {found}")
                raise NotApplicable("position 1 is not supported")
            least = {
                at for at, each in enumerate(corpus.records) if marc.words(corpus.heading(each, TITLE))[:1] == words[:1]
            }
            _want_between(association, query, len(least), len(corpus.anywhere[words[0]]))


@check("count number", MUST, "the number of a record (Use 12) finds it, and it alone", _ORACLE)
def _number(bench: Bench) -> None:
    corpus, association = bench.corpus(), bench.association()
    numbers = [each.number for each in corpus.records]
    for record in spread([each for each in corpus.records if each.number and numbers.count(each.number) == 1], _SAMPLE):
        query = f"@attr 1=12 {quoted(record.number)}"
        if (refused := association.refused(query)) is not None:
            want(refused.condition == 114, f"it is refused with {refused}")
            raise NotApplicable("Use 12 is not supported")
        _want_count(association, query, 1)
        (found,) = association.records(1, 1, corpus.syntax)
        want(marc.read(found.octets, corpus.form).number == record.number, f"{record.number} finds another record")


@check("count ISBN", MUST, "an ISBN as it stands in a record finds as many records as have it", _ORACLE)
def _isbn(bench: Bench) -> None:
    corpus, association = bench.whole(), bench.association()
    for text, number, _ in _isbns(bench):
        due = sum(number in {each, marc.other_isbn(each)} for _, each, _ in corpus.isbns)
        found = association.count(f"@attr 1=7 {quoted(text)}")
        want(1 <= found <= due, f"{text} finds {found}, {due} records have it")


def _isbns(bench: Bench) -> list[tuple[str, str, marc.Marc]]:
    found = bench.corpus().isbns
    if not found:
        raise NotApplicable("no record has an ISBN")
    return found[:: max(1, len(found) // _SAMPLE)][:_SAMPLE]


@check("count year", MUST, "a year finds as many records as were published in it", _ORACLE)
def _year(bench: Bench) -> None:
    corpus, association = bench.whole(), bench.association()
    for year, places in [*corpus.dates.items()][:_SAMPLE]:
        most = corpus.bounds(TITLE, f".*{year}.*")[1]
        _want_between(association, f"@attr 1=31 {year}", len(places), most)
        as_year = f"@attr 1=31 @attr 4=4 {year}"
        if (refused := association.refused(as_year)) is None:
            _want_between(association, as_year, len(places), most)
        else:
            want(refused.condition in {114, 118, 123}, f"{as_year} is refused with {refused}")


@check(
    "count years", MUST, "before, after and within: years are compared as numbers, or the relation is refused", _ORACLE
)
def _years(bench: Bench) -> None:
    corpus, association = bench.whole(), bench.association()
    dates = corpus.dates
    if not dates:
        raise NotApplicable("no record has a year that is certain")
    middle = sorted(dates)[len(dates) // 2]
    whole = len(corpus.records)
    counts = {}
    for relation, fits in {1: int.__lt__, 2: int.__le__, 3: int.__eq__, 4: int.__ge__, 5: int.__gt__}.items():
        query = f"@attr 1=31 @attr 2={relation} @attr 4=4 {middle}"
        if (refused := association.refused(query)) is not None:
            want(refused.condition in {114, 117, 118, 123}, f"it is refused with {refused}")
            raise NotApplicable(f"relation {relation} is not supported")
        counts[relation] = association.count(query)
        due = _union(places for year, places in dates.items() if fits(int(year), int(middle)))
        want(len(due) <= counts[relation] <= whole, f"{query} finds {counts[relation]}; at least {len(due)} are due")
    for one, other, both in ((1, 3, 2), (5, 3, 4)):
        want(
            max(counts[one], counts[other]) <= counts[both] <= counts[one] + counts[other],
            f"relation {one} finds {counts[one]}, {other} {counts[other]}, and {both} {counts[both]}",
        )


@check("count year after", SHOULD, "no year is after the last, none before the first", _ORACLE)
def _after(bench: Bench) -> None:
    dates = sorted(bench.whole().dates)
    if not dates:
        raise NotApplicable("no record has a year that is certain")
    association = bench.association()
    found = association.refused("@attr 1=31 @attr 2=5 @attr 4=4 2050")
    if found is not None:
        raise NotApplicable(f"relation 5 is refused with {found}")
    _want_count(association, "@attr 1=31 @attr 2=5 @attr 4=4 2050", 0)


@check("records hold the word", MUST, "every record that a word finds has it", _ORACLE)
def _hold(bench: Bench) -> None:
    corpus, association = bench.corpus(), bench.association()
    for word, places in spread_words(bench):
        count = association.count(f"@attr 1=4 {word}")
        number = min(count, 20)
        for each in association.records(1, number, corpus.syntax) if number else ():
            if each.octets:
                record = marc.read(each.octets, corpus.form)
                texts = {found for _, _, parts in record.fields for _, text in parts for found in marc.words(text)}
                want(word in texts, f"{record.number}, which {word} finds, has it not")
        want(count >= len(places), f"{word} finds {count}, {len(places)} records have it in their titles")


def spread_words(bench: Bench) -> list[tuple[str, set[int]]]:
    """Return words of titles, from common ones to rare ones."""
    found = sorted(bench.corpus().certain(TITLE).items(), key=lambda each: (-len(each[1]), each[0]))
    if not found:
        raise NotApplicable("the titles have no words of plain letters")
    return found[:: max(1, len(found) // _SAMPLE)][:_SAMPLE]


def _union(found: Iterable[set[int]]) -> set[int]:
    return set().union(*found)


@check("count everything", MUST, "what finds every record finds as many as can be presented", _ORACLE)
def _everything(bench: Bench) -> None:
    corpus = bench.whole()
    if not corpus.query:
        raise NotApplicable("the records are those of a file")
    association = bench.association()
    _want_count(association, corpus.query, len(corpus.records))
    answer = association.present(len(corpus.records) + 1, 1, corpus.syntax)
    want(answer["presentStatus"] == 5, "there is a record behind the last")


@check("count ISBN by number", SHOULD, "of what is no ISBN nothing is found", _ORACLE)
def _no_isbn(bench: Bench) -> None:
    found = bench.association().search(f"@attr 1={ISBN} 0000000001")
    want(not found["searchStatus"] or found["resultCount"] == 0, f"{found['resultCount']} are found")
