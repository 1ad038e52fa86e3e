"""SRU: searchRetrieve, result sets, refusals, versions."""

from __future__ import annotations

from typing import Any

from lxml import etree
from sqlalchemy import Connection, insert

from protocols.sru.requests import Version
from protocols.sru.responses import NAMES
from server.catalogue.result_sets import ResultSet
from server.sru.explain import MAX_RECORDS
from storage.catalogue.records import save_records
from storage.schema import hold
from tests.network import NOW
from tests.server.sru.case import DC, DIAG_2, MODS, MX, SECOND, SLIM, SRW, XCQL, ZR, SruTestCase, told
from tests.server.test_web import request
from tests.server.z3950.origin import PAGES
from tests.storage.catalogue.running import NETWORK, new_record


class SearchRetrieveTests(SruTestCase):
    async def test_every_index_that_explain_tells_of_can_be_searched(self) -> None:
        root = await self.get()
        names = [f"{name.get('set')}.{name.text}" for name in root.iter(f"{ZR}name")]
        assert len(names) > 20
        for name in names:
            assert await self.count(f"{name} = 1885", maximumRecords=0) >= 0

    async def test_indexes_find_what_the_attributes_of_z3950_find(self) -> None:
        for query, count in [
            ("zola", 3),
            ("dc.title = germinal", 1),
            ("DC.Title = GERMINAL", 1),
            ("title = germinal", 1),
            ("dc.creator = zola", 3),
            ('dc.creator = "emile zola"', 3),
            ("bath.isbn = 978-2-253-00422-6", 1),
            ('bib.isbn all "9782253004226"', 1),
            ("bath.ISBN=^9782253004226", 1),
            ("dc.date = 1885", 1),
            ("rec.id = z1", 1),
            ('dc.subject any "mines nosuch"', 1),
            ('dc.title adj "la terre"', 1),
            ('dc.title adj "terre la"', 0),
            ('dc.title all "terre la"', 1),
            ("dc.title = germ*", 1),
            ("dc.title =/stem miserable", 1),
            ('dc.title all/stem "la terres"', 1),
            ("dc.title =/phonetic jerminol", 0),
            ("dc.title =/phonetic jairminal", 1),
            ("dc.title =/fuzzy jairminal", 1),
            ('dc.title any/stem "nosuch terres"', 1),
            ('dc.title =/relevant "terre nosuch"', 1),
            ('bib.language = "^fre"', 1),
            ('bib.language == "fre"', 1),
            ('dc.title any "germ* terr*"', 2),
            ("zola and dc.title = germinal", 1),
            ("zola not dc.title = germinal", 2),
            ("dc.title = germinal or dc.title = terre", 2),
            ("zola and (dc.title = germinal or dc.title = terre)", 2),
            ("dc.title = œuvre", 1),
            ('dc.title = "l\'oeuvre"', 1),
            ('>t="http://purl.org/dc/elements/1.1/" t.title = germinal', 1),
        ]:
            assert await self.count(query) == count, query

    async def test_a_query_in_iso_8859_1_is_understood(self) -> None:
        reply = await self.http(request("GET", "/network?version=1.1&operation=searchRetrieve&query=mis%E9rables"))
        assert etree.fromstring(reply.body).findtext(f"{SRW}numberOfRecords") == "1"

    async def test_records_come_in_each_schema_by_any_of_its_names(self) -> None:
        for schema, tag, title in [
            ("unimarcxchange", f"{MX}record", f"{MX}datafield[@tag='200']/{MX}subfield[@code='a']"),
            ("info:lc/xmlns/marcxchange-v2", f"{MX}record", f"{MX}datafield[@tag='200']/{MX}subfield[@code='a']"),
            ("marcxml", f"{SLIM}record", f"{SLIM}datafield[@tag='245']/{SLIM}subfield[@code='a']"),
            ("DC", "{info:srw/schema/1/dc-schema}dc", f"{DC}title"),
            ("mods", f"{MODS}mods", f"{MODS}titleInfo/{MODS}title"),
        ]:
            root = await self.search("dc.title = germinal", recordSchema=schema)
            record = root.find(f"{SRW}records/{SRW}record")
            (data,) = record.find(f"{SRW}recordData")
            assert data.tag == tag
            assert data.findtext(title).startswith("Germinal"), schema
            assert record.findtext(f"{SRW}recordPacking") == "xml"
            assert record.findtext(f"{SRW}recordPosition") == "1"
        assert (await self.search("zola")).findtext(
            f"{SRW}records/{SRW}record/{SRW}recordSchema"
        ) == "info:lc/xmlns/marcxchange-v2"

    async def test_a_marc21_record_is_unimarc_where_unimarc_is_wanted_and_the_other_way_round(self) -> None:
        root = await self.search("hugo")
        assert root.find(f".//{MX}record").get("format") == "UNIMARC"
        assert root.find(f".//{MX}datafield[@tag='200']") is not None
        root = await self.search("germinal", recordSchema="marcxml")
        assert root.find(f".//{SLIM}datafield[@tag='245']") is not None

    async def test_items_are_in_the_record_as_they_are_now(self) -> None:
        root = await self.search("dc.title = germinal")
        fields = root.findall(f".//{MX}datafield[@tag='995']")
        assert [field.findtext(f"{MX}subfield[@code='f']") for field in fields] == ["I1", "I2"]
        root = await self.search("dc.title = germinal", recordSchema="mods")
        assert root.findtext(f".//{MODS}itemIdentifier") == "I1"

    async def test_a_record_or_item_that_somebody_waits_for_says_so(self) -> None:
        async def on_hold() -> list[str]:
            root = await self.search("dc.title = germinal", recordSchema="opac")
            return [each.get("value") for each in root.iter("onHold")]

        def wait(connection: Connection, number: int, target: dict[str, int]) -> None:
            row = {"id": number, "patron_id": 1, "pickup_id": 1, "requested_at": NOW, **target}
            connection.execute(insert(hold).values(row))

        assert await on_hold() == ["0", "0"]
        await self.store.work(wait, 1, {"target_item_id": 2})
        assert await on_hold() == ["0", "1"]
        await self.store.work(wait, 2, {"record_id": 1})
        assert await on_hold() == ["1", "1"]

    async def test_records_may_be_strings(self) -> None:
        root = await self.search("dc.title = germinal", recordPacking="string", recordSchema="dc")
        data = root.find(f".//{SRW}recordData")
        assert len(data) == 0
        assert etree.fromstring(data.text).findtext(f"{DC}title") == "Germinal"

    async def test_pages_follow_one_another(self) -> None:
        seen: list[str] = []
        start = "1"
        while start:
            root = await self.search("dc.title = page", startRecord=start, maximumRecords=20, recordSchema="dc")
            seen += [each.text for each in root.iter(f"{DC}title")]
            assert root.findtext(f"{SRW}numberOfRecords") == str(PAGES)
            assert root.findtext(f"{SRW}records/{SRW}record/{SRW}recordPosition") == start
            start = root.findtext(f"{SRW}nextRecordPosition")
        assert seen == [f"Page {number}" for number in range(PAGES)]

    async def test_many_records_are_made_in_slices(self) -> None:
        pairs = [
            ("version", "1.2"),
            ("operation", "searchRetrieve"),
            ("query", "page"),
            ("maximumRecords", str(MAX_RECORDS + 1)),
        ]
        place = self.server_place()
        answer = await self.server.answer(pairs, place)
        root = etree.fromstring(answer.element)
        assert len(root.findall(f".//{SRW}record")) == PAGES

    def server_place(self) -> Any:
        from server.sru.target import Place

        return Place("localhost", 2100, "", "network")

    async def test_nothing_but_the_count_is_sent_when_no_record_is_wanted(self) -> None:
        root = await self.search("zola", maximumRecords=0)
        assert root.findtext(f"{SRW}numberOfRecords") == "3"
        assert root.find(f"{SRW}records") is None
        assert root.find(f"{SRW}nextRecordPosition") is None

    async def test_nothing_found_is_no_error(self) -> None:
        root = await self.search("nosuchword")
        assert told(root) == []
        assert root.findtext(f"{SRW}numberOfRecords") == "0"
        assert root.find(f"{SRW}resultSetId") is None

    async def test_databases_are_paths_in_any_case(self) -> None:
        assert await self.count("zola", path="/lens") == 2
        assert await self.count("zola", path="/LENS") == 2
        assert await self.count("zola", path="/vide") == 0
        assert await self.count("zola", path="/") == 3
        assert await self.count("zola", path="/Default") == 3
        assert await self.refused("zola", path="/nosuch") == (235, "nosuch")
        assert (await self.http(request("GET", "/network/more"))).status == 404

    async def test_the_request_is_repeated_in_the_response(self) -> None:
        root = await self.search('dc.title = "a<b&c"', maximumRecords=3)
        echo = root.find(f"{SRW}echoedSearchRetrieveRequest")
        assert [(each.tag.removeprefix(SRW), each.text) for each in echo] == [
            ("version", "1.2"),
            ("query", 'dc.title = "a<b&c"'),
            ("xQuery", None),
            ("maximumRecords", "3"),
        ]
        (clause,) = echo.find(f"{SRW}xQuery")
        assert clause.tag == f"{XCQL}searchClause"
        assert [each.text for each in clause.iter(f"{XCQL}index", f"{XCQL}term")] == ["dc.title", "a<b&c"]

    async def test_two_repeats_the_query_as_text_alone(self) -> None:
        echo = (await self.get(query="zola", maximumRecords=0)).find(f"{SECOND}echoedSearchRetrieveRequest")
        assert [each.tag.removeprefix(SECOND) for each in echo] == ["version", "query", "maximumRecords"]

    async def test_records_are_sorted_by_keys_of_the_query_or_beside_it(self) -> None:
        async def titles(query: str, **more: Any) -> list[str]:
            root = await self.search(query, recordSchema="dc", **more)
            assert told(root) == []
            return [record.findtext(f".//{DC}title") for record in root.iter(f"{SRW}record")]

        assert await titles("zola sortBy dc.title") == ["Germinal", "L'Œuvre", "La Terre"]
        assert await titles("zola sortBy dc.date/sort.descending") == ["La Terre", "L'Œuvre", "Germinal"]
        assert await titles("zola", sortKeys="dc.date,,0") == ["La Terre", "L'Œuvre", "Germinal"]
        assert await titles("zola sortBy dc.date/sort.respectCase") == ["Germinal", "L'Œuvre", "La Terre"]
        assert await titles("zola", sortKeys="dc.date,,0,1") == ["La Terre", "L'Œuvre", "Germinal"]
        assert await titles("zola", sortKeys="title") == ["Germinal", "L'Œuvre", "La Terre"]

    async def test_case_and_accents_count_where_keys_are_alike_without_them(self) -> None:
        named = [
            new_record(f"C{number}", f"200 1  $a{title}")
            for number, title in enumerate(("CÔTE", "cote", "côte", "Cote"))
        ]
        await self.store.work(save_records, named, [NETWORK], NOW)

        async def titles(query: str, **more: Any) -> list[str]:
            root = await self.search(query, recordSchema="dc", **more)
            assert told(root) == []
            return [record.findtext(f".//{DC}title") for record in root.iter(f"{SRW}record")]

        assert await titles("cote sortBy dc.title") == ["CÔTE", "cote", "côte", "Cote"]
        assert await titles("cote sortBy dc.title/sort.respectCase") == ["cote", "côte", "Cote", "CÔTE"]
        assert await titles("cote sortBy dc.title/respectaccents") == ["cote", "Cote", "CÔTE", "côte"]
        both = "sort.respectAccents/sort.respectCase"
        assert await titles(f"cote sortBy dc.title/{both}") == ["cote", "Cote", "côte", "CÔTE"]
        assert await titles(f"cote sortBy dc.title/{both}/ignoreAccents") == ["cote", "côte", "Cote", "CÔTE"]
        assert await titles("cote", sortKeys="title,,1,1") == ["cote", "côte", "Cote", "CÔTE"]
        assert await titles("cote", sortKeys="title,,1,0") == ["CÔTE", "cote", "côte", "Cote"]

    async def test_what_has_no_key_stands_first_or_last_as_is_asked(self) -> None:
        await self.store.work(save_records, [new_record("C1", "200 1  $aSans auteur")], [NETWORK], NOW)

        async def creators(modifier: str) -> list[bool]:
            root = await self.search(
                f"cql.allRecords = 1 sortBy dc.creator/{modifier}", recordSchema="dc", maximumRecords=50
            )
            return [record.find(f".//{DC}creator") is None for record in root.iter(f"{SRW}record")]

        first = await creators("sort.missingLow")
        assert (any(first), first) == (True, sorted(first, reverse=True))
        assert await creators("sort.missingHigh") == sorted(first)

    async def test_what_is_equal_stays_in_the_order_of_the_set_that_is_sorted(self) -> None:
        async def sorted_again(query: str) -> tuple[str, list[str]]:
            root = await self.search(query, recordSchema="dc")
            return root.findtext(f"{SRW}resultSetId"), [each.text for each in root.iter(f"{DC}title")]

        name, by_date = await sorted_again("zola sortBy dc.date/sort.descending")
        assert (await sorted_again(f'cql.resultSetId = "{name}" sortBy dc.creator'))[1] == by_date
        relevant = 'dc.title any/relevant "terre la germinal"'
        assert (await sorted_again(relevant))[1] == ["La Terre", "Germinal"]
        assert (await sorted_again(f"{relevant} sortBy dc.creator"))[1] == ["La Terre", "Germinal"]

    async def test_a_sort_that_is_not_possible_is_refused(self) -> None:
        assert (await self.refused("zola sortBy dc.subject"))[0] == 80
        assert (await self.refused("zola sortBy dc.nosuch"))[0] == 16
        assert (await self.refused("zola", sortKeys="date,,1,maybe")) == (91, "maybe")
        assert (await self.refused("zola sortBy dc.title/sort.nosuch"))[0] == 82
        assert (await self.refused("zola sortBy dc.title dc.title"))[0] == 85
        assert (await self.refused("zola sortBy dc.title dc.creator dc.date dc.publisher rec.id"))[0] == 84
        assert (await self.refused("zola", sortKeys="title,,maybe"))[0] == 90
        assert told(await self.search("zola sortBy dc.title", sortKeys="date")) == [(94, "")]


