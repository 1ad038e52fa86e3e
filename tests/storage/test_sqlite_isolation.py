"""Reads beside acts on SQLite, in any order of turns, commits and checkpoints: never what is not on disk, nor less than was told."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path
from sqlite3 import IntegrityError, OperationalError
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import bindparam, insert, select
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from storage import schema
from storage.database import Location
from storage.drivers import sqlite
from storage.drivers.base import StoreUnavailable
from storage.drivers.snapshot import connect
from storage.drivers.sqlite import SQLiteDriver
from storage.network.network import Network
from storage.statements import Statement, Steps
from storage.usecase import Act, Decision, Origin, UseCase
from tests.network import LENS, NOW

_COLUMNS: Final = ("at", "act", "channel", "actor", "because", "detail", "context")
NOTE: Final = Statement(
    "note", insert(schema.journal).values({column: bindparam(column) for column in _COLUMNS}), *_COLUMNS
)
NOTED: Final = Statement("noted", select(schema.journal.c.act).order_by(schema.journal.c.seq))


class Asked(NamedTuple):
    """Note *name*; then, when it *fails*, write what the database refuses."""

    name: str
    fails: bool
    origin: Origin = Origin("test", "test", LENS)


def _note(name: str | None) -> Any:
    return NOTE(NOW, name, "test", "test", "", "", "")


def _gather(_asked: Asked, _network: Network) -> Steps[list[str]]:
    (rows,) = yield [NOTED()]
    return [row[0] for row in rows]


def _decide(asked: Asked, noted: list[str], _network: Network, _now: int) -> Decision[list[str]]:
    return Decision([*noted, asked.name], (_note(asked.name), *([_note(None)] if asked.fails else [])))


USECASE: Final[UseCase[Asked, list[str], list[str]]] = UseCase(
    "note", _gather, _decide, lambda _asked: ("journal",), lambda _asked, _code: []
)


def noted() -> Steps[list[str]]:
    """Read what the acts have noted."""
    (rows,) = yield [NOTED()]
    return [row[0] for row in rows]


class World(Clock):
    """A reactor, and the driver's threads as jobs that are done one at a time when the test says so."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.rightNow = float(NOW)
        self.threads: deque[Callable[[], None]] = deque()
        self.handed: deque[Callable[[], None]] = deque()
        self.wrong: list[Failure] = []
        world = self

        class Thread:
            def __init__(self, target: Callable[..., None], name: str, args: Any = (), daemon: bool = True) -> None:
                self.name, self.work, self.daemon = name, lambda: target(*args), daemon

            def start(self) -> None:
                if self.name != "committer":
                    world.threads.append(self.work)

            def join(self) -> None:
                """The committer is the test."""

        monkeypatch.setattr(sqlite, "Thread", Thread)
        location = Location(path)
        assert location.sqlite_path is not None
        self.driver = SQLiteDriver(location.sqlite_path, location.engine(), self)
        self.disk = connect(location.sqlite_path, read_only=True)
        self.network: Any = None
        self.asked = self.refused = 0
        self.failing: set[str] = set()
        self.told: list[str] = []

    def callFromThread(self, function: Callable[..., None], *args: Any) -> None:
        """Have the reactor call it, when the test says so."""
        self.handed.append(lambda: function(*args))

    def kept(self) -> list[str]:
        """What is on disk, as any other process would see it."""
        return [row[0] for row in self.disk.execute("SELECT act FROM journal ORDER BY seq").fetchall()]

    def ask(self, *, fails: bool = False) -> None:
        """Ask for an act; what a reader sees when its reply comes is looked at there and then."""
        self.asked += 1
        name = f"{self.asked}"
        self.failing |= {name} if fails else set()
        done = self.driver.transact(Act(USECASE, Asked(name, fails), NOW), self.network)
        done.addCallbacks(self._done, self._refused).addErrback(self.wrong.append)

    def _refused(self, failure: Failure) -> None:
        """A caller who is told of a failure sees nothing of the act."""
        failure.trap(IntegrityError, StoreUnavailable)
        self.refused += 1
        self.look()

    def _done(self, outcome: Any) -> None:
        assert outcome.answer is not None
        assert outcome.answer[:-1] == [name for name in outcome.answer[:-1] if name not in self.failing]
        self.told.append(outcome.answer[-1])
        self.look()

    def look(self) -> None:
        """Read; hold what is seen against the disk and what was told."""
        found: list[Any] = []
        self.driver.read(noted()).addBoth(found.append)
        (seen,) = found
        assert not isinstance(seen, Failure), seen
        kept = self.kept()
        assert seen == kept[: len(seen)]
        assert set(self.told) <= set(seen)
        assert not self.failing & set(seen)

    def turn(self) -> None:
        """Let the reactor do what is due now."""
        self.advance(0)

    def commit(self) -> None:
        """Let the committer do what it was given."""
        if not self.driver._jobs.empty():
            job = self.driver._jobs.get_nowait()
            assert job is not None
            job()

    def outage(self) -> None:
        """Let the committer find that the disk takes nothing."""
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(self.driver, "_execute", lambda *_: OperationalError("database or disk is full"))
            self.commit()

    def thread(self) -> None:
        """Let another thread of the driver's do its work."""
        if self.threads:
            self.threads.popleft()()

    def deliver(self) -> None:
        """Let the reactor take what a thread hands over."""
        if self.handed:
            self.handed.popleft()()

    def later(self) -> None:
        """Have a checkpoint be due."""
        self.advance(sqlite.CHECKPOINT_SECONDS)

    def work(self) -> None:
        """Ask for long work, which notes something too."""
        self.asked += 1
        name = f"{self.asked}"

        def write(connection: Any) -> str:
            connection.execute(schema.journal.insert().values(dict(zip(_COLUMNS, _note(name)[1], strict=True))))
            return name

        done = self.driver.work(write)
        done.addCallback(self.told.append).addCallback(lambda _: self.look()).addErrback(self.wrong.append)

    def settle(self) -> None:
        """Do all that waits to be done."""
        for _ in range(8):
            for step in (self.turn, self.commit, self.thread, self.deliver):
                step()

    def finish(self) -> None:
        """Have all done that was asked for, close the driver, and count."""
        for _ in range(self.asked + 1):
            self.settle()
        closed: list[None] = []
        self.driver.close().addCallback(closed.append)
        assert closed
        assert not self.wrong
        assert sorted(self.told) == sorted(self.kept())
        assert len(self.told) + self.refused == self.asked
        self.disk.close()


STEPS: Final = ("ask", "fail", "look", "look", "turn", "commit", "thread", "deliver", "later", "work", "outage")


@given(steps=st.lists(st.sampled_from(STEPS), max_size=60))
@settings(max_examples=150)
def test_a_read_sees_what_is_on_disk_and_all_that_was_told(small_network_template: Path, steps: list[str]) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        shutil.copytree(small_network_template, folder, dirs_exist_ok=True)
        world = World(Path(folder), monkeypatch)
        for step in steps:
            if step == "fail":
                world.ask(fails=True)
            else:
                getattr(world, step)()
        world.finish()
