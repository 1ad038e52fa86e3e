"""The web listener: our resources and nothing else, limits, and NCIP over HTTP."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from lxml import etree
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import Agent, FileBodyProducer
from twisted.web.http_headers import Headers

from server.metrics import BUCKETS, Metrics
from server.ncip.web import TOO_LARGE, TOO_MANY, NcipPage
from server.web import Bounds, Site, make_site
from tests.server.ncip.partner import Answer, PartnerCase, check_out, lookup_item, message, user

LIMIT = 4000
XML = "application/xml; charset=utf-8"


class Echo:
    """A responder that answers what it was given, when it is told to."""

    def __init__(self) -> None:
        self.ready = True
        self.given: list[tuple[bytes, str | None]] = []
        self.held: list[Deferred[bytes]] = []
        self.holds = False

    def answer(self, body: bytes, charset: str | None = None, peer: object = None) -> Deferred[bytes]:
        self.given.append((body, charset))
        answering: Deferred[bytes] = Deferred()
        if self.holds:
            self.held.append(answering)
        else:
            answering.callback(b"<answer/>")
        return answering


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    if body or method == "POST":
        headers.setdefault("Content_Length", str(len(body)))
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Reply:
    """An HTTP response taken apart."""

    def __init__(self, octets: bytes) -> None:
        head, _, self.body = octets.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


class SiteTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.echo = Echo()
        self.metrics = Metrics()
        self.is_ready = True
        self.site = self.make()

    def make(self) -> Site:
        page = NcipPage(self.echo)
        site = make_site(
            {"ncip": page},
            lambda: self.is_ready,
            self.clock,
            limit=LIMIT,
            too_large=TOO_LARGE,
            metrics=self.metrics,
        )
        site.startFactory()
        self.addCleanup(site.stopFactory)
        return site

    def connect(self) -> tuple[Any, StringTransportWithDisconnection]:
        channel: Any = self.site.buildProtocol(None)
        transport = StringTransportWithDisconnection()
        transport.protocol = channel
        channel.makeConnection(transport)
        return channel, transport

    def ask(self, octets: bytes) -> Reply:
        channel, transport = self.connect()
        channel.dataReceived(octets)
        return Reply(transport.value())

    def post(self, body: bytes, **headers: str) -> Reply:
        return self.ask(request("POST", "/ncip", body, **headers))

    def test_the_first_page_tells_what_is_there(self) -> None:
        reply = self.ask(request("GET", "/"))
        assert reply.status == 200
        assert reply.headers["content-type"] == "text/html; charset=utf-8"
        for name in (b"/ncip", b"/healthz", b"/readyz", b"/metrics"):
            assert b'href="' + name + b'"' in reply.body
        assert reply.headers["content-security-policy"] == "default-src 'none'"

    def test_health_and_readiness_are_two_things(self) -> None:
        assert self.ask(request("GET", "/healthz")).status == 200
        assert self.ask(request("GET", "/readyz")).status == 200
        self.is_ready = False
        assert self.ask(request("GET", "/healthz")).status == 200
        reply = self.ask(request("GET", "/readyz"))
        assert (reply.status, reply.body) == (503, b"not ready\n")

    def test_figures_are_written_for_prometheus(self) -> None:
        self.metrics.count("refusals", "sip2", "wrong-pin")
        self.metrics.observe("ncip", "LookupUser", 0.0003)
        self.metrics.observe("ncip", "LookupUser", 99)
        text = self.ask(request("GET", "/metrics")).body.decode()
        assert 'bibliobus_refusals_total{protocol="sip2",reason="wrong-pin"} 1.0' in text
        assert 'bibliobus_message_seconds_bucket{le="0.00025",message="LookupUser",protocol="ncip"} 0.0' in text
        assert 'bibliobus_message_seconds_bucket{le="0.0005",message="LookupUser",protocol="ncip"} 1.0' in text
        assert 'bibliobus_message_seconds_count{message="LookupUser",protocol="ncip"} 2.0' in text
        assert "python_info" not in text

    def test_nothing_else_is_served_and_no_version_told(self) -> None:
        for path in (
            "/x",
            "/ncip/x",
            "/..",
            "/%2e%2e/etc/passwd",
            "/ncip/../healthz/x",
            "/healthz/.",
            "/metrics?",
        ):
            reply = self.ask(request("GET", path))
            assert reply.status == (200 if path == "/metrics?" else 404), path
        for path in ("/", "/ncip", "/nothing"):
            for method in ("GET", "POST", "DELETE", "TRACE"):
                octets = request(method, path, b"x" if method == "POST" else b"")
                reply = self.ask(octets)
                assert "server" not in reply.headers
                assert b"wisted" not in reply.body
                assert reply.headers["x-content-type-options"] == "nosniff"

    def test_other_methods_are_refused(self) -> None:
        for path in ("/", "/healthz", "/metrics"):
            reply = self.ask(request("PUT", path, b"x"))
            assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")
        reply = self.ask(request("PUT", "/ncip", b"x"))
        assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, POST")
        assert Answer(reply.body).problems == [("Protocol Error", "NCIPMessage")]

    def test_head_has_the_head_of_get(self) -> None:
        for path in ("/", "/ncip", "/healthz"):
            got, headed = self.ask(request("GET", path)), self.ask(request("HEAD", path))
            assert headed.body == b""
            assert {**headed.headers, "date": ""} == {**got.headers, "date": ""}

    def test_get_on_ncip_tells_whether_questions_are_answered(self) -> None:
        assert self.ask(request("GET", "/ncip")).status == 200
        self.echo.ready = False
        assert self.ask(request("GET", "/ncip")).status == 503

    def test_a_message_is_taken_under_any_media_type(self) -> None:
        for kind in (XML, "text/xml", "application/x-www-form-urlencoded", "text/plain", "application/json", "x", ""):
            reply = self.post(b"\xef\xbb\xbf <a/>", Content_Type=kind)
            assert (reply.status, reply.headers["content-type"], reply.body) == (200, XML, b"<answer/>"), kind
        assert self.ask(b"POST /ncip HTTP/1.0\r\nContent-Length: 4\r\n\r\n<a/>").status == 200
        assert len(self.echo.given) == 8

    def test_the_charset_goes_with_the_body_when_it_is_one_of_ours(self) -> None:
        for parameter in ("charset=ISO-8859-1", 'Charset="utf-8"', "charset=klingon", ""):
            self.post(b"<a/>", Content_Type=f"text/xml; {parameter}")
        assert [charset for _, charset in self.echo.given] == ["ISO-8859-1", "utf-8", None, None]

    def test_a_message_in_a_form_is_found(self) -> None:
        for body in (b"xml=%3Ca%3E%26%3C%2Fa%3E", b"x=1&XForms%3AModel=%3Ca%3E%26%3C%2Fa%3E"):
            self.post(body, Content_Type="application/x-www-form-urlencoded")
            assert self.echo.given.pop()[0] == b"<a>&</a>"
        for odd in (b"\xff=1", b"a=1", b"&".join(b"a=1" for _ in range(50)), b""):
            assert self.post(odd, Content_Type="application/x-www-form-urlencoded").status == 200
            assert self.echo.given.pop()[0] == odd

    def test_what_cannot_be_xml_is_refused_with_a_problem(self) -> None:
        for headers in ({"Content_Type": "application/json"}, {"Content_Encoding": "gzip", "Content_Type": XML}):
            reply = self.post(b"{}", **headers)
            assert reply.status == 415
            assert Answer(reply.body).problems == [("Invalid Message Syntax Error", "NCIPMessage")]
        assert self.echo.given == []

    def test_too_much_is_refused_when_it_is_announced(self) -> None:
        channel, transport = self.connect()
        channel.dataReceived(request("POST", "/ncip", Content_Length=str(2**40), Expect="100-continue"))
        reply = Reply(transport.value())
        assert (reply.status, reply.headers["connection"]) == (413, "close")
        assert Answer(reply.body).problems == [("Invalid Message Syntax Error", "NCIPMessage")]
        for _ in range(100):
            if transport.connected:
                channel.dataReceived(b"x" * 1000)
        assert not transport.connected
        assert self.echo.given == []

    def test_too_much_is_refused_when_it_has_come(self) -> None:
        channel, transport = self.connect()
        channel.dataReceived(
            request("POST", "/ncip", Transfer_Encoding="chunked", Content_Length="").replace(
                b"Content-Length: \r\n", b""
            )
        )
        channel.dataReceived(b"1000\r\n" + b"<" * 0x1000 + b"\r\n")
        assert Reply(transport.value()).status == 413
        channel.dataReceived(b"0\r\n\r\n")
        assert not transport.connected
        assert self.echo.given == []

    def test_the_limit_itself_is_allowed_and_a_wish_to_continue_is_granted(self) -> None:
        channel, transport = self.connect()
        body = b"<" * LIMIT
        channel.dataReceived(request("POST", "/ncip", Content_Length=str(LIMIT), Expect="100-continue"))
        assert transport.value().startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        transport.clear()
        channel.dataReceived(body)
        assert Reply(transport.value()).status == 200
        assert self.echo.given == [(body, None)]

    def test_a_partner_that_hangs_up_gets_no_answer_and_does_no_harm(self) -> None:
        self.echo.holds = True
        channel, transport = self.connect()
        channel.dataReceived(request("POST", "/ncip", b"<a/>"))
        channel.connectionLost(Failure(ConnectionDone()))
        self.echo.held[0].callback(b"<answer/>")
        assert transport.value() == b""
        assert self.flushLoggedErrors() == []

    def test_questions_on_one_connection_are_answered_in_order(self) -> None:
        self.echo.holds = True
        channel, transport = self.connect()
        channel.dataReceived(request("POST", "/ncip", b"<a/>") + request("POST", "/ncip", b"<b/>"))
        assert [body for body, _ in self.echo.given] == [b"<a/>"]
        self.echo.held[0].callback(b"<first/>")
        self.echo.held[1].callback(b"<second/>")
        assert transport.value().index(b"<first/>") < transport.value().index(b"<second/>")

    def test_a_silent_connection_is_closed(self) -> None:
        _, transport = self.connect()
        self.clock.advance(61)
        assert not transport.connected

    def test_there_are_so_many_connections_and_no_more_until_one_ends(self) -> None:
        self.site.bounds = Bounds(connections=2)
        first, _ = self.connect()
        self.connect()
        assert self.site.buildProtocol(None) is None
        first.connectionLost(Failure(ConnectionDone()))
        channel, transport = self.connect()
        channel.dataReceived(request("GET", "/healthz"))
        assert Reply(transport.value()).status == 200

    def test_a_request_that_does_not_come_in_time_is_cut_off(self) -> None:
        channel, transport = self.connect()
        head = request("POST", "/ncip", Content_Length="40")
        channel.dataReceived(head)
        for _ in range(29):
            self.clock.advance(1)
            channel.dataReceived(b"<")
        assert transport.connected
        self.clock.advance(1)
        assert (transport.connected, self.site.held, self.site.connections) == (False, 0, 0)

    def test_a_request_that_came_in_time_may_be_answered_late(self) -> None:
        self.echo.holds = True
        channel, transport = self.connect()
        channel.dataReceived(request("POST", "/ncip", b"<a/>"))
        self.clock.advance(31)
        self.echo.held[0].callback(b"<answer/>")
        assert Reply(transport.value()).body == b"<answer/>"
        assert self.site.held == 0

    def test_bodies_under_way_share_one_budget(self) -> None:
        self.site.bounds = Bounds(bodies=100)
        self.site.too_many = TOO_MANY
        half = request("POST", "/ncip", b"", Content_Length="80")
        first, _ = self.connect()
        first.dataReceived(half + b"<" * 60)
        second, transport = self.connect()
        second.dataReceived(half + b"<" * 60)
        refused = Reply(transport.value())
        assert refused.status == 503
        assert b"Temporary Processing Failure" in refused.body
        assert self.site.held == 60
        first.connectionLost(Failure(ConnectionDone()))
        assert self.site.held == 0
        third, transport = self.connect()
        third.dataReceived(half + b"<" * 80)
        assert Reply(transport.value()).status == 200

    def test_no_access_log_is_kept(self) -> None:
        self.site.log(object())
        assert self.site.displayTracebacks is False


class Body(Protocol):
    """Collects the body of a response."""

    def __init__(self, response: Any) -> None:
        self.parts: list[bytes] = []
        self.whole: Deferred[bytes] = Deferred()
        response.deliverBody(self)

    def dataReceived(self, data: bytes) -> None:
        self.parts.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.whole.callback(b"".join(self.parts))


class HttpTests(PartnerCase):
    """The same over a real socket, with a real store behind."""

    def setUp(self) -> None:
        super().setUp()
        self.agent = Agent(reactor)

    async def serve(self) -> str:
        site = make_site(
            {"ncip": NcipPage(self.responder)},
            lambda: self.store.healthy,
            reactor,
            limit=LIMIT,
            too_large=TOO_LARGE,
            metrics=self.metrics,
        )
        port: Any = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(site)
        self.addCleanup(port.stopListening)
        return f"http://127.0.0.1:{port.getHost().port}"

    async def post(self, url: str, body: bytes, kind: str = XML) -> tuple[int, Headers, bytes]:
        sent = FileBodyProducer(BytesIO(body))
        response: Any = await self.agent.request(b"POST", url.encode(), Headers({"Content-Type": [kind]}), sent)
        return response.code, response.headers, await Body(response).whole

    async def test_a_loan_over_http_and_its_repeat(self) -> None:
        url = await self.serve() + "/ncip"
        status, headers, first = await self.post(url, check_out("R1", "I1"))
        assert (status, headers.getRawHeaders("Content-Type")) == (200, [XML])
        assert headers.getRawHeaders("Server") is None
        assert Answer(first).one("CheckOutItemResponse/DateDue") == "2026-12-20T22:59:59Z"
        assert (await self.post(url, check_out("R1", "I1")))[2] == first
        _, _, looked = await self.post(url, lookup_item("I1"), "text/xml")
        assert Answer(looked).one("CirculationStatus") == "On Loan"

    async def test_every_problem_of_ncip_travels_under_200(self) -> None:
        url = await self.serve() + "/ncip"
        for body in (
            b"<a",
            b"<a/>",
            message("RequestItem"),
            message("LookupUser", user("R999")),
            "<é/>".encode("latin-1"),
        ):
            status, _, answer = await self.post(url, body)
            assert status == 200
            assert Answer(answer).problems

    async def test_a_latin_1_body_is_read_by_its_declaration_or_its_charset(self) -> None:
        url = await self.serve() + "/ncip"
        asked = lookup_item("I1").decode().replace("I1", "é")
        for body, kind in (
            (f"<?xml version='1.0' encoding='ISO-8859-1'?>{asked}".encode("latin-1"), XML),
            (asked.encode("latin-1"), "text/xml; charset=iso-8859-1"),
            (asked.encode("utf-16"), XML),
        ):
            _, _, answer = await self.post(url, body, kind)
            assert Answer(answer).one("ProblemValue") == "é"

    async def test_too_much_gets_a_problem_over_a_real_socket(self) -> None:
        url = await self.serve() + "/ncip"
        status, _, answer = await self.post(url, b"<" * (LIMIT + 1))
        assert status == 413
        assert etree.fromstring(answer) is not None

    async def test_readiness_follows_the_store(self) -> None:
        url = await self.serve()
        for path in ("/readyz", "/ncip", "/metrics", "/"):
            response: Any = await self.agent.request(b"GET", (url + path).encode())
            await Body(response).whole
            assert response.code == 200


def test_counting_needs_no_declaration_of_messages() -> None:
    metrics = Metrics()
    for seconds in (0.0, *BUCKETS, 100.0):
        metrics.observe("x", "y", seconds)
    metrics.count("faults", "x", "z")
    assert metrics.answered("x", "y") == len(BUCKETS) + 2
    assert metrics.value("faults", "x", "z") == 1
    assert metrics.value("faults", "x", "other") == 0
    assert metrics.answered("x", "other") == 0
