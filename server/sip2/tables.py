"""From the store's vocabulary to SIP2's: one row for every reason, status and alert. Tests fail when a row is missing."""

from __future__ import annotations

from typing import Final, NamedTuple

from protocols.sip2.codes import AlertType, CirculationStatus, MediaType, PatronStatus
from storage.circulation.checkin import Alert
from storage.circulation.status import Status
from storage.refusals import Reason

_NO_LOANS: Final = frozenset({PatronStatus.CHARGE_PRIVILEGES_DENIED})
DENIED: Final = frozenset(
    {
        PatronStatus.CHARGE_PRIVILEGES_DENIED,
        PatronStatus.RENEWAL_PRIVILEGES_DENIED,
        PatronStatus.RECALL_PRIVILEGES_DENIED,
        PatronStatus.HOLD_PRIVILEGES_DENIED,
    }
)
"""The patron status of an unknown reader: everything is denied."""


class Wire(NamedTuple):
    """What a reason says on the wire, besides its sentence (`storage.refusals`) in a screen message (AF).

    *flags* are positions of the patron status that the reason sets when it denies loans. *renewal*: Checkout Response says
    "renewal ok", because the reader has the item already.
    """

    flags: frozenset[PatronStatus] = frozenset()
    renewal: bool = False


REASONS: Final[dict[Reason, Wire]] = {
    Reason.UNKNOWN_ITEM: Wire(),
    Reason.AMBIGUOUS_ITEM: Wire(),
    Reason.UNKNOWN_PATRON: Wire(DENIED),
    Reason.AMBIGUOUS_CARD: Wire(DENIED),
    Reason.PATRON_EXISTS: Wire(),
    Reason.HAS_LOANS: Wire(),
    Reason.HAS_HOLDS: Wire(),
    Reason.CARD_TAKEN: Wire(),
    Reason.CARD_LOST: Wire(_NO_LOANS | {PatronStatus.CARD_REPORTED_LOST}),
    Reason.CARD_REPLACED: Wire(_NO_LOANS),
    Reason.CARD_CANCELLED: Wire(_NO_LOANS),
    Reason.WRONG_PIN: Wire(DENIED),
    Reason.PIN_LOCKED: Wire(DENIED),
    Reason.PATRON_EXPIRED: Wire(_NO_LOANS),
    Reason.PATRON_BLOCKED: Wire(_NO_LOANS),
    # E-book platforms refuse whom position 0 denies: a reader with many books at home is no such case.
    Reason.TOO_MANY_LOANS: Wire(frozenset({PatronStatus.TOO_MANY_ITEMS_CHARGED})),
    Reason.TOO_MANY_OF_TYPE: Wire(),
    Reason.TOO_MANY_HERE: Wire(),
    Reason.TOO_MANY_IN_HOUSEHOLD: Wire(),
    Reason.FEE_TO_ACCEPT: Wire(),
    Reason.OVERDUES: Wire(_NO_LOANS | {PatronStatus.TOO_MANY_ITEMS_OVERDUE}),
    Reason.NOT_FOR_LOAN: Wire(),
    Reason.IN_PROCESS: Wire(),
    Reason.WITHDRAWN: Wire(),
    Reason.CLAIMED_RETURNED: Wire(),
    Reason.DECLARED_LOST: Wire(),
    Reason.ON_LOAN_TO_OTHER: Wire(),
    Reason.ALREADY_ON_LOAN: Wire(renewal=True),
    Reason.HELD_FOR_OTHER: Wire(),
    Reason.IN_TRANSIT: Wire(),
    Reason.NOT_ON_LOAN: Wire(),
    Reason.NOT_ON_LOAN_TO_PATRON: Wire(),
    Reason.TOO_MANY_RENEWALS: Wire(),
    Reason.RENEWAL_NOT_ALLOWED: Wire(),
    Reason.TOO_LATE_TO_RENEW: Wire(),
    Reason.WAITED_FOR: Wire(),
    Reason.IN_CIRCULATION: Wire(),
    Reason.NOT_OWNER: Wire(),
    Reason.NOTHING_TO_UNDO: Wire(),
    Reason.NOT_SO: Wire(),
    Reason.UNKNOWN_ANOMALY: Wire(),
    Reason.UNKNOWN_HOLD: Wire(),
    Reason.UNKNOWN_TITLE: Wire(),
    Reason.TOO_MANY_HOLDS: Wire(),
    Reason.ALREADY_HELD: Wire(),
    Reason.NOT_HOLDABLE: Wire(),
    Reason.NO_PICKUP_HERE: Wire(),
    Reason.TOO_NEW_TO_TRAVEL: Wire(),
    Reason.AVAILABLE_HERE: Wire(),
    Reason.BAD_DATE: Wire(),
    Reason.HOLD_CAPTURED: Wire(),
    Reason.NOT_ON_SHELF: Wire(),
    Reason.ALREADY_EXTENDED: Wire(),
    Reason.UNKNOWN_PULL: Wire(),
    Reason.SERVICE_INACTIVE: Wire(),
    Reason.UNKNOWN_CONTAINER: Wire(),
    Reason.CONTAINER_EXISTS: Wire(),
    Reason.CONTAINER_NOT_OPEN: Wire(),
    Reason.CONTAINER_NOT_SEALED: Wire(),
    Reason.CONTAINER_ABOARD: Wire(),
    Reason.CONTAINER_NOT_EMPTY: Wire(),
    Reason.CONTAINER_EMPTY: Wire(),
    Reason.CONTAINER_FULL: Wire(),
    Reason.CONTAINER_ELSEWHERE: Wire(),
    Reason.WRONG_CONTAINER: Wire(),
    Reason.ALREADY_PACKED: Wire(),
    Reason.NOT_PACKED: Wire(),
    Reason.NOT_TRAVELLING: Wire(),
    Reason.UNKNOWN_ROUTE: Wire(),
    Reason.UNKNOWN_RUN: Wire(),
    Reason.RUN_EXISTS: Wire(),
    Reason.RUN_CLOSED: Wire(),
    Reason.RUN_NOT_LEFT: Wire(),
    Reason.RUN_LOADED: Wire(),
    Reason.RUN_FULL: Wire(),
    Reason.NOT_ON_ROUTE: Wire(),
    Reason.NOT_SUPPORTED: Wire(DENIED),
    Reason.UNAVAILABLE: Wire(DENIED),
}

