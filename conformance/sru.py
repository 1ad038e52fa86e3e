"""`python -m conformance sru URL`: judges a server of SRU 1.1, 1.2 and 2.0, whoever's it is.

What a server says of itself (explain) is held against what it does, its counts against its own lists and records, Boolean searches
against arithmetic. Of the catalogue nothing is known beforehand: terms come out of its scan, or out of `--term`.
"""

from __future__ import annotations

import argparse
import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from conformance import documents
from conformance.results import Failed, Level, NotApplicable, Outcome, Result
from conformance.sru_client import (
    DIAGNOSTIC_2,
    SCAN_2,
    SRU_2,
    SRW,
    SRW_DIAGNOSTIC,
    ZEEREX,
    Client,
    Reply,
    children,
    diagnostic,
    whole_text,
)
from protocols.xmlsafe import SEPARATOR, Node

_V1: Final = ("1.1", "1.2")
_HOSTILE_SECONDS: Final = 10.0


@dataclass(slots=True)
class Session:
    """One judgement: the client, and what was learned on the way."""

    client: Client
    term: str
    index: str = "dc.title"
    version: str = "1.2"
    explained: Node | None = None
    _terms: list[tuple[str, int]] = field(default_factory=list)

    def search(self, query: str, **more: object) -> Reply:
        """Search in the version that the server answers."""
        return self.client.get(operation="searchRetrieve", version=self.version, query=query, **more)

    def count(self, query: str) -> int:
        """Return how many records a query finds. Raises Failed when it is refused."""
        reply = self.search(query, maximumRecords=0)
        if reply.told:
            raise Failed(f"{query}: diagnostic {reply.told[0].number} {reply.told[0].details}")
        return reply.count

    def terms(self) -> list[tuple[str, int]]:
        """Return terms of the index with their counts, by scan. Raises NotApplicable."""
        if not self._terms:
            clause = f'{self.index} = "{self.term}"'
            reply = self.client.get(operation="scan", version=self.version, scanClause=clause, maximumTerms=20)
            if reply.told:
                raise NotApplicable(f"scan is refused with {reply.told[0].number}")
            found = children(reply.root, "terms", "term")
            self._terms = [(_one(each, "value"), int(_one(each, "numberOfRecords") or 0)) for each in found]
        if not self._terms:
            raise NotApplicable("scan gives no terms")
        return self._terms

    def explain(self) -> Node:
        """Return the ZeeRex record. Raises NotApplicable."""
        if self.explained is None:
            raise NotApplicable("there is no explain record")
        return self.explained


Check = Callable[[Session], None]
_CHECKS: list[tuple[str, Level, str, str, Check]] = []


def check(name: str, level: Level, text: str, source: str) -> Callable[[Check], Check]:
    """Add a check to the kit."""

    def add(made: Check) -> Check:
        _CHECKS.append((name, level, text, source, made))
        return made

    return add


def run(session: Session) -> Iterator[Result]:
    """Make every check, in order."""
    for name, level, text, source, made in _CHECKS:
        outcome, detail = Outcome.PASSED, ""
        try:
            made(session)
        except Failed as error:
            outcome, detail = Outcome.FAILED, str(error)
        except NotApplicable as error:
            outcome, detail = Outcome.NOT_APPLICABLE, str(error)
        yield Result(name, level, text, source, outcome, detail)


def _one(node: Node, name: str) -> str:
    return next((each.text.strip() for each in node.children if each.name == name), "")


def _must(condition: object, text: str) -> None:
    if not condition:
        raise Failed(text)


def _refuses(reply: Reply, *numbers: int) -> None:
    told = [each.number for each in reply.told]
    _must(set(told) & set(numbers), f"diagnostic {' or '.join(map(str, numbers))} is due, and {told or 'none'} came")
    _must(reply.status == 200, f"a diagnostic came with HTTP {reply.status}")


def _order(reply: Reply, *names: str) -> None:
    """Show that the children of a response stand in the order of its schema."""
    places = [names.index(each.name) if each.name in names else -1 for each in reply.root.children]
    _must(-1 not in places, f"elements that the schema does not know: {[each.name for each in reply.root.children]}")
    _must(places == sorted(places), f"the order is {[each.name for each in reply.root.children]}")


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    return plain.replace("œ", "oe").replace("æ", "ae")


# --- explain ------------------------------------------------------------------------------------------------------------

