"""Terms are read in the encoding that they are in, which nobody says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.z3950.text import term_text

_ACCENTS = {0xC1: "\u0300", 0xC2: "\u0301", 0xC3: "\u0302", 0xC8: "\u0308", 0xC9: "\u0308", 0xD0: "\u0327"}


def iso5426(value: bytes) -> str:
    """Read the accents that French needs; the whole table is the business of protocols.marc."""
    text = accent = ""
    for octet in value:
        if octet in _ACCENTS:
            accent = _ACCENTS[octet]
        elif octet < 0x80:
            text += chr(octet) + accent
            accent = ""
        else:
            raise ValueError(octet)
    return text


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"germinal", "germinal"),
        ("été".encode(), "été"),
        ("e\u0301te\u0301".encode(), "été"),
        (b"\xe9t\xe9", "été"),
        (b"\xc2et\xc2e", "été"),
        (b"fran\xd0cais et \xc2ecole", "français et école"),
        (b"no\xc8el", "noël"),
        (b"\xc9cole", "École"),
        (b"\xc9tat", "État"),
        (b"\xc2ge d'or", "Âge d'or"),
        (b"CR\xc9ATION", "CRÉATION"),
        (b"ANN\xc9E", "ANNÉE"),
        (b"m\xc9uller", "müller"),
        (b"\xc2\x81", "\x81"),
        (b"na\xefve \xff", "naïve ÿ"),
        (b"c\x9cur", "cœur"),
        (b"l\x92\x8cuvre", "l’Œuvre"),
        (b"x\x81", "x\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_a_term_is_read(octets: bytes, text: str) -> None:
    assert term_text(octets, iso5426) == text


@settings(derandomize=True, deadline=None)
@given(st.binary(min_size=1, max_size=40))
def test_any_octets_are_some_text(octets: bytes) -> None:
    assert term_text(octets, iso5426)
