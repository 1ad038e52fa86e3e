"""The real daemon over HTTP: judged by the conformance kit, and asked by an unrelated client."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.results import Failed, Level, Outcome
from conformance.sru.bench import Session
from conformance.sru.client import Client, children
from conformance.sru.command import CHECKS
from storage.database import Location
from tests.server.z3950.origin import fill_catalogue
from tests.system.peers import needs

from .running import PATIENCE, Daemon, page, reading, serving


@pytest.fixture
def daemon(location: Location) -> Iterator[Daemon]:
    """A running daemon with the small catalogue."""
    with location.engine().begin() as connection:
        fill_catalogue(connection)
    with serving(location) as running:
        yield running


def test_the_daemon_is_found_in_order_on_both_ports(daemon: Daemon) -> None:
    for url in (
        f"http://127.0.0.1:{daemon.ports['z3950']}/network",
        f"http://127.0.0.1:{daemon.ports['web']}/sru/network",
    ):
        results = list(CHECKS.run(Session(Client(url, PATIENCE), "germinal")))
        assert [(each.name, each.detail) for each in results if each.outcome is not Outcome.PASSED] == []
        assert sum(each.level is Level.MUST for each in results) >= 30


def test_the_first_page_names_what_is_served(daemon: Daemon) -> None:
    status, text = page(daemon, "/")
    assert status == 200
    assert "/sru" in text
    assert "/oai" in text
    assert "<Identify>" in page(daemon, "/oai?verb=Identify")[1]


def test_a_process_that_only_reads_serves_it_too(daemon: Daemon, location: Location) -> None:
    with reading(location) as beside:
        assert "<numberOfRecords>3</numberOfRecords>" in page(beside, "/sru?query=zola")[1]
        assert "<Identify>" in page(beside, "/oai?verb=Identify")[1]


SCRIPT = [
    ("sru get 1.1", []),
    ("find dc.title=germinal", ["Number of hits: 1"]),
    ("schema dc", []),
    ("show 1", ["<title>Germinal</title>"]),
    ("sru soap 1.1", []),
    ("find dc.creator=zola", ["Number of hits: 3"]),
    ("sru post 1.2", []),
    ("find dc.creator=zola not dc.title=germinal", ["Number of hits: 2"]),
    ("sru get 2.0", []),
    ("find dc.nosuch=x", ["info:srw/diagnostic/1/16", "character 1"]),
    ("scan dc.title=germinal", ["germinal: 1"]),
    ("explain", ["explain.z3950.org"]),
]


def by_yaz_client(client: str, address: str, commands: list[str], directory: Path) -> str:
    """Return what yaz-client has to say to the commands."""
    script = directory / "commands"
    script.write_text("\n".join([commands[0], f"open {address}", *commands[1:], "quit"]) + "\n")
    done = subprocess.run([client, "-f", str(script)], capture_output=True, timeout=60, check=True)
    return done.stdout.decode(errors="replace")


def by_the_kit(address: str, commands: list[str]) -> str:
    """Return what the kit's client gets for the commands, said as yaz-client does."""
    client = Client(address)
    said: list[str] = []
    asked: dict[str, str] = {}
    method, version = "get", "1.1"
    for command in commands:
        word, _, rest = command.partition(" ")
        if word == "sru":
            method, version = rest.split()
            continue
        if word == "schema":
            asked["recordSchema"] = rest
            continue
        query = {"scanClause": rest} if word == "scan" else {"query": rest}
        operation = {"scan": "scan", "explain": "explain"}.get(word, "searchRetrieve")
        if word == "show":
            query = {"query": "dc.title=germinal"}
        values = {"version": version, **({} if word == "explain" else query), **(asked if word != "scan" else {})}
        if method == "soap":
            reply = client.soap(operation, **values)
        else:
            reply = (client.post if method == "post" else client.get)(operation=operation, **values)
        said.append(f"Number of hits: {reply.text('numberOfRecords')}")
        terms = [[each.text for each in term.children] for term in children(reply.root, "terms", "term")]
        said += [f"{term[0]}: {term[1]}" for term in terms]
        said += [f"info:srw/diagnostic/1/{each.number} {each.details}" for each in reply.told]
        said.append(reply.body.decode())
    return "\n".join(said)


def test_an_unrelated_client_gets_the_same_in_every_version(daemon: Daemon, tmp_path: Path) -> None:
    commands = [command for command, _ in SCRIPT]
    address = f"http://127.0.0.1:{daemon.ports['z3950']}/network"
    client = shutil.which("yaz-client")
    for said in [
        by_the_kit(address, commands),
        *([by_yaz_client(client, address, commands, tmp_path)] if client else []),
    ]:
        check(said)


def check(said: str) -> None:
    """Find what is expected, in order."""
    at = 0
    for command, expected in SCRIPT:
        for part in expected:
            found = said.find(part, at)
            assert found >= 0, f"{command}: {part} is not in {said[at:]}"
            at = found


def test_two_protocols_are_spoken_on_one_port_at_once(daemon: Daemon) -> None:
    from tests.server.z3950.origin import search

    from .running import Cataloguer

    name = (
        Client(f"http://127.0.0.1:{daemon.ports['z3950']}/network")
        .get(version="1.2", operation="searchRetrieve", query="dc.creator=zola", maximumRecords=1)
        .text("resultSetId")
    )
    with Cataloguer(daemon) as origin:
        response = origin.ask(search(f'@and @set "{name}" @attr 1=4 germinal'))
        assert (response.search_status, response.result_count) == (True, 1)


@needs("yaz-ztest")
def test_a_server_of_others_is_judged(tmp_path: Path) -> None:
    """Hold the kit against a target of another house, whose SRU is known: it answers, checks no query, and dies of a scan."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen(["yaz-ztest", f"@:{port}"], cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        try:
            client = Client(f"http://127.0.0.1:{port}/Default")
            wait_for(client)
            found = {each.name: each.outcome for each in CHECKS.run(Session(client, "mot"))}
        finally:
            process.terminate()
    assert found["search-1"] is Outcome.PASSED
    assert found["refuses-cql-index"] is Outcome.FAILED
    assert found["explain-zeerex"] is Outcome.NOT_APPLICABLE


def wait_for(client: Client) -> None:
    """Wait until a server answers."""
    for _ in range(300):
        try:
            client.get(version="1.1", operation="searchRetrieve", query="x", maximumRecords=0)
        except Failed:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("the server does not answer")
