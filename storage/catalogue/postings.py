"""Posting rows: which records have a term.

A row holds the records of one block (the high 16 bits of the record number): up to 16 of them as little-endian 32-bit numbers, more
as a serialised roaring bitmap. So an insert touches small rows, and the rows of one term are read together, in order.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import starmap
from typing import Any, Final, TypeAlias

from pyroaring import BitMap
from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from storage.bulk import insert_rows
from storage.schema import posting
from storage.statements import Row, Statement

PLAIN: Final = 16
"""Most members that a row holds as plain numbers."""
BLOCK_BITS: Final = 16

TERM: Final = Statement(
    "postings of term",
    select(posting.c.size, posting.c.bitmap).where(
        posting.c.access_point == bindparam("access_point"), posting.c.term == bindparam("term")
    ),
    "access_point", "term",
)  # fmt: skip
RANGE: Final = Statement(
    "postings of truncated term",
    select(posting.c.size, posting.c.bitmap)
    .where(
        posting.c.access_point == bindparam("access_point"),
        posting.c.term >= bindparam("first"),
        posting.c.term < bindparam("last"),
    )
    .limit(bindparam("rows")),
    "access_point", "first", "last", "rows",
)  # fmt: skip

_TERMS: Final = select(posting.c.term, func.sum(posting.c.size).label("records")).group_by(posting.c.term)
_OF_POINT: Final = posting.c.access_point == bindparam("access_point")
TERMS: Final = Statement(
    "terms from",
    _TERMS.where(_OF_POINT, posting.c.term >= bindparam("start")).order_by(posting.c.term).limit(bindparam("terms")),
    "access_point", "start", "terms",
)  # fmt: skip
TERMS_BEFORE: Final = Statement(
    "terms before",
    _TERMS.where(_OF_POINT, posting.c.term < bindparam("start"))
    .order_by(posting.c.term.desc()).limit(bindparam("terms")),
    "access_point", "start", "terms",
)  # fmt: skip
AFTER: Final = "\x01"
"""No term holds it: what follows a term follows the term with this at its end."""

PostingRow: TypeAlias = tuple[int, str, int, int, bytes]
"""One row of the table, in the order of its columns."""


def encode(members: BitMap) -> tuple[int, bytes]:
    """Return size and octets of a row's members."""
    size = len(members)
    if size <= PLAIN:
        return size, struct.pack(f"<{size}I", *members)
    members.run_optimize()
    return size, members.serialize()


def decode(size: int, data: bytes) -> BitMap:
    """Return the members of a row."""
    return BitMap(struct.unpack(f"<{size}I", data)) if size <= PLAIN else BitMap.deserialize(data)


def numbers(size: int, data: bytes) -> tuple[int, ...] | BitMap:
    """Return the members of a row in their order, as what takes least time to make."""
    return struct.unpack(f"<{size}I", data) if size <= PLAIN else BitMap.deserialize(data)


def union(rows: Iterable[Row]) -> BitMap:
    """Return all members of rows of (size, octets)."""
    maps = list(starmap(decode, rows))
    if len(maps) == 1:
        return maps[0]
    return BitMap.union(*maps) if maps else BitMap()


Index: TypeAlias = dict[int, dict[str, int | list[int]]]
"""Records by code of the postings and term: most terms are of one record, which is the number itself."""


