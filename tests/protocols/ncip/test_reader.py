"""The reader understands what partners really send, and answers the rest with the right problem."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.ncip import Defect, Envelope, Fault, Form, Received, Release, SchemeValue, read, write
from protocols.ncip.base import PlainResponse, ProblemMessage
from protocols.ncip.circulation import CheckOutItem
from protocols.ncip.elements import Agency, InitiationHeader, ItemId, Problem, UserId
from protocols.ncip.envelope import V1_0, V2_02
from protocols.ncip.lookups import LookupItem, LookupItemSet, LookupUser, LookupUserResponse
from protocols.ncip.messages import LookupVersion
from protocols.ncip.problems import ProblemType, problem_type_of
from protocols.ncip.releases import EXTENSION
from protocols.ncip.users import LoanedItem
from protocols.xmlsafe import Limits
from tests.protocols.ncip.strategies import ncip_messages

NS = 'xmlns="http://www.niso.org/2008/ncip"'
V2 = "http://www.niso.org/schemas/ncip/v2_0/imp1/xsd/ncip_v2_0.xsd"


def understood(document: str | bytes, **options: Any) -> Received:
    received = read(document.encode() if isinstance(document, str) else document, **options)
    assert isinstance(received, Received), received
    return received


def message(document: str, **options: Any) -> Any:
    return understood(document, **options).message


def refused(document: str | bytes) -> tuple[ProblemType | None, str | None, str | None]:
    fault = read(document.encode() if isinstance(document, str) else document)
    assert isinstance(fault, Fault)
    assert isinstance(read(write(fault.answer, fault.envelope)), Received)
    return problem_type_of(fault.problem.problem_type), fault.problem.problem_element, fault.problem.problem_value


LOOK = "<LookupUser><UserId><UserIdentifierValue> R1\n</UserIdentifierValue></UserId></LookupUser>"


@pytest.mark.parametrize(
    ("document", "envelope"),
    [
        (
            f"<NCIPMessage {NS} version='{V2}'>{LOOK}</NCIPMessage>",
            Envelope(version=V2, release=Release.V2_0, prefix=""),
        ),
        (f"<NCIPMessage {NS}>{LOOK}</NCIPMessage>", Envelope(prefix="")),
        (f"<NCIPMessage {NS} version='5.6'>{LOOK}</NCIPMessage>", Envelope(version="5.6", prefix="")),
        (f"<NCIPMessage {NS} version='{'x' * 500}'>{LOOK}</NCIPMessage>", Envelope(prefix="")),
        (f"<NCIPMessage version='{V2}'>{LOOK}</NCIPMessage>", Envelope(version=V2, release=Release.V2_0, prefix="")),
        (
            (
                f"<q:NCIPMessage xmlns:q='http://www.niso.org/2008/ncip' q:version='{V2}'>{LOOK.replace('<', '<q:').replace('<q:/', '</q:')}"
                "</q:NCIPMessage>"
            ),
            Envelope(version=V2, release=Release.V2_0, prefix="q"),
        ),
        (
            (
                f"<{'p' * 40}:NCIPMessage xmlns:{'p' * 40}='http://www.niso.org/2008/ncip'>"
                f"{LOOK.replace('<LookupUser', '<LookupUser ' + NS)}</{'p' * 40}:NCIPMessage>"
            ),
            Envelope(prefix="ns1"),
        ),
        (f"\x04<!DOCTYPE NCIPMessage SYSTEM 'x'><NCIPMessage {NS}>{LOOK}</NCIPMessage>\x04", Envelope(prefix="")),
    ],
)
def test_any_prefix_and_version_is_understood_and_kept_for_the_answer(document: str, envelope: Envelope) -> None:
    received = understood(document)
    assert isinstance(received.message, LookupUser)
    assert received.message.user_id
    assert received.message.user_id.user_identifier_value == "R1"
    assert received.envelope == envelope


def test_order_strange_children_and_foreign_namespaces_do_not_matter() -> None:
    received = understood(
        f"""<NCIPMessage {NS} xmlns:f="urn:f"><CheckOutItem>
        <UserElementType>User Id</UserElementType><f:ItemId><ItemIdentifierValue>other</ItemIdentifierValue></f:ItemId>
        <ItemId><ItemIdentifierValue>I1</ItemIdentifierValue><ItemIdentifierType Scheme="x">Barcode</ItemIdentifierType></ItemId>
        <ItemId><ItemIdentifierValue>I2</ItemIdentifierValue></ItemId>
        <Frob/><Ext><f:Any/></Ext><UserId><UserIdentifierValue>R1</UserIdentifierValue></UserId><InitiationHeader/>
        </CheckOutItem></NCIPMessage>"""
    )
    asked = received.message
    assert isinstance(asked, CheckOutItem)
    assert asked.item_id
    assert asked.item_id.item_identifier_value == "I1"
    assert asked.item_id.item_identifier_type == SchemeValue("Barcode", "x")
    assert asked.user_id
    assert asked.user_element_type == (SchemeValue("User Id"),)
    assert received.defects == (
        (Defect.UNKNOWN_ELEMENT, "ItemId"),
        (Defect.REPEATED_ELEMENT, "ItemId"),
        (Defect.UNKNOWN_ELEMENT, "Frob"),
    )


PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T10:00:00Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T10:00:00.999Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T10:00:00.1234567+01:00", datetime(2026, 11, 22, 9, tzinfo=UTC)),
        ("2026-11-22T10:00:00", datetime(2026, 11, 22, 9, tzinfo=UTC)),
        ("2026-07-14T23:59:00", datetime(2026, 7, 14, 21, 59, tzinfo=UTC)),
        ("2026-11-22", datetime(2026, 11, 22, 22, 59, 59, tzinfo=UTC)),
    ],
)
def test_dates_of_every_style_become_utc(text: str, moment: datetime) -> None:
    asked = message(
        f"<NCIPMessage {NS}><CheckOutItem><DesiredDateDue>{text}</DesiredDateDue></CheckOutItem></NCIPMessage>",
        zone=PARIS,
    )
    assert asked.desired_date_due == moment


@pytest.mark.parametrize(
    "text", ["tomorrow", "2026-31-12", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9" * 400]
)
def test_an_unreadable_date_is_absent_and_told(text: str) -> None:
    received = understood(
        f"<NCIPMessage {NS}><CheckOutItem><DesiredDateDue>{text}</DesiredDateDue></CheckOutItem></NCIPMessage>"
    )
    assert isinstance(received.message, CheckOutItem)
    assert received.message.desired_date_due is None
    assert received.defects == ((Defect.INVALID_DATE, "DesiredDateDue"),)


@pytest.mark.parametrize(
    ("text", "number"), [("150", 150), (" -3 ", -3), ("1.50", None), ("", None), ("9" * 30, None), ("१२", None)]
)
def test_amounts_are_integers_or_absent(text: str, number: int | None) -> None:
    received = understood(
        f"<NCIPMessage {NS}><CheckOutItem><PaidFeeAmount><MonetaryValue>{text}</MonetaryValue></PaidFeeAmount></CheckOutItem></NCIPMessage>"
    )
    assert isinstance(received.message, CheckOutItem)
    assert received.message.paid_fee_amount
    assert received.message.paid_fee_amount.monetary_value == number
    assert bool(received.defects) is (number is None and bool(text))


def test_a_flag_is_its_presence_and_an_empty_element_is_absent() -> None:
    asked = message(
        f"<NCIPMessage {NS}><LookupUser><LoanedItemsDesired/><UserId><AgencyId/><UserIdentifierValue> </UserIdentifierValue>"
        "</UserId></LookupUser></NCIPMessage>"
    )
    assert asked.loaned_items_desired
    assert not asked.requested_items_desired
    assert asked.user_id.agency_id is None
    assert asked.user_id.user_identifier_value is None


def test_the_answer_to_a_notification_holds_problems_or_nothing() -> None:
    assert message(f"<NCIPMessage {NS}><ItemShippedResponse/></NCIPMessage>") == PlainResponse(name="ItemShipped")
    told = message(f"<NCIPMessage {NS}><ItemShippedResponse><Problem/></ItemShippedResponse></NCIPMessage>")
    assert told == PlainResponse(name="ItemShipped", problem=(Problem(),))


FIRST = """<?xml version="1.0"?>
<!DOCTYPE NCIPMessage PUBLIC "-//NISO//NCIP DTD Version 1.0//EN" "http://www.niso.org/ncip/v1_0/imp1/dtd/ncip_v1_0.dtd">
<NCIPMessage version="http://www.niso.org/ncip/v1_0/imp1/dtd/ncip_v1_0.dtd">{0}</NCIPMessage>"""
HEADER = """<InitiationHeader><FromAgencyId><UniqueAgencyId datatype="string"><Scheme>s</Scheme><Value>FR-1</Value></UniqueAgencyId>
</FromAgencyId><ToAgencyId><UniqueAgencyId><Scheme/><Value>FR-2</Value></UniqueAgencyId></ToAgencyId></InitiationHeader>"""


def test_a_message_of_1_0_is_read_in_the_models_of_2() -> None:
    received = understood(
        FIRST.format(
            f"<LookupUser>{HEADER}<VisibleUserId><VisibleUserIdentifierType><Scheme>s</Scheme><Value>Barcode</Value>"
            "</VisibleUserIdentifierType><VisibleUserIdentifier>R1</VisibleUserIdentifier></VisibleUserId>"
            "<UserElementType><Scheme>s</Scheme><Value>Name Information</Value></UserElementType></LookupUser>"
        )
    )
    assert received.envelope == Envelope(version=V1_0, prefix="", release=Release.V1_0)
    assert received.defects == ()
    asked = received.message
    assert isinstance(asked, LookupUser)
    assert asked.initiation_header == InitiationHeader(
        from_agency_id=Agency(agency_id=SchemeValue("FR-1", "s")), to_agency_id=Agency(agency_id=SchemeValue("FR-2"))
    )
    assert asked.user_id == UserId(user_identifier_type=SchemeValue("Barcode", "s"), user_identifier_value="R1")
    assert asked.user_element_type == (SchemeValue("Name Information", "s"),)


def test_the_errors_and_the_transactions_of_1_0_are_problems_and_items() -> None:
    told = message(
        FIRST.format(
            "<LookupUserResponse><Problem><ProcessingError><ProcessingErrorType><Scheme>s</Scheme><Value>Unknown User</Value>"
            "</ProcessingErrorType><ProcessingErrorElement><ElementName>LookupUser</ElementName><ProcessingErrorElement>"
            "<ElementName>UniqueUserId</ElementName><ProcessingErrorValue>R1</ProcessingErrorValue></ProcessingErrorElement>"
            "</ProcessingErrorElement></ProcessingError></Problem></LookupUserResponse>"
        )
    )
    assert isinstance(told, LookupUserResponse)
    assert told.problem == (
        Problem(problem_type=SchemeValue("Unknown User", "s"), problem_element="UniqueUserId", problem_value="R1"),
    )
    held = message(
        FIRST.format(
            "<LookupUserResponse><UserTransaction><LoanedItem><UniqueItemId><ItemIdentifierValue>I1</ItemIdentifierValue>"
            "</UniqueItemId></LoanedItem></UserTransaction></LookupUserResponse>"
        )
    )
    assert isinstance(held, LookupUserResponse)
    assert held.loaned_item == (LoanedItem(item_id=ItemId(item_identifier_value="I1")),)
    error = "<MessagingError><MessagingErrorType><Value>Protocol Error</Value></MessagingErrorType></MessagingError>"
    noted = message(FIRST.format(f"<ItemShippedResponse>{error}</ItemShippedResponse>"))
    assert noted == PlainResponse(name="ItemShipped", problem=(Problem(problem_type=SchemeValue("Protocol Error")),))


def test_what_travels_under_ext_is_read_as_the_service_it_became() -> None:
    ids = "<n:ItemId><n:ItemIdentifierValue>I1</n:ItemIdentifierValue></n:ItemId>"
    for space, foreign in (("http://www.niso.org/2008/ncip", False), (EXTENSION, True)):
        received = understood(
            f"<n:NCIPMessage xmlns:n='http://www.niso.org/2008/ncip' n:version='{V2}' xmlns:x='{space}'><n:Ext><x:LookupItemSet>{ids}"
            "<x:MaximumItemsCount>5</x:MaximumItemsCount></x:LookupItemSet></n:Ext></n:NCIPMessage>"
        )
        assert received.message == LookupItemSet(item_id=(ItemId(item_identifier_value="I1"),), maximum_items_count=5)
        assert received.defects == ()
        assert (received.envelope.form, received.envelope.foreign) == (Form.EXTENSION, foreign)


VERSION = "<LookupVersion><FromAgencyId><UniqueAgencyId><Scheme>s</Scheme><Value>a</Value></UniqueAgencyId></FromAgencyId></LookupVersion>"


@pytest.mark.parametrize(
    ("document", "form"),
    [
        (f"<NCIPVersionMessage version='x'>{VERSION}</NCIPVersionMessage>", Form.VERSION),
        (f"<NCIPMessage {NS}>{VERSION}</NCIPMessage>", Form.NCIP),
    ],
)
def test_lookup_version_is_read_in_both_forms(document: str, form: Form) -> None:
    received = understood(document)
    assert isinstance(received.message, LookupVersion)
    assert received.message.from_agency_id
    assert received.message.from_agency_id.unique_agency_id
    assert received.message.from_agency_id.unique_agency_id.value == "a"
    assert received.envelope.form is form


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b"", (ProblemType.INVALID_MESSAGE_SYNTAX_ERROR, "NCIPMessage", None)),
        (b"<NCIPMessage", (ProblemType.INVALID_MESSAGE_SYNTAX_ERROR, "NCIPMessage", None)),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", (ProblemType.INVALID_MESSAGE_SYNTAX_ERROR, "NCIPMessage", None)),
        (b"<html><body/></html>", (ProblemType.UNKNOWN_ELEMENT, "html", None)),
        (b"<x:NCIPMessage xmlns:x='urn:other'/>", (ProblemType.UNKNOWN_ELEMENT, "NCIPMessage", None)),
        (f"<NCIPMessage {NS}/>", (ProblemType.NEEDED_DATA_MISSING, "NCIPMessage", None)),
        (
            f"<NCIPMessage {NS}><Frobnicate/></NCIPMessage>",
            (ProblemType.UNSUPPORTED_SERVICE, "NCIPMessage", "Frobnicate"),
        ),
        (
            f"<NCIPMessage {NS}><LookupUser xmlns='urn:o'/></NCIPMessage>",
            (ProblemType.UNSUPPORTED_SERVICE, "NCIPMessage", "LookupUser"),
        ),
        (FIRST.format("").encode(), (ProblemType.NEEDED_DATA_MISSING, "NCIPMessage", None)),
        (f"<{'n' * 5000}/>", (ProblemType.UNKNOWN_ELEMENT, "n" * 80, None)),
    ],
)
def test_what_cannot_be_understood_is_a_fault_with_its_problem(
    document: str | bytes, problem: tuple[ProblemType, str, str | None]
) -> None:
    assert refused(document) == problem


def test_a_fault_is_answered_in_the_senders_envelope() -> None:
    fault = read(
        f"<q:NCIPMessage xmlns:q='http://www.niso.org/2008/ncip' q:version='{V2}'><q:Frob/></q:NCIPMessage>".encode()
    )
    assert fault.envelope == Envelope(version=V2, release=Release.V2_0, prefix="q")
    assert read(b"<a").envelope == Envelope(version=V2_02)


def test_limits_are_the_callers() -> None:
    document = f"<NCIPMessage {NS}>{LOOK}</NCIPMessage>".encode()
    assert isinstance(read(document, limits=Limits(size=20)), Fault)


def test_problems_at_the_root_are_a_message() -> None:
    told = message(
        f"<NCIPMessage {NS}><Problem><ProblemType>unsupported  SERVICE</ProblemType></Problem><Problem/></NCIPMessage>"
    )
    assert isinstance(told, ProblemMessage)
    assert len(told.problem) == 2
    assert problem_type_of(told.problem[0].problem_type) is ProblemType.UNSUPPORTED_SERVICE


def test_defects_are_bounded() -> None:
    received = understood(f"<NCIPMessage {NS}><LookupItem>{'<Frob/>' * 1000}</LookupItem></NCIPMessage>")
    assert isinstance(received.message, LookupItem)
    assert 0 < len(received.defects) <= 20


MUTATIONS = st.lists(
    st.tuples(
        st.integers(0, 4000),
        st.integers(0, 3),
        st.binary(max_size=4) | st.sampled_from([b"<", b">", b"&", b"</", b"]]>"]),
    ),
    max_size=6,
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(ncip_messages(), MUTATIONS)
def test_a_damaged_message_is_understood_or_a_fault_and_never_an_exception(
    whole: Any, damage: list[tuple[int, int, bytes]]
) -> None:
    document = bytearray(write(whole))
    for at, cut, octets in damage:
        document[at % len(document) : at % len(document) + cut] = octets
    result = read(bytes(document))
    assert isinstance(result, Received | Fault)
    if isinstance(result, Fault):
        write(result.answer, result.envelope)


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=200))
def test_any_octets_are_a_fault(data: bytes) -> None:
    assert isinstance(read(data), Fault)


@pytest.mark.parametrize(
    ("field", "length", "kept"),
    [("ItemIdentifierValue", 250, True), ("ItemIdentifierValue", 251, False), ("UserIdentifierValue", 251, False)],
)
def test_numbers_are_bounded(field: str, length: int, kept: bool) -> None:
    kind = field.removesuffix("IdentifierValue")
    document = f'<NCIPMessage {NS} version="v2_02"><CheckOutItem><{kind}Id><{field}>{"x" * length}</{field}></{kind}Id></CheckOutItem></NCIPMessage>'
    received = read(document.encode())
    assert isinstance(received, Received)
    assert ((Defect.TOO_LONG, field) in received.defects) is not kept
