"""Checks of Scan and Sort: lists of terms and their counts, and sets put in order."""

from __future__ import annotations

import re
from typing import Final

from conformance.checks import Checks, want
from conformance.results import NotApplicable
from conformance.z3950 import marc
from conformance.z3950.bench import MAY, MUST, SHOULD, Bench, want_refused
from conformance.z3950.client import Association, diagnostic, entries, sort_key
from conformance.z3950.corpus import AUTHOR, DATE, NUMBER, SUBJECT, TITLE, Corpus
from conformance.z3950.counts import spread_words
from conformance.z3950.pdus import Pdu
from conformance.z3950.queries import quoted
from conformance.z3950.search import common

check = Checks[Bench]()

_SCAN: Final = "Z39.50 3.2.8.1, Scan"
_SORT: Final = "Z39.50 3.2.7.1, Sort"
_FAILURE: Final = 6
_WORDS: Final = "@attr 1=4 @attr 4=2"


def _list(bench: Bench, start: str = "", number: int = 20, position: int | None = 1) -> tuple[Association, Pdu]:
    """Return an association that scans, and words of titles. Raises NotApplicable where Scan is not offered."""
    association = bench.granted("scan")
    word = start or spread_words(bench)[0][0]
    answer = association.scan(f"{_WORDS} {word}", number, position)
    want(answer["scanStatus"] != _FAILURE, f"it is refused with {diagnostic(answer)}")
    return association, answer


@check("scan", MUST, "a list of terms has as many entries as are told, and no more than were asked for", _SCAN)
def _scan(bench: Bench) -> None:
    for number in (1, 5, 20):
        _, answer = _list(bench, number=number)
        found = entries(answer)
        want(
            len(found) == answer["numberOfEntriesReturned"],
            f"{len(found)} entries, it says {answer['numberOfEntriesReturned']}",
        )
        want(0 < len(found) <= number, f"{len(found)} entries for {number}")
        due = {0} if len(found) == number else {5, 0, 1, 2, 3, 4}
        want(answer["scanStatus"] in due, f"scanStatus is {answer['scanStatus']} of {len(found)} entries for {number}")


@check("scan order", MUST, "the terms stand in order, none twice", _SCAN)
def _order(bench: Bench) -> None:
    _, answer = _list(bench, number=50)
    terms = [each.term for each in entries(answer)]
    folded = [marc.folded(each) for each in terms]
    want(len(set(terms)) == len(terms), f"a term stands twice in {terms}")
    plain = [each for each in folded if each.isascii() and each.isalnum()]
    want(plain == sorted(plain), f"the order is {plain}")


@check("scan goes on", MUST, "a list that begins at the last term of another goes on where that ended", _SCAN)
def _goes_on(bench: Bench) -> None:
    association, answer = _list(bench, number=10)
    whole = [each.term for each in entries(answer)]
    middle = len(whole) // 2
    again = association.scan(f"{_WORDS} {quoted(whole[middle])}", 10)
    found = [each.term for each in entries(again)]
    want(found[: len(whole) - middle] == whole[middle:], f"{found} does not go on as {whole}")


@check("scan counts", MUST, "each term finds as many records as its entry says", "Z39.50 3.2.8.1.9, globalOccurrences")
def _counts(bench: Bench) -> None:
    association, answer = _list(bench, number=20)
    told = [each for each in entries(answer) if each.number is not None]
    if not told:
        raise NotApplicable("no entry has a count")
    for each in told:
        found = association.count(f"{_WORDS} {quoted(each.term)}")
        want(found == each.number, f"{each.term}: {each.number} in the list, {found} found")


@check(
    "scan counts of records",
    MUST,
    "each entry has the count that the records themselves have",
    "the records themselves",
)
def _oracle(bench: Bench) -> None:
    corpus, association = bench.whole(), bench.granted("scan")
    for word, places in corpus.exact(TITLE):
        found = entries(association.scan(f"{_WORDS} {word}", 1))
        want(found and found[0].term.casefold() == word, f"{word} is not in the list: {found[:1]}")
        want(
            found[0].number in {len(places), None},
            f"{word}: {found[0].number} in the list, {len(places)} records have it",
        )


