"""The parser refuses what is hostile, early, and reads what is merely odd."""

from __future__ import annotations

import contextlib
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.xmlsafe import Limits, TooLargeError, UnsafeXMLError, parse


def show(node: Any) -> Any:
    return (node.name, node.text, [show(child) for child in node.children])


@pytest.mark.parametrize(
    "hostile",
    [
        b'<!DOCTYPE a [<!ENTITY b "lol">]><a>&b;</a>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1/x">%p;]><a/>',
        b"<!DOCTYPE a []><a/>",
        b'<!DOCTYPE a SYSTEM "x" [<!ELEMENT a ANY>]><a/>',
        b"<?xml version='1.0'?><!-- <!DOCTYPE b> --><!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>",
        b"<!DOCTYPE a><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<!doctype a><a/>",
        b"<a>&b;</a>",
        b"<a>&#0;</a>",
        b"<a>\x01</a>",
        b"<a>\xff\xfe</a>",
        b"<a",
        b"<a/><b/>",
        b"<a></b>",
        b"<x:a/>",
        b"<a b='1' b='2'/>",
        b"",
        b" \x00\x04 ",
        b"text",
        b"{}",
        b"<?xml version='1.0' encoding='utf-7'?><a/>",
        b"<?xml version='1.0' encoding='EBCDIC-CP-US'?><a/>",
        b"<?xml version='1.0' encoding='us-ascii'?><a>\xc3\xa9</a>",
        b"<!-- <a/>",
        "<a/>".encode("utf-32"),
    ],
)
def test_hostile_and_broken_documents_are_refused(hostile: bytes) -> None:
    with pytest.raises(UnsafeXMLError):
        parse(hostile)


def test_a_refusal_repeats_nothing_of_the_document() -> None:
    with pytest.raises(UnsafeXMLError) as caught:
        parse(b"<secret1234><secret1234")
    assert "1234" not in str(caught.value)


@pytest.mark.parametrize(
    ("document", "prefix"),
    [
        (b"<a>\xc3\xa9</a>", ""),
        (b"\xef\xbb\xbf<a>\xc3\xa9</a>", ""),
        ("<a>é</a>".encode("utf-16"), ""),
        ("<?xml version='1.0' encoding='UTF-16'?><a>é</a>".encode("utf-16"), ""),
        ("<a>é</a>".encode("utf-16-be"), ""),
        ("<a>é</a>".encode("utf-16-le"), ""),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>", ""),
        (b"<?xml version='1.0' encoding=\"windows-1252\"?><a>\xe9</a>", ""),
        (b"<?xml version='1.0' encoding='UTF-16'?><a>\xc3\xa9</a>", ""),
        (b"\x04\x00 <?xml version='1.0' encoding='latin1'?><a>\xe9</a>\x04\x00\r\n", ""),
        (b'<!DOCTYPE a PUBLIC "-//NISO//NCIP DTD Version 1//EN" "http://127.0.0.1:9/x.dtd"><a>&#233;</a>', ""),
        (
            b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><!-- c --><a>\xc3<!-- c -->\xa9</a>".replace(
                b"<!-- c -->\xa9", b"\xa9"
            ),
            "",
        ),
        (b"<x:a xmlns:x='urn:x'>\xc3\xa9</x:a>", "x"),
        (b"<a><![CDATA[\xc3\xa9]]></a><!-- after --><?pi after?>", ""),
    ],
)
def test_odd_documents_are_read(document: bytes, prefix: str) -> None:
    parsed = parse(document)
    assert show(parsed.root) == ("a", "é", [])
    assert parsed.prefix == prefix


def test_the_transports_charset_counts_when_the_document_says_nothing() -> None:
    assert parse(b"<a>\xe9</a>", charset="ISO-8859-1").root.text == "é"
    assert parse(b"<?xml version='1.0' encoding='UTF-8'?><a>\xc3\xa9</a>", charset="ISO-8859-1").root.text == "é"
    with pytest.raises(UnsafeXMLError):
        parse(b"<a/>", charset="no-such")


@pytest.mark.parametrize(
    "document",
    [b"<a>" + b"x" * 300 + b"</a>", b"<a>" * 9 + b"</a>" * 9, b"<a>" + b"<b/>" * 20 + b"</a>"],
    ids=["octets", "levels", "elements"],
)
def test_each_limit_is_met(document: bytes) -> None:
    with pytest.raises(TooLargeError):
        parse(document, limits=Limits(size=200, elements=20, depth=8))


def test_limits_are_inclusive() -> None:
    document = b"<a>" * 8 + b"<b/>" * 0 + b"</a>" * 8
    parse(document, limits=Limits(size=len(document), elements=8, depth=8))


def test_deep_nesting_stops_before_a_tree_is_built() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            parse(b"<a>" * 300_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000


def test_invented_names_are_forgotten_with_their_document() -> None:
    def documents(lot: int) -> None:
        for number in range(20):
            names = "".join(f"<n{lot}-{number}-{each}-{'x' * 40}/>" for each in range(500))
            parse(f"<a>{names}</a>".encode())

    documents(0)
    tracemalloc.start()
    try:
        documents(1)
        left = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert left < 200_000


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=300) | st.text("<>/!?[]&;'\"= aD\0\n", max_size=80).map(str.encode))
def test_any_octets_give_a_tree_or_the_one_error(data: bytes) -> None:
    with contextlib.suppress(UnsafeXMLError):
        parse(data)
