"""Hypothesis strategies derived from the tables: `messages()` makes any message that the wire can carry unchanged."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from protocols.sip2 import messages as _declared  # noqa: F401 - fills Message.BY_CODE
from protocols.sip2.fields import Column, Kind
from protocols.sip2.tables import Message

# Printable, in every charset of the tests (cp850, Latin-1, UTF-8), and not the delimiter.
LETTERS = "".join(sorted(set(string.printable[:95] + "éèàçùôîÉÀÇñü°«»") - {"|"}))
TEXTS = st.text(LETTERS, max_size=60)
ZONES = [None, UTC, *(timezone(timedelta(hours=hours)) for hours in range(-12, 13) if hours)]
DATES = st.builds(
    lambda day, zone: day.replace(microsecond=0, tzinfo=zone),
    st.datetimes(datetime.fromisoformat("1000-01-01"), datetime.fromisoformat("9999-12-31")),
    st.sampled_from(ZONES),
)


def _number(column: Column) -> st.SearchStrategy[Any]:
    return st.integers(0, 10 ** (column.width or 9) - 1)


def _text(column: Column) -> st.SearchStrategy[Any]:
    if column.code:
        return TEXTS
    return st.text(string.ascii_letters + string.digits + ".", min_size=column.width, max_size=column.width)


def _positions(column: Column) -> st.SearchStrategy[Any]:
    assert column.options is not None
    return st.frozensets(st.sampled_from(list(column.options)))


def _code(column: Column) -> st.SearchStrategy[Any]:
    assert column.options is not None
    return st.sampled_from(list(column.options))


def _cents(column: Column) -> st.SearchStrategy[Any]:
    return st.integers(-999_999, 999_999).map(lambda cents: Decimal(cents) / 100)


def _flag(column: Column) -> st.SearchStrategy[Any]:
    return st.none() | st.booleans() if column.kind is Kind.FLAG_OR_UNKNOWN else st.booleans()


VALUES: dict[Kind, Callable[[Column], st.SearchStrategy[Any]]] = {
    Kind.TEXT: _text,
    Kind.FLAG: _flag,
    Kind.DIGIT_FLAG: _flag,
    Kind.FLAG_OR_UNKNOWN: _flag,
    Kind.DATE: lambda column: DATES if column.code else st.none() | DATES,
    Kind.NUMBER: lambda column: _number(column) if column.code else st.none() | _number(column),
    Kind.AMOUNT: _cents,
    Kind.CODE: _code,
    Kind.POSITIONS: _positions,
}


def message_of(kind: type[Message]) -> st.SearchStrategy[Message]:
    """Any message of one code, with any of its optional columns."""
    required, optional = {}, {}
    for row in kind.TABLE:
        value = VALUES[row.column.kind](row.column)
        if row.required:
            required[row.name] = value
        else:
            optional[row.name] = st.lists(value, min_size=1, max_size=4).map(tuple) if row.repeatable else value
    return st.fixed_dictionaries(required, optional=optional).map(lambda values: kind(**values))


def messages() -> st.SearchStrategy[Message]:
    """Any message."""
    return st.one_of(*(message_of(kind) for kind in Message.BY_CODE.values()))


def requests() -> st.SearchStrategy[Message]:
    """Any message that a terminal sends and that is answered by a response."""
    return st.one_of(*(message_of(kind) for kind in Message.BY_CODE.values() if kind.REPLY and kind.TABLE))
