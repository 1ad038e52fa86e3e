"""The reference page of SRU, made of the tables: parameters and diagnostics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from protocols.sru.diagnostics import URI, Condition
from protocols.sru.requests import PARAMETERS, Operation, Parameter, Version


def reference() -> str:
    """Return the page, in Markdown."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# SRU and CQL\n"
    yield "Generated from the tables of `protocols.sru` and `server/catalogue/indexes.py`. SRU 1.1, 1.2 and 2.0 are served at `/sru` of the web"
    yield "listener and on the Z39.50 port, where the path names the database. A request is of version 2.0 when it names no operation.\n"
    for operation in Operation:
        yield f"## {operation.value}\n"
        rows = [_row(row) for row in PARAMETERS if operation in row.operations]
        yield from _rows(("parameter", "versions", "", "meaning"), rows)
    yield "## Diagnostics\n"
    yield f"What is wrong with a query is told with the character where it is. Identifiers are `{URI}` and the number.\n"
    yield from _rows(("number", "meaning", "details"), ((row.value, row.meaning, row.details) for row in Condition))


def _row(row: Parameter) -> tuple[str, str, str, str]:
    versions = ", ".join(version.value for version in Version if version in row.versions)
    return (f"`{row.name}`", versions, "mandatory" if row.mandatory else "", row.meaning)


def _rows(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"
    yield ""
