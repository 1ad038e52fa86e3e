"""BER as this kit writes and reads it: nothing of ours, so that a mistake of our codec is not on both sides.

What is sent is a tree of `Node`, written in any `Style` that the standard allows (X.690 8), the usual and the unusual.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

_DEPTH: Final = 100
"""Levels that are read: an answer is no deeper."""

OCTETS: Final = 4
NULL: Final = 5
OID: Final = 6
EXTERNAL: Final = 8
SEQUENCE: Final = 16
VISIBLE: Final = 26
GENERAL: Final = 27


class BerError(Exception):
    """What was read is no BER; the text says why."""


@dataclass(frozen=True, slots=True)
class Node:
    """A tag, and what it holds: octets, or other nodes. *text* marks strings, which may be sent in pieces; *truth* a BOOLEAN."""

    tag: int
    content: bytes | tuple[Node, ...]
    universal: bool = False
    text: bool = False
    truth: bool = False

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes inside. Raises BerError."""
        if isinstance(self.content, bytes):
            raise BerError(f"{self.name} is primitive")
        return self.content

    @property
    def octets(self) -> bytes:
        """The octets inside, put together where they came in pieces."""
        if isinstance(self.content, bytes):
            return self.content
        return b"".join(each.octets for each in self.content)

    @property
    def only(self) -> Node:
        """The one node inside. Raises BerError."""
        if len(self.nodes) != 1:
            raise BerError(f"{self.name} holds {len(self.nodes)} elements, not one")
        return self.nodes[0]

    @property
    def name(self) -> str:
        """The tag as people write it."""
        return f"UNIVERSAL {self.tag}" if self.universal else f"[{self.tag}]"

    def get(self, tag: int, *, universal: bool = False) -> Node | None:
        """Return the first node inside with a tag."""
        return next((each for each in self.nodes if each.tag == tag and each.universal is universal), None)


Content: TypeAlias = "int | bool | bytes | str | Node | Iterable[Node]"


def context(tag: int, content: Content, *, text: bool = False) -> Node:
    """Return a node with a context tag: a number, a truth value, octets, a string, or other nodes."""
    if isinstance(content, bool):
        return Node(tag, b"\xff" if content else b"\x00", truth=True)
    if isinstance(content, int):
        return Node(tag, integer_octets(content))
    if isinstance(content, str):
        return Node(tag, content.encode(), text=True)
    if isinstance(content, bytes):
        return Node(tag, content, text=text)
    return Node(tag, (content,) if isinstance(content, Node) else tuple(content))


def universal(tag: int, content: Content) -> Node:
    """Return a node with a universal tag."""
    made = context(tag, content)
    return Node(tag, made.content, universal=True, text=tag in {OCTETS, VISIBLE, GENERAL}, truth=made.truth)


def sequence(*nodes: Node) -> Node:
    """Return a SEQUENCE."""
    return Node(SEQUENCE, nodes, universal=True)


