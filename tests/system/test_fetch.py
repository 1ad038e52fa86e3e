"""`bibliobus fetch` over real sockets: our own daemon on both wires, yaz-ztest where it is installed, and targets that mean ill."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from storage import schema
from storage.catalogue.records import save_records
from storage.database import Location, upgrade
from tests.network import NOW
from tests.server.z3950.origin import fill_catalogue, search, unimarc
from tests.system.peers import needs
from tests.system.z3950_peers import zebra, ztest

from .running import LOOPBACK, PATIENCE, Cataloguer, Daemon, bibliobus, environment, serving

GERMINAL = "9782253004226"


@pytest.fixture
def source(location: Location) -> Iterator[Daemon]:
    """A daemon with the small catalogue: the target."""
    with location.engine().begin() as connection:
        fill_catalogue(connection)
    with serving(location) as daemon:
        yield daemon


@pytest.fixture
def own(tmp_path: Path) -> Location:
    """An empty store of our own."""
    made = Location(tmp_path / "own")
    made.create_directory()
    upgrade(made.engine())
    with made.engine().begin() as connection:
        connection.execute(schema.database.insert().values(name="network", is_default=1))
    return made


def configure(own: Location, *targets: dict[str, Any]) -> Path:
    path = own.directory.with_name("own.toml")
    lines = ["[store]", f"data = {json.dumps(str(own.directory))}", "[listen]"]
    lines += [f"{wire} = [{LOOPBACK}]" for wire in ("sip2", "z3950", "web")]
    for number, target in enumerate(targets):
        whole = {"name": f"t{number}", "priority": number, **target}
        lines += ["[[targets]]", *(f"{key} = {json.dumps(value)}" for key, value in whole.items())]
    path.write_text("\n".join([*lines, ""]))
    return path


def z3950(port: int, **more: Any) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": port, "database": "network", "timeout": 10, **more}


def sru(port: int, **more: Any) -> dict[str, Any]:
    return {"kind": "sru", "url": f"http://127.0.0.1:{port}/network", "timeout": 10, **more}


def fetch(config: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = bibliobus("fetch", "-c", config, "--json", *arguments)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def rows(own: Location, query: str) -> list[Any]:
    with own.engine(reads=True).connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def sru_2(port: int, **more: Any) -> dict[str, Any]:
    return sru(port, version="2.0", **more)


@pytest.mark.parametrize("wire", [z3950, sru, sru_2])
def test_a_record_is_fetched_by_isbn_and_a_second_time_changes_nothing(
    own: Location, source: Daemon, wire: Callable[..., dict[str, Any]]
) -> None:
    more = {} if wire is z3950 else {"syntax": ["marcxchange"]}
    config = configure(own, wire(source.ports["z3950"], **more))
    code, told = fetch(config, "2-253-00422-7")
    assert [line["failure"] for line in told["targets"]] == [""]
    assert (code, [each["fate"] for each in told["records"]]) == (0, ["added"])
    assert rows(own, "SELECT source, control, title FROM record") == [("fetch:t0", "z1", "Germinal")]
    assert rows(own, "SELECT count(*) FROM item") == [(0,)]
    assert [each["fate"] for each in fetch(config, GERMINAL)[1]["records"]] == ["unchanged"]


def test_two_targets_are_asked_at_once_and_one_record_is_taken(own: Location, source: Daemon) -> None:
    port = source.ports["z3950"]
    config = configure(own, z3950(port), sru(port, syntax=["marcxchange"]), z3950(1, timeout=2))
    code, told = fetch(config, GERMINAL)
    assert [(each["target"], each["fate"]) for each in told["records"]] == [("t0", "added"), ("t1", "duplicate")]
    assert (code, bool(told["targets"][2]["failure"])) == (4, True)
    assert rows(own, "SELECT count(*) FROM record") == [(1,)]


def test_what_is_fetched_is_merged_with_what_is_there_and_a_dry_run_only_tells(own: Location, source: Daemon) -> None:
    with own.engine().begin() as connection:
        save_records(connection, [unimarc("7", "Germinal", "E.", "Zola", "2-253-00422-7", "1885")], [1], NOW)
    config = configure(own, z3950(source.ports["z3950"]))
    assert fetch(config, GERMINAL, "--dry-run")[1]["records"][0]["fate"] == "merged"
    assert rows(own, "SELECT count(*) FROM record") == [(1,)]
    (copied,) = fetch(config, GERMINAL)[1]["records"]
    assert (copied["fate"], {copied["record"], copied["other"]}) == ("merged", {1, 2})
    assert rows(own, "SELECT count(*) FROM record WHERE deleted = 0") == [(1,)]
    shown = bibliobus("record", "show", "-c", config, copied["other"])
    assert f"Record {copied['other']} was merged into {copied['record']}." in shown.stdout
    assert "(fetch:t0)z1" in shown.stdout or "(TEST)7" in shown.stdout


def test_a_query_in_cql_is_asked_of_both_wires(own: Location, source: Daemon) -> None:
    port = source.ports["z3950"]
    config = configure(own, z3950(port), sru(port, syntax=["marcxchange"]))
    told = fetch(config, "--query", "dc.creator=zola and dc.title=terre")[1]
    assert [line["hits"] for line in told["targets"]] == [1, 1]
    assert [each["title"] for each in told["records"] if each["fate"] == "added"] == ["La Terre"]


def test_records_are_merged_by_hand_and_refused_in_words(own: Location, source: Daemon) -> None:
    config = configure(own, z3950(source.ports["z3950"]))
    fetch(config, "--query", "dc.creator=zola")
    done = bibliobus("record", "merge", "-c", config, "--keep", 2, 1, 2)
    assert done.stdout == "Record 1 is now 2; moved: 0 items, 0 holds.\n"
    refused = bibliobus("record", "merge", "-c", config, "--json", 1, 2)
    assert (refused.returncode, json.loads(refused.stdout)["refused"]) == (3, ["same-record"])


def test_how_a_target_had_to_be_asked_is_remembered(own: Location, source: Daemon) -> None:
    config = configure(own, z3950(source.ports["z3950"], isbn="@attr 1=7 @attr 2=99 {isbn}"))
    (line,) = fetch(config, GERMINAL)[1]["targets"]
    assert (line["hits"], line["failure"], [code for code, _ in line["diagnostics"]]) == (1, "", [117])
    assert line["learned"].startswith("117 ")
    (again,) = fetch(config, GERMINAL)[1]["targets"]
    assert (again["diagnostics"], again["learned"]) == ([], "")
    (shown,) = json.loads(bibliobus("target", "list", "-c", config, "--json").stdout)
    assert (shown["target"], shown["isbn"], shown["query"], shown["told"]) == ("t0", [2], [], line["learned"])
    assert bibliobus("target", "forget", "-c", config, "T0").stdout == "Forgotten: 1\n"
    assert fetch(config, GERMINAL)[1]["targets"][0]["learned"] == line["learned"]


def test_words_of_title_and_author_and_a_prefix_query_are_asked_as_well(own: Location, source: Daemon) -> None:
    port = source.ports["z3950"]
    config = configure(own, z3950(port), sru(port, syntax=["marcxchange"]))
    told = fetch(config, "--title", 'la "terre" ?', "--author", "zola", "--dry-run")[1]
    assert [line["hits"] for line in told["targets"]] == [1, 1]
    code, told = fetch(config, "--pqf", "@and @attr 1=1003 zola @attr 1=4 terre")
    assert (code, [line["hits"] for line in told["targets"]]) == (4, [1, 0])
    assert "CQL" in told["targets"][1]["failure"]
    assert bibliobus("fetch", "-c", config, "--title", "terre", GERMINAL).returncode == 2


def test_the_daemon_asks_for_the_command_by_its_own_targets(own: Location, source: Daemon) -> None:
    listening = configure(own, z3950(source.ports["z3950"], isbn="@attr 1=7 @attr 2=99 {isbn}"))
    daemon = Daemon([sys.executable, "-m", "server", "serve", "-c", str(listening)])
    try:
        bare = own.directory.with_name("bare.toml")
        bare.write_text(f"[store]\ndata = {json.dumps(str(own.directory))}\n")
        code, told = fetch(bare, GERMINAL, "--database", "NEW")
        assert (code, [each["fate"] for each in told["records"]]) == (0, ["added"])
        assert told["targets"][0]["learned"]
        with Cataloguer(daemon) as cataloguer:  # in a database that there was none of before
            assert cataloguer.ask(search("@attr 1=7 9782253004226", "NEW")).result_count == 1
        assert fetch(bare, GERMINAL)[1]["records"][0]["fate"] == "unchanged"
        assert bibliobus("fetch", "-c", bare, "--target", "x", GERMINAL).returncode == 2
        assert daemon.end() == 0
    finally:
        daemon.kill()


def test_a_daemon_that_stops_waits_for_no_target(own: Location) -> None:
    asked = threading.Event()
    with answering(hold=True, come=asked) as port:
        listening = configure(own, z3950(port, timeout=PATIENCE))
        daemon = Daemon([sys.executable, "-m", "server", "serve", "-c", str(listening)])
        try:
            command = [sys.executable, "-m", "server", "fetch", "-c", str(listening), GERMINAL]
            asking = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment())
            assert asked.wait(PATIENCE)
            began = time.monotonic()
            assert daemon.end() == 0
            assert time.monotonic() - began < PATIENCE / 2
            assert "stop" in asking.communicate(timeout=PATIENCE)[1]
            assert asking.returncode == 5
        finally:
            daemon.kill()


def test_who_interrupts_the_command_is_not_told_that_all_was_asked(own: Location) -> None:
    asked = threading.Event()
    with answering(hold=True, come=asked) as port:
        command = [sys.executable, "-m", "server", "fetch", "-c", str(configure(own, z3950(port, timeout=PATIENCE)))]
        asking = subprocess.Popen([*command, GERMINAL], stdout=subprocess.PIPE, text=True, env=environment())
        assert asked.wait(PATIENCE)
        asking.send_signal(signal.SIGINT)
        assert (asking.communicate(timeout=PATIENCE)[0], asking.returncode) == ("", 1)


def test_without_targets_or_with_a_wrong_isbn_nothing_is_asked(own: Location) -> None:
    assert bibliobus("fetch", "-c", configure(own), GERMINAL).returncode == 6
    assert bibliobus("fetch", "-c", configure(own, z3950(1)), "123").returncode == 2
    assert bibliobus("fetch", "-c", configure(own, z3950(1)), "--target", "x", GERMINAL).returncode == 2


@contextmanager
def answering(*answers: bytes, hold: bool = False, come: threading.Event | None = None) -> Iterator[int]:
    """Serve one connection, which sets *come*: an answer for each thing received, then the end (or, with *hold*, silence)."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _address = server.accept()
            if come is not None:
                come.set()
            with connection:
                for answer in answers:
                    connection.recv(65536)
                    connection.sendall(answer)
                if hold:
                    over.wait(PATIENCE)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            over.set()
            thread.join(PATIENCE)


