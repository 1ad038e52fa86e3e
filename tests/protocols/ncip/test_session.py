"""Documents on a line without lengths: told apart wherever the octets are cut, and hostile ones refused in time."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.ncip import Envelope, Received, Release, read, write
from protocols.ncip.base import ProblemMessage
from protocols.ncip.envelope import DEFAULTS
from protocols.ncip.session import BrokenLineError, Session
from tests.protocols.ncip.strategies import ncip_messages


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(ncip_messages(), min_size=1, max_size=3), st.sampled_from(list(Release)), st.data())
def test_documents_are_told_apart_wherever_they_are_cut(messages: list[Any], release: Release, data: Any) -> None:
    envelope = Envelope(version=DEFAULTS[release], release=release)
    sent = [write(message, envelope) for message in messages]
    octets = b"\r\n".join(sent) + b"\x04\n"
    session, found, at = Session(), [], 0
    while at < len(octets):
        cut = data.draw(st.integers(1, 400))
        found += session.receive(octets[at : at + cut])
        at += cut
    assert found == sent
    assert not session.unfinished
    for document, message in zip(found, messages, strict=True):
        received = read(document)
        assert isinstance(received, Received)
        assert isinstance(received.message, ProblemMessage) == isinstance(message, ProblemMessage)


@pytest.mark.parametrize(
    ("octets", "documents"),
    [
        (b"<a/>", [b"<a/>"]),
        (b"<?xml version='1.0'?><!-- </a> --><a><![CDATA[</a>]]><b c='>'/></a>\n<a></a>", 2),
        ("<?xml version='1.0' encoding='iso-8859-1'?><a>é</a>".encode("latin-1"), 1),
        ("<?xml version='1.0' encoding='utf-16'?><a>é</a>".encode("utf-16"), 1),
        (b"<!DOCTYPE a PUBLIC 'x' 'http://x/x.dtd'><a>x</a>", 1),
        (b"\x04 \r\n", []),
    ],
)
def test_what_ends_a_document_is_its_root_and_nothing_else(octets: bytes, documents: Any) -> None:
    for size in (1, 3, len(octets)):
        session = Session()
        found = [each for at in range(0, len(octets), size) for each in session.receive(octets[at : at + size])]
        if isinstance(documents, int):
            assert len(found) == documents
        else:
            assert found == documents


@pytest.mark.parametrize(
    "octets",
    [
        b"hello",
        b"<a></b>",
        b"GET / HTTP/1.1\r\n\r\n",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<a>&b;</a>",
        b"<a>" * 400_000,
        b"<a>" * 65,
        b"<a " + b"b" * 1_100_000,
    ],
)
def test_what_is_no_document_breaks_the_line(octets: bytes) -> None:
    with pytest.raises(BrokenLineError):
        Session().receive(octets)


def test_a_tag_that_never_ends_is_not_read_again_for_ever() -> None:
    session = Session()
    session.receive(b"<a><!-- ")

    def go_on() -> None:
        for _ in range(2000):
            session.receive(b">" * 500)

    with pytest.raises(BrokenLineError, match="pieces"):
        go_on()


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=200))
def test_no_octets_do_more_than_break_the_line(octets: bytes) -> None:
    with suppress(BrokenLineError):
        Session(100).receive(octets)
