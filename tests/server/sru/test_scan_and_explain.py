"""SRU: scan, explain, and HTTP itself."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from lxml import etree

from protocols.sru import responses, soap
from protocols.sru.requests import Version
from server.catalogue.web import catalogue_site
from server.sru.explain import MAX_TERMS
from tests.server.catalogue.case import reactor
from tests.server.sru.case import SCAN_2, SRW, XCQL, ZR, SruTestCase, told
from tests.server.test_web import request


class ScanTests(SruTestCase):
    async def scan(self, clause: str, version: str = "1.2", **more: Any) -> list[tuple[str, int, str]]:
        root = await self.get(version=version, operation="scan", scanClause=clause, **more)
        assert told(root) == []
        return [
            (
                term.findtext(f"{SRW}value"),
                int(term.findtext(f"{SRW}numberOfRecords")),
                term.findtext(f"{SRW}whereInList") or "",
            )
            for term in root.iter(f"{SRW}term")
        ]

    async def test_terms_stand_in_order_and_every_one_finds_its_count(self) -> None:
        terms = await self.scan("dc.title = a", maximumTerms=6)
        assert [value for value, _, _ in terms] == sorted(value for value, _, _ in terms)
        assert len(terms) == 6
        for value, count, _ in terms:
            assert await self.count(f'dc.title = "{value}"') == count

    async def test_the_term_stands_where_it_is_wanted(self) -> None:
        middle = await self.scan("dc.title = germinal", maximumTerms=3, responsePosition=2)
        assert middle[1][0] == "germinal"
        assert (await self.scan("dc.title = germinal", maximumTerms=1))[0][0] == "germinal"
        assert (await self.scan("dc.title = germinal", maximumTerms=1, responsePosition=0))[0][0] == middle[2][0]
        assert (await self.scan("dc.title = germinal", maximumTerms=1, responsePosition=2))[0][0] == middle[0][0]

    async def test_the_ends_of_the_list_are_told(self) -> None:
        assert (await self.scan("dc.title = 0", maximumTerms=3, responsePosition=3))[0][2] == "first"
        assert (await self.scan("dc.title = zzz", maximumTerms=3, responsePosition=3))[-1][2] == "last"

    async def test_whole_headings_are_walked_by_the_exact_relation(self) -> None:
        terms = await self.scan('dc.title == "la terre"', maximumTerms=1)
        assert terms[0][0] == "terre"
        root = await self.get(
            version="1.1", operation="scan", scanClause='dc.title == "la terre"', maximumTerms=1, responsePosition=1
        )
        term = root.find(f".//{SRW}term")
        assert [each.tag.removeprefix(SRW) for each in term] == ["value", "numberOfRecords", "displayTerm"]
        assert term.findtext(f"{SRW}displayTerm") == "La Terre"
        echo = root.find(f"{SRW}echoedScanRequest/{SRW}xScanClause")
        assert [each.tag.removeprefix(XCQL) for each in echo] == ["index", "relation", "term"]

    async def test_words_are_shown_as_they_are_asked_for(self) -> None:
        root = await self.get(scanClause="dc.title = germinal", maximumTerms=1)
        assert root.find(f".//{SCAN_2}displayTerm") is None

    async def test_a_database_has_its_own_counts(self) -> None:
        root = await self.get("/lens", version="1.2", operation="scan", scanClause="dc.creator = zola", maximumTerms=1)
        assert root.findtext(f".//{SRW}numberOfRecords") == "2"

    async def test_two_has_a_namespace_of_its_own(self) -> None:
        root = await self.get(scanClause="dc.title = germinal", maximumTerms=1)
        assert root.tag == f"{SCAN_2}scanResponse"
        assert root.findtext(f".//{SCAN_2}value") == "germinal"

    async def test_what_cannot_be_scanned_is_refused(self) -> None:
        cases: list[tuple[dict[str, Any], int]] = [
            ({"scanClause": "a and b"}, 10),
            ({"scanClause": "dc.nosuch = x"}, 16),
            ({"scanClause": "cql.resultSetId = x"}, 16),
            ({"scanClause": "zola", "maximumTerms": MAX_TERMS + 1}, 121),
            ({"scanClause": "zola", "responsePosition": 99}, 120),
        ]
        for parameters, expected in cases:
            root = await self.get(version="1.1", operation="scan", **parameters)
            assert root.tag == f"{SRW}scanResponse"
            assert told(root)[0][0] == expected, parameters


class ExplainTests(SruTestCase):
    async def test_the_bare_address_explains_itself(self) -> None:
        for path in ("/", "/network", "/network?operation=explain&version=1.1"):
            root = await self.get(path)
            assert root.tag == f"{SRW}explainResponse"
            assert told(root) == []
            assert root.findtext(f"{SRW}record/{SRW}recordSchema") == "http://explain.z3950.org/dtd/2.0/"

    async def test_it_tells_where_it_is(self) -> None:
        reply = await self.http(b"GET /lens HTTP/1.1\r\nHost: catalogue.example:2100\r\n\r\n")
        info: Any = etree.fromstring(reply.body).find(f".//{ZR}serverInfo")
        assert [each.text for each in info] == ["catalogue.example", "2100", "lens"]

    async def test_a_false_host_is_not_repeated(self) -> None:
        reply = await self.http(b'GET /lens HTTP/1.1\r\nHost: "><script>\r\n\r\n')
        assert b"script>" not in reply.body

    async def test_every_schema_that_it_tells_of_is_sent(self) -> None:
        for schema in (await self.get()).iter(f"{ZR}schema"):
            for name in (schema.get("name"), schema.get("identifier")):
                assert told(await self.search("zola", recordSchema=name)) == []

    async def test_every_index_that_it_says_can_be_sorted_and_scanned_can(self) -> None:
        for index in (await self.get()).iter(f"{ZR}index"):
            name = index.find(f"{ZR}map/{ZR}name")
            cql = f"{name.get('set')}.{name.text}"
            sorts = told(await self.search(f"zola sortBy {cql}")) == []
            assert sorts is (index.get("sort") == "true"), cql
            listed = told(await self.get(version="1.2", operation="scan", scanClause=f"{cql} = 1")) == []
            assert listed is (index.get("scan") == "true"), cql

    async def test_the_relations_that_it_tells_of_are_taken(self) -> None:
        relations = [each.text for each in (await self.get()).iter(f"{ZR}supports") if each.get("type") == "relation"]
        assert {"=", "any", "all", "adj"} <= set(relations)
        for relation in relations:
            found = told(await self.search(f'dc.date {relation} "1885 1886"'))
            assert found == [] or found[0][0] != 19, relation


class HttpTests(SruTestCase):
    async def test_a_form_is_as_good_as_a_query_string(self) -> None:
        form = urlencode({"version": "1.1", "operation": "searchRetrieve", "query": "zola"}).encode()
        reply = await self.http(request("POST", "/network", form, Content_Type="application/x-www-form-urlencoded"))
        assert etree.fromstring(reply.body).findtext(f"{SRW}numberOfRecords") == "3"

    def envelope(self, inner: str, namespace: str = soap.SOAP_1_1) -> bytes:
        return (f'<s:Envelope xmlns:s="{namespace}"><s:Body>{inner}</s:Body></s:Envelope>').encode()

    async def test_soap_is_answered_in_an_envelope(self) -> None:
        inner = (
            '<z:searchRetrieveRequest xmlns:z="http://www.loc.gov/zing/srw/"><z:version>1.1</z:version>'
            "<z:query>dc.title = germinal</z:query><z:maximumRecords>1</z:maximumRecords></z:searchRetrieveRequest>"
        )
        for namespace, media_type in [(soap.SOAP_1_1, "text/xml"), (soap.SOAP_1_2, "application/soap+xml")]:
            reply = await self.http(
                request("POST", "/network", self.envelope(inner, namespace), Content_Type="text/xml")
            )
            root = etree.fromstring(reply.body)
            assert root.tag == f"{{{namespace}}}Envelope"
            assert root.findtext(f".//{SRW}searchRetrieveResponse/{SRW}numberOfRecords") == "1"
            assert reply.headers["content-type"].startswith(media_type)

    async def test_what_is_no_envelope_gets_a_fault(self) -> None:
        bomb = b'<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>'
        deep = b"<a>" * 5000 + b"</a>" * 5000
        for body in (bomb, deep, b"<a/>", b"not xml", self.envelope("<x/>"), b"\xff\xfe\x00"):
            reply = await self.http(request("POST", "/network", body, Content_Type="text/xml"))
            assert reply.status == 500
            assert b"faultstring" in reply.body
            etree.fromstring(reply.body)

    async def test_a_stylesheet_is_named_before_the_response(self) -> None:
        reply = await self.http(
            request("GET", "/network?version=1.1&operation=searchRetrieve&query=zola&stylesheet=/show.xsl")
        )
        assert b'<?xml-stylesheet type="text/xsl" href="/show.xsl"?>' in reply.body
        assert reply.headers["content-security-policy"] == "default-src 'self'"
        broken = await self.http(request("GET", "/network?version=1.1&operation=searchRetrieve&stylesheet=/show.xsl"))
        assert b"show.xsl" in broken.body

    async def test_a_browser_is_given_our_stylesheet_and_it_shows_every_response(self) -> None:
        self.serve(catalogue_site(self.catalogue, reactor))
        sheet = etree.XSLT(etree.fromstring((await self.http(request("GET", "/sru.xsl"))).body))
        for path, shown in [
            ("/network", "Catalogue"),
            ("/network?query=dc.title=germinal", "Germinal"),
            ("/network?query=dc.title=germinal&recordSchema=dc", "Germinal"),
            ("/network?query=dc.title=germinal&maximumRecords=0&facetLimit=5", "Grèves"),
            ("/network?query=nosuch.x=1", "nosuch"),
            ("/network?scanClause=germinal", "germinal"),
        ]:
            reply = await self.http(request("GET", path, Accept="text/html,*/*"))
            assert b'href="/sru.xsl"' in reply.body
            assert shown in str(sheet(etree.fromstring(reply.body)))

    async def test_the_media_type_of_two_is_sent_to_who_wants_it(self) -> None:
        reply = await self.http(request("GET", "/network?query=zola&httpAccept=application/sru%2Bxml"))
        assert reply.headers["content-type"] == "application/sru+xml; charset=utf-8"
        assert (await self.http(request("GET", "/network?query=zola"))).headers[
            "content-type"
        ] == "text/xml; charset=utf-8"

    async def test_other_methods_are_refused(self) -> None:
        assert (await self.http(request("DELETE", "/network"))).status == 405
        head = await self.http(request("HEAD", "/network"))
        assert (head.status, head.body) == (200, b"")

    async def test_text_that_xml_cannot_hold_does_not_break_the_response(self) -> None:
        reply = await self.http(
            request("GET", f"/network?version=1.2&operation=searchRetrieve&query={quote(chr(0) + '<' + chr(11))}")
        )
        assert etree.fromstring(reply.body).tag == f"{SRW}searchRetrieveResponse"

    async def test_an_outage_is_told_as_one(self) -> None:
        root = etree.fromstring(responses.write(responses.failure(Version.V1_1, "scan", [responses.SYSTEM_ERROR])))
        assert told(root) == [(2, "the catalogue cannot be read at the moment")]
