"""The load generator: what it is told (a script of precomputed messages), how it is run, what it answers.

Script file, little-endian 32-bit numbers, a text being its size and its octets:

    framing, steps, frames, connections
    frames x       step, request text, prefix text, needles, needles x text
    connections x  prelude, cycle, (prelude + cycle) x number of a frame
"""

from __future__ import annotations

import enum
import json
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

SOURCE: Final = Path(__file__).with_name("load.c")
SLOW: Final = Path(__file__).with_name("slow_load.py")
SHOWN: Final = 160
"""Octets of a message in a sample of what went wrong."""


class Framing(enum.IntEnum):
    """How the end of a reply is known."""

    CR = 0  # and when the request has AY and AZ, so must the reply
    BER = 1
    HTTP = 2


@dataclass(frozen=True)
class Frame:
    """One request, ready to send, and what shows that its reply is right: how it begins, and what it contains."""

    step: str
    request: bytes
    prefix: bytes
    needles: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Connection:
    """What one connection sends: the prelude once, then the cycle again and again."""

    prelude: Sequence[Frame]
    cycle: Sequence[Frame] = ()


@dataclass(frozen=True)
class Script:
    """A whole load."""

    framing: Framing
    connections: Sequence[Connection]
    steps: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        for connection in self.connections:
            for frame in (*connection.prelude, *connection.cycle):
                if frame.step not in self.steps:
                    self.steps.append(frame.step)

    def write(self, path: Path) -> None:
        """Write the script file. A frame that several connections send is written once."""
        numbers: dict[Frame, int] = {}
        orders = []
        for connection in self.connections:
            order = [numbers.setdefault(frame, len(numbers)) for frame in (*connection.prelude, *connection.cycle)]
            orders.append(_numbers(len(connection.prelude), len(connection.cycle), *order))
        frames = [
            _numbers(self.steps.index(frame.step))
            + _text(frame.request)
            + _text(frame.prefix)
            + _numbers(len(frame.needles))
            + b"".join(map(_text, frame.needles))
            for frame in numbers
        ]
        head = _numbers(self.framing, len(self.steps), len(frames), len(self.connections))
        path.write_bytes(b"".join([head, *frames, *orders]))


def _numbers(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def _text(octets: bytes) -> bytes:
    return _numbers(len(octets)) + octets


@dataclass(frozen=True)
class Latency:
    """What the replies to one step took, in microseconds."""

    count: int
    mean_us: float
    p50_us: float
    p95_us: float
    p99_us: float
    p999_us: float
    max_us: float


@dataclass(frozen=True)
class Result:
    """What a run of the generator found."""

    connections: int
    ready_seconds: float
    seconds: float
    generator_cpu_seconds: float
    all: Latency
    steps: dict[str, Latency]
    errors: int
    kinds: dict[str, int]
    samples: list[dict[str, str]]

    @property
    def rate(self) -> float:
        """Replies a second."""
        return self.all.count / self.seconds


class Generator:
    """A command that plays a script against a server."""

    def __init__(self, command: Sequence[str], name: str) -> None:
        self.command = tuple(command)
        self.name = name

    def start(
        self,
        script: Script,
        folder: Path,
        port: int,
        *,
        warmup: float = 0,
        seconds: float = 0,
        core: Sequence[str] = (),
        spin: bool = False,
    ) -> Run:
        """Start to play *script*, written into *folder*, against *port* of this machine.

        *core* is what pins a command; with *spin* the generator never sleeps, and needs a core of its own.
        """
        path = folder / "script"
        script.write(path)
        arguments = ["127.0.0.1", str(port), str(path), str(warmup), str(seconds), "spin" if spin else "sleep"]
        return Run(
            subprocess.Popen(
                [*core, *self.command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            ),
            script,
        )


class Run:
    """A generator at work."""

    def __init__(self, process: subprocess.Popen[str], script: Script) -> None:
        self._process = process
        self._script = script

    def wait_for(self, word: str) -> None:
        """Wait until the generator says "ready", "start" or "stop"."""
        line = self._line()
        if line != word:
            self._process.kill()
            self._end()
            raise GeneratorFailed(f"the load generator said {line!r} when it should have said {word!r}")

    def finish(self) -> Result:
        """Let idle connections go, and take the result."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        line = self._line()
        self._end()
        try:
            found: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise GeneratorFailed(f"the load generator gave no result: {line!r}") from error
        found["all"] = Latency(**found["all"])
        steps = zip(self._script.steps, found["steps"], strict=True)
        found["steps"] = {step: Latency(**latency) for step, latency in steps}
        return Result(**found)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def _end(self) -> None:
        with self._process:  # which closes its pipes and waits
            pass


class GeneratorFailed(Exception):
    """The generator could not do its work."""


def play(
    generator: Generator,
    script: Script,
    folder: Path,
    port: int,
    *,
    warmup: float = 0,
    seconds: float = 0,
    core: Sequence[str] = (),
    spin: bool = False,
    mark: Callable[[str], None] = lambda _word: None,
) -> Result:
    """Play *script* to its end; *mark* is called with "start" and "stop" when what is counted starts and stops."""
    run = generator.start(script, folder, port, warmup=warmup, seconds=seconds, core=core, spin=spin)
    run.wait_for("ready")
    for word in ("start", "stop"):
        run.wait_for(word)
        mark(word)
    return run.finish()


def compiled(folder: Path) -> Generator | None:
    """Compile load.c into *folder*, or return None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    program = folder / "load"
    subprocess.run([compiler, "-O2", "-std=gnu11", "-o", program, SOURCE], check=True)
    return Generator([str(program)], "C")


def interpreted() -> Generator:
    """Return the generator in Python, for machines without a C compiler: it costs as much as the server does."""
    return Generator([sys.executable, str(SLOW)], "Python")
