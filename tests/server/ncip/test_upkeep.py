"""Undoing, reporting, marking, registering, notices and holds on the wire, each once however often it is asked for."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import update

from server.ncip.partners import GRANTED
from server.ncip.services import Support, support
from storage import schema
from tests.network import AVION
from tests.server.ncip.partner import (
    PARTNER,
    Answer,
    PartnerCase,
    check_in,
    check_out,
    header,
    item,
    lookup_item,
    message,
    typed,
    user,
    wants,
)
from tests.server.ncip.test_ill import record

NAME = (
    "<NameInformation><PersonalNameInformation><StructuredPersonalUserName><GivenName>Ada</GivenName><Surname>Lovelace</Surname>"
    "</StructuredPersonalUserName></PersonalNameInformation></NameInformation>"
)
MAIL = (
    "<UserAddressInformation><UserAddressRoleType>Home</UserAddressRoleType><ElectronicAddress><ElectronicAddressType>mailto"
    "</ElectronicAddressType><ElectronicAddressData>{0}</ElectronicAddressData></ElectronicAddress></UserAddressInformation>"
)


class UpkeepTests(PartnerCase):
    def setUp(self) -> None:
        profile = json.dumps(
            {
                "services": [
                    *GRANTED,
                    "LookupUser",
                    "LookupItem",
                    "CheckOutItem",
                    "CheckInItem",
                    "DeleteItem",
                    "UndoCheckOutItem",
                    "ReportCirculationStatusChange",
                ],
                "category": "ADULT",
            }
        )
        self.change(update(schema.partner).where(schema.partner.c.agency == PARTNER).values(profile=profile))
        super().setUp()

    async def rows(self, statement: str) -> list[Any]:
        found = await self.store.work(lambda connection: list(connection.exec_driver_sql(statement)))
        return [tuple(row) for row in found]

    async def twice(self, body: bytes) -> Answer:
        answer = await self.ask(body)
        assert (await self.ask(body)).octets == answer.octets
        return answer

    async def test_who_proves_wrongly_to_be_a_reader_changes_nothing(self) -> None:
        await self.ask(check_out("R1", "I1"))
        liar = typed(("User Id", "R1"), ("PIN", "9876"))
        added = f"<AddUserFields>{MAIL.format('x@example.org')}</AddUserFields>"
        for body in (
            message("ReportCirculationStatusChange", item("I1") + liar + "<ItemReportedLost/>"),
            message("UndoCheckOutItem", item("I1") + liar),
            message("UpdateUser", liar + added),
        ):
            assert [kind for kind, _ in (await self.ask(body)).problems] == ["User Authentication Failed"]
        assert await self.rows("SELECT count(*) FROM loan") == [(1,)]
        assert await self.rows("SELECT count(*) FROM patron WHERE email = 'x@example.org'") == [(0,)]

    async def test_what_is_said_of_an_item_must_be_said_and_a_pin_is_not_changed_in_passing(self) -> None:
        await self.ask(check_out("R1", "I1"))
        answer = await self.ask(message("ReportCirculationStatusChange", item("I1") + user("R1")))
        assert answer.problems == [("Needed Data Missing", "ItemReportedReturned")]
        fields = typed(("PIN", "1111")) + MAIL.format("x@example.org")
        answer = await self.ask(message("UpdateUser", user("R1") + f"<AddUserFields>{fields}</AddUserFields>"))
        assert answer.problems == [("Element Rule Violated", "AuthenticationInput")]

    async def test_a_day_of_birth_is_the_day_where_it_was_written(self) -> None:
        for written in ("1990-05-04T00:00:00+02:00", "1990-05-04T00:00:00Z", "1990-05-04"):
            fields = f"<AddUserFields><DateOfBirth>{written}</DateOfBirth></AddUserFields>"
            assert (await self.ask(message("UpdateUser", user("R1") + fields))).problems == []
            assert await self.rows(
                "SELECT born_on FROM patron JOIN card ON patron_id = patron.id WHERE number = 'R1'"
            ) == [("1990-05-04",)]

    async def test_a_reader_is_registered_once_and_changed(self) -> None:
        made = await self.twice(message("CreateUser", user("N1") + NAME + MAIL.format("ada@example.org")))
        assert made.one("UserIdentifierValue") == "N1"
        told = await self.ask(message("LookupUser", user("N1") + wants("User", "Name Information", "User Privilege")))
        assert told.one("Surname") == "Lovelace"
        assert told.all("UserPrivilegeStatusType")[1] == "ADULT"
        change = f"<AddUserFields>{MAIL.format('countess@example.org')}</AddUserFields>"
        await self.twice(message("UpdateUser", user("N1") + change))
        assert await self.rows("SELECT email, forename FROM patron WHERE code = 'N1'") == [
            ("countess@example.org", "Ada")
        ]
        other = await self.ask(message("CreateUser", user("R1") + NAME))
        assert {kind for kind, _ in other.problems} == {"Duplicate User"}
        assert (await self.ask(message("CreateUser", user("N2")))).problems == [
            ("Needed Data Missing", "NameInformation")
        ]

    async def test_a_reader_whom_the_partner_registered_is_erased_once_and_not_while_something_is_open(self) -> None:
        await self.ask(message("CreateUser", user("N1") + NAME))
        await self.ask(check_out("N1", "I1"))
        gone = message("DeleteUser", user("N1"))
        assert (await self.ask(gone)).problems == [("Element Rule Violated", "UserIdentifierValue")]
        await self.ask(check_in("I1"))
        assert (await self.twice(gone)).problems == []
        assert await self.rows("SELECT surname FROM patron WHERE code LIKE 'erased-%'") == [("",)]
        assert (await self.ask(message("DeleteUser", user("N9")))).problems == [("Unknown User", "UserIdentifierValue")]

    async def test_readers_of_other_categories_are_not_the_partners_to_erase(self) -> None:
        code = "SELECT c.code FROM patron p JOIN patron_category c ON c.id = p.category_id WHERE p.id = 1"
        assert await self.rows(code) != [("VISITOR",)]
        profile = json.dumps({"services": ["DeleteUser"], "category": "VISITOR"})
        await self.reopen(update(schema.partner).where(schema.partner.c.agency == PARTNER).values(profile=profile))
        assert (await self.ask(message("DeleteUser", user("R1")))).problems == [
            ("Element Rule Violated", "UserIdentifierValue")
        ]
        assert await self.rows("SELECT count(*) FROM patron WHERE erased_on IS NOT NULL") == [(0,)]

    async def test_an_item_of_the_partner_is_made_described_and_deleted_once(self) -> None:
        book = (
            "<BibliographicDescription><Author>Duras</Author><Title>{}</Title><MediumType>Book</MediumType>"
            "</BibliographicDescription>"
        )
        assert (await self.twice(message("CreateItem", item("D1") + book.format("Emily L.")))).problems == []
        made = "SELECT title, author, temporary, owner_id, for_loan FROM item ORDER BY id DESC LIMIT 1"
        assert await self.rows(made) == [("Emily L.", "Duras", 1, 4, 1)]
        again = message("CreateItem", item("D1") + book.format("Other"))
        assert (await self.ask(again)).problems == [("Duplicate Item", "ItemIdentifierValue")]
        assert (await self.ask(message("CreateItem", item("D2")))).problems == [("Needed Data Missing", "Title")]
        fields = (
            "<DeleteItemFields><BibliographicDescription><Author>Duras</Author></BibliographicDescription></DeleteItemFields>"
            "<AddItemFields><BibliographicDescription><Title>L'Amant</Title></BibliographicDescription>"
            "<ItemUseRestrictionType>Not For Loan</ItemUseRestrictionType></AddItemFields>"
        )
        assert (await self.twice(message("UpdateItem", item("D1") + fields))).problems == []
        assert await self.rows(made) == [("L'Amant", "", 1, 4, 0)]
        assert (await self.twice(message("DeleteItem", item("D1")))).problems == []
        assert await self.rows("SELECT count(*) FROM barcode WHERE number = 'D1'") == [(0,)]

    async def test_an_item_without_a_number_gets_one_and_the_same_for_a_repeat(self) -> None:
        answer = await self.twice(
            message("CreateItem", "<BibliographicDescription><Title>X</Title></BibliographicDescription>")
        )
        assert (await self.ask(lookup_item(answer.one("ItemIdentifierValue") or ""))).problems == []

    async def test_nothing_of_ours_is_changed_on_a_partners_word(self) -> None:
        before = await self.rows("SELECT * FROM item")
        fields = "<AddItemFields><BibliographicDescription><Title>X</Title></BibliographicDescription></AddItemFields>"
        for body in (message("UpdateItem", item("I1") + fields), message("DeleteItem", item("I1"))):
            assert (await self.ask(body)).problems == [("Unknown Item", "ItemIdentifierValue")]
        assert await self.rows("SELECT * FROM item") == before

    async def test_privileges_are_ours_to_give(self) -> None:
        wish = "<AddUserFields><BlockOrTrap><AgencyId>X</AgencyId><BlockOrTrapType>x</BlockOrTrapType></BlockOrTrap></AddUserFields>"
        assert (await self.ask(message("UpdateUser", user("R1") + wish))).problems == [
            ("Element Rule Violated", "UserPrivilege")
        ]

    async def test_a_notice_waits_for_its_reader_once(self) -> None:
        details = (
            "<UserNoticeDetails><NoticeType>Arrival</NoticeType><NoticeContent>Come</NoticeContent></UserNoticeDetails>"
        )
        await self.twice(message("SendUserNotice", user("R1") + details))
        assert await self.rows("SELECT kind, patron_id, detail FROM notice") == [("partner-notice", 1, "Arrival: Come")]

    async def test_a_status_is_set_as_far_as_it_tells_a_condition(self) -> None:
        body = message("UpdateCirculationStatus", item("I1") + "<CirculationStatus>Missing</CirculationStatus>")
        assert (await self.ask(body)).problems == []
        assert (await self.ask(lookup_item("I1"))).one("CirculationStatus") == "Missing"
        wrong = message("UpdateCirculationStatus", item("I2") + "<CirculationStatus>On Loan</CirculationStatus>")
        assert (await self.ask(wrong)).problems == [("Element Rule Violated", "CirculationStatus")]


class DeskTests(PartnerCase):
    async def rows(self, statement: str) -> list[Any]:
        found = await self.store.work(lambda connection: list(connection.exec_driver_sql(statement)))
        return [tuple(row) for row in found]

    async def test_what_was_not_granted_is_refused(self) -> None:
        for service in GRANTED:
            assert support(service) is Support.SERVED
            answer = await self.ask(message(service))
            assert answer.problems == [("Unauthorized Service For Agency", "NCIPMessage")]

    async def test_a_check_out_is_undone(self) -> None:
        await self.ask(check_out("R1", "I1"))
        assert (await self.ask(message("UndoCheckOutItem", item("I1")))).problems == []
        assert (await self.ask(lookup_item("I1"))).one("CirculationStatus") == "Available On Shelf"
        assert (await self.ask(message("UndoCheckOutItem", item("I1")))).problems == []  # the answer of the first
        assert [kind for kind, _ in (await self.ask(message("UndoCheckOutItem", item("NONE")))).problems] == [
            "Unknown Item"
        ]

    async def test_a_reader_says_that_an_item_is_lost_or_was_returned(self) -> None:
        await self.ask(check_out("R1", "I1"))
        await self.ask(check_out("R1", "I2"))
        returned = "<ItemReportedReturned><DateReportedReturned>2026-11-22T10:00:00Z</DateReportedReturned></ItemReportedReturned>"
        assert (
            await self.ask(message("ReportCirculationStatusChange", item("I1") + user("R1") + returned))
        ).problems == []
        assert (
            await self.ask(message("ReportCirculationStatusChange", item("I2") + user("R1") + "<ItemReportedLost/>"))
        ).problems == []
        assert await self.rows("SELECT state FROM loan ORDER BY item_id") == [("claimed",), ("lost",)]

    async def test_a_loan_that_has_taken_place_is_recorded_with_its_date(self) -> None:
        mandated = "<MandatedAction><DateEventOccurred>2026-11-21T10:00:00Z</DateEventOccurred></MandatedAction>"
        wish = "<DesiredDateDue>2026-12-01T22:59:59Z</DesiredDateDue>"
        answer = await self.ask(message("CheckOutItem", mandated + user("R1") + item("I1") + wish))
        assert answer.one("DateDue") == "2026-12-01T22:59:59Z"
        assert await self.rows("SELECT out_at FROM loan") == [(1_795_255_200,)]

    async def test_a_return_told_late_ends_no_newer_loan(self) -> None:
        await self.ask(check_out("R1", "I1"))
        stale = "<MandatedAction><DateEventOccurred>2026-11-21T10:00:00Z</DateEventOccurred></MandatedAction>"
        assert (await self.ask(message("CheckInItem", stale + item("I1")))).problems == []
        assert await self.rows("SELECT count(*) FROM loan") == [(1,)]
        assert await self.rows("SELECT kind FROM anomaly") == [("offline-overtaken",)]
        self.clock.advance(3600)
        assert (await self.ask(message("CheckInItem", item("I1")))).problems == []
        assert await self.rows("SELECT count(*) FROM loan") == [(0,)]

    async def test_money_is_refused(self) -> None:
        body = message("CreateUserFiscalTransaction", user("R1"))
        assert [kind for kind, _ in (await self.ask(body)).problems] == ["Account Access Denied"]
        unknown = message("CreateUserFiscalTransaction", user("X1"))
        assert [kind for kind, _ in (await self.ask(unknown)).problems] == ["Unknown User"]


class HoldTests(PartnerCase):
    """A portal reserves for readers of ours."""

    async def rows(self, statement: str) -> list[Any]:
        found = await self.store.work(lambda connection: list(connection.exec_driver_sql(statement)))
        return [tuple(row) for row in found]

    def request(self, what: str, who: str = user("R1"), more: str = "") -> bytes:
        kinds = "<RequestType>Hold</RequestType><RequestScopeType>Item</RequestScopeType>"
        return message("RequestItem", who + what + kinds + more)

    async def test_a_hold_is_placed_once_looked_at_and_given_up(self) -> None:
        await self.ask(check_out("R2", "I1"))
        body = self.request(item("I1"), more="<PickupLocation>AVION</PickupLocation>")
        answer = await self.ask(body)
        assert answer.problems == []
        number = answer.one("RequestIdentifierValue")
        assert number
        assert (await self.ask(body)).octets == answer.octets
        assert await self.rows("SELECT patron_id, pickup_id FROM hold") == [(1, AVION)]
        told = await self.ask(message("LookupUser", user("R1") + "<RequestedItemsDesired/>"))
        assert told.all("RequestedItem/RequestId/RequestIdentifierValue") == [number]
        gone = f"<RequestId><RequestIdentifierValue>{number}</RequestIdentifierValue></RequestId><RequestType>Hold</RequestType>"
        assert (await self.ask(message("CancelRequestItem", user("R1") + gone))).problems == []
        assert await self.rows("SELECT count(*) FROM hold") == [(0,)]

    async def held(self) -> str:
        """Have R1 wait for I1, which R2 has; give the number of the hold."""
        await self.ask(check_out("R2", "I1"))
        return (await self.ask(self.request(item("I1"), more="<PickupLocation>AVION</PickupLocation>"))).one(
            "RequestIdentifierValue"
        ) or ""

    async def test_a_hold_is_looked_at_by_number_and_by_reader_and_item(self) -> None:
        number = await self.held()
        asked = wants("Request", "Request Status Type", "Pickup Location", "User Id", "Need Before Date")
        by_number = f"<RequestId><RequestIdentifierValue>{number}</RequestIdentifierValue></RequestId>"
        for named in (user("R1") + item("I1") + "<RequestType>Hold</RequestType>", by_number):
            told = await self.ask(message("LookupRequest", named + asked))
            assert told.problems == []
            assert told.one("RequestId/RequestIdentifierValue") == number
            assert (told.one("RequestStatusType"), told.one("PickupLocation")) == ("In Process", "AVION")
            assert told.all("NeedBeforeDate") == []
            assert told.one("UserIdentifierValue") == "R1"
        for nobody in (user("R2") + item("I1"), user("R1") + item("I2"), by_number.replace(number, "77")):
            assert [kind for kind, _ in (await self.ask(message("LookupRequest", nobody))).problems] == [
                "Unknown Request"
            ]
        wrong = typed(("Barcode Id", "R1"), ("PIN", "0000")) + item("I1")
        assert [kind for kind, _ in (await self.ask(message("LookupRequest", wrong))).problems] != []

    async def test_a_hold_is_shown_by_its_number_alone_to_the_partner_that_placed_it(self) -> None:
        number = await self.held()
        by_number = f"<RequestId><RequestIdentifierValue>{number}</RequestIdentifierValue></RequestId>"
        other = await self.ask(message("LookupRequest", by_number, header("FR-EN")))
        assert other.problems == [("Unknown Request", "RequestIdentifierValue")]
        assert b"R1" not in other.octets
        changed = f"{by_number}<AddRequestFields><PickupLocation>LENS</PickupLocation></AddRequestFields>"
        refused = await self.ask(message("UpdateRequestItem", changed, header("FR-EN")))
        assert [kind for kind, _ in refused.problems] == ["Unknown Request"]

    async def test_what_is_asked_of_a_hold_and_its_item_is_told(self) -> None:
        number = await self.held()
        by_number = f"<RequestId><RequestIdentifierValue>{number}</RequestIdentifierValue></RequestId>"
        wanted = wants("Request", "Hold Queue Position", "Date Of User Request") + wants("Item", "Circulation Status")
        told = await self.ask(message("LookupRequest", by_number + wanted))
        assert told.one("HoldQueuePosition") == "1"
        assert told.one("DateOfUserRequest")
        assert told.one("ItemOptionalFields/CirculationStatus")
        assert told.all("RequestStatusType") == []  # it was not asked

    async def test_place_and_days_of_a_hold_change_together_or_not_at_all(self) -> None:
        number = await self.held()
        by_number = f"<RequestId><RequestIdentifierValue>{number}</RequestIdentifierValue></RequestId>"
        by_item = user("R1") + item("I1") + "<RequestType>Hold</RequestType>"
        state = "SELECT l.code, expires_on, suspended_until FROM hold JOIN library l ON l.id = pickup_id"

        def change(named: str, fields: str) -> bytes:
            return message("UpdateRequestItem", f"{named}<AddRequestFields>{fields}</AddRequestFields>")

        place, past = "<PickupLocation>LENS</PickupLocation>", "<NeedBeforeDate>2020-01-01T10:00:00Z</NeedBeforeDate>"
        assert [kind for kind, _ in (await self.ask(change(by_item, past + place))).problems] == [
            "Unable To Add Element"
        ]
        assert await self.rows(state) == [("AVION", None, None)]
        days = "<EarliestDateNeeded>2026-12-01T10:00:00Z</EarliestDateNeeded><NeedBeforeDate>2027-01-10T10:00:00Z</NeedBeforeDate>"
        done = await self.ask(change(by_item, days + place))
        assert done.problems == []
        assert (done.one("UserIdentifierValue"), done.one("ItemIdentifierValue")) == ("R1", "I1")
        assert await self.rows(state) == [("LENS", "2027-01-10", "2026-12-01")]
        back = await self.ask(change(by_number, "<PickupLocation>AVION</PickupLocation>"))
        assert (back.problems, back.one("UserIdentifierValue")) == ([], "R1")
        assert await self.rows(state) == [("AVION", "2027-01-10", "2026-12-01")]

    async def test_what_else_a_request_holds_is_not_changed(self) -> None:
        await self.held()
        named = user("R1") + item("I1") + "<RequestType>Hold</RequestType>"
        for fields, element in (
            ("", "AddRequestFields"),
            (f"<AddRequestFields>{user('R2')}</AddRequestFields>", "AddRequestFields"),
            (
                (
                    "<DeleteRequestFields><PickupLocation>AVION</PickupLocation></DeleteRequestFields><AddRequestFields>"
                    "<NeedBeforeDate>2027-01-10T10:00:00Z</NeedBeforeDate></AddRequestFields>"
                ),
                "DeleteRequestFields",
            ),
        ):
            answer = await self.ask(message("UpdateRequestItem", named + fields))
            assert [found for _, found in answer.problems] == [element]
        stranger = (
            user("R2") + item("I1") + "<AddRequestFields><PickupLocation>LENS</PickupLocation></AddRequestFields>"
        )
        assert [kind for kind, _ in (await self.ask(message("UpdateRequestItem", stranger))).problems] == [
            "Unknown Request"
        ]
        assert await self.rows("SELECT patron_id, pickup_id FROM hold") == [(1, AVION)]

    async def test_a_wrong_pin_and_a_stranger_reserve_nothing(self) -> None:
        for who, kind in (
            (typed(("Barcode Id", "R1"), ("PIN", "0000")), "User Authentication Failed"),
            (user("X"), "Unknown User"),
        ):
            assert kind in [found for found, _ in (await self.ask(self.request(item("I1"), who))).problems]
        assert (await self.ask(self.request(record(9)))).problems != []
        assert await self.rows("SELECT count(*) FROM hold") == [(0,)]
