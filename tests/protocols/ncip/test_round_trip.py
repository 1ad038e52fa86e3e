"""What the writer writes, the reader reads: for every message and element of the table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.ncip import Envelope, Fault, Form, LocalProtocolError, Received, read, write
from protocols.ncip.messages import (
    MESSAGES,
    CheckOutItemResponse,
    Initiation,
    LookupUser,
    LookupUserResponse,
    LookupVersion,
    LookupVersionResponse,
    Message,
    OtherInitiation,
    OtherResponse,
)
from protocols.ncip.reference import models
from tests.protocols.ncip.strategies import elements, ncip_messages

ENVELOPES = st.builds(
    Envelope,
    version=st.sampled_from(["http://www.niso.org/schemas/ncip/v2_0/imp1/xsd/ncip_v2_0.xsd", "5.6", 'a&b"<']),
    prefix=st.sampled_from(["ns1", "", "ncip", "é"]),
)
FAST = settings(derandomize=True, deadline=None, max_examples=60)


def back(message: Message, envelope: Envelope) -> Message:
    received = read(write(message, envelope))
    assert isinstance(received, Received)
    assert received.defects == ()
    return received.message


def covered(cls: type[Any], found: set[type[Any]]) -> set[type[Any]]:
    found.add(cls)
    for child in cls.TABLE:
        if child.model and child.model not in found:
            covered(child.model, found)
    return found


@settings(parent=FAST, max_examples=300)
@given(ncip_messages(), ENVELOPES)
def test_a_message_written_is_the_message_read_in_its_own_envelope(message: Message, envelope: Envelope) -> None:
    received = read(write(message, envelope))
    assert isinstance(received, Received)
    assert received.message == message
    assert received.defects == ()
    assert received.envelope.form is Form.NCIP
    assert received.envelope.version == envelope.version
    assert received.envelope.prefix == (envelope.prefix if envelope.prefix.isascii() else "ns1")


@pytest.mark.parametrize("cls", [LookupVersion, LookupVersionResponse])
@pytest.mark.parametrize("form", list(Form))
def test_lookup_version_round_trips_in_both_forms(cls: type[Any], form: Form) -> None:
    @FAST
    @given(elements(cls))
    def check(message: Any) -> None:
        header = "initiation_header" if isinstance(message, Initiation) else "response_header"
        received = read(write(replace(message, **{header: None}), Envelope(form=form)))
        assert isinstance(received, Received)
        assert received.message == replace(message, **{header: None})
        assert received.envelope.form is form

    check()


def test_the_strategies_reach_every_element_of_the_table() -> None:
    reached: set[type[Any]] = set()
    for cls in MESSAGES.values():
        covered(cls, reached)
    assert {cls.__name__ for cls in reached} <= set(models())
    assert len(models()) > len(MESSAGES) + 50


def test_a_notification_without_a_model_can_be_acknowledged() -> None:
    told = read(write(OtherResponse(name="ItemShipped")))
    assert isinstance(told, Received)
    assert told.message == OtherResponse(name="ItemShipped")


@pytest.mark.parametrize(
    "message",
    [
        LookupUser(),
        LookupUserResponse(),
        CheckOutItemResponse(indeterminate_loan_period_flag=True),
        LookupVersionResponse(),
        OtherInitiation(name="RequestItem"),
        OtherResponse(name="RequestItem"),
    ],
)
def test_what_the_schema_forbids_is_not_written(message: Message) -> None:
    with pytest.raises(LocalProtocolError):
        write(message)


@settings(parent=FAST, max_examples=200)
@given(ncip_messages(), st.data())
def test_a_truncated_message_is_a_fault(message: Message, data: st.DataObject) -> None:
    document = write(message)
    end = data.draw(st.integers(0, len(document) - 1))
    assert isinstance(read(document[:end]), Fault)
