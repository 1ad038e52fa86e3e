"""OPAC and GRS-1 records: a second opinion on every octet (asn1tools, with an ASN.1 text of our own)."""

from __future__ import annotations

from typing import Any

import asn1tools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.z3950 import oids
from protocols.z3950.opac import (
    TAGS_G,
    CircRecord,
    HoldingsAndCircData,
    OpacRecord,
    Volume,
    generic_record,
    opac_record,
)
from protocols.z3950.schema import codec_of, table

ASN1 = """
Records DEFINITIONS EXPLICIT TAGS ::= BEGIN
  External ::= [UNIVERSAL 8] IMPLICIT SEQUENCE {
    direct-reference OBJECT IDENTIFIER OPTIONAL, octet-aligned [1] IMPLICIT OCTET STRING OPTIONAL }
  Str ::= GeneralString
  OPACRecord ::= SEQUENCE {
    bibliographicRecord [1] IMPLICIT External OPTIONAL,
    holdingsData [2] IMPLICIT SEQUENCE OF HoldingsRecord OPTIONAL }
  HoldingsRecord ::= CHOICE {
    marcHoldingsRecord [1] IMPLICIT External, holdingsAndCirc [2] IMPLICIT HoldingsAndCircData }
  HoldingsAndCircData ::= SEQUENCE {
    typeOfRecord [1] IMPLICIT Str OPTIONAL, encodingLevel [2] IMPLICIT Str OPTIONAL, format [3] IMPLICIT Str OPTIONAL,
    receiptAcqStatus [4] IMPLICIT Str OPTIONAL, generalRetention [5] IMPLICIT Str OPTIONAL,
    completeness [6] IMPLICIT Str OPTIONAL, dateOfReport [7] IMPLICIT Str OPTIONAL, nucCode [8] IMPLICIT Str OPTIONAL,
    localLocation [9] IMPLICIT Str OPTIONAL, shelvingLocation [10] IMPLICIT Str OPTIONAL,
    callNumber [11] IMPLICIT Str OPTIONAL, shelvingData [12] IMPLICIT Str OPTIONAL, copyNumber [13] IMPLICIT Str OPTIONAL,
    publicNote [14] IMPLICIT Str OPTIONAL, reproductionNote [15] IMPLICIT Str OPTIONAL,
    termsUseRepro [16] IMPLICIT Str OPTIONAL, enumAndChron [17] IMPLICIT Str OPTIONAL,
    volumes [18] IMPLICIT SEQUENCE OF Volume OPTIONAL, circulationData [19] IMPLICIT SEQUENCE OF CircRecord OPTIONAL }
  Volume ::= SEQUENCE {
    enumeration [1] IMPLICIT Str OPTIONAL, chronology [2] IMPLICIT Str OPTIONAL, enumAndChron [3] IMPLICIT Str OPTIONAL }
  CircRecord ::= SEQUENCE {
    availableNow [1] IMPLICIT BOOLEAN, availablityDate [2] IMPLICIT Str OPTIONAL, availableThru [3] IMPLICIT Str OPTIONAL,
    restrictions [4] IMPLICIT Str OPTIONAL, itemId [5] IMPLICIT Str OPTIONAL, renewable [6] IMPLICIT BOOLEAN,
    onHold [7] IMPLICIT BOOLEAN, enumAndChron [8] IMPLICIT Str OPTIONAL, midspine [9] IMPLICIT Str OPTIONAL,
    temporaryLocation [10] IMPLICIT Str OPTIONAL }
  GenericRecord ::= SEQUENCE OF TaggedElement
  TaggedElement ::= SEQUENCE {
    tagType [1] IMPLICIT INTEGER OPTIONAL, tagValue [2] StringOrNumeric, tagOccurrence [3] IMPLICIT INTEGER OPTIONAL,
    content [4] ElementData }
  StringOrNumeric ::= CHOICE { string [1] IMPLICIT Str, numeric [2] IMPLICIT INTEGER }
  ElementData ::= CHOICE { octets OCTET STRING, numeric INTEGER, string Str }
END
"""


@pytest.fixture(scope="module")
def oracle() -> Any:
    """The codec that asn1tools makes of the text; it reads a GeneralString as ISO 8859-1."""
    return asn1tools.compile_string(ASN1, "ber")


texts = st.none() | st.text(st.characters(max_codepoint=0x7F), max_size=8)
volumes = st.builds(Volume, enumeration=texts, chronology=texts, enum_and_chron=texts)
circulations = st.builds(
    CircRecord, available_now=st.booleans(), renewable=st.booleans(), on_hold=st.booleans(), availability_date=texts,
    restrictions=texts, item_id=texts, enum_and_chron=texts, temporary_location=texts,
)  # fmt: skip
groups = st.builds(
    HoldingsAndCircData, type_of_record=texts, nuc_code=texts, local_location=texts, shelving_location=texts, call_number=texts,
    volumes=st.none() | st.lists(volumes, min_size=1, max_size=2).map(tuple),
    circulation_data=st.lists(circulations, min_size=1, max_size=3).map(tuple),
)  # fmt: skip


def plain(value: Any) -> Any:
    """Return a value of ours as asn1tools has it."""
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if isinstance(value, CircRecord | HoldingsAndCircData | Volume):
        rows = {row.asn1_name: getattr(value, row.name) for row in table(type(value))}
        return {name: plain(held) for name, held in rows.items() if held is not None}
    return value


@settings(derandomize=True, deadline=None)
@given(st.lists(groups, max_size=3), st.binary(max_size=20))
def test_the_oracle_reads_what_is_written_and_writes_what_is_read(oracle: Any, holdings: Any, record: bytes) -> None:
    octets = opac_record(oids.UNIMARC, record, holdings)
    read = oracle.decode("OPACRecord", octets)
    assert read["bibliographicRecord"] == {"direct-reference": oids.UNIMARC, "octet-aligned": record}
    assert [each[1] for each in read.get("holdingsData", [])] == [plain(each) for each in holdings]
    again = codec_of(OpacRecord).decode(oracle.encode("OPACRecord", read))
    assert again == codec_of(OpacRecord).decode(octets)


@settings(derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(TAGS_G)), st.text(st.characters(max_codepoint=0x7F), max_size=9)), max_size=5
    )
)
def test_the_oracle_reads_generic_records(oracle: Any, elements: list[tuple[str, str]]) -> None:
    read = oracle.decode("GenericRecord", generic_record(elements))
    expected = [(2, ("numeric", TAGS_G[name]), ("string", value)) for name, value in elements]
    assert [(each["tagType"], each["tagValue"], each["content"]) for each in read] == expected
