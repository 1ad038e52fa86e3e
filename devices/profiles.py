"""Device profiles: how a kiosk, sorter, gate or platform differs from what we say by default, as data.

A profile is the table `profile` of a device in the network's file. Each option is declared once, in `OPTIONS`: the check
of a declaration, the reading of a profile and the reference page come from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from protocols.sip2.session import Profile


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a profile. *read* turns its text into what the session wants, and raises ValueError."""

    name: str
    default: str
    doc: str
    read: Callable[[str], Any]


class ProfileError(Exception):
    """A profile that cannot be used. `problems` is (option, what is wrong) for each."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{option}: {text}" for option, text in problems))
        self.problems = problems


_TERMINATORS: Final = {"CR": b"\r", "CRLF": b"\r\n"}


def _charset(text: str) -> str:
    return Profile(charset=text).charset


def _terminator(text: str) -> bytes:
    if text not in _TERMINATORS:
        raise ValueError(f"write {' or '.join(_TERMINATORS)}, not {text!r}")
    return _TERMINATORS[text]


OPTIONS: Final = (
    Option("charset", "utf-8", "Character set of both directions: utf-8, cp850, latin-1, cp1252, ascii.", _charset),
    Option("terminator", "CR", "What ends a response: CR, or CRLF for devices that wait for it.", _terminator),
)


def session_profile(profile: Mapping[str, Any]) -> Profile:
    """Return how the device with this *profile* speaks SIP2. Raises `ProfileError` with every problem at once."""
    known = {option.name: option for option in OPTIONS}
    problems = [(name, f"no such option (there are: {', '.join(known)})") for name in profile if name not in known]
    values = {}
    for option in OPTIONS:
        try:
            values[option.name] = option.read(str(profile.get(option.name, option.default)))
        except ValueError as error:
            problems.append((option.name, str(error)))
    if problems:
        raise ProfileError(problems)
    return Profile(**values)


def reference() -> str:
    """Return the Markdown table of options."""
    rows = [f"| `{option.name}` | `{option.default}` | {option.doc} |" for option in OPTIONS]
    return "\n".join(["| option | default | meaning |", "| --- | --- | --- |", *rows, ""])
