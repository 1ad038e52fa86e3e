"""The last touch to a response, for devices that want one: screen messages by their policy, and lines for a receipt."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from textwrap import wrap
from typing import Any, Final

from devices.profiles import DeviceProfile
from protocols.sip2.tables import Message
from server.sip2.setting import Setting

_DUE: Final = ("À rendre le {day}", "Due on {day}")
_TO: Final = ("À envoyer : {place}", "Send to: {place}")
_BY: Final = ("Navette {route} du {day:%d/%m/%Y}", "Shuttle {route}, {day:%d/%m/%Y}")
_HELD: Final = ("Réservé : à mettre de côté", "Reserved: hold shelf")
_THANKS: Final = ("Merci de votre visite. {library}", "Thank you for your visit. {library}")


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
            lines = _RECEIPTS[response.CODE](response, setting)
            changed["print_line"] = tuple(part for line in lines for part in (wrap(line, width) if width else [line]))
    return type(response)(**response.__dict__ | changed) if changed else response


def _screen(said: tuple[str, ...], profile: DeviceProfile) -> tuple[str, ...]:
    if profile.screen == "never":
        return ()
    for pattern, text in profile.screen_rules:
        said = tuple(pattern.sub(text, line) for line in said)
    return said or (("OK",) if profile.screen == "always" else ())


def _loan(response: Any, setting: Setting) -> list[str]:
    if not response.ok:
        return []
    due = response.due_date
    with suppress(ValueError):  # It may be in the device's own form already.
        due = f"{date.fromisoformat(due[:8]):%d/%m/%Y}"
    return [response.title_identifier, setting.word(_DUE).format(day=due)]


def _return(response: Any, setting: Setting) -> list[str]:
    """Return the slip that goes with an item that must not just go back to its shelf: never the reader's name."""
    if response.destination_location:
        lines = [setting.word(_TO).format(place=response.destination_location)]
        run = setting.next_run(response.destination_location)
        if run is not None:
            lines.append(setting.word(_BY).format(route=run.route, day=date.fromisoformat(run.day)))
        return [*lines, response.title_identifier or "", response.item_identifier]
    if response.alert_type == "01":
        return [setting.word(_HELD), response.title_identifier or "", response.item_identifier]
    return []


def _end(_response: Any, setting: Setting) -> list[str]:
    library = setting.library.name if setting.library is not None else ""
    return [setting.word(_THANKS).format(library=library)]


_RECEIPTS: Final[dict[str, Callable[[Any, Setting], list[str]]]] = {"12": _loan, "30": _loan, "10": _return, "36": _end}
"""Response -> what is printed of it."""
