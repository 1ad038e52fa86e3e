"""The parser of all XML that strangers send: bytes from a stranger to a small tree, or a reason why not.

Expat, not libxml2: libxml2's name dictionary is shared by all documents of a thread and never shrinks (lxml 6.1: 17 MB of
invented element names left 27 MB behind for good), so anyone who may post could fill the memory. Expat forgets a document with
its parser, and its callbacks stop at a limit before anything is built.

What is refused, before the parser sees it: too many bytes, an encoding not in `ENCODINGS`, a DOCTYPE with an internal subset. A
bare external DOCTYPE (NCIP 1.0 has one) is cut out and never fetched, so that no entity but the five of XML can be defined.
Refused while parsing: too many elements, too deep nesting. Control characters before and after the document are stripped.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

SEPARATOR = "\x1f"
"""Between namespace and local name in a tag; no XML document can hold it."""


class UnsafeXMLError(Exception):
    """The bytes are not a document that we read; the text says why and repeats none of them."""


class TooLargeError(UnsafeXMLError):
    """More than we are willing to hold or walk: bytes, elements or levels."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one document: octets, elements, levels of nesting."""

    size: int = 1 << 20
    elements: int = 20_000
    depth: int = 64


LIMITS = Limits()
"""The bounds of whoever sets none."""


@dataclass(slots=True)
class Node:
    """One element: tag with its namespace, attributes alike, own text, children."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Node] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The local name."""
        return self.tag.rpartition(SEPARATOR)[2]


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document; `prefix` is the one written at the root, empty when there was none."""

    root: Node
    prefix: str


ENCODINGS = {
    "ascii": "ascii", "us-ascii": "ascii", "utf-8": "utf-8", "utf8": "utf-8", "utf-16": "utf-16", "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be", "iso-8859-1": "iso-8859-1", "latin-1": "iso-8859-1", "latin1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15", "windows-1252": "cp1252", "cp1252": "cp1252",
}  # fmt: skip
"""Encoding as declared, in small letters -> codec."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<\0", "utf-16-be"),
)
_CONTROLS = "".join(map(chr, range(0x21)))
_DECLARED = re.compile(rb"""[\0-\x20]*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_PROLOG = re.compile(r"(?>\s+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_LITERAL = r"""(?:"[^"]*"|'[^']*')"""
_DOCTYPE = re.compile(rf"<!DOCTYPE\s+[^\s<>\[\]]+(?:\s+(?:PUBLIC\s+{_LITERAL}\s+|SYSTEM\s+){_LITERAL})?\s*>")
_ROOT_PREFIX = re.compile(r"<([^\s:<>/=\"'&]{1,100}):")


def parse(data: bytes, *, charset: str | None = None, limits: Limits = LIMITS) -> Document:
    """Parse one document; *charset* is what the transport says, used when the document says nothing.

    Raises UnsafeXMLError, TooLargeError when a limit was met, and nothing else.
    """
    if len(data) > limits.size:
        raise TooLargeError(f"the message has more than {limits.size} octets")
    text = _decode(data, charset).strip(_CONTROLS)
    start = _after_prolog(text, 0)
    if text.startswith("<!DOCTYPE", start):
        doctype = _DOCTYPE.match(text, start)
        if doctype is None:
            raise UnsafeXMLError("document type declarations with a subset are refused")
        start = _after_prolog(text, doctype.end())
    prefix = _ROOT_PREFIX.match(text, start)
    return Document(_tree(text[start:].encode(), limits), prefix[1] if prefix else "")


def _after_prolog(text: str, start: int) -> int:
    """Skip the XML declaration, comments, processing instructions and space."""
    skipped = _PROLOG.match(text, start)
    return skipped.end() if skipped else start


def _decode(data: bytes, charset: str | None) -> str:
    codec = next((codec for mark, codec in _MARKS if data.startswith(mark)), None)
    if codec is None:
        declared = _DECLARED.match(data)
        codec = ENCODINGS.get((declared[1].decode() if declared else charset or "utf-8").lower())
        if codec is None:
            raise UnsafeXMLError("the encoding is not one that is read here")
        if codec.startswith("utf-16"):  # a document in UTF-16 begins with one of the marks: the declaration is wrong
            codec = "utf-8"
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        raise UnsafeXMLError("the octets are not of the encoding declared") from None


def _tree(data: bytes, limits: Limits) -> Node:
    top = Node("", {})
    stack = [top]
    left = limits.elements

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal left
        left -= 1
        if left < 0 or len(stack) > limits.depth:
            raise TooLargeError(f"the message has more than {limits.elements} elements or {limits.depth} levels")
        node = Node(tag, attributes)
        stack[-1].children.append(node)
        stack.append(node)

    def end(_tag: str) -> None:
        stack.pop()

    def characters(text: str) -> None:
        stack[-1].text += text

    parser = expat.ParserCreate("utf-8", SEPARATOR)
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise UnsafeXMLError(f"not well-formed XML: {expat.ErrorString(error.code)}") from None
    return top.children[0]


def _refuse(*_declaration: object) -> NoReturn:
    raise UnsafeXMLError("document type declarations are refused")
