"""What every TCP wire wants of its transport: no delay, keepalive, and bytes that leave at once.

Twisted's `transport.write` only queues: the bytes leave in the next turn of the reactor, after three more system calls
(performance.md 2.1). `send` hands them to the kernel at once when nothing waits before them, and falls back to `write` for
what the kernel does not take, and for transports that are no plain sockets (TLS, serial lines, tests).
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from twisted.internet.abstract import FileDescriptor
from twisted.internet.tcp import Connection

# What `send` looks at is not all of Twisted's documented interface: a release without it makes `send` plain `write`.
_EAGER: Final = all(
    hasattr(FileDescriptor(reactor=object()), name)  # type: ignore[arg-type]  # it is only kept
    for name in ("connected", "disconnecting", "dataBuffer", "_tempDataBuffer", "_writeDisconnected", "writeSomeData")
) and hasattr(Connection, "TLS")


def prepare(transport: Any, at_once: int | None = None) -> None:
    """Ask for keepalive and for small segments to leave undelayed, where there is a TCP connection.

    No more than *at_once* octets are taken from its socket in one turn of the reactor; Twisted itself takes 64 KiB.
    """
    with suppress(AttributeError, OSError):
        transport.setTcpNoDelay(True)
        transport.setTcpKeepAlive(True)
    while at_once is not None and transport is not None:
        if isinstance(transport, Connection):
            transport.bufferSize = at_once
        transport = getattr(transport, "transport", None)  # TLS and PROXY stand before the connection.


def send(transport: Any, data: bytes) -> None:
    """Write *data*, whole and in order, as soon as may be."""
    if (
        _EAGER
        and isinstance(transport, Connection)
        and transport.connected
        and not transport.disconnecting
        and not transport.dataBuffer
        and not transport._tempDataBuffer  # noqa: SLF001 (see _EAGER)
        and not transport._writeDisconnected  # noqa: SLF001 (see _EAGER)
        and not transport.TLS
    ):
        sent = transport.writeSomeData(data)
        # Anything but a number is a lost connection, which the reactor finds out by itself after write().
        if isinstance(sent, int):
            if sent == len(data):
                return
            data = data[sent:]
    transport.write(data)
