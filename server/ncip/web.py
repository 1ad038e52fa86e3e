"""NCIP over HTTP: POST a message, get its answer; GET tells that we are there.

NCIP's own problems travel under HTTP 200, because clients take any other status for a failure of the line. Refusals of the
transport (405, 413, 415) hold an NCIP Problem all the same.
"""

from __future__ import annotations

import re
from typing import Final, Protocol
from urllib.parse import parse_qs

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.http import NOT_ALLOWED, OK, SERVICE_UNAVAILABLE, UNSUPPORTED_MEDIA_TYPE

from protocols.ncip import MEDIA_TYPE, problem, write
from protocols.ncip.base import ProblemMessage
from protocols.ncip.problems import ProblemType
from protocols.xmlsafe import ENCODINGS
from server.ncip.partners import Peer, peer_of
from server.ncip.responder import NOBODY
from server.web import PLAIN, Page, Refusal, Request

_FIELDS: Final = ("xml", "XForms:Model")
"""Form fields in which old clients send a message."""
_FORM: Final = "application/x-www-form-urlencoded"
_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([\w.:-]{1,40})", re.ASCII | re.IGNORECASE)
_MARKUP: Final = (b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0<")


def _refusal(kind: ProblemType, detail: str) -> Refusal:
    told = problem(None, kind, detail, "NCIPMessage")
    return Refusal(MEDIA_TYPE, write(ProblemMessage(problem=(told,))))


TOO_LARGE: Final = _refusal(ProblemType.INVALID_MESSAGE_SYNTAX_ERROR, "the message is longer than is taken here")
"""What is said to a message over the limit (413)."""
TOO_MANY: Final = _refusal(ProblemType.TEMPORARY_PROCESSING_FAILURE, "too many messages are under way: try again")
"""What is said to a message that finds no room beside the others (503)."""
_METHOD: Final = _refusal(ProblemType.PROTOCOL_ERROR, "messages are sent by POST")
_MEDIA: Final = _refusal(ProblemType.INVALID_MESSAGE_SYNTAX_ERROR, "XML is taken here, not compressed")


class NoAnswer(Exception):
    """The line is to be broken off. Ours always answers; a simulator need not."""


class Answers(Protocol):
    """What the page asks of a responder."""

    @property
    def ready(self) -> bool:
        """Whether questions are answered."""

    def answer(self, body: bytes, charset: str | None = None, peer: Peer = NOBODY) -> Deferred[bytes]:
        """Answer one document; may fail with `NoAnswer` alone."""


class NcipPage(Page):
    """The resource `/ncip`."""

    about = "NCIP responder: POST a message"

    def __init__(self, responder: Answers) -> None:
        super().__init__()
        self._responder = responder

    def get(self, request: Request) -> None:
        """Say whether questions are answered: for people and for watchdogs."""
        if self._responder.ready:
            self.send(request, OK, PLAIN, b"NCIP responder: POST a message here.\n")
        else:
            self.send(request, SERVICE_UNAVAILABLE, PLAIN, b"The store does not answer at present.\n")

    def not_allowed(self, request: Request) -> None:
        """Refuse any other method."""
        request.setHeader(b"Allow", b"GET, HEAD, POST")
        self.send(request, NOT_ALLOWED, *_METHOD)

    def post(self, request: Request) -> None:
        """Answer a message, once the store has."""
        content_type = request.getHeader("Content-Type") or ""
        media_type = content_type.partition(";")[0].strip().lower()
        body = request.content.read()
        if media_type == _FORM:
            body = _form_field(body)
        coded = (request.getHeader("Content-Encoding") or "identity").strip().lower() != "identity"
        if coded or not (_is_markup(body) or _may_be_markup(media_type)):
            self.send(request, UNSUPPORTED_MEDIA_TYPE, *_MEDIA)
            return
        charset = _CHARSET.search(content_type)
        known = charset[1] if charset and charset[1].lower() in ENCODINGS else None
        peer = peer_of(request.channel.transport, request.getHeader("Authorization"))
        answering = self._responder.answer(body, known, peer)
        answering.addCallbacks(
            lambda answer: self.send(request, OK, MEDIA_TYPE, answer), lambda failure: self.hang_up(request, failure)
        )

    def hang_up(self, request: Request, failure: Failure) -> None:
        """Break the line off without an answer, where a responder wants that."""
        failure.trap(NoAnswer)
        if request.channel is not None:
            request.channel.forceAbortClient()


def _form_field(body: bytes) -> bytes:
    """Give the message in a form; some send a bare message under a form's media type."""
    if _is_markup(body):
        return body
    try:
        fields = parse_qs(body.decode(), max_num_fields=16)
    except ValueError:  # also UnicodeDecodeError
        return body
    return next((fields[name][0].encode() for name in _FIELDS if name in fields), body)


def _is_markup(body: bytes) -> bool:
    return body[:64].lstrip(b"\t\n\r \x04").startswith(_MARKUP)


def _may_be_markup(media_type: str) -> bool:
    """Tell whether a media type promises XML, or nothing."""
    return not media_type or "xml" in media_type or media_type in {_FORM, "text/plain", "text/html"}