class ResultSetTests(SruTestCase):
    async def test_a_result_set_can_be_asked_for_again_and_joined(self) -> None:
        name = (await self.search("zola sortBy dc.date/sort.descending")).findtext(f"{SRW}resultSetId")
        root = await self.search(f'cql.resultSetId = "{name}"', recordSchema="dc")
        assert root.findtext(f"{SRW}resultSetId") == name
        assert root.findtext(f".//{DC}title") == "La Terre"
        assert await self.count(f"cql.resultSetId={name} and dc.title=germinal") == 1
        assert int(root.findtext(f"{SRW}resultSetIdleTime")) > 0

    async def test_in_another_database_it_is_what_both_have(self) -> None:
        name = (await self.search("zola")).findtext(f"{SRW}resultSetId")
        assert await self.count(f"cql.resultSetId = {name}", path="/lens") == 2
        assert await self.count(f"cql.resultSetId = {name}", path="/vide") == 0

    async def test_none_is_kept_when_none_is_wanted(self) -> None:
        assert (await self.search("zola", resultSetTTL=0)).find(f"{SRW}resultSetId") is None

    async def test_one_that_is_not_there_is_refused(self) -> None:
        assert await self.refused("cql.resultSetId = nosuch") == (51, "nosuch")
        assert await self.refused("cql.resultSetId = nosuch and zola") == (51, "nosuch")

    async def test_one_that_another_wire_made_is_known(self) -> None:
        found = self.catalogue.store.network.databases["network"]
        from pyroaring import BitMap

        self.catalogue.shared["made"] = ResultSet(BitMap([1]), (found,))
        assert await self.count("cql.resultSetId = made") == 1


