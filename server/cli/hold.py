"""`bibliobus hold` and `bibliobus pull-list`: who waits for what, and who is asked for it, from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from server.cli.common import as_json, configured, explained, find_store, refuse
from server.words import LANGUAGE, _

if TYPE_CHECKING:
    from storage.circulation.holds.rows import OpenHold
    from storage.network.network import Library, Network
    from storage.statements import Steps

_DAY: Final = click.DateTime(["%Y-%m-%d"])
_CLEARED_DAYS: Final = 2


@click.group(help=_("Place holds, change and end them; who waits for what."))
def hold() -> None:
    """Look after holds."""


@click.group("pull-list", help=_("What a library is asked to take from its shelves."))
def pull_list() -> None:
    """Look after pull lists."""


def _at(command: Callable[..., Any]) -> Callable[..., Any]:
    option = click.option("--library", required=True, help=_("Library where this is done."))
    return configured(option(as_json(command)))


_of: Final = click.argument("hold_id", type=int, metavar="HOLD")


def _iso(day: datetime | None) -> str | None:
    return day.date().isoformat() if day is not None else None


def _do(operation: str, path: Path | None, data: Path | None, **arguments: Any) -> dict[str, Any]:
    from server.writing import writing

    with explained(), writing(find_store(path, data)) as writer:
        told: dict[str, Any] = writer.run(operation, **arguments)
        return told


def _say(told: dict[str, Any], *, json_: bool) -> None:
    """Say what came of an act on a hold."""
    from storage.refusals import Reason, sentence

    if told["refused"]:
        refuse(told["refused"], json_=json_)
    if json_:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    lines = [_("Hold {hold}: {title}").format(**told)]
    lines += [sentence(Reason(code), LANGUAGE) for code in told["remarks"]]
    if told["rank"]:
        lines.append(_("Rank: {rank}.").format(**told))
    if told["state"] == "cancelled":
        lines.append(_("It is cancelled."))
        if told["destination"]:
            lines.append(_("Send the item to {destination}.").format(**told))
    else:
        lines.append(_("To be fetched at {pickup}.").format(**told))
        if told["promised_on"]:
            lines.append(_("Expected from {promised_on} on.").format(**told))
        if told["expires_on"]:
            lines.append(_("Until {expires_on}.").format(**told))
    click.echo("\n".join(lines))


def _ask(
    path: Path | None, data: Path | None, library: str, steps: Callable[[Network, Library, int], Steps[Any]]
) -> Any:
    """Run a read as seen from *library*; return what it found with the network it was read in."""
    from server.operations.patrons import library_of
    from server.writing import looking

    with explained():
        access = looking(find_store(path, data))
        network = access.network
        place = library_of(network, library)
        return network, access.ask(lambda now_is: steps(now_is, place, access.now()))


def _print(rows: Iterable[dict[str, Any]], columns: Sequence[str], *, json_: bool) -> None:
    """Print *rows* aligned, or as JSON; blank for None."""
    found = list(rows)
    if json_:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    texts = [["" if row[name] is None else str(row[name]) for name in columns] for row in found]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for line in texts:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    if not found:
        click.echo(_("Nothing."))


def _row(network: Network, one: OpenHold, rank: int = 0) -> dict[str, Any]:
    """Show a hold without saying whose it is."""
    return {
        "hold": one.id,
        "rank": rank or None,
        "state": one.state,
        "pickup": network.libraries[one.pickup_id].code,
        "until": one.shelf_until or one.expires_on,
        "promised_on": one.promised_on,
        "suspended_until": one.suspended_until,
        "slot": one.shelf_slot,
        "barcode": one.barcode,
        "title": one.title,
    }


# --- holds ---------------------------------------------------------------------------------------------------------------


@hold.command(help=_("Place a hold for a reader: on a title, a volume of it, or one item."))
@click.argument("card", metavar="CARD")
@click.option("--record", "record_id", type=int, help=_("Number of the record."))
@click.option("--barcode", default="", help=_("A barcode: its title is meant, or with --this-item the item itself."))
@click.option("--this-item", is_flag=True, help=_("This very item and no other."))
@click.option("--volume", default="", help=_("This volume of the title alone."))
@click.option("--pickup", help=_("Library where it will be fetched; the reader's own if not given."))
@click.option("--need-by", type=_DAY, help=_("Last day on which it is of use."))
@click.option("--suspended-until", type=_DAY, help=_("Keep its place, but serve it from this day on only."))
@_at
def place(
    card: str,
    record_id: int | None,
    barcode: str,
    volume: str,
    pickup: str | None,
    need_by: datetime | None,
    suspended_until: datetime | None,
    path: Path | None,
    data: Path | None,
    library: str,
    *,
    this_item: bool,
    json_: bool,
) -> None:
    """Place a hold."""
    if (record_id is None) == (not barcode):
        raise click.UsageError(_("Give --record or --barcode."))
    wanted = {"record_id": record_id, "barcode": barcode, "this_item": this_item, "volume": volume}
    days = {"expires_on": _iso(need_by), "suspended_until": _iso(suspended_until)}
    told = _do("hold.place", path, data, library=library, card=card, pickup=pickup, **wanted, **days)
    _say(told, json_=json_)


@hold.command(help=_("End a hold. An item put aside for it goes to the next who waits, or home."))
@_of
@_at
def cancel(hold_id: int, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """Cancel a hold."""
    _say(_do("hold.cancel", path, data, library=library, hold=hold_id), json_=json_)


@hold.command(help=_("Keep a hold's place in line without serving it, until a day."))
@_of
@click.option("--until", type=_DAY, required=True, help=_("Day from which it is served again."))
@_at
def suspend(hold_id: int, until: datetime, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """Suspend a hold."""
    _say(_do("hold.suspend", path, data, library=library, hold=hold_id, until=_iso(until)), json_=json_)


@hold.command(help=_("Serve a suspended hold again, from now on."))
@_of
@_at
def resume(hold_id: int, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """Resume a hold."""
    _say(_do("hold.suspend", path, data, library=library, hold=hold_id, until=None), json_=json_)


@hold.command(help=_("Have a hold fetched at another library, unless its item stands on the shelf already."))
@_of
@click.option("--pickup", required=True, help=_("Library where it will be fetched."))
@_at
def move(hold_id: int, pickup: str, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """Change the pick-up library."""
    _say(_do("hold.move", path, data, library=library, hold=hold_id, pickup=pickup), json_=json_)


@hold.command(help=_("Keep an item on the hold shelf once more as long, if nobody waits for it."))
@_of
@_at
def extend(hold_id: int, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """Extend the time on the shelf."""
    _say(_do("hold.extend", path, data, library=library, hold=hold_id), json_=json_)


@hold.command(help=_("Serve a hold before all others. The journal says who did it."))
@_of
@_at
def first(hold_id: int, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """Put a hold first."""
    _say(_do("hold.first", path, data, library=library, hold=hold_id), json_=json_)


@hold.command(help=_("Note in which slot of the hold shelf an item stands."))
@_of
@click.argument("slot")
@_at
def slot(hold_id: int, slot: str, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """Note a slot."""
    _say(_do("hold.slot", path, data, library=library, hold=hold_id, slot=slot), json_=json_)


@hold.command("list", help=_("List a reader's holds, with their rank while they wait."))
@click.argument("card", metavar="CARD")
@_at
def list_(card: str, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """List a reader's holds."""
    from storage.circulation.holds.lists import holds_of_reader

    network, found = _ask(path, data, library, lambda net, place, now: holds_of_reader(net, card, place.id, now))
    if found.reason is not None:
        refuse([found.reason.value], json_=json_)
    rows = [_row(network, one.hold, one.rank) for one in found.holds]
    _print(rows, ("hold", "rank", "state", "pickup", "until", "promised_on", "title"), json_=json_)


