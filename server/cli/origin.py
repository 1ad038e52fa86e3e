"""`bibliobus fetch` and `bibliobus record`: records from other catalogues, and two that are one made one."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from server.cli.common import Exit, as_json, configured, explained, find_store, read_config, refused, stop
from server.cli.staff import moment
from server.cli.staff import show as show_rows
from server.words import _

if TYPE_CHECKING:
    from server.config import Config
    from server.writing import Direct

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
    "not-merged": _("Record {detail} was merged into no other."),
    "merged-further": _("It was merged into record {detail}, and that into another: undo that merge first."),
}


@click.command(
    help=_("Fetch records by ISBN from the configured targets into the catalogue, merged with what is there.")
)
@click.argument("isbns", metavar="[ISBN]...", nargs=-1)
@click.option("--title", default="", help=_("Words of the title, instead of ISBNs."))
@click.option("--author", default="", help=_("Words of the author's name, instead of ISBNs."))
@click.option("--query", default="", help=_("A query in CQL, instead of ISBNs."))
@click.option("--pqf", default="", help=_("A prefix query with Bib-1 attributes, instead of ISBNs: for Z39.50 alone."))
@click.option("--target", "names", multiple=True, help=_("Ask this target alone (repeatable)."))
@click.option("--database", "databases", multiple=True, help=_("Database that the records join (repeatable)."))
@click.option("--most", type=click.IntRange(1, 100), default=5, show_default=True, help=_("Records taken of a target."))
@click.option("--dry-run", is_flag=True, help=_("Tell what would change, write nothing."))
@configured
@as_json
def fetch(
    isbns: tuple[str, ...],
    title: str,
    author: str,
    query: str,
    pqf: str,
    path: Path | None,
    data: Path | None,
    *,
    json_: bool,
    **asked: Any,
) -> None:
    """Fetch records."""
    words = " and ".join(
        f'{index} all "{text.translate(_ESCAPES)}"'
        for index, text in (("dc.title", title), ("dc.creator", author))
        if text
    )
    queries = [("isbn", _isbn(each)) for each in isbns]
    queries += [(form, text) for form, text in (("cql", words), ("cql", query), ("pqf", pqf)) if text]
    if not queries or len(queries) > max(1, len(isbns)):
        raise click.UsageError(_("Give ISBNs, or --title and --author, or --query, or --pqf."))
    told: dict[str, Any] = {"targets": [], "records": [], "rejected": [], "dry_run": asked["dry_run"]}
    with explained():
        for answer in _answers(path, data, [{"form": form, "text": text, **asked} for form, text in queries]):
            for kind in ("targets", "records", "rejected"):
                told[kind] += answer[kind]
    if json_:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _tell(told)
    failed = any(line["failure"] for line in told["targets"])
    raise click.exceptions.Exit(
        Exit.DONE if told["records"] and not failed else Exit.PARTLY if told["records"] else Exit.REFUSED
    )


_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\""} | dict.fromkeys("*?^", " "))
"""A title is meant as it is written: "Qui a peur ?" masks no letter."""


def _isbn(text: str) -> str:
    """Return an ISBN as 13 digits. Raises BadParameter."""
    from storage.catalogue.analyser import isbns

    found = isbns(text)
    if len(found) != 1 or len(found[0]) != 13:
        raise click.BadParameter(_("{text} is no ISBN").format(text=text))
    return found[0]


def _answers(path: Path | None, data: Path | None, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ask the daemon's origin, or one of our own; return what it answers to each question."""
    from server.control import Client, Refused
    from server.writing import holding

    try:
        with holding(find_store(path, data), daemon_first=True) as holder, _progress(len(questions)) as shown:
            if not isinstance(holder, Client):
                return _ask_alone(holder, read_config(path, data), questions, shown)
            out = []
            for asked in questions:
                out.append(holder.call("fetch", **asked))
                shown()
            return out
    except Refused as error:
        if error.code not in _NOT_ASKED:
            raise
        code, text = _NOT_ASKED[error.code]
        stop(code, text.format(**error.details or {}))


_NOT_ASKED: Final = {
    "no-target": (
        Exit.CONFIGURATION,
        _("No target is configured: write [[targets]] in the configuration file."),
    ),
    "unknown-target": (Exit.USAGE, _("There is no target {name}; there are: {names}")),
}


