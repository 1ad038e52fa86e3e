"""`bibliobus statistics`: what was lent and reserved, counted without readers."""

from __future__ import annotations

import json
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from server.cli.common import as_json, configured, explained, find_store
from server.words import _

if TYPE_CHECKING:
    from storage.network.network import Network

_DAY: Final = click.DateTime(["%Y-%m-%d"])
_KEYS: Final = ("library", "owner", "type", "category", "channel")


@click.group(help=_("Count loans and holds. What is past is counted without knowing whose it was."))
def statistics() -> None:
    """Count."""


def _period(command: Any) -> Any:
    command = click.option("--to", "last", type=_DAY, required=True, help=_("Last day."))(command)
    return click.option("--from", "first", type=_DAY, required=True, help=_("First day."))(command)


def _instants(first: datetime, last: datetime) -> tuple[int, int]:
    from storage.jobs.job import ZONE

    begin = datetime.combine(first.date(), time(), tzinfo=ZONE)
    end = datetime.combine(last.date(), time(23, 59, 59), tzinfo=ZONE)
    return int(begin.timestamp()), int(end.timestamp()) + 1


def _named(network: Network, key: str, value: Any) -> str:
    if key in {"library", "owner"}:
        return network.libraries[value].code
    if key == "type":
        return network.item_types[value].code
    return network.categories[value].code if key == "category" else str(value)


@statistics.command(help=_("Count the loans begun in a period, and how often they were renewed."))
@_period
@click.option("--by", "keys", multiple=True, type=click.Choice(_KEYS), help=_("Count apart by this (repeatable)."))
@configured
@as_json
def loans(
    first: datetime, last: datetime, keys: tuple[str, ...], path: Path | None, data: Path | None, *, json_: bool
) -> None:
    """Count loans."""
    from server.writing import looking
    from storage.circulation import statistics as counting

    with explained():
        access = looking(find_store(path, data))
        rows = access.read(counting.loans, *_instants(first, last), keys)
        network = access.network
    found = [
        {key: _named(network, key, value) for key, value in zip(keys, row, strict=False)}
        | {"loans": row[-2], "renewals": int(row[-1])}
        for row in rows
    ]
    if json_:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        names = " ".join(f"{each[key]:16}" for key in keys)
        click.echo(f"{names} " + _("{loans} loans, {renewals} renewals").format(**each))


@statistics.command(
    help=_("Count the holds closed in a period by pick-up library, and how long they waited for the shelf.")
)
@_period
@configured
@as_json
def holds(first: datetime, last: datetime, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Count holds."""
    from server.writing import looking
    from storage.circulation import statistics as counting

    with explained():
        access = looking(find_store(path, data))
        rows = access.read(counting.holds, *_instants(first, last))
        network = access.network
    found = [
        {
            "pickup": network.libraries[pickup].code,
            "outcome": outcome,
            "holds": number,
            "mean_days_to_shelf": round(seconds / shelved / 86400, 1) if shelved else None,
        }
        for pickup, outcome, number, shelved, seconds in rows
    ]
    if json_:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        days = "-" if each["mean_days_to_shelf"] is None else each["mean_days_to_shelf"]
        click.echo(
            f"{each['pickup']:16} {each['outcome']:14} {each['holds']:8} "
            + _("{days} days to the shelf").format(days=days)
        )
