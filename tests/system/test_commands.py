"""Commands beside a daemon that serves kiosks."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from OpenSSL import SSL

from server.cli.common import Exit
from storage.database import Location
from tests.network import PASSWORD
from tests.server.ncip import partner
from tests.server.sip2 import kiosk
from tests.server.sip2.kiosk import login
from tests.server.test_listeners import make_certificate
from tests.server.z3950.origin import search
from tests.storage.intake.importing import marc
from tests.system.running import Cataloguer, Daemon, Kiosk, bibliobus, ncip, serving, write_config

NEW_DEVICE = '[[devices]]\nlogin = "kiosk-new"\nlibrary = "AVION"\npassword = "demo"\n'
RECORDS = 400


def config_of(location: Location) -> Path:
    return location.directory.with_name(f"{location.directory.name}.toml")


def test_records_and_devices_arrive_while_kiosks_lend(any_location: Location, tmp_path: Path) -> None:
    (tmp_path / "new.toml").write_text(NEW_DEVICE)
    (tmp_path / "books.mrc").write_bytes(
        b"".join(
            marc(f"N{number}", f"200 1  $aChronique numéro{number}", "801  0 $aFR", f"995    $bLENS$fB{number}")
            for number in range(RECORDS)
        )
    )
    lent = 0
    over = threading.Event()

    def lend() -> None:
        nonlocal lent
        with Kiosk(daemon) as desk:
            while not over.is_set():
                assert desk.ask(kiosk.checkout(b"R1", b"I1"))[2:3] == b"1"
                assert desk.ask(kiosk.checkin(b"I1"))[2:3] == b"1"
                lent += 1

    with serving(any_location) as daemon:
        lending = threading.Thread(target=lend)
        lending.start()
        config = config_of(any_location)
        try:
            imported = bibliobus("import", tmp_path / "books.mrc", "--library", "LENS", "-c", config, "--json")
            loaded = bibliobus("load", tmp_path / "new.toml", "-c", config)
        finally:
            over.set()
            lending.join()
        assert imported.returncode == 0, imported.stderr
        assert json.loads(imported.stdout)["items_added"] == RECORDS
        assert loaded.returncode == 0, loaded.stderr
        assert lent > 0
        with Kiosk(daemon, b"kiosk-new") as new, Cataloguer(daemon) as cataloguer:
            assert new.ask(kiosk.item(b"B7"))[2:4] == b"03"
            assert cataloguer.ask(search("@attr 1=4 chronique")).result_count == RECORDS


def test_a_profile_that_is_loaded_holds_on_open_lines_from_the_next_message_on(
    any_location: Location, tmp_path: Path
) -> None:
    device = '[[devices]]\nlogin = "kiosk-lens"\nlibrary = "LENS"\npassword = "demo"\nprofile = { messages = "17", timeout = "70" }\n'
    (tmp_path / "device.toml").write_text(device)
    status = b"9900802.00"
    with serving(any_location) as daemon, Kiosk(daemon) as desk, Kiosk(daemon, b"kiosk-lievin") as other:
        assert desk.ask(status)[8:11] == b"100"
        assert desk.ask(kiosk.checkout(b"R1", b"I1"))[2:3] == b"1"
        loaded = bibliobus("load", tmp_path / "device.toml", "-c", config_of(any_location))
        assert loaded.returncode == 0, loaded.stderr
        told = desk.ask(status)
        assert told[8:11] == b"070"
        assert b"BXNNNNYYYNNNYNNNNN|" in told
        assert desk.ask(kiosk.checkin(b"I1"))[2:3] == b"0"
        assert desk.ask(kiosk.item(b"I1"))[2:4] == b"04"
        assert other.ask(status)[8:11] == b"100"


def test_a_second_daemon_on_a_store_says_so_and_harms_nobody(location: Location) -> None:
    with serving(location) as daemon, Kiosk(daemon) as desk:
        second = bibliobus("serve", "-c", config_of(location))
        assert second.returncode == Exit.UNAVAILABLE
        assert str(location.directory) in second.stderr
        upgrade = bibliobus("db", "upgrade", "-c", config_of(location))
        assert upgrade.returncode == Exit.UNAVAILABLE
        assert bibliobus("db", "check", "-c", config_of(location)).returncode == 0
        assert desk.ask(kiosk.item(b"I1"))[2:4] == b"03"


def test_two_daemons_share_a_database_on_postgresql(postgresql_location: Location, tmp_path: Path) -> None:
    other = Location(tmp_path / "other", postgresql_location.url)
    other.create_directory()
    shutil.copy(postgresql_location.directory / "pepper", other.directory)
    (tmp_path / "new.toml").write_text(NEW_DEVICE)
    with serving(postgresql_location) as one, serving(other) as two, Kiosk(one) as here, Kiosk(two) as there:
        assert here.ask(kiosk.checkout(b"R1", b"I1")).startswith(b"121")
        assert there.ask(kiosk.checkout(b"R2", b"I1")).startswith(b"120")
        assert bibliobus("load", tmp_path / "new.toml", "-c", config_of(other)).returncode == 0
        for daemon in (one, two):
            while not knows(daemon, b"kiosk-new"):
                pass


def knows(daemon: Daemon, user: bytes) -> bool:
    """Tell whether a device can log in."""
    with Kiosk(daemon, user=None) as stranger:
        return stranger.ask(login(user)) == b"941"


def test_an_address_in_use_is_told_and_nothing_is_left_half_started(location: Location) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
        config = write_config(location, web=[endpoint])
        done = bibliobus("serve", "-c", config)
    assert done.returncode == Exit.CANNOT_LISTEN
    assert f"{endpoint}: Address already in use" in done.stderr
    assert not (location.directory / "control.sock").exists()
    with serving(location):
        pass


def test_hang_up_keeps_connections_and_renews_certificates(location: Location, tmp_path: Path) -> None:
    key, certificate = make_certificate(tmp_path, "before")
    tls = f"ssl:0:privateKey={key}:certKey={certificate}:interface=127.0.0.1"
    with serving(location, sip2=[tls]) as daemon, tls_peer(daemon) as old:
        assert name_of(old) == "CN=before"
        old.sendall(login() + b"\r")
        assert old.recv(100) == b"941\r"
        make_certificate(tmp_path, "after")
        daemon.process.send_signal(signal.SIGHUP)
        name = ""
        while name != "CN=after":
            with tls_peer(daemon) as new:
                name = name_of(new)
        old.sendall(kiosk.item(b"I1") + b"\r")
        assert b"|ABI1|" in old.recv(1000)


@contextmanager
def tls_peer(daemon: Daemon) -> Iterator[SSL.Connection]:
    """Connect to the SIP2 port by TLS, believing any certificate."""
    with socket.create_connection(("127.0.0.1", daemon.ports["sip2"]), 30) as line:
        line.settimeout(None)
        peer = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), line)
        peer.set_connect_state()
        peer.do_handshake()
        yield peer


def name_of(peer: SSL.Connection) -> str:
    """Return whom the other side's certificate names."""
    certificate = peer.get_peer_certificate(as_cryptography=True)
    assert certificate is not None
    return certificate.subject.rfc4514_string()


