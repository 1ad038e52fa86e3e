"""`bibliobus commune`: the conventions between communes and the network."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from server.cli.common import as_json, configured, explained, find_store, refused
from server.cli.why import DAY
from server.words import LANGUAGE, _

if TYPE_CHECKING:
    from server.writing import Access
    from storage.network.network import Commune

_ON: Final = click.option("--on", type=DAY, help=_("The day; today if not given."))
_CODE: Final = click.argument("code", metavar="COMMUNE")


@click.group(help=_("Look after the conventions between communes and the network."))
def commune() -> None:
    """Communes."""


def _day(on: datetime | None) -> str:
    from storage.network.conventions import legal_day

    return on.date().isoformat() if on is not None else legal_day(int(time.time()))


def _store(path: Path | None, data: Path | None) -> Access:
    from server.writing import looking

    with explained():
        return looking(find_store(path, data))


def _commune(store: Access, code: str) -> Commune:
    town = store.network.communes.get(code)
    if town is None:
        known = ", ".join(store.network.communes)
        refused(
            "unknown-commune", _("There is no commune {code}; there are: {known}").format(code=code[:60], known=known)
        )
    return town


def _state(town: Commune, day: str) -> dict[str, Any]:
    from storage.network.conventions import current, effective_day, next_anniversary, stage

    found = current(town.memberships, day)
    if found is None:
        return {"commune": town.code, "name": town.name, "stage": None}
    coming = next_anniversary(found, day)
    return {
        "commune": town.code,
        "name": town.name,
        "convention": found.convention,
        "stage": stage(found, day).value,
        "notified_on": found.notified_on,
        "ends_on": found.ends_on,
        "effective_on": effective_day(found),
        "next_anniversary": coming.day if coming is not None else None,
        "notice_by": coming.notice_by if coming is not None else None,
    }


@commune.command("list", help=_("List the communes with what their convention is on a day."))
@_ON
@configured
@as_json
def list_(on: datetime | None, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """List communes."""
    found = [_state(town, _day(on)) for town in _store(path, data).network.communes.values()]
    if json_:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        days = f"{each.get('notified_on') or '-':10}  {each.get('ends_on') or '-':10}"
        click.echo(f"{each['commune']:16} {each['stage'] or '-':12} {days}  {each['name']}")


@commune.command(
    "show", help=_("Show a commune: its conventions, its libraries, and what an exit has still to settle.")
)
@_CODE
@_ON
@configured
@as_json
def show(code: str, on: datetime | None, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Show a commune."""
    from storage.network.convention_acts import remains
    from storage.network.conventions import current, stage

    store = _store(path, data)
    town, day = _commune(store, code), _day(on)
    in_force = current(town.memberships, day)
    libraries = [library for library in store.network.libraries.values() if library.commune == code]
    with explained():
        left = store.read(remains, code)
    told = {
        **_state(town, day),
        "conventions": [
            {**asdict(each), "stage": stage(each, day, renewed=each is not in_force).value} for each in town.memberships
        ],
        "exit": town.exit._asdict() if town.exit is not None else None,
        "libraries": {library.code: library.services for library in libraries},
        "remains": left,
    }
    if json_:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo("\n".join(_shown(told)))


def _shown(told: dict[str, Any]) -> Iterator[str]:
    yield f"{told['commune']}  {told['name']}  {told['stage'] or '-'}"
    for convention in told["conventions"]:
        yield "  " + ", ".join(f"{name} {value}" for name, value in convention.items() if value)
    if told["exit"] is not None:
        yield _("Exit:") + " " + ", ".join(f"{name} {value}" for name, value in told["exit"].items())
    for library, services in told["libraries"].items():
        spans = (f"{service} {start}..{end or ''}" for service, each in sorted(services.items()) for start, end in each)
        yield f"  {library:16} " + (", ".join(spans) or _("all services"))
    for name, count in told["remains"].items():
        yield f"{count:8}  {name.replace('_', ' ')}"


