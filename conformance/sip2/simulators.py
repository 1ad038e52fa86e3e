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

from conformance.results import Failed
from conformance.sip2 import requests as ask
from conformance.sip2.bench import Bench
from conformance.sip2.client import Account, Client, examine, now
from protocols.sip2 import codec
from protocols.sip2.codes import AlertType
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


_QUIET: Final = frozenset({None, AlertType.UNKNOWN})
"""Without an alert there is no alert type, or 00; an alert without a type is one of those that staff look at (99)."""
_TRAVELS: Final = frozenset({AlertType.HOLD_ELSEWHERE, AlertType.HOLD_FOR_ILL, AlertType.SEND_ELSEWHERE})


def routing(reply: Any) -> list[str]:
    """Return what a sorter would do wrong by this Checkin Response."""
    faults = []
    if reply.alert_type not in _QUIET and not reply.alert:
        faults.append(f"CV is {reply.alert_type}, and alert N")
    if reply.alert_type is AlertType.UNKNOWN and reply.alert:
        faults.append("alert is Y, and CV 00: there is nothing to look at")
    if reply.alert_type in _TRAVELS and not reply.destination_location:
        faults.append(f"CV is {reply.alert_type}, and CT does not say where to")
    if reply.sort_bin == "":
        faults.append("CL is empty")
    return faults


def sorter(account: Account) -> Script:
    """Take in a burst of items, one as soon as the one before is answered, and put each where it is to go: the same each time."""
    bins: dict[str, tuple[Any, ...]] = {}
    for _ in range(10):
        for barcode in account.items:
            reply = yield ask.checkin(barcode)
            if reply.item_identifier != barcode:
                raise Failed(f"09 of {barcode} is answered for {reply.item_identifier}")
            if faults := routing(reply):
                raise Failed(f"09 of {barcode}: {'; '.join(faults)}")
            where = reply.alert_type, reply.destination_location, reply.sort_bin
            if bins.setdefault(barcode, where) != where:
                raise Failed(f"{barcode} goes to {where}, and went to {bins[barcode]}")


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
    client = bench.terminal()
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


def _events(lines: Iterable[str], account: Account) -> list[tuple[bool, bytes]]:
    """Return the frames of a capture, filled in, each with whether the terminal sent it. Raises Failed when it is none."""
    filled = {
        "<AA>": account.patron, "<AD>": account.pin, "<CN>": account.login, "<CO>": account.password,
    }  # fmt: skip
    events = []
    for number, line in enumerate(lines, 1):
        try:
            event = json.loads(line)
            by_terminal, text = event["from"] == "terminal", str(event["frame"])
        except (ValueError, KeyError, TypeError):
            raise Failed(f"line {number} is no line of a capture") from None
        for mask, value in filled.items():
            text = text.replace(mask, value)
        events.append((by_terminal, text.encode(account.charset, "replace")))
    return events


def replay(bench: Bench, lines: Iterable[str]) -> Run:
    """Send what a capture has of its terminal again, and compare the kinds of replies."""
    found = Run()
    events = _events(lines, bench.account)
    logs_in = any(by_terminal and data.startswith(b"93") for by_terminal, data in events)
    client = bench.client() if logs_in else bench.terminal()
    code = b""
    for by_terminal, data in events:
        if by_terminal:
            # What was no message is not in the capture, and nor is what it got compared.
            kept = not data.startswith(_NO_MESSAGE)
            code = _again(client, codec.unseal(data).body, found)[:2] if kept else _NO_MESSAGE
        elif data[:2] not in (code, _RESEND) and code != _NO_MESSAGE:
            found.faults.append(
                f"answered with {code.decode('latin-1') or 'nothing'}, in the capture with {data[:2].decode('latin-1')}"
            )
    return found


def offline(bench: Bench, lines: Iterable[str]) -> Run:
    """Tell what the terminal of a capture lent, took back and renewed as done off line: with no block, in its dates."""
    found = Run()
    client = bench.terminal()
    for by_terminal, data in _events(lines, bench.account):
        body = codec.unseal(data).body
        at = _NO_BLOCK.get(body[:2])
        if by_terminal and at is not None:
            reply = _again(client, body[:at] + b"Y" + body[at + 1 :], found)
            if reply[2:3] == b"0":
                found.faults.append(f"{body[:2].decode()} is refused: what was done off line is done")
    return found


_NO_MESSAGE: Final = b"<"
"""What stands in a capture for a frame that was no message begins so: `<20 bytes>`."""
_RESEND: Final = b"96"
"""Of a checksum that was wrong, as a rule: a capture has no checksums, so what came with it comes right."""
_NO_BLOCK: Final = {b"09": 2, b"11": 3, b"29": 3}
"""Where `no block` stands in the requests that have it."""


def _again(client: Client, body: bytes, found: Run) -> bytes:
    """Send *body*, note what came of it in *found*, and return the reply; empty when none was right."""
    frame = client.frame(body)
    began = time.perf_counter()
    reply = b""
    try:
        client.write(frame + b"\r")
        reply = client.read()
        if not reply.startswith(b"96"):
            examine(reply, frame, client.account.charset)
    except Failed as error:
        found.faults.append(str(error))
    found.seconds.append(time.perf_counter() - began)
    return reply
