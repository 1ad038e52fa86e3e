"""OAI-PMH over HTTP: a real store behind it, octets of requests before it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from lxml import etree
from sqlalchemy import Connection, update
from twisted.internet.task import deferLater

from protocols.oai.requests import Harvest, written
from server.catalogue.shared import Catalogue
from server.catalogue.web import catalogue_pages, catalogue_site
from server.oai import repository as oai
from server.oai.repository import FORMATS, Repository
from server.oai.web import OaiPage
from server.web import make_site
from storage import schema
from storage.catalogue import harvest
from storage.catalogue.records import delete_records
from storage.store import StoreUnavailable
from tests.network import NOW
from tests.server.catalogue.case import SiteTestCase, reactor
from tests.server.test_web import request
from tests.server.z3950.origin import GERMINAL, MISERABLES, PAGES, TERRE, fill_catalogue

OAI = "{http://www.openarchives.org/OAI/2.0/}"
ALL = PAGES + 4


class OaiTestCase(SiteTestCase):
    """A site that answers OAI-PMH."""

    def fill(self, connection: Connection) -> None:
        """Save the catalogue, La Terre changed an hour later."""
        fill_catalogue(connection)
        connection.execute(update(schema.record).where(schema.record.c.id == TERRE).values(modified_at=NOW + 3600))

    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for it
        await super().setUp()
        page = OaiPage(Repository(self.catalogue, self.metrics))
        self.serve(make_site({"oai": page}, lambda: True, reactor, limit=10_000))

    async def get(self, verb: str, **arguments: object) -> Any:
        """Return the root element of the answer."""
        named = {name.rstrip("_"): value for name, value in arguments.items()}
        reply = await self.http(request("GET", f"/oai?{urlencode({'verb': verb, **named})}"))
        assert reply.status == 200
        root = etree.fromstring(reply.body)
        assert root.tag == f"{OAI}OAI-PMH"
        assert [each.tag.removeprefix(OAI) for each in root][:2] == ["responseDate", "request"]
        return root

    async def error(self, verb: str, **arguments: object) -> str:
        (error,) = (await self.get(verb, **arguments)).iter(f"{OAI}error")
        assert error.text
        code: str = error.get("code")
        return code

    async def harvest(self, verb: str = "ListIdentifiers", **arguments: object) -> list[str]:
        """Return the numbers of all records of a list, - before those that are deleted."""
        out: list[str] = []
        root = await self.get(verb, **arguments)
        while True:
            for header in root.iter(f"{OAI}header"):
                sign = "-" if header.get("status") == "deleted" else ""
                out.append(sign + header.findtext(f"{OAI}identifier").rpartition(":")[2])
            token = root.find(f".//{OAI}resumptionToken")
            if token is None or not token.text:
                return out
            assert int(token.get("cursor")) == len(out) - len(list(root.iter(f"{OAI}header")))
            root = await self.get(verb, resumptionToken=token.text)


class VerbTests(OaiTestCase):
    async def test_the_repository_says_what_it_is(self) -> None:
        identify = (await self.get("Identify")).find(f"{OAI}Identify")
        told = {each.tag.removeprefix(OAI): each.text for each in identify}
        assert told["repositoryName"] == "Essai"
        assert told["baseURL"] == "http://localhost:80/oai"
        assert told["protocolVersion"] == "2.0"
        assert told["adminEmail"] == "postmaster@localhost"
        assert told["earliestDatestamp"] == written(NOW)
        assert told["deletedRecord"] == "persistent"
        assert told["granularity"] == "YYYY-MM-DDThh:mm:ssZ"

    async def test_sets_are_the_databases_but_the_whole(self) -> None:
        sets = (await self.get("ListSets")).iter(f"{OAI}set")
        assert [(each.findtext(f"{OAI}setSpec"), each.findtext(f"{OAI}setName")) for each in sets] == [
            ("lens", "Lens"),
            ("vide", "Nothing"),
        ]

    async def test_every_format_that_is_told_of_is_given(self) -> None:
        prefixes = [each.text for each in (await self.get("ListMetadataFormats")).iter(f"{OAI}metadataPrefix")]
        assert prefixes == list(FORMATS)
        for prefix in prefixes:
            root = await self.get("GetRecord", identifier="oai:essai.bibliobus:1", metadataPrefix=prefix)
            (metadata,) = root.iter(f"{OAI}metadata")
            namespace = next(each.format.namespace for name, each in FORMATS.items() if name == prefix)
            assert metadata[0].tag.startswith(f"{{{namespace}}}")
            assert "Germinal" in "".join(metadata.itertext())

    async def test_a_record_has_its_header(self) -> None:
        root = await self.get("GetRecord", identifier="oai:essai.bibliobus:2", metadataPrefix="oai_dc")
        (header,) = root.iter(f"{OAI}header")
        assert [each.text for each in header] == ["oai:essai.bibliobus:2", written(NOW + 3600), "lens"]

    async def test_the_whole_catalogue_is_harvested_in_parts_once_each(self) -> None:
        self.patch(oai, "IDENTIFIERS", 10)
        self.patch(oai, "RECORDS", 20)
        for verb in ("ListIdentifiers", "ListRecords"):
            found = await self.harvest(verb, metadataPrefix="oai_dc")
            assert len(found) == ALL
            assert len(set(found)) == ALL
            assert found[-1] == str(TERRE)

    async def test_a_set_is_harvested_alone(self) -> None:
        assert await self.harvest(metadataPrefix="oai_dc", set="lens") == [str(GERMINAL), str(TERRE)]
        assert await self.error("ListIdentifiers", metadataPrefix="oai_dc", set="vide") == "noRecordsMatch"
        assert await self.error("ListIdentifiers", metadataPrefix="oai_dc", set="nosuch") == "noRecordsMatch"

    async def test_a_small_set_of_a_large_catalogue_is_walked_in_slices_that_others_come_between(self) -> None:
        self.patch(harvest, "ROWS", 7)
        rests: list[Catalogue] = []

        def rest(catalogue: Catalogue) -> Any:
            rests.append(catalogue)
            return deferLater(reactor, 0)

        self.patch(Catalogue, "rest", rest)
        assert await self.harvest(metadataPrefix="oai_dc", set="lens") == [str(GERMINAL), str(TERRE)]
        assert len(rests) == ALL // 7 + 1
        for wanted in (1, 2, 3):
            self.patch(oai, "IDENTIFIERS", wanted)
            assert await self.harvest(metadataPrefix="oai_dc", set="lens") == [str(GERMINAL), str(TERRE)]

    async def test_who_harvests_on_from_the_date_of_an_answer_misses_no_change_that_was_on_its_way(self) -> None:
        before = int(reactor.seconds())
        nothing_new = {"metadataPrefix": "oai_dc", "from": written(before)}
        for answer in (await self.get("Identify"), await self.get("ListRecords", **nothing_new)):
            said = answer.findtext(f"{OAI}responseDate")
            assert said is not None
            assert written(before - oai.SETTLED) <= said <= written(int(reactor.seconds()) - oai.SETTLED)

    async def test_a_catalogue_without_sets_says_so_whatever_is_asked_of_them(self) -> None:
        self.patch(oai, "_sets", lambda _network: {})
        assert await self.error("ListSets") == "noSetHierarchy"
        assert await self.error("ListRecords", metadataPrefix="oai_dc", set="lens") == "noSetHierarchy"

    async def test_changes_of_a_time_are_harvested_alone(self) -> None:
        after = written(NOW + 1)
        assert await self.harvest(metadataPrefix="oai_dc", from_=after) == [str(TERRE)]
        assert len(await self.harvest(metadataPrefix="oai_dc", until=after)) == ALL - 1
        assert len(await self.harvest(metadataPrefix="oai_dc", from_="2026-11-22", until="2026-11-22")) == ALL
        assert await self.error("ListIdentifiers", metadataPrefix="oai_dc", until="2026-11-21") == "noRecordsMatch"

    async def test_deletions_are_told_in_every_set(self) -> None:
        await self.store.work(delete_records, [MISERABLES, GERMINAL], NOW + 7200)
        assert await self.harvest(metadataPrefix="oai_dc", from_=written(NOW + 7200)) == ["-1", "-4"]
        assert await self.harvest("ListRecords", metadataPrefix="marcxchange", set="lens") == ["2", "-1", "-4"]
        root = await self.get("GetRecord", identifier="oai:essai.bibliobus:1", metadataPrefix="oai_dc")
        assert root.find(f".//{OAI}metadata") is None
        assert root.find(f".//{OAI}header").get("status") == "deleted"

    async def test_the_request_is_repeated_with_its_arguments(self) -> None:
        told = (await self.get("ListIdentifiers", metadataPrefix="oai_dc", set="lens")).find(f"{OAI}request")
        assert dict(told.attrib) == {"verb": "ListIdentifiers", "metadataPrefix": "oai_dc", "set": "lens"}
        assert dict((await self.get("Nosuch")).find(f"{OAI}request").attrib) == {}

    async def test_a_form_is_as_good_as_a_query_string(self) -> None:
        reply = await self.http(
            request("POST", "/oai", b"verb=Identify", Content_Type="application/x-www-form-urlencoded")
        )
        assert b"<Identify>" in reply.body
        assert (await self.http(request("PUT", "/oai"))).status == 405


class RefusalTests(OaiTestCase):
    async def test_every_error_has_its_code(self) -> None:
        for verb, arguments, code in [
            ("Nosuch", {}, "badVerb"),
            ("", {}, "badVerb"),
            ("Identify", {"set": "x"}, "badArgument"),
            ("GetRecord", {"identifier": "x"}, "badArgument"),
            ("GetRecord", {"identifier": "x", "metadataPrefix": "oai_dc"}, "idDoesNotExist"),
            ("GetRecord", {"identifier": "oai:essai.bibliobus:9999", "metadataPrefix": "oai_dc"}, "idDoesNotExist"),
            ("GetRecord", {"identifier": "oai:essai.bibliobus:1", "metadataPrefix": "x"}, "cannotDisseminateFormat"),
            ("ListMetadataFormats", {"identifier": "oai:essai.bibliobus:0"}, "idDoesNotExist"),
            ("ListRecords", {"metadataPrefix": "x"}, "cannotDisseminateFormat"),
            ("ListRecords", {}, "badArgument"),
            ("ListRecords", {"metadataPrefix": "oai_dc", "from": "yesterday"}, "badArgument"),
            ("ListRecords", {"metadataPrefix": "oai_dc", "from": "2026-02-30"}, "badArgument"),
            ("ListRecords", {"metadataPrefix": "oai_dc", "from": "2026-02-02", "until": "2026-02-01"}, "badArgument"),
            (
                "ListRecords",
                {"metadataPrefix": "oai_dc", "from": "2026-02-01", "until": "2026-02-02T00:00:00Z"},
                "badArgument",
            ),
            ("ListRecords", {"resumptionToken": "x"}, "badResumptionToken"),
            ("ListRecords", {"resumptionToken": "x", "set": "lens"}, "badArgument"),
            ("ListSets", {"resumptionToken": Harvest("oai_dc").token()}, "badResumptionToken"),
        ]:
            assert await self.error(verb, **arguments) == code, (verb, arguments)
        twice = await self.http(request("GET", "/oai?verb=Identify&verb=ListSets"))
        assert b'code="badVerb"' in twice.body

    async def test_a_token_that_was_tampered_with_is_refused_or_harmless(self) -> None:
        token = Harvest("oai_dc", "lens", 0, None, NOW, 1, 1).token()
        for changed in (token[:-4], token.swapcase(), token + "AAAA", Harvest("x").token(), "é" * 30):
            code = await self.error("ListRecords", resumptionToken=changed)
            assert code in {"badResumptionToken", "cannotDisseminateFormat", "noRecordsMatch"}

    async def test_an_outage_is_a_503_and_the_harvester_is_told_to_come_again(self) -> None:
        def fail(*_arguments: object) -> None:
            raise StoreUnavailable

        self.patch(self.store, "read", fail)
        reply = await self.http(request("GET", "/oai?verb=Identify"))
        assert (reply.status, reply.headers["retry-after"]) == (503, "60")


class PlaceTests(OaiTestCase):
    async def test_it_is_served_on_both_listeners(self) -> None:
        assert "oai" in catalogue_pages(self.catalogue)
        self.site = catalogue_site(self.catalogue, reactor)
        self.site.startFactory()
        self.addCleanup(self.site.stopFactory)
        assert b"<Identify>" in (await self.http(request("GET", "/oai?verb=Identify"))).body
        assert b"explainResponse" in (await self.http(request("GET", "/lens"))).body