def test_the_daemon_tells_how_it_is_and_stops_when_it_is_told(location: Location) -> None:
    with serving(location) as daemon:
        config = config_of(location)
        status = json.loads(bibliobus("daemon", "status", "-c", config, "--json").stdout)
        assert status["healthy"]
        assert status["listening"]["sip2"] == f"127.0.0.1:{daemon.ports['sip2']}"
        assert bibliobus("daemon", "reload", "-c", config).returncode == 0
        assert bibliobus("daemon", "stop", "-c", config).returncode == 0
        assert daemon.wait() == 0
        assert bibliobus("daemon", "status", "-c", config).returncode == Exit.UNAVAILABLE


def test_twistd_runs_the_same_daemon(location: Location, tmp_path: Path) -> None:
    tac = Path(__file__).parents[2] / "twistd.tac"
    command = [str(Path(sys.executable).with_name("twistd")), "--pidfile=", "-ny", str(tac)]
    daemon = Daemon(command, BIBLIOBUS_CONFIG=str(write_config(location)))
    with Kiosk(daemon) as desk:
        assert desk.ask(kiosk.item(b"I1"))[2:4] == b"03"
    daemon.end(signal.SIGTERM)
    assert daemon.log[-1]["state"] == "stopped"


def test_systemd_hears_when_the_daemon_is_ready_and_when_it_stops(location: Location, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        command = [sys.executable, "-m", "server", "serve", "-c", str(write_config(location))]
        daemon = Daemon(command, NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert manager.recv(100) == b"READY=1"
        assert daemon.end() == 0
        assert manager.recv(100) == b"STOPPING=1"


def test_the_log_of_a_run_knows_no_reader_and_no_secret(any_location: Location, tmp_path: Path) -> None:
    (tmp_path / "new.toml").write_text(NEW_DEVICE + '[[patrons]]\ncode = "R77"\nsurname = "Wattrelos"\n')
    with serving(any_location) as daemon:
        with Kiosk(daemon) as desk:
            assert b"|AEDurand1" in desk.ask(kiosk.information(b"R1", more=b"AD1234|")).replace(b"Camille ", b"")
            desk.ask(kiosk.information(b"R1", more=b"AD9876|"))
            desk.ask(kiosk.checkout(b"R1", b"I1", more=b"AD1234|"))
            desk.ask(b"63 R1 1234 nonsense")
            desk.ask(b"\xff\xfe R1 1234")
        with Kiosk(daemon, user=None) as stranger:
            assert stranger.ask(login(password=b"s3cret-w0rd")) == b"940"
        ncip(daemon, partner.lookup_user("R1", partner.typed(("PIN", "1234"))))
        ncip(daemon, b"<NCIPMessage>R1 1234")
        bibliobus("load", tmp_path / "new.toml", "-c", config_of(any_location))
        with Cataloguer(daemon) as cataloguer:
            cataloguer.ask(search("durand1"))
            cataloguer.socket.sendall(b"\x30\x80R1 1234 Durand1")
        assert daemon.end(signal.SIGTERM) == 0
    assert len(daemon.log) > 5
    told = " ".join(
        str(value) for event in daemon.log for key, value in event.items() if key not in {"time", "pid", "peer"}
    )
    for secret in (
        "R1",
        "R77",
        "1234",
        "9876",
        "Durand",
        "Camille",
        "Wattrelos",
        "example.org",
        PASSWORD,
        "s3cret-w0rd",
    ):
        assert secret not in told.replace("127.0.0.1", ""), secret


def test_the_demo_network_is_made_once_and_served(tmp_path: Path) -> None:
    location = Location(tmp_path / "demo")
    for _ in range(2):
        with serving(location, "--demo") as daemon, Kiosk(daemon) as desk, Cataloguer(daemon) as cataloguer:
            answer = desk.ask(kiosk.item(b"I000001"))
            assert answer[2:4] == b"03"
            assert b"|AJGerminal" in answer
            assert cataloguer.ask(search("@attr 1=7 9782253004226")).result_count == 1
            assert ncip(daemon, partner.lookup_item("I000001")).problems == []
            assert daemon.end() == 0
