"""What commands ask about readers and cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from server.control import Refused
from storage.circulation.patrons import blocks, cards, erasure, register
from storage.circulation.patrons.act import PatronAnswer
from storage.usecase import Origin

if TYPE_CHECKING:
    from server.writing import Access
    from storage.network.network import Kind, Library, Network


def unknown(what: str, code: str, known: str = "") -> Refused:
    """Return the refusal of *code*, which names nothing; it is told as far as a line goes."""
    shown = code[:60].encode(errors="replace").decode()
    return Refused(f"unknown-{what}", f"no {what} has the code {shown!r}", {"code": shown, "known": known})


def library_of(network: Network, code: str) -> Library:
    """Return the library called *code*. Raises `Refused`."""
    found = network.by_code.get(code.upper())
    if found is None:
        raise unknown("library", code)
    return found


def _category(network: Network, code: str) -> Kind:
    for category in network.categories.values():
        if category.code.casefold() == code.casefold():
            return category
    known = ", ".join(sorted(category.code for category in network.categories.values()))
    raise unknown("category", code, known)


def at(access: Access, library: str) -> Origin:
    """Return where staff act from."""
    return Origin("cli", "staff", library_of(access.network, library).id)


def _told(answer: PatronAnswer) -> dict[str, Any]:
    return {"refused": [reason.value for reason in answer.reasons]}


def _details(access: Access, details: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(details)
    if "category" in found:
        found["category_id"] = _category(access.network, found.pop("category")).id
    if "home" in found:
        found["home_id"] = library_of(access.network, found.pop("home")).id
    return found


def add(access: Access, *, library: str, code: str, card: str, namespace: str, pin: str | None, details: Any) -> Any:
    """Register a reader with a first card. *details*: columns, with ``category`` and ``home`` by code."""
    request = register.RegisterRequest(code, card, at(access, library), _details(access, details), namespace, pin)
    return _told(access.act(register.REGISTER, request))


def change(access: Access, *, library: str, card: str, details: Any) -> Any:
    """Change what is known of a reader."""
    request = register.ChangeRequest(card, at(access, library), _details(access, details))
    return _told(access.act(register.CHANGE, request))


def pin(access: Access, *, library: str, card: str, pin: str | None) -> Any:
    """Give a reader a new PIN, or none."""
    return _told(access.act(register.SET_PIN, register.PinRequest(card, at(access, library), pin)))


def block(access: Access, *, library: str, card: str, kind: str, acts: list[str], **more: Any) -> Any:
    """Refuse acts to a reader."""
    request = blocks.BlockRequest(card, kind, at(access, library), tuple(acts), **more)
    return _told(access.act(blocks.BLOCK, request))


def unblock(access: Access, *, library: str, card: str, kind: str) -> Any:
    """Lift a block."""
    return _told(access.act(blocks.UNBLOCK, blocks.UnblockRequest(card, kind, at(access, library))))


def join(access: Access, *, library: str, card: str, household: str | None) -> Any:
    """Put a reader into a household, or out of it."""
    return _told(access.act(blocks.HOUSEHOLD, blocks.HouseholdRequest(card, at(access, library), household)))


def erase(access: Access, *, library: str, card: str) -> Any:
    """Erase a reader."""
    return _told(access.act(erasure.ERASE, erasure.EraseRequest(card, at(access, library))))


def issue(access: Access, *, library: str, card: str, number: str, **more: Any) -> Any:
    """Give a reader another card."""
    return _told(access.act(cards.ISSUE, cards.IssueRequest(card, number, at(access, library), **more)))


def state(access: Access, *, library: str, card: str, state: str) -> Any:
    """Say that a card is lost, stolen, cancelled, or active again."""
    return _told(access.act(cards.STATE, cards.CardStateRequest(card, state, at(access, library))))


OPERATIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "patron.add": add,
    "patron.change": change,
    "patron.pin": pin,
    "patron.block": block,
    "patron.unblock": unblock,
    "patron.household": join,
    "patron.erase": erase,
    "card.issue": issue,
    "card.state": state,
}
