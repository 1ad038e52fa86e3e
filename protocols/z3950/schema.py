"""SEQUENCE and CHOICE as classes: the annotations of a class are its ASN.1 type, and its codec is derived from them.

::

    class Unit(Sequence):
        scale: Annotated[Integer | None, 4] = None         # scale [4] IMPLICIT INTEGER OPTIONAL
        system: Annotated[InternationalString, Explicit(1)]  # system [1] EXPLICIT InternationalString

The order of the fields is the order on the wire. A number is a context tag in place of the type's own (the tag on a
CHOICE is explicit by nature, X.680 31.2.7); ``| None`` is OPTIONAL; a str is the standard's name where it is not the
field's name in camel case; `SECRET` keeps a value out of every repr.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    NamedTuple,
    TypeVar,
    Union,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from protocols.z3950.asn1 import Codec, Contents, Reader, Writer, sequence_of, universal
from protocols.z3950.ber import long_identifier, long_length
from protocols.z3950.errors import LocalProtocolError, MalformedPdu

V = TypeVar("V")

MAX_UNKNOWN: Final = 16
"""Elements in one SEQUENCE that its table does not know; so many are passed over."""


@dataclass(frozen=True, slots=True)
class Explicit:
    """An explicit context tag."""

    number: int


class _Secret:
    """What must not be shown."""


SECRET: Final = _Secret()


class Field(NamedTuple):
    """One row of the table of a SEQUENCE or CHOICE."""

    name: str
    asn1_name: str
    codec: Codec
    optional: bool
    secret: bool


@dataclass_transform(kw_only_default=True, frozen_default=True)
class _Table:
    """Base of what is declared by annotations."""

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, kw_only=True, repr=False)(cls)

    def __repr__(self) -> str:
        shown = (
            f"{row.name}={'***' if row.secret else repr(value)}"
            for row in table(type(self))
            if (value := getattr(self, row.name)) is not None
        )
        return f"{type(self).__name__}({', '.join(shown)})"


class Sequence(_Table):
    """Base of every SEQUENCE; *universal* is its tag where it has another than SEQUENCE has."""

    UNIVERSAL_TAG: ClassVar[int]

    def __init_subclass__(cls, *, universal: int = 16) -> None:
        super().__init_subclass__()
        cls.UNIVERSAL_TAG = universal


class Choice(_Table):
    """Base of every CHOICE: all fields are optional, and exactly one has a value."""


def without_secrets(value: V) -> V:
    """Return *value* without what is secret in its tables and in those of its parts, which is optional wherever this is used."""
    if isinstance(value, tuple):
        return cast("V", tuple(map(without_secrets, value)))
    if not isinstance(value, _Table):
        return value
    rows = table(type(value))
    return type(value)(**{row.name: None if row.secret else without_secrets(getattr(value, row.name)) for row in rows})


def resolve(hint: Any) -> tuple[Codec, bool]:
    """Return the codec that the annotation *hint* stands for, and whether it is optional."""
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *marks = get_args(hint)
        codec, optional = (marks.pop(0), False) if isinstance(marks[0], Codec) else resolve(inner)
        for mark in marks:
            if isinstance(mark, int):
                codec = codec.tagged(mark)
            elif isinstance(mark, Explicit):
                codec = codec.explicit(mark.number)
        return codec, optional
    if origin in (Union, UnionType):
        (arm,) = (arm for arm in get_args(hint) if arm is not type(None))
        return resolve(arm)[0], True
    if origin is tuple:
        return sequence_of(resolve(get_args(hint)[0])[0]), False
    return codec_of(hint), False


def table(cls: type[_Table]) -> tuple[Field, ...]:
    """Return the rows of *cls*, in the order of the wire."""
    if cls not in _TABLES:
        _TABLES[cls] = tuple(_rows(cls))
    return _TABLES[cls]


def codec_of(cls: type[_Table]) -> Codec:
    """Return the codec of *cls*, compiled from its table."""
    if cls not in _CODECS:
        _CODECS[cls] = _sequence(cls) if issubclass(cls, Sequence) else _choice(cls)
    return _CODECS[cls]


_TABLES: Final[dict[type, tuple[Field, ...]]] = {}
_CODECS: Final[dict[type, Codec]] = {}


def _rows(cls: type[_Table]) -> Iterator[Field]:
    for name, hint in get_type_hints(cls, include_extras=True).items():
        if get_origin(hint) is not ClassVar:
            marks = getattr(hint, "__metadata__", ())
            head, *tail = name.split("_")
            camel = head + "".join(map(str.capitalize, tail))
            asn1_name = next((mark for mark in marks if isinstance(mark, str)), camel)
            yield Field(name, asn1_name, *resolve(hint), SECRET in marks)


def _sequence(cls: type[Sequence]) -> Codec:
    contents = Contents(_sequence_writer(cls), nested=_sequence_reader(cls))
    return universal(cls.__name__, cls.UNIVERSAL_TAG, contents, cls=cls)


def _made(cls: type[_Table], values: dict[str, Any]) -> Any:
    """Return an instance with *values*, which are checked.

    The constructor of a frozen dataclass sets its fields one by one and costs as much as all the reading; this sets
    them at once. A field left out is found as the attribute of the class that holds its default.
    """
    made = _new(cls)
    _set(made, "__dict__", values)
    return made


_new: Final = object.__new__
_set: Final = object.__setattr__


def _sequence_reader(cls: type[_Table]) -> Reader:
    """Return the reader of a SEQUENCE: one loop over the elements, and one look into a dict for each."""
    rows = table(cls)
    slots = {
        ident: (place, row.name, reader)
        for place, row in enumerate(rows)
        for ident, reader in row.codec.readers.items()
    }
    required = frozenset(row.name for row in rows if not row.optional)

    def read(data: bytes, at: int, end: int) -> Any:
        values: dict[str, Any] = {}
        last = -1
        unknown = 0
        while at < end:
            # The header is read here, not by ber.header: this is the innermost loop of every PDU.
            ident = data[at]
            if ident & 0x1F != 0x1F:
                at += 1
            elif data[at + 1] < 0x80:
                ident = ident << 8 | data[at + 1]
                at += 2
            else:
                ident, at = long_identifier(data, at)
            size = data[at]
            at += 1
            if size >= 0x80:
                size, at = long_length(data, at, size)
            stop = at + size
            if stop > end:
                raise MalformedPdu(f"an element of {cls.__name__} is longer than it")
            slot = slots.get(ident)
            if slot is not None:
                place, name, reader = slot
                if place <= last:
                    raise MalformedPdu(f"{name} of {cls.__name__} stands twice or out of order")
                last = place
                values[name] = reader(data, at, stop)
            else:
                unknown += 1
                if unknown > MAX_UNKNOWN:
                    raise MalformedPdu(f"more than {MAX_UNKNOWN} unknown elements in {cls.__name__}")
            at = stop
        if not required <= values.keys():
            raise MalformedPdu(f"{cls.__name__} lacks {', '.join(sorted(required - values.keys()))}")
        return _made(cls, values)

    return read


def _sequence_writer(cls: type[_Table]) -> Writer:
    rows = [(row.name, row.codec.write, row.optional) for row in table(cls)]

    def write(value: Any) -> bytes:
        parts = []
        for name, write_field, optional in rows:
            part = getattr(value, name)
            if part is not None:
                parts.append(write_field(part))
            elif not optional:
                raise LocalProtocolError(f"{cls.__name__} lacks {name}")
        return b"".join(parts)

    return write


def _choice(cls: type[_Table]) -> Codec:
    rows = table(cls)
    writers = {row.name: row.codec.write for row in rows}

    def alternative(name: str, reader: Reader) -> Reader:
        return lambda data, at, end: _made(cls, {name: reader(data, at, end)})

    def write(value: Any) -> bytes:
        name, chosen = alternative_of(value)
        return writers[name](chosen)

    readers: dict[int, Reader] = {}
    for row in rows:
        for ident, reader in row.codec.readers.items():
            readers.setdefault(ident, alternative(row.name, reader))  # the first of two spellings of one alternative
    return Codec(cls.__name__, cls.__name__, readers, write, cls=cls)


def alternative_of(value: Choice) -> tuple[str, Any]:
    """Return the name and the value of the alternative that *value* has. Raises LocalProtocolError unless it has one."""
    chosen = [(row.name, part) for row in table(type(value)) if (part := getattr(value, row.name)) is not None]
    if len(chosen) != 1:
        raise LocalProtocolError(f"{type(value).__name__} has {len(chosen)} alternatives instead of one")
    return chosen[0]
