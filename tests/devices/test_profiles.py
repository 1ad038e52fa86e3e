"""Profiles of devices: every option read, every problem told at once."""

from __future__ import annotations

import pytest

from devices.profiles import OPTIONS, ProfileError, reference, session_profile
from protocols.sip2.session import Profile


def test_an_empty_profile_is_the_default_of_every_option() -> None:
    assert session_profile({}) == Profile()


def test_options_reach_the_session() -> None:
    assert session_profile({"charset": "cp850", "terminator": "CRLF"}) == Profile(charset="cp850", terminator=b"\r\n")


@pytest.mark.parametrize("charset", ["utf-16", "cp037", "no-such", "rot13", ""])
def test_a_charset_that_cannot_carry_the_protocol_is_refused(charset: str) -> None:
    with pytest.raises(ProfileError, match="charset"):
        session_profile({"charset": charset})


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ProfileError) as caught:
        session_profile({"charset": "x-none", "terminator": "LF", "colour": "red"})
    assert [option for option, _ in caught.value.problems] == ["colour", "charset", "terminator"]


def test_the_reference_names_every_option() -> None:
    assert all(f"`{option.name}`" in reference() for option in OPTIONS)
