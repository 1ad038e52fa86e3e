"""The load generator in Python, for machines without a C compiler: the same script, arguments and output as load.c."""

from __future__ import annotations

import json
import selectors
import socket
import struct
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

if __package__ in {None, ""}:
    sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.load import SHOWN, Connection, Frame, Framing, Latency

RAMP: Final = 32
MOST_ERRORS: Final = 100
SAMPLES: Final = 3
PATIENCE: Final = 60.0


class Reader:
    """Takes numbers and texts from a script."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def number(self) -> int:
        self._at += 4
        return int(struct.unpack_from("<I", self._octets, self._at - 4)[0])

    def text(self) -> bytes:
        size = self.number()
        self._at += size
        return self._octets[self._at - size : self._at]

    def frame(self) -> Frame:
        step, request, prefix = self.number(), self.text(), self.text()
        return Frame(str(step), request, prefix, tuple(self.text() for _ in range(self.number())))


def read_script(path: Path) -> tuple[Framing, int, list[Connection]]:
    """Return the framing, the number of steps and the connections of a script; steps are named by their number."""
    reader = Reader(path.read_bytes())
    framing, steps, frames, connections = (reader.number() for _ in range(4))
    frame = [reader.frame() for _ in range(frames)]
    found = []
    for _ in range(connections):
        prelude, cycle = reader.number(), reader.number()
        order = [frame[reader.number()] for _ in range(prelude + cycle)]
        found.append(Connection(order[:prelude], order[prelude:]))
    return Framing(framing), steps, found


def cr_size(octets: bytes) -> int:
    return octets.find(b"\r") + 1


def ber_header(octets: bytes, place: int) -> tuple[int, int]:
    """Return where the value begins, and its size: -1 where an end of contents ends it. Raises IndexError, ValueError."""
    if octets[place] & 0x1F == 0x1F:
        place += 1
        while octets[place] & 0x80:
            place += 1
    size = octets[place + 1]
    place += 2
    if size == 0x80:
        return place, -1
    if size > 0x84:
        raise ValueError(size)
    if size > 0x80:
        end = place + (size & 0x7F)
        octets[end - 1]  # the whole header must be there
        size, place = int.from_bytes(octets[place:end]), end
    return place, size


def ber_size(octets: bytes) -> int:
    place = is_open = 0
    try:
        while not place or is_open:
            ends = is_open and not octets[place]
            place, size = ber_header(octets, place)
            if size < 0:
                is_open += 1
            elif ends and not size:
                is_open -= 1
            place += max(0, size)
    except IndexError:
        return 0
    except ValueError:
        return -1
    return place if len(octets) >= place else 0


def http_size(octets: bytes) -> int:
    head, blank, _ = octets.partition(b"\r\n\r\n")
    if not blank:
        return 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            size = len(head) + 4 + int(line[15:])
            return size if len(octets) >= size else 0
    return -1


SIZES: Final = {Framing.CR: cr_size, Framing.BER: ber_size, Framing.HTTP: http_size}
"""The size of the first whole reply, 0 while it is not whole, -1 when it never will be."""


def trailer(octets: bytes) -> bytes | None:
    """Return AYnAZhhhh of a SIP2 line, or None."""
    tail = octets[-10:-1]
    return tail if len(tail) == 9 and tail[:2] == b"AY" and tail[3:5] == b"AZ" else None


def trailer_error(request: bytes, reply: bytes) -> str | None:
    asked, given = trailer(request), trailer(reply)
    if asked is None:
        return "wrong sequence number" if given else None
    if given is None or given[2] != asked[2]:
        return "wrong sequence number"
    try:
        wrong = (sum(reply[:-5]) + int(given[5:], 16)) & 0xFFFF
    except ValueError:
        wrong = True
    return "wrong checksum" if wrong else None


def error_in(framing: Framing, frame: Frame, reply: bytes) -> str | None:
    if not reply.startswith(frame.prefix) or any(needle not in reply for needle in frame.needles):
        return "wrong reply"
    return trailer_error(frame.request, reply) if framing is Framing.CR else None


class Peer:
    """One connection."""

    def __init__(self, plan: Connection, port: tuple[str, int]) -> None:
        self.plan = plan
        self.order = [*plan.prelude, *plan.cycle]
        self.next = 0
        self.sent: Frame | None = None
        self.since = 0.0
        self.reply = b""
        self.ready = False
        self.socket = socket.create_connection(port)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Loop:
    """All connections, and what they found."""

    def __init__(
        self, framing: Framing, steps: int, plans: list[Connection], port: tuple[str, int], *, once: bool, spin: bool
    ) -> None:
        self.framing, self.port, self.once, self.spin = framing, port, once, spin
        self.waiting = list(reversed(plans))
        self.peers: set[Peer] = set()
        self.working: set[Peer] = set()  # those with cycles to go
        self.starting = 0
        self.phase = "prelude"
        self.from_ = self.counted = self.processor = self.looked = 0.0
        self.took: list[list[float]] = [[] for _ in range(steps)]
        self.kinds: dict[str, int] = {}
        self.samples: list[dict[str, str]] = []
        self.selector = selectors.DefaultSelector()

    @property
    def errors(self) -> int:
        return sum(self.kinds.values())

    def blame(self, kind: str, peer: Peer) -> None:
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if len(self.samples) < SAMPLES:
            request = peer.sent.request if peer.sent else b""
            shown = {
                name: text[:SHOWN].decode("latin-1") for name, text in (("request", request), ("reply", peer.reply))
            }
            self.samples.append({"kind": kind, **shown})

    def drop(self, peer: Peer) -> None:
        if peer in self.peers:
            self.peers.remove(peer)
            self.working.discard(peer)
            self.selector.unregister(peer.socket)
            peer.socket.close()
            self.starting -= not peer.ready

    def begin(self) -> None:
        peer = Peer(self.waiting.pop(), self.port)
        self.peers.add(peer)
        self.starting += 1
        self.selector.register(peer.socket, selectors.EVENT_READ, peer)
        self.go_on(peer)

    def go_on(self, peer: Peer) -> None:
        if peer.next == len(peer.plan.prelude) and not peer.ready:
            peer.ready = True
            self.starting -= 1
        if self.phase != "prelude" or not peer.ready:
            self.send_next(peer)

    def send_next(self, peer: Peer) -> None:
        if peer.next == len(peer.order):
            if self.phase == "ending" or self.once:
                self.working.discard(peer)
                return
            peer.next = len(peer.plan.prelude)
        peer.sent = peer.order[peer.next]
        peer.next += 1
        peer.since = time.perf_counter()
        try:
            peer.socket.sendall(peer.sent.request)
        except OSError:
            self.blame("connection closed", peer)
            self.drop(peer)

    def receive(self, peer: Peer) -> None:
        try:
            data = peer.socket.recv(1 << 17)
        except OSError:
            data = b""
        peer.reply += data
        kind = "connection closed" if not data else "more than one reply" if peer.sent is None else None
        size = SIZES[self.framing](peer.reply) if kind is None else 0
        if kind is not None or size < 0:
            self.blame(kind or "malformed reply", peer)
            self.drop(peer)
        elif size:
            self.take_reply(peer, size)

    def take_reply(self, peer: Peer, size: int) -> None:
        assert peer.sent is not None
        took = time.perf_counter() - peer.since
        more = size < len(peer.reply)
        kind = "more than one reply" if more else error_in(self.framing, peer.sent, peer.reply)
        if kind is not None:
            self.blame(kind, peer)
        if self.phase == "counting":
            self.took[int(peer.sent.step)].append(took)
        peer.sent = None
        peer.reply = b""
        self.go_on(peer)

    def poll(self) -> None:
        for key, _ in self.selector.select(0 if self.spin else 0.1):
            if key.data in self.peers:
                self.receive(key.data)
        now = time.perf_counter()
        if now > self.looked + 1:
            self.looked = now
            for peer in [peer for peer in self.peers if peer.sent and now > peer.since + PATIENCE]:
                self.blame("no reply", peer)
                self.drop(peer)

    def all_ready(self) -> None:
        while (self.waiting or self.starting) and self.errors < MOST_ERRORS:
            while self.waiting and self.starting < RAMP:
                self.begin()
            if self.starting:
                self.poll()

    def run(self, warmup: float, seconds: float) -> None:
        start = time.perf_counter() + (0 if self.once else warmup)
        self.phase = "warming"
        if self.once:
            self.start_counting()
        self.working = {peer for peer in self.peers if peer.plan.cycle}
        for peer in list(self.working):
            self.send_next(peer)
        while self.working and self.errors < MOST_ERRORS:
            self.poll()
            now = time.perf_counter()
            if self.phase == "warming" and now >= start:
                self.start_counting()
            elif self.phase == "counting" and not self.once and now >= self.from_ + seconds:
                self.stop_counting()
        if self.phase == "warming":  # every connection was lost before
            self.start_counting()
        if self.phase == "counting":
            self.stop_counting()

    def start_counting(self) -> None:
        self.phase, self.from_, self.processor = "counting", time.perf_counter(), time.process_time()
        say("start")

    def stop_counting(self) -> None:
        self.phase = "ending"
        self.counted, self.processor = time.perf_counter() - self.from_, time.process_time() - self.processor
        say("stop")


def say(word: str) -> None:
    print(word, flush=True)


def summary(took: list[float]) -> dict[str, Any]:
    took = sorted(took)
    count = len(took)
    parts = (0.5, 0.95, 0.99, 0.999)
    figures = (sum(took) / count, *(took[int(part * count)] for part in parts), took[-1]) if took else (0.0,) * 6
    return asdict(Latency(count, *(round(value * 1e6, 2) for value in figures)))


def main(host: str, port: str, script: str, warmup: str, seconds: str, wait: str) -> int:
    framing, steps, plans = read_script(Path(script))
    loop = Loop(framing, steps, plans, (host, int(port)), once=float(seconds) <= 0, spin=wait == "spin")
    start = time.perf_counter()
    loop.all_ready()
    ready_seconds, ready = time.perf_counter() - start, len(loop.peers)
    say("ready")
    if any(plan.cycle for plan in plans):
        loop.run(float(warmup), float(seconds))
    sys.stdin.read()
    result = {
        "connections": ready,
        "ready_seconds": round(ready_seconds, 3),
        "seconds": round(loop.counted, 4),
        "generator_cpu_seconds": round(loop.processor, 3),
        "all": summary([took for step in loop.took for took in step]),
        "steps": [summary(step) for step in loop.took],
        "errors": loop.errors,
        "kinds": loop.kinds,
        "samples": loop.samples,
    }
    print(json.dumps(result))
    return loop.errors != 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
