"""Conversations in the manner of other products: messages shaped as they send them, answers with what they look for."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from sqlalchemy import update

from storage import schema
from tests.network import NOW
from tests.server.ncip.partner import NS, PARTNER, US, PartnerCase, item, message, user
from tests.server.ncip.test_ill import ADDRESS, accept, request
from tests.server.z3950.origin import GERMINAL, fill_catalogue


def sysnumber(number: str, code: str = "SYSNUMBER") -> str:
    return (
        f"<BibliographicId><BibliographicRecordId><BibliographicRecordIdentifier>{number}</BibliographicRecordIdentifier>"
        f"<BibliographicRecordIdentifierCode>{code}</BibliographicRecordIdentifierCode></BibliographicRecordId></BibliographicId>"
    )


def isbn(number: str, code: str = "ISBN") -> str:
    return (
        f"<BibliographicId><BibliographicItemId><BibliographicItemIdentifier>{number}</BibliographicItemIdentifier>"
        f"<BibliographicItemIdentifierCode>{code}</BibliographicItemIdentifierCode></BibliographicItemId></BibliographicId>"
    )


def kinds(kind: str, scope: str) -> str:
    return f"<RequestType>{kind}</RequestType><RequestScopeType>{scope}</RequestScopeType>"


class Broker(PartnerCase):
    """A partner with an account here, that speaks *dialect*."""

    dialect: ClassVar[str]
    more: ClassVar[dict[str, Any]] = {}

    def setUp(self) -> None:
        with self.location.engine().begin() as connection:
            fill_catalogue(connection)
        profile = json.dumps({"account": "R9", "dialect": self.dialect} | self.more)
        self.change(update(schema.partner).where(schema.partner.c.agency == PARTNER).values(profile=profile))
        super().setUp()

    async def rows(self, statement: str) -> list[Any]:
        found = await self.store.work(lambda connection: list(connection.exec_driver_sql(statement)))
        return [tuple(row) for row in found]


class ReShareTests(Broker):
    """Version 2 without a prefix; the institution is a reader; what is to be lent is told with its barcode."""

    dialect = "reshare"

    async def test_a_copy_is_chosen_and_told_with_all_that_the_pick_list_needs(self) -> None:
        body = message(
            "RequestItem", user("INST-X") + sysnumber(str(GERMINAL)) + request("r1") + kinds("Loan", "Title")
        )
        answer = await self.ask(body)
        assert answer.one("ItemId/ItemIdentifierType") == "Item Barcode"
        assert answer.one("ItemId/ItemIdentifierValue") == "I1"
        assert answer.one("UserId/UserIdentifierValue") == "INST-X"
        assert answer.one("BibliographicDescription/Title") == "Titre 1"
        names = answer.all("LocationNameInstance/LocationNameValue")
        assert {"Essai", "Médiathèque de Lens"} <= set(names)
        assert (await self.ask(body)).octets == answer.octets
        assert await self.rows("SELECT target_item_id, record_id FROM hold") == [(1, None)]

    async def test_a_user_named_twice_is_looked_up(self) -> None:
        typed = (
            "<AuthenticationInput><AuthenticationInputData>R1</AuthenticationInputData><AuthenticationDataFormatType>text/plain"
            "</AuthenticationDataFormatType><AuthenticationInputType>username</AuthenticationInputType></AuthenticationInput>"
        )
        elements = "".join(
            f"<UserElementType>{each}</UserElementType>" for each in ("User Privilege", "Name Information", "User Id")
        )
        answer = await self.ask(message("LookupUser", user("R1") + typed + elements))
        privileges = dict(
            zip(answer.all("AgencyUserPrivilegeType"), answer.all("UserPrivilegeStatusType"), strict=True)
        )
        assert privileges["STATUS"].lower() in {"active", "ok"}
        assert "PROFILE" in privileges

    async def test_lent_to_the_institution_and_back(self) -> None:
        await self.ask(
            message("RequestItem", user("INST-X") + sysnumber(str(GERMINAL)) + request("r1") + kinds("Loan", "Title"))
        )
        out = await self.ask(message("CheckOutItem", user("R9") + item("I1") + request("r1")))
        assert out.problems == []
        assert out.one("DateDue")
        assert (await self.ask(message("CheckInItem", item("I1")))).problems == []
        again = await self.ask(message("CheckInItem", item("NONE")))
        assert [kind for kind, _ in again.problems] == ["Unknown Item"]  # which it takes for success


class CrossLinkTests(Broker):
    """Every child redeclares the namespace; places come without a type, and what is mandatory comes empty."""

    dialect = "crosslink"

    async def test_its_shapes_are_read_and_its_needs_met(self) -> None:
        ns = f' xmlns="{NS}"'
        body = (
            f'<NCIPMessage{ns} version="http://www.niso.org/ncip/v2_02/imp1/xsd/ncip_v2_02.xsd"><RequestItem{ns}>'
            f"<InitiationHeader{ns}><FromAgencyId{ns}><AgencyId{ns}>{PARTNER}</AgencyId></FromAgencyId><ToAgencyId{ns}>"
            f"<AgencyId{ns}>{US}</AgencyId></ToAgencyId></InitiationHeader>"
            f"{user('INST-FR')}{sysnumber(str(GERMINAL))}{request('c1')}{kinds('Page', 'Item')}"
            "<PickupLocation></PickupLocation></RequestItem></NCIPMessage>"
        ).encode()
        answer = await self.ask(body)
        assert answer.one("ItemId/ItemIdentifierType") == "Item Barcode"
        assert answer.one("RequestType") == "Page"
        assert b"http://www.niso.org/ncip/v2_02/imp1/xsd/ncip_v2_02.xsd" in answer.octets
        gone = message("CancelRequestItem", user("INST-FR") + request("c1"))  # without its RequestType
        assert (await self.ask(gone)).problems == []

    async def test_a_place_without_a_type_is_no_obstacle(self) -> None:
        place = (
            "<ItemOptionalFields><Location><LocationName><LocationNameInstance><LocationNameLevel>1</LocationNameLevel>"
            "<LocationNameValue>X</LocationNameValue></LocationNameInstance></LocationName></Location></ItemOptionalFields>"
        )
        assert (await self.ask(accept("c2", barcode="X-1", more=place))).problems == []


class ILLiadTests(Broker):
    """Answers are searched for the letters "Problem"; dates have no zone."""

    dialect = "illiad"
    more: ClassVar[dict[str, Any]] = {"timezone": "Europe/Paris"}

    async def test_a_success_never_holds_the_word_that_it_takes_for_a_failure(self) -> None:
        await self.rows_of("UPDATE item SET title = 'The Problem of Pain' WHERE id = 3")
        answer = await self.ask(
            message("LookupItem", item("I3") + "<ItemElementType>Bibliographic Description</ItemElementType>")
        )
        assert b"Problem" not in answer.octets
        assert answer.one("Title") == "The Problem of Pain"
        assert b"Problem" in (await self.ask(message("LookupItem", item("NONE")))).octets

    async def rows_of(self, statement: str) -> None:
        await self.store.work(lambda connection: connection.exec_driver_sql(statement))

    async def test_a_date_without_a_zone_ends_its_day_here(self) -> None:
        body = accept("i1", barcode="P-1").replace(b"2027-01-15T22:59:59Z", b"2027-01-15T23:59:00")
        assert (await self.ask(body)).problems == []
        assert await self.rows("SELECT due_back_on FROM ill_request") == [("2027-01-15",)]

    async def test_the_literal_names_that_it_matches(self) -> None:
        told = await self.ask(message("CheckOutItem", user("NOBODY") + item("I1")))
        assert told.all("ProblemType") == ["Unknown User"]
        told = await self.ask(message("CheckInItem", item("NONE")))
        assert told.all("ProblemType") == ["Unknown Item"]


class CircillTests(Broker):
    """WorldShare: what has been shipped is told as having happened already."""

    dialect = "oclc-circill"

    async def test_a_mandated_loan_is_recorded_whatever_the_rules(self) -> None:
        await self.store.work(lambda c: c.exec_driver_sql("UPDATE item SET for_loan = 0 WHERE id = 3"))
        when = "<MandatedAction><DateEventOccurred>2026-11-22T09:00:00Z</DateEventOccurred></MandatedAction>"
        due = "<DesiredDateDue>2027-02-01T22:59:59Z</DesiredDateDue>"
        answer = await self.ask(message("CheckOutItem", when + user("R9") + item("I3") + due))
        assert answer.problems == []
        assert answer.one("DateDue") == "2027-02-01T22:59:59Z"
        assert await self.rows("SELECT out_at FROM loan") == [(NOW - 7200,)]

    async def test_what_comes_to_be_lent_at_once_is_accepted(self) -> None:
        body = accept("w1", barcode="W-1").replace(b"Hold For Pickup", b"Circulate")
        answer = await self.ask(body)
        assert answer.one("RequestIdentifierValue") == "w1"
        assert answer.one("ItemIdentifierValue") == "W-1"


class InnReachTests(Broker):
    """Version 1, with an attribute on every element and a control character at the end; it hangs unless it is answered."""

    dialect = "innreach-v1"

    async def test_an_announced_item_is_answered_in_its_release(self) -> None:
        header = "".join(
            f'<{side} datatype="string"><UniqueAgencyId datatype="string"><Scheme datatype="string">s</Scheme>'
            f'<Value datatype="string">{agency}</Value></UniqueAgencyId></{side}>'
            for side, agency in (("FromAgencyId", PARTNER), ("ToAgencyId", US))
        )
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE NCIPMessage PUBLIC "-//NISO//NCIP DTD Version 1.0//EN" '
            '"http://www.niso.org/ncip/v1_0/imp1/dtd/ncip_v1_0.dtd">'
            '<NCIPMessage version="http://www.niso.org/ncip/v1_0/imp1/dtd/ncip_v1_0.dtd"><ItemShipped>'
            f"<InitiationHeader>{header}</InitiationHeader><UniqueRequestId><UniqueAgencyId><Scheme>s</Scheme><Value>{PARTNER}"
            "</Value></UniqueAgencyId><RequestIdentifierValue>9x</RequestIdentifierValue></UniqueRequestId>"
            "<DateShipped>2026-11-22T10:00:00</DateShipped></ItemShipped></NCIPMessage>\x04"
        ).encode()
        answer = await self.ask(body)
        assert answer.name == "ItemShippedResponse"
        assert b"v1_0" in answer.octets
        assert PARTNER in answer.all("ResponseHeader/ToAgencyId/UniqueAgencyId/Value")
        assert (await self.ask(body)).octets == answer.octets  # it posts twice


class DanzigTests(Broker):
    """Version 1 with a DOCTYPE, an estimate before the hold, and an agency's password in the header."""

    dialect = "danzig"

    async def test_an_item_is_looked_up(self) -> None:
        def pair(tag: str, value: str) -> str:
            return f"<{tag}><Scheme>http://biblstandard.dk/isil/schemes/1.1/</Scheme><Value>{value}</Value></{tag}>"

        header = "".join(
            f"<{side}>{pair('UniqueAgencyId', agency)}</{side}>"
            for side, agency in (("FromAgencyId", PARTNER), ("ToAgencyId", US))
        )
        body = (
            '<!DOCTYPE NCIPMessage PUBLIC "-//NISO//NCIP DTD Version 1.01//EN" "http://ncip.envisionware.com/documentation/ncip_v1_01.dtd">'
            '<NCIPMessage version="http://ncip.envisionware.com/documentation/ncip_v1_01.dtd"><LookupItem><InitiationHeader>'
            f"{header}</InitiationHeader><UniqueItemId>{pair('UniqueAgencyId', US)}<ItemIdentifierValue>I1</ItemIdentifierValue>"
            f"</UniqueItemId>{pair('ItemElementType', 'Circulation Status')}</LookupItem></NCIPMessage>"
        ).encode()
        answer = await self.ask(body)
        assert answer.name == "LookupItemResponse"
        assert answer.one("CirculationStatus/Value") == "Available On Shelf"
        assert b"ncip_v1_01.dtd" in answer.octets


