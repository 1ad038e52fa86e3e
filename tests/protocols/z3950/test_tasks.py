"""Task packages and what asks for them: a second opinion on every octet (asn1tools, with an ASN.1 text of our own)."""

from __future__ import annotations

from typing import Any

import asn1tools
import pytest
from hypothesis import given, settings

from protocols.z3950 import elements, ext1, oids, tasks
from protocols.z3950.diagnostics import Refused
from protocols.z3950.elements import Term
from protocols.z3950.errors import RemoteProtocolError
from protocols.z3950.ext1 import Use, Wanted
from protocols.z3950.schema import codec_of, without_secrets
from protocols.z3950.update import TaskPackage, Update, parameters, read_package, write_package
from tests.protocols.z3950.tables import instances, plain

ASN1 = """
Tasks DEFINITIONS EXPLICIT TAGS ::= BEGIN
  External ::= [UNIVERSAL 8] IMPLICIT SEQUENCE {
    direct-reference OBJECT IDENTIFIER OPTIONAL, indirect-reference INTEGER OPTIONAL,
    data-value-descriptor [UNIVERSAL 7] IMPLICIT OCTET STRING OPTIONAL,
    encoding CHOICE { single-ASN1-type [0] EXPLICIT Str, octet-aligned [1] IMPLICIT OCTET STRING,
      arbitrary [2] IMPLICIT BIT STRING } }
  Str ::= [UNIVERSAL 27] IMPLICIT OCTET STRING
  Time ::= [UNIVERSAL 24] IMPLICIT OCTET STRING
  StringOrNumeric ::= CHOICE { string [1] IMPLICIT Str, numeric [2] IMPLICIT INTEGER }
  Unit ::= SEQUENCE { unitSystem [1] EXPLICIT Str OPTIONAL, unitType [2] EXPLICIT StringOrNumeric OPTIONAL,
    unit [3] EXPLICIT StringOrNumeric OPTIONAL, scaleFactor [4] IMPLICIT INTEGER OPTIONAL }
  IntUnit ::= SEQUENCE { value [1] IMPLICIT INTEGER, unitUsed [2] IMPLICIT Unit }
  DiagRec ::= CHOICE { defaultFormat DefaultDiagFormat, externallyDefined External }
  DefaultDiagFormat ::= SEQUENCE { diagnosticSetId OBJECT IDENTIFIER, condition INTEGER,
    addinfo CHOICE { v2Addinfo [UNIVERSAL 26] IMPLICIT OCTET STRING, v3Addinfo Str } }
  Permissions ::= SEQUENCE OF SEQUENCE { userId [1] IMPLICIT Str,
    allowableFunctions [2] IMPLICIT SEQUENCE OF INTEGER }
  TaskPackage ::= SEQUENCE {
    packageType [1] IMPLICIT OBJECT IDENTIFIER, packageName [2] IMPLICIT Str OPTIONAL, userId [3] IMPLICIT Str OPTIONAL,
    retentionTime [4] IMPLICIT IntUnit OPTIONAL, permissions [5] IMPLICIT Permissions OPTIONAL,
    description [6] IMPLICIT Str OPTIONAL,
    targetReference [7] IMPLICIT OCTET STRING OPTIONAL, creationDateTime [8] IMPLICIT Time OPTIONAL,
    taskStatus [9] IMPLICIT INTEGER, packageDiagnostics [10] IMPLICIT SEQUENCE OF DiagRec OPTIONAL,
    taskSpecificParameters [11] IMPLICIT External }
END
"""


@pytest.fixture(scope="module")
def oracle() -> Any:
    """Return the codec that asn1tools makes of the text."""
    return asn1tools.compile_string(ASN1, "ber")


@settings(max_examples=150, derandomize=True, deadline=None)
@given(package=instances(TaskPackage))
def test_packages_are_written_as_the_oracle_writes_them_and_read_back(oracle: Any, package: TaskPackage) -> None:
    octets = write_package(package)
    assert octets == oracle.encode("TaskPackage", plain(codec_of(TaskPackage), package))
    assert read_package(octets) == package


