"""Inter-library loan on the wire: what a partner asks and tells, with the store behind, and every answer twice."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from protocols.ncip.problems import GENERAL, SERVICES
from server.ncip.ill import NOES, STATUSES
from storage import schema
from storage.circulation.ill.machine import SENTENCES, No, Role, State
from storage.circulation.ill.requests import ILL_REQUEST, IllRequest
from storage.usecase import Origin
from tests.network import AVION, NOW
from tests.server.ncip.partner import (
    PARTNER,
    Answer,
    PartnerCase,
    check_in,
    check_out,
    header,
    item,
    message,
    user,
    wants,
)

AVION_ISIL = "FR-620000003"


def request(number: str, agency: str = "FR-RESEAU") -> str:
    return (
        f"<RequestId><AgencyId>{agency}</AgencyId><RequestIdentifierValue>{number}</RequestIdentifierValue></RequestId>"
    )


def record(number: int) -> str:
    return (
        f"<BibliographicId><BibliographicRecordId><BibliographicRecordIdentifier>{number}</BibliographicRecordIdentifier>"
        "<AgencyId>FR-62</AgencyId></BibliographicRecordId></BibliographicId>"
    )


ADDRESS = (
    "<ShippingInformation><PhysicalAddress><UnstructuredAddress><UnstructuredAddressType>Newline-Delimited Text"
    "</UnstructuredAddressType><UnstructuredAddressData>Lens</UnstructuredAddressData></UnstructuredAddress>"
    "<PhysicalAddressType>Street Address</PhysicalAddressType></PhysicalAddress></ShippingInformation>"
)
BOOK = (
    "<ItemOptionalFields><BibliographicDescription><Author>Duras</Author><Title>Le Problème</Title>"
    "<MediumType>Book</MediumType></BibliographicDescription></ItemOptionalFields>"
)


def accept(number: str = "q1", card: str = "R1", barcode: str = "D-1", more: str = "") -> bytes:
    content = (
        request(number) + "<RequestedActionType>Hold For Pickup</RequestedActionType>" + user(card) + item(barcode)
        + f"<DateForReturn>2027-01-15T22:59:59Z</DateForReturn>{BOOK}<PickupLocation>avion</PickupLocation>{more}"
    )  # fmt: skip
    return message("AcceptItem", content)


def request_item(number: str, what: str) -> bytes:
    content = user("DEP-7") + what + request(number, PARTNER)
    return message("RequestItem", content + "<RequestType>Loan</RequestType><RequestScopeType>Item</RequestScopeType>")


def shipped(number: str, agency: str, more: str = "") -> bytes:
    what = f"{request(number, agency)}{more}<DateShipped>2026-11-22T10:00:00Z</DateShipped>{ADDRESS}"
    return message("ItemShipped", what)


def received(number: str, agency: str, barcode: str) -> bytes:
    when = "<DateReceived>2026-11-22T10:00:00Z</DateReceived>"
    return message("ItemReceived", item(barcode) + request(number, agency) + when)


class Case(PartnerCase):
    def setUp(self) -> None:
        self.change(
            update(schema.partner).where(schema.partner.c.agency == PARTNER).values(profile='{"account": "R9"}')
        )
        super().setUp()

    async def ask_partner(self, number: str = "q1") -> None:
        """Ask the partner for a title, for R1, who fetches it at Avion."""
        asked = IllRequest(
            Role.BORROWING, PARTNER, Origin("console", "staff", AVION), AVION, "R1", "FR-RESEAU", number, identifier="7"
        )
        await self.store.transact(ILL_REQUEST, asked, NOW)

    async def rows(self, statement: str) -> list[Any]:
        return await self.store.work(lambda connection: list(connection.exec_driver_sql(statement)))

    async def state(self, number: str) -> str:
        return str((await self.rows(f"SELECT state FROM ill_request WHERE number = '{number}'"))[0][0])

    async def twice(self, body: bytes) -> Answer:
        """Ask the same twice: the second answer is the first, octet by octet."""
        answer = await self.ask(body)
        assert (await self.ask(body)).octets == answer.octets
        return answer


class BoundsTests(Case):
    async def test_so_many_titles_or_items_are_taken_in_one_request_and_no_more(self) -> None:
        items, records = "".join(item(str(each)) for each in range(101)), "".join(map(record, range(101)))
        for many in (items, records):
            answer = await self.ask(request_item("n1", many))
            assert answer.problems == [("Element Rule Violated", "BibliographicId")]


class BorrowingTests(Case):
    async def test_an_item_that_comes_unannounced_is_held_for_its_reader(self) -> None:
        answer = await self.twice(accept())
        assert answer.one("RequestIdentifierValue") == "q1"
        assert answer.one("ItemIdentifierValue") == "D-1"
        assert b"Probl" not in answer.octets
        here = await self.ask(check_in("D-1", to=AVION_ISIL))
        assert here.one("RoutingInformation/RequestType") == "Hold"
        lent = await self.ask(check_out("R1", "D-1", to=AVION_ISIL))
        assert lent.problems == []
        assert (lent.one("DateDue") or "") <= "2027-01-12T22:59:59Z"
        assert await self.rows("SELECT count(*) FROM item WHERE temporary = 1") == [(1,)]

    async def test_an_item_that_was_asked_for_is_that_requests(self) -> None:
        await self.ask_partner()
        await self.ask(accept())
        assert await self.rows("SELECT state, barcode FROM ill_request") == [("shipped", "D-1")]

    async def test_a_reader_sees_what_was_asked_elsewhere_until_it_is_held_here(self) -> None:
        await self.ask_partner()
        body = message("LookupUser", user("R1") + "<RequestedItemsDesired/>")
        told = await self.ask(body)
        assert told.one("RequestedItem/RequestStatusType") == "Requested Via ILL"
        assert told.one("RequestedItem/PickupLocation") == "AVION"
        assert told.one("RequestedItemsCount/RequestedItemCountValue") == "1"
        await self.ask(accept())
        told = await self.ask(body)
        assert told.one("RequestedItem/RequestStatusType") == "In Process"
        assert told.one("RequestedItem/ItemId/ItemIdentifierValue") == "D-1"

    async def test_shipped_received_back_and_gone(self) -> None:
        await self.ask_partner()
        assert (await self.twice(shipped("q1", "FR-RESEAU", item("D-1")))).problems == []
        assert await self.state("q1") == "shipped"
        assert (await self.ask(message("DeleteItem", item("D-1")))).problems == [
            ("Element Rule Violated", "ItemIdentifierValue")
        ]
        assert (await self.ask(received("q1", "FR-RESEAU", "D-1"))).problems == []
        assert await self.state("q1") == "closed"
        assert (await self.ask(message("LookupItem", item("D-1")))).problems == [
            ("Unknown Item", "ItemIdentifierValue")
        ]

    async def test_a_recall_is_answered_with_the_new_date(self) -> None:
        await self.ask(accept())
        body = message("RecallItem", item("D-1") + "<DesiredDateDue>2026-12-10T22:59:59Z</DesiredDateDue>")
        assert (await self.ask(body)).one("DateDue") == "2026-12-07T22:59:59Z"
        assert (await self.ask(message("CancelRecallItem", item("D-1")))).problems == []
        assert (await self.ask(message("RecallItem", item("NONE")))).problems == [
            ("Unknown Item", "ItemIdentifierValue")
        ]

    async def test_a_partner_that_cannot_fill_says_so_either_way(self) -> None:
        await self.ask_partner("q1")
        await self.ask_partner("q2")
        kind = "<RequestType>Loan</RequestType>"
        assert (await self.twice(message("CancelRequestItem", user("R1") + request("q1") + kind))).problems == []
        assert (await self.ask(message("ItemRequestCancelled", user("R1") + request("q2") + kind))).problems == []
        assert [await self.state("q1"), await self.state("q2")] == ["unfilled", "unfilled"]

    async def test_a_request_announced_by_the_partner_is_asked_in_the_readers_name(self) -> None:
        kinds = "<RequestType>Loan</RequestType><RequestScopeType>Item</RequestScopeType>"
        await self.ask(message("ItemRequested", user("R1") + record(7) + request("n1", PARTNER) + kinds))
        assert await self.rows("SELECT role, state, identifier FROM ill_request") == [("borrowing", "asked", "7")]
        assert await self.rows("SELECT service FROM outbox") == [("RequestItem",)]


class LendingTests(Case):
    async def test_a_request_is_taken_looked_up_and_given_up(self) -> None:
        answer = await self.twice(request_item("d1", item("I1")))
        assert answer.one("UserId/UserIdentifierValue") == "DEP-7"
        assert answer.one("RequestType") == "Loan"
        looked = await self.ask(
            message("LookupRequest", request("d1", PARTNER) + wants("Request", "Request Status Type"))
        )
        assert looked.one("RequestStatusType") == "In Process"
        kinds = ("User Id", "Request Type", "Request Scope Type", "Pickup Location", "Date Of User Request")
        wanted = wants("Request", *kinds) + wants("Item", "Circulation Status", "Location")
        whole = await self.ask(message("LookupRequest", request("d1", PARTNER) + wanted))
        assert whole.one("RequestType") == "Loan"
        assert whole.one("RequestScopeType") == "Item"
        assert whole.one("ItemOptionalFields/CirculationStatus")
        assert whole.all("RequestStatusType") == []
        found = await self.ask(message("LookupItem", request("d1", PARTNER) + wants("Item", "Circulation Status")))
        assert found.one("LookupItemResponse/ItemId/ItemIdentifierValue") == "I1"
        assert found.one("RequestIdentifierValue") == "d1"
        assert found.one("CirculationStatus")
        nothing = await self.ask(message("LookupItem", request("d2", PARTNER)))
        assert [kind for kind, _ in nothing.problems] == ["Unknown Item"]
        gone = message("CancelRequestItem", user("DEP-7") + request("d1", PARTNER) + "<RequestType>Loan</RequestType>")
        assert (await self.twice(gone)).one("RequestIdentifierValue") == "d1"
        assert await self.rows("SELECT count(*) FROM hold") == [(0,)]

    async def test_what_is_lent_is_prolonged_and_comes_back(self) -> None:
        await self.ask(request_item("d1", item("I1")))
        await self.ask(check_in("I1"))
        await self.ask(received("d1", PARTNER, "I1"))
        assert await self.state("d1") == "received"
        assert (await self.ask(message("RecallItem", item("I1")))).problems == []
        refused = await self.ask(message("RenewItem", user("DEP-7") + item("I1")))
        assert [kind for kind, _ in refused.problems] == ["Renewal Not Allowed - Item Has Outstanding Requests"]
        await self.ask(message("CancelRecallItem", item("I1")))
        assert (await self.ask(message("RenewItem", user("DEP-7") + item("I1")))).one("DateDue")
        await self.ask(shipped("d1", PARTNER))
        assert await self.state("d1") == "sent-back"

    async def test_who_numbers_nothing_may_ask_for_the_same_again_once_it_is_over(self) -> None:
        kinds = "<RequestType>Loan</RequestType><RequestScopeType>Item</RequestScopeType>"
        asking = message("RequestItem", user("DEP-7") + item("I1") + kinds)
        made = "SELECT state FROM ill_request ORDER BY id"
        for over in (["cancelled"], ["cancelled"] * 2, ["cancelled"] * 3):
            first = await self.ask(asking)
            (number,) = first.all("RequestIdentifierValue")
            self.clock.advance(3600)
            assert (await self.ask(asking)).octets == first.octets
            giving_up = user("DEP-7") + request(number, PARTNER) + "<RequestType>Loan</RequestType>"
            assert (await self.ask(message("CancelRequestItem", giving_up))).problems == []
            assert [row[0] for row in await self.rows(made)] == over
            await self.ask(asking)  # a repeat that came late
            assert [row[0] for row in await self.rows(made)] == over
            self.clock.advance(60 * 86400)

    async def test_too_late_is_request_already_processed(self) -> None:
        await self.ask(request_item("d1", item("I1")))
        await self.ask(received("d1", PARTNER, "I1"))
        gone = message("CancelRequestItem", user("DEP-7") + request("d1", PARTNER) + "<RequestType>Loan</RequestType>")
        assert (await self.ask(gone)).problems == [("Request Already Processed", "RequestIdentifierValue")]

    async def test_what_is_not_there_or_not_lent_is_refused(self) -> None:
        assert [kind for kind, _ in (await self.ask(request_item("d1", item("NONE")))).problems] == ["Unknown Item"]
        assert [kind for kind, _ in (await self.ask(request_item("d2", record(9)))).problems] == [
            "Item Does Not Circulate"
        ]
        assert (await self.ask(message("RequestItem", user("DEP-7")))).problems == [
            ("Needed Data Missing", "BibliographicId")
        ]
        head = header("FR-EN")
        stranger = message("RequestItem", user("X") + item("I1") + request("d3", "FR-EN"), head)
        assert [kind for kind, _ in (await self.ask(stranger)).problems] == ["Unknown User"]  # it reserves for readers

    async def test_nobody_learns_of_anothers_requests(self) -> None:
        await self.ask(request_item("d1", item("I1")))
        body = message("LookupRequest", request("d1", PARTNER), header("FR-EN"))
        assert (await self.ask(body)).problems == [("Unknown Request", "RequestIdentifierValue")]
        assert (await self.ask(message("LookupRequest"))).problems == [
            ("Needed Data Missing", "RequestIdentifierValue")
        ]


def test_every_no_has_a_problem_in_every_service_and_every_state_a_status() -> None:
    assert set(NOES) == set(No)
    assert set(SENTENCES) == set(No)
    for row in NOES.values():
        for service in SERVICES.values():
            assert set(row.types) & (service.own | GENERAL)
    assert set(STATUSES) == set(State)
