"""What the writer writes, the reader reads: for every message and element of the table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.ncip import Envelope, Fault, Form, LocalProtocolError, Received, Release, read, write
from protocols.ncip.base import Initiation, Message, PlainResponse, ProblemMessage
from protocols.ncip.circulation import CheckOutItemResponse
from protocols.ncip.envelope import DEFAULTS
from protocols.ncip.lookups import LookupItemSet, LookupItemSetResponse, LookupUser, LookupUserResponse
from protocols.ncip.messages import MESSAGES, LookupVersion, LookupVersionResponse
from protocols.ncip.reference import models
from tests.protocols.ncip.strategies import elements, ncip_messages

ENVELOPES = st.builds(
    Envelope,
    version=st.sampled_from(["http://www.niso.org/schemas/ncip/v2_02/ncip_v2_02.xsd", "5.6", 'a&b"<']),
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


@settings(parent=FAST, max_examples=150)
@given(ncip_messages(), st.sampled_from(list(Release)))
def test_a_message_in_any_release_is_read_as_its_own_service(message: Message, release: Release) -> None:
    envelope = Envelope(version=DEFAULTS[release], release=release)
    received = read(write(message, envelope))
    assert isinstance(received, Received)
    assert received.defects == ()
    assert received.message.__class__ is message.__class__
    if not isinstance(message, ProblemMessage):  # in 1.0 there is none: it is written in 2.02
        assert received.envelope.release is release


@settings(parent=FAST, max_examples=40)
@given(elements(LookupItemSet) | elements(LookupItemSetResponse), st.booleans())
def test_an_extension_round_trips_in_either_namespace(message: Message, foreign: bool) -> None:
    envelope = Envelope(form=Form.EXTENSION, foreign=foreign)
    received = read(write(message, envelope))
    assert isinstance(received, Received)
    assert received.message == message
    assert received.envelope == envelope
    assert received.defects == ()


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
    told = read(write(PlainResponse(name="ItemShipped")))
    assert isinstance(told, Received)
    assert told.message == PlainResponse(name="ItemShipped")


@pytest.mark.parametrize(
    "message",
    [
        LookupUser(),
        LookupUserResponse(),
        CheckOutItemResponse(indeterminate_loan_period_flag=True),
        LookupVersionResponse(),
        PlainResponse(name="RequestItem"),
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