class RefusalTests(SruTestCase):
    async def test_what_cannot_be_asked_gets_its_diagnostic_with_the_place(self) -> None:
        for query, expected, place in [
            ("", 7, "query"),
            ("zola and", 10, "character 9"),
            ("dc.nosuch = x", 16, "dc.nosuch at character 1"),
            ("zola and nosuch.title = x", 15, "nosuch"),
            ("dc.title encloses x", 19, "encloses at character 10"),
            ("dc.title =/respectcase x", 20, "respectcase at character 12"),
            ("dc.title =/stem/phonetic x", 21, "phonetic at character 17"),
            ("dc.date >/stem 1880", 20, "> at character 9"),
            ('dc.title adj/stem "la terre"', 22, "dc.title adj"),
            ("dc.date =/relevant 1885", 22, "dc.date ="),
            ("zola and dc.date = abc", 36, "dc.date = abc at character 10"),
            ('dc.title = ""', 27, "character 12"),
            ('dc.title = "x^y"', 32, "character 12"),
            ("(zola", 13, "character 1"),
            ('"zola', 14, "character 1"),
            ("zola/x", 10, "character 5"),
            ("a or/x b", 46, "x at character 6"),
        ]:
            condition, details = await self.refused(query)
            assert (condition, place in details) == (expected, True), (query, condition, details)

    async def test_parameters_are_refused_one_by_one(self) -> None:
        for parameters, expected in [
            ({"recordSchema": "nosuch"}, (66, "nosuch")),
            ({"startRecord": "0"}, (61, "0")),
            ({"startRecord": "99"}, (61, "3")),
            ({"startRecord": "x"}, (6, "startRecord")),
            ({"maximumRecords": "-1"}, (62, "-1")),
            ({"maximumRecords": "ten"}, (6, "maximumRecords")),
            ({"recordPacking": "json"}, (71, "json")),
            ({"recordXPath": "/x"}, (72, "")),
            ({"stylesheet": "javascript:alert(1)"}, (111, "javascript:alert(1)")),
        ]:
            assert await self.refused("zola", **parameters) == expected, parameters

    async def test_versions_and_operations_are_told_apart(self) -> None:
        assert told(await self.get(version="3.0", query="zola")) == [(5, "2.0")]
        assert told(await self.get(version="1.1", operation="update")) == [(4, "update")]
        assert told(await self.get(operation="searchRetrieve", query="zola")) == [(7, "version")]
        assert told(await self.get(operation="scan", version="1.1")) == [(7, "scanClause")]

    async def test_what_is_not_known_is_noted_and_answered_around(self) -> None:
        root = await self.search("zola", utm_source="x")
        assert root.findtext(f"{SRW}numberOfRecords") == "3"
        assert told(root) == [(8, "utm_source")]
        assert told(await self.search("zola", **{"x-info-1-accept": "x"})) == []

    async def test_a_parameter_that_stands_twice_is_refused(self) -> None:
        reply = await self.http(request("GET", "/network?version=1.1&operation=searchRetrieve&query=a&query=b"))
        assert told(etree.fromstring(reply.body)) == [(9, "query twice")]

    async def test_hostile_requests_are_answered(self) -> None:
        for query, expected in [
            ("(" * 1500 + "a" + ")" * 1500, 13),
            (" or ".join(["a"] * 400), 38),
            ("a" * 1100, 23),
            ("\x00\x01", 10),
        ]:
            root = await self.search(query)
            assert told(root) == [] or told(root)[0][0] == expected or expected == 10, query[:20]
        many = "&".join(f"p{number}=1" for number in range(100))
        assert told(etree.fromstring((await self.http(request("GET", f"/network?{many}"))).body))[0][0] == 9

    async def test_refusals_are_counted(self) -> None:
        await self.search("(")
        assert self.metrics.value("refusals", "sru", "QUERY_SYNTAX") == 1
        assert self.metrics.answered("sru", "searchRetrieve") == 1


