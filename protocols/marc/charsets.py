"""The character sets of MARC files: octets to Unicode (always NFC) and back.

ISO 5426 and MARC-8 (ANSEL) write a diacritic before its letter; Unicode writes it after. Both directions are: one table lookup
an octet, then one exchange of marks and letters. The tables of the other MARC-8 sets are pymarc's.

Non-sorting characters (NSB, NSE) around an article are U+0098 and U+009C here, whatever they were in the source: 0x88 and 0x89
of ISO 6630 beside ISO 5426, of MARC-8, or of a file that only calls itself Latin-1.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from enum import Enum
from functools import cache
from typing import Final

from pymarc.marc8_mapping import CODESETS, ODD_MAP

from protocols.marc.errors import Unencodable

NSB: Final = "\x98"
NSE: Final = "\x9c"
REPLACEMENT: Final = "\ufffd"


class Charset(Enum):
    """A character set of MARC files; the value is its usual name."""

    UTF8 = "utf-8"
    ISO5426 = "iso-5426"
    MARC8 = "marc-8"
    CP1252 = "windows-1252"
    LATIN1 = "iso-8859-1"
    CP850 = "cp850"


# ISO 5426:1983, right half; the left half is ISO 646. "\0" marks what the standard leaves free.
_FREE: Final = "\0"
_ISO5426_ROWS: Final = {
    0xA0: "\0\u00a1\u201e\u00a3$\u00a5\u2020\u00a7\u2032\u2018\u201c\u00ab\u266d\u00a9\u2117\u00ae",
    0xB0: "\u02bb\u02bc\u201a\0\0\0\u2021\u00b7\u2033\u2019\u201d\u00bb\u266f\u02b9\u02ba\u00bf",
    0xC0: "\u0309\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u0308\u030a\u0315\u0313\u030b\u031b\u030c",
    0xD0: "\u0327\u031c\u0326\u0328\u0325\u032e\u0323\u0324\u0332\u0333\u0329\u032d\0\ufe20\ufe21\ufe23",
    0xE0: "\0\u00c6\u0110\0\0\0\u0132\0\u0141\u00d8\u0152\0\u00de\0\0\0",
    0xF0: "\0\u00e6\u0111\u00f0\0\u0131\u0133\0\u0142\u00f8\u0153\u00df\u00fe\0\0\0",
}
_NON_SORTING: Final = {0x88: NSB, 0x89: NSE, 0x98: NSB, 0x9C: NSE}
_ASCII: Final = "".join(map(chr, range(128)))

_BASIC_LATIN: Final = 0x42
_ANSEL: Final = 0x45
_EACC: Final = 0x31


def _table(right: dict[int, str]) -> str:
    """Return 256 characters for codecs.charmap_decode, the left half being ASCII."""
    return _ASCII + "".join(right.get(octet, REPLACEMENT) for octet in range(128, 256))


_ISO5426: Final = _table(
    {start + i: char for start, row in _ISO5426_ROWS.items() for i, char in enumerate(row) if char != _FREE}
    | {0x88: NSB, 0x89: NSE}
)
# Windows-1252 as browsers read it: what it leaves free is the C1 control of the same number.
_CP1252: Final = _table({o: bytes([o]).decode("cp1252", "ignore") or chr(o) for o in range(128, 256)})
_CP850: Final = _table({octet: bytes([octet]).decode("cp850") for octet in range(128, 256)})
_NSB_NSE_PAIR: Final = re.compile(rb"\x88([^\x88\x89\x1e\x1f]{1,15})\x89|\x98([^\x98\x9c\x1e\x1f]{1,15})\x9c")

_MARKS_8: Final = "".join(sorted({chr(u) for s, t in CODESETS.items() if s != _EACC for u, mark in t.values() if mark}))
_MARKS_5426: Final = "".join(c for row in (0xC0, 0xD0) for c in _ISO5426_ROWS[row] if c != _FREE)
_MARK_FIRST: Final = re.compile(f"([{_MARKS_8}{_MARKS_5426}]+)([^{_MARKS_8}{_MARKS_5426}\x1d-\x1f])")
_CLUSTER: Final = re.compile("(?s).[\u0300-\u036f\ufe20-\ufe2f]*")
_MARK_LAST: Final = re.compile("([^\u0300-\u036f\ufe20-\ufe2f])([\u0300-\u036f\ufe20-\ufe2f]+)")

# Designations of a graphic set by MARC-8: ESC, intermediate (G0, G1 or multibyte), final octet; or ESC and one of g b p s.
ESCAPE: Final = re.compile(rb"\x1b(?:(\$?[(,)\-]?)(!?[1-4BENQS])|([gbps]))")
_CUSTOM: Final = {b"g": 0x67, b"b": 0x62, b"p": 0x70, b"s": _BASIC_LATIN}
_REFERENCE: Final = re.compile(r"&#x([0-9A-Fa-f]{4,6});")


def decode(data: bytes, charset: Charset) -> str:
    """Return the text of `data`, NFC, with U+FFFD where the set has no character; separators 0x1D-0x1F pass through."""
    if charset is Charset.UTF8:
        return unicodedata.normalize("NFC", data.decode("utf-8", "replace"))
    if charset is Charset.MARC8:
        return _decode_marc8(data)
    if charset is Charset.ISO5426:
        return _letters_first(codecs.charmap_decode(data, "strict", _ISO5426)[0])
    if charset is Charset.LATIN1:
        return _pairs_to_controls(data, data.decode("latin-1"))
    return _pairs_to_controls(
        data, codecs.charmap_decode(data, "strict", _CP850 if charset is Charset.CP850 else _CP1252)[0]
    )


def _letters_first(text: str) -> str:
    return unicodedata.normalize("NFC", _MARK_FIRST.sub(r"\2\1", text))


def _pairs_to_controls(data: bytes, text: str) -> str:
    """Set NSB and NSE where their octets enclose a short text: alone, the same octets are letters or signs of the set."""
    pairs = [match.span() for match in _NSB_NSE_PAIR.finditer(data)]
    if pairs:
        characters = list(text)
        for start, end in pairs:
            characters[start], characters[end - 1] = NSB, NSE
        text = "".join(characters)
    return unicodedata.normalize("NFC", text)


# --- MARC-8 -------------------------------------------------------------------------------------------------------------------


@cache
def _graphic_set(final: int) -> str:
    """Return the 256-character table of a single-octet MARC-8 set, at both halves: a set may stand as G0 or as G1."""
    table = {octet: chr(char) for octet, (char, _) in CODESETS.get(final, {}).items()}
    return "".join(
        chr(octet)
        if octet < 0x20
        else _NON_SORTING[octet]
        if octet in (0x88, 0x89)
        else table.get(octet) or table.get(octet ^ 0x80) or (chr(octet) if octet == 0x20 else REPLACEMENT)
        for octet in range(256)
    )


_ANSEL_TABLE: Final = _ASCII + _graphic_set(_ANSEL)[128:]


def _decode_marc8(data: bytes) -> str:
    """Decode MARC-8; a set that an escape calls stays in force up to the end of its subfield."""
    if b"\x1b" not in data:
        text = codecs.charmap_decode(data, "strict", _ANSEL_TABLE)[0]
    else:
        text = "\x1f".join([_decode_escapes(part) for part in data.split(b"\x1f")])
    if "&#x" in text:
        text = _REFERENCE.sub(_character, text)
    return _letters_first(text)


def _character(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else REPLACEMENT


def _decode_escapes(data: bytes) -> str:
    g0, g1 = _BASIC_LATIN, _ANSEL
    out = []
    at = 0
    for match in ESCAPE.finditer(data):
        out.append(_decode_run(data[at : match.start()], g0, g1))
        at = match.end()
        final = _CUSTOM[match[3]] if match[3] else match[2][-1]
        if match[1] and match[1][-1:] in b")-":
            g1 = final
        else:
            g0 = final
    out.append(_decode_run(data[at:], g0, g1))
    return "".join(out)


def _decode_run(data: bytes, g0: int, g1: int) -> str:
    if g0 == _EACC:
        return _decode_eacc(data)
    return codecs.charmap_decode(data, "strict", _graphic_set(g0)[:128] + _graphic_set(g1)[128:])[0]


def _decode_eacc(data: bytes) -> str:
    """Decode three octets a character; a blank or control octet between them stands for itself."""
    out = []
    at = 0
    table = CODESETS[_EACC]
    while at < len(data):
        if data[at] <= 0x20:
            out.append(chr(data[at]))
            at += 1
            continue
        code = int.from_bytes(data[at : at + 3], "big")
        out.append(chr(table[code][0]) if code in table else chr(ODD_MAP[code]) if code in ODD_MAP else REPLACEMENT)
        at += 3
    return "".join(out)


# --- Unicode to octets --------------------------------------------------------------------------------------------------------

# What some eight-bit set of libraries lacks, and what typists write in its place.
_PLAIN: Final = {"\u2026": "...", "\u2013": "-", "\u2014": "--", "\u20ac": "EUR", "\u00a0": " ", "\u202f": " ", "\u2010": "-",
                 "\u2011": "-", "\u2039": "<", "\u203a": ">", "\u2022": "-", "\u2018": "'", "\u2019": "'", "\u201c": '"',
                 "\u201d": '"', "\u0152": "OE", "\u0153": "oe", "\u00b0": "o", "\u200e": "", "\u00ad": ""}  # fmt: skip


def _reverse(table: str) -> dict[int, int]:
    """Return code point to octet; of two octets for one character the first of the table is written."""
    return {ord(char): octet for octet, char in reversed(list(enumerate(table))) if char != REPLACEMENT}


_TO_ISO5426: Final = _reverse(_ISO5426)
_TO_ANSEL: Final = _reverse(_ANSEL_TABLE)
_TO_BYTES: Final = {Charset.CP1252: _reverse(_CP1252), Charset.CP850: _reverse(_CP850)}


def encode(text: str, charset: Charset) -> bytes:
    """Return the octets of `text`; MARC-8 writes what it lacks as a numeric reference (MARC 21, lossless conversion).

    Raises Unencodable.
    """
    text = unicodedata.normalize("NFC", text)
    if charset is Charset.UTF8:
        return text.encode()
    if charset is Charset.MARC8:
        text = _marks_first(text, _TO_ANSEL)
        text = "".join([c if ord(c) in _TO_ANSEL else f"&#x{ord(c):04X};" for c in text])
        return codecs.charmap_encode(text, "strict", _TO_ANSEL)[0]
    if charset is Charset.ISO5426:
        return _map(_marks_first(text, _TO_ISO5426), _TO_ISO5426, charset)
    if charset is Charset.LATIN1:
        return _map(text, {number: number for number in range(256)}, charset)
    return _map(text.replace(NSB, "\x88").replace(NSE, "\x89"), _TO_BYTES[charset] | {0x88: 0x88, 0x89: 0x89}, charset)


def encode_nearest(text: str, charset: Charset) -> bytes:
    """Return the octets of any text: a character that the set lacks is its plain form (NFKD), else a numeric reference."""
    try:
        return encode(text, charset)
    except Unencodable:
        clusters: list[str] = _CLUSTER.findall(unicodedata.normalize("NFC", text))
        return b"".join([_nearest(cluster, charset) for cluster in clusters])


def _nearest(cluster: str, charset: Charset) -> bytes:
    for form in (cluster, unicodedata.normalize("NFKD", cluster)):
        try:
            return encode(form, charset)
        except Unencodable:
            continue
    return b"".join([b"&#x%04X;" % ord(character) for character in cluster])


def _marks_first(text: str, table: dict[int, int]) -> str:
    """Decompose what the set has no letter for, marks before letters."""
    letters = "".join([c if ord(c) in table else unicodedata.normalize("NFD", c) for c in text])
    return _MARK_LAST.sub(r"\2\1", letters)


def _map(text: str, table: dict[int, int], charset: Charset) -> bytes:
    try:
        return codecs.charmap_encode(text, "strict", table)[0]
    except UnicodeEncodeError:
        plain = "".join([c if ord(c) in table else _PLAIN.get(c, c) for c in text])
        try:
            return codecs.charmap_encode(plain, "strict", table)[0]
        except UnicodeEncodeError as error:
            raise Unencodable(plain[error.start], charset.value) from None


# --- non-sorting characters ---------------------------------------------------------------------------------------------------

_NON_SORTING_TEXT: Final = re.compile(f"{NSB}[^{NSB}{NSE}]*{NSE}")
_NON_SORTING_MARKS: Final = str.maketrans("", "", NSB + NSE)


def without_marks(text: str) -> str:
    """Return the text as people read it: the non-sorting characters go, the article between them stays."""
    return text.translate(_NON_SORTING_MARKS) if NSB in text or NSE in text else text


def without_article(text: str) -> str:
    """Return the text as it sorts: what the non-sorting characters enclose goes with them."""
    return without_marks(_NON_SORTING_TEXT.sub("", text)) if NSB in text else text
