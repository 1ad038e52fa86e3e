"""One connection's life: what comes in order, what waits, what ends it. The store answers when the test says so."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from time import process_time
from typing import Any

import pytest
from pyroaring import BitMap
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import ILogObserver, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.z3950 import apdu, elements, oids, rpn
from protocols.z3950.apdu import Close, CloseReason, InitializeResponse, Pdu, SearchResponse
from protocols.z3950.ber import length
from protocols.z3950.diagnostics import Bib1
from protocols.z3950.session import Association, Fault, Role
from server.catalogue.result_sets import ResultSet
from server.catalogue.shared import Catalogue
from server.connections import DRAIN_SECONDS
from server.metrics import Metrics
from server.z3950 import factory as z3950
from server.z3950.factory import BURST, CLOSE_SECONDS, IDLE_SECONDS, INIT_SECONDS, WAITING, Z3950Factory
from server.z3950.present import SLICE
from storage.database import Location
from storage.network.network import Network
from storage.store import StoreUnavailable, open_store
from tests.server.z3950.origin import init, present, refused, search


class LateStore:
    """A store that answers each read when it is told what."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.reads: deque[Deferred[Any]] = deque()
        self.steps: Any = None

    def read(self, steps: Any) -> Deferred[Any]:
        waiting: Deferred[Any] = Deferred()
        self.steps = steps
        self.reads.append(waiting)
        return waiting

    def answer(self, *found: int) -> None:
        self.reads.popleft().callback(ResultSet(BitMap(found), tuple(self.network.databases.values())[:1]))

    def fail(self, error: Exception) -> None:
        self.reads.popleft().errback(error)


class Line:
    """A connection through a transport in memory."""

    def __init__(self, factory: Z3950Factory) -> None:
        protocol: Any = factory.buildProtocol(None)
        self.protocol = protocol
        self.wire = StringTransport()
        self.association = Association(Role.ORIGIN)
        self.protocol.makeConnection(self.wire)

    def send(self, *pdus: Pdu) -> None:
        """Send requests in one segment."""
        self.raw(b"".join(map(apdu.encode, pdus)))

    def raw(self, octets: bytes) -> None:
        self.protocol.dataReceived(octets)

    def got(self) -> list[Any]:
        """Take all PDUs that have come."""
        pdus = self.association.receive(self.wire.value())
        self.wire.clear()
        assert not any(isinstance(pdu, Fault) for pdu in pdus)
        return pdus

    def opened(self, version: int = 3) -> Line:
        self.send(init(version))
        (response,) = self.got()
        assert response.result
        return self

    def lose(self) -> None:
        self.protocol.connectionLost(Failure(ConnectionLost()))

    @property
    def gone(self) -> bool:
        """Whether the target has left."""
        return bool(self.wire.disconnecting or self.wire.disconnected)


class House:
    """A factory with a clock that stands still and a store that answers late."""

    def __init__(self, network: Network) -> None:
        self.clock = Clock()
        self.store = LateStore(network)
        self.metrics = Metrics()
        self.factory = Z3950Factory(Catalogue(self.store, self.clock), self.clock, self.metrics)  # type: ignore[arg-type]  # reads are all it has

    def line(self) -> Line:
        return Line(self.factory)


@pytest.fixture
def house(location: Location) -> Iterator[House]:
    store = open_store(location, reactor)
    yield House(store.network)
    store.close()


@contextmanager
def logged() -> Iterator[list[type[BaseException]]]:
    """Collect the failures that are logged."""
    failures: list[type[BaseException]] = []

    @implementer(ILogObserver)
    def observe(event: Any) -> None:
        if "log_failure" in event:
            failures.append(event["log_failure"].type)

    globalLogPublisher.addObserver(observe)
    try:
        yield failures
    finally:
        globalLogPublisher.removeObserver(observe)


def reasons(pdus: list[Any]) -> list[int]:
    assert all(isinstance(pdu, Close) for pdu in pdus)
    return [pdu.close_reason for pdu in pdus]


