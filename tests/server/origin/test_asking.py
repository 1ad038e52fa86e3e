"""Targets over real sockets, in this process: our own daemon in TLS and with accounts, and targets that mean ill."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import LoopingCall
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.python.threadable import isInIOThread

from protocols.sru import origin as sru
from protocols.z3950 import apdu, oids
from protocols.z3950 import origin as z3950
from protocols.z3950.apdu import Options, PresentStatus
from protocols.z3950.elements import Records
from protocols.z3950.negotiation import Offer, accept
from protocols.z3950.records import retrieval_record
from protocols.z3950.session import Association, Fault, Role
from server.config import Count, Seconds, TargetTable, Wire
from server.origin import asking
from server.origin.asking import Found, ask, ask_all
from server.origin.lessons import Lesson
from server.origin.query import Form, Question
from storage.catalogue.ranks import SourceRank
from storage.database import Location
from tests.reactor import await_
from tests.server.test_daemon import configured, port_of, running
from tests.server.test_listeners import make_certificate, tls
from tests.server.z3950.origin import fill_catalogue
from tests.server.z3950.test_update import declare_cataloguers

# Twisted's own `ssl:` endpoints still hand certificates over as pyOpenSSL objects.
pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")

reactor: Any = installed_reactor
GERMINAL = Question(Form.ISBN, "9782253004226")


def target(port: int, kind: Wire = Wire.Z3950, **more: Any) -> TargetTable:
    where: dict[str, Any] = {"url": f"http://127.0.0.1:{port}/network"} if kind is Wire.SRU else {}
    known = {"name": "t", "kind": kind, "host": "127.0.0.1", "port": Count(port), "database": "network", **where}
    return TargetTable(**known | {"timeout": Seconds(10.0)} | more)


def asked(found: TargetTable, question: Question = GERMINAL) -> Found:
    return await_(ask(reactor, found, question, Lesson()))


def test_targets_are_preferred_by_rank_then_by_priority_then_by_name() -> None:
    named = [
        target(1, name="d", rank=SourceRank.OTHER, priority=-1),
        target(1, name="c", rank=SourceRank.LARGE, priority=2),
        target(1, name="b", rank=SourceRank.LARGE, priority=1),
        target(1, name="a", rank=SourceRank.LARGE, priority=1),
        target(1, name="e", rank=SourceRank.NATIONAL, priority=9),
    ]
    hurried = [attrs.evolve(each, timeout=Seconds(0.001)) for each in named]
    told = await_(ask_all(reactor, hurried, GERMINAL, {}))
    assert [found.target.name for found in told] == ["e", "a", "b", "c", "d"]


# --- in TLS, and by account ----------------------------------------------------------------------------------------------


@pytest.fixture
def secured(location: Location, tmp_path: Path) -> Iterator[tuple[int, str]]:
    """Our own daemon, its Z39.50 and SRU in TLS, with Marie's account: the port, and the certificate's file."""
    _key, certificate = make_certificate(tmp_path, "127.0.0.1")
    with location.engine().begin() as connection:
        fill_catalogue(connection)
        declare_cataloguers(connection)
    with running(configured(location, z3950=(tls(tmp_path),))) as daemon:
        yield port_of(daemon, "z3950"), str(certificate)


@pytest.mark.parametrize("kind", Wire)
def test_a_target_in_tls_is_believed_if_its_authority_is_the_one_named(secured: tuple[int, str], kind: Wire) -> None:
    port, authority = secured
    url = f"https://127.0.0.1:{port}/network"
    more: dict[str, Any] = {"url": url, "syntax": ("marcxchange",)} if kind is Wire.SRU else {"tls": True}
    found = asked(target(port, kind, **more, authority=authority))
    assert (found.failure, found.hits, len(found.documents)) == ("", 1, 1)
    stranger = asked(target(port, kind, **more))
    assert (stranger.hits, stranger.documents) == (0, [])
    assert stranger.failure


def test_an_account_opens_the_association_and_a_wrong_password_is_told_without_it(
    secured: tuple[int, str], tmp_path: Path
) -> None:
    port, authority = secured
    password = tmp_path / "password"
    password.write_text("demo\n")
    marie = target(port, tls=True, authority=authority, user="marie", password_file=str(password))
    assert (asked(marie).failure, asked(marie).hits) == ("", 1)
    password.write_text("s3cret")
    refused = asked(marie)
    assert refused.failure.startswith("the target refuses the association 1011 ")
    assert [code for code, _ in refused.diagnostics] == [1011]
    assert "s3cret" not in f"{refused}"
    assert "No such file" in asked(target(port, tls=True, user="marie", password_file=str(tmp_path / "none"))).failure


# --- targets that mean ill -----------------------------------------------------------------------------------------------


class Ill(Protocol):
    """Says what the test wants, as soon as it is spoken to."""

    transport: Any
    said: list[bytes]

    def __init__(self, speak: Callable[[Ill, bytes], None]) -> None:
        self.speak = speak
        self.said = []
        self.lost: Callable[[], object] = lambda: None
        self.gone: Deferred[None] = Deferred()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Stop speaking."""
        self.lost()
        self.gone.callback(None)

    def dataReceived(self, data: bytes) -> None:
        """Answer."""
        self.said.append(data)
        self.speak(self, data)


