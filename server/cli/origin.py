"""`bibliobus fetch` and `bibliobus record`: records from other catalogues, and two that are one made one."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from server.cli.common import Exit, as_json, configured, explained, find_store, read_config, stop
from server.words import _

if TYPE_CHECKING:
    from server.config import TargetTable
    from server.origin import Asked, Found

FATES: Final = {
    "added": _("added"),
    "merged": _("merged"),
    "doubtful": _("added, to be compared"),
    "kept-apart": _("added, not merged"),
    "replaced": _("replaced"),
    "unchanged": _("here already"),
    "duplicate": _("another target's was taken"),
}
REFUSALS: Final = {
    "unknown-record": _("There is no record {detail}."),
    "same-record": _("Both are record {detail}."),
    "held-twice": _("A reader waits for both: end one of these holds first: {detail}"),
    "too-long": _("The whole would be too long for record {detail}."),
}


@click.command(
    help=_("Fetch records by ISBN from the configured targets into the catalogue, merged with what is there.")
)
@click.argument("isbns", metavar="[ISBN]...", nargs=-1)
@click.option("--query", default="", help=_("A query in CQL, instead of ISBNs."))
@click.option("--target", "names", multiple=True, help=_("Ask this target alone (repeatable)."))
@click.option("--database", "databases", multiple=True, help=_("Database that the records join (repeatable)."))
@click.option("--most", type=click.IntRange(1, 100), default=5, show_default=True, help=_("Records taken of a target."))
@click.option("--dry-run", is_flag=True, help=_("Tell what would change, write nothing."))
@configured
@as_json
def fetch(
    isbns: tuple[str, ...],
    query: str,
    names: tuple[str, ...],
    databases: tuple[str, ...],
    most: int,
    path: Path | None,
    data: Path | None,
    *,
    dry_run: bool,
    json_: bool,
) -> None:
    """Fetch records."""
    from server.origin import Asked

    if bool(isbns) == bool(query):
        raise click.UsageError(_("Give ISBNs or --query."))
    numbers = [_isbn(each) for each in isbns]
    with explained():
        targets = _targets(read_config(path, data).targets, names)
    wishes = [Asked(isbn=each, most=most) for each in numbers] or [Asked(query=query, most=most)]
    with explained():
        told = _run(path, data, wishes, targets, databases, dry_run=dry_run)
    if json_:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _tell(told)
    failed = any(line["failure"] for line in told["targets"])
    raise click.exceptions.Exit(
        Exit.DONE if told["records"] and not failed else Exit.PARTLY if told["records"] else Exit.REFUSED
    )


def _isbn(text: str) -> str:
    """Return an ISBN as 13 digits. Raises BadParameter."""
    from storage.catalogue.analyser import isbns

    found = isbns(text)
    if len(found) != 1 or len(found[0]) != 13:
        raise click.BadParameter(_("{text} is no ISBN").format(text=text))
    return found[0]


def _targets(configured: Sequence[TargetTable], names: Iterable[str]) -> list[TargetTable]:
    by_name = {target.name.casefold(): target for target in configured}
    if not by_name:
        stop(Exit.CONFIGURATION, _("No target is configured: write [[targets]] in the configuration file."))
    for name in names:
        if name.casefold() not in by_name:
            known = ", ".join(target.name for target in configured)
            stop(Exit.USAGE, _("There is no target {name}; there are: {names}").format(name=name, names=known))
    return [by_name[name.casefold()] for name in dict.fromkeys(names)] or list(configured)


def _run(
    path: Path | None,
    data: Path | None,
    wishes: Sequence[Asked],
    targets: Sequence[TargetTable],
    databases: Sequence[str],
    *,
    dry_run: bool,
) -> dict[str, Any]:
    from server.operations.origin import learned_of
    from server.writing import looking, writing

    location = find_store(path, data)
    with writing(location):  # the store is there, and someone may write, before anyone is asked
        learned = looking(location).read(learned_of)
    with _progress(len(wishes) * len(targets)) as shown:
        answers = _ask(wishes, targets, learned, shown)
    records, rejected = _read(answers)
    news = {found.target.name: found.detail for found in answers if not found.failure}
    changed = {name: detail for name, detail in news.items() if learned.get(name, 0) != detail}
    with writing(location) as writer:
        copied = writer.run("record.copy", records=records, databases=list(databases), dry_run=dry_run)
        if changed:
            writer.run("target.learn", learned=changed)
    lines = [
        {
            "target": found.target.name,
            "hits": found.hits,
            "records": len(found.documents),
            "failure": found.failure,
            "diagnostics": found.diagnostics,
        }
        for found in answers
    ]
    return {"targets": lines, "records": copied, "rejected": rejected, "dry_run": dry_run}


def _ask(
    wishes: Sequence[Asked], targets: Sequence[TargetTable], learned: dict[str, int], shown: Callable[[], None]
) -> list[Found]:
    """Ask in a reactor of our own, one wish after the other, of all targets at once."""
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred

    from server.origin import ask_all

    out: list[Found] = []
    failed: list[Any] = []

    async def asking() -> None:
        for wish in wishes:
            out.extend(await ask_all(reactor, targets, wish, learned, lambda _found: shown()))

    def end(_result: object) -> None:
        reactor.stop()

    def begin() -> None:
        Deferred.fromCoroutine(asking()).addErrback(failed.append).addCallback(end)

    reactor.callWhenRunning(begin)
    reactor.run()
    if failed:
        failed[0].raiseException()
    return out


def _read(answers: Iterable[Found]) -> tuple[list[tuple[str, Any]], list[dict[str, str]]]:
    """Return the records of answers, each with its target's name, and those that cannot be read."""
    from protocols.marc.charsets import Charset
    from protocols.marc.errors import BadRecord, BrokenStream
    from storage.intake.marc_read import MarcFile, Options

    records, rejected = [], []
    for found in answers:
        name = found.target.name
        marc = MarcFile(Options(charset=Charset(found.target.charset) if found.target.charset else None))
        for document in found.documents:
            try:
                for each in marc.records([document]):
                    if isinstance(each, BadRecord):
                        rejected.append({"target": name, "reason": each.reason.name})
                    else:
                        records.append((name, each))
            except BrokenStream as error:
                rejected.append({"target": name, "reason": str(error)})
    return records, rejected


