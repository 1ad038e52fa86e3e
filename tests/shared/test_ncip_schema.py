"""What is written is valid against the schema of 2.02, and the table says what the schema says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from protocols.ncip import Envelope, Fault, Form, Release, SchemeValue, read, write
from protocols.ncip.base import PlainResponse, ProblemMessage
from protocols.ncip.circulation import CheckInItem
from protocols.ncip.elements import ItemId
from protocols.ncip.envelope import DEFAULTS, V1_0
from protocols.ncip.lookups import LookupItemSet, LookupItemSetResponse
from protocols.ncip.messages import LookupVersionResponse
from protocols.ncip.model import content_model
from protocols.ncip.problems import SERVICES, ProblemType, problem_type
from protocols.ncip.reference import models
from protocols.ncip.schemes import SCHEMES
from tests.protocols.ncip.strategies import elements, ncip_messages

# One element shape for several names, or for the version document, is not in the list of elements under its own name.
SHAPES = {
    "Agency": "FromAgencyId",
    "CurrentUser": "CurrentBorrower",
    "RequestFields": "AddRequestFields",
    "ItemFields": "AddItemFields",
    "UserFields": "AddUserFields",
    "AgencyFields": "AddAgencyFields",
    "ProblemMessage": None,
    "LookupVersion": None,
    "LookupVersionResponse": None,
    "VersionAgency": None,
    "UniqueAgencyId": None,
}
FAST = settings(
    derandomize=True,
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="session")
def schema(shared_data: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(shared_data / "ncip/schemas/ncip_v2_02.xsd")))


@pytest.fixture(scope="session")
def version_schema(shared_data: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(shared_data / "ncip/schemas/ncip_version.xsd")))


def check(schema: etree.XMLSchema, document: bytes) -> None:
    schema.assertValid(etree.fromstring(document))


@FAST
@given(ncip_messages(), st.sampled_from(["ns1", "", "n"]), st.text(max_size=20))
def test_every_message_is_valid(schema: etree.XMLSchema, message: Any, prefix: str, version: str) -> None:
    check(schema, write(message, Envelope.like(Form.NCIP, version, prefix)))


FILES = {Release.V2_0: "ncip_v2_0.xc.xsd", Release.V2_01: "ncip_v2_01.xsd"}


@pytest.mark.parametrize("release", FILES)
def test_every_message_is_valid_in_the_release_of_its_envelope(shared_data: Path, release: Release) -> None:
    older = etree.XMLSchema(etree.parse(str(shared_data / "ncip/schemas" / FILES[release])))

    @settings(FAST, max_examples=250)
    @given(ncip_messages().filter(lambda message: not of_2_02(message)), st.sampled_from(["ns1", ""]))
    def judge(message: Any, prefix: str) -> None:
        check(older, write(message, Envelope.like(Form.NCIP, DEFAULTS[release], prefix)))

    judge()


def of_2_02(message: Any) -> bool:
    return getattr(message, "service", "") == "LookupItemSet"


def test_every_message_of_1_0_is_valid_by_its_dtd(shared_data: Path) -> None:
    dtd = etree.DTD(str(shared_data / "ncip/schemas/ncip_v1_0.dtd"))
    later = {"DeleteItem", "DeleteUser", "LookupItemSet", "LookupRequest"}
    asked = {"LookupUser": "user_element_type", "LookupItem": "item_element_type"}

    @settings(FAST, max_examples=350)
    @given(ncip_messages())
    def judge(message: Any) -> None:
        service = getattr(message, "service", "")
        if not service or service in later or isinstance(message, ProblemMessage):
            return
        if service in asked and not getattr(message, asked[service], True):
            return  # 1.0 asks for one element at least
        document = etree.fromstring(write(message, Envelope(release=Release.V1_0, version=V1_0)))
        assert dtd.validate(document), (str(dtd.error_log), etree.tostring(document))

    judge()


@FAST
@given(elements(LookupItemSet) | elements(LookupItemSetResponse))
def test_an_extension_is_valid_by_the_schema_of_the_extension(
    shared_data: Path, tmp_path_factory: Any, message: Any
) -> None:
    folder = extension_folder(shared_data, tmp_path_factory)
    document = write(message, Envelope(form=Form.EXTENSION, foreign=True, release=Release.V2_01))
    etree.XMLSchema(etree.parse(str(folder / "ncip_v2_01_ils-di_extensions.xsd"))).assertValid(
        etree.ElementTree(etree.fromstring(document)[0][0])
    )


def extension_folder(shared_data: Path, factory: Any) -> Path:
    """Put the extension's schema beside the one that it imports by name."""
    folder: Path = factory.getbasetemp() / "ilsdi"
    if not folder.exists():
        folder.mkdir()
        for path in ("ncip_v2_01.xsd", "extensions/ncip_v2_01_ils-di_extensions.xsd"):
            (folder / Path(path).name).write_bytes((shared_data / "ncip/schemas" / path).read_bytes())
    return folder


