"""The ASN.1 types that the tables of `apdu` are made of: how the octets of one type become a Python value, and back.

===================  ===================================================================================
BOOLEAN, NULL        bool (a NULL that is there is True)
INTEGER              int of at most eight octets
BIT STRING           int; bit *n* of the standard (the first is 0) is worth ``1 << n``
OCTET STRING         bytes
OBJECT IDENTIFIER    str, dotted decimal
the string types     str; octets that are not UTF-8 are read as ISO 8859-1, UTF-8 is written
ANY                  bytes: one whole element, as it came
SEQUENCE OF          tuple
SEQUENCE, CHOICE     an instance of its class (`schema`)
===================  ===================================================================================

A `Codec` stands in an annotation: ``OctetString = Annotated[bytes, Codec]``; tagging a type makes another of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated, Any, Final

from protocols.z3950.ber import Indefinite, constructed, definite, element, identifier, length, octets, tlv
from protocols.z3950.errors import LocalProtocolError, MalformedPdu

Reader = Callable[[bytes, int, int], Any]
"""Reads contents, given the octets and the places where they begin and end. May raise MalformedPdu, Indefinite and,
where the octets end before, IndexError."""
Writer = Callable[[Any], bytes]

UNIVERSAL: Final = 0
MAX_ITEMS: Final = 5_000
"""Members of one SEQUENCE OF."""
_MAX_SEGMENT_DEPTH: Final = 16
_MAX_INTEGER: Final = 8
_MAX_BIT_STRING: Final = 33
_MAX_OID: Final = 64


@dataclass(frozen=True, slots=True)
class Contents:
    """What is inside an element of one type; *nested* reads the form whose contents are elements."""

    write: Writer
    primitive: Reader | None = None
    nested: Reader | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Codec:
    """How one type is read and written.

    *readers*: by identifier; *write*: a value to its whole element; *label*: its notation; *contents*: None for a
    CHOICE, which has the tags of its alternatives and none of its own; *item*: what a SEQUENCE OF is made of.
    """

    name: str
    label: str
    readers: Mapping[int, Reader]
    write: Writer
    contents: Contents | None = None
    item: Codec | None = None
    cls: type | None = None

    def tagged(self, number: int) -> Codec:
        """Return this type under a context tag instead of its own; a CHOICE is put inside the tag (X.680 31.2.7)."""
        if self.contents is None:
            return self.explicit(number)
        return self._under(number, self.contents, f"[{number}] {self.label}")

    def explicit(self, number: int) -> Codec:
        """Return this type, with its own tag, inside an element with a context tag."""

        def read(data: bytes, at: int, end: int) -> Any:
            ident, start, stop = element(data, at, end)
            reader = self.readers.get(ident)
            if reader is None or stop != end:
                raise MalformedPdu(f"[{number}] does not hold one {self.name}")
            return reader(data, start, stop)

        return self._under(number, Contents(self.write, nested=read), f"[{number}] EXPLICIT {self.label}")

    def _under(self, number: int, contents: Contents, label: str) -> Codec:
        readers, write = _element_of(identifier(number), contents)
        return replace(self, label=label, readers=readers, write=write, contents=contents)

    def decode(self, data: bytes) -> Any:
        """Read *data*, one whole element of this type. Raises RemoteProtocolError and nothing else."""
        try:
            return self._decode(data)
        except Indefinite:
            return self._decode(definite(data))

    def _decode(self, data: bytes) -> Any:
        ident, start, stop = element(data, 0, len(data))
        reader = self.readers.get(ident)
        if reader is None or stop != len(data):
            raise MalformedPdu(f"these octets are not one {self.name}")
        try:
            return reader(data, start, stop)
        except IndexError:
            raise MalformedPdu(f"{self.name} ends inside an element") from None

    def encode(self, value: Any) -> bytes:
        """Write *value* as one whole element. Raises LocalProtocolError."""
        try:
            return self.write(value)
        except ValueError as error:  # among them text that the string type cannot hold
            raise LocalProtocolError(f"{self.name}: {error}") from error


def _element_of(ident: int, contents: Contents) -> tuple[Mapping[int, Reader], Writer]:
    """Return readers and writer of an element that has *contents* under the identifier *ident*."""
    forms = ((ident, contents.primitive), (constructed(ident), contents.nested))
    head = octets(ident if contents.primitive else constructed(ident))
    inside = contents.write

    def write(value: Any) -> bytes:
        body = inside(value)
        return head + length(len(body)) + body

    return {form: reader for form, reader in forms if reader}, write


def universal(name: str, number: int, contents: Contents, item: Codec | None = None, cls: type | None = None) -> Codec:
    """Return the type *name* under its universal tag."""
    readers, write = _element_of(identifier(number, UNIVERSAL), contents)
    return Codec(name, name, readers, write, contents, item, cls)


def sequence_of(item: Codec) -> Codec:
    """Return SEQUENCE OF *item*."""

    def read(data: bytes, at: int, end: int) -> tuple[Any, ...]:
        items = []
        readers = item.readers
        while at < end:
            ident, start, at = element(data, at, end)
            reader = readers.get(ident)
            if reader is None:
                raise MalformedPdu(f"a SEQUENCE OF {item.name} holds something else")
            items.append(reader(data, start, at))
            if len(items) > MAX_ITEMS:
                raise MalformedPdu(f"more than {MAX_ITEMS} {item.name}")
        return tuple(items)

    def write(values: tuple[Any, ...]) -> bytes:
        return b"".join(map(item.write, values))

    made = universal("SEQUENCE OF", 16, Contents(write, nested=read), item)
    return replace(made, label=f"SEQUENCE OF {item.label}")


def _segments(data: bytes, at: int, end: int) -> list[bytes]:
    """Return the segments of a string whose contents are elements, strings in segments themselves (X.690 8.7.3)."""
    found = []
    ends = [end]
    while ends:
        if at == ends[-1]:
            ends.pop()
            continue
        ident, start, stop = element(data, at, ends[-1])
        if ident in _STRING_TAGS:
            found.append(data[start:stop])
            at = stop
        elif ident & ~0x20 in _STRING_TAGS and len(ends) < _MAX_SEGMENT_DEPTH:
            ends.append(stop)
            at = start
        else:
            raise MalformedPdu("a string in segments holds something else, or is nested too deeply")
    return found


def _read_boolean(data: bytes, at: int, end: int) -> bool:
    if end - at != 1:
        raise MalformedPdu("a BOOLEAN is one octet")
    return data[at] != 0


def _read_integer(data: bytes, at: int, end: int) -> int:
    if not 0 < end - at <= _MAX_INTEGER:
        raise MalformedPdu(f"an INTEGER is one to {_MAX_INTEGER} octets here")
    return int.from_bytes(data[at:end], signed=True)


def _write_integer(value: int) -> bytes:
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    if size > _MAX_INTEGER:
        raise ValueError(f"an INTEGER is at most {_MAX_INTEGER} octets here")
    return value.to_bytes(size, signed=True)


def _bits(contents: bytes) -> int:
    if not 0 < len(contents) <= _MAX_BIT_STRING or contents[0] > 7 or (contents[0] and len(contents) == 1):
        raise MalformedPdu(
            f"a BIT STRING is a count of unused bits, 0 to 7, and at most {_MAX_BIT_STRING - 1} octets here"
        )
    width = (len(contents) - 1) * 8
    value = int.from_bytes(contents[1:]) >> contents[0] << contents[0]
    return int(f"{value:0{width}b}"[::-1], 2) if width else 0


def _read_bit_string(data: bytes, at: int, end: int) -> int:
    return _bits(data[at:end])


def _join_bit_string(data: bytes, at: int, end: int) -> int:
    segments = _segments(data, at, end)
    if not segments or any(segment[:1] != b"\0" for segment in segments[:-1]):
        raise MalformedPdu("a BIT STRING in segments has unused bits before its end")
    return _bits(segments[-1][:1] + b"".join(segment[1:] for segment in segments))


def _write_bit_string(value: int) -> bytes:
    if value < 0 or value.bit_length() >= _MAX_BIT_STRING * 8 - 7:
        raise ValueError("not the value of a BIT STRING")
    width = -(-value.bit_length() // 8) * 8
    if not width:
        return b"\0"
    return bytes((width - value.bit_length(),)) + int(f"{value:0{width}b}"[::-1], 2).to_bytes(width // 8)


@lru_cache(1024)
def _oid_text(contents: bytes) -> str:
    if not 0 < len(contents) <= _MAX_OID or contents[-1] & 0x80:
        raise MalformedPdu(f"an OBJECT IDENTIFIER is one to {_MAX_OID} octets here, the last of them below 80")
    arcs = []
    arc = 0
    for octet in contents:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def _read_oid(data: bytes, at: int, end: int) -> str:
    return _oid_text(data[at:end])


@lru_cache(1024)
def _write_oid(value: str) -> bytes:
    first, second, *rest = map(int, value.split("."))
    if not (0 <= first <= 2 and second >= 0 and (second < 40 or first == 2) and min(rest, default=0) >= 0):
        raise ValueError(f"{value} is no OBJECT IDENTIFIER")
    out = bytearray()
    for arc in (first * 40 + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(arc & 0x7F | 0x80)
        out += bytes(reversed(digits))
    if len(out) > _MAX_OID:
        raise ValueError(f"{value} is too long for an OBJECT IDENTIFIER")
    return bytes(out)


def _read_null(data: bytes, at: int, end: int) -> bool:
    if at != end:
        raise MalformedPdu("a NULL has no contents")
    return True


def _text(contents: bytes) -> str:
    try:
        return contents.decode()
    except UnicodeDecodeError:
        return contents.decode("latin-1")


def _string(name: str, number: int, charset: str = "utf-8") -> Codec:
    return universal(
        name,
        number,
        Contents(
            write=lambda value: value.encode(charset),
            primitive=lambda data, at, end: _text(data[at:end]),
            nested=lambda data, at, end: _text(b"".join(_segments(data, at, end))),
        ),
    )


def _whole_element(data: bytes, at: int, end: int) -> bytes:
    if element(data, at, end)[2] != end:
        raise MalformedPdu("octets follow the element")
    return data[at:end]


def encoded(name: str, *idents: int) -> Codec:
    """Return the type *name*, begun by one of *idents*, whose value is its whole element as bytes.

    For what is read later or not at all: records, which are many, and types that hold themselves.
    """

    def reader(ident: int) -> Reader:
        return lambda data, at, end: tlv(ident, data[at:end])

    return Codec(name, name, {ident: reader(ident) for ident in idents}, bytes)


_OCTETS: Final = Contents(
    write=bytes,
    primitive=lambda data, at, end: data[at:end],
    nested=lambda data, at, end: b"".join(_segments(data, at, end)),
)
_NULL: Final = Contents(write=lambda _: b"", primitive=_read_null)
_BITS: Final = Contents(_write_bit_string, primitive=_read_bit_string, nested=_join_bit_string)
_STRING_TAGS: Final = frozenset({0x03, 0x04, 0x1A, 0x1B})

# TRUE is any octet but 0: 1, because old clients show it, or compare it, as a number.
Boolean = Annotated[bool, universal("BOOLEAN", 1, Contents(lambda value: b"\x01" if value else b"\0", _read_boolean))]
Integer = Annotated[int, universal("INTEGER", 2, Contents(_write_integer, _read_integer))]
BitString = Annotated[int, universal("BIT STRING", 3, _BITS)]
OctetString = Annotated[bytes, universal("OCTET STRING", 4, _OCTETS)]
Null = Annotated[bool, universal("NULL", 5, _NULL)]
ObjectIdentifier = Annotated[str, universal("OBJECT IDENTIFIER", 6, Contents(_write_oid, _read_oid))]
ObjectDescriptor = Annotated[str, _string("ObjectDescriptor", 7)]
GeneralizedTime = Annotated[str, _string("GeneralizedTime", 24, "ascii")]
VisibleString = Annotated[str, _string("VisibleString", 26, "ascii")]
InternationalString = Annotated[str, _string("InternationalString", 27)]
AnyType = Annotated[bytes, universal("ANY", 0, Contents(bytes, nested=_whole_element))]
"""Only under an explicit tag: the element inside it, whole."""
