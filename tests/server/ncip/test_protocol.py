"""The NCIP responder: who may ask, what is no question, and what happens when something breaks."""

from __future__ import annotations

from unittest import mock

from twisted.internet.defer import Deferred, fail
from twisted.logger import capturedLogs

from protocols.ncip.problems import SERVICES, Group
from server import passwords
from server.ncip.services import Support, support
from storage.store import StoreUnavailable
from tests.server.ncip.partner import (
    PARTNER,
    US,
    Answer,
    PartnerCase,
    check_in,
    check_out,
    header,
    item,
    lookup_item,
    lookup_user,
    message,
    typed,
    user,
    wants,
)

OTHERS = sorted(name for name in SERVICES if support(name) is Support.UNSUPPORTED)
NOTIFICATIONS = sorted(name for name, service in SERVICES.items() if service.group is Group.NOTIFICATION)


class PartnerTests(PartnerCase):
    async def test_an_unknown_agency_is_told_so(self) -> None:
        answer = await self.ask(message("LookupUser", user("R1"), header("FR-NOBODY")))
        assert answer.problems == [("Unknown Agency", "FromAgencyId")]
        assert answer.one("ProblemValue") == "FR-NOBODY"

    async def test_without_a_header_the_policy_decides(self) -> None:
        for head in (" ", "<InitiationHeader/>", "<InitiationHeader><FromAgencyId/></InitiationHeader>"):
            answer = await self.ask(message("LookupUser", user("R1"), head))
            assert answer.problems == [("Needed Data Missing", "FromAgencyId")]
            assert answer.all("ResponseHeader") == []
            trusted = await self.ask(message("LookupItem", item("I1"), head), self.respond(anonymous="FR-EN"))
            assert trusted.one("CirculationStatus") == "Available On Shelf"

    async def test_a_suspended_partner_gets_nothing(self) -> None:
        answer = await self.ask(message("LookupUser", user("R1"), header("FR-OFF")))
        assert answer.problems == [("Unauthorized Service For Agency", "FromAgencyId")]

    async def test_a_partner_with_a_secret_must_tell_it(self) -> None:
        for secret in ("", "<FromAgencyAuthentication>faux</FromAgencyAuthentication>"):
            head = header("FR-SECRET").replace("<ToAgencyId>", secret + "<ToAgencyId>")
            answer = await self.ask(message("LookupItem", item("I1"), head))
            assert answer.problems == [("Agency Authentication Failed", "FromAgencyAuthentication")]
            assert b"faux" not in answer.octets

    async def test_a_secret_is_hashed_slowly_once(self) -> None:
        secret = "<FromAgencyAuthentication>entre nous</FromAgencyAuthentication>"
        head = header("FR-SECRET").replace("<ToAgencyId>", secret + "<ToAgencyId>")
        passwords._right.clear()  # What other tests in this process have verified is remembered.
        with mock.patch("server.passwords._verify", wraps=passwords._verify) as verify:
            for _ in range(3):
                answer = await self.ask(message("LookupItem", item("I1"), head))
                assert answer.one("CirculationStatus") == "Available On Shelf"
                assert b"entre nous" not in answer.octets
            wrong = head.replace("entre nous", "entre vous")
            assert (await self.ask(message("LookupItem", item("I1"), wrong))).problems
        assert verify.call_count == 2


