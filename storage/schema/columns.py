"""How tables are written here: one table maker and one name for each kind of column."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# STRICT SQLite tables know INTEGER, TEXT, BLOB, REAL and ANY alone.
Int = Integer()
Small = SmallInteger().with_variant(Integer(), "sqlite")
Long = BigInteger().with_variant(Integer(), "sqlite")


def table(name: str, *parts: Any, rowid: bool = True) -> Table:
    """Declare a table."""
    # Checks stand on the table, where a migration can name them; a column brings its own in `info`.
    checks = [
        CheckConstraint(part.info["check"], name=part.name)
        for part in parts
        if isinstance(part, Column) and "check" in part.info
    ]
    return Table(name, METADATA, *parts, *checks, sqlite_strict=True, sqlite_with_rowid=rowid)


def key() -> Column[int]:
    """Return the key of rows that people declare: they count from 1."""
    return Column("id", Int, primary_key=True)


def long_key() -> Column[int]:
    """Return the key of rows that circulation makes: ids of `storage.ids`."""
    return Column("id", Long, primary_key=True, autoincrement=False)


def ref(name: str, target: str, *, null: bool = False, long: bool = False, index: bool = False) -> Column[int]:
    """Refer to a row of *target*."""
    return Column(name, Long if long else Int, ForeignKey(f"{target}.id"), nullable=null, index=index)


def loose(name: str, *, null: bool = True, long: bool = False) -> Column[int]:
    """Name a row without a foreign key: one that may be gone, or that is checked often enough elsewhere."""
    return Column(name, Long if long else Int, nullable=null)


def words(name: str, *, null: bool = False, unique: bool = False, default: str | None = None) -> Column[str]:
    """Hold text."""
    return Column(name, Text, nullable=null, unique=unique, server_default=default)


def day(name: str, *, null: bool = True) -> Column[str]:
    """Hold a day, ``YYYY-MM-DD``."""
    return Column(name, Text(), nullable=null)


def instant(name: str, *, null: bool = False) -> Column[int]:
    """Hold an instant, in seconds since 1970 UTC."""
    return Column(name, Long, nullable=null)


def count(name: str, default: int = 0) -> Column[int]:
    """Hold a number."""
    return Column(name, Int, nullable=False, server_default=str(default))


def flag(name: str, *, default: bool = False) -> Column[int]:
    """Hold 0 or 1."""
    check = {"check": f"{name} IN (0, 1)"}
    return Column(name, Small, nullable=False, server_default=str(int(default)), info=check)


def one_of(column: str, *values: str) -> CheckConstraint:
    """Allow these *values* in a column, and no other."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)
