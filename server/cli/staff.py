"""What commands of staff at a desk share: where they act, when it happened, by force, and how answers are shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import click

from server.cli.common import as_json, configured, explained, find_store, refuse
from server.words import LANGUAGE, _

force: Final = click.option("--force", is_flag=True, help=_("Do it against the rules, though not against facts."))
since: Final = click.option(
    "--done-at",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d"]),
    help=_("When it happened, if it has happened already (local time)."),
)


def at_library(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the library where it is done, the store, and JSON."""
    option = click.option("--library", required=True, help=_("Library where this is done."))
    return configured(option(as_json(command)))


def instant_of(when: datetime | None) -> str | None:
    """Return a local time as ISO text: which instant it is depends on the library's zone."""
    return None if when is None else when.isoformat()


def day_of(when: datetime | None) -> str | None:
    """Return a day as ISO text."""
    return None if when is None else when.date().isoformat()


def ending(due: str | int | None) -> str:
    """Say when a loan ends."""
    if isinstance(due, int):
        return datetime.fromtimestamp(due, tz=UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    return due or ""


def do(operation: str, store: Mapping[str, Any], **arguments: Any) -> dict[str, Any]:
    """Have an operation done; a refusal ends the command."""
    from server.writing import writing

    with explained(), writing(find_store(store["path"], store["data"])) as writer:
        told: dict[str, Any] = writer.run(operation, **arguments)
    if told["refused"]:
        refuse(told["refused"], json_=store["json_"])
    return told


def say(told: Mapping[str, Any], lines: Sequence[str], *, json_: bool) -> None:
    """Print what came of an act, with the store's remarks on it."""
    from storage.refusals import Reason, sentence

    if json_:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    remarks = [sentence(Reason(code), LANGUAGE) for code in told.get("remarks", ())]
    click.echo("\n".join([*lines, *remarks]))


def show(rows: Iterable[Mapping[str, Any]], *, json_: bool) -> None:
    """Print *rows* aligned, or as JSON."""
    found = list(rows)
    if json_:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    texts = [["" if value is None else str(value) for value in row.values()] for row in found]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for line in texts:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    if not found:
        click.echo(_("Nothing."))


def moment(at: int) -> str:
    """Show an instant."""
    return datetime.fromtimestamp(at, tz=UTC).astimezone().strftime("%Y-%m-%d %H:%M")