def http(body: bytes, head: bytes = b"") -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
        + (head or b"Content-Length: %d" % len(body))
        + b"\r\n\r\n"
        + body
    )


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
HOSTILE = {
    "half a PDU, then silence": (z3950, (b"\xb5\x82\x10\x00\x83",), True, "no answer within"),
    "half a PDU, then the end": (z3950, (b"\xb5\x82\x10\x00\x83",), False, "hung up"),
    "two gigabytes announced": (z3950, (b"\xb5\x84\x7f\xff\xff\xff\x83",), True, "accepted"),
    "another protocol": (z3950, (b"220 mail.example.org ESMTP\r\n",), True, "no PDU"),
    "silence": (z3950, (), True, "no answer within"),
    "silence on HTTP": (sru, (), True, "no answer within"),
    "an XML bomb": (sru, (http(BOMB),), False, "refused"),
    "no XML": (sru, (http(b"\x00\xff" * 100),), False, "encoding"),
    "two gigabytes of HTTP announced": (sru, (http(b"<x>", b"Content-Length: 2147483647"),), False, "broke off"),
    "another document": (sru, (http(b"<html/>"),), False, "no searchRetrieveResponse"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_target_that_means_ill_is_told_and_does_no_harm(own: Location, case: str) -> None:
    wire, answers, hold, words = HOSTILE[case]
    with answering(*answers, hold=hold) as port:
        began = time.monotonic()
        code, told = fetch(configure(own, wire(port, timeout=1.5)), GERMINAL)
    assert time.monotonic() - began < PATIENCE
    assert (code, told["records"]) == (3, [])
    assert words in told["targets"][0]["failure"]
    assert rows(own, "SELECT count(*) FROM record") == [(0,)]


@needs("yaz-ztest")
def test_yaz_ztest_gives_its_records(own: Location) -> None:
    with ztest() as port:
        config = configure(own, z3950(port, database="Default", syntax=["usmarc"]))
        told = fetch(config, "--query", "dc.title=computer")[1]
    assert told["targets"][0]["failure"] == ""
    assert told["targets"][0]["hits"] > 0
    assert told["records"]


@needs("zebrasrv")
@needs("zebraidx")
def test_zebra_is_asked_by_isbn_and_query_and_its_records_are_those_that_went_in(own: Location, tmp_path: Path) -> None:
    folder = tmp_path / "zebra"
    folder.mkdir()
    made = [
        unimarc("z1", "Germinal", "Émile", "Zola", GERMINAL, "1885"),
        unimarc("z2", "La Bête humaine", "Émile", "Zola", "9782070360024", "1890"),
    ]
    with zebra(folder, [each.iso2709 for each in made], "Town") as port:
        config = configure(own, z3950(port, database="Town", syntax=["unimarc"]))
        told = fetch(config, GERMINAL)[1]
        assert [(line["hits"], line["failure"]) for line in told["targets"]] == [(1, "")]
        told = fetch(config, "--author", "zola", "--title", "bête")[1]
        assert [(line["hits"], line["failure"]) for line in told["targets"]] == [(1, "")]
    assert rows(own, "SELECT control, title, iso2709 FROM record ORDER BY id") == [
        (each.control, each.title, each.iso2709) for each in made
    ]
