"""A real daemon in a process of its own, and blocking clients that speak to it over real sockets."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

from protocols.z3950.apdu import Pdu
from protocols.z3950.session import Association, Fault, Role
from storage.database import Location
from tests.server.ncip.partner import Answer
from tests.server.sip2.kiosk import login
from tests.server.z3950.origin import init

PATIENCE: Final = 30.0
"""Seconds after which something has gone wrong."""
LOOPBACK: Final = '"tcp:0:interface=127.0.0.1"'


def environment(**more: str) -> dict[str, str]:
    """Return an environment for a process that speaks English and reads no configuration of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "BIBLIOBUS"))}
    return {**kept, "LANG": "C.UTF-8", **more}


def write_config(location: Location, **listen: Sequence[str]) -> Path:
    """Write the configuration of a daemon on the store at *location*, at ports that the system chooses."""
    endpoints = {
        wire: ", ".join(map(json.dumps, listen.get(wire, ()))) or LOOPBACK for wire in ("sip2", "z3950", "web")
    }
    path = location.directory.with_name(f"{location.directory.name}.toml")
    lines = [
        "[store]",
        f"data = {json.dumps(str(location.directory))}",
        f"url = {json.dumps(location.url)}",
        "[listen]",
    ]
    lines += [f"{wire} = [{listed}]" for wire, listed in endpoints.items()]
    path.write_text("\n".join([*lines, "[log]", 'level = "debug"', ""]))
    return path


class Daemon:
    """A daemon: a process, and the log it has written so far."""

    def __init__(self, command: Sequence[str], **more: str) -> None:
        self.log: list[dict[str, Any]] = []
        self.raw = ""
        self.ready = threading.Event()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(**more),
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.ready.wait(PATIENCE)
        self.ports: dict[str, int] = {}
        for event in self.log:
            if event.get("state") == "ready":
                served = [wire for wire in ("sip2", "z3950", "web") if event[wire]]
                self.ports = {wire: int(event[wire].rpartition(":")[2]) for wire in served}
        assert self.ports, self.raw

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.raw += line
            if line.startswith("{"):
                self.log.append(json.loads(line))
                if self.log[-1].get("state") == "ready":
                    self.ready.set()
        self.ready.set()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; return the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end; return the exit code."""
        code = self.process.wait(PATIENCE)
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    def kill(self) -> None:
        """End it, if it has not ended."""
        if self.process.poll() is None:
            self.end(signal.SIGKILL)


@contextmanager
def serving(location: Location, *arguments: str, **listen: Sequence[str]) -> Iterator[Daemon]:
    """Run `bibliobus serve` on the store at *location*."""
    config = write_config(location, **listen)
    daemon = Daemon([sys.executable, "-m", "server", "serve", "-c", str(config), *arguments])
    try:
        yield daemon
    finally:
        daemon.kill()


def write_reading_config(location: Location) -> Path:
    """Write the configuration of a process that only reads the store at *location*."""
    config = write_config(location)
    beside = config.with_name("reader.toml")
    beside.write_text(config.read_text().replace("[listen]", "read_only = true\n[listen]"))
    return beside


@contextmanager
def reading(location: Location) -> Iterator[Daemon]:
    """Run `bibliobus serve` beside the daemon that writes the store at *location*."""
    daemon = Daemon([sys.executable, "-m", "server", "serve", "-c", str(write_reading_config(location))])
    try:
        yield daemon
    finally:
        daemon.kill()


def bibliobus(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command of ours to its end."""
    command = [sys.executable, "-m", "server", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE, env=environment())


class Kiosk:
    """A SIP2 terminal that waits for its answers."""

    def __init__(self, daemon: Daemon, user: bytes | None = b"kiosk-lens") -> None:
        self.socket = socket.create_connection(("127.0.0.1", daemon.ports["sip2"]), PATIENCE)
        if user is not None:
            assert self.ask(login(user)) == b"941"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.socket.close()

    def ask(self, body: bytes) -> bytes:
        """Send one message and return its reply; empty when the connection ends instead."""
        self.socket.sendall(body + b"\r")
        got = b""
        while not got.endswith(b"\r"):
            part = self.socket.recv(65536)
            if not part:
                return b""
            got += part
        return got.removesuffix(b"\r")


def ncip(daemon: Daemon, body: bytes) -> Answer:
    """Post an NCIP message and return its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", daemon.ports["web"], timeout=PATIENCE)
    connection.request("POST", "/ncip", body, {"Content-Type": "application/xml"})
    response = connection.getresponse()
    assert response.status == 200
    answer = Answer(response.read())
    connection.close()
    return answer


def page(daemon: Daemon, path: str) -> tuple[int, str]:
    """Get a page; return status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", daemon.ports["web"], timeout=PATIENCE)
    connection.request("GET", path)
    response = connection.getresponse()
    answer = response.status, response.read().decode()
    connection.close()
    return answer


class Cataloguer:
    """A Z39.50 origin that waits for its answers."""

    def __init__(self, daemon: Daemon, **changes: Any) -> None:
        self.socket = socket.create_connection(("127.0.0.1", daemon.ports["z3950"]), PATIENCE)
        self._association = Association(Role.ORIGIN)
        assert self.ask(init(**changes)).result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.socket.close()

    def ask(self, pdu: Pdu) -> Any:
        """Send a request and return its response."""
        self.socket.sendall(self._association.send(pdu))
        while True:
            for answer in self._association.receive(self.socket.recv(65536)):
                assert not isinstance(answer, Fault)
                self._association.accept(answer)
                return answer