class ProtocolTests(PartnerCase):
    async def test_every_other_service_is_refused_in_its_own_response(self) -> None:
        for service in OTHERS:
            answer = await self.ask(message(service))
            assert answer.name == service + "Response"
            assert answer.problems == [("Unsupported Service", "NCIPMessage")]
            assert answer.one("ProblemValue") == service
            assert answer.one("ResponseHeader/ToAgencyId/AgencyId") == PARTNER

    async def test_every_notification_is_acknowledged(self) -> None:
        for service in NOTIFICATIONS:
            answer = await self.ask(message(service))
            assert answer.name == service + "Response"
            assert answer.problems == []
            assert answer.one("ResponseHeader/ToAgencyId/AgencyId") == PARTNER
        assert len(NOTIFICATIONS) == 20

    async def test_a_question_of_1_0_is_answered_in_1_0(self) -> None:
        def unique(tag: str, name: str) -> str:
            return f"<{tag}><UniqueAgencyId><Scheme>s</Scheme><Value>{name}</Value></UniqueAgencyId></{tag}>"

        def ask(card: str) -> bytes:
            return (
                "<NCIPMessage version='http://www.niso.org/ncip/v1_0/imp1/dtd/ncip_v1_0.dtd'><LookupUser><InitiationHeader>"
                f"{unique('FromAgencyId', PARTNER)}{unique('ToAgencyId', US)}</InitiationHeader><UniqueUserId><UniqueAgencyId>"
                f"<Scheme>s</Scheme><Value>x</Value></UniqueAgencyId><UserIdentifierValue>{card}</UserIdentifierValue>"
                "</UniqueUserId><UserElementType><Scheme>s</Scheme><Value>Name Information</Value></UserElementType>"
                "<UserElementType><Scheme>s</Scheme><Value>Visible User Id</Value></UserElementType><LoanedItemsDesired/>"
                "</LookupUser></NCIPMessage>"
            ).encode()

        await self.ask(message("CheckOutItem", user("R1") + item("I1")))
        told = Answer(await self.responder.answer(ask("R1")))
        assert told.name == "LookupUserResponse"
        assert told.one("ResponseHeader/FromAgencyId/UniqueAgencyId/Value") == US
        assert told.one("UniqueUserId/UserIdentifierValue") == "R1"
        assert told.one("VisibleUserId/VisibleUserIdentifier") == "R1"
        assert told.one("UserTransaction/LoanedItem/UniqueItemId/ItemIdentifierValue") == "I1"
        refused = Answer(await self.responder.answer(ask("R99")))
        assert refused.one("ProcessingErrorType/Value") == "Unknown User"
        assert refused.one("ProcessingErrorValue") == "R99"

    async def test_what_is_no_question_gets_a_problem_at_the_root(self) -> None:
        for body, kind in (
            (b"", "Invalid Message Syntax Error"),
            (b"<a", "Invalid Message Syntax Error"),
            (b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "Invalid Message Syntax Error"),
            (b"<a>" * 5000, "Invalid Message Syntax Error"),
            (b"<html/>", "Unknown Element"),
            (message("Frobnicate"), "Unsupported Service"),
            (message("LookupUserResponse"), "Protocol Error"),
            (message("Problem"), "Protocol Error"),
            (b"<NCIPMessage version='http://www.niso.org/ncip/v1_0/imp1/dtd/ncip_v1_0.dtd'/>", "Needed Data Missing"),
        ):
            answer = await self.ask(body)
            assert answer.name == "Problem"
            assert [found for found, _ in answer.problems] == [kind]

    async def test_versions_are_told_in_the_form_asked(self) -> None:
        def unique(tag: str, name: str) -> str:
            return f"<{tag}><UniqueAgencyId><Scheme>s</Scheme><Value>{name}</Value></UniqueAgencyId></{tag}>"

        content = unique("FromAgencyId", "them") + unique("ToAgencyId", "us")
        alone = (
            f"<NCIPVersionMessage version='x'><LookupVersion>{content}</LookupVersion></NCIPVersionMessage>".encode()
        )
        for body in (alone, message("LookupVersion", content, " ")):
            answer = Answer(await self.responder.answer(body))
            assert answer.name == "LookupVersionResponse"
            assert answer.root.tag.rpartition("}")[2] == ("NCIPVersionMessage" if body is alone else "NCIPMessage")
            assert answer.one("FromAgencyId/UniqueAgencyId/Value") == "us"
            assert answer.one("ToAgencyId/UniqueAgencyId/Value") == "them"
            assert len(answer.all("VersionSupported")) == 4
        headed = Answer(await self.responder.answer(message("LookupVersion")))
        assert headed.one("FromAgencyId/UniqueAgencyId/Value") == US
        bare = Answer(await self.responder.answer(b"<NCIPVersionMessage><LookupVersion/></NCIPVersionMessage>"))
        assert bare.one("FromAgencyId/UniqueAgencyId/Value") == "Essai"

    async def test_a_store_that_does_not_answer_is_a_temporary_failure(self) -> None:
        for broken in ("read", "transact"):
            with mock.patch.object(self.store, broken, return_value=fail(StoreUnavailable("gone"))):
                answer = await self.ask(lookup_item("I1") if broken == "read" else check_out("R1", "I1"))
            assert answer.problems == [("Temporary Processing Failure", "NCIPMessage")]
        assert self.metrics.value("refusals", "ncip", "unavailable") == 2

    async def test_a_bug_of_ours_is_logged_without_the_message_and_answered(self) -> None:
        asked = lookup_user(typed(("Barcode Id", "R4242"), ("PIN", "98765")), wants("User", "Name Information"))
        with mock.patch.object(self.store, "read", return_value=fail(ZeroDivisionError())), capturedLogs() as events:
            answer = await self.ask(asked)
        assert answer.problems == [("Temporary Processing Failure", "NCIPMessage")]
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1
        logged = "".join(repr(event) + str(event.get("log_failure", "")) for event in events)
        assert "LookupUser" in logged
        assert "98765" not in logged
        assert "R4242" not in logged

    async def test_nothing_is_logged_on_the_way_of_a_message(self) -> None:
        with capturedLogs() as events:
            for body in (check_out("R1", "I1"), lookup_user(user("R1")), check_in("I1"), b"<a", message("RequestItem")):
                await self.ask(body)
        assert events == []

    async def test_answers_are_timed_and_refusals_counted(self) -> None:
        for body in (check_out("R1", "I1"), check_out("R2", "I1"), lookup_item("I2"), message("CreateAgency"), b"<a"):
            await self.ask(body)
        assert self.metrics.answered("ncip", "CheckOutItem") == 2
        assert self.metrics.answered("ncip", "LookupItem") == 1
        assert self.metrics.value("refusals", "ncip", "on-loan-to-other") == 1
        assert self.metrics.value("refusals", "ncip", "not-supported") == 1
        assert self.metrics.value("faults", "ncip", "unreadable") == 1

    async def test_many_at_once_are_each_answered(self) -> None:
        asked = [check_out(f"R{1 + number % 3}", f"I{1 + number % 4}") for number in range(40)]
        answers: list[Deferred[bytes]] = [self.responder.answer(body) for body in asked]
        lent = [not Answer(await answer).problems for answer in answers]
        assert sum(lent) >= 4
        loans = [
            Answer(await self.responder.answer(lookup_item(f"I{number}"))).one("DateDue") for number in range(1, 5)
        ]
        assert all(loans)
