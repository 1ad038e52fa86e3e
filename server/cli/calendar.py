"""`bibliobus calendar`: when libraries are open. What it changes it declares, as `bibliobus load` does."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from server.cli.common import Exit, as_json, configured, explained, find_store, refused, stop
from server.cli.why import DAY
from server.words import _

if TYPE_CHECKING:
    from server.writing import Access
    from storage.network.network import Library

_LIBRARY: Final = click.argument("library")
_REASON: Final = click.option("--reason", default="", help=_("Why, for people."))


@click.group(help=_("Look after opening hours: weeks, exceptions, public holidays."))
def calendar() -> None:
    """Calendars."""


def _declare(days: Iterable[dict[str, str]], libraries: Iterable[str], path: Path | None, data: Path | None) -> Any:
    """Have exceptions declared: the file of a network, written here."""
    from server.control import Refused
    from server.writing import writing

    quoted = json.dumps
    exceptions = ", ".join(
        "{" + ", ".join(f"{name} = {quoted(value)}" for name, value in day.items()) + "}" for day in days
    )
    places = f"libraries = {quoted(list(libraries))}\n" if libraries else ""
    text = f"[[calendars]]\n{places}exceptions = [{exceptions}]\n"
    with explained(), writing(find_store(path, data)) as writer:
        try:
            return writer.run("load", text=text, dry_run=False)["exceptions"]
        except Refused as error:
            if error.code != "declaration":
                raise
            refused("declaration", str(error))


def _tell(count: dict[str, int], *, json_: bool) -> None:
    said = _("{added} added, {changed} changed, {unchanged} as before").format(**count)
    click.echo(json.dumps(count) if json_ else said)


def _span(first: datetime, last: datetime | None) -> list[date]:
    days = ((last or first) - first).days
    return [first.date() + timedelta(days=number) for number in range(days + 1)]


@calendar.command("close", help=_("Close a library on a day, or on all days up to another."))
@_LIBRARY
@click.argument("day", type=DAY)
@click.option("--to", "last", type=DAY, help=_("The last day."))
@_REASON
@configured
@as_json
def close(
    library: str,
    day: datetime,
    last: datetime | None,
    reason: str,
    path: Path | None,
    data: Path | None,
    *,
    json_: bool,
) -> None:
    """Close a library."""
    days = [{"day": each.isoformat(), "reason": reason} for each in _span(day, last)]
    if not days:
        stop(Exit.USAGE, _("The last day comes before the first."))
    _tell(_declare(days, [library], path, data), json_=json_)


@calendar.command("open", help=_("Open a library on a day from when to when, whatever its week says."))
@_LIBRARY
@click.argument("day", type=DAY)
@click.argument("hours", metavar="HH:MM-HH:MM")
@_REASON
@configured
@as_json
def open_(
    library: str, day: datetime, hours: str, reason: str, path: Path | None, data: Path | None, *, json_: bool
) -> None:
    """Open a library."""
    days = [{"day": day.date().isoformat(), "hours": hours, "reason": reason}]
    _tell(_declare(days, [library], path, data), json_=json_)


@calendar.command("exceptions", help=_("List the days on which a library's calendar is not what its week says."))
@_LIBRARY
@configured
@as_json
def exceptions(library: str, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """List exceptions."""
    from storage.network.hours import reasons_of

    store, place = _place(library, path, data)
    reasons = store.read(reasons_of, place.id)
    found = [
        {"day": day, "hours": None if hours is None else "-".join(hours), "reason": reasons.get(day, "")}
        for day, hours in sorted(place.calendar.exceptions.items())
    ]
    if json_:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        click.echo(f"{each['day']}  {each['hours'] or _('closed'):12} {each['reason']}")


def _place(code: str, path: Path | None, data: Path | None) -> tuple[Access, Library]:
    from server.writing import looking

    with explained():
        store = looking(find_store(path, data))
        place = store.network.by_code.get(code.upper())
    if place is None:
        refused("unknown-library", _("The network has no library {code}.").format(code=code[:60]))
    return store, place


@calendar.command("show", help=_("Show the hours of a library day by day."))
@_LIBRARY
@click.option("--from", "first", type=DAY, help=_("The first day; today if not given."))
@click.option("--days", default=14, help=_("How many days."), show_default=True)
@configured
@as_json
def show(library: str, first: datetime | None, days: int, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Show hours."""
    store, place = _place(library, path, data)
    start = first.date() if first is not None else _today(store, place)
    found: list[dict[str, Any]] = [
        {
            "day": day.isoformat(),
            "open": place.calendar.is_open(day),
            "hours": ["-".join(span) for span in sorted(place.calendar.hours(day))],
        }
        for day in (start + timedelta(days=number) for number in range(days))
    ]
    if json_:
        click.echo(json.dumps(found))
        return
    for each in found:
        click.echo(f"{each['day']}  {' '.join(each['hours']) or (_('open') if each['open'] else _('closed'))}")


def _today(store: Access, place: Library) -> date:
    from storage.circulation.due import local_day

    return local_day(store.now(), place.zone)


@calendar.command(
    "hours", help=_("Tell the hours of each week that a library was really open, and the weeks below four hours.")
)
@_LIBRARY
@click.option("--from", "first", type=DAY, required=True, help=_("The first day."))
@click.option("--to", "last", type=DAY, required=True, help=_("The last day."))
@click.option("--all", "everything", is_flag=True, help=_("Show the weeks that keep the commitment too."))
@configured
@as_json
def hours(
    library: str,
    first: datetime,
    last: datetime,
    path: Path | None,
    data: Path | None,
    *,
    everything: bool,
    json_: bool,
) -> None:
    """Count opening hours."""
    from storage.network.hours import Kind, reasons_of, weeks

    store, place = _place(library, path, data)
    reasons = store.read(reasons_of, place.id)
    found = [
        week
        for week in weeks(place.calendar, place.zone, first.date(), last.date(), reasons)
        if everything or week.kind is not Kind.KEPT
    ]
    if json_:
        click.echo(json.dumps([{**week._asdict(), "kind": week.kind.value} for week in found], ensure_ascii=False))
        return
    for week in found:
        spans = f"{week.open // 60:3}:{week.open % 60:02} / {week.planned // 60}:{week.planned % 60:02}"
        click.echo(f"{week.week}  {spans:14} {week.kind.value:10} {', '.join(week.causes)}")


@calendar.command("holidays", help=_("List the public holidays of France in a year, or close every library on them."))
@click.argument("year", type=click.IntRange(1583, 9999))
@click.option("--apply", "applies", is_flag=True, help=_("Close the network's libraries on these days."))
@configured
@as_json
def holidays(year: int, path: Path | None, data: Path | None, *, applies: bool, json_: bool) -> None:
    """List or apply public holidays."""
    from storage.network.holidays import holidays as of_year

    days = [{"day": day.isoformat(), "reason": name} for day, name in sorted(of_year(year))]
    if applies:
        _tell(_declare(days, [], path, data), json_=json_)
        return
    if json_:
        click.echo(json.dumps(days, ensure_ascii=False))
        return
    for each in days:
        click.echo(f"{each['day']}  {each['reason']}")
