from __future__ import annotations

import io
import os
import signal
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import func, insert, select, text, update
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.logger import Logger, capturedLogs

from server import control, daemon, jobs, process
from server.config import (
    Config,
    ConfigurationError,
    Count,
    Level,
    ListenTable,
    LogTable,
    Seconds,
    SIP2Table,
    StoreTable,
)
from server.daemon import VERSION, Daemon
from server.listeners import CannotListen
from server.logs import Log
from storage import database, schema
from storage.database import Location
from storage.drivers import sqlite
from storage.jobs.table import JOBS
from tests.reactor import await_, until
from tests.server.sip2 import kiosk as sip2_kiosk
from tests.server.test_listeners import make_certificate, served_by, tls

# Twisted's own `ssl:` endpoints still hand certificates over as pyOpenSSL objects.
pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")

reactor: Any = installed_reactor
ANY = ("tcp:0:interface=127.0.0.1",)


@pytest.fixture(autouse=True)
def _light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do without what only a daemon that lives long needs."""
    monkeypatch.setattr(process, "settle", lambda: None)
    monkeypatch.setattr(sqlite, "PREGROWN_WAL", 4096)


def configured(location: Location, **listen: tuple[str, ...]) -> Config:
    table = ListenTable(**{"sip2": ANY, "z3950": ANY, "web": ANY} | listen)
    return Config(store=StoreTable(data=location.directory, url=location.url), listen=table)


@contextmanager
def running(config: Config, **more: Any) -> Iterator[Daemon]:
    found = Daemon(lambda: config, reactor, **more)
    found.startService()
    try:
        yield found
    finally:
        await_(maybeDeferred(found.stopService))


def port_of(found: Daemon, wire: str) -> int:
    return int(found.addresses()[wire].rpartition(":")[2])


def talk(found: Daemon, wire: str, *sent: bytes, replies: int) -> bytes:
    """Send *sent* to a wire and return what came back, until there are so many carriage returns in it."""
    address = ("127.0.0.1", port_of(found, wire))

    def talking() -> bytes:
        got = b""
        with socket.create_connection(address, timeout=10) as peer:
            peer.sendall(b"".join(sent))
            while got.count(b"\r") < replies and (part := peer.recv(65536)):
                got += part
        return got

    return await_(deferToThread(talking))


def is_free(location: Location) -> bool:
    with location.write_lock():
        return not (location.directory / control.NAME).exists()


def test_a_daemon_serves_every_wire_tells_where_and_leaves_nothing_behind(any_location: Location) -> None:
    with capturedLogs() as logged, running(configured(any_location)) as found:
        assert talk(found, "sip2", sip2_kiosk.login() + b"\r", sip2_kiosk.item(b"I1") + b"\r", replies=2).count(
            b"AJTitre 1|"
        )
        assert talk(found, "web", b"GET /readyz HTTP/1.0\r\n\r\n", replies=6).startswith(b"HTTP/1.0 200")
        assert port_of(found, "z3950")
        assert stat.S_IMODE((any_location.directory / control.NAME).stat().st_mode) == 0o600
    (ready,) = [event for event in logged if event.get("state") == "ready"]
    assert ready["sip2"].startswith("127.0.0.1:")
    assert is_free(any_location)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(ready["sip2"].rpartition(":")[2])))


def test_the_configuration_limits_the_connections_of_a_wire(location: Location) -> None:
    config = attrs.evolve(configured(location), sip2=SIP2Table(connections=Count(1), login_timeout=Seconds(7.0)))
    with running(config) as found:
        address = ("127.0.0.1", port_of(found, "sip2"))

        def talking() -> bytes:
            with socket.create_connection(address) as first, socket.create_connection(address) as second:
                first.sendall(sip2_kiosk.login() + b"\r")
                return first.recv(100) + second.recv(100)

        assert await_(deferToThread(talking)) == b"941\r"
        assert found._adapters["sip2"].login == 7.0


def test_an_empty_store_gets_its_schema(tmp_path: Path) -> None:
    location = Location(tmp_path / "new" / "store")
    with running(configured(location)) as found:
        assert found.store.healthy
    database.check(location.engine())


def test_a_store_of_another_release_is_not_touched(location: Location) -> None:
    with location.engine().begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(database.MigrationNeeded, match="db upgrade"):
        Daemon(lambda: configured(location), reactor).startService()
    assert is_free(location)


def test_an_address_in_use_starts_nothing(any_location: Location, tmp_path: Path) -> None:
    sip2 = tmp_path / "sip2"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        web = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
        found = Daemon(lambda: configured(any_location, sip2=(f"unix:{sip2}",), web=(web,)), reactor)
        with pytest.raises(CannotListen, match=web):
            found.startService()
    await_(deferLater(reactor, 0))
    assert not sip2.exists()
    assert is_free(any_location)
    assert await_(maybeDeferred(found.stopService)) is None


def test_a_second_daemon_in_one_directory_is_told_so(any_location: Location) -> None:
    with running(configured(any_location)) as first:
        with pytest.raises((database.StoreBusy, control.Refused), match=str(any_location.directory)):
            Daemon(lambda: configured(any_location), reactor).startService()
        assert talk(first, "sip2", sip2_kiosk.login() + b"\r", replies=1) == b"941\r"


def test_the_store_can_be_filled_before_it_is_served(tmp_path: Path) -> None:
    location = Location(tmp_path)

    def prepare(where: Location) -> None:
        with where.engine().begin() as connection:
            connection.execute(insert(schema.setting).values(name="network.name", value="Filled"))

    with running(configured(location), prepare=prepare) as found:
        assert found.store.network.name == "Filled"


def rename(location: Location, name: str) -> None:
    with location.engine().begin() as connection:
        connection.execute(update(schema.setting).values(value=name))


def test_reload_reads_the_network_certificates_and_the_log_level_again(location: Location, tmp_path: Path) -> None:
    make_certificate(tmp_path, "before")
    config = configured(location, web=(tls(tmp_path),))
    stream = io.StringIO()
    log = Log(LogTable(), stream)
    configurations = [config, attrs.evolve(config, log=LogTable(level=Level.DEBUG))]
    found = Daemon(lambda: configurations.pop(0), reactor, log)
    found.startService()
    try:
        rename(location, "Renamed")
        make_certificate(tmp_path, "after")
        await_(found.reload())
        assert found.store.network.name == "Renamed"
        assert served_by(found.listeners["web"][0]) == "after"
        Logger(namespace="server", observer=log.observer).debug("heard")
        assert "heard" in stream.getvalue()
    finally:
        await_(found.stopService())


def test_what_is_wrong_at_reload_is_logged_and_kept_as_it_was(location: Location, tmp_path: Path) -> None:
    make_certificate(tmp_path, "before")
    with running(configured(location, web=(tls(tmp_path),))) as found:

        def broken() -> Config:
            raise ConfigurationError("bibliobus.toml", [("log.level", "is loud")])

        found._configure = broken
        (tmp_path / "certificate.pem").write_text("nothing")
        rename(location, "Renamed")
        with capturedLogs() as logged:
            await_(found.reload())
        told = " ".join(str(event.get("error")) for event in logged)
        assert "log.level" in told
        assert "certificate.pem" in told
        assert served_by(found.listeners["web"][0]) == "before"
        assert found.store.network.name == "Renamed"


def test_what_takes_a_restart_is_told_at_reload(location: Location) -> None:
    config = configured(location)
    configurations = [config, attrs.evolve(config, listen=ListenTable(sip2=("tcp:6009",)))]
    found = Daemon(lambda: configurations.pop(0), reactor)
    found.startService()
    with capturedLogs() as logged:
        await_(found.reload())
    await_(found.stopService())
    assert any("[listen]" in event["log_format"] for event in logged)


def test_a_hang_up_signal_reloads(location: Location) -> None:
    with running(configured(location)) as found:
        rename(location, "Renamed")
        signal.raise_signal(signal.SIGHUP)
        while found.store.network.name != "Renamed":
            await_(found.store.read(iter_nothing()))
            await_(deferToThread(lambda: None))


def iter_nothing() -> Any:
    yield []


def test_status_tells_how_it_is(location: Location) -> None:
    with running(configured(location)) as found:
        status = found.status()
        assert status["version"] == VERSION
        assert status["healthy"] is True
        assert status["network"] == "Essai"
        assert status["listening"] == {wire: where for wire, where in found.addresses().items() if where}


def rounds_ended(location: Location) -> int:
    with location.engine(reads=True).begin() as connection:
        return connection.execute(select(func.count()).where(schema.job.c.ended_at.is_not(None))).scalar_one()


def test_the_daemon_does_its_jobs(any_location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "TICK", 0.01)
    with running(configured(any_location)):
        until(lambda: rounds_ended(any_location) == len(JOBS))


def test_old_captures_are_removed_at_the_start_and_every_day(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "TIDY_SECONDS", 0.01)
    captures = location.directory / "captures"
    captures.mkdir()

    def make(name: str, days: int) -> Path:
        path = captures / f"{name}.jsonl"
        path.touch()
        os.utime(path, (reactor.seconds() - days * 86400,) * 2)
        return path

    young, _old = make("young", 29), make("old", 31)
    with running(configured(location)):
        assert list(captures.iterdir()) == [young]
        older = make("older", 31)
        until(lambda: not older.exists())
    assert list(captures.iterdir()) == [young]


def test_a_disk_that_cannot_be_so_fast_is_told(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "measure_sync", lambda _directory: 3e-6)
    with capturedLogs() as logged, running(configured(location)):
        pass
    assert any("No disk is so fast" in event.get("log_format", "") for event in logged)


def test_stopping_answers_what_has_come(any_location: Location) -> None:
    found = Daemon(lambda: configured(any_location), reactor)
    found.startService()
    frames = [
        sip2_kiosk.login() + b"\r",
        *(sip2_kiosk.checkout(b"R1", b"I%d" % number) + b"\r" for number in range(1, 10)),
    ]
    address = ("127.0.0.1", port_of(found, "sip2"))

    def talking() -> bytes:
        got = b""
        with socket.create_connection(address, timeout=10) as peer:
            peer.sendall(frames[0])
            got += peer.recv(4096)
            peer.sendall(b"".join(frames[1:]))
            # The first answer shows that the daemon has them all.
            while part := peer.recv(65536):
                got += part
                if len(got) > 10 and found.running:
                    reactor.callFromThread(found.stopService)
        return got

    got = await_(deferToThread(talking))
    while (any_location.directory / control.NAME).exists():
        await_(deferToThread(lambda: None))
    with any_location.engine(reads=True).connect() as connection:
        loans = len(connection.execute(select(schema.loan)).all())
    assert got.count(b"\r121") == loans


def test_the_disk_is_measured_and_left_clean(tmp_path: Path) -> None:
    assert 0 < process.measure_sync(tmp_path) < 5
    assert list(tmp_path.iterdir()) == []


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        process.tell_systemd("READY=1")
        assert manager.recv(100) == b"READY=1"
    monkeypatch.delenv("NOTIFY_SOCKET")
    process.tell_systemd("READY=1")


def test_every_wire_of_the_configuration_has_an_adapter() -> None:
    assert {field.name for field in attrs.fields(ListenTable)} == set(daemon.WIRES)
