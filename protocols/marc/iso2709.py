"""ISO 2709:2008, the exchange structure of UNIMARC and MARC21, as octets.

A record is a leader (24 octets), a directory (12 octets a field: tag 3, length 4, start 5) closed by FT, the fields, each closed
by FT, and RT. Here a record is `bytes`, a field is `(tag, data)` with the data as found between two terminators: nothing is decoded.

Two rules that real files taught:

- Records are cut at RT and never by the length that the leader claims: after damage the next record is right again.
- A field is found by its order among the terminators as long as the directory lists the fields in their order, so a file that a
  text tool transcoded without touching the directory (all its numbers are wrong) is still read. Only a directory in another order
  is followed by its numbers, which then must be exact.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Final

from protocols.marc.errors import BadRecord, FieldTooLong, Reason, RecordTooLong, SeparatorInData

RT: Final = b"\x1d"
FT: Final = b"\x1e"
SF: Final = b"\x1f"

MAX_RECORD: Final = 99_999
MAX_FIELD: Final = 9_999
LEADER: Final = 24

RawField = tuple[bytes, bytes]

_ENTRY: Final = struct.Struct("3s4x5s")
_EXACT_ENTRY: Final = struct.Struct("3s4s5s")
# What is found between records: line ends, padding, the DOS end-of-file mark, a byte order mark.
_BETWEEN: Final = b"\r\n\t \x00\x1a\xef\xbb\xbf"


class Splitter:
    """Cuts a stream of octets into records; holds at most `limit` octets, whatever comes.

    `receive` takes octets as they come and returns records with their RT, and a BadRecord in place of what is too long.
    Nothing is parsed yet: see `fields`.
    """

    def __init__(self, limit: int = 2 * MAX_RECORD) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._skipping = False

    def receive(self, data: bytes) -> list[bytes | BadRecord]:
        """Return the records completed by `data`."""
        out: list[bytes | BadRecord] = []
        self._buffer += data
        if RT in data:
            *pieces, rest = self._buffer.split(RT)
            self._buffer = rest
            for piece in pieces:
                out += self._piece(bytes(piece))
        if len(self._buffer) > self._limit:
            if not self._skipping:
                out.append(BadRecord(Reason.TOO_LONG, bytes(self._buffer[: self._limit])))
            self._skipping = True
            self._buffer.clear()
        return out

    def close(self) -> list[bytes | BadRecord]:
        """Return what the end of the stream leaves: nothing, or one truncated record."""
        rest = bytes(self._buffer).strip(_BETWEEN)
        self._buffer.clear()
        return [BadRecord(Reason.TRUNCATED, rest)] if rest and not self._skipping else []

    def _piece(self, piece: bytes) -> list[bytes | BadRecord]:
        if self._skipping:
            self._skipping = False
            return []
        piece = piece.lstrip(_BETWEEN)
        if len(piece) > MAX_RECORD:
            return [BadRecord(Reason.TOO_LONG, piece[: self._limit] + RT)]
        return [piece + RT] if piece else []


def records(chunks: Iterable[bytes]) -> Iterator[bytes | BadRecord]:
    """Cut a whole stream into records (see Splitter)."""
    splitter = Splitter()
    for chunk in chunks:
        yield from splitter.receive(chunk)
    yield from splitter.close()


def fields(raw: bytes) -> list[RawField]:
    """Return the fields of a record in directory order, as (tag, data without terminator).

    Raises BadRecord (TOO_SHORT, DIRECTORY, MISMATCH, NO_FIELDS).
    """
    base = raw.find(FT, LEADER) + 1
    if not base:
        raise BadRecord(Reason.TOO_SHORT, raw)
    directory = raw[LEADER : base - 1]
    count, odd = divmod(len(directory), _ENTRY.size)
    if odd or not directory.isalnum():
        if not directory:
            raise BadRecord(Reason.NO_FIELDS, raw)
        raise BadRecord(Reason.DIRECTORY, raw)
    entries = list(_ENTRY.iter_unpack(directory))
    starts = [start for _, start in entries]
    values = raw[base:-2].split(FT) if raw.endswith(b"\x1e\x1d") else raw[base:-1].split(FT)
    if len(values) == count and starts == sorted(starts):
        return [(tag, value) for (tag, _), value in zip(entries, values, strict=True)]
    return _by_numbers(raw, raw[base:-1], directory)


def _by_numbers(raw: bytes, body: bytes, directory: bytes) -> list[RawField]:
    """Follow a directory whose order is not that of the data: then every number must be exact."""
    out = []
    last = 0
    for tag, length, start in _EXACT_ENTRY.iter_unpack(directory):
        if not (length.isdigit() and start.isdigit()):
            raise BadRecord(Reason.DIRECTORY, raw)
        end = int(start) + int(length)
        if body[end - 1 : end] != FT or FT in body[int(start) : end - 1]:
            raise BadRecord(Reason.MISMATCH, raw, f"field {tag.decode()}")
        out.append((tag, body[int(start) : end - 1]))
        last = max(last, end)
    if last != len(body):
        raise BadRecord(Reason.MISMATCH, raw, f"{len(body) - last} octets after the last field")
    return out


def join(leader: bytes, found: Iterable[RawField]) -> bytes:
    """Return the record of these fields, in their order; lengths and base address of the 24-octet leader are set.

    Raises FieldTooLong, RecordTooLong, SeparatorInData.
    """
    directory = []
    data = []
    at = 0
    for tag, value in found:
        length = len(value) + 1
        if length > MAX_FIELD:
            raise FieldTooLong(tag.decode("ascii", "replace"), length)
        directory.append(b"%b%04d%05d" % (tag, length, at))
        data.append(value)
        at += length
    base = LEADER + 12 * len(directory) + 1
    total = base + at + 1
    if total > MAX_RECORD:
        raise RecordTooLong(total)
    body = FT.join(data)
    head = b"".join(directory)
    if RT in body or body.count(FT) != max(0, len(data) - 1) or len(head) != base - LEADER - 1:
        raise SeparatorInData("a field holds 0x1D or 0x1E, or its tag is not three octets")
    end = b"\x1e\x1d" if data else RT
    return b"%05d%b%05d%b%b\x1e%b%b" % (total, leader[5:12], base, leader[17:24], head, body, end)
