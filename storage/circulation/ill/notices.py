"""What a partner has a reader told: it waits with the other notices until whoever sends such things sends it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from storage.circulation.ill.once import once
from storage.circulation.patrons.act import Changes, Found, on_reader
from storage.circulation.tellings import tell_reader

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.usecase import Origin

LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class NoticeRequest:
    """Tell the reader of *card* what a partner says, of a *kind* of its own."""

    card: str = field(repr=False)
    kind: str
    content: str = field(repr=False)
    origin: Origin


def _tell(request: NoticeRequest, found: Found, _network: Network, now: int) -> Changes:
    said = f"{request.kind}: {request.content}"[:LONGEST]
    return (tell_reader("partner-notice", found.patron.row.id, now, request.origin.library_id, detail=said),)


NOTICE: Final = once(
    on_reader("reader.noticed", _tell), lambda request: (request.card, request.kind, request.content), always=True
)
