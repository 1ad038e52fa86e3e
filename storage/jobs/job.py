"""What a job is: a use case that is done again and again, some rows at a time, until it has seen them all.

A slice is one act: what it changes and how far it has come are kept together, so that a daemon that is killed loses no row
and does none twice. Slices are short; kiosks are served between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage import schema
from storage.statements import Statement
from storage.usecase import Decision, Origin, UseCase

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Call, Row, Steps

ZONE: Final = ZoneInfo("Europe/Paris")
"""Where daily jobs have their hour."""


@dataclass(frozen=True, slots=True)
class SliceRequest:
    """Do at most *size* rows after *cursor* ("" at the beginning of a round), as of *now*."""

    origin: Origin
    now: int
    cursor: str = ""
    size: int = 100


class Slice(NamedTuple):
    """What a slice came to: how many things it did, and where the next begins ("" when the round is over)."""

    done: int
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of recurring work, called *title* in English.

    *every* is seconds between the beginnings of two rounds; *hour*, when given, the local hour of a daily job instead.
    *gather* and *decide* are a use case's, for a `SliceRequest`; *size* is what a slice may take in less than 5 ms.
    """

    name: str
    title: str
    gather: Callable[[SliceRequest, Network], Steps[Any]]
    decide: Callable[[SliceRequest, Any, Network, int], Decision[Slice]]
    every: int = 86400
    hour: int | None = None
    size: int = 100

    def is_due(self, began_at: int | None, now: int) -> bool:
        """Tell whether a round is to begin *now*, the last having begun at *began_at*."""
        if began_at is None:
            return True
        if self.hour is None:
            return now - began_at >= self.every
        local = datetime.fromtimestamp(now, tz=UTC).astimezone(ZONE)
        latest = datetime.combine(local.date(), time(self.hour), tzinfo=ZONE)
        if latest > local:
            latest = datetime.combine(local.date() - timedelta(days=1), time(self.hour), tzinfo=ZONE)
        return began_at < latest.timestamp()


class State(NamedTuple):
    """How far a job has come. Between two rounds *cursor* is empty; *done* counts the last or present round."""

    cursor: str = ""
    began_at: int | None = None
    ended_at: int | None = None
    done: int = 0

    @property
    def running(self) -> bool:
        """Whether a round has begun and not ended."""
        return self.began_at is not None and self.ended_at is None


_NAME: Final = schema.job.c.name == bindparam("job")
STATE: Final = Statement(
    "state of job",
    select(schema.job.c.cursor, schema.job.c.began_at, schema.job.c.ended_at, schema.job.c.done).where(_NAME),
    "job",
)


def _first(dialect: Any) -> Any:
    values: dict[str, Any] = {"name": bindparam("job"), "began_at": bindparam("at")}
    return dialect.insert(schema.job).values(values).on_conflict_do_nothing()


_BEGIN_FIRST: Final = Statement("begin job", _first(sqlite), "job", "at", postgresql=_first(postgresql))
_PROGRESS: Final = Statement(
    "progress of job",
    update(schema.job)
    # Two daemons that did the same slice: the second finds another cursor, and nothing of its slice is kept.
    .where(_NAME, schema.job.c.cursor == bindparam("before"), schema.job.c.done == bindparam("done_before"))
    .values(
        cursor=bindparam("after"), began_at=bindparam("began"), ended_at=bindparam("ended"), done=bindparam("done")
    ),
    "job", "before", "done_before", "after", "began", "ended", "done",
    guarded=True,
)  # fmt: skip
STATES: Final = Statement(
    "states of jobs",
    select(
        schema.job.c.name, schema.job.c.cursor, schema.job.c.began_at, schema.job.c.ended_at, schema.job.c.done
    ).order_by(schema.job.c.name),
)


def state_of(rows: list[Row]) -> State | None:
    """Return what `STATE` found."""
    return State(*rows[0]) if rows else None


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Do the next slice of a job's round, or begin one; unless *begins*, only a round that has begun."""

    origin: Origin
    now: int
    begins: bool = True


def usecase_of(job: Job) -> UseCase[RunRequest, tuple[State | None, SliceRequest | None, Any], Slice | None]:
    """Return the use case that does one slice of *job* and keeps its progress. It answers None when none was to be done."""

    def gather(request: RunRequest, network: Network) -> Steps[tuple[State | None, SliceRequest | None, Any]]:
        (rows,) = yield [STATE(job.name)]
        state = state_of(list(rows))
        if not request.begins and (state is None or not state.running):
            return state, None, None
        cursor = state.cursor if state is not None and state.running else ""
        asked = SliceRequest(request.origin, request.now, cursor, job.size)
        found = yield from job.gather(asked, network)
        return state, asked, found

    def decide(
        request: RunRequest, found: tuple[State | None, SliceRequest | None, Any], network: Network, now: int
    ) -> Decision[Slice | None]:
        state, asked, facts = found
        if asked is None:
            return Decision(None)
        decision = job.decide(asked, facts, network, now)
        kept = _keep(job, state, decision.answer, request.now)
        return Decision(decision.answer, (*kept, *decision.writes), decision.entries, decision.because)

    return UseCase(
        name=f"job {job.name}",
        gather=gather,
        decide=decide,
        keys=lambda _request: (f"job:{job.name}",),
        failed=lambda _request, _code: None,
    )


def _keep(job: Job, state: State | None, slice_: Slice, now: int) -> tuple[Call, ...]:
    first = () if state is not None else (_BEGIN_FIRST(job.name, now),)
    before = state or State(began_at=now)
    running = state is None or state.running
    began = before.began_at if running else now
    done = slice_.done + (before.done if running else 0)
    ended = None if slice_.cursor else now
    return (*first, _PROGRESS(job.name, before.cursor, before.done, slice_.cursor, began, ended, done))
