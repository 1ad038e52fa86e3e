"""What partners are sent, in every dialect, and what their answers mean."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from conformance.ncip.judge import judge
from protocols.ncip import Received, Release, SchemeValue, problem, read, write
from protocols.ncip.base import PlainResponse, ProblemMessage
from protocols.ncip.circulation import RenewItemResponse, RequestItem, RequestItemResponse
from protocols.ncip.elements import Amount, ItemId, Pending, Problem, RequestId, UserId
from protocols.ncip.lookups import LookupRequestResponse
from protocols.ncip.problems import ProblemType
from protocols.ncip.schemes import CURRENCY, RequestStatusType
from server.ncip.dialects import DIALECTS, Dialect, dialect_of
from server.ncip.letters import _WRITERS, Sheet, write_letter
from server.ncip.partners import RIGHTS
from server.ncip.replies import understand
from storage.circulation.ill.lenders import our_agency
from storage.circulation.ill.machine import TELLS, TELLS_IF_WANTED, Event, Role, State
from storage.circulation.ill.outbox import LONGEST_PAUSE, Fate, Letter, pause
from storage.circulation.ill.rows import IllRow
from storage.circulation.ill.terms import Terms, terms_of
from storage.database import Location
from storage.network.declaration_partners import PartnerProfile
from storage.network.network import Network, load_network
from tests.network import AVION, NOW

SERVICES = sorted(_WRITERS)


@pytest.fixture
def network(location: Location) -> Network:
    with location.engine().connect() as connection:
        return load_network(connection, location.pins())


def row(**more: Any) -> IllRow:
    known: dict[str, Any] = dict.fromkeys(IllRow._fields) | {
        "id": 1, "role": Role.BORROWING, "partner_id": 1, "agency": "FR-620000003", "number": "q1", "state": State.ASKED,
        "pickup_id": AVION, "identifier": "isbn:9782070360024", "title": "L'Étranger", "author": "Camus", "barcode": "D-1",
        "renewable": 1, "renewal": "", "made_at": NOW, "card": "R1", "due_back_on": "2026-12-24",
    }  # fmt: skip
    return IllRow(**known | more)


def sheet(network: Network, service: str, dialect: Dialect = DIALECTS["bibliobus"], **more: Any) -> Sheet:
    letter = Letter(1, 1, 1, service, {"at": NOW, "due_on": "2026-12-24"}, NOW, 0)
    return Sheet(letter, row(**more), network, network.partners["FR-MDPC62"], dialect)


def test_every_letter_that_the_machine_tells_has_a_writer() -> None:
    told = {*TELLS.values(), *TELLS_IF_WANTED.values(), "RequestItem", "LookupRequest"}
    assert set(SERVICES) == told


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("service", SERVICES)
def test_every_letter_is_valid_in_every_dialect(network: Network, service: str, dialect: str) -> None:
    spoken = DIALECTS[dialect]
    for role in Role:
        message = write_letter(sheet(network, service, spoken, role=role))
        assert message is not None
        if spoken.release is Release.V1_0 and service == "LookupRequest":
            continue  # 1.0 has none
        document = write(message, spoken.envelope)
        received = read(document)
        assert isinstance(received, Received)
        assert received.message.service == service  # type: ignore[union-attr]  # no problem message
        assert received.envelope.release is spoken.release
        if spoken.release is Release.V2_02:
            assert judge(document) == []


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_about_nothing_any_longer_is_not_written(network: Network, service: str) -> None:
    message = write_letter(sheet(network, service, card=None, barcode="", identifier=""))
    if message is not None:
        assert judge(write(message)) == []
        assert b"R1" not in write(message)


def test_a_profile_bends_its_dialect(network: Network) -> None:
    dialect = dialect_of({"dialect": "koha", "scope": "Title", "timeout": "soon", "notifications": ["ItemCheckedIn"]})
    assert (dialect.prefix, dialect.scope, dialect.timeout) == ("", "Title", 30)
    assert dialect.notifications == ("ItemCheckedIn",)
    asked = write_letter(sheet(network, "RequestItem", dialect, identifier="77"))
    assert isinstance(asked, RequestItem)
    record = asked.bibliographic_id[0].bibliographic_record_id
    assert record is not None
    assert record.bibliographic_record_identifier_code == SchemeValue("SYSNUMBER")
    assert dialect_of({"dialect": "no such"}) == DIALECTS["bibliobus"]


def test_we_are_called_as_agreed(network: Network) -> None:
    partner = network.partners["FR-MDPC62"]
    assert our_agency(partner, network.libraries[AVION]) == "FR-620000003"


def refusal(service: str, kind: ProblemType) -> PlainResponse:
    return PlainResponse(name=service, problem=(problem(service, kind, "no"),))


ID = RequestId(request_identifier_value="q1")
FEE = Amount(currency_code=SchemeValue("EUR", CURRENCY), monetary_value=100)
DUE = datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC)
TROUBLE = (Problem(problem_type=SchemeValue("Item Does Not Circulate")),)


@pytest.mark.parametrize(
    ("answer", "fate", "event"),
    [
        (RequestItemResponse(request_id=ID, user_id=UserId()), Fate.SENT, Event.ACCEPTED),
        (RequestItemResponse(problem=TROUBLE), Fate.SENT, Event.REFUSED),
        (RequestItemResponse(problem=TROUBLE, required_fee_amount=FEE), Fate.SENT, Event.CONDITIONS),
        (refusal("RequestItem", ProblemType.DUPLICATE_REQUEST), Fate.SENT, Event.ACCEPTED),
        (refusal("RequestItem", ProblemType.UNKNOWN_ITEM), Fate.SENT, Event.REFUSED),
        (refusal("RequestItem", ProblemType.TEMPORARY_PROCESSING_FAILURE), Fate.FAILED, None),
        (refusal("RequestItem", ProblemType.AGENCY_AUTHENTICATION_FAILED), Fate.FAILED, None),
        (RenewItemResponse(pending=Pending()), Fate.SENT, Event.RENEW_PENDING),
        (RenewItemResponse(item_id=ItemId(), date_due=DUE), Fate.SENT, Event.RENEWED),
        (RenewItemResponse(problem=TROUBLE), Fate.SENT, Event.RENEW_REFUSED),
        (refusal("RenewItem", ProblemType.RENEWAL_NOT_ALLOWED), Fate.SENT, Event.RENEW_REFUSED),
        (
            LookupRequestResponse(request_id=ID, request_status_type=RequestStatusType.CANNOT_FULFILL_REQUEST.pair),
            Fate.SENT,
            Event.REFUSED,
        ),
        (
            LookupRequestResponse(request_id=ID, request_status_type=RequestStatusType.IN_PROCESS.pair),
            Fate.SENT,
            Event.ACCEPTED,
        ),
        (refusal("LookupRequest", ProblemType.UNKNOWN_REQUEST), Fate.SENT, None),
        (PlainResponse(name="ItemShipped"), Fate.SENT, None),
    ],
)
def test_what_an_answer_means(network: Network, answer: Any, fate: Fate, event: Event | None) -> None:
    reply = understand(sheet(network, answer.service), answer)
    assert reply.fate is fate
    assert (reply.event.event if reply.event else None) is event
    if event is Event.RENEWED:
        assert reply.event
        assert reply.event.due_on == "2026-12-31"


@pytest.mark.parametrize(
    ("role", "state", "status", "event"),
    [
        (Role.BORROWING, State.SENT_BACK, RequestStatusType.EXPIRED, Event.HOME),
        (Role.BORROWING, State.SENT_BACK, RequestStatusType.IN_PROCESS, Event.ACCEPTED),
        (Role.BORROWING, State.ACCEPTED, RequestStatusType.EXPIRED, Event.REFUSED),
        (Role.BORROWING, State.ACCEPTED, RequestStatusType.AVAILABLE_FOR_PICKUP, Event.ACCEPTED),
        (Role.LENDING, State.SHIPPED, RequestStatusType.AVAILABLE_FOR_PICKUP, Event.RECEIVED),
        (Role.LENDING, State.SHIPPED, RequestStatusType.IN_PROCESS, Event.ACCEPTED),
    ],
)
def test_a_look_tells_what_was_missed(
    network: Network, role: Role, state: State, status: RequestStatusType, event: Event
) -> None:
    answer = LookupRequestResponse(request_id=ID, request_status_type=status.pair)
    reply = understand(sheet(network, "LookupRequest", role=role, state=state), answer)
    assert reply.event is not None
    assert reply.event.event is event


def test_what_is_no_answer_is_brought_again(network: Network) -> None:
    for answer in (ProblemMessage(problem=TROUBLE), PlainResponse(name="ItemShipped"), RequestItem()):
        reply = understand(sheet(network, "RequestItem"), answer)
        assert reply.fate is Fate.FAILED
        assert reply.trouble


def test_pauses_grow_and_end() -> None:
    pauses = [pause(tries, 0) for tries in range(40)]
    assert pauses[0] == 30
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
    assert pause(5, 7) != pause(5, 8)


def test_all_that_can_be_agreed_can_be_declared() -> None:
    declared = {field.name for field in attrs.fields(PartnerProfile)}
    spoken = {field.name for field in fields(Dialect)} - {"title", "release"}
    assert spoken | set(RIGHTS) <= declared
    assert {"account", "our_agency", "dialect", "order"} <= declared


def test_a_profile_speaks_for_itself() -> None:
    spoken = dialect_of(
        {"dialect": "alma", "profile_type": "62_LENS", "timeout": 5, "notifications": ["ItemCheckedOut"]}
    )
    assert (spoken.profile_type, spoken.request_type, spoken.timeout) == ("62_LENS", "Hold", 5)
    assert spoken.notifications == ("ItemCheckedOut",)


def test_terms_that_were_agreed_to_are_acknowledged(network: Network) -> None:
    told = write_letter(
        sheet(network, "RequestItem", agreed=Terms(250, "EUR", ("in library use only", "House Rules")).kept())
    )
    assert isinstance(told, RequestItem)
    assert told.acknowledged_fee_amount == Amount(currency_code=SchemeValue("EUR", CURRENCY), monetary_value=250)
    uses = told.acknowledged_item_use_restriction_type
    assert [pair.value for pair in uses] == ["In Library Use Only", "House Rules"]
    assert judge(write(told)) == []


def test_terms_are_read_off_a_refusal(network: Network) -> None:
    trouble = problem("RequestItem", ProblemType.ELEMENT_RULE_VIOLATED, "terms", "AcknowledgedFeeAmount")
    fee = Amount(currency_code=SchemeValue("EUR", CURRENCY), monetary_value=250)
    answer = RequestItemResponse(
        problem=(trouble,),
        required_fee_amount=fee,
        required_item_use_restriction_type=(SchemeValue("No Reproduction"),),
    )
    reply = understand(sheet(network, "RequestItem"), answer)
    assert reply.event is not None
    assert reply.event.event is Event.CONDITIONS
    assert terms_of(reply.event.terms) == Terms(250, "EUR", ("No Reproduction",))


def test_a_partner_that_does_not_know_us_is_tried_again_until_someone_mends_it(network: Network) -> None:
    told = Problem(problem_type=SchemeValue("Unknown partner"))
    reply = understand(sheet(network, "RequestItem"), PlainResponse(name="RequestItem", problem=(told,)))
    assert (reply.fate, reply.event, reply.trouble) == (Fate.FAILED, None, "Unknown partner")
