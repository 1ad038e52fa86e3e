"""MARC in XML: MARCXML (Library of Congress, "slim"), MarcXchange (ISO 25577), the same without namespace, and PMB's own form.

Reading is a push parser with bounded memory; entities, DTD and network are off. Writing goes straight from the octets of a
stored record to text, without a tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from lxml import etree

from protocols.marc import iso2709
from protocols.marc.charsets import without_marks
from protocols.marc.errors import BadRecord, BrokenStream, Reason
from protocols.xmltext import escape

SLIM: Final = "http://www.loc.gov/MARC21/slim"
MARCXCHANGE: Final = "info:lc/xmlns/marcxchange-v2"

MAX_XML_RECORD: Final = 2_000_000
_RECORDS: Final = ("{*}record", "{*}notice")

# Where PMB's <notice> gives the coded positions of the leader.
_PMB_LEADER: Final = {"rs": 5, "dt": 6, "bl": 7, "hl": 8, "el": 17, "ru": 18}
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1d\ufffe\uffff]")
_INDICATORS: Final = re.compile("[^&\x1f]{2}")
_SPECIAL: Final = re.compile('[&<>"]')


class XmlRecord(NamedTuple):
    """A record read from XML: its leader and fields in UTF-8 octets, as ISO 2709 has them, and the XML it came in."""

    leader: bytes
    fields: list[iso2709.RawField]
    source: bytes


class Reader:
    """Reads records out of a stream of XML, wherever they stand in it (collection, SRU response, OAI-PMH response).

    A record whose XML is not a MARC record comes as a BadRecord and reading goes on; what is wrong with the stream itself
    (not well-formed, DTD, a record over MAX_XML_RECORD octets) raises BrokenStream, and nothing can be read after it. The
    records before it are given first: then it is the next call that raises.
    """

    def __init__(self) -> None:
        self._parser = etree.XMLPullParser(
            events=("start", "end"), tag=_RECORDS, resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
            huge_tree=False, remove_comments=True, remove_pis=True,
        )  # fmt: skip
        self._begun = False
        self._depth = 0
        self._octets = 0
        self._broken = ""

    def receive(self, data: bytes) -> list[XmlRecord | BadRecord]:
        """Return the records completed by `data`. Raises BrokenStream."""
        out: list[XmlRecord | BadRecord] = []
        # In pieces, so that the bound on one record holds however large the chunks are.
        for at in range(0, len(data), MAX_XML_RECORD):
            piece = data[at : at + MAX_XML_RECORD]
            self._octets += len(piece)
            self._feed(self._parser.feed, piece)
            out += self._events()
            if self._octets > 2 * MAX_XML_RECORD:
                self._broken = self._broken or f"no end of record within {self._octets} octets"
            if self._broken:
                break
        return out or self._nothing()

    def close(self) -> list[XmlRecord | BadRecord]:
        """End the stream. Raises BrokenStream when the document is not complete."""
        if not self._broken:
            self._feed(self._parser.close)
        return list(self._events()) or self._nothing()

    def _feed(self, feed: Callable[..., Any], *data: bytes) -> None:
        try:
            feed(*data)
        except etree.XMLSyntaxError as error:
            self._broken = str(error)

    def _nothing(self) -> list[XmlRecord | BadRecord]:
        if self._broken:
            raise BrokenStream(self._broken)
        return []

    def _events(self) -> Iterator[XmlRecord | BadRecord]:
        events: Iterator[tuple[str, etree._Element]] = self._parser.read_events()  # type: ignore[assignment]  # start, end
        for event, element in events:
            if not self._begun:
                self._begun = True
                if element.getroottree().docinfo.internalDTD is not None:
                    raise BrokenStream("a document type declaration is not accepted")
            if event == "start":
                self._depth += 1
                continue
            self._depth -= 1
            if element.tag.endswith("notice") or _is_marc(element):
                yield _read(element)
            if self._depth == 0:
                _forget(element)
                self._octets = 0


def _is_marc(element: etree._Element) -> bool:
    """Tell a MARC record from the `record` of SRU and OAI-PMH that only wraps one."""
    return any(_name(child) in {"leader", "controlfield", "datafield"} for child in element)


def _name(element: etree._Element) -> str:
    """Return the local name; "" for an entity, which has none."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _forget(element: etree._Element) -> None:
    """Free an element and what stands before it: the memory of the tree stays that of one record."""
    element.clear()
    while (before := element.getprevious()) is not None:
        parent = before.getparent()
        if parent is None:
            return
        parent.remove(before)


