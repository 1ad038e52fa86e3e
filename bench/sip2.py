"""SIP2: a day at the kiosks, sped up. Each connection has its own readers and items; every reply is verified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from time import process_time
from typing import Final

from bench.load import Connection, Frame, Framing, Script
from bench.network import PIN, Size, burdened, card, item
from protocols.sip2 import codec
from protocols.sip2.session import Request, Session

MIX: Final = ("23", "63", "17", "11", "09")
READERS: Final = 20
"""Readers with an item each that a connection serves in turn. Times the messages of a mix: a multiple of ten, as AY counts."""
_runs: Final = count(1)
_BLANK: Final = " " * 18


def frame(step: str, body: str, sequence: int, prefix: str, *needles: str) -> Frame:
    """Return a request with its trailer, and what its reply must be."""
    line = f"{body}AY{sequence % 10}AZ".encode()
    return Frame(step, line + b"%04X\r" % (-sum(line) & 0xFFFF), prefix.encode(), tuple(n.encode() for n in needles))


def login(device: str, library: str) -> Frame:
    return frame("93", f"9300CN{device}|COdemo|CP{library}|", 0, "941")


class Kiosk:
    """What one connection says. *when* makes the requests of one run differ from those of any other: they are no repeats.

    *due* is the nb due date of 11: blank, as kiosks have it that are on line.
    """

    def __init__(self, library: str, when: str, due: str = _BLANK) -> None:
        self._library = library
        self._when = when
        self._due = due
        self._sequence = count(1)

    def say(self, code: str, reader: str, barcode: str) -> Frame:
        """Return the request *code* for *reader* and *barcode*, with what shows that its reply is right."""
        body, prefix, needles = getattr(self, f"_{code}")(reader, barcode)
        return frame(code, body, next(self._sequence), prefix, *needles)

    def _23(self, reader: str, _: str) -> tuple[str, str, Sequence[str]]:
        body = f"23002{self._when}AO{self._library}|AA{reader}|AC|AD{PIN}|"
        return body, "24" + " " * 14, (f"AA{reader}|", "BLY|", "CQY|")

    def _63(self, reader: str, _: str) -> tuple[str, str, Sequence[str]]:
        body = f"63002{self._when}  Y       AO{self._library}|AA{reader}|AC|AD{PIN}|"
        return body, "64" + " " * 14, (f"AA{reader}|", "BLY|", "CQY|")

    def _17(self, _: str, barcode: str) -> tuple[str, str, Sequence[str]]:
        return f"17{self._when}AO{self._library}|AB{barcode}|AC|", "1803", (f"AB{barcode}|",)

    def _11(self, reader: str, barcode: str) -> tuple[str, str, Sequence[str]]:
        body = f"11NN{self._when}{self._due}AO{self._library}|AA{reader}|AB{barcode}|AC|"
        return body, "121N", (f"AA{reader}|", f"AB{barcode}|")

    def _09(self, _: str, barcode: str) -> tuple[str, str, Sequence[str]]:
        body = f"09N{self._when}{self._when}AP{self._library}|AO{self._library}|AB{barcode}|AC|"
        return body, "101", (f"AB{barcode}|",)


def script(
    connections: int, steps: Sequence[str], libraries: Sequence[str], size: Size, *, dated: bool = False
) -> Script:
    """Return the load of *connections* kiosks that say *steps* for one reader after the other.

    An item is lent and returned where it belongs, so that it is on its shelf again afterwards. *dated* fills the nb due
    date, without which pysip2 cuts the connection.
    """
    when = (datetime.now(UTC) + timedelta(seconds=next(_runs))).strftime("%Y%m%d    %H%M%S")
    shelf = on_shelf(libraries, size)
    readers = cycle(range(size.readers))
    found = []
    for library, _ in zip(cycle(libraries), range(connections), strict=False):
        kiosk = Kiosk(library, when, when if dated else _BLANK)
        said = [
            kiosk.say(step, reader, barcode)
            for reader, barcode in (
                (card(next(readers) * 7919 % size.readers), item(next(shelf[library]))) for _ in range(READERS)
            )
            for step in steps
        ]
        found.append(Connection([login(f"kiosk-{library.lower()}", library)], said))
    return Script(Framing.CR, found)


def on_shelf(libraries: Sequence[str], size: Size) -> dict[str, Iterator[int]]:
    """Return for each library the items that it owns and that nobody has borrowed."""
    share = len(libraries)
    first = -(-size.loans // share) * share
    return {library: iter(range(first + number, size.items, share)) for number, library in enumerate(libraries)}


def idle(connections: int, libraries: Sequence[str], *, status: bool = False) -> Script:
    """Return connections that log in, ask for the *status* where that is wanted, and say nothing more."""
    asked = (frame("99", "9900402.00", 1, "98Y"),) if status else ()
    chosen = zip(cycle(libraries), range(connections), strict=False)
    return Script(
        Framing.CR, [Connection([login(f"kiosk-{library.lower()}", library), *asked]) for library, _ in chosen]
    )


def much(connections: int, library: str) -> Script:
    """Return the load of *connections* kiosks that ask for readers with many loans and holds, and want them listed."""
    when = datetime.now(UTC).strftime("%Y%m%d    %H%M%S")
    readers = [
        frame("63", f"63002{when}  Y       AO{library}|AA{reader}|AC|AD{PIN}|", n, "64", f"AA{reader}|", "CQY|", "|AUK")
        for n, reader in enumerate(list(burdened()) * 10)
    ]
    return Script(Framing.CR, [Connection([login(f"kiosk-{library.lower()}", library)], readers)] * connections)


_REPLIES: Final = (
    "24" + " " * 14 + "00220261122    120000AOLENS|AAB0000001|AECamille Durand|BLY|CQY|",
    "64" + " " * 14 + "00220261122    120000" + "0000" * 2 + "0002" + "0000" * 3
    + "AOLENS|AAB0000001|AECamille Durand|BZ0010|CB0020|BLY|CQY|AUJ0000001|AUJ0020001|",
    "1803000120261122    120000ABJ0000001|AJLa mine et les mineurs|BGLENS|CK001|AQLENS|APLENS|CSR DUM|",
    "121NNY20261122    120000AOLENS|AAB0000001|ABJ0000001|AJLa mine et les mineurs|AH20261220    235900|CK001|",
    "101YNN20261122    120000AOLENS|ABJ0000001|AQLENS|AJLa mine et les mineurs|CK001|CSR DUM|",
)  # fmt: skip
"""What the messages of `MIX` are answered."""


def wire(rounds: int = 200) -> float:
    """Return what codec and session take of a message of the mix, in microseconds: requests read, replies written."""
    kiosk, session = Kiosk("LENS", datetime.now(UTC).strftime("%Y%m%d    %H%M%S")), Session()
    said = [kiosk.say(step, card(n), item(n)).request for n in range(20) for step in MIX]
    replies = [codec.decode(reply.encode()) for reply in _REPLIES] * 20
    found = []
    for _ in range(rounds):
        began = process_time()
        for line, reply in zip(said, replies, strict=True):
            for request in session.receive(line, 0.0):
                assert isinstance(request, Request)
                session.send(reply, request)
        found.append((process_time() - began) / len(said) * 1e6)
    return min(found)
