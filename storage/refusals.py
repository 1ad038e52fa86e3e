"""Every reason for which the store says no, or says yes with a remark: one enumeration for all wires.

Each adapter owns one table from these reasons to its wire, and a test fails when a reason has no row there. The French
and English sentences are here, once, so that every channel tells a reader the same thing.
"""

from __future__ import annotations

from enum import Enum
from typing import Final


class Reason(Enum):
    """Why an act is refused. Values are stable codes, for `--json`, the journal and the docs."""

    UNKNOWN_ITEM = "unknown-item"
    AMBIGUOUS_ITEM = "ambiguous-item"
    UNKNOWN_PATRON = "unknown-patron"
    AMBIGUOUS_CARD = "ambiguous-card"
    PATRON_EXISTS = "patron-exists"
    HAS_LOANS = "has-loans"
    HAS_HOLDS = "has-holds"
    CARD_TAKEN = "card-taken"
    CARD_LOST = "card-lost"
    CARD_REPLACED = "card-replaced"
    CARD_CANCELLED = "card-cancelled"
    WRONG_PIN = "wrong-pin"
    PIN_LOCKED = "pin-locked"
    PATRON_EXPIRED = "patron-expired"
    PATRON_BLOCKED = "patron-blocked"
    TOO_MANY_LOANS = "too-many-loans"
    TOO_MANY_OF_TYPE = "too-many-of-type"
    TOO_MANY_HERE = "too-many-here"
    TOO_MANY_IN_HOUSEHOLD = "too-many-in-household"
    FEE_TO_ACCEPT = "fee-to-accept"
    OVERDUES = "overdues"
    NOT_FOR_LOAN = "not-for-loan"
    IN_PROCESS = "in-process"
    WITHDRAWN = "withdrawn"
    CLAIMED_RETURNED = "claimed-returned"
    DECLARED_LOST = "declared-lost"
    ON_LOAN_TO_OTHER = "on-loan-to-other"
    ALREADY_ON_LOAN = "already-on-loan"
    HELD_FOR_OTHER = "held-for-other"
    IN_TRANSIT = "in-transit"
    NOT_ON_LOAN = "not-on-loan"
    NOT_ON_LOAN_TO_PATRON = "not-on-loan-to-patron"
    TOO_MANY_RENEWALS = "too-many-renewals"
    RENEWAL_NOT_ALLOWED = "renewal-not-allowed"
    TOO_LATE_TO_RENEW = "too-late-to-renew"
    WAITED_FOR = "waited-for"
    IN_CIRCULATION = "in-circulation"
    NOT_OWNER = "not-owner"
    NOTHING_TO_UNDO = "nothing-to-undo"
    NOT_SO = "not-so"
    UNKNOWN_ANOMALY = "unknown-anomaly"
    UNKNOWN_HOLD = "unknown-hold"
    UNKNOWN_TITLE = "unknown-title"
    TOO_MANY_HOLDS = "too-many-holds"
    ALREADY_HELD = "already-held"
    NOT_HOLDABLE = "not-holdable"
    NO_PICKUP_HERE = "no-pickup-here"
    TOO_NEW_TO_TRAVEL = "too-new-to-travel"
    AVAILABLE_HERE = "available-here"
    BAD_DATE = "bad-date"
    HOLD_CAPTURED = "hold-captured"
    NOT_ON_SHELF = "not-on-shelf"
    ALREADY_EXTENDED = "already-extended"
    UNKNOWN_PULL = "unknown-pull"
    SERVICE_INACTIVE = "service-inactive"
    UNKNOWN_CONTAINER = "unknown-container"
    CONTAINER_EXISTS = "container-exists"
    CONTAINER_NOT_OPEN = "container-not-open"
    CONTAINER_NOT_SEALED = "container-not-sealed"
    CONTAINER_ABOARD = "container-aboard"
    CONTAINER_NOT_EMPTY = "container-not-empty"
    CONTAINER_EMPTY = "container-empty"
    CONTAINER_FULL = "container-full"
    CONTAINER_ELSEWHERE = "container-elsewhere"
    WRONG_CONTAINER = "wrong-container"
    ALREADY_PACKED = "already-packed"
    NOT_PACKED = "not-packed"
    NOT_TRAVELLING = "not-travelling"
    UNKNOWN_ROUTE = "unknown-route"
    UNKNOWN_RUN = "unknown-run"
    RUN_EXISTS = "run-exists"
    RUN_CLOSED = "run-closed"
    RUN_NOT_LEFT = "run-not-left"
    RUN_LOADED = "run-loaded"
    RUN_FULL = "run-full"
    NOT_ON_ROUTE = "not-on-route"
    NOT_SUPPORTED = "not-supported"
    UNAVAILABLE = "unavailable"


