"""The NCIP responder on a real store: what is asked is answered, what is not is not told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, update

from protocols.ncip.problems import GENERAL, SERVICES, ProblemType
from server.ncip.fields import BLOCKS, MEDIA, STATUSES
from server.ncip.refusals import REFUSALS, refusal
from storage import schema
from storage.circulation.accounts import ACTS
from storage.circulation.status import LOANS, Status
from storage.refusals import Reason
from tests.network import NOW
from tests.server.ncip.partner import (
    PARTNER,
    US,
    PartnerCase,
    check_in,
    check_out,
    header,
    item,
    lookup_item,
    lookup_user,
    message,
    renew,
    typed,
    user,
    wants,
)

SERVED = ("LookupUser", "LookupItem", "CheckOutItem", "CheckInItem", "RenewItem")
ALL_OF_A_USER = (
    "Authentication Input", "Block Or Trap", "Date Of Birth", "Name Information", "User Address Information", "User Language",
    "User Privilege", "User Id", "Previous User Id",
)  # fmt: skip


class LookupUserTests(PartnerCase):
    async def test_a_user_is_known_by_number_and_nothing_unasked_is_told(self) -> None:
        answer = await self.ask(lookup_user(user("R1")))
        assert answer.name == "LookupUserResponse"
        assert answer.one("UserId/UserIdentifierValue") == "R1"
        assert answer.one("ResponseHeader/FromAgencyId/AgencyId") == US
        assert answer.one("ResponseHeader/ToAgencyId/AgencyId") == PARTNER
        assert len(answer.root[0]) == 2

    async def test_elements_asked_are_elements_given(self) -> None:
        answer = await self.ask(lookup_user(user("R1"), wants("User", "Name Information", "user_id")))
        fields = answer.root.find(".//{*}UserOptionalFields")
        assert fields is not None
        assert [child.tag.rpartition("}")[2] for child in fields] == ["NameInformation", "UserId"]
        assert answer.one("Surname") == "Durand1"
        assert answer.one("GivenName") == "Camille"

    async def test_all_that_can_be_asked_of_a_user_is_given_as_far_as_it_is_known(self) -> None:
        await self.reopen(
            update(schema.patron)
            .where(schema.patron.c.id == 1)
            .values(born_on="1980-02-03", phone="+33321000000", address="1 rue de la Gare\n62300 Lens")
        )
        answer = await self.ask(lookup_user(user("R1"), wants("User", *ALL_OF_A_USER)))
        assert answer.one("DateOfBirth") == "1980-02-03T00:00:00Z"
        assert answer.one("UserLanguage") == "fre"
        assert answer.all("ElectronicAddressType") == ["mailto", "tel"]
        assert answer.all("ElectronicAddressData") == ["r1@example.org", "+33321000000"]
        assert answer.one("UnstructuredAddressData") == "1 rue de la Gare\n62300 Lens"
        assert answer.all("AgencyUserPrivilegeType") == ["STATUS", "PROFILE", "LIBRARY"]
        assert answer.all("UserPrivilegeStatusType") == ["OK", "ADULT", "LIEVIN"]
        assert answer.one("ValidToDate") == "2027-12-31T22:59:59Z"
        assert answer.all("BlockOrTrapType") == []
        assert answer.all("AuthenticationInputData") == []

    async def test_an_empty_account_has_no_empty_elements(self) -> None:
        await self.reopen(
            update(schema.patron)
            .where(schema.patron.c.id == 1)
            .values(surname="", forename="", email=None, valid_until=None, language="xx")
        )
        answer = await self.ask(lookup_user(user("R1"), wants("User", *ALL_OF_A_USER)))
        assert answer.all("NameInformation") == answer.all("UserAddressInformation") == answer.all("UserLanguage") == []

    async def test_a_user_is_known_by_what_he_types_in(self) -> None:
        for kinds in (("Barcode Id", "PIN"), ("User Id", "Password"), ("username", "pin"), ("CPR", "PIN")):
            answer = await self.ask(lookup_user(typed((kinds[1], "1234"), (kinds[0], "R1")), wants("User", "User Id")))
            assert answer.one("LookupUserResponse/UserId/UserIdentifierValue") == "R1"

    async def test_a_wrong_pin_tells_nothing_of_the_user(self) -> None:
        for proof in (
            (("PIN", "0000"),),
            (("PIN", ""),),
            (("Password", "x"),),
            (("MD5 Message Digest Algorithm", "1234"),),
            (("PIN", "1234"), ("Password", "x")),
            (("Secondary Confirmation String", "x"), ("PIN", "1234")),
        ):
            await self.reopen(update(schema.patron).values(pin_failures=0, pin_locked_until=None))
            for who in (typed(("Barcode Id", "R1"), *proof), user("R1") + typed(*proof)):
                answer = await self.ask(
                    lookup_user(who, wants("User", *ALL_OF_A_USER) + "<LoanedItemsDesired/><RequestedItemsDesired/>")
                )
                assert answer.problems == [("User Authentication Failed", "AuthenticationInputData")]
                assert answer.all("ProblemValue") == []
                assert [child.tag.rpartition("}")[2] for child in answer.root[0]] == ["ResponseHeader", "Problem"]

    async def test_a_pin_is_locked_after_five_tries_even_for_the_right_one(self) -> None:
        for _ in range(5):
            await self.ask(lookup_user(typed(("Barcode Id", "R1"), ("PIN", "0000"))))
        answer = await self.ask(lookup_user(typed(("Barcode Id", "R1"), ("PIN", "1234"))))
        assert answer.problems == [("User Authentication Failed", "AuthenticationInputData")]
        self.clock.advance(3600)
        answer = await self.ask(lookup_user(typed(("Barcode Id", "R1"), ("PIN", "1234"))))
        assert answer.problems == []

    async def test_a_blocked_user_is_a_success_that_says_so(self) -> None:
        await self.reopen(
            insert(schema.block).values(patron_id=1, kind="manual", acts="checkout hold"),
            update(schema.patron).where(schema.patron.c.id == 2).values(valid_until="2026-11-21"),
        )
        answer = await self.ask(lookup_user(user("R1"), wants("User", "Block Or Trap", "User Privilege")))
        assert answer.problems == []
        assert answer.all("BlockOrTrapType") == ["Block Checkout", "Block Holds"]
        assert answer.all("UserPrivilegeStatusType")[0] == "BLOCKED"
        assert answer.one("UserPrivilegeDescription") == "Compte bloqué : passez à l'accueil."
        answer = await self.ask(lookup_user(user("R2"), wants("User", "Block Or Trap")))
        assert answer.all("BlockOrTrapType") == ["Block Checkout", "Block Renewals", "Block Holds"]

    async def test_a_user_with_as_many_loans_as_may_be_is_not_blocked(self) -> None:
        await self.reopen(
            insert(schema.policy_set).values(id=1, code="a", effective_from="2020-01-01"),
            insert(schema.rule).values(policy_set_id=1, attribute="loan.limit", value="0"),
        )
        answer = await self.ask(lookup_user(user("R1"), wants("User", "Block Or Trap", "User Privilege")))
        assert answer.all("BlockOrTrapType") == []
        assert answer.all("UserPrivilegeStatusType")[0] == "OK"
        assert (await self.ask(check_out("R1", "I1"))).problems == [
            ("Maximum Check Outs Exceeded", "UserIdentifierValue")
        ]

    async def test_loans_and_holds_are_told_when_desired(self) -> None:
        await self.reopen(
            insert(schema.hold).values(
                id=77,
                patron_id=1,
                target_item_id=5,
                pickup_id=2,
                requested_at=NOW,
                state="shelf",
                item_id=5,
                shelf_until="2026-11-30",
            ),
            insert(schema.hold).values(id=78, patron_id=1, target_item_id=6, pickup_id=1, requested_at=NOW + 1),
        )
        await self.ask(check_out("R1", "I1"))
        plain = await self.ask(lookup_user(user("R1")))
        assert plain.all("LoanedItem") == plain.all("RequestedItem") == []
        answer = await self.ask(lookup_user(user("R1"), "<LoanedItemsDesired/><RequestedItemsDesired/>"))
        assert answer.one("LoanedItem/ItemId/ItemIdentifierValue") == "I1"
        assert answer.one("LoanedItem/Title") == "Titre 1"
        assert answer.one("LoanedItem/MediumType") == "Book"
        assert answer.one("LoanedItem/DateDue") == "2026-12-20T22:59:59Z"
        assert answer.one("LoanedItemsCount/CirculationStatus") == "On Loan"
        assert answer.one("LoanedItemCountValue") == "1"
        assert answer.all("RequestedItem/RequestId/RequestIdentifierValue") == ["77", "78"]
        assert answer.all("RequestedItem/RequestStatusType") == ["Available For Pickup", "In Process"]
        assert answer.all("RequestedItem/PickupLocation") == ["LIEVIN", "LENS"]
        assert answer.all("RequestedItem/PickupExpiryDate") == ["2026-11-30T22:59:59Z"]
        assert answer.all("RequestedItem/DatePlaced") == ["2026-11-22T11:00:00Z", "2026-11-22T11:00:01Z"]
        assert answer.one("RequestedItemCountValue") == "2"

    async def test_unknown_ambiguous_and_unnamed_users_are_told_apart(self) -> None:
        await self.reopen(
            insert(schema.card).values(namespace="LIEVIN", number="77", patron_id=1, is_primary=0),
            insert(schema.card).values(namespace="AVION", number="77", patron_id=2, is_primary=0),
        )
        assert (await self.ask(lookup_user(user("R999")))).problems == [("Unknown User", "UserIdentifierValue")]
        assert (await self.ask(lookup_user(user("77")))).problems == [("Non-Unique User", "UserIdentifierValue")]
        for nobody in ("", user(""), typed(("PIN", "1234")), "<UserId/>"):
            answer = await self.ask(lookup_user(nobody))
            assert answer.problems == [("Needed Data Missing", "UserIdentifierValue")]

    async def test_a_problem_repeats_the_number_that_was_sent(self) -> None:
        assert (await self.ask(lookup_user(user("R999")))).one("ProblemValue") == "R999"
        typed_in = await self.ask(lookup_user(typed(("Barcode Id", "R999"), ("PIN", "9876"))))
        assert typed_in.problems == [("Unknown User", "UserIdentifierValue")]
        assert typed_in.one("ProblemValue") is None


class LookupItemTests(PartnerCase):
    async def test_an_item_is_described_as_every_client_expects(self) -> None:
        answer = await self.ask(lookup_item("I1"))
        assert answer.one("LookupItemResponse/ItemId/ItemIdentifierValue") == "I1"
        assert answer.one("CirculationStatus") == "Available On Shelf"
        assert answer.one("Title") == "Titre 1"
        assert answer.one("Author") == "Zola, Émile"
        assert answer.one("CallNumber") == "R ZOL"
        assert answer.all("LocationType") == ["Current Location", "Permanent Location"]
        assert answer.all("LocationNameValue")[:3] == ["Essai", "LENS", "Médiathèque de Lens"]
        assert answer.all("LocationNameLevel")[:3] == ["1", "2", "3"]
        assert answer.all("DateDue") == []

    async def test_elements_asked_are_elements_given(self) -> None:
        await self.reopen(
            update(schema.item).where(schema.item.c.id == 1).values(for_loan=0, volume="2", location="Réserve"),
            insert(schema.hold).values(id=9, patron_id=1, target_item_id=1, pickup_id=2, requested_at=NOW),
        )
        answer = await self.ask(
            lookup_item("I1", wants("Item", "Hold Queue Length", "Item Use Restriction Type", "Security Marker"))
        )
        fields = answer.root.find(".//{*}ItemOptionalFields")
        assert fields is not None
        assert [child.tag.rpartition("}")[2] for child in fields] == ["ItemUseRestrictionType", "HoldQueueLength"]
        assert answer.one("HoldQueueLength") == "1"
        answer = await self.ask(lookup_item("I1", wants("Item", "Item Description", "Location")))
        assert answer.one("UnstructuredHoldingsData") == "2"
        assert answer.all("LocationNameValue")[-1] == "Réserve"
        assert answer.all("Title") == []

    async def test_what_is_lent_is_on_loan_at_once_with_its_date(self) -> None:
        await self.ask(check_out("R1", "I1"))
        answer = await self.ask(lookup_item("I1"))
        assert answer.one("CirculationStatus") == "On Loan"
        assert answer.one("DateDue") == "2026-12-20T22:59:59Z"

    async def test_a_loan_by_the_hour_ends_at_its_instant(self) -> None:
        await self.reopen(
            insert(schema.policy_set).values(id=1, code="a", effective_from="2020-01-01"),
            insert(schema.rule).values(policy_set_id=1, attribute="loan.period", value="3 hours"),
        )
        assert (await self.ask(check_out("R1", "I1"))).one("DateDue") == "2026-11-22T14:00:00Z"
        assert (await self.ask(lookup_item("I1"))).one("DateDue") == "2026-11-22T14:00:00Z"

    async def test_an_item_of_which_little_is_known_has_no_empty_elements(self) -> None:
        await self.reopen(
            update(schema.item).values(title="", author="", call_number=""),
            update(schema.item_type).values(media_type="000"),
        )
        answer = await self.ask(lookup_item("I1"))
        assert answer.all("BibliographicDescription") == answer.all("ItemDescription") == []
        assert answer.one("CirculationStatus") == "Available On Shelf"

    async def test_who_has_an_item_is_not_told(self) -> None:
        await self.ask(check_out("R1", "I1"))
        answer = await self.ask(lookup_item("I1", "<CurrentBorrowerDesired/><CurrentRequestersDesired/>"))
        assert b"R1" not in answer.octets
        assert b"Durand" not in answer.octets

    async def test_unknown_ambiguous_and_unnamed_items_are_told_apart(self) -> None:
        await self.reopen(
            insert(schema.barcode).values(namespace="LIEVIN", number="55", item_id=1, is_primary=0),
            insert(schema.barcode).values(namespace="AVION", number="55", item_id=2, is_primary=0),
        )
        assert (await self.ask(lookup_item("I999"))).problems == [("Unknown Item", "ItemIdentifierValue")]
        assert (await self.ask(lookup_item("55"))).problems == [("Non-Unique Item", "ItemIdentifierValue")]
        assert (await self.ask(message("LookupItem"))).problems == [("Needed Data Missing", "ItemIdentifierValue")]
        by_request = "<RequestId><RequestIdentifierValue>1</RequestIdentifierValue></RequestId>"
        assert (await self.ask(message("LookupItem", by_request))).problems == [
            ("Unknown Item", "RequestIdentifierValue")
        ]

    async def test_the_shelf_tells_until_when(self) -> None:
        await self.reopen(
            insert(schema.hold).values(
                id=9,
                patron_id=1,
                target_item_id=1,
                pickup_id=1,
                requested_at=NOW,
                state="shelf",
                item_id=1,
                shelf_until="2026-11-30",
            )
        )
        answer = await self.ask(lookup_item("I1"))
        assert answer.one("CirculationStatus") == "Available For Pickup"
        assert answer.one("HoldPickupDate") == "2026-11-30T22:59:59Z"


class LoanTests(PartnerCase):
    async def test_an_item_is_lent_with_its_date_and_the_elements_asked(self) -> None:
        answer = await self.ask(
            check_out("R1", "I1", wants("Item", "Circulation Status", "Date Due") + wants("User", "User Privilege"))
        )
        assert answer.name == "CheckOutItemResponse"
        assert answer.one("CheckOutItemResponse/ItemId/ItemIdentifierValue") == "I1"
        assert answer.one("CheckOutItemResponse/UserId/UserIdentifierValue") == "R1"
        assert answer.all("DateDue") == ["2026-12-20T22:59:59Z", "2026-12-20T22:59:59Z"]
        assert answer.one("CirculationStatus") == "On Loan"
        assert answer.all("UserPrivilegeStatusType")[0] == "OK"

    async def test_a_user_may_prove_who_he_is(self) -> None:
        asked = message("CheckOutItem", typed(("Barcode Id", "R1"), ("PIN", "1234")) + item("I1"))
        answer = await self.ask(asked)
        assert answer.one("CheckOutItemResponse/UserId/UserIdentifierValue") == "R1"
        asked = message("CheckOutItem", typed(("Barcode Id", "R1"), ("PIN", "9999")) + item("I2"))
        answer = await self.ask(asked)
        assert answer.problems == [("User Authentication Failed", "AuthenticationInputData")]
        assert b"9999" not in answer.octets

    async def test_every_reason_is_told_at_once(self) -> None:
        await self.reopen(
            insert(schema.block).values(patron_id=1, kind="manual"),
            update(schema.item).where(schema.item.c.id == 1).values(for_loan=0),
        )
        answer = await self.ask(check_out("R1", "I1"))
        assert answer.problems == [
            ("User Blocked", "UserIdentifierValue"),
            ("Item Does Not Circulate", "ItemIdentifierValue"),
        ]
        assert answer.all("ProblemValue") == ["R1", "I1"]
        schemes = answer.root.xpath("//@*[local-name()='Scheme']")
        assert {str(scheme).rpartition("/")[2] for scheme in schemes} == {"checkoutitemprocessingerror.scm"}  # type: ignore[union-attr]

    async def test_a_repeat_gets_the_same_answer_and_makes_one_loan(self) -> None:
        first = await self.ask(check_out("R1", "I1"))
        self.clock.advance(600)
        again = await self.ask(check_out("R1", "I1"))
        assert again.octets == first.octets
        assert self.metrics.value("repeats", "ncip", "CheckOutItem") == 1
        loans = await self.ask(lookup_user(user("R1"), "<LoanedItemsDesired/>"))
        assert loans.all("LoanedItem/ItemId/ItemIdentifierValue") == ["I1"]

    async def test_a_repeat_survives_a_restart(self) -> None:
        first = await self.ask(check_out("R1", "I1"))
        await self.reopen()
        assert (await self.ask(check_out("R1", "I1"))).octets == first.octets

    async def test_another_request_for_the_same_loan_is_no_repeat(self) -> None:
        await self.ask(check_out("R1", "I1"))
        for other in (check_out("R1", "I1", wants("User", "User Id")), check_out("R2", "I1")):
            answer = await self.ask(other)
            assert answer.problems == [("Resource Cannot Be Provided", "ItemIdentifierValue")]

    async def test_another_partners_octets_are_no_repeat(self) -> None:
        asked = message("CheckOutItem", user("R1") + item("I1"), "")
        await self.ask(asked, self.respond(anonymous="FR-EN"))
        answer = await self.ask(asked, self.respond(anonymous=PARTNER))
        assert answer.problems == [("Resource Cannot Be Provided", "ItemIdentifierValue")]
        assert answer.one("ProblemDetail") == "Document déjà emprunté par vous."

    async def test_after_the_return_the_same_octets_lend_again(self) -> None:
        first = await self.ask(check_out("R1", "I1"))
        await self.ask(check_in("I1"))
        self.clock.advance(86400)
        again = await self.ask(check_out("R1", "I1"))
        assert again.problems == []
        assert again.one("DateDue") != first.one("DateDue")

    async def test_a_loan_is_renewed_and_the_repeat_does_not_renew_again(self) -> None:
        await self.ask(check_out("R1", "I1"))
        self.clock.advance(7 * 86400)
        first = await self.ask(renew("R1", "I1"))
        assert first.one("RenewItemResponse/DateDue") == "2026-12-27T22:59:59Z"
        assert first.one("RenewalCount") == "1"
        assert (await self.ask(renew("R1", "I1"))).octets == first.octets
        other = await self.ask(renew("R1", "I1", wants("User", "User Id")))
        assert other.problems == [("Maximum Renewals Exceeded", "ItemIdentifierValue")]

    async def test_renewals_are_refused_with_the_reason(self) -> None:
        await self.reopen(
            insert(schema.hold).values(
                id=9, patron_id=3, target_item_id=2, pickup_id=2, requested_at=NOW, suspended_until="2027-01-31"
            )
        )
        for barcode in ("I1", "I2"):
            await self.ask(check_out("R1", barcode))
        await self.reopen(update(schema.hold).values(suspended_until=None))
        for asked, kind, element in (
            (renew("R1", "I3"), "Item Not Checked Out", "ItemIdentifierValue"),
            (renew("R2", "I1"), "User Ineligible To Renew This Item", "ItemIdentifierValue"),
            (renew("R1", "I2"), "Renewal Not Allowed - Item Has Outstanding Requests", "ItemIdentifierValue"),
            (renew("R1", "I99"), "Unknown Item", "ItemIdentifierValue"),
            (renew("R99", "I1"), "Unknown User", "UserIdentifierValue"),
            (message("RenewItem", user("R1")), "Needed Data Missing", "ItemIdentifierValue"),
            (message("RenewItem", item("I1")), "Needed Data Missing", "UserIdentifierValue"),
        ):
            answer = await self.ask(asked)
            assert answer.name == "RenewItemResponse"
            assert answer.problems == [(kind, element)]

    async def test_damage_in_a_change_is_not_passed_over(self) -> None:
        mandated = "<MandatedAction><DateEventOccurred>yesterday</DateEventOccurred></MandatedAction>"
        assert (await self.ask(check_in("I1", mandated))).problems == [("Invalid Date", "DateEventOccurred")]
        fee = "<PaidFeeAmount><CurrencyCode>EUR</CurrencyCode><MonetaryValue>1,50</MonetaryValue></PaidFeeAmount>"
        assert (await self.ask(check_out("R1", "I1", fee))).problems == [("Invalid Amount", "MonetaryValue")]
        assert (await self.ask(lookup_item("I1"))).one("CirculationStatus") == "Available On Shelf"
        assert self.metrics.value("defects", "ncip", "invalid date") == 1


class ReturnTests(PartnerCase):
    async def test_an_item_that_is_home_has_no_way_to_go(self) -> None:
        await self.ask(check_out("R1", "I1"))
        answer = await self.ask(check_in("I1", wants("Item", "Circulation Status")))
        assert answer.name == "CheckInItemResponse"
        assert answer.one("CheckInItemResponse/ItemId/ItemIdentifierValue") == "I1"
        assert answer.all("RoutingInformation") == []
        assert answer.one("CirculationStatus") == "Available On Shelf"
        assert b"R1" not in answer.octets

    async def test_an_item_that_is_elsewhere_is_sent_home(self) -> None:
        await self.ask(check_out("R1", "I1"))
        asked = check_in("I1", wants("Item", "Circulation Status", "Location"), to="LIEVIN")
        answer = await self.ask(asked)
        assert answer.one("RoutingInstructions") == "Navette vers Médiathèque de Lens"
        assert answer.one("RoutingInformation/Destination/Location/LocationType") == "Permanent Location"
        assert "Médiathèque de Lens" in answer.all(
            "Destination/Location/LocationName/LocationNameInstance/LocationNameValue"
        )
        assert answer.all("RequestType") == []
        assert answer.one("CirculationStatus") == "In Transit Between Library Locations"
        again = await self.ask(asked)
        assert again.octets == answer.octets
        assert (await self.ask(lookup_item("I1"))).one("CirculationStatus") == "In Transit Between Library Locations"

    async def test_an_item_that_came_in_again_later_is_no_repeat(self) -> None:
        asked = check_in("I1", wants("Item", "Circulation Status"), to="LIEVIN")
        first = await self.ask(asked)
        assert first.one("CirculationStatus") == "In Transit Between Library Locations"
        await self.ask(check_in("I1"))
        self.clock.advance(3600)
        await self.ask(asked)
        assert (await self.ask(lookup_item("I1"))).one("CirculationStatus") == "In Transit Between Library Locations"
        assert self.metrics.value("repeats", "ncip", "CheckInItem") == 0

    async def test_a_waiting_hold_takes_the_item_here_or_there(self) -> None:
        await self.reopen(
            insert(schema.hold).values(id=8, patron_id=2, target_item_id=1, pickup_id=1, requested_at=NOW),
            insert(schema.hold).values(id=9, patron_id=2, target_item_id=2, pickup_id=2, requested_at=NOW),
        )
        answer = await self.ask(check_in("I1", wants("Item", "Circulation Status")))
        assert (answer.one("RoutingInstructions") or "").startswith("Réservation à mettre de côté jusqu'au 2026-1")
        assert answer.one("RequestType") == "Hold"
        assert answer.one("CirculationStatus") == "Available For Pickup"
        english = message("CheckInItem", item("I2"), header("FR-EN"))
        answer = await self.ask(english)
        assert answer.one("RoutingInstructions") == "Send to Médiathèque de Liévin, on hold"
        assert answer.one("RequestType") == "Hold"
        assert answer.one("RoutingInformation/Destination/Location/LocationType") == "Temporary Location"

    async def test_a_found_item_is_on_the_shelf_and_a_damaged_one_is_not(self) -> None:
        await self.reopen(
            update(schema.item).where(schema.item.c.id == 1).values(condition="missing"),
            update(schema.item).where(schema.item.c.id == 2).values(condition="damaged"),
        )
        asked = wants("Item", "Circulation Status")
        assert (await self.ask(check_in("I1", asked))).one("CirculationStatus") == "Available On Shelf"
        assert (await self.ask(check_in("I2", asked))).one("CirculationStatus") == "Not Available"

    async def test_a_return_that_happened_before_is_recorded_as_it_happened(self) -> None:
        await self.ask(check_out("R1", "I1"))
        self.clock.advance(40 * 86400)
        mandated = "<MandatedAction><DateEventOccurred>2026-12-01T10:00:00+01:00</DateEventOccurred></MandatedAction>"
        assert (await self.ask(check_in("I1", mandated))).problems == []

        def when(connection: Any) -> int:
            found: int = connection.execute(schema.past_loan.select()).one().in_at
            return found

        assert await self.store.work(when) == 1_796_115_600

    async def test_unknown_items_and_libraries_without_the_service_are_refused(self) -> None:
        assert (await self.ask(check_in("I999"))).problems == [("Unknown Item", "ItemIdentifierValue")]
        assert (await self.ask(check_in("I1", to="MDPC"))).problems == [
            ("Unauthorized Service For Agency", "ToAgencyId")
        ]
        assert (await self.ask(message("CheckInItem"))).problems == [("Needed Data Missing", "ItemIdentifierValue")]

    async def test_the_place_is_who_it_is_for_then_who_is_asked_then_the_partners(self) -> None:
        behalf = "<OnBehalfOfAgency><AgencyId>FR-620000002</AgencyId></OnBehalfOfAgency>"
        answer = await self.ask(message("CheckInItem", item("I1"), header(more=behalf)))
        assert answer.one("RoutingInstructions") == "Navette vers Médiathèque de Lens"
        answer = await self.ask(message("CheckInItem", item("I2"), header("FR-EN", to="anyone")))
        assert answer.problems == []
        assert answer.all("RoutingInstructions") == []


def test_every_reason_has_a_problem_in_every_service() -> None:
    assert set(REFUSALS) == set(Reason)
    for service in SERVED:
        for reason in Reason:
            told = refusal(service, reason, "fr", {})
            assert told.problem_type
            assert ProblemType(told.problem_type.value) in SERVICES[service].own | GENERAL
            assert told.problem_detail
    assert all(row.types[-1] in GENERAL for row in REFUSALS.values())


def test_the_reasons_that_a_service_can_meet_have_its_own_words() -> None:
    expected = {
        "CheckOutItem": {
            Reason.PATRON_EXPIRED: "User Blocked",
            Reason.OVERDUES: "User Blocked",
            Reason.NOT_FOR_LOAN: "Item Does Not Circulate",
            Reason.HELD_FOR_OTHER: "User Ineligible To Check Out This Item",
            Reason.TOO_MANY_OF_TYPE: "Maximum Check Outs Exceeded",
            Reason.ON_LOAN_TO_OTHER: "Resource Cannot Be Provided",
            Reason.AMBIGUOUS_ITEM: "Unknown Item",
        },
        "RenewItem": {
            Reason.CARD_LOST: "User Blocked",
            Reason.TOO_LATE_TO_RENEW: "Item Not Renewable",
            Reason.DECLARED_LOST: "Item Not Renewable",
            Reason.NOT_ON_LOAN: "Item Not Checked Out",
            Reason.NOT_ON_LOAN_TO_PATRON: "User Ineligible To Renew This Item",
        },
        "CheckInItem": {Reason.AMBIGUOUS_ITEM: "Unknown Item", Reason.UNAVAILABLE: "Temporary Processing Failure"},
        "LookupUser": {Reason.AMBIGUOUS_CARD: "Non-Unique User", Reason.PIN_LOCKED: "User Authentication Failed"},
        "LookupItem": {Reason.AMBIGUOUS_ITEM: "Non-Unique Item", Reason.NOT_SUPPORTED: "Unsupported Service"},
    }
    for service, words in expected.items():
        for reason, kind in words.items():
            told = refusal(service, reason, "en", {})
            assert told.problem_type
            assert told.problem_type.value == kind


def test_every_word_of_the_store_has_one_of_ncip() -> None:
    assert set(STATUSES) == set(Status)
    assert set(BLOCKS) == set(ACTS)
    assert set(LOANS.values()) <= set(STATUSES)
    assert all(len(code) == 3 for code in MEDIA)