SPEC_1: Final = "SRU 1.1/1.2"
SPEC_2: Final = "searchRetrieve part 3 (SRU 2.0)"
CQL: Final = "searchRetrieve part 5 (CQL)"


@check("explain-bare", Level.MUST, "the bare address gives an explain response", f"{SPEC_1} explain")
def _explain_bare(session: Session) -> None:
    reply = session.client.get()
    _must(reply.root.name == "explainResponse", f"the root is {reply.root.name}")
    _must("xml" in reply.media_type, f"its media type is {reply.media_type}")
    data = children(reply.root, "record", "recordData")
    _must(data and data[0].children, "there is no record in it")
    session.explained = data[0].children[0]


@check("explain-zeerex", Level.MUST, "the record is of ZeeRex, with server, database, index and schema", "ZeeRex 2.0")
def _explain_zeerex(session: Session) -> None:
    root = session.explain()
    _must(root.tag.rpartition(SEPARATOR)[0] in ZEEREX, f"its namespace is {root.tag.rpartition(SEPARATOR)[0]}")
    for name in ("serverInfo", "databaseInfo", "indexInfo", "schemaInfo", "configInfo"):
        _must(children(root, name), f"there is no {name}")
    for name in ("host", "port", "database"):
        _must(_one(children(root, "serverInfo")[0], name), f"serverInfo has no {name}")


def _names(root: Node) -> list[tuple[str, Node]]:
    """Return the first CQL name of every index, with its element."""
    out = []
    for index in children(root, "indexInfo", "index"):
        for name in children(index, "map", "name"):
            out.append((f"{name.attributes.get('set', '')}.{name.text.strip()}", index))
            break
    return out


@check("explain-indexes", Level.MUST, "every index that is told of can be searched", "ZeeRex 2.0 indexInfo")
def _explain_indexes(session: Session) -> None:
    for name, index in _names(session.explain()):
        if index.attributes.get("search", "true") == "true":
            told = [each.number for each in session.search(f'{name} = "1999"', maximumRecords=0).told]
            _must(not {15, 16} & set(told), f"{name} is refused with {told}")


@check("explain-sets", Level.MUST, "every context set of an index is declared with its identifier", "ZeeRex 2.0 set")
def _explain_sets(session: Session) -> None:
    root = session.explain()
    declared = {
        each.attributes.get("name") for each in children(root, "indexInfo", "set") if each.attributes.get("identifier")
    }
    used = {name.partition(".")[0] for name, _ in _names(root)}
    _must(used <= declared, f"not declared: {sorted(used - declared, key=str)}")


@check(
    "explain-schemas",
    Level.MUST,
    "every schema that is told of is sent, by name and by identifier",
    "ZeeRex 2.0 schemaInfo",
)
def _explain_schemas(session: Session) -> None:
    query, _ = _some_query(session)
    for schema in children(session.explain(), "schemaInfo", "schema"):
        for name in (schema.attributes.get("name", ""), schema.attributes.get("identifier", "")):
            reply = session.search(query, maximumRecords=1, recordSchema=name)
            _must(not reply.told and reply.records, f"{name} is refused with {[each.number for each in reply.told]}")


@check("explain-scan", Level.SHOULD, "an index that says it can be scanned can", "ZeeRex 2.0 index")
def _explain_scan(session: Session) -> None:
    for name, index in _names(session.explain()):
        if index.attributes.get("scan") == "true":
            reply = session.client.get(operation="scan", version=session.version, scanClause=f'{name} = "1999"')
            _must(not reply.told, f"{name} is refused with {[each.number for each in reply.told]}")


@check("explain-sort", Level.SHOULD, "an index that says it can be sorted by can", "ZeeRex 2.0 index")
def _explain_sort(session: Session) -> None:
    query, _ = _some_query(session)
    for name, index in _names(session.explain()):
        if index.attributes.get("sort") == "true":
            reply = session.search(f"{query} sortBy {name}", maximumRecords=0)
            _must(not reply.told, f"{name} is refused with {[each.number for each in reply.told]}")


# --- searchRetrieve -----------------------------------------------------------------------------------------------------


def _some_query(session: Session) -> tuple[str, int]:
    """Return a query that finds something, and how much."""
    query = f'{session.index} = "{session.term}"'
    count = session.count(query)
    if not count:
        value, _ = max(session.terms(), key=lambda each: each[1])
        session.term = value
        query = f'{session.index} = "{value}"'
        count = session.count(query)
    if not count:
        raise NotApplicable("no term was found that finds a record; give one by --term")
    return query, count


