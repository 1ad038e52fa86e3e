"""Hostile octets cost the peer its association and nobody anything else: one error, in bounded time and memory."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from protocols.z3950 import apdu, rpn
from protocols.z3950.apdu import Pdu
from protocols.z3950.ber import tlv
from protocols.z3950.diagnostics import Refused
from protocols.z3950.errors import MalformedPdu, RemoteProtocolError, Z3950Error
from protocols.z3950.session import Association, Fault, Role
from tests.protocols.z3950.tables import pdus
from tests.protocols.z3950.test_apdu import SEARCH

quick = settings(derandomize=True, deadline=None, max_examples=300)


@contextmanager
def bounded(seconds: float = 2.0, octets: int = 16 << 20) -> Iterator[None]:
    """Check that what is done inside takes no more than so much processor time and memory."""
    tracemalloc.start()
    started = time.process_time()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < octets
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < seconds * 4  # tracing is slow


@quick
@given(st.binary(max_size=300))
@example(b"\xb4\x00")
@example(b"\xb4\x02\x9f\x81")
@example(bytes.fromhex("B604 9281 80 01"))
def test_arbitrary_octets_are_a_pdu_or_the_error_of_the_package(data: bytes) -> None:
    with suppress(RemoteProtocolError):
        apdu.decode(data)


@quick
@given(pdus(), st.data())
def test_a_damaged_pdu_is_read_or_refused_with_the_error_of_the_package(pdu: Pdu, data: st.DataObject) -> None:
    octets = bytearray(apdu.encode(pdu))
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Z3950Error):
        apdu.encode(apdu.decode(bytes(octets)))


@quick
@given(pdus(), st.data())
def test_half_a_pdu_is_refused(pdu: Pdu, data: st.DataObject) -> None:
    octets = apdu.encode(pdu)
    with pytest.raises(MalformedPdu):
        apdu.decode(octets[: data.draw(st.integers(0, len(octets) - 1))])


@quick
@given(st.binary(max_size=200), st.binary(max_size=60))
def test_arbitrary_octets_as_a_query_are_read_or_refused(noise: bytes, inside: bytes) -> None:
    for octets in (noise, tlv(0xA0, inside), tlv(0xA1, inside), tlv(0xA0, tlv(0xBF66, inside))):
        with suppress(Refused):
            assert rpn.decode(rpn.encode(rpn.decode(octets))) == rpn.decode(octets)


@quick
@given(st.lists(st.binary(max_size=60), max_size=4))
def test_an_association_gives_pdus_and_at_most_one_fault(pieces: list[bytes]) -> None:
    association = Association(Role.TARGET)
    events = [event for piece in (SEARCH, *pieces) for event in association.receive(piece)]
    faults = [event for event in events if isinstance(event, Fault)]
    assert len(faults) <= 1
    assert not faults or events[-1] is faults[0]
    if faults:
        assert association.receive(SEARCH) == []


@pytest.mark.parametrize("depth", [201, 2_000, 60_000])
@pytest.mark.parametrize("indefinite", [False, True])
def test_a_query_of_any_depth_costs_little(depth: int, indefinite: bool) -> None:
    if indefinite:
        octets = b"\xa1\x80" * depth
    else:
        octets = b"".join(b"\xa1\x83" + (depth * 5 - at * 5).to_bytes(3) for at in range(1, depth + 1))
    with bounded(), pytest.raises(Refused) as caught:
        rpn.decode(octets)
    assert caught.value.condition in (6, 108)


def test_a_pdu_of_nothing_but_tiny_elements_costs_little() -> None:
    contents = b"\x9f\x69\x00" * 300_000
    names = b"\xb2\x83" + len(contents).to_bytes(3) + contents
    for inside in (names, b"\x85\x00" * 450_000, b"\x9f\x7e\x00" * 300_000):
        octets = b"\xb6\x83" + len(inside).to_bytes(3) + inside
        with bounded(), pytest.raises(MalformedPdu):
            apdu.decode(octets)


def test_two_gigabytes_announced_are_refused_before_they_arrive() -> None:
    association = Association(Role.TARGET)
    with bounded(octets=1 << 20):
        (event,) = association.receive(bytes.fromhex("B6847FFFFFFF") + bytes(4000))
    assert isinstance(event, Fault)
