"""SRU from the side that asks: the address of a search, and what the answer says. Answers are strangers' XML, read in bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from protocols.sru.diagnostics import URI, Condition
from protocols.xmlsafe import Limits, Node, UnsafeXMLError, parse

MAX_ANSWER: Final = 8 << 20
"""Octets of one answer."""
_LIMITS: Final = Limits(size=MAX_ANSWER, elements=200_000, depth=64)
SIMPLER: Final = frozenset({15, 16, 19, 20, 22, 24, 36, 37})
"""Diagnostics that a simpler query may get over."""
SCHEMA_UNKNOWN: Final = 66
OTHER_SCHEMA: Final = frozenset({6, SCHEMA_UNKNOWN, 67, 68, 71})
MAX_DIAGNOSTICS: Final = 20
MAX_DETAILS: Final = 200
"""What is kept of what a target complains of: so many, and so many characters of each."""


@dataclass(slots=True)
class Answer:
    """What a target said: how many were found, documents that hold the records, diagnostics (number, details)."""

    hits: int = 0
    documents: list[bytes] = field(default_factory=list)
    diagnostics: list[tuple[int, str]] = field(default_factory=list)
    failure: str = ""


def told(diagnostics: list[tuple[int, str]]) -> str:
    """Return diagnostics in words."""
    known = {code.value: code.meaning for code in Condition}
    return "; ".join(f"{code} {known.get(code, '')} {details}".strip() for code, details in diagnostics)[:300]


def address(url: str, query: str, *, version: str, schema: str, most: int) -> str:
    """Return the address of the first *most* records that *query* (CQL) finds; a blank *schema* is the target's own choice."""
    asked = {"query": query, "maximumRecords": str(most)}
    if not version.startswith("2"):  # version 2.0 has neither, and may mind them
        asked |= {"version": version, "operation": "searchRetrieve"}
    if schema:
        asked["recordSchema"] = schema
    return f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}"


def read(body: bytes) -> Answer:
    """Read an answer; what is none is one with a `failure`."""
    try:
        root = parse(body, limits=_LIMITS).root
    except UnsafeXMLError as error:
        return Answer(failure=str(error))
    if root.name != "searchRetrieveResponse":
        return Answer(failure="the answer is no searchRetrieveResponse")
    count = next((node.text.strip() for node in root.children if node.name == "numberOfRecords"), "0")
    answer = Answer(int(count) if count.isascii() and count.isdigit() and len(count) < 16 else 0)
    packed = [
        part.text.strip().encode()
        for records in root.children
        if records.name == "records"
        for record in records.children
        for part in record.children
        if part.name == "recordData" and not part.children
    ]
    answer.documents = [each for each in packed if each.startswith(b"<")] or [body]
    for part in root.children:
        if part.name == "diagnostics":
            answer.diagnostics += [_diagnostic(node) for node in part.children[:MAX_DIAGNOSTICS]]
    return answer


def _diagnostic(node: Node) -> tuple[int, str]:
    texts = {child.name: child.text.strip() for child in node.children}
    number = texts.get("uri", "").removeprefix(URI)
    details = texts.get("details") or texts.get("message", "")
    return (int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 1), details[:MAX_DETAILS]
