"""A proxy before a Z39.50 target: it keeps what both sides send, and may change the answers, to see whether the kit notices."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from conformance.z3950 import ber
from conformance.z3950.ber import Incomplete, Node

Change = Callable[[Node], Node]


class Proxy:
    """Listens on a port of its own, and passes everything on."""

    def __init__(self, port: int, change: Change | None) -> None:
        self._target, self._change = port, change
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.kept: list[tuple[int, bool, bytes]] = []
        """Number of the connection, whether the target sent it, and the octets."""
        self._threads: list[threading.Thread] = []
        self._run(self._accept)

    def _run(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        number = 0
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._run(self._pass_on, number, near, far, False)
                self._run(self._pass_on, number, far, near, True)
                number += 1

    def _pass_on(self, number: int, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        waiting = b""
        with suppress(OSError):
            while data := source.recv(1 << 16):
                self.kept.append((number, answers, data))
                if answers and self._change is not None:
                    waiting, data = self._changed(waiting + data)
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
        if answers:
            source.close()
            sink.close()

    def _changed(self, octets: bytes) -> tuple[bytes, bytes]:
        assert self._change is not None
        made = b""
        with suppress(Incomplete):
            while octets:
                node, end = ber.read(octets)
                made, octets = made + ber.written(self._change(node)), octets[end:]
        return octets, made

    def close(self) -> None:
        """Stop, when all connections have ended."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()


@contextmanager
def before(port: int, change: Change | None = None) -> Iterator[Proxy]:
    """Run a proxy before the target at a port."""
    proxy = Proxy(port, change)
    try:
        yield proxy
    finally:
        proxy.close()


def with_member(pdu: Node, tag: int, change: Callable[[Node], Node]) -> Node:
    """Return a PDU with one of its members changed."""
    return Node(pdu.tag, tuple(change(each) if each.tag == tag else each for each in pdu.nodes))
