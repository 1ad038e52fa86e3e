"""Device profiles: how a kiosk, sorter, gate or platform differs from what we say by default, as data.

A profile is a table of a device in the network's file. Its options are declared once, in `OPTIONS`, from which a profile is
checked, read and documented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from protocols.sip2.session import Profile

_TERMINATORS: Final = {"CR": b"\r", "CRLF": b"\r\n"}


class Option(NamedTuple):
    """One option: what it is, its value when it is not given, and what reads a value or raises ValueError."""

    doc: str
    default: str
    read: Callable[[str], Any]


def _charset(text: str) -> str:
    return Profile(charset=text).charset


def _terminator(text: str) -> bytes:
    try:
        return _TERMINATORS[text]
    except KeyError:
        raise ValueError(f"write {' or '.join(_TERMINATORS)}, not {text!r}") from None


OPTIONS: Final = {
    "charset": Option(
        "Character set of the texts, a Python codec that contains ASCII: `utf-8`, `cp850`, `latin-1`, `cp1252`, or `ascii`, "
        "which takes accents off.",
        "utf-8",
        _charset,
    ),
    "terminator": Option(
        "What ends a response: `CR` or `CRLF`. Requests may end in any of CR, LF and CRLF.", "CR", _terminator
    ),
}


def check_profile(profile: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a device's profile: option and fault."""
    for name, value in profile.items():
        option = OPTIONS.get(name)
        if option is None:
            yield name, f"unknown option: there are {', '.join(OPTIONS)}"
            continue
        try:
            option.read(str(value))
        except ValueError as error:
            yield name, str(error)


def wire_profile(profile: Mapping[str, Any]) -> Profile:
    """Return how a device speaks. What is wrong in *profile* counts as not given: see `check_profile`."""
    values = {}
    faulty = {name for name, _ in check_profile(profile)}
    for name, option in OPTIONS.items():
        given = profile.get(name, option.default) if name not in faulty else option.default
        values[name] = option.read(str(given))
    return Profile(**values)


def reference() -> str:
    """Return the Markdown section on device profiles."""
    rows = [f"| `{name}` | `{option.default}` | {option.doc} |" for name, option in OPTIONS.items()]
    return "\n".join(["## Device profiles", "", "| option | default | what it is |", "|---|---|---|", *rows, ""])
