"""What commands ask of the catalogue when records come from elsewhere, or two are one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, delete, insert, select

from server.control import Refused
from storage.catalogue.merging import MergeRefused, merge_records
from storage.intake import copying
from storage.intake.holdings import SourceItem
from storage.intake.marc_read import SourceRecord
from storage.schema import setting
from storage.usecase import Origin

if TYPE_CHECKING:
    from server.writing import Access

_LEARNED: Final = "target."
"""Before a target's name, in the setting that says how it had to be asked."""
CLERK: Final = Origin("cli", "", 0)


def learned_of(connection: Connection) -> dict[str, int]:
    """Return how each target had to be asked last time, by name."""
    rows = connection.execute(select(setting.c.name, setting.c.value).where(setting.c.name.startswith(_LEARNED))).all()
    return {row.name.removeprefix(_LEARNED): int(row.value) for row in rows if row.value.isdigit()}


def _learn(connection: Connection, learned: Mapping[str, int]) -> None:
    for name, detail in learned.items():
        connection.execute(delete(setting).where(setting.c.name == _LEARNED + name))
        connection.execute(insert(setting).values(name=_LEARNED + name, value=str(detail)))


def copy(
    access: Access, *, records: Sequence[Sequence[Any]], databases: Sequence[str], dry_run: bool
) -> list[dict[str, Any]]:
    """Take records, each (name of its target, SourceRecord), into the catalogue; return what became of each."""
    batch = [
        (name, SourceRecord._make((*values[:-1], [SourceItem(*each) for each in values[-1]])))
        for name, values in records
    ]
    task = copying.Task(databases, CLERK, access.now(), dry_run)
    return copying.to_json(access.write(copying.copy_records, task, batch))


def learn(access: Access, *, learned: Mapping[str, int]) -> None:
    """Remember how targets (by name) had to be asked."""
    access.write(_learn, learned)


def merge(access: Access, *, first: int, second: int, keep: int | None) -> dict[str, Any]:
    """Merge two records. Raises `Refused` when they stay as they are; its code is of `MergeReason`."""
    try:
        return access.write(merge_records, first, second, CLERK, access.now(), keep)._asdict()
    except MergeRefused as refused:
        raise Refused(refused.reason.value, refused.detail) from None


OPERATIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "record.copy": copy,
    "record.merge": merge,
    "target.learn": learn,
}
