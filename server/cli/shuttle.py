"""`bibliobus route`, `run`, `container`, `transit`, `manifest`: the shuttle, from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from server.cli.common import as_json, configured, explained, find_store, refuse, refused
from server.words import LANGUAGE, _

if TYPE_CHECKING:
    from storage.circulation.shuttle.routes import Route
    from storage.network.network import Network
    from storage.statements import Steps

T = TypeVar("T")


@click.group(help=_("Look at the shuttle's routes."))
def route() -> None:
    """Look at routes."""


@click.group(
    help=_("Plan runs of the shuttle; have them leave, end or be cancelled. RUN is ROUTE or ROUTE/YYYY-MM-DD.")
)
def run() -> None:
    """Look after runs."""


@click.group(help=_("Pack containers, load and unload them."))
def container() -> None:
    """Look after containers."""


@click.group(help=_("What is under way between libraries, and what was lost there."))
def transit() -> None:
    """Look at transits."""


class _RunName(click.ParamType[str]):
    """A run: ROUTE, or ROUTE/YYYY-MM-DD."""

    name = "run"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text: str = value
        _route, slash, day = text.partition("/")
        try:
            if slash:
                date.fromisoformat(day)
        except ValueError:
            self.fail(_("write ROUTE or ROUTE/YYYY-MM-DD"), param, ctx)
        return text


_run_name = click.argument("name", type=_RunName(), metavar="RUN")
_code = click.argument("code", metavar="CONTAINER")
_day = click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help=_("Which day; without it, today."))


def _at(command: Callable[..., Any]) -> Callable[..., Any]:
    option = click.option("--library", required=True, help=_("Library where this is done."))
    return configured(option(as_json(command)))


def _do(
    operation: str, path: Path | None, data: Path | None, *, json_: bool, **arguments: Any
) -> dict[str, Any] | None:
    """Run an operation; refusals end the command. None when the answer was printed, as JSON."""
    from server.writing import writing

    with explained(), writing(find_store(path, data)) as writer:
        told: dict[str, Any] = writer.run(operation, **arguments)
    if told["refused"]:
        if not json_:
            _hint(told)
        refuse(told["refused"], json_=json_)
    if not json_:
        return told
    click.echo(json.dumps(told, ensure_ascii=False))
    return None


def _hint(told: dict[str, Any]) -> None:
    """Say where an item goes that was refused, and what is still aboard."""
    if told.get("stop"):
        right = ", ".join(told["containers"]) or "-"
        told = {**told, "right": right}
        click.echo(_("It goes to {destination}, by {stop}. Open containers for it: {right}").format(**told), err=True)
    elif told.get("aboard"):
        click.echo(_("Aboard: {aboard}").format(aboard=", ".join(told["aboard"])), err=True)


def _look(path: Path | None, data: Path | None, steps: Callable[[Network, int], Steps[T]]) -> tuple[Network, int, T]:
    """Read beside whoever writes; return the network and the time too."""
    from server.writing import looking

    with explained():
        access = looking(find_store(path, data))
        now = access.now()
        return access.network, now, access.ask(lambda network: steps(network, now))


def _table(rows: Iterable[Sequence[object]]) -> None:
    """Print rows in columns."""
    texts = [["-" if each is None else str(each) for each in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _print(rows: Sequence[dict[str, Any]], *, json_: bool) -> None:
    if json_:
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        _table([list(row.values()) for row in rows])


def _when(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, tz=UTC).isoformat(timespec="minutes")


# --- routes --------------------------------------------------------------------------------------------------------------

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _nothing(_network: Network, _now: int) -> Steps[None]:
    yield []


def _described(network: Network, each: Route) -> dict[str, Any]:
    return {
        "route": each.code,
        "name": each.name,
        "weekdays": " ".join(_DAYS[number - 1] for number in sorted(each.weekdays)),
        "hub": network.libraries[each.hub_id].code if each.hub_id is not None else None,
        "capacity": each.capacity,
        "cut_off": each.cut_off,
        "from_on": each.from_on,
        "to_on": each.to_on,
    }


@route.command("list", help=_("List the routes."))
@configured
@as_json
def route_list(path: Path | None, data: Path | None, *, json_: bool) -> None:
    """List the routes."""
    network, _now, _none = _look(path, data, _nothing)
    _print([_described(network, each) for each in network.routes], json_=json_)


@route.command("show", help=_("Show a route with its stops."))
@click.argument("code", metavar="ROUTE")
@configured
@as_json
def route_show(code: str, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Show a route."""
    from storage.circulation.shuttle.carriage import route_of

    network, _now, _none = _look(path, data, _nothing)
    found = route_of(network, code)
    if found is None:
        refuse(["unknown-route"], json_=json_)
    told = _described(network, found)
    stops = [
        {"library": network.libraries[each.library_id].code, "at": each.at, "handling": each.handling}
        for each in found.stops
    ]
    if json_:
        click.echo(json.dumps({**told, "stops": stops}, ensure_ascii=False))
        return
    _table([list(told.values())])
    _table([[each["at"], each["library"], each["handling"]] for each in stops])


