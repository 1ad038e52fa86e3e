"""The NCIP kit: ours passes it, and it fails who should fail, in either role."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.threads import deferToThread

from conformance.checks import Row, guarded
from conformance.ncip.command import CHECKS, KIT
from conformance.ncip.initiator import HEARD, heard_results
from conformance.ncip.judge import judge, texts
from conformance.ncip.listener import Ear, listen
from conformance.ncip.replies import reply
from conformance.ncip.session import Answer, Session
from conformance.ncip.smallest import smallest
from conformance.ncip.transport import SOON
from conformance.results import Failed, Outcome
from protocols.ncip import Envelope, Received, read, write
from protocols.ncip.base import Initiation
from protocols.ncip.messages import MESSAGES
from protocols.ncip.problems import SERVICES
from protocols.xmlsafe import parse
from server.ncip.responder import NOBODY
from server.ncip.web import TOO_LARGE, NcipPage
from server.web import make_site
from storage.circulation.ill.machine import TELLS, TELLS_IF_WANTED
from tests.protocols.ncip.strategies import elements, ncip_messages
from tests.server.ncip.partner import PARTNER, US, PartnerCase, lookup_item, message

ROOT: Final = Path(__file__).parents[3]


class OurselvesTests(PartnerCase):
    timeout = 120

    async def serve(self, responder: Any = None) -> str:
        site = make_site(
            {"ncip": NcipPage(responder or self.responder)}, lambda: True, reactor, limit=1 << 20, too_large=TOO_LARGE
        )
        port: Any = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(site)
        self.addCleanup(port.stopListening)
        return f"http://127.0.0.1:{port.getHost().port}/ncip"

    async def test_our_responder_passes_every_check(self) -> None:
        session = Session(await self.serve(), PARTNER, US, None, "R1", "1234", ("I1", "I2"))
        session.patience = 60.0
        results = await deferToThread(lambda: list(CHECKS.run(session)))
        failed = {result.name: result.detail for result in results if result.outcome is not Outcome.PASSED}
        assert failed == {}
        assert len(results) == len(CHECKS)

    async def test_what_is_wrong_is_told_by_the_check_that_asks_for_it(self) -> None:
        for sin, (spoil, names) in SINS.items():
            session = Session(
                await self.serve(Sinner(self.responder, spoil)), PARTNER, US, None, "R1", "1234", ("I1", "I2")
            )
            rows = [row for row in CHECKS if row.name in names]
            assert len(rows) == len(names), sin
            found = await deferToThread(judged, rows, session)
            for name, (outcome, detail) in found.items():
                assert (outcome, bool(detail)) == (Outcome.FAILED, True), (sin, name, outcome, detail)


def judged(rows: list[Row[Callable[[Session], None]]], session: Session) -> dict[str, tuple[Outcome, str]]:
    return {row.name: guarded(row.look, session) for row in rows}


class Sinner:
    """Our responder, whose answers are spoilt."""

    ready = True

    def __init__(self, responder: Any, spoil: Callable[[bytes, bytes], bytes]) -> None:
        self._responder = responder
        self._spoil = spoil

    def answer(self, body: bytes, charset: str | None = None, peer: Any = NOBODY) -> Deferred[bytes]:
        answering: Deferred[bytes] = self._responder.answer(body, charset, peer)
        return answering.addCallback(lambda answer: self._spoil(body, answer))


_counter = count()


def _replaced(before: str, after: str) -> Callable[[bytes, bytes], bytes]:
    return lambda _asked, answer: re.sub(before.encode(), after.encode(), _unprefixed(answer))


def _unprefixed(answer: bytes) -> bytes:
    bare = answer.replace(b"<ns1:", b"<").replace(b"</ns1:", b"</")
    return (
        bare.replace(b" xmlns:ns1=", b' xmlns="http://www.niso.org/2008/ncip" xmlns:ns1=') if bare != answer else answer
    )


def _names_the_reader(_asked: bytes, answer: bytes) -> bytes:
    answer = _unprefixed(answer)
    name = b"<UserOptionalFields><NameInformation><PersonalNameInformation><UnstructuredPersonalUserName>X"
    ends = b"</UnstructuredPersonalUserName></PersonalNameInformation></NameInformation></UserOptionalFields>"
    return answer.replace(b"</LookupUserResponse>", name + ends + b"</LookupUserResponse>")


_LOOKED_UP = (
    b'<n:NCIPMessage xmlns:n="http://www.niso.org/2008/ncip" n:version="x"><n:LookupUserResponse><n:UserId>'
    b"<n:UserIdentifierValue>R1</n:UserIdentifierValue></n:UserId></n:LookupUserResponse></n:NCIPMessage>"
)

SINS: dict[str, tuple[Callable[[bytes, bytes], bytes], set[str]]] = {
    "no header": (_replaced("<ResponseHeader>.*</ResponseHeader>", ""), {"header.swapped", "header.systems", "header.scheme"}),
    "unswapped": (_replaced("(<AgencyId>)(.*?)(</AgencyId>.*?<AgencyId>)(.*?)(</AgencyId>)", r"\\1\\4\\3\\2\\5"), {"header.swapped"}),
    "typing error": (_replaced("Unknown User", "Unkown User"), {"problem.user", "unknown.LookupUser", "loan.unknown-user"}),
    "no scheme": (_replaced("<ProblemType [^>]*>", "<ProblemType>"), {"service.LookupItem", "unknown.CheckInItem", "problem.item"}),
    "says what was typed": (lambda asked, answer: answer + b"<!--" + asked.replace(b"--", b"") + b"-->", {"header.secret"}),
    "tells names": (_names_the_reader, {"user.nothing", "user.UserId", "user.BlockOrTrap"}),
    "answers anew": (lambda _asked, answer: answer + b"<!-- %d -->" % next(_counter), {f"once.{n}" for n in ("checkout", "checkin", "renew", "request", "cancel", "accept")}),
    "never lent": (_replaced("On Loan", "Available On Shelf"), {"loan.status", "loan.mandated"}),
    "always lent": (_replaced("Available On Shelf", "On Loan"), {"loan.status", "loan.undo"}),
    "own words": (_replaced("Available On Shelf", "In"), {"item.status"}),
    "local dates": (_replaced("(DateDue>[^<]*)Z<", r"\\1+01:00<"), {"loan.utc"}),
    "token 0": (_replaced("<NextItemToken>.*?<", "<NextItemToken>0<"), {"set.pages"}),
    "no rest": (_replaced("<NextItemToken>.*?</NextItemToken>", ""), {"set.pages"}),
    "says Problem": (_replaced("<LookupItemResponse>", "<!-- no Problem --><LookupItemResponse>"), {"problem.quiet"}),
    "one prefix": (_replaced("z7c1b", "ns1"), {"release.prefix"}),
    "one release": (_replaced("v2_01?/", "v2_02/"), {"release.2.0", "release.2.01"}),
    "believes": (lambda _asked, answer: answer if b"authentic" not in answer.lower() or b"LookupUser" not in answer else _LOOKED_UP, {"problem.pin", "user.pin-empty"}),
    "leaves items": (_replaced("Unknown Item", "Item Access Denied"), {"accept.gone", "problem.item", "loan.unknown-item", "set.partly"}),
    "expands": (lambda _asked, answer: _unprefixed(answer).replace(b"<ProblemDetail>", b"<ProblemDetail>7c1b-expanded root:x:0:0 "), {"hostile.entity", "hostile.file"}),
    "tells its insides": (lambda _asked, answer: _unprefixed(answer).replace(b"<ProblemDetail>", b"<ProblemDetail>Traceback "), {"hostile.truncated"}),
}  # fmt: skip
"""What a responder may do wrong: how, and the checks that must see it."""


PATIENCE: Final = 4


class Broken(BaseHTTPRequestHandler):
    """A server of one line at a time that works (it says), fetches what it is told to, and takes its time once."""

    protocol_version = "HTTP/1.1"
    slept = False

    def do_GET(self) -> None:
        self.say(500)

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        for where in re.findall(rb'SYSTEM "(http://127[^"]*)"', body):
            urllib.request.urlopen(where.decode(), timeout=0.2).close()
        if not Broken.slept:
            Broken.slept = True
            time.sleep(SOON * PATIENCE + 0.1)  # The slowness itself is what the kit has to tell.
        self.say(200)

    def say(self, status: int) -> None:
        body = b"<html>It works!</html>"
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        with contextlib.suppress(OSError, ValueError, TypeError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's)
        """Write nothing."""


@contextmanager
def broken() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Broken) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/ncip"
        finally:
            server.shutdown()
            serving.join()


def test_a_broken_responder_fails_every_check(tmp_path: Path) -> None:
    with broken() as url:
        given = [
            "--user",
            "R1",
            "--pin",
            "1234",
            "--item",
            "I1",
            "--item",
            "I2",
            "--report",
            str(tmp_path / "found.json"),
        ]
        assert KIT.main([url, *given, "--patience", str(PATIENCE)]) == 1
    results = json.loads((tmp_path / "found.json").read_text())["results"]
    assert {each["name"] for each in results if each["outcome"] != Outcome.FAILED} == set()
    assert len(results) == len(CHECKS)


@settings(derandomize=True, deadline=None, max_examples=80)
@given(ncip_messages(), st.sampled_from(["ns1", ""]))
def test_what_our_writer_writes_is_valid_to_the_judge(sent: Any, prefix: str) -> None:
    assert judge(write(sent, Envelope(prefix=prefix))) == []


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("<ItemId>", "<Frob/><ItemId>", "holds Frob"),
        ("<ItemIdentifierValue>I1</ItemIdentifierValue>", "", "lacks ItemIdentifierValue"),
        (' version="2.02"', "", "version is missing"),
        ("</LookupItem>", "<ItemId><ItemIdentifierValue>1</ItemIdentifierValue></ItemId></LookupItem>", "twice"),
        ("</LookupItem>", "<CurrentBorrowerDesired>x</CurrentBorrowerDesired></LookupItem>", "not empty"),
        ("<ItemId>", "<CurrentBorrowerDesired/><ItemId>", "stands after"),
        ("LookupItem", "Frob", "no message"),
        ("2008/ncip", "2009/ncip", "namespace"),
        ("</NCIPMessage>", "", "not well-formed"),
    ],
)
def test_the_judge_says_what_is_wrong(before: str, after: str, fault: str) -> None:
    document = lookup_item("I1").decode().replace(before, after)
    if "version" not in fault:
        document = document.replace(' version="2.02"', ' xmlns:n="http://www.niso.org/2008/ncip" n:version="2.02"')
    assert any(fault in each for each in judge(document.encode())), judge(document.encode())


def test_dates_and_numbers_have_their_form() -> None:
    body = message("LookupItemSet", "<HoldingsSetId>1</HoldingsSetId><MaximumItemsCount>many</MaximumItemsCount>")
    assert any("no number" in fault for fault in judge(body))
    body = message("ItemReceived", "<ItemId/><DateReceived>yesterday</DateReceived>")
    assert any("no dateTime" in fault for fault in judge(body))


INITIATIONS = [name for name, cls in MESSAGES.items() if issubclass(cls, Initiation) and name != "LookupVersion"]


def test_the_smallest_message_of_each_service_is_valid() -> None:
    asked = Session("http://x/", "FR-A", "FR-B")
    for name in INITIATIONS:
        made = smallest(name, asked.header)
        assert (made.service, judge(write(made))) == (name, [])


@settings(derandomize=True, deadline=None, max_examples=80)
@given(st.sampled_from(INITIATIONS).flatmap(lambda name: elements(MESSAGES[name])))
def test_the_kit_answers_every_initiation_as_the_schema_demands(asked: Any) -> None:
    ear = Ear()
    _, answer = ear.take(write(asked), "application/xml", 0.0)
    assert judge(answer) == []
    assert found(ear)["initiator.valid"] is Outcome.PASSED


def found(ear: Ear, to: str = "FR-X") -> dict[str, Outcome]:
    return {result.name: result.outcome for result in heard_results(ear.heard, to)}


def test_the_kit_lets_an_initiator_go_on() -> None:
    for service in {*TELLS.values(), *TELLS_IF_WANTED.values(), "LookupRequest"} - {"RequestItem"}:
        answer = reply(smallest(service, Session("http://x/", "FR-A", "FR-B").header))
        assert (answer.service, getattr(answer, "problem", ())) == (service, ())
    _, told = Ear().take(request_item(), XML, 0.0)
    assert b"RequestItemResponse" in told
    assert b"Problem" not in told


def request_item(number: str = "q1", more: str = "") -> bytes:
    request = f"<RequestId><AgencyId>{PARTNER}</AgencyId><RequestIdentifierValue>{number}</RequestIdentifierValue></RequestId>"
    return message(
        "RequestItem",
        "<UserId><UserIdentifierValue>R1</UserIdentifierValue></UserId><ItemId><ItemIdentifierValue>I1</ItemIdentifierValue></ItemId>"
        f"{request}<RequestType>Loan</RequestType><RequestScopeType>Item</RequestScopeType>{more}",
    ).replace(
        b' version="2.02"',
        b' xmlns:n="http://www.niso.org/2008/ncip" n:version="http://www.niso.org/schemas/ncip/v2_02/ncip_v2_02.xsd"',
    )


def shipped(number: str = "q1") -> bytes:
    return request_item(number).replace(b"RequestItem>", b"ItemReceived>")


XML = "application/xml"
HEARINGS: dict[str, tuple[list[tuple[bytes, str]], str]] = {
    "no XML": ([(b"<a>", XML)], "initiator.message"),
    "a response": ([(write(reply(MESSAGES["ItemShipped"]())), XML)], "initiator.message"),  # type: ignore[arg-type]
    "invalid": ([(request_item(more="<Frob/>"), XML)], "initiator.valid"),
    "no header": ([(message("ItemReceived", head=""), XML)], "initiator.header"),
    "for others": ([(request_item().replace(US.encode(), b"FR-Y"), XML)], "initiator.to"),
    "as text": ([(request_item(), "text/plain")], "initiator.media-type"),
    "odd version": ([(message("LookupItem"), XML)], "initiator.version"),
    "local dates": ([(request_item(more="<NeedBeforeDate>2026-12-01T12:00:00</NeedBeforeDate>"), XML)], "initiator.utc"),
    "another list": ([(request_item().replace(b"<RequestType>", b'<RequestType n:Scheme="urn:x">'), XML)], "initiator.schemes"),
    "no request id": ([(message("RequestItem"), XML)], "initiator.request-id"),
    "another type": ([(request_item().replace(b">Loan<", b">Frob<"), XML)], "initiator.request-type"),
    "done twice": ([(request_item(), XML)] * 2, "initiator.once"),
}  # fmt: skip


@pytest.mark.parametrize("case", HEARINGS)
def test_an_initiator_that_is_wrong_is_told_so(case: str) -> None:
    came, name = HEARINGS[case]
    ear = Ear()
    for body, media_type in came:
        _, answer = ear.take(body, media_type, 0.0)
        assert isinstance(read(answer), Received)
    assert found(ear, US)[name] is Outcome.FAILED


def test_a_good_initiator_passes_whatever_becomes_of_its_messages() -> None:
    ear = Ear(unruly=True)
    treated = [ear.take(request_item(), XML, 10.0 * n)[0].name for n in range(4)]
    assert treated == ["LOST", "REFUSED", "BROKEN", "ANSWERED"]
    outcomes = found(ear, US)
    assert set(outcomes) == {row.name for row in HEARD}
    assert {name for name, outcome in outcomes.items() if outcome is not Outcome.PASSED} == set()


@pytest.mark.parametrize(
    ("later", "name"),
    [
        ([], "initiator.again"),
        (
            [(request_item(more="<EarliestDateNeeded>2026-12-01T12:00:00Z</EarliestDateNeeded>"), 10.0)],
            "initiator.same",
        ),
        ([(request_item(), 0.1)], "initiator.pause"),
        ([(shipped(), 10.0)], "initiator.order"),
    ],
)
def test_an_initiator_that_gives_up_or_hurries_is_told_so(later: list[tuple[bytes, float]], name: str) -> None:
    ear = Ear(unruly=True)
    for body, at in [(request_item(), 0.0), *later]:
        ear.take(body, XML, at)
    assert found(ear, US)[name] is Outcome.FAILED


def test_what_nothing_came_of_is_not_applicable() -> None:
    assert set(found(Ear()).values()) == {Outcome.NOT_APPLICABLE}


@contextmanager
def heard_by(ear: Ear) -> Iterator[Session]:
    """Have the kit listen; give who asks it."""
    ports: list[int] = []
    ready, over = threading.Event(), threading.Event()

    def told(port: int) -> None:
        ports.append(port)
        ready.set()

    listening = threading.Thread(target=listen, args=(0, ear, None, told, over))
    listening.start()
    try:
        assert ready.wait(5)
        yield Session(f"http://127.0.0.1:{ports[0]}/", PARTNER, US)
    finally:
        over.set()
        listening.join()


def test_the_kit_listens_and_answers_several_lines_at_once() -> None:
    ear = Ear()
    with heard_by(ear) as session:
        idle, line = session.line(), session.line()
        for _ in range(2):
            assert session.on(line, "POST", lookup_item("I1"), Content_Type=XML).content.name == "LookupItemResponse"
        idle.close()
        line.close()
    assert len(ear.heard) == 2


@pytest.mark.parametrize(("length", "status"), [("-1", 411), ("many", 411), ("", 411), (str(1 << 40), 413)])
def test_the_kit_takes_in_no_more_than_it_is_told_of(length: str, status: int) -> None:
    ear = Ear()
    with heard_by(ear) as session:
        assert session.request("POST", b"", Content_Length=length).status == status
    assert ear.heard == []


def test_the_kit_says_that_a_port_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit) as ended:
        KIT.main(["--listen", str(taken.getsockname()[1])])
    assert ended.value.code == 2
    assert "cannot listen" in capsys.readouterr().err


class Noted(Session):
    """Is answered by one and the same, and notes what was asked."""

    asked: ClassVar[list[bytes]] = []
    answer: ClassVar[str] = ""

    def post(self, body: bytes, _media_type: str = XML) -> Answer:
        self.asked.append(body)
        return Answer(
            200, f'<NCIPMessage xmlns="http://www.niso.org/2008/ncip">{self.answer}</NCIPMessage>'.encode(), 0
        )


@pytest.mark.parametrize(
    ("name", "service", "back"),
    [("loan.answer", "CheckOutItem", "CheckInItem"), ("loan.unknown-user", "CheckOutItem", "CheckInItem"),
     ("hold.answer", "RequestItem", "CancelRequestItem"), ("accept.answer", "AcceptItem", "DeleteItem"),
     ("accept.unknown-user", "AcceptItem", "DeleteItem")],
)  # fmt: skip
def test_what_was_done_is_undone_though_the_answer_is_wrong_and_nothing_is_that_was_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, service: str, back: str
) -> None:
    (row,) = (row for row in CHECKS if row.name == name)
    for answer, undone in (("", True), ("<Problem><ProblemType>No</ProblemType></Problem>", False)):
        monkeypatch.setattr(Noted, "answer", f"<{service}Response>{answer}</{service}Response>")
        asked: list[bytes] = []
        monkeypatch.setattr(Noted, "asked", asked)
        outcome, _ = guarded(row.look, Noted("http://x/", PARTNER, US, user="R1", items=("I1", "I2")))
        assert outcome is Outcome.FAILED
        assert any(f":{back}>".encode() in body or f"<{back}>".encode() in body for body in asked) is undone


def test_a_secret_is_written_as_text() -> None:
    session = Session("http://x/", PARTNER, US, secret="<&>")
    assert texts(parse(session.raw("LookupItem")).root, "FromAgencyAuthentication") == ["<&>"]


def test_an_answer_that_does_not_end_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.ncip.session._LONGEST", 20)
    with broken() as url, pytest.raises(Failed, match="more than 20 octets"):
        Session(url, PARTNER, US).post(b"")


def test_the_page_of_checks_is_as_the_kit_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert KIT.main(["--list"]) == 0
    page = (ROOT / "docs" / "reference" / "ncip-checks.md").read_text()
    assert page == capsys.readouterr().out, "python -m conformance ncip --list > docs/reference/ncip-checks.md"
    assert len({row.name for row in CHECKS}) == len(CHECKS)
    assert {name.partition(".")[2] for name in (row.name for row in CHECKS) if name.startswith("service.")} == set(
        SERVICES
    ) - {"LookupVersion"}


@pytest.mark.parametrize(
    "wrong", [[], ["ftp://x/"], ["http://x/", "--report", "x.txt"], ["http://x/", "--schemas", "/nowhere"]]
)
def test_the_command_says_what_it_wants(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        KIT.main(wrong)
    assert ended.value.code == 2
    assert "error" in capsys.readouterr().err


def test_a_line_that_is_not_there_fails_the_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert KIT.main(["http://127.0.0.1:1/", "--json"]) == 1
    results = json.loads(capsys.readouterr().out)["results"]
    assert {each["outcome"] for each in results} <= {"failed", "not applicable"}
