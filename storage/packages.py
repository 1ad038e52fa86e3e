"""Task packages: what was done for an account at its request, kept for a while for it alone.

A package has its place before its task begins, so that no two tasks have one name; what it tells is known when the task ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from storage.schema import task_package
from storage.statements import Statement

if TYPE_CHECKING:
    from storage.statements import Steps

MOST: Final = 100
"""Packages of one account."""
TASK_SECONDS: Final = 3600
"""How long a task that a daemon left unfinished keeps its name."""
PENDING, ACTIVE, COMPLETE, ABORTED = range(4)

_column = task_package.c


class Package(NamedTuple):
    """A package whose task has ended; *made_at* in seconds since 1970 UTC."""

    id: int
    account: str
    service: str
    name: str
    status: int
    made_at: int
    package: bytes


class NameTaken(Exception):
    """The account has a package of this service and name."""


class TooMany(Exception):
    """The account has as many packages as it may, and has named them all."""


def reserve(connection: Connection, account: str, service: str, name: str, now: int) -> int:
    """Make place for the package of a task that begins, and return its number. Raises NameTaken, TooMany.

    A task that failed gives up its name; the oldest package without one gives up its place.
    """
    own = _column.account == account
    connection.execute(delete(task_package).where(own, _column.ends_at <= now))
    if name:
        named = (own, _column.service == service, _column.name == name)
        connection.execute(delete(task_package).where(*named, _column.status == ABORTED))
        if connection.execute(select(_column.id).where(*named)).first():
            raise NameTaken(name)
    rows = connection.execute(select(_column.id, _column.name).where(own).order_by(_column.id)).all()
    if len(rows) >= MOST:
        spare = next((number for number, its_name in rows if not its_name), None)
        if spare is None:
            raise TooMany
        connection.execute(delete(task_package).where(_column.id == spare))
    values = {"account": account, "service": service, "name": name, "status": ACTIVE, "made_at": now}
    made = connection.execute(
        insert(task_package).values(**values, ends_at=now + TASK_SECONDS, package=b"").returning(_column.id)
    )
    return int(made.scalar_one())


def settle(connection: Connection, number: int, status: int, package: bytes, ends_at: int) -> None:
    """Keep what became of a task, until *ends_at*."""
    values = {"status": status, "package": package, "ends_at": ends_at}
    connection.execute(update(task_package).where(_column.id == number).values(values))


def forget(connection: Connection, number: int) -> None:
    """Keep nothing of a task."""
    connection.execute(delete(task_package).where(_column.id == number))


def remove(connection: Connection, account: str, service: str, name: str, now: int) -> bool:
    """Delete a package, and what goes with it; tell whether there was one of that name."""
    found = _named(connection, account, service, name, now)
    if found is not None:
        forget(connection, found.id)
    return found is not None


def amend(
    connection: Connection,
    account: str,
    service: str,
    name: str,
    now: int,
    amended: Callable[[bytes], bytes],
    ends_at: int | None,
) -> bytes | None:
    """Have a package say what *amended* makes of it, and keep it until *ends_at* if that is given; return it, None when there is none of that name."""
    found = _named(connection, account, service, name, now)
    if found is None:
        return None
    package = amended(bytes(found.package))
    settle(connection, found.id, found.status, package, found.ends_at if ends_at is None else ends_at)
    return package


class _Found(NamedTuple):
    id: int
    package: bytes
    status: int
    ends_at: int


def _named(connection: Connection, account: str, service: str, name: str, now: int) -> _Found | None:
    row = connection.execute(
        select(*(_column[field] for field in _Found._fields)).where(
            _column.account == account,
            _column.service == service,
            _column.name == name,
            _column.ends_at > now,
            _column.status != ACTIVE,
        )
    ).first()
    return None if row is None else _Found._make(row)


_KEPT: Final = Statement(
    "packages of account",
    select(*(_column[name] for name in Package._fields))
    .where(_column.account == bindparam("account"), _column.ends_at > bindparam("now"), _column.status != ACTIVE)
    .order_by(_column.id),
    "account", "now",
)  # fmt: skip


def packages(account: str, now: int) -> Steps[list[Package]]:
    """Read the packages of an account, oldest first; those of tasks that have ended."""
    (rows,) = yield [_KEPT(account, now)]
    return [Package._make((*row[:-1], bytes(row[-1]))) for row in rows]
