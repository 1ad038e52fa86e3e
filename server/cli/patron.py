"""`bibliobus patron` and `bibliobus card`: readers at the desk, from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from server.cli.common import as_json, configured, explained, find_store, refuse
from server.words import _

_DAY: Final = click.DateTime(["%Y-%m-%d"])
_ACTS: Final = ("checkout", "renew", "hold", "capture", "fulfil")


@click.group(help=_("Look after readers: registration, blocks, households, PINs, their data."))
def patron() -> None:
    """Readers."""


@click.group(help=_("Look after readers' cards."))
def card() -> None:
    """Cards."""


def _at(command: Callable[..., Any]) -> Callable[..., Any]:
    option = click.option("--library", required=True, help=_("Library where this is done."))
    return configured(option(as_json(command)))


_of: Final = click.argument("number", metavar="CARD")


def _do(operation: str, path: Path | None, data: Path | None, *, json_: bool, **arguments: Any) -> None:
    """Have the operation done; tell when it is refused."""
    from server.writing import writing

    with explained(), writing(find_store(path, data)) as writer:
        told = writer.run(operation, **arguments)
    if told["refused"]:
        refuse(told["refused"], json_=json_)
    click.echo(json.dumps(told) if json_ else _("Done."))


def _details(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option("--category", help=_("Code of the patron category.")),
        click.option("--home", help=_("Code of the home library.")),
        click.option("--surname", help=_("Surname.")),
        click.option("--forename", help=_("Forename.")),
        click.option("--language", type=click.Choice(["fr", "en"]), help=_("Language of messages.")),
        click.option("--born", "born_on", type=_DAY, help=_("Day of birth.")),
        click.option("--valid-until", type=_DAY, help=_("Last day on which the registration holds.")),
        click.option("--residence", help=_("INSEE code of the commune of residence, for statistics alone.")),
        click.option("--address", help=_("Postal address.")),
        click.option("--email", help=_("Electronic mail.")),
        click.option("--phone", help=_("Telephone.")),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _given(details: dict[str, Any]) -> dict[str, Any]:
    days = {"born_on", "valid_until"}
    return {
        name: value.date().isoformat() if name in days else value
        for name, value in details.items()
        if value is not None
    }


@patron.command(help=_("Register a reader with a first card. Without --valid-until the registration has no end."))
@_of
@click.option("--code", help=_("What the reader is known as; the card's number if not given."))
@click.option("--namespace", default="", help=_("Namespace of the card: empty for the network's own numbers."))
@click.option("--pin", help=_("PIN for kiosks."))
@_details
@_at
def add(
    number: str,
    code: str | None,
    namespace: str,
    pin: str | None,
    path: Path | None,
    data: Path | None,
    library: str,
    *,
    json_: bool,
    **details: Any,
) -> None:
    """Register a reader."""
    for needed in ("category", "surname"):
        if details[needed] is None:
            raise click.UsageError(_("--{option} is needed.").format(option=needed))
    given = _given({**details, "home": details["home"] or library})
    more = {"code": code or number, "card": number, "namespace": namespace, "pin": pin, "details": given}
    _do("patron.add", path, data, json_=json_, library=library, **more)


@patron.command(help=_("Change what is known of a reader: only what is given."))
@_of
@_details
@_at
def change(number: str, path: Path | None, data: Path | None, library: str, *, json_: bool, **details: Any) -> None:
    """Change a reader."""
    _do("patron.change", path, data, json_=json_, library=library, card=number, details=_given(details))


@patron.command(help=_("Show a reader's account: blocks, loans, holds."))
@_of
@_at
def show(number: str, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """Show a reader."""
    found = _exported(path, data, number, library, json_=json_)
    if json_:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    click.echo(
        f"{found['forename']} {found['surname']} ({found['code']}), {found['category']}, {found['home_library']}"
    )
    click.echo(_("Valid until: {day}").format(day=found["valid_until"] or "-"))
    for each in found["cards"]:
        click.echo(_("Card {number}: {status}").format(**each))
    for each in found["blocks"]:
        click.echo(_("Block {kind}: {acts}").format(**each))
    for each in found["loans"]:
        click.echo(_("Loan {barcode}, due {due}: {title}").format(**each))
    for each in found["holds"]:
        click.echo(_("Hold ({state}), to be fetched at {pickup}: {title}").format(**each))


def _exported(path: Path | None, data: Path | None, number: str, library: str, *, json_: bool) -> dict[str, Any]:
    from server.operations.patrons import library_of
    from server.writing import looking
    from storage.circulation.patrons.export import export
    from storage.refusals import Reason

    with explained():
        access = looking(find_store(path, data))
        place = library_of(access.network, library)
        found = access.ask(lambda network: export(network, number, place.id, access.now()))
    if isinstance(found, Reason):
        refuse([found.value], json_=json_)
    return found


@patron.command(help=_("Print everything that is known of a reader, as JSON, for that reader."))
@_of
@_at
def export(number: str, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """Export a reader's data."""
    found = _exported(path, data, number, library, json_=json_)
    click.echo(json.dumps(found, ensure_ascii=False, indent=None if json_ else 2))