@check("scan misses nothing", MUST, "every word of the titles is in the list", "the records themselves")
def _misses(bench: Bench) -> None:
    corpus, association = bench.whole(), bench.granted("scan")
    for word, _ in sorted(corpus.certain(TITLE).items())[:200]:
        found = entries(association.scan(f"{_WORDS} {word}", 1))
        want(found and marc.folded(found[0].term) == word, f"at {word} stands {found[:1]}")


@check("scan position", MUST, "the term stands where it was wished in the list, and the answer says where", _SCAN)
def _position(bench: Bench) -> None:
    words = [word for word, _ in spread_words(bench)]
    association = bench.granted("scan")
    for word in words[2:6]:
        for position in (1, 2, 3):
            answer = association.scan(f"{_WORDS} {word}", 5, position)
            if (refused := diagnostic(answer)) is not None and not entries(answer):
                want_refused(refused, 233, what=f"position {position}")
                raise NotApplicable("only some positions are supported")
            terms = [marc.folded(each.term) for each in entries(answer)]
            place = answer["positionOfTerm"]
            if answer["scanStatus"] == 0:
                want(place in {None, position}, f"positionOfTerm is {place}, {position} was wished")
            at = position if place is None else place
            if answer["scanStatus"] == 0 or place is not None:
                want(terms[at - 1 : at] == [word], f"at place {at} of {terms} stands not {word}")


@check("scan around", SHOULD, "position 0 begins behind the term, n + 1 ends before it", _SCAN)
def _around(bench: Bench) -> None:
    association, answer = _list(bench, number=9)
    terms = [each.term for each in entries(answer)]
    if len(terms) < 9:
        raise NotApplicable("there are too few terms")
    middle = quoted(terms[4])
    for position, due in ((0, terms[5:8]), (4, terms[1:4])):
        answer = association.scan(f"{_WORDS} {middle}", 3, position)
        if (refused := diagnostic(answer)) is not None:
            want_refused(refused, 233, what=f"position {position}")
            raise NotApplicable(f"position {position} is not supported")
        found = [each.term for each in entries(answer)]
        want(found == due, f"position {position} of {middle} gives {found}, not {due}")


@check("scan step", MUST, "a step is done, or refused with 205 or 206", "Z39.50 3.2.8.1.5, step size")
def _step(bench: Bench) -> None:
    association, answer = _list(bench, number=9)
    terms = [each.term for each in entries(answer)]
    zero = association.scan(f"{_WORDS} {quoted(terms[0])}", 3, 1, 0)
    want([each.term for each in entries(zero)] == terms[:3], "step 0 is not the same as no step")
    stepped = association.scan(f"{_WORDS} {quoted(terms[0])}", 3, 1, 1)
    if (refused := diagnostic(stepped)) is not None and not entries(stepped):
        want_refused(refused, 205, 206, what="step 1")
        return
    want([each.term for each in entries(stepped)] == terms[0:5:2], "step 1 does not leave one term out each time")


@check("scan at the end", SHOULD, "behind the last term there is nothing, and that is no failure, or 241", _SCAN)
def _end(bench: Bench) -> None:
    association = bench.granted("scan")
    answer = association.scan(f"{_WORDS} zzzzzzzzzzkit", 5)
    found = diagnostic(answer)
    want(not entries(answer) or answer["scanStatus"] in {0, 5}, f"scanStatus is {answer['scanStatus']}")
    want(
        answer["scanStatus"] != _FAILURE or (found is not None and found.condition in {241, 228, 240}),
        f"it fails: {found}",
    )


@check("scan headings", SHOULD, "whole titles are listed, and each finds its records", "Bath 5.A.1, SCAN")
def _headings(bench: Bench) -> None:
    corpus, association = bench.corpus(), bench.granted("scan")
    query = "@attr 1=4 @attr 3=1 @attr 4=1"
    title = corpus.heading(corpus.records[0], TITLE)
    answer = association.scan(f"{query} {quoted(title)}", 10)
    if answer["scanStatus"] == _FAILURE:
        want_refused(diagnostic(answer), 232, 123, 118, 119, 113, what="a list of titles")
        raise NotApplicable("there is no list of whole titles")
    found = entries(answer)
    want(any(" " in (each.shown or each.term).strip() for each in found), f"no title of several words is in {found}")
    for each in (each for each in found[:5] if each.number):
        due = association.count(f"{query} @attr 6=3 {quoted(each.term)}")
        want(due == each.number, f"{each.term}: {each.number} in the list, {due} found")


