"""`bibliobus ill`: loans between libraries of different networks, from the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from server.cli.common import as_json, configured, explained, find_store, refused
from server.words import LANGUAGE, _

if TYPE_CHECKING:
    from storage.statements import Row, Steps

_DAY: Final = click.DateTime(["%Y-%m-%d"])
_TIME: Final = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
EVENTS: Final = (
    "refused", "shipped", "received", "sent-back", "home", "cancelled", "lost", "renew-asked", "recalled", "recall-ended",
)  # fmt: skip
"""What staff may note; the rest is seen by scans, or told by the partner."""


@click.group(help=_("Ask partners for what the network has not, and see what was asked of it."))
def ill() -> None:
    """Look after inter-library loan."""


def _do(operation: str, path: Path | None, data: Path | None, *, json_: bool, **arguments: Any) -> None:
    from server.writing import writing
    from storage.circulation.ill.machine import No, sentence

    with explained(), writing(find_store(path, data)) as writer:
        told: dict[str, Any] = writer.run(operation, **arguments)
    if told["refused"]:
        refused(told["refused"], sentence(No(told["refused"]), LANGUAGE))
    click.echo(
        json.dumps(told, ensure_ascii=False) if json_ else _("Request {agency} {number}: {state}").format(**told)
    )


@ill.command(help=_("Ask a partner for a title, for a reader."))
@click.argument("identifier")
@click.option("--partner", help=_("Agency of the partner; the first lender, when not given."))
@click.option("--card", required=True, help=_("Card of the reader."))
@click.option("--library", required=True, help=_("Library where it will be fetched."))
@click.option("--title", default="", help=_("Title, as the partner has it."))
@click.option("--author", default="", help=_("Author."))
@click.option("--needed-by", type=_DAY, help=_("Last day on which it is of use."))
@configured
@as_json
def ask(identifier: str, needed_by: datetime | None, **arguments: Any) -> None:
    """Ask a partner for a title; IDENTIFIER is its record there, or as isbn:9782070360024."""
    day = needed_by.date().isoformat() if needed_by is not None else None
    _do("ill.ask", identifier=identifier, needed_by=day, **arguments)


@ill.command(help=_("Note what has happened to a request; the partner is told."))
@click.argument("agency")
@click.argument("number")
@click.argument("event", type=click.Choice(EVENTS))
@click.option("--partner", required=True, help=_("Agency of the partner."))
@click.option("--library", required=True, help=_("Library where this is done."))
@click.option("--due-on", type=_DAY, help=_("Day on which the item is to be back."))
@configured
@as_json
def note(due_on: datetime | None, **arguments: Any) -> None:
    """Note an event."""
    _do("ill.note", due_on=due_on.date().isoformat() if due_on is not None else None, **arguments)


@ill.command(help=_("Agree to what the lender demands for a request; the lender is told."))
@click.argument("agency")
@click.argument("number")
@click.option("--partner", required=True, help=_("Agency of the partner."))
@click.option("--library", required=True, help=_("Library where this is done."))
@configured
@as_json
def accept(**arguments: Any) -> None:
    """Agree to a lender's terms."""
    _do("ill.note", event="agreed", **arguments)


@ill.command(help=_("List what somebody must see to: terms, silence, losses, messages that reached nobody."))
@click.option("--library", help=_("Of this library alone."))
@configured
@as_json
def attention(library: str | None, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """List what somebody must see to; nothing at all when there is nothing, so that cron sends no mail."""
    from server.operations.ill import attention as of
    from server.writing import looking

    with explained():
        found = of(looking(find_store(path, data)), library)
    if json_:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for row in found:
        click.echo(
            "{why:24}  {state:11}  {library:12}  {partner}  {agency} {number}  {title}  {terms}".format(**row).rstrip()
        )


@ill.command("list", help=_("List open requests."))
@configured
@as_json
def list_(path: Path | None, data: Path | None, *, json_: bool) -> None:
    """List open requests."""
    from server.operations.ill import shown
    from server.writing import looking
    from storage.circulation.ill.rows import OPEN_AFTER, row_of

    def steps() -> Steps[list[Row]]:
        (found,) = yield [OPEN_AFTER(0, 10_000)]
        return list(found)

    with explained():
        access = looking(find_store(path, data))
        rows = [shown(access.network, row_of(row)) for row in access.ask(lambda _network: steps())]
    if json_:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        click.echo("{role:9}  {state:11}  {library:12}  {partner}  {agency} {number}  {title}".format(**row).rstrip())
    if not rows:
        click.echo(_("Nothing."))


@ill.command(help=_("Show what was said with a partner."))
@click.argument("partner")
@click.option("--since", type=_TIME, help=_("Not before this time."))
@click.option("--until", type=_TIME, help=_("Before this time."))
@click.option("--request", default="", help=_("About this request alone."))
@click.option("--item", default="", help=_("About this item alone."))
@click.option("--most", type=click.IntRange(1, 10_000), default=100, help=_("How many, counted from the latest."))
@click.option("--whole", is_flag=True, help=_("With the messages, where they were kept."))
@configured
@as_json
def journal(
    partner: str,
    path: Path | None,
    data: Path | None,
    since: datetime | None,
    until: datetime | None,
    request: str,
    item: str,
    most: int,
    *,
    whole: bool,
    json_: bool,
) -> None:
    """Show the last exchanges with a partner."""
    from server.operations.ill import exchanged
    from server.writing import looking

    with explained():
        access = looking(find_store(path, data))
        lines = exchanged(
            access,
            partner,
            since=_seconds(since, 0),
            until=_seconds(until, 1 << 62),
            request=request,
            item=item,
            most=most,
        )
    if json_:
        click.echo(json.dumps(lines, ensure_ascii=False))
        return
    for line in lines:
        when = datetime.fromtimestamp(line["at"], tz=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        shown = "{0}  {direction:3}  {service:20}  {outcome}  {item} {request} {defects}"
        click.echo(shown.format(when, **line).rstrip())
        for text in (line["asked"], line["answered"]) if whole else ():
            if text:
                click.echo(f"    {text}")
    if not lines:
        click.echo(_("Nothing."))


def _seconds(moment: datetime | None, otherwise: int) -> int:
    """Give an instant in local time as seconds since 1970."""
    return otherwise if moment is None else int(moment.timestamp())