@route.command(help=_("When an item that leaves a library now can be had at another."))
@click.argument("from_", metavar="FROM")
@click.argument("to")
@configured
@as_json
def eta(from_: str, to: str, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Tell an arrival."""
    from storage.circulation.shuttle.eta import eta

    network, now, _none = _look(path, data, _nothing)
    for code in (from_, to):
        if code.upper() not in network.by_code:
            refused("unknown-library", _("The network has no library {code}.").format(code=code[:60]))
    found = eta(network, network.by_code[from_.upper()].id, network.by_code[to.upper()].id, now)
    if found is None:
        refuse(["not-on-route"], json_=json_)
    legs = [
        {
            "run": f"{leg.route}/{leg.day}",
            "from": network.libraries[leg.from_id].code,
            "to": network.libraries[leg.to_id].code,
        }
        for leg in found.runs
    ]
    if json_:
        click.echo(json.dumps({"day": found.day, "at": _when(found.at), "runs": legs}, ensure_ascii=False))
        return
    click.echo(_("From {day} on.").format(day=found.day))
    _print(legs, json_=False)


@route.command(help=_("How well the days that readers were told have been kept, by pick-up library."))
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help=_("From which day; without it, 90 days back."))
@configured
@as_json
def promises(since: datetime | None, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Measure promises."""
    from storage.circulation.shuttle import reads

    def steps(network: Network, now: int) -> Steps[list[reads.Kept]]:
        first = now - 90 * 86400 if since is None else int(since.replace(tzinfo=UTC).timestamp())
        return reads.promises(network, first)

    network, _now, kept = _look(path, data, steps)
    rows = [
        {
            "library": network.libraries[each.library_id].code,
            "holds": each.holds,
            "kept": each.kept,
            "days_late": each.late,
            "days_late_90": each.late_90,
        }
        for each in kept
    ]
    _print(rows, json_=json_)


# --- runs ----------------------------------------------------------------------------------------------------------------


@run.command("list", help=_("List the runs of a day."))
@_day
@configured
@as_json
def run_list(day: datetime | None, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """List runs."""
    from server.operations.shuttle import run_named
    from storage.circulation.shuttle import reads

    def steps(network: Network, now: int) -> Steps[list[reads.RunOfDay]]:
        return reads.runs(network, day.date().isoformat() if day is not None else run_named("", now)[1])

    _network, _now, found = _look(path, data, steps)
    rows = [{**each._asdict(), "left_at": _when(each.left_at), "ended_at": _when(each.ended_at)} for each in found]
    _print(rows, json_=json_)


def _acts(name: str, help_: str) -> None:
    """Make the command that does something with a run."""

    @run.command(name, help=help_)
    @_run_name
    @click.option("--driver", default="", help=_("Who drives, as a label."))
    @configured
    @as_json
    def act(path: Path | None, data: Path | None, *, name: str, driver: str, json_: bool) -> None:
        told = _do(f"run.{verb}", path, data, json_=json_, run=name, driver=driver)
        if told is not None:
            click.echo(f"{told['route']}/{told['day']}: {told['state']}")
            if told["aboard"]:
                click.echo(_("Aboard: {aboard}").format(aboard=", ".join(told["aboard"])))

    verb = name


_acts("plan", _("Have a run on a day on which its route has none, or one that was cancelled after all."))
_acts("leave", _("Note that a run has left."))
_acts("end", _("Note that a run is done. What is still aboard is told to staff."))
_acts("cancel", _("Cancel a run: nothing more is promised by it."))


def _manifest(name: str, path: Path | None, data: Path | None, *, html: bool, json_: bool) -> None:
    from server.operations.shuttle import run_named
    from storage.circulation.shuttle import manifest as papers

    def steps(network: Network, now: int) -> Steps[papers.Manifest | None]:
        return papers.read_manifest(network, *run_named(name, now))

    network, _now, found = _look(path, data, steps)
    if found is None:
        refuse(["unknown-route"], json_=json_)
    if json_:
        click.echo(json.dumps(papers.as_dict(network, found), ensure_ascii=False))
    else:
        click.echo((papers.as_html if html else papers.as_text)(network, found, LANGUAGE), nl=False)


@click.command(
    help=_("Print what a run carries, by stop, for the driver: no reader is named. RUN is ROUTE or ROUTE/YYYY-MM-DD.")
)
@_run_name
@click.option("--html", is_flag=True, help=_("As a page of HTML."))
@configured
@as_json
def manifest(name: str, path: Path | None, data: Path | None, *, html: bool, json_: bool) -> None:
    """Print a manifest."""
    _manifest(name, path, data, html=html, json_=json_)


@run.command(help=_("Show a run and what it carries."))
@_run_name
@configured
@as_json
def show(name: str, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Show a run."""
    _manifest(name, path, data, html=False, json_=json_)


# --- containers ----------------------------------------------------------------------------------------------------------


def _say(told: dict[str, Any] | None) -> None:
    if told is None:
        return
    line = _("{container}: {state}, {items} items").format(**told)
    click.echo(line + (" > " + told["to"] if told["to"] else ""))
    if told["missing"]:
        click.echo(_("{missing} declared missing").format(**told))


@container.command(help=_("Have a new container."))
@_code
@click.option("--kind", type=click.Choice(["crate", "bag", "trolley"]), default="crate", help=_("What it is."))
@click.option("--capacity", type=click.IntRange(1), help=_("How many items it takes; without it, any number."))
@_at
def add(path: Path | None, data: Path | None, *, json_: bool, **given: Any) -> None:
    """Add a container."""
    _say(_do("container.add", path, data, json_=json_, **given))


@container.command("open", help=_("Open a container, to pack it."))
@_code
@click.option("--to", help=_("Library that it is for; without it, the first item says."))
@click.option("--missing", is_flag=True, help=_("What is still noted in it is not there: it is lost."))
@_at
def open_(path: Path | None, data: Path | None, *, json_: bool, **given: Any) -> None:
    """Open a container."""
    _say(_do("container.open", path, data, json_=json_, **given))


def _pack(operation: str, path: Path | None, data: Path | None, *, json_: bool, **given: Any) -> None:
    told = _do(operation, path, data, json_=json_, **given)
    if told is not None:
        click.echo("{barcode}: {code} > {destination}".format(code=given["code"], **told))


@container.command(help=_("Put an item into a container. A wrong one is refused, and the right ones are told."))
@_code
@click.argument("barcode")
@_at
def pack(path: Path | None, data: Path | None, *, json_: bool, **given: Any) -> None:
    """Pack an item."""
    _pack("container.pack", path, data, json_=json_, **given)


@container.command(help=_("Take an item out of a container."))
@_code
@click.argument("barcode")
@_at
def unpack(path: Path | None, data: Path | None, *, json_: bool, **given: Any) -> None:
    """Take an item out."""
    _pack("container.unpack", path, data, json_=json_, **given)


@container.command(help=_("Close a container that is packed."))
@_code
@_at
def seal(path: Path | None, data: Path | None, *, json_: bool, **given: Any) -> None:
    """Seal a container."""
    _say(_do("container.seal", path, data, json_=json_, **given))


@container.command("load", help=_("Put a sealed container aboard a run. RUN is ROUTE or ROUTE/YYYY-MM-DD."))
@_code
@_run_name
@_at
def load_(path: Path | None, data: Path | None, *, name: str, json_: bool, **given: Any) -> None:
    """Load a container."""
    _say(_do("container.load", path, data, json_=json_, run=name, **given))


@container.command(help=_("Note that a container is here: it came off a run, or turned up."))
@_code
@_at
def unload(path: Path | None, data: Path | None, *, json_: bool, **given: Any) -> None:
    """Unload a container."""
    _say(_do("container.unload", path, data, json_=json_, **given))


@container.command("show", help=_("Show where a container is and what is noted in it."))
@_code
@configured
@as_json
def container_show(code: str, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Show a container."""
    from storage.circulation.shuttle import reads

    network, _now, (found, inside) = _look(path, data, lambda _network, _now: reads.contents(code))
    if found is None:
        refuse(["unknown-container"], json_=json_)
    place = network.libraries[found.place_id].code
    to = network.libraries[found.to_id].code if found.to_id is not None else None
    rows = [
        {
            "barcode": each.barcode,
            "to": network.libraries[each.to_id].code,
            "reason": each.reason,
            "packed_at": _when(each.packed_at),
            "title": each.title,
        }
        for each in inside
    ]
    if json_:
        told = {"container": found.code, "kind": found.kind, "state": found.state, "place": place, "to": to}
        click.echo(json.dumps({**told, "items": rows}, ensure_ascii=False))
        return
    _table([[found.code, found.kind, found.state, place, to]])
    _print(rows, json_=False)


# --- transits ------------------------------------------------------------------------------------------------------------


@transit.command("list", help=_("List what is under way, where it was last seen and when it is expected."))
@click.option("--from", "from_", help=_("Only what this library sent."))
@click.option("--to", help=_("Only what goes to this library."))
@configured
@as_json
def transit_list(from_: str | None, to: str | None, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """List transits."""
    from storage.circulation.shuttle import reads

    network, now, found = _look(path, data, lambda _network, _now: reads.under_way())
    rows = []
    for each in found:
        origin, destination = network.libraries[each.from_id].code, network.libraries[each.to_id].code
        if (from_ or origin).upper() != origin or (to or destination).upper() != destination:
            continue
        rows.append(
            {
                "barcode": each.barcode,
                "from": origin,
                "to": destination,
                "reason": each.reason,
                "hold": each.hold_id,
                "sent_at": _when(each.sent_at),
                "seen_at": network.libraries[each.place_id].code,
                "container": each.container,
                "run": f"{each.route}/{each.day}" if each.route else None,
                "expected_on": reads.expected(network, each, now),
                "title": each.title,
            }
        )
    _print(rows, json_=json_)


@transit.command(
    "lost", help=_("List what was lost in transit and has not been seen since: where and when it was last seen.")
)
@configured
@as_json
def transit_lost(path: Path | None, data: Path | None, *, json_: bool) -> None:
    """List what was lost."""
    from storage.circulation.shuttle import reads

    _network, _now, found = _look(path, data, lambda _network, _now: reads.lost())
    rows = [
        {"barcode": each.barcode, "kind": each.kind, "since": _when(each.at), "last": each.detail, "title": each.title}
        for each in found
    ]
    _print(rows, json_=json_)


@transit.command(help=_("Print the slip of an item that travels: where it goes, and on which shelf it is put there."))
@click.argument("barcode")
@configured
@as_json
def slip(barcode: str, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Print a slip."""
    from storage.circulation.shuttle import manifest as papers
    from storage.circulation.shuttle import reads

    network, _now, found = _look(path, data, lambda _network, _now: reads.under_way())
    row = next((each for each in found if each.barcode == barcode), None)
    if row is None:
        refuse(["not-travelling"], json_=json_)
    text = papers.slip(network, row, LANGUAGE)
    click.echo(json.dumps({"barcode": barcode, "slip": text}, ensure_ascii=False) if json_ else text, nl=json_)


@transit.command(help=_("Tell staff that an item came damaged, and by which run."))
@click.argument("barcode")
@click.option("--note", default="", help=_("What is wrong with it."))
@_at
def damaged(path: Path | None, data: Path | None, *, json_: bool, **given: Any) -> None:
    """Note a damage."""
    told = _do("transit.damaged", path, data, json_=json_, **given)
    if told is not None:
        click.echo("  ".join(filter(None, (told["barcode"], told["ride"]))))
