"""The commands that work on a store: `load`, `import`, `db`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from server.cli.common import FILE, Exit, as_json, configured, explained, find_store, read_config, stop
from server.words import _


@click.command(help=_("Declare a network, or a part of one, from a TOML file. A second time it changes nothing."))
@click.argument("file", type=FILE)
@configured
@click.option("--dry-run", is_flag=True, help=_("Tell what would change, write nothing."))
@as_json
def load(file: Path, path: Path | None, data: Path | None, *, dry_run: bool, json_: bool) -> None:
    """Declare a network."""
    from server.control import Refused
    from server.writing import writing

    with explained():
        location = find_store(path, data)
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            stop(Exit.REFUSED, _("{file} is not UTF-8.").format(file=file))
        try:
            with writing(location) as writer:
                counts = writer.run("load", text=text, dry_run=dry_run)
        except Refused as error:
            if error.code != "declaration":
                raise
            if json_:
                click.echo(json.dumps({"problems": error.details}, ensure_ascii=False))
            stop(Exit.REFUSED, f"{file}: " + _("nothing was written.") + f"\n{error}")
    if json_:
        click.echo(json.dumps(counts, ensure_ascii=False))
        return
    for kind, count in counts.items():
        click.echo(f"{kind:20} " + _("{added} added, {changed} changed, {unchanged} as before").format(**count))
    if dry_run:
        click.echo(_("Nothing was written."))


@click.group(help=_("Look after the database."))
def db() -> None:
    """Look after the database."""


@db.command(help=_("Bring the database's schema to this release, from nothing or from any earlier one."))
@configured
def upgrade(path: Path | None, data: Path | None) -> None:
    """Upgrade the schema."""
    from storage import database

    with explained():
        location = find_store(path, data)
        location.create_directory()
        with location.write_lock():
            engine = location.engine()
            before, wanted = database.revisions(engine)
            with _progress() as shown:
                indexed = database.upgrade(engine, shown)
    if before == wanted:
        click.echo(_("The schema is up to date ({revision}).").format(revision=wanted))
    else:
        click.echo(_("The schema went from {before} to {after}.").format(before=before or "-", after=wanted))
    if indexed:
        click.echo(_("The index was made anew: {count} records.").format(count=indexed))


@contextmanager
def _progress() -> Iterator[Callable[[int, int], object]]:
    """Show on a terminal how many records of how many are in the index."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(_("Indexing"), total=None, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=True)


@db.command(help=_("Check the database: its schema, its file, its references. It may run beside the daemon."))
@configured
@as_json
def check(path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Check the database."""
    from storage import database

    with explained():
        location = find_store(path, data)
        if location.sqlite_path is not None and not location.sqlite_path.exists():
            stop(Exit.SCHEMA, _("There is no store in {directory}.").format(directory=location.directory))
        engine = location.engine(reads=True)
        database.check(engine)
        faults = database.faults(engine)
    if json_:
        click.echo(json.dumps({"faults": faults}, ensure_ascii=False))
    elif not faults:
        click.echo(_("The database is sound."))
    if faults:
        stop(Exit.FAILED, _("The database is damaged; restore a backup.") + "".join(f"\n{fault}" for fault in faults))


# --- the running daemon --------------------------------------------------------------------------------------------------


@click.group(help=_("Talk to the running daemon."))
def daemon() -> None:
    """Talk to the running daemon."""


def _call(path: Path | None, data: Path | None, command: str, **arguments: Any) -> Any:
    from contextlib import closing

    from server.control import Client

    with explained(), closing(Client(read_config(path, data).store.data)) as client:
        return client.call(command, **arguments)


@daemon.command(help=_("Tell how the daemon is and where it listens."))
@configured
@as_json
def status(path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Ask for the status."""
    told = _call(path, data, "status")
    if json_:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    health = _("healthy") if told["healthy"] else _("the database does not answer")
    click.echo(f"Bibliobus {told['version']}, {told['network']}: {health} (pid {told['pid']}, {told['seconds']} s)")
    for wire, addresses in told["listening"].items():
        click.echo(f"{wire:6} {addresses}")


@daemon.command(help=_("Have the daemon read devices, certificates and log level again, as SIGHUP does."))
@configured
def reload(path: Path | None, data: Path | None) -> None:
    """Have the daemon reload."""
    _call(path, data, "reload")


@daemon.command(
    help=_("Write down, masked, what a SIP2 device and the daemon say to each other from now on; tells the file.")
)
@configured
@as_json
@click.argument("login")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=10.0, help=_("For how long."))
def capture(path: Path | None, data: Path | None, login: str, minutes: float, *, json_: bool) -> None:
    """Have a device captured."""
    file = _call(path, data, "capture", device=login, minutes=minutes)
    click.echo(json.dumps({"file": file}) if json_ else file)


@daemon.command("stop", help=_("Have the daemon finish what is under way and stop, as SIGTERM does."))
@configured
def stop_daemon(path: Path | None, data: Path | None) -> None:
    """Have the daemon stop."""
    _call(path, data, "stop")
