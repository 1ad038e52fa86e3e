"""What a partner's answer to a letter means: what becomes of the letter, and what has happened to the request. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

from protocols.ncip.base import Message, PlainResponse, ProblemMessage, Response
from protocols.ncip.circulation import RenewItemResponse, RequestItemResponse
from protocols.ncip.elements import Problem
from protocols.ncip.lookups import LookupRequestResponse
from protocols.ncip.problems import ProblemType as P
from protocols.ncip.problems import problem_type_of
from protocols.ncip.schemes import RequestStatusType
from server.ncip.letters import Sheet
from storage.circulation.ill.events import IllEvent
from storage.circulation.ill.machine import Event, Role, State
from storage.circulation.ill.outbox import Fate
from storage.circulation.ill.terms import Terms
from storage.usecase import Origin

_AGAIN: Final = frozenset({
    P.TEMPORARY_PROCESSING_FAILURE, P.UNKNOWN_AGENCY, P.UNKNOWN_SYSTEM, P.AGENCY_AUTHENTICATION_FAILED,
    P.SYSTEM_AUTHENTICATION_FAILED, P.UNAUTHORIZED_SERVICE_FOR_AGENCY, P.UNAUTHORIZED_SERVICE_FOR_SYSTEM,
})  # fmt: skip
"""Problems that lie in the agreement, not in the message: someone mends them, and the message is brought again."""


class Reply(NamedTuple):
    """What an answer means. *trouble* is the partner's words for what was wrong."""

    fate: Fate
    event: IllEvent | None = None
    trouble: str = ""


def understand(sheet: Sheet, answer: Message) -> Reply:
    """Tell what the partner's *answer* to a letter means."""
    if isinstance(answer, ProblemMessage) or not isinstance(answer, Response):
        return Reply(Fate.FAILED, trouble=_words(getattr(answer, "problem", ())) or "this answers nothing")
    if answer.service != sheet.letter.service:
        return Reply(Fate.FAILED, trouble=f"{answer.service} was answered")
    problems: tuple[Problem, ...] = getattr(answer, "problem", ())
    if any(problem_type_of(each.problem_type) in _AGAIN for each in problems):
        return Reply(Fate.FAILED, trouble=_words(problems))
    reader = _READERS.get(sheet.letter.service)
    event = reader(sheet, answer, problems) if reader is not None else None
    return Reply(Fate.SENT, event, _words(problems))


def _words(problems: tuple[Problem, ...]) -> str:
    return "; ".join(each.problem_type.value for each in problems if each.problem_type is not None)[:200]


def _event(sheet: Sheet, event: Event, **more: Any) -> IllEvent:
    row = sheet.row
    origin = Origin("ncip", sheet.partner.agency, row.pickup_id)
    return IllEvent(event, sheet.partner.agency, origin, row.agency, row.number, theirs=True, **more)


def _requested(sheet: Sheet, answer: Any, problems: tuple[Problem, ...]) -> IllEvent:
    if any(problem_type_of(each.problem_type) is P.DUPLICATE_REQUEST for each in problems):
        return _event(sheet, Event.ACCEPTED)  # the answer to the first was lost
    if problems and isinstance(answer, RequestItemResponse):
        terms = _terms(answer)
        event = Event.CONDITIONS if terms != Terms() else Event.REFUSED
        return _event(sheet, event, reason=_words(problems), terms=terms.kept())
    return _event(sheet, Event.REFUSED if problems else Event.ACCEPTED, reason=_words(problems))


def _terms(answer: RequestItemResponse) -> Terms:
    """Give what the lender demands."""
    uses = tuple(each.value for each in answer.required_item_use_restriction_type)
    fee = answer.required_fee_amount
    if fee is None or fee.monetary_value is None:
        return Terms(uses=uses)
    return Terms(fee.monetary_value, fee.currency_code.value if fee.currency_code is not None else "EUR", uses)


def _renewed(sheet: Sheet, answer: Any, problems: tuple[Problem, ...]) -> IllEvent:
    if problems or isinstance(answer, PlainResponse):
        return _event(sheet, Event.RENEW_REFUSED, reason=_words(problems))
    told: RenewItemResponse = answer
    if told.pending is not None:
        return _event(sheet, Event.RENEW_PENDING)
    return _event(sheet, Event.RENEWED, due_on=day_of(told.date_for_return or told.date_due, sheet))


def day_of(moment: datetime | None, sheet: Sheet) -> str | None:
    """Give the local day of a partner's date."""
    return None if moment is None else moment.astimezone(sheet.here.zone).date().isoformat()


def _looked_up(sheet: Sheet, answer: Any, problems: tuple[Problem, ...]) -> IllEvent | None:
    """Learn what was missed: never taken, cannot be filled, accepted or arrived meanwhile, or over for who has its item again."""
    row = sheet.row
    if any(problem_type_of(each.problem_type) is P.UNKNOWN_REQUEST for each in problems):
        return _event(sheet, Event.REFUSED, reason="Unknown Request") if row.state is State.ACCEPTED else None
    if not isinstance(answer, LookupRequestResponse) or problems:
        return None
    status = RequestStatusType.of(answer.request_status_type)
    if status is RequestStatusType.EXPIRED and (row.role, row.state) == (Role.BORROWING, State.SENT_BACK):
        return _event(sheet, Event.HOME)
    if status is RequestStatusType.AVAILABLE_FOR_PICKUP and row.role is Role.LENDING:
        return _event(sheet, Event.RECEIVED)
    if status in {RequestStatusType.CANNOT_FULFILL_REQUEST, RequestStatusType.EXPIRED}:
        return _event(sheet, Event.REFUSED, reason=str(status))
    if status is RequestStatusType.NEED_TO_ACCEPT_CONDITIONS:
        return _event(sheet, Event.CONDITIONS)
    return _event(sheet, Event.ACCEPTED) if status is not None else None


_READERS: Final[dict[str, Callable[[Sheet, Any, tuple[Problem, ...]], IllEvent | None]]] = {
    "RequestItem": _requested,
    "RenewItem": _renewed,
    "LookupRequest": _looked_up,
}
"""Service -> who reads its answer; of all others it is enough that there was one."""
