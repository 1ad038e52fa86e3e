"""Exactly once: every service that changes anything, asked for twice in the same octets, does it once and answers alike."""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import update

from protocols.ncip.problems import SERVICES, Group
from server.ncip.partners import GRANTED
from server.ncip.services import HANDLERS, Support, support
from server.ncip.told import TELLERS
from storage import schema
from tests.server.ncip.partner import PARTNER, check_in, check_out, item, message, renew, user
from tests.server.ncip.test_ill import (
    ADDRESS,
    AVION_ISIL,
    Case,
    accept,
    received,
    record,
    request,
    request_item,
    shipped,
)
from tests.server.ncip.test_upkeep import MAIL, NAME

KINDS: Final = "<RequestType>Loan</RequestType><RequestScopeType>Item</RequestScopeType>"
DUE: Final = "<DateDue>2026-12-20T22:59:59Z</DateDue>"
BOOK: Final = "<BibliographicDescription><Title>Un titre</Title></BibliographicDescription>"
NOTICE: Final = (
    "<UserNoticeDetails><NoticeType>Info</NoticeType><NoticeContent>Bonjour</NoticeContent></UserNoticeDetails>"
)
FEE: Final = (
    "<FiscalTransactionInformation><FiscalActionType>Assess</FiscalActionType><FiscalTransactionType>Fine</FiscalTransactionType>"
    "<Amount><CurrencyCode>EUR</CurrencyCode><MonetaryValue>250</MonetaryValue></Amount></FiscalTransactionInformation>"
)
LOST: Final = "<ItemReportedLost/>"


def status(word: str) -> str:
    return f"<CirculationStatus>{word}</CirculationStatus>"


ACCEPTED: Final = (accept(),)
AT_HOME: Final = (*ACCEPTED, check_in("D-1", to=AVION_ISIL), check_out("R1", "D-1", to=AVION_ISIL))
LENT: Final = (request_item("d1", item("I1")), received("d1", PARTNER, "I1"))

CASES: Final[dict[str, tuple[tuple[bytes, ...], bytes]]] = {
    "AcceptItem": ((), accept()),
    "CancelRecallItem": ((*ACCEPTED, message("RecallItem", item("D-1"))), message("CancelRecallItem", item("D-1"))),
    "CancelRequestItem": (
        (request_item("d1", item("I1")),),
        message("CancelRequestItem", user("DEP-7") + request("d1", PARTNER) + "<RequestType>Loan</RequestType>"),
    ),
    "CheckInItem": ((check_out("R1", "I1"),), check_in("I1")),
    "CheckOutItem": ((), check_out("R1", "I1")),
    "CirculationStatusChangeReported": (
        LENT,
        message("CirculationStatusChangeReported", item("I1") + user("R9") + LOST),
    ),
    "CirculationStatusUpdated": (
        AT_HOME,
        message("CirculationStatusUpdated", item("D-1") + status("Item Not Renewed")),
    ),
    "CreateItem": ((), message("CreateItem", item("D-7") + BOOK)),
    "CreateUser": ((), message("CreateUser", user("N1") + NAME)),
    "CreateUserFiscalTransaction": ((), message("CreateUserFiscalTransaction", user("R1") + FEE)),
    "DeleteItem": ((message("CreateItem", item("D-7") + BOOK),), message("DeleteItem", item("D-7"))),
    "DeleteUser": ((message("CreateUser", user("N1") + NAME),), message("DeleteUser", user("N1"))),
    "ItemRecallCancelled": (
        (*ACCEPTED, message("RecallItem", item("D-1"))),
        message("ItemRecallCancelled", item("D-1")),
    ),
    "ItemRecalled": (ACCEPTED, message("ItemRecalled", item("D-1") + DUE)),
    "ItemReceived": ((request_item("d1", item("I1")),), received("d1", PARTNER, "I1")),
    "ItemRenewed": (AT_HOME, message("ItemRenewed", item("D-1") + DUE.replace("2026-12-20", "2027-03-20"))),
    "ItemRequestCancelled": (
        (message("ItemRequested", user("R1") + record(7) + request("n1", PARTNER) + KINDS),),
        message("ItemRequestCancelled", user("R1") + request("n1", PARTNER) + "<RequestType>Loan</RequestType>"),
    ),
    "ItemRequested": ((), message("ItemRequested", user("R1") + record(7) + request("n1", PARTNER) + KINDS)),
    "ItemShipped": (LENT, shipped("d1", PARTNER)),
    "RecallItem": (
        ACCEPTED,
        message("RecallItem", item("D-1") + "<DesiredDateDue>2026-12-10T22:59:59Z</DesiredDateDue>"),
    ),
    "RenewItem": ((check_out("R1", "I1"),), renew("R1", "I1")),
    "RenewItem of what we lend": (LENT, renew("DEP-7", "I1")),
    "ReportCirculationStatusChange": (
        (check_out("R1", "I1"),),
        message("ReportCirculationStatusChange", item("I1") + user("R1") + LOST),
    ),
    "RequestItem": ((), request_item("d1", item("I1"))),
    "SendUserNotice": ((), message("SendUserNotice", user("R1") + NOTICE)),
    "UndoCheckOutItem": ((check_out("R1", "I1"),), message("UndoCheckOutItem", item("I1") + user("R1"))),
    "UpdateCirculationStatus": ((), message("UpdateCirculationStatus", item("I1") + status("Missing"))),
    "UpdateItem": (
        (message("CreateItem", item("D-7") + BOOK),),
        message("UpdateItem", item("D-7") + f"<AddItemFields>{BOOK.replace('Un', 'Autre')}</AddItemFields>"),
    ),
    "UpdateUser": (
        (),
        message("UpdateUser", user("R1") + f"<AddUserFields>{MAIL.format('a@example.org')}</AddUserFields>"),
    ),
}
"""Service, and which of its uses -> what comes before, and the message that is sent twice."""

