"""`bibliobus item` and `bibliobus anomaly`: what an item is doing, what is the matter with it, and what staff must look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from server.cli.common import as_json, configured, explained, find_store, refuse
from server.cli.staff import at_library, do, ending, force, moment, say, show
from server.words import LANGUAGE, _

_CONDITIONS = ("good", "missing", "lost", "damaged", "repair", "in-process", "withdrawn")


@click.group(help=_("Look items up, and say what is the matter with them."))
def item() -> None:
    """Look after items."""


@click.group(help=_("Look at what circulation found wrong."))
def anomaly() -> None:
    """Look after anomalies."""


@item.command("show", help=_("Tell where an item is and what it is doing."))
@click.argument("barcode")
@click.option("--library", required=True, help=_("Library whose old numbers are meant, where towns use the same."))
@configured
@as_json
def show_(barcode: str, path: Path | None, data: Path | None, library: str, *, json_: bool) -> None:
    """Show an item."""
    from server.operations.loans import due_text
    from server.operations.patrons import library_of
    from server.writing import looking
    from storage.circulation.accounts import item_information
    from storage.circulation.status import LABELS

    with explained():
        access = looking(find_store(path, data))
        place, now = library_of(access.network, library).id, access.now()
        account = access.ask(lambda network: item_information(network, barcode, place, now))
    if account.item is None:
        assert account.reason is not None
        refuse([account.reason.value], json_=json_)
    found, row = account.item, account.item.row
    told = {
        "barcode": row.barcode, "title": row.title, "author": row.author, "status": found.status.value,
        "condition": row.condition, "type": found.type.code, "owner": found.owner.code, "home": found.home.code,
        "current": found.current.code, "destination": found.destination.code if found.destination else None,
        "due": due_text(found.due), "waiting": account.waiting, "shelf_until": row.shelf_until,
        "due_back_on": row.due_back_on, "misses": row.misses,
    }  # fmt: skip
    if json_:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    told |= {"status": LABELS[found.status][LANGUAGE == "en"], "due": ending(due_text(found.due)) or None}
    for name, value in told.items():
        if value not in {None, "", 0}:
            click.echo(f"{name:12} {value}")


@item.command(help=_("Say in what condition an item is: damaged, missing, withdrawn, good again..."))
@click.argument("barcode")
@click.argument("condition", type=click.Choice(_CONDITIONS))
@click.option("--note", help=_("What is the matter with it."))
@force
@at_library
def mark(barcode: str, condition: str, note: str | None, path: Path | None, data: Path | None, **more: Any) -> None:
    """Mark an item."""
    store = {"path": path, "data": data, "json_": more.pop("json_")}
    told = do("item.mark", store, barcode=barcode, condition=condition, note=note, **more)
    say(told, [_("Done.")], json_=store["json_"])


@item.command(help=_("Find items by words of title or author, condition, owner or place."))
@click.argument("words", nargs=-1)
@click.option("--condition", type=click.Choice(_CONDITIONS), default=None, help=_("In this condition."))
@click.option("--owner", help=_("Of this library."))
@click.option("--at", "place", help=_("Last seen in this library."))
@click.option("--most", type=click.IntRange(1, 10_000), default=50, help=_("How many at most."))
@configured
@as_json
def find(
    words: tuple[str, ...],
    path: Path | None,
    data: Path | None,
    condition: str | None,
    owner: str | None,
    place: str | None,
    most: int,
    *,
    json_: bool,
) -> None:
    """Find items."""
    from functools import partial

    from server.operations.patrons import library_of
    from server.writing import looking
    from storage.circulation.accounts import make_item
    from storage.circulation.lists import find_items

    with explained():
        access = looking(find_store(path, data))
        network = access.network
        wanted = partial(
            find_items,
            words=" ".join(words),
            condition=condition or "",
            owner_id=library_of(network, owner).id if owner else None,
            current_id=library_of(network, place).id if place else None,
            most=most,
        )
        found = [make_item(network, row) for row in access.read(wanted)]
    rows = [
        {
            "barcode": one.row.barcode, "status": one.status.value, "owner": one.owner.code,
            "current": one.current.code, "call_number": one.row.call_number, "title": one.row.title,
        }
        for one in found
    ]  # fmt: skip
    show(rows, json_=json_)


# --- anomalies -----------------------------------------------------------------------------------------------------------


@anomaly.command("list", help=_("List what nobody has settled yet, the oldest first."))
@click.option("--library", help=_("Found at this library."))
@click.option("--kind", default="", help=_("Of this kind alone."))
@click.option("--most", type=click.IntRange(1, 10_000), default=200, help=_("How many at most."))
@configured
@as_json
def list_(path: Path | None, data: Path | None, library: str | None, kind: str, most: int, *, json_: bool) -> None:
    """List anomalies."""
    from server.operations.patrons import library_of
    from server.writing import looking
    from storage.circulation.tellings import ANOMALIES, unsettled

    with explained():
        access = looking(find_store(path, data))
        network = access.network
        place = library_of(network, library).id if library else None
        found = access.ask(lambda _network: unsettled(place, kind, most))
    if json_:
        click.echo(json.dumps([one._asdict() for one in found], ensure_ascii=False))
        return
    rows = [
        {
            "id": one.id,
            "at": moment(one.at),
            "library": network.libraries[one.library_id].code if one.library_id else None,
            "kind": ANOMALIES[one.kind][LANGUAGE == "en"] if one.kind in ANOMALIES else one.kind,
            "barcode": one.barcode,
            "detail": one.detail,
        }
        for one in found
    ]
    show(rows, json_=False)


@anomaly.command(help=_("Note that an anomaly has been looked at."))
@click.argument("number", type=int)
@click.option("--by", default="", help=_("Who has looked at it."))
@at_library
def settle(number: int, by: str, path: Path | None, data: Path | None, **more: Any) -> None:
    """Settle an anomaly."""
    store = {"path": path, "data": data, "json_": more.pop("json_")}
    say(do("anomaly.settle", store, anomaly=number, by=by, **more), [_("Done.")], json_=store["json_"])