def _ask_alone(
    store: Direct, config: Config, questions: list[dict[str, Any]], shown: Callable[[], None]
) -> list[dict[str, Any]]:
    """Ask in a reactor of our own, one question after the other, of all targets at once."""
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred

    from server.origin.service import Origin

    origin = Origin(store, reactor, config)
    out: list[dict[str, Any]] = []
    failed: list[Any] = []

    async def asking() -> None:
        for asked in questions:
            out.append(await origin.fetch(**asked))
            shown()

    def end(_result: object) -> None:
        reactor.stop()

    def begin() -> None:
        Deferred.fromCoroutine(asking()).addErrback(failed.append).addCallback(end)

    reactor.callWhenRunning(begin)
    reactor.run()
    if failed:
        failed[0].raiseException()
    if len(out) < len(questions):
        raise KeyboardInterrupt  # which the reactor took for itself
    return out


def _tell(told: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    table = Table(_("Target"), _("Found"), _("Fetched"), _("Trouble"), _("Learned from"), box=None)
    for line in told["targets"]:
        table.add_row(line["target"], str(line["hits"]), str(line["records"]), line["failure"], line["learned"])
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
    """Show on a terminal how many questions have been answered."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(_("Asking"), total=total)
        yield lambda: progress.advance(task)


# --- targets -------------------------------------------------------------------------------------------------------------


@click.group(help=_("Look at the catalogues elsewhere that are asked, and at what they have taught."))
def target() -> None:
    """Look after targets."""


@target.command("list", help=_("List the configured targets, and how each is asked since it complained."))
@configured
@as_json
def list_(path: Path | None, data: Path | None, *, json_: bool) -> None:
    """List targets."""
    from server.operations.origin import lessons_of
    from server.origin.lessons import Lesson
    from server.writing import looking

    with explained():
        targets = read_config(path, data).targets
        lessons = looking(find_store(path, data)).read(lessons_of)
    rows = []
    for each in sorted(targets, key=lambda target: target.preference):
        lesson = lessons.get(each.name.casefold(), Lesson())
        about = {"target": each.name, "kind": each.kind.value, "rank": each.rank.value, "priority": each.priority}
        rows.append({**about, **lesson._asdict()})
    if not json_:
        for row in rows:
            ways = {way: " ".join(map(str, row[way])) for way in ("isbn", "query")}
            row.update(ways, at=moment(row["at"]) if row["at"] else None)
    show_rows(rows, json_=json_)


@target.command(help=_("Forget what a target has taught: it is asked as precisely as at first."))
@click.argument("name")
@configured
@as_json
def forget(name: str, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Forget a lesson."""
    from server.writing import writing

    with explained(), writing(find_store(path, data)) as writer:
        count = writer.run("target.forget", name=name)
    if json_:
        click.echo(json.dumps({"forgotten": count}))
    else:
        click.echo(_("Forgotten: {count}").format(count=count))


# --- records -------------------------------------------------------------------------------------------------------------


@click.group(help=_("Look at records of the catalogue, and merge two that describe one document."))
def record() -> None:
    """Look after records."""


@record.command(help=_("Merge two records: items and holds move, the other is kept under its old number."))
@click.argument("first", type=int)
@click.argument("second", type=int)
@click.option(
    "--keep",
    type=int,
    help=_("The record to be kept as the base; if not given, that of the higher source, else the fuller one."),
)
@configured
@as_json
def merge(first: int, second: int, keep: int | None, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Merge two records."""
    from server.operations.origin import ranks_of

    with explained():
        ranks = ranks_of(read_config(path, data))
    told = _changed(path, data, "record.merge", json_=json_, first=first, second=second, keep=keep, ranks=ranks)
    said = _("Record {superseded} is now {base}; moved: {items} items, {holds} holds.")
    click.echo(json.dumps(told) if json_ else said.format(**told))


@record.command(
    help=_("Undo a merge: the record of this old number is itself again, with the items and holds that it brought.")
)
@click.argument("number", type=int)
@configured
@as_json
def unmerge(number: int, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Undo a merge."""
    told = _changed(path, data, "record.unmerge", json_=json_, number=number)
    said = _("Record {record} is apart from {base} again; moved back: {items} items, {holds} holds.")
    click.echo(json.dumps(told) if json_ else said.format(**told))


def _changed(path: Path | None, data: Path | None, operation: str, *, json_: bool, **arguments: Any) -> dict[str, Any]:
    """Have records changed, or end in words why they are not."""
    from server.control import Refused
    from server.writing import writing

    with explained(), writing(find_store(path, data)) as writer:
        try:
            told: dict[str, Any] = writer.run(operation, **arguments)
        except Refused as error:
            if error.code not in REFUSALS:
                raise
            refused(error.code, REFUSALS[error.code].format(detail=error))
    return told


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
