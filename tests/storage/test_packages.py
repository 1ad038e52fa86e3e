"""Task packages on both databases: their places, names and ends."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from pyroaring import BitMap
from sqlalchemy import Engine, func, select

from storage import kept_sets, packages
from storage.database import Location
from storage.jobs.forget import FORGET_PACKAGES
from storage.jobs.job import RunRequest, usecase_of
from storage.kept_sets import KeptSet
from storage.packages import ABORTED, COMPLETE, Named, NameTaken, NotAllowed, Package, Right, TooMany
from storage.schema import kept_set
from storage.usecase import Origin
from tests.counter import Counter
from tests.reactor import await_

T = TypeVar("T")
NOW = 1_000_000
MARDI = Named("marie", "1.2", "n", "marie")


@pytest.fixture
def engine(any_location: Location) -> Iterator[Engine]:
    """A database of either kind."""
    engine = any_location.engine()
    yield engine
    engine.dispose()


def run(engine: Engine, function: Callable[..., T], *args: Any) -> T:
    """Run one piece of work in its own transaction."""
    with engine.begin() as connection:
        return function(connection, *args)


def test_a_name_is_taken_while_its_task_runs_and_after_but_not_when_it_failed(engine: Engine) -> None:
    number = run(engine, packages.reserve, "marie", "1.2", "n", NOW)
    with pytest.raises(NameTaken):
        run(engine, packages.reserve, "marie", "1.2", "n", NOW)
    run(engine, packages.settle, number, ABORTED, b"no", NOW + 9)
    number = run(engine, packages.reserve, "marie", "1.2", "n", NOW)
    run(engine, packages.settle, number, COMPLETE, b"yes", NOW + 9)
    with pytest.raises(NameTaken):
        run(engine, packages.reserve, "marie", "1.2", "n", NOW)
    run(engine, packages.reserve, "marie", "1.3", "n", NOW)
    run(engine, packages.reserve, "paul", "1.2", "n", NOW)


def test_what_has_ended_is_not_there_and_leaves_its_name(engine: Engine) -> None:
    number = run(engine, packages.reserve, "marie", "1.2", "n", NOW)
    assert run(engine, packages.remove, MARDI, NOW) is None  # it runs
    run(engine, packages.settle, number, COMPLETE, b"yes", NOW + 9)
    assert run(engine, packages.amend, MARDI, set(), NOW, bytes.upper, NOW + 20, None) == b"YES"
    assert run(engine, packages.remove, MARDI, NOW + 20) is None
    assert run(engine, packages.remove, MARDI, NOW + 19) == b"YES"
    run(engine, packages.reserve, "marie", "1.2", "n", NOW)
    run(engine, packages.reserve, "marie", "1.2", "n", NOW + packages.TASK_SECONDS)


def test_others_may_do_what_they_are_let_do_and_no_more(engine: Engine) -> None:
    number = run(engine, packages.reserve, "marie", "1.2", "n", NOW)
    run(engine, packages.settle, number, COMPLETE, b"yes", NOW + 9)
    by_paul = MARDI._replace(by="paul")
    assert run(engine, packages.remove, by_paul, NOW) is None
    run(engine, packages.permit, number, [("paul", Right.MODIFY_CONTENTS), ("paul", Right.PRESENT)])
    with pytest.raises(NotAllowed):
        run(engine, packages.remove, by_paul, NOW)
    contents, permissions = {Right.MODIFY_CONTENTS}, {Right.MODIFY_PERMISSIONS}
    assert run(engine, packages.amend, by_paul, contents, NOW, bytes.upper, None, None) == b"YES"
    with pytest.raises(NotAllowed):
        run(engine, packages.amend, by_paul, contents | permissions, NOW, bytes.lower, None, [])
    rights = [("paul", Right.DELETE)]
    assert run(engine, packages.amend, MARDI, permissions, NOW, bytes.lower, None, rights) == b"yes"
    with pytest.raises(NotAllowed):
        run(engine, packages.amend, by_paul, contents, NOW, bytes.upper, None, None)
    assert run(engine, packages.remove, by_paul, NOW) == b"yes"
    assert run(engine, packages.remove, MARDI, NOW) is None


def test_an_account_has_so_many_and_no_more(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MOST", 2)
    first = run(engine, packages.reserve, "marie", "1.2", "", NOW)
    for name in "ab":
        run(engine, packages.settle, run(engine, packages.reserve, "marie", "1.2", name, NOW), COMPLETE, b"", NOW + 9)
    run(engine, packages.forget, first)
    with pytest.raises(TooMany):
        run(engine, packages.reserve, "marie", "1.2", "c", NOW)


def keep(counter: Counter, name: str, found: KeptSet, ends_at: int = NOW + 9, package: str = "") -> None:
    """Keep a set, with a package of its own."""
    number = await_(counter.store.work(packages.reserve, "marie", "1.2", package, NOW))
    await_(counter.store.work(packages.settle, number, COMPLETE, b"", ends_at))
    await_(counter.store.work(kept_sets.keep, number, name, found))


def test_a_set_is_kept_for_its_account_in_its_order_and_goes_with_its_package(counter: Counter) -> None:
    def kept(name: str, now: int = NOW, account: str = "marie") -> KeptSet | None:
        return await_(counter.store.read(kept_sets.kept_set_named(account, name, now)))

    def forget(now: int) -> None:
        counter.do(usecase_of(FORGET_PACKAGES), RunRequest(Origin("job", "forget-packages", 0), now), now=now)

    def rows() -> int:
        count = select(func.count()).select_from(kept_set)
        found: int = await_(counter.store.work(lambda connection: connection.execute(count).scalar_one()))
        return found

    sets = {
        "plain": KeptSet(("network", "lens-5426"), BitMap([3, 70_000, 900]), None),
        "ordered": KeptSet(("network",), BitMap(range(9)), array("I", reversed(range(9)))),
        "empty": KeptSet(("network",), BitMap(), None),
    }
    for name, found in sets.items():
        keep(counter, name, found, package=name)
    assert {name: kept(name) for name in sets} == sets
    assert kept("plain", account="paul") is None
    assert kept("plain", NOW + 9) is None
    (plain, *_) = await_(counter.store.read(packages.packages("marie", NOW)))
    await_(counter.store.work(packages.permit, plain.id, [("paul", Right.INVOKE), ("jean", Right.PRESENT)]))
    assert (kept("plain", account="paul"), kept("plain", account="jean")) == (sets["plain"], None)
    assert await_(counter.store.read(packages.packages("jean", NOW))) == [plain]
    assert await_(counter.store.read(packages.packages("paul", NOW))) == []
    assert await_(counter.store.work(packages.remove, MARDI._replace(name="plain"), NOW)) == b""
    assert (kept("plain"), kept("empty")) == (None, sets["empty"])
    forget(NOW + 8)
    assert rows() == 2
    forget(NOW + 9)
    assert rows() == 0


def test_an_account_keeps_so_many_octets_of_sets_and_no_more(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    found = KeptSet(("network",), BitMap([1]), array("I", [1]))
    monkeypatch.setattr(kept_sets, "MOST_OCTETS", 2 * (len(found.records.serialize()) + 4))
    keep(counter, "one", found)
    keep(counter, "two", found)
    with pytest.raises(kept_sets.TooLarge):
        keep(counter, "three", found)


def test_the_store_reads_what_was_kept_of_an_account_and_forgets_it_in_time(counter: Counter) -> None:
    for name, ends_at in (("old", NOW + 9), ("new", NOW + 99)):
        number = await_(counter.store.work(packages.reserve, "marie", "1.2", name, NOW))
        await_(counter.store.work(packages.settle, number, COMPLETE, b"\x30\x00", ends_at))
    await_(counter.store.work(packages.reserve, "marie", "1.2", "under way", NOW))
    old, new = await_(counter.store.read(packages.packages("marie", NOW)))
    assert old == Package(old.id, "marie", "1.2", "old", COMPLETE, NOW, b"\x30\x00")
    assert await_(counter.store.read(packages.packages("paul", NOW))) == []
    counter.do(usecase_of(FORGET_PACKAGES), RunRequest(Origin("job", "forget-packages", 0), NOW + 9), now=NOW + 9)
    assert await_(counter.store.read(packages.packages("marie", NOW))) == [new]
