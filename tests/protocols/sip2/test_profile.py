"""How a session speaks as its profile says: other delimiters, fields left out, 1.00, error detection wanted or not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from protocols.sip2 import codec, messages
from protocols.sip2.session import Fault, FaultKind, Profile, Request, Session, State
from protocols.sip2.tables import Message
from tests.protocols.sip2 import strategies

NOTHING: frozenset[bytes] = frozenset()
ITEM = b"17" + b" " * 18 + b"AOx|ABI1|"


@settings(derandomize=True, max_examples=200)
@given(strategies.messages())
def test_without_anything_to_leave_out_a_message_is_whole(message: Message) -> None:
    body = codec.encode(message)
    assert codec.trimmed(body, NOTHING, NOTHING, legacy=False) == body


@settings(derandomize=True, max_examples=200)
@given(strategies.messages())
def test_a_legacy_message_has_what_1_00_knows_and_no_more(message: Message) -> None:
    trimmed = codec.trimmed(codec.encode(message), NOTHING, NOTHING, legacy=True)
    later = [row.column.code for row in message.TABLE if row.column.code and row.since == "2.00"]
    back = codec.decode(trimmed)
    assert not back.extensions
    for piece in trimmed[sum(row.column.width for row in message.TABLE if not row.column.code) + 2 :].split(b"|"):
        assert piece[:2].decode() not in later


def test_hidden_fields_are_left_out_and_shown_ones_are_all_there_is() -> None:
    body = b"200" + b" " * 18 + b"ABI1|AJTitre|CHx|"
    assert codec.trimmed(body, frozenset({b"AJ"}), NOTHING, legacy=False) == b"200" + b" " * 18 + b"ABI1|CHx|"
    shown = frozenset({b"AJ", b"AB"})
    assert codec.trimmed(body, frozenset({b"AB"}), shown, legacy=False) == b"200" + b" " * 18 + b"AJTitre|"


def answered(session: Session, frame: bytes) -> bytes:
    (event,) = session.receive(frame + b"\r", 0.0)
    assert isinstance(event, Request)
    message = event.message
    assert isinstance(message, messages.ItemInformation)
    assert message.item_identifier == "I1"
    reply = messages.ItemStatusUpdateResponse(
        item_properties_ok=True, transaction_date=None, item_identifier="I1", title_identifier="a^b"
    )
    return session.send(reply, event)


def test_another_delimiter_holds_both_ways_and_in_no_value() -> None:
    session = Session(Profile(delimiter=b"^"))
    assert answered(session, ITEM.replace(b"|", b"^")) == b"201" + b" " * 18 + b"ABI1^AJa b^\r"


@pytest.mark.parametrize("detection", ["mirror", "off"])
def test_error_detection_is_mirrored_or_off(detection: str) -> None:
    session = Session(Profile(error_detection=detection))
    reply = answered(session, codec.seal(ITEM, b"3", checked=True))
    assert (b"AY3AZ" in reply) is (detection == "mirror")


def test_error_detection_may_be_wanted() -> None:
    session = Session(Profile(error_detection="required"))
    (event,) = session.receive(ITEM + b"\r", 0.0)
    assert isinstance(event, Fault)
    assert event.kind is FaultKind.UNCHECKED
    assert session.refuse(event) == b"96AZFEF6\r"
    assert b"AY3AZ" in answered(session, codec.seal(ITEM, b"3", checked=True))


def test_a_trusted_peer_needs_no_login() -> None:
    session = Session()
    session.trust()
    assert session.state is State.READY
