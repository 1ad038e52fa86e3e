"""NCIP: the departmental library looks up, borrows, returns and sends items, over HTTP connections that stay open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, cycle
from time import process_time
from typing import Final

from bench.load import Connection, Frame, Framing, Script
from bench.network import Size, card, item
from bench.sip2 import on_shelf
from conformance.ncip.judge import judge
from protocols.ncip import Received, read

PARTNER: Final = "FR-MDPC62"
READERS: Final = 10
"""Readers with an item each that a connection serves in turn."""
_FASTEST: Final = 700
"""Items that one connection may send in a second: a message that came already is a repeat, and costs less."""
_READINGS: Final = 2_000
_USER: Final = "<UserId><UserIdentifierValue>{card}</UserIdentifierValue></UserId>"
_ITEM: Final = "<ItemId><ItemIdentifierValue>{item}</ItemIdentifierValue></ItemId>"
_COMES: Final = (
    "<RequestId><AgencyId>FR-MDPC62</AgencyId><RequestIdentifierValue>{number}</RequestIdentifierValue></RequestId>"
    "<RequestedActionType>Hold For Pickup</RequestedActionType>{user}{item}"
    "<DateForReturn>2030-01-31T22:59:59Z</DateForReturn><ItemOptionalFields><BibliographicDescription>"
    "<Author>Zola, Émile</Author><Title>Germinal</Title></BibliographicDescription></ItemOptionalFields>"
    "<PickupLocation>{library}</PickupLocation>"
)
_runs: Final = count(1)


def _body(service: str, library: str, content: str) -> bytes:
    return (
        '<NCIPMessage xmlns="http://www.niso.org/2008/ncip" xmlns:n="http://www.niso.org/2008/ncip" '
        'n:version="http://www.niso.org/schemas/ncip/v2_02/ncip_v2_02.xsd">'
        f"<{service}><InitiationHeader><FromAgencyId><AgencyId>{PARTNER}</AgencyId></FromAgencyId>"
        f"<ToAgencyId><AgencyId>{library}</AgencyId></ToAgencyId></InitiationHeader>{content}</{service}></NCIPMessage>"
    ).encode()


def _frame(service: str, library: str, content: str, *needles: str) -> Frame:
    body = _body(service, library, content)
    head = f"POST /ncip HTTP/1.1\r\nHost: bench\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    wanted = (f"<{service}Response>", *needles)
    return Frame(service, head.encode() + body, b"HTTP/1.1 200 ", tuple(needle.encode() for needle in wanted))


def _say(service: str, library: str, reader: str, barcode: str, number: str) -> tuple[str, ...]:
    """Give the content of a message, and what only an answer without a problem has."""
    user, thing = _USER.format(card=reader), _ITEM.format(item=barcode)
    shown = f"<ItemIdentifierValue>{barcode}<"
    return {
        "LookupUser": (f"{user}<UserElementType>Name Information</UserElementType>", reader, "<NameInformation>"),
        "LookupItem": (f"{thing}<ItemElementType>Circulation Status</ItemElementType>", shown, "<CirculationStatus"),
        "CheckOutItem": (user + thing, reader, barcode, "<DateDue>"),
        "CheckInItem": (thing, shown),
        "AcceptItem": (
            _COMES.format(number=number, user=user, item=_ITEM.format(item=number), library=library),
            f"<ItemIdentifierValue>{number}<",
        ),
    }[service]


def _frames(
    steps: Sequence[str], library: str, turns: int, readers: Iterator[int], shelf: Iterator[int], run: str
) -> Iterator[Frame]:
    for turn in range(turns):
        reader, barcode = card(next(readers)), item(next(shelf))
        for service in steps:
            yield _frame(service, library, *_say(service, library, reader, barcode, f"{run}-{turn}"))


def script(connections: int, steps: Sequence[str], libraries: tuple[str, ...], size: Size, seconds: float) -> Script:
    """Return the load of *connections* partners that say *steps* for *seconds*, each with readers and items of its own."""
    free = on_shelf(libraries, size)
    shelves = {library: cycle(list(free[library])[: connections * READERS]) for library in libraries}
    readers = cycle(range(size.readers))
    # An item comes once; all else is undone by what follows, and said again and again.
    turns = int(_FASTEST * seconds) if "AcceptItem" in steps else READERS
    chosen = zip(cycle(libraries), range(connections), strict=False)
    return Script(
        Framing.HTTP,
        [
            Connection([], list(_frames(steps, library, turns, readers, shelves[library], f"A{next(_runs)}")))
            for library, _ in chosen
        ],
    )


def reading() -> Iterator[tuple[str, float]]:
    """Measure in this process what it costs to read a message and to hold it against its content model, in microseconds of CPU."""
    content = _say("AcceptItem", "LENS", "B1", "J1", "A1")[0]
    body = _body("AcceptItem", "LENS", content)
    assert isinstance(read(body), Received)
    assert not judge(body)
    for name, look in (
        ("NCIP message read", read),
        ("NCIP message read and validated", lambda each: (read(each), judge(each))),
    ):
        began = process_time()
        for _ in range(_READINGS):
            look(body)
        yield f"{name}, {len(body)} octets", (process_time() - began) / _READINGS * 1e6