class VersionTests(SruTestCase):
    async def test_two_needs_no_operation_and_answers_in_its_own_namespaces(self) -> None:
        root = await self.get(query="zola", recordSchema="dc")
        assert root.tag == f"{SECOND}searchRetrieveResponse"
        assert [each.tag.removeprefix(SECOND) for each in root] == [
            "version", "numberOfRecords", "resultSetId", "records", "echoedSearchRetrieveRequest", "resultSetTTL",
            "resultCountPrecision",
        ]  # fmt: skip
        assert root.findtext(f".//{SECOND}recordXMLEscaping") == "xml"
        assert root.findtext(f"{SECOND}resultCountPrecision") == "info:srw/vocabulary/resultCountPrecision/1/exact"
        root = await self.get(query="dc.nosuch = x")
        assert told(root)[0][0] == 16
        assert root.find(f".//{DIAG_2}diagnostic") is not None

    async def test_one_has_its_elements_in_the_order_of_the_schema(self) -> None:
        root = await self.search("zola", maximumRecords=1, version="1.1", nosuch="x")
        assert [each.tag.removeprefix(SRW) for each in root] == [
            "version", "numberOfRecords", "resultSetId", "resultSetIdleTime", "records", "nextRecordPosition",
            "echoedSearchRetrieveRequest", "diagnostics",
        ]  # fmt: skip
        assert root.findtext(f"{SRW}version") == "1.1"

    async def test_other_query_types_are_refused_in_two(self) -> None:
        assert told(await self.get(query="zola", queryType="pqf")) == [(11, "pqf")]
        assert told(await self.get(query="zola", recordPacking="unpacked")) == [(71, "unpacked")]
        assert told(await self.get(query="zola", renderedBy="server")) == [(6, "renderedBy")]

    async def test_every_version_has_names_for_all(self) -> None:
        assert set(NAMES) == set(Version)
