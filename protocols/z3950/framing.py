"""A stream of octets -> whole PDUs. Z39.50 has no frames: a PDU ends where its outer element ends."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from protocols.z3950.ber import MAX_ELEMENTS, header, is_constructed, octets
from protocols.z3950.errors import FramingError, LimitExceeded

MAX_PDU: Final = 1 << 20
"""Octets of a request; a peer that announces more is refused before any of it is kept."""
MAX_INDEFINITE: Final = 512
"""Indefinite lengths open at the same time."""


class Framer:
    """Cuts a stream of octets into PDUs, each one whole element.

    What was looked at is never looked at again, and a PDU that announces more than *limit* octets is refused at its
    header. *first* are the identifiers that may begin a PDU: anything else (HTTP, TLS, noise) is refused at once.
    """

    def __init__(self, first: Collection[int], limit: int = MAX_PDU) -> None:
        self._first = first
        self._limit = limit
        self._buffer = bytearray()
        self._restart()

    def _restart(self) -> None:
        self._at = 0  # where the next header stands or, with nothing open, where the PDU ends
        self._open = 0  # indefinite lengths
        self._elements = 0

    def feed(self, data: bytes) -> None:
        """Take what the transport brought."""
        self._buffer += data

    def next(self) -> bytes | None:
        """Return the next whole PDU, or None until more is fed. Raises FramingError, LimitExceeded."""
        if not self._buffer:
            return None
        try:
            while not self._at or self._open:
                self._step()
        except IndexError:
            return None
        end = self._at
        if end > len(self._buffer):
            return None
        pdu = bytes(self._buffer[:end])
        del self._buffer[:end]
        self._restart()
        return pdu

    def _step(self) -> None:
        """Go over one header: into an indefinite value, over a definite one."""
        ident, start, size = header(self._buffer, self._at)
        if not self._at and ident not in self._first:
            raise FramingError(f"no PDU of Z39.50 begins with {octets(ident).hex()}")
        if size < 0:
            if not is_constructed(ident):
                raise FramingError("an indefinite length on a primitive value")
            self._open += 1
        elif ident == 0:
            if size:
                raise FramingError("an end of contents that has contents")
            self._open -= 1
        self._elements += 1
        if self._open > MAX_INDEFINITE or self._elements > MAX_ELEMENTS:
            raise LimitExceeded(f"a PDU of more than {MAX_ELEMENTS} elements or {MAX_INDEFINITE} open lengths")
        self._at = start + max(size, 0)
        if self._at > self._limit:
            raise LimitExceeded(f"a PDU of {self._at} octets or more; {self._limit} are accepted")
