"""From the store's reasons to NCIP's problems: one row for every reason, and a test that fails when one is missing.

The services' lists of problem types differ, so a row names several types, the most telling first: a service answers with
the first that it may use. The last of each row is of the general list, which every service may use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from protocols.ncip import problem
from protocols.ncip.elements import Problem
from protocols.ncip.problems import GENERAL, SERVICES
from protocols.ncip.problems import ProblemType as P
from storage.refusals import Reason, sentence

ITEM: Final = "ItemIdentifierValue"
USER: Final = "UserIdentifierValue"
PROOF: Final = "AuthenticationInputData"


class Refused(Exception):
    """The request is answered with *problems*; *reasons* are the store's, where it was the store that refused."""

    def __init__(self, *problems: Problem, reasons: tuple[Reason, ...] = ()) -> None:
        super().__init__()
        self.problems = problems
        self.reasons = reasons


class Row(NamedTuple):
    """The types to choose from, and the element that the problem lies in."""

    types: tuple[P, ...]
    element: str


_NO = P.UNAUTHORIZED_COMBINATION_FOR_AGENCY
_UNKNOWN_USER: Final = Row((P.UNKNOWN_USER, _NO), USER)
_BLOCKED: Final = Row((P.USER_BLOCKED, P.USER_ACCESS_DENIED, _NO), USER)
_WRONG: Final = Row((P.USER_AUTHENTICATION_FAILED, _NO), PROOF)
_FULL: Final = Row((P.MAXIMUM_CHECK_OUTS_EXCEEDED, P.USER_BLOCKED, _NO), USER)
_NOT_NOW: Final = Row((P.RESOURCE_CANNOT_BE_PROVIDED, P.ITEM_NOT_RENEWABLE, P.ITEM_ACCESS_DENIED, _NO), ITEM)
_NEVER: Final = Row((P.ITEM_DOES_NOT_CIRCULATE, P.ITEM_NOT_RENEWABLE, P.ITEM_ACCESS_DENIED, _NO), ITEM)
_NOT_THEIRS: Final = Row(
    (P.USER_INELIGIBLE_TO_CHECK_OUT_THIS_ITEM, P.USER_INELIGIBLE_TO_RENEW_THIS_ITEM, P.ITEM_NOT_CHECKED_OUT, _NO), ITEM
)

_NO_REQUEST: Final = Row((P.USER_INELIGIBLE_TO_REQUEST_THIS_ITEM, P.ELEMENT_RULE_VIOLATED, _NO), ITEM)

