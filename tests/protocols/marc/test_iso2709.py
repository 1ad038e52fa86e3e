"""ISO 2709: cutting, reading and writing records, sound and damaged."""

from __future__ import annotations

import contextlib
import io

import pymarc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.marc import iso2709
from protocols.marc.errors import BadRecord, FieldTooLong, Reason, RecordTooLong, SeparatorInData
from tests.protocols.marc.strategies import RAW_FIELDS, RECORDS

LEADER = b"00000nam  2200000   450 "
# Two fields: 001 "42" and 200 $a Germinal; written by hand after ISO 2709, 4.
GOLDEN = (
    b"00066nam  2200049   450 "  # length 66, base address 49
    b"001000300000"  # 3 octets at 0
    b"200001300003"  # 13 octets at 3
    b"\x1e42\x1e10\x1faGerminal\x1e\x1d"
)
FIELDS = [(b"001", b"42"), (b"200", b"10\x1faGerminal")]


def test_golden_record_is_read_and_written_octet_by_octet() -> None:
    assert iso2709.fields(GOLDEN) == FIELDS
    assert iso2709.join(LEADER, FIELDS) == GOLDEN


@given(RAW_FIELDS)
def test_what_is_written_is_read_again(fields: list[iso2709.RawField]) -> None:
    raw = iso2709.join(LEADER, fields)
    assert iso2709.fields(raw) == fields
    assert iso2709.join(raw[:24], fields) == raw
    assert int(raw[:5]) == len(raw)


@given(RECORDS)
def test_pymarc_reads_what_we_write(record: object) -> None:
    raw = record.to_iso2709()  # type: ignore[attr-defined]
    theirs = next(iter(pymarc.MARCReader(io.BytesIO(raw), force_utf8=True)))
    assert theirs is not None
    ours = [(field.tag, field.subfields or field.data) for field in record.fields]  # type: ignore[attr-defined]
    assert [(field.tag, [tuple(s) for s in field.subfields] or field.data) for field in theirs.fields] == ours


@given(RECORDS)
def test_we_read_what_pymarc_writes(record: object) -> None:
    theirs = pymarc.Record(force_utf8=True)
    for field in record.fields:  # type: ignore[attr-defined]
        if field.is_control:
            theirs.add_field(pymarc.Field(field.tag, data=field.data))
        else:
            subfields = [pymarc.Subfield(*each) for each in field.subfields]
            theirs.add_field(pymarc.Field(field.tag, pymarc.Indicators(*field.indicators), subfields))
    raw = theirs.as_marc()
    again = type(record).from_iso2709(raw)  # type: ignore[attr-defined]
    assert again.fields == record.fields  # type: ignore[attr-defined]
    assert iso2709.join(raw[:24], iso2709.fields(raw)) == raw


# --- the stream ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_stream_is_cut_the_same_whatever_its_chunks(size: int) -> None:
    stream = b"\xef\xbb\xbf" + GOLDEN + b"\r\n" + GOLDEN + GOLDEN + b"\x1a"
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert list(iso2709.records(chunks)) == [GOLDEN] * 3


def test_a_record_without_its_end_is_told_and_the_file_is_over() -> None:
    *sound, last = iso2709.records([GOLDEN + GOLDEN[:-9]])
    assert sound == [GOLDEN]
    assert isinstance(last, BadRecord)
    assert last.reason is Reason.TRUNCATED
    assert last.raw == GOLDEN[:-9]


def test_endless_octets_are_one_error_in_bounded_memory_and_the_next_record_is_right() -> None:
    splitter = iso2709.Splitter()
    out = []
    for _ in range(200):
        out += splitter.receive(b"9" * 10_000)
        assert len(splitter._buffer) <= 2 * iso2709.MAX_RECORD + 10_000
    out += splitter.receive(b"\x1d" + GOLDEN)
    first, second = out
    assert isinstance(first, BadRecord)
    assert first.reason is Reason.TOO_LONG
    assert second == GOLDEN
    assert splitter.close() == []


def test_a_lost_record_terminator_spoils_two_records_and_loses_neither_silently() -> None:
    joined, sound = iso2709.records([GOLDEN[:-1] + GOLDEN + GOLDEN])
    assert isinstance(joined, bytes)
    with pytest.raises(BadRecord) as caught:
        iso2709.fields(joined)
    assert caught.value.reason is Reason.MISMATCH
    assert caught.value.raw == joined
    assert sound == GOLDEN


