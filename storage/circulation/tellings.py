"""What acts and jobs leave behind for people: anomalies for staff to look at, and notices for readers.

Both are written in the transaction of what they tell about. Neither holds a reader's name: a notice names the reader by
id, an anomaly names things alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, insert

from storage.ids import new_id
from storage.schema import anomaly, notice
from storage.statements import Statement

if TYPE_CHECKING:
    from storage.statements import Call

ANOMALIES: Final[dict[str, tuple[str, str]]] = {
    "claim-found": ("Déclaré rendu, puis retrouvé", "Claimed returned, then found"),
    "lost-found": ("Déclaré perdu, puis rendu", "Declared lost, then returned"),
    "return-deduced": ("Retour déduit : prêté entre-temps à un autre", "Return deduced: lent to another meanwhile"),
    "offline-overtaken": ("Prêt hors ligne déjà terminé", "Off-line loan that had ended already"),
    "offline-refused": ("Acte hors ligne que les règles refusent", "Off-line act that the rules refuse"),
    "offline-unknown": ("Acte hors ligne sur un inconnu", "Off-line act on something unknown"),
    "hold-bypassed": ("Prêté malgré une mise de côté", "Lent though put aside for another"),
    "withdrawn-lent": ("Document retiré mais prêté", "Withdrawn item that was lent"),
    "withdrawn-seen": ("Document retiré mais présent", "Withdrawn item that was seen"),
    "no-open-day": ("Aucun jour d'ouverture près de l'échéance", "No open day near the due date"),
    "presumed-lost": ("Présumé perdu : trop de retard", "Presumed lost: too late"),
    "unknown-barcode": ("Code à barres inconnu", "Unknown barcode"),
    "transit-mended": ("Navette incohérente, réparée", "Inconsistent transit, mended"),
    "scanned-too-soon": ("Vu à l'arrivée aussitôt parti", "Seen at its destination as soon as sent"),
}
"""What circulation finds: kind -> (French, English). Other parts have kinds of their own."""

_COLUMNS: Final = ("id", "kind", "at", "library_id", "item_id", "loan_id", "hold_id", "detail")
_ANOMALY: Final = Statement(
    "item-to-search": ("À rechercher : demandé et introuvable", "To be searched: asked for and not found"),
    "hold-hopeless": ("Réservation sans issue", "Hold that nothing can serve any more"),
    "anomaly", insert(anomaly).values({column: bindparam(column) for column in _COLUMNS}), *_COLUMNS
)
_NOTICE: Final = Statement(
    "notice",
    insert(notice).values({column: bindparam(column) for column in ("patron_id", *_COLUMNS)}),
    "patron_id",
    *_COLUMNS,
)


def note_anomaly(
    kind: str,
    now: int,
    library_id: int | None = None,
    item_id: int | None = None,
    loan_id: int | None = None,
    hold_id: int | None = None,
    detail: str = "",
) -> Call:
    """Return the write that tells staff of something."""
    return _ANOMALY(new_id(), kind, now, library_id, item_id, loan_id, hold_id, detail)


def tell_reader(
    kind: str,
    patron_id: int,
    now: int,
    library_id: int | None = None,
    item_id: int | None = None,
    loan_id: int | None = None,
    hold_id: int | None = None,
    detail: str = "",
) -> Call:
    """Return the write that tells a reader of something."""
    return _NOTICE(patron_id, new_id(), kind, now, library_id, item_id, loan_id, hold_id, detail)
