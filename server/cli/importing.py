"""`bibliobus import`: records with their items out of a file, in batches that leave kiosks their turns."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import click

from server.cli.common import FILE, Exit, as_json, configured, explained, find_store, stop
from server.words import _

if TYPE_CHECKING:
    from server.writing import Writing
    from storage.catalogue.postings import Index
    from storage.intake.marc_import import Report
    from storage.intake.marc_read import MarcFile, Options, SourceRecord
    from storage.intake.rejects import Rejects

BATCH: Final = 4000
"""Records in one transaction where nobody waits for it."""
LIVE_BATCH: Final = 10
"""Records in the first transaction while kiosks are served; later ones take about `LIVE_SECONDS`."""
LIVE_SECONDS: Final = 0.05
SHOWN: Final = 20
"""Lines of a kind in the report; `--json` has them all."""

FORMATS: Final = ("auto", "unimarc", "marc21")
CHARSETS: Final = ("auto", "utf-8", "iso-5426", "marc-8", "windows-1252", "iso-8859-1", "cp850")
PROFILES: Final = ("995", "pmb", "koha-995", "marc21")


def _chosen(names: tuple[str, ...]) -> click.Choice[str]:
    return click.Choice(names, case_sensitive=False)


@click.command(
    "import",
    help=_("Import records with their items from a file in ISO 2709 or MARCXML. A second time it changes nothing."),
)
@click.argument("file", type=FILE)
@click.option("--library", required=True, metavar="CODE", help=_("Library that the records come from."))
@click.option(
    "--database",
    "databases",
    multiple=True,
    metavar="NAME",
    help=_("Z39.50 database that they join, made if new (repeatable)."),
)
@click.option(
    "--format",
    "form",
    type=_chosen(FORMATS),
    default="auto",
    help=_("Format of the records, if it cannot be told from them."),
)
@click.option(
    "--charset",
    type=_chosen(CHARSETS),
    default="auto",
    help=_("Character set of the records, if it cannot be told from them."),
)
@click.option("--profile", type=_chosen(PROFILES), help=_("How the source describes items."))
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help=_("Where rejected records go, with their reasons beside (here, named FILE.rejects)."),
)
@click.option("--dry-run", is_flag=True, help=_("Tell what would change, write nothing."))
@configured
@as_json
def import_(
    file: Path, path: Path | None, data: Path | None, *, rejects: Path | None, json_: bool, **asked: Any
) -> None:
    """Import records."""
    from server.writing import writing
    from storage.intake.marc_read import MarcFile
    from storage.intake.rejects import Rejects

    with explained():
        location = find_store(path, data)
        marc = MarcFile(_options(**asked))
        with (
            file.open("rb") as source,
            Rejects(rejects or Path(f"{file.name}.rejects")) as rejected,
            writing(location) as writer,
            _progress(file, marc) as shown,
        ):
            intake = Intake(writer, marc, rejected, asked)
            intake.run(source, shown)
    if json_:
        click.echo(json.dumps(intake.to_json(), ensure_ascii=False))
    else:
        _tell(intake)
    if intake.broken:
        stop(Exit.PARTLY, _("The file cannot be read on: {error}").format(error=intake.broken))
    raise click.exceptions.Exit(intake.outcome())


def _options(form: str, charset: str, profile: str | None, **_others: Any) -> Options:
    from protocols.marc.charsets import Charset
    from protocols.marc.format import Format
    from storage.intake.marc_read import Options

    return Options(None if form == "auto" else Format(form), None if charset == "auto" else Charset(charset), profile)


class Intake:
    """One file on its way into the store, and the report of it."""

    def __init__(self, writer: Writing, marc: MarcFile, rejects: Rejects, asked: Mapping[str, Any]) -> None:
        from storage.intake.marc_import import Report

        self.marc = marc
        self.rejects = rejects
        self.report: Report = Report()
        self.dry_run: bool = asked["dry_run"]
        self.broken = ""
        self._writer = writer
        self._size = LIVE_BATCH if writer.live else BATCH
        self._asked = {name: asked[name] for name in ("databases", "profile", "dry_run")}
        # Codes are capitals; the records are known by it.
        self._asked["library"] = asked["library"].upper()

    def run(self, source: IO[bytes], shown: Callable[[], None]) -> None:
        """Read *source* to its end, or to where it cannot be read on; call *shown* after each batch."""
        from storage.catalogue.ahead import indexed
        from storage.intake.marc_read import SourceRecord

        batches = self._batches(source)
        # What a daemon is sent has its index too: found here, terms take no time of its one core's.
        with closing(_indexed(batches) if self._writer.live else indexed(batches, SourceRecord.raw)) as ready:
            for batch, index in ready:
                self._send(batch, index)
                shown()

    def _batches(self, source: IO[bytes]) -> Iterator[list[SourceRecord]]:
        from protocols.marc.errors import BadRecord, BrokenStream
        from storage.intake.marc_read import chunks_of

        batch: list[SourceRecord] = []
        try:
            for record in self.marc.records(chunks_of(source.read)):
                if isinstance(record, BadRecord):
                    self.rejects.write(record, is_xml=self.marc.is_xml)
                else:
                    batch.append(record)
                if len(batch) >= self._size:
                    yield batch
                    batch = []
        except BrokenStream as error:
            self.broken = str(error)
        if batch:
            yield batch

    def _send(self, batch: Sequence[SourceRecord], index: Index | None) -> None:
        from storage.catalogue.reindex import LAYOUT
        from storage.intake.marc_import import Report

        asked = self._asked if index is None else {**self._asked, "index": index, "layout": LAYOUT}
        began = time.perf_counter()
        done = self._writer.run("import", records=batch, now=int(time.time()), **asked)
        self.report.add(Report.from_json(done))
        if self._writer.live:
            seconds = time.perf_counter() - began
            self._size = max(1, min(2 * self._size, int(self._size * LIVE_SECONDS / seconds)))

    def outcome(self) -> Exit:
        """Return the exit code that the report deserves."""
        kept = self.report.added + self.report.replaced + self.report.unchanged
        if not self.rejects.count and not self.report.refused:
            return Exit.DONE
        return Exit.PARTLY if kept else Exit.REFUSED

    def to_json(self) -> dict[str, Any]:
        """Return the whole report in values that JSON can hold."""
        seen = self.marc.seen
        return self.report.to_json() | {
            "records": seen.records,
            "formats": {form.value: count for form, count in seen.forms.items()},
            "charsets": {charset.value: count for charset, count in seen.charsets.items()},
            "findings": {finding.name: count for finding, count in seen.findings.items()},
            "rejected": {reason.name: count for reason, count in seen.rejected.items()},
            "rejects": str(self.rejects.path) if self.rejects.count else None,
            "dry_run": self.dry_run,
            "broken": self.broken or None,
        }


def _indexed(batches: Iterable[list[SourceRecord]]) -> Generator[tuple[list[SourceRecord], Index], None, None]:
    from protocols.marc.format import Format
    from storage.catalogue.records import index_of

    for batch in batches:
        yield batch, index_of((Format(record.form), record.text.encode()) for record in batch)


@contextmanager
def _progress(file: Path, marc: MarcFile) -> Iterator[Callable[[], None]]:
    """Show on a terminal how far the file is read."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[records]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(file.name, total=file.stat().st_size, records="")
        yield lambda: progress.update(task, completed=marc.seen.octets, records=str(marc.seen.records))


