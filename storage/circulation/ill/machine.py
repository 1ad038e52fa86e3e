"""The life of an inter-library request, as tables: states, events, what is said to the partner, and when silence is too long.

One machine serves both directions (ncip.md 3.3). Messages come late, twice and out of order, so states have ranks: an event leads forward
to its state, however many are skipped, and one that would lead back changes nothing.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Final, NamedTuple


class Role(StrEnum):
    """On which side we are."""

    BORROWING = "borrowing"
    LENDING = "lending"


class State(StrEnum):
    """How far a request has come."""

    ASKED = "asked"
    CONDITIONAL = "conditional"
    ACCEPTED = "accepted"
    SHIPPED = "shipped"
    RECEIVED = "received"
    LENT = "lent"
    RETURNED = "returned"
    SENT_BACK = "sent-back"
    CLOSED = "closed"
    UNFILLED = "unfilled"
    CANCELLED = "cancelled"
    LOST = "lost"


class Event(Enum):
    """What may happen to a request, on our side or told by the partner; the value is the journal's word."""

    ACCEPTED = "accepted"
    CONDITIONS = "conditions"
    AGREED = "agreed"
    REFUSED = "refused"
    SHIPPED = "shipped"
    RECEIVED = "received"
    LENT = "lent"
    RETURNED = "returned"
    SENT_BACK = "sent-back"
    HOME = "home"
    CANCELLED = "cancelled"
    LOST = "lost"
    RENEW_ASKED = "renew-asked"
    RENEW_PENDING = "renew-pending"
    RENEWED = "renewed"
    RENEW_REFUSED = "renew-refused"
    RECALLED = "recalled"
    RECALL_ENDED = "recall-ended"


class No(Enum):
    """Why an event is refused. Values are stable codes."""

    UNKNOWN_REQUEST = "unknown-request"
    DUPLICATE_REQUEST = "duplicate-request"
    UNKNOWN_ITEM = "unknown-item"
    UNKNOWN_USER = "unknown-user"
    USER_BLOCKED = "user-blocked"
    TOO_LATE = "too-late"
    NOT_ON_LOAN = "not-on-loan"
    NOT_RENEWABLE = "not-renewable"
    WAITED_FOR = "waited-for"
    NOT_FOR_LOAN = "not-for-loan"
    BARCODE_TAKEN = "barcode-taken"
    NO_ACCOUNT = "no-account"
    NO_TERMS = "no-terms"
    NO_LENDER = "no-lender"
    OVERTAKEN = "overtaken"


SENTENCES: Final[dict[No, tuple[str, str]]] = {
    No.UNKNOWN_REQUEST: ("Demande inconnue.", "No such request."),
    No.DUPLICATE_REQUEST: ("Cette demande existe déjà.", "The request exists already."),
    No.UNKNOWN_ITEM: ("Document ou titre inconnu.", "No such item or title."),
    No.UNKNOWN_USER: ("Lecteur inconnu.", "No such reader."),
    No.USER_BLOCKED: ("Ce lecteur ne peut pas réserver.", "The reader may not reserve."),
    No.TOO_LATE: ("Trop tard : le document est en route.", "Too late: the item is on its way."),
    No.NOT_ON_LOAN: ("Ce document n'est pas en prêt.", "The item is not on loan."),
    No.NOT_RENEWABLE: ("Prolongation impossible.", "It cannot be prolonged."),
    No.WAITED_FOR: ("Document attendu par d'autres.", "Others wait for the item."),
    No.NOT_FOR_LOAN: ("Exclu du prêt.", "Not for loan."),
    No.BARCODE_TAKEN: ("Ce code à barres est celui d'un autre document.", "The number is another item's."),
    No.NO_ACCOUNT: ("Ce partenaire n'a pas de compte ici.", "The partner has no account here."),
    No.NO_TERMS: ("Le partenaire ne demande rien pour cette demande.", "The partner demands nothing for this request."),
    No.OVERTAKEN: ("La même chose se fait déjà : réessayer.", "The same is being done already: try again."),
    No.NO_LENDER: ("Aucun prêteur n'est indiqué.", "No lender is declared."),
}
"""Why not -> (French, English)."""

RANKS: Final = {
    state: rank
    for rank, state in enumerate(
        (
            State.ASKED, State.CONDITIONAL, State.ACCEPTED, State.SHIPPED, State.RECEIVED, State.LENT, State.RETURNED,
            State.SENT_BACK, State.CLOSED,
        )
    )
}  # fmt: skip
"""State on the way -> how far it is."""
ENDED: Final = frozenset({State.CLOSED, State.UNFILLED, State.CANCELLED})
"""States that nothing leads out of."""