@contextmanager
def ill(speak: Callable[[Ill, bytes], None]) -> Iterator[tuple[int, list[Ill]]]:
    made: list[Ill] = []

    class Making(Factory):
        def buildProtocol(self, _address: object) -> Ill:
            made.append(Ill(speak))
            return made[-1]

    port = reactor.listenTCP(0, Making(), interface="127.0.0.1")
    try:
        yield port.getHost().port, made
    finally:
        await_(maybeDeferred(port.stopListening))
        for each in made:
            each.transport.abortConnection()


def without_end(piece: bytes, head: bytes = b"") -> Callable[[Ill, bytes], None]:
    """Send *head*, then *piece* as long as anyone reads."""

    class Producer:
        def __init__(self, transport: Any) -> None:
            self.transport = transport

        def resumeProducing(self) -> None:
            self.transport.write(piece)

        def stopProducing(self) -> None:
            pass

    def speak(line: Ill, _data: bytes) -> None:
        if len(line.said) == 1:
            line.transport.write(head)
            line.transport.registerProducer(Producer(line.transport), streaming=False)

    return speak


def drop_by_drop(whole: bytes) -> Callable[[Ill, bytes], None]:
    def speak(line: Ill, _data: bytes) -> None:
        left = iter(whole)
        dripping = LoopingCall(lambda: line.transport.write(bytes([next(left)])))
        dripping.start(0.02).addErrback(lambda _end: None)
        line.lost = lambda: dripping.stop() if dripping.running else None

    return speak


def answering_present(octets: bytes, hits: int = 1, times: int = 1) -> Callable[[Ill, bytes], None]:
    """Be a target with *hits* records that gives each Present *times* the record *octets*."""
    association = Association(Role.TARGET)
    offer = Offer(Options.SEARCH | Options.PRESENT, "0", "ill", "1")

    def speak(line: Ill, data: bytes) -> None:
        for pdu in association.receive(data):
            assert not isinstance(pdu, Fault)
            association.accept(pdu)
            if isinstance(pdu, apdu.InitializeRequest):
                line.transport.write(association.send(accept(pdu, offer)))
            elif isinstance(pdu, apdu.SearchRequest):
                found = apdu.SearchResponse(
                    result_count=hits,
                    number_of_records_returned=0,
                    next_result_set_position=1,
                    search_status=True,
                )
                line.transport.write(association.send(found))
            elif isinstance(pdu, apdu.PresentRequest):
                given = apdu.PresentResponse(
                    number_of_records_returned=times,
                    next_result_set_position=2,
                    present_status=PresentStatus.SUCCESS,
                    records=Records(response_records=(retrieval_record("db", oids.UNIMARC, octets),) * times),
                )
                line.transport.write(association.send(given))

    return speak


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ILL: dict[str, tuple[Wire, Callable[[Ill, bytes], None], str]] = {
    "a PDU without end": (Wire.Z3950, without_end(b"\x04\x82\xff\xff" + b"x" * 65_535, b"\xb5\x80"), "octets"),
    "elements without end": (Wire.Z3950, without_end(b"\x04\x01x" * 100, b"\xb5\x80"), "elements"),
    "parts in each other without end": (Wire.Z3950, without_end(b"\x30\x80" * 100, b"\xb5\x80"), "open lengths"),
    "an Init drop by drop": (Wire.Z3950, drop_by_drop(b"\xb5\x82\x10\x00" + b"x" * 5_000), "no answer within"),
    "an HTTP answer drop by drop": (Wire.SRU, drop_by_drop(CHUNKED + b"1\r\nx\r\n" * 5_000), "no answer within"),
    "a body without end": (Wire.SRU, without_end(b"10000\r\n" + b"x" * 65_536 + b"\r\n", CHUNKED), "octets"),
    "headers without end": (Wire.SRU, without_end(b"X-A: b\r\n" * 1_000, b"HTTP/1.1 200 OK\r\n"), "no answer within"),
}


@pytest.mark.parametrize("case", ILL)
def test_an_answer_that_never_ends_is_cut_off_and_told(case: str) -> None:
    kind, speak, words = ILL[case]
    with ill(speak) as (port, _lines):
        found = asked(target(port, kind, timeout=Seconds(1.0)))
    assert words in found.failure
    assert (found.hits, found.documents) == (0, [])