@patron.command(help=_("Erase a reader's data; refused while a loan or a hold is open."))
@_of
@_at
@click.confirmation_option(prompt=_("Erase this reader's data for ever?"))
def erase(number: str, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """Erase a reader."""
    _do("patron.erase", path, data, json_=json_, library=library, card=number)


@patron.command(help=_("Refuse acts to a reader. A second block of the same kind takes the first one's place."))
@_of
@click.argument("kind")
@click.option(
    "--act", "acts", multiple=True, type=click.Choice(_ACTS), help=_("Act refused (repeatable); all by default.")
)
@click.option("--from", "from_on", type=_DAY, help=_("First day."))
@click.option("--to", "to_on", type=_DAY, help=_("Last day."))
@click.option("--note", default="", help=_("Why, for staff."))
@_at
def block(
    number: str,
    kind: str,
    acts: tuple[str, ...],
    from_on: Any,
    to_on: Any,
    note: str,
    path: Path | None,
    data: Path | None,
    library: str,
    *,
    json_: bool,
) -> None:
    """Block a reader."""
    days = {name: day.date().isoformat() for name, day in (("from_on", from_on), ("to_on", to_on)) if day is not None}
    more = {"card": number, "kind": kind, "acts": acts, "note": note, **days}
    _do("patron.block", path, data, json_=json_, library=library, **more)


@patron.command(help=_("Lift a block."))
@_of
@click.argument("kind")
@_at
def unblock(number: str, kind: str, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """Lift a block."""
    _do("patron.unblock", path, data, json_=json_, library=library, card=number, kind=kind)


@patron.command(help=_("Put a reader into a household, made if new; without one, out of it."))
@_of
@click.argument("household", required=False)
@_at
def household(
    number: str, household: str | None, path: Path | None, data: Path | None, library: str, *, json_: bool
) -> None:
    """Change a reader's household."""
    _do("patron.household", path, data, json_=json_, library=library, card=number, household=household)


@patron.command(help=_("Give a reader a new PIN, and lift the lock that wrong ones set; --none takes the PIN away."))
@_of
@click.option("--pin", prompt=False, help=_("The new PIN; asked for when not given."))
@click.option("--none", is_flag=True, help=_("No PIN any more."))
@_at
def pin(
    number: str, pin: str | None, path: Path | None, data: Path | None, library: str, *, none: bool, json_: bool
) -> None:
    """Set a PIN."""
    if pin is None and not none:
        pin = click.prompt(_("New PIN"), hide_input=True, confirmation_prompt=True, err=True)
    _do("patron.pin", path, data, json_=json_, library=library, card=number, pin=None if none else pin)


@card.command(help=_("Give the reader of CARD another card."))
@_of
@click.argument("new")
@click.option("--replace", "replaces", is_flag=True, help=_("In the place of CARD, which goes on being recognised."))
@click.option("--alias", is_flag=True, help=_("An old number beside the main card."))
@click.option("--namespace", default="", help=_("Namespace of the card: empty for the network's own numbers."))
@_at
def issue(
    number: str,
    new: str,
    namespace: str,
    path: Path | None,
    data: Path | None,
    library: str,
    *,
    replaces: bool,
    alias: bool,
    json_: bool,
) -> None:
    """Issue a card."""
    more = {"namespace": namespace, "replaces": replaces, "primary": not alias}
    _do("card.issue", path, data, json_=json_, library=library, card=number, number=new, **more)


@card.command(help=_("Say that a card is lost, stolen, cancelled, or active again."))
@_of
@click.argument("state", type=click.Choice(["active", "lost", "stolen", "cancelled"]))
@_at
def mark(number: str, state: str, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """Set a card's state."""
    _do("card.state", path, data, json_=json_, library=library, card=number, state=state)
