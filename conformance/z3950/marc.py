"""MARC records as the kit reads them: ISO 2709 held against its own numbers, and the texts in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from conformance.results import Failed
from protocols.marc.charsets import Charset, decode

UNIMARC: Final = "unimarc"
MARC21: Final = "marc21"
_LEADER: Final = 24
_SAFE: Final = re.compile(r"(?<!\S)[A-Za-z]{4,}(?=[\s,.;:/]|$)")
_ISBN: Final = re.compile(r"[0-9]{9}(?:[0-9]{3})?[0-9X]")


@dataclass(frozen=True, slots=True)
class Marc:
    """A record: its leader, and its fields as (tag, indicators, subfields); of a control field the subfield has no code."""

    form: str
    leader: str
    fields: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]
    octets: bytes

    def values(self, tag: str, codes: str = "") -> list[str]:
        """Return the texts of the subfields of fields with a tag."""
        return [
            text for name, _, parts in self.fields if name == tag for code, text in parts if code in codes or not codes
        ]

    def value(self, tag: str, codes: str = "") -> str:
        """Return the first of them, or nothing."""
        return next(iter(self.values(tag, codes)), "")

    @property
    def number(self) -> str:
        """What is in 001."""
        return self.value("001")


def declared_utf8(form: str, leader: str, coded: str) -> bool:
    """Tell whether a record says that it is in UTF-8 (UNIMARC 100$a/26-29, MARC21 LDR/9)."""
    return coded[26:28] == "50" if form == UNIMARC else leader[9:10] == "a"


def read(octets: bytes, form: str) -> Marc:
    """Read a record in ISO 2709. Raises Failed when its lengths are not those of what is there."""
    leader = octets[:_LEADER].decode("latin-1")
    if len(octets) < _LEADER + 2 or not leader[:5].isdigit() or not leader[12:17].isdigit():
        raise Failed(f"a record begins with {leader!r}: no leader")
    if int(leader[:5]) != len(octets):
        raise Failed(f"a record of {len(octets)} octets says that it has {leader[:5]}")
    if not octets.endswith(b"\x1e\x1d"):
        raise Failed("a record does not end in a field and a record terminator")
    base = int(leader[12:17])
    directory = octets[_LEADER : base - 1]
    if len(directory) % 12 or octets[base - 1 : base] != b"\x1e":
        raise Failed("the directory of a record does not end where the data begin")
    raw: list[tuple[str, bytes]] = []
    for at in range(0, len(directory), 12):
        entry = directory[at : at + 12].decode("latin-1")
        if not entry[3:].isdigit():
            raise Failed(f"{entry!r} is no entry of a directory")
        start = base + int(entry[7:])
        content = octets[start : start + int(entry[3:7])]
        if not content.endswith(b"\x1e"):
            raise Failed(f"field {entry[:3]} does not end where the directory says")
        raw.append((entry[:3], content[:-1]))
    return Marc(form, leader, tuple(_fields(raw, _charset(form, leader, raw, octets))), octets)


_CODED: Final = "20260101d2026    |||y0frey50      ba"
"""100$a of a record in UTF-8."""


def made(form: str, number: str, title: str) -> bytes:
    """Return a record in ISO 2709 with a number and a title, in ASCII."""
    fields = [("001", number), ("245", f"00\x1fa{title}")]
    kind, end = "nam a22", " i 4500"
    if form == UNIMARC:
        fields[1:] = [("100", f"  \x1fa{_CODED}"), ("200", f"1 \x1fa{title}")]
        kind, end = "nam  22", "   450 "
    directory = data = ""
    for tag, text in fields:
        directory += f"{tag}{len(text) + 1:04}{len(data):05}"
        data += f"{text}\x1e"
    base = _LEADER + len(directory) + 1
    return f"{base + len(data) + 1:05}{kind}{base:05}{end}{directory}\x1e{data}\x1d".encode()


def _charset(form: str, leader: str, raw: list[tuple[str, bytes]], octets: bytes) -> Charset:
    coded = next((content.decode("latin-1") for tag, content in raw if tag == "100"), "")
    coded = coded.partition("\x1fa")[2]
    if declared_utf8(form, leader, coded) or _is_utf8(octets):  # what lies about it is a check of its own
        return Charset.UTF8
    return Charset.ISO5426 if form == UNIMARC else Charset.MARC8


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True


def _fields(raw: list[tuple[str, bytes]], charset: Charset) -> Iterator[tuple[str, str, tuple[tuple[str, str], ...]]]:
    for tag, content in raw:
        text = content.decode(errors="replace") if charset is Charset.UTF8 else decode(content, charset)
        if "\x1f" not in text:
            yield tag, "", (("", text),)
        else:
            indicators, *parts = text.split("\x1f")
            yield tag, indicators, tuple((part[:1], part[1:]) for part in parts)


def split(octets: bytes) -> list[bytes]:
    """Return the records of a file."""
    return [each.lstrip(b"\r\n") + b"\x1d" for each in octets.split(b"\x1d") if each.strip()]


def form_of(octets: bytes) -> str:
    """Return the format of a record of a file: MARC21 has its title in 245."""
    base = int(octets[12:17]) if octets[12:17].isdigit() else _LEADER
    tags = {octets[at : at + 3] for at in range(_LEADER, base - 1, 12)}
    return MARC21 if b"245" in tags else UNIMARC


# --- words --------------------------------------------------------------------------------------------------------------


def folded(text: str) -> str:
    """Return a text without accents, ligatures and capitals."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    return plain.replace("œ", "oe").replace("æ", "ae")


def words(text: str) -> list[str]:
    """Return the words of a text, folded."""
    return re.findall(r"[^\W_]+", folded(text))


def safe_words(text: str) -> list[str]:
    """Return the words about which no two indexes can differ: plain letters between blanks."""
    return [each.lower() for each in _SAFE.findall(text)]


def isbn(text: str) -> str:
    """Return the ISBN that a text begins with, without hyphens; nothing when its check digit is wrong."""
    found = _ISBN.match(text.replace("-", "").replace(" ", "").upper())
    if found is None:
        return ""
    digits = [10 if each == "X" else int(each) for each in found.group()]
    if len(digits) == 13:
        right = sum(each * (1 + 2 * (at % 2)) for at, each in enumerate(digits)) % 10 == 0
    else:
        right = sum(each * (10 - at) for at, each in enumerate(digits)) % 11 == 0
    return found.group() if right else ""


def other_isbn(number: str) -> str:
    """Return the ISBN-13 of an ISBN-10, or the other way round; nothing where there is none."""
    if len(number) == 10:
        body = f"978{number[:9]}"
        return body + str(-sum(int(each) * (1 + 2 * (at % 2)) for at, each in enumerate(body)) % 10)
    if not number.startswith("978"):
        return ""
    body = number[3:12]
    rest = -sum(int(each) * (10 - at) for at, each in enumerate(body)) % 11
    return body + ("X" if rest == 10 else str(rest))