def test_a_package_octet_by_octet() -> None:
    order = tasks.ItemOrder(
        task_package=tasks.OrderPackage(
            target_part=tasks.OrderStatus(auxiliary_status=tasks.AuxiliaryStatus.LOAN_QUEUE)
        )
    )
    package = TaskPackage(
        package_type=oids.ITEM_ORDER,
        package_name="n",
        task_status=2,
        task_specific_parameters=parameters(oids.ITEM_ORDER, order),
    )
    octets = [
        "3025",  # SEQUENCE
        "81072a8648ce130904",  # packageType
        "82016e",  # packageName
        "890102",  # taskStatus: complete
        "ab1406072a8648ce130904a009",  # taskSpecificParameters: of the same type, single-ASN1-type
        "a207a2053003830102",  # taskPackage, targetPart, auxiliaryStatus
    ]
    assert write_package(package) == bytes.fromhex("".join(octets))


def test_a_set_that_is_kept_octet_by_octet() -> None:
    codec = codec_of(tasks.PersistentResultSet)
    wanted = tasks.SetEsRequest(to_keep=True, not_to_keep=tasks.SetRequest(origin_supplied_result_set="a"))
    told = tasks.SetPackage(origin_part=True, target_part=tasks.SetKept(number_of_records=7))
    for value, octets in (
        (tasks.PersistentResultSet(es_request=wanted), "a1098100a2053003810161"),
        (tasks.PersistentResultSet(task_package=told), "a2098100a2053003820107"),
    ):
        assert codec.encode(value) == bytes.fromhex(octets)  # toKeep, originPart: IMPLICIT NULL
        assert codec.decode(bytes.fromhex(octets)) == value


@settings(max_examples=60, derandomize=True, deadline=None)
@given(order=instances(tasks.OrderToKeep))
def test_nothing_secret_is_left_of_what_is_kept(order: tasks.OrderToKeep) -> None:
    left = without_secrets(order)
    assert left.suppl_description is None
    assert left.contact in (None, tasks.Contact())


@settings(max_examples=60, derandomize=True, deadline=None)
@given(update=instances(Update))
def test_what_has_no_secret_is_left_as_it_is(update: Update) -> None:
    assert without_secrets(update) == update


def wanted(use: int, term: Term, relation: int | None = None) -> Wanted:
    """Return what an operand of two attributes asks for."""
    pairs = [(1, use), *([] if relation is None else [(2, relation)])]
    attributes = tuple(
        elements.AttributeElement(attribute_type=kind, attribute_value=elements.AttributeValue(numeric=value))
        for kind, value in pairs
    )
    return ext1.wanted(elements.AttributesPlusTerm(attributes=attributes, term=term), oids.EXT_1)


def test_terms_of_each_type_are_compared() -> None:
    assert wanted(Use.PACKAGE_TYPE, Term(oid=oids.UPDATE)).matches(oids.UPDATE)
    assert wanted(Use.TASK_STATUS, Term(numeric=2)).matches("2")
    assert wanted(Use.PACKAGE_NAME, Term(character_string="é")).matches("é")
    assert not wanted(Use.PACKAGE_NAME, Term(general=b"a")).matches("A")


def test_times_are_compared_as_far_as_the_term_goes() -> None:
    made = "20261122103000"
    for text, relation, matches in [
        ("2026", 3, True),
        ("2026-11-22", 3, True),
        ("20261122103000Z", 3, True),
        ("2026-11-23", 1, True),
        ("2026-11-22", 1, False),
        ("2026-11-22", 2, True),
        ("2026-11-22", 4, True),
        ("2026-11-21", 5, True),
        ("1999", 103, True),
    ]:
        assert wanted(Use.CREATION_DATE_TIME, Term(date_time=text), relation).matches(made) is matches


def test_what_is_no_question_to_packages_is_refused() -> None:
    for use, term, relation, condition in [
        (0, Term(general=b"x"), None, 114),
        (Use.USER_ID, Term(general=b"x"), 4, 117),
        (Use.USER_ID, Term(null=True), None, 229),
        (Use.CREATION_DATE_TIME, Term(general=b"202"), None, 126),
        (Use.CREATION_DATE_TIME, Term(general=b"2" * 15), None, 126),
    ]:
        with pytest.raises(Refused) as refused:
            wanted(use, term, relation)
        assert refused.value.condition == condition


def test_a_broken_package_is_told() -> None:
    with pytest.raises(RemoteProtocolError):
        read_package(b"\x30\x02\x81\x05")
