"""A partner for tests: its messages are written by hand, and its answers read with a parser that is not ours."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree
from sqlalchemy import insert, update
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from server.metrics import Metrics
from server.ncip.responder import Responder
from storage import schema
from storage.database import Location
from storage.store import Store, open_store
from tests.network import NOW

NS = "http://www.niso.org/2008/ncip"
US, PARTNER = "FR-620000001", "FR-MDPC62"
"""Lens, where the acts of these tests take place unless they say otherwise, and who asks for them."""
SECRET_HASH = "$argon2id$v=19$m=8,t=1,p=1$4ARguDmTPTYAp54KWAJUQw$LhNJj/YmqFmUkSs96HfqSfd4ypWNchc6fuH2ekRxgS8"
"""Of `entre nous`."""


def header(sender: str | None = PARTNER, to: str = US, more: str = "") -> str:
    if sender is None:
        return ""
    return (
        f"<InitiationHeader><FromAgencyId><AgencyId>{sender}</AgencyId></FromAgencyId>{more}"
        f"<ToAgencyId><AgencyId>{to}</AgencyId></ToAgencyId></InitiationHeader>"
    )


def message(service: str, content: str = "", head: str | None = None) -> bytes:
    head = header() if head is None else head
    return f'<NCIPMessage xmlns="{NS}" version="2.02"><{service}>{head}{content}</{service}></NCIPMessage>'.encode()


def user(card: str) -> str:
    return f"<UserId><UserIdentifierValue>{card}</UserIdentifierValue></UserId>"


def typed(*inputs: tuple[str, str]) -> str:
    return "".join(
        f"<AuthenticationInput><AuthenticationInputData>{data}</AuthenticationInputData>"
        f"<AuthenticationDataFormatType>text/plain</AuthenticationDataFormatType>"
        f"<AuthenticationInputType>{kind}</AuthenticationInputType></AuthenticationInput>"
        for kind, data in inputs
    )


def item(barcode: str) -> str:
    return f"<ItemId><ItemIdentifierValue>{barcode}</ItemIdentifierValue></ItemId>"


def wants(kind: str, *elements: str) -> str:
    return "".join(f"<{kind}ElementType>{element}</{kind}ElementType>" for element in elements)


def lookup_user(who: str, more: str = "") -> bytes:
    return message("LookupUser", who + more)


def lookup_item(barcode: str, more: str = "") -> bytes:
    return message("LookupItem", item(barcode) + more)


def check_out(card: str, barcode: str, more: str = "", to: str = US) -> bytes:
    return message("CheckOutItem", user(card) + item(barcode) + more, header(to=to))


def check_in(barcode: str, more: str = "", to: str = US) -> bytes:
    return message("CheckInItem", item(barcode) + more, header(to=to))


def renew(card: str, barcode: str, more: str = "") -> bytes:
    return message("RenewItem", user(card) + item(barcode) + more)


class Answer:
    """An answer, looked into by local names."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.root = etree.fromstring(octets)
        self.name = etree.QName(self.root[0]).localname

    def all(self, path: str) -> list[str]:
        """Texts of all elements on a path of local names."""
        steps = "/".join(f"*[local-name()='{step}']" for step in path.split("/"))
        found: Any = self.root.xpath(f".//{steps}")
        return [element.text or "" for element in found]

    def one(self, path: str) -> str | None:
        """Text of the only element on a path, None when there is none."""
        found = self.all(path)
        assert len(found) < 2, found
        return found[0] if found else None

    @property
    def problems(self) -> list[tuple[str, str | None]]:
        """Type and element of every problem, and the scheme's last part."""
        return list(zip(self.all("ProblemType"), self.all("ProblemElement"), strict=True))


class PartnerCase(TestCase):
    """Tests with a responder on a store of their own."""

    @pytest.fixture(autouse=True)
    def _given(self, location: Location) -> None:
        self.location = location

    def setUp(self) -> None:
        self.change(
            update(schema.library).where(schema.library.c.id == 4).values(namespace="MDPC"),
            insert(schema.partner).values(agency="FR-SECRET", name="S", library_id=1, secret_hash=SECRET_HASH),
            insert(schema.partner).values(agency="FR-OFF", name="O", library_id=1, enabled=0),
            insert(schema.partner).values(agency="FR-EN", name="E", library_id=1, profile='{"language": "en"}'),
        )
        self.clock = Clock()
        self.clock.advance(NOW)
        self.metrics = Metrics()
        self.store = self.open()
        self.responder = self.respond()

    def open(self) -> Store:
        store = open_store(self.location, reactor)
        self.addCleanup(store.close)
        return store

    def respond(self, **options: Any) -> Responder:
        return Responder(self.store, self.clock, metrics=self.metrics, **options)

    def change(self, *statements: Any) -> None:
        """Change the database before the store is opened."""
        with self.location.engine().begin() as connection:
            for statement in statements:
                connection.execute(statement)

    async def reopen(self, *statements: Any) -> None:
        """Close the store, change the database, and open it again."""
        await self.store.close()
        self.change(*statements)
        self.store = self.open()
        self.responder = self.respond()

    def check(self, answer: Answer) -> None:
        """Judge every answer; the tests with the schema at hand do more here."""

    async def ask(self, body: bytes, responder: Responder | None = None, charset: str | None = None) -> Answer:
        asked: Deferred[bytes] = (responder or self.responder).answer(body, charset)
        answer = Answer(await asked)
        self.check(answer)
        return answer
