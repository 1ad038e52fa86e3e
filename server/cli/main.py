"""The `bibliobus` command. Heavy modules are imported by the commands that need them, so that `--help` is quick."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from server.cli.calendar import calendar
from server.cli.common import Exit, configured, explained, read_config, stop
from server.cli.commune import commune
from server.cli.hold import hold, pull_list
from server.cli.ill import ill
from server.cli.importing import import_
from server.cli.item import anomaly, item
from server.cli.job import job
from server.cli.loan import loan
from server.cli.origin import fetch, record, target
from server.cli.patron import card, patron
from server.cli.policy import policy
from server.cli.shuttle import container, manifest, route, run, transit
from server.cli.statistics import statistics
from server.cli.store import daemon, db, load
from server.cli.why import what_if, why
from server.words import _


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    help=_("Bibliobus, interoperability server of a network of public libraries."),
)
@click.version_option(package_name="bibliobus", help=_("Show the version and exit."))
def main() -> None:
    """Run a command. What it writes is readable by its owner alone."""
    os.umask(0o077)


def _endpoints(wire: str, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        f"--{wire}",
        multiple=True,
        metavar="EP",
        help=_("Listen for {wire} here (repeatable): a Twisted endpoint, such as tcp:6001.").format(wire=name),
    )


@main.command(help=_("Run the daemon. SIGTERM stops it, SIGHUP has it reload devices and certificates."))
@configured
@click.option("--demo", is_flag=True, help=_("Create a demo network if the store is empty."))
@_endpoints("sip2", "SIP2")
@_endpoints("z3950", "Z39.50")
@_endpoints("web", "HTTP")
def serve(
    path: Path | None,
    data: Path | None,
    *,
    demo: bool,
    sip2: tuple[str, ...],
    z3950: tuple[str, ...],
    web: tuple[str, ...],
) -> None:
    """Run the daemon."""
    from server.cli.serve import run

    with explained():
        run(lambda: read_config(path, data, sip2=sip2, z3950=z3950, web=web), demo=demo)


@main.command("check-config", help=_("Tell everything that is wrong with the configuration, certificates included."))
@configured
def check_config(path: Path | None, data: Path | None) -> None:
    """Check the configuration."""
    from server import listeners

    with explained():
        config = read_config(path, data)
    import attrs

    problems = []
    for wire, endpoints in attrs.asdict(config.listen).items():
        for number, description in enumerate(endpoints):
            try:
                listeners.check(description)
            except listeners.CannotListen as error:
                problems.append(f"listen.{wire}[{number}]: {error}")
    if problems:
        stop(Exit.CONFIGURATION, "\n".join(problems))
    click.echo(_("The configuration is good."))


@main.command("show-config", help=_("Show the configuration in force, as a file to start from."))
@configured
@click.option("--defaults", is_flag=True, help=_("Show what holds without a file."))
def show_config(path: Path | None, data: Path | None, *, defaults: bool) -> None:
    """Show the configuration."""
    from server import config

    with explained():
        click.echo(config.render(config.Config() if defaults else read_config(path, data)))


for _command in (
    load,
    import_,
    fetch,
    record,
    target,
    db,
    daemon,
    hold,
    pull_list,
    ill,
    loan,
    item,
    anomaly,
    job,
    patron,
    card,
    statistics,
    commune,
    calendar,
    policy,
    why,
    what_if,
    route,
    run,
    container,
    transit,
    manifest,
):
    main.add_command(_command)
