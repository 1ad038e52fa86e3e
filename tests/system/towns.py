"""Two networks that lend to each other: each a real daemon on a store of its own, killed and started at will."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from random import SystemRandom
from typing import Any

from sqlalchemy import update

from server.writing import writing
from storage import schema
from storage.database import Location
from tests.server.sip2 import kiosk
from tests.server.z3950.origin import fill_catalogue
from tests.system.running import PATIENCE, Daemon, Kiosk, environment, write_config

STEP = 0.1
_seconds = count(1)


_PORTS = range(20_000, 32_000)
"""Below those that systems give to connections going out: such a one would keep a daemon that was killed from its port."""


def free_port() -> int:
    """Return a port that nobody listens on, to be listened on again and again."""
    while True:
        port = SystemRandom().choice(_PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def eventually(truth: Callable[[], Any], otherwise: Callable[[], object]) -> Any:
    """Wait until *truth* is so, and return it."""
    for _ in range(int(PATIENCE / STEP)):
        found = truth()
        if found:
            return found
        time.sleep(STEP)
    raise AssertionError(otherwise())


class Town:
    """A network: its store, its daemon (None while it is down), its kiosks and its command line."""

    def __init__(self, directory: Path, template: Path, agency: str, partner: str, **profile: Any) -> None:
        shutil.copytree(template, directory)
        self.location = Location(directory)
        self.agency, self.partner = agency, partner
        self.port = free_port()
        self.daemon: Daemon | None = None
        self._profile = {
            "account": "R9",
            "our_agency": agency,
            "timeout": 2,
            "retry_first": 1,
            "retry_longest": 2,
        } | profile
        with self.location.engine().begin() as connection:
            fill_catalogue(connection)

    @property
    def endpoint(self) -> str:
        """Where its responder answers."""
        return f"http://127.0.0.1:{self.port}/ncip"

    def knows(self, endpoint: str) -> None:
        """Declare the partner, before the first start."""
        values = {"agency": self.partner, "endpoint": endpoint, "profile": json.dumps(self._profile)}
        with self.location.engine().begin() as connection:
            connection.execute(update(schema.partner).values(values))
        self.config = write_config(self.location, web=[f"tcp:{self.port}:interface=127.0.0.1"])

    def start(self) -> None:
        """Have the daemon run."""
        if self.daemon is None:
            self.daemon = Daemon([sys.executable, "-m", "server", "serve", "-c", str(self.config)])

    def kill(self) -> None:
        """Have it end at once, whatever it does."""
        if self.daemon is not None:
            self.daemon.end(signal.SIGKILL)
            self.daemon = None

    @contextmanager
    def away(self) -> Iterator[None]:
        """Kill the daemon, and start it again afterwards."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    def do(self, operation: str, **arguments: Any) -> Any:
        """Have an operation done as its command would: by the daemon, or without one."""
        with writing(self.location) as writer:
            return writer.run(operation, **arguments)

    def ask(self, identifier: str, card: str = "R1") -> str:
        """Ask the partner; give the number of the request."""
        told = self.do(
            "ill.ask", partner=self.partner, library="LIEVIN", card=card, identifier=identifier, title="", author="", needed_by=None
        )  # fmt: skip
        assert told["refused"] is None
        return str(told["number"])

    def note(self, event: str, agency: str, number: str, due_on: str | None = None) -> Any:
        """Note what has happened to a request; give why it is refused."""
        told = self.do(
            "ill.note", partner=self.partner, library="LENS", agency=agency, number=number, event=event, due_on=due_on
        )
        return told["refused"]

    def watch(self) -> None:
        """Have what scans have shown be seen now."""
        self.do("job.run", job="watch-ill", begins=True)

    def scan(self, barcode: str, place: str = "lens") -> bytes:
        """Take an item in at a kiosk."""
        return self._at(place, kiosk.checkin(barcode.encode()))

    def lend(self, card: str, barcode: str, place: str = "lievin") -> bytes:
        """Lend an item at a kiosk."""
        return self._at(place, kiosk.checkout(card.encode(), barcode.encode()))

    def _at(self, place: str, body: bytes) -> bytes:
        assert self.daemon is not None
        moment = time.strftime("%Y%m%d    %H%M%S", time.localtime(time.time() + next(_seconds))).encode()
        with Kiosk(self.daemon, b"kiosk-" + place.encode()) as desk:
            return desk.ask(body.replace(kiosk.DATE, moment))

    def sql(self, statement: str) -> list[Any]:
        """Read the store."""
        with self.location.engine(reads=True).connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

    def request(self, number: str) -> dict[str, Any]:
        """Give a request as the store has it, nothing while it is not there."""
        names = ("state", "barcode", "due_back_on", "recalled_on", "item_id", "patron_id")
        found = self.sql(f"SELECT {', '.join(names)} FROM ill_request WHERE number = '{number}'")
        return dict(zip(names, found[0], strict=True)) if found else dict.fromkeys(names)

    def waiting(self) -> list[Any]:
        """Give the letters that wait."""
        return self.sql("SELECT service, tries, trouble FROM outbox WHERE state = 'waiting'")

    def tried(self) -> None:
        """Wait until something could not be brought."""
        eventually(lambda: any(tries for _, tries, _ in self.waiting()), self.waiting)

    def twice(self) -> dict[tuple[str, str], int]:
        """Give what the journal says to have happened to a request more than once."""
        happened = Counter(self.sql("SELECT act, detail FROM journal WHERE act LIKE 'ill-%'"))
        return {act: times for act, times in happened.items() if times > 1}


def both_are(towns: tuple[Town, Town], number: str, state: str) -> None:
    """Wait until a request has come to *state* on both sides."""
    eventually(
        lambda: {town.request(number)["state"] for town in towns} == {state},
        lambda: (state, [(town.request(number), town.waiting()) for town in towns]),
    )


class DepartmentDaemon:
    """`bibliobus-department` as a process, with a scenario that may change between its starts."""

    def __init__(self, folder: Path, agency: str, town: Town, items: int = 40) -> None:
        self.port = free_port()
        self._scenario = folder / "scenario.toml"
        self.location = Location(folder / "department")
        self._command = [
            sys.executable, "-m", "server.department", "--data", str(self.location.directory), "--agency", agency,
            "--partner", town.agency, "--endpoint", town.endpoint, "--items", str(items), "--scenario", str(self._scenario),
            "--listen", f"tcp:{self.port}:interface=127.0.0.1",
        ]  # fmt: skip
        self._log = folder / "department.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}/ncip"

    def scenario(self, text: str) -> None:
        """Say how it behaves from its next start on."""
        self._scenario.write_text(text)

    def start(self) -> None:
        """Have it run, and answer."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, env=environment())
        eventually(self._listens, self._log.read_text)

    def _listens(self) -> bool:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False

    def kill(self) -> None:
        """Have it end at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def sql(self, statement: str) -> list[Any]:
        """Read its store."""
        with self.location.engine(reads=True).connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

    def count(self, role: str) -> int:
        """Count its requests of a role."""
        return int(self.sql(f"SELECT count(*) FROM ill_request WHERE role = '{role}'")[0][0])
