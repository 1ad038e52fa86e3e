"""SRU and OAI-PMH on either database: what is found, in which order, and what a loan changes."""

from __future__ import annotations

from typing import Any

from lxml import etree
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from server.catalogue.shared import Catalogue
from server.metrics import Metrics
from server.oai.repository import Repository
from server.sru.target import Place, SruServer
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.database import Location
from tests.counter import Counter, at
from tests.network import NOW
from tests.reactor import await_
from tests.server.z3950.origin import PAGES, fill_catalogue


def test_a_portal_finds_harvests_and_sees_what_is_lent(any_location: Location) -> None:
    with any_location.engine().begin() as connection:
        fill_catalogue(connection)
    counter = Counter(any_location)
    try:
        await_(Deferred.fromCoroutine(_session(counter)))
    finally:
        counter.close()


async def _session(counter: Counter) -> None:
    running: Any = reactor
    catalogue = Catalogue(counter.store, running)
    server, repository = SruServer(catalogue, Metrics()), Repository(catalogue, Metrics())

    async def ask(query: str, **more: str) -> Any:
        pairs = [("version", "1.2"), ("operation", "searchRetrieve"), ("query", query), *more.items()]
        answer = await server.answer(pairs, Place("localhost", 80, "", "network"))
        root = etree.fromstring(answer.element)
        assert root.find("{*}diagnostics") is None, answer.element
        return root

    async def count(query: str) -> int:
        return int((await ask(query, maximumRecords="0")).findtext("{*}numberOfRecords"))

    assert await count('dc.title == "la terre" or dc.date within "1885 1885"') == 2
    assert await count("dc.title = *erminal and cql.allRecords = 1") == 1
    root = await ask("zola sortBy dc.date/sort.descending", recordSchema="dc")
    assert [each.text for each in root.iter("{*}title")] == ["La Terre", "L'Œuvre", "Germinal"]
    root = await ask("dc.title = germinal", recordSchema="opac")
    assert [each.get("value") for each in root.iter("availableNow")] == ["1", "1"]
    await counter.store.transact(CHECKOUT, CheckoutRequest("R1", "I1", at()), NOW)
    root = await ask("dc.title = germinal", recordSchema="opac")
    assert [each.get("value") for each in root.iter("availableNow")] == ["0", "1"]
    assert root.findtext(".//availabilityDate") > "2026-11-22"
    pairs = [("version", "1.2"), ("operation", "scan"), ("scanClause", "dc.title = page"), ("maximumTerms", "1")]
    answer = await server.answer(pairs, Place("localhost", 80, "", "network"))
    assert etree.fromstring(answer.element).findtext(".//{*}numberOfRecords") == str(PAGES)
    listed = [("verb", "ListRecords"), ("metadataPrefix", "marcxchange"), ("set", "lens")]
    document = await repository.answer(listed, "http://localhost/oai")
    assert document is not None
    assert b"Germinal" in document
    assert document.count(b"<metadata>") == 2
