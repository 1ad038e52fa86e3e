"""What tests of the catalogue share: steps run on an SQLAlchemy connection of either database, and records made of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pyroaring import BitMap
from sqlalchemy import Connection, insert

from protocols.marc.format import Format
from protocols.marc.record import Field, Record
from storage.catalogue.hits import Hits
from storage.catalogue.query import Query
from storage.catalogue.records import NewRecord
from storage.catalogue.search import search
from storage.schema import database
from storage.statements import Call, Row, Steps

T = TypeVar("T")
NETWORK, LENS_BASE = 1, 2
LEADERS = {Format.UNIMARC: "00000nam0 2200000   450 ", Format.MARC21: "00000nam a2200000 i 4500"}


def _rows(connection: Connection, call: Call) -> list[Row]:
    clause: Any = call.statement.clause
    answer = connection.execute(clause, dict(zip(call.statement.binds, call.values, strict=True)))
    return [tuple(row) for row in answer]


def run(connection: Connection, steps: Steps[T]) -> T:
    """Run steps to their end."""
    try:
        calls = next(steps)
        while True:
            calls = steps.send([_rows(connection, call) for call in calls])
    except StopIteration as stop:
        result: T = stop.value
        return result


def found(
    connection: Connection,
    query: Query,
    databases: Sequence[int] = (),
    hits: Hits | None = None,
    sets: Callable[[str], BitMap | None] = lambda _: None,
) -> list[int]:
    """Return the numbers of the records that a query finds."""
    return list(run(connection, search(hits or Hits(), query, tuple(databases), sets)))


def field(text: str) -> Field:
    """Make a field of "200 1  $aTitre" (tag, blank, two indicators, blank, subfields) or "001 42"."""
    if text[:3] < "010":
        return Field(text[:3], text[4:])
    return Field.parse(text[:3], text[4:6] + text[7:].replace("$", "\x1f"))


def new_record(control: str, *fields: str, form: Format = Format.UNIMARC, source: str = "LENS") -> NewRecord:
    """Make a record to save."""
    record = Record(LEADERS[form], [field(f"001 {control}"), *map(field, fields)])
    return NewRecord(source, control, form, record.to_iso2709(), f"Titre {control}", "")


def declare_databases(connection: Connection) -> None:
    """Add a second database to that of the small network."""
    connection.execute(insert(database).values(id=LENS_BASE, name="lens", is_default=0))
