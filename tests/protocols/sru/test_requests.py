"""Requests are read by the table of parameters, in each version; what is wrong is told in the version that was asked."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.sru import requests
from protocols.sru.diagnostics import Condition
from protocols.sru.diagnostics import Refused as SruRefused
from protocols.sru.facets import Order, PerFacet
from protocols.sru.requests import (
    MAX_OCTETS,
    MESSAGES,
    PARAMETERS,
    BadRequest,
    Escaping,
    Explain,
    Operation,
    Scan,
    SearchRetrieve,
    Version,
    form_pairs,
    read,
)

GOOD = {
    "operation": "", "version": "", "query": "zola", "queryType": "cql", "startRecord": "3", "maximumRecords": "7",
    "recordXMLEscaping": "string", "recordSchema": "dc", "resultSetTTL": "60", "sortKeys": "title",
    "facetLimit": "10,5:dc.date", "facetStart": "2", "facetSort": "alphanumeric", "scanClause": "zola", "responsePosition": "2", "maximumTerms": "9", "stylesheet": "/a.xsl", "renderedBy": "client",
    "httpAccept": "text/xml", "responseType": "x", "extraRequestData": "x",
}  # fmt: skip


def pairs(version: Version, operation: Operation) -> list[tuple[str, str]]:
    """Return a request with every parameter that a version and an operation know, but those that are only refused."""
    out = []
    for row in PARAMETERS:
        if operation in row.operations and version in row.versions and row.name != "recordXPath":
            value = {"operation": operation.value, "version": version.value}.get(row.name) or GOOD.get(row.name)
            if row.name == "recordPacking":
                value = "packed" if version is Version.V2_0 else "string"
            assert value is not None, row.name
            out.append((row.name, value))
    return out


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("operation", Operation)
def test_every_parameter_of_the_table_is_read_where_it_is_known(version: Version, operation: Operation) -> None:
    sent = pairs(version, operation)
    request = read(sent)
    assert type(request) is MESSAGES[operation]
    assert request.version is version
    assert request.notes == ()
    assert request.echo == tuple(sent)
    if isinstance(request, SearchRetrieve):
        assert (request.query, request.start_record, request.maximum_records) == ("zola", 3, 7)
        assert (request.escaping, request.record_schema, request.sort_keys) == (Escaping.STRING, "dc", "title")
        assert request.stylesheet == "/a.xsl"
        if version is Version.V2_0:
            assert request.facet_limit == PerFacet(10, {"dc.date": 5})
            assert request.facet_start == PerFacet(2)
            assert request.facet_sort == PerFacet(Order(by_count=False, descending=False))
    if isinstance(request, Scan):
        assert (request.scan_clause, request.response_position, request.maximum_terms) == ("zola", 2, 9)


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("operation", Operation)
def test_every_mandatory_parameter_is_missed(version: Version, operation: Operation) -> None:
    for row in PARAMETERS:
        if not (row.mandatory and operation in row.operations and version in row.versions) or row.name == "version":
            continue
        with pytest.raises(BadRequest) as caught:
            read([pair for pair in pairs(version, operation) if pair[0] != row.name])
        assert caught.value.diagnostic == (Condition.MANDATORY_PARAMETER, row.name)
        assert (caught.value.version, caught.value.operation) == (version, operation)


def test_what_belongs_to_another_version_is_noted() -> None:
    request = read([("version", "1.2"), ("operation", "searchRetrieve"), ("query", "a"), ("queryType", "cql")])
    assert [note.details for note in request.notes] == ["queryType"]
    request = read([("query", "a"), ("recordXPath", "/x"), ("x-info-5", "y")])
    assert [note.details for note in request.notes] == ["recordXPath"]


def test_operations_are_told_by_their_parameters() -> None:
    assert isinstance(read([]), Explain)
    assert read([]).version is Version.V1_2
    assert isinstance(read([("query", "a")]), SearchRetrieve)
    assert read([("query", "a")]).version is Version.V2_0
    assert isinstance(read([("scanClause", "a")]), Scan)
    assert isinstance(read([("version", "2.0"), ("operation", "searchRetrieve"), ("query", "a")]), SearchRetrieve)


def test_a_media_type_that_is_not_given_is_refused() -> None:
    for wanted in ("application/json", "text/csv;q=1, image/png"):
        with pytest.raises(BadRequest) as caught:
            read([("query", "a"), ("httpAccept", wanted)])
        assert caught.value.diagnostic == (Condition.PARAMETER_VALUE, "httpAccept")
    read([("query", "a"), ("httpAccept", "application/json, text/xml;q=0.5")])


def test_an_empty_parameter_is_none() -> None:
    request = read([("query", "a"), ("maximumRecords", ""), ("recordSchema", "")])
    assert isinstance(request, SearchRetrieve)
    assert request.maximum_records is None


def test_text_is_utf_8_or_else_iso_8859_1() -> None:
    assert form_pairs(urlencode({"query": "misérables œuvre"}).encode()) == [("query", "misérables œuvre")]
    assert form_pairs(b"query=mis%E9rables") == [("query", "misérables")]
    assert form_pairs("query=misérables".encode()) == [("query", "misérables")]


@pytest.mark.parametrize("href", ["javascript:alert(1)", "data:text/xml,x", '"><x', "a b", "file:///etc"])
def test_an_address_that_a_browser_would_run_is_no_stylesheet(href: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read([("query", "a"), ("stylesheet", href)])
    assert caught.value.diagnostic.condition is Condition.STYLESHEET
    assert caught.value.stylesheet == ""


def test_too_much_is_refused_before_it_is_read() -> None:
    with pytest.raises(SruRefused) as caught:
        form_pairs(b"a" * (MAX_OCTETS + 1))
    assert caught.value.diagnostic.condition is Condition.QUERY_TOO_LONG
    with pytest.raises(SruRefused) as caught:
        form_pairs(b"&".join([b"a=1"] * 1_000))
    assert caught.value.diagnostic.condition is Condition.PARAMETER_COMBINATION


names = st.sampled_from([row.name for row in PARAMETERS] + ["x-y", "nosuch"])
values = st.one_of(
    st.sampled_from(["", "1.1", "2.0", "scan", "searchRetrieve", "0", "-1", "xml", "zola"]), st.text(max_size=8)
)


@settings(derandomize=True, deadline=None)
@given(st.lists(st.tuples(names, values), max_size=6))
def test_whatever_comes_is_a_request_or_refused(sent: list[tuple[str, str]]) -> None:
    with suppress(BadRequest):
        assert isinstance(read(sent), requests.Request)


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=60))
def test_any_octets_are_parameters_or_refused(data: bytes) -> None:
    with suppress(SruRefused):
        assert all(isinstance(name, str) for name, _ in form_pairs(data))


@settings(derandomize=True, deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=10), max_size=5))
def test_what_a_client_escapes_is_what_is_read(sent: dict[str, str]) -> None:
    with suppress(UnicodeEncodeError):
        octets = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sent.items()).encode()
        assert form_pairs(octets) == list(sent.items())
