"""The PostgreSQL driver: what it sends in which order, what it does about every kind of trouble."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator, Sequence
from threading import Thread
from typing import Any, Final, cast

import psycopg
import pytest
from psycopg import pq
from sqlalchemy import LargeBinary, bindparam, literal_column, select, text, update
from twisted.internet import reactor
from twisted.internet.defer import DeferredList
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher

import storage
from storage import schema
from storage.circulation import facts
from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.database import Location, MigrationNeeded, check, upgrade
from storage.drivers import pg_link
from storage.drivers import postgresql as driver
from storage.drivers.pg_batch import Batch, Member
from storage.drivers.pg_link import Link
from storage.drivers.pg_statements import Bound, Prepared, StatementFailed, bind
from storage.refusals import Reason
from storage.statements import Row, Statement, Steps
from storage.store import StoreUnavailable, open_store
from storage.usecase import Act, Decision, UseCase
from tests.counter import Counter, at, settle
from tests.network import LENS, NOW
from tests.postgresql import Server
from tests.reactor import await_, until

LEND: Final = CheckoutRequest("R1", "I1", at())


@pytest.fixture
def counter(postgresql_location: Location) -> Iterator[Counter]:
    counter = Counter(postgresql_location)
    yield counter
    counter.close()


@pytest.fixture
def log() -> Iterator[list[LogEvent]]:
    events: list[LogEvent] = []
    observer = cast("ILogObserver", events.append)
    globalLogPublisher.addObserver(observer)
    yield events
    globalLogPublisher.removeObserver(observer)


def only(statement: Statement, *values: Any) -> Steps[Sequence[Row]]:
    (rows,) = yield [statement(*values)]
    return rows


def reads(counter: Counter, statement: Statement, *values: Any) -> Sequence[Row]:
    return await_(counter.store.read(only(statement, *values)))


def driver_of(counter: Counter) -> driver.PostgreSQLDriver:
    found = counter.store._driver
    assert isinstance(found, driver.PostgreSQLDriver)
    return found


# --- values --------------------------------------------------------------------------------------------------------------

ECHO: Final = Statement(
    "echo",
    select(
        *(
            literal_column(f"{literal}")
            for literal in ("$1::text", "$2::bytea", "$3::int", "$4::bigint", "$5::smallint", "NULL")
        )
    ),
)


@pytest.mark.parametrize(
    ("words", "octets", "number"),
    [("", b"", 0), ("Émile Zola – 🕮", bytes(range(256)), -1), ("a\0b", b"\0", 2**31 - 1), (None, None, None)],
)
def test_values_come_back_as_they_went(counter: Counter, words: str | None, octets: bytes | None, number: Any) -> None:
    statement = Statement("echo", ECHO.clause, "w", "o", "i", "l", "s")
    statement.__dict__["postgresql"] = ECHO.postgresql  # the parameters are in the text
    wide = None if number is None else number << 32
    small = None if number is None else number % 2
    expected = None if words is None else words.replace("\0", "\ufffd")
    assert reads(counter, statement, words, octets, number, wide, small) == [
        (expected, octets, number, wide, small, None)
    ]


def test_binding_tells_octets_from_text() -> None:
    by_digest = Statement(
        "find",
        select(schema.reply.c.at).where(
            schema.reply.c.digest == bindparam("digest", type_=LargeBinary), schema.reply.c.at == bindparam("at")
        ),
        "at",
        "digest",
    )
    assert bind(by_digest(5, b"\0\1")) == Bound(by_digest, [b"\0\1", b"5"], [1, 0])
    with pytest.raises(UnicodeEncodeError):
        bind(facts.ITEM("\ud800"))


# --- reads ---------------------------------------------------------------------------------------------------------------

SNAPSHOT: Final = Statement("snapshot", text("SELECT pg_current_snapshot()::text"))
PAUSE: Final = Statement("pause", text("SELECT 1 FROM pg_sleep(0.05)"))


def test_one_step_sees_one_state_of_the_database(counter: Counter) -> None:
    def steps() -> Steps[Any]:
        first, _, second = yield [SNAPSHOT(), PAUSE(), SNAPSHOT()]
        (later,) = yield [SNAPSHOT()]
        return first, second, later

    reading = counter.store.read(steps())
    counter.sql("UPDATE item SET title = 'other'")
    await_(counter.store.transact(CHECKOUT, LEND, NOW))
    first, second, later = await_(reading)
    assert first == second != later


def test_reading_connections_cannot_write(counter: Counter) -> None:
    write = Statement("write", update(schema.item).values(title="changed"))
    with pytest.raises(StoreUnavailable, match="25006"):
        reads(counter, write)


def test_a_statement_that_the_server_does_not_understand_fails_alone(counter: Counter, log: list[LogEvent]) -> None:
    unknown = Statement("unknown", text("SELECT nothing FROM nowhere"))
    good = Statement("good", text("SELECT 7"))
    reading = [counter.store.read(only(statement)) for statement in (good, unknown, good)]
    first, second, third = await_(DeferredList(reading, consumeErrors=True))
    assert (first[1], third[1]) == ([(7,)], [(7,)])
    assert not second[0]
    assert any("42P01" in str(event.get("error")) for event in log)
    assert reads(counter, good) == [(7,)]
    assert counter.store.healthy


def test_what_a_server_error_says_has_no_values_in_it(counter: Counter) -> None:
    cast = Statement("cast", text("SELECT CAST(CAST('secret' AS text) || '' AS integer)"))
    with pytest.raises(StatementFailed) as caught:
        reads(counter, cast)
    assert "22P02" in str(caught.value)
    assert "secret" not in str(caught.value)


# --- batches -------------------------------------------------------------------------------------------------------------


class Recorder:
    """Stands for a link: keeps what is sent, answers nothing."""

    up = True

    def __init__(self) -> None:
        self.sent: list[list[tuple[str, list[bytes | None]]]] = []

    def send(self, calls: Sequence[Bound], answered: Callable[..., None]) -> None:
        self.sent.append([(call.statement.name, call.values) for call in calls])


def member(counter: Counter, usecase: UseCase[Any, Any, Any], request: Any) -> Member:
    return Member(Act(usecase, request, NOW), counter.store.network, 0.0)


def test_locks_come_first_items_before_readers_before_holds_each_by_key(counter: Counter) -> None:
    link = Recorder()
    members = [
        member(counter, CHECKOUT, CheckoutRequest("R2", "I3", at())),
        member(counter, CHECKIN, CheckinRequest("I1", at())),
        member(counter, CHECKOUT, CheckoutRequest("R1", "I2", at())),
    ]
    Batch(link, members, lambda *_args: None).start()  # type: ignore[arg-type]  # as much of a link as is used
    ((begin, *calls),) = link.sent
    assert begin[0] == "begin"
    assert calls[:6] == [
        ("lock item", [b"I1"]), ("lock item", [b"I2"]), ("lock item", [b"I3"]),
        ("lock patron", [b"R1"]), ("lock patron", [b"R2"]),
        ("lock holds", [b"I1"]),
    ]  # fmt: skip
    assert all("lock" not in name for name, _ in calls[6:])


def test_a_batch_takes_what_shares_nothing_and_keeps_the_order_of_the_rest(counter: Counter) -> None:
    found = driver_of(counter)

    def queue(*pairs: tuple[str, str]) -> None:
        for card, barcode in pairs:
            found._acts.append(member(counter, CHECKOUT, CheckoutRequest(card, barcode, at())))

    def chosen() -> list[str]:
        return [one.act.request.barcode for one in found._choose()]

    queue(("R1", "I1"), ("R2", "I1"), ("R2", "I2"), ("R3", "I3"))
    assert chosen() == ["I1", "I3"]  # R2's second request waits for their first
    assert chosen() == ["I1"]
    assert chosen() == ["I2"]
    queue(("R1", "I1"), ("R2", "I2"))
    found._acts[0].alone = True
    assert chosen() == ["I1"]
    assert chosen() == ["I2"]
    assert not found._acts


# --- disturbed by others -------------------------------------------------------------------------------------------------

RENAME: Final = Statement(
    "rename",
    update(schema.item)
    .where(schema.item.c.id == bindparam("item"), schema.item.c.title == bindparam("seen"))
    .values(title=bindparam("new")),
    "item", "seen", "new",
    guarded=True,
)  # fmt: skip


def renaming(seen: list[str]) -> UseCase[Any, Any, str]:
    """Writes what holds only if the title is what *seen* says, one guess for each try."""

    def gather(_request: Any, _network: Any) -> Steps[str]:
        yield []
        return seen.pop(0)

    def decide(_request: Any, guess: str, _network: Any, _now: int) -> Decision[str]:
        return Decision(guess, (RENAME(1, guess, "new"),))

    return UseCase("rename", gather, decide, lambda _request: ("rename",), lambda _request, code: code)


def test_a_write_that_touches_nothing_is_decided_anew_and_harms_no_other(counter: Counter) -> None:
    guesses = ["wrong", "wrong again", "Titre 1", "never asked"]
    answers = counter.do_all([(CHECKOUT, LEND), (renaming(guesses), LEND)])
    assert answers[0].ok
    assert answers[1] == "Titre 1"
    assert guesses == ["never asked"]
    assert counter.sql("SELECT title FROM item WHERE id = 1") == [("new",)]


def test_what_is_disturbed_for_too_long_is_given_back(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "GIVE_UP_SECONDS", 0.05)
    (failure,) = counter.do_all([(renaming(["wrong"] * 50), LEND)])
    assert isinstance(failure, StoreUnavailable)
    assert counter.checkout("R1", "I1").ok


def crossing(first: str, second: str) -> UseCase[Any, Any, str]:
    """Locks two items, one after the other."""

    def gather(_request: Any, _network: Any) -> Steps[None]:
        yield [facts.LOCK_ITEM(first), PAUSE()]
        yield [facts.LOCK_ITEM(second)]

    return UseCase(
        "cross", gather, lambda *_args: Decision("done"), lambda _request: (first,), lambda _request, code: code
    )


def test_a_deadlock_is_tried_again_until_both_are_done(counter: Counter, postgresql: Server) -> None:
    other = Counter(counter.location)
    ways = [
        counter.store.transact(crossing("I1", "I2"), LEND, NOW),
        other.store.transact(crossing("I2", "I1"), LEND, NOW),
    ]
    assert settle(ways) == ["done", "done"]
    (row,) = counter.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    other.close()
    assert row == (1,)


def test_a_row_that_someone_else_keeps_delays_only_who_wants_it(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "GIVE_UP_SECONDS", 0.0)
    monkeypatch.setattr(driver, "_WRITE", [*driver._WRITE, "SET lock_timeout = '100ms'"])
    counter.close()
    counter.store = open_store(counter.location, reactor)
    with psycopg.connect(counter.location.url) as holder:
        holder.execute("SELECT * FROM item WHERE id = 1 FOR UPDATE")
        answers = counter.do_all([(CHECKOUT, LEND), (CHECKOUT, CheckoutRequest("R2", "I2", at()))])
        assert isinstance(answers[0], StoreUnavailable)
        assert answers[1].ok
    assert counter.checkout("R1", "I1").ok


# --- losing the server ---------------------------------------------------------------------------------------------------


def test_a_lost_connection_fails_what_it_had_and_comes_back(counter: Counter) -> None:
    act = counter.store.transact(CHECKOUT, LEND, NOW)
    counter.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bibliobus'")
    (outcome,) = settle([act])
    assert isinstance(outcome, StoreUnavailable)
    assert not counter.store.healthy
    assert counter.journal() == []
    until(lambda: counter.store.healthy)
    assert counter.checkout("R1", "I1").ok


def test_a_commit_whose_answer_is_lost_is_not_reported_as_done(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = Link.send

    def cut(link: Link, calls: Sequence[Bound], answered: Any) -> None:
        send(link, calls, answered)
        if calls[-1].statement.name == "commit":
            while counter.journal() != ["checkout"]:
                pass  # the server has yet to commit
            link.lose(ConnectionError("cut"))

    monkeypatch.setattr(Link, "send", cut)
    (outcome,) = counter.do_all([(CHECKOUT, LEND)])
    assert isinstance(outcome, StoreUnavailable)
    monkeypatch.undo()
    until(lambda: counter.store.healthy)
    assert counter.checkout("R2", "I1").reasons == (Reason.ON_LOAN_TO_OTHER,)


def test_a_silent_server_is_given_up(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pg_link, "ANSWER_SECONDS", 0.05)
    pause = Statement("long pause", text("SELECT 1 FROM pg_sleep(5)"))
    with pytest.raises(StoreUnavailable):
        reads(counter, pause)
    monkeypatch.undo()
    until(lambda: counter.store.healthy)


@pytest.mark.parametrize("state", ["08006", "53100", "53300", "57P01", "58030", "25006"])
def test_trouble_of_the_server_is_told_from_trouble_of_the_statement(state: str) -> None:
    assert StatementFailed(state).outage
    assert not StatementFailed("23503").outage
    assert not StatementFailed(state).disturbed


def test_starting_without_a_server_says_so(tmp_path: Any) -> None:
    url = f"postgresql://nobody@/none?host={tmp_path}"
    location = Location(tmp_path, url)
    with pytest.raises(StoreUnavailable, match="No such file"):
        driver.PostgreSQLDriver(url, location.engine(), None)


def test_the_slow_wrapper_is_refused_when_the_fast_one_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    driver.check_libpq()
    monkeypatch.setattr(pq, "__impl__", "python")
    with pytest.raises(RuntimeError, match="PSYCOPG_IMPL"):
        driver.check_libpq()
    monkeypatch.setattr(driver, "find_spec", lambda _name: None)
    with pytest.warns(UserWarning, match=r"psycopg\[binary\]"):
        driver.check_libpq()


# --- the schema, and other daemons ---------------------------------------------------------------------------------------


def test_two_that_migrate_at_once_make_one_schema(postgresql_url: str, tmp_path: Any) -> None:
    location = Location(tmp_path, postgresql_url)
    with pytest.raises(MigrationNeeded):
        check(location.engine())
    failures: list[Exception] = []

    def migrate() -> None:
        try:
            upgrade(location.engine())
        except Exception as error:  # noqa: BLE001 (told below)
            failures.append(error)

    threads = [Thread(target=migrate) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    check(location.engine())


def test_a_daemon_hears_of_what_another_declares(counter: Counter) -> None:
    other = Counter(counter.location)
    counter.sql("UPDATE library SET name = 'Renamed' WHERE id = 1")
    await_(other.store.reload_network())
    until(lambda: counter.store.network.libraries[LENS].name == "Renamed")
    other.close()


def test_a_daemon_that_was_cut_off_reads_the_network_again(counter: Counter) -> None:
    counter.sql("UPDATE library SET name = 'Renamed' WHERE id = 1")
    counter.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bibliobus'")
    until(lambda: counter.store.network.libraries[LENS].name == "Renamed")
    until(lambda: counter.store.healthy)


# --- all statements ------------------------------------------------------------------------------------------------------


def statements() -> dict[str, Statement]:
    """Every statement that a module of the store declares."""
    found = {}
    for module in pkgutil.walk_packages(storage.__path__, "storage."):
        if ".migrations" not in module.name:
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, Statement):
                    found[f"{module.name}.{name}"] = value
    return found


def test_every_statement_is_understood_and_finds_its_rows_by_key(counter: Counter) -> None:
    scans = []
    with psycopg.connect(counter.location.url, autocommit=True) as connection:
        for setting in driver._SETUP:
            connection.execute(setting.encode())
        for name, statement in statements().items():
            text = Prepared(b"", statement).text
            prepared = connection.pgconn.prepare(b"", text)
            assert prepared.status == pq.ExecStatus.COMMAND_OK, (name, prepared.get_error_message())
            plan = connection.pgconn.exec_(b"EXPLAIN (GENERIC_PLAN) " + text)
            lines = [(plan.get_value(line, 0) or b"").decode() for line in range(plan.ntuples)]
            scans += [(name, line) for line in lines if "Seq Scan" in line]
    # A table of one row has no key to look for; of libraries, which are few, all are wanted where names are compared.
    few = re.compile(r"Seq Scan on (catalogue_version|library|commune)\b")
    assert [(name, line) for name, line in scans if not few.search(line)] == []
