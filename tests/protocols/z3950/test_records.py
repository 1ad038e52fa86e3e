"""The straight way of writing records gives the octets of the tables."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.z3950 import oids, records, rpn
from protocols.z3950.apdu import Entry, TermInfo
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import AddInfo, AttributeElement, AttributeValue, External, NamePlusRecord, Record, Term
from protocols.z3950.schema import codec_of
from tests.protocols.z3950.tables import STRING

CODEC = codec_of(NamePlusRecord)
sizes = st.one_of(st.integers(0, 300), st.integers(65_400, 65_600)).map(lambda size: b"x" * size)


@settings(derandomize=True, deadline=None)
@given(sizes, st.sampled_from(["network", "Liévin", ""]), st.sampled_from([oids.UNIMARC, oids.USMARC, oids.XML]))
def test_a_record_is_octet_aligned(contents: bytes, database: str, syntax: str) -> None:
    external = External(direct_reference=syntax, octet_aligned=contents)
    expected = CODEC.encode(NamePlusRecord(name=database, record=Record(retrieval_record=external)))
    assert records.retrieval_record(database, syntax, contents) == expected


@settings(derandomize=True, deadline=None)
@given(sizes)
def test_a_sutrs_record_is_a_string_of_asn1(contents: bytes) -> None:
    external = External(direct_reference=oids.SUTRS, single_asn1_type=STRING.encode(contents.decode()))
    expected = CODEC.encode(NamePlusRecord(name="network", record=Record(retrieval_record=external)))
    assert records.retrieval_record("network", oids.SUTRS, contents) == expected


def test_a_record_that_cannot_be_sent_is_a_diagnostic_in_its_place() -> None:
    record = CODEC.decode(records.surrogate_diagnostic("network", Refused(Bib1.PRESENT_SYSTEM_ERROR, "été"), 2))
    assert record.name == "network"
    assert record.record.surrogate_diagnostic.default_format.condition == 14
    assert record.record.surrogate_diagnostic.default_format.addinfo == AddInfo(v2_addinfo="ete")


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 2**40), st.text(max_size=200), st.booleans())
def test_a_term_is_written_as_its_codec_writes_it(term: bytes, count: int, shown: str, suggest: bool) -> None:
    attributes = (AttributeElement(attribute_type=1, attribute_value=AttributeValue(numeric=4)),) if suggest else None
    info = TermInfo(
        term=Term(general=term), display_term=shown or None, suggested_attributes=attributes, global_occurrences=count
    )
    suggested = rpn.encoded_attributes(attributes) if attributes else b""
    assert records.term_entry(term, count, shown.encode(), suggested) == codec_of(Entry).encode(Entry(term_info=info))
