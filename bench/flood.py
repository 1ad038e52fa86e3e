"""Terminals that ask without end and wait for nothing: `python -m bench.flood PORT LIBRARY...`, until it is killed."""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Final

from bench.load import GeneratorFailed
from bench.machine import LOAD_CORE, pinned
from bench.network import item
from bench.sip2 import login

FLOODERS: Final = 64
_BOTH: Final = selectors.EVENT_READ | selectors.EVENT_WRITE
_ASKED: Final = memoryview(f"1720261122    120000AB{item(0)}|\r".encode() * 2_000)


class Flooder:
    """A connection that is always written to. Raises GeneratorFailed when its login is refused."""

    def __init__(self, port: int, library: str) -> None:
        self.line = socket.create_connection(("127.0.0.1", port))
        frame = login(f"kiosk-{library.lower()}", library)
        self.line.sendall(frame.request)
        if not self.line.recv(64).startswith(frame.prefix):
            raise GeneratorFailed(f"the terminal of {library} that is to flood could not log in")
        self.line.setblocking(False)
        self._at = 0

    def go_on(self, events: int) -> None:
        """Take what has come, unlooked at, and send what there is room for. Raises OSError."""
        if events & selectors.EVENT_READ:
            self.line.recv(1 << 17)
        if events & selectors.EVENT_WRITE:
            self._at = (self._at + self.line.send(_ASKED[self._at :])) % len(_ASKED)


def _flood(port: int, libraries: Sequence[str]) -> None:
    with selectors.DefaultSelector() as selector:
        for library, _ in zip(cycle(libraries), range(FLOODERS), strict=False):
            flooder = Flooder(port, library)
            selector.register(flooder.line, _BOTH, flooder)
        print("ready", flush=True)
        while True:
            for key, events in selector.select():
                key.data.go_on(events)


@contextmanager
def flooding(port: int, libraries: Sequence[str]) -> Iterator[None]:
    """Have `FLOODERS` terminals flood, on the load's core, where what is measured goes first. Raises GeneratorFailed."""
    command = [*pinned(LOAD_CORE), "nice", "-n19", sys.executable, "-m", "bench.flood", str(port), *libraries]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            if process.stdout.readline() != "ready\n":
                raise GeneratorFailed("no terminals flood")
            yield
            if process.poll() is not None:
                raise GeneratorFailed("the terminals that flood were cut off")
        finally:
            process.kill()


if __name__ == "__main__":
    _flood(int(sys.argv[1]), sys.argv[2:])
