"""The reference page of our NCIP profile: what partners of this release can rely on, from the tables that make it so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from protocols.ncip.problems import SERVICES, Group
from protocols.ncip.releases import Release
from server.ncip.dialects import DIALECTS, Dialect
from server.ncip.ill import NOES, STATUSES
from server.ncip.lookups import PROFILE
from server.ncip.partners import RIGHTS
from server.ncip.services import support
from storage.circulation.ill.machine import LEADS, TELLS, TELLS_IF_WANTED, TIMERS, Event, Role, sentence

_GROUPS: Final = {
    Group.LOOKUP: "Lookups",
    Group.UPDATE: "Updates",
    Group.NOTIFICATION: "Notifications",
}


def profile() -> str:
    """Return the page."""
    return "\n".join([*_head(), *_services(), *_life(), *_refusals(), *_partners(), *_dialects()])


def _head() -> Iterator[str]:
    yield f"# NCIP profile: {PROFILE}\n"
    yield "Peers lend to each other: each side asks, ships, receives, renews, recalls and sends back, and tells the other. Messages are"
    yield "NCIP 2.02 (2.0, 2.01 and 1.0 are read, and answered alike), posted to `/ncip` over HTTP or HTTPS, or one after the other on a"
    yield "bare line of TCP or TLS. A request is known by its RequestId: the agency that made it, and its number there. Dates are in UTC."
    yield "A message that is repeated, octet by octet, gets the answer of the first as long as its effect stands. A number has at most 250"
    yield "characters, a text 8,000, a date a year between 1800 and 2999.\n"


def _services() -> Iterator[str]:
    for group, title in _GROUPS.items():
        yield f"## {title}\n"
        yield "| service | what becomes of it |\n|---|---|"
        for service in SERVICES.values():
            if service.group is group:
                yield f"| {service.name} | {support(service.name).value} |"
        yield ""


def _life() -> Iterator[str]:
    yield "## The life of a request\n"
    yield "States have an order; an event leads forward however many states it skips, and one that is late changes nothing.\n"
    yield "| event | leads to | told when we borrow | told when we lend |\n|---|---|---|---|"
    for event in Event:
        told = [TELLS.get((role, event)) or _wanted(role, event) for role in (Role.BORROWING, Role.LENDING)]
        yield f"| {event.value} | {LEADS[event].value if event in LEADS else ''} | {' | '.join(told)} |"
    yield "\n| side | state | days until someone looks | asks the partner first | RequestStatusType |\n|---|---|---|---|---|"
    for (role, state), timer in TIMERS.items():
        asks = "yes" if timer.probes else ""
        yield f"| {role.value} | {state.value} | {timer.days}, then {timer.again} | {asks} | {STATUSES[state].value} |"
    yield ""


def _wanted(role: Role, event: Event) -> str:
    service = TELLS_IF_WANTED.get((role, event))
    return f"{service}, if wanted" if service else ""


def _refusals() -> Iterator[str]:
    yield "## What is refused\n"
    yield "The types are the standard's own words; the first that the service may use is given.\n"
    yield "| reason | ProblemType | ProblemElement |\n|---|---|---|"
    for no, row in NOES.items():
        yield f"| {sentence(no, 'en')} | {' · '.join(kind.value for kind in row.types)} | {row.element} |"
    yield ""


def _partners() -> Iterator[str]:
    yield "## What is agreed with a partner\n"
    yield "Keys of `profile` in [the network's file](network-file.md), beside those of its dialect:\n"
    yield "| key | meaning |\n|---|---|"
    for key, meaning in RIGHTS.items():
        yield f"| `{key}` | {meaning} |"
    yield ""


def _shown(value: object) -> str:
    if isinstance(value, Release):
        return value.name[1:].replace("_", ".")
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _dialects() -> Iterator[str]:
    shown = [field.name for field in fields(Dialect) if field.name != "title"]
    yield "## Dialects\n"
    yield "How a partner wants to be spoken to: `dialect` in its profile. What a dialect does not say is as in `bibliobus`. The others are"
    yield "made from what the products are documented to want; none was tried with the product itself.\n"
    yield "| dialect | for | differs in |\n|---|---|---|"
    usual = DIALECTS["bibliobus"]
    for name, dialect in DIALECTS.items():
        differs = [
            f"`{field}` = `{_shown(getattr(dialect, field))}`"
            for field in shown
            if getattr(dialect, field) != getattr(usual, field)
        ]
        yield f"| `{name}` | {dialect.title} | {', '.join(differs)} |"
    yield ""
