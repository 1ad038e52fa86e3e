"""Responses are well-formed whatever is in them, in the namespaces and the order of their version; SOAP wraps and refuses."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from protocols import xmltext
from protocols.sru import soap, zeerex
from protocols.sru.diagnostics import Condition, Diagnostic, Refused
from protocols.sru.reference import reference
from protocols.sru.requests import Escaping, Version, read
from protocols.sru.responses import (
    NAMES,
    ExplainResponse,
    Facet,
    FacetTerm,
    ScanResponse,
    SearchRetrieveResponse,
    Term,
    declaration,
    failure,
    record,
    surrogate,
    write,
)
from protocols.sru.soap import NotSoap

anything = st.text(max_size=20)
versions = st.sampled_from(Version)
diagnostics = st.lists(st.builds(Diagnostic, st.sampled_from(Condition), anything), max_size=3)
echoes = st.lists(st.tuples(st.sampled_from(["query", "scanClause", "startRecord", "nosuch"]), anything), max_size=4)


def child_names(octets: bytes) -> list[str]:
    return [etree.QName(each).localname for each in etree.fromstring(octets)]


@settings(derandomize=True, deadline=None)
@given(versions, anything, anything, echoes, diagnostics, st.sampled_from(Escaping))
def test_search_responses_are_well_formed_whatever_is_in_them(
    version: Version, name: str, data: str, echo: Any, told: Any, escaping: Escaping
) -> None:
    made = record(version, name, escaping, f"<a>{xmltext.text(data)}</a>".encode())
    response = SearchRetrieveResponse(
        version=version, number_of_records=2, result_set_id=name, result_set_idle_time=5,
        records=[made, surrogate(version, escaping, Diagnostic(Condition.RECORD_UNAVAILABLE, data))],
        identifiers=[name, data], facets=[Facet(data, name, name, [FacetTerm(data, name, 7)]), Facet(data, name, name, [])], first_position=4, next_record_position=6, echo=echo, diagnostics=told,
    )  # fmt: skip
    root = etree.fromstring(declaration("/style.xsl?a=b&c") + write(response))
    namespace = NAMES[version].response
    assert root.tag == f"{{{namespace}}}searchRetrieveResponse"
    positions = [each.text for each in root.iter(f"{{{namespace}}}recordPosition")]
    assert positions == ["4", "5"]
    known = [each.text or "" for each in root.iter(f"{{{namespace}}}recordIdentifier")]
    assert len(known) == (0 if version is Version.V1_1 else 2)
    assert len(list(root.iter("{*}facet"))) == (version is Version.V2_0)
    assert len(list(root.iter(f"{{{NAMES[version].diagnostic}}}diagnostic"))) == len(told) + (escaping is Escaping.XML)


@settings(derandomize=True, deadline=None)
@given(versions, st.lists(st.builds(Term, anything, st.integers(0, 9), anything), max_size=3), echoes, diagnostics)
def test_scan_responses_are_well_formed_whatever_is_in_them(version: Version, terms: Any, echo: Any, told: Any) -> None:
    root = etree.fromstring(write(ScanResponse(version=version, terms=terms, echo=echo, diagnostics=told)))
    assert root.tag == f"{{{NAMES[version].scan}}}scanResponse"
    assert len(list(root.iter(f"{{{NAMES[version].scan}}}term"))) == len(terms)


@pytest.mark.parametrize("version", Version)
def test_a_failure_has_the_shape_of_its_operation(version: Version) -> None:
    for operation, root in [
        ("searchRetrieve", "searchRetrieveResponse"),
        ("scan", "scanResponse"),
        ("explain", "explainResponse"),
    ]:
        octets = write(failure(version, operation, [Diagnostic(Condition.INDEX, "x")]))
        assert etree.QName(etree.fromstring(octets)).localname == root
        assert "diagnostics" in child_names(octets)


def test_zeerex_escapes_what_it_is_given() -> None:
    evil = '"><x>&'
    description = zeerex.Description(
        zeerex.Server("1.2", evil, 1, evil), evil, evil, evil, {evil: evil}, [zeerex.Index(evil, [(evil, evil)], 4)],
        [zeerex.Schema(evil, evil, evil)], [(evil, evil)], [(evil, evil)], [(evil, evil)], evil,
    )  # fmt: skip
    root: Any = etree.fromstring(zeerex.write(description))
    assert root.findtext(".//{*}title") == evil
    assert root.find(".//{*}set").get("identifier") == evil
    assert root.find(".//{*}x") is None
    answer = write(ExplainResponse(version=Version.V1_1, record=zeerex.write(description), escaping=Escaping.STRING))
    assert (etree.fromstring(answer).findtext(".//{*}recordData") or "").startswith("<explain")


def envelope(inner: str, namespace: str = soap.SOAP_1_1) -> bytes:
    return f'<e:Envelope xmlns:e="{namespace}"><e:Body>{inner}</e:Body></e:Envelope>'.encode()


def test_soap_holds_a_request() -> None:
    inner = "<searchRetrieveRequest><version>1.1</version><query>a &lt; b</query><extraRequestData><x/></extraRequestData></searchRetrieveRequest>"
    found = soap.read(envelope(inner, soap.SOAP_1_2))
    assert found.namespace == soap.SOAP_1_2
    assert ("query", "a < b") in found.pairs
    assert read(found.pairs).version is Version.V1_1


@pytest.mark.parametrize(
    "octets",
    [
        b"", b"<a/>", b"<Envelope><Body/></Envelope>", envelope(""), envelope("<nosuchRequest/>"), b"\xff\xfe",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"<a>" * 100 + b"</a>" * 100, b"x" * (1 << 18),
        envelope("<scanRequest>" + "<x/>" * 2_000 + "</scanRequest>"),
    ],
)  # fmt: skip
def test_what_is_no_request_in_an_envelope_is_refused(octets: bytes) -> None:
    with pytest.raises(NotSoap):
        soap.read(octets)


def test_too_many_parameters_are_refused() -> None:
    with pytest.raises(Refused):
        soap.read(envelope("<scanRequest>" + "<x/>" * 100 + "</scanRequest>"))


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=80), anything)
def test_any_octets_are_an_envelope_or_refused_and_faults_are_well_formed(octets: bytes, text: str) -> None:
    with suppress(NotSoap, Refused):
        soap.read(octets)
    for namespace in (soap.SOAP_1_1, soap.SOAP_1_2):
        assert etree.QName(etree.fromstring(soap.fault(text, namespace))).localname == "Envelope"


def test_the_reference_names_every_parameter_and_condition() -> None:
    page = reference()
    for condition in Condition:
        assert f"| {condition.value} | {condition.meaning} |" in page


@settings(derandomize=True, deadline=None)
@given(anything, anything)
def test_text_is_whole_or_loses_what_xml_cannot_hold(content: str, value: str) -> None:
    root = etree.fromstring(xmltext.inside("b", xmltext.element("a", content, held=value)))
    assert (root[0].text or "").replace("\r", "\n") == xmltext._NOT_XML.sub("", content).replace("\r", "\n")
    assert xmltext.inside("a", "", "") == ""
