"""What an Init is answered."""

from __future__ import annotations

import dataclasses

import pytest

from protocols.z3950 import apdu, elements, negotiation, oids
from protocols.z3950.apdu import InitializeRequest, Options, ProtocolVersion
from protocols.z3950.asn1 import sequence_of
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import (
    CharSetAndLanguageNegotiation,
    DiagnosticEntry,
    External,
    Information,
    OtherInformationUnit,
)
from protocols.z3950.negotiation import Offer
from protocols.z3950.schema import codec_of
from tests.protocols.z3950.test_apdu import ANSWER, PROPOSAL

V1, V2, V3 = ProtocolVersion
OFFER = Offer(
    options=Options.SEARCH | Options.PRESENT | Options.NAMED_RESULT_SETS | Options.NEGOTIATION_MODEL,
    implementation_id="bibliobus",
    implementation_name="Bibliobus",
    implementation_version="0",
    preferred_message_size=1000,
    exceptional_record_size=5000,
)
INIT = InitializeRequest(
    reference_id=b"\xff\0ref",
    protocol_version=V1 | V2 | V3,
    options=Options.SEARCH | Options.PRESENT | Options.SCAN | Options.SORT | Options.NEGOTIATION_MODEL,
    preferred_message_size=1 << 26,
    exceptional_record_size=1 << 26,
)


def with_unit(direct_reference: str, value: bytes) -> InitializeRequest:
    external = External(direct_reference=direct_reference, single_asn1_type=value)
    units = (OtherInformationUnit(information=Information(externally_defined_info=external)),)
    return dataclasses.replace(INIT, other_info=units)


def test_what_is_proposed_and_offered_is_granted() -> None:
    response = negotiation.accept(INIT, OFFER)
    assert response.result is True
    assert response.reference_id == b"\xff\0ref"
    assert response.protocol_version == V1 | V2 | V3
    assert response.options == Options.SEARCH | Options.PRESENT
    assert response.implementation_name == "Bibliobus"


@pytest.mark.parametrize(
    ("proposed", "granted"), [(V1, V1), (V1 | V2, V1 | V2), (V2 | V3, V1 | V2 | V3), (V3 | 1 << 9, V1 | V3)]
)
def test_the_versions_in_common_are_granted(proposed: int, granted: int) -> None:
    assert negotiation.accept(dataclasses.replace(INIT, protocol_version=proposed), OFFER).protocol_version == granted


def test_no_version_in_common_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        negotiation.accept(dataclasses.replace(INIT, protocol_version=1 << 5), OFFER)
    assert caught.value.condition is Bib1.UNSPECIFIED_ERROR
    assert "version" in caught.value.addinfo


@pytest.mark.parametrize(
    ("proposed", "granted"),
    [((1 << 26, 1 << 26), (1000, 5000)), ((500, 2000), (500, 2000)), ((0, 0), (1000, 5000)), ((800, 10), (800, 800))],
)
def test_the_smaller_sizes_rule_and_zero_is_no_wish(proposed: tuple[int, int], granted: tuple[int, int]) -> None:
    request = dataclasses.replace(INIT, preferred_message_size=proposed[0], exceptional_record_size=proposed[1])
    response = negotiation.accept(request, OFFER)
    assert (response.preferred_message_size, response.exceptional_record_size) == granted


def test_utf_8_is_chosen_where_it_is_proposed() -> None:
    response = negotiation.accept(with_unit(oids.CHARACTER_SETS_3, PROPOSAL), OFFER)
    assert Options.NEGOTIATION_MODEL in Options(response.options)
    assert response.other_info is not None
    answer = response.other_info[0].information.externally_defined_info
    assert answer is not None
    assert answer.direct_reference == oids.CHARACTER_SETS_3
    assert answer.single_asn1_type == ANSWER.replace(b"\x83\x01\x00", b"\x83\x01\x01")


def test_where_utf_8_is_not_proposed_none_is_chosen() -> None:
    codec = codec_of(CharSetAndLanguageNegotiation)
    latin = elements.CharacterSet(private=b"\x04\x00")
    proposal = elements.OriginProposal(proposed_char_sets=(latin,), proposed_languages=("fre", "eng"))
    value = codec.encode(CharSetAndLanguageNegotiation(proposal=proposal))
    response = negotiation.accept(with_unit(oids.CHARACTER_SETS_3, value), OFFER)
    assert response.other_info is not None
    external = response.other_info[0].information.externally_defined_info
    assert external is not None
    answer = codec.decode(external.single_asn1_type or b"").response
    assert answer.selected_char_sets.none is True
    assert answer.records_in_selected_char_sets is False
    assert answer.selected_language == "fre"


@pytest.mark.parametrize(
    "request_",
    [
        INIT,
        with_unit("1.2.840.10003.10.1000.81.1", b"\x1b\x00"),
        with_unit(oids.CHARACTER_SETS_3, b"\x1b\x00"),
        with_unit(oids.CHARACTER_SETS_3, ANSWER),
        with_unit(oids.CHARACTER_SETS_3, b""),
    ],
    ids=["none", "other unit", "noise", "an answer", "nothing"],
)
def test_without_a_proposal_nothing_is_negotiated(request_: InitializeRequest) -> None:
    response = negotiation.accept(request_, OFFER)
    assert response.other_info is None
    assert Options.NEGOTIATION_MODEL not in Options(response.options)


def test_a_refusal_says_why_where_yaz_looks_for_it() -> None:
    response = negotiation.refuse(INIT, OFFER, Refused(Bib1.INIT_TOO_MANY_SESSIONS, "100"))
    assert response.result is False
    assert response.reference_id == INIT.reference_id
    assert apdu.decode(apdu.encode(response)) == response
    info = response.user_information_field
    assert info is not None
    assert info.direct_reference == oids.USER_INFO_1
    (unit,) = sequence_of(codec_of(OtherInformationUnit)).decode(info.single_asn1_type or b"")
    report = unit.information.externally_defined_info
    assert report.direct_reference == oids.DIAGNOSTICS_DIAG_1
    (entry,) = sequence_of(codec_of(DiagnosticEntry)).decode(report.single_asn1_type)
    assert entry.diagnostic.default_diag_rec.condition == 1015