def _tell(intake: Intake) -> None:
    """Print the report."""
    report, seen = intake.report, intake.marc.seen
    records = _("records: {read} read, {added} added, {changed} changed, {unchanged} as before, {rejected} rejected")
    items = _(
        "items: {added} added, {changed} changed, {unchanged} as before, {refused} refused, {bare} without a barcode"
    )
    click.echo(
        records.format(
            read=seen.records,
            added=report.added,
            changed=report.replaced,
            unchanged=report.unchanged,
            rejected=intake.rejects.count,
        )
    )
    click.echo(
        items.format(
            added=report.items_added,
            changed=report.items_changed,
            unchanged=report.items_unchanged,
            refused=len(report.refused),
            bare=report.items_without_barcode,
        )
    )
    for counted in (seen.forms, seen.charsets, seen.findings, seen.rejected):
        for what, count in counted.most_common():
            click.echo(f"  {count:7} {_(what.value)}")
    unknown = _("code {code} of the source ({role}) is not the network's")
    for (role, code), count in report.unknown.most_common(SHOWN):
        click.echo(f"  {count:7} {unknown.format(code=code, role=_(role))}")
    refused = _("item {barcode} of record {control} refused: {why}")
    for control, barcode, problem in report.refused[:SHOWN]:
        click.echo(f"  {refused.format(barcode=barcode, control=control, why=_(problem.value))}")
    if intake.rejects.count:
        click.echo(_("Rejected records are in {path}.").format(path=intake.rejects.path))
    if intake.dry_run:
        click.echo(_("Nothing was written."))
