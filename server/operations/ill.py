"""What commands ask of inter-library loan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from server.ncip.letters import our_agency
from server.operations.patrons import at, library_of, unknown
from storage.circulation.ill.events import ILL_EVENT, IllAnswer, IllEvent
from storage.circulation.ill.exchanges import exchanges
from storage.circulation.ill.machine import Event, Role
from storage.circulation.ill.requests import ILL_REQUEST, IllRequest, new_number
from storage.circulation.ill.rows import IllRow

if TYPE_CHECKING:
    from server.writing import Access
    from storage.network.network import Network


def shown(network: Network, row: IllRow) -> dict[str, Any]:
    """Show a request without saying whose it is."""
    partners = {partner.id: partner.agency for partner in network.partners.values()}
    return {
        "agency": row.agency,
        "number": row.number,
        "partner": partners.get(row.partner_id),
        "role": row.role.value,
        "state": row.state.value,
        "title": row.title,
        "barcode": row.shown_barcode or row.barcode,
        "library": network.libraries[row.pickup_id].code,
        "due_back_on": row.due_back_on,
        "recalled_on": row.recalled_on,
    }


def _told(access: Access, answer: IllAnswer) -> dict[str, Any]:
    row = shown(access.network, answer.row) if answer.row is not None else {}
    return {"refused": answer.no.value if answer.no is not None else None, "changed": answer.changed, **row}


def ask(
    access: Access,
    *,
    partner: str,
    library: str,
    card: str,
    identifier: str,
    title: str,
    author: str,
    needed_by: str | None,
) -> dict[str, Any]:
    """Ask a partner for a title, for a reader who fetches it at *library*. Raises `Refused` for an unknown partner."""
    found = access.network.partners.get(partner)
    if found is None:
        raise unknown("partner", partner)
    place = library_of(access.network, library)
    request = IllRequest(
        Role.BORROWING, partner, at(access, library), place.id, card, our_agency(found, place), new_number(),
        identifier=identifier, title=title, author=author, needed_by=needed_by,
    )  # fmt: skip
    return _told(access, access.act(ILL_REQUEST, request))


def note(
    access: Access, *, partner: str, library: str, agency: str, number: str, event: str, due_on: str | None = None
) -> dict[str, Any]:
    """Note what has happened to a request on our side."""
    told = IllEvent(Event(event), partner, at(access, library), agency, number, due_on=due_on)
    return _told(access, access.act(ILL_EVENT, told))


def exchanged(access: Access, partner: str, **bounds: Any) -> list[dict[str, Any]]:
    """Give the exchanges with *partner*, *bounds* as `storage.circulation.ill.exchanges.exchanges` has them. Raises `Refused`."""
    found = access.network.partners.get(partner)
    if found is None:
        raise unknown("partner", partner)
    return [exchange._asdict() for exchange in access.ask(lambda _network: exchanges(found.id, **bounds))]


OPERATIONS: Final[Mapping[str, Callable[..., Any]]] = {"ill.ask": ask, "ill.note": note}
