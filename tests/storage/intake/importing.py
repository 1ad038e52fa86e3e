"""What tests of imports share: a file made of records, imported the way that a command does it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select

from protocols.marc.errors import BadRecord
from protocols.marc.format import Format
from protocols.marc.record import Record
from storage import schema
from storage.intake.holdings import DEFAULT_PROFILES, PROFILES
from storage.intake.marc_import import Report, Task, import_batch, new_records
from storage.intake.marc_read import MarcFile, Options, SourceRecord, batches
from tests.network import NOW
from tests.storage.catalogue.running import LEADERS, field

TABLES = ("record", "posting", "item", "barcode", "database", "catalogue_version")


def marc(control: str, *fields: str, form: Format = Format.UNIMARC) -> bytes:
    """Make an ISO 2709 record."""
    head = [field(f"001 {control}")] if control else []
    return Record(LEADERS[form], head + [field(each) for each in fields]).to_iso2709()


def run_import(
    store: Engine | Connection,
    data: bytes,
    library: str = "LENS",
    *,
    size: int = 3,
    options: Options | None = None,
    **task: Any,
) -> tuple[Report, list[BadRecord], MarcFile]:
    """Import a file in batches of `size`, a transaction each; inside that of a connection, a savepoint each."""
    file = MarcFile(options or Options())
    bad: list[BadRecord] = []

    def good() -> Iterable[SourceRecord]:
        for each in file.records(data[at : at + 1000] for at in range(0, len(data), 1000)):
            if isinstance(each, BadRecord):
                bad.append(each)
            else:
                yield each

    report = Report()
    for batch in batches(good(), size):
        with nested(store) if isinstance(store, Connection) else store.begin() as connection:
            profile = PROFILES[file_profile(options, batch)]
            whole = Task(library, task.get("databases", ()), profile, task.get("now", NOW), task.get("dry_run", False))
            report.add(import_batch(connection, whole, batch, new_records(library, batch)))
    return report, bad, file


def file_profile(options: Options | None, batch: list[SourceRecord]) -> str:
    return options.profile if options and options.profile else DEFAULT_PROFILES[Format(batch[0].form)]


@contextmanager
def nested(connection: Connection) -> Iterator[Connection]:
    with connection.begin_nested():
        yield connection


def content(store: Engine | Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that an import may write, in order."""
    with nested(store) if isinstance(store, Connection) else store.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(schema.METADATA.tables[name]))), key=repr)
            for name in TABLES
        }


def shared(path: Path, name: str) -> bytes:
    return (path / "marc" / name).read_bytes()
