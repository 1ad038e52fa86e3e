"""A target on either database: what is found, how it is sent, and what a loan changes."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol

from protocols.z3950 import oids
from protocols.z3950.apdu import OperationStatus
from protocols.z3950.update import Action
from server.catalogue.shared import Catalogue
from server.metrics import Metrics
from server.z3950.factory import Z3950Factory
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.database import Location
from tests.counter import Counter, at
from tests.network import NOW
from tests.reactor import await_
from tests.server.z3950.origin import PAGES, Origin, fill_catalogue, init, present, refused, search, surrogates, texts
from tests.server.z3950.test_update import MARIE, asked, declare_cataloguers, marc, supplied

SYNTAXES = (oids.UNIMARC, oids.USMARC, oids.XML, oids.SUTRS)


def test_a_cataloguer_finds_and_sees_what_is_lent(any_location: Location) -> None:
    with any_location.engine().begin() as connection:
        fill_catalogue(connection)
    counter = Counter(any_location)
    try:
        await_(Deferred.fromCoroutine(_session(counter)))
    finally:
        counter.close()


async def _session(counter: Counter) -> None:
    running: Any = reactor
    factory = Z3950Factory(Catalogue(counter.store, running), running, Metrics())
    port = running.listenTCP(0, factory, interface="127.0.0.1")
    origin = await _connected(running, port.getHost().port)
    assert (await origin.ask(init())).result
    assert await origin.count("@and @attr 1=1003 zola @attr 1=4 germinal", result_set_name="a") == 1
    assert await origin.count("@attr 1=4 @attr 5=1 pag") == PAGES
    assert await origin.count('@attr 1=4 @attr 4=1 "la terre"') == 1
    assert await origin.count("zola", "lens", "network") == 3
    assert await origin.count("@not @attr 1=1003 zola @set a") == 2
    assert refused(await origin.ask(search("@attr 1=31 soon"))) == (126, "soon")
    for syntax in SYNTAXES:
        (text,) = texts(await origin.ask(present(1, 1, syntax, result_set_id="a")))
        assert "En prêt" not in text
    await counter.store.transact(CHECKOUT, CheckoutRequest("R1", "I1", at()), NOW)
    for syntax in SYNTAXES:
        (text,) = texts(await origin.ask(present(1, 1, syntax, result_set_id="a")))
        assert "En prêt" in text
    assert await origin.count("@attr 1=4 page") == PAGES
    assert surrogates(await origin.ask(present(1, PAGES))) == [0] * PAGES
    await origin.leave()
    await factory.drain()
    await port.stopListening()


def test_what_is_saved_over_one_daemon_is_found_by_the_next_search_on_the_other(postgresql_location: Location) -> None:
    with postgresql_location.engine().begin() as connection:
        fill_catalogue(connection)
        declare_cataloguers(connection)
    counters = [Counter(postgresql_location), Counter(postgresql_location)]
    try:
        await_(Deferred.fromCoroutine(_saved(counters)))
    finally:
        for counter in counters:
            counter.close()


async def _saved(counters: list[Counter]) -> None:
    running: Any = reactor
    factories = [Z3950Factory(Catalogue(each.store, running), running, Metrics()) for each in counters]
    ports = [running.listenTCP(0, each, interface="127.0.0.1") for each in factories]
    writer, reader = [await _connected(running, port.getHost().port) for port in ports]
    assert (await writer.ask(init(id_authentication=MARIE))).result
    assert (await reader.ask(init())).result
    for number, title in enumerate(["corons", "terrils", "chevalements"], 1):
        assert await reader.count(f"@attr 1=4 {title}") == 0  # and it is remembered that there are none
        response = await writer.ask(asked(Action.RECORD_INSERT, supplied(marc(f"n{number}", title))))
        assert response.operation_status == OperationStatus.DONE
        assert await reader.count(f"@attr 1=4 {title}") == 1
        assert title in texts(await reader.ask(present(1, 1)))[0]
    for each in (writer, reader):
        await each.leave()
    for factory, port in zip(factories, ports, strict=True):
        await factory.drain()
        await port.stopListening()


async def _connected(running: Any, port: int) -> Origin:
    origin: Origin = await connectProtocol(TCP4ClientEndpoint(running, "127.0.0.1", port), Origin())
    return origin
