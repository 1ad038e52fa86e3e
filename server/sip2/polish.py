"""The last touch to a response, for devices that want one: screen messages by their policy, and lines for a receipt."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from textwrap import wrap
from typing import Any, Final, TypeAlias

from devices.options import RECEIPT_NAMES, names_in
from devices.profiles import DeviceProfile
from protocols.sip2.tables import Message
from server.sip2.setting import Setting

Lines: TypeAlias = tuple[tuple[str, str], ...]
"""Templates of lines to print, French and English."""
_LOAN: Final[Lines] = (("{title}", "{title}"), ("À rendre le {due}", "Due on {due}"))
_TRAVELS: Final[Lines] = (
    ("À envoyer : {place}", "Send to: {place}"),
    ("Navette {route} du {day}", "Shuttle {route}, {day}"),
    ("{title}", "{title}"),
    ("{item}", "{item}"),
)
_HELD: Final[Lines] = (
    ("Réservé : à mettre de côté", "Reserved: hold shelf"), ("{title}", "{title}"), ("{item}", "{item}")
)  # fmt: skip
_END: Final[Lines] = (("Merci de votre visite. {library}", "Thank you for your visit. {library}"),)
LINES: Final = tuple(dict.fromkeys((*_LOAN, *_TRAVELS, *_HELD, *_END)))
"""All that is printed by default."""
_NOTHING: Final = dict.fromkeys(RECEIPT_NAMES, "")
_DAY: Final = "%d/%m/%Y"


def wanted(profile: DeviceProfile) -> bool:
    """Tell whether responses for devices with *profile* are to be touched at all: most are not."""
    return (
        profile.screen != "needed" or profile.magnetic_media != "type" or bool(profile.screen_rules or profile.receipt)
    )


def polish(response: Message, setting: Setting, width: int) -> Message:
    """Return *response* as the device wants it; lines to print are *width* characters long (0: any length)."""
    profile = setting.profile
    changed: dict[str, Any] = {}
    if profile.magnetic_media != "type" and hasattr(response, "magnetic_media"):
        changed["magnetic_media"] = False if profile.magnetic_media == "no" else None
    if hasattr(response, "screen_message"):
        changed["screen_message"] = _screen(response.screen_message, profile)
        if response.CODE in profile.receipt and response.CODE in _RECEIPTS:
            lines = _printed(response, setting)
            changed["print_line"] = tuple(part for line in lines for part in (wrap(line, width) if width else [line]))
    return type(response)(**response.__dict__ | changed) if changed else response


def _screen(said: tuple[str, ...], profile: DeviceProfile) -> tuple[str, ...]:
    if profile.screen == "never":
        return ()
    for pattern, text in profile.screen_rules:
        said = tuple(pattern.sub(text, line) for line in said)
    return said or (("OK",) if profile.screen == "always" else ())


def _printed(response: Message, setting: Setting) -> list[str]:
    """Return the lines that are printed of *response*; one that names things, of which there is none here, is left out."""
    lines, about = _RECEIPTS[response.CODE](response, setting)
    if not lines:
        return []
    library = setting.library.name if setting.library is not None else ""
    about = {**_NOTHING, "library": library, **about}
    own = [text for code, text in setting.profile.receipt_lines if code == response.CODE]
    return [
        text.format_map(about)
        for text in own or map(setting.word, lines)
        if not (named := names_in(text)) or any(about[name] for name in named)
    ]


def _loan(response: Any, _setting: Setting) -> tuple[Lines, dict[str, str]]:
    if not response.ok:
        return (), {}
    due = response.due_date
    with suppress(ValueError):  # It may be in the device's own form already.
        due = f"{date.fromisoformat(due[:8]):{_DAY}}"
    return _LOAN, {"title": response.title_identifier, "item": response.item_identifier, "due": due}


def _return(response: Any, setting: Setting) -> tuple[Lines, dict[str, str]]:
    """Return the slip that goes with an item that must not just go back to its shelf: never the reader's name."""
    about = {"title": response.title_identifier or "", "item": response.item_identifier}
    if not response.destination_location:
        return (_HELD, about) if response.alert_type == "01" else ((), {})
    about["place"] = response.destination_location
    run = setting.next_run(response.destination_location)
    if run is not None:
        about |= {"route": run.route, "day": f"{date.fromisoformat(run.day):{_DAY}}"}
    return _TRAVELS, about


def _end(_response: Any, _setting: Setting) -> tuple[Lines, dict[str, str]]:
    return _END, {}


_RECEIPTS: Final[dict[str, Callable[[Any, Setting], tuple[Lines, dict[str, str]]]]] = {
    "12": _loan, "30": _loan, "10": _return, "36": _end,
}  # fmt: skip
"""Response -> what is printed of it, by default, and what a line may say."""
