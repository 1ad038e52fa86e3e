"""Other legal spellings of a BER value: padded and indefinite lengths, strings in segments."""

from __future__ import annotations

from hypothesis import strategies as st

from protocols.z3950.ber import element, is_constructed, octets

# Identifiers that are strings wherever they stand: resultSetId, databaseName, elementSetName, names, characterString.
_STRINGS = frozenset({0x9F1F, 0x9F69, 0x9F67, 0x9F6E, 0x9F6F, 0x9F70, 0x9F8158, 0x1B})


def spelled(data: bytes, draw: st.DataObject) -> bytes:
    """Return the element *data* with every length, and some strings, written in a drawn way."""
    ident, start, stop = element(data, 0, len(data))
    return _element(ident, data[start:stop], draw)


def _element(ident: int, contents: bytes, draw: st.DataObject) -> bytes:
    if is_constructed(ident):
        return _wrapped(ident, _inside(contents, draw), draw)
    if ident in _STRINGS and draw.draw(st.booleans()):
        cut = draw.draw(st.integers(0, len(contents)))
        segments = _element(0x04, contents[:cut], draw) + _wrapped(0x24, _element(0x04, contents[cut:], draw), draw)
        head = ident | 0x20 << (len(octets(ident)) - 1) * 8
        return _wrapped(head, segments, draw)
    return octets(ident) + _length(len(contents), draw) + contents


def _inside(contents: bytes, draw: st.DataObject) -> bytes:
    out = []
    at = 0
    while at < len(contents):
        ident, start, at = element(contents, at, len(contents))
        out.append(_element(ident, contents[start:at], draw))
    return b"".join(out)


def _wrapped(ident: int, contents: bytes, draw: st.DataObject) -> bytes:
    if draw.draw(st.booleans()):
        return octets(ident) + b"\x80" + contents + b"\0\0"
    return octets(ident) + _length(len(contents), draw) + contents


def _length(size: int, draw: st.DataObject) -> bytes:
    fewest = len(octets(size))
    if size < 128 and draw.draw(st.booleans()):
        return bytes([size])
    count = draw.draw(st.integers(fewest, fewest + 5))
    return bytes([0x80 | count]) + size.to_bytes(count)
