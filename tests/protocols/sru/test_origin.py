"""Answers of SRU targets, read in bounds."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.sru.origin import MAX_DETAILS, MAX_DIAGNOSTICS, address, read, told

HEAD = '<z:searchRetrieveResponse xmlns:z="http://www.loc.gov/zing/srw/">'
TAIL = "</z:searchRetrieveResponse>"


def answer(inside: str) -> bytes:
    return f"{HEAD}{inside}{TAIL}".encode()


def test_an_address_carries_the_query_whole() -> None:
    made = address("http://sru.example.org/x?db=1", 'dc.title="été & co"', version="1.2", schema="marcxml", most=3)
    asked = parse_qs(urlsplit(made).query)
    assert asked["query"] == ['dc.title="été & co"']
    assert (asked["db"], asked["maximumRecords"], asked["recordSchema"]) == (["1"], ["3"], ["marcxml"])


@pytest.mark.parametrize(("version", "named"), [("1.1", ["1.1"]), ("1.2", ["1.2"]), ("2.0", None)])
def test_version_2_is_asked_without_what_it_does_not_know(version: str, named: list[str] | None) -> None:
    asked = parse_qs(urlsplit(address("http://sru.example.org/x", "zola", version=version, schema="", most=3)).query)
    assert asked.get("version") == named
    assert ("operation" in asked) == (named is not None)
    assert asked["query"] == ["zola"]


def test_records_in_xml_and_as_text_are_found() -> None:
    inside = "<z:numberOfRecords>2</z:numberOfRecords><z:records><z:record><z:recordData>{}</z:recordData></z:record></z:records>"
    whole = answer(inside.format("<record/>"))
    assert (read(whole).hits, read(whole).documents) == (2, [whole])
    assert read(answer(inside.format("&lt;record/&gt;"))).documents == [b"<record/>"]


def test_diagnostics_are_numbered_and_told() -> None:
    one = (
        '<z:diagnostics><d:diagnostic xmlns:d="http://www.loc.gov/zing/srw/diagnostic/">'
        "<d:uri>info:srw/diagnostic/1/16</d:uri><d:details>bath.isbn</d:details></d:diagnostic></z:diagnostics>"
    )
    found = read(answer(one))
    assert (found.diagnostics, told(found.diagnostics)) == ([(16, "bath.isbn")], "16 index not supported bath.isbn")


def test_complaints_without_end_are_kept_in_bounds() -> None:
    one = f"<diagnostic><uri>info:srw/diagnostic/1/2</uri><details>{'x' * 5_000}</details></diagnostic>"
    found = read(answer(f"<z:diagnostics>{one * 200}</z:diagnostics>")).diagnostics
    assert (len(found), {len(details) for _, details in found}) == (MAX_DIAGNOSTICS, {MAX_DETAILS})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        b"<x" * 100_000,
        b"<x>" * 1000,
        b"<" + b"a" * (9 << 20),
    ],
)
def test_what_is_no_answer_is_told(body: bytes) -> None:
    found = read(body)
    assert (found.hits, found.documents, bool(found.failure)) == (0, [], True)


@pytest.mark.parametrize("count", ["-1", "many", "9" * 400, "²"])
def test_a_count_that_is_none_counts_nothing(count: str) -> None:
    assert read(answer(f"<z:numberOfRecords>{count}</z:numberOfRecords>")).hits == 0


@given(st.binary(max_size=200))
def test_no_octets_bring_an_exception_out_of_it(body: bytes) -> None:
    assert read(body).failure