def integer_octets(value: int) -> bytes:
    """Return an INTEGER's octets, as few as there can be."""
    return value.to_bytes((value + (value < 0)).bit_length() // 8 + 1, "big", signed=True)


def bits(*numbers: int) -> bytes:
    """Return the octets of a BIT STRING in which the bits of these numbers are set."""
    size = max(numbers, default=0) + 1
    value = sum(1 << (-size % 8 + size - 1 - number) for number in set(numbers))
    return bytes([-size % 8]) + value.to_bytes((size + 7) // 8, "big")


def bits_of(octets: bytes) -> frozenset[int]:
    """Return the numbers of the bits that are set in a BIT STRING. Raises BerError."""
    if not octets or octets[0] > 7 or (octets[0] and len(octets) == 1):
        raise BerError(f"{octets.hex()} is no BIT STRING")
    number = 8 * (len(octets) - 1) - octets[0]
    return frozenset(at for at in range(number) if octets[1 + at // 8] & 0x80 >> at % 8)


def oid_octets(text: str) -> bytes:
    """Return the octets of an OBJECT IDENTIFIER."""
    first, second, *rest = map(int, text.split("."))
    return b"".join(map(_base_128, [40 * first + second, *rest]))


def oid_text(octets: bytes) -> str:
    """Read an OBJECT IDENTIFIER. Raises BerError."""
    if not octets or octets[-1] & 0x80:
        raise BerError(f"{octets.hex()} is no OBJECT IDENTIFIER")
    arcs, value = [], 0
    for octet in octets:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))


def _base_128(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


# --- writing ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Style:
    """One of the ways in which the same may be written: all of them are legal."""

    indefinite: bool = False
    padding: int = 0
    """Octets of zero before a definite length."""
    pieces: int = 0
    """Octets of a string in one piece; 0 sends strings whole."""
    true: int = 0xFF


PLAIN: Final = Style()


def written(node: Node, style: Style = PLAIN) -> bytes:
    """Return a tree as octets."""
    content, constructed = node.content, not isinstance(node.content, bytes)
    if isinstance(content, bytes):
        if node.truth and content != b"\x00":
            content = bytes([style.true])
        if node.text and style.pieces and content:
            parts = [content[at : at + style.pieces] for at in range(0, len(content), style.pieces)]
            content, constructed = tuple(Node(OCTETS, part, universal=True) for part in parts), True
    if isinstance(content, tuple):
        content = b"".join(written(each, style) for each in content)
    head = _identifier(node, constructed=constructed)
    if constructed and style.indefinite:
        return head + b"\x80" + content + b"\x00\x00"
    return head + length(len(content), style.padding) + content


def _identifier(node: Node, *, constructed: bool) -> bytes:
    first = (0 if node.universal else 0x80) | 0x20 * constructed
    return bytes([first | node.tag]) if node.tag < 31 else bytes([first | 31]) + _base_128(node.tag)  # X.690 8.1.2.4


def length(number: int, padding: int = 0) -> bytes:
    """Return a definite length; with *padding* one that is longer than it need be."""
    if number < 0x80 and not padding:
        return bytes([number])
    octets = bytes(padding) + number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")
    return bytes([0x80 | len(octets)]) + octets


# --- reading ------------------------------------------------------------------------------------------------------------


class Incomplete(Exception):
    """The octets end before the value does."""


def read(octets: bytes, at: int = 0, depth: int = 0) -> tuple[Node, int]:
    """Read the value that begins at a place; return it and the place behind it. Raises BerError, Incomplete."""
    if depth > _DEPTH:
        raise BerError(f"more than {_DEPTH} levels")
    first, tag, at = _tag(octets, at)
    end, at = _length(octets, at)
    known, constructed = not first & 0xC0, first & 0x20
    if not constructed:
        if end is None:
            raise BerError("a primitive value of indefinite length")
        if end > len(octets):
            raise Incomplete
        return Node(tag, bytes(octets[at:end]), known), end
    inside: list[Node] = []
    while end is None or at < end:
        if end is None and octets[at : at + 2] == b"\x00\x00":
            return Node(tag, tuple(inside), known), at + 2
        node, at = read(octets, at, depth + 1)
        inside.append(node)
    if at != end:
        raise BerError(f"the values in [{tag}] are longer than it")
    return Node(tag, tuple(inside), known), at


def size_of(octets: bytes) -> int:
    """Return how long the value at the start is, from its first octets; 0 where its length is indefinite, or not there yet."""
    try:
        end, _ = _length(octets, _tag(octets, 0)[2])
    except Incomplete:
        return 0
    return end or 0


def _tag(octets: bytes, at: int) -> tuple[int, int, int]:
    if at >= len(octets):
        raise Incomplete
    first = octets[at]
    tag, at = first & 0x1F, at + 1
    if tag == 0x1F:  # X.690 8.1.2.4: the number follows
        tag = 0
        while True:
            if at >= len(octets):
                raise Incomplete
            tag, at = tag << 7 | octets[at] & 0x7F, at + 1
            if not octets[at - 1] & 0x80:
                break
            if tag > 0xFFFFFF:
                raise BerError("a tag without an end")
    return first, tag, at


def _length(octets: bytes, at: int) -> tuple[int | None, int]:
    if at >= len(octets):
        raise Incomplete
    first, at = octets[at], at + 1
    if first < 0x80:
        return at + first, at
    if first == 0x80:
        return None, at
    number = first & 0x7F
    if at + number > len(octets):
        raise Incomplete
    size = int.from_bytes(octets[at : at + number], "big")
    if size > 1 << 30:
        raise BerError(f"a length of {size}")
    return at + number + size, at + number