class PeerTests(Broker):
    """NNCIPP: titles by ISBN or EAN, requests in the peers' own words."""

    dialect = "nncipp"

    async def test_a_title_is_asked_for_by_the_number_of_an_edition(self) -> None:
        (record,) = await self.rows(f"SELECT iso2709 FROM record WHERE id = {GERMINAL}")
        number = record[0].split(b"\x1fa")[1][:20].split(b"\x1e")[0].decode()
        answers = []
        for given, code in ((number, "ISBN"), (number.replace("-", ""), "GTIN")):
            what = isbn(given, code) + request(code, PARTNER) + kinds("Physical", "Title")
            answers.append(await self.ask(message("RequestItem", user("R9") + what)))
        first, second = answers
        assert first.problems == second.problems == []
        assert first.one("RequestType") == "Physical"
        assert first.one("RequestScopeType") == "Title"
        assert first.one("BibliographicDescription/Title") == "Titre 1"
        assert first.one("ItemId/ItemIdentifierValue") is None  # any copy will do
        # Two of the partner's readers want two copies: the account waits for the title once, and for an item beside.
        assert await self.rows("SELECT record_id, target_item_id FROM hold ORDER BY id") == [
            (GERMINAL, None),
            (None, 1),
        ]
        unknown = message(
            "RequestItem", user("R9") + isbn("9782070360024") + request("n9", PARTNER) + kinds("Physical", "Title")
        )
        assert [kind for kind, _ in (await self.ask(unknown)).problems] == ["Unknown Item"]

    async def test_any_of_several_items_is_the_one_that_is_there(self) -> None:
        await self.ask(message("CheckOutItem", user("R1") + item("I1")))
        body = message(
            "RequestItem", user("R9") + item("I1") + item("I2") + request("n1", PARTNER) + kinds("Physical", "Item")
        )
        assert (await self.ask(body)).one("RequestItemResponse/ItemId/ItemIdentifierValue") == "I2"

    async def test_a_return_is_told_and_received(self) -> None:
        await self.ask(
            message("RequestItem", user("R9") + item("I1") + request("n1", PARTNER) + kinds("Physical", "Item"))
        )
        when = "<DateReceived>2026-11-22T10:00:00Z</DateReceived>"
        await self.ask(message("ItemReceived", item("I1") + request("n1", PARTNER) + when))
        told = message(
            "ItemShipped", request("n1", PARTNER) + f"<DateShipped>2026-11-22T10:00:00Z</DateShipped>{ADDRESS}"
        )
        first = await self.ask(told)
        assert (await self.ask(told)).octets == first.octets
        assert self.metrics.value("repeats", "ncip", "ItemShipped") == 1
        assert await self.rows("SELECT state FROM ill_request") == [("sent-back",)]