_ORDER_1: Final = (
    "version", "numberOfRecords", "resultSetId", "resultSetIdleTime", "records", "nextRecordPosition",
    "echoedSearchRetrieveRequest", "diagnostics", "extraResponseData",
)  # fmt: skip


@check(
    "search-1",
    Level.MUST,
    "1.1 and 1.2 answer in their namespace, with the version asked, in the order of the schema",
    SPEC_1,
)
def _search_1(session: Session) -> None:
    for version in _V1:
        reply = session.client.get(operation="searchRetrieve", version=version, query=session.term, maximumRecords=2)
        _must(reply.namespace == SRW, f"the namespace is {reply.namespace}")
        _must(reply.root.name == "searchRetrieveResponse", f"the root is {reply.root.name}")
        _must(reply.text("version") == version, f"the version is {reply.text('version')!r}")
        _order(reply, *_ORDER_1)


@check(
    "search-window",
    Level.MUST,
    "records, their positions and the next one are those asked for",
    f"{SPEC_1} startRecord",
)
def _search_window(session: Session) -> None:
    query, count = _some_query(session)
    first = session.search(query, maximumRecords=1)
    _must(len(first.records) == 1, f"{len(first.records)} records came for one")
    _must(_one(first.records[0], "recordPosition") in {"", "1"}, "the first record has not position 1")
    following = first.text("nextRecordPosition")
    _must((following == "2") == (count > 1), f"nextRecordPosition is {following!r} of {count}")
    if count > 1:
        last = session.search(query, startRecord=count, maximumRecords=5)
        _must(len(last.records) == 1, f"{len(last.records)} records came from the last on")
        _must(not last.text("nextRecordPosition"), "there is a next position after the last record")


@check("search-count-only", Level.MUST, "maximumRecords=0 sends the count alone", f"{SPEC_1} maximumRecords")
def _search_count_only(session: Session) -> None:
    query, count = _some_query(session)
    reply = session.search(query, maximumRecords=0)
    _must(reply.count == count and not reply.records, f"{reply.count} found, {len(reply.records)} sent")


@check("search-echo", Level.SHOULD, "the request is repeated in the response", f"{SPEC_1} echoedSearchRetrieveRequest")
def _search_echo(session: Session) -> None:
    query, _ = _some_query(session)
    reply = session.search(query, maximumRecords=1)
    _must(reply.text("echoedSearchRetrieveRequest", "query") == query, "the query is not repeated as it was sent")


@check("search-string", Level.MUST, "recordPacking=string sends a record as escaped XML", f"{SPEC_1} recordPacking")
def _search_string(session: Session) -> None:
    query, _ = _some_query(session)
    reply = session.search(query, maximumRecords=1, recordPacking="string")
    (data,) = children(reply.records[0], "recordData")
    _must(not data.children and data.text.lstrip().startswith("<"), "recordData holds no string of XML")
    _must(_one(reply.records[0], "recordPacking") == "string", "recordPacking does not say so")


@check("search-post", Level.MUST, "a form is answered as a query string is", f"{SPEC_1} POST")
def _search_post(session: Session) -> None:
    query, count = _some_query(session)
    reply = session.client.post(operation="searchRetrieve", version=session.version, query=query, maximumRecords=0)
    _must(reply.count == count, f"{reply.count} found by POST, {count} by GET")


@check("search-soap", Level.MAY, "SOAP is answered as a query string is", "SRW 1.1")
def _search_soap(session: Session) -> None:
    query, count = _some_query(session)
    reply = session.client.soap("searchRetrieve", version="1.1", query=query, maximumRecords=1)
    _must(reply.root.name == "searchRetrieveResponse", f"the body holds {reply.root.name}")
    _must(reply.count == count, f"{reply.count} found by SOAP, {count} by GET")


@check("search-stylesheet", Level.SHOULD, "a stylesheet is named before the response", f"{SPEC_1} stylesheet")
def _search_stylesheet(session: Session) -> None:
    reply = session.search(session.term, maximumRecords=0, stylesheet="/style.xsl")
    if 110 in [each.number for each in reply.told]:
        raise NotApplicable("stylesheets are not supported")
    _must(b"<?xml-stylesheet" in reply.body and b"/style.xsl" in reply.body, "there is no processing instruction")


