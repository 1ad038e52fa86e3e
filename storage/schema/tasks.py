"""What was done for cataloguers at their request, and what became of it."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Text

from storage.schema.columns import Int, Small, instant, key, table, words

# Task packages of Z39.50: `status` is its taskStatus, `package` the record that is sent, without what is secret in it.
task_package = table(
    "task_package",
    key(),
    words("account"),
    words("service"),
    words("name", default=""),
    Column("status", Small, nullable=False),
    instant("made_at"),
    instant("ends_at"),
    Column("package", LargeBinary, nullable=False),
    Index("ix_task_package_ends_at", "ends_at"),
)
_NAMED = task_package.c.name != ""
Index(
    "one_task_package_of_a_name",
    task_package.c.account,
    task_package.c.service,
    task_package.c.name,
    unique=True,
    sqlite_where=_NAMED,
    postgresql_where=_NAMED,
)
Index("ix_task_package_account", task_package.c.account, task_package.c.id)


def _package() -> Column[int]:
    """Refer to a package, with which the row goes."""
    return Column(
        "package_id", Int, ForeignKey("task_package.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )


# The result set that a package is of: `databases` by the names that they were asked for by, a line each; `records` a bitmap, and
# their `order` little-endian 32-bit numbers, none where it is that of the numbers.
kept_set = table(
    "kept_set",
    _package(),
    words("name", unique=True),
    words("databases"),
    Column("records", LargeBinary, nullable=False),
    Column("order", LargeBinary, nullable=False),
)

# What others than its account may do with a package: `task` is a `storage.packages.Right`.
task_permission = table(
    "task_permission",
    _package(),
    Column("account", Text, primary_key=True),
    Column("task", Small, primary_key=True, autoincrement=False),
    rowid=False,
)
Index("ix_task_permission_account", task_permission.c.account)
