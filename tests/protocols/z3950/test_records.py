"""The straight way of writing records gives the octets of the tables."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.z3950 import oids, records, rpn
from protocols.z3950.apdu import Entry, PresentResponse, TermInfo, encode
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import (
    AddInfo,
    AttributeElement,
    AttributeValue,
    External,
    NamePlusRecord,
    Record,
    Records,
    Term,
)
from protocols.z3950.schema import alternative_of, codec_of
from tests.protocols.z3950.tables import STRING, for_oracle, oracle

CODEC = codec_of(NamePlusRecord)
EXTERNAL = codec_of(External)
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


@settings(derandomize=True, deadline=None)
@given(st.integers(200, 4_000), st.integers(25, 190), st.sampled_from(["network", "Liévin", ""]))
def test_fragments_are_no_larger_than_asked_and_hold_the_record_in_its_order(size: int, most: int, name: str) -> None:
    record = records.retrieval_record(name, oids.UNIMARC, bytes(at % 251 for at in range(size)))
    pieces = records.fragments(record, most)
    assert max(map(len, pieces)) <= most
    read = [CODEC.decode(piece) for piece in pieces]
    assert [CODEC.encode(each) for each in read] == pieces
    assert {each.name for each in read} == {name}
    kinds = [alternative_of(each.record) for each in read]
    middle = ["intermediate_fragment"] * (len(pieces) - 2)
    assert [kind for kind, _ in kinds] == ["starting_fragment", *middle, "final_fragment"]
    octets = b"".join(piece.not_externally_tagged for _, piece in kinds)
    assert EXTERNAL.decode(octets) == CODEC.decode(record).record.retrieval_record


def test_fragments_octet_by_octet_are_what_the_oracle_reads() -> None:
    first, second = records.fragments(records.retrieval_record("n", oids.UNIMARC, b"abcdefgh"), 30)
    assert first == bytes.fromhex("301c80016ea117a3150413" + "281306072a8648ce1305018108" + "616263646566")
    assert second == bytes.fromhex("300b80016ea106a5040402" + "6768")
    response = PresentResponse(
        number_of_records_returned=1,
        next_result_set_position=0,
        present_status=0,
        records=Records(response_records=(first, second)),
    )
    name, plain = for_oracle(response)
    assert oracle().decode("PDU", encode(response)) == (name, plain)


def test_what_no_fragment_holds_is_refused_with_the_size_that_would_do() -> None:
    record = records.retrieval_record("network", oids.UNIMARC, b"x" * 100)
    with pytest.raises(Refused) as refused:
        records.fragments(record, 17)
    assert refused.value.condition == Bib1.SEGMENT_SIZE
    least = int(refused.value.addinfo)
    assert len(records.fragments(record, least)[0]) == least


def test_a_diagnostic_is_not_cut() -> None:
    record = records.surrogate_diagnostic("network", Refused(Bib1.RECORD_DELETED), 3)
    assert records.fragments(record, 10) == [record]
