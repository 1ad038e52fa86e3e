"""Real messages of other products are understood, valid or not."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from protocols.ncip import Received, Release, read, write
from protocols.ncip.base import ProblemMessage
from protocols.ncip.messages import MESSAGES
from protocols.ncip.model import Element
from protocols.xmlsafe import Node, parse


@pytest.fixture(scope="session")
def samples(shared_data: Path) -> list[dict[str, str]]:
    with (shared_data / "ncip/INDEX.tsv").open() as index:
        rows = list(csv.DictReader(index, delimiter="\t"))
    return [
        row | {"data": (shared_data / "ncip/samples" / row["file"]).read_text("utf-8")} for row in rows if row["file"]
    ]


def texts(value: Any) -> list[str]:
    if isinstance(value, Element):
        return [
            text
            for _, held in value.children()
            for each in (held if isinstance(held, tuple) else (held,))
            for text in texts(each)
        ]
    return [value if isinstance(value, str) else getattr(value, "value", "")]


def leaves(node: Node) -> list[Node]:
    return [leaf for child in node.children for leaf in leaves(child)] or [node]


# What of a message says whom or what it is about, in any release.
KEYS = frozenset({
    "UserIdentifierValue", "ItemIdentifierValue", "RequestIdentifierValue", "AuthenticationInputData", "ProblemType", "Title",
    "BibliographicRecordIdentifier", "BibliographicItemIdentifier", "VisibleUserIdentifier", "VisibleItemIdentifier",
    "ProcessingErrorValue",
})  # fmt: skip


def understood(row: dict[str, str]) -> str:
    """Say what is wrong with the reading of a sample; nothing when its service and all its keys were read."""
    received = read(row["data"].encode())
    service = row["service"].removeprefix("Ext.")
    if not isinstance(received, Received):
        return f"fault: {received.problem.problem_detail}"
    if service == "Problem":
        return "" if isinstance(received.message, ProblemMessage) else "not a problem"
    if isinstance(received.message, ProblemMessage) or received.message.service != service.removesuffix("Response"):
        return "another service"
    held = texts(received.message)
    lost = [
        leaf.name
        for leaf in leaves(parse(row["data"].encode()).root)
        if leaf.name in KEYS and leaf.text.strip() and leaf.text.strip() not in held
    ]
    return f"lost: {lost}" if lost else ""


_XC = "eXtensibleCatalog+NCIP2-Toolkit/"
BEYOND = {
    f"{_XC}LookupItemSet__luis-ext-userId.xml",
    f"{_XC}LookupUserResponse__user-lookup-with-loaned-history.xml",
    f"{_XC}LookupUserResponse__user-lookup-by-UserId_1.xml",
    f"{_XC}LookupUserResponse__LookupUserResponseWCLSample1.xml",
    f"{_XC}LookupUserResponse__LookupUserResponseSample1.xml",
    f"{_XC}LookupUserResponse__LookupUserResponseSample1_1.xml",
    "scriptotek+php-ncip/DestroyItem__NcipServerTest-05.xml",
    "scriptotek+php-ncip/none__NcipServerTest-06.xml",
}


def test_nearly_all_samples_are_understood_in_every_release(samples: list[dict[str, str]]) -> None:
    """At least 95 in 100 of what real partners send: the service, and every text that says whom or what it is about."""
    wrong = {row["file"]: why for row in samples if (why := understood(row))}
    assert len(samples) > 230
    assert len(wrong) <= len(samples) * 0.05, wrong
    # The rest, by name: extensions of other products, which say nothing to us, and two that are no NCIP at all.
    assert set(wrong) == BEYOND


def test_nothing_identifying_is_lost_from_the_samples_of_modelled_services(samples: list[dict[str, str]]) -> None:
    names = {
        "UserIdentifierValue",
        "ItemIdentifierValue",
        "AuthenticationInputData",
        "ProblemType",
        "Title",
        "AgencyId",
    }
    seen = 0
    for row in samples:
        if row["service"] not in {*MESSAGES, "Problem"}:
            continue
        received = read(row["data"].encode())
        assert isinstance(received, Received)
        passed_over = {name for _, name in received.defects}
        held = texts(received.message)
        for leaf in leaves(parse(row["data"].encode()).root):
            if leaf.name in names and leaf.text.strip() and not passed_over:
                seen += 1
                assert leaf.text.strip() in held or "Ext" in row["data"], (row["file"], leaf.name)
    assert seen > 200


FILES = {Release.V2_0: "ncip_v2_0.xc.xsd", Release.V2_01: "ncip_v2_01.xsd", Release.V2_02: "ncip_v2_02.xsd"}


def row_releases(row: dict[str, str]) -> set[Release]:
    return {
        release for release in FILES if f"2.{release.name[3:].lower()}" in row["valid"].replace("xsd:", "").split(",")
    }


def test_a_valid_sample_is_written_again_valid_and_alike(samples: list[dict[str, str]], shared_data: Path) -> None:
    schemas = {
        release: etree.XMLSchema(etree.parse(str(shared_data / "ncip/schemas" / name)))
        for release, name in FILES.items()
    }
    schema = schemas[Release.V2_02]
    count = 0
    for row in samples:
        if "2.02" not in row["valid"] or row["service"] not in {*MESSAGES, "Problem"}:
            continue
        received = read(row["data"].encode())
        assert isinstance(received, Received)
        if received.defects:  # placeholders where a date or a number should be
            continue
        if b"" in (leaf.text.strip().encode() for leaf in leaves(parse(row["data"].encode()).root)):
            continue  # an empty text is absent for us, and some of these are mandatory
        again = write(received.message, replace(received.envelope, release=Release.V2_02))
        schema.assertValid(etree.fromstring(again))
        reread = read(again)
        assert isinstance(reread, Received)
        assert reread.message == received.message
        if received.envelope.release in row_releases(row):  # and in the release that its sender speaks
            schemas[received.envelope.release].assertValid(etree.fromstring(write(received.message, received.envelope)))
        count += 1
    assert count > 40


def test_our_own_examples_are_understood_without_a_defect(shared_data: Path) -> None:
    for path in sorted((shared_data / "ncip/examples").glob("*.xml")):
        received = read(path.read_bytes())
        assert isinstance(received, Received), path.name
        assert received.defects == (), path.name
