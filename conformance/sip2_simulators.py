"""Terminals at work: a kiosk, a sorter, a gate, a batch that was kept off line, and a capture played again.

A simulator is a list of what it sends, made by a generator that is given each reply; `play` times it. A capture is a file of
lines, one JSON object each, `{"seconds": ..., "from": "terminal" | "server", "frame": ...}`; what it masks as `<name>` is filled
in again from the account.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeAlias

from conformance import sip2_requests as ask
from conformance.results import Failed
from conformance.sip2_client import Account, Client, examine, now
from conformance.sip2_table import Bench
from protocols.sip2 import codec
from protocols.sip2.tables import Message

Script: TypeAlias = Generator[Message | bytes, Any, None]


@dataclass(slots=True)
class Run:
    """What came of a simulation: seconds per message, and what was wrong."""

    seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def slowest(self, share: float) -> float:
        """Return the time within which *share* of all messages were answered; 0 without any."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def kiosk(account: Account) -> Script:
    """Serve one reader: status, who it is, every item out, the account, the end; then every item back."""
    yield ask.status()
    yield ask.patron(account.patron)
    for barcode in account.items:
        yield ask.item(barcode)
        reply = yield ask.checkout(account.patron, barcode)
        if not reply.ok:
            raise Failed(f"11 of {barcode} is refused: {' '.join(reply.screen_message)}")
    yield ask.patron(account.patron)
    yield ask.end_session(account.patron)
    for barcode in account.items:
        yield ask.checkin(barcode)


def sorter(account: Account) -> Script:
    """Take in a burst of items, one as soon as the one before is answered."""
    for _ in range(10):
        for barcode in account.items:
            reply = yield ask.checkin(barcode)
            if reply.item_identifier != barcode:
                raise Failed(f"09 of {barcode} is answered for {reply.item_identifier}")


def gate(account: Account) -> Script:
    """Ask of items as they are carried through."""
    for _ in range(20):
        for barcode in account.items:
            yield ask.item(barcode)


def batch(account: Account) -> Script:
    """Tell of what was done off line, twice: the line broke off before the first time was over."""
    at = (now() - timedelta(hours=5)).replace(minute=0, second=0)
    kept: list[Message] = []
    for number, barcode in enumerate(account.items):
        lent = at + timedelta(minutes=number)
        kept.append(ask.checkout(account.patron, barcode, lent, at + timedelta(days=30)))
        kept.append(ask.checkin(barcode, lent + timedelta(hours=1)))
    for message in (*kept, *kept):
        reply = yield message
        if not reply.ok:
            raise Failed(f"{message.CODE} is refused: what was done off line is done")


SIMULATORS: Final[dict[str, Callable[[Account], Script]]] = {
    "kiosk": kiosk, "sorter": sorter, "gate": gate, "batch": batch,
}  # fmt: skip


def play(bench: Bench, script: Script) -> Run:
    """Play *script* on a connection of its own, and return what came of it."""
    found = Run()
    with bench.client() as client:
        client.log_in(bench.account)
        try:
            message = next(script)
            while True:
                began = time.perf_counter()
                reply = client.ask(message)
                found.seconds.append(time.perf_counter() - began)
                message = script.send(reply)
        except StopIteration:
            pass
        except Failed as error:
            found.faults.append(str(error))
    return found


def replay(bench: Bench, lines: Iterable[str]) -> Run:
    """Send what a capture has of its terminal again, and compare the kinds of replies."""
    found = Run()
    filled = {"<AA>": bench.account.patron, "<AD>": bench.account.pin, "<CN>": bench.account.login}
    filled["<CO>"] = bench.account.password
    client: Client = bench.client()
    wanted = ""
    for line in lines:
        event = json.loads(line)
        text = event["frame"]
        if event["from"] == "server":
            if wanted[:2] != text[:2]:
                found.faults.append(f"answered with {wanted[:2]}, in the capture with {text[:2]}")
            continue
        for mask, value in filled.items():
            text = text.replace(mask, value)
        body = codec.unseal(text.encode(bench.account.charset, "replace")).body
        frame = client.frame(body)
        began = time.perf_counter()
        client.write(frame + b"\r")
        try:
            reply = client.read()
            wanted = reply.decode("latin-1")
            if not wanted.startswith("96"):
                examine(reply, frame, bench.account.charset)
        except Failed as error:
            found.faults.append(str(error))
        found.seconds.append(time.perf_counter() - began)
    return found
