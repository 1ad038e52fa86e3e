"""The command `bibliobus-department`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click
from twisted.internet.defer import Deferred
from twisted.logger import globalLogBeginner, textFileLogObserver

from server.department.desk import Department
from server.department.premises import network_tables, provide
from server.department.scenario import ACTIONS, KEYS, OUTWARD, STEP, Scenario, scenario_of
from storage.database import Location


def _listed(title: str, rows: Mapping[str, str]) -> str:
    return "\n".join(["\b", title, *(f"  {name:13} {meaning}" for name, meaning in rows.items())])


_STEPS: Final = {name: f"{meaning} (out, too)" if name in OUTWARD else meaning for name, meaning in ACTIONS.items()}
_MORE: Final = "\n\n".join(
    [
        _listed('Keys of a scenario (pauses: seconds, [from, to], or "never"):', KEYS),
        _listed("Keys of each [[steps]]:", STEP),
        _listed("Actions:", _STEPS),
        _listed("An example:", {"asks": '= ["7", "isbn:9782070360024"]', "ship_after": "= [1, 20]", "outages": "= [[60, 90]]",
                                "[[steps]]": "", "service": '= "*"', "action": '= "lose"', "chance": "= 0.1"}),
    ]
)  # fmt: skip


@click.command(name="bibliobus-department", epilog=_MORE, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--data", type=click.Path(path_type=Path), required=True, help="The department's own directory.")
@click.option("--listen", "listening", default="tcp:8090:interface=127.0.0.1", show_default=True)
@click.option("--agency", default="FR-DEPARTMENT", show_default=True, help="The department's agency id.")
@click.option("--partner", required=True, help="The agency id of who connects: yours.")
@click.option("--endpoint", default="", help="Where your own responder answers.")
@click.option("--items", default=100, show_default=True, help="How many items the department lends.")
@click.option("--scenario", type=click.Path(exists=True, path_type=Path), help="How it behaves, in TOML: see below.")
def main(
    data: Path, listening: str, agency: str, partner: str, endpoint: str, items: int, scenario: Path | None
) -> None:
    """Run a departmental library to try a connection with.

    Items are D000001 and on, record 7 is the title of D000007. What was asked and answered is kept in --data: `bibliobus ill list`
    and `bibliobus ill journal PARTNER` show it, with the same --data.
    """
    from twisted.internet import reactor  # noqa: PLC0415 (importing it installs it)

    running: Any = reactor
    try:
        told = scenario_of(scenario.read_text("utf-8")) if scenario is not None else Scenario()
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stderr)], redirectStandardIO=False)
    location = Location(data)
    provide(location, network_tables(agency, partner, endpoint, items, told.retry), int(running.seconds()))
    department = Department(location, agency, partner, told, running)
    department.start(listening)
    running.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(department.stop()))
    click.echo(f"{agency} answers at http://{department.listener.address}/ncip" if department.listener else "")
    running.run()
