"""SRU over HTTP: a real store behind it, octets of requests before it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from lxml import etree

from server.catalogue.web import CatalogueRoot
from server.sru.target import SruServer
from server.sru.web import SruPage
from server.web import TOO_LARGE, Site
from tests.server.catalogue.case import SiteTestCase, reactor
from tests.server.test_web import request

SRW = "{http://www.loc.gov/zing/srw/}"
SECOND = "{http://docs.oasis-open.org/ns/search-ws/sruResponse}"
SCAN_2 = "{http://docs.oasis-open.org/ns/search-ws/scan}"
DIAG = "{http://www.loc.gov/zing/srw/diagnostic/}"
DIAG_2 = "{http://docs.oasis-open.org/ns/search-ws/diagnostic}"
XCQL = "{http://www.loc.gov/zing/cql/xcql/}"
ZR = "{http://explain.z3950.org/dtd/2.0/}"
SLIM = "{http://www.loc.gov/MARC21/slim}"
MX = "{info:lc/xmlns/marcxchange-v2}"
DC = "{http://purl.org/dc/elements/1.1/}"
MODS = "{http://www.loc.gov/mods/v3}"


def told(root: Any) -> list[tuple[int, str]]:
    """Return number and details of every diagnostic."""
    return [
        (int(uri.text.rpartition("/")[2]), uri.getparent().findtext(f"{uri.tag.rpartition('}')[0]}}}details") or "")
        for uri in root.iter(f"{DIAG}uri", f"{DIAG_2}uri")
    ]


class SruTestCase(SiteTestCase):
    """A site that answers SRU."""

    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for it
        await super().setUp()
        self.server = SruServer(self.catalogue, self.metrics)
        root = CatalogueRoot(SruPage(self.server, ""), {})
        self.serve(Site(root, reactor, limit=1 << 18, too_large=TOO_LARGE))

    async def get(self, path: str = "/network", **parameters: Any) -> Any:
        """Return the root element of the response to a GET."""
        reply = await self.http(request("GET", f"{path}?{urlencode(parameters)}" if parameters else path))
        assert reply.status == 200
        return etree.fromstring(reply.body)

    async def search(self, query: str, version: str = "1.2", path: str = "/network", **more: Any) -> Any:
        parameters = {"version": version, "operation": "searchRetrieve", "query": query, **more}
        return await self.get(path, **parameters)

    async def count(self, query: str, **more: Any) -> int:
        root = await self.search(query, **more)
        assert told(root) == [], told(root)
        return int(root.findtext(f"{SRW}numberOfRecords"))

    async def refused(self, query: str, **more: Any) -> tuple[int, str]:
        root = await self.search(query, **more)
        assert root.findtext(f"{SRW}numberOfRecords") == "0"
        assert root.find(f"{SRW}records") is None
        (found,) = told(root)
        return found
