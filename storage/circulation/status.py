"""An item's status: derived from what holds it, stored nowhere (domain.md 2.1)."""

from __future__ import annotations

from enum import Enum
from typing import Final, Protocol


class _Held(Protocol):
    """An item's row, as far as its status follows from it."""

    @property
    def condition(self) -> str: ...
    @property
    def loan_state(self) -> str | None: ...
    @property
    def hold_state(self) -> str | None: ...
    @property
    def transit_id(self) -> int | None: ...


class Status(Enum):
    """What an item is doing. Values are stable codes."""

    AVAILABLE = "available"
    ON_LOAN = "on-loan"
    CLAIMED_RETURNED = "claimed-returned"
    LOST = "lost"
    ON_HOLD_SHELF = "on-hold-shelf"
    IN_TRANSIT = "in-transit"
    MISSING = "missing"
    DAMAGED = "damaged"
    IN_REPAIR = "in-repair"
    IN_PROCESS = "in-process"
    ON_ORDER = "on-order"
    WITHDRAWN = "withdrawn"


LABELS: Final[dict[Status, tuple[str, str]]] = {
    Status.AVAILABLE: ("En rayon", "Available"),
    Status.ON_LOAN: ("En prêt", "On loan"),
    Status.CLAIMED_RETURNED: ("Déclaré rendu", "Claimed returned"),
    Status.LOST: ("Perdu", "Lost"),
    Status.ON_HOLD_SHELF: ("Mis de côté", "On hold shelf"),
    Status.IN_TRANSIT: ("En navette", "In transit"),
    Status.MISSING: ("Manquant", "Missing"),
    Status.DAMAGED: ("Abîmé", "Damaged"),
    Status.IN_REPAIR: ("En réparation", "In repair"),
    Status.IN_PROCESS: ("En traitement", "In process"),
    Status.ON_ORDER: ("En commande", "On order"),
    Status.WITHDRAWN: ("Retiré", "Withdrawn"),
}
"""Status -> (French, English)."""

LOANS: Final = {"open": Status.ON_LOAN, "claimed": Status.CLAIMED_RETURNED, "lost": Status.LOST}
"""State of a loan -> status of its item."""
_CONDITIONS: Final = {
    "good": Status.AVAILABLE,
    "missing": Status.MISSING,
    "lost": Status.LOST,
    "damaged": Status.DAMAGED,
    "repair": Status.IN_REPAIR,
    "in-process": Status.IN_PROCESS,
    "on-order": Status.ON_ORDER,
    "withdrawn": Status.WITHDRAWN,
}


def status_of(item: _Held) -> Status:
    """Return the status, by precedence: withdrawn, loan, hold shelf, transit, condition, available."""
    if item.condition == "withdrawn":
        return Status.WITHDRAWN
    if item.loan_state is not None:
        return LOANS[item.loan_state]
    if item.hold_state == "shelf":
        return Status.ON_HOLD_SHELF
    if item.transit_id is not None:
        return Status.IN_TRANSIT
    return _CONDITIONS[item.condition]
