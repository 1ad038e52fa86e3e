"""The reference page of the wire, from the tables alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

from protocols.sip2 import codes, messages  # noqa: F401 - the messages declare themselves when they are imported
from protocols.sip2.fields import Column, Kind
from protocols.sip2.tables import Message, Row

_POSITIONED = {
    row.column.options
    for message in Message.BY_CODE.values()
    for row in message.TABLE
    if row.column.kind is Kind.POSITIONS
}


def reference() -> str:
    """Return the Markdown page of all messages, fields and code lists."""
    return "\n".join([*_messages(), *_fields(), *_code_lists()]) + "\n"


def _messages() -> Iterator[str]:
    yield "# SIP 2.00: messages, fields, code lists\n"
    yield "Generated from the tables in `protocols/sip2`. R required (may be empty), O optional, * repeatable;"
    yield "masked fields are never shown in logs and traces; ext marks the 3M extensions.\n"
    yield "## Messages"
    for code, message in sorted(Message.BY_CODE.items()):
        yield f"\n### {code} {_title(message.__name__)}\n"
        answer = f" Answered by {message.REPLY}." if message.REPLY else ""
        since = " New in 2.00." if message.SINCE == "2.00" else ""
        yield f"{message.__doc__}{answer}{since}\n"
        if message.TABLE:
            yield "| at | field | name | value | use |\n|---|---|---|---|---|"
            yield from _columns(message)


def _columns(message: type[Message]) -> Iterator[str]:
    at = 2
    for row in message.TABLE:
        place = "" if row.column.code else f"{at}+{row.column.width}"
        at += 0 if row.column.code else row.column.width
        yield f"| {place} | {row.column.code} | {_words(row.name)} | {_value(row.column)} | {_use(row, message)} |"


def _use(row: Row, message: type[Message]) -> str:
    marks = ["R" if row.required else "O*" if row.repeatable else "O"]
    if row.since != message.SINCE:
        marks.append(f"since {row.since}")
    if row.column.extension:
        marks.append("ext")
    return ", ".join(marks)


def _value(column: Column) -> str:
    size = f", {column.width} characters" if column.width > 1 and column.kind is not Kind.DATE else ""
    listed = f" of {_title(column.options.__name__)}" if column.options else ""
    masked = ", masked" if column.secret or column.personal else ""
    return f"{column.kind}{listed}{size}{masked}"


def _fields() -> Iterator[str]:
    yield "\n## Variable fields\n\n| field | name | value | in |\n|---|---|---|---|"
    columns: dict[str, Column] = {}
    places: dict[str, list[str]] = {}
    for code, message in sorted(Message.BY_CODE.items()):
        for row in message.TABLE:
            columns[row.column.code] = row.column
            places.setdefault(row.column.code, []).append(code)
    for code, column in sorted(columns.items()):
        if code:
            yield f"| {code} | {column.doc} | {_value(column)} | {' '.join(places[code])} |"
    yield "| AY | sequence number | one digit | any |\n| AZ | checksum | four hexadecimal digits | any |"


def _code_lists() -> Iterator[str]:
    yield "\n## Code lists"
    lists = [value for value in vars(codes).values() if isinstance(value, type) and issubclass(value, StrEnum)]
    for options in lists:
        if options is StrEnum:
            continue
        yield f"\n### {_title(options.__name__)}\n\n{options.__doc__}\n"
        for position, member in enumerate(options):
            shown = f"position {position}" if options in _POSITIONED else f"`{member.value}`"
            yield f"- {shown} {_words(member.name.lower())}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _title(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
