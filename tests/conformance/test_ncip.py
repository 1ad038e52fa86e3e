"""The NCIP kit: ours passes it, and it fails who should fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.threads import deferToThread

from conformance import ncip
from conformance.ncip_judge import judge
from conformance.ncip_listener import judged, reply
from conformance.results import Level, Outcome
from protocols.ncip import Envelope, Received, read, write
from protocols.ncip.base import Initiation
from protocols.ncip.messages import MESSAGES
from server.ncip.web import TOO_LARGE, NcipPage
from server.web import make_site
from storage.circulation.ill.machine import TELLS, TELLS_IF_WANTED
from tests.protocols.ncip.strategies import elements, ncip_messages
from tests.server.ncip.partner import PARTNER, US, PartnerCase, lookup_item, message


class OurselvesTests(PartnerCase):
    timeout = 120

    async def serve(self) -> str:
        site = make_site({"ncip": NcipPage(self.responder)}, lambda: True, reactor, limit=1 << 20, too_large=TOO_LARGE)
        port: Any = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(site)
        self.addCleanup(port.stopListening)
        return f"http://127.0.0.1:{port.getHost().port}/ncip"

    async def test_our_responder_passes_every_check(self) -> None:
        session = ncip.Session(await self.serve(), PARTNER, US, None, "R1", "1234", "I1")
        results = await deferToThread(lambda: list(ncip.judgement(session)))
        failed = {result.name: result.detail for result in results if result.outcome is not Outcome.PASSED}
        assert failed == {}
        assert len(results) > 70

    async def test_a_stranger_is_told_of_each_check(self) -> None:
        url = await self.serve()
        code = await deferToThread(ncip.main, [url, "--agency", "FR-NOBODY", "--to", US, "--json"])
        assert code == 1


@settings(derandomize=True, deadline=None, max_examples=80)
@given(ncip_messages(), st.sampled_from(["ns1", ""]))
def test_what_our_writer_writes_is_valid_to_the_judge(sent: Any, prefix: str) -> None:
    assert judge(write(sent, Envelope(prefix=prefix))) == []


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("<ItemId>", "<Frob/><ItemId>", "holds Frob"),
        ("<ItemIdentifierValue>I1</ItemIdentifierValue>", "", "lacks ItemIdentifierValue"),
        (' version="2.02"', "", "version is missing"),
        ("</LookupItem>", "<ItemId><ItemIdentifierValue>1</ItemIdentifierValue></ItemId></LookupItem>", "twice"),
        ("</LookupItem>", "<CurrentBorrowerDesired>x</CurrentBorrowerDesired></LookupItem>", "not empty"),
        ("<ItemId>", "<CurrentBorrowerDesired/><ItemId>", "stands after"),
        ("LookupItem", "Frob", "no message"),
        ("2008/ncip", "2009/ncip", "namespace"),
        ("</NCIPMessage>", "", "not well-formed"),
    ],
)
def test_the_judge_says_what_is_wrong(before: str, after: str, fault: str) -> None:
    document = lookup_item("I1").decode().replace(before, after)
    if "version" not in fault:
        document = document.replace(' version="2.02"', ' xmlns:n="http://www.niso.org/2008/ncip" n:version="2.02"')
    assert any(fault in each for each in judge(document.encode())), judge(document.encode())


def test_dates_and_numbers_have_their_form() -> None:
    body = message("LookupItemSet", "<HoldingsSetId>1</HoldingsSetId><MaximumItemsCount>many</MaximumItemsCount>")
    assert any("no number" in fault for fault in judge(body))
    body = message("ItemReceived", "<ItemId/><DateReceived>yesterday</DateReceived>")
    assert any("no dateTime" in fault for fault in judge(body))


INITIATIONS = [cls for name, cls in MESSAGES.items() if issubclass(cls, Initiation) and name != "LookupVersion"]


@settings(derandomize=True, deadline=None, max_examples=80)
@given(st.sampled_from(INITIATIONS).flatmap(elements))
def test_the_kit_answers_every_initiation_as_the_schema_demands(asked: Any) -> None:
    answer, results = judged(write(asked), "application/xml", "FR-X")
    assert judge(answer) == []
    assert [result.outcome for result in results if result.name.endswith(".valid")] == [Outcome.PASSED]


def test_the_kit_lets_an_initiator_go_on() -> None:
    served = {*TELLS.values(), *TELLS_IF_WANTED.values(), "RequestItem", "LookupRequest"}
    for service in served - {"CancelRecallItem"}:
        empty = MESSAGES[service]()
        assert isinstance(empty, Initiation)
        assert reply(empty).service == service


@pytest.mark.parametrize("body", [b"", b"<a>", b"<a/>", write(reply(MESSAGES["ItemShipped"]()))])  # type: ignore[arg-type]  # an initiation
def test_what_is_no_initiation_fails_and_is_answered(body: bytes) -> None:
    answer, results = judged(body, "text/plain", "FR-X")
    assert isinstance(read(answer), Received)
    assert [(result.level, result.outcome) for result in results] == [(Level.MUST, Outcome.FAILED)]


def test_the_command_wants_a_url(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        ncip.main([])
    assert "URL" in capsys.readouterr().err


def test_a_line_that_is_not_there_fails_the_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ncip.main(["http://127.0.0.1:1/", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["results"]
    assert {each["outcome"] for each in found} <= {"failed", "not applicable"}
