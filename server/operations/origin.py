"""What commands ask of the catalogue when records come from elsewhere, or two are one; and what targets have taught."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, delete, insert, select

from protocols.marc.charsets import Charset
from protocols.marc.errors import BadRecord, BrokenStream
from server.control import Refused
from server.origin.lessons import Lesson
from storage.catalogue.merging import MergeRefused, merge_records
from storage.catalogue.ranks import Ranks, SourceRank
from storage.catalogue.unmerging import unmerge_record
from storage.intake import copying
from storage.intake.marc_read import MarcFile, Options, SourceRecord
from storage.schema import setting
from storage.usecase import Origin

if TYPE_CHECKING:
    from server.config import Config
    from server.origin.asking import Found
    from server.writing import Access

_LEARNED: Final = "target."
"""Before a target's name, in the setting that holds its lesson."""
_IS_LEARNED: Final = setting.c.name.startswith(_LEARNED)
CLERK: Final = Origin("cli", "", 0)


# --- what targets have taught --------------------------------------------------------------------------------------------


def lessons_of(connection: Connection) -> dict[str, Lesson]:
    """Return what each target (by name, case-folded) has taught."""
    rows = connection.execute(select(setting.c.name, setting.c.value).where(_IS_LEARNED)).all()
    return {_target_of(row.name): lesson for row in rows if (lesson := _lesson(row.value)) is not None}


def _target_of(name: str) -> str:
    return name.removeprefix(_LEARNED).casefold()


def _lesson(text: str) -> Lesson | None:
    """Return a lesson as it was written; what an earlier release wrote is learned anew."""
    found = json.loads(text)
    if not isinstance(found, dict):
        return None
    return Lesson(tuple(found["isbn"]), tuple(found["query"]), found["syntax"], found["told"], found["at"])


def _learn(connection: Connection, lessons: Mapping[str, Lesson]) -> None:
    _forget(connection, lessons)
    for name, lesson in lessons.items():
        connection.execute(insert(setting).values(name=_LEARNED + name, value=json.dumps(lesson._asdict())))


def _forget(connection: Connection, names: Iterable[str]) -> int:
    forgotten = {name.casefold() for name in names}
    kept = connection.execute(select(setting.c.name).where(_IS_LEARNED)).scalars()
    wanted = [name for name in kept if _target_of(name) in forgotten]
    return connection.execute(delete(setting).where(setting.c.name.in_(wanted))).rowcount


def forget(access: Access, *, name: str) -> int:
    """Forget what a target (in any case) has taught: it is asked as precisely as at first. Returns how many lessons there were."""
    return access.write(_forget, [name])


# --- what sources are worth ----------------------------------------------------------------------------------------------


def ranks_of(config: Config) -> dict[str, str]:
    """Return the ranks of the sources that have one: what each configured target gave, and what libraries brought."""
    ranked = [(copying.SOURCE + target.name, target.rank) for target in config.targets]
    ranked += [(code, SourceRank.DEPARTMENTAL) for code in config.catalogue.departmental]
    ranked += [(code, SourceRank.LARGE) for code in config.catalogue.large]
    return {source.casefold(): rank for source, rank in ranked}


# --- records from elsewhere ----------------------------------------------------------------------------------------------


def take(
    access: Access, answers: Sequence[Found], *, most: int, databases: Sequence[str], dry_run: bool, ranks: Ranks
) -> dict[str, Any]:
    """Copy what targets gave into the catalogue, and remember what they taught; return both in values that JSON can hold.

    With *dry_run* nothing of it is kept. *most* records are taken of each target, however many it sent.
    """
    rejected: list[dict[str, str]] = []
    taken = [(found, list(islice(_read(found, rejected), most))) for found in answers]
    batch = [(found.target.name, each) for found, records in taken for each in records]
    copier = copying.Copier(copying.Task(databases, CLERK, access.now(), dry_run, ranks))
    # Kiosks may be waiting: a record at a time, unless all is to be undone together.
    pieces = [batch] if dry_run else [[each] for each in batch]
    copied = [access.write(copier.copy, piece) for piece in pieces]
    learned = {
        found.target.name: found.lesson._replace(at=access.now()) for found in answers if found.lesson != found.before
    }
    if learned and not dry_run:
        access.write(_learn, learned)
    lines = [
        {
            "target": found.target.name,
            "hits": found.hits,
            "records": len(records),
            "failure": found.failure,
            "diagnostics": found.diagnostics,
            "learned": found.lesson.told if found.target.name in learned else "",
        }
        for found, records in taken
    ]
    became = [line for piece in copied for line in copying.to_json(piece)]
    return {"targets": lines, "records": became, "rejected": rejected, "dry_run": dry_run}


MAX_REJECTED: Final = 100
"""Records that are told one by one of those that cannot be read."""


def _read(found: Found, rejected: list[dict[str, str]]) -> Iterator[SourceRecord]:
    """Yield the records of an answer; *rejected* gains those that cannot be read."""
    name = found.target.name
    marc = MarcFile(Options(charset=Charset(found.target.charset) if found.target.charset else None))
    for document in found.documents:
        try:
            for each in marc.records([document]):
                if not isinstance(each, BadRecord):
                    yield each
                elif len(rejected) < MAX_REJECTED:
                    rejected.append({"target": name, "reason": each.reason.name})
        except BrokenStream as error:
            rejected.append({"target": name, "reason": str(error)})


# --- two that are one ----------------------------------------------------------------------------------------------------


def merge(access: Access, *, first: int, second: int, keep: int | None, ranks: Ranks) -> dict[str, Any]:
    """Merge two records. Raises `Refused` when they stay as they are; its code is of `MergeReason`."""
    try:
        return access.write(merge_records, first, second, CLERK, access.now(), keep, ranks)._asdict()
    except MergeRefused as refused:
        raise Refused(refused.reason.value, refused.detail) from None


def unmerge(access: Access, *, number: int) -> dict[str, Any]:
    """Undo the merge of a superseded record. Raises `Refused` when it stays as it is; its code is of `MergeReason`."""
    try:
        return access.write(unmerge_record, number, CLERK, access.now())._asdict()
    except MergeRefused as refused:
        raise Refused(refused.reason.value, refused.detail) from None


OPERATIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "record.merge": merge,
    "record.unmerge": unmerge,
    "target.forget": forget,
}