CHANGING: Final = {name for name in HANDLERS if SERVICES[name].group is Group.UPDATE or name in TELLERS}


def test_no_service_that_changes_anything_is_left_out() -> None:
    # What may be changed of a hold has a test of its own, as has a hold of a reader (`test_upkeep`).
    services = {name.partition(" ")[0] for name in CASES}
    assert services == CHANGING - {"UpdateRequestItem"}
    assert all(support(name) is Support.SERVED for name in services)
    assert ADDRESS


class OnceTests(Case):
    def setUp(self) -> None:
        profile = {"account": "R9", "category": "ADULT", "fees": "waive", "services": sorted({*HANDLERS, *GRANTED})}
        super().setUp()
        self.change(
            update(schema.partner).where(schema.partner.c.agency == PARTNER).values(profile=json.dumps(profile))
        )
        self.store.network = self.network_of(profile)

    def network_of(self, profile: dict[str, Any]) -> Any:
        from dataclasses import replace

        network = self.store.network
        partner = replace(network.partners[PARTNER], profile=profile)
        return replace(network, partners={**network.partners, PARTNER: partner})


def _test(service: str) -> Any:
    before, body = CASES[service]

    async def test(self: OnceTests) -> None:
        for each in before:
            told = await self.ask(each)
            assert told.problems == [], (service, told.problems)
        first = await self.ask(body)
        assert first.problems == [], (service, first.problems)
        done = await self.rows("SELECT act, detail FROM journal ORDER BY seq")
        waiting = await self.rows("SELECT count(*) FROM outbox")
        assert done
        self.clock.advance(5)
        assert (await self.ask(body)).octets == first.octets, service
        assert await self.rows("SELECT act, detail FROM journal ORDER BY seq") == done, service
        assert await self.rows("SELECT count(*) FROM outbox") == waiting
        assert self.metrics.value("repeats", "ncip", service.partition(" ")[0]) == 1

    return test


for _service in CASES:
    setattr(OnceTests, f"test_{_service.replace(' ', '_')}_is_done_once", _test(_service))
