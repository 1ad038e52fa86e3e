"""What a message is: a frozen dataclass whose annotations are its table of columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple, dataclass_transform, get_args, get_origin, get_type_hints

from protocols.sip2.fields import Column, Since


class Row(NamedTuple):
    """One column of one message."""

    name: str
    column: Column
    required: bool
    repeatable: bool
    since: str


@dataclass_transform(kw_only_default=True, frozen_default=True)
class _Declared:
    """What makes the classes below frozen keyword-only dataclasses, for Python and for mypy."""


class Message(_Declared):
    """Base of every message.

    `CODE` is the two digits on the wire, `REPLY` the code of the response ("" for a response), `CHANGES` tells whether the
    request may change something, `SINCE` the version that brought it. `extensions` keeps the variable fields that the table
    does not know, as (identifier, value) in the order of the wire; they are written after the others.
    """

    CODE: ClassVar[str] = ""
    REPLY: ClassVar[str] = ""
    CHANGES: ClassVar[bool] = False
    SINCE: ClassVar[str] = "1.00"
    TABLE: ClassVar[tuple[Row, ...]] = ()
    BY_CODE: ClassVar[dict[str, type[Message]]] = {}
    _REQUIRED: ClassVar[frozenset[str]] = frozenset()
    _NAMES: ClassVar[frozenset[str]] = frozenset()
    _MADE: ClassVar[set[tuple[str, ...]]] = set()

    extensions: tuple[tuple[str, str], ...] = ()

    def __init_subclass__(cls, *, code: str, reply: str = "", changes: bool = False, since: str = "1.00") -> None:
        if code in Message.BY_CODE:
            raise TypeError(f"{code} is already {Message.BY_CODE[code].__name__}")
        cls.CODE, cls.REPLY, cls.CHANGES, cls.SINCE = code, reply, changes, since
        cls.TABLE = tuple(_rows(cls))
        cls._REQUIRED = frozenset(row.name for row in cls.TABLE if row.required)
        cls._NAMES = frozenset(row.name for row in cls.TABLE) | {"extensions"}
        cls._MADE = set()
        dataclass(init=False, frozen=True, kw_only=True, repr=False)(cls)
        Message.BY_CODE[code] = cls

    def __init__(self, **values: Any) -> None:
        # A frozen dataclass sets each of its fields, four times as slow for a message of 30 columns where ten are used;
        # the others are found as the class's defaults.
        names = tuple(values)
        if names not in self._MADE:  # as many as there are calls in the code: looking is faster than comparing sets
            if not self._REQUIRED <= values.keys() <= self._NAMES:
                raise TypeError(f"{type(self).__name__}: wrong columns {', '.join(values.keys() ^ self._REQUIRED)}")
            self._MADE.add(names)
        object.__setattr__(self, "__dict__", values)

    def __repr__(self) -> str:
        """Show what is set; secrets and readers' data are masked, of extensions only the identifiers are shown."""
        shown = [
            f"{row.name}={'***' if row.column.secret or row.column.personal else repr(value)}"
            for row in self.TABLE
            if (value := getattr(self, row.name)) not in {None, ()}
        ]
        if self.extensions:
            shown.append(f"extensions={' '.join(code for code, _ in self.extensions)!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


dataclass(init=False, frozen=True, kw_only=True, repr=False)(Message)


def _rows(cls: type[Message]) -> list[Row]:
    rows = []
    for name, hint in get_type_hints(cls, include_extras=True).items():
        specs = _specs(hint)
        column = next((spec for spec in specs if isinstance(spec, Column)), None)
        if column is not None:
            since = next((spec.version for spec in specs if isinstance(spec, Since)), cls.SINCE)
            rows.append(Row(name, column, not hasattr(cls, name), get_origin(hint) is tuple, since))
    return rows


def _specs(hint: Any) -> list[Any]:
    """Return everything that is annotated anywhere in *hint*."""
    if get_origin(hint) is Annotated:
        inner, *specs = get_args(hint)
        return specs + _specs(inner)
    return [spec for part in get_args(hint) for spec in _specs(part)]
