"""`bibliobus job`: what the daemon does by itself, and doing it now."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from server.cli.common import Exit, as_json, configured, explained, find_store, stop
from server.words import _


@click.group(help=_("Look at the daemon's recurring work, or have it done now."))
def job() -> None:
    """Jobs."""


def _when(instant: int | None) -> str:
    return "-" if instant is None else datetime.fromtimestamp(instant, tz=UTC).astimezone().strftime("%Y-%m-%d %H:%M")


@job.command("list", help=_("List the jobs: when each last began and ended, and how much it did."))
@configured
@as_json
def list_(path: Path | None, data: Path | None, *, json_: bool) -> None:
    """List the jobs."""
    from server.jobs import states
    from server.writing import looking
    from storage.jobs.job import State
    from storage.jobs.table import JOBS

    with explained():
        known = looking(find_store(path, data)).ask(lambda _network: states())
    rows = [(each, known.get(each.name, State())) for each in JOBS.values()]
    if json_:
        click.echo(json.dumps([{"job": each.name, **state._asdict()} for each, state in rows]))
        return
    for each, state in rows:
        times = f"{_when(state.began_at):16}  {_when(state.ended_at):16}"
        click.echo(f"{each.name:20} {times} {state.done:8}  {_(each.title)}")


@job.command(help=_("Do a whole round of a job now, beside the daemon or without one."))
@click.argument("name")
@configured
@as_json
def run(name: str, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Run a job."""
    from server.writing import writing
    from storage.jobs.table import JOBS

    if name not in JOBS:
        stop(Exit.USAGE, _("There is no job {name}; there are: {names}").format(name=name, names=", ".join(JOBS)))
    done, more, begins = 0, True, True
    with explained(), writing(find_store(path, data)) as writer:
        while more:
            slice_ = writer.run("job.run", job=name, begins=begins)
            done, more, begins = done + slice_["done"], slice_["more"], False
    click.echo(
        json.dumps({"job": name, "done": done}) if json_ else _("{name}: {done} done").format(name=name, done=done)
    )
