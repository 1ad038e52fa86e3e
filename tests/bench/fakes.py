"""Servers that answer by a function, each connection in a thread, for the tests of the load generator."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[[bytes], bytes | None]
"""What is sent for a message; None closes the connection."""


class Fake(socketserver.ThreadingTCPServer):
    """A server on a free port of this machine."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, split: Callable[[bytes], int], answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.split, self.answer = split, answer
        self.received: list[bytes] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Handler(socketserver.BaseRequestHandler):
    server: Fake

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting = b""
        with suppress(OSError):
            while data := self.request.recv(65536):
                waiting += data
                while waiting and (size := self.server.split(waiting)) > 0:
                    message, waiting = waiting[:size], waiting[size:]
                    self.server.received.append(message)
                    answer = self.server.answer(message)
                    if answer is None:
                        return
                    # In two pieces, so that a reply is read in more than one.
                    self.request.sendall(answer[:3])
                    self.request.sendall(answer[3:])


@contextmanager
def serving(split: Callable[[bytes], int], answer: Answer) -> Iterator[Fake]:
    with Fake(split, answer) as fake:
        thread = threading.Thread(target=fake.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield fake
        fake.shutdown()
        thread.join()


def sip2(body: bytes, sequence: bytes) -> bytes:
    """Return a SIP2 line with its trailer."""
    line = body + b"AY" + sequence + b"AZ"
    return line + b"%04X\r" % (-sum(line) & 0xFFFF)
