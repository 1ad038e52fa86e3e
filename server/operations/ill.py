"""What commands ask of inter-library loan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from server.operations.patrons import at, library_of, unknown
from storage.circulation.ill.events import ILL_EVENT, IllAnswer, IllEvent
from storage.circulation.ill.exchanges import exchanges
from storage.circulation.ill.lenders import lenders, new_number, our_agency
from storage.circulation.ill.machine import TIMERS, Event, No, Role, State
from storage.circulation.ill.outbox import seen_to
from storage.circulation.ill.requests import ILL_REQUEST, IllRequest
from storage.circulation.ill.rows import IllRow
from storage.circulation.ill.terms import terms_of

if TYPE_CHECKING:
    from server.writing import Access
    from storage.network.network import Network, Partner


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
        "terms": str(terms_of(row.terms)),
        "agreed": _agreed(row),
        "reason": row.reason,
        "looked": row.checks,
    }


def _agreed(row: IllRow) -> bool:
    """Tell whether staff have agreed to what the lender demands; not before it has said what that is."""
    return bool(row.terms) and row.agreed == row.terms


def _told(access: Access, answer: IllAnswer) -> dict[str, Any]:
    row = shown(access.network, answer.row) if answer.row is not None else {}
    return {"refused": answer.no.value if answer.no is not None else None, "changed": answer.changed, **row}


def ask(
    access: Access,
    *,
    partner: str | None,
    library: str,
    card: str,
    identifier: str,
    title: str,
    author: str,
    needed_by: str | None,
) -> dict[str, Any]:
    """Ask a partner for a title, for a reader who fetches it at *library*; the first lender, unless one is named.

    Raises `Refused` for an unknown partner.
    """
    found = _lender(access.network, partner)
    if found is None:
        return _told(access, IllAnswer(No.NO_LENDER))
    place = library_of(access.network, library)
    request = IllRequest(
        Role.BORROWING, found.agency, at(access, library), place.id, card, our_agency(found, place), new_number(),
        identifier=identifier, title=title, author=author, needed_by=needed_by,
    )  # fmt: skip
    return _told(access, access.act(ILL_REQUEST, request))


def _lender(network: Network, partner: str | None) -> Partner | None:
    if partner is None:
        return next(iter(lenders(network)), None)
    found = network.partners.get(partner)
    if found is None:
        raise unknown("partner", partner)
    return found


def note(
    access: Access, *, partner: str, library: str, agency: str, number: str, event: str, due_on: str | None = None
) -> dict[str, Any]:
    """Note what has happened to a request on our side, or that its lender's terms are agreed to."""
    told = IllEvent(Event(event), partner, at(access, library), agency, number, due_on=due_on)
    return _told(access, access.act(ILL_EVENT, told))


def attention(access: Access, library: str | None) -> list[dict[str, Any]]:
    """Give what somebody must see to: requests on terms, lost, or where they are for too long, and messages that reached nobody."""
    place = library_of(access.network, library).id if library is not None else None
    network = access.network
    rows, letters = access.ask(lambda _network: seen_to(access.now()))
    undelivered = dict(letters)
    found = []
    for row in rows:
        why = _why(row, undelivered)
        if why and place in {None, row.pickup_id}:
            found.append(shown(network, row) | {"why": why})
    return found


def _why(row: IllRow, undelivered: Mapping[int, str]) -> str:
    """Say why somebody must see to *row*: nothing, where all goes its way."""
    if row.id in undelivered:
        return f"undelivered {undelivered[row.id]}"
    if row.state is State.LOST or (row.state is State.CONDITIONAL and not _agreed(row)):
        return row.state.value
    timer = TIMERS.get((row.role, row.state))
    return "overdue" if timer is not None and row.checks > timer.probes else ""


def exchanged(access: Access, partner: str, **bounds: Any) -> list[dict[str, Any]]:
    """Give the exchanges with *partner*, *bounds* as `storage.circulation.ill.exchanges.exchanges` has them. Raises `Refused`."""
    found = access.network.partners.get(partner)
    if found is None:
        raise unknown("partner", partner)
    return [exchange._asdict() for exchange in access.ask(lambda _network: exchanges(found.id, **bounds))]


OPERATIONS: Final[Mapping[str, Callable[..., Any]]] = {"ill.ask": ask, "ill.note": note}
