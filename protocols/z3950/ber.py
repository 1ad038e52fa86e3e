"""BER for Z39.50 (ITU-T X.690 clause 8): identifiers, lengths, elements.

In: all legal BER. A short, long or padded definite length, an indefinite length at any depth, strings in segments,
tags of up to three further octets, a BOOLEAN of any non-zero octet, an INTEGER of up to eight octets.
Out: definite lengths in their shortest form.

Readers know definite lengths only. Where one meets an indefinite length it raises `Indefinite`; whoever began the
reading then rewrites the value once with `definite` and begins again (`asn1.Codec.decode`, `rpn`). So the paths that
nearly every peer takes stay plain, and there is one place, without recursion, that follows indefinite values.

An identifier is written here as the number that its octets make: 0x30, 0xA1, 0x9F2D, 0xBF8149.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from protocols.z3950.errors import LimitExceeded, MalformedPdu

CONTEXT: Final = 0x80
CONSTRUCTED: Final = 0x20

MAX_ELEMENTS: Final = 20_000
"""Elements that are walked through in one value of indefinite length."""
_LONGEST_IDENTIFIER: Final = 4


class Indefinite(Exception):
    """A length of the indefinite form stands where a reader of definite lengths looks."""


def identifier(number: int, flags: int = CONTEXT) -> int:
    """Return the identifier of tag *number* with the class and form bits *flags*, as the number its octets make."""
    if number < 31:
        return flags | number
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(number & 0x7F | 0x80)
    return int.from_bytes([flags | 0x1F, *reversed(octets)])


def constructed(ident: int) -> int:
    """Return *ident* with the bit that says: my contents are elements."""
    return ident | CONSTRUCTED << (octet_count(ident) - 1) * 8


def octet_count(number: int) -> int:
    """Return how many octets the non-negative *number* takes, at least one."""
    return (number.bit_length() + 7) // 8 or 1


def octets(number: int) -> bytes:
    """Return the non-negative *number* in its fewest octets."""
    return number.to_bytes(octet_count(number))


_LENGTHS: Final = tuple(bytes((n,)) for n in range(128)) + tuple(bytes((0x81, n)) for n in range(128, 256))


def length(size: int) -> bytes:
    """Return the length octets for contents of *size* octets."""
    if size < 256:
        return _LENGTHS[size]
    if size < 65536:
        return b"\x82" + size.to_bytes(2)
    count = octet_count(size)
    return bytes((0x80 | count,)) + size.to_bytes(count)


def tlv(ident: int, contents: bytes) -> bytes:
    """Return a whole element."""
    return octets(ident) + length(len(contents)) + contents


def long_length(data: bytes | bytearray, at: int, first: int) -> tuple[int, int]:
    """Read the length whose *first* octet, of the long form, stands before *at*: its value, and where contents begin.

    Raises Indefinite, MalformedPdu; IndexError when *data* ends before.
    """
    count = first & 0x7F
    if count == 0:
        raise Indefinite
    if count == 0x7F:
        raise MalformedPdu("a length begins with the reserved octet FF")
    if at + count > len(data):
        raise IndexError
    return int.from_bytes(data[at : at + count]), at + count


def long_identifier(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """Read the identifier of more than one octet at *at*, and where the length begins.

    Raises MalformedPdu; IndexError when *data* ends before.
    """
    ident = data[at]
    octet = 0x80
    while octet & 0x80:
        at += 1
        octet = data[at]
        ident = ident << 8 | octet
        if ident >> 8 * _LONGEST_IDENTIFIER:
            raise MalformedPdu("a tag number is longer than three octets")
    return ident, at + 1


def header(data: bytes | bytearray, at: int) -> tuple[int, int, int]:
    """Read the header at *at*: the identifier, where the contents begin, how many octets they are (-1: indefinite).

    Raises MalformedPdu; IndexError when *data* ends inside the header.
    """
    ident = data[at]
    ident, at = long_identifier(data, at) if ident & 0x1F == 0x1F else (ident, at + 1)
    size = data[at]
    at += 1
    if size == 0x80:
        return ident, at, -1
    if size & 0x80:
        size, at = long_length(data, at, size)
    return ident, at, size


def is_constructed(ident: int) -> bool:
    """Tell whether the contents of *ident* are elements."""
    return bool(ident >> (octet_count(ident) - 1) * 8 & CONSTRUCTED)


def element(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Read the header of the element at *at*, which must end by *end*: identifier, begin and end of the contents.

    Raises Indefinite, MalformedPdu.
    """
    try:
        ident, start, size = header(data, at)
    except IndexError:
        raise MalformedPdu("an element ends inside its header") from None
    if size < 0:
        raise Indefinite
    if start + size > end:
        raise MalformedPdu("an element is longer than what holds it")
    return ident, start, start + size


@dataclass(slots=True)
class _Open:
    """A constructed element that is being rewritten."""

    ident: int
    place: int  # of its header in what is written
    bound: int  # no element inside reaches beyond
    indefinite: bool
    size: int = 0  # of the contents written so far


def definite(data: bytes) -> bytes:
    """Rewrite one whole element, and all inside it, with definite lengths in their shortest form.

    One pass and no recursion: deep nesting costs no more than its octets. Raises MalformedPdu, LimitExceeded.
    """
    out: list[bytes] = []
    root = _Open(0, 0, len(data), indefinite=False)
    stack = [root]
    at = 0
    try:
        for _ in range(MAX_ELEMENTS):
            ident, start, size = header(data, at)
            top = stack[-1]
            if ident == 0 or start + size > top.bound:
                raise MalformedPdu("an element is longer than what holds it, or ends what was not open")
            if not is_constructed(ident):
                if size < 0:
                    raise MalformedPdu("an indefinite length on a primitive value")
                out += octets(ident) + length(size), data[start : start + size]
                top.size += len(out[-2]) + size
                at = start + size
            else:
                stack.append(_Open(ident, len(out), start + size if size >= 0 else top.bound, indefinite=size < 0))
                out.append(b"")
                at = start
            while (top := stack[-1]) is not root and (
                data[at : at + 2] == b"\0\0" if top.indefinite else at == top.bound
            ):
                stack.pop()
                at += 2 * top.indefinite
                out[top.place] = octets(top.ident) + length(top.size)
                stack[-1].size += len(out[top.place]) + top.size
            if top is root:
                break
        else:
            raise LimitExceeded(f"more than {MAX_ELEMENTS} elements in one value")
    except IndexError:
        raise MalformedPdu("a value ends inside an element") from None
    if at != len(data):
        raise MalformedPdu("octets follow the value")
    return b"".join(out)
