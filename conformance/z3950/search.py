"""Checks of Search: what is refused and how, sets and their names, several databases, records sent along, Boolean algebra."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from conformance.checks import Checks, want
from conformance.results import Failed, NotApplicable
from conformance.z3950 import ber
from conformance.z3950.bench import MAY, MUST, SHOULD, Bench, want_refused
from conformance.z3950.ber import Node, context, oid_octets, universal
from conformance.z3950.client import DEFAULT, Association, diagnostic, records
from conformance.z3950.corpus import ANY, TITLE
from conformance.z3950.queries import Z3950, ccl, cql, type_1

check = Checks[Bench]()

SEARCH: Final = "Z39.50 3.2.2, Search"
_SETS: Final = "Z39.50 3.2.2.1.4, result set name"
_ALONG: Final = "Z39.50 3.2.2.1.6, records in the response"
BOOLEAN: Final = "Z39.50 3.7.2, operators of RPN"
_NOWHERE: Final = "@attr 1=1016 qqqzzzxxkit"
_FAILURE: Final = 5


def common(bench: Bench, number: int = 3, use: int = TITLE) -> list[str]:
    """Return the commonest words of the records as queries. Raises NotApplicable."""
    found = sorted(bench.corpus().certain(use).items(), key=lambda each: (-len(each[1]), each[0]))
    if len(found) < number:
        raise NotApplicable("the records have too few words")
    return [f"@attr 1={use} {word}" for word, _ in found[:number]]


# --- the response -------------------------------------------------------------------------------------------------------


@check("search", MUST, "a search that finds something says how much, and where the first record is", SEARCH)
def _search(bench: Bench) -> None:
    association = bench.association()
    answer = association.search(common(bench)[0], referenceId=b"one")
    want(answer["searchStatus"], f"it is refused: {diagnostic(answer)}")
    want(answer["resultCount"] > 0, "nothing is found")
    want(answer["numberOfRecordsReturned"] == 0, "records come that were not asked for")
    want(answer["responseRecords"] is None, "records come that were not asked for")
    want(answer["nextResultSetPosition"] == 1, f"nextResultSetPosition is {answer['nextResultSetPosition']}, not 1")
    want(answer["referenceId"] == b"one", f"the referenceId is {answer['referenceId']!r}")


@check("search nothing found", MUST, "a search that finds nothing has worked all the same", SEARCH)
def _nothing(bench: Bench) -> None:
    answer = bench.association().search(_NOWHERE)
    want(answer["searchStatus"], f"it is refused: {diagnostic(answer)}")
    want(answer["resultCount"] == 0, f"{answer['resultCount']} are found of a word that nobody writes")
    want(answer["nextResultSetPosition"] in {0, 1}, f"nextResultSetPosition is {answer['nextResultSetPosition']}")


@check("search again", MUST, "the same search finds the same, again and on another association", SEARCH)
def _again(bench: Bench) -> None:
    for query in common(bench):
        one, other = bench.association(), bench.association()
        counts = {one.count(query), one.count(query), other.count(query)}
        want(len(counts) == 1, f"{query} finds {sorted(counts)}")


@check(
    "search pipelined", MUST, "requests that come before the answers are answered in order", "Z39.50 3.4, operations"
)
def _pipelined(bench: Bench) -> None:
    association = bench.association()
    queries = common(bench)
    octets = [association.search_request(each, referenceId=str(at).encode()) for at, each in enumerate(queries)]
    association.write(b"".join(map(ber.written, octets)))
    for at, _ in enumerate(queries):
        answer = association.receive()
        want(answer["referenceId"] == str(at).encode(), f"answer {at} has the referenceId {answer['referenceId']!r}")


@check("search failed", MUST, "a search that fails has no count, no record and no result set", SEARCH)
def _failed(bench: Bench) -> None:
    association = bench.association()
    association.count(common(bench)[0])
    answer = association.search("@attr 1=4 kit", DEFAULT, "no-such-database-kit")
    want(not answer["searchStatus"], "a search in a database that there is not has worked")
    numbers = [answer[name] for name in ("resultCount", "numberOfRecordsReturned", "nextResultSetPosition")]
    want(not any(numbers), f"count, records and next position are {numbers}")
    want(answer["resultSetStatus"] in {None, 3}, f"resultSetStatus is {answer['resultSetStatus']}")
    after = association.present(1, 1)
    want(after["presentStatus"] == _FAILURE, "the set that was to be replaced is still there")


# --- result sets --------------------------------------------------------------------------------------------------------


@check("replace", MUST, "a set is replaced by a search of its name when that is wanted", _SETS)
def _replace(bench: Bench) -> None:
    association = bench.association()
    (query, *_) = common(bench)
    association.count(query)
    association.count(_NOWHERE)
    want(association.present(1, 1)["presentStatus"] == _FAILURE, "the set is as it was before")


@check("no replace", MUST, "a set that there is is not replaced when that is not wanted: 21", _SETS)
def _no_replace(bench: Bench) -> None:
    association = bench.association()
    (query, *_) = common(bench)
    count = association.count(query)
    found = association.refused(_NOWHERE, replaceIndicator=False)
    want_refused(found, 21, what="a search for a name that is taken")
    left = association.present(count, 1)["presentStatus"] if count else 0
    want(left != _FAILURE, "the set is not what it was")


@check("no replace of nothing", MUST, "a new name may be taken without leave to replace", _SETS)
def _new_name(bench: Bench) -> None:
    association = bench.granted("namedResultSets")
    want(association.refused(_NOWHERE, "kit-new", replaceIndicator=False) is None, "it is refused")


@check("replace failed", SHOULD, "a search that fails takes the set that it was to replace with it", _SETS)
def _replace_failed(bench: Bench) -> None:
    association = bench.association()
    association.count(common(bench)[0])
    association.search("@attr 1=9876 kit")
    want(association.present(1, 1)["presentStatus"] == _FAILURE, "the old set is still presented")


@check("default", SHOULD, "the name of the set default is the same in capitals", _SETS)
def _default(bench: Bench) -> None:
    association = bench.association()
    count = association.count(common(bench)[0])
    want(association.count("@set Default", "kit-other") == count, "another count")


@check("named sets", MUST, "sets with names stand beside one another", _SETS)
def _named(bench: Bench) -> None:
    association = bench.granted("namedResultSets")
    counts = {str(at): association.count(query, str(at)) for at, query in enumerate(common(bench), 1)}
    for name, count in counts.items():
        want(association.count(f"@set {name}", "kit-copy") == count, f"set {name} has changed")


@check("names not agreed on", SHOULD, "without the option a name other than default is refused with 22", _SETS)
def _unnamed(bench: Bench) -> None:
    association = bench.association(options=(0, 1))
    want_refused(association.refused(_NOWHERE, "kit"), 22, what="a name")


@check(
    "unknown set", MUST, "a set that there is not cannot be searched: 30 or 128", "Z39.50 3.7.2, result set as operand"
)
def _no_set(bench: Bench) -> None:
    query = "@and @set no-such-set-kit @attr 1=4 kit"
    want_refused(bench.association().refused(query), 30, 128, 18, 27, what=query)


@check("set in a query", MUST, "a set may be an operand: what it holds is found", "Z39.50 3.7.2, result set as operand")
def _operand(bench: Bench) -> None:
    association = bench.granted("namedResultSets")
    first, second, *_ = common(bench)
    one = association.count(first, "a")
    other = association.count(second, "b")
    both = association.count(f"@and {first} {second}", "kit")
    want(association.count("@and @set a @set b", "c") == both, "and of two sets")
    want(association.count("@or @set a @set b", "c") == one + other - both, "or of two sets")
    want(association.count(f"@not @set a {second}", "c") == one - both, "and-not of a set and a term")
    want(association.count("@set a", "c") == one, "a set alone")


@check(
    "set in its own place", SHOULD, "a set may be searched by what replaces it", "Z39.50 3.7.2, result set as operand"
)
def _own_place(bench: Bench) -> None:
    association = bench.association()
    first, second, *_ = common(bench)
    both = association.count(f"@or {first} {second}")
    association.count(first)
    want(association.count(f"@or @set default {second}") == both, "another number is found")


@check("empty set in a query", MUST, "a set without records may be an operand", "Z39.50 3.7.2, result set as operand")
def _empty(bench: Bench) -> None:
    association = bench.granted("namedResultSets")
    (query, *_) = common(bench)
    association.count(_NOWHERE, "none")
    want(association.count(f"@and @set none {query}", "c") == 0, "and")
    want(association.count(f"@or @set none {query}", "c") == association.count(query, "d"), "or")


# --- Boolean algebra ----------------------------------------------------------------------------------------------------


@check("boolean algebra", MUST, "and, or and and-not find as many as arithmetic says", BOOLEAN)
def _algebra(bench: Bench) -> None:
    association = bench.association()
    count = association.count
    for use in (TITLE, ANY):
        for a, b in pairwise(common(bench, 4, use)):
            one, other, both = count(a), count(b), count(f"@and {a} {b}")
            want(both <= min(one, other), f"@and {a} {b} finds more than its parts")
            want(count(f"@or {a} {b}") == one + other - both, f"@or {a} {b} is not {one} + {other} - {both}")
            want(count(f"@not {a} {b}") == one - both, f"@not {a} {b} is not {one} - {both}")
            want(count(f"@and {b} {a}") == both, f"@and {b} {a} is not {both}")


@check("boolean identities", MUST, "de Morgan, distribution, and what is said twice", BOOLEAN)
def _identities(bench: Bench) -> None:
    count = bench.association().count
    a, b, c = common(bench)
    want(count(f"@and {a} {a}") == count(f"@or {a} {a}") == count(a), f"{a} with itself")
    want(count(f"@not {a} {a}") == 0, f"{a} without itself")
    left, right = f"@and {a} @or {b} {c}", f"@or @and {a} {b} @and {a} {c}"
    want(count(left) == count(right), f"{left} and {right} differ")
    left, right = f"@not {a} @or {b} {c}", f"@not @not {a} {b} {c}"
    want(count(left) == count(right), f"{left} and {right} differ")
    want(count(f"@or {a} {_NOWHERE}") == count(a), "or with nothing")
    want(count(f"@and {a} {_NOWHERE}") == 0, "and with nothing")


@check("many operands", SHOULD, "a query of thirty terms is answered, or refused with its diagnostic", BOOLEAN)
def _operands(bench: Bench) -> None:
    terms = [f"@attr 1=4 kit{at}" for at in range(30)]
    query = "@or " * (len(terms) - 1) + " ".join(terms)
    found = bench.association().refused(query)
    want(found is None or found.condition in {5, 6, 3, 108}, f"it is refused with {found}")


# --- databases ----------------------------------------------------------------------------------------------------------


@check("database names", SHOULD, "a database's name is the same in capitals", "Z39.50 3.2.2.1.2, database names")
def _capitals(bench: Bench) -> None:
    (query, *_) = common(bench)
    association = bench.association()
    plain = association.count(query)
    for name in (bench.databases[0].upper(), bench.databases[0].capitalize()):
        found = association.count(query, DEFAULT, name)
        want(found == plain, f"{found} in {name}, {plain} in {bench.databases[0]}")


@check(
    "several databases",
    SHOULD,
    "several databases are searched at once, or refused with 23 or 111",
    "Z39.50 3.2.2.1.2, database names",
)
def _several(bench: Bench) -> None:
    if not bench.other:
        raise NotApplicable("no other database was given (--other)")
    association = bench.association()
    for query in common(bench):
        one = association.count(query)
        other = association.count(query, DEFAULT, bench.other)
        answer = association.search(query, DEFAULT, bench.databases[0], bench.other)
        if not answer["searchStatus"]:
            want_refused(diagnostic(answer), 23, 111, what="it")
            raise NotApplicable("the server searches one database at a time")
        want(
            max(one, other) <= answer["resultCount"] <= one + other,
            f"{query}: {answer['resultCount']} of {one} and {other}",
        )


@check("no database", MUST, "a search in no database at all is refused", "Z39.50 3.2.2.1.2, database names")
def _no_database(bench: Bench) -> None:
    association = bench.association()
    answer = association.ask(association.search_request("@attr 1=4 kit", databaseNames=[]), "searchResponse")
    want(not answer["searchStatus"], "it is searched")


# --- records in the response --------------------------------------------------------------------------------------------


def _along(association: Association, query: str, small: int, large: int, medium: int, count: int) -> None:
    answer = association.search(
        query, smallSetUpperBound=small, largeSetLowerBound=large, mediumSetPresentNumber=medium
    )
    medium_set = min(medium, count) if count < large else 0
    due = count if count <= small else medium_set
    what = f"of {count}, with the bounds {small}, {large}, {medium},"
    want(answer["searchStatus"], f"it is refused: {diagnostic(answer)}")
    want(answer["resultCount"] == count, f"{answer['resultCount']} are found now, not {count}")
    given = records(answer)
    want(
        len(given) == answer["numberOfRecordsReturned"],
        f"{what} {len(given)} came, and it says {answer['numberOfRecordsReturned']}",
    )
    want(len(given) == due or answer["presentStatus"] in {1, 2, 3, 4}, f"{what} {len(given)} records came, not {due}")
    following = len(given) + 1 if len(given) < count else 0
    if due:
        want(answer["presentStatus"] is not None, f"{what} presentStatus is missing")
        want(
            answer["nextResultSetPosition"] in {following, len(given) + 1},
            f"{what} the next is {answer['nextResultSetPosition']}",
        )


@check("piggyback", MUST, "small, medium and large sets come along as the three bounds say", _ALONG)
def _piggyback(bench: Bench) -> None:
    association = bench.association()
    sized = [(query, association.count(query)) for query in common(bench, 6)]
    for query, count in sized:
        if count > 1:
            bounds = (
                (0, 1, 0),
                (count, count + 1, 0),
                (count - 1, count, 1),
                (0, count + 1, 1),
                (0, count, 1),
                (1, 2_000_000_000, 2),
            )
            for small, large, medium in bounds:
                _along(association, query, small, large, medium, count)
            return
    raise NotApplicable("no word is in more than one record")


@check("piggyback element sets", SHOULD, "small and medium sets have element sets of their own", _ALONG)
def _element_sets(bench: Bench) -> None:
    association = bench.association()
    (query, *_) = common(bench)
    count, sizes = association.count(query), {}
    for name in ("F", "B"):
        answer = association.search(
            query, smallSetUpperBound=0, largeSetLowerBound=count + 1, mediumSetPresentNumber=1,
            mediumSetElementSetNames=[context(0, name)], smallSetElementSetNames=[context(0, "B" if name == "F" else "F")],
            preferredRecordSyntax=bench.corpus().syntax,
        )  # fmt: skip
        (record,) = records(answer)
        sizes[name] = len(record.octets)
    want(sizes["B"] < sizes["F"], f"B has {sizes['B']} octets, F {sizes['F']}")


@check("piggyback refused syntax", MUST, "a syntax that is not there spoils the records, not the search", _ALONG)
def _bad_syntax(bench: Bench) -> None:
    (query, *_) = common(bench)
    answer = bench.association().search(
        query, smallSetUpperBound=1_000, largeSetLowerBound=1_001, preferredRecordSyntax=f"{Z3950}5.1000.999"
    )
    found = diagnostic(answer)
    given = records(answer)
    if given:
        want(all(each.diagnostic for each in given), "records come in another syntax than was asked for")
    else:
        want_refused(found, 239, 238, 227, 1069, 1070, 1005, 1006, what="a syntax that there is not")
        want(answer["searchStatus"], "the search is said to have failed")
        want(answer["presentStatus"] == _FAILURE, f"presentStatus is {answer['presentStatus']}")


# --- other queries ------------------------------------------------------------------------------------------------------


@check("type 101", SHOULD, "a query of type 101 finds what it finds as type 1", "Z39.50 3.7, type-101")
def _type_101(bench: Bench) -> None:
    association = bench.association()
    for query in common(bench):
        answer = association.search(type_1(query, tag=101))
        if not answer["searchStatus"]:
            want_refused(diagnostic(answer), 107, what="type 101")
            raise NotApplicable("type 101 is not supported")
        want(answer["resultCount"] == association.count(query), f"{query} finds {answer['resultCount']} as type 101")


@check(
    "proximity",
    SHOULD,
    "words beside one another are found by proximity, or it is refused with 110, 129 or more",
    "Z39.50 3.7.2, proximity",
)
def _proximity(bench: Bench) -> None:
    association = bench.association()
    for first, second, places in bench.whole().pairs()[:5]:
        query = f"@prox 0 1 1 2 k 2 @attr 1=4 {first} @attr 1=4 {second}"
        answer = association.search(query)
        if not answer["searchStatus"]:
            want_refused(diagnostic(answer), 110, 129, 130, 131, 132, 201, 202, 203, 3, what=query)
            raise NotApplicable("proximity is not supported")
        want(answer["resultCount"] == len(places), f"{query} finds {answer['resultCount']}, not {len(places)}")
        turned = association.count(f"@prox 0 1 1 2 k 2 @attr 1=4 {second} @attr 1=4 {first}")
        either = association.count(f"@prox 0 1 0 2 k 2 @attr 1=4 {second} @attr 1=4 {first}")
        want(either >= max(len(places), turned), f"{first} and {second} in any order find {either}")


def _other_language(bench: Bench, name: str, made: dict[str, Node]) -> None:
    association = bench.association()
    for query, sent in made.items():
        answer = association.search(sent)
        if not answer["searchStatus"]:
            want_refused(diagnostic(answer), 107, what=name)
            raise NotApplicable(f"{name} is not supported")
        plain = association.count(query)
        want(answer["resultCount"] == plain, f"{name} finds {answer['resultCount']}, {query} finds {plain}")


@check("type 104", MAY, "CQL finds what the same query finds in RPN", "Z39.50 type-104, CQL")
def _cql(bench: Bench) -> None:
    made = {query: cql(f"dc.title = {query.split()[-1]}") for query in common(bench)}
    _other_language(bench, "type 104", made)


@check("type 104 granted", MUST, "where the option for type 104 is granted CQL is searched", "Z39.50 type-104, CQL")
def _cql_granted(bench: Bench) -> None:
    association = bench.granted("queryType104")
    found = association.refused(cql("kit"))
    want(found is None, f"it is refused with {found}")


@check("type 104 broken", SHOULD, "CQL that cannot be read is refused with 108", "Z39.50 type-104, CQL")
def _cql_broken(bench: Bench) -> None:
    association = bench.granted("queryType104")
    for text in ("(kit", 'kit and "', "= ="):
        want_refused(association.refused(cql(text)), 108, 125, what=text)


@check("type 2", MAY, "CCL finds what the same query finds in RPN", "ISO 8777")
def _ccl(bench: Bench) -> None:
    made = {query: ccl(f"ti={query.split()[-1]}") for query in common(bench)}
    _other_language(bench, "type 2", made)


@check(
    "counts of terms",
    MAY,
    "searchResult-1 tells how much each term finds, where it is asked for",
    "user information 10.1",
)
def _terms(bench: Bench) -> None:
    association = bench.association()
    first, second, *_ = common(bench)
    external = [universal(ber.OID, oid_octets(f"{Z3950}10.1")), context(0, ber.sequence())]
    answer = association.search(f"@and {first} {second}", additionalSearchInfo=[ber.sequence(context(4, external))])
    want(answer["searchStatus"], f"the search is refused: {diagnostic(answer)}")
    if not answer["additionalSearchInfo"]:
        raise NotApplicable("nothing is told of the terms")
    counts = _told(answer["additionalSearchInfo"][0])
    due = [association.count(first, "a"), association.count(second, "b")]
    want(counts[-2:] == due, f"it tells {counts}, the terms find {due}")


def _told(unit: Node) -> list[int]:
    """Return the subquery counts of a SearchInfoReport. Raises Failed."""
    external = unit.get(4)
    single = None if external is None else external.get(0)
    if single is None:
        raise Failed("additionalSearchInfo is no EXTERNAL")
    counts = (each.get(6) for each in single.only.nodes)
    return [int.from_bytes(each.octets, "big") for each in counts if each is not None]
