"""Real messages of other products are understood, valid or not."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from protocols.ncip import Fault, Received, read, write
from protocols.ncip.messages import MESSAGES, ProblemMessage
from protocols.ncip.model import Element
from protocols.xmlsafe import Node, parse


@pytest.fixture(scope="session")
def samples(shared_data: Path) -> list[dict[str, str]]:
    with (shared_data / "ncip/INDEX.tsv").open() as index:
        rows = list(csv.DictReader(index, delimiter="\t"))
    return [
        row | {"data": (shared_data / "ncip/samples" / row["file"]).read_text("utf-8")}
        for row in rows
        if row["file"]
        and not row["valid"].startswith("dtd1")
        and "v1_0" not in row["version"]
        and "dtd" not in row["valid"]
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


def test_every_v2_sample_is_understood_as_its_service(samples: list[dict[str, str]]) -> None:
    assert len(samples) > 150
    for row in samples:
        received = read(row["data"].encode())
        if row["service"].startswith("Ext.") or row["service"] in {"DestroyItem", ""}:  # no services of NCIP
            assert isinstance(received, Fault)
            continue
        assert isinstance(received, Received), row["file"]
        if row["service"] == "Problem":
            assert isinstance(received.message, ProblemMessage)
        else:
            assert not isinstance(received.message, ProblemMessage)
            assert received.message.service == row["service"].removesuffix("Response"), row["file"]


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


def test_a_valid_sample_is_written_again_valid_and_alike(samples: list[dict[str, str]], shared_data: Path) -> None:
    schema = etree.XMLSchema(etree.parse(str(shared_data / "ncip/schemas/ncip_v2_02.xsd")))
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
        again = write(received.message, received.envelope)
        schema.assertValid(etree.fromstring(again))
        reread = read(again)
        assert isinstance(reread, Received)
        assert reread.message == received.message
        count += 1
    assert count > 40


def test_our_own_examples_are_understood_without_a_defect(shared_data: Path) -> None:
    for path in sorted((shared_data / "ncip/examples").glob("*.xml")):
        received = read(path.read_bytes())
        assert isinstance(received, Received), path.name
        assert received.defects == (), path.name
