from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given, settings

from protocols.sip2 import messages
from protocols.sip2.codes import Language, SupportedMessage
from protocols.sip2.fields import Kind
from protocols.sip2.tables import Message

from .strategies import messages as any_message

# Where the variable part begins, message by message, as the definition's tables give it.
VARIABLE_PART = {
    "23": 23, "24": 37, "11": 40, "12": 24, "09": 39, "10": 24, "01": 21, "99": 10, "98": 36, "97": 2, "96": 2,
    "93": 4, "94": 3, "63": 33, "64": 61, "35": 20, "36": 21, "37": 27, "38": 21, "17": 20, "18": 26, "19": 20,
    "20": 21, "25": 20, "26": 37, "15": 21, "16": 22, "29": 40, "30": 24, "65": 20, "66": 29,
}  # fmt: skip
REPLIES = {
    "23": "24", "11": "12", "09": "10", "01": "24", "99": "98", "97": "96", "93": "94", "63": "64", "35": "36",
    "37": "38", "17": "18", "19": "20", "25": "26", "15": "16", "29": "30", "65": "66",
}  # fmt: skip
# Required and optional variable fields in the documented order, for the messages that kiosks live on.
FIELDS = {
    "11": "AO AA AB AC [CH AD BO BI]",
    "12": "AO AA AB AJ AH [BT CI BH BV CK CH BK AF AG]",
    "09": "AP AO AB AC [CH BI]",
    "63": "AO AA [AC AD BP BQ]",
    "64": "AO AA AE [BZ CA CB BL CQ BH BV CC AS AT AU AV BU CD BD BE BF AF AG]",
    "98": "AO BX [AM AN AF AG]",
    "18": "AB AJ [CF AH CJ CM BG BH BV CK AQ AP CH CR CS CT CV CY DA AF AG]",
    "29": "AO AA [AD AB AJ AC CH BO]",
    "93": "CN CO [CP]",
}


def test_every_message_of_the_definition_is_declared_with_its_fixed_part() -> None:
    assert {
        code: 2 + sum(row.column.width for row in message.TABLE if not row.column.code)
        for code, message in Message.BY_CODE.items()
    } == VARIABLE_PART


def test_every_request_names_its_response() -> None:
    assert {code: message.REPLY for code, message in Message.BY_CODE.items() if message.REPLY} == REPLIES


@pytest.mark.parametrize("code", FIELDS)
def test_variable_fields_stand_as_documented(code: str) -> None:
    rows = [row for row in Message.BY_CODE[code].TABLE if row.column.code]
    required = " ".join(row.column.code for row in rows if row.required)
    optional = " ".join(row.column.code for row in rows if not row.required)
    assert f"{required} [{optional}]" == FIELDS[code]


def test_columns_are_named_by_the_terms_of_the_definition() -> None:
    for message in Message.BY_CODE.values():
        for row in message.TABLE:
            if row.column.code:
                assert row.name == re.sub(r"\W", "_", row.column.doc), message


def test_bx_has_a_position_for_every_request() -> None:
    assert set(SupportedMessage) == set(REPLIES)
    assert len(SupportedMessage) == 16


def test_fields_new_in_2_00_are_known() -> None:
    since = {row.column.code for row in messages.Checkout.TABLE if row.since == "2.00"}
    assert since == {"CH", "AD", "BO", "BI"}
    assert {row.since for row in messages.PatronInformation.TABLE} == {"2.00"}


def test_what_changes_something_is_marked() -> None:
    changing = {code for code, message in Message.BY_CODE.items() if message.CHANGES}
    assert changing == {"01", "09", "11", "15", "19", "25", "29", "35", "37", "65"}


def test_a_message_is_frozen_complete_and_comparable() -> None:
    login = messages.Login(uid_algorithm="0", pwd_algorithm="0", login_user_id="kiosk", login_password="demo")
    same = messages.Login(uid_algorithm="0", pwd_algorithm="0", login_user_id="kiosk", login_password="demo")
    assert login == same
    assert hash(login) == hash(same)
    assert login.location_code is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        login.login_user_id = "other"  # type: ignore[misc]  # what is tried here
    with pytest.raises(TypeError, match="pwd_algorithm"):
        messages.Login(uid_algorithm="0", login_user_id="kiosk", login_password="demo")  # type: ignore[call-arg]  # likewise
    with pytest.raises(TypeError, match="colour"):
        messages.LoginResponse(ok=True, colour="red")  # type: ignore[call-arg]  # likewise


def test_a_code_is_declared_once() -> None:
    with pytest.raises(TypeError, match="93 is already Login"):

        class Again(Message, code="93"):
            pass


def test_secrets_and_readers_data_are_masked_in_repr() -> None:
    shown = repr(
        messages.PatronInformationResponse(
            patron_status=frozenset(),
            language=Language.FRENCH,
            transaction_date=None,
            hold_items_count=0,
            overdue_items_count=0,
            charged_items_count=1,
            fine_items_count=0,
            recall_items_count=0,
            unavailable_holds_count=0,
            institution_id="LENS",
            patron_identifier="R000001",
            personal_name="Marie Curie",
            charged_items=("Le Horla",),
            e_mail_address="marie@example.org",
            extensions=(("PB", "19671107"),),
        )
    )
    for private in ("R000001", "Curie", "Horla", "example.org", "1967"):
        assert private not in shown
    assert "institution_id='LENS'" in shown
    assert "extensions='PB'" in shown


@settings(derandomize=True, max_examples=100)
@given(any_message())
def test_no_masked_value_is_ever_shown(message: Message) -> None:
    shown = repr(message)
    for row in message.TABLE:
        if row.column.kind is Kind.TEXT and (row.column.secret or row.column.personal):
            assert f"{row.name}='" not in shown
            assert f"{row.name}=(" not in shown
