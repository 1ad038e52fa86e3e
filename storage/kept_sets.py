"""Result sets that an account keeps: each goes with the task package that it is of (`packages`), in its time or before."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, Final, NamedTuple

from pyroaring import BitMap
from sqlalchemy import Connection, bindparam, func, insert, select

from storage import packages
from storage.schema import kept_set, task_package
from storage.statements import Statement

if TYPE_CHECKING:
    from storage.statements import Steps

MOST_OCTETS: Final = 8 << 20
"""Octets of all sets of one account."""

_column = kept_set.c
_of_package = kept_set.join(task_package, task_package.c.id == _column.package_id)


class KeptSet(NamedTuple):
    """Records in their `order`, or that of their numbers, and the names of the databases that they were found in."""

    databases: tuple[str, ...]
    records: BitMap
    order: array[int] | None


class TooLarge(Exception):
    """The account has no room for the set."""


def keep(connection: Connection, package: int, name: str, kept: KeptSet) -> None:
    """Keep the set of a package under a name that no other has. Raises TooLarge."""
    own = select(task_package.c.account).where(task_package.c.id == package).scalar_subquery()
    used = func.coalesce(func.sum(func.length(_column.records) + func.length(_column.order)), 0)
    before = connection.execute(select(used).select_from(_of_package).where(task_package.c.account == own)).scalar_one()
    records = kept.records.serialize()
    order = b"" if kept.order is None else _little_endian(kept.order).tobytes()
    if before + len(records) + len(order) > MOST_OCTETS:
        raise TooLarge(name)
    values = {
        "package_id": package,
        "name": name,
        "databases": "\n".join(kept.databases),
        "records": records,
        "order": order,
    }
    connection.execute(insert(kept_set).values(values))


_KEPT: Final = Statement(
    "kept set",
    select(_column.databases, _column.records, _column.order)
    .select_from(_of_package)
    .where(
        _column.name == bindparam("name"),
        packages.permitted(packages.Right.INVOKE),
        task_package.c.ends_at > bindparam("now"),
    ),
    "account", "name", "now",
)  # fmt: skip


def kept_set_named(account: str, name: str, now: int) -> Steps[KeptSet | None]:
    """Read a set that an account keeps or may use; None when there is none of that name, or its time is over."""
    (rows,) = yield [_KEPT(account, name, now)]
    if not rows:
        return None
    ((databases, records, order),) = rows
    numbers = _little_endian(array("I", bytes(order))) if order else None
    return KeptSet(tuple(databases.split("\n")), BitMap.deserialize(bytes(records)), numbers)


def _little_endian(numbers: array[int]) -> array[int]:
    """Return numbers from or to their octets in the store, all at once: half a million are read while others wait."""
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers
