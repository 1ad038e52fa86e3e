"""Records of a file, ready to be saved: read, brought to the canonical form, their items taken out of them.

Nothing here touches the database: a command reads and prepares, and sends batches to whoever may write.
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

from protocols.marc import canonical, iso2709, marcxml
from protocols.marc.canonical import Canonical, Finding
from protocols.marc.charsets import Charset
from protocols.marc.display import short
from protocols.marc.errors import BadRecord, Reason, Unwritable
from protocols.marc.format import Format, is_bibliographic
from protocols.marc.marcxml import XmlRecord
from storage.intake.holdings import DEFAULT_PROFILES, PROFILES, SourceItem, source_items


class SourceRecord(NamedTuple):
    """A record to save, of values that JSON can hold: `text` is its canonical ISO 2709, `media` leader/6-7."""

    control: str
    form: str
    text: str
    title: str
    author: str
    media: str
    items: list[SourceItem]

    def raw(self) -> tuple[str, bytes]:
        """Return the format of the record, and its ISO 2709 in UTF-8."""
        return self.form, self.text.encode()


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator knows of a file: its format, character set and item profile; None finds out."""

    form: Format | None = None
    charset: Charset | None = None
    profile: str | None = None


@dataclass(slots=True)
class Seen:
    """What was found while reading: counts for the report.

    `rejected` is by reason; `by_content` are records without a control number, or with that of an earlier record.
    """

    records: int = 0
    octets: int = 0
    by_content: int = 0
    forms: Counter[Format] = field(default_factory=Counter)
    charsets: Counter[Charset] = field(default_factory=Counter)
    findings: Counter[Finding] = field(default_factory=Counter)
    rejected: Counter[Reason] = field(default_factory=Counter)


_BUCKETS: Final = 0xFFF


class Digests:
    """A set of texts that takes some ten octets for each, where one of Python has eighty: their digests, sorted in small arrays.

    They are of 64 bits: in one of millions of files with a million records two that differ are taken for one.
    """

    def __init__(self) -> None:
        self._buckets: defaultdict[int, array[int]] = defaultdict(partial(array, "Q"))

    def add(self, text: str) -> bool:
        """Add a text; tell whether it was not there."""
        digest = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
        bucket = self._buckets[digest & _BUCKETS]
        at = bisect_left(bucket, digest)
        if at < len(bucket) and bucket[at] == digest:
            return False
        bucket.insert(at, digest)
        return True


class MarcFile:
    """Reads ISO 2709 or XML (told apart by the first octet); what grows with the file are the digests of its records alone.

    `seen` is the report so far; `is_xml` is known once something was read.
    """

    def __init__(self, options: Options = Options()) -> None:
        self.seen = Seen()
        self.is_xml = False
        self._options = options
        self._keys = Digests()

    def records(self, chunks: Iterable[bytes]) -> Iterator[SourceRecord | BadRecord]:
        """Yield each record, or why it is refused, with its octets in the source format.

        Raises BrokenStream when XML cannot be read on.
        """
        for found in self._raw(chunks):
            self.seen.records += 1
            prepared = self._prepared(found)
            if isinstance(prepared, BadRecord):
                self.seen.rejected[prepared.reason] += 1
            yield prepared

    def _raw(self, chunks: Iterable[bytes]) -> Iterator[bytes | XmlRecord | BadRecord]:
        reader: marcxml.Reader | iso2709.Splitter | None = None
        for chunk in chunks:
            self.seen.octets += len(chunk)
            if reader is None:
                start = chunk.lstrip(b"\xef\xbb\xbf\r\n\t ")
                if not start:
                    continue
                self.is_xml = start.startswith(b"<")
                reader = marcxml.Reader() if self.is_xml else iso2709.Splitter()
            yield from reader.receive(chunk)
        if reader is not None:
            yield from reader.close()

    def _prepared(self, found: bytes | XmlRecord | BadRecord) -> SourceRecord | BadRecord:
        if isinstance(found, BadRecord):
            return found
        raw = found.source if isinstance(found, XmlRecord) else found
        try:
            return self._record(self._canonical(found))
        except BadRecord as error:
            return BadRecord(error.reason, raw, error.detail)
        except Unwritable as error:
            return BadRecord(Reason.UNWRITABLE, raw, str(error))

    def _canonical(self, found: bytes | XmlRecord) -> Canonical:
        options = self._options
        if isinstance(found, XmlRecord):
            return canonical.canonical(found.leader, found.fields, options.form, Charset.UTF8)
        # Where octets leave a doubt, a record is most likely in what the file was so far.
        likely = [charset for charset, _ in self.seen.charsets.most_common(2) if charset is not Charset.UTF8]
        expected = likely[0] if likely else None
        return canonical.from_iso2709(found, options.form, options.charset, expected)

    def _record(self, made: Canonical) -> SourceRecord:
        if made.leader[5:6] == b"d":
            raise BadRecord(Reason.DELETED, b"")
        if not is_bibliographic(made.leader, made.form):
            raise BadRecord(Reason.NOT_BIBLIOGRAPHIC, b"", f"leader/6 is {made.leader[6:7].decode()}")
        profile = PROFILES[self._options.profile or DEFAULT_PROFILES[made.form]]
        items, fields = source_items(made.fields, profile)
        raw = iso2709.join(made.leader, fields)
        control = self._control(next((data.decode().strip() for tag, data in fields if tag == b"001"), ""), raw)
        self.seen.forms[made.form] += 1
        self.seen.charsets[made.charset] += 1
        self.seen.findings.update(made.found.keys())
        title = short(fields, made.form)
        media = made.leader[6:8].decode()
        return SourceRecord(control, made.form.value, raw.decode(), title.title, title.author, media, items)

    def _control(self, control: str, raw: bytes) -> str:
        """Return the number by which the record is known from run to run.

        Files hold different records of one number, and records without: those are known by their content as well. The same
        record a second time is refused: it would be read, compared and left alone each time anew.
        """
        content = hashlib.blake2b(raw, digest_size=16).hexdigest()
        if not self._keys.add(f"{control}#{content}"):
            raise BadRecord(Reason.DUPLICATE, b"", control)
        if control and self._keys.add(control):
            return control
        self.seen.by_content += 1
        return f"{control}#{content}"


CHUNK: Final = 1 << 16


def chunks_of(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield a file's octets, given its read method."""
    while chunk := read(CHUNK):
        yield chunk


def batches(records: Iterable[SourceRecord], size: int) -> Iterator[list[SourceRecord]]:
    """Yield records by `size`, each batch for one transaction."""
    batch = []
    for record in records:
        batch.append(record)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
