"""Frames of SIP 2.00: bytes to messages and messages to bytes, from the tables of `messages`.

A frame is what stands before the terminator: message code, fixed fields, variable fields, and the trailer of error
detection, `AYn` and `AZhhhh`. The *body* is the frame without its trailer. The checksum AZ is the two's complement of the
sum of all bytes from the first one through the letters `AZ`, as four hexadecimal digits: it covers the encoded bytes.

Nothing in here raises anything but `Malformed` on bytes from outside.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias
from zlib import adler32

import protocols.sip2.messages  # noqa: F401 - the layouts below are made of every message declared there
from protocols.sip2.tables import Message

_Read: TypeAlias = Callable[[str], Any]
_Write: TypeAlias = Callable[[dict[str, Any]], tuple[str, list[str]]]

LONGEST_VALUE: Final = 255
_FOLD: Final = "sip2-fold"
# Punctuation and ligatures that NFKD leaves alone and that French texts are full of.
_PLAIN: Final = str.maketrans(
    {"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"'}
    | {"–": "-", "—": "-", "€": "EUR", "ß": "ss", "ø": "o", "Ø": "O"}
)
_UNWRITABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029|]")
_TRAILER: Final = re.compile(rb"(?:AY([0-9]{0,2}))?AZ([0-9A-Fa-f]{4})[| ]*\Z")
_SEQUENCE: Final = re.compile(rb"(?<=\|)AY([0-9])[| ]*\Z")
_DAMAGED: Final = re.compile(rb"(?:.Y[0-9]AZ|A.[0-9]AZ|AY[0-9].Z|AY[0-9]A.)[0-9A-Fa-f]{4}[| ]*\Z", re.DOTALL)
_LONGEST_TRAILER: Final = 64
_WRAPPED: Final = {"AF", "AG"}


class ProtocolError(Exception):
    """The rules of the wire were broken."""


class Malformed(ProtocolError):
    """A frame that is no message: its code is not known."""


class Truncated(Malformed):
    """A message whose fixed part is cut short; `partial` holds what could be read, blank where nothing could."""

    def __init__(self, partial: Message) -> None:
        super().__init__(f"fixed part of {partial.CODE} cut short")
        self.partial = partial


class Sealed(NamedTuple):
    """A frame taken apart: its body, AY as it came, whether AZ was there, and whether AZ was right (or absent)."""

    body: bytes
    sequence: bytes | None
    checked: bool
    intact: bool


@dataclass(frozen=True, slots=True)
class _Layout:
    """The table of one message as the loops below want it."""

    message: type[Message]
    fixed: tuple[tuple[str, int, int, _Read | None], ...]  # name, start, end, read
    variable: dict[str, tuple[str, _Read | None, bool]]  # by identifier: name, read, repeatable
    blank: dict[str, Any]  # what a required variable field holds when it is missing
    start: int  # where the variable part begins
    later: frozenset[bytes]  # identifiers that 1.00 does not know in this message
    write: _Write  # the fixed part, and the variable fields with identifiers


def _layout(message: type[Message]) -> _Layout:
    fixed, variable, blank, start = [], {}, {}, 2
    for name, column, required, repeatable, _ in message.TABLE:
        if column.code:
            variable[column.code] = name, column.read, repeatable
            if required:
                blank[name] = column.read("") if column.read else ""
        else:
            fixed.append((name, start, start + column.width, column.read))
            start += column.width
    later = frozenset(row.column.code.encode() for row in message.TABLE if row.since != "1.00" and row.column.code)
    return _Layout(message, tuple(fixed), variable, blank, start, later, _writer(message))


def _writer(message: type[Message]) -> _Write:
    """Make the function that writes the columns of *message*, out of its table.

    Compiled, for it runs once a message: interpreting the table took twice as long. What goes into the source are names and
    identifiers of the table alone.
    """
    writes: dict[str, Any] = {}
    head, lines = [repr(message.CODE)], []
    for name, column, required, repeatable, _ in message.TABLE:
        value = f"write_{name}(value)" if column.write else "value"
        writes[f"write_{name}"] = column.write
        if not column.code:
            head.append(value.replace("value)", f"values[{name!r}])") if column.write else f"values[{name!r}]")
            continue
        lines.append(f"    value = get({name!r})")
        if repeatable:
            lines.append(f"    if value: fields += [{column.code!r} + item for item in value]")
        else:
            lines.append(f"    if value is not None: fields.append({column.code!r} + {value})")
            if required:
                lines.append(f"    else: fields.append({column.code!r})")
    source = [
        "def write(values):",
        "    get, fields = values.get, []",
        *lines,
        f"    return {' + '.join(head)}, fields",
    ]
    exec("\n".join(source), writes)  # noqa: S102 (see above)
    made: _Write = writes["write"]
    return made


_LAYOUTS: Final = {code: _layout(message) for code, message in Message.BY_CODE.items()}


def checksum(data: bytes) -> bytes:
    """Return AZ for *data*, which ends with the letters `AZ`: four upper-case hexadecimal digits."""
    # adler32's low half is 1 + the sum of the bytes modulo 65521: exact for slices of 256 bytes, and five times faster.
    if len(data) <= 256:
        total = adler32(data) - 1
    else:
        total = sum((adler32(data[at : at + 256]) & 0xFFFF) - 1 for at in range(0, len(data), 256))
    return b"%04X" % (-total & 0xFFFF)


def seal(body: bytes, sequence: bytes | None, *, checked: bool) -> bytes:
    """Return *body* with its trailer, if error detection is *checked*: AY when there is a *sequence*, and AZ."""
    if not checked:
        return body
    data = body + b"AZ" if sequence is None else body + b"AY" + sequence + b"AZ"
    return data + checksum(data)


def unseal(frame: bytes) -> Sealed:
    """Take the trailer off *frame*, from its end and by position: values may hold anything, and delimiters be missing."""
    if frame[-9:-7] == b"AY" and frame[-6:-4] == b"AZ" and frame[-7:-6] != b"|":
        return Sealed(frame[:-9], frame[-7:-6], True, checksum(frame[:-4]) == frame[-4:].upper())
    found = _TRAILER.search(frame, max(0, len(frame) - _LONGEST_TRAILER))
    if found:
        body, sequence = frame[: found.start()], found[1]
        intact = checksum(frame[: found.start(2)]) == found[2].upper()
        # Without AY and without a delimiter before it, `AZ1234` may as well be the end of a barcode.
        if intact or sequence is not None or body.endswith(b"|") or len(body) == 2:
            return Sealed(body, sequence, True, intact)
    found = _SEQUENCE.search(frame, max(0, len(frame) - _LONGEST_TRAILER))
    return Sealed(frame[: found.start()], found[1], False, True) if found else Sealed(frame, None, False, True)


def damaged(frame: bytes) -> bool:
    """Tell whether *frame* ends as with a trailer of which one letter is wrong; so may a barcode end, where none is in use."""
    return _DAMAGED.search(frame, max(0, len(frame) - _LONGEST_TRAILER)) is not None


def decode(body: bytes, charset: str = "utf-8") -> Message:
    """Read one message; bytes that are not of *charset* are taken for Latin-1.

    Variable fields may come in any order, without the last delimiter or with too many; of a field that may not repeat the
    first one counts; a required one that is missing reads as empty. Raises Truncated when the fixed part is cut short, and
    Malformed when the code is not known.
    """
    try:
        text = body.decode(charset)
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    layout = _LAYOUTS.get(text[:2])
    if layout is None:
        raise Malformed("unknown message code")
    start = layout.start
    if len(text) < start or "|" in text[:start]:
        raise Truncated(_partial(layout, text))
    values: dict[str, Any] = {
        name: text[at:end] if read is None else read(text[at:end]) for name, at, end, read in layout.fixed
    }
    return _message(layout, values, text[start:].split("|"))


def _partial(layout: _Layout, text: str) -> Message:
    """Read what can be read when the fixed part is cut short: nothing of it, and the variable fields that can be found."""
    values = {name: read("") if read else "" for name, _, _, read in layout.fixed}
    first, *pieces = text[2:].split("|")
    found = re.search("|".join(layout.variable), first) if layout.variable else None
    return _message(layout, values, [first[found.start() :], *pieces] if found else pieces)


def _message(layout: _Layout, values: dict[str, Any], pieces: list[str]) -> Message:
    variable = layout.variable
    extensions = []
    for piece in pieces:
        code = piece[:2]
        if code in variable:
            name, read, repeatable = variable[code]
            if repeatable:
                values[name] = (*values.get(name, ()), piece[2:])
            elif name not in values:
                values[name] = piece[2:] if read is None else read(piece[2:])
        elif len(code) == 2 and code.isalnum() and code.isascii():
            extensions.append((code, piece[2:]))
    if extensions:
        values["extensions"] = tuple(extensions)
    # Not through __init__, which would set every optional field one by one: what is not here is the class's default.
    message = object.__new__(layout.message)
    object.__setattr__(message, "__dict__", layout.blank | values)
    return message


def encode(message: Message, charset: str = "utf-8") -> bytes:
    """Return the body of *message* in *charset*, fields in the definition's order.

    What the wire cannot carry is replaced: control characters and the delimiter by a blank, characters outside *charset* by
    their base letter or `?`. Values longer than 255 bytes are cut; screen messages and print lines go on in the next one.
    """
    head, fields = _LAYOUTS[message.CODE].write(message.__dict__)
    if message.extensions:
        fields += [code + item for code, item in message.extensions]
    text = head + "|".join(fields) + "|" if fields else head
    try:
        data = text.encode(charset)
    except UnicodeEncodeError:
        return _carefully(head, fields, charset)
    # One look at the whole instead of one at each field; the difference of the lengths bounds what encoding adds to any.
    longest = len(data) if len(data) <= LONGEST_VALUE else max(map(len, fields)) - 2 + len(data) - len(text)
    if longest <= LONGEST_VALUE and text.isprintable() and text.count("|") == len(fields):
        return data
    return _carefully(head, fields, charset)


def trimmed(body: bytes, hidden: frozenset[bytes], shown: frozenset[bytes], *, legacy: bool) -> bytes:
    """Return *body*, as `encode` made it, without the *hidden* fields, and with none but those *shown* if there are any.

    For a *legacy* peer (1.00) it loses what came with 2.00 and all extensions too.
    """
    layout = _LAYOUTS[body[:2].decode()]
    fields = body[layout.start :].split(b"|")[:-1]
    if legacy:
        known = {code.encode() for code in layout.variable} - layout.later
        fields = [field for field in fields if field[:2] in known]
    kept = [field for field in fields if field[:2] not in hidden and (not shown or field[:2] in shown)]
    return body[: layout.start] + b"".join([field + b"|" for field in kept])


def _carefully(head: str, fields: list[str], charset: str) -> bytes:
    """Encode field by field, with every replacement that `encode` speaks of."""
    out = [head.encode(charset, _FOLD)]
    for field in fields:
        code = field[:2].encode()
        value = _UNWRITABLE.sub(" ", field[2:]).encode(charset, _FOLD)
        while len(value) > LONGEST_VALUE:
            cut = value[:LONGEST_VALUE].decode(charset, "ignore").encode(charset)
            if field[:2] not in _WRAPPED:
                value = cut
                break
            blank = cut.rfind(b" ")
            piece = cut[:blank] if blank > 0 else cut
            out.append(code + piece + b"|")
            value = value[len(piece) :].lstrip(b" ")
        out.append(code + value + b"|")
    return b"".join(out)


def _fold(error: UnicodeError) -> tuple[str | bytes, int]:
    """Replace characters that a charset lacks by what a reader takes for them, without accents, or by `?`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = unicodedata.normalize("NFKD", error.object[error.start : error.end].translate(_PLAIN))
    bare = "".join(char for char in lacking if not unicodedata.combining(char))
    return bare.encode("ascii", "replace"), error.end


codecs.register_error(_FOLD, _fold)
