"""How the text of one option of a device's profile is read: each function returns the value, or raises ValueError."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_network
from string import Formatter
from typing import Any, Final, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from protocols.sip2.codes import TONGUES, PatronStatus, SecurityMarker, SupportedMessage
from protocols.sip2.session import Profile

Address: TypeAlias = IPv4Network | IPv6Network

_FLAGS: Final = {"yes": True, "no": False}
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_SAMPLE: Final = date(2000, 1, 31)

DETAILS: Final = frozenset({"language", "born", "address", "email", "phone"})
"""What a template may say of a reader that is not read for every message."""
PATRON_NAMES: Final = DETAILS | {
    "card", "number", "forename", "surname", "expires", "category", "category_name", "home", "home_name",
}  # fmt: skip
"""What a template may say of a reader."""
ITEM_NAMES: Final = frozenset(
    {
        "barcode", "title", "author", "call_number", "location", "type", "type_name", "owner", "home", "current", "destination",
        "volume", "media", "properties",
    }
)  # fmt: skip
"""What a template may say of an item."""
RECEIPT_NAMES: Final = frozenset({"title", "item", "due", "library", "place", "route", "day"})
"""What a line to print may say: `place`, `route` and `day` are where, by which shuttle and when an item travels."""
_PRINTED: Final = frozenset({"10", "12", "30", "36"})
_BIN_NAMES: Final = ITEM_NAMES | {"alert", "route"}
_DATES: Final = frozenset({"expires", "born"})
_ABOUT_READERS: Final = frozenset({"24", "26", "64"})
_ABOUT_ITEMS: Final = frozenset({"10", "12", "18", "30"})


class Extension(NamedTuple):
    """A field that a response gets besides those of the table: identifier *field*, its value made of *template*."""

    response: str
    field: str
    template: str


class Bin(NamedTuple):
    """A rule of a sorter: the item whose *name* is *value* (or is not, when *negated*) goes to *bin*."""

    name: str
    value: str
    bin: str
    negated: bool


class Replacement(NamedTuple):
    """A rule for screen messages: what *pattern* finds becomes *text*."""

    pattern: re.Pattern[str]
    text: str


def flag(text: str) -> bool:
    """Read `yes` or `no`."""
    return one_of(*_FLAGS)(text) == "yes"


def one_of(*choices: str) -> Callable[[str], str]:
    """Return what reads one of *choices*."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"write {' or '.join(choices)}, not {text!r}")
        return text

    return read


def between(low: int, high: int) -> Callable[[str], int]:
    """Return what reads a whole number of *low* to *high*."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text[:9]) <= high):
            raise ValueError(f"write a number from {low} to {high}, not {text!r}")
        return int(text)

    return read


def anything(text: str) -> str:
    """Read any text."""
    return text


def charset(text: str) -> str:
    """Read the name of a Python codec that contains ASCII."""
    return Profile(charset=text).charset


def terminator(text: str) -> bytes:
    """Read what ends a response."""
    return {"CR": b"\r", "CRLF": b"\r\n", "LF": b"\n"}[one_of("CR", "CRLF", "LF")(text)]


def delimiter(text: str) -> bytes:
    """Read the one printable character of ASCII that ends a variable field."""
    if len(text) != 1 or not text.isascii() or not text.isprintable() or text.isalnum() or text == " ":
        raise ValueError(f"write one punctuation mark, not {text!r}")
    return text.encode()


def zone(text: str) -> ZoneInfo | None:
    """Read the name of a time zone; empty: none."""
    try:
        return ZoneInfo(text) if text else None
    except (KeyError, OSError, ValueError):
        raise ValueError(f"{text!r} is no time zone") from None


def requests(text: str) -> frozenset[SupportedMessage]:
    """Read the codes of requests; those of the connection itself (93, 97, 99) are always among them."""
    try:
        return frozenset(SupportedMessage(code) for code in [*text.split(), "93", "97", "99"])
    except ValueError:
        raise ValueError(f"write codes of requests, of {' '.join(sorted(SupportedMessage))}") from None


def printed(text: str) -> frozenset[str]:
    """Read the codes of responses that bring lines to print."""
    codes = frozenset(text.split())
    if not codes <= _PRINTED:
        raise ValueError(f"write codes of responses, of {' '.join(sorted(_PRINTED))}")
    return codes


def identifiers(text: str) -> frozenset[bytes]:
    """Read identifiers of variable fields."""
    found = text.split()
    if any(len(code) != 2 or not code.isalnum() or not code.isascii() for code in found):
        raise ValueError(f"write identifiers of two characters, as AF AG, not {text!r}")
    return frozenset(code.encode() for code in found)


def language(text: str) -> str:
    """Read a language that SIP2 has a code of."""
    return one_of(*dict.fromkeys(TONGUES.values()))(text)


def languages(text: str) -> tuple[str, ...]:
    """Read the languages that the device may ask for."""
    return tuple(language(code) for code in text.split()) or ("fr",)


def positions(text: str) -> frozenset[PatronStatus]:
    """Read positions (0 to 13) of the patron status."""
    members = tuple(PatronStatus)
    return frozenset(members[between(0, len(members) - 1)(number)] for number in text.split())


def marker(text: str) -> SecurityMarker:
    """Read a security marker."""
    return SecurityMarker(one_of(*SecurityMarker)(text))


def day_format(text: str) -> str:
    """Read `sip`, or how a day is written, as strftime has it."""
    if text != "sip" and ("%" not in text or not _SAMPLE.strftime(text).isprintable()):
        raise ValueError(f"write sip or a format as %d/%m/%Y, not {text!r}")
    return text


def names_in(text: str) -> frozenset[str]:
    """Return the names that a template says."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)