class Inverter:
    """Turns records with their terms into posting rows, in memory."""

    def __init__(self) -> None:
        self._found: dict[int, Index] = {}

    def __bool__(self) -> bool:
        return any(self._found.values())

    def add(self, record: int, terms: Mapping[int, Iterable[str]]) -> None:
        """Note that `record` has these terms, by code of the postings."""
        index = self._found.setdefault(record >> BLOCK_BITS, {})
        for code, found in terms.items():
            if not found:
                continue
            members = index.setdefault(code, {})
            for term in found:
                old = members.setdefault(term, record)
                if old is not record:
                    if isinstance(old, int):
                        members[term] = [old, record]
                    else:
                        old.append(record)

    def take(self, index: Index, numbers: Sequence[int]) -> None:
        """Note an index whose records are places in `numbers`; what stands at a 0 is left out."""
        for block in {number >> BLOCK_BITS for number in numbers if number}:
            here = [number if number >> BLOCK_BITS == block else 0 for number in numbers]
            mine = self._found.setdefault(block, {})
            for code, terms in index.items():
                members = mine.get(code, {})
                for term, places in terms.items():
                    found = here[places] if isinstance(places, int) else [here[at] for at in places if here[at]]
                    if found:
                        old = members.get(term)
                        members[term] = found if old is None else [*_listed(old), *_listed(found)]
                if members:
                    mine[code] = members

    def index(self) -> Index:
        """Return what was noted of records below 65,536, in the order of its terms: who takes it has less to sort."""
        return {code: {term: terms[term] for term in sorted(terms)} for code, terms in self._found.get(0, {}).items()}

    def rows(self) -> Iterator[PostingRow]:
        """Yield the rows of the table by access point and block, each in the order of its terms."""
        for code, block in sorted((code, block) for block, index in self._found.items() for code in index):
            members = self._found[block][code]
            for term in sorted(members):
                found = members[term]
                size, data = (1, found.to_bytes(4, "little")) if isinstance(found, int) else encode(BitMap(found))
                yield code, term, block, size, data


def _listed(found: int | list[int]) -> list[int]:
    return [found] if isinstance(found, int) else found


# --- writing ------------------------------------------------------------------------------------------------------------------

_COLUMNS: Final = tuple(column.name for column in posting.columns)
_KEY: Final = _COLUMNS[:3]
# Rows on their way into the table; temporary, so no part of the schema.
_INCOMING: Final = Table(
    "incoming_posting", MetaData(), *(Column(c.name, c.type) for c in posting.columns), prefixes=["TEMPORARY"]
)
_SAME: Final = and_(*(posting.c[name] == _INCOMING.c[name] for name in _KEY))
_OF_KEY: Final = and_(*(posting.c[name] == bindparam(f"its_{name}") for name in _KEY))


def add(connection: Connection, rows: Iterable[PostingRow]) -> None:
    """Add the members of `rows`, none of which is there yet, to the index."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.create_function("posting_union", 4, _union_of_rows, deterministic=True)
        insert_rows(connection, posting, _COLUMNS, rows, otherwise=_UPSERT)
        return
    _merge(connection, rows, BitMap.__or__)
    connection.execute(delete(_INCOMING).where(exists().where(_SAME)))
    ordered = select(_INCOMING).order_by(*(_INCOMING.c[name] for name in _KEY))
    connection.execute(insert(posting).from_select(list(_COLUMNS), ordered))


# On SQLite a function of ours inside one upsert takes a quarter of the time of reading, combining and writing rows.
_UPSERT: Final = (
    "ON CONFLICT DO UPDATE SET size = size + excluded.size,"
    " bitmap = posting_union(size, bitmap, excluded.size, excluded.bitmap)"
)


def _union_of_rows(size: int, data: bytes, its_size: int, its_data: bytes) -> bytes:
    if size + its_size <= PLAIN and data[-4:][::-1] < its_data[3::-1]:
        return data + its_data
    return encode(decode(size, data) | decode(its_size, its_data))[1]


def remove(connection: Connection, rows: Iterable[PostingRow]) -> None:
    """Take the members of `rows` out of the index; a row without members goes."""
    _merge(connection, rows, BitMap.__sub__)
    connection.execute(delete(posting).where(posting.c.size == 0, exists().where(_SAME)))


def _merge(connection: Connection, rows: Iterable[PostingRow], combine: Callable[[BitMap, BitMap], BitMap]) -> None:
    """Bring the rows into the temporary table, and combine them with those of the index that have the same key."""
    _INCOMING.create(connection, checkfirst=True)
    connection.execute(delete(_INCOMING))
    insert_rows(connection, _INCOMING, _COLUMNS, rows)
    old = connection.execute(
        select(*posting.columns, _INCOMING.c.size, _INCOMING.c.bitmap).select_from(_INCOMING.join(posting, _SAME))
    )
    changes = []
    for *key, size, data, its_size, its_data in old:
        new = encode(combine(decode(size, data), decode(its_size, its_data)))
        changes.append(
            {f"its_{name}": value for name, value in zip(_KEY, key, strict=True)} | {"size": new[0], "bitmap": new[1]}
        )
    if changes:
        connection.execute(update(posting).where(_OF_KEY), changes)
