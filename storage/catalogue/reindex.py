"""The index made anew from the records, when a release finds in them what the one before did not.

`LAYOUT` counts up with each such change of `access_points`, `extraction` or `analyser`; the store remembers what its postings
were made by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import starmap
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, select, update

from protocols.marc.format import Format
from storage.catalogue import postings
from storage.catalogue.access_points import DATABASES
from storage.catalogue.ahead import Raw, indexed
from storage.catalogue.postings import Inverter
from storage.catalogue.records import index_of, lock_catalogue
from storage.schema import catalogue_version, posting, record

LAYOUT: Final = 2
BATCH: Final = 10_000
"""Records that are read at once."""
CHUNK: Final = 5
"""Batches whose postings are in memory at once."""


def is_current(connection: Connection) -> bool:
    """Tell whether this release's layout made the index."""
    return connection.execute(select(catalogue_version.c.layout)).scalar() == LAYOUT


def reindex(connection: Connection, shown: Callable[[int, int], object] = lambda _done, _total: None) -> int:
    """Make the index anew if another layout made it, in the transaction of `connection`; return how many records it has.

    `shown` is told, as it goes on, how many records are done, of how many.
    """
    if is_current(connection):
        return 0
    lock_catalogue(connection)
    total: int = connection.execute(_COUNT).scalar_one()
    connection.execute(delete(posting).where(posting.c.access_point != DATABASES))
    count, found = 0, Inverter()
    with closing(indexed(_batches(connection), _Stored.raw)) as ready:
        for number, (batch, index) in enumerate(ready, 1):
            terms = index or index_of((Format(each.form), each.iso2709) for each in batch)
            found.take(terms, [each.id for each in batch])
            count += len(batch)
            shown(count, total)
            if number % CHUNK == 0:
                postings.add(connection, found.rows())
                found = Inverter()
    postings.add(connection, found.rows())
    changed = {"version": catalogue_version.c.version + 1} if count else {}
    connection.execute(update(catalogue_version).values(layout=LAYOUT, **changed))
    return count


class _Stored(NamedTuple):
    """A record, as it is kept."""

    id: int
    form: str
    iso2709: bytes

    def raw(self) -> Raw:
        return self.form, self.iso2709


def _batches(connection: Connection) -> Iterator[list[_Stored]]:
    last = 0
    while rows := connection.execute(_PAGE, {"after": last, "rows": BATCH}).all():
        yield list(starmap(_Stored, rows))
        last = rows[-1].id


_LIVING: Final = record.c.deleted == 0
_COUNT: Final = select(func.count()).select_from(record).where(_LIVING)
_PAGE: Final = (
    select(record.c.id, record.c.format, record.c.iso2709)
    .where(record.c.id > bindparam("after"), _LIVING)
    .order_by(record.c.id)
    .limit(bindparam("rows"))
)