@check("scan by", SHOULD, "terms are listed by author, subject and year as well", _SCAN)
def _by(bench: Bench) -> None:
    association = bench.granted("scan")
    for use in (AUTHOR, SUBJECT, DATE):
        answer = association.scan(f"@attr 1={use} {'1900' if use == DATE else 'a'}", 5)
        want(answer["scanStatus"] != _FAILURE, f"by {use} it is refused with {diagnostic(answer)}")
        for each in (each for each in entries(answer) if each.number is not None):
            found = association.count(f"@attr 1={use} {quoted(each.term)}")
            want(found == each.number, f"{use} {each.term}: {each.number} in the list, {found} found")


@check("scan display", MAY, "a term is shown with its capitals and accents (displayTerm)", "Bath 5.A.1, SCAN")
def _display(bench: Bench) -> None:
    _, answer = _list(bench)
    if not any(each.shown for each in entries(answer)):
        raise NotApplicable("no entry has a displayTerm")
    for each in entries(answer):
        same = marc.words(each.shown or "") == marc.words(each.term)
        want(each.shown is None or same, f"{each.term} is shown as {each.shown}")


@check("scan refuses use", MUST, "a list that there is not is refused, with 114 as a rule", _SCAN)
def _no_use(bench: Bench) -> None:
    answer = bench.granted("scan").scan("@attr 1=9876 kit", 5)
    want(answer["scanStatus"] == _FAILURE, f"scanStatus is {answer['scanStatus']}")
    want_refused(diagnostic(answer), 114, 232, 123, what="a list by Use 9876")


@check("scan refuses database", MUST, "a database that there is not is refused with 235 or 109", _SCAN)
def _no_database(bench: Bench) -> None:
    association = bench.granted("scan")
    association.databases = ("no-such-database-kit",)
    answer = association.scan(f"{_WORDS} kit", 5)
    want_refused(diagnostic(answer), 235, 109, what="a database that there is not")


@check("scan none", MUST, "no entries, or more than there can be, are refused or cut: nothing breaks", _SCAN)
def _odd(bench: Bench) -> None:
    association = bench.granted("scan")
    word = spread_words(bench)[0][0]
    for number in (0, -1, 2**31 - 1):
        answer = association.scan(f"{_WORDS} {word}", number)
        want(len(entries(answer)) == answer["numberOfEntriesReturned"], f"{number}: the number of entries is wrong")
        want(number > 0 or not entries(answer), f"{len(entries(answer))} entries for {number}")


_ARTICLE: Final = re.compile("^(?:le|la|les|l|un|une|des|the|an?) ")
_ELISION: Final = re.compile(r"\b(?:[cdjlmnst]|qu) ")
"""What some leave out of the keys of titles: at their beginning, and everywhere."""


# --- Sort ---------------------------------------------------------------------------------------------------------------


def _sorted(bench: Bench, use: int, relation: int = 0, case: int = 1) -> tuple[Association, Corpus, list[marc.Marc]]:
    """Return the records of a set after a sort by *use*, at most 100. Raises NotApplicable where that is refused."""
    corpus, association = bench.corpus(), bench.granted("sort")
    count = association.count(corpus.query or common(bench, 1)[0])
    answer = association.sort(sort_key(use, relation, case))
    if answer["sortStatus"]:
        want_refused(diagnostic(answer), 207, 237, 208, 215, 12, 1, 114, 211, what=f"a sort by {use}")
        raise NotApplicable(f"a sort by {use} is refused with {diagnostic(answer)}")
    found = association.records(1, min(count, 100), corpus.syntax)
    return association, corpus, [marc.read(each.octets, corpus.form) for each in found if each.octets]


