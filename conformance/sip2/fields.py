"""Checks made of the table of messages: every request with all of its fields, with none but those it must have, and cut short."""

from __future__ import annotations

from functools import partial
from typing import Final

from conformance.checks import Checks, want
from conformance.results import Level
from conformance.sip2.bench import Bench
from conformance.sip2.client import Account, masked, now
from conformance.sip2.requests import NOBODY, NOTHING
from protocols.sip2.fields import Column, Kind
from protocols.sip2.tables import Message

check = Checks[Bench]()

_NOT_ASKED: Final = {"93", "97"}
"""A login and a request to repeat have checks of their own."""
_TEXTS: Final = {"AA": NOBODY, "AB": NOTHING, "AP": "", "BS": "", "CG": "", "AJ": ""}
_FIXED_TEXTS: Final = {2: "00", 3: "EUR", 4: "2.00"}
"""Payment type, currency and version: the fixed texts of requests have no width in common."""


def _value(column: Column, account: Account) -> str:
    """Return a value for *column* that is right, and changes nothing: a card and an item that there are not."""
    match column.kind:
        case Kind.DATE:
            return now().strftime("%Y%m%d    %H%M%S")
        case Kind.NUMBER:
            return "1".rjust(column.width, "0")
        case Kind.POSITIONS:
            return " " * column.width
        case Kind.AMOUNT:
            return "1.00"
        case Kind.CODE if column.options is not None:
            return next(each.value for each in column.options if each.value.strip())
        case Kind.DIGIT_FLAG:
            return "0"
        case Kind.TEXT | Kind.CODE:
            text = account.library if column.code == "AO" else _TEXTS.get(column.code, "kit")
            return text if column.code else _FIXED_TEXTS[column.width]
    return "N"


def body(kind: type[Message], account: Account, *, whole: bool) -> bytes:
    """Return a request of *kind*: with every field of the table, or with those alone that are required, empty."""
    text = kind.CODE
    for row in kind.TABLE:
        if not row.column.code:
            text += _value(row.column, account)
        elif whole or row.required:
            text += f"{row.column.code}{_value(row.column, account) if whole else ''}|"
    return text.encode(account.charset)


def _filled(bench: Bench, kind: type[Message], *, whole: bool) -> None:
    bench.terminal().ask(body(kind, bench.account, whole=whole))


def _cut(bench: Bench, kind: type[Message]) -> None:
    terminal = bench.terminal()
    terminal.write(terminal.frame(body(kind, bench.account, whole=True)[:9]) + b"\r")
    reply = terminal.read()
    want(reply.startswith((kind.REPLY.encode(), b"96")), f"the reply is {masked(reply)}")
    terminal.ask(body(kind, bench.account, whole=True))


for _kind in Message.BY_CODE.values():
    if _kind.REPLY and _kind.CODE not in _NOT_ASKED:
        _name = f"{_kind.CODE}/{_kind.REPLY}"
        check(
            f"{_name} all fields", Level.MUST, f"{_kind.__name__} with every field that it may have gets its reply",
            f"SIP2 2.00, message {_kind.CODE}",
        )(partial(_filled, kind=_kind, whole=True))  # fmt: skip
        check(
            f"{_name} few fields", Level.MUST, f"{_kind.__name__} with none but its required fields, empty, gets its reply",
            f"SIP2 2.00, message {_kind.CODE}",
        )(partial(_filled, kind=_kind, whole=False))  # fmt: skip
        check(
            f"{_name} cut short", Level.MUST, f"{_kind.__name__} cut in its fixed part gets its reply or 96, and no more",
            f"SIP2 2.00, message {_kind.CODE}",
        )(partial(_cut, kind=_kind))  # fmt: skip
