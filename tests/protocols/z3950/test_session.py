"""Associations: two of ours talk to each other, and each PDU is judged by the state it comes in."""

from __future__ import annotations

import itertools

import pytest

from protocols.z3950 import apdu
from protocols.z3950.apdu import Close, CloseReason, InitializeRequest, InitializeResponse, Options, Pdu
from protocols.z3950.errors import LocalProtocolError, UnexpectedPdu
from protocols.z3950.session import SENDS, TRANSITIONS, Association, Fault, Role, State
from tests.protocols.z3950.test_apdu import SEARCH

# Every legal PDU, state by state: a change of what is legal shows here.
LEGAL = {
    State.IDLE: "InitializeRequest",
    State.INITIALIZING: "InitializeResponse",
    State.OPEN: (
        "AccessControlRequest AccessControlResponse Close DeleteResultSetRequest DeleteResultSetResponse"
        " ExtendedServicesRequest ExtendedServicesResponse InitializeRequest PresentRequest PresentResponse"
        " ResourceControlRequest ResourceControlResponse ResourceReportRequest ResourceReportResponse ScanRequest"
        " ScanResponse SearchRequest SearchResponse Segment SortRequest SortResponse TriggerResourceControlRequest"
    ),
    State.CLOSING: "Close",
    State.CLOSED: "",
}


def init(version: int = 3) -> InitializeRequest:
    return InitializeRequest(
        protocol_version=(1 << version) - 1,
        options=Options.SEARCH | Options.PRESENT,
        preferred_message_size=65536,
        exceptional_record_size=65536,
    )


def answer(request: InitializeRequest, *, result: bool = True) -> InitializeResponse:
    return InitializeResponse(
        reference_id=request.reference_id,
        protocol_version=request.protocol_version,
        options=request.options,
        preferred_message_size=1,
        exceptional_record_size=1,
        result=result,
    )


def opened(version: int = 3) -> tuple[Association, Association]:
    origin, target = Association(Role.ORIGIN), Association(Role.TARGET)
    (request,) = target.receive(origin.send(init(version)))
    assert isinstance(request, InitializeRequest)
    target.accept(request)
    (response,) = origin.receive(target.send(answer(request)))
    assert isinstance(response, InitializeResponse)
    origin.accept(response)
    return origin, target


@pytest.mark.parametrize("version", [2, 3])
def test_both_sides_know_version_and_options_after_the_init(version: int) -> None:
    for side in opened(version):
        assert (side.state, side.version) == (State.OPEN, version)
        assert side.options == Options.SEARCH | Options.PRESENT


def test_the_table_of_what_is_legal() -> None:
    for state, names in LEGAL.items():
        assert " ".join(sorted(kind.__name__ for at, kind in TRANSITIONS if at is state)) == names


def test_every_pdu_has_its_side() -> None:
    assert SENDS[Role.ORIGIN] | SENDS[Role.TARGET] == set(Pdu.BY_IDENTIFIER.values())
    assert SENDS[Role.ORIGIN] & SENDS[Role.TARGET] == {Close}


@pytest.mark.parametrize(("role", "state"), [*itertools.product(Role, State)])
def test_a_pdu_that_the_table_does_not_allow_is_unexpected(role: Role, state: State) -> None:
    peer = Role.TARGET if role is Role.ORIGIN else Role.ORIGIN
    for kind in Pdu.BY_IDENTIFIER.values():
        association = Association(role)
        association.state = state
        pdu = kind.__new__(kind)  # its fields do not matter here
        if (state, kind) not in TRANSITIONS or kind not in SENDS[peer]:
            with pytest.raises(UnexpectedPdu, match=kind.__name__):
                association.accept(pdu)
        if (state, kind) not in TRANSITIONS or kind not in SENDS[role]:
            with pytest.raises(LocalProtocolError, match=kind.__name__):
                association.send(pdu)


def test_requests_sent_behind_the_init_wait_for_its_answer() -> None:
    origin, target = Association(Role.ORIGIN), Association(Role.TARGET)
    request, search = target.receive(origin.send(init()) + SEARCH)
    assert isinstance(request, InitializeRequest)
    assert isinstance(search, apdu.SearchRequest)
    target.accept(request)
    target.send(answer(request))
    target.accept(search)


def test_after_a_refused_init_another_may_come() -> None:
    origin, target = Association(Role.ORIGIN), Association(Role.TARGET)
    for result in (False, True):
        (request,) = target.receive(origin.send(init()))
        assert isinstance(request, InitializeRequest)
        target.accept(request)
        (response,) = origin.receive(target.send(answer(request, result=result)))
        assert isinstance(response, InitializeResponse)
        origin.accept(response)
    assert origin.state is target.state is State.OPEN


def test_an_init_inside_an_association_begins_it_anew() -> None:
    origin, target = opened(3)
    (request,) = target.receive(origin.send(init(2)))
    assert isinstance(request, InitializeRequest)
    target.accept(request)
    target.send(answer(request))
    assert target.version == 2


def test_a_close_is_answered_with_a_close() -> None:
    origin, target = opened()
    (close,) = target.receive(origin.close(CloseReason.FINISHED, "bye", b"7"))
    assert isinstance(close, Close)
    assert (close.close_reason, close.diagnostic_information, close.reference_id) == (0, "bye", b"7")
    target.accept(close)
    (answered,) = origin.receive(target.close(CloseReason.FINISHED))
    assert isinstance(answered, Close)
    origin.accept(answered)
    assert origin.state is target.state is State.CLOSED


def test_a_close_is_sent_once() -> None:
    _, target = opened()
    assert target.close(CloseReason.LACK_OF_ACTIVITY)
    assert target.close(CloseReason.SHUTDOWN) == b""


def test_there_is_no_close_before_an_init_and_none_in_version_2() -> None:
    assert Association(Role.TARGET).close(CloseReason.PROTOCOL_ERROR) == b""
    origin, target = opened(2)
    assert target.close(CloseReason.SHUTDOWN) == b""
    assert target.state is State.CLOSED
    with pytest.raises(LocalProtocolError):
        origin.send(Close(close_reason=0))
    (close,) = opened(2)[1].receive(apdu.encode(Close(close_reason=0)))
    with pytest.raises(UnexpectedPdu):
        opened(2)[1].accept(close)  # type: ignore[arg-type]  # a Close, as the line above shows


def test_good_pdus_before_a_bad_one_are_not_lost() -> None:
    association = Association(Role.TARGET)
    search, fault = association.receive(SEARCH + b"\xb6\x01\x00" + SEARCH)
    assert isinstance(search, apdu.SearchRequest)
    assert isinstance(fault, Fault)
    assert association.receive(SEARCH) == []


def test_octets_may_come_one_by_one() -> None:
    association = Association(Role.TARGET)
    events = [event for octet in SEARCH * 2 for event in association.receive(bytes([octet]))]
    assert [type(event) for event in events] == [apdu.SearchRequest] * 2
