"""The kit as the responder: it takes what an initiator sends, answers so that it goes on (or, unruly, does not), and judges it."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from conformance.ncip.initiator import Heard, Treatment, hear
from conformance.ncip.replies import refused, reply
from protocols.ncip import MEDIA_TYPE, Fault, problem, write
from protocols.ncip.problems import ProblemType

_LONGEST: Final = 1 << 20
UNRULY: Final = (Treatment.LOST, Treatment.REFUSED, Treatment.BROKEN)
"""What an unruly responder does with the first tries of a message, one after the other."""


@dataclass
class Ear:
    """All that came. *unruly*: each message is answered at its fourth try only."""

    unruly: bool = False
    heard: list[Heard] = field(default_factory=list)
    _tries: Counter[object] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, body: bytes, media_type: str, at: float) -> tuple[Treatment, bytes]:
        """Take one message; give what is done with it, and its answer."""
        one = hear(body, media_type, at)
        with self._lock:
            tried = self._tries[one.service, one.request]
            if self.unruly and one.message is not None and tried < len(UNRULY):
                one = replace(one, treatment=UNRULY[tried])
            self._tries[one.service, one.request] += 1
            self.heard.append(one)
        return one.treatment, _answer(one)


def _answer(one: Heard) -> bytes:
    received = one.received
    if isinstance(received, Fault):
        return write(received.answer, received.envelope)
    if one.message is None:
        told = Fault(problem(None, ProblemType.PROTOCOL_ERROR, "this answers nothing", "NCIPMessage"))
        return write(told.answer, received.envelope)
    if one.treatment is Treatment.REFUSED:
        return write(refused(one.message, ProblemType.TEMPORARY_PROCESSING_FAILURE), received.envelope)
    return write(reply(one.message), received.envelope)


def _handler(ear: Ear) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Takes messages by POST."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Take a message, and do with it what is done."""
            length = self.headers.get("Content-Length") or ""
            if not length.isdecimal() or int(length) > _LONGEST:
                self.send_error(413 if length.isdecimal() else 411)
                self.close_connection = True
                return
            treatment, answer = ear.take(
                self.rfile.read(int(length)), self.headers.get("Content-Type") or "", time.monotonic()
            )
            if treatment is Treatment.LOST:
                self.close_connection = True
                return
            self.send_response(503 if treatment is Treatment.BROKEN else 200)
            self.send_header("Content-Type", MEDIA_TYPE)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's)
            """Write no line: messages name readers."""

    return Handler


def _stop(server: ThreadingHTTPServer, over: threading.Event, seconds: float | None) -> None:
    over.wait(seconds)
    server.shutdown()


def listen(
    port: int,
    ear: Ear,
    seconds: float | None,
    ready: Callable[[int], None] | None = None,
    over: threading.Event | None = None,
) -> None:
    """Take what comes to *port* of this machine, for so many *seconds*, until interrupted, or until *over* is set."""
    with ThreadingHTTPServer(("127.0.0.1", port), _handler(ear)) as server:
        server.daemon_threads = True
        print(f"http://127.0.0.1:{server.server_port}/ (Ctrl-C ends)", file=sys.stderr)  # noqa: T201 (a command)
        if ready is not None:
            ready(server.server_port)
        if seconds is not None or over is not None:
            threading.Thread(target=_stop, args=(server, over or threading.Event(), seconds), daemon=True).start()
        with suppress(KeyboardInterrupt):
            server.serve_forever(poll_interval=0.05)
