"""Checks of what a search must refuse, and how: every attribute, the database, the query, the term."""

from __future__ import annotations

from typing import Final

from conformance.checks import Checks, want
from conformance.results import NotApplicable
from conformance.z3950 import ber
from conformance.z3950.bench import MUST, SHOULD, Bench, want_refused
from conformance.z3950.ber import Node, context, oid_octets, universal
from conformance.z3950.client import DEFAULT, Diagnostic
from conformance.z3950.queries import BIB_1, Z3950, rpn, type_1
from conformance.z3950.search import BOOLEAN, SEARCH, common

check = Checks[Bench]()

_BIB_1: Final = "Bib-1 attributes"


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


@check("refuses database", MUST, "a database that there is not is refused with 235 or 109", SEARCH)
def _database(bench: Bench) -> None:
    found = bench.association().refused("@attr 1=4 kit", DEFAULT, "no-such-database-kit")
    want_refused(found, 235, 109, what="a database that there is not")


@check("refuses database by name", SHOULD, "of a database that there is not the name is told", SEARCH)
def _database_named(bench: Bench) -> None:
    found = bench.association().refused("@attr 1=4 kit", DEFAULT, "no-such-database-kit")
    _names(want_refused(found, 235, 109, what="it"), "no-such-database-kit")


@check(
    "refuses one of databases", MUST, "one database that there is not among others is not left out in silence", SEARCH
)
def _one_of(bench: Bench) -> None:
    found = bench.association().refused("@attr 1=4 kit", DEFAULT, bench.databases[0], "no-such-database-kit")
    want_refused(found, 235, 109, 23, 111, what="it")


@check(
    "refuses query type",
    MUST,
    "a query type that is not supported is refused with 107, and the association goes on",
    SEARCH,
)
def _query_type(bench: Bench) -> None:
    association = bench.association()
    for query in (context(102, universal(ber.OCTETS, b"kit")), context(100, universal(ber.OCTETS, b"kit"))):
        want_refused(association.refused(query), 107, 108, 3, what=f"type {query.tag}")
    association.count(common(bench)[0])


@check("refuses operator", SHOULD, "an operator that there is not is refused, with 110 as a rule", BOOLEAN)
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
