"""The origin as commands have it: on the store itself, with a target of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import attrs
import pytest
from sqlalchemy import func, select
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

from server.config import CatalogueTable, Config, TargetTable
from server.control import Client, Refused
from server.daemon import Daemon
from server.operations import origin as operations
from server.origin import service
from server.origin.asking import Found
from server.origin.lessons import Lesson
from server.origin.query import Question
from server.origin.service import AT_ONCE, Origin
from server.writing import Direct
from storage import schema
from storage.catalogue.ranks import SourceRank
from storage.catalogue.records import save_records
from storage.database import Location
from tests.reactor import await_
from tests.server.test_daemon import configured
from tests.server.z3950.origin import unimarc

reactor: Any = installed_reactor
TARGETS = (TargetTable(name="Near", host="near.example.org"), TargetTable(name="Far", host="far.example.org"))
Answering = Callable[..., Any]


@pytest.fixture
def access(location: Location) -> Iterator[Direct]:
    with location.write_lock():
        yield Direct(location)


def answering(monkeypatch: pytest.MonkeyPatch, answer: Answering) -> None:
    monkeypatch.setattr(service, "ask_all", answer)


def fetch(origin: Origin, **more: Any) -> Deferred[dict[str, Any]]:
    asked: dict[str, Any] = {"form": "cql", "text": "zola", "most": 5, "names": [], "databases": [], "dry_run": False}
    return origin.fetch(**asked | more)


NOTHING = Lesson()


def giving(*titles: str, lesson: Lesson = NOTHING) -> Answering:
    """Answer for every target with records of these titles, each without anything to know it by elsewhere."""
    documents = [unimarc(title, title, "", title, "", "1990").iso2709 for title in titles]

    def answer(_reactor: Any, targets: list[TargetTable], _asked: Question, lessons: dict[str, Lesson]) -> Any:
        before = [lessons.get(target.name.casefold(), Lesson()) for target in targets]
        return succeed(
            [
                Found(target, old, lesson, hits=len(documents), documents=documents)
                for target, old in zip(targets, before, strict=True)
            ]
        )

    return answer


def test_targets_are_named_in_any_case_and_others_refused(access: Direct, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = Origin(access, reactor, Config(targets=TARGETS))
    answering(monkeypatch, giving())
    for names, asked in (([], ["Near", "Far"]), (["far"], ["Far"]), (["FAR", "near", "far"], ["Far", "Near"])):
        assert [line["target"] for line in await_(fetch(origin, names=names))["targets"]] == asked
    with pytest.raises(Refused, match="nowhere") as refused:
        fetch(origin, names=["near", "nowhere"])
    assert (refused.value.code, refused.value.details["names"]) == ("unknown-target", "Near, Far")
    origin.config = Config()  # as a reload may leave it
    with pytest.raises(Refused) as refused:
        fetch(origin)
    assert refused.value.code == "no-target"


def test_no_more_questions_are_under_way_than_may_be(access: Direct, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting: list[Deferred[Any]] = []

    def answer(*_asked: Any) -> Deferred[Any]:
        waiting.append(Deferred())
        return waiting[-1]

    answering(monkeypatch, answer)
    origin = Origin(access, reactor, Config(targets=TARGETS))
    asked = [fetch(origin) for _ in range(AT_ONCE + 2)]
    for number in range(AT_ONCE + 2):
        while len(waiting) <= number:
            await_(turn())
        assert len(waiting) <= number + AT_ONCE
        waiting[number].callback([])
    for each in asked:
        assert await_(each)["records"] == []


def turn() -> Deferred[None]:
    waited: Deferred[None] = Deferred()
    reactor.callLater(0.001, waited.callback, None)
    return waited


def test_what_is_under_way_when_the_daemon_stops_is_refused_and_so_is_what_comes_after(
    access: Direct, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung_up: list[Any] = []
    answering(monkeypatch, lambda *_asked: Deferred(hung_up.append))
    origin = Origin(access, reactor, Config(targets=TARGETS))
    results: list[Any] = []
    for _ in range(AT_ONCE + 1):
        fetch(origin).addBoth(results.append)
    await_(turn())
    await_(origin.drain())
    while len(results) <= AT_ONCE:
        await_(turn())
    assert {(type(each), each.value.code) for each in results} == {(Failure, "unavailable")}
    with pytest.raises(Refused, match="stops"):
        fetch(origin)


def test_records_are_kept_one_by_one_and_a_dry_run_keeps_none(access: Direct, monkeypatch: pytest.MonkeyPatch) -> None:
    titles = [f"Titre {letter}" for letter in "abcdefghijkl"]
    answering(monkeypatch, giving(*titles))
    written: list[int] = []
    write = access.write

    def watched(function: Callable[..., Any], *args: Any) -> Any:
        written.append(len(args))
        return write(function, *args)

    monkeypatch.setattr(access, "write", watched)
    origin = Origin(access, reactor, Config(targets=TARGETS[:1]))
    told = await_(fetch(origin, most=100, dry_run=True))
    assert (len(told["records"]), len(written)) == (12, 1)
    assert (
        access.read(lambda connection: connection.execute(select(func.count()).select_from(schema.record)).scalar())
        == 0
    )
    told = await_(fetch(origin, most=100))
    assert {each["fate"] for each in told["records"]} == {"added"}
    assert len(written) == 1 + 12


def test_no_more_records_are_taken_of_a_target_than_were_wanted(
    access: Direct, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, giving(*(f"Titre {letter}" for letter in "abcdef")))
    told = await_(fetch(Origin(access, reactor, Config(targets=TARGETS[:1])), most=2))
    assert [each["title"] for each in told["records"]] == ["Titre a", "Titre b"]


def test_records_that_come_in_one_document_are_counted_one_by_one(
    access: Direct, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = b"".join(unimarc(title, title, "", title, "", "1990").iso2709 for title in ("Titre a", "Titre b"))

    def answer(_reactor: Any, targets: list[TargetTable], _asked: Question, _lessons: Any) -> Any:
        return succeed([Found(each, NOTHING, NOTHING, documents=[whole]) for each in targets])

    answering(monkeypatch, answer)
    told = await_(fetch(Origin(access, reactor, Config(targets=TARGETS))))
    assert [line["records"] for line in told["targets"]] == [2, 2]


def test_rubbish_is_told_in_bounds(access: Direct, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_reactor: Any, targets: list[TargetTable], _asked: Question, _lessons: Any) -> Any:
        bad = b"00025nam a2200025   4500\x1d" * 500
        return succeed([Found(targets[0], Lesson(), Lesson(), hits=500, documents=[bad, b"<x><y></x>", b"\x00"])])

    answering(monkeypatch, answer)
    told = await_(fetch(Origin(access, reactor, Config(targets=TARGETS[:1]))))
    assert told["records"] == []
    assert 1 < len(told["rejected"]) <= operations.MAX_REJECTED + 3


@pytest.mark.parametrize(
    ("rank", "library", "base"), [("other", "test", 1), ("large", "TEST", 1), ("departmental", "Test", 2)]
)
def test_what_is_fetched_is_the_base_of_what_is_there_where_its_target_ranks_higher(
    access: Direct, monkeypatch: pytest.MonkeyPatch, rank: str, library: str, base: int
) -> None:
    there = unimarc("1", "La Terre", "É.", "Zola", "9782253004226", "1990")
    found = unimarc("2", "La Terre", "Émile", "Zola", "9782253004226", "1990")
    access.write(save_records, [there], [1], 1)

    def answer(_reactor: Any, targets: list[TargetTable], _asked: Question, _lessons: Any) -> Any:
        return succeed([Found(target, Lesson(), Lesson(), 1, [found.iso2709]) for target in targets])

    answering(monkeypatch, answer)
    target = attrs.evolve(TARGETS[0], rank=SourceRank(rank))
    config = Config(targets=(target,), catalogue=CatalogueTable(large=(library,)))
    (told,) = await_(fetch(Origin(access, reactor, config)))["records"]
    assert (told["fate"], told["record"], told["other"]) == ("merged", base, 3 - base)
    operations.unmerge(access, number=3 - base)
    ranks = operations.ranks_of(config)
    assert operations.merge(access, first=1, second=2, keep=None, ranks=ranks)["base"] == base


def test_a_lesson_is_kept_shown_once_and_forgotten(access: Direct, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = Lesson(isbn=(2,), told="117 relation")
    answering(monkeypatch, giving(lesson=lesson))
    origin = Origin(access, reactor, Config(targets=TARGETS[:1]))
    assert [line["learned"] for line in await_(fetch(origin, dry_run=True))["targets"]] == ["117 relation"]
    assert access.read(operations.lessons_of) == {}
    assert [line["learned"] for line in await_(fetch(origin))["targets"]] == ["117 relation"]
    kept = access.read(operations.lessons_of)["near"]
    assert kept._replace(at=0) == lesson
    assert kept.at
    answering(monkeypatch, giving(lesson=kept))
    assert [line["learned"] for line in await_(fetch(origin))["targets"]] == [""]
    assert [operations.forget(access, name=name) for name in ("far", "nEAR", "Near")] == [0, 1, 0]
    assert access.read(operations.lessons_of) == {}


def test_what_an_earlier_release_had_learned_is_learned_anew(access: Direct) -> None:
    row = {"name": "target.Near", "value": "2"}
    access.write(lambda connection: connection.execute(schema.setting.insert().values(row)))
    assert access.read(operations.lessons_of) == {}


def test_the_daemon_asks_over_its_control_socket_and_reads_the_targets_again_when_told(location: Location) -> None:
    config = configured(location)
    daemon = Daemon(lambda: config, reactor)
    daemon.startService()

    def refused() -> str:
        with closing(Client(location.directory)) as client, pytest.raises(Refused) as told:
            client.call("fetch", form="cql", text="zola", most=5, names=["x"], databases=[], dry_run=True)
        return told.value.code

    try:
        assert await_(deferToThread(refused)) == "no-target"
        config = attrs.evolve(config, targets=TARGETS)
        await_(daemon.reload())
        assert await_(deferToThread(refused)) == "unknown-target"
    finally:
        await_(maybeDeferred(daemon.stopService))
