"""An association with the target: a real store behind it, a real socket before it, and what tests ask in it."""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol

from protocols.z3950 import apdu, elements, oids, rpn
from protocols.z3950.elements import CompSpec, RecordComposition
from server.z3950.factory import Z3950Factory
from tests.server.catalogue.case import CatalogueTestCase, reactor
from tests.server.z3950.origin import (
    Origin,
    refused,
    search,
)


class Z3950TestCase(CatalogueTestCase):
    """A listener on a port that the system chooses, and origins that connect to it."""

    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for it
        await super().setUp()
        self.factory = Z3950Factory(self.catalogue, reactor, self.metrics)
        self.port = reactor.listenTCP(0, self.factory, interface="127.0.0.1")
        self.addCleanup(self.factory.drain)
        self.addCleanup(self.port.stopListening)

    async def connected(self) -> Origin:
        """Return an origin that has sent nothing."""
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port.getHost().port)
        origin: Origin = await connectProtocol(endpoint, Origin())
        self.addCleanup(origin.transport.loseConnection)
        return origin

    async def origin(self, version: int = 3, **changes: Any) -> Origin:
        """Return an origin whose Init was accepted."""
        return await (await self.connected()).opened(version, **changes)

    async def refuses(self, query: str | elements.Query, *databases: str, **changes: Any) -> tuple[int, str]:
        """Return the diagnostic that a search gets."""
        origin = await self.origin()
        response = await origin.ask(search(query, *databases, **changes))
        assert response.search_status is False
        assert (response.result_count, response.number_of_records_returned) == (0, 0)
        assert response.result_set_status == apdu.ResultSetStatus.NONE
        return refused(response)


def composed(
    uri: str | None = None,
    name: str | None = None,
    syntaxes: tuple[str, ...] | None = None,
    *,
    alternative: bool = False,
) -> RecordComposition:
    """Return a composition in its long form."""
    spec = elements.Specification(
        schema=None if uri is None else elements.Schema(uri=uri),
        element_spec=None if name is None else elements.ElementSpec(element_set_name=name),
    )
    return RecordComposition(
        complex=CompSpec(select_alternative_syntax=alternative, generic=spec, record_syntax=syntaxes)
    )


def ranges(*pairs: tuple[int, int]) -> tuple[elements.Range, ...]:
    """Return additional ranges."""
    return tuple(elements.Range(starting_position=start, number_of_records=number) for start, number in pairs)


def cql_query(text: bytes) -> elements.Query:
    """Return a query of type 104 as YAZ's clients send it."""
    string = b"\x1b" + bytes([len(text)]) + text
    return elements.Query(type_104=elements.External(direct_reference=oids.CQL, single_asn1_type=string))


def raw(use: int, term: bytes) -> elements.Query:
    """Return a query whose term is any octets."""
    attribute = elements.AttributeElement(attribute_type=1, attribute_value=elements.AttributeValue(numeric=use))
    operand = elements.AttributesPlusTerm(attributes=(attribute,), term=elements.Term(general=term))
    octets = rpn.encode(elements.Operand(attr_term=operand))
    return elements.Query(type_1=elements.RPNQuery(attribute_set=oids.BIB_1, rpn=octets))
