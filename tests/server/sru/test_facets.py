"""SRU 2.0: facets of what was found, and their refusals."""

from __future__ import annotations

from typing import Any

import pytest
from pyroaring import BitMap
from sqlalchemy import Connection, update
from twisted.internet.defer import Deferred, DeferredLock

from protocols.sru.diagnostics import Condition
from protocols.sru.facets import limits
from protocols.sru.requests import SearchRetrieve, Version
from server.sru.facets import FACETS, Facets, wanted
from storage import schema
from storage.catalogue import facets
from storage.catalogue.scan import MAX_SHOWN
from tests.network import LENS, LIEVIN
from tests.server.sru.case import SECOND, ZR, SruTestCase, told
from tests.server.z3950.origin import GERMINAL, TERRE, fill_catalogue

FR = "{http://docs.oasis-open.org/ns/search-ws/facetedResults}"
Terms = list[tuple[str, int]]


class FacetTests(SruTestCase):
    def fill(self, connection: Connection) -> None:
        fill_catalogue(connection)
        for number, record, owner in [(1, GERMINAL, LENS), (2, TERRE, LENS), (12, GERMINAL, LIEVIN)]:
            changed = update(schema.item).where(schema.item.c.id == number)
            connection.execute(changed.values(record_id=record, owner_id=owner))

    async def response(self, query: str, **more: Any) -> Any:
        return await self.get(query=query, maximumRecords=0, **more)

    async def facets(self, query: str, **more: Any) -> dict[str, Terms]:
        root = await self.response(query, **more)
        assert told(root) == []
        return {
            facet.findtext(f"{FR}index"): [
                (term.findtext(f"{FR}actualTerm"), int(term.findtext(f"{FR}count"))) for term in facet.iter(f"{FR}term")
            ]
            for facet in root.iter(f"{FR}facet")
        }

    async def test_each_facet_tells_how_many_records_have_each_term(self) -> None:
        found = await self.facets("zola or hugo", facetLimit=10)
        assert found["dc.language"] == [("fre", 1)]
        assert found["dc.type"] == [("am", 4)]
        assert found["dc.creator"] == [("Zola Émile", 3), ("Hugo, Victor", 1)]
        assert found["dc.subject"] == [("Mines", 1), ("Mines Grèves", 1)]
        assert found["dc.date"] == [("1862", 1), ("1885", 1), ("1886", 1), ("1887", 1)]
        assert [count for _, count in found["bib.institution"]] == [2, 1]

    async def test_the_query_of_each_term_finds_its_count(self) -> None:
        root = await self.response("zola or hugo", facetLimit=-1)
        terms = list(root.iter(f"{FR}term"))
        assert len(terms) > 10
        for term in terms:
            asked = term.findtext(f"{FR}query")
            assert await self.count(f"(zola or hugo) and {asked}") == int(term.findtext(f"{FR}count")), asked

    async def test_a_facet_has_its_elements_in_the_order_of_the_schema(self) -> None:
        root = await self.response("zola", facetLimit="1:dc.creator")
        (faceted,) = root.iter(f"{FR}facetedResults")
        assert list(root)[-1] is faceted
        (facet,) = faceted
        assert [each.tag.removeprefix(FR) for each in facet] == ["facetDisplayLabel", "index", "relation", "terms"]
        assert [each.text for each in facet][:3] == ["Auteur", "dc.creator", "=="]
        assert [each.tag.removeprefix(FR) for each in facet[3][0]] == ["actualTerm", "query", "count"]

    async def test_only_what_is_wanted_is_told_and_by_any_name_of_its_index(self) -> None:
        assert list(await self.facets("zola", facetLimit="3:dc.date")) == ["dc.date"]
        assert list(await self.facets("zola", facetLimit="3:BATH.author,2:bib.publicationdate")) == [
            "dc.creator",
            "dc.date",
        ]
        assert list(await self.facets("zola", facetLimit="3:date")) == ["dc.date"]
        assert "dc.date" not in await self.facets("zola", facetLimit="9,0:dc.date")
        assert await self.facets("zola") == {}
        assert await self.facets("nosuchword", facetLimit=10) == {}

    async def test_terms_come_in_the_order_and_from_the_place_that_are_wanted(self) -> None:
        async def dates(**more: Any) -> list[str]:
            found = await self.facets("zola or hugo", **more)
            return [term for term, _ in found.get("dc.date", [])]

        assert await dates(facetLimit="2:dc.date", facetStart="2:dc.date") == ["1885", "1886"]
        assert await dates(facetLimit="2:dc.date", facetSort="alphanumeric,descending") == ["1887", "1886"]
        assert await dates(facetLimit="2:dc.date", facetSort="alphanumeric,descending:dc.type") == ["1862", "1885"]
        assert await dates(facetLimit="2:dc.date", facetStart="9") == []
        by_count = await self.facets("zola or hugo", facetLimit="9:dc.creator", facetSort="recordCount,ascending")
        assert by_count["dc.creator"] == [("Hugo, Victor", 1), ("Zola Émile", 3)]

    async def test_a_database_and_an_earlier_result_have_facets_of_their_own(self) -> None:
        root = await self.get("/lens", query="zola", facetLimit="9:dc.date", maximumRecords=0)
        assert [each.text for each in root.iter(f"{FR}actualTerm")] == ["1885", "1887"]
        name = (await self.response("zola")).findtext(f"{SECOND}resultSetId")
        assert (await self.facets(f"cql.resultSetId={name}", facetLimit="9:dc.creator"))["dc.creator"] == [
            ("Zola Émile", 3)
        ]

    async def test_what_is_no_facet_or_no_number_is_refused(self) -> None:
        cases: list[tuple[dict[str, Any], str]] = [
            ({"facetLimit": "5:dc.title"}, "facetLimit: dc.title; "),
            ({"facetLimit": "5:nosuch.x"}, "facetLimit: nosuch.x; "),
            ({"facetLimit": "5:cql.resultSetId"}, "facetLimit: cql.resultSetId; "),
            ({"facetLimit": "5:dc.date,6:date"}, "facetLimit: date; "),
            ({"facetLimit": "5:<&\x01."}, "facetLimit: <&.; "),
            ({"facetLimit": "5", "facetSort": "alphanumeric:dc.title"}, "facetSort: dc.title; "),
            ({"facetLimit": "5", "facetStart": "1:dc.title"}, "facetStart: dc.title; "),
            ({"facetLimit": "5", "facetStart": facets.MAX_TERMS}, "facetStart: "),
            ({"facetLimit": "ten"}, "facetLimit"),
        ]
        for sent, details in cases:
            root = await self.response("zola", **sent)
            ((condition, text),) = told(root)
            assert condition == Condition.PARAMETER_VALUE, sent
            assert text.startswith(details), sent
        ((_, text),) = told(await self.response("zola", facetLimit="5:dc.title"))
        assert all(row.name in text for row in FACETS)

    async def test_too_many_records_for_a_facet_are_told_and_the_others_given(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(facets, "MAX_RECORDS", 2)
            root = await self.response("zola", facetLimit=5)
        left_out = {Condition.TOO_MANY_RECORDS}
        assert {condition for condition, _ in told(root)} == left_out
        assert [text.rpartition(" ")[2] for _, text in told(root)] == ["bib.institution", "dc.creator", "dc.subject"]
        assert [each.text for each in root.iter(f"{FR}index")] == ["dc.type", "dc.date"]

    async def test_facets_for_which_too_many_wait_are_told_and_the_others_given(self) -> None:
        facet = wanted(SearchRetrieve(version=Version.V2_0, query="", facet_limit=limits("facetLimit", "5:dc.subject")))
        work = Facets(self.catalogue)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("server.sru.facets.MAX_WAITING", 1)
            turn: DeferredLock = work._wide
            await turn.acquire()
            waits = Deferred.fromCoroutine(work.counted(BitMap([GERMINAL]), facet))
            found, ((condition, text, *_),) = await work.counted(BitMap([GERMINAL]), facet)
            assert (found, condition) == ([], Condition.TEMPORARILY_UNAVAILABLE)
            assert text == "too many wait for the facet dc.subject"
            turn.release()
            for terms, notes in (await waits, await work.counted(BitMap([GERMINAL]), facet)):
                assert ([each.name for each in terms], notes) == (["dc.subject"], [])

    async def test_older_versions_do_not_know_facets(self) -> None:
        root = await self.search("zola", facetLimit=5)
        assert told(root) == [(Condition.UNSUPPORTED_PARAMETER, "facetLimit")]
        assert root.find(f".//{FR}facet") is None

    async def test_explain_tells_of_them_in_two(self) -> None:
        async def supported(version: str) -> list[str]:
            root = await self.get(version=version, operation="explain")
            return [each.text for each in root.iter(f"{ZR}supports") if each.get("type") == "facet"]

        assert await supported("2.0") == [row.name for row in FACETS]
        assert await supported("1.2") == []
        root = await self.get(version="2.0", operation="explain")
        settings = {each.get("type"): each.text for each in root.iter(f"{ZR}setting")}
        assert settings["facetLimit"] == str(MAX_SHOWN)
