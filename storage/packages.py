"""Task packages: what was done for an account at its request, kept for a while for it and for whom it names.

A package has its place before its task begins, so that no two tasks have one name; what it tells is known when the task ends.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, literal_column, select, update

from storage.schema import task_package, task_permission
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


class Right(IntEnum):
    """What an account may be let do with the package of another, as Z39.50 numbers it."""

    DELETE = 1
    MODIFY_CONTENTS = 2
    MODIFY_PERMISSIONS = 3
    PRESENT = 4
    INVOKE = 5


class Named(NamedTuple):
    """A package by its name, and the account that would do something with it."""

    owner: str
    service: str
    name: str
    by: str


class NotAllowed(Exception):
    """The account may do something with the package of the other, but not this."""


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


def permit(connection: Connection, number: int, rights: Iterable[tuple[str, int]]) -> None:
    """Let accounts do with a package what is said here (account, right), and nothing else."""
    connection.execute(delete(task_permission).where(task_permission.c.package_id == number))
    rows = [{"package_id": number, "account": account, "task": right} for account, right in sorted(set(rights))]
    if rows:
        connection.execute(insert(task_permission), rows)


def permitted(right: Right) -> ColumnElement[bool]:
    """Return the condition that the parameter *account* has a package or may do something with it."""
    its = task_permission.c
    granted = select(its.package_id).where(
        its.account == bindparam("account"), its.task == literal_column(str(int(right)))
    )
    return (_column.account == bindparam("account")) | _column.id.in_(granted)


def forget(connection: Connection, number: int) -> None:
    """Keep nothing of a task."""
    connection.execute(delete(task_package).where(_column.id == number))


def remove(connection: Connection, package: Named, now: int) -> bytes | None:
    """Delete a package, and what goes with it; return what it was, None when there is none of that name. Raises NotAllowed."""
    found = _found(connection, package, [Right.DELETE], now)
    if found is None:
        return None
    forget(connection, found.id)
    return bytes(found.package)


def amend(
    connection: Connection,
    package: Named,
    wanted: Collection[Right],
    now: int,
    amended: Callable[[bytes], bytes],
    ends_at: int | None,
    rights: Iterable[tuple[str, int]] | None,
) -> bytes | None:
    """Have a package say what *amended* makes of it; return it, None as above. Raises NotAllowed.

    It is kept until *ends_at*, and *rights* are what others may do with it, where these are given.
    """
    found = _found(connection, package, wanted, now)
    if found is None:
        return None
    made = amended(bytes(found.package))
    settle(connection, found.id, found.status, made, found.ends_at if ends_at is None else ends_at)
    if rights is not None:
        permit(connection, found.id, rights)
    return made


class _Found(NamedTuple):
    id: int
    package: bytes
    status: int
    ends_at: int


def _found(connection: Connection, package: Named, wanted: Collection[Right], now: int) -> _Found | None:
    """Return a package with which the account may do what is wanted; None also where it may do nothing."""
    row = connection.execute(
        select(*(_column[field] for field in _Found._fields)).where(
            _column.account == package.owner,
            _column.service == package.service,
            _column.name == package.name,
            _column.ends_at > now,
            _column.status != ACTIVE,
        )
    ).first()
    if row is None or package.by == package.owner:
        return None if row is None else _Found._make(row)
    its = task_permission.c
    mine = select(its.task).where(its.package_id == row.id, its.account == package.by)
    rights = set(connection.execute(mine).scalars())
    if rights and not rights.issuperset(wanted):
        raise NotAllowed(package.name)
    return _Found._make(row) if rights else None


_KEPT: Final = Statement(
    "packages of account",
    select(*(_column[name] for name in Package._fields))
    .where(permitted(Right.PRESENT), _column.ends_at > bindparam("now"), _column.status != ACTIVE)
    .order_by(_column.id),
    "account", "now",
)  # fmt: skip


def packages(account: str, now: int) -> Steps[list[Package]]:
    """Read the packages that an account has or may see, oldest first; those of tasks that have ended."""
    (rows,) = yield [_KEPT(account, now)]
    return [Package._make((*row[:-1], bytes(row[-1]))) for row in rows]
