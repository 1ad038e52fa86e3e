"""`bibliobus serve`: the daemon in the foreground, as systemd, containers and people want it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import Progress

from server import process
from server.config import Config
from server.daemon import VERSION, Daemon
from server.logs import Log
from server.words import _
from storage.database import Location

_NCIP: Final = (
    '<NCIPMessage xmlns="http://www.niso.org/2008/ncip" version="http://www.niso.org/schemas/ncip/v2_02/ncip_v2_02.xsd">'
    "<LookupItem><InitiationHeader><FromAgencyId><AgencyId>FR-MDPC62</AgencyId></FromAgencyId>"
    "<ToAgencyId><AgencyId>LENS</AgencyId></ToAgencyId></InitiationHeader>"
    "<ItemId><ItemIdentifierValue>I000001</ItemIdentifierValue></ItemId></LookupItem></NCIPMessage>"
)


def run(configure: Callable[[], Config], *, demo: bool) -> None:
    """Run the daemon until it is told to stop. Raises what `Daemon.startService` raises."""
    process.prepare()
    from twisted.internet import reactor  # after process.prepare: importing it installs it

    running: Any = reactor
    log = Log(configure().log, sys.stderr)
    log.begin()
    daemon = Daemon(configure, running, log, prepare=_provide_demo if demo else None)
    daemon.startService()
    if demo or sys.stdout.isatty():
        click.echo("\n".join(_what_to_try(daemon)))
    running.addSystemEventTrigger("before", "shutdown", daemon.stopService)
    running.run()


def _provide_demo(location: Location) -> None:
    """Make the demo network unless the store has one already."""
    from server.demo import STAGES, create_demo, is_empty

    if not is_empty(location):
        return
    click.echo(_("Making the demo network; this takes a few seconds, once."))
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        tasks = {stage: progress.add_task(_(stage), total=None) for stage in STAGES}
        create_demo(location, lambda stage, done, total: progress.update(tasks[stage], completed=done, total=total))


def _what_to_try(daemon: Daemon) -> Iterator[str]:
    """Yield a line to try on each wire, good for the demo network, where each listens now."""
    yield _("Bibliobus {version} serves {network}. Stop it with Ctrl-C. To try:").format(
        version=VERSION, network=daemon.store.network.name
    )
    for wire, listeners in daemon.listeners.items():
        plain = [listener.address for listener in listeners if listener.certificate is None and ":" in listener.address]
        for address in plain[:1]:
            host, _colon, port = address.replace("0.0.0.0", "127.0.0.1").rpartition(":")  # noqa: S104 (replaced)
            yield f"  {_LINES[wire].format(host=host, port=port, ncip=_NCIP)}"


_LINES: Final = {
    "sip2": r"printf '9300CNkiosk-lens|COdemo|CPLENS|\r17                  AOLENS|ABI000001|\r' | nc -q 1 {host} {port} | tr '\r' '\n'",
    "z3950": r"printf 'find @attr 1=4 germinal\nshow 1\nquit\n' | yaz-client {host}:{port}/network",
    "ncip": "printf '%s' '{ncip}' | nc -q 1 {host} {port}",
    "web": "curl -H 'Content-Type: application/xml' -d '{ncip}' http://{host}:{port}/ncip",
}