# --- damage -------------------------------------------------------------------------------------------------------------------


def test_a_transcoded_file_with_wrong_numbers_everywhere_is_still_read() -> None:
    latin = iso2709.join(LEADER, [(b"001", b"1"), (b"200", b"  \x1fa\xe9l\xe8ve"), (b"700", b" 1\x1faZola")])
    as_utf8 = latin.decode("latin-1").encode()
    fields = iso2709.fields(as_utf8)
    assert fields == [(b"001", b"1"), (b"200", "  \x1faélève".encode()), (b"700", b" 1\x1faZola")]
    assert iso2709.join(as_utf8[:24], fields) != as_utf8


def test_a_directory_in_another_order_is_followed_by_its_numbers() -> None:
    raw = b"00066nam  2200049   450 200001300003001000300000\x1e42\x1e10\x1faGerminal\x1e\x1d"
    assert iso2709.fields(raw) == list(reversed(FIELDS))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", Reason.TOO_SHORT),
        (b"\x1d", Reason.TOO_SHORT),
        (b"garbage without any structure at all\x1d", Reason.TOO_SHORT),
        (LEADER + b"\x1e\x1d", Reason.NO_FIELDS),
        (LEADER + b"0010003\x1e42\x1e\x1d", Reason.DIRECTORY),
        (LEADER + b"00\xff000300000\x1e42\x1e\x1d", Reason.DIRECTORY),
        (LEADER + b"001000300000\x1e42\x1ejunk\x1e\x1d", Reason.MISMATCH),
        (LEADER + b"001000900000\x1e42\x1e43\x1e\x1d", Reason.MISMATCH),
        (LEADER + b"001000A00000\x1e42\x1e43\x1e\x1d", Reason.DIRECTORY),
        (LEADER + b"001000300000200000300000\x1e42\x1e43\x1e44\x1e\x1d", Reason.MISMATCH),
    ],
)
def test_damage_is_named_and_carries_the_octets(raw: bytes, reason: Reason) -> None:
    with pytest.raises(BadRecord) as caught:
        iso2709.fields(raw)
    assert caught.value.reason is reason
    assert caught.value.raw == raw


@given(st.binary(max_size=200))
def test_no_octets_raise_anything_but_bad_record(data: bytes) -> None:
    for piece in iso2709.records([data]):
        if isinstance(piece, bytes):
            with contextlib.suppress(BadRecord):
                assert all(len(tag) == 3 for tag, _ in iso2709.fields(piece))


@given(st.integers(0, len(GOLDEN) - 1), st.binary(min_size=1, max_size=3))
def test_damage_anywhere_in_a_record_never_reaches_the_next(at: int, junk: bytes) -> None:
    damaged = GOLDEN[:at] + junk + GOLDEN[at + len(junk) :]
    if not damaged.endswith(b"\x1d"):
        return
    assert list(iso2709.records([damaged + GOLDEN]))[-1] == GOLDEN


# --- what ISO 2709 cannot hold ------------------------------------------------------------------------------------------------


def test_a_field_of_9999_octets_is_written_and_one_more_is_refused() -> None:
    assert iso2709.fields(iso2709.join(LEADER, [(b"300", b"x" * 9998)])) == [(b"300", b"x" * 9998)]
    with pytest.raises(FieldTooLong) as caught:
        iso2709.join(LEADER, [(b"300", b"x" * 9999)])
    assert (caught.value.tag, caught.value.length) == ("300", 10_000)


def test_a_record_of_99999_octets_is_written_and_one_more_is_refused() -> None:
    fields = [(b"300", b"x" * 9998)] * 9 + [(b"300", b"x" * 9861)]
    raw = iso2709.join(LEADER, fields)
    assert len(raw) == iso2709.MAX_RECORD
    assert list(iso2709.records([raw])) == [raw]
    with pytest.raises(RecordTooLong) as caught:
        iso2709.join(LEADER, [*fields[:-1], (b"300", b"x" * 9862)])
    assert caught.value.length == 100_000


@pytest.mark.parametrize("field", [(b"300", b"a\x1eb"), (b"300", b"a\x1db"), (b"30", b"ab"), (b"3000", b"ab")])
def test_what_could_not_be_read_again_is_not_written(field: iso2709.RawField) -> None:
    with pytest.raises(SeparatorInData):
        iso2709.join(LEADER, [field])
