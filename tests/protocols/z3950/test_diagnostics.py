"""Diagnostics, attributes and the reference page that is made of them."""

from __future__ import annotations

import pytest

from protocols.z3950 import oids, reference
from protocols.z3950.apdu import Pdu
from protocols.z3950.bib1 import ATTRIBUTES, USE, AttributeType
from protocols.z3950.diagnostics import Bib1, Refused, ascii_text


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (Bib1.PRESENT_OUT_OF_RANGE, 13),
        (Bib1.RESULT_SET_DELETED_BY_TARGET, 27),
        (Bib1.USE_ATTRIBUTE, 114),
        (Bib1.ATTRIBUTE_COMBINATION, 123),
        (Bib1.DATABASE_DOES_NOT_EXIST, 235),
        (Bib1.RECORD_SYNTAX, 239),
        (Bib1.INIT_TOO_MANY_SESSIONS, 1015),
    ],
)
def test_conditions_have_the_numbers_of_the_standard(condition: Bib1, code: int) -> None:
    assert condition == code
    assert condition.meaning


def test_no_number_stands_twice() -> None:
    assert len(Bib1.__members__) == len(set(Bib1))


def test_version_3_gets_text_and_version_2_gets_ascii() -> None:
    refused = Refused(Bib1.DATABASE_DOES_NOT_EXIST, "Liévin – œuvre")
    assert refused.diagnostic(3).addinfo.v3_addinfo == "Liévin – œuvre"
    assert refused.diagnostic(2).addinfo.v2_addinfo == "Lievin ? ?uvre"
    assert refused.diagnostic(2).diagnostic_set_id == oids.DIAGNOSTICS_BIB_1
    assert str(refused) == "235 database does not exist (Liévin – œuvre)"
    assert str(Refused(Bib1.QUERY_TYPE)) == "107 query type not supported"


def test_ascii_text_is_ascii() -> None:
    assert ascii_text("ÉÀç\0日") == "EAc\0?"


def test_every_type_of_attribute_has_its_diagnostic() -> None:
    assert set(ATTRIBUTES) == set(AttributeType)
    assert {row.diagnostic.value for row in ATTRIBUTES.values()} == {114, 117, 118, 119, 120, 122}
    assert ATTRIBUTES[AttributeType.USE].values[1003] == "Author"


def test_the_reference_page_names_everything_in_the_tables() -> None:
    page = reference()
    for cls in Pdu.BY_IDENTIFIER.values():
        assert f"### {cls.__name__} [{cls.TAG}]" in page
    for condition in Bib1:
        assert f"| {condition.value} | {condition.meaning} |" in page
    for value, name in USE.items():
        assert f"| {value} | {name} |" in page
    assert "| query | [21] EXPLICIT Query |  |" in page
    assert "| otherInfo | [201] SEQUENCE OF OtherInformationUnit | optional |" in page
    assert "| datbaseSpecific | [2] SEQUENCE OF DatabaseSort |" in page
