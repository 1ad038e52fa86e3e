"""A frame as it may be shown and kept: secrets and readers' data are masked by the table of fields.

What is masked stands as `<XX>`, with its identifier; what the table does not know is masked as well, and so is all of a frame
that is no message. So nothing that could be a PIN, a name or a card gets into a trace, whatever a terminal sends.
"""

from __future__ import annotations

from typing import Final

from protocols.sip2 import codec
from protocols.sip2.tables import Message

_SHOWN: Final = frozenset(
    row.column.code
    for message in Message.BY_CODE.values()
    for row in message.TABLE
    if row.column.code and not (row.column.secret or row.column.personal)
) - {"CN"}


def mask(frame: bytes, charset: str = "utf-8") -> str:
    """Return *frame* (without terminator, with or without trailer) as text that may be shown. Raises nothing."""
    text = codec.unseal(frame).body.decode(charset, "replace")
    kind = Message.BY_CODE.get(text[:2])
    start = 2 + sum(row.column.width for row in kind.TABLE if not row.column.code) if kind is not None else 0
    if kind is None or len(text) < start or "|" in text[:start]:
        return f"<{len(frame)} bytes>"
    fixed, pieces = text[:start], text[start:].split("|")
    return fixed + "|".join(_piece(piece) for piece in pieces)


def _piece(piece: str) -> str:
    code = piece[:2]
    if code in _SHOWN or not piece:
        return "".join(character if character.isprintable() else " " for character in piece)
    shown = code if code.isalnum() and code.isascii() and code.isupper() else "??"
    return f"{shown}<{shown}>" if piece[2:] else shown