class TermsTests(Broker):
    """What we lend on terms alone."""

    dialect = "bibliobus"
    more: ClassVar[dict[str, Any]] = {"restrictions": ["In Library Use Only"]}

    async def test_terms_are_told_and_taken(self) -> None:
        def body(acknowledged: str = "") -> bytes:
            return message(
                "RequestItem", user("R9") + item("I1") + request("t1", PARTNER) + kinds("Loan", "Item") + acknowledged
            )

        answer = await self.ask(body())
        assert answer.problems == [("Element Rule Violated", "AcknowledgedItemUseRestrictionType")]
        assert answer.one("RequiredItemUseRestrictionType") == "In Library Use Only"
        assert await self.rows("SELECT count(*) FROM ill_request") == [(0,)]
        word = "<AcknowledgedItemUseRestrictionType>in library use only</AcknowledgedItemUseRestrictionType>"
        assert (await self.ask(body(word))).problems == []


class FeeTests(Broker):
    """A fee that a broker reports."""

    dialect = "folio"
    more: ClassVar[dict[str, Any]] = {"fees": "waive"}
    FEE: ClassVar[str] = (
        "<FiscalTransactionInformation><FiscalActionType>Assess</FiscalActionType><FiscalTransactionType>Interlibrary Loan Fee"
        "</FiscalTransactionType><Amount><CurrencyCode>EUR</CurrencyCode><MonetaryValue>250</MonetaryValue></Amount>"
        "</FiscalTransactionInformation>"
    )

    async def test_it_is_taken_note_of_once_and_owed_by_nobody(self) -> None:
        body = message("CreateUserFiscalTransaction", user("R1") + self.FEE)
        answer = await self.ask(body)
        assert answer.problems == []
        assert answer.one("FiscalTransactionReferenceId/FiscalTransactionIdentifierValue")
        assert (await self.ask(body)).octets == answer.octets
        assert await self.rows("SELECT count(*) FROM journal WHERE act = 'ill-fee-waived'") == [(1,)]
        unknown = await self.ask(message("CreateUserFiscalTransaction", user("X1") + self.FEE))
        assert [kind for kind, _ in unknown.problems] == ["Unknown User"]
