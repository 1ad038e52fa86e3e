"""Checks of Search: what is refused and how, sets and their names, several databases, records sent along, Boolean algebra."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from conformance.results import Failed, NotApplicable
from conformance.z3950 import ber
from conformance.z3950.ber import Node, context, oid_octets, universal
from conformance.z3950.client import DEFAULT, Association, Diagnostic, diagnostic, records
from conformance.z3950.corpus import ANY, TITLE
from conformance.z3950.queries import BIB_1, Z3950, ccl, cql, rpn, type_1
from conformance.z3950.table import MAY, MUST, SHOULD, Bench, check, want, want_refused

_SEARCH: Final = "Z39.50 3.2.2, Search"
_SETS: Final = "Z39.50 3.2.2.1.4, result set name"
_ALONG: Final = "Z39.50 3.2.2.1.6, records in the response"
_BOOLEAN: Final = "Z39.50 3.7.2, operators of RPN"
_BIB_1: Final = "Bib-1 attributes"
_NOWHERE: Final = "@attr 1=1016 qqqzzzxxkit"
_FAILURE: Final = 5


def common(bench: Bench, number: int = 3, use: int = TITLE) -> list[str]:
    """Return the commonest words of the records as queries. Raises NotApplicable."""
    found = sorted(bench.corpus().certain(use).items(), key=lambda each: (-len(each[1]), each[0]))
    if len(found) < number:
        raise NotApplicable("the records have too few words")
    return [f"@attr 1={use} {word}" for word, _ in found[:number]]


# --- the response -------------------------------------------------------------------------------------------------------


@check("search", MUST, "a search that finds something says how much, and where the first record is", _SEARCH)
def _search(bench: Bench) -> None:
    association = bench.association()
    answer = association.search(common(bench)[0], referenceId=b"one")
    want(answer["searchStatus"], f"it is refused: {diagnostic(answer)}")
    want(answer["resultCount"] > 0, "nothing is found")
    want(answer["numberOfRecordsReturned"] == 0, "records come that were not asked for")
    want(answer["responseRecords"] is None, "records come that were not asked for")
    want(answer["nextResultSetPosition"] == 1, f"nextResultSetPosition is {answer['nextResultSetPosition']}, not 1")
    want(answer["referenceId"] == b"one", f"the referenceId is {answer['referenceId']!r}")


@check("search nothing found", MUST, "a search that finds nothing has worked all the same", _SEARCH)
def _nothing(bench: Bench) -> None:
    answer = bench.association().search(_NOWHERE)
    want(answer["searchStatus"], f"it is refused: {diagnostic(answer)}")
    want(answer["resultCount"] == 0, f"{answer['resultCount']} are found of a word that nobody writes")
    want(answer["nextResultSetPosition"] in {0, 1}, f"nextResultSetPosition is {answer['nextResultSetPosition']}")


@check("search again", MUST, "the same search finds the same, again and on another association", _SEARCH)
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


@check("search failed", MUST, "a search that fails has no count, no record and no result set", _SEARCH)
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


# --- what is refused ----------------------------------------------------------------------------------------------------


def _wants(bench: Bench, query: str | Node, *conditions: int) -> Diagnostic:
    what = query if isinstance(query, str) else "it"
    return want_refused(bench.association().refused(query), *conditions, what=what)


def _names(found: Diagnostic, value: str) -> None:
    want(value in found.addinfo, f"the addinfo is {found.addinfo!r}: {value} is not named")


@check("refuses use", MUST, "a Use attribute that is not supported is refused with 114", _BIB_1)
def _use(bench: Bench) -> None:
    _wants(bench, "@attr 1=9876 kit", 114)


@check("refuses use by name", SHOULD, "of a Use attribute that is not supported the value is named", _BIB_1)
def _use_named(bench: Bench) -> None:
    _names(_wants(bench, "@attr 1=9876 kit", 114), "9876")


@check("refuses every use", MUST, "each Use attribute of Bib-1 is searched, or refused with 114", _BIB_1)
def _every_use(bench: Bench) -> None:
    association = bench.association()
    for use in [*range(1, 64), *range(1000, 1037), *range(1097, 1112)]:
        found = association.refused(f"@attr 1={use} 1999")
        want(found is None or found.condition in {114, 123, 126}, f"Use {use} is refused with {found}")


_TYPES: Final = {2: 117, 3: 119, 4: 118, 5: 120, 6: 122}
_NAMED: Final = {2: "relation", 3: "position", 4: "structure", 5: "truncation", 6: "completeness"}


def _unknown(kind: int, condition: int) -> None:
    @check(f"refuses {_NAMED[kind]}", MUST, f"a {_NAMED[kind]} that there is not is refused with {condition}", _BIB_1)
    def _look(bench: Bench) -> None:
        found = _wants(bench, f"@attr 1=4 @attr {kind}=777 kit", condition)
        want(found.diagnostic_set in {f"{Z3950}4.1", ""}, f"the diagnostic set is {found.diagnostic_set}")

    @check(f"{_NAMED[kind]} said", SHOULD, f"of a {_NAMED[kind]} that is not supported the value is named", _BIB_1)
    def _say(bench: Bench) -> None:
        _names(_wants(bench, f"@attr 1=4 @attr {kind}=777 kit", condition), "777")


for _kind, _condition in _TYPES.items():
    _unknown(_kind, _condition)


_VALUES: Final = {
    2: (1, 2, 3, 4, 5, 6, 100, 101, 102, 103, 104),
    3: (1, 2, 3),
    4: (1, 2, 3, 4, 5, 6, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109),
    5: (1, 2, 3, 100, 101, 102, 103, 104),
    6: (1, 2, 3),
}


@check("every value", MUST, "each value of each attribute is searched, or refused with its own diagnostic", _BIB_1)
def _every_value(bench: Bench) -> None:
    association = bench.association()
    for kind, values in _VALUES.items():
        for value in values:
            found = association.refused(f"@attr 1=4 @attr {kind}={value} abcd")
            allowed = {_TYPES[kind], 123, 125, 126, 9, 124, 127}
            want(found is None or found.condition in allowed, f"{_NAMED[kind]} {value} is refused with {found}")


@check("refuses attribute type", MUST, "an attribute type that Bib-1 has not is refused with 113", _BIB_1)
def _type(bench: Bench) -> None:
    _wants(bench, "@attr 1=4 @attr 77=1 kit", 113)


@check("refuses attribute set", MUST, "an attribute set that is not supported is refused with 121", _BIB_1)
def _set(bench: Bench) -> None:
    _wants(bench, type_1("@attr 1=4 kit", f"{Z3950}3.999"), 121, 247, 114)


@check("refuses set in attribute", MUST, "so is one that stands in an attribute", "Z39.50 3.7.1, attribute element")
def _set_inside(bench: Bench) -> None:
    _wants(bench, f"@attr {Z3950}3.999 1=4 kit", 121, 247, 114)


@check("takes set in attribute", SHOULD, "Bib-1 may be named in each attribute as well", "OCLC Sisis")
def _sisis(bench: Bench) -> None:
    (query, *_) = common(bench)
    word = query.split()[-1]
    association = bench.association()
    plain = association.count(query)
    want(association.count(f"@attr {BIB_1} 1=4 {word}") == plain, "something else is found")


@check(
    "refuses use by string",
    SHOULD,
    "an access point by a name that there is not is refused",
    "Z39.50 3.7.1, complex attribute",
)
def _string(bench: Bench) -> None:
    _wants(bench, "@attr 1=nosuchindexkit kit", 114, 246, 113)


@check("refuses database", MUST, "a database that there is not is refused with 235 or 109", _SEARCH)
def _database(bench: Bench) -> None:
    found = bench.association().refused("@attr 1=4 kit", DEFAULT, "no-such-database-kit")
    want_refused(found, 235, 109, what="a database that there is not")


@check("refuses database by name", SHOULD, "of a database that there is not the name is told", _SEARCH)
def _database_named(bench: Bench) -> None:
    found = bench.association().refused("@attr 1=4 kit", DEFAULT, "no-such-database-kit")
    _names(want_refused(found, 235, 109, what="it"), "no-such-database-kit")


@check(
    "refuses one of databases", MUST, "one database that there is not among others is not left out in silence", _SEARCH
)
def _one_of(bench: Bench) -> None:
    found = bench.association().refused("@attr 1=4 kit", DEFAULT, bench.databases[0], "no-such-database-kit")
    want_refused(found, 235, 109, 23, 111, what="it")


@check(
    "refuses query type",
    MUST,
    "a query type that is not supported is refused with 107, and the association goes on",
    _SEARCH,
)
def _query_type(bench: Bench) -> None:
    association = bench.association()
    for query in (context(102, universal(ber.OCTETS, b"kit")), context(100, universal(ber.OCTETS, b"kit"))):
        want_refused(association.refused(query), 107, 108, 3, what=f"type {query.tag}")
    association.count(common(bench)[0])


@check("refuses operator", SHOULD, "an operator that there is not is refused, with 110 as a rule", _BOOLEAN)
def _operator(bench: Bench) -> None:
    left = rpn("@attr 1=4 kit")
    wrong = context(1, [left, left, context(46, Node(7, b""))])
    association = bench.association()
    association.send(association.search_request(context(1, [universal(ber.OID, oid_octets(BIB_1)), wrong])))
    answer = association.receive()
    want(answer.name == "close" or not answer["searchStatus"], "it is searched")


@check(
    "refuses term in parts",
    MUST,
    "a kind of term that is not understood is refused, not read as something else",
    "Z39.50 3.7.1, term",
)
def _term(bench: Bench) -> None:
    association = bench.association()
    unit = context(
        102, [context(44, [ber.sequence(context(120, 1), context(121, 4))]), context(217, oid_octets("1.2.3"))]
    )
    query = context(1, [universal(ber.OID, oid_octets(BIB_1)), context(0, unit)])
    found = association.search(query)
    want(not found["searchStatus"] or not found["resultCount"], f"{found['resultCount']} are found of an OID")


@check("refuses null term", SHOULD, "a term that is nothing finds nothing, or is refused", "Z39.50 3.7.1, term")
def _null(bench: Bench) -> None:
    found = bench.association().search("@attr 1=4 @term null x")
    want(not found["searchStatus"] or not found["resultCount"], f"{found['resultCount']} are found")


@check(
    "always matches",
    SHOULD,
    "relation 103 finds every record, with an empty term as well, or is refused with 117",
    _BIB_1,
)
def _always(bench: Bench) -> None:
    association = bench.association()
    for term in ('""', "kit"):
        query = f"@attr 1=1016 @attr 2=103 {term}"
        if (found := association.refused(query)) is not None:
            want(found.condition in {117, 123}, f"{query} is refused with {found}")
            raise NotApplicable("always-matches is not supported")
        due = len(bench.whole().records)
        want(association.count(query) == due, f"{query} does not find {due}")


@check("refuses letters in a year", SHOULD, "a year that is no number is refused (126), or finds nothing", _BIB_1)
def _letters(bench: Bench) -> None:
    found = bench.association().search("@attr 1=31 @attr 4=4 abcd")
    want(not found["searchStatus"] or not found["resultCount"], f"{found['resultCount']} are found")


@check(
    "diagnostics of version 2",
    SHOULD,
    "in version 2 a diagnostic is written as version 2 knows it",
    "Z39.50, DefaultDiagFormat",
)
def _old(bench: Bench) -> None:
    association = bench.association(protocolVersion=(0, 1))
    found = want_refused(association.refused("@attr 1=9876 kit"), 114, what="Use 9876")
    want(not found.new, "its addinfo is a GeneralString")
    want(found.addinfo.isascii(), f"{found.addinfo!r} has more than ASCII")


@check("term kinds", MUST, "a term may be octets or a string: the same is found", "Z39.50 3.7.1, term")
def _kinds(bench: Bench) -> None:
    association = bench.association()
    for query in common(bench):
        word = query.split()[-1]
        counts = [association.count(f"@attr 1=4 {kind}{word}") for kind in ("", "@term string ")]
        want(counts[0] == counts[1], f"{word}: {counts[0]} as octets, {counts[1]} as a string")


@check("numeric term", SHOULD, "a year may be sent as a number", "Z39.50 3.7.1, term")
def _numeric(bench: Bench) -> None:
    association = bench.association()
    for year in list(bench.corpus().dates)[:3]:
        one, other = association.count(f"@attr 1=31 {year}"), association.count(f"@attr 1=31 @term numeric {year}")
        want(one == other, f"{year}: {one} as text, {other} as a number")


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
    _wants(bench, "@and @set no-such-set-kit @attr 1=4 kit", 30, 128, 18, 27)


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


@check("boolean algebra", MUST, "and, or and and-not find as many as arithmetic says", _BOOLEAN)
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


@check("boolean identities", MUST, "de Morgan, distribution, and what is said twice", _BOOLEAN)
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


@check("many operands", SHOULD, "a query of thirty terms is answered, or refused with its diagnostic", _BOOLEAN)
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
