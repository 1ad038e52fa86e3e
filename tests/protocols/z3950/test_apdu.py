"""PDUs: bytes seen on real wires, every PDU there and back, and a second opinion on every octet (asn1tools)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.z3950 import apdu, elements, oids
from protocols.z3950.apdu import Options, Pdu
from protocols.z3950.elements import CharSetAndLanguageNegotiation, DefaultDiagFormat, NamePlusRecord
from protocols.z3950.errors import LocalProtocolError
from protocols.z3950.schema import Choice, Sequence, codec_of, table
from tests.protocols.z3950.tables import for_oracle, instances, oracle, pdus, plain
from tests.protocols.z3950.variants import spelled

quick = settings(derandomize=True, deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])

# yaz-client 5: find @and @attr 1=4 statistique @attr 1=4 bulletins, on database "uni", result set "1".
SEARCH = bytes.fromhex(
    "B669 8D0100 8E0101 8F0100 900101 910131 B206 9F6903756E69"
    "B550 A14E 06072A8648CE130301 A143"
    "A01E BF661B BF2C0A 3008 9F780101 9F790104 9F2D0B 73746174697374697175 65"
    "A01C BF6619 BF2C0A 3008 9F780101 9F790104 9F2D09 62756C6C6574696E73"
    "BF2E02 8000"
)
# The character set proposal of yaz-client: UTF-8, for records too.
PROPOSAL = bytes.fromhex("A10F A10A A208 8206 28D316010008 830101")
ANSWER = bytes.fromhex("A20F A10A A208 8206 28D316010008 830100")
# One record of a YAZ target: every constructed value of indefinite length.
YAZ_RECORD = bytes.fromhex("3080 8003756E69 A180 A180 2880 06072A8648CE130501 8105 3030303035 0000 0000 0000 0000")


def test_a_search_of_yaz_client_is_read() -> None:
    search = apdu.decode(SEARCH)
    assert isinstance(search, apdu.SearchRequest)
    assert search.database_names == ("uni",)
    assert search.result_set_name == "1"
    assert search.replace_indicator is True
    assert (search.small_set_upper_bound, search.large_set_lower_bound) == (0, 1)
    assert search.query.type_1 is not None
    assert search.query.type_1.attribute_set == oids.BIB_1


def test_a_search_is_written_as_yaz_client_writes_it() -> None:
    assert apdu.encode(apdu.decode(SEARCH)) == SEARCH


def _init(octets: str) -> apdu.InitializeRequest:
    fields = bytes.fromhex(octets + "850101 860101")
    pdu = apdu.decode(b"\xb4" + bytes([len(fields)]) + fields)
    assert isinstance(pdu, apdu.InitializeRequest)
    return pdu


@pytest.mark.parametrize("octets", ["8302 00E0", "8302 05E0", "8303 00E000"])
def test_versions_are_read_whatever_count_of_unused_bits_they_were_written_with(octets: str) -> None:
    assert _init(octets + "840100").protocol_version == 0b111


def test_options_are_read_by_their_bits() -> None:
    options = Options(_init("830205E0 840301E1A2").options)
    search_present_delete = Options.SEARCH | Options.PRESENT | Options.DEL_SET
    services = Options.SCAN | Options.SORT | Options.EXTENDED_SERVICES
    assert options == search_present_delete | services | Options.NAMED_RESULT_SETS


@pytest.mark.parametrize(("octets", "branch"), [(PROPOSAL, "proposal"), (ANSWER, "response")])
def test_the_character_set_negotiation_of_yaz_is_read_and_written_again(octets: bytes, branch: str) -> None:
    codec = codec_of(CharSetAndLanguageNegotiation)
    negotiation = codec.decode(octets)
    assert getattr(negotiation, branch) is not None
    assert codec.encode(negotiation) == octets


def test_a_record_of_a_yaz_target_in_indefinite_lengths_is_read() -> None:
    record = codec_of(NamePlusRecord).decode(YAZ_RECORD)
    assert record.name == "uni"
    assert record.record.retrieval_record.direct_reference == oids.UNIMARC
    assert record.record.retrieval_record.octet_aligned == b"00005"


def test_a_diagnostic_in_place_of_records_has_its_three_elements_directly_inside() -> None:
    diagnostic = DefaultDiagFormat(
        diagnostic_set_id=oids.DIAGNOSTICS_BIB_1, condition=114, addinfo=elements.AddInfo(v3_addinfo="9999")
    )
    response = apdu.SearchResponse(
        result_count=0,
        number_of_records_returned=0,
        next_result_set_position=0,
        search_status=False,
        result_set_status=3,
        records=elements.Records(non_surrogate_diagnostic=diagnostic),
    )
    assert apdu.encode(response) == bytes.fromhex(
        "B725 970100 980100 990100 960100 9A0103 BF8102 12 06072A8648CE130401 020172 1B0439393939"
    )


def test_passwords_are_in_no_repr() -> None:
    identity = elements.IdAuthentication(id_pass=elements.IdPass(user_id="lens", password="hush"))
    assert "hush" not in repr(identity)
    assert "lens" in repr(identity)
    assert "hush" not in repr(elements.IdAuthentication(open="lens/hush"))


def test_of_requests_only_short_ones_without_secrets_are_remembered() -> None:
    assert apdu.decode(SEARCH) is apdu.decode(bytes(bytearray(SEARCH)))
    long = apdu.encode(apdu.PresentRequest(
        reference_id=bytes(600), result_set_id="1", result_set_start_point=1, number_of_records_requested=1
    ))  # fmt: skip
    assert apdu.decode(long) is not apdu.decode(bytes(bytearray(long)))
    init = apdu.encode(_init("8302 05E0 8402 05E0"))
    assert apdu.decode(init) is not apdu.decode(bytes(bytearray(init)))


@quick
@given(
    reference=st.none() | st.binary(max_size=200),
    counts=st.tuples(*[st.integers(0, 2**40)] * 3),
    status=st.booleans(),
    present=st.none() | st.integers(0, 5),
)
def test_a_response_of_counts_alone_is_written_like_any_other(
    reference: bytes | None, counts: tuple[int, int, int], status: bool, present: int | None
) -> None:
    found, returned, following = counts
    response = apdu.SearchResponse(
        reference_id=reference,
        result_count=found,
        number_of_records_returned=returned,
        next_result_set_position=following,
        search_status=status,
        present_status=present,
    )
    assert apdu.encode(response) == codec_of(apdu.SearchResponse).tagged(23).encode(response)


def test_the_second_spelling_of_a_ccl_query_is_read_as_well() -> None:
    codec = codec_of(elements.Query)
    assert codec.decode(bytes.fromhex("A2 03 0401 61")).type_2 == b"a"
    assert codec.decode(bytes.fromhex("82 01 61")).type_2_implicit == b"a"


@quick
@given(pdus())
def test_every_pdu_comes_back_as_it_was(pdu: Pdu) -> None:
    assert apdu.decode(apdu.encode(pdu)) == pdu


@quick
@given(pdus())
def test_the_oracle_reads_what_we_write(pdu: Pdu) -> None:
    name, value = oracle().decode("PDU", apdu.encode(pdu))
    assert (name, _bits_normal(value)) == (for_oracle(pdu)[0], _bits_normal(for_oracle(pdu)[1]))


@quick
@given(pdus())
def test_we_read_what_the_oracle_writes(pdu: Pdu) -> None:
    assert apdu.decode(oracle().encode("PDU", for_oracle(pdu))) == pdu


@quick
@given(instances(CharSetAndLanguageNegotiation))
def test_the_oracle_agrees_on_the_negotiation_of_characters(value: CharSetAndLanguageNegotiation) -> None:
    codec = codec_of(CharSetAndLanguageNegotiation)
    assert oracle().decode("CharSetandLanguageNegotiation", codec.encode(value)) == plain(codec, value)


@quick
@given(pdus(), st.data())
def test_every_legal_spelling_of_a_pdu_says_the_same(pdu: Pdu, data: st.DataObject) -> None:
    read = apdu.decode(spelled(apdu.encode(pdu), data))
    assert for_oracle(read) == for_oracle(pdu)


def _bits_normal(value: object) -> object:
    """Cut trailing zero bits off the bit strings in a value of the oracle: they mean nothing."""
    if isinstance(value, dict):
        return {name: _bits_normal(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_bits_normal(part) for part in value]
    if isinstance(value, tuple) and isinstance(value[0], str):
        return value[0], _bits_normal(value[1])
    return value


def _all_tables() -> list[type[Sequence | Choice]]:
    found: list[type[Sequence | Choice]] = []
    todo: list[type] = [*Pdu.BY_IDENTIFIER.values()]
    while todo:
        cls = todo.pop()
        if cls not in found:
            found.append(cls)
            todo += [c for row in table(cls) for c in (row.codec.cls, row.codec.item and row.codec.item.cls) if c]
    return found


@pytest.mark.parametrize("cls", _all_tables(), ids=lambda cls: cls.__name__)
def test_no_two_fields_of_a_table_begin_alike(cls: type[Sequence | Choice]) -> None:
    idents = [ident for row in table(cls) for ident in row.codec.readers]
    doubled = {ident for ident in idents if idents.count(ident) > 1}
    # Segments of the implicit spelling look like the explicit one, which is the standard's and wins.
    assert doubled == ({0xA2, 0xBF64, 0xBF66} if cls is elements.Query else set())


def test_a_missing_field_is_refused_when_it_is_written() -> None:
    response = apdu.PresentResponse(
        number_of_records_returned=1,
        next_result_set_position=0,
        present_status=0,
        records=elements.Records(),  # no alternative chosen
    )
    with pytest.raises(LocalProtocolError, match="alternatives"):
        apdu.encode(response)
    with pytest.raises(LocalProtocolError, match="lacks close_reason"):
        apdu.encode(apdu.Close(close_reason=None))  # type: ignore[arg-type]  # what mypy finds, the codec finds too


@pytest.mark.parametrize(
    "value",
    [
        apdu.Close(close_reason=2**63),
        apdu.Close(close_reason=0, resource_report_format="3.1"),
        apdu.Close(close_reason=0, resource_report_format="one.two"),
        apdu.Close(close_reason=0, diagnostic_information="\ud800"),
    ],
    ids=["integer", "arc", "no oid", "surrogate"],
)
def test_what_a_type_cannot_hold_is_refused_when_it_is_written(value: Pdu) -> None:
    with pytest.raises(LocalProtocolError):
        apdu.encode(value)
