"""The real daemon, started as its users start it, on a store of its own."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.machine import SERVER_CORE, memory_kib, pinned

COMMAND: Final = str(Path(sys.executable).with_name("bibliobus"))
WIRES: Final = ("sip2", "z3950", "web")
START_SECONDS: Final = 120
STOP_SECONDS: Final = 60
_LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True)
class Daemon:
    """A daemon that runs, the ports it listens on, and what it took to start."""

    pid: int
    ports: dict[str, int]
    start_seconds: float


class DaemonFailed(Exception):
    """The daemon did not start, or did not stop in order."""


@contextmanager
def daemon(configuration: Path) -> Iterator[Daemon]:
    """Run the daemon, pinned to the server's core, on free ports; its log goes beside *configuration*."""
    log = configuration.with_name("daemon.log")
    endpoints = [f"--{wire}=tcp:0:interface=127.0.0.1" for wire in WIRES]
    began = time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*pinned(SERVER_CORE), COMMAND, "serve", f"--config={configuration}", *endpoints], stdout=out, stderr=out
        )
    try:
        ready = _wait_until_ready(process, log)
        ports = {wire: int(ready[wire].rpartition(":")[2]) for wire in WIRES}
        yield Daemon(process.pid, ports, time.perf_counter() - began)
        _stop(process, log)
    finally:
        process.kill()
        process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    for _ in range(START_SECONDS * 200):
        for line in log.read_text().splitlines():
            if '"state":"ready"' in line:
                found: dict[str, Any] = json.loads(line)
                return found
        if process.poll() is not None:
            break
        time.sleep(0.005)
    raise DaemonFailed(f"the daemon did not start:\n{log.read_text()}")


def _stop(process: subprocess.Popen[bytes], log: Path) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        raise DaemonFailed(f"the daemon did not stop when told:\n{log.read_text()}") from None
    errors = [
        line for line in log.read_text().splitlines() if '"level":"error"' in line or '"level":"critical"' in line
    ]
    if process.returncode or errors:
        raise DaemonFailed("\n".join([f"the daemon ended with {process.returncode}", *errors[:5]]))


@dataclass(frozen=True)
class Ended:
    """What a command took with its processes: seconds, processor seconds, KiB at its largest."""

    seconds: float
    processor_seconds: float
    peak_kib: int
    output: str


def run(*arguments: str) -> Ended:
    """Run `bibliobus` with *arguments* to its end, on all cores. Raises DaemonFailed."""
    return execute(COMMAND, *arguments)


def execute(*command: str) -> Ended:
    """Run a command to its end, on all cores. Raises DaemonFailed."""
    began = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = 0
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        while process.poll() is None:
            peak = max(peak, memory_kib(process.pid))
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_SECONDS)
        seconds = time.perf_counter() - began
        out.seek(0)
        output = out.read()
    if process.returncode:
        raise DaemonFailed(f"{' '.join(command)} ended with {process.returncode}:\n{output}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return Ended(seconds, processor, peak, output)
