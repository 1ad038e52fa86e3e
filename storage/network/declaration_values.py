"""The values that the file of a network holds: each kind with its name, what to write, and its check.

A kind is a type of its own, so that a key's annotation (`storage.network.declaration_keys`) says what it takes, the
reader checks it, and the reference page names it. No error repeats the value: it may be a reader's, or a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from typing import Any, Final, NamedTuple, NewType
from zoneinfo import ZoneInfo

from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from stdnum import isbn
from stdnum.exceptions import ValidationError

Text = NewType("Text", str)
Code = NewType("Code", str)
Capitals = NewType("Capitals", str)
Number = NewType("Number", str)
Namespace = NewType("Namespace", str)
Day = NewType("Day", str)
Hours = NewType("Hours", str)
Clock = NewType("Clock", str)
Minutes = NewType("Minutes", int)
Many = NewType("Many", int)
Zone = NewType("Zone", str)
Isil = NewType("Isil", str)
Insee = NewType("Insee", str)
Isbn = NewType("Isbn", str)
Media = NewType("Media", str)
Language = NewType("Language", str)
Setting = NewType("Setting", str)
Secret = NewType("Secret", str)
Argon2 = NewType("Argon2", str)
Options = NewType("Options", dict[str, str])


class Value(NamedTuple):
    """A kind of value: its *name* in the reference page, what to *write*, and *parse*, which raises ValueError."""

    name: str
    write: str
    parse: Callable[[Any], Any]


def _is(kind: type) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError
        return value

    return parse


def _matches(pattern: str) -> Callable[[Any], Any]:
    wanted = re.compile(pattern)

    def parse(value: Any) -> Any:
        if not isinstance(value, str) or not wanted.fullmatch(value):
            raise ValueError
        return value

    return parse


def _day(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        value = date.fromisoformat(value)
    day: date = _is(date)(value)  # A datetime is a date too, but not one of ours.
    return day.isoformat()


def _hours(value: Any) -> str:
    opens, closes = (_clock(text) for text in _matches(r"\d\d:\d\d-\d\d:\d\d")(value).split("-"))
    if opens >= closes:
        raise ValueError
    text: str = value
    return text


def _moment(value: Any) -> str:
    return time.fromisoformat(_matches(r"\d\d:\d\d")(value)).strftime("%H:%M")


def _between(least: int, most: int) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        if type(value) is not int or not least <= value <= most:
            raise ValueError
        return value

    return parse


def _clock(text: str) -> str:
    if text != "24:00":
        time.fromisoformat(text)
    return text


def _zone(value: Any) -> str:
    try:
        return ZoneInfo(value).key
    except (OSError, LookupError, TypeError):
        raise ValueError from None


def _isbn(value: Any) -> str:
    try:
        number: str = isbn.validate(value, convert=True) if isinstance(value, str) else ""
    except ValidationError:
        number = ""
    if not number:
        raise ValueError
    return number


def _setting(value: Any) -> str:
    return str(value) if type(value) is int else _matches(r"\S(.*\S)?")(value)


def _argon2(value: Any) -> str:
    try:
        extract_parameters(value)
    except (InvalidHashError, AttributeError, TypeError):
        raise ValueError from None
    text: str = value
    return text


def _options(value: Any) -> dict[str, str]:
    return {name: _matches(_LINE)(text) for name, text in _is(dict)(value).items()}


# No control characters anywhere; numbers and secrets without what SIP2 cuts fields at, and without blanks at their ends.
_LINE: Final = r"[^\x00-\x1f\x7f-\x9f]*"
_NUMBER: Final = r"[^\s|\x00-\x1f\x7f-\x9f]([^|\x00-\x1f\x7f-\x9f]{0,62}[^\s|\x00-\x1f\x7f-\x9f])?"

VALUES: Final[dict[Any, Value]] = {
    bool: Value("true or false", "true or false, without quotes", _is(bool)),
    Text: Value("text", "text on one line, in quotes", _matches(_LINE)),
    Code: Value("code", "up to 64 letters, digits and . _ - : /, in quotes", _matches(r"[\w.:/-]{1,64}")),
    Capitals: Value(
        "capitals", "up to 32 capitals A to Z, digits and . _ -, in quotes", _matches(r"[A-Z0-9][A-Z0-9._-]{0,31}")
    ),
    Number: Value("number", "up to 64 characters without |, no blank at either end, in quotes", _matches(_NUMBER)),
    Namespace: Value("namespace", "a code, or \"\" for the network's own", _matches(r"[\w.:/-]{0,64}")),
    Day: Value("day", "a day that exists, as 2026-11-22", _day),
    Hours: Value("hours", 'opening and closing time, as "14:00-18:30"', _hours),
    Clock: Value("time", 'a time of the day, as "08:30"', _moment),
    Minutes: Value("minutes", "whole minutes, less than a day, without quotes", _between(0, 1439)),
    Many: Value("count", "a whole number from 1 on, without quotes", _between(1, 1_000_000)),
    Zone: Value("time zone", 'a time zone, as "Europe/Paris"', _zone),
    Isil: Value(
        "ISIL", 'an ISIL: a prefix, a hyphen, up to 16 characters in all, as "FR-624985201"',
        _matches(r"(?=.{3,16}$)[A-Za-z0-9]{1,4}-[A-Za-z0-9/:-]{1,11}"),
    ),
    Insee: Value("INSEE code", 'five characters, as "62498"', _matches(r"(\d[\dAB]\d{3})")),
    Isbn: Value("ISBN", "an ISBN of 10 or 13 digits with its check digit, in quotes", _isbn),
    Media: Value("media type", 'the three digits of a SIP2 media type (CK), as "001"', _matches(r"[0-9]{3}")),
    Language: Value("language", 'two small letters, as "fr"', _matches(r"[a-z]{2}")),
    Setting: Value("value", "text in quotes, or a whole number", _setting),
    Secret: Value("secret", "up to 64 characters without |, no blank at either end, in quotes", _matches(_NUMBER)),
    Argon2: Value("argon2 hash", 'an argon2 hash, as "$argon2id$v=19$..."', _argon2),
    Options: Value("options", "a table of texts", _options),
}  # fmt: skip
