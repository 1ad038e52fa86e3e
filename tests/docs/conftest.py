"""The demo network, served by the real daemon for a page."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from server.demo import create_demo
from storage.database import Location
from tests.docs.page import ROOT

TOOLS: Final = Path(__file__).with_name("tools")
WIRES: Final = {"6001": "sip2", "2100": "z3950", "8080": "web"}
"""The ports that pages name, and whose they are."""


class Shell:
    """Runs the commands of a page, in a folder of its own, against a daemon of its own."""

    def __init__(self, folder: Path, environment: dict[str, str], ports: dict[str, str]) -> None:
        self.folder = folder
        self._environment = environment
        self._ports = ports

    def run(self, command: str) -> tuple[int, str]:
        """Run a block; return its exit code and what it wrote."""
        for port, wire in WIRES.items():
            command = re.sub(rf"(?<=127\.0\.0\.1[ :]){port}\b", self._ports[wire], command)
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", command],
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout.decode(errors="replace")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the demo network."""
    location = Location(tmp_path_factory.mktemp("demo") / "data")
    create_demo(location, lambda *_progress: None)
    return location.directory


@pytest.fixture
def shell(demo: Path, tmp_path: Path) -> Iterator[Shell]:
    """A shell with the clients of this machine, and stand-ins for those that it does not have."""
    with _serving(demo, tmp_path, [os.environ["PATH"], _stand_ins(tmp_path / "stand-ins")]) as found:
        yield found


@pytest.fixture
def bare_shell(demo: Path, tmp_path: Path) -> Iterator[Shell]:
    """A shell with the stand-ins alone, as on a machine without clients."""
    with _serving(demo, tmp_path, [_stand_ins(tmp_path / "stand-ins"), os.environ["PATH"]]) as found:
        yield found


@contextmanager
def _serving(demo: Path, folder: Path, paths: list[str]) -> Iterator[Shell]:
    shutil.copytree(demo, folder / "data")
    (folder / "docs").symlink_to(ROOT / "docs")
    (folder / "bin").mkdir()
    (folder / "bin" / "bibliobus").symlink_to(Path(sys.executable).with_name("bibliobus"))
    python = folder / "bin" / "python"  # no link: through one it would not find its environment
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PATH": os.pathsep.join([str(folder / "bin"), *paths])}
    listen = [f"--{wire}=tcp:0:interface=127.0.0.1" for wire in WIRES.values()]
    log = folder / "log"
    with log.open("wb") as file:
        daemon = subprocess.Popen(
            ["bibliobus", "serve", *listen], cwd=folder, env=environment, stdout=file, stderr=file
        )
    try:
        yield Shell(folder, environment, _ports(daemon, log))
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(30)


def _stand_ins(folder: Path) -> str:
    folder.mkdir()
    for tool in TOOLS.glob("*.py"):
        script = folder / tool.stem
        script.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} {tool} "$@"\n')
        script.chmod(0o755)
    return str(folder)


def _ports(daemon: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    while daemon.poll() is None:
        for line in log.read_text().splitlines():
            if '"state":"ready"' in line:
                ready = json.loads(line)
                return {wire: ready[wire].rpartition(":")[2] for wire in WIRES.values()}
        time.sleep(0.02)
    raise AssertionError(log.read_text())