@hold.command(help=_("Show the line for a title: what is captured, then who waits, in order. It names no reader."))
@click.argument("record", type=int)
@_at
def queue(record: int, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """Show a queue."""
    from storage.circulation.holds.lists import queue_of

    network, found = _ask(path, data, library, lambda _net, _place, _now: queue_of(record))
    rows = [_row(network, one.hold, one.rank) for one in found]
    _print(rows, ("hold", "rank", "state", "pickup", "until", "suspended_until", "barcode"), json_=json_)


@hold.command(help=_("List what stands on a library's hold shelf."))
@_at
def shelf(path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """List the hold shelf."""
    from storage.circulation.holds.lists import shelf_of

    network, found = _ask(path, data, library, lambda _net, place, _now: shelf_of(place.id))
    _print([_row(network, one) for one in found], ("slot", "until", "hold", "barcode", "title"), json_=json_)


@hold.command(help=_("List what is to be taken from a library's hold shelf, its hold having ended, and where it goes."))
@click.option("--since", type=_DAY, help=_("Holds that ended since this day; the last two days if not given."))
@_at
def clear(since: datetime | None, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """List what is to be cleared."""
    from storage.circulation.holds.lists import to_clear

    after = since.replace(tzinfo=UTC) if since is not None else datetime.now(UTC) - timedelta(days=_CLEARED_DAYS)
    start = int(after.timestamp())
    _network, found = _ask(path, data, library, lambda net, place, _now: to_clear(net, place.id, start))
    rows = [
        {
            "barcode": one.item.row.barcode,
            "slot": one.slot,
            "outcome": one.outcome,
            "status": one.item.status.value,
            "destination": one.item.destination.code if one.item.destination is not None else None,
            "call_number": one.item.row.call_number,
            "title": one.item.row.title,
        }
        for one in found
    ]
    _print(rows, ("slot", "barcode", "status", "destination", "call_number", "title"), json_=json_)


# --- pull lists ----------------------------------------------------------------------------------------------------------


@pull_list.command(help=_("Show what a library is asked for, in the order of its shelves. It names no reader."))
@_at
def show(path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """Show a pull list."""
    from storage.circulation.holds.pulls import pull_list as lines_of

    network, found = _ask(path, data, library, lambda net, place, now: lines_of(net, place.id, now))
    rows = [
        {
            "barcode": line.item.row.barcode,
            "location": line.item.row.location,
            "call_number": line.item.row.call_number,
            "title": line.item.row.title,
            "author": line.item.row.author,
            "pickup": network.libraries[line.pull.pickup_id].code,
            "hold": line.pull.hold_id,
        }
        for line in found
    ]
    _print(rows, ("location", "call_number", "title", "author", "barcode", "pickup"), json_=json_)


@pull_list.command(
    help=_("Note that an item asked for was not found: another library is asked. Twice: it is to be searched.")
)
@click.argument("barcode")
@_at
def miss(barcode: str, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """Note a miss."""
    told = _do("pull-list.miss", path, data, library=library, barcode=barcode)
    if told["refused"]:
        refuse(told["refused"], json_=json_)
    if json_:
        click.echo(json.dumps(told))
    else:
        click.echo(_("Noted; the item is to be searched.") if told["to_search"] else _("Noted."))