@commune.command(
    "calendar", help=_("Tell the days to come of a commune's convention: anniversaries, notice, alarms, exit.")
)
@_CODE
@configured
@as_json
def calendar(code: str, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Show the days of a convention."""
    from storage.network.conventions import alarms, anniversaries, current

    town = _commune(_store(path, data), code)
    found = current(town.memberships, _day(None))
    days = [] if found is None else [alarm._asdict() for alarm in alarms(found)]
    if found is not None:
        days += [{"day": each.day, "what": "anniversary"} for each in anniversaries(found)]
        days += [{"day": each.notice_by, "what": "last-day-of-notice"} for each in anniversaries(found)]
    days.sort(key=lambda each: (each["day"], each["what"]))
    if json_:
        click.echo(json.dumps(days))
        return
    for each in days:
        click.echo(f"{each['day']}  {each['what']}")


# --- acts ----------------------------------------------------------------------------------------------------------------


def _note(act: str, code: str, path: Path | None, data: Path | None, *, json_: bool, **given: Any) -> None:
    from server.writing import writing

    with explained(), writing(find_store(path, data)) as writer:
        told = writer.run(f"commune.{act}", commune=code, **given)
    if not told["refused"]:
        click.echo(json.dumps(told) if json_ else _("Noted."))
        return
    refused(told["refused"][0], told["sentences"][0 if LANGUAGE == "fr" else 1])


@commune.command("notify", help=_("Note that a convention was notified to a commune: it is in force from that day."))
@_CODE
@_ON
@click.option("--convention", required=True, help=_("Which text; a commune's conventions are known by it."))
@click.option("--until", type=DAY, help=_("The last day of the convention; 2029-12-31 if not given."))
@configured
@as_json
def notify(
    code: str,
    on: datetime | None,
    convention: str,
    until: datetime | None,
    path: Path | None,
    data: Path | None,
    *,
    json_: bool,
) -> None:
    """Notify."""
    end = {} if until is None else {"ends_on": until.date().isoformat()}
    _note("notify", code, path, data, json_=json_, on=_day(on), convention=convention, **end)


@commune.command("denounce", help=_("Note that notice to end a convention was received; it ends on an anniversary."))
@_CODE
@_ON
@click.option("--by", required=True, help=_("Which party gives notice."))
@click.option("--clause", required=True, help=_("Which clause it says was broken."))
@click.option("--evidence", default="", help=_("Where the evidence is."))
@configured
@as_json
def denounce(
    code: str,
    on: datetime | None,
    by: str,
    clause: str,
    evidence: str,
    path: Path | None,
    data: Path | None,
    *,
    json_: bool,
) -> None:
    """Denounce."""
    _note("denounce", code, path, data, json_=json_, on=_day(on), by=by, clause=clause, evidence=evidence)


@commune.command("withdraw", help=_("Note that a denunciation is taken back."))
@_CODE
@_ON
@configured
@as_json
def withdraw(code: str, on: datetime | None, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Withdraw a denunciation."""
    _note("withdraw", code, path, data, json_=json_, on=_day(on))


@commune.command(
    "leave", help=_("Note that a commune leaves on a day, and end the services of its libraries by phases.")
)
@_CODE
@_ON
@configured
@as_json
def leave(code: str, on: datetime | None, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Leave."""
    _note("leave", code, path, data, json_=json_, on=_day(on))


@commune.command(
    "anomalies", help=_("List what must be looked at: conventions that end, libraries that lend without a referent.")
)
@_ON
@configured
@as_json
def anomalies(on: datetime | None, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """List what must be looked at."""
    from storage.network.conventions import current, reached
    from storage.network.hours import without_referent

    store, day = _store(path, data), _day(on)
    with explained():
        alone = store.read(without_referent, day)
    told = [
        {"commune": town.code, **alarm._asdict()}
        for town in store.network.communes.values()
        if (found := current(town.memberships, day)) is not None and (alarm := reached(found, day)) is not None
    ]
    if json_:
        click.echo(json.dumps({"conventions": told, "without_referent": alone}))
        return
    for each in told:
        click.echo(f"{each['commune']:16} {each['day']}  {each['what']}")
    for library in alone:
        click.echo(f"{library:16} " + _("no referent"))
    if not told and not alone:
        click.echo(_("Nothing to look at."))