@check("search-2", Level.MUST, "2.0 needs no operation and answers in its own namespace and order", SPEC_2)
def _search_2(session: Session) -> None:
    query, count = _some_query(session)
    reply = session.client.get(query=query, maximumRecords=1)
    if reply.namespace == SRW:
        raise NotApplicable("the server answers in 1.x")
    _must(reply.namespace == SRU_2, f"the namespace is {reply.namespace}")
    _must(reply.count == count, f"{reply.count} found in 2.0, {count} in {session.version}")
    _must(children(reply.root, "records", "record", "recordXMLEscaping"), "a record does not say recordXMLEscaping")
    _order(
        reply, "version", "numberOfRecords", "resultSetId", "records", "nextRecordPosition", "echoedSearchRetrieveRequest",
        "diagnostics", "extraResponseData", "resultSetTTL", "resultCountPrecision", "facetedResults", "searchResultAnalysis",
    )  # fmt: skip


@check("diagnostics-2", Level.MUST, "2.0 tells diagnostics in its own namespace", SPEC_2)
def _diagnostics_2(session: Session) -> None:
    reply = session.client.get(query='nosuchset.title = "x"')
    if reply.namespace == SRW:
        raise NotApplicable("the server answers in 1.x")
    nodes = children(reply.root, "diagnostics", "diagnostic")
    _must(nodes and nodes[0].tag.rpartition(SEPARATOR)[0] == DIAGNOSTIC_2, "there is no diagnostic of that namespace")


@check("query-type", Level.SHOULD, "a query type that is not supported is refused (11)", f"{SPEC_2} queryType")
def _query_type(session: Session) -> None:
    reply = session.client.get(query="x", queryType="nosuchtype")
    if reply.namespace == SRW:
        raise NotApplicable("the server answers in 1.x")
    _refuses(reply, 11)


# --- refusals -----------------------------------------------------------------------------------------------------------

REFUSED: Final[tuple[tuple[str, Level, str, dict[str, str | None], tuple[int, ...]], ...]] = (
    ("no-query", Level.MUST, "a search without a query is refused (7)", {"query": None}, (7,)),
    ("bad-version", Level.MUST, "a version that is not supported is refused (5)", {"version": "9.9"}, (5,)),
    ("bad-operation", Level.MUST, "an operation that is not supported is refused (4)", {"operation": "nosuch"}, (4,)),
    ("start-zero", Level.MUST, "startRecord=0 is refused (6, 61)", {"startRecord": "0"}, (6, 61)),
    ("start-text", Level.MUST, "startRecord=x is refused (6)", {"startRecord": "x"}, (6,)),
    ("start-beyond", Level.SHOULD, "a first record beyond the last is refused (61)", {"startRecord": "999999999"}, (61,)),
    ("maximum-negative", Level.MUST, "a negative maximumRecords is refused (6, 62)", {"maximumRecords": "-1"}, (6, 62)),
    ("bad-schema", Level.MUST, "a schema that is not known is refused (66)", {"recordSchema": "nosuch"}, (66,)),
    ("bad-packing", Level.MUST, "a record packing that is not known is refused (6, 71)", {"recordPacking": "nosuch"}, (6, 71)),
    ("cql-end", Level.MUST, "a query that ends early is refused (10)", {"query": "x and"}, (10,)),
    ("cql-parentheses", Level.MUST, "an open parenthesis is refused (10, 13)", {"query": "(x"}, (10, 13)),
    ("cql-quotes", Level.MUST, "an open quotation is refused (10, 14)", {"query": '"x'}, (10, 14)),
    ("cql-boolean", Level.MUST, "two terms without a Boolean are refused (10)", {"query": "x y"}, (10,)),
    ("cql-set", Level.MUST, "a context set that is not known is refused (15, 16)", {"query": "nosuchset.title = x"}, (15, 16)),
    ("cql-index", Level.MUST, "an index that is not known is refused (16)", {"query": "dc.nosuchindex = x"}, (16,)),
    ("cql-relation", Level.MUST, "a relation that is not supported is refused (19, 22)",
     {"query": "dc.title encloses x"}, (19, 22)),
    ("cql-modifier", Level.MUST, "a relation modifier that is not known is refused (20)",
     {"query": "dc.title =/nosuchmodifier x"}, (20,)),
    ("cql-boolean-modifier", Level.SHOULD, "a Boolean modifier that is not known is refused (46)",
     {"query": "x and/nosuchmodifier y"}, (46,)),
    ("cql-empty", Level.SHOULD, "an empty term is refused, if it is not answered (27)", {"query": 'dc.title = ""'}, (27,)),
    ("result-set", Level.SHOULD, "a result set that is not there is refused (50, 51)",
     {"query": 'cql.resultSetId = "nosuchset"'}, (50, 51)),
)  # fmt: skip
"""Name, level, text, what is changed in a good request (None: left out), the diagnostics that are due."""