@pytest.mark.parametrize(
    ("kind", "said"),
    [(Wire.Z3950, b"\xb5\x82\x10\x00"), (Wire.SRU, b"HTTP/1.1 200 OK\r\n"), (Wire.SRU, CHUNKED + b"1\r\nx\r\n")],
)
def test_who_falls_silent_is_hung_up_on(kind: Wire, said: bytes) -> None:
    def speak(line: Ill, _data: bytes) -> None:
        line.transport.write(said)

    with capturedLogs() as events, ill(speak) as (port, lines):
        asked(target(port, kind, timeout=Seconds(0.5)))
        await_(lines[0].gone)
    assert [each["log_failure"] for each in events if "log_failure" in each] == []


def test_what_comes_while_a_thread_reads_is_read_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way: list[tuple[bytes, Deferred[bytes]]] = []

    def in_thread(_function: object, data: bytes) -> Deferred[bytes]:
        under_way.append((data, Deferred()))
        return under_way[-1][1]

    monkeypatch.setattr(asking, "deferToThread", in_thread)
    retrieval = z3950.Retrieval(z3950.Wish("zola"))
    line = asking._Line(retrieval)
    transport = StringTransport()
    line.makeConnection(transport)
    for piece in (b"a", b"b", b"c"):  # as TLS hands over one record after the other of what it has read
        line.dataReceived(piece)
    assert [data for data, _ in under_way] == [b"a"]
    under_way[0][1].callback(b"")
    assert ([data for data, _ in under_way], transport.producerState) == ([b"a", b"bc"], "paused")
    line.connectionLost()
    assert not line.done.called
    under_way[1][1].callback(b"")
    assert (line.done.called, retrieval.result.failure) == (True, "the target hung up")


def test_records_in_segments_and_fragments_are_those_that_come_whole(secured: tuple[int, str]) -> None:
    zola = Question(Form.CQL, "dc.creator=zola")
    whole, small, tiny = (
        asked(target(secured[0], tls=True, authority=secured[1], message_size=Count(size)), zola)
        for size in (1 << 20, 2_000, 500)
    )
    assert max(map(len, whole.documents)) > 2_000
    assert (small.documents, small.failure) == (tiny.documents, tiny.failure) == (whole.documents, "")


def test_one_that_means_ill_keeps_no_other_from_being_asked(secured: tuple[int, str]) -> None:
    good = target(secured[0], tls=True, authority=secured[1], name="good")
    with ill(without_end(b"\x04\x7f" + b"x" * 127, b"\xb5\x80")) as (port, _lines):
        first, second = await_(ask_all(reactor, [target(port, name="bad"), good], GERMINAL, {}))
    assert (first.target.name, bool(first.failure)) == ("bad", True)
    assert (second.hits, second.failure) == (1, "")


def test_what_came_before_the_deadline_is_kept() -> None:
    def speak(line: Ill, data: bytes) -> None:
        if len(line.said) < 4:  # Init, Search, one Present; then silence
            talking(line, data)

    talking = answering_present(b"a record", hits=5)
    with ill(speak) as (port, _lines):
        found = asked(target(port, timeout=Seconds(1.0)))
    assert (found.documents, found.failure) == ([b"a record"], "no answer within 1 s")


def test_records_that_are_giants_stop_the_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(z3950, "MAX_OCTETS", 100_000)
    with ill(answering_present(b"x" * 60_000, hits=2_000_000_000)) as (port, _lines):
        found = asked(target(port), Question(Form.CQL, "zola", most=100))
    assert (len(found.documents), "octets of records" in found.failure) == (1, True)


def test_a_target_that_gives_more_than_was_asked_for_is_taken_at_its_first_words() -> None:
    with ill(answering_present(b"a record", hits=3, times=50)) as (port, _lines):
        found = asked(target(port))
    assert len(found.documents) <= 5


def test_what_strangers_send_is_read_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    where = []

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def reading(*args: Any) -> Any:
            where.append(isInIOThread())
            return function(*args)

        return reading

    monkeypatch.setattr(z3950.Retrieval, "receive", watched(z3950.Retrieval.receive))
    monkeypatch.setattr(sru, "read", watched(sru.read))
    with ill(answering_present(b"a record")) as (port, _lines):
        asked(target(port))

    def page(line: Ill, _data: bytes) -> None:
        line.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<x/>")

    with ill(page) as (port, _lines):
        asked(target(port, Wire.SRU))
    assert len(where) >= 4
    assert not any(where)


def test_an_sru_target_is_told_who_asks(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("pass:word\n")

    def page(line: Ill, _data: bytes) -> None:
        line.transport.write(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")

    with ill(page) as (port, lines):
        found = asked(target(port, Wire.SRU, user="lens", password_file=str(password)))
    credentials = b64encode(b"lens:pass:word")
    assert b"Authorization: Basic " + credentials in b"".join(lines[0].said)
    assert (found.failure, "pass:word" in f"{found}") == ("the target's server said 401", False)
