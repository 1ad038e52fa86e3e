"""The readers of a declaration as rows, with their cards and blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from sqlalchemy import select

from storage import schema
from storage.circulation.pins import Pins
from storage.network.declaration import Declaration
from storage.network.declaration_keys import Barcode, Card, Item
from storage.network.declaration_plan import Kind, Plan, Row
from storage.network.declaration_rows import rows_of

_NEW_PIN: Final = {"pin_failures": 0, "pin_locked_until": None}
PATRONS: Final = Kind("patrons", schema.patron, ("code",), named=True, along={"pin_hash": _NEW_PIN})
CARDS: Final = Kind("cards", schema.card, ("number", "namespace"), fixed="patron_id", taken="is another reader's card")
BLOCKS: Final = Kind("blocks", schema.block, ("patron_id", "kind"))


def namespaces(plan: Plan, declaration: Declaration) -> frozenset[str]:
    """Return the namespaces that a card or an item number can be in."""
    stored = plan.connection.scalars(select(schema.library.c.namespace))
    return frozenset({"", *stored, *(library.namespace or "" for library in declaration.libraries)})


def check_namespace(plan: Plan, known: frozenset[str], thing: Card | Barcode | Item, path: str) -> None:
    """Complain of a namespace that no library has: what is numbered in it would hardly be found."""
    if thing.namespace is not None and thing.namespace not in known:
        plan.problem(f"{path}.namespace", "no library has this namespace")


def plan_patrons(plan: Plan, declaration: Declaration, pins: Pins) -> None:
    """Plan readers with their cards and blocks."""
    patrons = declaration.patrons
    plan.know(PATRONS, [patron.known_as for patron in patrons])
    rows = rows_of(plan, patrons, "patrons")
    cards: list[Row] = []
    blocks: list[Row] = []
    known = namespaces(plan, declaration)
    for row, patron in zip(rows, patrons, strict=True):
        code = patron.known_as
        row.fill = {**row.fill, "pin_hash": None}
        if code is None:
            continue
        row.name = row.values["code"] = code
        own = {"patron_id": plan.expect(PATRONS, code)}
        if patron.pin is not None:
            row.values["pin_hash"] = pins.hash(code, patron.pin)
        cards += rows_of(plan, patron.cards, f"{row.path}.cards", own)
        for block, part in zip(rows_of(plan, patron.blocks, f"{row.path}.blocks", own), patron.blocks, strict=True):
            block.fill = {**block.fill, "acts": "*"}
            if part.acts:
                block.values["acts"] = " ".join(dict.fromkeys(part.acts))
            blocks.append(block)
        for number, card in enumerate(patron.cards):
            check_namespace(plan, known, card, f"{row.path}.cards[{number}]")
    plan.put(PATRONS, rows)
    _check_cards(plan, cards)
    # A reader has one active main card at every moment: the old one steps back before the new one comes.
    plan.put(CARDS, sorted(cards, key=_is_main))
    plan.put(BLOCKS, blocks)


def _is_main(card: Row) -> bool:
    values = {**card.fill, **card.values}
    return bool(values["status"] == "active" and values["is_primary"])


def _check_cards(plan: Plan, cards: Sequence[Row]) -> None:
    """See that each reader has one active main card at most, and that replaced cards are replaced by one of theirs."""
    stored = {
        (found["number"], found["namespace"]): found
        for found in plan.stored(CARDS, "patron_id", (card.values["patron_id"] for card in cards))
    }
    mains = {
        key: card["patron_id"] for key, card in stored.items() if card["status"] == "active" and card["is_primary"]
    }
    theirs = {(card["patron_id"], card["number"]) for card in stored.values()}
    theirs |= {(card.values["patron_id"], card.values.get("number")) for card in cards}
    for card in cards:
        key = (card.values.get("number"), card.values.get("namespace", ""))
        card.fill = (
            {**card.fill, **{column: stored[key][column] for column in ("status", "is_primary")}}
            if key in stored
            else card.fill
        )
        mains.pop(key, None)
        if _is_main(card):
            mains[key] = card.values["patron_id"]
    counted = Counter(mains.values())
    for card in cards:
        if _is_main(card) and counted[card.values["patron_id"]] > 1:
            plan.problem(f"{card.path}.primary", "the reader has another active main card")
        heir = card.values.get("replaced_by")
        if heir is not None and (card.values["patron_id"], heir) not in theirs:
            plan.problem(f"{card.path}.replaced_by", "is not one of the reader's cards")
