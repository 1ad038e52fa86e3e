"""A mutation fuzzer: right messages made wrong, each to be answered or passed over, and never to close or to stop a server."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from typing import Final

from conformance.results import Failed
from conformance.sip2 import requests as ask
from conformance.sip2.bench import Bench
from conformance.sip2.client import Client, masked
from conformance.sip2.requests import NOBODY, NOTHING
from conformance.sip2.simulators import Run
from protocols.sip2 import codec
from protocols.sip2.codes import HoldMode
from protocols.sip2.tables import Message

_FEW: Final = 8
"""Wrong frames between right ones."""
_ENOUGH: Final = 20
"""Faults after which a server need not be tried further."""
_BLANK: Final = bytes(range(0x21))
_CHANGES: Final = {code.encode() for code, kind in Message.BY_CODE.items() if kind.CHANGES}
_REPLIES: Final = {kind.REPLY for kind in Message.BY_CODE.values() if kind.REPLY}
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
    body = codec.unseal(frame).body or frame  # which a cut may have left with a trailer alone
    return codec.seal(_flip(chance, body), b"%d" % chance.randrange(10), checked=True)


_MUTATIONS: Final[tuple[Mutate, ...]] = (_flip, _cut, _double, _stuff, _resum)


def _seeds(bench: Bench) -> list[bytes]:
    """Return right frames to spoil. Those that change something, or have a PIN, are of a card and of items that there are not."""
    account = bench.account
    card, barcode = account.patron, account.items[0]
    wanted = [ask.status(), ask.item(barcode), ask.patron(card), ask.patron_status(NOBODY), ask.end_session(NOBODY)]
    wanted += [ask.checkin(NOTHING), ask.checkout(NOBODY, NOTHING), ask.renew(NOBODY, NOTHING), ask.block(NOBODY)]
    wanted += [ask.hold(HoldMode.ADD, NOBODY, NOTHING), ask.fee_paid(NOBODY), ask.item_status_update(NOTHING)]
    return [codec.seal(account.body(message), b"1", checked=True) for message in wanted]


def _became_a_change(frame: bytes, seed: bytes) -> bool:
    """Tell whether a request that only reads has become one that changes: of a card and an item that there are."""
    codes = {line.lstrip(_BLANK)[:2].decode("latin-1") for line in re.split(rb"[\r\n]", frame)}
    return seed[:2] not in _CHANGES and any(code.encode("latin-1") in _CHANGES for code in codes)


def frames(bench: Bench, number: int, seed: int) -> Iterator[bytes]:
    """Yield *number* wrong frames, the same for the same *seed*."""
    chance, seeds = random.Random(seed), _seeds(bench)  # noqa: S311 (to be repeated, not to be secret)
    while number:
        right = frame = chance.choice(seeds)
        for _ in range(chance.randrange(1, 4)):
            frame = chance.choice(_MUTATIONS)(chance, frame)
        frame = frame.replace(b"\r", b" ")
        if not _became_a_change(frame, right):
            number -= 1
            yield frame


def fuzz(bench: Bench, number: int, seed: int) -> Run:
    """Send wrong frames, and after every few a right one, which must be answered; then ask one who stood by all the time."""
    found = Run()
    beside = bench.terminal()
    client: Client | None = None
    for count, frame in enumerate(frames(bench, number, seed), 1):
        try:
            client = client or bench.terminal()
            client.write(frame + b"\r")
            if count % _FEW == 0 or count == number:
                found.seconds.append(_right_again(client, bench))
        except Failed as error:
            found.faults.append(f"seed {seed}, frame {count}: {error}: {masked(frame)}")
            client = None
            if len(found.faults) == _ENOUGH:
                return found
    beside.ask(ask.item(bench.account.items[0]))
    return found


def _right_again(client: Client, bench: Bench) -> float:
    """Ask something right, pass over what came before its reply, and return how long that took."""
    frame = client.frame(ask.item(bench.account.items[0]))
    began = time.perf_counter()
    client.write(frame + b"\r")
    wanted = codec.unseal(frame)
    for _ in range(64):
        reply = client.read()
        taken = codec.unseal(reply)
        if reply[:2].decode("latin-1") not in _REPLIES or not taken.intact:
            raise Failed(f"what comes is no reply: {masked(reply)}")
        if reply.startswith(b"18") and taken.sequence == wanted.sequence:
            return time.perf_counter() - began
    raise Failed("a right message is not answered after wrong ones")
