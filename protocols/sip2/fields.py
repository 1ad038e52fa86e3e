"""The fields of SIP 2.00: how each kind of value is written, and every identifier once.

A name here is the type of a column in `messages`: `institution_id: AO` says all that is to know of the column. Reading is
lenient, as terminals are: a blank or broken date, number, amount or code is None or the list's "other", never an error.

Dates are `datetime` without time zone when the wire gives none, which in SIP2 means the local time of the place; otherwise
they carry the zone that the wire names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Final, Generic, TypeAlias, TypeVar

from protocols.sip2 import codes

T = TypeVar("T")

DATE_WIDTH: Final = 18
_ZONES: Final = {letter: hours for hours, letter in enumerate("ABCDEFGHIKLM", 1)} | {
    letter: -hours for hours, letter in enumerate("NOPQRSTUVWXY", 1)
}
_LETTERS: Final = {hours: letter for letter, hours in _ZONES.items()} | {0: "Z"}
_AMOUNT: Final = re.compile(r"[+-]?[0-9]{1,9}(?:[.,][0-9]{0,4})?")


class Kind(StrEnum):
    """What a column holds; the text is what the reference page says of it."""

    TEXT = "text"
    FLAG = "Y or N"
    DIGIT_FLAG = "1 or 0"
    FLAG_OR_UNKNOWN = "Y, N or U"
    DATE = "date, YYYYMMDDZZZZHHMMSS"
    NUMBER = "number"
    AMOUNT = "amount, with a point and two decimals"
    CODE = "code"
    POSITIONS = "positions"


@dataclass(frozen=True, slots=True)
class Column:
    """How one column stands on the wire. `code` is empty for a fixed field, `width` 0 for a length of 0 to 255.

    `read` and `write` are None where the text is the value. `options` is the code list. `secret` and `personal` columns are
    masked wherever a message is shown; `extension` tells a field that is not in the definition of 2.00.
    """

    kind: Kind = Kind.TEXT
    code: str = ""
    doc: str = ""
    width: int = 0
    read: Callable[[str], Any] | None = None
    write: Callable[[Any], str] | None = None
    options: type[StrEnum] | None = None
    secret: bool = False
    personal: bool = False
    extension: bool = False


@dataclass(frozen=True, slots=True)
class Since:
    """The protocol version that brought a column to a message which existed before."""

    version: str


class _Values(dict[str, Any], Generic[T]):
    """A code list to read with; what is not in it is *other*."""

    def __init__(self, values: dict[str, T], other: T) -> None:
        super().__init__(values)
        self.other = other

    def __missing__(self, text: str) -> T:
        return self.other


def _flag(kind: Kind, code: str = "", doc: str = "") -> Column:
    """Describe a flag: fixed ones are False when unreadable, variable and Y/N/U ones None."""
    unreadable = None if code or kind is Kind.FLAG_OR_UNKNOWN else False
    marks: dict[str, bool | None] = {"Y": True, "y": True, "1": True, "N": False, "n": False, "0": False}
    read = _Values(marks, unreadable)
    write = {True: "1", False: "0"} if kind is Kind.DIGIT_FLAG else {True: "Y", False: "N", None: "U"}
    return Column(kind, code, doc, 1, read.__getitem__, write.__getitem__)


def _code(
    options: type[StrEnum], other: StrEnum | None = None, code: str = "", doc: str = "", *, extension: bool = False
) -> Column:
    """Describe a code list; what is not in the list is *other*, or None in a variable field."""
    values: dict[str, StrEnum | None] = {member.value: member for member in options}
    read = _Values(values, other).__getitem__
    return Column(Kind.CODE, code, doc, len(next(iter(options)).value), read, None, options, extension=extension)


def _positions(options: type[StrEnum], width: int, off: str, code: str = "", doc: str = "") -> Column:
    """Describe a row of positions, Y for a member that is present and *off* for one that is not."""
    members = tuple(options)

    @lru_cache(1024)
    def read(text: str) -> frozenset[StrEnum]:
        return frozenset(member for member, mark in zip(members, text, strict=False) if mark in "Yy")

    @lru_cache(1024)
    def write(present: frozenset[StrEnum]) -> str:
        return "".join("Y" if member in present else off for member in members).ljust(width, off)

    return Column(Kind.POSITIONS, code, doc, width, read, write, options)


@lru_cache(4096)
def _read_date(text: str) -> datetime | None:
    digits = text[:8] + text[12:]
    if len(text) != DATE_WIDTH or not (digits.isdigit() and digits.isascii()):
        return None
    zone = text[8:12].strip().upper()
    hours = 0 if zone == "Z" else _ZONES.get(zone)
    try:
        return datetime(
            int(digits[:4]),
            int(digits[4:6]),
            int(digits[6:8]),
            int(digits[8:10]),
            int(digits[10:12]),
            int(digits[12:]),
            tzinfo=None if hours is None else timezone(timedelta(hours=hours)) if hours else UTC,
        )
    except ValueError:
        return None


@lru_cache(4096)
def _write_date(value: datetime | None) -> str:
    if value is None:
        return " " * DATE_WIDTH
    offset = value.utcoffset()
    if offset is None:
        return value.strftime("%Y%m%d    %H%M%S").rjust(DATE_WIDTH, "0")
    hours, rest = divmod(offset, timedelta(hours=1))
    if rest or hours not in _LETTERS:
        value, hours = value.astimezone(UTC), 0
    return value.strftime(f"%Y%m%d   {_LETTERS[hours]}%H%M%S").rjust(DATE_WIDTH, "0")


def _read_number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isdigit() and text.isascii() and len(text) < 10 else None


class _Numbers(dict[int | None, str]):
    """Numbers written with a width, remembered: at most 10,000, for what does not fit is written as the largest."""

    def __init__(self, width: int) -> None:
        super().__init__({None: " " * width})
        self.width = width

    def __missing__(self, value: int | None) -> str:
        if value is None or value < 0 or value >= 10**self.width:
            return self[0 if value is None or value < 0 else 10**self.width - 1]
        self[value] = f"{value:0{self.width}d}"
        return self[value]


def _number(width: int, code: str = "", doc: str = "") -> Column:
    return Column(Kind.NUMBER, code, doc, width, _read_number, _Numbers(width).__getitem__ if width else str)


def _read_amount(text: str) -> Decimal | None:
    text = text.strip()
    return Decimal(text.replace(",", ".")) if _AMOUNT.fullmatch(text) else None


def _write_amount(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _fixed_text(width: int) -> Column:
    def write(text: str) -> str:
        # One byte a character and no delimiter: a fixed field must never be longer than it is.
        plain = (char if char.isascii() and char.isprintable() and char != "|" else "?" for char in text[:width])
        return "".join(plain).ljust(width)

    return Column(width=width, write=write)


def _date(code: str = "", doc: str = "") -> Column:
    return Column(Kind.DATE, code, doc, DATE_WIDTH, _read_date, _write_date)


def _amount(code: str, doc: str) -> Column:
    return Column(Kind.AMOUNT, code, doc, 0, _read_amount, _write_amount)


# A column that 2.00 added to a message of 1.00: `valid_patron: Since2[BL] = None`.
Since2: TypeAlias = Annotated[T | None, Since("2.00")]

# Fixed fields: no identifier, no delimiter, exact width.
YesNo: TypeAlias = Annotated[bool, _flag(Kind.FLAG)]
OneZero: TypeAlias = Annotated[bool, _flag(Kind.DIGIT_FLAG)]
YesNoUnknown: TypeAlias = Annotated[bool | None, _flag(Kind.FLAG_OR_UNKNOWN)]
Date: TypeAlias = Annotated[datetime | None, _date()]
Count3: TypeAlias = Annotated[int | None, _number(3)]
Count4: TypeAlias = Annotated[int | None, _number(4)]
Text1: TypeAlias = Annotated[str, _fixed_text(1)]
Text2: TypeAlias = Annotated[str, _fixed_text(2)]
Text3: TypeAlias = Annotated[str, _fixed_text(3)]
Text4: TypeAlias = Annotated[str, _fixed_text(4)]
LanguageCode: TypeAlias = Annotated[codes.Language, _code(codes.Language, codes.Language.UNKNOWN)]
PatronStatusFlags: TypeAlias = Annotated[frozenset[codes.PatronStatus], _positions(codes.PatronStatus, 14, " ")]
SummaryFlags: TypeAlias = Annotated[frozenset[codes.Summary], _positions(codes.Summary, 10, " ")]
CirculationStatusCode: TypeAlias = Annotated[
    codes.CirculationStatus, _code(codes.CirculationStatus, codes.CirculationStatus.OTHER)
]
SecurityMarkerCode: TypeAlias = Annotated[codes.SecurityMarker, _code(codes.SecurityMarker, codes.SecurityMarker.OTHER)]
FeeTypeCode: TypeAlias = Annotated[codes.FeeType, _code(codes.FeeType, codes.FeeType.OTHER)]
HoldModeCode: TypeAlias = Annotated[codes.HoldMode, _code(codes.HoldMode, codes.HoldMode.UNKNOWN)]
TerminalStatusCode: TypeAlias = Annotated[codes.TerminalStatus, _code(codes.TerminalStatus, codes.TerminalStatus.OK)]

# Variable fields: the identifier is the name of the type.
AA: TypeAlias = Annotated[str, Column(code="AA", doc="patron identifier", personal=True)]
AB: TypeAlias = Annotated[str, Column(code="AB", doc="item identifier")]
AC: TypeAlias = Annotated[str, Column(code="AC", doc="terminal password", secret=True)]
AD: TypeAlias = Annotated[str, Column(code="AD", doc="patron password", secret=True)]
AE: TypeAlias = Annotated[str, Column(code="AE", doc="personal name", personal=True)]
AF: TypeAlias = Annotated[str, Column(code="AF", doc="screen message")]
AG: TypeAlias = Annotated[str, Column(code="AG", doc="print line")]
AH: TypeAlias = Annotated[str, Column(code="AH", doc="due date")]
AJ: TypeAlias = Annotated[str, Column(code="AJ", doc="title identifier")]
AL: TypeAlias = Annotated[str, Column(code="AL", doc="blocked card message", personal=True)]
AM: TypeAlias = Annotated[str, Column(code="AM", doc="library name")]
AN: TypeAlias = Annotated[str, Column(code="AN", doc="terminal location")]
AO: TypeAlias = Annotated[str, Column(code="AO", doc="institution id")]
AP: TypeAlias = Annotated[str, Column(code="AP", doc="current location")]
AQ: TypeAlias = Annotated[str, Column(code="AQ", doc="permanent location")]
AS: TypeAlias = Annotated[str, Column(code="AS", doc="hold items", personal=True)]
AT: TypeAlias = Annotated[str, Column(code="AT", doc="overdue items", personal=True)]
AU: TypeAlias = Annotated[str, Column(code="AU", doc="charged items", personal=True)]
AV: TypeAlias = Annotated[str, Column(code="AV", doc="fine items", personal=True)]
BD: TypeAlias = Annotated[str, Column(code="BD", doc="home address", personal=True)]
BE: TypeAlias = Annotated[str, Column(code="BE", doc="e-mail address", personal=True)]
BF: TypeAlias = Annotated[str, Column(code="BF", doc="home phone number", personal=True)]
BG: TypeAlias = Annotated[str, Column(code="BG", doc="owner")]
BH: TypeAlias = Annotated[str, Column(code="BH", doc="currency type", width=3)]
BI: TypeAlias = Annotated[bool, _flag(Kind.FLAG, "BI", "cancel")]
BK: TypeAlias = Annotated[str, Column(code="BK", doc="transaction id")]
BL: TypeAlias = Annotated[bool, _flag(Kind.FLAG, "BL", "valid patron")]
BM: TypeAlias = Annotated[str, Column(code="BM", doc="renewed items", personal=True)]
BN: TypeAlias = Annotated[str, Column(code="BN", doc="unrenewed items", personal=True)]
BO: TypeAlias = Annotated[bool, _flag(Kind.FLAG, "BO", "fee acknowledged")]
BP: TypeAlias = Annotated[int, _number(0, "BP", "start item")]
BQ: TypeAlias = Annotated[int, _number(0, "BQ", "end item")]
BR: TypeAlias = Annotated[int, _number(0, "BR", "queue position")]
BS: TypeAlias = Annotated[str, Column(code="BS", doc="pickup location")]
BT: TypeAlias = Annotated[codes.FeeType, _code(codes.FeeType, None, "BT", "fee type")]
BU: TypeAlias = Annotated[str, Column(code="BU", doc="recall items", personal=True)]
BV: TypeAlias = Annotated[Decimal | None, _amount("BV", "fee amount")]
BW: TypeAlias = Annotated[datetime, _date("BW", "expiration date")]
BX: TypeAlias = Annotated[
    frozenset[codes.SupportedMessage], _positions(codes.SupportedMessage, 16, "N", "BX", "supported messages")
]
BY: TypeAlias = Annotated[codes.HoldType, _code(codes.HoldType, None, "BY", "hold type")]
BZ: TypeAlias = Annotated[int, _number(4, "BZ", "hold items limit")]
CA: TypeAlias = Annotated[int, _number(4, "CA", "overdue items limit")]
CB: TypeAlias = Annotated[int, _number(4, "CB", "charged items limit")]
CC: TypeAlias = Annotated[Decimal, _amount("CC", "fee limit")]
CD: TypeAlias = Annotated[str, Column(code="CD", doc="unavailable hold items", personal=True)]
CF: TypeAlias = Annotated[int, _number(0, "CF", "hold queue length")]
CG: TypeAlias = Annotated[str, Column(code="CG", doc="fee identifier")]
CH: TypeAlias = Annotated[str, Column(code="CH", doc="item properties")]
CI: TypeAlias = Annotated[bool, _flag(Kind.FLAG, "CI", "security inhibit")]
CJ: TypeAlias = Annotated[datetime, _date("CJ", "recall date")]
CK: TypeAlias = Annotated[codes.MediaType, _code(codes.MediaType, None, "CK", "media type")]
CL: TypeAlias = Annotated[str, Column(code="CL", doc="sort bin")]
CM: TypeAlias = Annotated[datetime, _date("CM", "hold pickup date")]
CN: TypeAlias = Annotated[str, Column(code="CN", doc="login user id")]
CO: TypeAlias = Annotated[str, Column(code="CO", doc="login password", secret=True)]
CP: TypeAlias = Annotated[str, Column(code="CP", doc="location code")]
CQ: TypeAlias = Annotated[bool, _flag(Kind.FLAG, "CQ", "valid patron password")]
# The 3M extensions for check-in routing (1.20, 2005).
CR: TypeAlias = Annotated[str, Column(code="CR", doc="collection code", extension=True)]
CS: TypeAlias = Annotated[str, Column(code="CS", doc="call number", extension=True)]
CT: TypeAlias = Annotated[str, Column(code="CT", doc="destination location", extension=True)]
CV: TypeAlias = Annotated[codes.AlertType, _code(codes.AlertType, None, "CV", "alert type", extension=True)]
CY: TypeAlias = Annotated[str, Column(code="CY", doc="hold patron id", personal=True, extension=True)]
DA: TypeAlias = Annotated[str, Column(code="DA", doc="hold patron name", personal=True, extension=True)]
