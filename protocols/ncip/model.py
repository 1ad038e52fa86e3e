"""How an element of NCIP is declared: the class is its content model.

A subclass of `Element` under `@element()` names its children in schema order; each child is an annotated field:

    One[T]   exactly one        Opt[T]   at most one        Flag   an empty element, present or not
    Some[T]  at least one       Many[T]  any number

with `T` one of `str` (xs:string), `int` (the numbers), `datetime` (xs:dateTime), `SchemeValue` (SchemeValuePair) or another
`Element`. Cardinality is not in the Python type: what partners send often lacks what the schema demands, so every
child may be missing in a message read, and only the writer insists. `choice` states, in the notation of the standard, what
the other annotations cannot: which of several children may stand together.

Reader, writer, masked repr, reference page and test strategies are derived from `Element.TABLE` and `Element.CHOICE`.
Every compound ends with `Ext?` in the schema; it is read over and never written.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from string import ascii_letters
from typing import Annotated, Any, ClassVar, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

NAMESPACE = "http://www.niso.org/2008/ncip"


class Presence(enum.Enum):
    """How often a child occurs; the value is the sign of the content models."""

    ONE = ""
    OPTIONAL = "?"
    SOME = "+"
    MANY = "*"


class Privacy(enum.Enum):
    """What must never be shown: `SECRET` proves who someone is, `PERSONAL` tells who a reader is."""

    SECRET = "secret"  # noqa: S105 - the name of a mark, not a password
    PERSONAL = "personal"


class Kind(enum.Enum):
    """What a child contains; the value is the schema's type."""

    TEXT = "xs:string"
    INTEGER = "xs:integer"
    DATE = "xs:dateTime"
    FLAG = "empty"
    PAIR = "SchemeValuePair"
    COMPOUND = "element"


@dataclass(frozen=True, slots=True)
class Least:
    """The smallest value of an integer: 0 for xs:nonNegativeInteger, 1 for xs:positiveInteger."""

    value: int


T = TypeVar("T")
One = Annotated[T | None, Presence.ONE]
Opt = Annotated[T | None, Presence.OPTIONAL]
Some = Annotated[tuple[T, ...], Presence.SOME]
Many = Annotated[tuple[T, ...], Presence.MANY]
Flag = Annotated[bool, Presence.OPTIONAL]


class LocalProtocolError(Exception):
    """We tried to send what the schema forbids: a bug of ours."""


@dataclass(frozen=True, slots=True)
class SchemeValue:
    """A SchemeValuePair: a value, and the URI of the list that it is taken from (Z39.83-1, 2.02 schema)."""

    value: str
    scheme: str | None = None


@dataclass(frozen=True, slots=True)
class Child:
    """One row of a content model.

    `repeats`: the value is a tuple; `required`: the schema demands it whatever else is there; `letter`: what it is called in the
    expression of the choice that it belongs to, empty outside.
    """

    field: str
    tag: str
    kind: Kind
    presence: Presence
    model: type[Element] | None
    privacy: Privacy | None
    least: int | None
    letter: str
    repeats: bool
    required: bool


class Element:
    """Base of every element with children."""

    __slots__ = ()
    TABLE: ClassVar[tuple[Child, ...]] = ()
    CHOICE: ClassVar[str] = ""
    _CHOICE: ClassVar[re.Pattern[str]] = re.compile("")

    def __repr__(self) -> str:
        shown = (f"{row.field}={'***' if row.privacy else repr(value)}" for row, value in self.children())
        return f"{type(self).__name__}({', '.join(shown)})"

    def children(self) -> list[tuple[Child, Any]]:
        """Give the children that are there, in order; empty texts and tuples are not."""
        values = ((child, getattr(self, child.field)) for child in self.TABLE)
        return [(child, value) for child, value in values if value or type(value) is int]

    @classmethod
    def fits(cls, letters: str) -> bool:
        """Tell whether the children that stand for *letters* may be there together."""
        return bool(cls._CHOICE.fullmatch(letters))

    def valid_children(self) -> list[tuple[Child, Any]]:
        """Give the children that are there, in order; raises LocalProtocolError when the schema forbids that they are all."""
        found = []
        signature = ""
        for child in self.TABLE:
            value = getattr(self, child.field)
            if value or type(value) is int:
                found.append((child, value))
                signature += child.letter
            elif child.required:
                raise LocalProtocolError(f"{type(self).__name__} lacks {child.tag}")
        if not self._CHOICE.fullmatch(signature):
            raise LocalProtocolError(f"{type(self).__name__} must hold ({self.CHOICE})")
        return found


_E = TypeVar("_E", bound=Element)
_KINDS = {str: Kind.TEXT, int: Kind.INTEGER, datetime: Kind.DATE, bool: Kind.FLAG, SchemeValue: Kind.PAIR}
_NAME = re.compile(r"\w+")


def tag_of(field: str) -> str:
    """Give the element's name for a field's: `item_id` is `ItemId`."""
    return "".join(part[0].upper() + part[1:] for part in field.split("_"))


@dataclass_transform(kw_only_default=True, frozen_default=True)
def element(*, choice: str = "") -> Callable[[type[_E]], type[_E]]:
    """Make a class an element: a frozen dataclass with its table.

    *choice* lists, in the standard's notation and in the order of the fields, the children that exclude each other
    (`UserId | AuthenticationInput+`); a child named there is declared `Opt` or `Many`.
    """

    def declare(plain: type[_E]) -> type[_E]:
        cls = dataclass(frozen=True, kw_only=True, repr=False, slots=True)(plain)
        hints = get_type_hints(cls, include_extras=True)
        annotated = {name: hint for name, hint in hints.items() if get_origin(hint) is Annotated}
        letters = dict(zip(map(tag_of, annotated), ascii_letters, strict=False))
        chosen = {name: letters[name] for name in _NAME.findall(choice)}
        cls.TABLE = tuple(_child(name, hint, chosen) for name, hint in annotated.items())
        cls.CHOICE = choice
        cls._CHOICE = _expression(choice, chosen)
        return cls

    return declare


def _child(name: str, hint: Any, chosen: dict[str, str]) -> Child:
    held, *marks = get_args(hint)
    held = next((arg for arg in get_args(held) if arg not in (type(None), ...)), held)
    tag = tag_of(name)
    presence = next(mark for mark in marks if isinstance(mark, Presence))
    return Child(
        field=name,
        tag=tag,
        kind=_KINDS.get(held, Kind.COMPOUND),
        presence=presence,
        model=held if held not in _KINDS else None,
        privacy=next((mark for mark in marks if isinstance(mark, Privacy)), None),
        least=next((mark.value for mark in marks if isinstance(mark, Least)), None),
        letter=chosen.get(tag, ""),
        repeats=presence in {Presence.MANY, Presence.SOME},
        required=tag not in chosen and presence in {Presence.ONE, Presence.SOME},
    )


def _expression(choice: str, letters: dict[str, str]) -> re.Pattern[str]:
    """Turn a choice into an expression over one letter for each child present, however often it repeats."""
    text = _NAME.sub(lambda name: letters[name[0]], choice).replace("+", "").replace("*", "?")
    return re.compile(text.replace(",", "").replace(" ", ""))


def content_model(cls: type[Element]) -> str:
    """Show a class in the notation of the standard, `Ext?` left out."""
    shown: list[str] = []
    for child in cls.TABLE:
        text = f"({cls.CHOICE})" if child.letter else f"{child.tag}{child.presence.value}"
        if not shown or shown[-1] != text:
            shown.append(text)
    return f"({', '.join(shown)})"
