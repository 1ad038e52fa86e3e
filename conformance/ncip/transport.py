"""Checks of the line: HTTP as initiators use it, media types, status codes, several lines at once, and time."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import quote_plus, urlsplit

from conformance.checks import Checks, Row, want
from conformance.ncip.judge import content_of
from conformance.ncip.session import Answer, Session
from conformance.results import Level, NotApplicable
from protocols.ncip import MEDIA_TYPE

check = Checks[Session]()

_SOURCE: Final = "implementation profile 1, transport"
SOON: Final = 0.3
"""Of how long clients wait, so long may an answer take."""
_AT_ONCE: Final = 8


def _answered(answer: Answer) -> Answer:
    want(answer.status == 200, f"HTTP {answer.status}")
    want(answer.content.name == "LookupItemResponse", f"the answer is {answer.content.name}")
    return answer


def _typed(media_type: str) -> Callable[[Session], None]:
    def look(session: Session) -> None:
        _answered(session.post(session.plain().encode(), media_type))

    return look


_MEDIA: Final = {
    "xml": "application/xml", "xml-charset": 'application/xml; charset="utf-8"', "text": "text/xml; charset=UTF-8",
    "form": "application/x-www-form-urlencoded", "plain": "text/plain",
}  # fmt: skip
check.extend(
    Row(
        f"http.{name}",
        Level.MUST if name.startswith("xml") else Level.SHOULD,
        f"a message is taken as {kind}",
        _SOURCE,
        _typed(kind),
    )
    for name, kind in _MEDIA.items()
)


@check("http.untyped", Level.SHOULD, "a message without a media type is taken", "what initiators send")
def _untyped(session: Session) -> None:
    _answered(session.request("POST", session.plain().encode()))


@check("http.field", Level.MAY, "a message in the field xml of a form is taken", "what initiators send")
def _field(session: Session) -> None:
    body = f"xml={quote_plus(session.plain())}".encode()
    _answered(session.post(body, "application/x-www-form-urlencoded"))


@check("http.answer", Level.MUST, "answers are application/xml, in UTF-8", _SOURCE)
def _answer(session: Session) -> None:
    answer = _answered(session.post(session.plain().encode()))
    kind = answer.headers.get("content-type", "").lower().replace('"', "").replace(" ", "")
    want(kind.startswith(("application/xml", "text/xml")), f"Content-Type {kind!r}")
    want("charset=" not in kind or "charset=utf-8" in kind, f"Content-Type {kind!r}")
    answer.body.decode()


@check("http.kept", Level.SHOULD, "a line serves one message after the other", _SOURCE)
def _kept(session: Session) -> None:
    line = session.line()
    try:
        for _ in range(3):
            socket_before = line.sock
            _answered(session.on(line, "POST", session.plain().encode(), Content_Type=MEDIA_TYPE))
            want(line.sock is socket_before, "the line was closed")
    finally:
        line.close()


@check("http.chunked", Level.MUST, "a message in chunks is taken", "HTTP/1.1")
def _chunked(session: Session) -> None:
    body = session.plain().encode()
    parts = iter([body[:50], body[50:51], body[51:]])
    _answered(session.request("POST", parts, Content_Type=MEDIA_TYPE, Transfer_Encoding="chunked"))


def _plainly(session: Session, head: str, body: bytes) -> bytes:
    """Speak HTTP by hand; give what comes until the line is closed or silent."""
    parts = urlsplit(session.url)
    if parts.scheme != "http":
        raise NotApplicable("is looked at without TLS alone")
    with socket.create_connection((parts.hostname or "", parts.port or 80), session.patience) as line:
        line.sendall(head.encode() + body)
        found = b""
        while b"NCIPMessage>" not in found and (part := line.recv(65536)):
            found += part
        return found


@check("http.1.0", Level.SHOULD, "a client of HTTP/1.0 without Host is answered", "what initiators send")
def _old(session: Session) -> None:
    body = session.plain().encode()
    head = f"POST {session.path} HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    want(b"LookupItemResponse" in _plainly(session, head, body), "it is not")


@check("http.continue", Level.SHOULD, "a client that expects 100-continue is answered", "what initiators send")
def _expect(session: Session) -> None:
    body = session.plain().encode()
    head = (
        f"POST {session.path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nExpect: 100-continue\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    want(b"LookupItemResponse" in _plainly(session, head, body), "it is not")


@check("http.get", Level.SHOULD, "GET tells that the responder is there, or is refused as a method", _SOURCE)
def _get(session: Session) -> None:
    status = session.request("GET").status
    want(status in {200, 405}, f"HTTP {status}")


@check("http.large", Level.SHOULD, "what is refused for its size is refused with a problem of NCIP", _SOURCE)
def _large(session: Session) -> None:
    answer = session.post(session.raw("LookupItem", "x" * 8_000_000))
    want(answer.status in {200, 413}, f"HTTP {answer.status}")
    want(content_of(answer.body) is not None and answer.problems, "without")


@check("pace.at-once", Level.MUST, "eight lines at once each get the answer to their own question", _SOURCE)
def _at_once(session: Session) -> None:
    def ask(number: int) -> bool:
        return answer_names(session.ask(session.lookup(f"7c1b-{number}")), f"7c1b-{number}")

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        want(all(pool.map(ask, range(_AT_ONCE * 4))), "an answer is another's")


def answer_names(answer: Answer, number: str) -> bool:
    """Tell whether an answer is about *number*."""
    return number in answer.all("ProblemValue") + answer.all("ItemIdentifierValue")


@check(
    "pace.soon", Level.SHOULD, "none of all these answers took a third of the time that clients wait", "clients give up"
)
def _soon(session: Session) -> None:
    if not session.slowest:
        raise NotApplicable("there was no answer")
    want(session.slowest < SOON * session.patience, f"one took {session.slowest:.1f} s")
