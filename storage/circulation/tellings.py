"""What acts and jobs leave behind for people: anomalies for staff to look at, and notices for readers.

Both are written in the transaction of what they tell about. Neither holds a reader's name: a notice names the reader by
id, an anomaly names things alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import and_, bindparam, insert, literal_column, or_, select, update

from storage.ids import new_id
from storage.refusals import Reason
from storage.schema import anomaly, barcode, notice
from storage.statements import Statement
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.network.network import Network
    from storage.statements import Call, Row, Steps

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
    "item-to-search": ("À rechercher : demandé et introuvable", "To be searched: asked for and not found"),
    "hold-hopeless": ("Réservation sans issue", "Hold that nothing can serve any more"),
    "scanned-too-soon": ("Vu à l'arrivée aussitôt parti", "Seen at its destination as soon as sent"),
    "missing": ("Manque dans une caisse", "Missing from a container"),
    "extra": ("Trouvé hors de la caisse où il était noté", "Found outside the container that it was noted in"),
    "wrong-stop": ("Déchargé ou vu au mauvais arrêt", "Unloaded or seen at a wrong stop"),
    "damaged": ("Arrivé abîmé", "Came damaged"),
    "not-unloaded": ("Caisse restée à bord", "Container left aboard"),
    "lost-in-transit": ("Perdu en navette", "Lost in transit"),
    "record-likeness": ("Notices à comparer : peut-être un même document", "Records to compare: maybe one document"),
    "ill-lost": ("PEB : déclaré perdu", "Inter-library loan: declared lost"),
    "ill-crossed": (
        "PEB : arrive alors que la demande est abandonnée",
        "Inter-library loan: it comes though the request was given up",
    ),
    "ill-undelivered": (
        "PEB : le partenaire n'a pas reçu un message",
        "Inter-library loan: a message reached no partner",
    ),
    "ill-borrowing-asked": ("PEB : demande sans réponse", "Inter-library loan: no answer to our request"),
    "ill-borrowing-conditional": (
        "PEB : conditions du partenaire à accepter",
        "Inter-library loan: conditions to accept",
    ),
    "ill-borrowing-accepted": ("PEB : accepté, pas expédié", "Inter-library loan: accepted, not shipped"),
    "ill-borrowing-shipped": ("PEB : expédié, pas arrivé", "Inter-library loan: shipped, not arrived"),
    "ill-borrowing-received": ("PEB : arrivé, pas prêté", "Inter-library loan: arrived, not lent"),
    "ill-borrowing-lent": ("PEB : toujours chez le lecteur", "Inter-library loan: still with the reader"),
    "ill-borrowing-returned": ("PEB : rendu, pas renvoyé", "Inter-library loan: returned, not sent back"),
    "ill-borrowing-sent-back": ("PEB : renvoyé, pas arrivé chez le prêteur", "Inter-library loan: sent back, not home"),
    "ill-borrowing-lost": (
        "PEB : perdu, à régler avec le prêteur",
        "Inter-library loan: lost, to settle with the lender",
    ),
    "ill-lending-accepted": ("PEB : à expédier au partenaire", "Inter-library loan: to be shipped to the partner"),
    "ill-lending-shipped": ("PEB : expédié, pas reçu par le partenaire", "Inter-library loan: shipped, not received"),
    "ill-lending-received": ("PEB : toujours chez le partenaire", "Inter-library loan: still with the partner"),
    "ill-lending-sent-back": (
        "PEB : renvoyé par le partenaire, pas arrivé",
        "Inter-library loan: sent back, not arrived",
    ),
    "ill-lending-lost": (
        "PEB : perdu par le partenaire, à régler",
        "Inter-library loan: lost by the partner, to settle",
    ),
}
"""What circulation finds: kind -> (French, English). Other parts have kinds of their own."""

_COLUMNS: Final = ("id", "kind", "at", "library_id", "item_id", "loan_id", "hold_id", "detail")
_ANOMALY: Final = Statement(
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


# --- what staff make of it -----------------------------------------------------------------------------------------------


class Anomaly(NamedTuple):
    """Something for staff to look at. *barcode* is the item's."""

    id: int
    kind: str
    at: int
    library_id: int | None
    item_id: int | None
    loan_id: int | None
    hold_id: int | None
    detail: str
    settled_at: int | None
    settled_by: str
    barcode: str | None


_SHOWN: Final = (
    select(
        anomaly.c.id, anomaly.c.kind, anomaly.c.at, anomaly.c.library_id, anomaly.c.item_id, anomaly.c.loan_id,
        anomaly.c.hold_id, anomaly.c.detail, anomaly.c.settled_at, anomaly.c.settled_by, barcode.c.number,
    )
    .select_from(
        anomaly.outerjoin(
            barcode, and_(barcode.c.item_id == anomaly.c.item_id, barcode.c.is_primary == literal_column("1"))
        )
    )
    .where(
        anomaly.c.settled_at.is_(None),
        or_(bindparam("library") == literal_column("0"), anomaly.c.library_id == bindparam("library")),
        or_(bindparam("kind") == literal_column("''"), anomaly.c.kind == bindparam("kind")),
    )
    .order_by(anomaly.c.at, anomaly.c.id)
    .limit(bindparam("size"))
)  # fmt: skip
UNSETTLED: Final = Statement("unsettled anomalies", _SHOWN, "library", "kind", "size")
_ONE: Final = Statement("anomaly", select(anomaly.c.settled_at).where(anomaly.c.id == bindparam("id")), "id")
_SETTLE: Final = Statement(
    "settle anomaly",
    update(anomaly)
    .where(anomaly.c.id == bindparam("number"), anomaly.c.settled_at.is_(None))
    .values(settled_at=bindparam("when"), settled_by=bindparam("by")),
    "number", "when", "by",
    guarded=True,
)  # fmt: skip


def unsettled(library_id: int | None, kind: str, most: int) -> Steps[list[Anomaly]]:
    """Read at most *most* things to look at, the oldest first: those of a library, or of one *kind* ("" for all)."""
    (rows,) = yield [UNSETTLED(library_id or 0, kind, most)]
    return [Anomaly._make(row) for row in rows]


@dataclass(frozen=True, slots=True)
class SettleRequest:
    """Staff have looked at an anomaly. *by* says who, as they sign."""

    anomaly_id: int
    origin: Origin
    by: str = ""


def _gather(request: SettleRequest, _network: Network) -> Steps[Sequence[Row]]:
    (rows,) = yield [_ONE(request.anomaly_id)]
    return rows


def _settle(request: SettleRequest, rows: Sequence[Row], _network: Network, now: int) -> Decision[tuple[Reason, ...]]:
    if not rows or rows[0][0] is not None:
        return Decision((Reason.UNKNOWN_ANOMALY,))
    entry = Entry("anomaly-settled", request.origin.library_id, detail=f"anomaly={request.anomaly_id}")
    return Decision((), (_SETTLE(request.anomaly_id, now, request.by or request.origin.actor),), (entry,))


SETTLE: Final = UseCase(
    name="settle anomaly",
    gather=_gather,
    decide=_settle,
    keys=lambda request: (f"anomaly:{request.anomaly_id}",),
    failed=lambda _request, code: (Reason(code),),
)
"""Answers the reasons why not; none when it is settled."""
