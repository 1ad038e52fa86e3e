"""Profiles of devices: every option read, documented, and named when it makes no sense; models and inheritance."""

from __future__ import annotations

import pytest

from devices.models import MODELS
from devices.profiles import OPTIONS, DeviceProfile, check_profile, reference, resolve
from protocols.sip2.codes import PatronStatus, SupportedMessage
from protocols.sip2.session import Profile


def test_a_devices_profile_tells_how_it_speaks() -> None:
    assert resolve({}).wire == Profile()
    assert resolve({"charset": "cp850", "terminator": "CRLF"}).wire == Profile(charset="cp850", terminator=b"\r\n")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("terminator", "NL"),
        ("charset", "utf-16"),
        ("charset", "klingon"),
        ("colour", "red"),
        ("delimiter", "||"),
        ("delimiter", "a"),
        ("timeout", "0"),
        ("timeout", "a second"),
        ("timezone", "Mars/Olympus"),
        ("messages", "23 24"),
        ("receipt", "11"),
        ("hidden_flags", "14"),
        ("hidden_fields", "AFX"),
        ("due_date", "tomorrow"),
        ("due_date", "%n"),
        ("security_marker", "9"),
        ("personal_name", "{pin}"),
        ("personal_name", "{forename.__class__}"),
        ("personal_name", "{forename!r}"),
        ("personal_name", "{"),
        ("extensions", "64 PA {expires:{card}}"),
        ("extensions", "64 PAX {expires}"),
        ("extensions", "18 PA {card}"),
        ("extensions", "98 PA x"),
        ("bins", "type: 1"),
        ("bins", "pin = 1: 1"),
        ("screen_rules", "( => x"),
        ("screen_rules", "no arrow"),
        ("screen_rules", "x => \\9"),
        ("addresses", "10.0.0.0/99"),
        ("certificate", "12:34"),
        ("empty_pin", "maybe"),
        ("offline", "true"),
        ("languages", "xx"),
        ("model", "toaster"),
    ],
)
def test_what_makes_no_sense_in_a_profile_is_named_and_counts_as_not_given(option: str, value: str) -> None:
    assert [name for name, _ in check_profile({option: value})] == [option]
    assert resolve({option: value}) == DeviceProfile()


def test_every_option_of_a_profile_is_documented_and_its_default_is_good() -> None:
    for name, option in OPTIONS.items():
        assert f"| `{name}` |" in reference()
        assert option.doc.replace("|", "\\|") in reference()
        assert list(check_profile({name: option.default})) == []
        assert resolve({name: option.default}) == DeviceProfile()


def test_the_later_of_network_library_model_and_device_counts_for_more() -> None:
    network = {"charset": "cp850", "screen": "never", "terminator": "CRLF", "model": "gate"}
    library = {"charset": "cp1252", "timeout": "50"}
    device = {"model": "cen-tec", "charset": "latin-1"}
    found = resolve(network, library, device)
    assert (found.charset, found.screen, found.terminator, found.timeout) == ("latin-1", "never", b"\r\n", 50)
    assert found.model == "cen-tec"
    assert SupportedMessage.CHECKOUT in found.messages
    assert resolve(network, library).messages == resolve({"model": "gate"}).messages


@pytest.mark.parametrize("model", MODELS)
def test_a_model_is_a_good_profile_that_says_something(model: str) -> None:
    options = MODELS[model].options
    assert list(check_profile(options)) == []
    assert resolve({"model": model}) != DeviceProfile(model=model)


def test_a_model_for_who_only_authenticates_gives_no_reader_away() -> None:
    found = resolve({"model": "e-books"})
    assert not found.personal
    assert found.pin_required
    assert PatronStatus.CHARGE_PRIVILEGES_DENIED not in found.hidden_flags
    assert SupportedMessage.CHECKOUT not in found.messages


@pytest.mark.parametrize(
    ("address", "lets_in"),
    [("10.1.2.3", True), ("10.1.3.3", False), ("fd00::7", True), ("fd00::8", False), ("/run/socket", False)],
)
def test_addresses_from_which_a_device_may_log_in(address: str, lets_in: bool) -> None:
    assert resolve({"addresses": "10.1.2.0/24 fd00::7"}).lets_in(address) is lets_in
    assert resolve({}).lets_in(address)