def _refusal(changes: dict[str, str | None], numbers: tuple[int, ...]) -> Check:
    def made(session: Session) -> None:
        if "startRecord" in changes:
            _some_query(session)
        good = {"operation": "searchRetrieve", "version": session.version, "query": session.term}
        asked = {name: value for name, value in {**good, **changes}.items() if value is not None}
        reply = session.client.get(**asked)
        _refuses(reply, *numbers)
        nodes = children(reply.root, "diagnostics", "diagnostic")
        _must(
            nodes[0].tag.rpartition(SEPARATOR)[0] == SRW_DIAGNOSTIC, f"it is in {nodes[0].tag.rpartition(SEPARATOR)[0]}"
        )

    return made


for _name, _level, _text, _changes, _numbers in REFUSED:
    check(f"refuses-{_name}", _level, _text, "info:srw/diagnostic/1")(_refusal(_changes, _numbers))


# --- truth --------------------------------------------------------------------------------------------------------------


@check("count-scan", Level.MUST, "every term of a list finds as many records as the list says", f"{SPEC_1} scan")
def _count_scan(session: Session) -> None:
    for value, count in session.terms():
        found = session.count(f'{session.index} = "{value}"')
        _must(found == count, f"{value!r}: {count} in the list, {found} found")


@check("scan-order", Level.MUST, "the terms of a list stand in order, each once", f"{SPEC_1} scan")
def _scan_order(session: Session) -> None:
    values = [value for value, _ in session.terms()]
    _must(len(set(values)) == len(values), "a term stands twice")
    _must(values == sorted(values) or values == sorted(values, key=_folded), f"the order is {values}")


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
    found = [_one(each, "value") for each in children(reply.root, "terms", "term")]
    _must(value in found[:2], f"{value!r} is not among the first two of {found}")


@check("scan-2", Level.MUST, "a scan of 2.0 answers in its own namespace", "searchRetrieve part 6 (scan)")
def _scan_2(session: Session) -> None:
    session.terms()
    reply = session.client.get(scanClause=f'{session.index} = "{session.term}"', maximumTerms=2)
    if reply.namespace == SRW:
        raise NotApplicable("the server answers in 1.x")
    _must(reply.namespace == SCAN_2, f"the namespace is {reply.namespace}")


@check("boolean-arithmetic", Level.MUST, "and, or and not find as many records as arithmetic says", f"{CQL} Booleans")
def _boolean_arithmetic(session: Session) -> None:
    values = [value for value, count in sorted(session.terms(), key=lambda each: -each[1]) if count][:3]
    if len(values) < 2:
        raise NotApplicable("two terms are needed")
    for left, right in [(values[0], each) for each in values[1:]]:
        a, b = f'{session.index} = "{left}"', f'{session.index} = "{right}"'
        one, other, both = session.count(a), session.count(b), session.count(f"{a} and {b}")
        _must(session.count(f"{a} or {b}") == one + other - both, f"or of {left!r} and {right!r}")
        _must(session.count(f"{a} not {b}") == one - both, f"not of {left!r} and {right!r}")
        _must(session.count(f"({a}) and ({b} or {a})") == one, f"parentheses with {left!r} and {right!r}")


@check("records-hold-term", Level.MUST, "every record of a search for a word of the title has it in its text", SPEC_1)
def _records_hold_term(session: Session) -> None:
    words = [(value, count) for value, count in session.terms() if 0 < count <= 50 and re.fullmatch(r"\w{4,}", value)]
    if not words:
        raise NotApplicable("no term is a word of few records")
    for value, count in words[:5]:
        reply = session.search(f'{session.index} = "{value}"', maximumRecords=50)
        _must(reply.records, f"{value!r}: {count} found, none sent")
        for record in reply.records:
            data = children(record, "recordData")[0]
            surrogate = children(data, "diagnostic")
            if surrogate:
                raise Failed(f"a record is not sent: diagnostic {diagnostic(surrogate[0]).number}")
            _must(_folded(value) in _folded(whole_text(data)), f"a record of {value!r} does not hold it")


