"""The real daemon and an unrelated client: yaz-client where it is installed, else our own with the same script."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocols.marc import iso2709
from protocols.marc.marcxml import record_xml
from storage.database import Location
from tests.server.z3950.origin import PAGES, fill_catalogue
from tests.server.z3950.test_update import declare_cataloguers, marc
from tests.system.peers import needs

from .z3950_shell import Shell

# A command, and what stands in the answer to it.
SCRIPT = [
    ("find @attr 1=4 germinal", ["Number of hits: 1, setno 1"]),
    ("format unimarc", []),
    ("show 1", ["[network]Record type", "Germinal", "Mines", "En rayon"]),
    ("format usmarc", []),
    ("show 1", ["[network]Record type", "Germinal", "Mines", "En rayon"]),
    ("format xml", []),
    ("show 1", ["[network]Record type", "Germinal", "En rayon"]),
    ("format sutrs", []),
    ("elements B", []),
    ("show 1", ["[network]Record type", "Germinal", "En rayon"]),
    ("find @attr 1=1003 zola", ["Number of hits: 3, setno 2"]),
    ("find @not @set 2 @set 1", ["Number of hits: 2, setno 3"]),
    ("find @attr 1=4 @attr 5=1 pag", [f"Number of hits: {PAGES}, setno 4"]),
    (f"show 1+{PAGES}", [f"Page {number}" for number in range(PAGES)]),
    (f"show {PAGES + 1}", ["[13]", f"'{PAGES + 1}'"]),
    ("scan @attr 1=4 germinal", ["germinal (1)", "la (1)", "les (1)"]),
    ("find @attr 1=1003 zola", ["Number of hits: 3, setno 5"]),
    ("sort 1=4 >i", []),
    ("show 1+3", ["La Terre", "uvre", "Germinal"]),
    ("find @attr 1=9999 x", ["Number of hits: 0", "[114]", "'9999: "]),
    ("find @attr 1=4 @attr 2=1 x", ["[123]"]),
    ("base lens", []),
    ("find zola", ["Number of hits: 2"]),
    ("base nosuch", []),
    ("find zola", ["[235]", "'nosuch'"]),
]


@pytest.fixture
def port(location: Location) -> Iterator[int]:
    """The Z39.50 port of a running daemon with the small catalogue; afterwards it ends well."""
    with location.engine().begin() as connection:
        fill_catalogue(connection)
        declare_cataloguers(connection)
    anywhere = "tcp:0:interface=127.0.0.1"
    listen = [part for wire in ("--sip2", "--z3950", "--web") for part in (wire, anywhere)]
    command = [str(Path(sys.executable).with_name("bibliobus")), "serve", "--data", str(location.directory), *listen]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        assert daemon.stderr is not None
        events = map(json.loads, daemon.stderr)
        ready = next(event for event in events if event.get("state") == "ready")
        yield int(ready["z3950"].rpartition(":")[2])
        daemon.send_signal(signal.SIGTERM)
        assert [event["text"] for event in events if event["level"] in {"warn", "error", "critical"}] == []
    assert daemon.returncode == 0


def by_yaz_client(client: str, port: int, commands: list[str], directory: Path) -> str:
    """Return what yaz-client has to say to the commands."""
    script = directory / "commands"
    script.write_text("\n".join([f"open localhost:{port}/network", *commands, "close", "quit"]) + "\n")
    done = subprocess.run([client, "-f", str(script)], capture_output=True, timeout=60, check=True)
    return done.stdout.decode(errors="replace")


def test_an_unrelated_client_finds_and_shows_records(port: int, tmp_path: Path) -> None:
    commands = [command for command, _ in SCRIPT]
    client = shutil.which("yaz-client")
    said = by_yaz_client(client, port, commands, tmp_path) if client else Shell(port).run(commands)
    at = 0
    for command, expected in SCRIPT:
        for part in expected:
            found = said.find(part, at)
            assert found >= 0, f"{command}: {part} is not in {said[at:]}"
            at = found


@needs("yaz-client")
def test_an_unrelated_client_saves_a_record(port: int, tmp_path: Path) -> None:
    record = tmp_path / "record.xml"  # which is what it sends
    raw = marc("yaz1", "La fourmi rouge")
    record.write_text(record_xml(raw[:24], iso2709.fields(raw)))
    commands = ["find fourmi", "format unimarc", f"update insert 1 <{record}", "find fourmi", "show 1"]
    said = by_yaz_client(
        "yaz-client", port, ["close", "auth marie/demo", f"open localhost:{port}/network", *commands], tmp_path
    )
    assert "Connection accepted by v3 target" in said
    assert said.index("Number of hits: 0") < said.index("Status: done") < said.index("Number of hits: 1")
    assert "La fourmi rouge" in said


@needs("yaz-client")
def test_an_unrelated_client_has_case_counted_when_it_asks_for_it_and_else_not(port: int, tmp_path: Path) -> None:
    commands = ["format unimarc"]
    for number, title in enumerate(("FOURMI", "fourmi", "Fourmi"), 1):
        record = tmp_path / f"{title}.xml"
        raw = marc(title, title)
        record.write_text(record_xml(raw[:24], iso2709.fields(raw)))
        commands.append(f"update insert {number} <{record}")
    log = tmp_path / "apdus"
    more = ["find fourmi", "sort 1=4 <", "show 1+3", "sort 1=4 s<", "show 1+3"]
    opening = ["close", f"set_apdufile {log}", "auth marie/demo", f"open localhost:{port}/network"]
    said = by_yaz_client("yaz-client", port, [*opening, *commands, *more], tmp_path)
    shown = re.findall(r"^200 .. \$a (\w+)", said, re.MULTILINE)
    assert shown == ["FOURMI", "fourmi", "Fourmi", "fourmi", "Fourmi", "FOURMI"]
    assert re.findall(r"caseSensitivity (\d)", log.read_text()) == ["1", "0"]


def test_our_own_client_gets_the_same(port: int) -> None:
    said = Shell(port).run([command for command, _ in SCRIPT])
    for command, expected in SCRIPT:
        for part in expected:
            assert part in said, f"{command}: {part}"