@FAST
@given(st.text(max_size=12) | st.text("ah0:/?#[]%@!$&'()*+,;= -._~\\^`{|}<>\"é\n", max_size=12))
def test_whatever_scheme_is_repeated_the_answer_is_valid(schema: etree.XMLSchema, scheme: str) -> None:
    check(schema, write(CheckInItem(item_id=ItemId(agency_id=SchemeValue("a", scheme), item_identifier_value="I1"))))


@FAST
@given(elements(LookupVersionResponse))
def test_the_version_document_is_valid(version_schema: etree.XMLSchema, message: Any) -> None:
    bare = LookupVersionResponse(
        from_agency_id=message.from_agency_id,
        to_agency_id=message.to_agency_id,
        version_supported=message.version_supported,
    )
    check(version_schema, write(bare, Envelope(form=Form.VERSION)))


def test_every_service_can_be_refused_by_a_valid_response(schema: etree.XMLSchema) -> None:
    for name in set(SERVICES) - {"LookupVersion"}:
        for kind in (ProblemType.UNSUPPORTED_SERVICE, *SERVICES[name].own):
            trouble = models()["Problem"](problem_type=problem_type(name, kind))  # type: ignore[call-arg]  # a class by name
            check(schema, write(PlainResponse(name=name, problem=(trouble,))))  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    "data", [b"", b"<a>", b"<a/>", b"<NCIPMessage xmlns='http://www.niso.org/2008/ncip'><X/></NCIPMessage>"]
)
def test_the_answer_to_every_fault_is_valid(schema: etree.XMLSchema, data: bytes) -> None:
    fault = read(data)
    assert isinstance(fault, Fault)
    check(schema, write(fault.answer, fault.envelope))


def flat(model: str) -> Any:
    """Parse a content model; nested groups of one kind are joined, since only their notation differs."""
    tokens = re.findall(r"\w+[?*+]?|\(|\)[?*+]?|,|\|", model)

    def group() -> Any:
        parts, bar = [], False
        while True:
            token = tokens.pop(0)
            if token == "(":
                parts.append(group())
            elif token[0] == ")":
                kind = "|" if bar else ","
                joined = [
                    sub for part in parts for sub in (part[1:] if part[0] == kind and part[-1] != "?" else [part])
                ]
                whole = (kind, *joined)
                if token[1:]:
                    return (kind, *joined, token[1:])
                return joined[0] if len(joined) == 1 else whole
            elif token == "|":
                bar = True
            elif token != ",":
                parts.append((token,))

    assert tokens.pop(0) == "("
    return group()


def without_ext(model: str) -> str:
    return re.sub(r",? ?Ext\?", "", model)


def test_the_table_says_what_the_schema_says(shared_data: Path) -> None:
    standard = json.loads((shared_data / "ncip/derived/content-models-2.02.json").read_text())
    for name, cls in models().items():
        element = SHAPES.get(name, name)
        if element is not None:
            assert flat(content_model(cls)) == flat(without_ext(standard[element])), name
        for child in cls.TABLE:
            if element is not None and child.model is None:
                assert standard[child.tag] in {child.kind.value, "EMPTY", "xs:nonNegativeInteger", "xs:positiveInteger"}
            if child.least is not None:
                assert standard[child.tag] == ["xs:nonNegativeInteger", "xs:positiveInteger"][child.least]
            if child.kind.value == "empty":
                assert standard[child.tag] == "EMPTY"


def test_the_lists_are_the_standards(shared_data: Path) -> None:
    standard = json.loads((shared_data / "ncip/derived/schemes.json").read_text())
    for name, scheme in SCHEMES.items():
        known = standard[f"Version1{name}"]
        assert known["uri"] == [scheme.uri]
        if len(known["values"]) < 100 and name != "ElectronicAddressType":
            assert set(known["values"]) <= set(scheme)
            assert len(set(scheme) - set(known["values"])) <= 2  # what 2.02 added


def test_the_problem_types_are_the_standards(shared_data: Path) -> None:
    standard = json.loads((shared_data / "ncip/derived/problem-types.json").read_text())["by_scheme"]
    for name, service in SERVICES.items():
        spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name) + " Processing Error"
        if spaced in standard:
            assert set(service.own) == set(standard[spaced]), name
