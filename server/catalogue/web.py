"""What of the catalogue is served over HTTP: on the web listener beside other pages, and alone on the Z39.50 port."""

from __future__ import annotations

from typing import Any

from twisted.web.resource import Resource

from protocols.sru.requests import MAX_OCTETS
from server.catalogue.shared import Catalogue
from server.oai.repository import Repository
from server.oai.web import OaiPage
from server.sru.target import SruServer
from server.sru.web import SruPage, StylesheetPage
from server.web import TOO_LARGE, Page, Request, Site


def catalogue_pages(catalogue: Catalogue) -> dict[str, Page]:
    """Return the pages of the catalogue, for a listener that has others too."""
    return {"sru": SruPage(SruServer(catalogue)), **_others(catalogue)}


def _others(catalogue: Catalogue) -> dict[str, Page]:
    return {"sru.xsl": StylesheetPage(), "oai": OaiPage(Repository(catalogue))}


def catalogue_site(catalogue: Catalogue, reactor: Any) -> Site:
    """Return what is served where Z39.50 is: SRU, its path the database, and OAI-PMH."""
    root = CatalogueRoot(SruPage(SruServer(catalogue), ""), _others(catalogue))
    return Site(root, reactor, limit=2 * MAX_OCTETS, too_large=TOO_LARGE)


class CatalogueRoot(Resource):
    """The paths of HTTP on the Z39.50 port: *pages* under their names, and SRU under every other, which names a database."""

    def __init__(self, sru: SruPage, pages: dict[str, Page]) -> None:
        super().__init__()
        self._sru = sru
        for name, page in pages.items():
            self.putChild(name.encode(), page)

    def getChild(self, path: bytes, request: Request) -> Page:  # noqa: N802 (Twisted's)
        """Give SRU the whole path."""
        request.postpath = [path, *(request.postpath or ())]
        return self._sru