def _read(element: etree._Element) -> XmlRecord | BadRecord:
    source = etree.tostring(element, encoding="utf-8", with_tail=False)
    try:
        leader, fields = _notice(element) if element.tag.endswith("notice") else _record(element)
    except ValueError as error:
        return BadRecord(Reason.XML, source, str(error))
    if not fields:
        return BadRecord(Reason.NO_FIELDS, source)
    return XmlRecord(leader, fields, source)


def _record(element: etree._Element) -> tuple[bytes, list[iso2709.RawField]]:
    leader = b" " * iso2709.LEADER
    fields = []
    for child in element:
        name = _name(child)
        if name == "datafield":
            indicators = (child.get("ind1") or " ")[0] + (child.get("ind2") or " ")[0]
            fields.append((_tag(child.get("tag")), _data(indicators, child, "code")))
        elif name == "controlfield":
            fields.append((_tag(child.get("tag")), _text(child).encode()))
        elif name == "leader":
            leader = _text(child).encode("ascii", "replace").ljust(iso2709.LEADER)[: iso2709.LEADER]
    return leader, fields


def _notice(element: etree._Element) -> tuple[bytes, list[iso2709.RawField]]:
    leader = list("00000nam0 2200000   450 ")
    fields = []
    for child in element:
        name = _name(child)
        if name == "f":
            tag = _tag(child.get("c"))
            control = tag < b"010"
            fields.append(
                (tag, _text(child).encode() if control else _data(child.get("ind", "").ljust(2)[:2], child, "c"))
            )
        elif name in _PMB_LEADER:
            leader[_PMB_LEADER[name]] = (_text(child) or " ")[0]
    return "".join(leader).encode("ascii", "replace"), fields


def _tag(tag: str | None) -> bytes:
    if tag is None or len(tag) != 3 or not (tag.isascii() and tag.isalnum()):
        raise ValueError(f"a tag {tag!r}")
    return tag.encode()


def _text(element: etree._Element) -> str:
    if len(element):
        raise ValueError(f"markup inside {_name(element)}")
    return element.text or ""


def _data(indicators: str, element: etree._Element, code_name: str) -> bytes:
    parts = [indicators]
    for child in element:
        code = child.get(code_name)
        if code is None or len(code) != 1:
            raise ValueError(f"a subfield code {code!r}")
        parts.append(code + _text(child))
    return "\x1f".join(parts).encode()


# --- writing ------------------------------------------------------------------------------------------------------------------


def record_xml(leader: bytes, fields: Sequence[iso2709.RawField], namespace: str = SLIM, attributes: str = "") -> str:
    """Return a record in UTF-8 octets as a `record` element, on one line, that declares its namespace.

    *attributes* are written as they stand (` type="Bibliographic"`). Non-sorting characters and what XML 1.0 cannot hold are left out.
    """
    # One decoding, one search and at most one replacement for the whole record: half the time of doing it by field.
    text = without_marks(iso2709.FT.join([data for _, data in fields]).decode("utf-8", "replace"))
    if _NOT_XML.search(text):
        text = _NOT_XML.sub("", text)
    special = _SPECIAL.search(text)
    if special:
        text = escape(text)
    out = [f'<record xmlns="{namespace}"{attributes}><leader>{escape(leader.decode("ascii", "replace"))}</leader>']
    for (octets, _), value in zip(fields, text.split("\x1e"), strict=True):
        tag = octets.decode("ascii", "replace")
        if tag < "010":
            out.append(f'<controlfield tag="{tag}">{value}</controlfield>')
            continue
        head, *parts = value.split("\x1f")
        indicators = head if _INDICATORS.fullmatch(head) else "  "
        out.append(f'<datafield tag="{tag}" ind1="{indicators[0]}" ind2="{indicators[1]}">')
        if special:
            out += [_subfield(part) for part in parts if part]
        else:
            out += [f'<subfield code="{part[0]}">{part[1:]}</subfield>' for part in parts if part]
        out.append("</datafield>")
    out.append("</record>")
    return "".join(out)


def _subfield(part: str) -> str:
    # A special character that is a subfield code was escaped with its value: the code is then longer than one character.
    end = part.index(";") + 1 if part[0] == "&" else 1
    return f'<subfield code="{part[:end]}">{part[end:]}</subfield>'
