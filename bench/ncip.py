"""NCIP: the departmental library looks a reader up, borrows, and returns, over HTTP connections that stay open."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import Final

from bench.load import Connection, Frame, Framing, Script
from bench.network import Size, card, item
from bench.sip2 import on_shelf

PARTNER: Final = "FR-MDPC62"
READERS: Final = 10
_USER: Final = "<UserId><UserIdentifierValue>{card}</UserIdentifierValue></UserId>"
_ITEM: Final = "<ItemId><ItemIdentifierValue>{item}</ItemIdentifierValue></ItemId>"


def _frame(service: str, library: str, content: str, *needles: str) -> Frame:
    body = (
        '<NCIPMessage xmlns="http://www.niso.org/2008/ncip" '
        'version="http://www.niso.org/schemas/ncip/v2_02/ncip_v2_02.xsd">'
        f"<{service}><InitiationHeader><FromAgencyId><AgencyId>{PARTNER}</AgencyId></FromAgencyId>"
        f"<ToAgencyId><AgencyId>{library}</AgencyId></ToAgencyId></InitiationHeader>{content}</{service}></NCIPMessage>"
    ).encode()
    head = f"POST /ncip HTTP/1.1\r\nHost: bench\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    wanted = (f"<{service}Response>", *needles)
    return Frame(service, head.encode() + body, b"HTTP/1.1 200 ", tuple(needle.encode() for needle in wanted))


def _says(library: str, reader: str, barcode: str) -> Iterator[Frame]:
    user, thing = _USER.format(card=reader), _ITEM.format(item=barcode)
    wanted = "<UserElementType>Name Information</UserElementType>"
    # What only an answer without a problem has.
    yield _frame("LookupUser", library, user + wanted, reader, "<NameInformation>")
    yield _frame("CheckOutItem", library, user + thing, reader, barcode, "<DateDue>")
    yield _frame("CheckInItem", library, thing, f"<ItemIdentifierValue>{barcode}<")


def script(connections: int, libraries: tuple[str, ...], size: Size) -> Script:
    """Return the load of *connections* partners, each with readers and items of its own."""
    shelf = on_shelf(libraries, size)
    readers = iter(range(size.readers))
    chosen = zip(cycle(libraries), range(connections), strict=False)
    return Script(
        Framing.HTTP,
        [
            Connection(
                [],
                [
                    frame
                    for _ in range(READERS)
                    for frame in _says(library, card(next(readers)), item(next(shelf[library])))
                ],
            )
            for library, _ in chosen
        ],
    )
