"""Serial lines: a listener that is one device on a wire of its own, opened again when it was unplugged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import serial
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.serialport import SerialPort
from twisted.logger import Logger
from twisted.python.failure import Failure

AGAIN_SECONDS: Final = 5.0
"""After how many seconds a line that is gone is tried again."""
_PARITIES: Final = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}


class Line(NamedTuple):
    """A serial line as an endpoint describes it: `serial:/dev/ttyS0:baudrate=9600:device=kiosk-1`."""

    path: str
    baudrate: int = 9600
    parity: str = "none"
    stopbits: int = 1
    bytesize: int = 8
    device: str = ""


def parse(description: str) -> Line:
    """Return the line that *description* names. Raises ValueError."""
    _, path, *options = description.split(":")
    given: dict[str, Any] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or name not in Line._fields[1:]:
            raise ValueError(f"{option!r}: there are {', '.join(Line._fields[1:])}")
        given[name] = value if name in {"parity", "device"} else int(value)
    line = Line(path, **given)
    if not path or line.parity not in _PARITIES:
        raise ValueError(f"write serial:PATH, and parity {' or '.join(_PARITIES)}")
    return line


@dataclass(frozen=True, slots=True)
class _Host:
    name: str


class _Ears(Protocol):
    """Stands between the port and the connection, to hear when the line is gone."""

    def __init__(self, inner: Any, lost: Any) -> None:
        self._inner = inner
        self._lost = lost

    def connectionMade(self) -> None:  # noqa: N802 (Twisted's)
        """Hand the line over."""
        assert self.transport is not None
        self._inner.makeConnection(self.transport)
        self.dataReceived = self._inner.dataReceived  # type: ignore[method-assign]

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 (Twisted's)
        """Tell both."""
        self._inner.connectionLost(reason)
        self._lost()


class SerialLine:
    """A line that is listened to: what Twisted calls a listening port. *factory* makes its connection (`line`)."""

    log = Logger()

    def __init__(self, reactor: Any, line: Line, factory: Any) -> None:
        self._reactor = reactor
        self._line = line
        self._factory = factory
        self._port: Any = None
        self._waiting: Any = None
        self._stopped = False

    def start(self) -> None:
        """Open the line. Raises OSError when it cannot be opened."""
        line, connection = self._line, self._factory.line(self._line.device)
        if connection is None:
            self._lost()
            return
        ears = _Ears(connection, self._lost)
        self._port = SerialPort(
            ears, line.path, self._reactor, baudrate=line.baudrate, parity=_PARITIES[line.parity],
            stopbits=line.stopbits, bytesize=line.bytesize,
        )  # fmt: skip

    def _lost(self) -> None:
        self._port = None
        if not self._stopped:
            self._waiting = self._reactor.callLater(AGAIN_SECONDS, self._again)

    def _again(self) -> None:
        self._waiting = None
        try:
            self.start()
        except OSError as error:
            self.log.warn("{path}: {error}", path=self._line.path, error=error.strerror or error)  # noqa: G010 (Twisted's)
            self._lost()

    def getHost(self) -> _Host:  # noqa: N802 (Twisted's)
        """Return where it listens."""
        return _Host(self._line.path)

    def stopListening(self) -> None:  # noqa: N802 (Twisted's)
        """Open it no more; the connection ends when the factory drains."""
        self._stopped = True
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
