"""NCIP on a line without lengths: documents one after the other, each ending with its root (Z39.83-2 over TCP).

Expat finds the ends, and nothing is built: what is in a document is the reader's to judge. Expat begins an unfinished tag anew with
each piece that it is fed, so it is fed only what may end something, and no oftener than a budget of octets allows.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn
from xml.parsers import expat

from protocols.xmlsafe import LIMITS

_GAP: Final = b" \t\r\n\x04"
_BEGINNINGS: Final = frozenset(b"<\xef\xff\xfe\0")
"""First octets of a document: markup, or the mark of an encoding."""
_PIECE: Final = 1 << 16
_REREAD: Final = 1 << 26
"""Octets that are kept back for the next feeding at most, and that may be looked at again in one document."""


class BrokenLineError(Exception):
    """What came cannot be told apart into documents any longer: say so, and close the line."""


class Session:
    """One side of a line. *size* bounds a document, in octets."""

    def __init__(self, size: int = LIMITS.size) -> None:
        self._size = size
        self._begin()

    def _begin(self) -> None:
        self._buffer = bytearray()
        self._fed = 0
        self._reread = 0
        self._depth = 0
        self._end = -1
        self._parser = parser = expat.ParserCreate()
        if hasattr(parser, "SetReparseDeferralEnabled"):  # since 2.6 Expat itself waits, also for the last octet
            parser.SetReparseDeferralEnabled(False)
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close
        parser.StartDoctypeDeclHandler = self._doctype

    @property
    def unfinished(self) -> bool:
        """Whether part of a document has come."""
        return bool(self._buffer)

    def receive(self, data: bytes) -> list[bytes]:
        """Take octets; return the documents that they complete. Raises BrokenLineError, once."""
        found = []
        while data:
            document, data = self._take(data)
            if document is not None:
                found.append(document)
        return found

    def _take(self, data: bytes) -> tuple[bytes | None, bytes]:
        """Take octets of the document under way; return it when it is whole, and what came after it."""
        buffer = self._buffer
        if not buffer:
            data = data.lstrip(_GAP)
            if data and data[0] not in _BEGINNINGS:
                raise BrokenLineError("this is no XML")
        start = len(buffer)
        buffer += data
        ends = b">" in data or b"\0" in data  # which may be the second half of a character of UTF-16
        trouble = self._feed() if ends or len(buffer) - self._fed > _PIECE else None
        if self._end >= 0:
            end = self._end  # of an empty root; of another it is where its last tag begins
            if buffer[end : end + 4].replace(b"\0", b"").startswith(b"</"):
                end = buffer.find(b">", end) + 1
                end += buffer[end : end + 1] == b"\0"
            document, rest = bytes(buffer[:end]), data[end - start :]
            self._begin()
            return document, rest
        if trouble is not None:
            raise BrokenLineError(trouble)
        if len(buffer) > self._size:
            raise BrokenLineError(f"the message has more than {self._size} octets")
        return None, b""

    def _feed(self) -> str | None:
        """Let Expat look at what it has not seen; return what is wrong with it."""
        piece = bytes(memoryview(self._buffer)[self._fed :])
        self._fed = len(self._buffer)
        self._reread += self._fed - max(self._parser.CurrentByteIndex, 0)
        if self._reread > _REREAD:
            return "too many pieces of an unfinished tag"
        try:
            self._parser.Parse(piece, False)
        except expat.ExpatError as error:
            return f"not well-formed XML: {expat.ErrorString(error.code)}"
        return None

    def _open(self, _tag: str, _attributes: Any) -> None:
        self._depth += 1
        if self._depth > LIMITS.depth:
            raise BrokenLineError(f"the message has more than {LIMITS.depth} levels")

    def _close(self, _tag: str) -> None:
        self._depth -= 1
        if not self._depth and self._end < 0:
            self._end = self._parser.CurrentByteIndex

    def _doctype(self, _name: str, _system: str | None, _public: str | None, subset: int) -> None:
        if subset:
            self._refuse()

    def _refuse(self) -> NoReturn:
        raise BrokenLineError("document type declarations with a subset are refused")