REFUSALS: Final[dict[Reason, Row]] = {
    Reason.UNKNOWN_ITEM: Row((P.UNKNOWN_ITEM, _NO), ITEM),
    Reason.AMBIGUOUS_ITEM: Row((P.NON_UNIQUE_ITEM, P.UNKNOWN_ITEM, _NO), ITEM),
    Reason.UNKNOWN_PATRON: _UNKNOWN_USER,
    Reason.AMBIGUOUS_CARD: Row((P.NON_UNIQUE_USER, P.UNKNOWN_USER, _NO), USER),
    Reason.PATRON_EXISTS: Row((P.DUPLICATE_USER, _NO), USER),
    Reason.HAS_LOANS: Row((P.ELEMENT_RULE_VIOLATED, _NO), USER),
    Reason.HAS_HOLDS: Row((P.ELEMENT_RULE_VIOLATED, _NO), USER),
    Reason.CARD_TAKEN: Row((P.DUPLICATE_USER, _NO), USER),
    Reason.CARD_LOST: _BLOCKED,
    Reason.CARD_REPLACED: _BLOCKED,
    Reason.CARD_CANCELLED: _BLOCKED,
    Reason.WRONG_PIN: _WRONG,
    Reason.PIN_LOCKED: _WRONG,
    Reason.PATRON_EXPIRED: _BLOCKED,
    Reason.PATRON_BLOCKED: _BLOCKED,
    Reason.TOO_MANY_LOANS: _FULL,
    Reason.TOO_MANY_OF_TYPE: _FULL,
    Reason.TOO_MANY_HERE: _FULL,
    Reason.TOO_MANY_IN_HOUSEHOLD: _FULL,
    Reason.FEE_TO_ACCEPT: _NOT_THEIRS,
    Reason.OVERDUES: _BLOCKED,
    Reason.NOT_FOR_LOAN: _NEVER,
    Reason.IN_PROCESS: _NOT_NOW,
    Reason.WITHDRAWN: _NEVER,
    Reason.CLAIMED_RETURNED: _NOT_NOW,
    Reason.DECLARED_LOST: _NOT_NOW,
    Reason.ON_LOAN_TO_OTHER: _NOT_NOW,
    Reason.ALREADY_ON_LOAN: _NOT_NOW,
    Reason.HELD_FOR_OTHER: _NOT_THEIRS,
    Reason.IN_TRANSIT: _NOT_NOW,
    Reason.NOT_ON_LOAN: Row((P.ITEM_NOT_CHECKED_OUT, _NO), ITEM),
    Reason.NOT_ON_LOAN_TO_PATRON: _NOT_THEIRS,
    Reason.TOO_MANY_RENEWALS: Row((P.MAXIMUM_RENEWALS_EXCEEDED, _NO), ITEM),
    Reason.RENEWAL_NOT_ALLOWED: Row((P.ITEM_NOT_RENEWABLE, _NO), ITEM),
    Reason.TOO_LATE_TO_RENEW: Row((P.ITEM_NOT_RENEWABLE, _NO), ITEM),
    Reason.WAITED_FOR: Row((P.RENEWAL_NOT_ALLOWED, _NO), ITEM),
    Reason.IN_CIRCULATION: _NOT_NOW,
    Reason.NOT_OWNER: Row((_NO,), ITEM),
    Reason.NOTHING_TO_UNDO: Row((P.ITEM_NOT_CHECKED_OUT, _NO), ITEM),
    Reason.UNKNOWN_ANOMALY: Row((_NO,), ITEM),
    Reason.NOT_SO: Row((P.ITEM_NOT_CHECKED_OUT, _NO), ITEM),
    Reason.UNKNOWN_HOLD: Row((P.UNKNOWN_REQUEST, _NO), ITEM),
    Reason.UNKNOWN_TITLE: Row((P.UNKNOWN_ITEM, _NO), ITEM),
    Reason.TOO_MANY_HOLDS: _NO_REQUEST,
    Reason.ALREADY_HELD: Row((P.DUPLICATE_REQUEST, _NO), ITEM),
    Reason.NOT_HOLDABLE: Row((P.ITEM_DOES_NOT_CIRCULATE, _NO), ITEM),
    Reason.NO_PICKUP_HERE: _NO_REQUEST,
    Reason.TOO_NEW_TO_TRAVEL: _NO_REQUEST,
    Reason.AVAILABLE_HERE: _NO_REQUEST,
    Reason.BAD_DATE: Row((P.ITEM_NOT_AVAILABLE_BY_NEED_BEFORE_DATE, P.UNABLE_TO_ADD_ELEMENT, _NO), ITEM),
    Reason.HOLD_CAPTURED: Row((P.REQUEST_ALREADY_PROCESSED, P.UNABLE_TO_ADD_ELEMENT, _NO), ITEM),
    Reason.NOT_ON_SHELF: Row((P.REQUEST_ALREADY_PROCESSED, _NO), ITEM),
    Reason.ALREADY_EXTENDED: Row((P.REQUEST_ALREADY_PROCESSED, _NO), ITEM),
    Reason.UNKNOWN_PULL: Row((P.UNKNOWN_REQUEST, _NO), ITEM),
    Reason.SERVICE_INACTIVE: Row((P.UNAUTHORIZED_SERVICE_FOR_AGENCY,), "ToAgencyId"),
    Reason.UNKNOWN_CONTAINER: _NOT_NOW,
    Reason.CONTAINER_EXISTS: _NOT_NOW,
    Reason.CONTAINER_NOT_OPEN: _NOT_NOW,
    Reason.CONTAINER_NOT_SEALED: _NOT_NOW,
    Reason.CONTAINER_ABOARD: _NOT_NOW,
    Reason.CONTAINER_NOT_EMPTY: _NOT_NOW,
    Reason.CONTAINER_EMPTY: _NOT_NOW,
    Reason.CONTAINER_FULL: _NOT_NOW,
    Reason.CONTAINER_ELSEWHERE: _NOT_NOW,
    Reason.WRONG_CONTAINER: _NOT_NOW,
    Reason.ALREADY_PACKED: _NOT_NOW,
    Reason.NOT_PACKED: _NOT_NOW,
    Reason.NOT_TRAVELLING: _NOT_NOW,
    Reason.UNKNOWN_ROUTE: _NOT_NOW,
    Reason.UNKNOWN_RUN: _NOT_NOW,
    Reason.RUN_EXISTS: _NOT_NOW,
    Reason.RUN_CLOSED: _NOT_NOW,
    Reason.RUN_NOT_LEFT: _NOT_NOW,
    Reason.RUN_LOADED: _NOT_NOW,
    Reason.RUN_FULL: _NOT_NOW,
    Reason.NOT_ON_ROUTE: _NOT_NOW,
    Reason.NOT_SUPPORTED: Row((P.UNSUPPORTED_SERVICE,), "NCIPMessage"),
    Reason.UNAVAILABLE: Row((P.TEMPORARY_PROCESSING_FAILURE,), "NCIPMessage"),
}


def refusal(service: str, reason: Reason, language: str, values: Mapping[str, str]) -> Problem:
    """Say in *service* that the store refused for *reason*.

    *values* gives what the request held, by element; never what proves who someone is.
    """
    row = REFUSALS[reason]
    allowed = SERVICES[service].own | GENERAL
    kind = next(kind for kind in row.types if kind in allowed)
    return problem(service, kind, sentence(reason, language), row.element, values.get(row.element))


def refusals(service: str, reasons: Iterable[Reason], language: str, values: Mapping[str, str]) -> tuple[Problem, ...]:
    """Say every one of *reasons*: an initiator can then mend all of them at once."""
    return tuple(refusal(service, reason, language, values) for reason in reasons)
