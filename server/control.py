"""The control socket: how commands reach the daemon that has the store.

A UNIX socket, `control.sock`, in the data directory, for its owner alone. Frames are a length (four octets, network order)
and JSON: ``{"version": 1, "command": ..., "arguments": {...}}``, answered by ``{"result": ...}`` or
``{"refused": code, "text": ..., "details": ...}``. The requests of a connection are answered in order, one at a time.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols.basic import Int32StringReceiver
from twisted.python.failure import Failure

from server.connections import Connections
from server.metrics import METRICS, Metrics
from server.words import _

NAME: Final = "control.sock"
VERSION: Final = 1
MAX_FRAME: Final = 64 * 1024 * 1024
MAX_WAITING: Final = 4
"""Frames of a connection that wait to be taken."""
MAX_CONNECTIONS: Final = 64
PATH_LIMIT: Final = 107
"""Octets of a UNIX socket's address (unix(7))."""


class NoDaemon(Exception):
    """No daemon answers at the control socket, or not any longer."""


class Refused(Exception):
    """The daemon refused a command: `code` names why, for programs, and `details` are what JSON can hold."""

    def __init__(self, code: str, text: str, details: Any = None) -> None:
        self.code = code
        self.details = details
        super().__init__(text)


# --- the daemon's side ---------------------------------------------------------------------------------------------------

Command = Callable[..., Any]
"""Takes the arguments by name; returns what JSON can hold, or a Deferred of it. `Refused` is told to the caller."""


class ControlConnection(Int32StringReceiver):
    """A command that is talking to us."""

    MAX_LENGTH = MAX_FRAME
    log = Logger()
    transport: Any
    factory: ControlFactory

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._busy = False

    def connectionMade(self) -> None:  # noqa: N802 (Twisted's)
        """Be known to the factory."""
        self.factory.made(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 (Twisted's)
        """Forget what waits."""
        self._waiting.clear()
        self.factory.lost(self)

    def stringReceived(self, string: bytes) -> None:  # noqa: N802 (Twisted's)
        """Take one frame; who sends more than may wait is not read until there is room."""
        self._waiting.append(string)
        if len(self._waiting) >= MAX_WAITING:
            self.transport.pauseProducing()
        self._work()

    def finish(self) -> None:
        """Answer what is under way, then close."""
        self._waiting.clear()
        if not self._busy:
            self.transport.loseConnection()

    def abort(self) -> None:
        """Close at once."""
        self.transport.abortConnection()

    def _work(self) -> None:
        if self._waiting and not self._busy:
            self._busy = True
            if len(self._waiting) == MAX_WAITING and self.factory.draining is None:
                self.transport.resumeProducing()
            maybeDeferred(self._run, self._waiting.popleft()).addCallbacks(_result, self._failed).addCallback(
                self._answer
            )

    def _run(self, frame: bytes) -> Any:
        try:
            message = json.loads(frame)
            version, name, arguments = message["version"], message["command"], message["arguments"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Refused("bad-frame", "not a command") from None
        if version != VERSION:
            raise Refused("version", f"the daemon speaks version {VERSION} of the control protocol, not {version}")
        command = self.factory.commands.get(name)
        if command is None or not isinstance(arguments, dict):
            raise Refused("unknown-command", f"the daemon knows no command {name!r}")
        return command(**arguments)

    def _failed(self, failure: Failure) -> dict[str, Any]:
        error = failure.value
        if isinstance(error, Refused):
            return {"refused": error.code, "text": str(error), "details": error.details}
        self.log.failure("A command failed", failure)
        return {"refused": "failed", "text": "the daemon could not do this; its log tells why", "details": None}

    def _answer(self, answer: dict[str, Any]) -> None:
        self._busy = False
        if self.transport.connected:
            self.sendString(json.dumps(answer, ensure_ascii=False).encode())
        if self.factory.draining is None:
            self._work()
        else:
            self.transport.loseConnection()


def _result(value: Any) -> dict[str, Any]:
    return {"result": value}


class ControlFactory(Connections[ControlConnection]):
    """The commands that the daemon obeys."""

    wire = "control"

    def __init__(
        self,
        commands: Mapping[str, Command],
        clock: Any,
        *,
        metrics: Metrics = METRICS,
        limit: int = MAX_CONNECTIONS,
    ) -> None:
        super().__init__(clock, metrics, limit)
        self.commands = commands

    def make(self) -> ControlConnection:
        """Make a connection."""
        connection = ControlConnection()
        connection.factory = self
        return connection


def listen(reactor: Any, directory: Path, factory: ControlFactory) -> IListeningPort:
    """Listen on the control socket of *directory*. What a dead daemon left there is removed.

    Raises `Refused` when a living one has it, or when the path is too long for the address of a socket.
    """
    path = directory.absolute() / NAME
    if len(os.fsencode(path)) > PATH_LIMIT:
        text = _("The path {path} is too long for a socket ({limit} octets): choose another directory.")
        raise Refused("unavailable", text.format(path=path, limit=PATH_LIMIT))
    with suppress(NoDaemon):
        Client(directory).close()
        raise Refused("unavailable", _("Another daemon runs in {directory}.").format(directory=directory))
    path.unlink(missing_ok=True)
    port: IListeningPort = reactor.listenUNIX(str(path), factory, mode=0o600)
    return port


# --- a command's side ----------------------------------------------------------------------------------------------------


class Client:
    """A connection to the daemon of *directory*. Raises `NoDaemon` when there is none."""

    def __init__(self, directory: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(str(directory / NAME))
        except OSError:
            self._socket.close()
            raise NoDaemon(_("No daemon answers at {path}.").format(path=directory / NAME)) from None

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def call(self, command: str, **arguments: Any) -> Any:
        """Have *command* done and return its result. Raises `Refused`, or `NoDaemon` when the daemon goes away."""
        message = {"version": VERSION, "command": command, "arguments": arguments}
        frame = json.dumps(message, ensure_ascii=False).encode()
        try:
            self._socket.sendall(struct.pack("!I", len(frame)) + frame)
            answer = json.loads(self._read(struct.unpack("!I", self._read(4))[0]))
        except OSError:
            raise NoDaemon(_("The daemon stopped meanwhile.")) from None
        if "refused" in answer:
            raise Refused(answer["refused"], answer["text"], answer["details"])
        return answer["result"]

    def _read(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size:
            part = self._socket.recv(min(size, 1 << 20))
            if not part:
                raise NoDaemon(_("The daemon stopped meanwhile."))
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
