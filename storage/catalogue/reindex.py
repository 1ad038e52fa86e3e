"""The index made anew from the records, when a release finds in them what the one before did not.

`LAYOUT` counts up with each such change of `access_points`, `extraction` or `analyser`; the store remembers what its postings
were made by.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, delete, select, update

from protocols.marc.format import Format
from storage.catalogue import postings
from storage.catalogue.access_points import DATABASES
from storage.catalogue.postings import Inverter
from storage.catalogue.records import lock_catalogue, terms_of
from storage.schema import catalogue_version, posting, record

LAYOUT: Final = 1
CHUNK: Final = 50_000
"""Records whose postings are in memory at once."""
_READ: Final = 1_000


def reindex(connection: Connection) -> int:
    """Make the index anew if another layout made it, in the transaction of `connection`; return how many records it has."""
    if connection.execute(select(catalogue_version.c.layout)).scalar() == LAYOUT:
        return 0
    lock_catalogue(connection)
    connection.execute(delete(posting).where(posting.c.access_point != DATABASES))
    count, last, found = 0, 0, Inverter()
    while rows := connection.execute(_PAGE, {"after": last}).all():
        for number, form, raw in rows:
            found.add(number, terms_of(Format(form), raw))
        last = rows[-1].id
        count += len(rows)
        if count % CHUNK < _READ:
            postings.add(connection, found.rows())
            found = Inverter()
    postings.add(connection, found.rows())
    changed = {"version": catalogue_version.c.version + 1} if count else {}
    connection.execute(update(catalogue_version).values(layout=LAYOUT, **changed))
    return count


_PAGE: Final = (
    select(record.c.id, record.c.format, record.c.iso2709)
    .where(record.c.id > bindparam("after"), record.c.deleted == 0)
    .order_by(record.c.id)
    .limit(_READ)
)
