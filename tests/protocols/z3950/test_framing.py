"""A stream of octets is cut into PDUs, however it arrives, and refused at the first octet that shows it hopeless."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.z3950 import apdu
from protocols.z3950.apdu import Pdu
from protocols.z3950.errors import FramingError, LimitExceeded, MalformedPdu, RemoteProtocolError
from protocols.z3950.framing import MAX_INDEFINITE, Framer
from tests.protocols.z3950.tables import pdus
from tests.protocols.z3950.variants import spelled

quick = settings(derandomize=True, deadline=None, max_examples=150)


def framer(limit: int = 1 << 20) -> Framer:
    return Framer(Pdu.BY_IDENTIFIER, limit)


def cut(made: Framer) -> list[bytes]:
    found = []
    while (pdu := made.next()) is not None:
        found.append(pdu)
    return found


@quick
@given(st.lists(pdus(), max_size=4), st.integers(1, 40), st.data())
def test_pdus_are_cut_the_same_however_they_arrive(sent: list[Pdu], piece: int, data: st.DataObject) -> None:
    octets = [spelled(apdu.encode(pdu), data) for pdu in sent]
    stream = b"".join(octets)
    made = framer()
    found = []
    for at in range(0, len(stream), piece):
        made.feed(stream[at : at + piece])
        found += cut(made)
    assert found == octets


@quick
@given(st.binary(max_size=300))
def test_arbitrary_octets_raise_nothing_but_the_errors_of_the_protocol(data: bytes) -> None:
    made = framer()
    made.feed(data)
    try:
        found = cut(made)
    except RemoteProtocolError:
        return
    assert b"".join(found) == data[: sum(map(len, found))]


@pytest.mark.parametrize(
    "octets", [b"GET / HTTP/1.1\r\n", bytes.fromhex("160301020001"), b"\0\0", b"9300CN", b"\xa0\x80"]
)
def test_another_protocol_is_refused_by_its_first_octets(octets: bytes) -> None:
    made = framer()
    made.feed(octets)
    with pytest.raises(FramingError):
        made.next()


@pytest.mark.parametrize(
    "octets", ["B4847FFFFFFF", "B483100001", "B488FFFFFFFFFFFFFFFF", "B480 0484 40000000", "B480 A3 83 100000"]
)
def test_a_length_beyond_the_limit_is_refused_at_its_header(octets: str) -> None:
    made = framer()
    made.feed(bytes.fromhex(octets))
    with pytest.raises(LimitExceeded):
        made.next()


def test_the_largest_pdu_passes() -> None:
    made = framer(limit=1000)
    octets = b"\xb4\x82\x03\xe4" + bytes(996)
    made.feed(octets)
    assert made.next() == octets


@pytest.mark.parametrize("octets", ["B480 0001 00", "B480 0480", "B4FF", "B480 9F81818100"])
def test_nonsense_inside_an_indefinite_value_is_refused(octets: str) -> None:
    made = framer()
    made.feed(bytes.fromhex(octets))
    with pytest.raises((FramingError, MalformedPdu)):
        made.next()


def test_indefinite_lengths_nest_only_so_deep() -> None:
    made = framer()
    made.feed(b"\xb4\x80" + b"\x30\x80" * MAX_INDEFINITE)
    with pytest.raises(LimitExceeded):
        made.next()


def test_tiny_elements_without_end_are_refused() -> None:
    made = framer()
    made.feed(b"\xb4\x80" + b"\x05\0" * 50_000)
    with pytest.raises(LimitExceeded):
        made.next()


def test_a_slow_stream_is_not_looked_at_again_and_again() -> None:
    octets = b"\xb4\x80" + (b"\x04\x82\x00\x40" + b"x" * 64) * 15_000 + b"\0\0"
    made = framer(limit=2 << 20)
    started = time.process_time()
    for at in range(0, len(octets), 100):
        assert made.next() is None
        made.feed(octets[at : at + 100])
    assert made.next() == octets
    assert time.process_time() - started < 5