def _title(corpus: Corpus, record: marc.Marc) -> str:
    return " ".join(marc.words(corpus.heading(record, TITLE)))


def _want_order(values: list[str], *, down: bool = False) -> None:
    """Want an order in which no two can be turned, whatever is done with articles: only plain words are looked at."""
    plain = [each for each in values if each and each.isascii()]
    want(plain == sorted(plain, reverse=down), f"the order is {plain[:12]}")


@check("sort by title", SHOULD, "a set is put in the order of its titles", _SORT)
def _by_title(bench: Bench) -> None:
    _, corpus, found = _sorted(bench, TITLE)
    titles = [_title(corpus, each) for each in found]
    ways = [titles, [_ARTICLE.sub("", each) for each in titles]]
    ways += [[_ELISION.sub("", each) for each in way] for way in ways]
    want(any(way == sorted(way) for way in ways), f"the order is {titles[:12]}")


@check("sort down", SHOULD, "descending is ascending turned round, but for what is equal", _SORT)
def _down(bench: Bench) -> None:
    _, corpus, up = _sorted(bench, TITLE)
    _, _, down = _sorted(bench, TITLE, 1)
    if len(up) == 100:
        raise NotApplicable("there are too many records to be seen from both ends")
    titles = [_title(corpus, each) for each in up]
    want(titles == [_title(corpus, each) for each in reversed(down)], "it is not")


@check("sort by author", SHOULD, "a set is put in the order of its authors", _SORT)
def _by_author(bench: Bench) -> None:
    _, corpus, found = _sorted(bench, AUTHOR)
    _want_order([" ".join(marc.words(corpus.heading(each, AUTHOR))) for each in found])


@check("sort by year", SHOULD, "a set is put in the order of its years", _SORT)
def _by_year(bench: Bench) -> None:
    _, corpus, found = _sorted(bench, DATE)
    years = {corpus.records[at].number: year for year, places in corpus.dates.items() for at in places}
    _want_order([years[each.number] for each in found if each.number in years])


@check("sort by number", SHOULD, "a set is put in the order of its numbers", _SORT)
def _by_number(bench: Bench) -> None:
    _, _, found = _sorted(bench, NUMBER)
    numbers = [each.number for each in found]
    digits = all(each.isdigit() for each in numbers)
    want(numbers in (sorted(numbers), sorted(numbers, key=int) if digits else None), f"the order is {numbers[:12]}")


@check("sort keeps records", MUST, "a sort changes the order of a set, never what is in it", _SORT)
def _keeps(bench: Bench) -> None:
    corpus = bench.corpus()
    association, _, found = _sorted(bench, TITLE)
    count = association.count(corpus.query or common(bench, 1)[0], "default")
    if count > 100:
        raise NotApplicable("there are too many records to see all of them")
    before = [marc.read(each.octets, corpus.form).number for each in association.records(1, count, corpus.syntax)]
    want(sorted(before) == sorted(each.number for each in found), "there are others than before")


@check("sort again", MUST, "the same sort gives the same order, again and on another association", _SORT)
def _sort_again(bench: Bench) -> None:
    orders = [[each.number for each in _sorted(bench, DATE)[2]] for _ in range(2)]
    want(orders[0] == orders[1], "records of one year stand in another order")


@check("sort keeps what is equal", MAY, "a sort by year, then by author, is by author and year", _SORT)
def _stable(bench: Bench) -> None:
    corpus, association = bench.corpus(), bench.granted("sort")
    count = association.count(corpus.query or common(bench, 1)[0])
    for use in (DATE, AUTHOR):
        if association.sort(sort_key(use))["sortStatus"]:
            raise NotApplicable(f"a sort by {use} is refused")
    found = [
        marc.read(each.octets, corpus.form)
        for each in association.records(1, min(count, 100), corpus.syntax)
        if each.octets
    ]
    _want_two_keys(corpus, found)


