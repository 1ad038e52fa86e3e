"""SIP2: a day at the kiosks, sped up. Each connection has its own readers and items; every reply is verified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from typing import Final

from bench.load import Connection, Frame, Framing, Script
from bench.network import PIN, Size, card, item

MIX: Final = ("23", "63", "17", "11", "09")
READERS: Final = 20
"""Readers with an item each that a connection serves in turn. Times the messages of a mix: a multiple of ten, as AY counts."""
_runs: Final = count(1)


def frame(step: str, body: str, sequence: int, prefix: str, *needles: str) -> Frame:
    """Return a request with its trailer, and what its reply must be."""
    line = f"{body}AY{sequence % 10}AZ".encode()
    return Frame(step, line + b"%04X\r" % (-sum(line) & 0xFFFF), prefix.encode(), tuple(n.encode() for n in needles))


def login(device: str, library: str) -> Frame:
    return frame("93", f"9300CN{device}|COdemo|CP{library}|", 0, "941")


class Kiosk:
    """What one connection says. *when* makes the requests of one run differ from those of any other: they are no repeats."""

    def __init__(self, library: str, when: str) -> None:
        self._library = library
        self._when = when
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
        body = f"11NN{self._when}{' ' * 18}AO{self._library}|AA{reader}|AB{barcode}|AC|"
        return body, "121N", (f"AA{reader}|", f"AB{barcode}|")

    def _09(self, _: str, barcode: str) -> tuple[str, str, Sequence[str]]:
        body = f"09N{self._when}{self._when}AP{self._library}|AO{self._library}|AB{barcode}|AC|"
        return body, "101", (f"AB{barcode}|",)


def script(connections: int, steps: Sequence[str], libraries: Sequence[str], size: Size) -> Script:
    """Return the load of *connections* kiosks that say *steps* for one reader after the other.

    An item is lent and returned where it belongs, so that it is on its shelf again afterwards.
    """
    when = (datetime.now(UTC) + timedelta(seconds=next(_runs))).strftime("%Y%m%d    %H%M%S")
    shelf = on_shelf(libraries, size)
    readers = cycle(range(size.readers))
    found = []
    for library, _ in zip(cycle(libraries), range(connections), strict=False):
        kiosk = Kiosk(library, when)
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


def idle(connections: int, libraries: Sequence[str]) -> Script:
    """Return connections that log in and say nothing more."""
    chosen = zip(cycle(libraries), range(connections), strict=False)
    return Script(Framing.CR, [Connection([login(f"kiosk-{library.lower()}", library)]) for library, _ in chosen])
