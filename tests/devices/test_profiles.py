"""Profiles of devices: every option read, documented, and named when it makes no sense."""

from __future__ import annotations

import pytest

from devices.profiles import OPTIONS, check_profile, reference, wire_profile
from protocols.sip2.session import Profile


def test_a_devices_profile_tells_how_it_speaks() -> None:
    assert wire_profile({}) == Profile()
    assert wire_profile({"charset": "cp850", "terminator": "CRLF"}) == Profile(charset="cp850", terminator=b"\r\n")


@pytest.mark.parametrize(
    "profile", [{"terminator": "NL"}, {"charset": "utf-16"}, {"charset": "klingon"}, {"colour": "red"}]
)
def test_what_makes_no_sense_in_a_profile_is_named_and_counts_as_not_given(profile: dict[str, str]) -> None:
    assert [option for option, _ in check_profile(profile)] == list(profile)
    assert wire_profile(profile) == Profile()


def test_every_option_of_a_profile_is_documented() -> None:
    for name, option in OPTIONS.items():
        assert f"| `{name}` | `{option.default}` | {option.doc} |" in reference()
        assert list(check_profile({name: option.default})) == []
