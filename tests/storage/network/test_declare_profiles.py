"""What devices have in common is declared for all, or for those of a library, and merged option by option."""

from __future__ import annotations

from typing import Any

import pytest

from devices.profiles import check_profile
from storage.database import Location
from storage.network.declare import DeclarationError, Passwords, apply_declaration, read_declaration
from storage.network.network import load_network
from tests.network import NOW


def load(location: Location, text: str) -> Any:
    declaration = read_declaration(text.encode(), check_profile)
    with location.engine().begin() as connection:
        apply_declaration(connection, declaration, location.pins(), Passwords(str), NOW)
        return load_network(connection, location.pins()).profiles


def test_profiles_of_all_and_of_a_library_are_kept_apart_and_merged(location: Location) -> None:
    load(location, '[[device_profiles]]\nprofile = { charset = "cp850" }\n')
    found = load(location, '[[device_profiles]]\nlibrary = "LIEVIN"\nprofile = { screen = "never" }\n')
    assert found == {"": {"charset": "cp850"}, "LIEVIN": {"screen": "never"}}
    found = load(location, '[[device_profiles]]\nprofile = { terminator = "CRLF" }\n')
    assert found[""] == {"charset": "cp850", "terminator": "CRLF"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[[device_profiles]]\nprofile = { colour = "red" }\n', "device_profiles[0].profile.colour: unknown option"),
        ('[[device_profiles]]\nlibrary = "NOWHERE"\nprofile = {}\n', "device_profiles[0].library: "),
    ],
)
def test_what_is_wrong_in_a_profile_is_told_where_it_stands(location: Location, text: str, fault: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        load(location, text)
    assert str(caught.value).startswith(fault)
