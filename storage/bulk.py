"""Many rows at once: what imports and the index write, faster than statement by statement on either database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Table, func, select


def new_ids(connection: Connection, table: Table, number: int) -> Iterator[int]:
    """Return `number` ids for new rows of `table`, whose key is `id`, in ascending order; the transaction is one that writes."""
    if connection.dialect.name == "postgresql":
        sequence = func.nextval(func.pg_get_serial_sequence(table.name, "id"))
        drawn = connection.execute(select(sequence).select_from(func.generate_series(1, number))).scalars()
        return iter(sorted(drawn))
    last = connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
    return iter(range(last + 1, last + 1 + number))


_ROWS: Final = 10_000
"""Rows that are handed to SQLite at once, so that a generator of many is never a list of many."""


def insert_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]], otherwise: str = ""
) -> None:
    """Insert rows of values of `columns`: COPY on PostgreSQL, one prepared statement on SQLite.

    `otherwise` is the statement's ON CONFLICT clause, on SQLite only.
    """
    names = ", ".join(columns)
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    # The names are those of our own schema.
    statement = f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' * len(columns))}) {otherwise}"  # noqa: S608
    iterator = iter(rows)
    while chunk := list(islice(iterator, _ROWS)):
        connection.exec_driver_sql(statement, chunk)