SENTENCES: Final[dict[Reason, tuple[str, str]]] = {
    Reason.UNKNOWN_ITEM: ("Document inconnu du réseau.", "Item unknown to the network."),
    Reason.AMBIGUOUS_ITEM: ("Code à barres ambigu : accueil.", "Ambiguous barcode: see staff."),
    Reason.UNKNOWN_PATRON: ("Carte inconnue.", "Unknown card."),
    Reason.AMBIGUOUS_CARD: ("Numéro de carte ambigu : accueil.", "Ambiguous card number: see staff."),
    Reason.PATRON_EXISTS: ("Lecteur déjà inscrit sous ce code.", "A reader is registered under this code."),
    Reason.HAS_LOANS: ("Des prêts sont en cours.", "There are open loans."),
    Reason.HAS_HOLDS: ("Des réservations sont en cours.", "There are open holds."),
    Reason.CARD_TAKEN: ("Ce numéro de carte est déjà attribué.", "This card number is taken."),
    Reason.CARD_LOST: ("Carte déclarée perdue, à remettre à l'accueil.", "Card reported lost: hand it to staff."),
    Reason.CARD_REPLACED: ("Carte remplacée : utilisez la nouvelle.", "Card replaced: use the new one."),
    Reason.CARD_CANCELLED: ("Carte annulée : passez à l'accueil.", "Card cancelled: see staff."),
    Reason.WRONG_PIN: ("Code secret incorrect.", "Wrong PIN."),
    Reason.PIN_LOCKED: ("Trop d'essais : code secret bloqué un moment.", "Too many tries: PIN locked for a while."),
    Reason.PATRON_EXPIRED: ("Carte expirée : passez à l'accueil.", "Card expired: see staff."),
    Reason.PATRON_BLOCKED: ("Compte bloqué : passez à l'accueil.", "Account blocked: see staff."),
    Reason.TOO_MANY_LOANS: ("Limite de prêts atteinte.", "Loan limit reached."),
    Reason.TOO_MANY_OF_TYPE: ("Limite atteinte pour ce type de document.", "Limit reached for this type of item."),
    Reason.TOO_MANY_HERE: ("Limite de prêts de cette bibliothèque atteinte.", "Loan limit of this library reached."),
    Reason.TOO_MANY_IN_HOUSEHOLD: ("Limite de prêts du foyer atteinte.", "Loan limit of the household reached."),
    Reason.FEE_TO_ACCEPT: ("Prêt payant : à accepter d'abord.", "This loan costs a fee: accept it first."),
    Reason.OVERDUES: ("Documents en retard à rendre d'abord.", "Overdue items must be returned first."),
    Reason.NOT_FOR_LOAN: ("Exclu du prêt.", "Not for loan."),
    Reason.IN_PROCESS: ("Document en traitement : accueil.", "Item in process: see staff."),
    Reason.WITHDRAWN: ("Document retiré des collections : accueil.", "Item withdrawn: see staff."),
    Reason.CLAIMED_RETURNED: ("Document déclaré rendu : accueil.", "Item claimed returned: see staff."),
    Reason.DECLARED_LOST: ("Document déclaré perdu : accueil.", "Item declared lost: see staff."),
    Reason.ON_LOAN_TO_OTHER: ("Document déjà prêté : accueil.", "Item on loan to another reader: see staff."),
    Reason.ALREADY_ON_LOAN: ("Document déjà emprunté par vous.", "You already have this item on loan."),
    Reason.HELD_FOR_OTHER: (
        "Document réservé pour un autre lecteur. Merci de le remettre à l'accueil.",
        "Item reserved for another reader. Please hand it to staff.",
    ),
    Reason.IN_TRANSIT: ("Document en navette : accueil.", "Item in transit: see staff."),
    Reason.NOT_ON_LOAN: ("Ce document n'est pas en prêt.", "This item is not on loan."),
    Reason.NOT_ON_LOAN_TO_PATRON: (
        "Ce document n'est pas prêté à ce lecteur.",
        "This item is not on loan to this reader.",
    ),
    Reason.TOO_MANY_RENEWALS: ("Prolongation impossible : déjà prolongé.", "Cannot renew: already renewed."),
    Reason.RENEWAL_NOT_ALLOWED: ("Prolongation impossible pour ce document.", "This item cannot be renewed."),
    Reason.TOO_LATE_TO_RENEW: ("Prolongation impossible : trop de retard.", "Cannot renew: too long overdue."),
    Reason.IN_CIRCULATION: (
        "Document en prêt, en navette ou réservé : le libérer d'abord.",
        "Item on loan, in transit or reserved: free it first.",
    ),
    Reason.NOT_OWNER: (
        "Réservé à la commune propriétaire du document.",
        "Only the commune that owns the item may do this.",
    ),
    Reason.NOTHING_TO_UNDO: ("Rien à annuler.", "Nothing to undo."),
    Reason.UNKNOWN_ANOMALY: ("Aucune anomalie à traiter sous ce numéro.", "No unsettled anomaly with this number."),
    Reason.NOT_SO: ("Le prêt n'est pas dans cet état.", "The loan is not in that state."),
    Reason.WAITED_FOR: ("Prolongation impossible : document réservé.", "Cannot renew: item reserved."),
    Reason.UNKNOWN_HOLD: ("Réservation inconnue.", "Unknown hold."),
    Reason.UNKNOWN_TITLE: ("Titre inconnu du réseau.", "Title unknown to the network."),
    Reason.TOO_MANY_HOLDS: ("Limite de réservations atteinte.", "Hold limit reached."),
    Reason.ALREADY_HELD: ("Vous avez déjà réservé ce document.", "You have already reserved this."),
    Reason.NOT_HOLDABLE: ("Ce document ne peut pas être réservé.", "This cannot be reserved."),
    Reason.NO_PICKUP_HERE: (
        "Pas de retrait de réservations à cette bibliothèque.",
        "Holds cannot be collected at this library.",
    ),
    Reason.TOO_NEW_TO_TRAVEL: (
        "Nouveauté : à retirer dans sa bibliothèque.",
        "New item: to be collected at its own library.",
    ),
    Reason.AVAILABLE_HERE: ("Disponible en rayon ici.", "On the shelf here."),
    Reason.BAD_DATE: ("Date déjà passée.", "This date has passed."),
    Reason.HOLD_CAPTURED: ("Trop tard : le document est déjà mis de côté.", "Too late: the item is already put aside."),
    Reason.NOT_ON_SHELF: ("Ce document n'attend pas au retrait.", "This item does not wait to be collected."),
    Reason.ALREADY_EXTENDED: ("Délai de retrait déjà prolongé.", "Collection time already extended."),
    Reason.UNKNOWN_PULL: ("Demande déjà close ou inconnue.", "Request closed already, or unknown."),
    Reason.SERVICE_INACTIVE: ("Service non ouvert dans cette bibliothèque.", "Service not open at this library."),
    Reason.UNKNOWN_CONTAINER: ("Caisse inconnue.", "Unknown container."),
    Reason.CONTAINER_EXISTS: ("Ce code de caisse est déjà pris.", "There is a container with this code."),
    Reason.CONTAINER_NOT_OPEN: ("La caisse n'est pas ouverte.", "The container is not open."),
    Reason.CONTAINER_NOT_SEALED: ("La caisse n'est pas fermée.", "The container is not sealed."),
    Reason.CONTAINER_ABOARD: ("La caisse est à bord d'une tournée.", "The container is aboard a run."),
    Reason.CONTAINER_NOT_EMPTY: ("La caisse n'est pas vide.", "The container is not empty."),
    Reason.CONTAINER_EMPTY: ("La caisse est vide.", "The container is empty."),
    Reason.CONTAINER_FULL: ("La caisse est pleine.", "The container is full."),
    Reason.CONTAINER_ELSEWHERE: (
        "La caisse est notée ailleurs : scannez son arrivée.",
        "The container is noted elsewhere: scan its arrival.",
    ),
    Reason.WRONG_CONTAINER: (
        "Cette caisse ne va pas là où va le document.",
        "This container does not go where the item goes.",
    ),
    Reason.ALREADY_PACKED: ("Document déjà dans une caisse.", "Item already in a container."),
    Reason.NOT_PACKED: ("Le document n'est pas dans cette caisse.", "The item is not in this container."),
    Reason.NOT_TRAVELLING: (
        "Ce document ne part pas : enregistrez d'abord son retour.",
        "This item does not travel: check it in first.",
    ),
    Reason.UNKNOWN_ROUTE: ("Tournée inconnue.", "Unknown route."),
    Reason.UNKNOWN_RUN: ("Aucun passage prévu ce jour-là.", "No run planned on that day."),
    Reason.RUN_EXISTS: ("Ce passage est déjà prévu.", "This run is planned already."),
    Reason.RUN_CLOSED: ("Ce passage est terminé ou annulé.", "This run is done or cancelled."),
    Reason.RUN_NOT_LEFT: ("Ce passage n'est pas parti.", "This run has not left."),
    Reason.RUN_LOADED: (
        "Des caisses sont à bord : déchargez-les d'abord.",
        "Containers are aboard: unload them first.",
    ),
    Reason.RUN_FULL: ("Passage complet : d'autres documents sont prioritaires.", "Run full: other items come first."),
    Reason.NOT_ON_ROUTE: ("Ce passage n'y mène pas d'ici.", "This run does not lead there from here."),
    Reason.NOT_SUPPORTED: ("Fonction non proposée ici.", "Function not offered here."),
    Reason.UNAVAILABLE: ("Service momentanément indisponible.", "Service temporarily unavailable."),
}
"""Reason -> (French, English), at most 80 characters for a kiosk's screen."""


def sentence(reason: Reason, language: str) -> str:
    """Return what to tell a reader in *language* (``fr`` or ``en``; French for any other)."""
    french, english = SENTENCES[reason]
    return english if language == "en" else french
