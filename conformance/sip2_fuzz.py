"""A mutation fuzzer: right messages made wrong, each to be answered or passed over, and never to close or to stop a server."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Final

from conformance import sip2_requests as ask
from conformance.results import Failed
from conformance.sip2_client import Client
from conformance.sip2_table import Bench
from protocols.sip2 import codec

Mutate = Callable[[random.Random, bytes], bytes]


def _flip(chance: random.Random, frame: bytes) -> bytes:
    at = chance.randrange(len(frame))
    return frame[:at] + bytes([chance.randrange(256)]) + frame[at + 1 :]


def _cut(chance: random.Random, frame: bytes) -> bytes:
    return frame[: chance.randrange(1, len(frame) + 1)]


def _double(chance: random.Random, frame: bytes) -> bytes:
    at = chance.randrange(len(frame))
    return frame[:at] + frame[chance.randrange(len(frame)) :]


def _stuff(chance: random.Random, frame: bytes) -> bytes:
    at = chance.randrange(len(frame))
    piece = chance.choice(
        (b"|", b"\0", b"\n", b"AY", b"AZ", b"\xff\xfe", b"x" * 300, b"|AA|AA|", b"99" * 40, b"\x1b[2J")
    )
    return frame[:at] + piece + frame[at:]


def _resum(chance: random.Random, frame: bytes) -> bytes:
    """Make it wrong, and its checksum right: so that it gets past that."""
    return codec.seal(_flip(chance, codec.unseal(frame).body), b"%d" % chance.randrange(10), checked=True)


_MUTATIONS: Final[tuple[Mutate, ...]] = (_flip, _cut, _double, _stuff, _resum)


def _seeds(bench: Bench) -> list[bytes]:
    card, barcode = bench.account.patron, bench.account.items[0]
    # Nothing that could change an account for good: what is flipped in these is a card or an item that there is not.
    wanted = [ask.status(), ask.item(barcode), ask.patron(card), ask.patron_status(card), ask.checkin(barcode)]
    wanted += [ask.checkout(card, barcode), ask.renew(card, barcode), ask.end_session(card)]
    return [codec.seal(codec.encode(message, bench.account.charset), b"1", checked=True) for message in wanted]


def frames(bench: Bench, number: int, seed: int) -> Iterator[bytes]:
    """Yield *number* wrong frames, the same for the same *seed*."""
    chance, seeds = random.Random(seed), _seeds(bench)  # noqa: S311 (to be repeated, not to be secret)
    for _ in range(number):
        frame = chance.choice(seeds)
        for _ in range(chance.randrange(1, 4)):
            frame = chance.choice(_MUTATIONS)(chance, frame)
        yield frame.replace(b"\r", b" ")


def fuzz(bench: Bench, number: int, seed: int) -> list[str]:
    """Send wrong frames, and after every few a right one, which must be answered; return what went wrong."""
    faults: list[str] = []
    client: Client | None = None
    for count, frame in enumerate(frames(bench, number, seed)):
        if client is None:
            client = bench.terminal()
        try:
            client.write(frame + b"\r")
            if count % 8 == 7:
                # A login may have been made of it, or refused: the right one says who asks again.
                _right_again(client, bench)
        except Failed as error:
            faults.append(f"seed {seed}, frame {count}: {error}: {frame[:80]!r}")
            client.close()
            client = None
    return faults


def _right_again(client: Client, bench: Bench) -> None:
    frame = client.frame(ask.item(bench.account.items[0]))
    client.write(frame + b"\r")
    wanted = codec.unseal(frame)
    for _ in range(64):
        reply = client.read()
        if reply.startswith(b"18") and codec.unseal(reply).sequence == wanted.sequence:
            return
    raise Failed("a right message is not answered after wrong ones")