STATUSES: Final[dict[Status, CirculationStatus]] = {
    Status.AVAILABLE: CirculationStatus.AVAILABLE,
    Status.ON_LOAN: CirculationStatus.CHARGED,
    Status.CLAIMED_RETURNED: CirculationStatus.CLAIMED_RETURNED,
    Status.LOST: CirculationStatus.LOST,
    Status.ON_HOLD_SHELF: CirculationStatus.WAITING_ON_HOLD_SHELF,
    Status.IN_TRANSIT: CirculationStatus.IN_TRANSIT,
    Status.MISSING: CirculationStatus.MISSING,
    Status.DAMAGED: CirculationStatus.OTHER,
    Status.IN_REPAIR: CirculationStatus.IN_PROCESS,
    Status.IN_PROCESS: CirculationStatus.IN_PROCESS,
    Status.ON_ORDER: CirculationStatus.ON_ORDER,
    Status.WITHDRAWN: CirculationStatus.OTHER,
}

ALERTS: Final[dict[Alert, tuple[AlertType, str, str]]] = {
    Alert.HOLD_HERE: (AlertType.HOLD_HERE, "Réservé : à mettre de côté.", "Reserved: put it on the hold shelf."),
    Alert.HOLD_ELSEWHERE: (AlertType.HOLD_ELSEWHERE, "Réservé : à envoyer à {place}.", "Reserved: send it to {place}."),
    Alert.HOLD_ILL: (AlertType.HOLD_FOR_ILL, "Prêt entre réseaux : à envoyer à {place}.", "ILL: send it to {place}."),
    Alert.SEND: (AlertType.SEND_ELSEWHERE, "À envoyer à {place}.", "Send it to {place}."),
    Alert.OTHER: (AlertType.OTHER, "À remettre à l'accueil.", "Hand it to staff."),
}
"""Alert -> (alert type CV, French, English)."""

MALFORMED: Final = ("Message incomplet.", "Incomplete message.")
FREE: Final = ("Réseau gratuit : rien à payer.", "This network is free: nothing to pay.")
AT_THE_DESK: Final = ("À payer à l'accueil : rien n'est encaissé ici.", "Pay at the desk: no money is taken here.")
NOT_LOGGED_IN: Final = ("Terminal non identifié : connexion requise.", "Terminal not identified: login required.")
SAID: Final = (MALFORMED, FREE, AT_THE_DESK, NOT_LOGGED_IN)
"""What is said besides reasons and alerts, French and English."""

MEDIA: Final = {media.value: media for media in MediaType}
MAGNETIC: Final = frozenset(
    {
        MediaType.AUDIO_TAPE,
        MediaType.VIDEO_TAPE,
        MediaType.DISKETTE,
        MediaType.BOOK_WITH_DISKETTE,
        MediaType.BOOK_WITH_AUDIO_TAPE,
    }
)
"""What a magnetic desensitizer would erase."""
