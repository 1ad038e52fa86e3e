"""The journal of what was said with partners: in the store, without readers, and with the messages where something went wrong."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import update
from twisted.internet.defer import fail

from protocols.ncip import Received, read
from protocols.ncip.base import Initiation
from server.ncip import journal
from server.ncip.journal import Journal
from storage import schema
from storage.circulation.ill.exchanges import Exchange, exchanges
from storage.store import StoreUnavailable
from tests.server.ncip.partner import (
    PARTNER,
    PartnerCase,
    check_out,
    header,
    item,
    lookup_item,
    lookup_user,
    message,
    typed,
    user,
)


class JournalTests(PartnerCase):
    def setUp(self) -> None:
        super().setUp()
        self.journal = Journal(self.store, self.clock, self.metrics)
        self.responder = self.respond(journal=self.journal)

    async def kept(self, **bounds: Any) -> list[Exchange]:
        await self.journal.look()
        partner = self.store.network.partners[PARTNER]
        return await self.store.read(exchanges(partner.id, **bounds))

    async def test_exchanges_are_kept_without_readers(self) -> None:
        await self.ask(check_out("R1", "I1"))
        await self.ask(lookup_item("NONE"))
        await self.ask(message("LookupItem", item("I1"), header("FR-NOBODY")))
        lines = await self.kept()
        assert [(line.direction, line.service, line.outcome, line.item) for line in lines] == [
            ("in", "CheckOutItem", "done", "I1"),
            ("in", "LookupItem", "Unknown Item", "NONE"),
        ]
        assert "R1" not in json.dumps(lines)
        assert await self.store.work(lambda c: c.exec_driver_sql("SELECT count(*) FROM ncip_exchange").scalar()) == 2

    async def test_where_something_went_wrong_the_messages_are_kept_masked(self) -> None:
        await self.ask(check_out("R1", "I1"))
        await self.ask(lookup_user(typed(("User Id", "R1"), ("PIN", "9876"))))
        good, bad = await self.kept()
        assert (good.asked, good.answered) == ("", "")
        assert "authentication_input_data=***" in bad.asked
        assert "User Authentication Failed" in bad.answered
        assert not {"9876", "R1"} & set(bad.asked.replace("'", " ").split())

    async def test_what_a_partner_says_of_a_reader_in_its_own_words_is_not_kept(self) -> None:
        answer = read(
            message("LookupUserResponse", "<Problem><ProblemType>User Blocked</ProblemType><ProblemDetail>R1, Martin owes"
                    " 5 EUR</ProblemDetail></Problem>", "")
        )  # fmt: skip
        assert isinstance(answer, Received)
        note = "<ShippingInformation><ShippingNote>for Martin</ShippingNote></ShippingInformation>"
        asked = read(message("CheckOutItem", user("R1") + item("I1") + note))
        assert isinstance(asked, Received)
        assert isinstance(asked.message, Initiation)
        partner = self.store.network.partners[PARTNER]
        self.journal.note(partner, "out", asked.message, 0.001, answered=answer.message, outcome="User Blocked")
        (line,) = await self.kept()
        assert "User Blocked" in line.answered
        assert "shipping_note=***" in line.asked
        assert "Martin" not in json.dumps(line)

    async def test_a_partner_that_is_traced_has_all_its_messages_kept(self) -> None:
        partner = update(schema.partner).where(schema.partner.c.agency == PARTNER)
        await self.reopen(partner.values(profile='{"trace": true}'))
        self.journal = Journal(self.store, self.clock, self.metrics)
        self.responder = self.respond(journal=self.journal)
        await self.ask(lookup_user(user("R1"), "<UserElementType>Name Information</UserElementType>"))
        (line,) = await self.kept()
        assert "LookupUser" in line.asked
        assert "surname=***" in line.answered
        assert "Martin" not in json.dumps(line)

    async def test_it_is_read_by_request_item_and_time(self) -> None:
        for number in ("I1", "I2"):
            await self.ask(lookup_item(number))
            self.clock.advance(10)
        now = int(self.clock.seconds())
        assert [line.item for line in await self.kept(item="I2")] == ["I2"]
        assert [line.item for line in await self.kept(since=now - 15)] == ["I2"]
        assert [line.item for line in await self.kept(until=now - 15)] == ["I1"]
        assert [line.item for line in await self.kept(most=1)] == ["I2"]
        assert await self.kept(request="q1") == []

    async def test_what_cannot_be_kept_now_is_kept_later_and_not_without_bounds(self) -> None:
        self.patch(journal, "WAITING", 3)
        transact = self.store.transact
        self.patch(self.store, "transact", lambda *_: fail(StoreUnavailable()))
        for number in ("I1", "I2", "I3", "I4"):
            self.journal.note(self.store.network.partners[PARTNER], "in", _looked_up(number), 0.001)
        await self.journal.look()
        self.patch(self.store, "transact", transact)
        assert [line.item for line in await self.kept()] == ["I2", "I3", "I4"]
        assert self.metrics.value("faults", "ncip", "journal-full") == 1

    async def test_what_is_said_while_the_store_does_not_answer_does_not_pile_up(self) -> None:
        self.patch(journal, "WAITING", 3)
        partner = self.store.network.partners[PARTNER]
        transact = self.store.transact

        def down(*_: Any) -> Any:
            for number in ("I1", "I2"):  # said while the store is asked
                self.journal.note(partner, "in", _looked_up(number), 0.001)
            return fail(StoreUnavailable())

        self.patch(self.store, "transact", down)
        for _ in range(5):
            self.journal.note(partner, "in", _looked_up("I3"), 0.001)
            await self.journal.look()
        self.patch(self.store, "transact", transact)
        assert [line.item for line in await self.kept()] == ["I3", "I1", "I2"]

    async def test_it_writes_by_itself_and_what_is_left_when_it_stops(self) -> None:
        self.journal.start()
        await self.ask(lookup_item("I1"))
        self.clock.advance(2)
        await self.ask(lookup_item("I2"))
        await self.journal.stop()
        assert len(await self.kept()) == 2


def _looked_up(number: str) -> Initiation:
    received = read(lookup_item(number))
    assert isinstance(received, Received)
    assert isinstance(received.message, Initiation)
    return received.message
