"""Checks of counts and lists: held against one another, against arithmetic, and against the records."""

from __future__ import annotations

import re

from conformance.checks import Checks, want
from conformance.results import Failed, Level, NotApplicable
from conformance.sru.bench import CQL, SPEC_1, SPEC_2, Session, folded, one, some_query
from conformance.sru.client import SCAN_2, SRW, children, diagnostic, whole_text

check = Checks[Session]()


@check("count-scan", Level.MUST, "every term of a list finds as many records as the list says", f"{SPEC_1} scan")
def _count_scan(session: Session) -> None:
    for value, count in session.terms():
        found = session.count(f'{session.index} = "{value}"')
        want(found == count, f"{value!r}: {count} in the list, {found} found")


@check("scan-order", Level.MUST, "the terms of a list stand in order, each once", f"{SPEC_1} scan")
def _scanwant_order(session: Session) -> None:
    values = [value for value, _ in session.terms()]
    want(len(set(values)) == len(values), "a term stands twice")
    want(values == sorted(values) or values == sorted(values, key=folded), f"the order is {values}")


@check("scan-position", Level.SHOULD, "responsePosition puts the term where it is wanted", f"{SPEC_1} responsePosition")
def _scan_position(session: Session) -> None:
    value = session.terms()[min(2, len(session.terms()) - 1)][0]
    reply = session.client.get(
        operation="scan",
        version=session.version,
        scanClause=f'{session.index} = "{value}"',
        maximumTerms=3,
        responsePosition=2,
    )
    found = [one(each, "value") for each in children(reply.root, "terms", "term")]
    want(value in found[:2], f"{value!r} is not among the first two of {found}")


@check("scan-2", Level.MUST, "a scan of 2.0 answers in its own namespace", "searchRetrieve part 6 (scan)")
def _scan_2(session: Session) -> None:
    session.terms()
    reply = session.client.get(scanClause=f'{session.index} = "{session.term}"', maximumTerms=2)
    if reply.namespace == SRW:
        raise NotApplicable("the server answers in 1.x")
    want(reply.namespace == SCAN_2, f"the namespace is {reply.namespace}")


@check("facets", Level.MAY, "every term of a facet finds as many records as the facet says", f"{SPEC_2} facetLimit")
def _facets(session: Session) -> None:
    query, count = some_query(session)
    reply = session.client.get(query=query, maximumRecords=0, facetLimit=3)
    terms = children(reply.root, "facetedResults", "facet", "terms", "term")
    if not terms:
        raise NotApplicable("no facets are sent")
    for each in terms:
        term, asked, told = one(each, "actualTerm"), one(each, "query"), one(each, "count")
        want(term and told.isdigit(), f"a term of a facet is {term!r}, its count {told!r}")
        want(int(told) <= count, f"{term!r}: {told} of {count} records")
        if asked:
            found = session.count(f"({query}) and ({asked})")
            want(found == int(told), f"{term!r}: {told} in the facet, {found} found by {asked}")


@check("boolean-arithmetic", Level.MUST, "and, or and not find as many records as arithmetic says", f"{CQL} Booleans")
def _boolean_arithmetic(session: Session) -> None:
    values = [value for value, count in sorted(session.terms(), key=lambda each: -each[1]) if count][:3]
    if len(values) < 2:
        raise NotApplicable("two terms are needed")
    for left, right in [(values[0], each) for each in values[1:]]:
        a, b = f'{session.index} = "{left}"', f'{session.index} = "{right}"'
        one, other, both = session.count(a), session.count(b), session.count(f"{a} and {b}")
        want(session.count(f"{a} or {b}") == one + other - both, f"or of {left!r} and {right!r}")
        want(session.count(f"{a} not {b}") == one - both, f"not of {left!r} and {right!r}")
        want(session.count(f"({a}) and ({b} or {a})") == one, f"parentheses with {left!r} and {right!r}")


@check("records-hold-term", Level.MUST, "every record of a search for a word of the title has it in its text", SPEC_1)
def _records_hold_term(session: Session) -> None:
    words = [(value, count) for value, count in session.terms() if 0 < count <= 50 and re.fullmatch(r"\w{4,}", value)]
    if not words:
        raise NotApplicable("no term is a word of few records")
    for value, count in words[:5]:
        reply = session.search(f'{session.index} = "{value}"', maximumRecords=50)
        want(reply.records, f"{value!r}: {count} found, none sent")
        for record in reply.records:
            data = children(record, "recordData")[0]
            surrogate = children(data, "diagnostic")
            if surrogate:
                raise Failed(f"a record is not sent: diagnostic {diagnostic(surrogate[0]).number}")
            want(folded(value) in folded(whole_text(data)), f"a record of {value!r} does not hold it")


@check("case-and-accents", Level.SHOULD, "case does not change what is found", f"{CQL} terms")
def _case(session: Session) -> None:
    value = next((value for value, count in session.terms() if count and value.upper() != value), None)
    if value is None:
        raise NotApplicable("no term has letters")
    one, other = session.count(f'{session.index} = "{value}"'), session.count(f'{session.index} = "{value.upper()}"')
    want(one == other, f"{value!r} finds {one}, in capitals {other}")


@check("truncation", Level.SHOULD, "a truncated term finds no less than the whole one", f"{CQL} masking")
def _truncation(session: Session) -> None:
    value, count = next(((value, count) for value, count in session.terms() if len(value) > 4 and count), ("", 0))
    if not value:
        raise NotApplicable("no term is long enough")
    want(session.count(f"{session.index} = {value[:-1]}*") >= count, f"{value[:-1]}* finds fewer than {value}")


@check("result-set-again", Level.SHOULD, "a result set that is named can be asked for again", f"{CQL} cql.resultSetId")
def _result_set_again(session: Session) -> None:
    query, count = some_query(session)
    name = session.search(query, maximumRecords=1).text("resultSetId")
    if not name:
        raise NotApplicable("no result set is named")
    want(session.count(f'cql.resultSetId = "{name}"') == count, "it has another number of records")