@check("case-and-accents", Level.SHOULD, "case does not change what is found", f"{CQL} terms")
def _case(session: Session) -> None:
    value = next((value for value, count in session.terms() if count and value.upper() != value), None)
    if value is None:
        raise NotApplicable("no term has letters")
    one, other = session.count(f'{session.index} = "{value}"'), session.count(f'{session.index} = "{value.upper()}"')
    _must(one == other, f"{value!r} finds {one}, in capitals {other}")


@check("truncation", Level.SHOULD, "a truncated term finds no less than the whole one", f"{CQL} masking")
def _truncation(session: Session) -> None:
    value, count = next(((value, count) for value, count in session.terms() if len(value) > 4 and count), ("", 0))
    if not value:
        raise NotApplicable("no term is long enough")
    _must(session.count(f"{session.index} = {value[:-1]}*") >= count, f"{value[:-1]}* finds fewer than {value}")


@check("result-set-again", Level.SHOULD, "a result set that is named can be asked for again", f"{CQL} cql.resultSetId")
def _result_set_again(session: Session) -> None:
    query, count = _some_query(session)
    name = session.search(query, maximumRecords=1).text("resultSetId")
    if not name:
        raise NotApplicable("no result set is named")
    _must(session.count(f'cql.resultSetId = "{name}"') == count, "it has another number of records")


# --- hostile input ------------------------------------------------------------------------------------------------------


@check("hostile-cql", Level.MUST, "queries that are deep, long or broken get an answer in time", "robustness")
def _hostile_cql(session: Session) -> None:
    for query in (
        "(" * 1_500 + "x" + ")" * 1_500,
        " or ".join(["x"] * 700),
        '"' * 999,
        "x" * 5_000,
        "\x01\x02 and \x03",
    ):
        began = time.monotonic()
        session.search(query, maximumRecords=0)
        _must(time.monotonic() - began < _HOSTILE_SECONDS, f"{query[:10]}... took too long")


@check("hostile-xml", Level.MUST, "XML bombs do no harm: no entity is expanded, and the server goes on", "robustness")
def _hostile_xml(session: Session) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "boom"}">' for n in range(9))
    bomb = f'<?xml version="1.0"?><!DOCTYPE a [{entities}]><a>&e8;</a>'.encode()
    for body in (bomb, b"<a>" * 50_000):
        began = time.monotonic()
        _, _, answer = session.client.raw(body, "text/xml")
        _must(b"boomboom" not in answer, "an entity was expanded")
        _must(time.monotonic() - began < _HOSTILE_SECONDS, "it took too long")
    _explain_bare(session)


_PAGE: Final = """\
# Checks of an SRU server

What [`python -m conformance sru`](../how-to/judge-a-server.md#sru) asks of any server. Generated:
`python -m conformance sru --list`.

| check | level | what is asked | where that is said |
|---|---|---|---|
"""


def page() -> str:
    """Return the list of all checks as a page of the documentation."""
    return _PAGE + "\n".join(f"| {name} | {level} | {text} | {source} |" for name, level, text, source, _ in _CHECKS)


def main(arguments: Sequence[str]) -> int:
    """Run the kit; return 0 when no MUST failed, 1 when one did, 2 when the command line is wrong."""
    parser = argparse.ArgumentParser(prog="python -m conformance sru", description=__doc__)
    parser.add_argument("url", nargs="?", help="the address of one database: http://host:port/database")
    parser.add_argument("--term", default="a", help="a word that the index holds, or stands before (a)")
    parser.add_argument("--index", default="dc.title", help="the index that is looked at (dc.title)")
    parser.add_argument("--list", action="store_true", help="print the list of checks, and make none")
    documents.add_options(parser)
    chosen = parser.parse_args(arguments)
    if chosen.list:
        print(page())  # noqa: T201 (a command)
        return 0
    if chosen.url is None:
        parser.error("give the address of a database")
    session = Session(Client(chosen.url), chosen.term, chosen.index)
    return documents.tell(f"SRU {chosen.url}", run(session), chosen)
