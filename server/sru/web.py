"""SRU over HTTP: GET, POST of a form, and SOAP, at an address for each database; on the web listener and on the Z39.50 port."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from twisted.web.http import INTERNAL_SERVER_ERROR, NOT_ALLOWED, NOT_FOUND, OK
from twisted.web.server import NOT_DONE_YET

from protocols.sru import responses, soap
from protocols.sru.diagnostics import Refused
from protocols.sru.requests import Version, form_pairs
from protocols.sru.soap import NotSoap
from protocols.sru.stylesheet import STYLESHEET
from protocols.xmlsafe import ENCODINGS
from server.sru.target import DEFAULT, Answer, Place, SruServer
from server.web import PLAIN, Page, Request, address

XML: Final = "text/xml; charset=utf-8"
SRU_XML: Final = "application/sru+xml; charset=utf-8"
SOAP_XML: Final = "application/soap+xml; charset=utf-8"
_SOAP_TYPES: Final = frozenset({"text/xml", "application/xml", "application/soap+xml"})
_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([\w.:-]{1,40})", re.ASCII | re.IGNORECASE)


class SruPage(Page):
    """The resource of SRU. The path below it names the database; *prefix* is what stands before that in explain records."""

    about = "SRU 1.1, 1.2 and 2.0: searchRetrieve, scan, explain; GET, POST or SOAP"

    def __init__(self, server: SruServer, prefix: str = "sru/") -> None:
        super().__init__()
        self._server = server
        self._prefix = prefix

    def render(self, request: Request) -> int:
        """Answer by method: the path names a database, or nothing."""
        names = [name for name in request.postpath or () if name]
        if len(names) > 1:
            self.send(request, NOT_FOUND, PLAIN, b"There is nothing here.\n")
        elif request.method in {b"GET", b"HEAD"}:
            self._answer_parameters(request, names, b"")
        elif request.method == b"POST":
            self._answer_post(request, names)
        else:
            self.not_allowed(request)
        return NOT_DONE_YET

    def not_allowed(self, request: Request) -> None:
        """Refuse any other method."""
        request.setHeader(b"Allow", b"GET, HEAD, POST")
        self.send(request, NOT_ALLOWED, PLAIN, b"Only GET, HEAD and POST.\n")

    def _answer_post(self, request: Request, names: Sequence[bytes]) -> None:
        content_type = request.getHeader("Content-Type") or ""
        body = request.content.read()
        if content_type.partition(";")[0].strip().lower() in _SOAP_TYPES:
            self._answer_soap(request, names, body, content_type)
        else:
            self._answer_parameters(request, names, body)

    def _answer_parameters(self, request: Request, names: Sequence[bytes], form: bytes) -> None:
        try:
            pairs = form_pairs(request.uri.partition(b"?")[2]) + form_pairs(form)
        except Refused as refused:
            told = responses.failure(Version.V1_2, "searchRetrieve", [refused.diagnostic])
            self._send_xml(request, XML, responses.declaration() + responses.write(told))
            return
        wanted = f"{dict(pairs).get('httpAccept', '')} {request.getHeader('Accept') or ''}"
        media_type = SRU_XML if "application/sru+xml" in wanted else XML

        shown = "/sru.xsl" if "text/html" in wanted else ""  # it is a browser, and its user wants to read

        def answered(answer: Answer) -> None:
            stylesheet = answer.stylesheet or shown
            self._send_xml(request, media_type, responses.declaration(stylesheet) + answer.element)

        self._server.answer(pairs, self._place(request, names)).addCallback(answered)

    def _answer_soap(self, request: Request, names: Sequence[bytes], body: bytes, content_type: str) -> None:
        charset = _CHARSET.search(content_type)
        known = charset[1] if charset and charset[1].lower() in ENCODINGS else None
        try:
            envelope = soap.read(body, known)
        except (NotSoap, Refused) as error:
            self._send_xml(request, XML, responses.declaration() + soap.fault(str(error)), INTERNAL_SERVER_ERROR)
            return
        media_type = SOAP_XML if envelope.namespace == soap.SOAP_1_2 else XML

        def answered(answer: Answer) -> None:
            self._send_xml(request, media_type, responses.declaration() + soap.wrap(envelope.namespace, answer.element))

        self._server.answer(envelope.pairs, self._place(request, names)).addCallback(answered)

    def _send_xml(self, request: Request, media_type: str, body: bytes, status: int = OK) -> None:
        request.setHeader(b"Content-Security-Policy", b"default-src 'self'")  # for what a stylesheet makes of it
        self.send(request, status, media_type, body)

    def _place(self, request: Request, names: Sequence[bytes]) -> Place:
        database = names[0].decode("utf-8", "replace") if names else DEFAULT
        return Place(*address(request), self._prefix, database)


class StylesheetPage(Page):
    """The stylesheet that shows responses to people."""

    about = "a stylesheet for responses of SRU"

    def get(self, request: Request) -> None:
        """Send it."""
        self.send(request, OK, XML, STYLESHEET.encode())
