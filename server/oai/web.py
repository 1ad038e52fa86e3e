"""OAI-PMH over HTTP: GET, and POST of a form."""

from __future__ import annotations

from typing import Final

from twisted.web.http import NOT_ALLOWED, OK, SERVICE_UNAVAILABLE

from protocols.sru.diagnostics import Refused
from protocols.sru.requests import form_pairs
from server.oai.repository import Repository
from server.web import PLAIN, Page, Request, address

XML: Final = "text/xml; charset=utf-8"


class OaiPage(Page):
    """The resource of OAI-PMH, at the path *path*."""

    about = "OAI-PMH 2.0: the catalogue as it changes"

    def __init__(self, repository: Repository, path: str = "oai") -> None:
        super().__init__()
        self._repository = repository
        self._path = path

    def get(self, request: Request) -> None:
        """Answer GET and HEAD."""
        self._answer(request, request.uri.partition(b"?")[2])

    def post(self, request: Request) -> None:
        """Answer a form (3.1.1.2)."""
        self._answer(request, request.content.read())

    def not_allowed(self, request: Request) -> None:
        """Refuse any other method."""
        request.setHeader(b"Allow", b"GET, HEAD, POST")
        self.send(request, NOT_ALLOWED, PLAIN, b"Only GET, HEAD and POST.\n")

    def _answer(self, request: Request, form: bytes) -> None:
        try:
            pairs = form_pairs(form)
        except Refused:
            pairs = []
        host, port = address(request)
        scheme = "https" if request.isSecure() else "http"
        base_url = f"{scheme}://{host}:{port}/{self._path}"

        def answered(document: bytes | None) -> None:
            if document is None:
                request.setHeader(b"Retry-After", b"60")
                self.send(request, SERVICE_UNAVAILABLE, PLAIN, b"The catalogue cannot be read at the moment.\n")
            else:
                self.send(request, OK, XML, document)

        self._repository.answer(pairs, base_url).addCallback(answered)
