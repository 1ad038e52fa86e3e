"""UNIMARC or MARC21: told by content; and the leaders of both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.marc.format import Format, guess, is_bibliographic, leader_of

UNIMARC = [(b"001", b"1"), (b"100", b"  \x1fa20010206d1892    k  y0frey50      ba"), (b"200", b"1 \x1faTitre")]
MARC21 = [(b"001", b"1"), (b"008", b"970701s1906"), (b"100", b"1 \x1faHugo, Victor"), (b"245", b"10\x1faTitre")]


@pytest.mark.parametrize("leader", [b"00000nam  2200000   450 ", b"00000nam a2200000   4500"])
def test_a_lying_leader_does_not_matter(leader: bytes) -> None:
    assert guess(leader, UNIMARC) is Format.UNIMARC
    assert guess(leader, MARC21) is Format.MARC21


def test_what_says_nothing_is_neither() -> None:
    assert guess(b"00000nam  2200000   450 ", [(b"001", b"1"), (b"999", b"  \x1fax")]) is None


def test_authorities_are_not_bibliographic() -> None:
    assert not is_bibliographic(b"00000nx  a2200000   450 ", Format.UNIMARC)
    assert not is_bibliographic(b"00000nz  a2200000n  4500", Format.MARC21)
    assert is_bibliographic(b"00000nam  2200000   450 ", Format.UNIMARC)


@pytest.mark.parametrize(
    ("form", "leader", "right"),
    [
        (Format.UNIMARC, b"02498nam0a22007213i 4500", b"02498nam0 22007213i 450 "),
        (Format.MARC21, b"02647nam^^2200469^^^4500", b"02647nam a2200469   4500"),
        (Format.UNIMARC, b"short", b"short     22        450 "),
    ],
)
def test_the_leader_of_each_format(form: Format, leader: bytes, right: bytes) -> None:
    assert leader_of(form, leader) == right


@given(st.binary(max_size=40), st.sampled_from(list(Format)))
def test_a_leader_is_24_ascii_characters_and_stays_when_set_again(leader: bytes, form: Format) -> None:
    right = leader_of(form, leader)
    assert len(right) == 24
    assert right.isascii()
    assert leader_of(form, right) == right