@check("sort by two keys", SHOULD, "of two keys the second orders what is equal in the first, or 211 comes", _SORT)
def _two_keys(bench: Bench) -> None:
    corpus, association = bench.corpus(), bench.granted("sort")
    count = association.count(corpus.query or common(bench, 1)[0])
    answer = association.sort(sort_key(AUTHOR), sort_key(DATE))
    if answer["sortStatus"]:
        want_refused(diagnostic(answer), 211, 207, what="two keys")
        raise NotApplicable("two keys are refused")
    found = [
        marc.read(each.octets, corpus.form)
        for each in association.records(1, min(count, 100), corpus.syntax)
        if each.octets
    ]
    _want_two_keys(corpus, found)


def _want_two_keys(corpus: Corpus, found: list[marc.Marc]) -> None:
    """Want records by author, then by year; authors of one surname are left out, whose forenames may count or not."""
    years = {corpus.records[at].number: year for year, places in corpus.dates.items() for at in places}
    surnames = [" ".join(marc.words(corpus.heading(each, AUTHOR))) for each in found]
    place = ("700", "ab") if corpus.form == marc.UNIMARC else ("100", "a")
    whole = [" ".join(each.values(*place)) for each in found]
    alone = {
        surname for surname in surnames if len({w for s, w in zip(surnames, whole, strict=True) if s == surname}) == 1
    }
    keys = [(surname, years.get(each.number, "")) for surname, each in zip(surnames, found, strict=True)]
    plain = [each for each in keys if all(each) and each[0].isascii() and each[0] in alone]
    want(plain == sorted(plain), f"the order is {plain[:8]}")


@check("sort into another set", SHOULD, "a sorted set may have a name of its own; the first stays as it was", _SORT)
def _another(bench: Bench) -> None:
    corpus, association = bench.corpus(), bench.granted("sort")
    count = association.count(corpus.query or common(bench, 1)[0], "one")
    before = association.present(1, 1, corpus.syntax, name="one")
    answer = association.sort(sort_key(TITLE, 1), source="one", target="two")
    want(answer["sortStatus"] == 0, f"it is refused with {diagnostic(answer)}")
    want(association.present(1, 1, corpus.syntax, name="one").members == before.members, "the first has changed")
    want(association.count("@set two", "three") == count, "the second has another number of records")


@check("sort unknown set", MUST, "a set that there is not cannot be sorted: 30", _SORT)
def _unknown(bench: Bench) -> None:
    answer = bench.granted("sort").sort(sort_key(TITLE), source="no-such-set-kit")
    want(answer["sortStatus"] == 2, f"sortStatus is {answer['sortStatus']}")
    want_refused(diagnostic(answer), 30, 27, 128, what="a set that there is not")


@check("sort refuses key", MUST, "a key that there is not is refused, not passed over", _SORT)
def _refuses(bench: Bench) -> None:
    association = bench.granted("sort")
    association.count(common(bench, 1)[0])
    answer = association.sort(sort_key(9876))
    want(answer["sortStatus"] == 2, f"sortStatus is {answer['sortStatus']}")
    want(diagnostic(answer), "there is no diagnostic")


@check("sort refuses no key", SHOULD, "a sort by nothing is refused", _SORT)
def _no_key(bench: Bench) -> None:
    association = bench.granted("sort")
    association.count(common(bench, 1)[0])
    want(association.sort()["sortStatus"] != 0, "it is done")


@check("sort empty set", MUST, "a set without records can be sorted", _SORT)
def _empty(bench: Bench) -> None:
    association = bench.granted("sort")
    association.count("@attr 1=1016 qqqzzzxxkit")
    want(association.sort(sort_key(TITLE))["sortStatus"] == 0, "it fails")


@check(
    "sort count",
    SHOULD,
    "a sorted set's count is told to who agreed to it (option 16), and to nobody else",
    "Z39.50 3.2.7.1, of 2003",
)
def _count(bench: Bench) -> None:
    for options in ((0, 1, 8, 14), (0, 1, 8, 14, 16)):
        association = bench.granted("sort", options=options)
        count = association.count(common(bench, 1)[0])
        answer = association.sort(sort_key(TITLE))
        due = {count} if 16 in association.granted else {None}
        want(
            answer["resultCount"] in due,
            f"resultCount is {answer['resultCount']}, with the options {sorted(association.granted)}",
        )