def _tell(told: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    table = Table(_("Target"), _("Found"), _("Fetched"), _("Trouble"), box=None)
    for line in told["targets"]:
        table.add_row(line["target"], str(line["hits"]), str(line["records"]), line["failure"])
    console.print(table, markup=False)
    if told["records"]:
        table = Table(_("Record"), _("What became of it"), _("Of"), _("Title"), box=None)
        for each in told["records"]:
            number = "" if told["dry_run"] else str(each["record"])
            table.add_row(number, FATES[each["fate"]], each["target"], each["title"])
        console.print(table, markup=False)
    for each in told["rejected"]:
        click.echo(_("A record of {target} cannot be read: {reason}").format(**each), err=True)
    if told["dry_run"]:
        click.echo(_("Nothing was written."))


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Show on a terminal how many answers have come."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(_("Asking"), total=total)
        yield lambda: progress.advance(task)


# --- records -------------------------------------------------------------------------------------------------------------


@click.group(help=_("Look at records of the catalogue, and merge two that describe one document."))
def record() -> None:
    """Look after records."""


@record.command(help=_("Merge two records: items and holds move, the other is kept under its old number."))
@click.argument("first", type=int)
@click.argument("second", type=int)
@click.option("--keep", type=int, help=_("The record to be kept as the base; the fuller one if not given."))
@configured
@as_json
def merge(first: int, second: int, keep: int | None, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Merge two records."""
    from server.control import Refused
    from server.writing import writing

    with explained(), writing(find_store(path, data)) as writer:
        try:
            told = writer.run("record.merge", first=first, second=second, keep=keep)
        except Refused as refused:
            if refused.code not in REFUSALS:
                raise
            sentence = REFUSALS[refused.code].format(detail=refused)
            if json_:
                click.echo(json.dumps({"refused": [refused.code], "sentences": [sentence]}, ensure_ascii=False))
                raise click.exceptions.Exit(Exit.REFUSED) from None
            stop(Exit.REFUSED, sentence)
    if json_:
        click.echo(json.dumps(told))
        return
    said = _("Record {superseded} is now {base}; moved: {items} items, {holds} holds.")
    click.echo(said.format(**told))


@record.command(help=_("Show a record; an old number leads to the record that took its place."))
@click.argument("number", type=int)
@configured
@as_json
def show(number: int, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Show a record."""
    from protocols.marc.record import Record
    from server.writing import looking
    from storage.catalogue.merging import survivor
    from storage.catalogue.records import fetch as fetch_records

    with explained():
        access = looking(find_store(path, data))
        living = access.read(survivor, number)
        (found,) = access.ask(lambda _network: fetch_records([living]))
    if found is None:
        stop(Exit.REFUSED, REFUSALS["unknown-record"].format(detail=number))
    read = Record.from_iso2709(found.iso2709)
    lines = [f"{field.tag} {_shown(field.text())}" for field in read.fields]
    if json_:
        about = {"record": living, "asked": number, "format": found.form.value, "deleted": found.deleted}
        click.echo(json.dumps({**about, "leader": read.leader, "fields": lines}, ensure_ascii=False))
        return
    if living != number:
        click.echo(_("Record {number} was merged into {living}.").format(number=number, living=living))
    click.echo("\n".join([f"LDR {read.leader}", *lines]))


def _shown(text: str) -> str:
    return text.replace("\x1f", " $")