def test_requests_sent_behind_the_init_are_answered_in_their_order(house: House) -> None:
    line = house.line()
    line.send(init(), *(search("x", reference_id=bytes([n])) for n in range(3)))
    assert [type(pdu) for pdu in line.got()] == [InitializeResponse]
    for n in range(3):
        assert len(house.store.reads) == 1
        house.store.answer(*range(n))
        (response,) = line.got()
        assert (response.reference_id, response.result_count) == (bytes([n]), n)


def test_a_request_behind_a_refused_init_is_not_answered(house: House) -> None:
    line = house.line()
    line.send(init(protocol_version=1 << 8), search("x"))
    (response,) = line.got()
    assert response.result is False
    assert line.gone
    assert not house.store.reads


def test_reading_pauses_while_many_requests_wait_and_goes_on_after(house: House) -> None:
    line = house.line().opened()
    line.send(*(search("x") for _ in range(WAITING + 1)))
    assert line.wire.producerState == "paused"
    house.store.answer()
    assert line.wire.producerState == "producing"
    for _ in range(WAITING):
        house.store.answer()
    assert len(line.got()) == WAITING + 1


def test_thousands_of_requests_in_one_segment_leave_turns_to_others(house: House) -> None:
    line = house.line().opened()
    line.send(*(present(1, 1) for _ in range(5_000)))  # each is refused at once: there is no set
    assert len(line.got()) == BURST
    other = house.line().opened()
    assert not other.gone
    house.clock.pump([0.001] * (5_000 // BURST + 1))
    assert len(line.got()) == 5_000 - BURST


def test_a_peer_that_does_not_read_gets_no_more_until_it_does(house: House) -> None:
    line = house.line().opened()
    line.protocol.pauseProducing()
    line.send(*(present(1, 1) for _ in range(3)))
    assert line.got() == []
    assert line.wire.producerState == "paused"
    line.protocol.resumeProducing()
    assert len(line.got()) == 3
    assert line.wire.producerState == "producing"


@pytest.mark.parametrize("octets", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"9300CN\r"])
def test_another_protocol_is_cut_off(house: House, octets: bytes) -> None:
    line = house.line()
    line.raw(octets)
    assert line.got() == []
    assert line.gone
    assert house.metrics.value("faults", "z3950", "FramingError") == 1


def test_a_request_before_an_init_is_cut_off(house: House) -> None:
    line = house.line()
    line.send(search("x"))
    assert line.got() == []
    assert line.gone


@pytest.mark.parametrize(
    "octets",
    [
        bytes.fromhex("B6 03 8D0101"),
        bytes.fromhex("B6 84 7FFFFFFF"),
        bytes.fromhex("3003020101"),
        apdu.encode(
            SearchResponse(result_count=0, number_of_records_returned=0, next_result_set_position=0, search_status=True)
        ),
        apdu.encode(apdu.AccessControlResponse(simple_form=b"x")),
    ],
    ids=["lacks", "too long", "no PDU", "a response", "not agreed"],
)
def test_what_breaks_the_protocol_is_answered_by_a_close_that_says_so(house: House, octets: bytes) -> None:
    line = house.line().opened()
    line.raw(octets)
    (close,) = line.got()
    assert (close.close_reason, bool(close.diagnostic_information)) == (CloseReason.PROTOCOL_ERROR, True)
    line.raw(octets)
    assert line.got() == []
    assert not line.gone
    house.clock.advance(CLOSE_SECONDS)
    assert line.wire.disconnected


def test_good_requests_before_a_bad_one_are_answered(house: House) -> None:
    line = house.line().opened()
    line.raw(apdu.encode(present(1, 1)) + b"\xb6\x00")
    answered, close = line.got()
    assert refused(answered)[0] == 30
    assert isinstance(close, Close)


def test_a_close_is_answered_with_a_close_and_its_reference(house: House) -> None:
    line = house.line().opened()
    line.send(Close(reference_id=b"bye", close_reason=CloseReason.FINISHED))
    (close,) = line.got()
    assert (close.close_reason, close.reference_id) == (CloseReason.FINISHED, b"bye")
    assert line.gone


def test_who_says_nothing_at_first_is_cut_off(house: House) -> None:
    line = house.line()
    house.clock.advance(INIT_SECONDS - 1)
    assert not line.gone
    house.clock.advance(1)
    assert line.got() == []
    assert line.gone


def test_who_says_nothing_for_long_is_told_so_and_then_cut_off(house: House) -> None:
    line = house.line().opened()
    house.clock.advance(IDLE_SECONDS - 1)
    line.send(present(1, 1))
    line.got()
    house.clock.advance(IDLE_SECONDS - 1)
    assert line.got() == []
    house.clock.advance(1)
    assert reasons(line.got()) == [CloseReason.LACK_OF_ACTIVITY]
    assert not line.gone
    line.send(Close(close_reason=CloseReason.FINISHED))
    assert line.got() == []
    assert line.gone


def test_who_does_not_answer_our_close_is_cut_off(house: House) -> None:
    line = house.line().opened()
    house.clock.advance(IDLE_SECONDS)
    line.send(search("x"))  # sent before our Close was seen
    assert reasons(line.got()) == [CloseReason.LACK_OF_ACTIVITY]
    house.clock.advance(CLOSE_SECONDS)
    assert line.wire.disconnected
    assert not house.store.reads


def test_in_version_2_the_connection_is_all_that_can_be_closed(house: House) -> None:
    line = house.line().opened(2)
    house.clock.advance(IDLE_SECONDS)
    assert line.got() == []
    assert line.gone


def test_a_store_that_cannot_answer_is_a_temporary_error(house: House) -> None:
    line = house.line().opened()
    line.send(search("x"))
    house.store.fail(StoreUnavailable("database is locked"))
    (response,) = line.got()
    assert response.search_status is False
    condition, addinfo = refused(response)
    assert condition == 2
    assert "locked" not in addinfo


def test_a_bug_is_a_temporary_error_and_is_logged(house: House) -> None:
    line = house.line().opened()
    with logged() as failures:
        line.send(search("x"))
        house.store.fail(KeyError("oops"))
    assert refused(line.got()[0])[0] == 2
    assert failures == [KeyError]


def test_when_not_even_a_refusal_can_be_written_the_association_is_closed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = house.line().opened()
    monkeypatch.setattr(z3950, "refusal", lambda *_: SearchResponse)
    with logged() as failures:
        line.send(present(1, 1))
    assert reasons(line.got()) == [CloseReason.SYSTEM_PROBLEM]
    assert len(failures) == 1


def test_a_connection_lost_while_its_search_runs_is_written_to_no_more(house: House) -> None:
    line = house.line().opened()
    line.send(search("x"), search("x"))
    line.lose()
    house.store.answer(1)
    assert line.got() == []
    assert not house.store.reads
    assert house.clock.getDelayedCalls() == []
    assert house.factory.connections == set()


def test_a_connection_lost_between_two_slices_of_records_has_no_more_made(house: House) -> None:
    line = house.line().opened()
    line.send(search("x"), present(1, 2 * SLICE))
    house.store.answer(*range(2 * SLICE))
    house.store.reads.popleft().callback([b"\x30\x00"] * SLICE)
    line.lose()
    house.clock.advance(1)
    assert not house.store.reads


def test_draining_answers_what_has_come_then_closes(house: House) -> None:
    busy, idle, silent = house.line().opened(), house.line().opened(), house.line()
    busy.send(search("x"))
    drained: list[None] = []
    house.factory.drain().addCallback(drained.append)
    assert house.factory.buildProtocol(None) is None
    assert reasons(idle.got()) == [CloseReason.SHUTDOWN]
    assert silent.gone
    assert busy.got() == []
    house.store.answer(1)
    found, close = busy.got()
    assert found.result_count == 1
    assert close.close_reason == CloseReason.SHUTDOWN
    for line in (busy, idle):
        line.send(Close(close_reason=CloseReason.FINISHED))
        assert line.gone
    for line in (busy, idle, silent):
        line.lose()
    assert drained == [None]
    assert house.clock.getDelayedCalls() == []


def test_draining_waits_for_nobody_for_ever(house: House) -> None:
    line = house.line().opened()
    house.factory.drain()
    house.clock.advance(DRAIN_SECONDS)
    assert line.wire.disconnected


def test_there_is_an_end_to_connections(house: House) -> None:
    house.factory.limit = 1
    line = house.line()
    assert house.factory.buildProtocol(None) is None
    line.lose()
    assert house.factory.buildProtocol(None) is not None


def test_connections_and_messages_are_counted(house: House) -> None:
    line = house.line().opened()
    line.send(search("x", preferred_record_syntax=oids.XML))
    house.store.answer()
    line.send(present(1, 1))
    line.lose()
    assert house.metrics.value("connections", "z3950") == house.metrics.value("disconnections", "z3950") == 1
    assert house.metrics.answered("z3950", "SearchRequest") == 1
    assert house.metrics.value("refusals", "z3950", "RESULT_SET_DOES_NOT_EXIST") == 0
    assert house.metrics.value("refusals", "z3950", "PRESENT_OUT_OF_RANGE") == 1


# --- stopping what runs -------------------------------------------------------------------------------------------------


def test_a_search_stops_when_its_origin_has_had_enough(house: House) -> None:
    line = house.line().opened()
    line.send(search("zola"))
    assert next(house.store.steps)
    line.send(apdu.TriggerResourceControlRequest(requested_action=3))
    (response,) = line.got()
    assert refused(response)[0] == Bib1.TERMINATED_BY_ORIGIN
    with pytest.raises(StopIteration):  # the rest is not done
        next(house.store.steps)
    house.store.answer(1, 2)  # too late, and heard by nobody
    line.send(search("zola"))  # the next one is not concerned
    house.store.answer(1, 2)
    assert [response.result_count for response in line.got()] == [2]


def test_what_asks_for_a_report_or_a_say_stops_nothing(house: House) -> None:
    line = house.line().opened()
    line.send(search("zola"))
    line.send(apdu.TriggerResourceControlRequest(requested_action=1))
    house.store.answer(1, 2)
    assert [response.result_count for response in line.got()] == [2]


def test_records_are_no_longer_made_for_an_origin_that_has_had_enough(house: House) -> None:
    line = house.line().opened()
    line.send(search("zola"))
    house.store.answer(*range(1, 100))
    line.got()
    line.send(present(1, 99))
    house.store.reads.popleft().callback([b"\x30\x00"] * SLICE)
    line.send(apdu.TriggerResourceControlRequest(requested_action=3))
    house.clock.advance(0)
    (response,) = line.got()
    assert (response.present_status, response.number_of_records_returned) == (apdu.PresentStatus.PARTIAL_3, SLICE)
    assert response.next_result_set_position == SLICE + 1


# --- hostile input ------------------------------------------------------------------------------------------------------


def test_a_query_of_two_thousand_levels_gets_its_diagnostic_at_once(house: House) -> None:
    leaf = rpn.encode(elements.Operand(result_set="x"))
    operator = bytes.fromhex("bf2e028000")
    deep = leaf
    for _ in range(2_000):
        body = deep + leaf + operator
        deep = b"\xa1" + length(len(body)) + body
    line = house.line().opened()
    began = process_time()
    line.send(search(elements.Query(type_1=elements.RPNQuery(attribute_set=oids.BIB_1, rpn=deep))))
    (response,) = line.got()
    assert refused(response)[0] == Bib1.TOO_MANY_BOOLEANS
    assert process_time() - began < 1


def test_a_pdu_of_two_gigabytes_is_answered_by_a_close_before_it_comes(house: House) -> None:
    line = house.line().opened()
    line.raw(bytes.fromhex("b6847fffffff"))
    (close,) = line.got()
    assert close.close_reason == CloseReason.PROTOCOL_ERROR


def test_half_a_pdu_waits_and_costs_nothing_until_its_time_is_over(house: House) -> None:
    line = house.line().opened()
    line.raw(apdu.encode(search("zola"))[:-1])
    assert line.got() == []
    house.clock.advance(IDLE_SECONDS)
    (close,) = line.got()
    assert close.close_reason == CloseReason.LACK_OF_ACTIVITY
