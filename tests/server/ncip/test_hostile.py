"""What nobody means well: dates at the ends of time, endless numbers, the same at once, one barcode for many requests."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import gatherResults

from storage.circulation.ill.events import IllAnswer
from storage.circulation.ill.machine import No
from storage.circulation.ill.requests import ILL_REQUEST
from storage.usecase import Outcome
from tests.server.ncip.partner import Answer, check_in, item, message, user
from tests.server.ncip.test_ill import Case, accept, record, request, request_item

NEVER = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "1799-12-31T00:00:00Z")
KINDS = "<RequestType>Hold</RequestType><RequestScopeType>Item</RequestScopeType>"


class HostileTests(Case):
    async def kinds(self, body: bytes) -> list[str]:
        return [kind for kind, _ in (await self.ask(body)).problems]

    async def test_dates_at_the_ends_of_time_are_no_dates(self) -> None:
        for moment in NEVER:
            bodies = [
                accept().replace(b"2027-01-15T22:59:59Z", moment.encode()),
                check_in("I1", f"<MandatedAction><DateEventOccurred>{moment}</DateEventOccurred></MandatedAction>"),
                message("CheckOutItem", user("R1") + item("I1") + f"<DesiredDateDue>{moment}</DesiredDateDue>"),
                message("RequestItem", user("R9") + item("I1") + KINDS + f"<NeedBeforeDate>{moment}</NeedBeforeDate>"),
                message("RecallItem", item("I1") + f"<DesiredDateDue>{moment}</DesiredDateDue>"),
            ]
            for body in bodies:
                assert await self.kinds(body) == ["Invalid Date"]
        assert self.flushLoggedErrors() == []

    async def test_endless_texts_do_not_reach_the_store(self) -> None:
        for body in (
            accept(number="N" * 5_000),
            accept(barcode="B" * 251),
            accept(card="C" * 251),
            accept().replace(b"Le Probl", b"T" * 9_000),
            request_item("d1", item("I" * 300)),
            message("CreateUserFiscalTransaction", user("R" * 300)),
        ):
            (kind,) = await self.kinds(body)
            assert kind in {"Element Rule Violated", "Needed Data Missing"}
        assert await self.rows("SELECT count(*) FROM ill_request") == [(0,)]

    async def test_a_long_title_and_the_longest_number_are_taken(self) -> None:
        body = accept(number="é" * 250, barcode="B" * 250).replace(b"Le Probl", b"T" * 7_000)
        assert (await self.ask(body)).problems == []
        assert (await self.rows("SELECT number FROM ill_request"))[0][0] == "é" * 250

    async def test_one_barcode_for_three_requests_names_two_items_and_no_more(self) -> None:
        answers = [await self.ask(accept(number, barcode="D-1")) for number in ("q1", "q2", "q3")]
        assert [answer.one("ItemIdentifierValue") for answer in answers[:2]] == ["D-1", "FR-MDPC62-D-1"]
        assert [kind for kind, _ in answers[2].problems] == ["Cannot Accept Item"]
        assert await self.rows("SELECT count(*) FROM item WHERE temporary = 1") == [(2,)]

    async def test_the_same_at_once_is_done_once_and_answered_alike(self) -> None:
        for body in (accept(), request_item("d1", item("I2")), request_item("d2", record(1))):
            answers: Any = gatherResults([self.responder.answer(body) for _ in range(20)])
            assert len(set(await answers)) == 1
        assert await self.rows("SELECT count(*) FROM ill_request") == [(2,)]  # of record 1 nobody has an item
        assert await self.rows("SELECT count(*) FROM item WHERE temporary = 1") == [(1,)]

    async def test_what_another_daemon_has_just_made_is_found_by_the_second_try(self) -> None:
        transact, overtaken = self.store.transact, [True]

        async def beaten(*arguments: Any) -> Any:
            outcome = await transact(*arguments)
            if overtaken and arguments[0] is ILL_REQUEST:
                overtaken.clear()
                return Outcome(IllAnswer(No.OVERTAKEN), b"never sent")
            return outcome

        self.patch(self.store, "transact", beaten)
        answer = await self.ask(accept())
        assert answer.one("RequestIdentifierValue") == "q1"
        assert await self.rows("SELECT count(*) FROM ill_request") == [(1,)]

    async def test_what_is_overtaken_again_and_again_may_be_tried_later(self) -> None:
        async def beaten(*arguments: Any) -> Outcome[IllAnswer]:
            answer = IllAnswer(No.OVERTAKEN)
            return Outcome(answer, arguments[3].render(answer))

        self.patch(self.store, "transact", beaten)
        assert await self.kinds(accept()) == ["Temporary Processing Failure"]

    async def test_a_request_of_another_partner_is_neither_seen_nor_changed(self) -> None:
        await self.ask(accept())
        head = (
            "<InitiationHeader><FromAgencyId><AgencyId>FR-EN</AgencyId></FromAgencyId><ToAgencyId><AgencyId>FR-620000001"
            "</AgencyId></ToAgencyId></InitiationHeader>"
        )
        for service, content in (
            ("CancelRequestItem", user("R1") + request("q1") + "<RequestType>Loan</RequestType>"),
            ("RecallItem", item("D-1")),
            ("DeleteItem", item("D-1")),
        ):
            told: Answer = await self.ask(message(service, content, head))
            assert told.problems, service
        assert await self.state("q1") == "shipped"
