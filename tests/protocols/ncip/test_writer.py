"""What is written, octet by octet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.ncip import Envelope, Form, LocalProtocolError, Received, SchemeValue, problem, read, write
from protocols.ncip.base import PlainResponse, ProblemMessage, response_header
from protocols.ncip.circulation import CheckInItem, CheckOutItem, CheckOutItemResponse
from protocols.ncip.elements import Agency, Amount, InitiationHeader, ItemId, UserId
from protocols.ncip.lookups import LookupItem
from protocols.ncip.messages import LookupVersionResponse, UniqueAgencyId, VersionAgency
from protocols.ncip.problems import ProblemType
from protocols.ncip.schemes import ItemIdentifierType
from protocols.ncip.users import RequestedItem, UserFiscalAccount

HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'
ITEM = ItemId(item_identifier_type=ItemIdentifierType.BARCODE.pair, item_identifier_value="I1")
NS = b'"http://www.niso.org/2008/ncip"'
XSD = b'"http://www.niso.org/schemas/ncip/v2_02/imp1/xsd/ncip_v2_02.xsd"'
BARCODE = b'Scheme="http://www.niso.org/ncip/v1_0/imp1/schemes/visibleitemidentifiertype/visibleitemidentifiertype.scm">Barcode</'


def test_a_message_is_written_with_prefix_qualified_attributes_and_schemes() -> None:
    assert write(CheckInItem(item_id=ITEM)) == (
        HEAD + b"<ns1:NCIPMessage xmlns:ns1=" + NS + b" ns1:version=" + XSD + b"><ns1:CheckInItem><ns1:ItemId>"
        b"<ns1:ItemIdentifierType ns1:" + BARCODE + b"ns1:ItemIdentifierType>"
        b"<ns1:ItemIdentifierValue>I1</ns1:ItemIdentifierValue></ns1:ItemId></ns1:CheckInItem></ns1:NCIPMessage>"
    )


def test_without_a_prefix_attributes_are_qualified_all_the_same() -> None:
    assert write(CheckInItem(item_id=ITEM), Envelope(prefix="", version="5.6")) == (
        HEAD + b"<NCIPMessage xmlns=" + NS + b" xmlns:ns1=" + NS + b' ns1:version="5.6"><CheckInItem><ItemId>'
        b"<ItemIdentifierType ns1:" + BARCODE + b"ItemIdentifierType>"
        b"<ItemIdentifierValue>I1</ItemIdentifierValue></ItemId></CheckInItem></NCIPMessage>"
    )


def test_the_version_document_has_no_namespace() -> None:
    agency = VersionAgency(unique_agency_id=UniqueAgencyId(scheme="s", value="a"))
    answer = LookupVersionResponse(from_agency_id=agency, to_agency_id=agency, version_supported=("v",))
    told = b"<UniqueAgencyId><Scheme>s</Scheme><Value>a</Value></UniqueAgencyId>"
    assert write(answer, Envelope(form=Form.VERSION)) == (
        HEAD
        + b'<NCIPVersionMessage version="http://www.niso.org/ncip/v1_0/imp1/xsd/ncip_version.xsd"><LookupVersionResponse>'
        b"<FromAgencyId>"
        + told
        + b"</FromAgencyId><ToAgencyId>"
        + told
        + b"</ToAgencyId><VersionSupported>v</VersionSupported>"
        b"</LookupVersionResponse></NCIPVersionMessage>"
    )


def test_problems_are_written_in_a_response_and_alone() -> None:
    trouble = problem("RequestItem", ProblemType.UNSUPPORTED_SERVICE, "no", "RequestItem")
    answer = write(PlainResponse(name="RequestItem", problem=(trouble,)))
    assert b"<ns1:RequestItemResponse><ns1:Problem><ns1:ProblemType ns1:Scheme=" in answer
    assert b'generalprocessingerror.scm">Unsupported Service</ns1:ProblemType>' in answer
    assert b'ncip_v2_02.xsd"><ns1:Problem>' in write(ProblemMessage(problem=(trouble,)))


def test_dates_are_sent_in_utc_to_the_second() -> None:
    asked = CheckOutItem(
        user_id=UserId(user_identifier_value="R1"),
        item_id=ITEM,
        desired_date_due=datetime(2026, 11, 22, 1, 0, 0, 5, tzinfo=timezone(timedelta(hours=1))),
    )
    assert b"<ns1:DesiredDateDue>2026-11-22T00:00:00Z</ns1:DesiredDateDue>" in write(asked)


def test_texts_lose_what_xml_cannot_carry_and_escape_the_rest() -> None:
    received = read(write(CheckInItem(item_id=ItemId(item_identifier_value='a\x00\x1b<&>"\r\ufffe\ud800é'))))
    assert isinstance(received, Received)
    assert isinstance(received.message, CheckInItem)
    assert received.message.item_id
    assert received.message.item_id.item_identifier_value == 'a<&>"\ré'


@pytest.mark.parametrize("scheme", ["", "a b", "http://[", "%", "x\ny", ":::", "é:é", "http://a#b#c", '"'])
def test_a_scheme_that_is_no_uri_is_left_out(scheme: str) -> None:
    assert b"Scheme" not in write(
        CheckInItem(item_id=ItemId(agency_id=SchemeValue("a", scheme), item_identifier_value="I1"))
    )


ZONELESS = datetime(2026, 1, 1)  # noqa: DTZ001 - that it is refused is the point


@pytest.mark.parametrize(
    "message",
    [
        CheckInItem(),
        CheckInItem(item_id=ItemId()),
        LookupItem(),
        CheckOutItemResponse(item_id=ITEM, user_id=UserId(user_identifier_value="R1")),
        CheckOutItemResponse(
            item_id=ITEM,
            user_id=UserId(user_identifier_value="R1"),
            date_due=datetime(2026, 1, 1, tzinfo=UTC),
            non_returnable_flag=True,
        ),
        CheckOutItemResponse(
            problem=(problem("CheckOutItem", ProblemType.USER_BLOCKED, "no"),),
            date_due=datetime(2026, 1, 1, tzinfo=UTC),
        ),
        CheckOutItem(user_id=UserId(user_identifier_value="R1"), item_id=ITEM, desired_date_due=ZONELESS),
        CheckOutItemResponse(
            item_id=ITEM,
            user_id=UserId(user_identifier_value="R1"),
            indeterminate_loan_period_flag=True,
            renewal_count=-1,
        ),
    ],
)
def test_what_the_schema_forbids_is_refused(message: CheckInItem) -> None:
    with pytest.raises(LocalProtocolError):
        write(message)


def test_zero_is_a_value() -> None:
    account = UserFiscalAccount(account_balance=Amount(currency_code=SchemeValue("EUR"), monetary_value=0))
    assert [child.tag for child, _ in account.valid_children()] == ["AccountBalance"]
    assert [value for _, value in Amount(monetary_value=0).children()] == [0]
    with pytest.raises(LocalProtocolError, match="RequestedItem"):
        RequestedItem(request_type=SchemeValue("Hold")).valid_children()


def test_the_answers_header_swaps_agencies_and_systems_and_keeps_schemes() -> None:
    ours, theirs = Agency(agency_id=SchemeValue("FR-A", "urn:isil")), Agency(agency_id=SchemeValue("FR-B"))
    answer = response_header(
        InitiationHeader(
            from_system_id=SchemeValue("x"),
            from_system_authentication="secret",
            from_agency_id=theirs,
            from_agency_authentication="secret",
            to_agency_id=ours,
        )
    )
    assert answer
    assert (answer.from_agency_id, answer.to_agency_id) == (ours, theirs)
    assert (answer.from_system_id, answer.to_system_id) == (None, SchemeValue("x"))
    assert answer.from_agency_authentication is answer.from_system_authentication is None
    assert response_header(None) is None
    assert response_header(InitiationHeader(from_agency_id=theirs)) is None
    assert response_header(InitiationHeader(from_agency_id=theirs, to_agency_id=Agency())) is None


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_whatever_a_partner_calls_itself_the_answer_is_well_formed(text: str, scheme: str, version: str) -> None:
    asked = CheckInItem(item_id=ItemId(agency_id=SchemeValue(text, scheme), item_identifier_value="I1"))
    assert isinstance(read(write(asked, Envelope.like(Form.NCIP, version, scheme))), Received)