def template(names: frozenset[str]) -> Callable[[str], str]:
    """Return what reads a template with *names* in braces; dates may have a format, as `{expires:%d/%m/%Y}`."""

    def read(text: str) -> str:
        try:
            parts = list(Formatter().parse(text))
        except ValueError as error:
            raise ValueError(f"{text!r} is no template: {error}") from None
        for _, name, spec, conversion in parts:
            if name is not None and (
                name not in names or conversion or (spec and name not in _DATES) or "{" in (spec or "")
            ):
                raise ValueError(f"{{{name}}}: there are {', '.join(sorted(names))}")
        return text

    return read


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split(";") if line.strip()]


def extensions(text: str) -> tuple[Extension, ...]:
    """Read rules of response, field and template, with `;` between: `64 PA {expires:%Y%m%d}; 64 PC {category}`."""
    found = []
    for line in _lines(text):
        response, _, rest = line.partition(" ")
        field, _, value = rest.strip().partition(" ")
        identifiers(field)
        if response in _ABOUT_READERS:
            template(PATRON_NAMES)(value)
        elif response in _ABOUT_ITEMS:
            template(ITEM_NAMES)(value)
        else:
            raise ValueError(f"{line!r}: begin with one of {' '.join(sorted(_ABOUT_READERS | _ABOUT_ITEMS))}")
        found.append(Extension(response, field, value))
    return tuple(found)


def receipt_lines(text: str) -> tuple[tuple[str, str], ...]:
    """Read lines of response and template, with `;` between: `12 {title}; 12 Retour le {due}; 36 Merci !`."""
    found = []
    for line in _lines(text):
        response, _, value = line.partition(" ")
        if response not in _PRINTED:
            raise ValueError(f"{line!r}: begin with one of {' '.join(sorted(_PRINTED))}")
        found.append((response, template(RECEIPT_NAMES)(value.strip())))
    return tuple(found)


def bins(text: str) -> tuple[Bin, ...]:
    """Read rules as `type = DVD: 2; home != LENS: 3; *: 1`; the first that fits counts, `*` fits always."""
    found = []
    for line in _lines(text):
        rule = re.fullmatch(r"(?:(\w+)\s*(!?=)\s*(.*?)|\*)\s*:\s*(\S+)", line)
        if rule is None or str(rule[1] or "alert") not in _BIN_NAMES:
            raise ValueError(f"{line!r}: write name = value: bin, names are {', '.join(sorted(_BIN_NAMES))}")
        found.append(Bin(rule[1] or "", rule[3] or "", rule[4], rule[2] == "!="))
    return tuple(found)


def replacements(text: str) -> tuple[Replacement, ...]:
    """Read rules as `pattern => text`, with `;` between; the pattern is a regular expression."""
    found = []
    for line in _lines(text):
        pattern, arrow, replacement = line.partition("=>")
        try:
            compiled = re.compile(pattern.strip())
            compiled.sub(replacement.strip(), "")
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"{line!r}: {error}") from None
        if not arrow or not pattern.strip():
            raise ValueError(f"{line!r}: write pattern => text")
        found.append(Replacement(compiled, replacement.strip()))
    return tuple(found)


def addresses(text: str) -> tuple[Address, ...]:
    """Read addresses and networks: `10.1.2.3 192.168.4.0/24 fd00::/8`."""
    return tuple(ip_network(part, strict=False) for part in text.split())


def fingerprint(text: str) -> str:
    """Read the SHA-256 fingerprint of a certificate, with or without colons; empty: none."""
    plain = text.replace(":", "").lower()
    if plain and not _FINGERPRINT.fullmatch(plain):
        raise ValueError("write the SHA-256 fingerprint of a certificate, 64 hexadecimal digits")
    return plain


Read: TypeAlias = Callable[[str], Any]
