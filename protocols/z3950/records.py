"""Records and terms of a response, as encoded NamePlusRecord and Entry: written straight, because one makes ten or twenty; and read.

What is written is what their codecs write; a test holds the two against each other.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from protocols.z3950 import oids
from protocols.z3950.asn1 import InternationalString, ObjectIdentifier
from protocols.z3950.ber import length
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import DiagRec, External, FragmentSyntax, NamePlusRecord, Record
from protocols.z3950.errors import LimitExceeded, MalformedPdu
from protocols.z3950.schema import codec_of, resolve

_NAME: Final = resolve(InternationalString)[0].tagged(0)
_REFERENCE: Final = resolve(ObjectIdentifier)[0]
_RECORD: Final = codec_of(NamePlusRecord)
_EXTERNAL: Final = codec_of(External)
_FRAGMENT_HEADERS: Final = 4
"""Elements around the octets of a fragment whose lengths grow with it."""
_SINGLE_ASN1_TYPES: Final = frozenset({oids.OPAC, oids.GRS_1, oids.TASK_PACKAGE})


def retrieval_record(database: str, syntax: str, contents: bytes) -> bytes:
    """Return the NamePlusRecord of a record: octet-aligned, but SUTRS, a string of ASN.1, and what is a whole element already."""
    return _head(database, syntax, len(contents)) + contents


@lru_cache(16_384)  # of some 50 octets; most records of a catalogue share their size with others
def _head(database: str, syntax: str, size: int) -> bytes:
    """Return all that stands before contents of *size* octets: names, and the headers around them."""
    head = b"\x1b" + length(size) if syntax == oids.SUTRS else b""
    head = (b"\xa0" if head or syntax in _SINGLE_ASN1_TYPES else b"\x81") + length(len(head) + size) + head
    head = _REFERENCE.encode(syntax) + head
    for tag in (b"\x28", b"\xa1", b"\xa1"):  # EXTERNAL, retrievalRecord, record
        head = tag + length(len(head) + size) + head
    head = _NAME.encode(database) + head
    return b"\x30" + length(len(head) + size) + head


def surrogate_diagnostic(database: str, refused: Refused, version: int) -> bytes:
    """Return the NamePlusRecord that stands for a record that cannot be sent."""
    diagnostic = DiagRec(default_format=refused.diagnostic(version))
    return _RECORD.encode(NamePlusRecord(name=database, record=Record(surrogate_diagnostic=diagnostic)))


def fragments(record: bytes, size: int) -> list[bytes]:
    """Return a NamePlusRecord in pieces of *size* octets at most (Z39.50 3.3.3). Raises Refused (242).

    What they hold is, one after the other, the EXTERNAL that the record is.
    """
    whole: NamePlusRecord = _RECORD.decode(record)
    if whole.record.retrieval_record is None:  # a diagnostic, which there is nothing shorter for
        return [record]
    octets = _EXTERNAL.encode(whole.record.retrieval_record)
    least = len(_fragment(whole.name, "final_fragment", b"")) + _FRAGMENT_HEADERS * (len(length(size)) - 1)
    room = size - least
    if room <= 0:
        raise Refused(Bib1.SEGMENT_SIZE, least + 1)
    last = (len(octets) - 1) // room * room
    kinds = {last: "final_fragment", 0: "starting_fragment"}
    return [
        _fragment(whole.name, kinds.get(at, "intermediate_fragment"), octets[at : at + room])
        for at in range(0, len(octets), room)
    ]


class Pieces:
    """Records as they come, those in fragments put together again. At most *limit* octets are kept of one that is not whole."""

    def __init__(self, limit: int) -> None:
        self.is_whole = True
        """Whether no record is without its end."""
        self._limit = limit
        self._octets = bytearray()

    def add(self, encoded: bytes) -> Record | None:
        """Return the record that a NamePlusRecord is or ends, None where more is to come. Raises MalformedPdu, LimitExceeded."""
        record: Record = _RECORD.decode(encoded).record
        pieces = (record.starting_fragment, record.intermediate_fragment, record.final_fragment)
        _, going_on, ended = (piece is not None for piece in pieces)
        if (going_on or ended) is self.is_whole:
            raise MalformedPdu("a fragment without a start, or a start without an end")
        piece = pieces[0] or pieces[1] or pieces[2]
        if piece is None:
            return record
        tagged = piece.externally_tagged
        self._octets += (piece.not_externally_tagged if tagged is None else tagged.octet_aligned) or b""
        if len(self._octets) > self._limit:
            raise LimitExceeded(f"a record of more than {self._limit} octets in fragments")
        self.is_whole = ended
        if not ended:
            return None
        whole, self._octets = bytes(self._octets), bytearray()
        if tagged is None:
            return Record(retrieval_record=_EXTERNAL.decode(whole))
        return Record(retrieval_record=External(direct_reference=tagged.direct_reference, octet_aligned=whole))


def _fragment(name: str | None, kind: str, octets: bytes) -> bytes:
    piece = FragmentSyntax(not_externally_tagged=octets)
    fields: dict[str, Any] = {kind: piece}
    return _RECORD.encode(NamePlusRecord(name=name, record=Record(**fields)))


def term_entry(term: bytes, occurrences: int, shown: bytes = b"", suggested: bytes = b"") -> bytes:
    """Return the Entry of a term of an index; *shown* is how people write it, *suggested* a whole AttributeList, or nothing."""
    count = occurrences.to_bytes(occurrences.bit_length() // 8 + 1, "big")
    display = b"\x80" + length(len(shown)) + shown if shown else b""
    head = b"\x9f\x2d" + length(len(term)) + term + display + suggested + b"\x82" + bytes([len(count)]) + count
    return b"\xa1" + length(len(head)) + head
