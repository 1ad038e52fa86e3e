"""Checks of searches: the form of answers in all versions, by GET, POST and SOAP, and the records that they hold."""

from __future__ import annotations

from typing import Final

from conformance.checks import Checks, want
from conformance.results import Level, NotApplicable
from conformance.sru.bench import SPEC_1, SPEC_2, Session, one, some_query, want_order, want_refused
from conformance.sru.client import DIAGNOSTIC_2, SRU_2, SRW, children
from protocols.xmlsafe import SEPARATOR

check = Checks[Session]()


_V1: Final = ("1.1", "1.2")
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
        want(reply.namespace == SRW, f"the namespace is {reply.namespace}")
        want(reply.root.name == "searchRetrieveResponse", f"the root is {reply.root.name}")
        want(reply.text("version") == version, f"the version is {reply.text('version')!r}")
        want_order(reply, *_ORDER_1)


@check(
    "search-window",
    Level.MUST,
    "records, their positions and the next one are those asked for",
    f"{SPEC_1} startRecord",
)
def _search_window(session: Session) -> None:
    query, count = some_query(session)
    first = session.search(query, maximumRecords=1)
    want(len(first.records) == 1, f"{len(first.records)} records came for one")
    want(one(first.records[0], "recordPosition") in {"", "1"}, "the first record has not position 1")
    following = first.text("nextRecordPosition")
    want((following == "2") == (count > 1), f"nextRecordPosition is {following!r} of {count}")
    if count > 1:
        last = session.search(query, startRecord=count, maximumRecords=5)
        want(len(last.records) == 1, f"{len(last.records)} records came from the last on")
        want(not last.text("nextRecordPosition"), "there is a next position after the last record")


@check("search-count-only", Level.MUST, "maximumRecords=0 sends the count alone", f"{SPEC_1} maximumRecords")
def _search_count_only(session: Session) -> None:
    query, count = some_query(session)
    reply = session.search(query, maximumRecords=0)
    want(reply.count == count and not reply.records, f"{reply.count} found, {len(reply.records)} sent")


@check("search-echo", Level.SHOULD, "the request is repeated in the response", f"{SPEC_1} echoedSearchRetrieveRequest")
def _search_echo(session: Session) -> None:
    query, _ = some_query(session)
    reply = session.search(query, maximumRecords=1)
    want(reply.text("echoedSearchRetrieveRequest", "query") == query, "the query is not repeated as it was sent")


@check("search-string", Level.MUST, "recordPacking=string sends a record as escaped XML", f"{SPEC_1} recordPacking")
def _search_string(session: Session) -> None:
    query, _ = some_query(session)
    reply = session.search(query, maximumRecords=1, recordPacking="string")
    (data,) = children(reply.records[0], "recordData")
    want(not data.children and data.text.lstrip().startswith("<"), "recordData holds no string of XML")
    want(one(reply.records[0], "recordPacking") == "string", "recordPacking does not say so")


@check("search-post", Level.MUST, "a form is answered as a query string is", f"{SPEC_1} POST")
def _search_post(session: Session) -> None:
    query, count = some_query(session)
    reply = session.client.post(operation="searchRetrieve", version=session.version, query=query, maximumRecords=0)
    want(reply.count == count, f"{reply.count} found by POST, {count} by GET")


@check("search-soap", Level.MAY, "SOAP is answered as a query string is", "SRW 1.1")
def _search_soap(session: Session) -> None:
    query, count = some_query(session)
    reply = session.client.soap("searchRetrieve", version="1.1", query=query, maximumRecords=1)
    want(reply.root.name == "searchRetrieveResponse", f"the body holds {reply.root.name}")
    want(reply.count == count, f"{reply.count} found by SOAP, {count} by GET")


@check("search-stylesheet", Level.SHOULD, "a stylesheet is named before the response", f"{SPEC_1} stylesheet")
def _search_stylesheet(session: Session) -> None:
    reply = session.search(session.term, maximumRecords=0, stylesheet="/style.xsl")
    if 110 in [each.number for each in reply.told]:
        raise NotApplicable("stylesheets are not supported")
    want(b"<?xml-stylesheet" in reply.body and b"/style.xsl" in reply.body, "there is no processing instruction")


@check("search-2", Level.MUST, "2.0 needs no operation and answers in its own namespace and order", SPEC_2)
def _search_2(session: Session) -> None:
    query, count = some_query(session)
    reply = session.client.get(query=query, maximumRecords=1)
    if reply.namespace == SRW:
        raise NotApplicable("the server answers in 1.x")
    want(reply.namespace == SRU_2, f"the namespace is {reply.namespace}")
    want(reply.count == count, f"{reply.count} found in 2.0, {count} in {session.version}")
    want(children(reply.root, "records", "record", "recordXMLEscaping"), "a record does not say recordXMLEscaping")
    want_order(
        reply, "version", "numberOfRecords", "resultSetId", "records", "nextRecordPosition", "echoedSearchRetrieveRequest",
        "diagnostics", "extraResponseData", "resultSetTTL", "resultCountPrecision", "facetedResults", "searchResultAnalysis",
    )  # fmt: skip


@check("diagnostics-2", Level.MUST, "2.0 tells diagnostics in its own namespace", SPEC_2)
def _diagnostics_2(session: Session) -> None:
    reply = session.client.get(query='nosuchset.title = "x"')
    if reply.namespace == SRW:
        raise NotApplicable("the server answers in 1.x")
    nodes = children(reply.root, "diagnostics", "diagnostic")
    want(nodes and nodes[0].tag.rpartition(SEPARATOR)[0] == DIAGNOSTIC_2, "there is no diagnostic of that namespace")


@check("query-type", Level.SHOULD, "a query type that is not supported is refused (11)", f"{SPEC_2} queryType")
def _query_type(session: Session) -> None:
    reply = session.client.get(query="x", queryType="nosuchtype")
    if reply.namespace == SRW:
        raise NotApplicable("the server answers in 1.x")
    want_refused(reply, 11)