LEADS: Final = {
    Event.CONDITIONS: State.CONDITIONAL,
    Event.ACCEPTED: State.ACCEPTED,
    Event.SHIPPED: State.SHIPPED,
    Event.RECEIVED: State.RECEIVED,
    Event.LENT: State.LENT,
    Event.RETURNED: State.RETURNED,
    Event.SENT_BACK: State.SENT_BACK,
    Event.HOME: State.CLOSED,
    Event.REFUSED: State.UNFILLED,
    Event.CANCELLED: State.CANCELLED,
    Event.LOST: State.LOST,
}
"""Event -> the state that it leads to. Events that are not here change what the request holds, not its state."""

BEFORE_SHIPPING: Final = frozenset({Event.REFUSED, Event.CANCELLED, Event.CONDITIONS})
"""Events that come too late once the item is on its way."""
ON_LOAN: Final = frozenset({State.SHIPPED, State.RECEIVED, State.LENT})
"""States in which a recall or a renewal makes sense."""

TELLS: Final = {
    (Role.BORROWING, Event.RECEIVED): "ItemReceived",
    (Role.BORROWING, Event.SENT_BACK): "ItemShipped",
    (Role.BORROWING, Event.AGREED): "RequestItem",
    (Role.BORROWING, Event.CANCELLED): "CancelRequestItem",
    (Role.BORROWING, Event.REFUSED): "CancelRequestItem",
    (Role.BORROWING, Event.RENEW_ASKED): "RenewItem",
    (Role.BORROWING, Event.LOST): "CirculationStatusChangeReported",
    (Role.LENDING, Event.REFUSED): "ItemRequestCancelled",
    (Role.LENDING, Event.CANCELLED): "ItemRequestCancelled",
    (Role.LENDING, Event.SHIPPED): "ItemShipped",
    (Role.LENDING, Event.HOME): "ItemReceived",
    (Role.LENDING, Event.RECALLED): "RecallItem",
    (Role.LENDING, Event.RECALL_ENDED): "CancelRecallItem",
    (Role.LENDING, Event.RENEWED): "ItemRenewed",
    (Role.LENDING, Event.RENEW_REFUSED): "CirculationStatusUpdated",
}
"""What the partner is told of an event that happened on our side."""
TELLS_IF_WANTED: Final = {
    (Role.BORROWING, Event.LENT): "ItemCheckedOut",
    (Role.BORROWING, Event.RETURNED): "ItemCheckedIn",
}
"""What only a partner is told whose profile lists it under ``notifications``."""


class Timer(NamedTuple):
    """How many days a request may stay in a state, whether the partner is asked then, and after how many days the referent is told."""

    days: int
    probes: bool
    again: int = 3


TIMERS: Final = {
    (Role.BORROWING, State.ASKED): Timer(2, probes=True),
    (Role.BORROWING, State.CONDITIONAL): Timer(3, probes=False),
    (Role.BORROWING, State.ACCEPTED): Timer(10, probes=True),
    (Role.BORROWING, State.SHIPPED): Timer(10, probes=True),
    (Role.BORROWING, State.RECEIVED): Timer(21, probes=False),
    (Role.BORROWING, State.LENT): Timer(45, probes=False, again=7),
    (Role.BORROWING, State.RETURNED): Timer(7, probes=False),
    (Role.BORROWING, State.SENT_BACK): Timer(14, probes=True, again=7),
    (Role.BORROWING, State.LOST): Timer(30, probes=False, again=30),
    (Role.LENDING, State.ACCEPTED): Timer(5, probes=False),
    (Role.LENDING, State.SHIPPED): Timer(10, probes=True),
    (Role.LENDING, State.RECEIVED): Timer(45, probes=True, again=7),
    (Role.LENDING, State.SENT_BACK): Timer(10, probes=False),
    (Role.LENDING, State.LOST): Timer(30, probes=False, again=30),
}
"""Every state in which a request can wait -> its timer."""


def advance(state: State, event: Event) -> State | No | None:
    """Give the state that *event* leads to from *state*; None when it changes nothing, `No` when it may not be."""
    target = LEADS.get(event)
    if state in ENDED:
        return None if target in {state, None} or event not in BEFORE_SHIPPING else No.TOO_LATE
    if target is None:
        return None
    if state is State.LOST:  # found after all: from here it goes on where it is seen
        return target if target in {State.RETURNED, State.SENT_BACK, State.CLOSED} else None
    if event in BEFORE_SHIPPING and RANKS[state] >= RANKS[State.SHIPPED]:
        return No.TOO_LATE
    if event is Event.LOST:
        return target if RANKS[state] >= RANKS[State.SHIPPED] else No.NOT_ON_LOAN
    if target in RANKS and RANKS[target] <= RANKS[state]:
        return None
    return target


def sentence(no: No, language: str) -> str:
    """Say why not, in *language* (``en``; French for any other)."""
    french, english = SENTENCES[no]
    return english if language == "en" else french


def check_at(role: Role, state: State, now: int) -> int | None:
    """Give when someone must look after a request that has come to *state*; None when nobody need."""
    timer = TIMERS.get((role, state))
    return None if timer is None else now + timer.days * 86_400
